"""Trees: taken apart and put together again, with sharing kept and errors that name the place."""

import dataclasses
import pickle
from collections import OrderedDict
from typing import Any, NamedTuple

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrsistent import pmap, pvector

import fgrad as fg
from fgrad import trees


@attrs.frozen
class Layer:
    weight: Any
    bias: Any
    activation: Any = attrs.field(default="tanh", metadata=trees.STATIC)


@attrs.define
class Loose:
    left: Any
    right: Any


@dataclasses.dataclass(frozen=True)
class Window:
    low: Any
    high: Any
    name: str = dataclasses.field(default="window", metadata=trees.STATIC)


class Point(NamedTuple):
    x: Any
    y: Any


@attrs.frozen
class Checked:
    """Refuses anything but a float when it is made."""

    size: Any = attrs.field(validator=attrs.validators.instance_of(float))
    twice: Any = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "twice", 2.0 * self.size)


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    few = st.lists(inner, max_size=3)
    keys = st.one_of(st.integers(), st.text(max_size=3), st.booleans(), st.none())
    return st.one_of(
        few,
        few.map(tuple),
        few.map(pvector),
        st.dictionaries(keys, inner, max_size=3),
        st.dictionaries(st.text(max_size=3), inner, max_size=3).map(pmap),
        st.builds(Layer, inner, inner, st.sampled_from(["tanh", abs, None])),
        st.builds(Loose, inner, inner),
        st.builds(Window, inner, inner, st.text(max_size=2)),
        st.builds(Point, inner, inner),
    )


TREES = st.recursive(st.none() | st.floats(-9.0, 9.0), containers, max_leaves=12)


@given(TREES)
def test_a_tree_comes_back_from_its_leaves_and_its_structure(tree: Any) -> None:
    leaves, structure = trees.flatten(tree)
    back = structure.unflatten(leaves)
    assert back == tree
    assert type(back) is type(tree)
    assert len(structure) == len(leaves) == len(trees.paths(tree)) == len(set(trees.paths(tree)))
    assert trees.flatten(back) == (leaves, structure)


@given(TREES)
def test_map_keeps_the_structure_and_composes(tree: Any) -> None:
    def half(x: Any) -> Any:
        return 0.5 * x

    def more(x: Any) -> Any:
        return x + 1.0

    assert trees.map(lambda x: x, tree) == tree
    assert trees.map(more, trees.map(half, tree)) == trees.map(lambda x: more(half(x)), tree)
    assert trees.leaves(trees.map(half, tree)) == tuple([half(x) for x in trees.leaves(tree)])
    assert trees.flatten(trees.map(half, tree))[1] == trees.flatten(tree)[1]


@given(TREES)
def test_map_over_two_trees_pairs_their_leaves(tree: Any) -> None:
    doubled = trees.map(lambda x: 2.0 * x, tree)
    total = trees.map(lambda x, y: y - x, tree, doubled)
    assert trees.leaves(total) == tuple([2.0 * x - x for x in trees.leaves(tree)])


def test_paths_are_written_as_one_would_reach_the_leaf() -> None:
    tree = {"net": [Layer((1.0, 2.0), None)], 3: Point(Window(1.0, 2.0), pmap({"k": 4.0}))}
    assert trees.paths(tree) == (
        "['net'][0].weight[0]",
        "['net'][0].weight[1]",
        "[3].x.low",
        "[3].x.high",
        "[3].y['k']",
    )
    assert trees.paths(1.0) == ("",)


def test_a_dict_keeps_the_order_of_its_keys_and_is_paired_by_them() -> None:
    tree = {"b": 1.0, "a": 2.0}
    assert list(trees.map(lambda x: x, tree)) == ["b", "a"]
    assert trees.map(lambda x, y: x * y, tree, {"a": 10.0, "b": 100.0}) == {"b": 100.0, "a": 20.0}
    unsortable: dict[Any, Any] = {1: 1.0, "a": 2.0, None: 3.0}
    assert trees.leaves(unsortable) == (1.0, 2.0, 3.0)
    assert set(trees.leaves(pmap(unsortable))) == {1.0, 2.0, 3.0}


def test_a_persistent_map_is_read_in_the_order_of_its_keys() -> None:
    tree = pmap({f"k{i}": float(i) for i in range(9)})
    assert trees.leaves(tree) == tuple([float(i) for i in range(9)])


def test_a_node_that_stands_twice_stays_one_variable() -> None:
    shared, other = fg.var(1.0), fg.var(1.0)
    tree = Layer([shared, other], {"again": shared})
    mapped = trees.map(lambda x: fg.var(x.value), tree)
    assert mapped.weight[0] is mapped.bias["again"]
    assert mapped.weight[0] is not mapped.weight[1]
    numbers = trees.map(lambda x: object(), [1.0, 1.0])
    assert numbers[0] is not numbers[1]
    pair: list[Any] = [shared, shared]
    paired = trees.map(lambda x, y: fg.var(y), pair, [1.0, 2.0])
    assert [p.value for p in paired] == [1.0, 2.0]


