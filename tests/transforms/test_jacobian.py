"""Jacobians and Hessians: both modes agree, with products and with formulas; rows keep their class."""

import itertools
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fgrad as fg
from fgrad.graph.node import number_of
from tests.samples.strategies import SMOOTH, Recipe, recipes
from tests.transforms.test_directional import Polar, numbers, polar, tamed

loose: Any = fg  # what untyped code sees


@attrs.frozen
class Params:
    a: float
    b: tuple[float, float]


@given(recipes(SMOOTH, st.floats(-2.0, 2.0)))
def test_forward_and_reverse_give_one_jacobian(recipe: Recipe) -> None:
    model, x = tamed(recipe), list(recipe.inputs)
    forward, reverse, chosen = (
        loose.jacobian(model, mode)(x) for mode in ("forward", "reverse", "auto")
    )
    assert forward.paths == reverse.paths == chosen.paths
    for one, two, three in zip(forward.matrix, reverse.matrix, chosen.matrix, strict=True):
        assert one == pytest.approx(two, rel=1e-9, abs=1e-12)
        assert three in (one, two)


@given(recipes(SMOOTH, st.floats(-2.0, 2.0)), st.integers(0, 9))
def test_jvp_is_the_jacobian_times_the_tangent(recipe: Recipe, seed: int) -> None:
    model, x = tamed(recipe), list(recipe.inputs)
    v = numbers(len(x), seed)
    moved = fg.jvp(model)(x, v)[1]["y"]
    products = [sum(a * b for a, b in zip(row, v, strict=True)) for row in fg.jacobian(model)(x)]
    assert moved == pytest.approx(products, rel=1e-9, abs=1e-12)


def test_rows_have_the_class_of_the_argument_and_the_names_of_the_result() -> None:
    def model(p: Params, factor: float) -> dict[str, float]:
        return {"first": factor * p.a * p.b[0], "second": fg.sin(p.b[1]), "third": 5.0}

    rows = fg.jacobian(model)(Params(2.0, (3.0, 0.0)), 10.0)
    assert list(rows) == [
        Params(30.0, (20.0, 0.0)),
        Params(0.0, (0.0, 1.0)),
        Params(0.0, (0.0, 0.0)),
    ]
    assert rows.paths == ("['first']", "['second']", "['third']")
    assert rows[1:] == (rows[1], rows[2])
    assert len(rows) == 3
    assert rows.matrix[0] == (30.0, 20.0, 0.0)
    for mode in ("forward", "reverse"):
        assert loose.jacobian(model, mode)(Params(2.0, (3.0, 0.0)), 10.0) == rows
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        rows.rows = ()  # type: ignore[misc]


def test_the_jacobian_of_polar_coordinates() -> None:
    rows = fg.jacobian(polar)((3.0, 4.0))
    assert rows.paths == tuple(f".{name}" for name in Polar._fields)
    assert rows.matrix[0] == pytest.approx((0.6, 0.8))
    assert rows.matrix[1] == pytest.approx((-0.16, 0.12))


def rosenbrock(x: list[float]) -> float:
    terms = [100.0 * fg.square(b - a * a) + fg.square(1.0 - a) for a, b in itertools.pairwise(x)]
    return fg.sum(terms)


def test_the_hessian_of_rosenbrock_is_right_and_sparse() -> None:
    n = 20
    x = [0.5 + 0.01 * i for i in range(n)]
    expected = [[0.0] * n for _ in range(n)]
    for i in range(n - 1):
        expected[i][i] += 1200.0 * x[i] ** 2 - 400.0 * x[i + 1] + 2.0
        expected[i + 1][i + 1] += 200.0
        expected[i][i + 1] = expected[i + 1][i] = -400.0 * x[i]
    matrix = fg.hessian(rosenbrock)(x).matrix
    for row, truth in zip(matrix, expected, strict=True):
        assert row == pytest.approx(truth, rel=1e-13)
    v = numbers(n, 3)
    products = [sum(a * b for a, b in zip(row, v, strict=True)) for row in expected]
    assert fg.hvp(rosenbrock)(x, v) == pytest.approx(products, rel=1e-12)


@given(recipes(SMOOTH, st.floats(-2.0, 2.0)))
def test_a_hessian_is_symmetric(recipe: Recipe) -> None:
    def model(xs: list[Any]) -> Any:
        return fg.tanh(0.1 * recipe.run(xs, SMOOTH)[-1])

    matrix = loose.hessian(model)(list(recipe.inputs)).matrix
    for i, row in enumerate(matrix):
        for j, entry in enumerate(row):
            assert entry == pytest.approx(matrix[j][i], rel=1e-6, abs=1e-9)


def test_over_nodes_they_are_nodes_and_can_be_differentiated() -> None:
    x = fg.var(2.0, "x")
    for mode in ("forward", "reverse"):
        rows = loose.jacobian(lambda t: (t * t, t * t * t), mode)(x)
        second = rows[1]
        assert second.value == 12.0
        assert fg.grad(fg.Graph.of(second), second)[x] == 12.0
    third: Any = loose.gradient(lambda t: loose.hessian(lambda u: u * u * u)(t)[0])(2.0)
    assert third == 6.0


def test_a_jacobian_through_an_outer_variable_stays_a_node() -> None:
    outer = fg.var(3.0, "outer")
    rows = loose.jacobian(lambda t: (outer * t, t))(2.0)
    assert fg.trees.leaves(rows[0]) == (outer,)
    assert isinstance(rows[0], fg.Node)


def test_a_result_that_is_no_number_is_named() -> None:
    with pytest.raises(fg.NotAValue, match=r"result\['y'\]"):
        loose.jacobian(lambda x: {"y": "s"})(1.0)
    with pytest.raises(fg.NotDifferentiable):
        loose.hessian(lambda x: (x, x))(1.0)


@pytest.mark.parametrize(("mode", "calls"), [("auto", 1), ("forward", 1), ("reverse", 20)])
def test_the_mode_by_shape_makes_the_fewer_folds(mode: str, calls: int) -> None:
    counted: list[int] = []

    def rule(out: fg.Real, x: fg.Real) -> fg.Real:
        counted.append(1)
        return fg.cos(x)

    sine = fg.Unary("sine", fg.sin, rule)
    rows = loose.jacobian(lambda x: [i * y for y in [sine(x)] for i in range(20)], mode)(0.0)
    assert [row for row in rows] == [float(i) for i in range(20)]  # noqa: C416  # iteration is tested
    assert len(counted) == calls


def test_a_node_in_two_places_has_a_column_for_each() -> None:
    x = fg.var(3.0)
    pair: list[Any] = [x, x]
    for mode in ("forward", "reverse"):
        rows = loose.jacobian(lambda p: (p[0] * p[1], p[0]), mode)(pair)
        assert [list(map(number_of, row)) for row in rows] == [[3.0, 3.0], [1.0, 0.0]]


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_variable_of_somebody_outside_makes_nodes_even_where_nothing_flows(mode: Any) -> None:
    outside = fg.var(2.0, "outside")

    def chosen(y: list[Any]) -> list[Any]:
        return [fg.where(outside > 1.0, y[0] * y[0], y[0]), y[0]]

    matrix: Any = fg.jacobian(chosen, mode=mode)([3.0]).matrix
    (slope,), (one,) = matrix
    assert isinstance(slope, fg.Node)
    assert isinstance(one, fg.Node)
    assert outside in fg.Graph.of(slope)
    assert fg.grad(fg.Graph.of(slope, outside), slope)[outside] == 0.0
