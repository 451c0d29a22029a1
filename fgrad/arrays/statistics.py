"""Weighted means, covariances, and reductions that leave nan out, as numpy names them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fgrad.arrays.functions import cumprod, cumsum, max, mean, min, prod, std, sum, variance
from fgrad.arrays.order import known
from fgrad.arrays.parts import diagonal
from fgrad.arrays.products import matmul
from fgrad.arrays.shapes import (
    Axis,
    axes_of,
    broadcast_to,
    given,
    index,
    refused,
    reshape,
    swapaxes,
)
from fgrad.arrays.together import concatenate
from fgrad.arrays.values import shape_of
from fgrad.ops import scalar as ops


def average(
    x: Any,
    axis: Axis = None,
    weights: Any = None,
    *,
    returned: bool = False,
    keepdims: bool = False,
) -> Any:
    """The mean along axes with weights, of the shape of `x` or for one axis alone; or (mean, sum of weights)."""
    x = given(x, "average")
    shape = shape_of(x)
    if weights is None:
        out = mean(x, axis, keepdims=keepdims)
        total: Any = math.prod(shape) / max(float(math.prod(shape_of(out))), initial=1.0)
    else:
        w = _weights(given(weights, "average"), shape, axis)
        total = sum(w, axis, keepdims=keepdims)
        out = ops.div(sum(x * w, axis, keepdims=keepdims), total)
    return (
        (out, broadcast_to(total, shape_of(out)) if shape_of(out) else total) if returned else out
    )


def _weights(w: Any, shape: tuple[int, ...], axis: Axis) -> Any:
    if shape_of(w) == shape:
        return w
    axes = () if axis is None else axes_of(axis, len(shape), "average")
    if shape_of(w) != tuple([shape[a] for a in axes]) or not axes:
        got = f"weights of shape {shape_of(w)} for shape {shape}"
        raise refused("average", got, "Give one for each element, or name the axis.")
    return broadcast_to(reshape(w, [n if a in axes else 1 for a, n in enumerate(shape)]), shape)


def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None
) -> Any:
    """The covariances of the rows of a matrix, or of its columns."""
    parts = [_rows(x, rowvar) for x in (m, y) if x is not None]
    x = concatenate(parts) if len(parts) > 1 else parts[0]
    free = (0 if bias else 1) if ddof is None else ddof
    apart = x - mean(x, 1, keepdims=True)
    product = matmul(apart, swapaxes(apart, 0, 1))
    n = shape_of(x)[1] - free
    out = product * (1.0 / n if n > 0 else math.inf)
    return index(out, (0, 0)) if shape_of(out) == (1, 1) else out


def _rows(x: Any, rowvar: bool) -> Any:
    x = given(x, "cov")
    if not 1 <= len(shape_of(x)) <= 2:
        raise refused("cov", f"shape {shape_of(x)}", "Give a matrix, or a vector.")
    if len(shape_of(x)) == 1:
        return reshape(x, (1, -1))
    return x if rowvar else swapaxes(x, 0, 1)


def corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    """The correlations of the rows of a matrix, or of its columns."""
    c = cov(x, y, rowvar)
    if not shape_of(c):
        return ops.div(c, c)
    apart = ops.sqrt(diagonal(c))
    scaled = ops.div(ops.div(c, index(apart, (slice(None), None))), index(apart, None))
    return ops.clip(scaled, -1.0, 1.0)


def _present(x: Any, where: Any) -> Any:
    mask = ~np.isnan(known(x, "nan-functions"))
    return mask if where is True else mask & known(where, "where")


def nansum(
    x: Any, axis: Axis = None, *, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    """The sum of what is not nan."""
    return sum(x, axis, keepdims=keepdims, initial=initial, where=_present(x, where))


def nanprod(
    x: Any, axis: Axis = None, *, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    """The product of what is not nan."""
    return prod(x, axis, keepdims=keepdims, initial=initial, where=_present(x, where))


def nanmean(x: Any, axis: Axis = None, *, keepdims: bool = False, where: Any = True) -> Any:
    """The mean of what is not nan."""
    return mean(x, axis, keepdims=keepdims, where=_present(x, where))


def nanvar(
    x: Any, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False, where: Any = True
) -> Any:
    """The variance of what is not nan."""
    return variance(x, axis, ddof=ddof, keepdims=keepdims, where=_present(x, where))


def nanstd(
    x: Any, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False, where: Any = True
) -> Any:
    """The deviation of what is not nan."""
    return std(x, axis, ddof=ddof, keepdims=keepdims, where=_present(x, where))


def nanmax(
    x: Any, axis: Axis = None, *, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    """The largest of what is not nan; nan if there is nothing else."""
    mask = _present(x, where)
    start = -math.inf if initial is None else initial
    out = max(x, axis, keepdims=keepdims, initial=start, where=mask)
    return out if initial is not None else _or_nan(out, mask, axis, keepdims)


def nanmin(
    x: Any, axis: Axis = None, *, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    """The smallest of what is not nan; nan if there is nothing else."""
    mask = _present(x, where)
    start = math.inf if initial is None else initial
    out = min(x, axis, keepdims=keepdims, initial=start, where=mask)
    return out if initial is not None else _or_nan(out, mask, axis, keepdims)


def _or_nan(out: Any, mask: Any, axis: Axis, keepdims: bool) -> Any:
    axes = axes_of(axis, np.ndim(mask), "nanmax")
    if 0 in [np.shape(mask)[a] for a in axes]:
        got = f"no elements, of shape {np.shape(mask)}"
        raise refused("nanmax or nanmin", got, "Give one element at least, or initial=.")
    return ops.where(np.any(mask, axes, keepdims=keepdims), out, math.nan)


def nancumsum(x: Any, axis: int | None = None) -> Any:
    """The sums up to each element, where nan counts as 0."""
    return cumsum(ops.where(_present(x, True), given(x, "nancumsum"), 0.0), axis)


def nancumprod(x: Any, axis: int | None = None) -> Any:
    """The products up to each element, where nan counts as 1."""
    return cumprod(ops.where(_present(x, True), given(x, "nancumprod"), 1.0), axis)
