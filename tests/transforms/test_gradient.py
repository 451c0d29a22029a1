"""Derivatives of functions: structure and types of the arguments, nesting, numbers and nodes."""

import functools
import inspect
import math
from typing import Any, NamedTuple, TypeVar

import attrs
import mpmath as mp
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fgrad as fg
from tests.samples.strategies import SMOOTH, Recipe, recipes

R = TypeVar("R", bound=fg.Real)
loose: Any = fg  # what untyped code sees


@attrs.frozen
class Params:
    weights: tuple[float, ...]
    bias: float
    name: str = attrs.field(default="layer", metadata=fg.trees.STATIC)


class Point(NamedTuple):
    x: float
    y: float


def loss(p: Params, x: float, target: float = 0.0, *, scale: float = 1.0) -> float:
    return scale * fg.square(fg.tanh(p.weights[0] * x + p.bias) - target)


def area(x: float, y: float) -> float:
    return x * y * y


@given(recipes(SMOOTH, st.floats(-2.0, 2.0)))
def test_the_gradient_of_a_function_is_the_gradient_of_its_graph(recipe: Recipe) -> None:
    def model(xs: list[Any]) -> Any:
        return recipe.run(xs, SMOOTH)[-1]

    nodes = recipe.nodes(SMOOTH)
    gradients = fg.grad(fg.Graph.of(*nodes), nodes[-1])
    expected = [gradients[x] for x in nodes[: len(recipe.inputs)]]
    value, slopes = fg.value_and_gradient(model)(list(recipe.inputs))
    assert value == nodes[-1].value
    assert slopes == expected
    assert fg.gradient(model)(list(recipe.inputs)) == expected


def test_the_result_has_the_structure_of_the_argument() -> None:
    params = Params((0.5, 2.0), 0.1)
    slope = fg.gradient(loss)(params, 2.0, scale=3.0)
    inner = math.tanh(1.1)
    expected = 3.0 * 2.0 * inner * (1.0 - inner**2)
    assert isinstance(slope, Params)
    assert slope.weights == pytest.approx((2.0 * expected, 0.0))
    assert slope.bias == pytest.approx(expected)
    assert slope.name == "layer"
    assert all(type(x) is float for x in (*slope.weights, slope.bias))

    def of_dict(p: dict[str, list[float]]) -> float:
        return p["b"][0] * p["a"][0]

    assert fg.gradient(of_dict)({"b": [2.0], "a": [3.0, 4.0]}) == {"b": [3.0], "a": [2.0, 0.0]}
    assert fg.gradient(lambda p: p.x * p.y)(Point(2.0, 5.0)) == Point(5.0, 2.0)


def test_argnums_choose_the_arguments() -> None:
    assert fg.gradient(area)(2.0, 3.0) == 9.0
    assert fg.gradient(area, argnums=1)(2.0, 3.0) == 12.0
    assert fg.gradient(area, argnums=(0, 1))(2.0, 3.0) == (9.0, 12.0)
    assert loose.gradient(area, argnums=(1, 0))(2.0, 3.0) == (12.0, 9.0)
    assert loose.gradient(area, argnums=(1,))(2.0, 3.0) == (12.0,)
    assert fg.value_and_gradient(area, argnums=(0, 1))(2.0, 3.0) == (18.0, (9.0, 12.0))


def test_arguments_come_by_place_by_name_and_by_default() -> None:
    by_name: Any = fg.gradient(loss, argnums=2)
    params = Params((0.5,), 0.1)
    by_place = fg.gradient(loss, argnums=2)(params, 2.0, 0.0)
    assert by_place == pytest.approx(-2.0 * math.tanh(1.1))
    assert by_name(params, 2.0) == by_place
    assert by_name(x=2.0, p=params) == by_place
    assert fg.gradient(loss)(params, 2.0, scale=0.0).bias == 0.0
    assert str(inspect.signature(fg.gradient(loss))) == str(inspect.signature(loss))
    assert fg.gradient(loss).__name__ == "loss"


def test_methods_partials_and_operations_are_functions_too() -> None:
    class Spring:
        stiffness = 4.0

        def energy(self, x: float) -> float:
            return 0.5 * self.stiffness * x * x

    assert fg.gradient(Spring().energy)(3.0) == 12.0
    assert fg.gradient(functools.partial(area, y=3.0))(2.0) == 9.0
    assert fg.gradient(fg.sin)(0.0) == 1.0
    assert fg.gradient(fg.atan2, argnums=1)(1.0, 1.0) == -0.5


def reported(p: Params, x: float, *, scale: float = 1.0) -> tuple[float, dict[str, Any]]:
    inner = p.weights[0] * x + p.bias
    return scale * fg.square(fg.tanh(inner)), {"inner": inner, "at": [x, 2], "params": p}


