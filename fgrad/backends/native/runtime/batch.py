"""A program over many rows as machine code: mapped over columns, or summed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import attrs

from fgrad.backends.native.codegen.lanes import lanes, writes_much
from fgrad.backends.native.codegen.rows import RowProgram
from fgrad.backends.native.ir.machine import Machine
from fgrad.backends.native.math.fma import rounded
from fgrad.backends.native.runtime.entry import Entry
from fgrad.backends.native.runtime.few_rows import FewRows, Way
from fgrad.backends.native.runtime.llvm import PLAIN, host
from fgrad.backends.native.runtime.object_code import Request
from fgrad.backends.native.runtime.row_arguments import Pattern, RowArguments
from fgrad.backends.native.runtime.row_code import LINE, RowCode, SumCode
from fgrad.program.hoist import Split
from fgrad.program.passes import inlined
from fgrad.program.program import Program

if TYPE_CHECKING:
    from fgrad.backends.buffers.inputs import Array

Kind: TypeAlias = Literal["map", "stream", "sum", "masked"]
"""To columns, to large columns by stores that bypass the cache, to sums, and to sums whose factors
are not masked, if the others are invalid."""
C = TypeVar("C", bound=RowCode)


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
    _codes: dict[tuple[Kind, Pattern], Any] = attrs.field(factory=dict, init=False, repr=False)
    few: FewRows = attrs.field(factory=FewRows, init=False, repr=False)

    def map(self, inputs: Sequence[object], *, threads: int) -> tuple[Array, ...]:
        """A column for each output; raises as `fgrad.backends.buffers.inputs.given_arrays`."""
        code, args = self._prepared(RowCode, "map", "map", inputs)
        return code.map(args, threads)

    def map_to(self, out: Sequence[object], inputs: Sequence[object], *, threads: int) -> None:
        """The same into arrays, checked as by `fgrad.backends.buffers.outputs.checked`."""
        code, args = self._prepared(RowCode, "map", "into", inputs)
        code.map_to(out, args, threads)

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
        code, args = self._prepared(SumCode, "sum", way, inputs, sizes)
        sums, known = code.sum(args, threads)
        if not known:
            sums, _ = self._code(SumCode, "masked", args.pattern).sum(args, threads)
        return sums

    def _prepared(
        self,
        of: type[C],
        kind: Kind,
        way: Way,
        inputs: Sequence[object],
        sizes: tuple[int, ...] = (),
    ) -> tuple[C, RowArguments]:
        """The code for a call and its arguments, the like of which is expected from now on."""
        args = RowArguments.of(self.program, inputs, self._lanes)
        code = self._code(of, kind, args.pattern)
        self.few.prepare(way, code, args.rows, sizes)
        return code, args

    @cached_property
    def _fused(self) -> Program:
        # Contracted before it is split, so that its bits do not depend on which inputs are columns.
        return rounded(inlined(self.program), self.machine, exact=self.exact)

    @cached_property
    def _lanes(self) -> int:
        return lanes(self._fused, self.machine)

    def _code(self, of: type[C], kind: Kind, pattern: Pattern) -> C:
        code: C | None = self._codes.get((kind, pattern))
        return code or self._codes.setdefault((kind, pattern), self._compile(of, kind, pattern))

    def _compile(self, of: type[C], kind: Kind, pattern: Pattern) -> C:
        width = max(self._lanes, LINE // 8) if kind == "stream" else self._lanes
        rows = self._rows(pattern, width)

        def write() -> tuple[int, int, Iterator[str]]:
            if of is SumCode:
                slots, modules = rows.sums(masked=kind == "masked")
            else:
                slots, modules = rows.columns(streaming=kind == "stream")
            return slots, PLAIN, modules

        given = " ".join([f"{kind}{size}" for kind, size in pattern])
        name = f"{kind} {width} {given}{' exact' if self.exact else ''}"
        objects = Request(self.program, name, PLAIN, self.machine).objects(write)
        hoisted, machine = rows.split.hoisted, self.machine
        entry = Entry.of(hoisted, exact=True, machine=machine) if hoisted.instructions else None
        large = kind == "map" and writes_much(self._fused, machine)
        stream = partial(self._code, RowCode, "stream", pattern) if large else None
        return of.of(pattern, rows, entry, objects, stream)

    def _rows(self, pattern: Pattern, width: int) -> RowProgram:
        wide = [kind != "numbers" for kind, size in pattern for _ in range(size)]
        sources = tuple(size for kind, size in pattern if kind != "numbers")
        return RowProgram(Split.of(self._fused, wide), sources, width, self.machine, self.exact)
