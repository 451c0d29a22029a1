"""Functions of numpy that are composed of ours, and which nobody needs by a name of ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fgrad.arrays import choices, functions, parts, shapes, together
from fgrad.arrays.at import at
from fgrad.arrays.einstein import einsum as by_letters
from fgrad.arrays.numpy_arguments import read
from fgrad.arrays.order import known
from fgrad.arrays.parts import split
from fgrad.arrays.values import plain, shape_of
from fgrad.arrays.wholes import places, whole
from fgrad.errors import NotAValue
from fgrad.graph.node import Node
from fgrad.ops import scalar as ops


def spread(f: Callable[..., Any]) -> Callable[..., Any]:
    """A deviation, whose `ddof` the array API calls `correction`."""

    def spread(a: Any, axis: Any = None, ddof: Any = 0, correction: Any = None, **rest: Any) -> Any:
        return f(a, axis, ddof=ddof if correction is None else correction, **rest)

    return spread


def reshape(a: Any, shape: Any = None, order: str = "C", newshape: Any = None) -> Any:
    """The elements in another shape, which older numpys call `newshape`."""
    return shapes.reshape(a, newshape if shape is None else shape, order)


def clip(a: Any, a_min: Any = None, a_max: Any = None, min: Any = None, max: Any = None) -> Any:
    """Between bounds, which the array API calls `min` and `max`."""
    return choices.clip(a, min if a_min is None else a_min, max if a_max is None else a_max)


def where(condition: Any, *sides: Any) -> Any:
    """A choice; of a condition alone the places where it holds."""
    if len(sides) == 1:
        raise NotAValue("where", "a condition and two sides", "one side", "Give the other one too.")
    if sides:
        return ops.where(*[_unlisted(x) for x in (condition, *sides)])
    return np.nonzero(np.asarray(known(condition, "where")))


def _unlisted(x: Any) -> Any:
    return shapes.given(x, "where", truth=True) if isinstance(x, (list, tuple)) else x


def cumulative(f: Callable[..., Any], start: float) -> Callable[..., Any]:
    """The array API's cumulative sums and products, which may begin with that of no elements."""

    def along(x: Any, axis: Any = None, include_initial: bool = False) -> Any:
        shape = shape_of(x)
        if axis is None and len(shape) != 1:
            raise shapes.refused("a cumulative sum", f"shape {shape}", "Name the axis.")
        place = shapes.axis_of(axis or 0, len(shape), "a cumulative sum")
        out = f(x, place)
        if not include_initial:
            return out
        first = np.full((*shape[:place], 1, *shape[place + 1 :]), start)
        return together.concatenate([first, out], place)

    return along


def filled(value: float) -> Callable[..., Any]:
    """An array of the shape of another that is full of one value."""
    return lambda a, shape=None: full_like(a, value, shape)


def full_like(a: Any, fill_value: Any, shape: Any = None) -> Any:
    """An array of the shape of another that is full of one value, which may be a node."""
    wanted = shape_of(a) if shape is None else shape
    if isinstance(fill_value, Node):
        return shapes.broadcast_to(fill_value, wanted)
    return np.full(wanted, fill_value, np.float64)


def hsplit(x: Any, parts: Any) -> list[Any]:
    """Parts along the second axis, or the only one."""
    return split(x, parts, 1 if len(shape_of(x)) > 1 else 0)


def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """What a function gives of each line along an axis, in the place of the line."""
    if not callable(func1d):
        advice = "Give a function of a vector."
        raise NotAValue("apply_along_axis", "a function", f"{func1d!r:.40}", advice)
    place = shapes.axis_of(axis, len(shape_of(arr)), "apply_along_axis")
    lines = shapes.of_lines(shapes.given(arr, "apply_along_axis"), (place,))
    *rest, n = shape_of(lines)
    found = [func1d(x, *args, **kwargs) for x in parts.unstack(shapes.reshape(lines, (-1, n)))]
    inner = shape_of(found[0])
    whole = shapes.reshape(together.stack(found), (*rest, *inner))
    old = range(len(rest), len(rest) + len(inner))
    return shapes.moveaxis(whole, tuple(old), tuple(range(place, place + len(inner))))


def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, axis: int = 0) -> Any:
    """Equally spaced numbers from one to another, along a new axis."""
    start, stop = shapes.given(start, "linspace"), shapes.given(stop, "linspace")
    num = whole(num, "linspace", 0)
    step = ops.div(stop - start, float(max(num - 1 if endpoint else num, 1)))
    ndim = max(len(shape_of(start)), len(shape_of(stop)))
    y = shapes.reshape(plain(np.arange(float(num))), (-1, *[1] * ndim)) * step + start
    if endpoint and num > 1:
        last = shapes.broadcast_to(stop, (1, *shape_of(y)[1:]))
        y = together.concatenate([shapes.index(y, slice(0, -1)), last])
    return shapes.moveaxis(y, 0, axis)


