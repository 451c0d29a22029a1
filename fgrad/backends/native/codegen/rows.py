"""A program over many rows as modules of IR, for columns or for sums: the lanes of a vector are rows.

`@rows(in, same, out, calls, scratch, begin, end)` does the rows from `begin` to `end`, at least as
many as there are lanes. The last vector overlaps the one before it, so that there is no scalar
epilogue; rows are independent, so one that is done twice has the same result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from fgrad.backends.native.codegen import sums
from fgrad.backends.native.codegen.callbacks import callbacks
from fgrad.backends.native.codegen.functions import Functions, emit_functions
from fgrad.backends.native.codegen.lanes import LIVE, size
from fgrad.backends.native.codegen.layout import RowLayout, SumLayout
from fgrad.backends.native.codegen.masks import with_masked_factors
from fgrad.backends.native.codegen.point import LONG
from fgrad.backends.native.codegen.selection import ATTRIBUTES, PARAMETERS
from fgrad.backends.native.codegen.sums import accumulating
from fgrad.backends.native.codegen.tiling import tiled
from fgrad.backends.native.ir.machine import Machine
from fgrad.backends.native.math.fma import rounded
from fgrad.backends.native.math.table import Target
from fgrad.backends.native.rerolling.detect import Rerolled
from fgrad.backends.native.rerolling.instruction_table import InstructionTable
from fgrad.backends.native.rerolling.partition import regions
from fgrad.ops.primitive import Op
from fgrad.program.hoist import Split
from fgrad.program.program import Program
from fgrad.program.schedule import peak

INLINE: Final = 4000
"""Instructions of IR, functions included, up to which functions are inlined.

A call preserves no vector register: Black-Scholes takes 1.2 times as long with calls, a network of 8
and 8 `tanh` 1.1 times. It matters less the longer a program is, and compiles in a fifth of the time.
"""
ROW_FUNCTION_SIZE: Final = 2000
"""Instructions of a function over rows: code of 500 is 7 % slower, and takes as long to compile."""
TILED: Final = 4000
"""Instructions up to which sums are tiled."""


@attrs.frozen
class RowProgram:
    """A program over rows, and what its code is for."""

    split: Split
    sources: tuple[int, ...]
    """The number of inputs of each column or table."""
    width: int
    machine: Machine
    exact: bool

    def columns(self, *, streaming: bool) -> tuple[int, Iterator[str]]:
        """The slots of scratch memory, and the module, of code for columns; `streaming` past the cache."""
        layout = RowLayout(self.sources, self.split.truths, streaming=streaming)
        functions = self._functions(self.split.per_row, layout)
        last = [f"%last = sub i64 %end, {self.width}"]
        rows = self._rows(functions, last, ["br label %turn", "turn:"])
        return functions.slots, iter([functions.module(range(len(functions.texts)), rows)])

    def sums(self, *, masked: bool) -> tuple[int, Iterator[str]]:
        """The same for sums, which are valid where they are finite or, if `masked`, always."""
        per_row, width = self.split.per_row, self.width
        whole, outputs = accumulating(per_row), len(per_row.outputs)
        loose = whole if masked else with_masked_factors(whole, len(whole.inputs))
        program = rounded(loose, self.machine, exact=self.exact)
        functions = self._functions(program, SumLayout(self.sources, self.split.truths, outputs))
        rows = self._rows(functions, sums.prologue(width, outputs), sums.mark_counted(width))
        ends = sums.clear(width, outputs), sums.add(width, outputs, always_valid=loose is whole)
        module = functions.module(range(len(functions.texts)), rows, *ends)
        return functions.slots, iter([module])

    def _functions(self, program: Program, layout: RowLayout) -> Functions:
        calls = callbacks(self.split.per_row)  # in the order of their table
        rerolled = _rerolled(program, layout, calls)
        program, loops, registers = rerolled.program, rerolled.loops, self.registers
        if len(program) <= TILED and not loops and not calls:
            program = tiled(program, registers)
        cut = regions(len(program), ROW_FUNCTION_SIZE, loops)
        once = [line for w in cut for line in program.instructions[w.start : w.start + w.period]]
        inline = size(once, self.machine) <= INLINE
        target = Target(self.width, fma=self.machine.fma, inline=inline)
        planned = registers if peak(program) > LIVE else 0
        return emit_functions(
            program,
            layout,
            target,
            calls,
            cut,
            table=rerolled.table,
            wide=target,
            registers=planned,
        )

    @property
    def registers(self) -> int:
        """The number of values that registers hold, one register left free."""
        return self.machine.registers // (self.width // self.machine.width) - 1

    def _rows(self, functions: Functions, last: Sequence[str], each: Sequence[str]) -> str:
        """`@rows`, with code that computes the `%last` first row, and code before each vector.

        The latter ends with the start of a block `turn`.
        """
        parameters = PARAMETERS.replace("i64 %row", "i64 %begin, i64 %end")
        given = "ptr %in, ptr %same, ptr %out, ptr %calls, ptr %scratch, i64 %row"
        return "\n".join(
            [
                f"define void @rows({parameters}) {ATTRIBUTES} {{",
                *last,
                "br label %loop",
                "loop:",
                "%at = phi i64 [%begin, %0], [%next, %turn]",
                "%over = icmp sgt i64 %at, %last",
                "%row = select i1 %over, i64 %last, i64 %at",
                *each,
                *[f"call void @part{k}({given})" for k in range(len(functions.texts))],
                f"%next = add i64 %at, {self.width}",
                "%more = icmp slt i64 %next, %end",
                "br i1 %more, label %loop, label %done",
                "done:",
                "fence seq_cst",
                "ret void",
                "}",
            ]
        )


def _rerolled(program: Program, layout: RowLayout, calls: Sequence[Op]) -> Rerolled:
    """A long program with its loops; a short one compiles fast enough without."""
    if len(program) <= LONG:
        return Rerolled(program, InstructionTable.of(program, calls), ())
    arrays = [layout.place(index)[0] for index in range(len(program.inputs))]
    bounds = [k for k in range(1, len(arrays)) if arrays[k] != arrays[k - 1]]
    return Rerolled.of(program, calls, 1, bounds)
