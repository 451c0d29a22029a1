"""The fold: right answers, by exact arithmetic, by formulas, and by the laws of derivatives."""

import math
import pickle
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import attrs
import mpmath as mp
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fgrad as fg
from tests.samples.strategies import BRANCHING, RING, SMOOTH, Recipe, recipes


def gradient(output: fg.Node[float], *variables: fg.Node[float]) -> list[float]:
    gradients = fg.grad(fg.Graph.of(output, *variables), output)
    return [gradients[x] for x in variables]


def test_two_flows_into_one_node_are_summed() -> None:
    a = fg.var(3.0, "a")
    b = a + a
    assert fg.grad(fg.Graph.of(b), b)[a] == 2.0


def test_neither_flow_of_the_second_case_is_lost() -> None:
    a, b = fg.var(-2.0, "a"), fg.var(3.0, "b")
    d, e = a * b, a + b
    f = d * e
    graph = fg.Graph.of(f)
    gradients = fg.grad(graph, f)
    assert (gradients[a], gradients[b]) == (-3.0, -8.0)
    assert (gradients[d], gradients[e], gradients[f]) == (1.0, -6.0, 1.0)
    assert dict(fg.grad(graph, f)) == dict(gradients)
    assert fg.grad(graph, d)[a] == 3.0
    assert dict(fg.grad(graph, f)) == dict(gradients)


def test_eight_threads_give_one_answer() -> None:
    xs = [fg.var(0.1 * i) for i in range(50)]
    outputs = [fg.sum([fg.tanh(x * y) for x in xs]) for y in xs[:8]]
    graph = fg.Graph.of(*outputs)
    alone = [dict(fg.grad(graph, output)) for output in outputs]
    shared = fg.Graph.of(*outputs)  # not ordered yet: the threads race on its caches too
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda i: dict(fg.grad(shared, outputs[i % 8])), range(64)))
    assert together == alone * 8


def test_micrograd_sanity_check() -> None:
    def model(x: Any, relu: Any) -> Any:
        z = 2 * x + 2 + x
        q = relu(z) + z * x
        h = relu(z * z)
        return h + q + q * x

    x = fg.var(-4.0)
    y = model(x, fg.relu)
    assert (y.value, gradient(y, x)) == (-20.0, [46.0])  # torch's values
    assert mp.diff(lambda t: model(t, lambda v: max(v, mp.mpf(0))), -4) == pytest.approx(46.0)


def test_micrograd_more_operations() -> None:
    def model(a: Any, b: Any, relu: Any) -> Any:
        c = a + b
        d = a * b + b**3
        c = c + c + 1
        c = c + 1 + c + (-a)
        d = d + d * 2 + relu(b + a)
        d = d + 3 * d + relu(b - a)
        e = c - d
        f = e**2
        g = f / 2.0
        return g + 10.0 / f

    a, b = fg.var(-4.0), fg.var(2.0)
    g = model(a, b, fg.relu)
    assert g.value == pytest.approx(24.70408163265306, rel=1e-15)  # torch's values
    assert gradient(g, a, b) == pytest.approx([138.83381924198252, 645.5772594752187], rel=1e-15)

    def truth(x: Any, y: Any) -> Any:
        return model(x, y, lambda v: max(v, mp.mpf(0)))

    exact = [mp.diff(truth, (mp.mpf(-4), mp.mpf(2)), n) for n in ((1, 0), (0, 1))]
    assert gradient(g, a, b) == pytest.approx([float(e) for e in exact], rel=1e-9)


def test_a_node_the_output_does_not_depend_on_has_a_zero_of_its_kind() -> None:
    x, y = fg.var(1.0), fg.var(2.0)
    low = y < 1.0
    graph = fg.Graph.of(x * x, y, low)
    gradients = fg.grad(graph, graph.outputs[0])
    assert gradients[y] == 0.0
    assert type(gradients[y]) is float
    assert gradients[low] is False
    assert fg.grad_nodes(graph, graph.outputs[0])[y].value == 0.0
    assert len(gradients) == len(graph) == len(list(gradients))


