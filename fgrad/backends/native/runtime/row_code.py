"""The code for one choice of columns, and what it is run into: new columns, or arrays."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cached_property
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import attrs
import numpy as np

from fgrad.backends.buffers.cpython import address
from fgrad.backends.buffers.outputs import (
    checked,
    columns_of,
    direct_starts,
    filled,
    new_columns,
    starts_of,
)
from fgrad.backends.native.codegen.callbacks import CallbackTable, callbacks
from fgrad.backends.native.codegen.hoist import Split
from fgrad.backends.native.runtime.entry import Entry
from fgrad.backends.native.runtime.llvm import Code, loaded
from fgrad.backends.native.runtime.objects import Objects
from fgrad.backends.native.runtime.pointers import Feed, Pattern, pointers
from fgrad.backends.native.runtime.threads import shares, side_by_side

if TYPE_CHECKING:
    from fgrad.backends.buffers.inputs import Array


def _cache() -> int:
    """The bytes of the last cache; 128 MB where the system does not say."""
    try:
        text = Path("/sys/devices/system/cpu/cpu0/cache/index3/size").read_text()
        return int(text.removesuffix("K\n")) << 10
    except (OSError, ValueError):
        return 1 << 27


STREAM: Final = _cache()
"""Bytes of outputs from which on they go past the cache, for which there is other code."""
LINE: Final = 64
"""Bytes of a line of the cache, which what goes past it must fill at once.

