"""A program over many rows as machine code: mapped over columns, or summed over the rows."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import attrs
import numpy as np

from fgrad.native import rows
from fgrad.native.contraction import contracted
from fgrad.native.entry import Entry
from fgrad.native.feed import Feed, Pattern
from fgrad.native.machine import Code, Machine, host, loaded
from fgrad.native.meaning import Calls
from fgrad.native.objects import Objects, Request
from fgrad.native.parts import PART, called, parts
from fgrad.native.split import Split
from fgrad.native.table import Vocabulary
from fgrad.passes import inlined
from fgrad.program import Program

if TYPE_CHECKING:
    from fgrad.column import Array

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
    _kernels: dict[tuple[Way, Pattern], _Kernel] = attrs.field(factory=dict, init=False, repr=False)

    def map(self, inputs: Sequence[object], *, threads: int) -> tuple[Array, ...]:
        """A column for each output; errors are those of `fgrad.column.given_arrays`."""
        feed = Feed.of(self.program, inputs, self.machine.width)
        return self._kernel("map", feed.pattern).map(feed, threads)

    def sum(self, inputs: Sequence[object], *, threads: int) -> tuple[float, ...]:
        """The sum over the rows of each output, the same for any number of threads."""
        feed = Feed.of(self.program, inputs, self.machine.width)
        return self._kernel("sum", feed.pattern).sum(feed, threads)

    def _kernel(self, way: Way, pattern: Pattern) -> _Kernel:
        known = self._kernels.get((way, pattern))
        return known or self._kernels.setdefault(
            (way, pattern), _Kernel.of(self.program, pattern, way, self.machine, exact=self.exact)
        )


@attrs.frozen(eq=False)
class _Kernel:
    """The code for one choice of columns."""

    split: Split
    width: int
    slots: int
    once: Entry | None
    """The code of what is the same in each row, if there is anything to compute."""
    calls: Calls
    code: Code

    @classmethod
    def of(
        cls, program: Program, pattern: Pattern, way: Way, machine: Machine, *, exact: bool
    ) -> _Kernel:
        whole = inlined(program)
        # Before the split, so that the bits do not depend on what is a column.
        fused = contracted(whole) if machine.fma and not exact else whole
        wide = [kind != "numbers" for kind, size in pattern for _ in range(size)]
        split = Split.of(fused, wide)
        once = Entry.of(split.once, exact=True, machine=machine) if split.once.lines else None
        objects = _objects(split, pattern, way, machine, program.digest, exact=exact)
        code = loaded(objects.files, ["rows"], {})
        calls = Calls.of(called(split.each))
        return cls(split, machine.width, objects.slots, once, calls, code)

    def map(self, feed: Feed, threads: int) -> tuple[Array, ...]:
        """A column for each output."""
        # At least one vector is done, whatever is in its lanes.
        length = max(feed.rows, self.width)
        outs = _empty(_truths(self.split.each), length)
        same = self._same(feed)
        if feed.rows and outs:
            ins, to = feed.table(), _table(outs)

            def work(begin: int, end: int) -> None:
                self._run(ins, same, to, begin, end)

            _spread(work, _cuts(length, threads, self.width))
            self.calls.check()
        truths = self.split.truths
        return tuple(
            [
                outs[k][: feed.rows]
                if varies
                else np.full(feed.rows, same[k] != 0.0 if truths[k] else same[k])
                for varies, k in self.split.outputs
            ]
        )

    def sum(self, feed: Feed, threads: int) -> tuple[float, ...]:
        """The sum over the rows of each output."""
        same, width, rows = self._same(feed), self.width, feed.rows
        whole = rows - rows % width
        starts = range(0, whole, BLOCK)
        sums = _aligned((len(starts) + 1, len(self.split.each.outputs), width))
        sums[...] = 0.0
        ins = feed.table()

        def work(begin: int, end: int) -> None:
            for k in range(begin, end):
                start = starts[k]
                self._run(ins, same, sums[k].ctypes.data, start, min(start + BLOCK, whole))

        _spread(work, _cuts(len(starts), threads, 1))
        if whole < rows:
            rest = feed.rest(whole, width)
            self._run(rest.table(), same, sums[-1].ctypes.data, 0, width)
            sums[-1, :, rows - whole :] = 0.0
        self.calls.check()
        totals = sums.sum(axis=0).sum(axis=1).tolist()
        return tuple([totals[k] if varies else same[k] * rows for varies, k in self.split.outputs])

    def _run(self, ins: Any, same: Array, outs: Any, begin: int, end: int) -> None:
        scratch = _aligned((self.slots, self.width))
        given = (ins, same.ctypes.data, outs, self.calls.address, scratch.ctypes.data)
        _Rows(self.code.addresses["rows"])(*given, begin, end)

    def _same(self, feed: Feed) -> Array:
        """The numbers that are the same in each row, as code reads them."""
        if self.once is not None:
            return np.array(self.once.run(*feed.numbers.tolist()), np.float64)
        return feed.numbers[list(self.split.once.outputs)]


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
    pattern: Pattern,
    way: Way,
    machine: Machine,
    digest: str,
    *,
    exact: bool,
) -> Objects:
    width = machine.width
    inline = len(split.each) <= INLINE
    given = " ".join([f"{kind}{size}" for kind, size in pattern])
    kind = f"{way} {width} {given}{' exact' if exact else ''}"
    sources = tuple(size for kind, size in pattern if kind != "numbers")

    def write() -> tuple[int, Iterable[str]]:
        words = Vocabulary(width, fma=machine.fma, inline=inline)
        layout = (rows.Columns if way == "map" else rows.Sums)(sources, split.truths)
        size = INLINE if inline else PART
        written = parts(split.each, layout, words, called(split.each), size)
        return written.slots, rows.modules(written, width)

    return Request(digest, kind, 1, machine).objects(write, inline=inline)
