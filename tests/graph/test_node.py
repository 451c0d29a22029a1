"""Nodes: frozen, equal only to themselves, and never silently a number."""

import copy
import math
import operator
import pickle
import weakref
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import attrs
import pytest

import fgrad as fg
from fgrad.ops.operand import Guarded

FROZEN = attrs.exceptions.FrozenInstanceError


loose: Any = fg  # what untyped code sees; typed code cannot write most of what follows


def public_objects() -> list[Any]:
    x = fg.var(2.0, "x")
    y = x * x
    graph = fg.Graph.of(y)
    return [
        x, y, x < 1, graph, fg.grad(graph, y), fg.grad_nodes(graph, y),
        fg.sin, fg.add, fg.clip, fg.less, fg.logical_and, fg.logical_not, fg.where,
        Guarded(x < 1, 1.0), fg.UnknownNode("x", 1),
        fg.jacobian(fg.sin)(1.0), fg.trees.flatten([1.0])[1], loose.trees.register(set, list, set),
        fg.adam(), fg.adam().start(1.0), fg.minimize(fg.square, 0.0, fg.adam()),
    ]  # fmt: skip


@pytest.mark.parametrize("thing", public_objects(), ids=lambda t: type(t).__name__)
def test_no_public_object_can_be_written(thing: Any) -> None:
    names = [field.name for field in attrs.fields(type(thing))]
    assert names
    for name in (*names, "something_new"):
        with pytest.raises(FROZEN):
            setattr(thing, name, 0)
    for name in names:
        with pytest.raises(FROZEN):
            delattr(thing, name)


def test_cached_properties_cannot_be_written_either() -> None:
    graph: Any = fg.Graph.of(fg.var(1.0))
    for name in ("nodes", "digest"):
        getattr(graph, name)
        with pytest.raises(FROZEN):
            setattr(graph, name, None)
        with pytest.raises(FROZEN):
            delattr(graph, name)
    with pytest.raises(TypeError):
        graph.nodes[0] = None


def test_a_node_is_a_slotted_attrs_object_made_in_one_go() -> None:
    x = fg.var(2.0, "x")
    for node in (x, x + 1, 1 + x, x * x, fg.sin(x), fg.where(x < 1, x, 2.0), x.named("y")):
        assert type(node) is fg.Node
        assert not hasattr(node, "__dict__")
        assert [getattr(node, f.name) for f in attrs.fields(fg.Node)]
    assert type(x < 1) is fg.Condition
    match x * x:
        case fg.Node(op, (left, right), value):
            assert (op, left, right, value) == (fg.mul, x, x, 4.0)
        case _:
            pytest.fail("a node does not match its own fields")


def test_a_named_condition_is_a_condition() -> None:
    low = (fg.var(1.0) < 2.0).named("low")
    assert type(low) is fg.Condition
    assert (low.label, low.value) == ("low", True)
    assert fg.where(low, 1.0, 0.0).value == 1.0


def test_equality_and_hash_are_identity() -> None:
    x, twin = fg.var(2.0, "x"), fg.var(2.0, "x")
    assert x in [twin, x]
    assert [twin, x].index(x) == 1
    assert {x: 1}[x] == 1
    for compare in (operator.eq, operator.ne):
        assert compare(x, twin) is (compare is operator.ne)  # no sign stands there
    with pytest.raises(fg.SilentDetach, match=r"equal\(x, y\)"):
        _ = x == twin
    with pytest.raises(fg.SilentDetach, match="x is y"):
        _ = x != twin
    assert len({x, twin, x}) == 2
    assert loose.var(2.0) != "x"
    assert x not in [twin, None]


def test_literals_stay_literals_and_ints_become_floats() -> None:
    x = fg.var(2)
    y = 3 * x + Fraction(1, 2).__float__() - 10**400
    assert type(x.value) is float
    assert y.args[1] == math.inf
    assert (x + 1).args == (x, 1.0)
    assert type((x + 1).args[1]) is float
    assert (1 + x).args == (1.0, x)
    assert (2**x).value == 4.0
    assert (7 % x).value == 1.0
    assert (x % 1.5).value == 0.5
    assert (1 / x).value == 0.5
    assert (x / 0).value == math.inf
    assert (5 - x).value == 3.0
    assert (-x).value == -2.0
    assert +x is x


