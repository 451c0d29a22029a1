"""jvp, vjp and hvp: adjoint to each other, right against formulas, nested, over numbers and nodes."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pyrsistent import pvector

import fgrad as fg
from fgrad import trees
from fgrad.autodiff.activity import Activity
from fgrad.autodiff.forward import tangents
from tests.samples.strategies import SMOOTH, Recipe, recipes

loose: Any = fg  # what untyped code sees


@attrs.frozen
class Pair:
    first: Any
    second: Any


class Polar(NamedTuple):
    length: float
    angle: float


def polar(p: tuple[float, float]) -> Polar:
    return Polar(fg.hypot(p[0], p[1]), fg.atan2(p[1], p[0]))


def tamed(recipe: Recipe) -> Any:
    """All values of a recipe, kept within reach of the tests' tolerances."""

    def model(xs: list[Any]) -> dict[str, list[Any]]:
        return {"y": [fg.tanh(0.1 * y) for y in recipe.run(xs, SMOOTH)]}

    return model


def numbers(n: int, seed: int) -> list[float]:
    return [math.sin(1.7 * i + seed) for i in range(n)]


@given(recipes(SMOOTH, st.floats(-2.0, 2.0)), st.integers(0, 99))
def test_vjp_is_the_transpose_of_jvp(recipe: Recipe, seed: int) -> None:
    model, x = tamed(recipe), list(recipe.inputs)
    v = numbers(len(x), seed)
    value, moved = fg.jvp(model)(x, v)
    u = {"y": numbers(len(value["y"]), seed + 1)}
    same, pull = fg.vjp(model)(x)
    assert same == value
    left = math.fsum(a * b for a, b in zip(pull(u), v, strict=True))
    right = math.fsum(a * b for a, b in zip(u["y"], moved["y"], strict=True))
    scale = sum(abs(a * b) for a, b in zip(u["y"], moved["y"], strict=True))
    assert left == pytest.approx(right, rel=1e-9, abs=1e-9 * scale + 1e-12)


SHAPES = st.recursive(
    st.just(0.0),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.lists(inner, min_size=1, max_size=3).map(tuple)
        | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, min_size=1, max_size=3)
        | st.lists(inner, min_size=1, max_size=2).map(pvector)
        | st.tuples(inner, inner).map(lambda pair: Pair(*pair))
    ),
    max_leaves=6,
)


def spread(shape: Any, values: Sequence[Any]) -> Any:
    """A tree of that shape that has `values` at its leaves, in turn."""
    structure = trees.flatten(shape)[1]
    return structure.unflatten([values[i % len(values)] for i in range(len(structure))])


@given(recipes(SMOOTH, st.just(0.0)), SHAPES, SHAPES, st.integers(0, 99))
def test_vjp_is_the_transpose_of_jvp_whatever_the_trees(
    recipe: Recipe, taken: Any, result: Any, seed: int
) -> None:
    def model(tree: Any) -> Any:
        leaves = trees.leaves(tree)
        inputs = [leaves[i % len(leaves)] for i in range(len(recipe.inputs))]
        return spread(result, [fg.tanh(0.1 * y) for y in reversed(recipe.run(inputs, SMOOTH))])

    x, v = spread(taken, numbers(9, seed)), spread(taken, numbers(9, seed + 1))
    u = spread(result, numbers(9, seed + 2))
    value, moved = fg.jvp(model)(x, v)
    same, pull = fg.vjp(model)(x)
    pulled = pull(u)
    assert same == value
    assert trees.flatten(pulled)[1] == trees.flatten(x)[1]
    left: list[Any] = [a * b for a, b in zip(trees.leaves(pulled), trees.leaves(v), strict=True)]
    right: list[Any] = [a * b for a, b in zip(trees.leaves(u), trees.leaves(moved), strict=True)]
    scale = sum(map(abs, (*left, *right)))
    assert math.fsum(left) == pytest.approx(math.fsum(right), rel=1e-9, abs=1e-9 * scale + 1e-12)


@given(recipes(SMOOTH, st.floats(-2.0, 2.0)), st.integers(0, 99))
def test_jvp_of_a_number_is_the_gradient_along_the_tangent(recipe: Recipe, seed: int) -> None:
    def model(xs: list[Any]) -> Any:
        return fg.tanh(0.1 * recipe.run(xs, SMOOTH)[-1])

    x = list(recipe.inputs)
    v = numbers(len(x), seed)
    along = math.fsum(a * b for a, b in zip(fg.gradient(model)(x), v, strict=True))
    assert fg.jvp(model)(x, v)[1] == pytest.approx(along, rel=1e-9, abs=1e-12)


@given(recipes(SMOOTH, st.floats(-2.0, 2.0)), st.integers(0, 99))
def test_hvp_is_the_gradient_of_the_gradient_along_the_vector(recipe: Recipe, seed: int) -> None:
    def model(xs: list[Any]) -> Any:
        return fg.tanh(0.1 * recipe.run(xs, SMOOTH)[-1])

    x = list(recipe.inputs)
    v = numbers(len(x), seed)
    slope: Any = fg.gradient(model)

    def along(xs: list[Any]) -> Any:
        return fg.dot(slope(xs), v)

    expected = fg.gradient(along)(x)
    assume(all(abs(e) < 1e6 for e in expected))
    assert fg.hvp(model)(x, v) == pytest.approx(expected, rel=1e-7, abs=1e-9)


