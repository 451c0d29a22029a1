"""Linear algebra that is composed of the rest, and what has no derivative here."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, Final

import numpy as np

from fgrad.arrays.matrices import eye, matrices, square
from fgrad.arrays.nodes import constant_of
from fgrad.arrays.products import matmul
from fgrad.arrays.shapes import broadcast_to, given, refused, reshape
from fgrad.arrays.systems import inv, solve
from fgrad.arrays.values import plain, shape_of
from fgrad.arrays.wholes import several
from fgrad.errors import NotAValue
from fgrad.graph.node import Node
from fgrad.ops import scalar as ops
from fgrad.ops.operand import told

_ROUNDING: Final = float(np.finfo(np.float64).eps)
_PADE: Final = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0,
    129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0,
    40840800.0, 960960.0, 16380.0, 182.0, 1.0,
)  # fmt: skip
"""The coefficients of the approximant of order 13 (Higham 2005)."""
_REACH: Final = 5.37
"""The norm up to which it is good."""


def _identity_like(a: Any) -> Any:
    ones = broadcast_to(eye(shape_of(a)[-1]), shape_of(a))
    return constant_of(plain(np.array(ones))) if isinstance(a, Node) else ones


def matrix_power(a: Any, n: int) -> Any:
    """The product of n equal matrices; of their inverses if n is negative."""
    a = square(a, "matrix_power")
    try:
        count = operator.index(n)
    except TypeError:
        advice = "Of other exponents eigh gives the power of a symmetric matrix."
        raise NotAValue("matrix_power", "a whole number", f"{n!r:.20}", advice) from None
    if not count:
        return _identity_like(a)
    power, left = (inv(a) if count < 0 else a), abs(count)
    out = None
    while True:
        if left % 2:
            out = power if out is None else matmul(out, power)
        left //= 2
        if not left:
            return out
        power = matmul(power, power)


def multi_dot(arrays: Sequence[Any]) -> Any:
    """The product of two or more matrices, of which the first and the last may be vectors, in the cheapest order."""
    parts = [given(a, "multi_dot") for a in several(arrays, "multi_dot")]
    shapes = [shape_of(a) for a in parts]
    inside = all(len(s) == 2 for s in shapes[1:-1])
    if len(parts) < 2 or not inside or not {len(s) for s in (shapes[0], shapes[-1])} <= {1, 2}:
        advice = "Give two at least: matrices, and vectors at the ends."
        raise refused("multi_dot", f"shapes {' and '.join(map(str, shapes)) or 'none'}", advice)
    lengths = [1 if len(shapes[0]) == 1 else shapes[0][0], *[s[0] for s in shapes[1:]]]
    lengths.append(1 if len(shapes[-1]) == 1 else shapes[-1][1])
    return _in_order(parts, _cheapest(lengths), 0, len(parts) - 1)


def _cheapest(lengths: list[int]) -> dict[tuple[int, int], int]:
    """Where to cut each run of matrices, by the number of multiplications."""
    count = len(lengths) - 1
    cost = {(i, i): 0 for i in range(count)}
    cuts = {}
    for size in range(1, count):
        for i in range(count - size):
            j = i + size
            cost[i, j], cuts[i, j] = min(
                (cost[i, k] + cost[k + 1, j] + lengths[i] * lengths[k + 1] * lengths[j + 1], k)
                for k in range(i, j)
            )
    return cuts


def _in_order(parts: list[Any], cuts: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return parts[i]
    k = cuts[i, j]
    return matmul(_in_order(parts, cuts, i, k), _in_order(parts, cuts, k + 1, j))


def kron(a: Any, b: Any) -> Any:
    """Kronecker's product: a copy of b for each element of a, times that."""
    a, b = given(a, "kron"), given(b, "kron")
    ndim = max(len(shape_of(a)), len(shape_of(b)))
    s, t = ((1,) * (ndim - len(shape_of(x))) + shape_of(x) for x in (a, b))
    if not ndim:
        return ops.mul(a, b)
    left = reshape(a, [n for length in s for n in (length, 1)])
    right = reshape(b, [n for length in t for n in (1, length)])
    return reshape(ops.mul(left, right), [n * m for n, m in zip(s, t, strict=True)])


def expm(a: Any) -> Any:
    """The exponential of each matrix, by scaling and squaring; that of its elements is `exp`.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> fg.expm(np.array([[0.0, 1.0], [0.0, 0.0]]))
    array([[1., 1.],
           [0., 1.]])
    """
    a = square(a, "expm")
    value = a.value if isinstance(a, Node) else a
    with np.errstate(all="ignore"):
        size = np.abs(value).sum(-2).max(-1, initial=0.0)
        most = np.where(np.isfinite(size), size, 0.0).max(initial=0.0)
        times = max(0, int(np.ceil(np.log2(most / _REACH)))) if most > _REACH else 0
        out = _approximant(a * 0.5**times)
        return reduce(lambda x, _: matmul(x, x), range(times), out)


def _approximant(a: Any) -> Any:
    one = eye(shape_of(a)[-1])
    a2 = matmul(a, a)
    a4 = matmul(a2, a2)
    a6 = matmul(a4, a2)

    def series(c: Sequence[float]) -> Any:
        high = matmul(a6, a6 * c[6] + a4 * c[5] + a2 * c[4])
        return high + a6 * c[3] + a4 * c[2] + a2 * c[1] + one * c[0]

    even, odd = series(_PADE[::2]), matmul(a, series(_PADE[1::2]))
    return solve(even - odd, even + odd)


# What has no derivative.


def matrix_rank(a: Any, tol: Any = None, rtol: Any = None) -> Any:
    """The rank of each matrix, a whole number, which has no derivative to lose."""
    a = matrices(a, "matrix_rank")
    value = a.value if isinstance(a, Node) else a
    if not np.isfinite(value).all():
        advice = "Choose the finite ones first."
        raise NotAValue("matrix_rank", "finite numbers", f"{told(a)} with others", advice)
    s = np.linalg.svd(value, compute_uv=False)
    if tol is None:
        share = max(value.shape[-2:]) * _ROUNDING if rtol is None else np.asarray(rtol)[..., None]
        limit = s.max(-1, initial=0.0, keepdims=True) * share
    else:
        limit = np.asarray(tol)[..., None]
    rank = (s > limit).sum(-1)
    return rank if rank.ndim else int(rank)


def refusing(name: str, needed: str, advice: str) -> Callable[..., Any]:
    """A function of numpy's on nodes that says what to do instead."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        got = next((repr(x) for x in (*args, *kwargs.values()) if isinstance(x, Node)), "nodes")
        raise NotAValue(f"numpy's {name}", needed, got, advice)

    return refuse
