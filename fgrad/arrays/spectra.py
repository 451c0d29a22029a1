"""Eigenvalues of symmetric matrices, with their vectors.

Vectors turn into each other by one over the gap between their values. Between equal values, to
rounding, there is no such slope: to what was computed from the vectors it is nan, unless nothing
flows there. What was computed from the values alone has a slope, in which vectors occur that are
taken not to turn within equal values (`frame`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, Generic, NamedTuple, TypeVar

import numpy as np

from fgrad.arrays.functions import max
from fgrad.arrays.linear import full, reshaped
from fgrad.arrays.matrices import (
    flowing,
    lapack,
    mirrored,
    on_diagonal,
    square,
    to_lower,
    turned,
    under,
)
from fgrad.arrays.parts import diagonal
from fgrad.arrays.primitive import Contribution, Contributions, Several, Whole
from fgrad.arrays.products import matmul
from fgrad.arrays.values import shape_of
from fgrad.errors import NotAValue
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import settled

T = TypeVar("T")
_ROUNDING: Final = float(np.finfo(np.float64).eps)


def row(w: Any) -> Any:
    """A number for each column."""
    s = shape_of(w)
    return reshaped(w, (*s[:-1], 1, s[-1]))


def column(w: Any) -> Any:
    """A number for each row."""
    s = shape_of(w)
    return reshaped(w, (*s, 1))


def tiny(w: Any, n: int) -> Any:
    """What is 0 to rounding beside the largest of each matrix's values."""
    most = max(ops.abs(w), -1, keepdims=True) if shape_of(w)[-1] else w
    return most * (_ROUNDING * n)


def equal_values(w: Any, n: int) -> tuple[Any, Any]:
    """The gap between values (that of the column less that of the row), and where it is 0 to rounding."""
    gap = row(w) - column(w)
    return gap, ops.less_equal(ops.abs(gap), row(tiny(w, n)))


def quotient(x: Any, divisor: Any, none: Any, parts: Sequence[Any] | None) -> Any:
    """`x / divisor`; where that is `none` it is nan if anything is in `parts`, 0 without `parts`."""
    if parts is None:
        return ops.where(none, 0.0, x / ops.where(none, 1.0, divisor))
    nothing: Any = none
    for part in parts:
        nothing = ops.logical_and(nothing, ops.equal(part, 0.0))
    return ops.where(nothing, 0.0, x / ops.where(none, np.nan, divisor))


def with_diagonal(w: Any) -> Any:
    """Matrices with those numbers on the diagonal."""
    return ops.where(on_diagonal(shape_of(w)[-1]), row(w), 0.0)


def off_diagonal(x: Any) -> Any:
    """Each matrix with zeros on its diagonal."""
    return ops.where(on_diagonal(shape_of(x)[-1]), 0.0, x)


def plus(x: Any, y: Any) -> Any:
    """The sum, where None is none."""
    if x is None or y is None:
        return y if x is None else x
    return x + y


# Symmetric matrices.


def _turning(w: Any, x: Any, *, strict: bool) -> Any:
    gap, equal = equal_values(w, shape_of(w)[-1])
    x = off_diagonal(x)
    return quotient(x, gap, equal, [x] if strict else None)


def _eigh_pull(
    out: Any, args: Sequence[Any], bars: Contributions, wanted: Sequence[bool]
) -> Contributions:
    w, v = out[0], out[1]
    bars = [None if b is None else full(b, shape_of(y)) for b, y in zip(bars, (w, v), strict=True)]
    to_w, to_v = (None if b is None else settled(b) for b in bars)
    u = _frame(args[0], w, v)
    inner = None if to_w is None else with_diagonal(to_w)
    if to_v is not None:
        inner = plus(inner, _turning(w, matmul(turned(u), to_v), strict=True))
    s = matmul(matmul(u, inner), turned(u))
    return (to_lower(under(flowing(bars, [1, 2]), s)),)


def _eigh_push(out: Any, args: Sequence[Any], moves: Contributions) -> Contributions:
    w, v = out[0], out[1]
    (da,), u = moves, _frame(args[0], w, v)
    inner = matmul(matmul(turned(u), mirrored(settled(da))), u)
    condition = flowing([da], [2])
    moved = matmul(u, _turning(w, inner, strict=True))
    return under(condition, diagonal(inner, 0, -2, -1), 1), under(condition, moved)


def _frame_pull(
    out: Any, args: Sequence[Any], g: Contribution, wanted: Sequence[bool]
) -> Contributions:
    g, w = full(g, shape_of(out)), args[1]
    inner = _turning(w, matmul(turned(out), settled(g)), strict=False)
    s = matmul(matmul(out, inner), turned(out))
    return to_lower(under(flowing([g], [2]), s)), None, None


def _frame_push(out: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
    if moves[0] is None:
        return None
    inner = matmul(matmul(turned(out), mirrored(settled(moves[0]))), out)
    return under(flowing([moves[0]], [2]), matmul(out, _turning(args[1], inner, strict=False)))


def _frame_op() -> Whole:
    return _frame


_frame: Whole = Whole(
    "eigenframe", lambda a, w, v: v, (_frame_op, ()), (), 3, _frame_pull, _frame_push
)
"""The eigenvectors of a matrix, as they are when nothing turns within equal eigenvalues."""


_eigenpairs = lapack(lambda a, part: tuple(np.linalg.eigh(a, part)), finite=True)


@lru_cache(2)
def _decomposing(part: str) -> Several:
    """numpy's eigh of the part on and below the diagonal, which may lie beside anything.

    LAPACK is given that part as numpy's user would give it, so that signs of vectors are the same.
    """

    def impl(a: Any) -> Any:
        a = np.tril(a)
        return _eigenpairs(np.swapaxes(a, -1, -2) if part == "U" else a, part)

    return Several("eigh", impl, (_decomposing, (part,)), part, 1, 2, _eigh_pull, _eigh_push)


class EighResult(NamedTuple, Generic[T]):
    """The eigenvalues from the least, and the eigenvectors in columns."""

    eigenvalues: T
    eigenvectors: T


def eigh(a: Any, UPLO: str = "L") -> EighResult[Any]:  # noqa: N803  # numpy's name
    """The eigenvalues and eigenvectors of symmetric matrices.

    As numpy's they are functions of the part on and below the diagonal (with UPLO="U" above), and so
    are their derivatives. Eigenvectors of equal eigenvalues have none.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> fg.eigh(np.diag([2.0, 1.0])).eigenvalues
    array([1., 2.])
    """
    return EighResult(*_decomposed(a, "eigh", UPLO))


def eigvalsh(a: Any, UPLO: str = "L") -> Any:  # noqa: N803  # numpy's name
    """The eigenvalues of symmetric matrices, as `eigh` gives them."""
    return _decomposed(a, "eigvalsh", UPLO)[0]


def _decomposed(a: Any, where: str, part: str) -> Any:
    a = square(a, where)
    if part not in ("L", "U", "l", "u"):
        raise NotAValue(f"{where}'s UPLO=", "'L' or 'U'", f"{part!r:.20}", "Write one.")
    part = part.upper()
    return _decomposing(part).results(turned(a) if part == "U" else a)
