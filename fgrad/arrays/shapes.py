"""Functions that move elements, as numpy names them: long, as numpy has many.

They take nodes, arrays and numbers, and give a node where they are given one.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

from fgrad.arrays.joining import concatenation
from fgrad.arrays.linear import (
    Axes,
    Key,
    indexed_shape,
    indexing,
    is_truth,
    permuted,
    placing,
    reshaped,
    starts,
    widened,
)
from fgrad.arrays.values import array, shape_of, truths
from fgrad.errors import NotAValue, ShapeMismatch
from fgrad.graph.node import Node
from fgrad.ops import scalar as ops
from fgrad.ops.operand import is_array, literal, told, untraceable

Axis: TypeAlias = int | tuple[int, ...] | None


def given(x: Any, where: str, *, truth: bool = False) -> Any:
    """`x` as operations on arrays take it: a node, a read-only array or a float; else NotAValue.

    With `truth` conditions are taken too.
    """
    if isinstance(x, Node):
        if x.truth and not truth:
            return array(x, where) if is_array(x) else literal(x, where)
        if x.abstract:
            raise untraceable(x, where)
        return x
    if truth and is_truth(x):
        return truths(np.asarray(x), where)
    return array(x, where) if is_array(x) else literal(x, where)


def refused(where: str, got: str, advice: str) -> ShapeMismatch:
    """The error for shapes or axes that are not there."""
    return ShapeMismatch(where, got, advice)


def axis_of(axis: Any, ndim: int, where: str) -> int:
    """One axis, counted from 0; ShapeMismatch if there is no such axis."""
    place = operator.index(axis)
    if not -ndim <= place < ndim:
        shape = f"axis {place} of an array of {ndim} axes"
        raise refused(where, shape, "Count the axes from 0, or from -1 backwards.")
    return place % ndim


def axes_of(axis: Any, ndim: int, where: str) -> Axes:
    """Some axes in order, all of them for None."""
    if axis is None:
        return tuple(range(ndim))
    if type(axis) is int and 0 <= axis < ndim:
        return (axis,)
    wanted = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = sorted([axis_of(a, ndim, where) for a in wanted])
    if len(set(axes)) < len(axes):
        raise refused(where, f"axes {tuple(wanted)}", "Name each axis once.")
    return tuple(axes)


def reshape(x: Any, shape: int | Sequence[int]) -> Any:
    """The same elements in another shape, in which one length may be -1: what is left."""
    x = given(x, "reshape", truth=True)
    wanted = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    lengths = tuple([operator.index(n) for n in wanted])
    old = shape_of(x)
    size = math.prod(old)
    if lengths.count(-1) == 1:
        others = math.prod([n for n in lengths if n != -1])
        left = size // others if others else 0
        lengths = tuple([left if n == -1 else n for n in lengths])
    if min(lengths, default=0) < 0 or math.prod(lengths) != size:
        raise refused("reshape", f"shape {wanted} for {size} elements", "Keep their number.")
    return reshaped(x, lengths)


def ravel(x: Any) -> Any:
    """All elements along one axis."""
    return reshape(x, -1)


def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """The axes in another order, backwards without `axes`."""
    x = given(x, "transpose", truth=True)
    ndim = len(shape_of(x))
    order = tuple(range(ndim))[::-1]
    if axes is not None:
        order = tuple([axis_of(a, ndim, "transpose") for a in axes])
        if sorted(order) != list(range(ndim)):
            raise refused("transpose", f"axes {tuple(axes)} of {ndim}", "Name each axis once.")
    return permuted(x, order)


def swapaxes(x: Any, first: int, second: int) -> Any:
    """Two axes exchanged."""
    order = list(range(len(shape_of(x))))
    a, b = (axis_of(axis, len(order), "swapaxes") for axis in (first, second))
    order[a], order[b] = b, a
    return transpose(x, order)


def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """Axes moved to other places; the others stay in order."""
    ndim = len(shape_of(x))
    source, destination = (
        a if isinstance(a, (tuple, list)) else (a,) for a in (source, destination)
    )
    old = [axis_of(a, ndim, "moveaxis") for a in source]
    new = [axis_of(a, ndim, "moveaxis") for a in destination]
    order = [a for a in range(ndim) if a not in old]
    for place, axis in sorted(zip(new, old, strict=True)):
        order.insert(place, axis)
    return transpose(x, order)


def squeeze(x: Any, axis: Axis = None) -> Any:
    """Without axes of length 1: all of them, or those named."""
    shape = shape_of(x)
    axes = axes_of(axis, len(shape), "squeeze")
    if axis is None:
        axes = tuple([a for a in axes if shape[a] == 1])
    if any(shape[a] != 1 for a in axes):
        raise refused("squeeze", f"axis {axis} of shape {shape}", "Only length 1 can go away.")
    return reshape(x, tuple([n for a, n in enumerate(shape) if a not in axes]))


def expand_dims(x: Any, axis: int | tuple[int, ...]) -> Any:
    """With new axes of length 1 at those places of the result."""
    wanted = axis if isinstance(axis, tuple) else (axis,)
    ndim = len(shape_of(x)) + len(wanted)
    places = axes_of(wanted, ndim, "expand_dims")
    lengths = iter(shape_of(x))
    return reshape(x, tuple([1 if a in places else next(lengths) for a in range(ndim)]))


def broadcast_to(x: Any, shape: int | Sequence[int]) -> Any:
    """Repeated along new axes and those of length 1, to that shape."""
    x = given(x, "broadcast_to", truth=True)
    wanted = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    try:
        fits = np.broadcast_shapes(shape_of(x), wanted) == wanted
    except ValueError:
        fits = False
    if not fits:
        advice = "Axes are aligned from the last; only those of length 1 are repeated."
        raise refused("broadcast_to", f"shape {shape_of(x)} to {wanted}", advice)
    return widened(x, wanted)


def index(x: Any, key: Any) -> Any:
    """The elements at an index of numpy's: numbers, slices, None, arrays of these, or a known mask."""
    x = given(x, "an index", truth=True)
    parts = tuple([_part(part) for part in (key if isinstance(key, tuple) else (key,))])
    known = Key(parts)
    try:
        indexed_shape(known, shape_of(x))
    except IndexError as error:
        advice = "Index it as an array of numpy."
        raise refused("an index", f"this: {error}", advice) from None
    op = indexing(known)
    return op.support(x) if is_truth(x) else op(x)


