"""A program over columns: each instruction once for many rows, by numpy.

The rows are done in blocks whose live values stay in the cache. What does not depend on a column is
computed once, by the implementations of the operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs

from fgrad.backends.buffers.inputs import given_columns, length_of
from fgrad.program.hoist import Split
from fgrad.program.program import Program

if TYPE_CHECKING:
    import numpy as np

    from fgrad.backends.numpy.block import Block


def columns(program: Program) -> Columns:
    """The program over many rows at once, simplified and scheduled by the caller if at all.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> from fgrad.backends.numpy.columns import columns
    >>> over_rows = columns(fg.trace(lambda x, y: x * y + 1.0)(0.0, 0.0))
    >>> over_rows((np.array([1.0, 2.0, 3.0]), 10.0))
    (array([11., 21., 31.]),)
    """
    import fgrad.arrays.ufuncs  # noqa: F401, PLC0415  # raises MissingExtra here rather than later

    return Columns(program.check())


@attrs.frozen
class Columns:
    """A program that takes a column or a number for each input, and gives a column for each output.

    Each row of the columns is what `program.run` gives for that row, up to the last places of
    numpy's own functions. Inputs are read only; an output shares memory with nothing.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> from fgrad.backends.numpy.columns import columns
    >>> over_rows = columns(fg.trace(lambda x, y: (x + y, x < y))(0.0, 0.0))
    >>> over_rows([np.arange(3), 1.5])
    (array([1.5, 2.5, 3.5]), array([ True,  True, False]))
    """

    program: Program
    _kernels: dict[tuple[bool, ...], _Kernel] = attrs.field(
        factory=dict, init=False, eq=False, repr=False
    )

    def __call__(self, inputs: Sequence[object]) -> tuple[np.ndarray[Any, Any], ...]:
        """The outputs; raises NotAValue if an input is no real column, or columns differ in length."""
        import numpy as np  # noqa: PLC0415  # an extra

        given = given_columns(self.program, inputs)
        rows = length_of(self.program, given)
        pattern = tuple([type(x) is not float for x in given])
        kernel = self._kernels.get(pattern)
        if kernel is None:
            kernel = self._kernels.setdefault(pattern, _Kernel.of(self.program, pattern))
        with np.errstate(all="ignore"):
            return kernel.run(given, rows)

    # The same methods as native code over rows has, whose threads have no use here.

    def map(self, inputs: Sequence[object], *, threads: int) -> tuple[np.ndarray[Any, Any], ...]:
        """The outputs."""
        return self(inputs)

    def map_to(self, out: Sequence[object], inputs: Sequence[object], *, threads: int) -> None:
        """Write the outputs to given arrays; NotAValue for what cannot be written to."""
        from fgrad.backends.buffers.outputs import checked, columns_of  # noqa: PLC0415  # needs numpy

        columns = self(inputs)
        truths = [column.dtype.kind == "b" for column in columns]
        arrays = checked(out, truths, len(columns[0]) if columns else 0)
        for target, column in zip(columns_of(arrays), columns, strict=True):
            target[...] = column

    def sum(self, inputs: Sequence[object], *, threads: int) -> tuple[float, ...]:
        """The sum of each output over the rows."""
        return tuple([float(column.sum()) for column in self(inputs)])

    def sum_to(self, out: Sequence[Any], inputs: Sequence[object], *, threads: int) -> None:
        """Write the sums to arrays of doubles, `()` for one output and `(k,)` for k of them."""
        sums = iter(self.sum(inputs, threads=threads))
        for x in out:
            x[...] = [next(sums) for _ in range(x.size)] if x.ndim else next(sums)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the program."""
        return Columns, (self.program,)


@attrs.frozen
class _Kernel:
    """A program for one choice of which inputs are columns: what is hoisted, and the block."""

    split: Split
    block: Block

    @classmethod
    def of(cls, program: Program, pattern: tuple[bool, ...]) -> _Kernel:
        from fgrad.backends.numpy.block import written  # noqa: PLC0415  # needs an extra

        split = Split.of(program, pattern)
        return cls(split, written(split.per_row, sum(pattern)))

    def run(self, given: list[Any], rows: int) -> tuple[Any, ...]:
        import numpy as np  # noqa: PLC0415  # an extra

        block, split = self.block, self.split
        still = split.hoisted.run([x for x in given if type(x) is float])
        ins = [x for x in given if type(x) is not float]
        truths = split.per_row.truths
        outs = [np.empty(rows, "?" if truths[i] else "d") for i in split.per_row.outputs]
        size = max(1, min(rows, block.size))
        scalars = [np.array(still[i - len(ins)]) for i in block.scalars]
        floats: Any = list(np.empty((block.floats, size), np.float64))
        bools: Any = list(np.empty((block.truths, size), np.bool_))
        for start in range(0, rows, size):
            end = start + size
            if end > rows:
                floats = [f[: rows - start] for f in floats]
                bools = [t[: rows - start] for t in bools]
            sliced = [x[start:end] for x in ins], [y[start:end] for y in outs]
            block.function(*sliced, scalars, floats, bools)
        outputs = [
            outs[k] if varies else np.full(rows, still[k], "?" if split.truths[k] else "d")
            for varies, k in split.outputs
        ]
        return tuple(outputs)
