"""Roots and fixed points: their derivatives are those of the implicit function theorem."""

from typing import Any

import mpmath as mp
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fgrad as fg

# Checkers cannot infer what lambdas of several arguments take; typed use is in tests/typing.
root: Any = fg.root
fixed_point: Any = fg.fixed_point

POINTS = (0.3, 1.0, 2.5, 9.0)


def close(got: Any, expected: Any, tolerance: float = 1e-10) -> bool:
    return bool(abs(float(got) - float(expected)) <= tolerance * max(1e-3, abs(float(expected))))


square_root: Any = root(lambda x, a: x * x - a, 1.0)
cosine: Any = fixed_point(lambda x, a: fg.cos(a * x), 1.0)


def cosine_slope(order: int, a: float) -> Any:
    with mp.workdps(50):
        return mp.diff(lambda a: mp.findroot(lambda x: mp.cos(a * x) - x, 0.7), a, order)


@pytest.mark.parametrize("a", POINTS)
def test_a_root_has_the_derivatives_of_the_function_that_it_inverts(a: float) -> None:
    first: Any = fg.gradient(square_root)
    second: Any = fg.gradient(first)
    third: Any = fg.gradient(second)
    assert close(square_root(a), a**0.5)
    assert close(first(a), 0.5 * a**-0.5)
    assert close(second(a), -0.25 * a**-1.5)
    assert close(third(a), 0.375 * a**-2.5)


@pytest.mark.parametrize("a", [0.2, 0.7, 1.0])
def test_a_fixed_point_has_the_derivatives_of_mpmath(a: float) -> None:
    first: Any = fg.gradient(cosine)
    assert close(first(a), cosine_slope(1, a))
    assert close(fg.gradient(first)(a), cosine_slope(2, a))


def system(x: tuple[Any, Any], a: Any, b: Any) -> tuple[Any, Any]:
    return x[0] * x[0] + x[1] - a, x[0] - b * x[1]


def closed_form(a: Any, b: Any) -> Any:
    """The first unknown of the system, by the formula for quadratic equations."""
    y = (-1.0 + fg.sqrt(1.0 + 4.0 * a * b * b)) / (2.0 * b * b)
    return b * y


solved: Any = root(system, (1.0, 1.0))


@given(st.floats(0.5, 4.0), st.floats(0.5, 3.0))
def test_the_hessian_of_an_implicit_root_is_that_of_its_closed_form(a: float, b: float) -> None:
    point = (a, b)
    implicit = fg.hessian(lambda p: solved(p[0], p[1])[0])(point).matrix
    explicit = fg.hessian(lambda p: closed_form(p[0], p[1]))(point).matrix
    for row, known in zip(implicit, explicit, strict=True):
        for got, expected in zip(row, known, strict=True):
            assert close(got, expected)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_both_modes_give_the_jacobian_of_a_solution(mode: Any) -> None:
    rows = fg.jacobian(lambda p: solved(*p), mode=mode)((3.0, 2.0)).matrix
    known = fg.gradient(closed_form, argnums=(0, 1))(3.0, 2.0)
    assert all(close(got, slope) for got, slope in zip(rows[0], known, strict=True))


def test_a_solution_moves_with_all_its_arguments_at_once() -> None:
    point, along = (3.0, 2.0), (0.7, -1.3)
    moved = fg.jvp(lambda p: solved(*p)[0])(point, along)[1]
    assert close(moved, fg.jvp(lambda p: closed_form(*p))(point, along)[1])


def test_the_graph_holds_one_call_however_many_iterations_were_made() -> None:
    for solve in (square_root, cosine):
        a = fg.var(0.9)
        x = solve(a)
        graph = fg.Graph.of(x)
        assert [node.op.name for node in graph.nodes][2:] == ["item"]
        assert len(graph) == 3
        # The derivative's graph grows with the function, not with the iterations.
        slope = fg.grad_nodes(graph, x)[a]
        assert len(fg.Graph.of(slope)) < 20


