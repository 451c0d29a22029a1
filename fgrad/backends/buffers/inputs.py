"""The inputs of a program over rows, checked: numbers, columns of one length, and tables."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from fgrad.errors import NotAValue, SilentDetach, summary
from fgrad.ops.operand import is_real, literal
from fgrad.program.program import Program

if TYPE_CHECKING:
    import numpy as np

    Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]


def given_arrays(program: Program, inputs: Sequence[object]) -> list[float | Array]:
    """Floats, arrays `(N,)`, and arrays `(N, k)` that stand for k inputs; all of float64.

    An array of one row is the same in every row, if others have more. Raises NotAValue for what is
    no real array, for different lengths, and for another number of inputs than the program has.
    """
    import numpy as np  # noqa: PLC0415  # an extra

    given: list[float | Array] = []
    names, place = program.inputs, 0
    for x in inputs:
        if type(x) is float:
            given.append(x)
            place += 1
            continue
        known = _array(np, names[min(place, len(names) - 1)] if names else "none", x)
        given.append(known)
        place += 1 if isinstance(known, float) or known.ndim == 1 else known.shape[1]
    if place != len(names):
        advice = f"They are {', '.join(names)[:80]}."
        raise NotAValue("a program", f"{len(names)} inputs", f"{place}", advice)
    return given


def given_columns(program: Program, inputs: Sequence[object]) -> list[Any]:
    """A float or a contiguous array `(N,)` of float64 for each input; raises as `given_arrays`."""
    import numpy as np  # noqa: PLC0415  # an extra

    given = given_arrays(program, inputs)
    rows = length_of(program, given)
    columns: list[Any] = []
    for x in given:
        if isinstance(x, float):
            columns.append(x)
        elif x.ndim == 2 and len(x) == 1 != rows:
            columns += x[0].tolist()
        elif x.ndim == 2:
            columns += [np.ascontiguousarray(x[:, i]) for i in range(x.shape[1])]
        else:
            columns.append(np.ascontiguousarray(x))
    return columns


def length_of(program: Program, given: Sequence[float | Array]) -> int:
    """The length of all columns; raises NotAValue if they differ, or there is none."""
    sizes = {len(x) for x in given if not isinstance(x, float)}
    if len(sizes) == 1:
        return next(iter(sizes))
    lengths: dict[int, str] = {}
    place = 0
    for x in given:
        if not isinstance(x, float):
            lengths.setdefault(len(x), program.inputs[min(place, len(program.inputs) - 1)])
        place += 1 if isinstance(x, float) or x.ndim == 1 else x.shape[1]
    others = {n: name for n, name in lengths.items() if n != 1 or _is_column(given)}
    if len(others or lengths) == 1:
        return next(iter(others or lengths))
    if lengths:
        got = ", ".join([f"{name:.40} of {n}" for n, name in lengths.items()][:4])
        advice = "Give numbers where all rows share a value."
        raise NotAValue("a program over columns", "columns of one length", got, advice)
    advice = "Give a column for an input, or run the program itself."
    raise NotAValue("a program over columns", "a column", "numbers alone", advice)


def _is_column(given: Sequence[float | Array]) -> bool:
    """Whether a column has one row, which unlike a table of one row is not broadcast."""
    return any(not isinstance(x, float) and x.shape == (1,) for x in given)


def _array(np: ModuleType, name: str, x: Any) -> Any:
    if type(x) is np.ndarray and x.dtype == np.float64 and 0 < x.ndim < 3 and x.flags.aligned:
        return x
    if isinstance(x, bool) or is_real(x):
        return literal(x, f"input {name:.40}")
    try:
        array = np.asarray(x)
    except (ValueError, SilentDetach):  # rows of many lengths, or nodes
        array = np.asarray(None)
    masked = np.ma.isMaskedArray(x)  # whose mask would be lost
    if array.dtype.kind not in "iuf" or array.ndim > 2 or masked:
        which = "a masked" if masked else "an"
        got = f"{which} array of shape {array.shape} and dtype {array.dtype}"
        if array.dtype == np.object_ and not isinstance(x, np.ndarray):
            got = summary(x)
        advice = "Convert it with .astype(float), or give a column for each input."
        raise NotAValue(f"input {name:.40}", "a number or a column of real numbers", got, advice)
    if array.ndim == 0:
        return float(array)
    return np.require(array, np.float64, ["ALIGNED"])
