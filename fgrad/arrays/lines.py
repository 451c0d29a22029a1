"""Differences, slopes and areas along an axis, and interpolation between points, as numpy names them."""

from __future__ import annotations

from typing import Any

import numpy as np

from fgrad.arrays.functions import sum
from fgrad.arrays.order import known
from fgrad.arrays.shapes import (
    Axis,
    axis_of,
    broadcast_to,
    given,
    index,
    ravel,
    refused,
    reshape,
)
from fgrad.arrays.together import concatenate
from fgrad.arrays.values import plain, shape_of
from fgrad.arrays.wholes import whole
from fgrad.errors import NotAValue
from fgrad.graph.node import Node
from fgrad.ops import scalar as ops


def _along(x: Any, place: int, *part: Any) -> Any:
    """The elements at a number, or between two, along an axis."""
    at = part[0] if len(part) == 1 else slice(*part)
    return index(x, (*(slice(None),) * place, at))


def diff(x: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """The differences of neighbours along an axis, taken n times; with more elements at its ends."""
    x, n = given(x, "diff"), whole(n, "diff", 0)
    place = axis_of(axis, len(shape_of(x)), "diff")
    ends = [
        None if e is None else _end(given(e, "diff"), shape_of(x), place) for e in (prepend, append)
    ]
    if any(e is not None for e in ends):
        x = concatenate([e for e in (ends[0], x, ends[1]) if e is not None], place)
    for _ in range(n):
        x = ops.sub(_along(x, place, 1, None), _along(x, place, 0, -1))
    return x


def _end(x: Any, shape: tuple[int, ...], place: int) -> Any:
    return x if shape_of(x) else broadcast_to(x, (*shape[:place], 1, *shape[place + 1 :]))


def ediff1d(x: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """The differences of neighbours among all elements in order, between some of others."""
    parts = (to_begin, diff(ravel(x)), to_end)
    return concatenate([ravel(part) for part in parts if part is not None])


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The area below straight lines between points, at `x` or `dx` apart."""
    y = given(y, "trapezoid")
    place = axis_of(axis, len(shape_of(y)), "trapezoid")
    apart = given(dx, "trapezoid")
    if x is not None:
        apart = given(x, "trapezoid")
        if len(shape_of(apart)) == 1:
            apart = reshape(diff(apart), [-1 if a == place else 1 for a in range(len(shape_of(y)))])
        else:
            apart = diff(apart, axis=axis)
    return sum(ops.div(apart * (_along(y, place, 1, None) + _along(y, place, 0, -1)), 2.0), place)


def gradient(f: Any, *spacing: Any, axis: Axis = None, edge_order: int = 1) -> Any:
    """The slopes by differences along axes, where points are 1 apart, or as said of all or of each.

    An array for each axis, in a tuple if there are several.
    """
    f = given(f, "gradient")
    shape = shape_of(f)
    axes = [
        axis_of(a, len(shape), "gradient")
        for a in np.atleast_1d(range(len(shape)) if axis is None else axis)
    ]
    steps = [given(s, "gradient") for s in spacing] or [1.0]
    steps = steps * len(axes) if len(steps) == 1 and not shape_of(steps[0]) else steps
    if len(steps) != len(axes) or edge_order not in (1, 2):
        got = f"{len(spacing)} spacings for {len(axes)} axes, and edge_order={edge_order}"
        raise refused(
            "gradient", got, "Give one spacing, or one for each axis, and edge_order 1 or 2."
        )
    slopes = [_slopes(f, a, s, edge_order) for a, s in zip(axes, steps, strict=True)]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _slopes(f: Any, place: int, step: Any, edge_order: int) -> Any:
    n = shape_of(f)[place]
    if n <= edge_order or shape_of(step) not in ((), (n,)):
        got = f"length {n} along axis {place}, with spacing of shape {shape_of(step)}"
        advice = f"Give {edge_order + 1} elements at least, and a place for each."
        raise refused("gradient", got, advice)
    if shape_of(step):
        step = diff(step)
        if not isinstance(step, Node) and (step == step[0]).all():
            step = index(step, 0)  # as numpy; a node of the same has derivatives of its own
    ends = _edges(f, place, step) if edge_order == 1 else _parabolic_edges(f, place, step)
    return concatenate([ends[0], _within(f, place, step), ends[1]], place)


def _within(f: Any, place: int, step: Any) -> Any:
    before, after = _along(f, place, 0, -2), _along(f, place, 2, None)
    if not shape_of(step):
        return ops.div(after - before, 2.0 * step)
    shape = [-1 if a == place else 1 for a in range(len(shape_of(f)))]
    weights = _weights(_along(step, 0, 0, -1), _along(step, 0, 1, None), 1)
    a, b, c = (reshape(w, shape) for w in weights)
    return a * before + b * _along(f, place, 1, -1) + c * after


def _edges(f: Any, place: int, step: Any) -> tuple[Any, Any]:
    """The slopes of the first and of the last two points."""
    first, last = (index(step, 0), index(step, -1)) if shape_of(step) else (step, step)
    start = _along(f, place, 1, 2) - _along(f, place, 0, 1)
    end = _along(f, place, -1, None) - _along(f, place, -2, -1)
    return ops.div(start, first), ops.div(end, last)


def _parabolic_edges(f: Any, place: int, step: Any) -> tuple[Any, Any]:
    """The slopes of the parabolas through the first and the last three points."""
    if shape_of(step):
        a, b, c = _weights(index(step, 0), index(step, 1), 0)
        p, q, r = _weights(index(step, -2), index(step, -1), 2)
    else:
        a, b, c = (k / step for k in (-1.5, 2.0, -0.5))
        p, q, r = (k / step for k in (0.5, -2.0, 1.5))
    start = a * _along(f, place, 0, 1) + b * _along(f, place, 1, 2) + c * _along(f, place, 2, 3)
    end = (
        p * _along(f, place, -3, -2) + q * _along(f, place, -2, -1) + r * _along(f, place, -1, None)
    )
    return start, end


def _weights(before: Any, after: Any, at: int) -> tuple[Any, Any, Any]:
    """The weights of three points in the slope of the parabola through them, at one of these."""
    both = before + after
    if at == 0:
        return (
            -(2.0 * before + after) / (before * both),
            both / (before * after),
            -before / (after * both),
        )
    if at == 1:
        return (
            -after / (before * both),
            (after - before) / (before * after),
            before / (after * both),
        )
    return (
        after / (before * both),
        -both / (before * after),
        (2.0 * after + before) / (after * both),
    )


def interp(  # noqa: PLR0917  # as numpy has it
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    """Straight lines between points (xp, fp), of which `xp` increase, read at `x`; as numpy's.

    Outside it is the first and the last of `fp`, or `left` and `right`; with a `period` it repeats;
    at nan it is nan. At a point the derivative is the slope behind it, at the last one that before it.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> xp, fp = np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0, 0.0])
    >>> fg.interp(2.0, xp, fp), fg.gradient(fg.interp)(2.0, xp, fp)
    (1.0, -1.0)
    """
    x, xp, fp = (given(v, "interp") for v in (x, xp, fp))
    shape = shape_of(xp)
    if len(shape) != 1 or shape != shape_of(fp) or not shape[0]:
        got = f"points of shapes {shape} and {shape_of(fp)}"
        raise refused("interp", got, "Give as many xp as fp, along one axis.")
    if period is not None:
        x, xp, fp = _repeating(x, xp, fp, given(period, "interp"))
        left = right = None
    points, at, n = known(xp, "interp"), np.asarray(known(x, "interp")), shape_of(xp)[0]
    near = np.clip(np.searchsorted(points, at, "right") - 1, 0, n - 1)
    x0, f0 = index(xp, near), index(fp, near)
    y = f0 + 0.0 * (x - x0)
    if n > 1:
        low = np.minimum(near, n - 2)
        x1, f1 = index(xp, low + 1), index(fp, low + 1)
        slope = ops.div(f1 - index(fp, low), x1 - index(xp, low))
        y = slope * (x - x0) + f0
        lost = plain(np.isnan(known(y, "interp")) & ~np.isnan(at))  # what is read at nan is nan
        if np.any(lost):  # as numpy, from the other end, and where both are one infinity
            y = ops.where(lost, slope * (x - x1) + f1, y)
            flat = np.equal(known(f0, "interp"), known(f1, "interp"))
            same = np.equal(points[near], at) | (np.isnan(known(y, "interp")) & flat)
            y = ops.where(plain(same & lost), f0, y)
    first = index(fp, 0) if left is None else given(left, "interp")
    last = index(fp, -1) if right is None else given(right, "interp")
    return ops.where(plain(at > points[-1]), last, ops.where(plain(at < points[0]), first, y))


def _repeating(x: Any, xp: Any, fp: Any, period: Any) -> tuple[Any, Any, Any]:
    """The points of one period, in order, with one more at either end."""
    if known(period, "interp") == 0.0:
        raise NotAValue("interp", "a period that is not 0", "0.0", "Leave it out for none.")
    period = ops.abs(period)
    xp = ops.mod(xp, period)
    order = np.argsort(known(xp, "interp"))
    xp, fp = index(xp, order), index(fp, order)
    ends = [index(xp, slice(-1, None)) - period, xp, index(xp, slice(0, 1)) + period]
    return (
        ops.mod(x, period),
        concatenate(ends),
        concatenate([_along(fp, 0, -1, None), fp, _along(fp, 0, 0, 1)]),
    )
