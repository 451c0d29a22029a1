"""Functions of one shape: of floats, or of one array, with nothing between them and the code.

On the native tier they are builtins of the interpreter, made for the kernel. What they do not know
they give to a function of Python.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fgrad.errors import NotAValue
from fgrad.kernel import Kernel
from fgrad.trees import Structure


def of_floats(
    kernel: Kernel, result: Structure[Any], other: Callable[..., Any]
) -> Callable[..., Any]:
    """The function of floats by position; `other`, which knows everything, where there is none."""
    single = result.kind is None
    plain = single or (result.kind is tuple and all(c.kind is None for c in result.children))
    if kernel.tier != "native" or not plain:
        return other
    return kernel.entry.on_floats(other, single=single)


def of_array(
    kernel: Kernel, result: Structure[Any], other: Callable[..., Any]
) -> Callable[..., Any]:
    """The function of one array of doubles, to an array of all numbers of the result, or to the only one.

    `other` is the function of a list. The function raises NotAValue for other arrays than those of
    the kernel's number of real numbers.
    """
    import numpy as np  # noqa: PLC0415  # an extra

    size, single = len(kernel.program.inputs), result.kind is None

    def slow(x: Any) -> Any:
        if not isinstance(x, np.ndarray):
            return other(x)
        masked = np.ma.isMaskedArray(x)  # whose mask would be lost
        if x.shape != (size,) or x.dtype.kind not in "iuf" or masked:
            kind = "a masked" if masked else "an"
            got = f"{kind} array of shape {x.shape} and dtype {x.dtype}"
            advice = "Specialise again for arrays of another length."
            raise NotAValue("a specialised function", f"an array of {size} numbers", got, advice)
        outputs = kernel.run(*x.astype(np.float64).tolist())
        return outputs[0] if single else np.array(outputs, np.float64)

    return kernel.entry.on_array(slow, single=single) if kernel.tier == "native" else slow
