"""Builtin functions for calls of a few rows, which run no Python between the arrays and the code."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from itertools import accumulate
from typing import Any, Final, Literal, TypeAlias

import attrs

from fgrad.backends.buffers import cpython
from fgrad.backends.native.interop import row_results
from fgrad.backends.native.interop.arguments import KEPT
from fgrad.backends.native.runtime.llvm import PLAIN, loaded
from fgrad.backends.native.runtime.object_code import trampoline_code
from fgrad.backends.native.runtime.row_arguments import Pattern
from fgrad.backends.native.runtime.row_code import BLOCK, RowCode

Way: TypeAlias = Literal["map", "into", "sum", "total"]
"""To new columns, to given columns, to a tuple of sums, or to given arrays of sums."""
Call: TypeAlias = Callable[..., Any]

TRIED: Final = 4
"""Builtins that are tried one after the other."""
ROOM: Final = 1 << 20
"""Bytes of new columns from which on the overhead of Python does not matter."""


@attrs.frozen(eq=False)
class FewRows:
    """The builtins of a program: one for each kind of arguments that came twice."""

    _calls: dict[tuple[Way, Pattern, tuple[int, ...]], Call | None] = attrs.field(
        factory=dict, init=False
    )
    _latest: dict[Way, tuple[Call, ...]] = attrs.field(factory=dict, init=False)

    def call(self, way: Way, *inputs: object) -> Any:
        """The columns or sums, if a builtin takes these arguments; else None."""
        for call in self._latest.get(way, ()):
            made = call(*inputs)
            if made is not None:
                return made
        return None

    def prepare(self, way: Way, code: RowCode, rows: int, sizes: tuple[int, ...] = ()) -> None:
        """Expect arguments like these from now on.

        `sizes` are the lengths of the arrays that sums go to, 0 for those that are single numbers.
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
    """The most rows of a builtin."""
    if way not in ("map", "into"):
        return BLOCK
    return 0 if True in code.kinds else ROOM // (8 * max(1, len(code.kinds)))


def _builtin(way: Way, code: RowCode, most: int, sizes: tuple[int, ...]) -> Call | None:
    """The builtin; it returns None for arguments that code cannot read in place.

    There is none on interpreters whose objects `buffers.cpython` does not know, and for code with
    callbacks.
    """
    known, hoisted, split, lanes = cpython.arrays(), code.hoisted, code.split, code.width
    if known is None or code.calls.functions or (hoisted and hoisted.calls.functions):
        return None
    kinds = [{"column": 0, "table": n, "numbers": -n}[kind] for kind, n in code.pattern]
    places = [k if varies else -1 - k for varies, k in split.outputs]
    order = split.hoisted.outputs
    words = [(ctypes.c_int64 * max(1, len(row)))(*row) for row in ((*kinds, *sizes), order, places)]
    at = code.code.addresses
    functions = at["rows"], hoisted.cell[0] if hoisted else 0, at.get("clear", 0), at.get("add", 0)
    varying = len(split.per_row.outputs)
    kept: list[object] = [None] * KEPT
    arguments, outputs = len(kinds), len(places)
    objects = arguments + (outputs if way == "into" else len(sizes))
    rows = [kind for kind, _ in code.pattern if kind == "numbers"]
    # Not where outputs are written meanwhile, for they could overlap the row.
    in_place = way in ("sum", "total") and not hoisted and len(rows) == 1 < len(order)
    in_place = in_place and order == tuple(range(len(order)))
    facts = [
        *(*functions, *map(ctypes.addressof, words), id(kept)),
        *(objects, arguments, outputs, len(order), lanes, most, in_place, 0),
        *_places([
            len(split.hoisted.inputs), 2 * len(split.per_row.inputs), outputs, len(order),
            hoisted.shape.slots if hoisted else 0, code.slots * lanes, code.room, varying, 2 * objects,
        ]),
    ]  # fmt: skip
    table = (ctypes.c_int64 * len(facts))(*facts)
    made = loaded([_wrapped(way)], ["call"], {**known, "facts": ctypes.addressof(table)})
    address, held = made.addresses["call"], (made, code, table, kept, *words)
    call: Call = cpython.builtin("rows", address, cpython.METH_FASTCALL, _never, held)
    return call


def _places(sizes: list[int]) -> list[int]:
    """The offsets of consecutive regions of so many doubles, aligned to 128 bytes, and the end."""
    places = list(accumulate([-(-8 * size // 128) * 128 for size in sizes]))
    return [*places[:-1], places[-1] + 128]


def _never(*_: object) -> None:
    """The fallback of a builtin that needs none."""


@cache
def _wrapped(way: Way) -> bytes:
    texts = {
        "map": row_results.to_new_columns, "into": row_results.to_given_columns,
        "sum": row_results.to_sums, "total": row_results.to_given_sums,
    }  # fmt: skip
    return trampoline_code(texts[way](), PLAIN)
