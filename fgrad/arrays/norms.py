"""Norms of vectors and matrices, as numpy names them."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from fgrad.arrays import functions
from fgrad.arrays.order import known
from fgrad.arrays.reductions import kept
from fgrad.arrays.shapes import axes_of, axis_of, given, moveaxis, of_lines, refused, reshape
from fgrad.arrays.singular import singular_values
from fgrad.arrays.values import plain, shape_of
from fgrad.ops import scalar as ops
from fgrad.ops.operand import is_real

_LARGE: Final = 1e100
"""Sums of powers up to which derivatives of high orders do not overflow either."""


def norm(x: Any, ord: Any = None, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The Euclidean norm along axes, of matrices Frobenius'; with `ord` one of numpy's others.

    The derivative is 0 where all elements are.
    """
    x = given(x, "norm")
    shape = shape_of(x)
    wanted = (
        axis if isinstance(axis, (tuple, list)) else range(len(shape)) if axis is None else (axis,)
    )
    axes = tuple([axis_of(a, len(shape), "norm") for a in wanted])
    if ord is None or (ord == "fro" and len(axes) == 2) or (ord == 2 and len(axes) == 1):
        return _of_powers(x, 2.0, axes, keepdims)
    if len(axes) == 1 and is_real(ord):
        return _of_vectors(x, float(ord), axes, keepdims)
    if len(axes) == 2 and axes[0] != axes[1] and ord in (1, -1, 2, -2, math.inf, -math.inf, "nuc"):
        return _of_matrices(x, ord, axes, keepdims)
    advice = (
        "Take None, of vectors any number, and of matrices 1, 2, inf, -1, -2, -inf, 'fro' or 'nuc'."
    )
    raise refused("norm", f"ord={ord!r:.20} along {len(axes)} axes", advice)


def _of_vectors(x: Any, p: float, axes: tuple[int, ...], keepdims: bool) -> Any:
    """The p-th root of the sum of p-th powers, or its limit."""
    if p == 0.0:
        return functions.sum(ops.where(ops.equal(x, 0.0), 0.0, 1.0), axes, keepdims=keepdims)
    size = ops.abs(x)
    if p == 1.0:
        return functions.sum(size, axes, keepdims=keepdims)
    if math.isinf(p):
        extreme = functions.max if p > 0.0 else functions.min
        return extreme(size, axes, keepdims=keepdims)
    return _of_powers(x, p, axes, keepdims)


def _of_powers(x: Any, p: float, axes: tuple[int, ...], keepdims: bool) -> Any:
    """The p-th root of the sum of p-th powers; where these over- or underflow it is of smaller or larger ones.

    A norm of x is that of x * s divided by s, whatever s is, so that is a constant.
    """

    def rooted(x: Any) -> Any:
        powers = ops.square(x) if p == 2.0 else ops.pow(ops.abs(x), p)
        total = functions.sum(powers, axes, keepdims=keepdims)
        if p == 2.0:
            return total, functions.root(total)
        root = ops.pow(total, 1.0 / p)
        return total, root if p < 0.0 else ops.where(ops.equal(total, 0.0), 0.0, root)

    total, out = rooted(x)
    if getattr(x, "abstract", False):
        return out  # how large it is is not known yet
    values = np.asarray(known(total, "norm"))
    safe = (values > 1.0 / _LARGE) & (values < _LARGE)
    if safe.all():
        return out
    size = np.abs(np.asarray(known(x, "norm")))
    initial = 0.0 if p > 0.0 else math.inf
    most = (np.max if p > 0.0 else np.min)(size, axes, keepdims=True, initial=initial)
    used = np.isfinite(most) & (most > 0.0) & ~safe.reshape(most.shape)
    scale = np.ldexp(1.0, np.where(used, np.clip(-np.frexp(most)[1], -1000, 1000), 0))
    if not used.any():
        return out
    scaled = rooted(x * plain(scale))[1]
    return ops.div(scaled, plain(scale.reshape(shape_of(scaled))))


def _of_matrices(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """The largest or smallest sum of a column or row, or something of the singular values."""
    extreme = functions.sum if ord == "nuc" else functions.max if ord > 0 else functions.min
    if ord in (1, -1, math.inf, -math.inf):
        along = axes[0] if abs(ord) == 1 else axes[1]
        sums = functions.sum(ops.abs(x), along, keepdims=True)
        return extreme(sums, axes, keepdims=keepdims)
    out = extreme(singular_values(moveaxis(x, axes, (-2, -1))), -1)
    return reshape(out, kept(shape_of(x), axes)) if keepdims else out


def vector_norm(x: Any, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """The norm of vectors along axes, of all elements without."""
    x = given(x, "vector_norm")
    axes = axes_of(axis, len(shape_of(x)), "vector_norm")
    y = norm(of_lines(x, axes), ord, -1)
    return reshape(y, kept(shape_of(x), axes)) if keepdims else y


def matrix_norm(x: Any, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The norm of the matrices in the last two axes."""
    return norm(x, ord, (-2, -1), keepdims=keepdims)
