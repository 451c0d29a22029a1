"""Calls of compiled functions: on every path, what the function itself would answer."""

import copy
import dataclasses
import datetime as dt
import decimal
import enum
import functools
import inspect
import itertools
import math
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrsistent import pmap, pvector

import fgrad as fg
from fgrad import trees
from fgrad.backends.native.installed import native_is_installed
from fgrad.compiled.importable import Reference
from fgrad.trees import parameters
from fgrad.trees.sameness import exact, same

BACKENDS: Any = ("python", "reference", *(["native"] if native_is_installed() else []))
loose: Any = fg  # what untyped code sees
ROOT = Path(__file__).parents[2]


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
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("row", EQUAL)
def test_equal_static_fields_that_differ_have_programs_of_their_own(
    row: tuple[Any, ...], backend: Any, kind: Any
) -> None:
    table = {seen(value): 1.0 + i for i, value in enumerate(row)}
    assert len(table) == len(row)

    def f(p: Any) -> Any:
        return kind(p.x * table[seen(p.mode)], p.mode)

    fast: Any = fg.compile(f, backend=backend)
    for value in (*row, *reversed(row), *row):
        for got in (fast(kind(2.0, value)), fast(p=kind(2, value)), fast(kind(fg.var(2.0), value))):
            answer = fg.trees.map(lambda x: x.value if isinstance(x, fg.Node) else x, got)
            assert answer.x == f(kind(2.0, value)).x
            assert seen(answer.mode) == seen(value)
    assert len(fast.specialisations) == 2 * len(row)  # by position and by name


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("row", EQUAL)
def test_keys_are_told_apart_as_static_fields_are(row: tuple[Any, ...], backend: Any) -> None:
    table = {seen(value): 1.0 + i for i, value in enumerate(row)}

    def f(d: Any) -> Any:
        return {key: x * table[seen(key)] for key, x in d.items()}

    fast: Any = fg.compile(f, backend=backend)
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


@pytest.mark.parametrize("backend", BACKENDS)
@given(calls=st.lists(orders(TREE), min_size=2, max_size=5))
def test_the_order_of_keys_is_that_of_the_call(backend: Any, calls: list[Any]) -> None:
    fast: Any = fg.compile(told, backend=backend)
    both: Any = fg.compile(
        lambda *args, **kwargs: [told(list(args)), told(kwargs)], backend=backend
    )
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


@pytest.mark.parametrize("backend", [backend for backend in BACKENDS if backend != "reference"])
@given(calls=st.lists(orders(TREE), min_size=2, max_size=5), data=st.data())
def test_rows_have_the_order_of_keys_of_the_call(backend: Any, calls: list[Any], data: Any) -> None:
    fast: Any = fg.compile(told, backend=backend)
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


@attrs.frozen
class Spring:
    """What has methods of all kinds."""

    stiffness: Any
    unit: Any = attrs.field(default="N/m", metadata=trees.STATIC)

    @fg.compile
    def energy(self, x: Any, *, scale: Any = 1.0) -> Any:
        """The energy at x."""
        return scale * 0.5 * self.stiffness * self.squared(x)

    def squared(self, x: Any) -> Any:
        return x * x

    @staticmethod
    @fg.compile
    def twice(x: Any) -> Any:
        return 2.0 * x

    @fg.compile(backend="python")
    @staticmethod
    def thrice(x: Any) -> Any:
        return 3.0 * x

    @classmethod
    @fg.compile
    def named(cls, x: Any) -> Any:
        return len(cls.__name__) * x

    @fg.compile
    @classmethod
    def called(cls, x: Any) -> Any:
        return cls.factor() * x

    @classmethod
    def factor(cls) -> float:
        return 4.0


class Stiff(Spring):
    @classmethod
    def factor(cls) -> float:
        return 40.0


