"""Systems of equations: square, triangular, in least squares; inverses and pseudo-inverses.

A solution is linear in the right-hand side, column by column, so guards are carried along columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, Generic, NamedTuple, TypeVar

import numpy as np

from fgrad.arrays.functions import sum
from fgrad.arrays.linear import fit, flow_shape, full, reshaped
from fgrad.arrays.matrices import (
    aligned,
    below,
    by_columns,
    eye,
    flowing,
    lapack,
    masked,
    matrices,
    product,
    scaled,
    square,
    turned,
    under,
)
from fgrad.arrays.primitive import Contribution, Contributions, Whole
from fgrad.arrays.products import matmul
from fgrad.arrays.shapes import given, refused
from fgrad.arrays.singular import singular_values
from fgrad.arrays.values import shape_of
from fgrad.arrays.wholes import number
from fgrad.errors import NotAValue
from fgrad.graph.node import Node
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import either, settled

T = TypeVar("T")
_BLOCK: Final = 32
_TRANSPOSED: Final = {0: False, "N": False, 1: True, "T": True, 2: True, "C": True}


def _fitted(flow: Contribution, shape: tuple[int, ...]) -> Contribution:
    """A flow to something of a shape that was broadcast along axes before the matrices."""
    return fit(flow, flow_shape(flow), shape)


def _added(x: Contribution, y: Contribution) -> Contribution:
    if x is None or y is None:
        return y if x is None else x
    return either(x, y)


# Square systems.


def _solve_pull(
    out: Any, args: Sequence[Any], g: Contribution, wanted: Sequence[bool]
) -> Contributions:
    a, b = args
    t = by_columns(full(g, shape_of(out)), lambda x: _solve(turned(a), x))
    to_a = _fitted(scaled(product(t, turned(out)), -1.0), shape_of(a)) if wanted[0] else None
    return to_a, _fitted(t, shape_of(b)) if wanted[1] else None


def _solve_push(out: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
    (a, _), (da, db) = args, moves
    by_a = None if da is None else scaled(product(da, out), -1.0)
    db = None if db is None else full(db, shape_of(out))
    return by_columns(_added(by_a, db), lambda x: _solve(a, x))


def _solving() -> Whole:
    return _solve


def _by_lu(a: Any, b: Any) -> Any:
    """numpy's solve of matrices b: of fewer axes than a, numpy before 2 takes them for vectors."""
    return np.linalg.solve(a, b[(None,) * (a.ndim - b.ndim)])


_solve: Whole = Whole("solve", lapack(_by_lu), (_solving, ()), (), 2, _solve_pull, _solve_push)


def _system(a: Any, b: Any, where: str, f: Callable[[Any, Any], Any]) -> Any:
    """The solution by `f`, which takes matrices, of a system whose right-hand side may be a vector."""
    a, b = square(a, where), given(b, where)
    n, s = shape_of(a)[-1], shape_of(b)
    vector = len(s) == 1
    if not s or s[0 if vector else -2] != n:
        raise refused(where, f"shapes {shape_of(a)} and {s}", f"b needs length {n} there.")
    if not vector:
        aligned(where, a, b)
        return f(a, b)
    x = f(a, reshaped(b, (n, 1)))
    return reshaped(x, shape_of(x)[:-1])


def solve(a: Any, b: Any) -> Any:
    """The x with a @ x = b; `b` is a vector, or matrices. Of a singular matrix it is nan.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> fg.solve(np.diag([1.0, 2.0]), np.array([1.0, 4.0]))
    array([1., 2.])
    """
    return _system(a, b, "solve", _solve)


def inv(a: Any) -> Any:
    """The inverse of each matrix; of a singular one it is nan."""
    a = square(a, "inv")
    return _solve(a, eye(shape_of(a)[-1]))


# Triangular systems.


