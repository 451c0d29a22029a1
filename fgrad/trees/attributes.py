"""Attributes beside the fields, which `__post_init__` sets on an object, restored on a rebuilt one.

An object is rebuilt from its fields without its `__init__`. The attributes that `__post_init__` computes
from them are computed again, on a scratch copy, so that they follow the new leaves. Where that fails,
for instance because it branches on a number that is a node now, plain data is copied, and numbers are
left out: those of other leaves would be wrong, and have no derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import cached_property
from inspect import getattr_static
from types import MemberDescriptorType
from typing import Any, Final, Self
from weakref import ref

import attrs

from fgrad.graph.node import Node
from fgrad.trees.sameness import exact, same

_HOOKS: Final = ("__post_init__", "__attrs_post_init__")
_NOTHING: Final = object()


@attrs.frozen(eq=False)
class Extras:
    """The attributes of an object beside its fields, by name."""

    values: Mapping[str, Any]
    """The value to copy where it is not computed again, or NOTHING."""
    own: frozenset[str]
    """The names whose values `__post_init__` does not compute from the fields; they are copied."""
    _key: object
    """The values as they were, since those in containers can change."""

    @classmethod
    def of(cls, values: Mapping[str, Any], own: Iterable[str]) -> Self:
        """Compute the key."""
        mine = frozenset(own)
        known = dict(sorted(values.items()))
        seen = [(name, value is _NOTHING or exact(value)) for name, value in known.items()]
        return cls(known, mine, (seen, mine))

    def __eq__(self, other: object) -> bool:
        """Whether no function could distinguish objects with the one from those with the other."""
        return isinstance(other, Extras) and self._key == other._key

    def __hash__(self) -> int:
        """Of the names: the values may not be hashable."""
        return hash(tuple(self.values))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the attributes that have a value."""
        known = {name: x for name, x in self.values.items() if x is not _NOTHING}
        return _restored, (tuple(self.values), known, self.own)


def _restored(names: tuple[str, ...], known: dict[str, Any], own: frozenset[str]) -> Extras:
    return Extras.of({name: known.get(name, _NOTHING) for name in names}, own)


@attrs.frozen(eq=False)
class Maker:
    """How objects of a class with a `__post_init__` get their attributes beside the fields."""

    alive: Callable[[], type | None]
    """The class, if it still exists."""
    fresh: Callable[[Iterable[Any]], Any]
    """A new object with these fields."""
    hook: str
    fields: tuple[str, ...]
    slots: tuple[str, ...]
    computed: frozenset[str]
    """Cached properties, which objects compute for themselves."""

    @classmethod
    def of(
        cls, kind: type, fields: tuple[str, ...], fresh: Callable[[Iterable[Any]], Any]
    ) -> Self | None:
        """None for a class without a `__post_init__`."""
        hook = next((name for name in _HOOKS if hasattr(kind, name)), None)
        if hook is None:
            return None
        members = [(name, x) for base in kind.__mro__ for name, x in vars(base).items()]
        slots = {name for name, x in members if isinstance(x, MemberDescriptorType)}
        computed = [name for name, x in members if isinstance(x, cached_property)]
        # In a slotted class attrs keeps them here.
        for known in getattr(getattr(kind, "__getattr__", None), "__defaults__", None) or ():
            computed += known if isinstance(known, dict) else ()
        mine = slots.difference(fields, computed)
        return cls(ref(kind), fresh, hook, fields, tuple(sorted(mine)), frozenset(computed))

    def taken(self, tree: Any, values: Iterable[Any]) -> Extras | None:
        """The attributes of an object beside these fields; None if there are none."""
        present = self._others(tree)
        if not present:
            return None
        made = self._made(values)
        kept: dict[str, Any] = {}
        own = []
        for name, value in present.items():
            data = _is_data(value)
            if made is None:
                if data:
                    kept[name] = value
            elif name in made:
                follows = same(value, made[name])
                constant = data or (not follows and _is_data(value, float))
                kept[name] = value if constant else _NOTHING
                own += [name] if constant and not follows else []
        return Extras.of(kept, own) if kept else None

    def give(self, tree: Any, values: Iterable[Any], extras: Extras) -> None:
        """Give an object with these fields its other attributes."""
        made = self._made(values) or {}
        for name, value in extras.values.items():
            given = value if name in extras.own else made.get(name, value)
            if given is not _NOTHING:
                object.__setattr__(tree, name, given)

    def _made(self, values: Iterable[Any]) -> dict[str, Any] | None:
        """The attributes that the class computes from these fields; None if it raises."""
        tree = self.fresh(values)
        try:
            getattr(tree, self.hook)()
        except Exception:  # noqa: BLE001  # a user's code, which may be written for floats alone
            return None
        return self._others(tree)

    def _others(self, tree: Any) -> dict[str, Any]:
        found = dict(getattr(tree, "__dict__", {}))
        for name in self.slots:
            try:
                found[name] = getattr_static(self.alive(), name).__get__(tree)
            except AttributeError:  # it is empty
                continue
        return {n: x for n, x in found.items() if n not in self.fields and n not in self.computed}


def _is_data(value: object, *more: type) -> bool:
    """Whether it is plain data, without numbers that could be leaves."""
    if isinstance(value, Node):
        return False
    if value is None or isinstance(value, (str, int, bytes, Enum, type, *more)):
        return True
    if isinstance(value, dict):
        return all(_is_data(key) and _is_data(part, *more) for key, part in value.items())
    kinds = (tuple, list, set, frozenset)
    return isinstance(value, kinds) and all(_is_data(part, *more) for part in value)