@pytest.mark.parametrize("kind", [Spring, Stiff])
def test_a_method_is_compiled_for_its_instance(kind: type[Spring]) -> None:
    one, other = kind(2.0), kind(4.0)
    known = Spring.energy.function
    assert known is not None
    for _ in range(3):
        for spring in (one, other):
            for x in (3.0, 3, -1.0):
                assert spring.energy(x) == known(spring, x)
                assert spring.energy(x, scale=2.0) == kind.energy(spring, x, scale=2.0)
                assert spring.energy(x=x) == known(spring, x)
    k = fg.var(2.0)
    assert fg.Graph.of(kind(k).energy(3.0)).variables == (k,)
    slope: Any = loose.gradient(kind.energy)(one, 3.0)
    assert (type(slope), slope.stiffness) == (kind, 4.5)
    assert loose.gradient(one.energy)(3.0) == 6.0
    assert loose.compile(one.energy)(3.0) == 9.0
    assert one.energy.map(numpy.arange(3.0)).tolist() == [0.0, 1.0, 4.0]
    assert kind(numpy.arange(3.0)).energy.map(2.0, scale=0.5).tolist() == [0.0, 1.0, 2.0]
    out = numpy.empty(3)
    assert one.energy.map(numpy.arange(3.0), out=out, threads=2) is out
    assert one.energy.sum(numpy.arange(3.0)) == 5.0
    assert list(inspect.signature(one.energy).parameters) == ["x", "scale"]
    assert list(inspect.signature(kind.energy).parameters) == ["self", "x", "scale"]
    assert kind.energy.specialisation(one, 3.0).kernel.program.inputs == ("self.stiffness", "x")
    assert pickle.loads(pickle.dumps(one.energy))(3.0) == 9.0


def test_static_and_class_methods_are_compiled_in_either_order() -> None:
    for _ in range(3):
        for kind, length, factor in ((Spring, 6.0, 4.0), (Stiff, 5.0, 40.0)):
            where: Any
            for where in (kind, kind(1.0)):
                assert (where.twice(2.0), where.thrice(2.0)) == (4.0, 6.0)
                assert (where.named(2.0), where.called(2.0)) == (2.0 * length, 2.0 * factor)
                assert where.named(2) == 2.0 * length
            assert loose.gradient(kind.called)(1.0) == factor
            assert kind.called.map(numpy.ones(2)).tolist() == [factor, factor]
            # From 3.13 on, classmethod gives the class as an argument.
            plain: Any = vars(Spring)["named"].__func__
            assert plain(kind, 2.0) == 2.0 * length
    assert pickle.loads(pickle.dumps(Spring.called))(2.0) == 8.0


def test_a_compiled_function_that_an_object_holds_is_no_method() -> None:
    @attrs.frozen
    class Holder:
        f: Any

    assert Holder(fg.compile(lambda x: 2.0 * x)).f(3.0) == 6.0


def steep(x: Any, k: Any = 2.0) -> Any:
    """What another process imports."""
    return fg.sum(x) * k if isinstance(x, list) else k * x * x


@fg.compile
def decorated(x: Any) -> Any:
    """What another process finds under this name is the compiled function."""
    return 3.0 * x if not isinstance(x, tuple) else x[0]


def elsewhere(data: bytes, *calls: str) -> list[str]:
    """What another process answers."""
    code = "import pickle, sys; f = pickle.loads(sys.stdin.buffer.read())\n"
    code += "print('tests.compiled.test_calls' in sys.modules)\n"
    code += "".join([f"print(repr({call}))\n" for call in calls])
    run = [sys.executable, "-c", code]
    said = subprocess.run(run, input=data, capture_output=True, check=True, cwd=ROOT).stdout
    return said.decode().split("\n")[:-1]


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_was_never_called_can_be_shipped(backend: Any) -> None:
    fresh: Any = fg.compile(steep, backend=backend)
    again = pickle.loads(pickle.dumps(fresh))
    assert (again.backend, again(3.0), again([1.0, 2.0]), again(x=1.0, k=5.0)) == (
        backend,
        18.0,
        6.0,
        5.0,
    )
    assert list(inspect.signature(again).parameters) == ["x", "k"]
    assert loose.gradient(again)(3.0) == 12.0
    assert repr(again) == f"Compiled(tests.compiled.test_calls.steep, {backend}, 3 specialisations)"
    twice = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(fresh))))
    assert twice(3.0) == 18.0
    own = pickle.loads(pickle.dumps(decorated))
    assert (own(2.0), own((2.0, 1.0))) == (6.0, 2.0)
    energy: Any = pickle.loads(pickle.dumps(Spring.energy))
    assert energy(Spring(2.0), 3.0) == 9.0
    partial_method = pickle.loads(pickle.dumps(Spring(2.0).energy))
    assert partial_method(3.0) == 9.0


