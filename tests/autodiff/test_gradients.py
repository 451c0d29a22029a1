"""Gradients as values: they add, scale and restrict by node, and laws of derivatives hold of them."""

import gc
import math
import operator
import pickle
import weakref
from fractions import Fraction
from functools import reduce
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pyrsistent import PMap

import fgrad as fg
from tests.measures.growth import steps
from tests.samples.strategies import BRANCHING, RING, Recipe, recipes

INTEGERS = st.integers(-3, 3).map(float)
NUMBERS = st.floats(-2.0, 2.0)


def of(output: fg.Node[float]) -> fg.Gradients:
    return fg.grad(fg.Graph.of(output), output)


def at(gradients: fg.Gradients, node: Any) -> Any:
    """The derivative; 0 for a node that the gradients do not know."""
    return gradients.get(node, 0.0)


def test_several_outputs_of_one_graph_add_to_the_gradient_of_their_sum() -> None:
    a, b = fg.var(-2.0, "a"), fg.var(3.0, "b")
    d, e = a * b, a + b
    graph = fg.Graph.of(d, e)
    total = fg.grad(graph, d) + fg.grad(graph, e)
    assert total.graph is graph
    assert dict(total) == {a: 4.0, b: -1.0, d: 1.0, e: 1.0}
    assert list(total) == list(graph.nodes)


def test_models_that_share_parameters_add_over_the_nodes_of_either() -> None:
    a, b, c = fg.var(2.0), fg.var(3.0), fg.var(5.0)
    one, two, three = a * b, b * c, fg.sin(c)
    total = of(one) + of(two) + of(three)
    assert [total[x] for x in (a, b, c)] == [3.0, 2.0 + 5.0, 3.0 + math.cos(5.0)]
    assert list(total) == list(fg.Graph.of(one, two, three).nodes)
    assert (total[one], total[two]) == (1.0, 1.0)
    with pytest.raises(fg.UnknownNode):
        _ = total[fg.var(2.0)]


def test_graphs_that_share_nothing_yet_may_be_joined_by_the_next() -> None:
    a, b = fg.var(2.0), fg.var(3.0)
    parts = [of(fg.square(a)), of(fg.square(b)), of(a * b)]
    for order in (parts, parts[::-1], [parts[0], parts[2], parts[1]]):
        total = reduce(operator.add, order)
        assert (total[a], total[b]) == (7.0, 8.0)


def test_sum_starts_with_nothing() -> None:
    a = fg.var(2.0)
    one = of(a * a)
    assert sum([one]) is one
    assert sum([one, one], one)[a] == 12.0
    starts: tuple[Any, ...] = (1, 0.5, False, None, "")
    for start in starts:
        with pytest.raises(TypeError):
            sum([one], start)


@given(recipes(BRANCHING, NUMBERS), st.integers(0, 40), st.integers(0, 40))
def test_a_sum_has_at_each_node_the_sum(recipe: Recipe, i: int, j: int) -> None:
    nodes = recipe.nodes(BRANCHING)
    one, two = of(nodes[i % len(nodes)]), of(nodes[j % len(nodes)])
    for both in (one + two, fg.grad(fg.Graph.of(*nodes), nodes[i % len(nodes)]) + two):
        for node in both:
            expected = at(one, node) + at(two, node)
            assert both[node] == expected or (math.isnan(both[node]) and math.isnan(expected))


@given(recipes(RING, INTEGERS), INTEGERS, INTEGERS)
def test_they_are_linear_in_the_output(recipe: Recipe, a: float, b: float) -> None:
    nodes = recipe.nodes(RING)
    u, v = nodes[-1], nodes[-2]
    combined = a * u + b * v
    whole = of(combined)
    assume(all(abs(x) < 2**40 for node in whole for x in (whole[node], node.value)))
    both = a * of(u) + of(v) * b
    assert all(both[node] == whole[node] for node in both)
    assert whole.only(*both) == both
    assert of(u) - of(v) == of(u) + -1.0 * of(v) == of(u) + -of(v)


@given(st.lists(recipes(RING, INTEGERS), min_size=1, max_size=4))
def test_the_sum_over_outputs_is_the_gradient_of_the_sum(drawn: list[Recipe]) -> None:
    shared = [fg.var(x) for x in drawn[0].inputs]
    outputs = [recipe.run(shared, RING)[-1] for recipe in drawn]
    total = outputs[0]
    for output in outputs[1:]:
        total = total + output
    whole = of(total)
    assume(all(abs(x) < 2**40 for node in whole for x in (whole[node], node.value)))
    parts = [of(output) for output in outputs]
    for added in (reduce(operator.add, parts), sum(parts[1:], parts[0])):
        assert all(added[node] == whole[node] for node in added)


