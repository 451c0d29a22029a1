"""What functions of arrays take, axes and shapes, and elements at an index, as numpy names them.

They take nodes, arrays and numbers, and lists of these, and give a node where they are given one.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from fgrad.arrays.joining import concatenation, of_truths
from fgrad.arrays.linear import (
    Axes,
    Key,
    indexed_shape,
    indexing,
    is_truth,
    permuted,
    reshaped,
    widened,
)
from fgrad.arrays.values import array, is_sparse, is_truths, plain, shape_of, truths
from fgrad.arrays.wholes import wholes
from fgrad.errors import NotAValue, OutOfBounds, ShapeMismatch
from fgrad.graph.node import Node
from fgrad.ops.operand import is_array, literal, told

Axis: TypeAlias = int | tuple[int, ...] | None


def given(x: Any, where: str, *, truth: bool = False) -> Any:
    """`x` as operations on arrays take it: a node, a read-only array or a float; else NotAValue.

    With `truth` conditions are taken too. A list is an array of what it lists.
    """
    if isinstance(x, (list, tuple)):
        return _listed(x, where, truth)
    if isinstance(x, Node):
        if x.truth and not truth:
            return array(x, where) if is_array(x) else literal(x, where)
        return x
    if truth and is_truth(x):
        return truths(np.asarray(x), where)
    if is_truths(x):
        x = x.astype(np.float64)  # data, as numpy has it: there is no derivative to lose
    return array(x, where) if is_array(x) else _number(x, where)


def _number(x: Any, where: str) -> float:
    try:
        return literal(x, where)
    except NotAValue:
        if not is_sparse(x):
            raise
        advice = "Products are A @ x, systems fg.spsolve(A, b); for others write A.toarray()."
        raise NotAValue(where, "an array that is not sparse", told(x), advice) from None


def _listed(rows: Sequence[Any], where: str, truth: bool) -> Any:
    """The array of a list, as numpy reads it, with nodes among its numbers."""
    parts = [given(x, where, truth=truth) for x in rows]
    shapes = {shape_of(x) for x in parts}
    if len(shapes) > 1:
        raise refused(
            where, f"a list of shapes {' and '.join(map(str, shapes))}", "Give one shape."
        )
    if not any(isinstance(x, Node) for x in parts):
        return plain(np.array(parts) if truth and parts else np.array(parts, np.float64))
    join = of_truths if all(is_truth(x) for x in parts) else concatenation
    return join(0, len(parts))(*[reshaped(x, (1, *shape_of(x))) for x in parts])


def refused(where: str, got: str, advice: str) -> ShapeMismatch:
    """The error for shapes or axes that are not there."""
    return ShapeMismatch(where, got, advice)


def axis_of(axis: Any, ndim: int, where: str) -> int:
    """One axis, counted from 0; ShapeMismatch if there is no such axis."""
    try:
        place = operator.index(axis)
    except TypeError:
        advice = "Count the axes from 0, or from -1 backwards."
        raise refused(where, f"axis {axis!r:.20}", advice) from None
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


def reshape(x: Any, shape: int | Sequence[int], order: str = "C") -> Any:
    """The same elements in another shape, in which one length may be -1: what is left.

    In `order` "F" the first axis is counted through first, of both shapes.
    """
    x = given(x, "reshape", truth=True)
    wanted = lengths = wholes(shape, "reshape")
    old = shape_of(x)
    size = math.prod(old)
    if lengths.count(-1) == 1:
        others = math.prod([n for n in lengths if n != -1])
        left = size // others if others else 0
        lengths = tuple([left if n == -1 else n for n in lengths])
    if min(lengths, default=0) < 0 or math.prod(lengths) != size:
        raise refused("reshape", f"shape {wanted} for {size} elements", "Keep their number.")
    if _by_columns(order, "reshape"):
        return transpose(reshaped(transpose(x), lengths[::-1]))
    return reshaped(x, lengths)


def _by_columns(order: str, where: str) -> bool:
    if order not in ("C", "F"):
        advice = "Take 'C' or 'F': a node says nothing of how its array lies in memory."
        raise NotAValue(where, "an order", repr(order), advice)
    return order == "F"


def ravel(x: Any, order: str = "C") -> Any:
    """All elements along one axis; in `order` "F" those of the first axis follow each other."""
    return reshape(x, -1, order)


def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """The axes in another order, backwards without `axes`."""
    x = given(x, "transpose", truth=True)
    ndim = len(shape_of(x))
    order = tuple(range(ndim))[::-1]
    if axes is not None:
        wanted = wholes(axes, "transpose")
        order = tuple([axis_of(a, ndim, "transpose") for a in wanted])
        if sorted(order) != list(range(ndim)):
            raise refused("transpose", f"axes {wanted} of {ndim}", "Name each axis once.")
    return permuted(x, order)


def swapaxes(x: Any, first: int, second: int) -> Any:
    """Two axes exchanged."""
    x = given(x, "swapaxes", truth=True)
    order = list(range(len(shape_of(x))))
    a, b = (axis_of(axis, len(order), "swapaxes") for axis in (first, second))
    order[a], order[b] = b, a
    return transpose(x, order)


def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """Axes moved to other places; the others stay in order."""
    x = given(x, "moveaxis", truth=True)
    ndim = len(shape_of(x))
    old, new = (
        [axis_of(a, ndim, "moveaxis") for a in wholes(axes, "moveaxis")]
        for axes in (source, destination)
    )
    if len(old) != len(new) or len({*old}) < len(old) or len({*new}) < len(new):
        advice = "Name as many destinations as sources, each once."
        raise refused("moveaxis", f"axes {old} to {new}", advice)
    order = [a for a in range(ndim) if a not in old]
    for place, axis in sorted(zip(new, old, strict=True)):
        order.insert(place, axis)
    return transpose(x, order)


def squeeze(x: Any, axis: Axis = None) -> Any:
    """Without axes of length 1: all of them, or those named."""
    x = given(x, "squeeze", truth=True)
    shape = shape_of(x)
    axes = axes_of(axis, len(shape), "squeeze")
    if axis is None:
        axes = tuple([a for a in axes if shape[a] == 1])
    if any(shape[a] != 1 for a in axes):
        raise refused("squeeze", f"axis {axis} of shape {shape}", "Only length 1 can go away.")
    return reshape(x, tuple([n for a, n in enumerate(shape) if a not in axes]))


def expand_dims(x: Any, axis: int | tuple[int, ...]) -> Any:
    """With new axes of length 1 at those places of the result."""
    x = given(x, "expand_dims", truth=True)
    wanted = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    ndim = len(shape_of(x)) + len(wanted)
    places = axes_of(wanted, ndim, "expand_dims")
    lengths = iter(shape_of(x))
    return reshape(x, tuple([1 if a in places else next(lengths) for a in range(ndim)]))


def broadcast_to(x: Any, shape: int | Sequence[int]) -> Any:
    """Repeated along new axes and those of length 1, to that shape."""
    x = given(x, "broadcast_to", truth=True)
    wanted = wholes(shape, "broadcast_to", 0)
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
    op = indexing(known_key(key, shape_of(x)))
    return op.support(x) if is_truth(x) else op(x)


def known_key(key: Any, shape: tuple[int, ...]) -> Key:
    """An index as a value; OutOfBounds, a ShapeMismatch and an IndexError, if an array of that shape has no such elements."""
    known = Key(tuple([_part(part) for part in (key if isinstance(key, tuple) else (key,))]))
    try:
        indexed_shape(known, shape)
    except IndexError as error:
        advice = "Index it as an array of numpy."
        raise OutOfBounds("an index", f"this: {error}", advice) from None
    return known


def _part(part: Any) -> Any:
    if isinstance(part, slice):
        return slice(
            *[None if n is None else operator.index(n) for n in (part.start, part.stop, part.step)]
        )
    if part is None or part is Ellipsis or (isinstance(part, int) and not isinstance(part, bool)):
        return part
    if isinstance(part, Node):
        if not part.truth or part.abstract:
            advice = (
                "Take whole numbers that are no nodes, as in x[node.value.astype(int)]; among"
                " parameters mark their field as static, field(metadata=trees.STATIC), or give"
                " them as an argument of their own, which is not differentiated."
            )
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


def atleast(x: Any, ndim: int) -> Any:
    """With axes of length 1 so that there are so many, of numpy's choice where there were fewer."""
    x = given(x, "atleast", truth=True)
    shape = shape_of(x)
    before = (1,) if ndim == 2 and len(shape) == 1 else (1,) * (ndim - len(shape) - len(shape[:1]))
    return reshape(x, (*before, *shape, *(1,) * (ndim - len(before) - len(shape))))


def of_lines(x: Any, axes: Axes) -> Any:
    """Those axes as one, which is the last."""
    shape = shape_of(x)
    rest = [a for a in range(len(shape)) if a not in axes]
    long = math.prod([shape[a] for a in axes])
    return reshape(transpose(x, (*rest, *axes)), (*[shape[a] for a in rest], long))