def test_another_process_keeps_what_is_known_and_traces_the_rest() -> None:
    fresh: Any = fg.compile(steep, backend="python")
    assert elsewhere(pickle.dumps(fresh), "f(3.0)", "len(f.specialisations)") == [
        "False",
        "18.0",
        "1",
    ]
    fresh(3.0)
    calls = (
        "f(3.0)",
        "'tests.compiled.test_calls' in sys.modules",
        "f([1.0, 2.0])",
        "len(f.specialisations)",
    )
    # As long as programs suffice, nothing is imported.
    assert elsewhere(pickle.dumps(fresh), *calls) == ["False", "18.0", "False", "6.0", "2"]


def test_what_cannot_be_imported_is_shipped_as_its_programs() -> None:
    local: Any = fg.compile(lambda x: 2.0 * x)
    with pytest.raises(fg.NotPicklable, match="Call it first"):
        pickle.dumps(local)
    local(1.0)
    there = pickle.loads(pickle.dumps(local))
    assert (there.function, there(2.0)) == (None, 4.0)
    with pytest.raises(fg.TreeMismatch, match=r"arguments needs \(x\); got \(argument 0\[0\]\)"):
        there([1.0])
    for _ in range(2):
        there = pickle.loads(pickle.dumps(there))
        assert there(2.0) == 4.0
    # A name that leads to something else is no reference.
    shadowed: Any = fg.compile(functools.partial(steep, k=3.0))
    with pytest.raises(fg.NotPicklable):
        pickle.dumps(shadowed)
    lost = Reference("tests.compiled.test_calls", "gone")
    assert lost.function is None
    with pytest.raises(ImportError, match=r"tests\.compiled\.test_calls\.gone"):
        lost(1.0)
    compiled: Any = fg.Compiled(lost, "python")
    with pytest.raises(fg.TreeMismatch):
        compiled(1.0)


def test_a_copy_is_the_function_itself() -> None:
    local: Any = fg.compile(lambda x: 2.0 * x)
    assert copy.copy(local) is local
    assert copy.deepcopy({"f": local})["f"] is local


def rates(p: Any, x: Any, *others: Any, scale: Any = 1.0) -> Any:
    return p.x * x[1]


@pytest.mark.parametrize(
    ("args", "kwargs", "where"),
    [
        ((Slotted("a"), [1.0, 2.0]), {}, "p.x"),
        ((Slotted(1.0), [1.0, "a"]), {}, "x[1]"),
        ((Slotted(1.0), [1.0, 2.0], 1.0, {"k": None, "j": "a"}), {}, "others[1]['j']"),
        ((Slotted(1.0),), {"x": [1.0, 2.0], "scale": (1.0, "a")}, "scale[1]"),
        ((Slotted(1.0, {}), [1.0, 2.0]), {}, "p.mode"),
        ((Slotted(1.0), [1.0, (2.0, Slotted(2.0, []))]), {}, "x[1][1].mode"),
    ],
)
def test_errors_name_an_argument_by_its_parameter(args: Any, kwargs: Any, where: str) -> None:
    fast: Any = fg.compile(rates)
    fast(Slotted(1.0), [1.0, 2.0])
    calls = [fast, fast.specialise, fast.specialisation, fast.map, fast.sum]
    static = where.endswith("mode")
    for call in (*calls, *([] if static else [fg.trace(rates), loose.compile(rates)])):
        with pytest.raises(fg.NotAValue) as caught:
            call(*args, **kwargs)
        assert caught.value.where == where
        assert str(caught.value).startswith(f"{where} needs ")
    shipped = pickle.loads(pickle.dumps(fast))
    with pytest.raises(fg.NotAValue) as caught:
        shipped(*args, **kwargs)
    assert caught.value.where == where