def test_results_keep_the_structure_of_the_result() -> None:
    value, moved = fg.jvp(polar)((3.0, 4.0), (1.0, 0.0))
    assert isinstance(value, Polar)
    assert isinstance(moved, Polar)
    assert moved == pytest.approx((0.6, -4.0 / 25.0))
    _, pull = fg.vjp(polar)((3.0, 4.0))
    assert pull(Polar(0.0, 1.0)) == pytest.approx((-4.0 / 25.0, 3.0 / 25.0))
    assert all(type(x) is float for x in (*value, *moved, *pull(Polar(1.0, 0.0))))


def test_other_arguments_pass_through() -> None:
    def scaled(x: float, factor: float, *, shift: float = 0.0) -> float:
        return factor * x * x + shift

    assert fg.jvp(scaled)(3.0, 1.0, 2.0, shift=1.0) == (19.0, 12.0)
    value, pull = fg.vjp(scaled)(3.0, 2.0, shift=1.0)
    assert (value, pull(1.0)) == (19.0, 12.0)
    assert fg.hvp(scaled)(3.0, 5.0, 2.0) == 20.0


def test_what_does_not_depend_on_the_argument_does_not_move() -> None:
    assert fg.jvp(lambda x: (x, 7.0, x * 0.0 + 1.0))(2.0, 1.0) == ((2.0, 7.0, 1.0), (1.0, 0.0, 0.0))
    _, pull = loose.vjp(lambda p: 7.0)([1.0, 2.0])
    assert pull(1.0) == [0.0, 0.0]
    assert fg.hvp(lambda p: p[0] * p[1])([1.0, 2.0], [1.0, 0.0]) == [0.0, 1.0]


def test_forward_and_reverse_nest_in_any_combination() -> None:
    f: Any = lambda x: fg.exp(fg.sin(x))  # used under several transforms
    x = 0.7
    s, c = math.sin(x), math.cos(x)
    second = math.exp(s) * (c * c - s)
    jvp, vjp, gradient = loose.jvp, loose.vjp, loose.gradient

    def pushed(t: Any) -> Any:
        return jvp(f)(t, 1.0)[1]

    def pulled(t: Any) -> Any:
        return vjp(f)(t)[1](1.0)

    for inner in (pushed, pulled, gradient(f)):
        assert jvp(inner)(x, 1.0)[1] == pytest.approx(second, rel=1e-14)
        assert vjp(inner)(x)[1](1.0) == pytest.approx(second, rel=1e-14)
        assert gradient(inner)(x) == pytest.approx(second, rel=1e-14)
    assert fg.hvp(f)(x, 2.0) == pytest.approx(2.0 * second, rel=1e-14)
    third = math.exp(s) * (c**3 - 3.0 * s * c - c)
    fourth = math.exp(s) * (c**4 - 6.0 * s * c * c - 4.0 * c * c + 3.0 * s * s + s)
    assert gradient(lambda t: fg.hvp(gradient(f))(t, 1.0))(x) == pytest.approx(fourth, rel=1e-12)
    assert gradient(lambda t: fg.hvp(f)(t, 1.0))(x) == pytest.approx(third, rel=1e-13)


def test_perturbations_of_two_levels_are_not_confused() -> None:
    jvp: Any = fg.jvp

    def outer(x: Any) -> Any:  # d/dx (x * d/dy (x + y)) = 1
        return x * jvp(lambda y: x + y)(1.0, 1.0)[1]

    def product(x: Any) -> Any:  # d/dx (x * d/dy (x * y) at y = x) = 2 x
        return x * jvp(lambda y: x * y)(x, 1.0)[1]

    assert jvp(outer)(5.0, 1.0)[1] == 1.0
    assert jvp(product)(3.0, 1.0)[1] == 6.0


def test_the_tangent_and_the_cotangent_may_be_nodes() -> None:
    v = fg.var(2.0, "v")
    moved: Any = loose.jvp(lambda x: x * x)(3.0, v)[1]
    assert isinstance(moved, fg.Node)
    assert fg.grad(fg.Graph.of(moved), moved)[v] == 6.0
    pulled: Any = loose.vjp(lambda x: x * x)(3.0)[1](v)
    assert fg.grad(fg.Graph.of(pulled), pulled)[v] == 6.0


def test_nothing_leaks_from_the_side_not_taken() -> None:
    def safe(x: Any) -> Any:
        return fg.where(x > 0.0, fg.sqrt(x), 0.0)

    assert fg.jvp(safe)(0.0, 1.0) == (0.0, 0.0)
    assert fg.vjp(safe)(0.0)[1](1.0) == 0.0
    assert fg.hvp(safe)(0.0, 1.0) == 0.0
    assert loose.jvp(lambda x: loose.jvp(safe)(x, 1.0)[1])(0.0, 1.0)[1] == 0.0


def test_a_tangent_of_another_structure_is_named() -> None:
    with pytest.raises(fg.TreeMismatch, match="tangent"):
        loose.jvp(lambda p: p[0])([1.0, 2.0], [1.0])
    with pytest.raises(fg.TreeMismatch, match="cotangent"):
        loose.vjp(lambda p: p)([1.0, 2.0])[1](1.0)
    with pytest.raises(fg.NotAValue, match=r"result\[1\]"):
        loose.jvp(lambda x: (x, "s"))(1.0, 1.0)


def test_a_node_in_two_places_moves_in_each_as_it_is_told() -> None:
    x = fg.var(3.0)
    assert loose.jvp(lambda p: p[0] * p[1])([x, x], [1.0, 2.0])[1].value == 9.0


def test_an_intermediate_node_moves_as_it_is_told() -> None:
    x = fg.var(2.0)
    h = x * x
    y = h * x
    moved = tangents(Activity.of([y], [x, h]), {x: 1.0, h: 0.0})
    assert (moved[h], moved[y]) == (0.0, 4.0)
