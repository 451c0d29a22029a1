"""The code for one choice of which inputs are columns: it is mapped into new or given columns, or summed."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cached_property
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
from fgrad.backends.buffers.pool import doubles
from fgrad.backends.native.codegen import sums
from fgrad.backends.native.codegen.callbacks import CallbackTable, callbacks
from fgrad.backends.native.codegen.rows import RowProgram
from fgrad.backends.native.runtime.entry import Entry
from fgrad.backends.native.runtime.llvm import Code, loaded
from fgrad.backends.native.runtime.object_code import Objects
from fgrad.backends.native.runtime.row_arguments import Pattern, RowArguments, pointer_array
from fgrad.backends.native.runtime.threads import in_threads, split_rows
from fgrad.program.hoist import Split

if TYPE_CHECKING:
    from fgrad.backends.buffers.inputs import Array


def _cache_size() -> int:
    """The size of the last-level cache; 128 MB where the system does not say."""
    try:
        text = Path("/sys/devices/system/cpu/cpu0/cache/index3/size").read_text()
        return int(text.removesuffix("K\n")) << 10
    except (OSError, ValueError):
        return 1 << 27


STREAM: Final = _cache_size()
"""Bytes of outputs from which on stores bypass the cache, by code of its own."""
LINE: Final = 64
"""Bytes of a cache line, which a store that bypasses the cache must fill.

