"""The graph as a value: order, equality, digest, pickle; and a million nodes of everything."""

import copy
import os
import pickle
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fgrad as fg
from tests.samples.strategies import BRANCHING, Recipe, recipes

N = 1_000_000
loose: Any = fg  # what untyped code sees

offset = fg.Unary("offset", lambda x: x + 1.0, lambda out, x: 1.0)


def build(label: str = "x") -> tuple[fg.Node[float], fg.Node[float]]:
    x = fg.var(2.0, label)
    return x, fg.where(x > 1, x * x + fg.sin(x), 3.0)


def test_arguments_stand_before_their_users() -> None:
    x, y = build()
    graph = fg.Graph.of(y)
    place = {node: i for i, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        assert all(place[a] < place[node] for a in node.args if isinstance(a, fg.Node))
        assert graph.position(node) == place[node]
    assert graph.variables == (x,)
    assert (x in graph, fg.var(2.0) in graph, 3.0 in graph) == (True, False, False)
    assert len(graph) == len(graph.nodes) == 6


@given(recipes(BRANCHING, st.floats(-2.0, 2.0)))
def test_extending_is_the_same_as_starting_with_all_outputs(recipe: Recipe) -> None:
    nodes = recipe.nodes(BRANCHING)
    whole = fg.Graph.of(*nodes)
    grown = fg.Graph.of()
    for node in nodes:
        grown = grown.extend(node)
    assert list(grown.nodes) == list(whole.nodes)
    assert grown == whole
    assert grown.digest == whole.digest
    assert grown.outputs == whole.outputs


def test_extending_leaves_the_graph_and_its_nodes_alone() -> None:
    x, y = build()
    graph = fg.Graph.of(y)
    nodes = graph.nodes
    larger = graph.extend(y * x)
    assert graph.nodes is nodes
    assert list(larger.nodes[: len(nodes)]) == list(nodes)
    assert (len(graph), len(larger)) == (6, 7)
    assert larger.extend(x).nodes == larger.nodes


def test_graphs_are_equal_when_they_are_the_same_computation() -> None:
    one, two = fg.Graph.of(build()[1]), fg.Graph.of(build()[1])
    assert one == two
    assert hash(one) == hash(two)
    assert one.digest == two.digest
    assert one != "graph"


def different() -> list[fg.Graph]:
    x, y = fg.var(2.0), fg.var(2.0)
    named = fg.var(2.0, "x")
    return [
        fg.Graph.of(),
        fg.Graph.of(x),
        fg.Graph.of(named),
        fg.Graph.of(x, y),
        fg.Graph.of(x, x),
        fg.Graph.of(x + x),
        fg.Graph.of(x + y),
        fg.Graph.of(x * x),
        fg.Graph.of(x + 1.0),
        fg.Graph.of(x + 2.0),
        fg.Graph.of(1.0 + x),
        fg.Graph.of(x + 0.0),
        fg.Graph.of(x + -0.0),
        fg.Graph.of(x - y),
        fg.Graph.of(y, x - y),
        fg.Graph.of(fg.where(x < y, x, y)),
        fg.Graph.of(fg.where(x < y, y, x)),
        fg.Graph.of(fg.logical_or(x < y, True)),
        fg.Graph.of(fg.logical_or(x < y, False)),
        fg.Graph.of(offset(x)),
        fg.Graph.of((x + y).named("sum")),
    ]


def test_every_difference_shows_in_equality_and_digest() -> None:
    graphs = different()
    for i, one in enumerate(graphs):
        for j, two in enumerate(graphs):
            assert (one == two) is (i == j)
            assert (one.digest == two.digest) is (i == j)


def test_a_graph_of_functions_without_a_name_has_no_digest() -> None:
    of_functions: list[Any] = [
        loose.root(lambda x, a: x * x - a, 1.0),
        loose.root(lambda x, a: x * x * x - a, 1.0),
        loose.custom(lambda a: a, vjp=lambda a, y, bar: bar),
        loose.custom(lambda a: a * a, vjp=lambda a, y, bar: 2.0 * a * bar),
    ]
    graphs = [fg.Graph.of(f(fg.var(2.0))) for f in of_functions]
    for graph in graphs:
        with pytest.raises(fg.NotPicklable, match="made of functions"):
            _ = graph.digest
    assert len(set(graphs)) == len(graphs)
    again = fg.Graph.of(*graphs[0].outputs)
    assert again == graphs[0]
    assert hash(again) == hash(graphs[0])


def test_a_graph_of_calls_goes_by_the_programs_that_it_calls() -> None:
    def digest(f: Any) -> str:
        return fg.Graph.of(fg.compile(f)(fg.var(2.0))).digest

    assert digest(lambda x: x * x) == digest(lambda y: y * y)
    assert digest(lambda x: x * x) != digest(lambda x: x + x)


def test_a_users_operation_is_not_taken_for_ours_of_that_name() -> None:
    impostor = fg.Unary("sin", lambda x: x, lambda out, x: 1.0)
    ours, theirs = (fg.Graph.of(op(fg.var(1.0))) for op in (fg.sin, impostor))
    assert ours != theirs
    assert ours.digest != theirs.digest


def test_values_of_variables_do_not_count() -> None:
    for value in (0.0, -7.0, float("nan")):
        x, y = fg.var(value), fg.var(2.0)
        assert fg.Graph.of(x * y) == fg.Graph.of(fg.var(1.0) * fg.var(1.0))
    x = fg.var(1.0)
    assert fg.Graph.of(x * float("nan")) == fg.Graph.of(fg.var(3.0) * float("nan"))


def test_the_digest_is_the_same_in_every_process() -> None:
    program = "import fgrad as fg; x = fg.var(1.0, 'x'); print(fg.Graph.of(fg.where(x > 1, x * x + fg.sin(x), 3.0)).digest)"
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in range(3)
    }
    assert digests == {fg.Graph.of(build()[1]).digest}


