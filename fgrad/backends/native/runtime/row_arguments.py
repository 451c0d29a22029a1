"""The arguments of native code over rows: pointers to columns and tables, and numbers for all rows."""

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
"""For each argument its kind and the number of inputs it stands for."""


@attrs.frozen(eq=False)
class RowArguments:
    """The arguments of one call."""

    pattern: Pattern
    rows: int
    arrays: tuple[Array, ...]
    """The columns and the tables; the rows of a table are contiguous."""
    numbers: Array
    """The numbers that are the same in each row."""

    @classmethod
    def of(cls, program: Program, inputs: Sequence[object], lanes: int) -> RowArguments:
        """Classify arguments; NotAValue as `given_arrays` raises it.

        Code reads at least one vector of rows, so shorter columns are padded.
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
                arrays += [_padded(np.ascontiguousarray(c), lanes) for c in columns]
        if row is None or len(row) < len(numbers):
            row = np.array(numbers, np.float64)
        return cls(tuple(pattern), rows, tuple(arrays), row)

    def pointers(self) -> Any:
        """The pointers to columns, and those to tables with their strides, that code reads."""
        entries: list[int] = []
        for x in self.arrays:
            entries += (address(x), x.strides[0])[: x.ndim]
        return pointer_array(entries)

    def copied_where_shared(self, outputs: Sequence[Array]) -> RowArguments:
        """The same, with copies of the arrays that share memory with outputs."""
        shared = [any(np.may_share_memory(x, y) for y in outputs) for x in self.arrays]
        pairs = zip(self.arrays, shared, strict=True)
        arrays = tuple([x.copy() if with_outputs else x for x, with_outputs in pairs])
        return RowArguments(self.pattern, self.rows, arrays, self.numbers)


def pointer_array(entries: Sequence[int]) -> Any:
    """A C array of addresses."""
    return (ctypes.c_void_p * max(1, len(entries)))(*entries)


def _padded(x: Array, length: int) -> Array:
    """An array padded to a length with its last row."""
    if len(x) >= length:
        return x
    padded = np.zeros((length, *x.shape[1:]))
    if len(x):
        padded[: len(x)] = x
        padded[len(x) :] = x[-1]
    return padded
