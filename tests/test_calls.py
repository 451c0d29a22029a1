"""Calls of compiled functions: on every path, what the function itself would answer."""

import dataclasses
import datetime as dt
import decimal
import enum
import itertools
from typing import Any, NamedTuple

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrsistent import pmap, pvector

import fgrad as fg
from fgrad import trees
from fgrad.kernel import native_is_installed
from fgrad.sameness import exact, same

TIERS: Any = ("python", "reference", *(["native"] if native_is_installed() else []))
loose: Any = fg  # what untyped code sees


@attrs.frozen
class Slotted:
    x: Any
    mode: Any = attrs.field(default=None, metadata=trees.STATIC)


@dataclasses.dataclass(frozen=True)
class Open:
    x: Any
    mode: Any = dataclasses.field(default=None, metadata=trees.STATIC)


@attrs.frozen
class Mode:
    flag: Any
    note: Any = attrs.field(default=None, eq=False)


@dataclasses.dataclass(frozen=True)
class Setting:
    flag: Any


class Way(NamedTuple):
    flag: Any


class Name(enum.StrEnum):
    a = "a"


ZONE = dt.timezone(dt.timedelta(hours=1))
NOON = dt.datetime(2020, 1, 1, 12, tzinfo=dt.UTC)
# In each row all are equal, and have one hash; a function can tell them apart.
EQUAL: list[tuple[Any, ...]] = [
    (True, 1, 1.0, decimal.Decimal(1), 1 + 0j),
    (0.0, -0.0, 0, False),
    (0j, complex(-0.0, 0.0)),
    (decimal.Decimal("1.0"), decimal.Decimal("1.00")),
    ("a", Name.a),
    ((True, "a"), (1, "a"), (1.0, Name.a)),
    (("b", (0.0,)), ("b", (-0.0,))),
    (frozenset([1]), frozenset([True])),
    (Mode(1), Mode(True), Mode(1.0)),
    (Mode((0.0,)), Mode((-0.0,))),
    (Setting(1), Setting(True)),
    (Way(1), Way(True), (1,)),
    (pvector([0.0]), pvector([-0.0])),
    (pmap({"k": 1}), pmap({"k": True})),
    (range(0, 3, 2), range(0, 4, 2)),
    (NOON, NOON.astimezone(ZONE)),
]


def seen(value: Any) -> str:
    """What a function sees of a value."""
    return f"{type(value).__name__} {value!r}"


@pytest.mark.parametrize("row", EQUAL)
def test_equal_values_that_differ_are_not_the_same(row: tuple[Any, ...]) -> None:
    for one, other in itertools.permutations(row, 2):
        assert one == other
        assert not same(one, other)
        assert exact(one) != exact(other)
    for one in row:
        assert same(one, one)
        assert hash(exact(one)) == hash(exact(one))
        assert exact(one) == exact(one)


def test_values_that_nobody_can_tell_apart_are_the_same() -> None:
    texts = "relu", "relux"[:4]
    assert texts[0] is not texts[1]
    for one, other in [
        texts, (float("nan"), float("nan")), ((texts[0], 2.0), (texts[1], 2.0)),
        (Mode(texts[0], note=1), Mode(texts[1], note=2)), ([1, 2], [1, 2]), ({"a": [1]}, {"a": [1]}),
    ]:  # fmt: skip
        assert same(one, other)
    assert not same({"a": 1, "b": 2}, {"b": 2, "a": 1})
    assert not same(object(), object())
    with pytest.raises(TypeError, match="unhashable"):
        hash(exact(("a", [1])))


@pytest.mark.parametrize("kind", [Slotted, Open])
@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("row", EQUAL)
def test_equal_static_fields_that_differ_have_programs_of_their_own(
    row: tuple[Any, ...], tier: Any, kind: Any
) -> None:
    table = {seen(value): 1.0 + i for i, value in enumerate(row)}
    assert len(table) == len(row)

    def f(p: Any) -> Any:
        return kind(p.x * table[seen(p.mode)], p.mode)

    fast: Any = fg.compile(f, tier=tier)
    for value in (*row, *reversed(row), *row):
        for got in (fast(kind(2.0, value)), fast(p=kind(2, value)), fast(kind(fg.var(2.0), value))):
            answer = fg.trees.map(lambda x: x.value if isinstance(x, fg.Node) else x, got)
            assert answer.x == f(kind(2.0, value)).x
            assert seen(answer.mode) == seen(value)
    assert len(fast.specialisations) == 2 * len(row)  # by position and by name


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("row", EQUAL)
def test_keys_are_told_apart_as_static_fields_are(row: tuple[Any, ...], tier: Any) -> None:
    table = {seen(value): 1.0 + i for i, value in enumerate(row)}

    def f(d: Any) -> Any:
        return {key: x * table[seen(key)] for key, x in d.items()}

    fast: Any = fg.compile(f, tier=tier)
    for key in (*row, *reversed(row), *row):
        got, known = fast({key: 3.0}), f({key: 3.0})
        assert got == known
        assert list(map(seen, got)) == list(map(seen, known))


