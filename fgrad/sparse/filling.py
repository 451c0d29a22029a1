"""Functions that fill arrays: a program called with arrays of its inputs and one for its outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from fgrad.backends.native.installed import native_is_installed
from fgrad.compiled.kernel import Kernel
from fgrad.display import plural
from fgrad.errors import MissingExtra, NotAValue, ShapeMismatch
from fgrad.program.program import Program

if TYPE_CHECKING:
    import numpy as np

    from fgrad.backends.native.runtime.tables import TableCode
    from fgrad.sparse.tables import Tables

    Array: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

Fill: TypeAlias = "Callable[..., Array]"
"""A function of arrays, and of one more that it writes to and returns."""


def filling(program: Program, sizes: Sequence[int]) -> Fill:
    """The function that reads the inputs from arrays of these sizes, and fills the array after them.

    The last inputs have no array if nothing depends on them. It raises NotAValue for what is no array of numbers, or an array to fill that is not one of
    writable doubles, and ShapeMismatch for other sizes. With the extra `native` it is a builtin.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> fill = filling(fg.trace(lambda x, y: (x * y, x + y))(0.0, 0.0), (2,))
    >>> fill(np.array([2.0, 3.0]), np.empty(2))
    array([6., 5.])
    """
    kernel = Kernel(program, "native" if native_is_installed() else "python")

    def fill(*arrays: Any, **named: Any) -> Array:
        given, out = checked(arrays, named, sizes, len(program.outputs))
        numbers = [x for array in given for x in array.tolist()]
        rest = [0.0] * (len(program.inputs) - len(numbers))
        out[:] = kernel.run(*numbers, *rest)
        return out

    return kernel.entry.into(tuple(sizes), fill) if kernel.backend == "native" else fill


def tabulated(found: Sequence[tuple[Tables, Sequence[int]]], inputs: int) -> list[Fill]:
    """The same of tables, each with sizes of arrays, as machine code of one module."""
    from fgrad.backends.native.runtime import tables as native  # noqa: PLC0415  # an extra

    np = numpy()
    plans = []
    for made, _ in found:
        steps = [
            native.Step(
                [(e.program, e.start, e.given) for e in elements],
                [(run.code, run.start, run.args) for run in runs],
            )
            for elements, runs in made.steps
        ]
        literals = made.literals_at, np.array(made.literals, np.float64)
        plans.append(native.Plan(made.size, inputs, steps, literals, made.outputs))
    codes = native.Codes.of(plans).functions()
    return [_with_checks(code, sizes) for code, (_, sizes) in zip(codes, found, strict=True)]


def _with_checks(code: TableCode, sizes: Sequence[int]) -> Fill:
    np = numpy()

    def slow(*arrays: Any, **named: Any) -> Array:
        given, out = checked(arrays, named, sizes, code.outputs)
        made = np.empty(len(out))  # which lies as code can write it
        if fill is not slow:
            fill(*given, made)
        else:
            rest = np.zeros(code.inputs - sum(sizes))
            code.run(np.concatenate([*given, rest]), made)
        out[:] = made
        return out

    fill = code.into(tuple(sizes), slow)
    return fill


def checked(
    arrays: Sequence[Any], named: Mapping[str, Any], sizes: Sequence[int], outputs: int
) -> tuple[list[Array], Array]:
    """The arrays that are read, as doubles, and the one to fill, which is the last or `out`."""
    np = numpy()
    every = (*arrays, *named.values())
    if len(every) != len(sizes) + 1 or not {"out"}.issuperset(named):
        needed = f"{plural(len(sizes), 'array')} and one to fill"
        got = ", ".join([f"{len(arrays)}", *[f"{name}=" for name in named]])
        raise NotAValue("fill", needed, got, "Give the array to fill as the last, or as out=.")
    arrays = every
    given = []
    for i, (array, size) in enumerate(zip(arrays, sizes, strict=False)):
        read = np.asarray(array)
        if read.dtype.kind not in "iuf" or np.ma.isMaskedArray(array):
            got = f"a {type(array).__name__} of dtype {read.dtype}"
            raise NotAValue("fill", "arrays of numbers", got, "Make it with numpy.array.")
        if read.shape != (size,):
            needed = f"Give argument {i} the shape ({size},)."
            raise ShapeMismatch("fill", f"an array of shape {read.shape}", needed)
        given.append(read.astype(np.float64))
    out = arrays[-1]
    right = type(out) is np.ndarray and out.dtype == np.float64 and out.flags.writeable
    if not right:
        got = f"a {type(out).__name__} of dtype {getattr(out, 'dtype', None)}"
        advice = "Make it with numpy.empty."
        raise NotAValue("fill", "a writable array of float64 to fill", got, advice)
    if out.shape != (outputs,):
        advice = f"Make it with numpy.empty({outputs})."
        raise ShapeMismatch("fill", f"an array of shape {out.shape} to fill", advice)
    return given, out


def numpy() -> Any:
    """numpy; MissingExtra without it."""
    try:
        import numpy as np  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise MissingExtra("an array of nonzeros", "numpy", "arrays") from error
    return np