def _substituted(a: Any, b: Any, *, lower: bool) -> Any:
    """The solution block by block: LAPACK solves those on the diagonal, and the rest is products."""
    n = a.shape[-1]
    a = np.where(below(n) if lower else below(n).T, a, 0.0)
    if n <= _BLOCK:
        return _by_lu(a, b)
    x = np.empty((*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), n, b.shape[-1]))
    starts = range(0, n, _BLOCK)
    for i in starts if lower else starts[::-1]:
        j = min(i + _BLOCK, n)
        known = slice(0, i) if lower else slice(j, n)
        rest = b[..., i:j, :] - a[..., i:j, known] @ x[..., known, :]
        x[..., i:j, :] = np.linalg.solve(a[..., i:j, i:j], rest)
    return x


@lru_cache(2)
def substitution(lower: bool) -> Whole:
    """The solution of triangular systems, of which the triangle alone is read."""

    def pullback(
        out: Any, args: Sequence[Any], g: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        a, b = args
        t = by_columns(full(g, shape_of(out)), lambda x: substitution(not lower)(turned(a), x))
        to_a = None
        if wanted[0]:
            flow = scaled(product(t, turned(out)), -1.0)
            to_a = _fitted(masked(_triangle(a), flow), shape_of(a))
        return to_a, _fitted(t, shape_of(b)) if wanted[1] else None

    def pushforward(out: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        (a, _), (da, db) = args, moves
        by_a = None if da is None else scaled(product(masked(_triangle(a), da), out), -1.0)
        db = None if db is None else full(db, shape_of(out))
        return by_columns(_added(by_a, db), lambda x: substitution(lower)(a, x))

    def _triangle(a: Any) -> Any:
        mask = below(shape_of(a)[-1])
        return mask if lower else mask.T

    impl = lapack(lambda a, b: _substituted(a, b, lower=lower))
    return Whole(
        "solve_triangular", impl, (substitution, (lower,)), lower, 2, pullback, pushforward
    )


def solve_triangular(a: Any, b: Any, *, trans: int | str = 0, lower: bool = False) -> Any:
    """The x with a @ x = b for a triangular `a`, of which the other triangle is not read; or aᵀ @ x = b.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> fg.solve_triangular(np.array([[2.0, 0.0], [1.0, 1.0]]), np.array([2.0, 3.0]), lower=True)
    array([1., 2.])
    """
    if trans not in _TRANSPOSED:
        advice = "Write 1 or 'T' for the transpose of a."
        raise NotAValue("solve_triangular's trans=", "0, 1 or 2", f"{trans!r:.20}", advice)
    back = _TRANSPOSED[trans]

    def solved(a: Any, b: Any) -> Any:
        return substitution(bool(lower) != back)(turned(a) if back else a, b)

    return _system(a, b, "solve_triangular", solved)


# Least squares. The formulas are those of Golub and Pereyra (1973), for a rank that does not change.


@lru_cache(64)
def _pseudo_inverse(rcond: float | None) -> Whole:
    def pullback(
        out: Any, args: Sequence[Any], g: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        (a,), p = args, out
        g = full(g, shape_of(p))
        bar, pt = turned(settled(g)), turned(p)
        apart = matmul(_off(matmul(a, p)), matmul(bar, matmul(p, pt)))
        along = matmul(matmul(matmul(pt, p), bar), _off(matmul(p, a)))
        value = apart + along - matmul(pt, matmul(turned(bar), pt))
        return (under(flowing([g], [2]), value),)

    def pushforward(out: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        (a,), (da,), p = args, moves, out
        move, pt = settled(da), turned(p)
        apart = matmul(matmul(p, pt), matmul(turned(move), _off(matmul(a, p))))
        along = matmul(_off(matmul(p, a)), matmul(turned(move), matmul(pt, p)))
        value = apart + along - matmul(p, matmul(move, p))
        return under(flowing([da], [2]), value)

    impl = lapack(lambda a: np.linalg.pinv(a, rcond), finite=True)
    return Whole(
        "pinv", _transposing(impl), (_pseudo_inverse, (rcond,)), rcond, 1, pullback, pushforward
    )


def _transposing(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """numpy's pinv with arrays that have no element, where it gives an array of another shape."""

    def run(a: Any) -> Any:
        return f(a) if a.size else np.zeros((*a.shape[:-2], a.shape[-1], a.shape[-2]))

    return run


def _off(projector: Any) -> Any:
    """The projector onto what another does not reach."""
    return eye(shape_of(projector)[-1]) - projector


def _rcond(rcond: Any, shape: tuple[int, ...]) -> float:
    """The singular values, relative to the largest, below which they count as 0."""
    if rcond is None or rcond == -1:
        return float(np.finfo(np.float64).eps) * max(shape[-2:])
    return number(rcond, "rcond=")


def pinv(a: Any, rcond: float | None = None) -> Any:
    """The pseudo-inverse of each matrix; singular values up to `rcond` times the largest count as 0.

    Its derivative is that along matrices of the same rank.
    """
    a = matrices(a, "pinv")
    return _pseudo_inverse(_rcond(rcond, shape_of(a)))(a)


@lru_cache(64)
def _least_squares(rcond: float) -> Whole:
    def pullback(
        out: Any, args: Sequence[Any], g: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        (a, b), x = args, out
        p = _pseudo_inverse(rcond)(a)
        g = full(g, shape_of(x))
        t = by_columns(g, lambda x: matmul(turned(p), x))
        to_a = None
        if wanted[0]:
            rest = b - matmul(a, x)
            to_a = scaled(product(t, turned(x)), -1.0)
            back = by_columns(t, lambda y: matmul(p, y))
            to_a = either(to_a, turned(product(back, turned(rest))))
            missed = by_columns(g, lambda x: matmul(_off(matmul(p, a)), x))
            to_a = either(to_a, turned(product(missed, turned(matmul(turned(p), x)))))
        return to_a, t if wanted[1] else None

    def pushforward(out: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        (a, b), (da, db), x = args, moves, out
        p = _pseudo_inverse(rcond)(a)
        by_a = None if da is None else scaled(product(da, x), -1.0)
        moved = by_columns(_added(by_a, db), lambda y: matmul(p, y))
        if da is None:
            return moved
        back = turned(da)
        rest = product(back, b - matmul(a, x))
        moved = either(moved, by_columns(rest, lambda y: matmul(p, matmul(turned(p), y))))
        missed = product(back, matmul(turned(p), x))
        return either(moved, by_columns(missed, lambda y: matmul(_off(matmul(p, a)), y)))

    impl = lapack(lambda a, b: _shortest(a, b, rcond), finite=True)
    return Whole("lstsq", impl, (_least_squares, (rcond,)), rcond, 2, pullback, pushforward)


def _shortest(a: Any, b: Any, rcond: float) -> Any:
    """The solution; of columns that are not finite, which LAPACK does not take, it is nan."""
    good = np.isfinite(b).all(0)
    x = np.linalg.lstsq(a, np.where(good, b, 0.0), rcond)[0]
    return np.where(good, x, np.nan)


class LstsqResult(NamedTuple, Generic[T]):
    """The solution, the sums of squares that are left (none if the rank is not full), the rank, and the singular values."""

    x: T
    residuals: T
    rank: int
    singular_values: T


def lstsq(a: Any, b: Any, rcond: float | None = None) -> LstsqResult[Any]:
    """The x for which the sum of squares of a @ x - b is least, and of these the shortest.

    Singular values up to `rcond` times the largest count as 0; the derivative is that along matrices
    of the same rank.
    """
    a, b = matrices(a, "lstsq"), given(b, "lstsq")
    s, t = shape_of(a), shape_of(b)
    if len(s) != 2 or len(t) not in (1, 2) or t[0] != s[0]:
        advice = "Give one matrix, and a vector or matrix with as many rows."
        raise refused("lstsq", f"shapes {s} and {t}", advice)
    limit = _rcond(rcond, s)
    x = _least_squares(limit)(a, b if len(t) == 2 else reshaped(b, (t[0], 1)))
    values = singular_values(a)
    plain = values.value if isinstance(values, Node) else values
    rank = int((~(plain <= limit * plain[0])).sum()) if plain.size else 0
    x = x if len(t) == 2 else reshaped(x, (s[1],))
    if rank < s[1] or s[0] <= s[1]:
        return LstsqResult(x, np.zeros(0), rank, values)
    left = ops.square(b - matmul(a, x))
    left = sum(left, 0) if len(t) == 2 else reshaped(sum(left), (1,))
    return LstsqResult(x, left, rank, values)
