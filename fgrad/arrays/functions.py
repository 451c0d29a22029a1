"""Reductions and sums along axes, as numpy names them.

They take nodes, arrays and numbers, and give a node where they are given one. `where` chooses the
elements that count, and `initial` is one more of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fgrad.arrays.linear import accumulating, reshaped, summing
from fgrad.arrays.parts import diagonal
from fgrad.arrays.recurrences import cumulating, product
from fgrad.arrays.reductions import extremum, kept, log_sum_exp
from fgrad.arrays.shapes import (
    Axis,
    axes_of,
    axis_of,
    broadcast_to,
    given,
    ravel,
    refused,
    reshape,
    transpose,
)
from fgrad.arrays.values import shape_of
from fgrad.arrays.wholes import number
from fgrad.errors import NotAValue
from fgrad.graph.node import Node
from fgrad.ops import scalar as ops


def _reduced(
    x: Any, axis: Axis, keepdims: bool, where: str, make: Callable[..., Any], *, empty: bool = True
) -> Any:
    """A reduction along axes, which stay with length 1 if `keepdims`."""
    x = given(x, where)
    shape = shape_of(x)
    axes = axes_of(axis, len(shape), where)
    if not empty and 0 in [shape[a] for a in axes]:
        raise refused(where, f"no elements, of shape {shape}", "Give one element at least.")
    out = make(axes)(x) if axes else x
    return reshaped(out, kept(shape, axes)) if keepdims else out


def chosen(x: Any, where: Any, other: float, name: str) -> Any:
    """The elements that count, and `other` in place of those that do not."""
    x = given(x, name)
    return x if where is True else ops.where(_spread(where, shape_of(x)), x, other)


def _spread(where: Any, shape: tuple[int, ...]) -> Any:
    where = given(where, "where", truth=True)
    return broadcast_to(where, shape) if shape else where


def sum(
    x: Any, axis: Axis = None, *, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    """The sum along axes, or of all elements."""
    if where is not True:
        x = chosen(x, where, 0.0, "sum")
    out = _reduced(x, axis, keepdims, "sum", summing)
    return out if initial is None else out + initial


def max(
    x: Any, axis: Axis = None, *, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    """The largest element along axes; equal ones share the derivative."""
    return _extreme("max", x, axis, keepdims, initial=initial, where=where)


def min(
    x: Any, axis: Axis = None, *, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    """The smallest element along axes; equal ones share the derivative."""
    return _extreme("min", x, axis, keepdims, initial=initial, where=where)


def _extreme(name: str, x: Any, axis: Axis, keepdims: bool, *, initial: Any, where: Any) -> Any:
    if initial is None and where is not True:
        advice = "Give the value where no element counts, as in initial=-np.inf."
        raise NotAValue(f"{name} with where=", "initial=", "none", advice)
    x = chosen(x, where, math.inf if name == "min" else -math.inf, name)
    axes = axes_of(axis, len(shape_of(x)), name)
    if initial is not None and 0 in [shape_of(x)[a] for a in axes]:
        shape = kept(shape_of(x), axes)
        of = [n for a, n in enumerate(shape_of(x)) if a not in axes]
        return broadcast_to(initial, shape if keepdims else of)
    out = _reduced(x, axis, keepdims, name, lambda axes: extremum(name, axes), empty=False)
    if initial is None:
        return out
    return ops.maximum(out, initial) if name == "max" else ops.minimum(out, initial)


def ptp(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The largest element along axes less the smallest."""
    return max(x, axis, keepdims=keepdims) - min(x, axis, keepdims=keepdims)


def logsumexp(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The logarithm of the sum of exponentials along axes."""
    return _reduced(x, axis, keepdims, "logsumexp", log_sum_exp)


def softmax(x: Any, axis: int = -1) -> Any:
    """Exponentials along an axis, divided by their sum."""
    x = given(x, "softmax")
    return ops.exp(ops.sub(x, logsumexp(x, axis, keepdims=True)))


def _count(x: Any, axis: Axis, keepdims: bool, where: Any, name: str) -> Any:
    """How many elements count: a number, or an array of the shape of the result."""
    shape = shape_of(x)
    axes = axes_of(axis, len(shape), name)
    if where is True:
        return float(math.prod([shape[a] for a in axes]))
    mask = _spread(where, shape)
    value = mask.value if isinstance(mask, Node) else mask
    return sum(np.where(value, 1.0, 0.0), axis, keepdims=keepdims)


def mean(x: Any, axis: Axis = None, *, keepdims: bool = False, where: Any = True) -> Any:
    """The mean along axes, or of all elements."""
    x = given(x, "mean")
    count = _count(x, axis, keepdims, where, "mean")
    return ops.div(sum(x, axis, keepdims=keepdims, where=where), count)


def variance(
    x: Any, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False, where: Any = True
) -> Any:
    """The mean square distance from the mean; `ddof` is taken off the number of elements."""
    x = given(x, "var")
    count = _count(x, axis, keepdims, where, "var")
    apart = ops.sub(x, mean(x, axis, keepdims=True, where=where))
    total = sum(ops.square(apart), axis, keepdims=keepdims, where=where)
    free = ops.maximum(count - number(ddof, "var"), 0.0)
    return ops.div(total, free)


def std(
    x: Any, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False, where: Any = True
) -> Any:
    """The square root of the variance; its derivative is 0 where the variance is."""
    return root(variance(x, axis, ddof=ddof, keepdims=keepdims, where=where))


def root(square: Any) -> Any:
    """The square root of a sum of squares: nothing flows where all are 0."""
    return ops.where(ops.equal(square, 0.0), 0.0, ops.sqrt(square))


def prod(
    x: Any, axis: Axis = None, *, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    """The product along axes, right at zeros to every order."""
    x = chosen(x, where, 1.0, "prod")
    shape = shape_of(x)
    axes = axes_of(axis, len(shape), "prod")
    if len(axes) == 1:
        out = product(axes[0])(x)
    else:
        rest = [a for a in range(len(shape)) if a not in axes]
        lengths = math.prod([shape[a] for a in axes]), *[shape[a] for a in rest]
        out = product(0)(reshape(transpose(x, (*axes, *rest)), lengths))
    out = reshape(out, kept(shape, axes)) if keepdims else out
    return out if initial is None else out * initial


def cumsum(x: Any, axis: int | None = None) -> Any:
    """The sums of all elements up to each, along an axis."""
    x = given(x, "cumsum")
    if axis is None:
        x, axis = ravel(x), 0
    return accumulating(axis_of(axis, len(shape_of(x)), "cumsum"), False)(x)


def cumprod(x: Any, axis: int | None = None) -> Any:
    """The products of all elements up to each, along an axis; right at zeros to every order."""
    x = given(x, "cumprod")
    if axis is None:
        x, axis = ravel(x), 0
    place = axis_of(axis, len(shape_of(x)), "cumprod")
    return cumulating(place)(x)


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum along a diagonal."""
    return sum(diagonal(x, offset, axis1, axis2), -1)
