"""Native code that reads trees and builds them: what it knows, and what it leaves to Python."""

import copy
import dataclasses
import functools
import gc
import math
import sys
from collections import namedtuple
from collections.abc import Callable
from typing import Any, NamedTuple

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyrsistent import pmap, pvector

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

import fgrad as fg  # noqa: E402
from fgrad import trees  # noqa: E402
from fgrad.backends.buffers import cpython  # noqa: E402
from fgrad.backends.native.interop import tree_descriptors  # noqa: E402
from fgrad.backends.native.runtime.entry import Entry  # noqa: E402
from fgrad.errors import NotAValue  # noqa: E402
from fgrad.program.trace import Tracing  # noqa: E402
from tests.trees.test_tree import TREES, Layer, Loose, Point, Window  # noqa: E402


class Other(Exception):
    """That the builtin left a call to Python."""


def left(*args: Any, **kwargs: Any) -> Any:
    raise Other(args, kwargs)


def builtin(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """The builtin of a function at these arguments, which raises Other for all else."""
    return builtin_or(left, f, *args, **kwargs)


def builtin_or(other: Callable[..., Any], f: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    tracing = Tracing.of(f, args, kwargs)
    entry = Entry.of(tracing.program, exact=False)
    return entry.on_trees(tracing.arguments, tracing.result, other)


def doubled(tree: Any) -> Any:
    return trees.map(lambda x: 2.0 * x + 1.0, tree)


def compared(tree: Any) -> Any:
    return trees.map(lambda x: x > 0.0, tree)


def persistent(tree: Any) -> bool:
    """Whether there is a container in it that code does not read."""
    structure = trees.flatten(tree)[1]
    open_ = [structure]
    while open_:
        at = open_.pop()
        if at.kind in (type(pmap()), type(pvector())):
            return True
        open_ += at.children
    return False


@settings(max_examples=60)
@given(tree=TREES, truths=st.booleans())
def test_a_tree_goes_through_native_code_as_through_python(tree: Any, truths: bool) -> None:
    f = compared if truths else doubled
    fast = builtin(f, tree)
    if persistent(tree):
        assert fast is None
        return
    expected = f(tree)
    for _ in range(2):
        got = fast(tree)
        assert got == expected
        assert repr(got) == repr(expected)  # the classes, and the order of keys
    # At a leaf there may be any number.
    whole = trees.map(round, tree)
    assert fast(whole) == f(whole)
    scalars = trees.map(np.float64, tree)
    assert repr(fast(scalars)) == repr(expected)


class Plain:
    """An ordinary class that is no container."""


@attrs.define(slots=False)
class Roomy:
    """Fields in a dict, to which others can be added."""

    x: Any
    y: Any


@dataclasses.dataclass(slots=True)
class Tight:
    x: Any
    y: Any = 2.0


class Parent(NamedTuple):
    x: Any
    y: Any


class Child(Parent):
    """What is no NamedTuple of its own, but has another class."""


Short = namedtuple("Short", "x")  # noqa: PYI024  # of no types, as the oldest code has it
TREE: dict[Any, Any] = {
    "layers": [Layer([0.5, 1.5], 2.5), Layer((3.5,), 4.5, "relu")],
    "pair": (Point(5.5, Loose(6.5, None)), Roomy(7.5, Tight(8.5))),
    3: Window(9.5, [], "w"),
}


def test_every_container_is_read_and_built() -> None:
    fast = builtin(doubled, TREE)
    got = fast(TREE)
    assert repr(got) == repr(doubled(TREE))
    assert got["layers"][1].activation is TREE["layers"][1].activation
    assert gc.is_tracked(got["pair"])


def changes() -> list[tuple[str, Callable[[Any], Any]]]:
    """What makes another structure of the tree, or leaves that are no numbers."""

    def at_leaf(value: Any) -> Callable[[Any], Any]:
        def change(tree: Any) -> None:
            tree["pair"][1].x = value

        return change

    def without_slot(tree: Any) -> None:
        del tree["pair"][1].y.x

    def without_field(tree: Any) -> None:
        del tree["pair"][1].x

    return [
        ("text", at_leaf("1.0")), ("None", at_leaf(None)), ("bool", at_leaf(True)),
        ("node", at_leaf(fg.var(2.0))), ("huge", at_leaf(10**400)), ("list", at_leaf([1.0])),
        ("array", at_leaf(np.ones(2))), ("float32", at_leaf(np.float32(1.5))), ("slot", without_slot),
        ("field", without_field), ("longer", lambda t: t["layers"].append(1.0)),
        ("shorter", lambda t: t["layers"].pop()), ("key", lambda t: t.update(more=1.0)),
        ("no key", lambda t: t.pop(3)), ("other key", lambda t: t.update({4: t.pop(3)})),
        ("child", lambda t: t.update(pair=(Child(*t["pair"][0]), t["pair"][1]))),
        ("inner list", lambda t: t["layers"][0].weight.append(1.0)),
        ("static", lambda t: t["layers"].__setitem__(0, Layer([0.5, 1.5], 2.5, "other"))),
        ("tuple for list", lambda t: t.update(layers=tuple(t["layers"]))),
        ("something", lambda t: t.update({3: Plain()})),
        ("a value for None", lambda t: setattr(t["pair"][0].y, "right", 1.0)),
        ("numpy's list", lambda t: t.update(layers=np.array([1.0, 2.0]))),
    ]  # fmt: skip


def outcome(f: Callable[..., Any], tree: Any) -> Any:
    try:
        return repr(f(tree))
    except (TypeError, ValueError, AttributeError) as error:
        return type(error), str(error)


@pytest.mark.parametrize(("name", "change"), changes())
def test_what_is_otherwise_is_left_to_python(name: str, change: Callable[[Any], Any]) -> None:
    fast = builtin(doubled, TREE)
    tree = copy.deepcopy(TREE)
    change(tree)
    missing = name == "field"
    with pytest.raises(AttributeError if missing else Other) as caught:
        fast(tree)
    assert missing or caught.value.args == ((tree,), {})
    # No error is left behind by what was tried.
    assert missing or builtin_or(lambda tree: "left", doubled, TREE)(tree) == "left"
    compiled: Any = fg.compile(doubled, backend="native")
    compiled(TREE)
    if name not in ("node", "array", "numpy's list", "huge"):  # results that do not print alike
        assert outcome(compiled, tree) == outcome(fg.compile(doubled, backend="python"), tree)
    assert repr(compiled(TREE)) == repr(doubled(TREE))


def test_statics_that_are_equal_are_the_same() -> None:
    class Name:
        asked = 0

        def __init__(self, text: str) -> None:
            self.text = text

        def __eq__(self, other: object) -> bool:
            Name.asked += 1
            if self.text == "bad":
                raise RuntimeError("no comparison")
            return isinstance(other, Name) and self.text == other.text

        def __hash__(self) -> int:
            return hash(self.text)

    fast = builtin(doubled, Window(1.0, 2.0, Name("w")))  # type: ignore[arg-type]  # hashable
    got = fast(Window(2.0, 3.0, Name("w")))  # type: ignore[arg-type]
    assert (got.low, got.high, Name.asked) == (5.0, 7.0, 1)
    for text, error in (("other", Other), ("bad", RuntimeError)):
        with pytest.raises(error):
            fast(Window(2.0, 3.0, Name(text)))  # type: ignore[arg-type]


def test_what_is_read_may_change_while_it_is_read() -> None:
    """Comparisons and fields may run anything, also what takes away what is being read."""
    held: list[Any] = []

    class Emptying:
        def __eq__(self, other: object) -> bool:
            held[0].clear()
            gc.collect()
            return True

        __hash__ = object.__hash__

    def made(name: Any) -> list[Any]:
        return [Window([1.5], 2.5, name), [3.5, 4.5], Roomy(5.5, 6.5)]

    fast = builtin(doubled, made(Emptying()))
    for _ in range(20):
        tree = made(Emptying())
        held[:] = [tree]
        assert repr(fast(tree)[1:]) == "[[8.0, 10.0], Roomy(x=12.0, y=14.0)]"
        assert tree == []


def test_a_property_of_a_class_of_fields_is_asked_as_in_python() -> None:
    class Odd(Roomy):
        pass

    fast = builtin(doubled, Odd(1.0, [2.0]))
    assert fast(Odd(1.0, [2.0])).y == [5.0]
    Odd.x = property(lambda self: 10.0)
    Odd.y = property(lambda self: [10.0 + len(vars(self))])
    odd: Any = object.__new__(Odd)
    with pytest.raises(AttributeError):
        fast(odd)  # the numbers are read, and the result cannot be made
    Odd.x = property(lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        fast(odd)


def ways() -> dict[str, Callable[[], Any]]:
    """Trees whose classes have ways of their own to be read or made."""

    def of_fields(slots: bool, **own: Any) -> Any:
        return attrs.define(slots=slots)(
            type("Own", (), {"__annotations__": {"x": Any, "y": Any}, **own})
        )

    def asks(self: Any, name: str) -> Any:
        got = object.__getattribute__(self, name)
        return got * 10.0 if name == "x" else got

    def answers(self: Any, name: str) -> Any:
        if name == "x":
            return 7.0
        raise AttributeError(name)

    class Tenfold:
        """A data descriptor in the place of a field's slot."""

        def __get__(self, instance: Any, owner: Any) -> Any:
            return self if instance is None else 40.0

        def __set__(self, instance: Any, value: Any) -> None:
            pass

    class Asked(of_fields(True, __getattribute__=asks)):  # type: ignore[misc]  # a class that is made
        __slots__ = ()

    class Described(of_fields(True)):  # type: ignore[misc]  # likewise
        __slots__ = ()
        x = Tenfold()

    class Iterated(Point):
        def __iter__(self) -> Any:
            return iter([v * 10.0 for v in tuple.__iter__(self)])

    class Made(Point):
        @classmethod
        def _make(cls, iterable: Any) -> Any:  # type: ignore[override]  # of any class
            x, y = iterable
            return tuple.__new__(cls, (x, y * 100.0))

    class Indexed(Point):
        def __getitem__(self, index: Any) -> Any:
            return 50.0

    class Meta(type):
        @property
        def x(cls) -> float:
            return 60.0

    class Classed(of_fields(True), metaclass=Meta):  # type: ignore[misc]  # likewise
        __slots__ = ()

    def lacking(kind: Any) -> Callable[[], Any]:
        def made() -> Any:
            tree = object.__new__(kind)
            object.__setattr__(tree, "y", 2.0)
            return tree

        return made

    got: dict[str, Any] = {
        f"{what} {'slots' if slots else 'dict'}": (lambda kind=kind: kind(1.0, 2.0))
        for slots in (True, False)
        for what, kind in (
            ("asks", of_fields(slots, __getattribute__=asks)),
            ("plain", of_fields(slots)),
        )
    }
    for slots in (True, False):
        got[f"answers {slots}"] = lacking(of_fields(slots, __getattr__=answers))
    for kind in (Asked, Described, Iterated, Made, Indexed, Classed):
        got[kind.__name__] = lambda kind=kind: kind(1.0, 2.0)
    return got


WAYS = ways()


@pytest.mark.parametrize("backend", ["native", "python"])
@pytest.mark.parametrize("way", WAYS)
def test_what_a_class_has_of_its_own_is_asked(way: str, backend: Any) -> None:
    """A tree is read and built as by the general walk, which goes by the ways of its class."""
    given = WAYS[way]()
    for f in (doubled, lambda tree: [3.0 * x for x in trees.leaves(tree)]):
        fast: Any = fg.compile(f, backend=backend)
        special = fast.specialisation(given)
        meant = special.result.unflatten(special.kernel.program.run(trees.leaves(given)))
        for _ in range(3):
            got = fast(WAYS[way]())
            assert type(got) is type(meant)
            assert trees.leaves(got) == trees.leaves(meant)


class Stop(BaseException):
    """What is no Exception."""


ERRORS = [KeyboardInterrupt, SystemExit, MemoryError, AttributeError, KeyError, Stop, StopIteration]


@pytest.mark.parametrize("backend", ["native", "python"])
@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("place", ["property", "equality", "key", "inside"])
def test_what_is_raised_once_while_a_tree_is_read_is_raised(
    place: str, kind: Any, backend: Any
) -> None:
    """Once, so that whoever reads the tree again finds nothing wrong."""
    errors: list[BaseException] = []

    def raise_once() -> None:
        if errors:
            raise errors.pop()

    def asked(_: object) -> float:
        raise_once()
        return 3.0

    class Odd(Roomy):
        y = property(asked, lambda self, value: None)

    class Name:
        def __eq__(self, other: object) -> bool:
            raise_once()
            return isinstance(other, Name)

        def __hash__(self) -> int:
            return 1

    def made() -> Any:
        odd: Any = object.__new__(Odd)
        vars(odd)["x"] = 1.5
        tree: Any = {
            "property": odd, "equality": Window(1.5, 2.5, Name()), "key": {Name(): 1.5},  # type: ignore[arg-type]
            "inside": [[odd], (odd, 2.0)],
        }[place]  # fmt: skip
        return tree

    f: Any = fg.compile(lambda tree: fg.sum(trees.leaves(tree)), backend=backend)
    meant = f(made())
    for call in (f, f, fg.value_and_gradient(f) if place == "equality" else f):
        error = kind("once")
        errors.append(error)
        with pytest.raises(kind) as caught:
            call(made())
        assert caught.value is error
        assert f(made()) == meant


def test_a_field_that_is_missing_is_the_error_of_python() -> None:
    for kind in (Roomy, Tight):
        f: Any = fg.compile(lambda tree: tree.x * tree.y, backend="native")
        f(kind(1.0, 2.0))
        odd: Any = object.__new__(kind)
        with pytest.raises(AttributeError, match="x") as meant:
            odd.x  # noqa: B018  # it raises
        with pytest.raises(AttributeError) as caught:
            f(odd)
        assert str(caught.value) == str(meant.value)


def test_names_of_arguments_are_known_in_their_order() -> None:
    def f(x: Any, *, scale: Any, more: Any = 0.0) -> Any:
        return x[0] * scale + more

    fast = builtin(f, [2.0], scale=3.0, more=1.0)
    assert fast([2.0], scale=3.0, more=1.0) == 7.0
    assert fast([2], scale=3, more=-1) == 5.0
    names = {"scale "[:5]: 3.0, "more": 1.0}  # equal, and another object
    others: list[dict[str, float]] = [
        {"more": 1.0, "scale": 3.0}, {"scale": 3.0}, {"scale": 3.0, "less": 1.0}, {},
        {"scale": 3.0, "more": 1.0, "most": 2.0},
    ]  # fmt: skip
    for kwargs in others:
        with pytest.raises(Other):
            fast([2.0], **kwargs)
    with pytest.raises(Other):
        fast([2.0], 3.0, 1.0)
    compiled: Any = fg.compile(f)
    for _ in range(3):
        assert compiled([2.0], scale=3.0, more=1.0) == compiled([2.0], more=1.0, scale=3.0) == 7.0
        assert compiled([2.0], **names) == 7.0
        assert compiled([2.0], scale=3.0) == 6.0
        with pytest.raises(TypeError, match="scale"):
            compiled([2.0])


@pytest.mark.parametrize("size", [0, 1, 9, 2500])
def test_long_rows_and_none(size: int) -> None:
    row = [0.25 * i for i in range(size)]
    for kind in (list, tuple):
        fast: Any = fg.compile(doubled, backend="native")
        for _ in range(3):
            assert fast(kind(row)) == doubled(kind(row))
        with pytest.raises(NotAValue):
            fast(kind([*row, None, "x"]))


def test_integers_keep_their_meaning() -> None:
    fast = builtin(lambda x, y: (x, y), 1.0, 1.0)
    for whole in (-1, 0, 1, 2**53 + 1, -(2**63), 10**300):
        assert fast(whole, -1) == (float(whole), -1.0)
    compiled: Any = fg.compile(lambda x, y=1.0: 2.0 * x * y)
    assert compiled(1.0) == 2.0
    for large, far in ((10**400, math.inf), (-(10**400), -math.inf)):  # as the literal 1e400
        assert compiled(large) == far == fg.var(large).value == compiled.map(large, np.ones(1))[0]
    with pytest.raises(NotAValue):
        compiled(True)


def test_calls_of_trees_keep_nothing() -> None:
    fast = builtin(doubled, TREE)
    odd = copy.deepcopy(TREE)
    del odd["pair"][1].y.x  # read last but one
    names = ("layers", "pair", "x", "y", "relu", "w")
    watched = (TREE, *TREE.values(), *TREE["layers"], *odd["pair"], Layer, Point, Loose, Roomy, Tight, Window, *names, None)  # fmt: skip

    def calls(count: int) -> None:
        for _ in range(count):
            fast(TREE)
            try:
                fast(odd)
            except Other:
                continue
            raise AssertionError

    def grown() -> tuple[int, int, int]:
        gc.collect()
        counts, objects = [sys.getrefcount(o) for o in watched], len(gc.get_objects())
        blocks = sys.getallocatedblocks()
        calls(1000)
        gc.collect()
        changed = [sys.getrefcount(o) - n for o, n in zip(watched, counts, strict=True)]
        made = sys.getallocatedblocks() - blocks
        return max(map(abs, changed)), abs(len(gc.get_objects()) - objects), made

    calls(100)
    # Threads of other tests end and free theirs meanwhile; what is kept is kept every time.
    seen = [grown() for _ in range(4)]
    assert min(references for references, _, _ in seen) < 50, seen
    assert min(objects for _, objects, _ in seen) < 50, seen
    assert min(blocks for _, _, blocks in seen) < 500, seen


@pytest.mark.parametrize("base", [dict, list, tuple, Exception, functools.partial, set])
def test_objects_that_a_base_in_c_makes_are_left_to_python(base: type) -> None:
    kind = dataclasses.make_dataclass("Odd", [("x", float)], bases=(base,))

    def odd(x: Any) -> Any:
        made = kind.__new__(kind, *([print] if base is functools.partial else []))
        object.__setattr__(made, "x", x)
        return made

    assert builtin(odd, 2.0) is None
    with pytest.raises(TypeError, match="is not safe"):
        fg.compile(odd, backend="native")(2.0)


def test_places_are_those_of_the_class_and_hold_objects() -> None:
    class Far:
        __slots__ = ("a", "b", "x")

    class Near:
        x = vars(Far)["x"]  # a place that its objects do not have

    class Child(Far):
        pass

    assert cpython.slot_offset(vars(Far)["x"]) == Far.__basicsize__ - 8
    assert (
        tree_descriptors.slot_offset(Child, "x")
        == tree_descriptors.slot_offset(Far, "x")
        == Far.__basicsize__ - 8
    )
    assert tree_descriptors.slot_offset(Near, "x") is None
    assert tree_descriptors.slot_offset(complex, "real") is None  # which holds a double
    assert tree_descriptors.slot_offset(Far, "no") is None


def test_without_known_places_fields_are_asked_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpython, "_slots_are_known", lambda: False)
    fast = builtin(doubled, TREE)
    assert repr(fast(TREE)) == repr(doubled(TREE))
