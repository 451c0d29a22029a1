"""Singular values and vectors; what is said of gaps in `spectra` holds of theirs.

A singular value that is 0, to rounding, is a kink, as abs(x) is at 0: its derivative is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from fgrad.arrays.linear import full
from fgrad.arrays.matrices import flowing, lapack, matrices, turned, under
from fgrad.arrays.parts import diagonal
from fgrad.arrays.primitive import Contributions, Several
from fgrad.arrays.products import matmul
from fgrad.arrays.spectra import (
    column,
    equal_values,
    off_diagonal,
    plus,
    quotient,
    row,
    tiny,
    with_diagonal,
)
from fgrad.arrays.values import shape_of
from fgrad.errors import NotAValue
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import settled

T = TypeVar("T")
Three = tuple[Any, Any, Any]


def _longer(a: Any) -> int:
    return max(shape_of(a)[-2:])


def _is_zero(s: Any, a: Any) -> Any:
    return ops.less_equal(s, tiny(s, _longer(a)))


def _turnings(a: Any, s: Any, t: Any, *, strict: bool) -> tuple[Any, Any]:
    """How left and right vectors turn when the matrix moves by t among them: over the gaps of squares."""
    gap, equal = equal_values(s, _longer(a))
    squares = gap * (row(s) + column(s))
    parts = [off_diagonal(t), off_diagonal(turned(t))] if strict else None
    left = off_diagonal(t * row(s) + column(s) * turned(t))
    right = off_diagonal(column(s) * t + turned(t) * row(s))
    return quotient(left, squares, equal, parts), quotient(right, squares, equal, parts)


def _outside(u: Any, x: Any, s: Any, zero: Any, *, strict: bool) -> Any:
    """What of the columns of x no vector of u spans, over the singular values; None for a basis."""
    shape = shape_of(u)
    if shape[-2] == shape[-1]:
        return None
    rest = x - matmul(u, matmul(turned(u), x))
    return quotient(rest, row(s), row(zero), [rest] if strict else None)


def _back(a: Any, three: Three, bars: Sequence[Any], *, strict: bool) -> Any:
    """The sum of what flows from left vectors, values and right vectors to the matrix."""
    (u, s, v), (to_u, to_s, to_v) = three, bars
    zero = _is_zero(s, a)
    inner = None if to_s is None else with_diagonal(ops.where(zero, 0.0, to_s))
    total = None
    if to_u is not None or to_v is not None:
        x, y = (
            None if bar is None else matmul(turned(w), bar) for w, bar in ((u, to_u), (v, to_v))
        )
        inner = plus(inner, _within(a, s, x, y, strict=strict))
    if to_u is not None and (out := _outside(u, to_u, s, zero, strict=strict)) is not None:
        total = matmul(out, turned(v))
    if to_v is not None and (out := _outside(v, to_v, s, zero, strict=strict)) is not None:
        total = plus(total, matmul(u, turned(out)))
    return plus(total, matmul(matmul(u, inner), turned(v)))


def _within(a: Any, s: Any, x: Any, y: Any, *, strict: bool) -> Any:
    """What flows to the matrix among its vectors, of what flows to left (x) and right ones (y) among theirs."""
    gap, equal = equal_values(s, _longer(a))
    by_u = None if x is None else (x - turned(x)) * row(s)
    by_v = None if y is None else column(s) * (y - turned(y))
    parts = [off_diagonal(p) for z in (x, y) if z is not None for p in (z, turned(z))]
    moved = off_diagonal(plus(by_u, by_v))
    return quotient(moved, gap * (row(s) + column(s)), equal, parts if strict else None)


def _along(a: Any, three: Three, move: Any, *, strict: bool) -> Three:
    """How left vectors, values and right vectors move with the matrix."""
    u, s, v = three
    zero = _is_zero(s, a)
    t = matmul(matmul(turned(u), move), v)
    to_u, to_v = _turnings(a, s, t, strict=strict)
    moved = matmul(u, to_u), matmul(v, to_v)
    beyond = (
        _outside(u, matmul(move, v), s, zero, strict=strict),
        _outside(v, matmul(turned(move), u), s, zero, strict=strict),
    )
    du, dv = (plus(x, y) for x, y in zip(moved, beyond, strict=True))
    return du, ops.where(zero, 0.0, diagonal(t, 0, -2, -1)), dv


def _fulls(bars: Contributions, three: Sequence[Any]) -> list[Any]:
    return [None if b is None else full(b, shape_of(y)) for b, y in zip(bars, three, strict=True)]


def _framed(a: Any, out: Any) -> Three:
    u, s, vh = out[0], out[1], out[2]
    u, v = _frames.results(a, u, s, turned(vh))
    return u, s, v


def _svd_pull(
    out: Any, args: Sequence[Any], bars: Contributions, wanted: Sequence[bool]
) -> Contributions:
    (a,), bars = args, _fulls(bars, [out[i] for i in range(3)])
    ends = [None if b is None else settled(b) for b in bars]
    ends[2] = None if ends[2] is None else turned(ends[2])
    value = _back(a, _framed(a, out), ends, strict=True)
    return (under(flowing(bars, [2, 1, 2]), value),)


def _svd_push(out: Any, args: Sequence[Any], moves: Contributions) -> Contributions:
    (a,), (da,) = args, moves
    du, ds, dv = _along(a, _framed(a, out), settled(da), strict=True)
    condition = flowing([da], [2])
    return under(condition, du), under(condition, ds, 1), under(condition, turned(dv))


def _frames_pull(
    out: Any, args: Sequence[Any], bars: Contributions, wanted: Sequence[bool]
) -> Contributions:
    a, s, (u, v) = args[0], args[2], out
    bars = _fulls(bars, (u, v))
    to_u, to_v = (None if b is None else settled(b) for b in bars)
    value = _back(a, (u, s, v), (to_u, None, to_v), strict=False)
    return under(flowing(bars, [2, 2]), value), None, None, None


def _frames_push(out: Any, args: Sequence[Any], moves: Contributions) -> Contributions:
    if moves[0] is None:
        return None, None
    du, _, dv = _along(args[0], (out[0], args[2], out[1]), settled(moves[0]), strict=False)
    condition = flowing([moves[0]], [2])
    return under(condition, du), under(condition, dv)


def _frames_op() -> Several:
    return _frames


_frames: Several = Several(
    "singularframes", lambda a, u, s, v: (u, v), (_frames_op, ()), (), 4, 2,
    _frames_pull, _frames_push,
)  # fmt: skip
"""The singular vectors of a matrix, as they are when nothing turns within equal values."""


def _svd_op() -> Several:
    return _svd


_svd: Several = Several(
    "svd", lapack(lambda a: tuple(np.linalg.svd(a, full_matrices=False)), finite=True),
    (_svd_op, ()), (), 1, 3, _svd_pull, _svd_push,
)  # fmt: skip


class SVDResult(NamedTuple, Generic[T]):
    """The left singular vectors in columns, the singular values from the largest, the right ones in rows."""

    U: T
    S: T
    Vh: T


def singular_values(a: Any) -> Any:
    """The singular values of matrices, from the largest."""
    return _svd.results(a)[1]


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """The U, S and Vh with U @ diag(S) @ Vh = a; S alone without `compute_uv`.

    Of matrices that are not square take full_matrices=False. Vectors of equal or zero singular
    values have no derivative; a singular value that is 0 has the derivative 0.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> fg.svd(np.diag([2.0, 3.0]), compute_uv=False)
    array([3., 2.])
    """
    a = matrices(a, "svd")
    if not compute_uv:
        return singular_values(a)
    rows, columns = shape_of(a)[-2:]
    if full_matrices and rows != columns:
        advice = "Columns that complete the basis may be any; take full_matrices=False."
        raise NotAValue("svd with full matrices", "square matrices", f"shape {shape_of(a)}", advice)
    return SVDResult(*_svd.results(a))
