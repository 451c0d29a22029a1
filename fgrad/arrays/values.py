"""Arrays as values: which are taken, how they are kept, and how they are computed with.

A node keeps an array of float64 that nobody can write to, of one dimension at least: an array of
none is a float. What numpy would warn of is no news here: floats mean what IEEE 754 says.
"""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Iterable
from contextvars import Context, ContextVar
from sys import getrefcount
from typing import Any, Final, TypeAlias

from fgrad.errors import MissingExtra, NotAValue, TracedNumber
from fgrad.ops.operand import told

try:
    import numpy as np
    from numpy.typing import NDArray
except ImportError as _error:
    raise MissingExtra("an array", "numpy", "arrays") from _error

Array: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = NDArray[np.float64] | NDArray[np.int64]

_FLOAT64: Final = np.dtype(np.float64)
_DATA: Final = "iu"  # kinds of dtype that are converted: whole numbers, as data

sweeping: Final[ContextVar[bool]] = ContextVar("whether a sweep is on, whose arrays are its own")


def array(value: Any, where: str, *, borrow: bool | None = None) -> Any:
    """`value` as a node keeps it: a read-only float64 array, or a float if it has no dimension.

    A writeable array is copied, for it may be filled anew while nodes hold it; with `borrow`, and in
    sweeps, whose arrays are their own, it is read through a read-only view. Raises NotAValue, with
    `where`, for every other kind of array.
    """
    kept = value
    if type(value) is not np.ndarray or value.dtype is not _FLOAT64 or not value.ndim:
        kept = _converted(value, where)
    elif borrow:
        kept = value.view()
        kept.setflags(False)  # type: ignore[call-arg]  # likewise
        return kept
    if not kept.ndim:
        return float(kept)
    if kept.flags.writeable and kept is not value:
        kept.flags.writeable = False  # it was made here
    return _fixed(kept, borrow)


def as_leaf(value: Any, where: str) -> Any:
    """An array as the leaf of a tree: itself if it is of float64; errors are those of `array`."""
    return value if is_leaf(value) else array(value, where)


def is_leaf(value: Any) -> bool:
    """Whether it is an array that is kept as it is."""
    return type(value) is np.ndarray and value.dtype is _FLOAT64 and value.ndim > 0


def are_plain(values: Iterable[Any]) -> bool:
    """Whether all are floats and arrays that are kept as they are: what needs no node is not copied."""
    return all([type(value) is float or is_leaf(value) for value in values])  # noqa: C419  # in half of the time


def is_sparse(value: object) -> bool:
    """Whether it is an array or a matrix of scipy.sparse."""
    module = sys.modules.get("scipy.sparse")
    return module is not None and bool(module.issparse(value))


def is_truths(value: Any) -> bool:
    """Whether it is an array of truth values."""
    return type(value) is np.ndarray and value.dtype == np.bool_


def truths(value: Any, where: str) -> Any:
    """`value` as a condition keeps it: a read-only array of truth values, or a bool."""
    if type(value) is not np.ndarray:
        raise _refused(value, where)
    if value.dtype != np.bool_:
        advice = "Compare it with something first, as in x < 0.0."
        raise NotAValue(where, "truth values", _described(value), advice)
    return _fixed(value, None) if value.ndim else bool(value)


def _fixed(value: Any, borrow: bool | None) -> Any:
    """An array that nobody can write to: the same if that is so, else a copy, or a view."""
    base = value
    while isinstance(base, np.ndarray) and not base.flags.writeable:
        base = base.base
    if base is None or type(base) is bytes:  # all else may be written to from elsewhere
        return value
    if borrow is None:
        borrow = sweeping.get(False)
    fixed = value.view() if borrow else value.copy(order="K")
    fixed.flags.writeable = False
    return fixed


def _converted(value: Any, where: str) -> Any:
    if type(value) is not np.ndarray:
        raise _refused(value, where)
    dtype = value.dtype
    if dtype.kind in _DATA or (dtype.kind == "f" and dtype.itemsize == 8):
        return value.astype(np.float64)
    if dtype.kind == "b":
        advice = (
            "Use where(condition, x, y) to choose by it, where(condition, 1.0, 0.0) for the"
            " numbers 1 and 0, and np.count_nonzero(condition) for how many hold."
        )
    elif dtype.kind == "f":
        advice = "fgrad computes with float64: convert it with array.astype(np.float64)."
    elif dtype.kind == "c":
        advice = "fgrad differentiates real numbers; use array.real and array.imag as two arrays."
    elif dtype.kind == "O":
        advice = "Give rows of one length; nodes become an array by fg.stack([x, y])."
    else:
        advice = "Convert it to an array of float64 first."
    raise NotAValue(where, "an array of float64", _described(value), advice)


_KINDS: Final = {
    "MaskedArray": "Fill it, as in array.filled(0.0), and choose by ~array.mask with where.",
    "matrix": "Convert it with np.asarray(matrix).",
    "Series": "Give its numbers, as in series.to_numpy().",
    "DataFrame": "Give its numbers, as in frame.to_numpy().",
    "DataArray": "Give its numbers, as in array.to_numpy().",
    "Tensor": "Give its numbers as an array of numpy, as in tensor.numpy().",
}