def test_sums_are_rounded_in_the_order_in_which_they_are_written() -> None:
    a = fg.var(1.0)
    large, small = 1e16 * of(a * 1.0), of(a * 1.0)
    assert (large + small + small)[a] == 1e16 + 1.0 + 1.0 == 1e16
    assert (large + (small + small))[a] == 1e16 + 2.0
    assert (small + small + large)[a] == 1e16 + 2.0
    # Of graphs of their own, which are added when they are read.
    big, one, two = (of(x) for x in (a * 1e16, a * 1.0, a / 1.0))
    assert (big + one + two)[a] == 1e16
    assert (big + (one + two))[a] == (one + two + big)[a] == 1e16 + 2.0


@pytest.mark.parametrize("half", [0.5, Fraction(1, 2), np.float64(0.5), np.float32(0.5)], ids=repr)
def test_any_real_number_scales(half: Any) -> None:
    a = fg.var(3.0)
    gradients = of(a * a)
    for scaled in (half * gradients, gradients * half, gradients / (1 / half)):
        assert type(scaled) is fg.Gradients
        assert type(scaled[a]) is float
        assert scaled[a] == 3.0
    assert (2 * gradients)[a] == 12.0
    assert (-gradients)[a] == -6.0


def test_division_is_that_of_floats() -> None:
    a = fg.var(3.0)
    gradients = of(a * 5.0)
    assert (gradients / 3.0)[a] == 5.0 / 3.0 != 5.0 * (1.0 / 3.0)
    assert (gradients / 0.0)[a] == math.inf
    assert (gradients / -0.0)[a] == -math.inf


@pytest.mark.parametrize("factor", [math.inf, -math.inf, math.nan])
def test_what_an_output_does_not_depend_on_stays_zero(factor: float) -> None:
    a, b = fg.var(3.0), fg.var(2.0)
    output = fg.square(a)
    graph = fg.Graph.of(output, b)
    gradients = fg.grad(graph, output)
    for some in (gradients, gradients.only(b), pickle.loads(pickle.dumps(gradients)).onto(graph)):
        assert (some * factor)[b] == 0.0
        assert (some + factor * some.only(b))[b] == 0.0
    assert (fg.grad_nodes(graph, output) * factor)[b].value == 0.0


def test_truth_values_have_no_derivative_and_several_results_have_several() -> None:
    a = fg.var(4.0, "a")
    low = a < 3.0

    def system(u: Any, k: Any) -> Any:
        return u[0] * u[0] - k, u[1] * u[0] - 1.0

    solution: Any = fg.root(system, (1.0, 1.0))(a)
    output = fg.where(low, a, solution[0] * solution[1] + solution[1])
    call = solution[0].args[0]
    graph = fg.Graph.of(output, *solution)
    one, two = fg.grad(graph, output), fg.grad(graph, solution[0])
    both = -(one + 2.0 * two) / 2.0
    assert both[low] is False
    assert both[call] == tuple(
        -(x + 2.0 * y) / 2.0 for x, y in zip(one[call], two[call], strict=True)
    )
    assert both[a] == -(one[a] + 2.0 * two[a]) / 2.0
    nodes = -(fg.grad_nodes(graph, output) + 2.0 * fg.grad_nodes(graph, solution[0])) / 2.0
    assert nodes[call].value == pytest.approx(both[call])
    assert nodes[a].value == pytest.approx(both[a])
    assert nodes.only(call)[call] is nodes[call]
    with pytest.raises(fg.UnknownNode):
        _ = both.only(a)[low]


def test_restricted_gradients_have_the_nodes_that_were_asked_for_in_that_order() -> None:
    a, b, unused = fg.var(-2.0, "a"), fg.var(3.0, "b"), fg.var(1.0, "unused")
    d = a * b
    f = d * (a + b)
    gradients = fg.grad(fg.Graph.of(f, unused), f)
    some = gradients.only(d, a, unused, a)
    assert list(some) == [d, a, unused]
    assert len(some) == 3
    assert list(some.values()) == [1.0, -3.0, 0.0]
    assert b not in some
    assert list(some.only(a)) == [a]
    assert list(gradients.only()) == []
    for wanted in (b, f, fg.var(1.0)):
        with pytest.raises(fg.UnknownNode, match="among the 3 nodes"):
            _ = some[wanted]
    with pytest.raises(fg.UnknownNode):
        gradients.only(fg.var(1.0))
    wrong: Any = [a, b]
    with pytest.raises(fg.NotAValue, match=r"only\(\*nodes\)"):
        gradients.only(wrong)