def orders(tree: Any) -> st.SearchStrategy[Any]:
    """The tree with the keys of its dicts in any order."""
    if isinstance(tree, dict):
        inner = st.fixed_dictionaries({key: orders(x) for key, x in tree.items()})
        return st.tuples(inner, st.permutations(list(tree))).map(
            lambda made: {key: made[0][key] for key in made[1]}
        )
    if isinstance(tree, list):
        return st.tuples(*map(orders, tree)).map(list)
    return st.just(tree)


TREE = [{"a": 1.5, "b": {"c": 2.5, 3: 3.5, None: 4.5}}, {(1, 2): 5.5, (2.0, 1): 6.5, True: 7.5}]


def told(tree: Any, weight: float = 1.0) -> Any:
    """A function that minds the order of keys, which its result has."""
    if isinstance(tree, dict):
        return {key: told(x, weight + 0.1 * i) for i, (key, x) in enumerate(tree.items())}
    if isinstance(tree, list):
        return [told(x, weight + 10.0 * i) for i, x in enumerate(tree)]
    return weight * tree


@pytest.mark.parametrize("tier", TIERS)
@given(calls=st.lists(orders(TREE), min_size=2, max_size=5))
def test_the_order_of_keys_is_that_of_the_call(tier: Any, calls: list[Any]) -> None:
    fast: Any = fg.compile(told, tier=tier)
    both: Any = fg.compile(lambda *args, **kwargs: [told(list(args)), told(kwargs)], tier=tier)
    for tree in (*calls, *calls):
        known = told(tree)
        assert repr(fast(tree)) == repr(known)
        assert repr(fast(tree, weight=2.0)) == repr(told(tree, 2.0))
        assert repr(both(tree[0], **tree[0])) == repr([told([tree[0]]), told(tree[0])])
        whole = trees.map(round, tree)
        assert repr(fast(whole)) == repr(told(whole))
        nodes = fast(trees.map(fg.var, tree))
        assert repr(trees.map(lambda y: y.value, nodes)) == repr(known)


numpy: Any = pytest.importorskip("numpy")


@pytest.mark.parametrize("tier", [tier for tier in TIERS if tier != "reference"])
@given(calls=st.lists(orders(TREE), min_size=2, max_size=5), data=st.data())
def test_rows_have_the_order_of_keys_of_the_call(tier: Any, calls: list[Any], data: Any) -> None:
    fast: Any = fg.compile(told, tier=tier)
    factors = numpy.arange(1.0, 12.0)
    for tree in (*calls, *calls):
        columns = trees.map(lambda x: 0.0, tree)
        columns = _mapped(lambda x: x * factors, tree)
        known = told(columns)
        assert repr(fast.map(columns)) == repr(known)
        sums = _mapped(lambda column: float(column.sum()), known)
        assert repr(_mapped(lambda x: round(x, 9), fast.sum(columns))) == repr(
            _mapped(lambda x: round(x, 9), sums)
        )
        # What is written to is paired by key.
        out = data.draw(orders(_mapped(lambda column: numpy.empty(11), known)))
        order = repr(_mapped(lambda column: 0, out))
        assert fast.map(columns, out=out) is out
        assert repr(_mapped(lambda column: 0, out)) == order
        assert all(map(numpy.array_equal, _ends(out, known), _ends(known, known)))


def _mapped(f: Any, tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _mapped(f, x) for key, x in tree.items()}
    return [_mapped(f, x) for x in tree] if isinstance(tree, list) else f(tree)


def _ends(tree: Any, like: Any) -> list[Any]:
    """The columns of a tree, in the order of another."""
    if isinstance(like, dict):
        return [end for key in like for end in _ends(tree[key], like[key])]
    if isinstance(like, list):
        return [end for x, y in zip(tree, like, strict=True) for end in _ends(x, y)]
    return [tree]
