"""Attributes that are no fields: what `__post_init__` makes is made again, and nothing is stale."""

import dataclasses
import functools
import pickle
from typing import Any

import attrs
import pytest

import fgrad as fg
from fgrad import trees
from fgrad.backends.native.installed import native_is_installed

BACKENDS: Any = ("python", *(["native"] if native_is_installed() else []))
loose: Any = fg  # what untyped code sees


def give(tree: Any, name: str, value: Any) -> None:
    object.__setattr__(tree, name, value)


class Derived:
    """What is computed of two fields and a static one."""

    x: Any
    y: Any
    mode: Any

    def _derive(self) -> None:
        give(self, "total", self.x + 2.0 * self.y)
        give(self, "gravity", 9.81)
        give(self, "label", f"mode {self.mode}")
        give(self, "index", {"x": 0, "y": [1]})
        give(self, "parts", (self.x * self.x, [self.y]))
        give(self, "act", fg.sin if self.mode == "sin" else fg.cos)


@dataclasses.dataclass(frozen=True)
class Data(Derived):
    x: Any
    y: Any
    mode: Any = dataclasses.field(default="sin", metadata=trees.STATIC)

    def __post_init__(self) -> None:
        self._derive()


@attrs.frozen(slots=False)
class Open(Derived):
    x: Any
    y: Any
    mode: Any = attrs.field(default="sin", metadata=trees.STATIC)

    def __attrs_post_init__(self) -> None:
        self._derive()


class Room:
    """A place for more than the fields, in a class of slots."""

    __slots__ = ("act", "gravity", "index", "label", "parts", "total")


@attrs.frozen
class Tight(Room):
    x: Any
    y: Any
    mode: Any = attrs.field(default="sin", metadata=trees.STATIC)

    def __attrs_post_init__(self) -> None:
        Derived._derive(self)  # type: ignore[arg-type]  # which has the same fields

    @functools.cached_property
    def twice(self) -> Any:
        return 2.0 * self.x


KINDS = [Data, Open, Tight]


def model(p: Any) -> Any:
    slope = p.parts[0] * p.index["y"][0] * p.gravity + p.parts[1][0]
    return p.act(p.total) * slope + len(p.label)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_class_makes_of_its_fields_follows_them(kind: Any) -> None:
    for mode in ("sin", "other"):
        p = kind(0.5, -1.5, mode)
        moved = trees.map(lambda x: 3.0 * x, p)
        meant = kind(1.5, -4.5, mode)
        for name in ("total", "gravity", "label", "index", "parts", "act"):
            assert getattr(moved, name) == getattr(meant, name)
        assert trees.leaves(p) == (0.5, -1.5)
        slope = loose.gradient(model)(p)
        known = loose.gradient(lambda x, m=mode: model(kind(*x, m)))((0.5, -1.5))
        assert trees.leaves(slope) == known
        # What is updated by its gradient has one structure with it.
        step = trees.map(lambda x, d: x - 0.1 * d, p, slope)
        assert step.total == kind(step.x, step.y, mode).total
        fg.check_gradient(lambda x, y, m=mode: model(kind(x, y, m)), 0.5, -1.5)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_compiled_function_sees_them_as_the_function_does(kind: Any, backend: Any) -> None:
    fast: Any = fg.compile(model, backend=backend)
    slope: Any = fg.compile(loose.gradient(model), backend=backend)
    for mode in ("sin", "other") * 2:
        for x in (0.5, 2.0, -1.0):
            p = kind(x, 2.0 - x, mode)
            assert fast(p) == pytest.approx(model(p), rel=1e-14)
            got = slope(p)
            assert trees.leaves(got) == pytest.approx(trees.leaves(loose.gradient(model)(p)))
            assert got.label == p.label
    assert len(fast.specialisations) == 2
    assert pickle.loads(pickle.dumps(fast))(kind(0.5, 1.5)) == fast(kind(0.5, 1.5))


@dataclasses.dataclass
class Counter:
    """What changes after it was made."""

    x: Any

    def __post_init__(self) -> None:
        self.count = 0
        self.scale = 1.0
        self.name = "new"


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_was_altered_since_passes_through(backend: Any) -> None:
    def f(p: Any) -> Any:
        return p.x * p.scale + p.count + len(p.name)

    fast: Any = fg.compile(f, backend=backend)
    p = Counter(2.0)
    for count in range(3):
        for scale in (1.0, 3.0):
            for name in ("new", "newer"):
                p.count, p.scale, p.name = count, scale, name
                assert fast(p) == f(p)
                assert loose.gradient(f)(p).x == scale
                assert trees.map(lambda x: x, p).name == name
    assert len(fast.specialisations) == 12


@dataclasses.dataclass(frozen=True)
class Careful:
    """What branches on its numbers, which nodes do not bear."""

    x: Any
    bound: dataclasses.InitVar[Any] = 10.0

    def __post_init__(self, bound: Any) -> None:
        if not 0.0 < self.x < bound:
            raise ValueError(self.x)
        give(self, "unit", "m")
        give(self, "square", self.x * self.x)

    @functools.cached_property
    def kind(self) -> str:
        return "large" if self.x > 2.0 else "small"

    def remembered(self) -> Any:
        if "memory" not in vars(self):
            give(self, "memory", 2.0 * self.x)
        return vars(self)["memory"]


@attrs.frozen(slots=False)
class Strict:
    x: Any

    def __attrs_post_init__(self) -> None:
        if self.x <= 0.0:
            raise ValueError(self.x)
        give(self, "unit", "m")
        give(self, "square", self.x * self.x)

    kind = functools.cached_property(lambda self: "small")
    kind.__set_name__(None, "kind")  # type: ignore[arg-type]  # as a class does
    remembered = Careful.remembered


@pytest.mark.parametrize("kind", [Careful, Strict])
def test_what_cannot_be_made_of_nodes_hands_on_data_and_no_stale_number(kind: Any) -> None:
    p = kind(1.5)
    assert (p.kind, p.remembered()) == ("small", 3.0)
    assert loose.gradient(lambda p: p.x * len(p.unit))(p).x == 1.0
    fast: Any = fg.compile(lambda p: p.x * len(p.unit))
    assert fast(p) == fast(kind(1.5)) == 1.5
    for f in (loose.gradient, loose.compile):
        with pytest.raises(AttributeError, match="square"):
            f(lambda p: p.square)(p)
    moved = trees.map(lambda x: x + 1.0, p)
    assert moved.unit == "m"
    # Neither what is cached nor what was kept by hand is of the old leaves.
    assert moved.remembered() == 5.0
    assert moved.kind == ("large" if kind is Careful else "small")
    assert loose.gradient(lambda p: p.remembered())(p).x == 2.0
    assert loose.compile(lambda p: p.remembered())(p) == 3.0


def test_a_cached_property_is_computed_of_the_new_leaves() -> None:
    p = Tight(0.5, 1.5)
    assert p.twice == 1.0
    assert trees.map(lambda x: 3.0 * x, p).twice == 3.0
    assert loose.gradient(lambda p: p.twice)(p).x == 2.0
    assert loose.compile(lambda p: p.twice)(p) == 1.0


def test_a_class_without_post_init_is_its_fields() -> None:
    @dataclasses.dataclass
    class Plain:
        x: Any

    p = Plain(1.0)
    give(p, "other", 2.0)
    assert vars(trees.map(lambda x: x, p)) == {"x": 1.0}
    structure = trees.flatten(Counter(1.0))[1]
    assert pickle.loads(pickle.dumps(structure)) == structure