def test_a_cycle_and_a_builtin_are_named_too() -> None:
    cyclic: list[Any] = [1.0]
    cyclic.append([cyclic])
    fast: Any = fg.compile(rates)
    for call in (fast, fast.map, fg.trace(rates)):
        with pytest.raises(fg.CyclicTree) as caught:
            call(Slotted(1.0), cyclic)
        assert caught.value.path == "x[1][0]"
    with pytest.raises(fg.NotAValue, match=r"^axis needs"):
        fg.trace(loose.sum)([1.0], "a")
    with pytest.raises(fg.NotAValue, match=r"^x\[1\] needs|^argument 0\[1\] needs"):
        loose.compile(math.hypot)([1.0, "a"])


@attrs.frozen
class Chain:
    rate: float
    links: int
    more: Any = 0.0


@dataclasses.dataclass(frozen=True)
class Ring:
    rate: float
    links: "int"
    more: Any = 0.0


class Row(NamedTuple):
    rate: float
    links: int
    more: Any = 0.0


def repeated(p: Any, x: Any) -> Any:
    return sum([p.rate * x for _ in range(p.links)])


@pytest.mark.parametrize("kind", [Chain, Ring, Row])
def test_a_whole_number_that_decides_is_named_with_the_way_out(kind: Any) -> None:
    with pytest.raises(fg.TracedNumber) as caught:
        fg.compile(repeated)(kind(2.0, 3), 1.0)
    assert (caught.value.name, caught.value.asked) == ("p.links", "int()")
    for word in ("p.links", "STATIC", "range(p.links)"):
        assert word in str(caught.value)
    with pytest.raises(fg.SilentDetach, match=r"whole number of n .*STATIC"):
        range(loose.var(3.0, "n"))
    with pytest.raises(fg.SilentDetach, match=r"whole number of Node\(variable, value=1.0\)"):
        print([1.0, 2.0][loose.var(1.0)])
    # Where nothing is decided by it, it is a number.
    total: Any = fg.compile(lambda p, x: p.rate * p.links * x)
    assert total(kind(2.0, 3), 1.0) == total(kind(2.0, 3.0), 1.0) == 6.0
    assert len(total.specialisations) == 1


@pytest.mark.parametrize("kind", [Chain, Ring, Row])
def test_an_int_in_a_field_of_int_is_not_differentiated(kind: Any) -> None:
    for tree, where in ((kind(2.0, 3), "p.links"), ([1.0, kind(2.0, 3)], "p[1].links")):
        with pytest.raises(fg.NotAValue, match="STATIC") as caught:
            loose.gradient(lambda p: 1.0)(tree)
        assert caught.value.where == where
    for tree in (kind(2, 3.0), kind(2.0, fg.var(3.0), 3), [1, 2], {"n": 3}, 3, kind(2, 3.0, [1])):
        assert parameters.differentiated(tree, lambda: "p") == trees.flatten(tree)
    with pytest.raises(fg.NotAValue, match=r"^x\[0\] needs"):
        loose.gradient(repeated, argnums=1)(1, ["a"])


def test_what_is_no_index_is_refused_as_such() -> None:
    x = fg.var(1.0)
    y = x * x
    gradients: Any = fg.grad(fg.Graph.of(y), y)
    with pytest.raises(TypeError, match="assignment"):
        gradients[x] = 0.0
    with pytest.raises(TypeError, match="deletion"):
        del gradients[x]


@pytest.mark.parametrize("backend", [backend for backend in BACKENDS if backend != "reference"])
def test_what_is_written_to_is_paired_by_key_in_any_order(backend: Any) -> None:
    def f(x: Any, y: Any) -> Any:
        return {"p": x * y, "q": {"r": x, "s": y}}

    fast: Any = fg.compile(f, backend=backend)
    x, y = numpy.arange(1.0, 33.0), numpy.arange(40.0, 8.0, -1.0)
    orders = itertools.permutations("pq"), itertools.permutations("rs")
    for outer, inner in [*itertools.product(*orders)] * 4:
        for shape in ((32,), ()):
            made: dict[str, Any] = {key: numpy.empty(shape) for key in "prs"}
            q = {key: made[key] for key in inner}
            out = {key: q if key == "q" else made[key] for key in outer}
            (fast.map if shape else fast.sum)(x, y, out=out)
            for key, column in (("p", x * y), ("r", x), ("s", y)):
                assert numpy.array_equal(made[key], column if shape else column.sum())