@given(recipes(BRANCHING, st.floats(-2.0, 2.0)))
def test_a_pickle_keeps_everything(recipe: Recipe) -> None:
    nodes = recipe.nodes(BRANCHING)
    graph = fg.Graph.of(nodes[-1], *nodes[: len(recipe.inputs)])
    back = pickle.loads(pickle.dumps(graph))
    assert back == graph
    assert repr([n.value for n in back.nodes]) == repr([n.value for n in graph.nodes])
    assert [n.depth for n in back.nodes] == [n.depth for n in graph.nodes]
    assert [type(n) for n in back.nodes] == [type(n) for n in graph.nodes]
    before, after = (list(fg.grad(g, g.outputs[0]).values()) for g in (graph, back))
    assert repr(before) == repr(after)
    pairs = zip(back.outputs[1:], back.variables, strict=False)
    assert all(x is v for x, v in pairs) or len(recipe.inputs) > 1


def test_outputs_share_their_variables_after_pickling() -> None:
    x, y = build()
    back = pickle.loads(pickle.dumps(fg.Graph.of(y, x)))
    loss, variable = back.outputs
    assert fg.grad(back, loss)[variable] == fg.grad(fg.Graph.of(y), y)[x]


def test_a_users_operation_pickles_by_its_global_name() -> None:
    graph = fg.Graph.of(offset(fg.var(1.0)))
    assert pickle.loads(pickle.dumps(graph)) == graph
    lost = fg.Unary("lost", lambda x: x, None)
    with pytest.raises(fg.NotPicklable, match="lost"):
        pickle.dumps(fg.Graph.of(lost(fg.var(1.0))))


@pytest.fixture(scope="module")
def chain() -> tuple[fg.Node[float], fg.Node[float]]:
    x = fg.var(1.0, "x")
    y = x
    for _ in range(N):
        y = y * 1.0
    return x, y


def test_a_million_nodes_are_differentiated(chain: tuple[Any, Any]) -> None:
    x, y = chain
    graph = fg.Graph.of(y)
    assert fg.grad(graph, y)[x] == 1.0
    assert len(graph) == N + 1


def test_a_million_nodes_are_differentiated_over_nodes(chain: tuple[Any, Any]) -> None:
    x, y = chain
    slope = fg.grad_nodes(fg.Graph.of(y), y)[x]
    assert slope.value == 1.0


def test_a_million_nodes_are_printed_and_copied(chain: tuple[Any, Any]) -> None:
    y = chain[1]
    assert repr(y) == "Node(mul(mul(…), 1.0), value=1.0)"
    assert copy.copy(y) is copy.deepcopy(y) is y
    shown = repr(fg.Graph.of(y))
    assert shown.startswith(f"Graph({N + 1} nodes, 1 variables, 1 outputs):\n")
    assert f"… {N + 1 - 12:,} nodes hidden" in shown
    assert shown.endswith(f"  return %{N}")
    assert len(shown) < 1_000


def test_a_million_nodes_are_pickled_compared_and_digested(chain: tuple[Any, Any]) -> None:
    y = chain[1]
    graph = fg.Graph.of(y)
    data = pickle.dumps(graph)
    assert len(data) < 50 * len(graph)
    back = pickle.loads(data)
    assert back == graph
    assert back.digest == graph.digest
    assert fg.grad(back, back.outputs[0])[back.variables[0]] == 1.0


def test_two_million_shared_nodes_are_folded_once_each() -> None:
    x = fg.var(1.0)
    y = x
    for _ in range(N):
        y = y + y * 0.0
    assert fg.grad(fg.Graph.of(y), y)[x] == 1.0
