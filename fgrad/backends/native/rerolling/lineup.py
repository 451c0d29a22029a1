"""The lines of a program as arrays: what can be said of a million lines at once."""

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
"""Arguments that any operation has which is more than a call of its meaning."""
NONE, VALUE, FLOAT, TRUTH = range(4)
"""Of what kind an argument is: there is none, the number of a value, or a literal."""


@attrs.frozen(eq=False)
class Lineup:
    """A row for each line; arguments are padded to `SLOTS`."""

    inputs: int
    codes: Array
    """Equal for equal operations with as many outputs; below zero for what stands alone."""
    kinds: Array
    values: Array
    """The number of the value; -1 for other arguments."""
    literals: Array
    """The literal; 0.0 for other arguments."""

    @classmethod
    def of(cls, program: Program, apart: Collection[Op]) -> Lineup:
        """The lines of a program; operations in `apart` stand alone, whatever is beside them."""
        lines, inputs, count = program.instructions, len(program.inputs), len(program)
        known: dict[Op, int] = {}
        codes = np.array([known.setdefault(op, len(known)) for op, _ in lines], np.int64)
        alone = [op in apart or op.multiple or op.arity > SLOTS for op in known]
        arguments = list(chain.from_iterable([args for _, args in lines]))
        types = {int: VALUE, float: FLOAT, bool: TRUTH}
        flat = np.array([types[type(a)] for a in arguments], np.int8)
        numbers = np.array(arguments, np.float64)
        sizes = np.array([op.arity for op in known], np.int64)[codes] if count else codes
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
        given = np.bincount(np.array(program.outputs, np.int64), minlength=inputs + count)
        outs = given[inputs:]
        single = np.array(alone, bool)[codes] if count else codes.astype(bool)
        codes = np.where(single, -1 - np.arange(count), codes + outs * len(known))
        return cls(inputs, codes, kinds, values, literals)

    def reordered(self, order: Sequence[int]) -> Lineup:
        """The same for the program with its lines, named by their values, in another order."""
        rows = np.array(order, np.int64) - self.inputs
        place = np.arange(self.inputs + len(self))
        place[self.inputs + rows] = self.inputs + np.arange(len(rows))
        values = self.values[rows]
        moved = np.where(values >= 0, place[values], -1)
        return Lineup(self.inputs, self.codes[rows], self.kinds[rows], moved, self.literals[rows])

    def __len__(self) -> int:
        """How many lines there are."""
        return len(self.codes)
