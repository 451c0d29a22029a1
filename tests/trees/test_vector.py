"""Trees as vectors: back and forth, over numbers, arrays and nodes, and what is refused."""

import pickle
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrsistent import pmap, pvector

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402  # they need numpy
from fgrad import trees  # noqa: E402  # likewise

fg: Any = fgrad  # what is typed is tested in tests/typing


@attrs.frozen
class Layer:
    weight: Any
    bias: Any
    name: str = attrs.field(default="layer", metadata=trees.STATIC)


@dataclass(frozen=True)
class Scaled:
    inner: Any
    factor: float
    unit: str = field(default="m", metadata=trees.STATIC)


class Pair(NamedTuple):
    left: Any
    right: Any


NUMBERS = st.floats(allow_nan=False) | st.integers(-(2**53), 2**53)
SHAPES = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(tuple)
ARRAYS = st.builds(
    lambda shape, seed: np.random.default_rng(seed).normal(size=shape), SHAPES, st.integers(0, 99)
)


def containers(inner: Any) -> Any:
    return st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.lists(inner, max_size=3).map(pvector),
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3).map(pmap),
        st.builds(Layer, inner, inner),
        st.builds(Scaled, inner, NUMBERS),
        st.builds(Pair, inner, inner),
        st.none(),
    )


TREES = st.recursive(NUMBERS | ARRAYS, containers, max_leaves=8)


def same(one: Any, other: Any) -> bool:
    """Whether two trees have one structure, and equal leaves of equal shape."""
    (first, structure), (second, others) = trees.flatten(one), trees.flatten(other)
    pairs = zip(first, second, strict=True)
    return structure == others and all(
        np.shape(a) == np.shape(b) and np.array_equal(a, b) for a, b in pairs
    )


@given(TREES)
def test_a_tree_comes_back_from_its_vector(tree: Any) -> None:
    vector, unravel = trees.ravel(tree)
    assert vector.dtype == np.float64
    assert vector.shape == (sum([np.size(leaf) for leaf in trees.leaves(tree)]),)
    assert same(unravel(vector), tree)
    assert np.array_equal(trees.ravel(unravel(vector))[0], vector)
    again = pickle.loads(pickle.dumps(unravel))
    assert again == unravel == trees.ravel(unravel(vector))[1]
    assert same(again(vector), tree)


@given(TREES)
def test_on_a_node_it_gives_nodes_of_the_same_numbers(tree: Any) -> None:
    vector, unravel = trees.ravel(tree)
    nodes = trees.leaves(unravel(fg.var(vector)))
    assert same([node.value for node in nodes], list(trees.leaves(tree)))
    assert all(isinstance(node, fg.Node) for node in nodes)


@given(TREES)
def test_a_list_of_numbers_is_a_vector_too(tree: Any) -> None:
    vector, unravel = trees.ravel(tree)
    assert same(
        trees.map(lambda leaf: getattr(leaf, "value", leaf), unravel(vector.tolist())), tree
    )


def loss(p: Layer) -> Any:
    return fg.sum(fg.tanh(p.weight @ p.bias) ** 2) + fg.sum(p.bias)


LAYER = Layer(np.arange(6.0).reshape(2, 3) / 5.0, np.array([0.3, -0.2, 0.1]), "first")


def test_a_gradient_by_the_vector_is_the_vector_of_the_gradient() -> None:
    vector, unravel = trees.ravel(LAYER)
    value, slope = fg.value_and_gradient(lambda v: loss(unravel(v)))(vector)
    wanted, tree = fg.value_and_gradient(loss)(LAYER)
    assert value == wanted
    assert np.allclose(slope, trees.ravel(tree)[0], rtol=1e-14)
    (bend,) = fg.hessian(lambda v: loss(unravel(v)))(vector)
    moved = trees.ravel(fg.hvp(loss)(LAYER, unravel(np.eye(9)[2])))[0]
    assert np.allclose(bend[2], moved, rtol=1e-12)


def test_the_vector_of_nodes_is_differentiated() -> None:
    square = fg.gradient(lambda p: fg.sum(trees.ravel(p)[0] ** 2))
    slope = square(LAYER)
    assert np.array_equal(slope.weight, 2.0 * LAYER.weight)
    assert np.array_equal(slope.bias, 2.0 * LAYER.bias)
    assert square([1.0, (2.0, np.ones(2))])[1][0] == 4.0


def test_static_fields_are_kept_and_vectors_of_others_are_independent() -> None:
    vector, unravel = trees.ravel(LAYER)
    found = unravel(2.0 * vector)
    assert found.name == "first"
    assert not vector.flags.writeable
    assert not found.weight.flags.writeable
    assert not np.shares_memory(vector, LAYER.weight)
    moving = vector.copy()
    kept = unravel(moving)
    moving[:] = 0.0
    assert same(kept, LAYER)


def test_numbers_alone_are_traced_and_compiled() -> None:
    vector, unravel = trees.ravel({"a": 3.0, "b": (4.0, 1.0)})
    loose: Any = unravel
    program = fg.compile(lambda v: loose(v)["a"] * loose(v)["b"][0])
    assert program.specialise(vector)(vector) == 12.0


WRONG: list[Any] = [
    np.zeros(8), np.zeros(10), np.zeros((9, 1)), np.zeros((3, 3)), 2.0, np.float64(2.0), [1.0] * 8, (), fg.var(1.0),
    fg.var(np.zeros(8)), fg.var(np.zeros((3, 3))),
]  # fmt: skip


@pytest.mark.parametrize("vector", WRONG, ids=lambda v: f"{np.shape(getattr(v, 'value', v))}")
def test_a_vector_of_another_length_is_named_with_the_length_that_is_needed(vector: Any) -> None:
    unravel: Any = trees.ravel(LAYER)[1]
    with pytest.raises(fg.ShapeMismatch, match=r"unravel does not take shape \(.*vector of 9 numb"):
        unravel(vector)


@pytest.mark.parametrize("vector", ["nine chars", np.zeros(9, "f4"), None, [None] * 9, {1: 2}])
def test_what_is_no_vector_is_named(vector: Any) -> None:
    for tree in ([0.0] * 9, LAYER):
        unravel: Any = trees.ravel(tree)[1]
        with pytest.raises(fg.NotAValue, match="unravel needs"):
            unravel(vector)


def test_a_leaf_that_is_no_number_is_named_by_its_place() -> None:
    untyped: Any = trees
    with pytest.raises(fg.NotAValue, match=r"tree\['a'\]\[1\] needs a number"):
        untyped.ravel({"a": [1.0, "two"]})


def test_a_registry_ravels_its_own_containers() -> None:
    class Box:
        def __init__(self, held: Any) -> None:
            self.held = held

    known = trees.register(Box, lambda box: ({"held": box.held}, None), lambda c, _: Box(**c))
    vector, unravel = known.ravel(Box([1.0, np.ones(2)]))
    assert unravel(3.0 * vector).held[0] == 3.0


def test_its_text_is_one_line() -> None:
    assert repr(trees.ravel(LAYER)[1]) == "<unravel: a vector of 9 numbers to a Layer>"
    assert repr(trees.ravel(1.0)[1]) == "<unravel: a vector of 1 number to a leaf>"


def test_without_numpy_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['numpy'] = None\nimport fgrad as fg\nfg.trees.ravel([1.0])"
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, check=False, text=True)
    assert "trees.ravel needs numpy" in done.stderr.splitlines()[-1]
