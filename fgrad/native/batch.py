"""A program over many rows as machine code: mapped over columns, or summed over the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from fgrad.native import rows
from fgrad.native.contraction import rounded
from fgrad.native.entry import LONG, Entry
from fgrad.native.feed import Feed, Pattern
from fgrad.native.few import Few, Way
from fgrad.native.lanes import lanes, writes_much
from fgrad.native.lineup import Lineup
from fgrad.native.machine import BEST, Machine, host
from fgrad.native.objects import Request
from fgrad.native.parts import PART, called, parts
from fgrad.native.rolled import Rolled
from fgrad.native.rowcode import LINE, RowCode
from fgrad.native.split import Split
from fgrad.native.table import Vocabulary
from fgrad.native.windows import windows
from fgrad.passes import inlined
from fgrad.program import Program

if TYPE_CHECKING:
    from fgrad.column import Array

Layout: TypeAlias = Literal["map", "stream", "sum"]
_LAYOUTS: Final = {"map": rows.Columns, "stream": rows.Streams, "sum": rows.Sums}

INLINE: Final = 4000
"""Lines up to which functions stand in the place of their calls, in one part."""


@attrs.frozen(eq=False)
class Batch:
    """A program over many rows; code is made for each choice of inputs that are columns.

    >>> import numpy as np
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
    _kernels: dict[tuple[Layout, Pattern], RowCode] = attrs.field(
        factory=dict, init=False, repr=False
    )
    few: Few = attrs.field(factory=Few, init=False, repr=False)

    def map(self, inputs: Sequence[object], *, threads: int) -> tuple[Array, ...]:
        """A column for each output; errors are those of `fgrad.column.given_arrays`."""
        feed = Feed.of(self.program, inputs, self._lanes)
        kernel = self._kernel("map", feed.pattern)
        self.few.prepare("map", kernel, feed.rows)
        return kernel.map(feed, threads, self._stream(feed.pattern))

    def map_to(self, out: Sequence[object], inputs: Sequence[object], *, threads: int) -> None:
        """The same into arrays, as `fgrad.targets.checked` has them."""
        feed = Feed.of(self.program, inputs, self._lanes)
        kernel = self._kernel("map", feed.pattern)
        self.few.prepare("into", kernel, feed.rows)
        kernel.map_to(out, feed, threads, self._stream(feed.pattern))

    def sum(self, inputs: Sequence[object], *, threads: int) -> tuple[float, ...]:
        """The sum over the rows of each output, the same for any number of threads."""
        return tuple(self._summed("sum", inputs, threads, ()).tolist())

    def sum_to(self, out: Sequence[Array], inputs: Sequence[object], *, threads: int) -> None:
        """The same into arrays of doubles, `()` for one output and `(k,)` for k of them."""
        sizes = tuple([x.size if x.ndim else 0 for x in out])
        sums, place = self._summed("total", inputs, threads, sizes), 0
        for x in out:
            x[...] = sums[place : place + x.size].reshape(x.shape)
            place += x.size

    def _summed(
        self, way: Way, inputs: Sequence[object], threads: int, sizes: tuple[int, ...]
    ) -> Array:
        feed = Feed.of(self.program, inputs, self._lanes)
        kernel = self._kernel("sum", feed.pattern)
        self.few.prepare(way, kernel, feed.rows, sizes)
        return kernel.sum(feed, threads)

    @cached_property
    def _fused(self) -> Program:
        # Before a program is split, so that its bits do not depend on what is a column.
        return rounded(inlined(self.program), self.machine, exact=self.exact)

    @cached_property
    def _lanes(self) -> int:
        return lanes(self._fused, self.machine)

    def _stream(self, pattern: Pattern) -> Callable[[], RowCode] | None:
        """What makes the code for large outputs, if it is worth while."""
        return partial(self._kernel, "stream", pattern) if self._writes_much else None

    @cached_property
    def _writes_much(self) -> bool:
        return writes_much(self._fused, self.machine)

    def _kernel(self, layout: Layout, pattern: Pattern) -> RowCode:
        known = self._kernels.get((layout, pattern))
        return known or self._kernels.setdefault((layout, pattern), self._made(layout, pattern))

    def _made(self, layout: Layout, pattern: Pattern) -> RowCode:
        wide = [kind != "numbers" for kind, size in pattern for _ in range(size)]
        split = Split.of(self._fused, wide)
        machine = self.machine
        width = max(self._lanes, LINE // 8) if layout == "stream" else self._lanes
        once = Entry.of(split.once, exact=True, machine=machine) if split.once.lines else None
        given = " ".join([f"{kind}{size}" for kind, size in pattern])
        kind = f"{layout} {width} {given}{' exact' if self.exact else ''}"
        sources = tuple(size for kind, size in pattern if kind != "numbers")

        def write() -> tuple[int, int, Iterable[str]]:
            form = _LAYOUTS[layout](sources, split.truths)
            rolled = _rolled(split.each, form)
            program, loops = rolled.program, rolled.loops
            short = sum(w.period for w in windows(len(program), PART, loops)) <= INLINE
            words = Vocabulary(width, fma=machine.fma, inline=short)
            cut = windows(len(program), INLINE if short else PART, loops)
            calls = called(split.each)
            written = parts(program, form, words, calls, cut, lineup=rolled.lineup)
            return written.slots, BEST, rows.modules(written, width)

        objects = Request(self.program, kind, BEST, machine).objects(write)
        return RowCode.of(pattern, split, width, once, objects)


def _rolled(program: Program, form: rows.Columns) -> Rolled:
    """A long program with its loops; a short one has no need of them."""
    calls = called(program)
    if len(program) <= LONG:
        return Rolled(program, Lineup.of(program, calls), ())
    arrays = [form.place(index)[0] for index in range(len(program.inputs))]
    bounds = [k for k in range(1, len(arrays)) if arrays[k] != arrays[k - 1]]
    return Rolled.of(program, calls, 1, bounds)