def test_what_stands_beside_the_value_comes_out_as_numbers() -> None:
    params = Params((0.5,), 0.1)
    (value, aux), slope = fg.value_and_gradient(reported, has_aux=True)(params, 2.0, scale=3.0)
    assert (value, slope) == fg.value_and_gradient(loss)(params, 2.0, scale=3.0)
    assert aux == {"inner": 1.1, "at": [2.0, 2], "params": params}
    assert type(value) is type(aux["inner"]) is float
    assert type(aux["at"][1]) is int
    assert aux["params"].name == "layer"

    for argnums, expected in [(1, 12.0), ((0, 1), (9.0, 12.0)), ((1,), (12.0,))]:
        pair = loose.value_and_gradient(
            lambda x, y: (area(x, y), x > y), argnums=argnums, has_aux=True
        )
        assert pair(2.0, 3.0) == ((18.0, False), expected)


def test_what_stands_beside_a_constant_or_is_nothing_is_given_too() -> None:
    differentiated = loose.value_and_gradient(lambda x: (7, (x, None)), has_aux=True)
    assert differentiated(2.0) == ((7.0, (2.0, None)), 0.0)
    assert loose.value_and_gradient(lambda x: (x, ()), has_aux=True)(2.0) == ((2.0, ()), 1.0)


def test_value_and_aux_are_nodes_together() -> None:
    x = fg.var(2.0, "x")
    differentiated: Any = loose.value_and_gradient(
        lambda y: (y * y, {"y": y, "n": 1}), has_aux=True
    )
    (value, aux), slope = differentiated(x)
    assert [type(r) for r in (value, aux["y"], slope)] == [fg.Node] * 3
    assert aux["n"] == 1
    for result, expected in ((value, 4.0), (aux["y"], 1.0), (slope, 2.0)):
        assert fg.grad(fg.Graph.of(result, x), result)[x] == expected

    outside: Any = loose.value_and_gradient(lambda y: (y * y, x * y), has_aux=True)
    (value, aux), slope = outside(3.0)
    assert [type(r) for r in (value, aux, slope)] == [fg.Node] * 3
    assert (value.value, aux.value, slope.value) == (9.0, 6.0, 6.0)
    assert fg.grad(fg.Graph.of(aux, x), aux)[x] == 3.0


def test_aux_of_an_inner_derivative_is_differentiated_by_the_outer() -> None:
    def inner(y: Any) -> Any:
        return y**3.0, y * y

    def outer(x: Any) -> Any:  # 3 x^2 + x^2 * x
        (_, square), slope = fg.value_and_gradient(inner, has_aux=True)(x)
        return slope + square * x

    assert fg.gradient(outer)(2.0) == 6.0 * 2.0 + 3.0 * 4.0
    twice = loose.value_and_gradient(
        lambda x: loose.value_and_gradient(inner, has_aux=True)(x)[::-1], has_aux=True
    )
    assert twice(2.0) == ((12.0, (8.0, 4.0)), 12.0)


@pytest.mark.parametrize("result", [1.0, [1.0, 2.0], (1.0,), (1.0, 2.0, 3.0), None])
def test_with_aux_the_function_must_give_a_pair(result: Any) -> None:
    with pytest.raises(fg.NotAValue, match=r"needs a pair.*has_aux"):
        loose.value_and_gradient(lambda x: result, has_aux=True)(1.0)


def test_wrong_aux_and_wrong_values_beside_it_are_named() -> None:
    with pytest.raises(fg.NotAValue, match=r"aux\['name'\]"):
        loose.value_and_gradient(lambda x: (x, {"name": "x"}), has_aux=True)(1.0)
    for value in ([1.0], None, True):
        with pytest.raises(fg.NotDifferentiable):
            loose.value_and_gradient(lambda x, v=value: (v, x), has_aux=True)(1.0)


def test_a_constant_function_has_a_gradient_of_zeros() -> None:
    assert loose.value_and_gradient(lambda p: 7)([1.0, 2.0]) == (7.0, [0.0, 0.0])
    assert fg.gradient(lambda p, x: x * 1.0)(1.0, 5.0) == 0.0


def test_nested_derivatives_are_not_confused() -> None:
    gradient: Any = fg.gradient

    def squared(x: Any) -> Any:  # d/dy (x * y) = x
        return x * gradient(lambda y: x * y)(1.0)

    def once(x: Any) -> Any:  # d/dy (x + y) = 1
        return x * gradient(lambda y: x + y)(1.0)

    def aliased(x: Any) -> Any:  # d/dy (x * y) at y = x is x
        return x * gradient(lambda y: x * y)(x)

    def twice(x: Any) -> Any:  # d/dy (x * y * y) at y = x is 2 x * x
        return gradient(lambda y: x * y * y)(x)

    assert fg.gradient(squared)(3.0) == 6.0
    assert fg.gradient(once)(3.0) == 1.0
    assert fg.gradient(aliased)(3.0) == 6.0
    assert fg.gradient(twice)(3.0) == 12.0
    assert fg.gradient(fg.gradient(squared))(3.0) == 2.0


