"""A program over many rows as machine code: mapped over columns, or summed over the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from fgrad.backends.native.codegen.hoist import Split
from fgrad.backends.native.codegen.lanes import lanes, writes_much
from fgrad.backends.native.codegen.rows import RowProgram
from fgrad.backends.native.ir.machine import Machine
from fgrad.backends.native.math.fma import rounded
from fgrad.backends.native.runtime.entry import Entry
from fgrad.backends.native.runtime.few import Few, Way
from fgrad.backends.native.runtime.llvm import PLAIN, host
from fgrad.backends.native.runtime.objects import Objects, Request
from fgrad.backends.native.runtime.pointers import Feed, Pattern
from fgrad.backends.native.runtime.row_code import LINE, RowCode
from fgrad.backends.native.runtime.sum_code import SumCode
from fgrad.program.passes import inlined
from fgrad.program.program import Program

if TYPE_CHECKING:
    from fgrad.backends.buffers.inputs import Array

Layout: TypeAlias = Literal["map", "stream"]
"""To columns, and to large ones."""


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
    _sum_codes: dict[tuple[bool, Pattern], SumCode] = attrs.field(
        factory=dict, init=False, repr=False
    )
    """For sums; those that are masked for what the others do not know."""
    few: Few = attrs.field(factory=Few, init=False, repr=False)

    def map(self, inputs: Sequence[object], *, threads: int) -> tuple[Array, ...]:
        """A column for each output; errors are those of `fgrad.backends.buffers.inputs.given_arrays`."""
        feed = Feed.of(self.program, inputs, self._lanes)
        kernel = self._kernel("map", feed.pattern)
        self.few.prepare("map", kernel, feed.rows)
        return kernel.map(feed, threads, self._stream(feed.pattern))

    def map_to(self, out: Sequence[object], inputs: Sequence[object], *, threads: int) -> None:
        """The same into arrays, as `fgrad.backends.buffers.outputs.checked` has them."""
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
        code = self._sum_code(feed.pattern, masked=False)
        self.few.prepare(way, code, feed.rows, sizes)
        sums, known = code.sum(feed, threads)
        if not known:
            sums, _ = self._sum_code(feed.pattern, masked=True).sum(feed, threads)
        return sums

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

    def _sum_code(self, pattern: Pattern, *, masked: bool) -> SumCode:
        known = self._sum_codes.get((masked, pattern))
        return known or self._sum_codes.setdefault(
            (masked, pattern), self._made_for_sums(pattern, masked=masked)
        )

    def _made(self, layout: Layout, pattern: Pattern) -> RowCode:
        width = max(self._lanes, LINE // 8) if layout == "stream" else self._lanes
        rows, once = self._rows(pattern, width)
        objects = self._objects(
            layout, pattern, width, lambda: rows.columns(streaming=layout == "stream")
        )
        return RowCode.of(pattern, rows.split, width, once, objects)

    def _made_for_sums(self, pattern: Pattern, *, masked: bool) -> SumCode:
        width = self._lanes
        rows, once = self._rows(pattern, width)
        kind = "masked" if masked else "sum"
        objects = self._objects(kind, pattern, width, lambda: rows.sums(masked=masked))
        return SumCode.of(pattern, rows.split, width, once, objects)

    def _rows(self, pattern: Pattern, width: int) -> tuple[RowProgram, Entry | None]:
        """What is done in each row, and the code for what is done once."""
        wide = [kind != "numbers" for kind, size in pattern for _ in range(size)]
        split, machine = Split.of(self._fused, wide), self.machine
        once = (
            Entry.of(split.hoisted, exact=True, machine=machine)
            if split.hoisted.instructions
            else None
        )
        sources = tuple(size for kind, size in pattern if kind != "numbers")
        return RowProgram(split, sources, width, machine, self.exact), once

    def _objects(
        self,
        what: str,
        pattern: Pattern,
        width: int,
        write: Callable[[], tuple[int, Iterator[str]]],
    ) -> Objects:
        given = " ".join([f"{kind}{size}" for kind, size in pattern])
        kind = f"{what} {width} {given}{' exact' if self.exact else ''}"

        def written() -> tuple[int, int, Iterator[str]]:
            slots, modules = write()
            return slots, PLAIN, modules

        return Request(self.program, kind, PLAIN, self.machine).objects(written)