With stores of half a line, the camera's Jacobian into 256 MB takes 105 ns a row, with whole lines
29 (AVX2).
"""
CHUNK: Final = 1024
"""Rows that are computed at a time where code cannot write to the given arrays."""
BLOCK: Final = 4096
"""Rows of a block, each of which has totals of its own, so that a sum does not depend on threads."""

# Also of rows: ctypes converts other integers one call deeper, and a RecursionError there becomes
# an error of its own.
_GIVEN: Final = [ctypes.c_void_p] * 7
_Rows: Final = ctypes.CFUNCTYPE(None, *_GIVEN)
_RowsWithCalls: Final = ctypes.PYFUNCTYPE(None, *_GIVEN)


@attrs.frozen(eq=False)
class RowCode:
    """The code for one choice of which inputs are columns."""

    exports: ClassVar[Sequence[str]] = ("rows",)
    """The symbols of its module."""

    pattern: Pattern
    split: Split
    width: int
    slots: int
    hoisted: Entry | None
    """The code of what is hoisted, if anything is."""
    calls: CallbackTable
    code: Code
    function: Any
    """The code as a ctypes function."""
    order: Any
    """The order in which code reads the numbers that are given, if nothing is hoisted."""
    stream: Callable[[], RowCode] | None
    """What gives the code for large outputs, if there is any."""

    @classmethod
    def of(
        cls,
        pattern: Pattern,
        rows: RowProgram,
        hoisted: Entry | None,
        objects: Objects,
        stream: Callable[[], RowCode] | None,
    ) -> Self:
        """The code of object files, linked."""
        split, slots = rows.split, objects.slots
        calls = CallbackTable.of(callbacks(split.per_row))
        code = loaded(objects.files, cls.exports, calls.imports)
        function = (_RowsWithCalls if calls.functions else _Rows)(code.addresses["rows"])
        order = np.array(split.hoisted.outputs, np.intp)
        width = rows.width
        return cls(pattern, split, width, slots, hoisted, calls, code, function, order, stream)

    @property
    def room(self) -> int:
        """The doubles of the totals of sums."""
        return 0

    @cached_property
    def truths(self) -> tuple[bool, ...]:
        """Whether each output of a row is a boolean."""
        truths = self.split.per_row.truths
        return tuple([truths[i] for i in self.split.per_row.outputs])

    def map(self, args: RowArguments, threads: int) -> tuple[Array, ...]:
        """A new column for each output."""
        same = self.invariants(args)
        # At least one vector is computed, whatever is in its spare lanes.
        columns = new_columns(self.truths, max(args.rows, self.width))
        self._run_in_place(args, same, starts_of(columns), threads)
        made = list(columns)
        if args.rows < self.width:
            made = [column[: args.rows] for column in made]
        rows, outputs, number = args.rows, self.split.outputs, self._number
        if len(made) == len(outputs):
            return tuple(made)
        found = [made[k] if varies else filled(rows, number(same, k)) for varies, k in outputs]
        return tuple(found)

    @cached_property
    def kinds(self) -> tuple[bool, ...]:
        """Whether each output is a boolean."""
        truths = self.split.truths
        return tuple([self.truths[k] if varies else truths[k] for varies, k in self.split.outputs])

    def map_to(self, out: Sequence[object], args: RowArguments, threads: int) -> None:
        """Write to given arrays."""
        arrays = checked(out, self.kinds, args.rows)
        same = self.invariants(args)
        still: list[tuple[Array, int]] = []
        if len(self.truths) < len(self.kinds):
            outputs = list(zip(columns_of(arrays), self.split.outputs, strict=True))
            arrays = [x for x, (varies, _) in outputs if varies]
            still = [(x, k) for x, (varies, k) in outputs if not varies]
        starts = direct_starts(arrays, args.arrays) if args.rows >= self.width else None
        if starts is not None:
            self._run_in_place(args, same, starts, threads)
        else:
            self._run_in_chunks(args.copied_where_shared(arrays), same, columns_of(arrays), threads)
        for x, k in still:  # last, for an argument may be here
            x[...] = self._number(same, k)

    def _number(self, same: Array, k: int) -> Any:
        return same[k] != 0.0 if self.split.truths[k] else same[k]

    def _run_in_chunks(
        self, args: RowArguments, same: Array, columns: Sequence[Array], threads: int
    ) -> None:
        """Compute a chunk of rows at a time and copy it to its place."""
        ins = args.pointers()

        def work(begin: int, end: int) -> None:
            room = new_columns(self.truths, max(CHUNK, self.width))
            for start in range(begin, end, CHUNK):
                size = min(CHUNK, end - start)
                first = max(0, min(start, start + size - self.width))
                sizes = [x.itemsize for x in room]
                places = [a - first * n for a, n in zip(starts_of(room), sizes, strict=True)]
                self.run(ins, same, pointer_array(places), first, max(start + size, self.width))
                for x, y in zip(columns, room, strict=True):
                    x[start : start + size] = y[start - first : start - first + size]

        in_threads(work, split_rows(args.rows, threads, CHUNK))

    def _run_in_place(
        self, args: RowArguments, same: Array, starts: Sequence[int], threads: int
    ) -> None:
        """Let code write to columns that start at these addresses."""
        if not args.rows or not starts:
            return
        ins, to, width = args.pointers(), pointer_array(starts), self.width
        length = max(args.rows, width)
        first = self._first_aligned_row(starts, length) if self.stream else None
        kernel = self if first is None or self.stream is None else self.stream()
        vectors = 0 if first is None else (length - first) // kernel.width
        if first is None or vectors < 1:
            ranges = split_rows(length, threads, width)
            in_threads(lambda begin, end: self.run(ins, same, to, begin, end), ranges)
            return
        # What is not aligned at both ends is done by vectors that reach into the rest.
        last = first + vectors * kernel.width
        self.run(ins, same, to, 0, max(first, width))
        self.run(ins, same, to, min(last, length - width), length)

        def work(begin: int, end: int) -> None:
            start, size = first, kernel.width
            kernel.run(ins, same, to, start + begin * size, start + end * size)

        in_threads(work, split_rows(vectors, threads, 1))

    def _first_aligned_row(self, starts: Sequence[int], length: int) -> int | None:
        """The first row at which all columns are aligned to cache lines.

        None if the columns are small, hold booleans, or are not aligned alike.
        """
        offsets = {start % LINE for start in starts}
        if 8 * length * len(starts) < STREAM or len(offsets) > 1 or True in self.truths:
            return None
        return -offsets.pop() % LINE // 8

    def run(self, ins: Any, same: Array, outs: Any, begin: int, end: int) -> None:
        """Run the code for these rows."""
        scratch = doubles(self.slots * self.width) if self.slots else same
        to = outs if isinstance(outs, int) else ctypes.addressof(outs)
        given = (ctypes.addressof(ins), address(same), to, self.calls.address, address(scratch))
        self.function(*given, begin, end)

    def invariants(self, args: RowArguments) -> Array:
        """The numbers that are the same in each row, as code reads them."""
        if self.hoisted is not None:
            return np.array(self.hoisted.run(*args.numbers.tolist()), np.float64)
        numbers: Array = args.numbers[self.order]
        return numbers


@attrs.frozen(eq=False)
class SumCode(RowCode):
    """The code for one choice of which inputs are columns, whose outputs are summed."""

    exports: ClassVar[Sequence[str]] = sums.EXPORTS

    @property
    def room(self) -> int:
        """The doubles of the totals, and of the mask of rows behind them."""
        return (len(self.truths) + 1) * self.width

    @cached_property
    def _add(self) -> Any:
        return ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 2)(self.code.addresses["add"])

    def sum(self, args: RowArguments, threads: int) -> tuple[Array, bool]:
        """The sum over the rows of each output, and whether all are valid (`fgrad.backends.native.codegen.masks`)."""
        same, ins, rows = self.invariants(args), args.pointers(), args.rows
        starts = range(0, rows, BLOCK)
        room = -(-self.room // 16) * 16
        blocks = doubles(max(1, len(starts)) * room).reshape(-1, room)
        blocks[...] = 0.0

        def work(begin: int, end: int) -> None:
            for k in range(begin, end):
                start = starts[k]
                self.run(ins, same, address(blocks[k]), start, min(start + BLOCK, rows))

        in_threads(work, split_rows(len(starts), threads, 1))
        with np.errstate(all="ignore"):  # inf - inf is nan, without a warning, as everywhere here
            # In order, which numpy's own sum does not promise.
            for block in blocks[1:]:
                blocks[0] += block
        found = np.empty(max(1, len(self.truths)))
        known = bool(self._add(address(blocks), address(found)))
        if len(self.truths) == len(self.split.outputs):
            return found[: len(self.truths)], known
        # The sum of no rows is 0, and not 0 * inf.
        numbers = [float(x) * rows if rows else 0.0 for x in same]
        sums = [found[k] if varies else numbers[k] for varies, k in self.split.outputs]
        return np.array(sums, np.float64), known
