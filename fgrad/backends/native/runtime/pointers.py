"""What native code over rows is fed with: pointers to columns and tables, and numbers for all rows."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs
import numpy as np

from fgrad.backends.buffers.cpython import address
from fgrad.backends.buffers.inputs import given_arrays, length_of
from fgrad.program.program import Program

if TYPE_CHECKING:
    from fgrad.backends.buffers.inputs import Array

Kind: TypeAlias = Literal["numbers", "column", "table"]
Pattern: TypeAlias = tuple[tuple[Kind, int], ...]
"""Of what kind each thing given is, and for how many inputs it stands."""


@attrs.frozen(eq=False)
class Feed:
    """The arguments of one call."""

    pattern: Pattern
    rows: int
    arrays: tuple[Array, ...]
    """The columns and the tables: a table is an array whose rows lie in memory in one piece."""
    numbers: Array
    """Those that are the same in every row."""

    @classmethod
    def of(cls, program: Program, inputs: Sequence[object], lanes: int) -> Feed:
        """Sort what is given; NotAValue for what cannot be, as `given_arrays` says.

        Code reads at least as many rows as there are lanes, so shorter columns are filled up.
        """
        given = given_arrays(program, inputs)
        rows = length_of(program, given)
        pattern: list[tuple[Kind, int]] = []
        arrays: list[Array] = []
        numbers: list[float] = []
        row: Array | None = None
        for x in given:
            if isinstance(x, float):
                pattern.append(("numbers", 1))
                numbers.append(x)
            elif x.ndim == 2 and len(x) == 1 != rows:
                pattern.append(("numbers", x.shape[1]))
                row = x[0]
                numbers += row.tolist()
            elif x.ndim == 2 and x.shape[1] > 1 and rows >= lanes and x.strides[1] == 8:
                pattern.append(("table", x.shape[1]))
                arrays.append(x)
            else:
                columns = [x] if x.ndim == 1 else [x[:, i] for i in range(x.shape[1])]
                pattern += [("column", 1)] * len(columns)
                arrays += [_filled(np.ascontiguousarray(c), lanes) for c in columns]
        if row is None or len(row) < len(numbers):
            row = np.array(numbers, np.float64)
        return cls(tuple(pattern), rows, tuple(arrays), row)

    def table(self, start: int = 0) -> Any:
        """The table of pointers that code reads, to the rows from `start` on."""
        entries: list[int] = []
        for x in self.arrays:
            entries.append(address(x) + start * x.strides[0])
            if x.ndim == 2:
                entries.append(x.strides[0])
        return pointers(entries)

    def apart(self, outputs: Sequence[Array]) -> Feed:
        """The same, with copies of the arrays that share memory with outputs."""
        arrays = tuple(
            [
                x.copy() if any(np.may_share_memory(x, y) for y in outputs) else x
                for x in self.arrays
            ]
        )
        return Feed(self.pattern, self.rows, arrays, self.numbers)


def pointers(entries: Sequence[int]) -> Any:
    """A table of addresses in memory."""
    return (ctypes.c_void_p * max(1, len(entries)))(*entries)


def _filled(x: Array, length: int) -> Array:
    """An array filled up to a length with its last row."""
    if len(x) >= length:
        return x
    filled = np.zeros((length, *x.shape[1:]))
    if len(x):
        filled[: len(x)] = x
        filled[len(x) :] = x[-1]
    return filled