def test_what_lies_behind_a_dead_branch_has_a_zero() -> None:
    x, y, z = fg.var(-1.0), fg.var(2.0), fg.var(3.0)
    output = fg.relu(fg.exp(y) * x) + fg.where(x > 0, fg.floor(fg.sin(y)), x)
    output = fg.maximum(fg.maximum(output, fg.cos(z) - 9.0), fg.sin(z) - 9.0)
    output = fg.maximum(fg.sqrt(z) - 9.0, output)
    graph = fg.Graph.of(output)
    gradients = fg.grad(graph, output)
    assert gradients[y] == gradients[z] == 0.0
    assert {(math.inf * gradients)[node] for node in (y, z)} == {0.0}


def test_a_gradient_does_not_order_its_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    x = y = fg.var(2.0)
    for _ in range(1_000):
        y = fg.sin(y) * x
    graph = fg.Graph.of(y)
    expected = fg.grad(graph, y)[x]
    with monkeypatch.context() as patched:
        patched.setattr("fgrad.graph.graph._order", None)
        assert fg.grad(fg.Graph.of(y), y)[x] == expected
        slope = fg.grad_nodes(fg.Graph.of(y), y)[x]
        assert slope.value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("width", [1, 7, 24])
def test_what_two_folds_find_is_the_same_in_wide_levels_and_narrow_ones(width: int) -> None:
    layer = [fg.var(0.1 * i - 0.3) for i in range(width)]
    idle = fg.var(2.0)
    known = [*layer]
    for k in range(6):
        layer = [
            fg.relu(a - 0.05) * b + fg.where(b < k, fg.floor(idle * b), a)
            for a, b in zip(layer, layer[1:] + layer[:1], strict=True)
        ]
        known += layer
    output = fg.sum(layer)
    graph = fg.Graph.of(output)
    gradients, as_nodes = fg.grad(graph, output), fg.grad_nodes(graph, output)
    assert [gradients[x] for x in known] == [as_nodes[x].value for x in known]


def test_a_node_outside_the_graph_is_an_error_that_says_so() -> None:
    x = fg.var(1.0, "x")
    y = x * x
    graph = fg.Graph.of(y)
    stranger = fg.var(1.0, "stranger")
    for attempt in (
        lambda: fg.grad(graph, stranger),
        lambda: fg.grad_nodes(graph, stranger),
        lambda: fg.grad(graph, y)[stranger],
        lambda: fg.grad_nodes(graph, y)[stranger],
        lambda: graph.position(stranger),
    ):
        with pytest.raises(fg.UnknownNode, match="stranger") as caught:
            attempt()
        assert caught.value.size == 2
    assert stranger not in fg.grad(graph, y)


def test_only_a_number_can_be_differentiated() -> None:
    x = fg.var(1.0)
    low = x < 2.0
    graph = fg.Graph.of(low)
    not_numbers: list[Any] = [low, 3.0, None]
    for wrong in not_numbers:
        with pytest.raises(fg.NotDifferentiable):
            fg.grad(graph, wrong)
        with pytest.raises(fg.NotDifferentiable):
            fg.grad_nodes(graph, wrong)


def test_gradients_cannot_be_written() -> None:
    x = fg.var(1.0)
    y = x * x
    gradients: Any = fg.grad(fg.Graph.of(y), y)
    with pytest.raises(TypeError):
        gradients[x] = 5.0
    with pytest.raises(TypeError):
        del gradients[x]
    with pytest.raises(TypeError):
        gradients.reached[x] = 5.0
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        gradients.graph = None
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        del gradients.graph
    assert gradients.pmap.set(x, 5.0)[x] == 5.0
    assert gradients[x] == gradients.pmap[x] == 2.0


def test_gradients_survive_pickling() -> None:
    x, y = fg.var(2.0, "x"), fg.var(3.0, "y")
    z = x * y * x
    gradients = fg.grad(fg.Graph.of(z), z)
    copy = pickle.loads(pickle.dumps(gradients))
    assert copy.graph == gradients.graph
    assert list(copy.values()) == list(gradients.values())
    with pytest.raises(fg.NotPicklable):
        pickle.dumps(fg.grad_nodes(fg.Graph.of(z), z))


def integers() -> st.SearchStrategy[float]:
    return st.integers(-3, 3).map(float)