def einsum(spec: Any, *operands: Any, **options: Any) -> Any:
    """Products summed by letters, in whatever order they are multiplied."""
    names = "spec operands [out] [dtype] [order] [casting] [optimize]"
    return read("einsum", lambda spec, operands: by_letters(spec, *operands), names)(
        spec, operands, **options
    )


def polyval(p: Any, x: Any) -> Any:
    """The polynomial with coefficients from the highest power on, by Horner's rule."""
    y: Any = full_like(x, 0.0) if shape_of(x) else 0.0
    for coefficient in parts.unstack(shapes.given(p, "polyval")):
        y = y * x + coefficient
    return y


def vander(x: Any, n: int | None = None, increasing: bool = False) -> Any:
    """The powers of a vector as columns, the highest first."""
    x = shapes.given(x, "vander")
    if len(shape_of(x)) != 1:
        raise shapes.refused("vander", f"shape {shape_of(x)}", "Give a vector.")
    n = shape_of(x)[0] if n is None else whole(n, "vander", 0)
    ones = np.ones(shape_of(x))
    if not n:
        return np.ones((*shape_of(x), 0))
    powers = functions.cumprod(together.stack([ones, *[x] * (n - 1)], -1), -1)
    return powers if increasing else parts.flip(powers, -1)


def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """The sums of weights by the whole numbers that are their places."""
    if isinstance(x, Node):
        advice = "Take node.value.astype(int) for the places, and give the node as weights."
        raise NotAValue("numpy's bincount", "whole numbers that are no node", repr(x), advice)
    found = places(x, "bincount")
    if found.ndim != 1 or found.min(initial=0) < 0:
        raise shapes.refused("bincount", f"{found!r:.60}", "Give a vector of numbers from 0 on.")
    size = max(whole(minlength, "bincount", 0), int(found.max(initial=-1)) + 1)
    return at(np.zeros(size))[found].add(weights)


def _dtype(dtype: Any) -> Any:
    try:
        return np.dtype(dtype)
    except TypeError:
        advice = "Take float, int or bool."
        raise NotAValue("astype", "a dtype", f"{dtype!r:.40}", advice) from None


def astype(x: Any, dtype: Any) -> Any:
    """The same as float64; as whole numbers constants, and as truth values a condition."""
    kind = _dtype(dtype)
    if kind == np.float64:
        return x
    if kind.kind == "b":
        return ops.not_equal(x, 0.0)
    if kind.kind not in "iu":
        advice = "Nodes are of float64; take node.value.astype(...) for a constant of another type."
        raise NotAValue("astype", "float64, whole numbers or truth values", str(kind), advice)
    return np.asarray(known(x, "astype")).astype(kind)[()]


def astype_of_truths(x: Any, dtype: Any) -> Any:
    """1 where it holds and 0 elsewhere, of float64 as a node; as truth values itself."""
    kind = _dtype(dtype)
    return x if kind.kind == "b" else astype(ops.where(x, 1.0, 0.0), kind)


def of_values(f: Any) -> Callable[..., Any]:
    """A function of numpy that gives places or counts, which have no derivative to lose."""

    def found(*args: Any, **kwargs: Any) -> Any:
        return f(*map(_value, args), **{k: _value(v) for k, v in kwargs.items()})

    return found


def _value(x: Any) -> Any:
    if isinstance(x, (list, tuple)):
        return type(x)(map(_value, x))
    return x.value if isinstance(x, Node) else x


def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """An axis moved before another."""
    ndim = len(shape_of(a))
    place = shapes.axis_of(axis, ndim, "rollaxis")
    before = start + ndim if start < 0 else start
    return shapes.moveaxis(a, place, before - 1 if place < before else before)


def each(ndim: int) -> Callable[..., Any]:
    """Arrays with so many axes at least: one, or a tuple of several."""

    def atleast(*arrays: Any) -> Any:
        found = tuple([shapes.atleast(x, ndim) for x in arrays])
        return found[0] if len(found) == 1 else found

    return atleast


def size(a: Any, axis: Any = None) -> int:
    """How many elements there are, or how many along axes."""
    shape = shape_of(a)
    return int(np.prod([shape[i] for i in shapes.axes_of(axis, len(shape), "size")], dtype=int))


def broadcast_arrays(*arrays: Any, subok: bool = False) -> tuple[Any, ...]:
    """All arrays in the shape in which they go together."""
    return together.broadcast_arrays(*arrays)


def meshgrid(*vectors: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    """The coordinates of a grid."""
    found = together.meshgrid(*vectors, sparse=sparse, indexing=indexing)
    return tuple(found) if isinstance(np.meshgrid(), tuple) else found  # as this numpy has it
