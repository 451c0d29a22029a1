"""Calls for a few rows: builtins of the interpreter, with nothing of Python between arrays and code."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, Literal, TypeAlias

import attrs

from fgrad.backends.buffers import cpython
from fgrad.backends.native.interop import columns, sums
from fgrad.backends.native.interop.arguments import KEPT
from fgrad.backends.native.runtime.llvm import PLAIN, loaded
from fgrad.backends.native.runtime.objects import wrapped
from fgrad.backends.native.runtime.pointers import Pattern
from fgrad.backends.native.runtime.row_code import RowCode
from fgrad.backends.native.runtime.sum_code import BLOCK

Way: TypeAlias = Literal["map", "into", "sum", "total"]
"""To new columns, to columns that are given, to a tuple of sums, or to arrays for them."""
Call: TypeAlias = Callable[..., Any]

TRIED: Final = 4
"""Builtins that are tried one after the other."""
ROOM: Final = 1 << 20
"""Bytes of new columns from which on a call takes long anyway."""


@attrs.frozen(eq=False)
class Few:
    """The builtins for a program over few rows: one for each kind of arguments that came twice."""

    _calls: dict[tuple[Way, Pattern, tuple[int, ...]], Call | None] = attrs.field(
        factory=dict, init=False
    )
    _latest: dict[Way, tuple[Call, ...]] = attrs.field(factory=dict, init=False)

    def call(self, way: Way, *inputs: object) -> Any:
        """The columns or sums, if the arguments are few rows of a kind that came lately; else None."""
        for call in self._latest.get(way, ()):
            made = call(*inputs)
            if made is not None:
                return made
        return None

    def prepare(self, way: Way, code: RowCode, rows: int, sizes: tuple[int, ...] = ()) -> None:
        """From now on, expect arguments as these.

        `sizes` are the lengths of the arrays that sums go to, 0 for those that are one number.
        """
        key, most = (way, code.pattern, sizes), _most(way, code)
        if not code.width <= rows <= most:
            return
        if key not in self._calls:
            self._calls[key] = None  # to make a builtin takes longer than one call without it
            return
        call = self._calls[key] or _builtin(way, code, most, sizes)
        if call is not None:
            self._calls[key] = call
            others = [other for other in self._latest.get(way, ()) if other is not call]
            self._latest[way] = call, *others[: TRIED - 1]


def _most(way: Way, code: RowCode) -> int:
    """The most rows that a builtin does."""
    if way not in ("map", "into"):
        return BLOCK
    return 0 if True in code.kinds else ROOM // (8 * max(1, len(code.kinds)))


def _builtin(way: Way, code: RowCode, most: int, sizes: tuple[int, ...]) -> Call | None:
    """The function of what is given, by position; None for anything else than code reads as it is.

    There is none for interpreters that `interpreter` does not know, and for code that calls Python.
    """
    known, once, split, lanes = cpython.arrays(), code.once, code.split, code.width
    if known is None or code.calls.functions or (once and once.calls.functions):
        return None
    kinds = [_kind(kind, size) for kind, size in code.pattern]
    places = [k if varies else -1 - k for varies, k in split.outputs]
    order = split.hoisted.outputs
    words = [(ctypes.c_int64 * max(1, len(row)))(*row) for row in ((*kinds, *sizes), order, places)]
    at = code.code.addresses
    functions = at["rows"], once.cell[0] if once else 0, at.get("clear", 0), at.get("add", 0)
    varying = len(split.per_row.outputs)
    kept: list[object] = [None] * KEPT
    arguments, outputs = len(kinds), len(places)
    objects = arguments + (outputs if way == "into" else len(sizes))
    rows = [kind for kind, _ in code.pattern if kind == "numbers"]
    # Where outputs are written meanwhile, they could lie where the row is.
    straight = way in ("sum", "total") and not once and len(rows) == 1 and _in_order(order)
    facts = [
        *(*functions, *map(ctypes.addressof, words), id(kept)),
        *(objects, arguments, outputs, varying, len(order), lanes, most, straight, 0),
        *_places([
            len(split.hoisted.inputs), 2 * len(split.per_row.inputs), outputs, len(order),
            once.shape.slots if once else 0, code.slots * lanes, code.room, varying, 2 * objects,
        ]),
    ]  # fmt: skip
    table = (ctypes.c_int64 * len(facts))(*facts)
    made = loaded([_wrapped(way)], ["call"], {**known, "facts": ctypes.addressof(table)})
    held = (made, code, table, kept, *words)
    call: Call = cpython.builtin("rows", made.addresses["call"], cpython.MANY, _never, held)
    return call


def _in_order(order: Sequence[int]) -> bool:
    return len(order) > 1 and list(order) == list(range(len(order)))


def _kind(kind: str, size: int) -> int:
    return {"column": 0, "table": size, "numbers": -size}[kind]


def _places(sizes: list[int]) -> list[int]:
    """Where in memory each begins behind the one before it, at multiples of 128 bytes, and the end."""
    places, at = [], 0
    for size in sizes:
        at += -(-8 * size // 128) * 128
        places.append(at)
    return [*places[:-1], places[-1] + 128]


def _never(*_: object) -> None:
    """What a builtin calls for everything unusual; these have an answer for that."""


@cache
def _wrapped(way: Way) -> bytes:
    texts = {
        "map": columns.to_new_columns, "into": columns.to_given_columns,
        "sum": sums.to_tuple, "total": sums.to_given_arrays,
    }  # fmt: skip
    return wrapped(texts[way](), PLAIN)
