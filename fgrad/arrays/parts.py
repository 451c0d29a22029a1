"""Functions that take parts of arrays and move elements, as numpy names them."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from fgrad.arrays.linear import Key, placing, starts
from fgrad.arrays.shapes import (
    Axis,
    axes_of,
    axis_of,
    given,
    index,
    moveaxis,
    ravel,
    refused,
    reshape,
    swapaxes,
)
from fgrad.arrays.values import shape_of
from fgrad.arrays.wholes import places, whole, wholes
from fgrad.errors import OutOfBounds
from fgrad.graph.node import Node
from fgrad.ops import scalar as ops
from fgrad.ops.operand import told


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
    found = places(indices, "take_along_axis")
    if found.ndim != len(shape_of(x)):
        got = f"indices of shape {found.shape} for shape {shape_of(x)}"
        raise refused("take_along_axis", got, "Give as many axes to both.")
    grids = list(np.ogrid[tuple([slice(n) for n in found.shape])])
    grids[place] = found
    return index(x, tuple(grids))


def split(x: Any, parts: int | Sequence[int], axis: int = 0) -> list[Any]:
    """Equal parts along an axis, or the parts between given places."""
    length = shape_of(x)[axis_of(axis, len(shape_of(x)), "split")]
    if not isinstance(parts, (list, tuple, np.ndarray)) and length % whole(parts, "split", 1):
        raise refused("split", f"length {length} in {parts} equal parts", "Name the places.")
    return array_split(x, parts, axis)


def array_split(x: Any, parts: int | Sequence[int], axis: int = 0) -> list[Any]:
    """Parts along an axis that are as equal as can be, or those between given places."""
    x = given(x, "split")
    place = axis_of(axis, len(shape_of(x)), "split")
    length = shape_of(x)[place]
    if not isinstance(parts, (list, tuple, np.ndarray)):
        count = whole(parts, "split", 1)
        short, more = divmod(length, count)
        ends = starts((short + 1,) * more + (short,) * (count - more))
    else:
        ends = [0, *wholes(parts, "split"), length]
    pairs = itertools.pairwise(ends)
    return [index(x, (*(slice(None),) * place, slice(a, b))) for a, b in pairs]


def unstack(x: Any, axis: int = 0) -> tuple[Any, ...]:
    """The elements along an axis, one by one."""
    x = moveaxis(x, axis, 0)
    return tuple([index(x, i) for i in range(shape_of(x)[0])])


def flip(x: Any, axis: Axis = None) -> Any:
    """Backwards along axes."""
    x = given(x, "flip", truth=True)
    axes = axes_of(axis, len(shape_of(x)), "flip")
    return index(
        x, tuple([slice(None, None, -1 if a in axes else 1) for a in range(len(shape_of(x)))])
    )


def roll(x: Any, shift: int | Sequence[int], axis: Axis = None) -> Any:
    """Moved along an axis; what falls off at one end comes in at the other. Of several axes along each."""
    x = given(x, "roll", truth=True)
    if axis is None:
        return reshape(roll(ravel(x), sum(wholes(shift, "roll")), 0), shape_of(x))
    for by, a in np.broadcast(wholes(shift, "roll"), axis):
        place = axis_of(a, len(shape_of(x)), "roll")
        length = shape_of(x)[place]
        order = (np.arange(length) - operator.index(by)) % max(length, 1)
        x = index(x, (*(slice(None),) * place, order))
    return x


def rot90(x: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Any:
    """Turned by right angles, from the first of two axes towards the second."""
    axes, k = wholes(axes, "rot90"), whole(k, "rot90")
    if len(axes) != 2 or len({axis_of(a, len(shape_of(x)), "rot90") for a in axes}) != 2:
        raise refused("rot90", f"axes {axes}", "Name two axes.")
    first, second = axes
    if k % 4 == 0:
        return given(x, "rot90")
    if k % 4 == 2:
        return flip(x, (first, second))
    if k % 4 == 1:
        return swapaxes(flip(x, second), first, second)
    return flip(swapaxes(x, first, second), second)


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element several times, along an axis."""
    x = given(x, "repeat")
    if axis is None:
        x, axis = ravel(x), 0
    place = axis_of(axis, len(shape_of(x)), "repeat")
    counts, length = places(repeats, "repeat"), shape_of(x)[place]
    if counts.ndim > 1 or counts.size not in (1, length) or (counts < 0).any():
        got = f"counts {told(repeats)} for {length} elements"
        raise refused("repeat", got, "Give one for all, or one for each, from 0 on.")
    return take(x, np.repeat(np.arange(length), counts), place)


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The elements whose places along two axes differ by `offset`, along the last axis."""
    x = given(x, "diagonal")
    ndim, offset = len(shape_of(x)), whole(offset, "diagonal")
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
    x, offset = given(x, "diag"), whole(offset, "diag")
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
    k = whole(k, "tril")
    return _part_of(x, "tril", lambda rows, columns: np.tri(rows, columns, k, dtype=bool))


def triu(x: Any, k: int = 0) -> Any:
    """The part of matrices on and above a diagonal; 0 below."""
    k = whole(k, "triu")
    return _part_of(x, "triu", lambda rows, columns: ~np.tri(rows, columns, k - 1, dtype=bool))


def _part_of(x: Any, where: str, mask: Any) -> Any:
    x = given(x, where)
    if len(shape_of(x)) < 2:
        raise refused(where, f"shape {shape_of(x)}", "Give a matrix.")
    return ops.where(mask(*shape_of(x)[-2:]), x, 0.0)


def delete(x: Any, obj: Any, axis: int | None = None) -> Any:
    """Without the elements at some places along an axis, or of all elements in order."""
    x = given(x, "delete")
    if axis is None:
        x, axis = ravel(x), 0
    place = axis_of(axis, len(shape_of(x)), "delete")
    length = shape_of(x)[place]
    gone = obj if isinstance(obj, slice) else places(obj, "delete")
    try:
        kept = np.delete(np.arange(length), gone)
    except (IndexError, ValueError):
        got = f"places {told(obj)} of {length} elements"
        raise OutOfBounds("delete", got, "Count them from 0, or from -1 backwards.") from None
    return take(x, kept, place)


def compress(condition: Any, x: Any, axis: int | None = None) -> Any:
    """The elements along an axis, or of all in order, where a condition of one dimension holds."""
    mask = given(condition, "compress", truth=True)
    return take(x, np.flatnonzero(mask.value if isinstance(mask, Node) else mask), axis)


def sliding_window_view(x: Any, window_shape: int | Sequence[int], axis: Axis = None) -> Any:
    """All windows of some lengths along axes, as more axes at the end; a copy, as nodes have no views."""
    x = given(x, "sliding_window_view")
    lengths = wholes(window_shape, "sliding_window_view", 0)
    ndim = len(shape_of(x))
    axes = range(ndim) if axis is None else wholes(axis, "sliding_window_view")
    if len(lengths) != len(axes):
        got = f"lengths {lengths} for {len(axes)} axes"
        raise refused("sliding_window_view", got, "Give one for each axis.")
    for length, a in zip(lengths, axes, strict=True):
        place = axis_of(a, ndim, "sliding_window_view")
        count = shape_of(x)[place] - length + 1
        if count < 1:
            got = f"windows of length {length} along axis {place} of shape {shape_of(x)}"
            raise refused("sliding_window_view", got, "Take shorter ones.")
        grid = np.arange(count)[:, None] + np.arange(length)
        x = moveaxis(index(x, (*(slice(None),) * place, grid)), place + 1, -1)
    return x
