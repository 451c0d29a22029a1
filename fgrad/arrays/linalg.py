"""Linear algebra: what LAPACK computes, with derivatives by the textbook (Giles 2008).

Matrices are in the last two axes, as numpy has them. A singular matrix is numpy's LinAlgError.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from fgrad.arrays.functions import sum
from fgrad.arrays.linear import fit, full, permuted, reshaped
from fgrad.arrays.primitive import Flow, Flows, Whole
from fgrad.arrays.products import matmul
from fgrad.arrays.shapes import given, refused
from fgrad.arrays.values import quietly, shape_of
from fgrad.ops.multiple import settled


def turned(x: Any) -> Any:
    """The transpose of each matrix."""
    n = len(shape_of(x))
    return permuted(x, (*range(n - 2), n - 1, n - 2))


def _square(x: Any, where: str) -> Any:
    x = given(x, where)
    shape = shape_of(x)
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise refused(where, f"shape {shape}", "Give square matrices.")
    return x


# Systems of equations.


def _solve_pull(out: Any, args: Sequence[Any], g: Flow, wanted: Sequence[bool]) -> Flows:
    a, b = args
    t = _solve(turned(a), settled(full(g, shape_of(out))))
    to_a = None
    if wanted[0]:
        product = -matmul(t, turned(out))
        to_a = fit(product, shape_of(product), shape_of(a))
    return to_a, fit(t, shape_of(t), shape_of(b)) if wanted[1] else None


def _solve_push(out: Any, args: Sequence[Any], moves: Flows) -> Flow:
    a, _ = args
    da, db = (None if move is None else settled(move) for move in moves)
    if da is None:
        return _solve(a, db)
    moved = matmul(da, out)
    return _solve(a, -moved if db is None else db - moved)


def _solving() -> Whole:
    return _solve


_solve: Whole = Whole("solve", np.linalg.solve, (_solving, ()), (), 2, _solve_pull, _solve_push)


def solve(a: Any, b: Any) -> Any:
    """The x with a @ x = b; `b` is a vector, or matrices.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> fg.solve(np.diag([1.0, 2.0]), np.array([1.0, 4.0]))
    array([1., 2.])
    """
    a, b = _square(a, "solve"), given(b, "solve")
    n, s = shape_of(a)[-1], shape_of(b)
    vector = len(s) == 1
    if not s or s[0 if vector else -2] != n:
        raise refused("solve", f"shapes {shape_of(a)} and {s}", f"b needs length {n} there.")
    if not vector:
        return _solve(a, b)
    x = _solve(a, reshaped(b, (n, 1)))
    return reshaped(x, shape_of(x)[:-1])


def inv(a: Any) -> Any:
    """The inverse of each matrix."""
    a = _square(a, "inv")
    return _solve(a, np.eye(shape_of(a)[-1]))


# Determinants.


def _logdet_pull(out: Any, args: Sequence[Any], g: Flow, wanted: Sequence[bool]) -> Flows:
    (a,) = args
    g = settled(g)
    wide = reshaped(g, (*shape_of(g), 1, 1)) if shape_of(g) else g
    return (wide * turned(inv(a)),)


def _logdet_push(out: Any, args: Sequence[Any], moves: Flows) -> Flow:
    (a,) = args
    return sum(turned(inv(a)) * settled(moves[0]), (-2, -1))


def _logabsdet(a: Any) -> Any:
    return np.linalg.slogdet(a)[1]


def _logabsdet_op() -> Whole:
    return _log_abs_det


_log_abs_det: Whole = Whole(
    "logabsdet", _logabsdet, (_logabsdet_op, ()), (), 1, _logdet_pull, _logdet_push
)


class SignedLog(NamedTuple):
    """The sign of a determinant, and the logarithm of its absolute value."""

    sign: Any
    logabsdet: Any


def slogdet(a: Any) -> SignedLog:
    """The sign of the determinant of each matrix, which is constant, and its logarithm."""
    a = _square(a, "slogdet")
    sign = quietly(np.linalg.slogdet, getattr(a, "value", a))[0]
    return SignedLog(sign if np.ndim(sign) else float(sign), _log_abs_det(a))


def _det_pull(out: Any, args: Sequence[Any], g: Flow, wanted: Sequence[bool]) -> Flows:
    (a,) = args
    g = settled(g)
    wide = reshaped(g, (*shape_of(g), 1, 1)) if shape_of(g) else g
    return (wide * cofactors(a),)


def _det_push(out: Any, args: Sequence[Any], moves: Flows) -> Flow:
    (a,) = args
    return sum(cofactors(a) * settled(moves[0]), (-2, -1))


def _det_op() -> Whole:
    return _det


_det: Whole = Whole("det", np.linalg.det, (_det_op, ()), (), 1, _det_pull, _det_push)


def cofactors(a: Any) -> Any:
    """The derivative of the determinant of each matrix, which is not singular."""
    det = _det(a)
    wide = reshaped(det, (*shape_of(det), 1, 1)) if shape_of(det) else det
    return wide * turned(inv(a))


def det(a: Any) -> Any:
    """The determinant of each matrix; use `slogdet` where it over- or underflows."""
    return _det(_square(a, "det"))


# Cholesky.


@lru_cache(64)
def _half(n: int) -> Any:
    """Ones below the diagonal, halves on it, zeros above."""
    return np.tri(n, n, -1) + 0.5 * np.eye(n)


def _phi(x: Any) -> Any:
    return x * _half(shape_of(x)[-1])


def _under(lower: Any, middle: Any) -> Any:
    """inv(L)ᵀ M inv(L)."""
    left = _solve(turned(lower), middle)
    return turned(_solve(turned(lower), turned(left)))


def _cholesky_pull(out: Any, args: Sequence[Any], g: Flow, wanted: Sequence[bool]) -> Flows:
    g = settled(full(g, shape_of(out)))
    s = _under(out, _phi(matmul(turned(out), g)))
    return (0.5 * (s + turned(s)),)


def _cholesky_push(out: Any, args: Sequence[Any], moves: Flows) -> Flow:
    da = settled(moves[0])
    s = 0.5 * (da + turned(da))
    inner = _solve(out, turned(_solve(out, turned(s))))
    return matmul(out, _phi(inner))


def _cholesky_op() -> Whole:
    return _cholesky


_cholesky: Whole = Whole(
    "cholesky", np.linalg.cholesky, (_cholesky_op, ()), (), 1, _cholesky_pull, _cholesky_push
)


def cholesky(a: Any) -> Any:
    """The lower triangular L with L @ L.T = a, of symmetric positive definite matrices."""
    return _cholesky(_square(a, "cholesky"))
