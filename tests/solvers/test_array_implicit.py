"""Roots and fixed points of arrays: those of the same equations of numbers, to every order."""

from typing import Any

import attrs
import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402

fg: Any = fgrad  # what is typed is tested in tests/typing
RANDOM = np.random.default_rng(0)
A = RANDOM.normal(size=(3, 3)) + 4.0 * np.eye(3)
B = RANDOM.normal(size=3)


def residual(x: Any, a: Any, b: Any) -> Any:
    return a @ x + 0.3 * x**3 - b


def by_numbers(x: Any, a: Any, b: Any) -> Any:
    return [
        fg.dot(row, x) + 0.3 * x[i] ** 3 - b[i]  # the same, number by number
        for i, row in enumerate(a)
    ]


def contraction(x: Any, a: Any, b: Any) -> Any:
    return fg.tanh(a @ x / 8.0) + b


solved = fg.root(residual, np.zeros(3))
solved_numbers = fg.root(by_numbers, [0.0] * 3)
settled = fg.fixed_point(contraction, np.zeros(3))


def test_a_root_is_that_of_the_same_equations_of_numbers() -> None:
    x = solved(A, B)
    assert np.allclose(residual(x, A, B), 0.0, atol=1e-14)
    assert np.allclose(x, solved_numbers(A.tolist(), B.tolist()), rtol=1e-13)
    assert not x.flags.writeable
    y = settled(A, B)
    assert np.allclose(contraction(y, A, B), y, rtol=1e-12)


def test_its_derivatives_are_those_of_numbers_in_both_modes() -> None:
    known = fg.jacobian(solved_numbers, argnums=(0, 1))(A.tolist(), B.tolist())
    for mode in ("forward", "reverse"):
        ((to_a, to_b),) = fg.jacobian(solved, mode, argnums=(0, 1))(A, B)
        assert np.allclose(to_a, [row[0] for row in known], rtol=1e-12, atol=1e-13)
        assert np.allclose(to_b, [row[1] for row in known], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("f", [solved, settled])
def test_derivatives_of_the_second_order(f: Any) -> None:
    loss: Any = lambda a, b: fg.sum(fg.sin(f(a, b)))
    fg.check_gradient(loss, A, B)
    ((bend, _), (mixed, _)) = fg.hessian(loss, argnums=(0, 1))(A, B)
    assert bend.shape == (3, 3, 3, 3)
    assert mixed.shape == (3, 3, 3)
    if f is solved:
        rows, point = A.tolist(), B.tolist()
        known = fg.hessian(lambda b: sum(map(fg.sin, solved_numbers(rows, b))))(point).matrix
        assert np.allclose(fg.hessian(lambda b: loss(A, b))(B)[0], known, rtol=1e-10)


@attrs.frozen
class Unknown:
    x: Any
    s: Any


def test_unknowns_and_arguments_are_trees_of_arrays_and_numbers() -> None:
    def equations(u: Unknown, p: dict[str, Any]) -> Unknown:
        return Unknown(p["a"] * u.x - u.s, fg.sum(u.x) + u.s**3 - p["c"])

    solution = fg.root(equations, Unknown(np.ones((2, 1)), 1.0))
    p = {"a": np.array([[1.0], [2.0]]), "c": 3.0}
    u = solution(p)
    assert isinstance(u, Unknown)
    assert u.x.shape == (2, 1)
    assert type(u.s) is float
    assert np.allclose(equations(u, p).x, 0.0, atol=1e-14)
    fg.check_gradient(lambda p: fg.sum(solution(p).x ** 2) * solution(p).s, p)
    slope = fg.gradient(lambda p: solution(p).s)(p)
    assert slope["a"].shape == (2, 1)
    assert type(slope["c"]) is float


def test_a_number_may_be_solved_for_with_arrays_and_arrays_with_a_number() -> None:
    number = fg.root(lambda x, a: fg.sum(a * x) - 2.0, 1.0)
    assert np.isclose(number(B), 2.0 / B.sum())
    assert np.allclose(fg.gradient(number)(B), -2.0 / B.sum() ** 2)
    roots = fg.root(lambda x, a: x * x - a * np.arange(1.0, 4.0), np.ones(3))
    slope = fg.gradient(lambda a: fg.sum(roots(a)))
    assert np.isclose(slope(4.0), (0.25 * np.sqrt(np.arange(1.0, 4.0))).sum())
    assert np.isclose(fg.gradient(slope)(4.0), -slope(4.0) / 8.0)


def test_a_start_is_an_argument_without_a_derivative() -> None:
    start = fg.var(np.ones(3), "start")
    x = fg.root(lambda x, b: x**3 - b, start)(fg.var(np.full(3, 8.0)))
    total = fg.sum(x)
    graph = fg.Graph.of(total)
    assert start in graph
    assert fg.grad(graph, total)[start].tolist() == [0.0] * 3


def test_the_number_of_terms_excuses_no_residual() -> None:
    """Also a large system is solved to rounding, and no data is read number by number."""
    n = 60
    chain = fg.root(lambda x, b: x**3 + 3.0 * x - fg.roll(x, 1) - b, np.zeros(n))
    b = np.linspace(1.0, 2.0, n)
    x = chain(b)
    assert np.allclose(x**3 + 3.0 * x - np.roll(x, 1), b, rtol=1e-14)
    jacobian = np.diag(3.0 * x * x + 3.0) - np.roll(np.eye(n), 1, 0)
    slope = fg.gradient(lambda b: fg.sum(chain(b)))(b)
    assert np.allclose(slope, np.linalg.solve(jacobian.T, np.ones(n)), rtol=1e-12)


def test_nothing_and_one_number_are_arrays_too() -> None:
    for size in (0, 1):
        f = fg.root(lambda x, a: x * x * x - a * x - x, np.full(size, 2.0))
        assert f(3.0).shape == (size,)
        slope = fg.gradient(lambda a, f=f: fg.sum(f(a)))(3.0)
        assert np.isclose(slope, 0.25 * size)


def test_a_failure_carries_the_last_iterate_as_a_tree() -> None:
    with pytest.raises(fg.NotConverged) as caught:
        fg.root(lambda u: {"x": u["x"] ** 2 + 1.0}, {"x": np.ones(2)})()
    assert caught.value.last["x"].shape == (2,)
    assert "\n" not in str(caught.value)
    with pytest.raises(fg.NotConverged, match="steps are still large"):
        fg.fixed_point(lambda x: -x, np.ones(2), steps=10)()