def test_the_call_node_itself_has_its_cotangents_as_a_tuple() -> None:
    a, b = fg.var(3.0), fg.var(2.0)
    x, y = solved(a, b)
    out = 5.0 * x
    graph = fg.Graph.of(out, y)
    call: Any = x.args[0]
    gradients: Any = fg.grad(graph, out)
    assert gradients[call] == (5.0, 0.0)
    assert fg.grad_nodes(graph, out)[call].value == (5.0, 0.0)
    other: Any = fg.grad(graph, a)
    assert other[call] == (0.0, 0.0)
    nothing: Any = fg.grad_nodes(graph, a)
    assert nothing[call].value == (0.0, 0.0)


def test_a_call_node_is_no_output() -> None:
    call: Any = square_root(fg.var(2.0)).args[0]
    with pytest.raises(fg.NotDifferentiable):
        fg.grad(fg.Graph.of(call), call)


def test_on_numbers_it_gives_numbers_and_trees_as_its_start() -> None:
    found = root(
        lambda x, a: {"u": x["u"] - a, "v": x["v"] * x["v"] - x["u"]}, {"u": 1.0, "v": 1.0}
    )
    assert found(4.0) == {"u": 4.0, "v": 2.0}
    slope = fg.jvp(found)(4.0, 1.0)[1]
    assert slope == {"u": 1.0, "v": 0.25}


def test_a_solve_that_does_not_converge_carries_its_last_iterate() -> None:
    with pytest.raises(fg.NotConverged) as nowhere:
        root(lambda x: x * x + 1.0, 3.0)()
    assert isinstance(nowhere.value.last, float)
    with pytest.raises(fg.NotConverged) as short:
        root(lambda x, a: x * x - a, 1.0, steps=2)(1e9)
    assert short.value.steps == 2
    with pytest.raises(fg.NotConverged) as running:
        fixed_point(lambda x: (2.0 * x[0], x[1]), (1.0, 1.0))()
    assert isinstance(running.value.last, tuple)
    with pytest.raises(fg.NotConverged):
        fixed_point(lambda x: 1.0 - x, 0.3)()


def test_a_function_that_holds_a_node_of_somebody_outside_is_refused() -> None:
    a = fg.var(2.0)
    with pytest.raises(fg.NotAValue, match="as an argument"):
        root(lambda x: x * x - a, 1.0)()
    with pytest.raises(fg.NotAValue, match="as an argument"):
        fixed_point(lambda x: fg.cos(a * x), 1.0)()


def test_a_result_of_another_structure_is_an_error_with_the_place() -> None:
    with pytest.raises(fg.TreeMismatch, match="root: the result"):
        root(lambda x: x[0], (1.0, 2.0))()


def test_newton_is_damped_where_its_full_step_leads_away() -> None:
    assert abs(root(fg.atan, 5.0)()) < 1e-12
    assert close(root(lambda x: x**3 - 2.0 * x - 5.0, 1.0)(), 2.0945514815423265)


@given(st.floats(0.5, 3.0), st.lists(st.floats(0.5, 2.0), min_size=4, max_size=4))
def test_a_number_of_the_solution_may_be_zero(a: float, mix: list[float]) -> None:
    """Rounding leaves something in each residual, however often a step is halved."""

    def mixed(x: Any) -> Any:
        first = x[0] * x[0] - a
        second = fg.sinh(x[1]) * x[0] + 3.0 * (x[0] * x[0] * x[0] - a * x[0])
        return mix[0] * first + mix[1] * second, mix[2] * first - mix[3] * second

    x = root(mixed, (1.0, 0.7))()
    assert close(x[0], a**0.5)
    assert abs(x[1]) < 1e-14


def test_a_fixed_point_may_be_zero() -> None:
    assert fixed_point(lambda x: 0.5 * x, 1.0)() == 0.0
    slope = fg.gradient(fixed_point(lambda x, a: a * x + a - 0.5, 1.0))
    assert close(slope(0.5), 2.0)


def test_a_fixed_point_may_flicker_in_its_last_place() -> None:
    flicker = 2.0**-53
    x = fixed_point(lambda x: (1.0, flicker - x[1]), (1.0, 1e-20))()
    assert x[0] == 1.0
    assert abs(x[1]) <= flicker