def exact(recipe: Recipe, table: dict[str, Any], i: int) -> tuple[Fraction, Fraction]:
    """Value and derivative by dual numbers over rationals: another mode, another arithmetic."""

    @attrs.frozen
    class Dual:
        value: Fraction
        slope: Fraction

        def __add__(self, o: "Dual") -> "Dual":
            return Dual(self.value + o.value, self.slope + o.slope)

        def __sub__(self, o: Any) -> "Dual":
            o = o if isinstance(o, Dual) else Dual(Fraction(o), Fraction(0))
            return Dual(self.value - o.value, self.slope - o.slope)

        def __mul__(self, o: "Dual") -> "Dual":
            return Dual(self.value * o.value, self.slope * o.value + self.value * o.slope)

        def __rmul__(self, o: float) -> "Dual":
            return Dual(Fraction(o) * self.value, Fraction(o) * self.slope)

        def __neg__(self) -> "Dual":
            return Dual(-self.value, -self.slope)

    duals = [Dual(Fraction(x), Fraction(int(k == i))) for k, x in enumerate(recipe.inputs)]
    output = recipe.run(duals, table)[-1]
    return output.value, output.slope


@given(recipes(RING, integers()))
def test_polynomials_are_differentiated_exactly(recipe: Recipe) -> None:
    nodes = recipe.nodes(RING)
    gradients = fg.grad(fg.Graph.of(*nodes), nodes[-1])
    for i, x in enumerate(nodes[: len(recipe.inputs)]):
        value, slope = exact(recipe, RING, i)
        if abs(value) < 2**40 and all(abs(n.value) < 2**40 for n in nodes):
            assert nodes[-1].value == value
            assert gradients[x] == pytest.approx(float(slope), rel=1e-13)


@given(recipes(BRANCHING, st.floats(-2.0, 2.0)))
def test_the_two_folds_agree_on_every_graph(recipe: Recipe) -> None:
    nodes = recipe.nodes(BRANCHING)
    graph = fg.Graph.of(*nodes)
    values, gradients = fg.grad(graph, nodes[-1]), fg.grad_nodes(graph, nodes[-1])
    for x in nodes[: len(recipe.inputs)]:
        assert gradients[x].value == pytest.approx(values[x], rel=1e-9, abs=1e-9, nan_ok=True)


@given(recipes(SMOOTH, st.floats(-2.0, 2.0)))
def test_differences_confirm_random_graphs(recipe: Recipe) -> None:
    # Products grow without end: a graph of bounded functions of bounded numbers is well scaled.
    fg.check_gradient(lambda *xs: fg.tanh(0.01 * recipe.run(xs, SMOOTH)[-1]), *recipe.inputs)


@given(recipes(SMOOTH, st.floats(-2.0, 2.0)), st.floats(-3.0, 3.0))
def test_the_gradient_is_linear(recipe: Recipe, factor: float) -> None:
    nodes = recipe.nodes(SMOOTH)
    u, v = nodes[-1], nodes[-2]
    combined = factor * u + v
    graph = fg.Graph.of(combined, *nodes)
    of_u, of_v, of_both = (fg.grad(graph, n) for n in (u, v, combined))
    for x in nodes[: len(recipe.inputs)]:
        scale = abs(factor * of_u[x]) + abs(of_v[x]) + 1e-300
        assert abs(of_both[x] - (factor * of_u[x] + of_v[x])) <= 1e-10 * scale or math.isinf(scale)


def slope(output: fg.Node[float], x: fg.Node[float]) -> fg.Node[float]:
    return fg.grad_nodes(fg.Graph.of(output, x), output)[x]


def test_derivatives_of_derivatives_do_not_confuse_their_variables() -> None:
    x, y = fg.var(3.0), fg.var(1.0)
    assert gradient(x * slope(x + y, y), x) == [1.0]  # d/dx (x * 1)
    assert gradient(x * slope(x * y, y), x) == [6.0]  # d/dx (x * x)
    alias = x.named("y")  # the same value, another node
    assert gradient(x * slope(x * alias, alias), x) == [6.0]
    assert gradient(slope(x * alias * alias, alias), x) == [12.0]  # d/dx (2 x * x)


def test_orders_one_to_five_of_a_composition() -> None:
    x = fg.var(0.7)
    node = fg.exp(fg.sin(x))
    for order in range(1, 6):
        node = fg.grad_nodes(fg.Graph.of(node), node)[x]
        with mp.workdps(50):
            truth = float(mp.diff(lambda t: mp.exp(mp.sin(t)), mp.mpf(0.7), order))
        assert node.value == pytest.approx(truth, rel=1e-13)


