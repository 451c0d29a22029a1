"""Sameness: whether a function could distinguish two values, which equality does not answer.

`True`, `1` and `1.0` are equal, and so are `0.0` and `-0.0`; a function may return different results for
them, so a program that was traced for one must not be run for the other.
"""

from __future__ import annotations

import numbers
from typing import Any, Final

import attrs
from pyrsistent import PMap, PVector

from fgrad.errors import TracedNumber
from fgrad.ops.operand import is_array

_PLAIN: Final = frozenset({str, int, bool, bytes, type(None)})
"""Classes of which equal values are the same."""
_SAID: Final = frozenset({("builtins", "range"), ("datetime", "datetime"), ("datetime", "time")})
"""Classes whose equal values may differ in their repr."""


class _Beside:
    """A part of a key that is compared but not hashed: it need not be hashable."""

    __slots__ = ("held",)

    held: object

    def __init__(self, held: object) -> None:
        self.held = held

    def __eq__(self, other: object) -> bool:
        """Whether the held objects are equal."""
        return isinstance(other, _Beside) and bool(self.held == other.held)

    def __hash__(self) -> int:
        """The same for all."""
        return 0


def exact(value: object) -> object:
    """A key that two values share if they are the same; hashable if the value is.

    Items of containers, and fields of dataclasses and attrs classes that are compared, must be the
    same as well. Objects of other classes are the same if they are of one class and equal.

    >>> exact((1, "a")) == exact((1, "a")), exact((1, "a")) == exact((True, "a"))
    (True, False)
    """
    kind = type(value)
    if kind in _PLAIN or kind.__eq__ is object.__eq__:
        return kind, value
    held: Any = value
    if isinstance(value, (tuple, list)):
        kinds = tuple(map(type, value))
        if not _PLAIN.issuperset(kinds):
            held = [exact(part) for part in value]
        return kind, kinds, held if isinstance(value, list) else tuple(held)
    if isinstance(value, (frozenset, set)):
        return kind, type(value)([exact(part) for part in value])
    if isinstance(value, dict):
        return kind, [(exact(key), exact(part)) for key, part in value.items()]
    if is_array(value) and hasattr(value, "tobytes"):
        return (
            kind,
            str(held.dtype),
            held.shape,
            exact(held.tolist()) if held.dtype.hasobject else held.tobytes(),
        )
    number = isinstance(value, numbers.Number) and not isinstance(value, numbers.Rational)
    if number or (kind.__module__, kind.__qualname__) in _SAID:
        return kind, repr(value)
    return kind, value, _Beside(_inside(value, kind))


def _inside(value: Any, kind: type) -> object:
    """The keys of the items or fields by which an object is compared."""
    if isinstance(value, PVector):
        return [exact(part) for part in value]
    if isinstance(value, PMap):
        return {exact(key): exact(part) for key, part in value.items()}
    return [exact(getattr(value, name, None)) for name in _compared(kind)]


def _compared(kind: type) -> list[str]:
    """The fields by which objects of the class are compared, if their `==` is a generated one."""
    code = getattr(kind.__eq__, "__code__", None)
    if code is None or not code.co_filename.startswith("<"):
        return []
    if attrs.has(kind):
        return [field.name for field in attrs.fields(kind) if field.eq]
    fields = getattr(kind, "__dataclass_fields__", {})
    return [name for name, field in fields.items() if field.compare]


def same(one: object, other: object) -> bool:
    """Whether no function could distinguish the two.

    >>> same(0.0, -0.0), same(1, True), same({"a": 1.0, "b": 2.0}, {"b": 2.0, "a": 1.0})
    (False, False, False)
    """
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if type(one) in _PLAIN:
        return one == other
    if isinstance(one, tuple) and isinstance(other, tuple):
        if len(one) != len(other):
            return False
        # In `all`, a StopIteration that `==` raises would become another error.
        for x, y in zip(one, other, strict=True):  # noqa: SIM110  # see above
            if not same(x, y):
                return False
        return True
    try:
        return bool(exact(one) == exact(other))
    except TracedNumber:  # of two numbers that are traced, nobody knows it
        return False


def equal(one: object, other: object) -> bool:
    """Whether two values are equal; of arrays, which have no one answer to that, whether they are the same."""
    if same(one, other):
        return True
    try:
        return bool(one == other)
    except ValueError:
        return False


class Same:
    """An object that equals another exactly if that is the same as `value`."""

    __slots__ = ("value",)

    value: object

    def __init__(self, value: object) -> None:
        """Hold the value."""
        self.value = value

    @classmethod
    def where_equal_is_less(cls, value: object) -> Same | None:
        """That object; None for a value that is the same as every equal one of its class."""
        kind = type(value)
        return None if kind in _PLAIN or kind.__eq__ is object.__eq__ else cls(value)

    def __eq__(self, other: object) -> bool:
        """Whether `other` is the same as the value."""
        return same(other, self.value)

    def __hash__(self) -> int:
        """That of the object."""
        return object.__hash__(self)
