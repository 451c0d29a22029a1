"""Structures of trees as descriptors in memory, by which native code reads trees and builds others.

The descriptor of a node has a tag, its class (or the object that it is), the number of its
children, how each is accessed, and their descriptors.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from inspect import getattr_static
from types import BuiltinFunctionType, MemberDescriptorType, NoneType
from typing import Any, Final

import attrs

from fgrad.backends.buffers import cpython
from fgrad.backends.native.ir.control import load_words
from fgrad.trees.containers import is_plain_tuple
from fgrad.trees.sameness import Same
from fgrad.trees.tree import Structure

TAGS: Final = ("number", "truth", "same", "equal", "tuple", "list", "slots", "fields", "dict")
"""How a node is read and built: a float, a boolean, an object by identity, an object by equality, a
tuple, a list, an object by offsets of its slots, by names of its fields, or a dict by keys."""
FIELDS: Final = ("tag", "referent", "count", "accessors", "children")
"""The fields of a descriptor. Of a tuple or list of plain numbers, `children` is 0. The `accessors`
of a dict are descriptors of its keys; those of an object by equality are the comparator, or 0."""


@attrs.frozen(eq=False)
class Descriptor:
    """The descriptor of a whole tree, at `address`, and all that must live as long as it."""

    address: int
    kept: tuple[object, ...]

    @classmethod
    def of(cls, structure: Structure[Any], truths: Sequence[bool]) -> Descriptor | None:
        """The descriptor of a structure, of whose leaves some are booleans; None if code cannot read it."""
        writer = _Writer(iter(truths))
        address = writer.describe(structure)
        return None if address is None else cls(address, tuple(writer.kept))


@attrs.frozen(eq=False)
class _Writer:
    truths: Iterator[bool]
    kept: list[object] = attrs.field(factory=list)

    def _array(self, words: Sequence[int]) -> int:
        array = (ctypes.c_int64 * len(words))(*words)
        self.kept.append(array)
        return ctypes.addressof(array)

    def _descriptor(
        self, tag: str, referent: object, children: Sequence[int] | int = (), accessors: int = 0
    ) -> int:
        """A descriptor; of plain numbers if `children` is how many."""
        self.kept.append(referent)
        size, row = (
            (children, 0) if isinstance(children, int) else (len(children), self._array(children))
        )
        return self._array([TAGS.index(tag), id(referent), size, accessors, row])

    def describe(self, structure: Structure[Any]) -> int | None:
        """The address of the descriptor of a structure, or None."""
        kind, how = structure.kind, structure._container
        if how is None:
            return self._leaf(truth=next(self.truths))
        if kind is NoneType:
            return self._descriptor("same", None)
        if structure._flat and kind in (tuple, list):
            truths = [next(self.truths) for _ in structure.children]
            leaves: Sequence[int] | int = (
                [self._leaf(truth=truth) for truth in truths] if True in truths else len(truths)
            )
            return self._descriptor(kind.__name__, kind, leaves)
        children = [self.describe(child) for child in structure.children]
        known = [child for child in children if child is not None]
        if kind is None or len(known) < len(children):
            return None
        if kind in (tuple, list) or is_plain_tuple(kind):
            return self._descriptor("list" if kind is list else "tuple", kind, known)
        if kind is dict:
            keys = self._array(list(map(self._equal, structure.keys)))
            return self._descriptor("dict", kind, known, keys)
        if how.passing is None or structure.extras is not None or not _is_plain(kind):
            return None
        names = (*structure.keys, *how.passing)
        known += map(self._equal, structure.static or ())
        offsets = [slot_offset(kind, name) for name in names]
        slots = [offset for offset in offsets if offset is not None]
        if names and len(slots) == len(names):
            return self._descriptor("slots", kind, known, self._array(slots))
        self.kept.append(names)
        return self._descriptor("fields", kind, known, self._array(list(map(id, names))))

    def _leaf(self, *, truth: bool) -> int:
        return self._descriptor("truth" if truth else "number", None)

    def _equal(self, value: object) -> int:
        comparator = Same.where_equal_is_less(value)
        self.kept.append(comparator)
        return self._descriptor("equal", value, 0, 0 if comparator is None else id(comparator))


def _is_plain(kind: type) -> bool:
    """Whether `object.__new__` makes its objects: not where a base written in C has its own."""
    own = [vars(base).get("__new__") for base in kind.__mro__[:-1]]
    return not any(isinstance(new, BuiltinFunctionType) for new in own)


def slot_offset(kind: type, name: str) -> int | None:
    """The offset of a field that is a slot; None if it is none, or if its class computes attributes."""
    asks: object = kind.__getattribute__
    if asks is not object.__getattribute__:
        return None
    slot = getattr_static(kind, name, None)
    if not isinstance(slot, MemberDescriptorType) or not issubclass(kind, slot.__objclass__):
        return None
    return cpython.slot_offset(slot)


def load_descriptor(descriptor: str) -> list[str]:
    """Load the fields of a descriptor: `%tag`, `%referent`, `%count`, `%accessors` and `%children`."""
    return load_words(FIELDS, descriptor, addresses=("referent", "accessors", "children"))


def switch_on_tag(known: Sequence[str], otherwise: str, **others: str) -> str:
    """Switch to the label that is the tag of the node; `others` are labels by their tags."""
    labels = {how: how for how in known} | others
    cases = " ".join([f"i64 {TAGS.index(how)}, label %{label}" for how, label in labels.items()])
    return f"switch i64 %tag, label %{otherwise} [{cases}]"


def switch_on_access() -> list[str]:
    """Branch to `fields`, `by.key` or `by.place`, by how children are accessed."""
    return [
        switch_on_tag(("fields",), "slots.or.dict"),
        "slots.or.dict:",
        f"%keyed = icmp eq i64 %tag, {TAGS.index('dict')}",
        "br i1 %keyed, label %by.key, label %by.place",
    ]