def second(output: fg.Node[float], x: fg.Node[float]) -> float:
    return gradient(slope(output, x), x)[0]


@pytest.mark.parametrize(
    ("f", "at", "first", "bend"),
    [
        (lambda x: fg.where(x > 0, fg.log(x), 0.0), -1.0, 0.0, 0.0),
        (lambda x: fg.where(x > 0, fg.log(x), 0.0), 0.0, 0.0, 0.0),
        (lambda x: fg.where(x > 0, fg.sqrt(x), 0.0), 0.0, 0.0, 0.0),
        (lambda x: x * fg.where(False, math.nan, 1), 2.0, 1.0, 0.0),
        (lambda x: fg.where(fg.logical_not(x > 0), 1.0, fg.log(x)), -1.0, 0.0, 0.0),
        (
            lambda x: fg.where(x > 0, fg.log(x), 0.0) + fg.where(x > 1, 2 * fg.log(x), x),
            0.0,
            1.0,
            0.0,
        ),
        (lambda x: fg.where(x > 0, fg.where(x > 1, fg.log(x - 1), 1 / x), x * x), 0.0, 0.0, 2.0),
        (lambda x: fg.where(x < 1, x * x, fg.sqrt(x - 1)), 1.0, math.inf, -math.inf),
        (lambda x: fg.maximum(x, -1e300 * fg.exp(1e4 * x)), 1.0, 1.0, 0.0),
        (lambda x: fg.relu(fg.log(x)), 0.0, 0.0, 0.0),
        (lambda x: fg.clip(fg.log(x), -1.0, 1.0), 0.0, 0.0, 0.0),
        (lambda x: fg.minimum(fg.sqrt(x), -1.0), 0.0, 0.0, 0.0),
        (lambda x: fg.hypot(x, 0.0), 0.0, 0.0, 0.0),
        (lambda x: fg.hypot(x, x), 0.0, 0.0, 0.0),
        (abs, 0.0, 0.0, 0.0),
        (lambda x: x**2, 0.0, 0.0, 2.0),
        (lambda x: x**3.0, 0.0, 0.0, 0.0),
        (lambda x: x**1.0, 0.0, 1.0, 0.0),
        (lambda x: x**0.0, 0.0, 0.0, 0.0),
    ],
)
def test_nothing_leaks_from_the_side_not_taken(
    f: Any, at: float, first: float, bend: float
) -> None:
    x = fg.var(at, "x")
    y = f(x)
    graph = fg.Graph.of(y, x)
    assert fg.grad(graph, y)[x] == first
    assert fg.grad_nodes(graph, y)[x].value == first
    assert second(y, x) == bend


def test_a_gradient_is_right_on_both_sides_of_its_condition() -> None:
    """The nodes of a gradient are valid at every point, not only where they were made."""
    for at, expected in ((-1.0, 0.0), (0.0, 0.0), (4.0, 0.25)):
        x = fg.var(at)
        node = slope(fg.where(x > 0, fg.sqrt(x), 0.0), x)
        operations = [n.op.name for n in fg.Graph.of(node).nodes]
        assert operations == ["variable", "greater", "sqrt", "div", "where"]
        assert node.value == expected


def test_a_literal_gradient_is_a_constant_node() -> None:
    x = fg.var(2.0)
    three = slope(3.0 * x, x)
    assert three.value == 3.0
    assert gradient(three, x) == [0.0]


def test_the_same_call_gives_the_same_nodes_of_a_zero() -> None:
    x, y = fg.var(2.0), fg.var(1.0)
    z = x * x
    gradients = fg.grad_nodes(fg.Graph.of(z, y), z)
    assert gradients[y] is gradients[y]
    assert list(gradients) == list(fg.Graph.of(z, y).nodes)


def test_names_pass_derivatives_through() -> None:
    x = fg.var(2.0, "x")
    h = (x * x).named("h")
    y = h * 3.0
    gradients = fg.grad(fg.Graph.of(y), y)
    assert (gradients[h], gradients[x], h.label) == (3.0, 12.0, "h")
    assert isinstance(h.args[0], fg.Node)
    assert h.args[0].label is None
