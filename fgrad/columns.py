"""A program over columns: each line once for many rows, by numpy.

The rows are taken in blocks, so that what lives at once stays in the cache. What does not depend on
a column is computed once, by the meaning of the operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs

from fgrad.errors import NotAValue
from fgrad.operand import literal
from fgrad.program import Program, placed

if TYPE_CHECKING:
    import numpy as np

    from fgrad.block import Block


def columns(program: Program) -> Columns:
    """The program over many rows at once, simplified and scheduled by the caller if at all.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> from fgrad.columns import columns
    >>> over_rows = columns(fg.trace(lambda x, y: x * y + 1.0)(0.0, 0.0))
    >>> over_rows((np.array([1.0, 2.0, 3.0]), 10.0))
    (array([11., 21., 31.]),)
    """
    import fgrad.vectors  # noqa: F401, PLC0415  # raises MissingExtra here rather than later

    return Columns(program.check())


@attrs.frozen
class Columns:
    """A program that takes a column or a number for each input, and gives a column for each output.

    Each row of the columns is what `program.run` gives for that row, up to the last places of
    numpy's own functions. Inputs are read only; an output shares memory with nothing.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> from fgrad.columns import columns
    >>> over_rows = columns(fg.trace(lambda x, y: (x + y, x < y))(0.0, 0.0))
    >>> over_rows([np.arange(3), 1.5])
    (array([1.5, 2.5, 3.5]), array([ True,  True, False]))
    """

    program: Program
    _kernels: dict[tuple[bool, ...], _Kernel] = attrs.field(
        factory=dict, init=False, eq=False, repr=False
    )

    def __call__(self, inputs: Sequence[object]) -> tuple[np.ndarray[Any, Any], ...]:
        """The outputs; NotAValue if an input is no real column, or columns differ in length."""
        import numpy as np  # noqa: PLC0415  # an extra

        given = _given(self.program, inputs)
        rows = _rows(self.program, given)
        pattern = tuple([type(x) is not float for x in given])
        kernel = self._kernels.get(pattern)
        if kernel is None:
            kernel = self._kernels.setdefault(pattern, _Kernel.of(self.program, pattern))
        with np.errstate(all="ignore"):
            return kernel.run(self.program, given, rows)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the program."""
        return Columns, (self.program,)


def _given(program: Program, inputs: Sequence[object]) -> list[Any]:
    """A float, or a contiguous array of float64, for each input."""
    if len(inputs) != len(program.inputs):
        needed = f"{len(program.inputs)} inputs"
        advice = f"They are {', '.join(program.inputs)[:80]}."
        raise NotAValue("a program", needed, f"{len(inputs)}", advice)
    return [_column(name, x) for name, x in zip(program.inputs, inputs, strict=True)]


def _column(name: str, x: object) -> Any:
    import numpy as np  # noqa: PLC0415  # an extra

    if isinstance(x, (bool, int, float)):
        return literal(x, f"input {name:.40}")
    try:
        array = np.asarray(x)
    except ValueError:
        array = np.asarray(None)
    masked = np.ma.isMaskedArray(x)  # whose mask would be lost
    if array.dtype.kind not in "iuf" or array.ndim > 1 or masked:
        got = (
            f"{'a masked' if masked else 'an'} array of shape {array.shape} and dtype {array.dtype}"
        )
        if array.dtype == np.object_ and not isinstance(x, np.ndarray):
            got = f"{x!r:.60}"
        advice = "Convert it with .astype(float), or give a column for each input."
        raise NotAValue(f"input {name:.40}", "a number or a column of real numbers", got, advice)
    if array.ndim == 0:
        return float(array)
    return np.require(array, np.float64, ["C_CONTIGUOUS", "ALIGNED"])


def _rows(program: Program, given: Sequence[Any]) -> int:
    """The length that all columns have."""
    named = zip(program.inputs, given, strict=True)
    lengths = {x.shape[0]: name for name, x in named if type(x) is not float}
    if len(lengths) == 1:
        return int(next(iter(lengths)))
    if lengths:
        got = ", ".join([f"{name:.40} of {n}" for n, name in lengths.items()][:4])
        advice = "Give numbers where all rows share a value."
        raise NotAValue("a program over columns", "columns of one length", got, advice)
    advice = "Give a column for an input, or run the program itself."
    raise NotAValue("a program over columns", "a column", "numbers alone", advice)


@attrs.frozen
class _Kernel:
    """A program for inputs of one pattern: what is computed once, and the block that is repeated."""

    wide: tuple[bool, ...]
    """Of each value, whether it is a column; the others are the same in every row."""
    truths: tuple[bool, ...]
    block: Block

    @classmethod
    def of(cls, program: Program, pattern: tuple[bool, ...]) -> _Kernel:
        from fgrad.block import written  # noqa: PLC0415  # needs an extra

        wide = list(pattern)
        for _, args in program.lines:
            wide.append(any(wide[a] for a in args if type(a) is int))
        truths = [False] * len(pattern) + [op.truth for op, _ in program.lines]
        return cls(tuple(wide), tuple(truths), written(program, wide))

    def run(self, program: Program, given: list[Any], rows: int) -> tuple[Any, ...]:
        import numpy as np  # noqa: PLC0415  # an extra

        block, values = self.block, self._scalars(program, given)
        outputs: list[Any] = []
        for i in program.outputs:
            dtype = np.bool_ if self.truths[i] else np.float64
            outputs.append(
                np.empty(rows, dtype) if self.wide[i] else np.full(rows, values[i], dtype)
            )
        size = max(1, min(rows, block.size))
        scalars = [np.array(values[i]) for i in block.scalars]
        floats: Any = list(np.empty((block.floats, size), np.float64))
        truths: Any = list(np.empty((block.truths, size), np.bool_))
        ins = [x for x in given if type(x) is not float]
        outs = [y for i, y in zip(program.outputs, outputs, strict=True) if self.wide[i]]
        for start in range(0, rows, size):
            end = start + size
            if end > rows:
                floats = [f[: rows - start] for f in floats]
                truths = [t[: rows - start] for t in truths]
            sliced = [x[start:end] for x in ins], [y[start:end] for y in outs]
            block.function(*sliced, scalars, floats, truths)
        return tuple(outputs)

    def _scalars(self, program: Program, given: list[Any]) -> list[Any]:
        """The values that are the same in every row, by the meaning; None for a column."""
        values = [x if type(x) is float else None for x in given]
        for i, (op, args) in enumerate(program.lines, len(values)):
            if self.wide[i]:
                values.append(None)
            else:
                values.append(op.meaning(*placed(args, values)))
        return values