By half lines, the camera's Jacobian into 256 MB takes 105 ns a row, by whole ones 29 (AVX2).
"""
PIECE: Final = 1024
"""Rows that are computed at a time where the code cannot write to the arrays that were given."""

_GIVEN: Final = *[ctypes.c_void_p] * 5, ctypes.c_int64, ctypes.c_int64
_Rows: Final = ctypes.CFUNCTYPE(None, *_GIVEN)
_RowsWithCalls: Final = ctypes.PYFUNCTYPE(None, *_GIVEN)


@attrs.frozen(eq=False)
class RowCode:
    """The code for one choice of columns."""

    exports: ClassVar[Sequence[str]] = ("rows",)
    """The functions that it has."""

    pattern: Pattern
    split: Split
    width: int
    slots: int
    once: Entry | None
    """The code of what is the same in each row, if there is anything to compute."""
    calls: CallbackTable
    code: Code
    function: Any
    """The code as a function of ctypes."""
    order: Any
    """Which of the numbers given the code reads, in its order; of use if nothing is computed once."""

    @classmethod
    def of(
        cls, pattern: Pattern, split: Split, width: int, once: Entry | None, objects: Objects
    ) -> Self:
        """That of object code."""
        calls = CallbackTable.of(callbacks(split.per_row))
        code = loaded(objects.files, cls.exports, calls.imports)
        function = (_RowsWithCalls if calls.functions else _Rows)(code.addresses["rows"])
        order = np.array(split.hoisted.outputs, np.intp)
        return cls(pattern, split, width, objects.slots, once, calls, code, function, order)

    @property
    def room(self) -> int:
        """The doubles that sums take on the way."""
        return 0

    @cached_property
    def constants(self) -> Array:
        """What is the same in each row if nothing that is given is."""
        return np.array(self.once.run() if self.once else (), np.float64)

    @cached_property
    def truths(self) -> tuple[bool, ...]:
        """For each output of a row whether it is a truth value."""
        truths = self.split.per_row.truths
        return tuple([truths[i] for i in self.split.per_row.outputs])

    def map(
        self, feed: Feed, threads: int, stream: Callable[[], RowCode] | None
    ) -> tuple[Array, ...]:
        """A new column for each output; `stream` gives the code for large ones, if there is."""
        same = self.same(feed)
        # At least one vector is done, whatever is in its lanes.
        columns = new_columns(self.truths, max(feed.rows, self.width))
        self._direct(feed, same, starts_of(columns), threads, stream)
        made = list(columns)
        if feed.rows < self.width:
            made = [column[: feed.rows] for column in made]
        if len(made) == len(self.split.outputs):
            return tuple(made)
        return tuple(
            [
                made[k] if varies else filled(feed.rows, self._number(same, k))
                for varies, k in self.split.outputs
            ]
        )

    @cached_property
    def kinds(self) -> tuple[bool, ...]:
        """For each output whether it is a truth value."""
        truths = self.split.truths
        return tuple([self.truths[k] if varies else truths[k] for varies, k in self.split.outputs])

    def map_to(
        self, out: Sequence[object], feed: Feed, threads: int, stream: Callable[[], RowCode] | None
    ) -> None:
        """Write to arrays that are there."""
        arrays = checked(out, self.kinds, feed.rows)
        same = self.same(feed)
        still: list[tuple[Array, int]] = []
        if len(self.truths) < len(self.kinds):
            outputs = list(zip(columns_of(arrays), self.split.outputs, strict=True))
            arrays = [x for x, (varies, _) in outputs if varies]
            still = [(x, k) for x, (varies, k) in outputs if not varies]
        starts = direct_starts(arrays, feed.arrays) if feed.rows >= self.width else None
        if starts is not None:
            self._direct(feed, same, starts, threads, stream)
        else:
            self._by_pieces(feed.apart(arrays), same, columns_of(arrays), threads)
        for x, k in still:  # last, for an argument may be here
            x[...] = self._number(same, k)

    def _number(self, same: Array, k: int) -> Any:
        return same[k] != 0.0 if self.split.truths[k] else same[k]

    def _by_pieces(self, feed: Feed, same: Array, columns: Sequence[Array], threads: int) -> None:
        """Compute a piece of rows at a time and copy it to where it belongs."""
        ins = feed.table()

        def work(begin: int, end: int) -> None:
            room = new_columns(self.truths, max(PIECE, self.width))
            for start in range(begin, end, PIECE):
                size = min(PIECE, end - start)
                first = max(0, min(start, start + size - self.width))
                sizes = [x.itemsize for x in room]
                places = [a - first * n for a, n in zip(starts_of(room), sizes, strict=True)]
                self.run(ins, same, pointers(places), first, max(start + size, self.width))
                for x, y in zip(columns, room, strict=True):
                    x[start : start + size] = y[start - first : start - first + size]

        side_by_side(work, shares(feed.rows, threads, PIECE))

    def _direct(
        self,
        feed: Feed,
        same: Array,
        starts: Sequence[int],
        threads: int,
        stream: Callable[[], RowCode] | None,
    ) -> None:
        """Have the code write to columns that start at these addresses."""
        if not feed.rows or not starts:
            return
        ins, to, width = feed.table(), pointers(starts), self.width
        length = max(feed.rows, width)
        first = self._first_line(starts, length) if stream else None
        kernel = self if first is None or stream is None else stream()
        vectors = 0 if first is None else (length - first) // kernel.width
        if first is None or vectors < 1:
            ranges = shares(length, threads, width)
            side_by_side(lambda begin, end: self.run(ins, same, to, begin, end), ranges)
            return
        # What is not aligned at both ends is done by vectors that reach into the rest.
        last = first + vectors * kernel.width
        self.run(ins, same, to, 0, max(first, width))
        self.run(ins, same, to, min(last, length - width), length)

        def work(begin: int, end: int) -> None:
            start, size = first, kernel.width
            kernel.run(ins, same, to, start + begin * size, start + end * size)

        side_by_side(work, shares(vectors, threads, 1))

    def _first_line(self, starts: Sequence[int], length: int) -> int | None:
        """The first row at which a line of the cache begins in all columns.

        None if the columns are small, hold truth values, or are not aligned alike.
        """
        offsets = {start % LINE for start in starts}
        if 8 * length * len(starts) < STREAM or len(offsets) > 1 or True in self.truths:
            return None
        return -offsets.pop() % LINE // 8

    def run(self, ins: Any, same: Array, outs: Any, begin: int, end: int) -> None:
        """Run the code for these rows."""
        scratch = aligned((self.slots, self.width)) if self.slots else same
        to = outs if isinstance(outs, int) else ctypes.addressof(outs)
        given = (ctypes.addressof(ins), address(same), to, self.calls.address, address(scratch))
        self.function(*given, begin, end)

    def same(self, feed: Feed) -> Array:
        """The numbers that are the same in each row, as code reads them."""
        if self.once is not None and feed.numbers.size == 0:
            return self.constants
        if self.once is not None:
            return np.array(self.once.run(*feed.numbers.tolist()), np.float64)
        numbers: Array = feed.numbers[self.order]
        return numbers


def aligned(shape: tuple[int, ...]) -> Array:
    """Doubles that start at a multiple of 128 bytes, as vectors in memory must."""
    size = prod(shape)
    room = np.empty(size + 16)
    start = -address(room) // 8 % 16
    return room[start : start + size].reshape(shape)