@given(recipes(BRANCHING, NUMBERS))
def test_restriction_and_sums_commute(recipe: Recipe) -> None:
    nodes = recipe.nodes(BRANCHING)
    variables = nodes[: len(recipe.inputs)]
    graph = fg.Graph.of(*nodes)
    one, two = (fg.grad(graph, node) for node in nodes[-2:])
    expected = [(one + two)[x] for x in variables]
    for some in ((one + two).only(*variables), one.only(*variables) + two.only(*variables)):
        assert list(some) == list(dict.fromkeys(variables))
        assert repr([some[x] for x in variables]) == repr(expected)


def test_restricted_gradients_of_different_nodes_add_over_all_of_them() -> None:
    a, b = fg.var(2.0, "a"), fg.var(3.0, "b")
    product = a * b
    some = of(product).only(a) + of(fg.sin(b)).only(b)
    assert list(some) == [a, b]
    assert list(some.values()) == [3.0, math.cos(3.0)]
    mixed = of(product).only(a) + of(fg.square(b))
    assert list(mixed)[:2] == [a, b]
    assert len(mixed) == 3
    assert product not in mixed
    assert mixed[b] == 6.0
    assert (of(fg.square(b)) + of(product).only(a)).only(a, b) == mixed.only(a, b)


def test_restricted_gradients_hold_no_graph() -> None:
    class Marker:
        """What a function of the user's holds."""

    marker = Marker()
    seen = weakref.ref(marker)
    a = fg.var(2.0)

    def impl(x: float, held: Marker = marker) -> float:
        return x

    own = fg.Unary("own", impl, lambda out, x: 1.0)
    some = of(own(a)).only(a)
    del marker, own, impl
    gc.collect()
    assert seen() is None
    assert some[a] == 1.0


def test_node_gradients_add_and_can_be_differentiated_again() -> None:
    x, y = fg.var(2.0, "x"), fg.var(3.0, "y")
    f, g = x**3 * y, fg.square(y)
    both = fg.grad_nodes(fg.Graph.of(f), f) + 0.5 * fg.grad_nodes(fg.Graph.of(g), g)
    assert type(both) is fg.NodeGradients
    assert (both[x].value, both[y].value) == (36.0, 8.0 + 3.0)
    assert of(both[x])[x] == 36.0
    assert of(both[y])[y] == 1.0
    assert both[x] is both[x]
    assert both.pmap[y] is both[y]
    assert sum([both], both).only(y)[y].value == 22.0
    with pytest.raises(TypeError):
        _ = both + fg.grad(fg.Graph.of(f), f)  # type: ignore[operator]  # what it refuses


@pytest.mark.parametrize("thing", [1.0, 1, "a", None, fg.var(1.0), {}, np.ones(2)], ids=repr)
def test_only_gradients_are_added_and_only_numbers_scale(thing: Any) -> None:
    a = fg.var(2.0)
    gradients = of(a * a)
    for add in (operator.add, operator.sub):
        with pytest.raises(TypeError):
            add(gradients, thing)
        with pytest.raises(TypeError):
            add(thing, gradients)
    if not isinstance(thing, (float, int)):
        for act in (operator.mul, operator.truediv):
            with pytest.raises(TypeError):
                act(gradients, thing)
    wrong: tuple[Any, ...] = (gradients, True, 1j)
    for factor in wrong:
        with pytest.raises(TypeError):
            _ = gradients * factor
        with pytest.raises(TypeError):
            _ = factor * gradients


def test_the_operands_stay_what_they_are() -> None:
    a, b = fg.var(2.0), fg.var(3.0)
    one, two = of(a * b), of(fg.sin(a))
    before = dict(one), dict(two)
    both: Any = one + two
    results: list[Any] = [both, 2.0 * one, -one, one / 2.0, one - two, one.only(a), sum([one, two])]
    assert (dict(one), dict(two)) == before
    assert all(type(result) is fg.Gradients for result in results)
    for result in results:
        with pytest.raises(TypeError):
            result[a] = 5.0
        with pytest.raises(TypeError):
            result.reached[a] = 5.0
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            result.graph = None
        assert isinstance(result.pmap, PMap)
        assert dict(result.pmap) == dict(result)
    added = one
    added += two
    assert dict(one) == before[0]


