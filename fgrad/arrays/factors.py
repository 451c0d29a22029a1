"""Factors of matrices that are triangular: Cholesky's, and QR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from fgrad.arrays.linear import full
from fgrad.arrays.matrices import (
    flowing,
    half,
    lapack,
    lower,
    matrices,
    mirrored,
    square,
    to_lower,
    turned,
    under,
)
from fgrad.arrays.primitive import Contribution, Contributions, Several, Whole
from fgrad.arrays.products import matmul
from fgrad.arrays.shapes import index
from fgrad.arrays.systems import substitution
from fgrad.arrays.together import concatenate
from fgrad.arrays.values import shape_of
from fgrad.errors import NotAValue
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import settled

T = TypeVar("T")
_forward, _backward = substitution(True), substitution(False)


# Cholesky's.


def _phi(x: Any) -> Any:
    """The part below the diagonal, and half of that on it."""
    return lower(x) * half(shape_of(x)[-1])


def _cholesky_pull(
    out: Any, args: Sequence[Any], g: Contribution, wanted: Sequence[bool]
) -> Contributions:
    g, up = full(g, shape_of(out)), turned(out)
    left = _backward(up, _phi(matmul(up, lower(settled(g)))))
    s = turned(_backward(up, turned(left)))
    return (to_lower(under(flowing([g], [2]), s)),)


def _cholesky_push(out: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
    move = mirrored(settled(moves[0]))
    inner = _forward(out, turned(_forward(out, move)))
    return under(flowing([moves[0]], [2]), matmul(out, _phi(inner)))


def _cholesky_op() -> Whole:
    return _cholesky


def _factor(a: Any) -> Any:
    """The lower factors, with nan for those that are not finite: LAPACK leaves the rows above a nan."""
    y = np.linalg.cholesky(a)
    lost = ~np.isfinite(y).all((-2, -1), keepdims=True)
    return np.tril(np.where(lost, np.nan, y)) if lost.any() else y


_cholesky: Whole = Whole(
    "cholesky", lapack(_factor, kept=np.tril), (_cholesky_op, ()), (), 1,
    _cholesky_pull, _cholesky_push,
)  # fmt: skip


def cholesky(a: Any, *, upper: bool = False) -> Any:
    """The lower triangular L with L @ L.T = a, of symmetric positive definite matrices.

    As numpy's it is a function of the part on and below the diagonal (with `upper` above, and the
    result is L.T), and so is its derivative; where a matrix is not positive definite it is nan.
    """
    a = square(a, "cholesky")
    return turned(_cholesky(turned(a))) if upper else _cholesky(a)


# QR. Differentiated as a = q @ r with an invertible r.


def _qr_pull(
    out: Any, args: Sequence[Any], bars: Contributions, wanted: Sequence[bool]
) -> Contributions:
    (q, r), (q_bar, r_bar) = out, bars
    m: Any = 0.0
    if r_bar is not None:
        r_bar = full(r_bar, shape_of(r))
        m = matmul(r, turned(_upper(settled(r_bar))))
    if q_bar is not None:
        q_bar = full(q_bar, shape_of(q))
        m = m - matmul(turned(settled(q_bar)), q)
    part = matmul(q, _copied(m))
    total = part if q_bar is None else settled(q_bar) + part
    a_bar = turned(_backward(r, turned(total)))
    return (under(flowing([q_bar, r_bar], [2, 2]), a_bar),)


def _copied(m: Any) -> Any:
    """The symmetric matrix of the part on and below the diagonal."""
    return mirrored(m)


def _upper(x: Any) -> Any:
    return turned(lower(turned(x)))


def _qr_push(out: Any, args: Sequence[Any], moves: Contributions) -> Contributions:
    (q, r), (da,) = out, moves
    up = turned(r)
    c = turned(_forward(up, turned(settled(da))))
    b = matmul(turned(q), c)
    under_it = lower(b) - _on(b)
    skew = under_it - turned(under_it)
    condition = flowing([da], [2])
    moved = under(condition, c - matmul(q, b - skew))
    return moved, under(condition, _upper(matmul(b - skew, r)))


def _on(x: Any) -> Any:
    n = shape_of(x)[-1]
    return ops.where(np.eye(n, dtype=bool), x, 0.0)


def _tall(a: Any) -> Any:
    q, r = np.linalg.qr(a)
    lost = ~(np.isfinite(q).all((-2, -1)) & np.isfinite(r).all((-2, -1)))[..., None, None]
    if lost.any():
        q, r = np.where(lost, np.nan, q), np.triu(np.where(lost, np.nan, r))
    return q, r


def _qr_op() -> Several:
    return _qr


_qr: Several = Several("qr", _tall, (_qr_op, ()), (), 1, 2, _qr_pull, _qr_push)


class QRResult(NamedTuple, Generic[T]):
    """The orthonormal columns and the upper triangular matrix."""

    Q: T
    R: T


def qr(a: Any, mode: str = "reduced") -> Any:
    """The Q with orthonormal columns and the upper triangular R with Q @ R = a; R alone by mode "r".

    >>> import numpy as np
    >>> import fgrad as fg
    >>> a = np.array([[0.0, 2.0], [-1.0, 0.0]])
    >>> q, r = fg.qr(a)
    >>> np.allclose(q @ r, a)
    True
    """
    a = matrices(a, "qr")
    rows, columns = shape_of(a)[-2:]
    if mode not in ("reduced", "r", "complete"):
        raise NotAValue("qr's mode=", "'reduced', 'complete' or 'r'", f"{mode!r:.20}", "Write one.")
    if mode == "complete" and rows > columns:
        advice = "Columns that complete the basis may be any; take mode='reduced'."
        raise NotAValue(
            "qr of mode 'complete'", "as many columns as rows", f"shape {shape_of(a)}", advice
        )
    if columns <= rows:
        q, r = _qr.results(a)
    else:
        q, r = _qr.results(index(a, (..., slice(0, rows))))
        rest = index(a, (..., slice(rows, None)))
        r = concatenate([r, matmul(turned(q), rest)], -1)
    return r if mode == "r" else QRResult(q, r)