def test_an_inner_derivative_through_a_condition_on_an_outer_variable_stays_a_node() -> None:
    x = fg.var(2.0, "x")
    slope: Any = fg.gradient(lambda y: fg.where(x > 1.0, 3.0 * y, y))(1.0)
    assert isinstance(slope, fg.Node)
    assert x in fg.Graph.of(slope)


def test_five_nested_derivatives_agree_with_mpmath() -> None:
    f: Any = lambda x: fg.exp(fg.sin(x))  # it is replaced by its derivative below
    for order in range(1, 6):
        f = fg.gradient(f)
        with mp.workdps(50):
            truth = float(mp.diff(lambda t: mp.exp(mp.sin(t)), mp.mpf(0.7), order))
        assert f(0.7) == pytest.approx(truth, rel=1e-13)


def cube(x: R) -> R:
    return x * x * x


def test_nodes_give_nodes_and_floats_give_floats() -> None:
    x = fg.var(2.0, "x")
    slope = fg.gradient(cube)(x)
    assert isinstance(slope, fg.Node)
    assert slope.value == 12.0
    assert fg.grad(fg.Graph.of(slope), slope)[x] == 12.0
    assert type(fg.gradient(cube)(2.0)) is float
    value, _ = fg.value_and_gradient(cube)(x)
    assert isinstance(value, fg.Node)
    assert loose.gradient(cube)(2) == 12.0


def test_a_node_that_stands_in_two_places_of_a_tree_is_two_variables() -> None:
    x = fg.var(3.0)
    pair: list[Any] = [x, x]
    slopes = fg.gradient(lambda p: p[0] * p[1])(pair)
    assert [s.value for s in slopes] == [3.0, 3.0]
    assert fg.gradient(lambda p: p[0] * p[1])([3.0, 3.0]) == [3.0, 3.0]


@pytest.mark.parametrize("argnums", [True, 1.0, "x", (), (0, 0), (-1, -1), None])
def test_argnums_that_name_no_arguments_are_refused(argnums: Any) -> None:
    with pytest.raises(fg.NotAValue, match="argnums"):
        loose.gradient(area, argnums=argnums)


def test_places_count_from_the_last_argument_too() -> None:
    f: Any = lambda x, y, z: x * y * y * z
    assert loose.gradient(f, argnums=-1)(2.0, 3.0, 5.0) == 18.0
    assert loose.gradient(f, argnums=(-2, 0))(2.0, 3.0, 5.0) == (60.0, 45.0)
    assert loose.gradient(f, argnums=-1)(2.0, 3.0, z=5.0) == 18.0
    for argnums in ((0, -3), (1, -2)):
        with pytest.raises(fg.NotAValue, match="each once"):
            loose.gradient(f, argnums=argnums)(2.0, 3.0, 5.0)
    with pytest.raises(fg.NotAValue, match="at least 4"):
        loose.gradient(f, argnums=-4)(2.0, 3.0, 5.0)


@pytest.mark.parametrize("place", [0, 1, -1, (0, 1), (1, -1)])
def test_every_transform_takes_the_places_that_gradient_takes(place: Any) -> None:
    f: Any = lambda x, y, z: fg.sin(x * y) * z * z
    at = (0.7, 1.3, 2.0)
    slopes = loose.gradient(f, argnums=place)(*at)
    places = [i % 3 for i in (place if isinstance(place, tuple) else (place,))]
    move: Any = 1.0 if isinstance(place, int) else (1.0,) * len(place)
    behind = max(places) + 1
    given = (*at[:behind], move, *at[behind:])
    total = math.fsum(fg.trees.leaves(slopes))
    assert math.isclose(loose.jvp(f, argnums=place)(*given)[1], total)
    assert loose.vjp(f, argnums=place)(*at)[1](1.0) == pytest.approx(slopes)
    assert loose.jacobian(lambda *xs: (f(*xs),), argnums=place)(*at)[0] == pytest.approx(slopes)
    rows = loose.hessian(f, argnums=place)(*at).matrix
    bent = fg.trees.leaves(loose.hvp(f, argnums=place)(*given))
    assert bent == pytest.approx([math.fsum(row) for row in rows])


def test_wrong_arguments_and_results_are_clear_errors() -> None:
    with pytest.raises(fg.NotAValue, match="at least 3"):
        loose.gradient(area, argnums=2)(1.0, 2.0)
    with pytest.raises(TypeError, match="missing"):
        loose.gradient(area)()
    with pytest.raises(fg.NotAValue, match=r"p\.bias"):
        loose.gradient(loss)(Params((1.0,), "b"), 1.0)  # type: ignore[arg-type]
    for result in (lambda x: x > 0.0, lambda x: [x], lambda x: None, lambda x: True):
        with pytest.raises(fg.NotDifferentiable):
            loose.gradient(result)(1.0)
