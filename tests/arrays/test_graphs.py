"""Graphs in which there are arrays: the same value, digest and pickle as those of numbers."""

import copy
import pickle
import subprocess
import sys
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402
from fgrad.formats.graphviz.writer import dot, spell  # noqa: E402
from tests.samples.arrays import WHOLE, Case  # noqa: E402  # they need numpy
from tests.samples.numpy_cases import NUMPY  # noqa: E402  # likewise

fg: Any = fgrad  # what is typed is tested in tests/typing


def made(scale: float = 2.0, rows: Any = (0, 2, 0)) -> Any:
    w = fg.var(np.arange(6.0).reshape(3, 2), "w")
    x = fg.var(0.5, "x")
    y = fg.sum(fg.tanh(w[list(rows)] @ np.array([1.0, scale])) * x)
    return fg.Graph.of(y, w, x), y, w, x


def test_graphs_of_arrays_are_equal_when_they_are_the_same_computation() -> None:
    graph, other = made()[0], made()[0]
    assert graph == other
    assert hash(graph) == hash(other)
    assert graph.digest == other.digest
    for different in (made(scale=3.0)[0], made(rows=(0, 1, 0))[0]):
        assert graph != different
        assert graph.digest != different.digest


def test_the_digest_is_the_same_in_every_process() -> None:
    program = "from tests.arrays.test_graphs import made; print(made()[0].digest)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == made()[0].digest


def test_a_graph_and_its_gradients_survive_pickling() -> None:
    graph, y, w, _ = made()
    gradients = fg.grad(graph, y)
    back, again = pickle.loads(pickle.dumps((graph, gradients)))
    assert back == graph
    assert [type(node) for node in back.nodes] == [type(node) for node in graph.nodes]
    value = back.outputs[0]
    assert value.value == y.value
    fresh = fg.grad(back, value)
    assert np.array_equal(fresh[back.outputs[1]], gradients[w])
    assert np.array_equal(again[again.graph.outputs[1]], gradients[w])
    for node in (*back.nodes, *again.graph.nodes):
        for array in (node.value, *node.args, again[again.graph.outputs[1]]):
            assert not isinstance(array, np.ndarray) or not array.flags.writeable
    assert copy.deepcopy(graph) is graph


@pytest.mark.parametrize("case", WHOLE + NUMPY, ids=str)
def test_every_operation_is_pickled_and_found_again(case: Case) -> None:
    y = case.f(*[fg.var(a) for a in case.arguments()])
    graph = fg.Graph.of(y)
    back = pickle.loads(pickle.dumps(graph))
    assert back == graph
    assert back.digest == graph.digest
    assert [a.op for a in back.nodes] == [a.op for a in graph.nodes]


def test_a_node_of_an_array_is_shown_by_its_shape_and_not_by_its_numbers() -> None:
    w = fg.var(np.zeros((200, 300)), "w")
    for node in (w, w * w + np.ones(300), w.sum(), w > 0.0, (w * 2.0).named("twice")):
        assert len(repr(node)) < 80
    assert repr(w) == "ArrayNode(variable, shape=(200, 300), label='w')"
    assert (
        repr(w.sum(0) * np.ones(300))
        == "ArrayNode(mul(sum(…), an array of shape (300,)), shape=(300,))"
    )
    assert copy.copy(w) is w


def test_a_graph_is_printed_and_drawn_with_shapes_and_norms() -> None:
    w = fg.var(np.arange(200.0).reshape(20, 10), "w")
    y = fg.sum(w * np.ones(10))
    graph = fg.Graph.of(y)
    lines = fg.show(graph).splitlines()
    assert lines[1] == "  w = variable()  # array (20, 10) of norm 1626.87"
    assert lines[2].startswith("  %1 = mul(w, array (10,) of norm 3.16228)")
    assert len(lines) == 5
    drawn = dot(graph, fg.grad(graph, y))
    assert (
        r"w\nvalue array (20, 10) of norm 1626.87\ngradient array (20, 10) of norm 14.1421" in drawn
    )


def test_an_operation_on_whole_arrays_is_shown_with_what_it_is_made_of() -> None:
    w = fg.var(np.ones((4, 3)))
    y = fg.sum(w[:, [0, 0, 1]] @ np.ones(3), 0) + fg.max(w)
    shown = fg.show(fg.Graph.of(y))
    for word in ("index[:, array (3,)](", "contract[ab,b->a](", "sum[(0,)](", "max[0, 1]("):
        assert word in shown, shown
    assert "@" not in shown
    texts = list(spell(fg.Graph.of(w * np.ones(3))).values())
    assert texts == [
        "var(array (4, 3) of norm 3.4641)",
        "var(array (4, 3) of norm…ay (3,) of norm 1.73205",
    ]


def test_pickle_hands_arrays_on_without_a_copy() -> None:
    w = fg.var(np.arange(50_000.0).reshape(-1, 10), "w")
    graph = fg.Graph.of(fg.sum(fg.tanh(w @ np.ones((10, 10)))))
    buffers: list[Any] = []
    data = pickle.dumps(graph, protocol=5, buffer_callback=buffers.append)
    assert len(data) < 2_000
    back = pickle.loads(data, buffers=buffers)
    assert back == graph
    assert np.shares_memory(back.variables[0].value, w.value)
    with pytest.raises(ValueError, match="read-only"):
        back.variables[0].value[0] = 1.0


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol_gives_arrays_that_nobody_writes_to(protocol: int) -> None:
    graph, y, *_ = made()
    back, gradients = pickle.loads(pickle.dumps((graph, fg.grad(graph, y)), protocol))
    assert back == graph
    assert back.digest == graph.digest
    arrays = [x for node in back.nodes for x in (node.value, *node.args)]
    for array in (*arrays, *gradients.values()):
        assert not isinstance(array, np.ndarray) or not array.flags.writeable


def test_the_nodes_of_a_program_on_arrays_are_nodes_of_arrays() -> None:
    program = fg.trace(lambda x, y: x * y + 1.0)(1.0, 2.0)
    (plain,) = program.nodes((np.ones(2), np.ones(2)))
    (node,) = program.nodes((fg.var(np.ones(2)), np.ones(2)))
    assert type(plain) is type(node) is fg.ArrayNode
    assert np.array_equal(plain.value, node.value)