def _part(part: Any) -> Any:
    if isinstance(part, slice):
        return slice(
            *[None if n is None else operator.index(n) for n in (part.start, part.stop, part.step)]
        )
    if part is None or part is Ellipsis or (isinstance(part, int) and not isinstance(part, bool)):
        return part
    if isinstance(part, Node):
        if not part.truth or part.abstract:
            advice = "Take whole numbers that are no nodes, as in x[node.value.astype(int)]."
            raise NotAValue("an index", "numbers that are known", told(part), advice)
        part = part.value
    found = np.asarray(part)
    if found.dtype.kind == "f" and not found.size:
        found = found.astype(int)
    if found.dtype.kind not in "iub":
        advice = "Index with whole numbers, slices, None or a mask of truth values."
        raise NotAValue("an index", "whole numbers or truth values", told(part), advice)
    if not found.ndim and found.dtype.kind != "b":
        return int(found)
    kept = found.copy()
    kept.flags.writeable = False
    return kept


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """The elements at `indices` along an axis, or of all elements in order."""
    x = given(x, "take")
    if isinstance(indices, (list, tuple)):
        indices = np.asarray(indices, int)
    if axis is None:
        return index(ravel(x), indices)
    place = axis_of(axis, len(shape_of(x)), "take")
    return index(x, (*(slice(None),) * place, indices))


def take_along_axis(x: Any, indices: Any, axis: int) -> Any:
    """For each line along an axis the elements at the indices of the same line."""
    x = given(x, "take_along_axis")
    place = axis_of(axis, len(shape_of(x)), "take_along_axis")
    found = np.asarray(indices)
    grids = list(np.ogrid[tuple([slice(n) for n in found.shape])])
    grids[place] = found
    return index(x, tuple(grids))


def sort(x: Any, axis: int = -1) -> Any:
    """Sorted along an axis; equal elements keep their order."""
    x = given(x, "sort")
    place = axis_of(axis, len(shape_of(x)), "sort")
    value = x.value if isinstance(x, Node) else x
    return take_along_axis(x, np.argsort(value, axis=place, kind="stable"), place)


def concatenate(arrays: Iterable[Any], axis: int | None = 0) -> Any:
    """Arrays laid end to end along an axis; they have one shape but for that axis."""
    parts = [given(x, "concatenate") for x in arrays]
    if axis is None:
        parts, axis = [ravel(x) for x in parts], 0
    if not parts:
        raise refused("concatenate", "no arrays", "Give one at least.")
    shapes = [shape_of(x) for x in parts]
    place = axis_of(axis, len(shapes[0]), "concatenate")
    rests = {(*shape[:place], *shape[place + 1 :]) for shape in shapes}
    if len(rests) > 1 or len({len(shape) for shape in shapes}) > 1:
        listed = " and ".join(map(str, shapes))
        raise refused(
            "concatenate", f"shapes {listed}", f"They may differ along axis {place} alone."
        )
    return concatenation(place, len(parts))(*parts)


def stack(arrays: Iterable[Any], axis: int = 0) -> Any:
    """Arrays or numbers of one shape side by side, along a new axis.

    >>> import fgrad as fg
    >>> fg.stack([fg.var(1.0, "a"), 2.0]).value
    array([1., 2.])
    """
    parts = [given(x, "stack") for x in arrays]
    shapes = {shape_of(x) for x in parts}
    if len(shapes) != 1:
        listed = " and ".join(map(str, shapes)) or "none"
        raise refused("stack", f"shapes {listed}", "Give arrays of one shape.")
    return concatenate([expand_dims(x, axis) for x in parts], axis)


def stacked(numbers: list[Any], shape: tuple[int, ...]) -> Any:
    """An array of that shape of numbers and nodes of numbers, in order."""
    return reshape(stack(numbers) if numbers else np.zeros(0), shape)