def detached(action: Callable[[Any], object]) -> fg.SilentDetach:
    with pytest.raises(fg.SilentDetach) as caught:
        action(fg.var(2.0, "x"))
    assert isinstance(caught.value, TypeError)
    assert "label='x'" in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("action", "way_out"),
    [
        (math.sin, "fg.sin"),
        (float, "node.value"),
        (int, "node.value"),
        (complex, "node.value"),
        (bool, "where"),
        (lambda x: 1 if x > 0 else 2, "where"),
        (lambda x: 0 < x < 1, "where"),
        (lambda x: x == 2.0, "equal"),
        (lambda x: x != 2, "equal"),
        (lambda x: x == True, "equal"),  # noqa: E712  # a mistake on purpose
    ],
)
def test_python_never_gets_a_plain_number_out_of_a_node(action: Any, way_out: str) -> None:
    if way_out == "where" and action is not bool:
        with pytest.raises(fg.SilentDetach, match=way_out):
            action(fg.var(2.0))
    else:
        assert way_out in detached(action).advice


@pytest.mark.parametrize(
    "action",
    [
        lambda x: loose.var(True),
        lambda x: loose.var("3"),
        lambda x: loose.var(1j),
        lambda x: loose.var(None),
        loose.var,
        lambda x: x * "s",
        lambda x: "s" * x,
        lambda x: x * True,
        lambda x: False + x,
        lambda x: x * 1j,
        lambda x: x + None,
        lambda x: x + [1.0],  # noqa: RUF005  # addition is what is wrong
        lambda x: loose.sin("3"),
        lambda x: loose.sin(True),
        lambda x: loose.atan2(x, "3"),
        lambda x: (x < 1) * x,
        lambda x: x * (x < 1),
        lambda x: 2.0 * (x < 1),
        lambda x: -(x < 1),
        lambda x: +(x < 1),
        lambda x: abs(x < 1),
        lambda x: (x < 1) < 2,
        lambda x: loose.sin(x < 1),
        lambda x: loose.where(x, 1.0, 2.0),
        lambda x: loose.where(1.0, x, 2.0),
        lambda x: loose.where(x < 1, x < 1, 2.0),
        lambda x: loose.logical_and(x, True),
        lambda x: loose.logical_not(1.0),
        lambda x: loose.Graph.of(1.0),
        lambda x: loose.Graph.of(x).extend(None),
        lambda x: x.named(3),
        lambda x: loose.var(1.0, 3),
        lambda x: loose.dot([x], [x, x]),
    ],
)
def test_what_is_no_value_is_refused_with_advice(action: Any) -> None:
    with pytest.raises(fg.NotAValue) as caught:
        action(fg.var(2.0))
    assert isinstance(caught.value, TypeError)
    assert caught.value.advice
    assert caught.value.needed in str(caught.value)


def test_a_foreign_left_operand_cannot_detach_a_node() -> None:
    numpy = pytest.importorskip("numpy", reason="numpy is an extra")
    x = fg.var(2.0)
    product: Any
    for product in (numpy.array([1.0, 2.0]) * x, x * numpy.array([1.0, 2.0])):
        assert isinstance(product, fg.ArrayNode)
        assert product.value.tolist() == [2.0, 4.0]
    assert numpy.sin(x).op is fg.sin
    assert (x * numpy.float64(3.0)).args == (x, 3.0)
    assert (numpy.float64(3.0) * x).args == (3.0, x)


def test_a_copy_is_the_node_itself_and_a_lone_pickle_is_refused() -> None:
    x = fg.var(2.0, "x")
    assert copy.copy(x) is x
    assert copy.deepcopy([x])[0] is x
    with pytest.raises(fg.NotPicklable, match="Graph"):
        pickle.dumps(x)


def test_a_copy_of_a_graph_or_of_gradients_keeps_its_variables() -> None:
    x = fg.var(2.0, "x")
    y = x * x
    graph = fg.Graph.of(y)
    for thing in (graph, fg.grad(graph, y), fg.grad_nodes(graph, y)):
        assert copy.copy(thing) is thing
        assert copy.deepcopy({"kept": [thing]})["kept"][0] is thing


def test_the_text_of_a_node_is_short_however_large_it_is() -> None:
    x = fg.var(2.0, "x")
    assert repr(x) == "Node(variable, value=2.0, label='x')"
    assert repr(fg.atan2(x, 1.0)) == "Node(atan2(x, 1.0), value=1.1071487177940904)"
    deep = x
    for _ in range(2000):
        deep = deep + deep
    assert len(repr(deep)) < 100


def test_nodes_are_freed_with_their_last_reference() -> None:
    x = fg.var(2.0)
    y = x * x
    watched = weakref.ref(y)
    del y
    assert watched() is None


def test_a_repr_is_one_short_line_whatever_the_labels_and_values() -> None:
    odd = fg.var(1.0, "a\n\x1b[31m" + "x" * 100_000)
    wide = fg.Unary("no\nname", lambda x: x, None)
    several = fg.custom(lambda xs: xs, vjp=lambda xs, ys, bars: bars)
    call = several([fg.var(float(i)) for i in range(5_000)])[0].args[0]
    for node in (odd, odd * 2.0, fg.square(odd), wide(odd), call):
        assert len(repr(node)) < 1_000
        assert repr(node).isprintable()
