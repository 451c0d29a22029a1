"""A program's instructions as arrays, for analyses that look at a million of them at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final

import attrs
import numpy as np

from fgrad.ops.primitive import Op
from fgrad.program.program import Program

if TYPE_CHECKING:
    from fgrad.backends.buffers.inputs import Array

SLOTS: Final = 3
"""The most arguments of an operation that is no callback."""
NONE, VALUE, FLOAT, TRUTH = range(4)
"""Kinds of arguments: none, a value by its number, or a literal."""


@attrs.frozen(eq=False)
class InstructionTable:
    """A row for each instruction; arguments are padded to `SLOTS`."""

    inputs: int
    opcodes: Array
    """Equal for the same operation with the same number of outputs; negative and unique for what is
    never part of a loop."""
    kinds: Array
    values: Array
    """The number of the value; -1 for other arguments."""
    literals: Array
    """The literal; 0.0 for other arguments."""

    @classmethod
    def of(cls, program: Program, excluded: Collection[Op]) -> InstructionTable:
        """The table of a program; operations in `excluded` are never part of a loop."""
        inputs, count = len(program.inputs), len(program)
        known: dict[Op, int] = {}
        opcodes = np.array(
            [known.setdefault(op, len(known)) for op, _ in program.instructions], np.int64
        )
        alone = [op in excluded or op.multiple or op.arity > SLOTS for op in known]
        arguments = list(chain.from_iterable([args for _, args in program.instructions]))
        types = {int: VALUE, float: FLOAT, bool: TRUTH}
        flat = np.array([types[type(a)] for a in arguments], np.int8)
        numbers = np.array(arguments, np.float64)
        sizes = np.array([op.arity for op in known], np.int64)[opcodes] if count else opcodes
        row = np.repeat(np.arange(count), sizes)
        column = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        fits = column < SLOTS
        place = row[fits], column[fits]
        flat, numbers = flat[fits], numbers[fits]
        kinds = np.zeros((count, SLOTS), np.int8)
        values = np.full((count, SLOTS), -1, np.int64)
        literals = np.zeros((count, SLOTS))
        kinds[place] = flat
        values[place] = np.where(flat == VALUE, numbers, -1)
        literals[place] = np.where(flat == VALUE, 0.0, numbers)
        uses = np.bincount(np.array(program.outputs, np.int64), minlength=inputs + count)
        outs = uses[inputs:]
        single = np.array(alone, bool)[opcodes] if count else opcodes.astype(bool)
        opcodes = np.where(single, -1 - np.arange(count), opcodes + outs * len(known))
        return cls(inputs, opcodes, kinds, values, literals)

    def reordered(self, order: Sequence[int]) -> InstructionTable:
        """The table of the program with its instructions in another order, named by their values."""
        rows = np.array(order, np.int64) - self.inputs
        place = np.arange(self.inputs + len(self))
        place[self.inputs + rows] = self.inputs + np.arange(len(rows))
        values = self.values[rows]
        moved = np.where(values >= 0, place[values], -1)
        return InstructionTable(
            self.inputs, self.opcodes[rows], self.kinds[rows], moved, self.literals[rows]
        )

    def __len__(self) -> int:
        """The number of instructions."""
        return len(self.opcodes)