def test_static_fields_pass_through() -> None:
    layer = Layer(1.0, 2.0, activation=abs)
    assert trees.leaves(layer) == (1.0, 2.0)
    assert trees.map(lambda x: -x, layer) == Layer(-1.0, -2.0, abs)


def test_an_object_is_copied_without_its_init() -> None:
    mapped = trees.map(lambda x: fg.var(x), Checked(1.5))  # noqa: PLW0108  # as users write it
    assert (mapped.size.value, mapped.twice.value) == (1.5, 3.0)


def test_structures_are_values() -> None:
    one, two = (trees.flatten(Layer((x, 2.0), None))[1] for x in (1.0, 5.0))
    assert one == two
    assert hash(one) == hash(two)
    assert one != trees.flatten(Layer((1.0,), None))[1]
    assert one != trees.flatten(Layer((1.0, 2.0), None, "relu"))[1]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        one.kind = None  # type: ignore[misc]


class Matrix:
    """A class that knows nothing of trees."""

    def __init__(self, rows: list[list[float]], unit: str) -> None:
        self.rows, self.unit = rows, unit


def test_registering_gives_another_registry_and_changes_no_other() -> None:
    matrix = Matrix([[1.0, 2.0]], "m")
    known = trees.register(
        Matrix,
        lambda m: ({"rows": m.rows}, m.unit),
        lambda children, static: Matrix(children["rows"], static),
    )
    assert known.leaves((matrix, 3.0)) == (1.0, 2.0, 3.0)
    assert known.paths(matrix) == ("['rows'][0][0]", "['rows'][0][1]")
    doubled = known.map(lambda x: 2.0 * x, matrix)
    assert (doubled.rows, doubled.unit) == ([[2.0, 4.0]], "m")
    with pytest.raises(fg.NotAValue, match=r"tree\[0\]"):
        trees.leaves((matrix, 3.0))


def test_a_cyclic_list_is_an_error_and_a_repeated_one_is_not() -> None:
    cyclic: list[Any] = [1.0, {}]
    cyclic[1]["self"] = [cyclic]
    with pytest.raises(fg.CyclicTree) as caught:
        trees.leaves(cyclic)
    assert caught.value.path == "tree[1]['self'][0]"
    twice = [1.0]
    assert trees.leaves([twice, twice]) == (1.0, 1.0)


def test_a_tree_too_deep_is_an_error() -> None:
    tree: Any = 1.0
    for _ in range(100_000):
        tree = [tree]
    with pytest.raises(fg.NotAValue, match="200 levels"):
        trees.leaves(tree)


@pytest.mark.parametrize("leaf", ["x", True, 1j, object(), OrderedDict(a=1.0), {1.0}])
def test_a_leaf_that_is_no_number_is_named_by_its_place(leaf: Any) -> None:
    with pytest.raises(fg.NotAValue) as caught:
        trees.flatten({"layers": [Layer(1.0, leaf)]}, "params")
    assert caught.value.where == "params['layers'][0].bias"


@pytest.mark.parametrize(
    ("one", "two", "path"),
    [
        ([1.0], [1.0, 2.0], "tree 2"),
        ([1.0], (1.0,), "tree 2"),
        ({"a": [1.0]}, {"a": 1.0}, "tree 2['a']"),
        ({"a": 1.0}, {"a": [1.0]}, "tree 2['a']"),
        ({"a": 1.0}, {"b": 1.0}, "tree 2"),
        ([Layer(1.0, 2.0)], [Layer(1.0, None)], "tree 2[0].bias"),
        ([Layer(1.0, 2.0)], [Layer(1.0, 2.0, "relu")], "tree 2[0]"),
        (Point(1.0, 2.0), (1.0, 2.0), "tree 2"),
        (None, 1.0, "tree 2"),
    ],
)
def test_a_structure_that_does_not_match_is_named_by_its_place(
    one: Any, two: Any, path: str
) -> None:
    with pytest.raises(fg.TreeMismatch) as caught:
        trees.map(lambda x, y: x, one, two)
    assert caught.value.path == path
    with pytest.raises(fg.TreeMismatch):
        trees.map(lambda x, y: x, two, one)


def test_a_wrong_number_of_leaves_is_an_error() -> None:
    structure = trees.flatten([1.0, 2.0])[1]
    for leaves in ((), (1.0,), (1.0, 2.0, 3.0)):
        with pytest.raises(fg.TreeMismatch, match="2 leaves"):
            structure.unflatten(leaves)


def test_trees_of_numbers_pickle_with_their_gradients() -> None:
    params = Layer((0.5, -0.5), 0.1)
    nodes = trees.map(fg.var, params)
    loss = fg.tanh(nodes.weight[0] * 2.0 + nodes.weight[1] * 3.0 + nodes.bias)
    gradients = fg.grad(fg.Graph.of(loss), loss)
    slope = trees.map(lambda x: gradients[x], nodes)
    assert type(slope) is Layer
    assert slope.weight[0] / slope.bias == pytest.approx(2.0)
    assert pickle.loads(pickle.dumps(slope)) == slope
