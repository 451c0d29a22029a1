"""A program over many rows as machine code: mapped over columns, or summed."""

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
from fgrad.backends.native.runtime.few import FewRows, Way
from fgrad.backends.native.runtime.llvm import PLAIN, host
from fgrad.backends.native.runtime.objects import Objects, Request
from fgrad.backends.native.runtime.row_arguments import Pattern, RowArguments
from fgrad.backends.native.runtime.row_code import LINE, RowCode
from fgrad.backends.native.runtime.sum_code import SumCode
from fgrad.program.passes import inlined
from fgrad.program.program import Program

if TYPE_CHECKING:
    from fgrad.backends.buffers.inputs import Array

Output: TypeAlias = Literal["map", "stream"]
"""To columns, or to large ones by stores that bypass the cache."""


@attrs.frozen(eq=False)
class Batch:
    """A program over many rows; code is compiled for each choice of which inputs are columns.

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
    _row_codes: dict[tuple[Output, Pattern], RowCode] = attrs.field(
        factory=dict, init=False, repr=False
    )
    _sum_codes: dict[tuple[bool, Pattern], SumCode] = attrs.field(
        factory=dict, init=False, repr=False
    )
    """By whether masked; the others may be invalid, and then the masked ones are used."""
    few: FewRows = attrs.field(factory=FewRows, init=False, repr=False)

    def map(self, inputs: Sequence[object], *, threads: int) -> tuple[Array, ...]:
        """A column for each output; raises as `fgrad.backends.buffers.inputs.given_arrays`."""
        args = RowArguments.of(self.program, inputs, self._lanes)
        code = self._row_code("map", args.pattern)
        self.few.prepare("map", code, args.rows)
        return code.map(args, threads, self._stream(args.pattern))

    def map_to(self, out: Sequence[object], inputs: Sequence[object], *, threads: int) -> None:
        """The same into arrays, checked as by `fgrad.backends.buffers.outputs.checked`."""
        args = RowArguments.of(self.program, inputs, self._lanes)
        code = self._row_code("map", args.pattern)
        self.few.prepare("into", code, args.rows)
        code.map_to(out, args, threads, self._stream(args.pattern))

    def sum(self, inputs: Sequence[object], *, threads: int) -> tuple[float, ...]:
        """The sum over the rows of each output; it does not depend on the number of threads."""
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
        args = RowArguments.of(self.program, inputs, self._lanes)
        code = self._sum_code(args.pattern, masked=False)
        self.few.prepare(way, code, args.rows, sizes)
        sums, known = code.sum(args, threads)
        if not known:
            sums, _ = self._sum_code(args.pattern, masked=True).sum(args, threads)
        return sums

    @cached_property
    def _fused(self) -> Program:
        # Contracted before it is split, so that its bits do not depend on which inputs are columns.
        return rounded(inlined(self.program), self.machine, exact=self.exact)

    @cached_property
    def _lanes(self) -> int:
        return lanes(self._fused, self.machine)

    def _stream(self, pattern: Pattern) -> Callable[[], RowCode] | None:
        """What compiles the code for large outputs, if it pays off."""
        return partial(self._row_code, "stream", pattern) if self._writes_much else None

    @cached_property
    def _writes_much(self) -> bool:
        return writes_much(self._fused, self.machine)

    def _row_code(self, output: Output, pattern: Pattern) -> RowCode:
        known = self._row_codes.get((output, pattern))
        return known or self._row_codes.setdefault(
            (output, pattern), self._compile(output, pattern)
        )

    def _sum_code(self, pattern: Pattern, *, masked: bool) -> SumCode:
        known = self._sum_codes.get((masked, pattern))
        return known or self._sum_codes.setdefault(
            (masked, pattern), self._compile_sums(pattern, masked=masked)
        )

    def _compile(self, output: Output, pattern: Pattern) -> RowCode:
        width = max(self._lanes, LINE // 8) if output == "stream" else self._lanes
        rows, hoisted = self._rows(pattern, width)
        objects = self._objects(
            output, pattern, width, lambda: rows.columns(streaming=output == "stream")
        )
        return RowCode.of(pattern, rows.split, width, hoisted, objects)

    def _compile_sums(self, pattern: Pattern, *, masked: bool) -> SumCode:
        width = self._lanes
        rows, hoisted = self._rows(pattern, width)
        kind = "masked" if masked else "sum"
        objects = self._objects(kind, pattern, width, lambda: rows.sums(masked=masked))
        return SumCode.of(pattern, rows.split, width, hoisted, objects)

    def _rows(self, pattern: Pattern, width: int) -> tuple[RowProgram, Entry | None]:
        """The program of each row, and the code of what is hoisted."""
        wide = [kind != "numbers" for kind, size in pattern for _ in range(size)]
        split, machine = Split.of(self._fused, wide), self.machine
        hoisted = (
            Entry.of(split.hoisted, exact=True, machine=machine)
            if split.hoisted.instructions
            else None
        )
        sources = tuple(size for kind, size in pattern if kind != "numbers")
        return RowProgram(split, sources, width, machine, self.exact), hoisted

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