def _refused(value: Any, where: str) -> NotAValue:
    """The error for what is like an array, or a subclass of one: what it means more is not dropped."""
    kinds = [kind.__name__ for kind in type(value).__mro__]
    advice = next((_KINDS[kind] for kind in kinds if kind in _KINDS), None)
    advice = advice or "Convert it with np.asarray(value, dtype=float)."
    return NotAValue(where, "a plain array of numpy", told(value), advice)


def _described(value: Any) -> str:
    return f"an array of {value.dtype} of shape {value.shape}"


def plain(value: Any) -> Any:
    """What was computed as a node keeps it: a read-only array, a float, a bool or a tuple of these."""
    if type(value) is np.ndarray:
        if value.ndim:
            value.setflags(False)  # type: ignore[call-arg]  # by its place in half of the time
            return value
        return value.item()
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    return value.item() if isinstance(value, np.generic) else value


def of_numbers(numbers: Any, shape: tuple[int, ...]) -> Any:
    """The array of that shape of plain numbers, in lists or tuples that may be nested."""
    return plain(np.array(numbers, np.float64).reshape(shape))


def chosen(condition: Any, value: Any) -> Any:
    """`value` where an array of truth values, or one of them, says so, and 0 elsewhere."""
    if type(condition) is np.ndarray:
        return np.where(condition, value, 0.0)
    return value if condition else 0.0


def basis(shape: tuple[int, ...]) -> list[Any]:
    """The arrays that are 1 in one place and 0 elsewhere, in order; of a number 1 alone."""
    size = math.prod(shape)
    return [plain(row.reshape(shape)) for row in np.eye(size)] if shape else [1.0]


def zeros(shape: tuple[int, ...]) -> Any:
    """The array of zeros of that shape, or the number 0."""
    return plain(np.zeros(shape)) if shape else 0.0


def zero_like(value: Any) -> Any:
    """The array of zeros of the kind and shape of another."""
    return plain(np.zeros(value.shape, value.dtype))


def _references(held: dict[Any, Any]) -> list[int]:
    return [getrefcount(value) for value in held.values()]


_ALONE: Final = _references({0: object()})[0]


def alone(held: dict[Any, Any]) -> list[bool]:
    """For each value of a dict whether nothing else refers to it, no view either: it can be given away."""
    return [count == _ALONE for count in _references(held)]


def owned(value: Any, *, alone: bool = False) -> Any:
    """A result as a user gets it: an array of their own that is read-only, and no view of another."""
    if type(value) is not np.ndarray or (alone and value.flags.owndata):
        return value
    value = value.copy()  # a rule may hand on an array of the user's as it is
    value.setflags(write=False)
    return value


class quiet:  # noqa: N801  # it is called as a function, and is one that takes twice as long
    """While a sweep runs numpy does not warn, and arrays that the sweep made are not copied."""

    __slots__ = ("_errors", "_token")

    def __enter__(self) -> None:
        self._errors = np.errstate(all="ignore")
        self._errors.__enter__()
        self._token = sweeping.set(True)

    def __exit__(self, *raised: object) -> None:
        sweeping.reset(self._token)
        self._errors.__exit__(None, None, None)


def is_finite(value: Any) -> bool:
    """Whether all elements are certainly finite; False also where their squares overflow."""
    return math.isfinite(np.vdot(value, value) if type(value) is np.ndarray else value)


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of an array or of a node's array, () of a number."""
    if type(value) is np.ndarray:
        return value.shape  # type: ignore[no-any-return]  # of an array, a tuple of ints
    try:
        kept = getattr(value, "value", value)
    except TracedNumber:  # which has no value, and as an array a shape
        return getattr(value, "shape", ())
    return kept.shape if type(kept) is np.ndarray else ()


def _separate() -> bool:
    """Whether what numpy warns of is kept by context, as it is from numpy 2 on."""
    before = np.geterr()
    Context().run(np.seterr, all="ignore")
    if np.geterr() == before:
        return True
    np.seterr(**before)
    return False


_SEPARATE: Final = _separate()


def under_errstate(f: Callable[..., Any], *args: Any) -> Any:
    """`f(*args)`, in which numpy does not warn, in the context of the caller."""
    with np.errstate(all="ignore"):
        return f(*args)


def _silenced() -> Callable[..., Any]:
    """`run(f, *args)` of a context in which numpy does not warn, where it keeps that by context."""
    if not _SEPARATE:
        return under_errstate
    context = Context()
    context.run(np.seterr, all="ignore")
    return context.run


class _Quiet(threading.local):
    """For each thread a context in which numpy does not warn: to enter it costs a tenth of np.errstate.

    `run(f, *args)` is f(*args) in there. It raises RuntimeError if the thread is in there already,
    as when the collector runs somebody's finaliser in the middle of it; `quietly` does not.
    """

    run: Callable[..., Any]

    def __init__(self) -> None:
        self.run = _silenced()


QUIET: Final = _Quiet()


def quietly(f: Callable[..., Any], *args: Any) -> Any:
    """`f(*args)`, a function of numpy, which does not warn."""
    try:
        return QUIET.run(f, *args)
    except RuntimeError:
        return under_errstate(f, *args)
