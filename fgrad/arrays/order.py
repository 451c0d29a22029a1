"""What is found by order: sorted arrays, medians and quantiles, and places among sorted numbers.

Which element stands where is a constant: derivatives are those of the elements that are there.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from fgrad.arrays.functions import sum
from fgrad.arrays.parts import take_along_axis
from fgrad.arrays.reductions import kept
from fgrad.arrays.shapes import (
    Axis,
    axes_of,
    axis_of,
    given,
    index,
    moveaxis,
    of_lines,
    ravel,
    refused,
    reshape,
)
from fgrad.arrays.values import plain, shape_of
from fgrad.errors import NotAValue
from fgrad.graph.node import Node
from fgrad.ops import scalar as ops

_SMALL: Final = 4096
"""Elements up to which a stable order is found as soon as any."""
_METHODS: Final = ("linear", "lower", "higher", "nearest", "midpoint")


def known(x: Any, where: str) -> Any:
    """What a node, an array or a number holds: for whole numbers and choices, which have no derivative."""
    x = given(x, where, truth=True)
    return x.value if isinstance(x, Node) else x


def sort(x: Any, axis: int | None = -1) -> Any:
    """Sorted along an axis, or all elements; equal elements keep their order."""
    return _sorted_by(_stable, x, axis, "sort")


def _stable(v: Any, axis: int) -> Any:
    """The order that sorts, in which equal elements keep theirs: where there are none, any will do."""
    if np.size(v) <= _SMALL:
        return np.argsort(v, axis=axis, kind="stable")
    order = np.argsort(v, axis=axis)
    found = np.moveaxis(np.take_along_axis(v, order, axis), axis, 0)
    apart = found[:-1] < found[1:]  # two that are nan are not
    return order if apart.all() else np.argsort(v, axis=axis, kind="stable")


def partition(x: Any, kth: Any, axis: int | None = -1) -> Any:
    """With the elements at some places where sorting puts them, smaller ones before and others behind."""
    return _sorted_by(lambda v, a: np.argpartition(v, kth, axis=a), x, axis, "partition")


def _sorted_by(order: Any, x: Any, axis: int | None, where: str) -> Any:
    x = given(x, where)
    if axis is None:
        x, axis = ravel(x), 0
    place = axis_of(axis, len(shape_of(x)), where)
    return take_along_axis(x, order(known(x, where), place), place)


def quantile(
    x: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False
) -> Any:
    """The values below which shares `q` of the elements along axes lie; several are along the first axis."""
    return _quantile(x, q, axis, method, keepdims, present=False)


def nanquantile(
    x: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False
) -> Any:
    """The same of the elements that are not nan."""
    return _quantile(x, q, axis, method, keepdims, present=True)


def _quantile(  # as numpy has it
    x: Any, q: Any, axis: Axis, method: str, keepdims: bool, *, present: bool
) -> Any:
    x, q = given(x, "quantile"), given(q, "quantile")
    shares = np.asarray(known(q, "quantile"))
    if not ((shares >= 0.0) & (shares <= 1.0)).all():
        raise NotAValue(
            "quantile", "shares from 0 to 1", f"{shares!r:.60}", "Percentiles go to 100."
        )
    if method not in _METHODS:
        advice = f"Take one of {', '.join(map(repr, _METHODS))}."
        raise NotAValue("quantile", "a method", f"{method!r:.20}", advice)
    shape = shape_of(x)
    axes = axes_of(axis, len(shape), "quantile")
    lines = sort(of_lines(x, axes))
    rest, n = shape_of(lines)[:-1], shape_of(lines)[-1]
    if not n:
        raise refused("quantile", f"no elements, of shape {shape}", "Give one element at least.")
    q = reshape(q, (*shares.shape, *[1] * len(rest)))
    if 0 in rest:
        y = index(lines, (..., 0)) * q
    else:
        values = np.asarray(known(lines, "quantile"))
        last = np.maximum((~np.isnan(values)).sum(-1) if present else n, 1) - 1
        y = _between(lines, q, last, method, (*shares.shape, *rest))
        y = y if present else _or_nan(y, lines)
    return reshape(y, (*shares.shape, *kept(shape, axes))) if keepdims else y


def _or_nan(y: Any, lines: Any) -> Any:
    """What was found in sorted lines, or nan for those that end with it."""
    end = index(lines, (..., -1))
    lost = np.isnan(known(end, "quantile"))
    return ops.where(lost, end, y) if np.any(lost) else y


def _between(lines: Any, q: Any, last: Any, method: str, shape: tuple[int, ...]) -> Any:
    """The elements of sorted lines at shares `q` of the way to the last one, and between two of them."""
    places = np.broadcast_to(known(q, "quantile") * last, shape)
    low = np.floor(places).astype(int)
    high = np.minimum(low + 1, last)
    if method in ("lower", "higher", "nearest"):
        rounded = {"lower": np.floor, "higher": np.ceil, "nearest": np.rint}[method](places)
        return _elements(lines, rounded.astype(int))
    a, b = _elements(lines, low), _elements(lines, high)
    weight = (
        np.where(places > low, 0.5, 0.0)
        if method == "midpoint"
        else q * plain(last * 1.0) - plain(low * 1.0)
    )
    step = b - a
    # As numpy: from the nearer end, so that the last one is met.
    near = plain(np.asarray(known(weight, "quantile") >= 0.5))
    return ops.where(near, b - step * (1.0 - weight), a + step * weight)


def _elements(lines: Any, places: Any) -> Any:
    """The elements at places of shape (shares, lines) of each line."""
    rest = shape_of(lines)[:-1]
    before = places.ndim - len(rest)
    flat = places.reshape(-1, *rest)
    found = take_along_axis(lines, np.moveaxis(flat, 0, -1), -1)
    return reshape(moveaxis(found, -1, 0), (*places.shape[:before], *rest))


def percentile(
    x: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False
) -> Any:
    """As `quantile`, with shares of a hundred."""
    return quantile(
        x, ops.div(given(q, "percentile"), 100.0), axis, method=method, keepdims=keepdims
    )


def nanpercentile(
    x: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False
) -> Any:
    """The same of the elements that are not nan."""
    q = ops.div(given(q, "percentile"), 100.0)
    return nanquantile(x, q, axis, method=method, keepdims=keepdims)


def median(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The middle of the sorted elements along axes: of an even number the mean of the two."""
    x = given(x, "median")
    shape = shape_of(x)
    axes = axes_of(axis, len(shape), "median")
    lines = sort(of_lines(x, axes))
    n = shape_of(lines)[-1]
    if not n:
        raise refused("median", f"no elements, of shape {shape}", "Give one element at least.")
    middle = index(lines, (..., slice((n - 1) // 2, n // 2 + 1)))
    y = ops.div(sum(middle, -1), 2.0 if n % 2 == 0 else 1.0)
    y = _or_nan(y, lines)
    return reshape(y, kept(shape, axes)) if keepdims else y


def nanmedian(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The median of what is not nan."""
    x = given(x, "nanmedian")
    shape = shape_of(x)
    axes = axes_of(axis, len(shape), "nanmedian")
    lines = sort(of_lines(x, axes))
    if not shape_of(lines)[-1]:
        raise refused("nanmedian", f"no elements, of shape {shape}", "Give one element at least.")
    count = (~np.isnan(np.asarray(known(lines, "nanmedian")))).sum(-1)  # nan is sorted to the end
    low, high = np.maximum(count - 1, 0) // 2, count // 2 * (count > 0)
    a, b = _elements(lines, low), _elements(lines, high)
    y = ops.where(plain(np.equal(low, high)), b, ops.div(a + b, 2.0))
    return reshape(y, kept(shape, axes)) if keepdims else y


def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    """Where numbers would stand among sorted ones: whole numbers, which have no derivative."""
    if side not in ("left", "right"):
        raise NotAValue("searchsorted", "a side", f"{side!r:.20}", "Take 'left' or 'right'.")
    if len(shape_of(given(a, "searchsorted"))) != 1:
        got = f"shape {shape_of(a)} to search in"
        raise refused("searchsorted", got, "Give a vector first, and then what is looked for.")
    return np.searchsorted(known(a, "searchsorted"), known(v, "searchsorted"), side, sorter)  # type: ignore[call-overload]  # of any side


def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    """In which bin numbers are: whole numbers, which have no derivative."""
    return np.digitize(known(x, "digitize"), known(bins, "digitize"), right)
