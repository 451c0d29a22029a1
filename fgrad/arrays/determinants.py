"""Determinants, whose derivative is that of the polynomial also where a matrix is singular."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np

from fgrad.arrays.functions import trace
from fgrad.arrays.linear import Key, full, placing, summing
from fgrad.arrays.matrices import eye, scaled, spread, square, turned
from fgrad.arrays.primitive import Contribution, Contributions, Whole
from fgrad.arrays.products import matmul
from fgrad.arrays.shapes import broadcast_to, index, reshape
from fgrad.arrays.systems import inv, solve
from fgrad.arrays.together import concatenate
from fgrad.arrays.values import plain, quietly, shape_of

_ILL: Final = 1e4
"""The condition from which det(a) inv(a) loses too many digits to be differentiated again."""
_NONE: Final = 1e-8
"""Singular values below this times the largest are taken out together."""


def _by(f: Any) -> tuple[Any, Any]:
    """The pullback and the pushforward of a number of each matrix whose derivative is `f(matrix, number)`."""

    def pullback(
        out: Any, args: Sequence[Any], g: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        return (scaled(spread(full(g, shape_of(out))), f(args[0], out)),)

    def pushforward(out: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        n = len(shape_of(args[0]))
        return summing((n - 2, n - 1)).along(scaled(moves[0], f(args[0], out)))

    return pullback, pushforward


def _logdet_op() -> Whole:
    return _log_abs_det


_log_abs_det: Whole = Whole(
    "logabsdet", lambda a: np.linalg.slogdet(a)[1], (_logdet_op, ()), (), 1,
    *_by(lambda a, out: turned(inv(a))),
)  # fmt: skip


_PLACES: Final[Mapping[int, list[list[int]]]] = MappingProxyType({
    2: [[3, 2, 1, 0]],
    3: [
        [4, 5, 3, 7, 8, 6, 1, 2, 0], [8, 6, 7, 2, 0, 1, 5, 3, 4],
        [5, 3, 4, 8, 6, 7, 2, 0, 1], [7, 8, 6, 1, 2, 0, 4, 5, 3],
    ],
})  # fmt: skip
"""Of matrices of so many rows the elements whose products are the cofactors."""
_SIGNS: Final = plain(np.array([1.0, -1.0, -1.0, 1.0]))


class SignedLog(NamedTuple):
    """The sign of a determinant, and the logarithm of its absolute value."""

    sign: Any
    logabsdet: Any


def slogdet(a: Any) -> SignedLog:
    """The sign of the determinant of each matrix, which is constant, and its logarithm."""
    a = square(a, "slogdet")
    sign = quietly(np.linalg.slogdet, getattr(a, "value", a))[0]
    return SignedLog(sign if np.ndim(sign) else float(sign), _log_abs_det(a))


def cofactors(a: Any, det: Any) -> Any:
    """The derivative of the determinant `det` of each matrix."""
    shape = shape_of(a)
    n = shape[-1]
    if n < 2:
        return np.ones(shape)
    if n <= 3:
        return _of_few(a, n)
    inverse = inv(a)
    ill = _is_ill(_value(a), _value(inverse))
    if not np.any(ill):
        return spread(det) * turned(inverse)
    if np.all(ill):
        return _of_singular(a)
    parts = []
    for some, f in ((~ill, _of_regular), (ill, _of_singular)):
        key = Key(np.nonzero(some))
        parts.append(placing(key, shape)(f(index(a, key.parts))))
    return parts[0] + parts[1]


def _of_regular(a: Any) -> Any:
    return spread(_det(a)) * turned(inv(a))


def _of_few(a: Any, n: int) -> Any:
    """That of two or three rows, by products alone."""
    shape = shape_of(a)
    flat = reshape(a, (*shape[:-2], n * n))
    picked = [index(flat, (..., places)) for places in _PLACES[n]]
    if n == 2:
        return reshape(picked[0] * _SIGNS, shape)
    return reshape(picked[0] * picked[1] - picked[2] * picked[3], shape)


def _det_op() -> Whole:
    return _det


_det: Whole = Whole("det", np.linalg.det, (_det_op, ()), (), 1, *_by(cofactors))


def det(a: Any) -> Any:
    """The determinant of each matrix; use `slogdet` where it over- or underflows."""
    return _det(square(a, "det"))


def _value(x: Any) -> Any:
    return getattr(x, "value", x)


def _is_ill(a: Any, inverse: Any) -> Any:
    """Which of the matrices have too large a condition, by the largest sum of a column."""
    with np.errstate(all="ignore"):
        sizes = [np.abs(x).sum(-2).max(-1) for x in (a, inverse)]
        return ~(sizes[0] * sizes[1] < _ILL)


def _of_singular(a: Any) -> Any:
    """The same without a division by what is 0 or nearly so.

    Turned by the singular vectors at this point, which are constants, the matrix is [[m, b], [c, d]]
    with a small d for its small singular values. Its determinant is that of m times that of
    s = d - c inv(m) b, and of the small s it is a polynomial.
    """
    value = _value(a)
    n = value.shape[-1]
    finite = np.isfinite(value).all((-2, -1))
    u, w, vh = np.linalg.svd(np.where(finite[..., None, None], value, np.eye(n)))
    small = (w <= _NONE * w[..., :1]).sum(-1)
    k = max(1, int(small.max(initial=0)))
    v = np.swapaxes(vh, -1, -2)
    sign = np.sign(np.linalg.det(u)) * np.sign(np.linalg.det(v))
    turn = matmul(matmul(np.swapaxes(u, -1, -2), a), v)
    m, b = _cut(turn, 0, n - k, 0, n - k), _cut(turn, 0, n - k, n - k, n)
    c, d = _cut(turn, n - k, n, 0, n - k), _cut(turn, n - k, n, n - k, n)
    x = solve(m, b)
    y = turned(solve(turned(m), turned(c)))
    small_det, adjugate = _polynomial(d - matmul(c, x), k)
    bend = turned(adjugate)
    left = matmul(turned(y), bend)
    corner = spread(small_det) * turned(inv(m)) + matmul(left, turned(x))
    rows = [
        concatenate([corner, -left], -1),
        concatenate([-matmul(bend, turned(x)), bend], -1),
    ]
    scale = spread(_det(m)) * (sign[..., None, None] if sign.ndim else float(sign))
    return matmul(matmul(u, concatenate(rows, -2) * scale), vh)


def _cut(x: Any, top: int, bottom: int, left: int, right: int) -> Any:
    return index(x, (..., slice(top, bottom), slice(left, right)))


def _polynomial(s: Any, k: int) -> tuple[Any, Any]:
    """The determinant and the adjugate of small matrices by products alone (Faddeev and Le Verrier)."""
    adjugate: Any = broadcast_to(eye(k), shape_of(s))
    total: Any = 0.0
    power = adjugate
    for i in range(1, k + 1):
        adjugate, product = power, matmul(s, power)
        total = trace(product, 0, -2, -1) * (-1.0 / i)
        power = product + spread(total) * eye(k)
    sign = -1.0 if k % 2 else 1.0
    return total * sign, adjugate * -sign
