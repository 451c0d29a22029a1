"""Functions that put arrays together, as numpy names them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from fgrad.arrays.joining import concatenation, of_truths
from fgrad.arrays.linear import Key, is_truth, placing
from fgrad.arrays.parts import take
from fgrad.arrays.shapes import (
    atleast,
    axis_of,
    broadcast_to,
    expand_dims,
    given,
    moveaxis,
    ravel,
    refused,
    reshape,
)
from fgrad.arrays.values import shape_of
from fgrad.arrays.wholes import places, several, wholes
from fgrad.errors import NotAValue, OutOfBounds
from fgrad.ops.operand import told


def concatenate(arrays: Iterable[Any], axis: int | None = 0) -> Any:
    """Arrays laid end to end along an axis; they have one shape but for that axis."""
    parts = [given(x, "concatenate", truth=True) for x in several(arrays, "concatenate")]
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
    truths = [x for x in parts if is_truth(x)]
    if len(truths) == len(parts):
        return of_truths(place, len(parts))(*parts)
    if truths:
        given(truths[0], "concatenate")  # among numbers it is refused
    return concatenation(place, len(parts))(*parts)


def stack(arrays: Iterable[Any], axis: int = 0) -> Any:
    """Arrays or numbers of one shape side by side, along a new axis.

    >>> import fgrad as fg
    >>> fg.stack([fg.var(1.0, "a"), 2.0]).value
    array([1., 2.])
    """
    parts = [given(x, "stack", truth=True) for x in several(arrays, "stack")]
    shapes = {shape_of(x) for x in parts}
    if len(shapes) != 1:
        listed = " and ".join(map(str, shapes)) or "none"
        raise refused("stack", f"shapes {listed}", "Give arrays of one shape.")
    return concatenate([expand_dims(x, axis) for x in parts], axis)


def stacked(numbers: list[Any], shape: tuple[int, ...]) -> Any:
    """An array of that shape of numbers and nodes of numbers, in order."""
    return reshape(stack(numbers) if numbers else np.zeros(0), shape)


def tile(x: Any, counts: int | Sequence[int]) -> Any:
    """The array laid side by side with itself, so often along each axis."""
    x = given(x, "tile")
    often = wholes(counts, "tile", 0)
    shape = shape_of(x)
    ndim = max(len(shape), len(often))
    shape, often = (1,) * (ndim - len(shape)) + shape, (1,) * (ndim - len(often)) + often
    pairs = [n for pair in zip(often, shape, strict=True) for n in pair]
    wide = broadcast_to(reshape(x, [n if i % 2 else 1 for i, n in enumerate(pairs)]), pairs)
    return reshape(wide, [a * b for a, b in zip(often, shape, strict=True)])


def hstack(arrays: Iterable[Any]) -> Any:
    """Arrays side by side along the second axis; of one dimension along the first."""
    parts = [atleast(x, 1) for x in several(arrays, "hstack")]
    return concatenate(parts, 0 if parts and len(shape_of(parts[0])) == 1 else 1)


def vstack(arrays: Iterable[Any]) -> Any:
    """Arrays one below the other; those of one dimension are rows."""
    return concatenate([atleast(x, 2) for x in several(arrays, "vstack")])


def dstack(arrays: Iterable[Any]) -> Any:
    """Arrays one behind the other, along the third axis."""
    return concatenate([atleast(x, 3) for x in several(arrays, "dstack")], 2)


def column_stack(arrays: Iterable[Any]) -> Any:
    """Arrays side by side; those of one dimension are columns."""
    parts = [given(x, "column_stack") for x in several(arrays, "column_stack")]
    columns = [reshape(x, (-1, 1)) if len(shape_of(x)) < 2 else x for x in parts]
    return concatenate(columns, 1)


def block(blocks: Any) -> Any:
    """An array of blocks, in nested lists: the innermost are laid side by side, the next ones below."""
    deep = _depth(blocks)
    ndim = max(deep, *[len(shape_of(x)) for x in _flat(blocks)])
    return _blocks(blocks, deep, ndim)


def _depth(blocks: Any) -> int:
    return 1 + _depth(blocks[0]) if isinstance(blocks, list) else 0


def _flat(blocks: Any) -> list[Any]:
    return [x for b in blocks for x in _flat(b)] if isinstance(blocks, list) else [blocks]


def _blocks(blocks: Any, deep: int, ndim: int) -> Any:
    if isinstance(blocks, list) != (deep > 0):
        raise refused("block", "lists of several depths", "Nest all blocks equally deep.")
    if deep:
        return concatenate([_blocks(b, deep - 1, ndim) for b in blocks], -deep)
    return reshape(blocks, (1,) * (ndim - len(shape_of(blocks))) + shape_of(given(blocks, "block")))


def append(x: Any, values: Any, axis: int | None = None) -> Any:
    """With more elements at the end of an axis, or of all elements in order."""
    if axis is None:
        return concatenate([ravel(x), ravel(values)])
    return concatenate([x, values], axis)


def insert(x: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """With more elements before some places of an axis, or of all elements in order."""
    x, values = given(x, "insert"), given(values, "insert")
    if axis is None:
        x, axis = ravel(x), 0
    shape = shape_of(x)
    place = axis_of(axis, len(shape), "insert")
    n = shape[place]
    values = reshape(values, (1,) * (len(shape) - len(shape_of(values))) + shape_of(values))
    at = np.arange(n)[obj] if isinstance(obj, slice) else places(obj, "insert")
    if at.ndim == 0:
        values = moveaxis(values, 0, place)
    if at.size == 1:
        at = np.full(shape_of(values)[place], at.item())
    more = np.arange(at.size)
    try:
        order = np.insert(np.arange(n), at, n + more)
    except IndexError:
        got = f"places {told(obj)} of {n} elements"
        raise OutOfBounds("insert", got, "Count them from 0, or from -1 backwards.") from None
    new = broadcast_to(values, (*shape[:place], len(more), *shape[place + 1 :]))
    return take(concatenate([x, new], place), order, place)


def resize(x: Any, shape: int | Sequence[int]) -> Any:
    """The elements in order, again and again, in a shape of any size."""
    flat = ravel(x)
    shape = wholes(shape, "resize", 0)
    size = int(np.prod(shape, dtype=int))
    if not shape_of(flat)[0]:
        return np.zeros(shape)
    return reshape(take(flat, np.arange(size) % shape_of(flat)[0]), shape)


def broadcast_arrays(*arrays: Any) -> tuple[Any, ...]:
    """All arrays in the shape in which they go together."""
    shapes = [shape_of(given(x, "broadcast_arrays", truth=True)) for x in arrays]
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        got = f"shapes {' and '.join(map(str, shapes))}"
        raise refused("broadcast_arrays", got, "They are aligned from the last axis.") from None
    return tuple([broadcast_to(x, shape) for x in arrays])


def meshgrid(*vectors: Any, sparse: bool = False, indexing: str = "xy") -> list[Any]:
    """The coordinates of a grid, an array of the shape of the grid for each of some vectors."""
    flat = [ravel(v) for v in vectors]
    order = list(range(len(flat)))
    if indexing == "xy" and len(flat) > 1:
        order[:2] = 1, 0
    shape = [shape_of(flat[i])[0] for i in order]
    lines = [reshape(v, [-1 if a == i else 1 for a in order]) for i, v in enumerate(flat)]
    return lines if sparse else [broadcast_to(v, shape) for v in lines]


def _sides(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    """How much comes before and behind each axis; of a dict along its axes alone."""
    if isinstance(pad_width, dict):
        sides = [(0, 0)] * ndim
        for axis, width in pad_width.items():
            sides[axis_of(axis, ndim, "pad")] = _sides(width, 1)[0]
        return sides
    widths = places(pad_width, "pad")
    try:
        pairs = np.broadcast_to(widths, (ndim, 2)).tolist()
    except ValueError:
        got = f"widths of shape {widths.shape} for {ndim} axes"
        raise refused(
            "pad", got, "Give a number, or a pair (before, after) for each axis."
        ) from None
    if widths.size and widths.min() < 0:
        raise refused("pad", f"a width of {widths.min()}", "Cut by a slice, as in x[1:-1].")
    return [(before, behind) for before, behind in pairs]


_BORDERS = ("edge", "reflect", "symmetric", "wrap")


def pad(x: Any, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0.0) -> Any:
    """With a border: `pad_width` is that of all sides, or a pair (before, after) for each axis.

    It is constant, or the elements repeated as `mode` says: "edge", "reflect", "symmetric" or "wrap".
    """
    x = given(x, "pad")
    shape = shape_of(x)
    sides = _sides(pad_width, len(shape))
    if mode in _BORDERS:
        for axis, pair in enumerate(sides):
            x = take(x, np.pad(np.arange(shape[axis]), pair, mode), axis)  # type: ignore[call-overload]  # one of four
        return x
    if mode != "constant":
        advice = (
            f"Take 'constant', {', '.join(map(repr, _BORDERS))}, or put it together by concatenate."
        )
        raise NotAValue("pad", "a mode", f"{mode!r:.20}", advice)
    whole = tuple([a + n + b for (a, b), n in zip(sides, shape, strict=True)])
    key = Key(tuple([slice(a, a + n) for (a, _), n in zip(sides, shape, strict=True)]))
    placed = placing(key, whole)(x)
    if not np.any(constant_values):
        return placed
    border = np.pad(np.zeros(shape), sides, constant_values=constant_values)
    return placed + border
