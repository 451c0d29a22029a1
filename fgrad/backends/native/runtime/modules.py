"""A program over many rows as modules of IR: what is written for columns, and what for sums."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from fgrad.backends.native.codegen import rows, sums
from fgrad.backends.native.codegen.accumulate import summing
from fgrad.backends.native.codegen.functions import Parts, called, parts
from fgrad.backends.native.codegen.hoist import Split
from fgrad.backends.native.codegen.masks import loosened
from fgrad.backends.native.codegen.rows import Columns, Streams
from fgrad.backends.native.codegen.sums import Sums
from fgrad.backends.native.codegen.tiling import tiled
from fgrad.backends.native.ir.machine import Machine
from fgrad.backends.native.math.fma import rounded
from fgrad.backends.native.math.table import Target
from fgrad.backends.native.rerolling.detect import Rerolled
from fgrad.backends.native.rerolling.instruction_table import InstructionTable
from fgrad.backends.native.rerolling.partition import Region, regions
from fgrad.backends.native.runtime.entry import LONG
from fgrad.backends.native.runtime.lanes import LIVE
from fgrad.ops.primitive import Op
from fgrad.program.program import Program
from fgrad.program.schedule import peak

INLINE: Final = 4000
"""Lines of IR, functions written out, up to which functions stand in the place of their calls.

Calls keep no vector in its register: Black-Scholes takes 1.2 times as long with them, a network of 8
and 8 `tanh` 1.1 times. The longer a program is, the less it matters, and it takes a fifth of the time
to make.
"""
PIECE: Final = 2000
"""Lines a part: less is slower, by 7 % with 500, and takes as long to make."""
TILED: Final = 4000
"""Lines up to which sums are put side by side."""


@attrs.frozen
class Rows:
    """What is written: a program over rows, and for what."""

    split: Split
    sources: tuple[int, ...]
    """How many inputs each column or table has."""
    width: int
    machine: Machine
    exact: bool

    def columns(self, *, past: bool) -> tuple[int, Iterator[str]]:
        """The slots of scratch memory, and the modules, of code for columns; `past` the cache or not."""
        form = (Streams if past else Columns)(self.sources, self.split.truths)
        written = self._parts(self.split.each, form)
        return written.slots, rows.modules(written, self.width)

    def sums(self, *, guarded: bool) -> tuple[int, Iterator[str]]:
        """The same for sums, which are known where they are finite or, if `guarded`, always."""
        each = self.split.each
        whole = summing(each)
        loose = whole if guarded else loosened(whole, len(whole.inputs))
        program = rounded(loose, self.machine, exact=self.exact)
        form = Sums(self.sources, self.split.truths, len(each.outputs))
        written = self._parts(program, form)
        made = sums.modules(written, self.width, len(each.outputs), sure=loose is whole)
        return written.slots, made

    def _parts(self, program: Program, form: Columns) -> Parts:
        calls = called(self.split.each)  # in the order in which code finds them
        rerolled = _rerolled(program, form, calls)
        program, loops, room = rerolled.program, rerolled.loops, self.room
        if len(program) <= TILED and not loops and not calls:
            program = tiled(program, room)
        cut = regions(len(program), PIECE, loops)
        inline = self._length(program, cut) <= INLINE
        target = Target(self.width, fma=self.machine.fma, inline=inline)
        planned = room if peak(program) > LIVE else 0
        return parts(program, form, target, calls, cut, table=rerolled.table, room=planned)

    def _length(self, program: Program, cut: Sequence[Region]) -> int:
        """How many lines of IR the regions are, functions written out."""
        target = Target(self.machine.width, fma=self.machine.fma, inline=True)
        lines = [line for w in cut for line in program.instructions[w.start : w.start + w.period]]
        return sum([target.size(op) for op, _ in lines])

    @property
    def room(self) -> int:
        """How many values are at hand, and a register is left."""
        return self.machine.registers // (self.width // self.machine.width) - 1


def _rerolled(program: Program, form: Columns, calls: Sequence[Op]) -> Rerolled:
    """A long program with its loops; a short one has no need of them."""
    if len(program) <= LONG:
        return Rerolled(program, InstructionTable.of(program, calls), ())
    arrays = [form.place(index)[0] for index in range(len(program.inputs))]
    bounds = [k for k in range(1, len(arrays)) if arrays[k] != arrays[k - 1]]
    return Rerolled.of(program, calls, 1, bounds)