@pytest.mark.parametrize("kind", ["sum", "growing", "restricted", "mixed", "scaled"])
def test_all_of_them_survive_pickling_and_come_back_onto_their_nodes(kind: str) -> None:
    a, b = fg.var(2.0, "a"), fg.var(3.0, "b")
    output = a * b + fg.sin(a)
    one, two = of(output), of(fg.square(b))
    gradients = {
        "sum": one + one,
        "growing": one + two,
        "restricted": one.only(b, a),
        "mixed": one.only(a) + two,
        "scaled": 0.5 * one,
    }[kind]
    copy = pickle.loads(pickle.dumps(gradients))
    assert list(copy.values()) == list(gradients.values())
    assert [node.label for node in copy] == [node.label for node in gradients]
    assert copy.graph == gradients.graph
    assert a not in copy
    assert copy.onto(gradients.graph) == gradients
    both = gradients + copy.onto(gradients.graph)
    assert both[a] == 2.0 * gradients[a]
    assert list(both) == list(gradients)


def test_gradients_go_onto_equal_graphs_only() -> None:
    a, b = fg.var(2.0, "a"), fg.var(3.0, "b")
    gradients = of(a * b)
    other = fg.var(2.0, "a") * fg.var(3.0, "b")
    assert gradients.onto(fg.Graph.of(other))[other.args[0]] == 3.0  # type: ignore[index]  # a node
    for wrong in (fg.Graph.of(a + b), fg.Graph.of(a * a), None):
        with pytest.raises(fg.NotAValue, match=r"^onto needs a graph equal.*; got [^\n]*$"):
            gradients.onto(wrong)  # type: ignore[arg-type]  # one of them is no graph


def test_a_sum_over_many_graphs_takes_steps_in_proportion_to_them() -> None:
    a = fg.var(0.5)

    def chain() -> fg.Node[float]:
        x = a
        for _ in range(30):
            x = fg.sin(x)
        return x

    parts = [of(chain()) for _ in range(1_600)]
    few = steps(lambda: reduce(operator.add, parts[:200])[a])
    many = steps(lambda: reduce(operator.add, parts)[a])
    # Eight times the terms, and sums double at steps; the square would be sixty-four.
    assert many < 30 * few


INACTIVE: Any = {
    "where": lambda a, b: fg.where(a > b, fg.log(a), b),
    "maximum": fg.maximum,
    "relu": lambda a, b: fg.relu(a) + b,
    "stop_gradient": lambda a, b: fg.stop_gradient(a) * b,
    "floor": lambda a, b: fg.floor(a) + b,
}


@pytest.mark.parametrize("name", INACTIVE)
def test_a_multiple_sends_nothing_into_an_inactive_branch(name: str) -> None:
    a, b = fg.var(-2.0, "a"), fg.var(3.0, "b")
    output = INACTIVE[name](a, b)
    gradients = fg.grad(fg.Graph.of(output), output)
    scaled = output * math.inf
    assert (math.inf * gradients)[a] == fg.grad(fg.Graph.of(scaled), scaled)[a] == 0.0
    assert (gradients * math.nan)[a] == (gradients / 0.0)[a] == 0.0


def test_numpy_gets_no_array_of_nodes() -> None:
    np = pytest.importorskip("numpy")
    a = fg.var(2.0)
    gradients: Any = _of_square(a)
    for ask in (np.array, lambda g: np.sum([g, g]), lambda g: np.dot([1.0, 2.0], [g, g])):
        with pytest.raises(fg.SilentDetach, match="Add gradients by"):
            ask(gradients)


def _of_square(a: fg.Node[float]) -> fg.Gradients:
    output = a * a
    return fg.grad(fg.Graph.of(output), output)


def test_onto_refuses_variables_of_other_values() -> None:
    v, w = fg.var(5.0), fg.var(2.0)
    output = v * w * w
    kept = fg.grad(fg.Graph.of(output), output).only(v, w)
    with pytest.raises(fg.NotAValue, match=r"onto needs variable 0 = 5\.0; got 2\.0"):
        kept.onto(fg.Graph.of(w, v))
    assert list(kept.onto(fg.Graph.of(v, w)).values()) == list(kept.values())


def test_graphs_and_persistent_maps_of_traced_nodes() -> None:
    def model(x: Any, y: Any) -> Any:
        graph = fg.Graph.of(x * y).extend(x + y).extend(x - y)
        places = [graph.position(node) for node in graph.nodes]
        assert places == list(range(len(graph)))
        gradients = fg.grad_nodes(graph, graph.outputs[0]).pmap
        return gradients[x] + gradients[y]

    for _ in range(50):
        assert fg.trace(model)(1.0, 2.0).run((3.0, 4.0)) == (7.0,)
