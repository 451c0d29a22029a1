"""Structures of trees as tables of words, by which native code reads trees and builds others.

Each part of a tree is a row of words: how it is read and built, its class (or the object that it
is), how many parts it has, by what each is reached, and the rows of these.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from inspect import getattr_static
from types import BuiltinFunctionType, MemberDescriptorType, NoneType
from typing import Any, Final

import attrs

from fgrad.backends.buffers import cpython
from fgrad.trees.containers import is_plain_tuple
from fgrad.trees.sameness import Same
from fgrad.trees.tree import Structure

HOW: Final = ("number", "truth", "same", "equal", "tuple", "list", "slots", "fields", "dict")
"""How a part is read and built: from a float, from a truth value, as the object that it always is
or is the same as, by index, at places in the object, by the names of fields, or by keys."""
WORDS: Final = ("how", "what", "count", "ways", "parts")
"""The words of a row. Of a tuple or list of numbers alone, `parts` is 0. The `ways` of a dict are the
rows of its keys, and those of an object that another is equal to are what judges that, or 0."""


@attrs.frozen(eq=False)
class Form:
    """The row of a whole tree, at `address`, and all that must live as long as it."""

    address: int
    kept: tuple[object, ...]

    @classmethod
    def of(cls, structure: Structure[Any], truths: Sequence[bool]) -> Form | None:
        """The form of a structure, of whose leaves some are truth values; None if code cannot read it."""
        writer = _Writer(iter(truths))
        address = writer.row(structure)
        return None if address is None else cls(address, tuple(writer.kept))


@attrs.frozen(eq=False)
class _Writer:
    truths: Iterator[bool]
    kept: list[object] = attrs.field(factory=list)

    def _words(self, words: Sequence[int]) -> int:
        array = (ctypes.c_int64 * len(words))(*words)
        self.kept.append(array)
        return ctypes.addressof(array)

    def _row(self, how: str, what: object, ways: Sequence[int], parts: Sequence[int]) -> int:
        self.kept.append(what)
        return self._words(
            [HOW.index(how), id(what), len(parts), self._words(ways), self._words(parts)]
        )

    def row(self, structure: Structure[Any]) -> int | None:
        """The address of the row of a structure, or None."""
        kind, how = structure.kind, structure._container
        if how is None:
            return self._row("truth" if next(self.truths) else "number", None, (), ())
        if kind is NoneType:
            return self._row("same", None, (), ())
        if structure._flat and kind in (tuple, list):
            truths = [next(self.truths) for _ in structure.children]
            if True not in truths:
                return self._numbers(kind, len(truths))
            return self._row(kind.__name__, kind, (), self._leaves(truths))
        parts = [self.row(child) for child in structure.children]
        known = [part for part in parts if part is not None]
        if kind is None or len(known) < len(parts):
            return None
        if kind in (tuple, list) or is_plain_tuple(kind):
            return self._row("list" if kind is list else "tuple", kind, (), known)
        if kind is dict:
            return self._row("dict", kind, list(map(self._equal, structure.keys)), known)
        if how.passing is None or structure.extras is not None or not _is_plain(kind):
            return None
        names = (*structure.keys, *how.passing)
        known += map(self._equal, structure.static or ())
        places = [place(kind, name) for name in names]
        slots = [place for place in places if place is not None]
        if names and len(slots) == len(names):
            return self._row("slots", kind, slots, known)
        return self._row("fields", kind, self._held(names), known)

    def _numbers(self, kind: type, count: int) -> int:
        self.kept.append(kind)
        return self._words([HOW.index(kind.__name__), id(kind), count, 0, 0])

    def _equal(self, value: object) -> int:
        judge = Same.where_equal_is_less(value)
        self.kept.extend((value, judge))
        return self._words([HOW.index("equal"), id(value), 0, 0 if judge is None else id(judge), 0])

    def _leaves(self, truths: Sequence[bool]) -> list[int]:
        return [self._row("truth" if truth else "number", None, (), ()) for truth in truths]

    def _held(self, values: Sequence[object]) -> list[int]:
        self.kept.extend(values)
        return list(map(id, values))


def _is_plain(kind: type) -> bool:
    """Whether code may make objects of it as `object` does: not where a base written in C makes its own."""
    own = [vars(base).get("__new__") for base in kind.__mro__[:-1]]
    return not any(isinstance(new, BuiltinFunctionType) for new in own)


def place(kind: type, name: str) -> int | None:
    """At which byte of an object its field stands; None where that is not known, or where its class asks."""
    asks: object = kind.__getattribute__
    if asks is not object.__getattribute__:
        return None
    slot = getattr_static(kind, name, None)
    if not isinstance(slot, MemberDescriptorType) or not issubclass(kind, slot.__objclass__):
        return None
    return cpython.place(slot)