def split(x: Any, parts: int | Sequence[int], axis: int = 0) -> list[Any]:
    """Equal parts along an axis, or the parts between given places."""
    x = given(x, "split")
    place = axis_of(axis, len(shape_of(x)), "split")
    length = shape_of(x)[place]
    if isinstance(parts, int):
        if parts < 1 or length % parts:
            raise refused("split", f"length {length} in {parts} equal parts", "Name the places.")
        ends = starts((length // parts,) * parts)
    else:
        ends = [0, *map(operator.index, parts), length]
    pairs = itertools.pairwise(ends)
    return [index(x, (*(slice(None),) * place, slice(a, b))) for a, b in pairs]


def flip(x: Any, axis: Axis = None) -> Any:
    """Backwards along axes."""
    x = given(x, "flip", truth=True)
    axes = axes_of(axis, len(shape_of(x)), "flip")
    return index(
        x, tuple([slice(None, None, -1 if a in axes else 1) for a in range(len(shape_of(x)))])
    )


def roll(x: Any, shift: int, axis: int | None = None) -> Any:
    """Moved along an axis; what falls off at one end comes in at the other."""
    x = given(x, "roll")
    if axis is None:
        return reshape(roll(ravel(x), shift, 0), shape_of(x))
    place = axis_of(axis, len(shape_of(x)), "roll")
    length = shape_of(x)[place]
    order = (np.arange(length) - operator.index(shift)) % max(length, 1)
    return take(x, order, place)


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element several times, along an axis."""
    x = given(x, "repeat")
    if axis is None:
        x, axis = ravel(x), 0
    place = axis_of(axis, len(shape_of(x)), "repeat")
    return take(x, np.repeat(np.arange(shape_of(x)[place]), repeats), place)


def tile(x: Any, counts: int | Sequence[int]) -> Any:
    """The array laid side by side with itself, so often along each axis."""
    x = given(x, "tile")
    often = tuple(counts) if isinstance(counts, (tuple, list)) else (counts,)
    shape = shape_of(x)
    ndim = max(len(shape), len(often))
    shape, often = (1,) * (ndim - len(shape)) + shape, (1,) * (ndim - len(often)) + often
    pairs = [n for pair in zip(often, shape, strict=True) for n in pair]
    wide = broadcast_to(reshape(x, [n if i % 2 else 1 for i, n in enumerate(pairs)]), pairs)
    return reshape(wide, [a * b for a, b in zip(often, shape, strict=True)])


def pad(x: Any, width: Any, constant: float = 0.0) -> Any:
    """With a border of a constant: `width` is that of all sides, or a pair (before, after) of each axis."""
    x = given(x, "pad")
    shape = shape_of(x)
    sides = np.broadcast_to(np.asarray(width), (len(shape), 2)).tolist()
    whole = tuple([a + n + b for (a, b), n in zip(sides, shape, strict=True)])
    key = Key(tuple([slice(a, a + n) for (a, _), n in zip(sides, shape, strict=True)]))
    placed = placing(key, whole)(x)
    if constant == 0.0:
        return placed
    border = np.full(whole, float(constant))
    border[key.parts] = 0.0
    return placed + border


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The elements whose places along two axes differ by `offset`, along the last axis."""
    x = given(x, "diagonal")
    ndim = len(shape_of(x))
    a, b = (axis_of(axis, ndim, "diagonal") for axis in (axis1, axis2))
    if a == b:
        raise refused("diagonal", f"axes {axis1} and {axis2}", "Name two axes.")
    x = moveaxis(x, (a, b), (-2, -1))
    rows, columns = shape_of(x)[-2:]
    first = np.arange(
        max(0, min(rows, columns - offset) if offset > 0 else min(rows + offset, columns))
    )
    i, j = (first, first + offset) if offset > 0 else (first - offset, first)
    return index(x, (..., i, j))


def diag(x: Any, offset: int = 0) -> Any:
    """The diagonal of a matrix, or the matrix that has a vector on its diagonal."""
    x = given(x, "diag")
    shape = shape_of(x)
    if len(shape) == 2:
        return diagonal(x, offset)
    if len(shape) != 1:
        raise refused("diag", f"shape {shape}", "Give a vector or a matrix.")
    n = shape[0] + abs(offset)
    first = np.arange(shape[0])
    key = Key((first, first + offset) if offset > 0 else (first - offset, first))
    return placing(key, (n, n))(x)


def tril(x: Any, k: int = 0) -> Any:
    """The part of matrices on and below a diagonal; 0 above."""
    return _part_of(x, "tril", lambda rows, columns: np.tri(rows, columns, k, dtype=bool))


def triu(x: Any, k: int = 0) -> Any:
    """The part of matrices on and above a diagonal; 0 below."""
    return _part_of(x, "triu", lambda rows, columns: ~np.tri(rows, columns, k - 1, dtype=bool))


def _part_of(x: Any, where: str, mask: Any) -> Any:
    x = given(x, where)
    if len(shape_of(x)) < 2:
        raise refused(where, f"shape {shape_of(x)}", "Give a matrix.")
    return ops.where(mask(*shape_of(x)[-2:]), x, 0.0)
