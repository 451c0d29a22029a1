"""What is given for the inputs of a program over rows: numbers, and columns of one length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fgrad.errors import NotAValue
from fgrad.operand import literal
from fgrad.program import Program


def given_columns(program: Program, inputs: Sequence[object]) -> list[Any]:
    """A float, or a contiguous array of float64, for each input; NotAValue for what is neither."""
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


def length_of(program: Program, given: Sequence[Any]) -> int:
    """The length that all columns have; NotAValue if they differ, or there is none."""
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
