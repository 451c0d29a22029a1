"""A program over many rows as machine code: mapped over columns, or summed over the rows."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from threading import Thread
from typing import Any, Final, Literal, TypeAlias

import attrs
import numpy as np

from fgrad.column import given_columns, length_of
from fgrad.native import rows
from fgrad.native.contraction import contracted
from fgrad.native.entry import Entry
from fgrad.native.machine import Code, Machine, host, loaded
from fgrad.native.meaning import Calls
from fgrad.native.objects import Objects, Request
from fgrad.native.parts import PART, called, parts
from fgrad.native.split import Split
from fgrad.native.table import Vocabulary
from fgrad.passes import inlined
from fgrad.program import Program

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
Way: TypeAlias = Literal["map", "sum"]

BLOCK: Final = 4096
"""Rows that are summed by themselves, so that a sum is the same on any number of threads."""
INLINE: Final = 4000
"""Lines up to which functions stand in the place of their calls, in one part."""
TOGETHER: Final = 1 << 16
"""Rows up to which the columns of a result are slices of one array."""

_Rows: Final = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 5, ctypes.c_int64, ctypes.c_int64)


@attrs.frozen(eq=False)
class Batch:
    """A program over many rows; code is made for each choice of inputs that are columns.

    >>> import fgrad as fg
    >>> batch = Batch(fg.trace(lambda x, k: k * x)(0.0, 0.0), exact=False)
    >>> batch.map((np.array([1.0, 2.0, 3.0]), 10.0), threads=1)
    (array([10., 20., 30.]),)
    >>> batch.sum((np.array([1.0, 2.0, 3.0]), 10.0), threads=1)
    (60.0,)
    """

    program: Program
    exact: bool
    machine: Machine = attrs.field(factory=host)
    _kernels: dict[tuple[Way, tuple[bool, ...]], _Kernel] = attrs.field(
        factory=dict, init=False, repr=False
    )

    def map(self, inputs: Sequence[object], *, threads: int) -> tuple[Array, ...]:
        """A column for each output; NotAValue if an input is no real column, or lengths differ."""
        given = given_columns(self.program, inputs)
        return self._kernel("map", given).map(given, length_of(self.program, given), threads)

    def sum(self, inputs: Sequence[object], *, threads: int) -> tuple[float, ...]:
        """The sum over the rows of each output, the same for any number of threads."""
        given = given_columns(self.program, inputs)
        return self._kernel("sum", given).sum(given, length_of(self.program, given), threads)

    def _kernel(self, way: Way, given: Sequence[Any]) -> _Kernel:
        pattern = tuple([type(x) is not float for x in given])
        known = self._kernels.get((way, pattern))
        return known or self._kernels.setdefault(
            (way, pattern), _Kernel.of(self.program, pattern, way, self.machine, exact=self.exact)
        )


@attrs.frozen(eq=False)
class _Kernel:
    """The code for one choice of columns."""

    split: Split
    pattern: tuple[bool, ...]
    width: int
    slots: int
    once: Entry | None
    """The code of what is the same in each row, if there is anything to compute."""
    calls: Calls
    code: Code

    @classmethod
    def of(
        cls, program: Program, pattern: tuple[bool, ...], way: Way, machine: Machine, *, exact: bool
    ) -> _Kernel:
        whole = inlined(program)
        # Before the split, so that the bits do not depend on what is a column.
        fused = contracted(whole) if machine.fma and not exact else whole
        split = Split.of(fused, pattern)
        once = Entry.of(split.once, exact=True, machine=machine) if split.once.lines else None
        objects = _objects(split, pattern, way, machine, program.digest, exact=exact)
        code = loaded(objects.files, ["rows"], {})
        calls = Calls.of(called(split.each))
        return cls(split, pattern, machine.width, objects.slots, once, calls, code)

    def map(self, given: Sequence[Any], count: int, threads: int) -> tuple[Array, ...]:
        """A column for each output."""
        # At least one vector is done, whatever is in its lanes.
        length = max(count, self.width)
        outs = _empty(_truths(self.split.each), length)
        same = self._same(given)
        if count:
            columns = self._columns(given, 0, length)
            ins, to = _table(columns), _table(outs)

            def work(begin: int, end: int) -> None:
                self._run(ins, same, to, begin, end)

            _spread(work, _cuts(length, threads, self.width))
            self.calls.check()
        truths = self.split.truths
        return tuple(
            [
                outs[k][:count]
                if varies
                else np.full(count, same[k] != 0.0 if truths[k] else same[k])
                for varies, k in self.split.outputs
            ]
        )

    def sum(self, given: Sequence[Any], count: int, threads: int) -> tuple[float, ...]:
        """The sum over the rows of each output."""
        same, width = self._same(given), self.width
        whole = count - count % width
        starts = range(0, whole, BLOCK)
        size = len(self.split.each.outputs)
        sums = _aligned((len(starts) + 1, size, width))
        sums[...] = 0.0
        ins = _table([x for x in given if type(x) is not float])

        def work(begin: int, end: int) -> None:
            for k in range(begin, end):
                start = starts[k]
                self._run(ins, same, sums[k].ctypes.data, start, min(start + BLOCK, whole))

        _spread(work, _cuts(len(starts), threads, 1))
        if whole < count:
            rest = self._columns(given, whole, width)
            self._run(_table(rest), same, sums[-1].ctypes.data, 0, width)
            sums[-1, :, count - whole :] = 0.0
        self.calls.check()
        totals = sums.sum(axis=0).sum(axis=1).tolist()
        return tuple([totals[k] if varies else same[k] * count for varies, k in self.split.outputs])

    def _run(self, ins: Any, same: Array, outs: Any, begin: int, end: int) -> None:
        scratch = _aligned((self.slots, self.width))
        data, room = same.ctypes.data, scratch.ctypes.data
        function = _Rows(self.code.addresses["rows"])
        given = (ins, data, outs, self.calls.address, room)
        function(*given, begin, end)

    def _same(self, given: Sequence[Any]) -> Array:
        """The numbers that are the same in each row."""
        numbers = [x for x in given if type(x) is float]
        if self.once is not None:
            return np.array(self.once.run(*numbers), np.float64)
        return np.array([numbers[i] for i in self.split.once.outputs], np.float64)

    def _columns(self, given: Sequence[Any], start: int, length: int) -> list[Array]:
        """The columns from `start` on, filled up with their last row to a length."""
        columns = [x[start:] for x in given if type(x) is not float]
        return [x if len(x) >= length else np.resize(x, length) for x in columns]


def _truths(program: Program) -> list[bool]:
    truths = [False] * len(program.inputs) + [op.truth for op, _ in program.lines]
    return [truths[i] for i in program.outputs]


def _empty(truths: Sequence[bool], length: int) -> list[Array]:
    """Columns for outputs, each of which starts in another set of the cache.

    Large arrays all start at the same place in a page, and a store to each of 32 of them evicts the
    line that the last one needs: 64 bytes between them make bundle adjustment 2.2 times as fast.
    """
    return [
        np.empty(length, np.bool_) if truth else np.empty(length + 8 * (k % 64))[8 * (k % 64) :]
        for k, truth in enumerate(truths)
    ]


def _table(columns: Sequence[Array]) -> Any:
    """A table of pointers to the columns."""
    return (ctypes.c_void_p * max(1, len(columns)))(*[x.ctypes.data for x in columns])


def _aligned(shape: tuple[int, ...]) -> Array:
    """Doubles that start at a multiple of 64 bytes, as vectors in memory must."""
    size = int(np.prod(shape))
    room = np.empty(size + 8)
    start = -room.ctypes.data // 8 % 8
    return room[start : start + size].reshape(shape)


def _cuts(length: int, threads: int, least: int) -> list[tuple[int, int]]:
    """About equal ranges for the threads, none shorter than `least`."""
    pieces = max(1, min(threads, length // max(least, 1)))
    ends = [length * k // pieces for k in range(pieces + 1)]
    return list(pairwise(ends))


def _spread(work: Callable[[int, int], None], ranges: Sequence[tuple[int, int]]) -> None:
    """Do the ranges side by side, the first in this thread; raise what one of them raises."""
    others = [Thread(target=work, args=limits) for limits in ranges[1:]]
    for thread in others:
        thread.start()
    work(*ranges[0])
    for thread in others:
        thread.join()


def _objects(
    split: Split,
    pattern: Sequence[bool],
    way: Way,
    machine: Machine,
    digest: str,
    *,
    exact: bool,
) -> Objects:
    width = machine.width
    inline = len(split.each) <= INLINE
    columns = "".join("v" if wide else "s" for wide in pattern)
    kind = f"{way} {width} {columns} {'exact' if exact else ''}"

    def write() -> tuple[int, Iterable[str]]:
        words = Vocabulary(width, fma=machine.fma, inline=inline)
        layout = (rows.Columns if way == "map" else rows.Sums)(sum(pattern), split.truths)
        size = INLINE if inline else PART
        written = parts(split.each, layout, words, called(split.each), size)
        return written.slots, rows.modules(written, width)

    return Request(digest, kind, 1, machine).objects(write, inline=inline)
