"""Linear operations on one array, a row each: its transpose, and what it does to guards.

A contribution may be smaller than the node it flows to, of length 1 along an axis where it is the
same: constants and sums cost nothing on the way back. `full` widens one; `fit` is the only place
where broadcasting is undone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, wraps
from itertools import accumulate
from typing import Any, Final, TypeAlias

import numpy as np

from fgrad.arrays.primitive import Contribution, Linear, Support
from fgrad.arrays.values import plain, shape_of
from fgrad.graph.node import Node
from fgrad.ops.operand import Guarded

Shape: TypeAlias = tuple[int, ...]
Axes: TypeAlias = tuple[int, ...]
_CACHED: Final = 4096
_LARGE_KEY: Final = 256
"""Elements of arrays in an index above which it is not remembered."""
_SMALL: Final = 4096
"""Elements up to which copying is faster than numpy's broadcast_to."""


def _linear(  # noqa: PLR0917  # a row of the table
    name: str,
    impl: Callable[..., Any],
    make: Callable[..., Any],
    key: Any,
    back: Callable[[Contribution, Shape], Contribution],
    support: Callable[..., Any] | None = None,
) -> Linear:
    """A linear operation; without `support` it only moves elements, conditions as numbers."""
    maker = (make, key)
    where = Support(f"{name}_support", support or impl, (_support_of, maker), key)
    return Linear(name, impl, maker, key, back, where, support is None)


def _support_of(make: Callable[..., Linear], key: Any) -> Support:
    """How the support of an operation is made again."""
    return make(*key).support


# Broadcasting.


def _broadcast(x: Any, shape: Shape) -> Any:
    if math.prod(shape) > _SMALL:
        return np.broadcast_to(x, shape)
    out = np.empty(shape, getattr(x, "dtype", type(x)))
    out[...] = x
    return out


@lru_cache(_CACHED)
def broadcasting(shape: Shape) -> Linear:
    """Repeat along new axes, and those of length 1."""
    impl = lambda x: _broadcast(x, shape)
    return _linear("broadcast_to", impl, broadcasting, (shape,), lambda g, s: fit(g, shape, s))


def full(flow: Contribution, shape: Shape) -> Contribution:
    """A flow of exactly that shape."""
    if isinstance(flow, Guarded):
        if shape_of(flow.condition) == shape == shape_of(flow.value):
            return flow
        return Guarded(widened(flow.condition, shape), widened(flow.value, shape), flow.zero)
    return flow if shape_of(flow) == shape else broadcasting(shape)(flow)


def widened(x: Any, shape: Shape) -> Any:
    """An array, a number or a condition, or a node of one, of exactly that shape."""
    if shape_of(x) == shape:
        return x
    op = broadcasting(shape)
    return op.support(x) if is_truth(x) else op(x)


def is_truth(x: Any) -> bool:
    """Whether it is a truth value, an array of them, or a node of these."""
    if isinstance(x, Node):
        return x.truth
    return isinstance(x, bool) or getattr(x, "dtype", None) == np.bool_


def flow_shape(flow: Contribution) -> Shape:
    """The shape of a flow as it is."""
    if isinstance(flow, Guarded):
        return np.broadcast_shapes(shape_of(flow.condition), shape_of(flow.value))
    return shape_of(flow)


@lru_cache(_CACHED)
def _repeated(out: Shape, shape: Shape) -> Axes:
    """The axes of `out` along which something of `shape` was repeated; new ones are first."""
    new = len(out) - len(shape)
    old = [i + new for i, n in enumerate(shape) if n == 1 != out[i + new]]
    return (*range(new), *old)


def fit(flow: Contribution, out: Shape, shape: Shape) -> Contribution:
    """What flows back to something of `shape` that was broadcast to `out`: the sum over its copies."""
    if out == shape:
        return flow
    axes = _repeated(out, shape)
    if type(flow) is np.ndarray and flow.shape == out:
        # As below, in a third of the time: most of what is broadcast are biases.
        total = np.add.reduce(flow, axes)
        return total if total.shape == shape else total.reshape(shape)
    given = flow_shape(flow)
    if not axes or not given:
        count = math.prod([out[a] for a in axes])
        return _scaled(flow, count)
    aligned = (1,) * (len(out) - len(given)) + given
    count = math.prod([out[a] for a in axes if aligned[a] != out[a]])
    summed = tuple([a for a in axes if aligned[a] == out[a]])
    if isinstance(flow, Guarded):
        flow = full(flow, given)
    if summed:
        flow = summing(summed).along(reshaped(flow, aligned))
    new = len(out) - len(shape)
    kept = [1 if i in axes else n for i, n in enumerate(aligned)][new:]
    return _scaled(reshaped(flow, tuple(kept)), count)


def _scaled(flow: Contribution, count: int) -> Contribution:
    if count == 1:
        return flow
    if not count:
        return 0.0  # the sum of no copies, also of an infinite one
    if isinstance(flow, Guarded):
        return Guarded(flow.condition, flow.value * float(count), flow.zero)
    return flow * float(count)


# Sums.


def _add(x: Any, axes: Axes) -> Any:
    return np.add.reduce(x, axes) if axes else x


@lru_cache(_CACHED)
def summing(axes: Axes) -> Linear:
    """Sum over those axes, which go away."""
    back = lambda g, s: unsummed(g, axes, s)
    any_ = lambda c: np.logical_or.reduce(c, axes)
    return _linear("sum", lambda x: _add(x, axes), summing, (axes,), back, any_)


def unsummed(flow: Contribution, axes: Axes, shape: Shape) -> Contribution:
    """A flow to a sum over `axes` of something of `shape`, as it flows to that: the same along them."""
    if isinstance(flow, Guarded):
        c, v = (_with_axes(x, axes, shape) for x in (flow.condition, flow.value))
        return Guarded(c, v, flow.zero)
    return _with_axes(flow, axes, shape)


def _with_axes(x: Any, axes: Axes, shape: Shape) -> Any:
    given = shape_of(x)
    if not given:
        return x
    lengths = iter((1,) * (len(shape) - len(axes) - len(given)) + given)
    return reshaped(x, tuple([1 if i in axes else next(lengths) for i in range(len(shape))]))


@lru_cache(_CACHED)
def accumulating(axis: int, back: bool) -> Linear:
    """Cumulative sums along an axis, from its end if `back`."""

    def along(f: Any) -> Callable[[Any], Any]:
        if back:
            return lambda x: np.flip(f(np.flip(x, axis), axis), axis)
        return lambda x: f(x, axis)

    transpose = lambda g, s: accumulating(axis, not back).along(full(g, s))
    sums, any_ = along(np.add.accumulate), along(np.logical_or.accumulate)
    return _linear("cumsum", sums, accumulating, (axis, back), transpose, any_)


# Movements.


@lru_cache(_CACHED)
def reshaping(shape: Shape) -> Linear:
    """The same elements in another shape."""
    back = lambda g, s: reshaped(full(g, shape), s)
    return _linear("reshape", lambda x: np.reshape(x, shape), reshaping, (shape,), back)


def reshaped(x: Any, shape: Shape) -> Any:
    """A flow, or anything that one holds, in another shape."""
    if type(x) is np.ndarray:
        return plain(x.reshape(shape))
    if isinstance(x, Guarded):
        return Guarded(reshaped(x.condition, shape), reshaped(x.value, shape), x.zero)
    if shape_of(x) == shape:
        return x
    if type(x) is np.ndarray:
        return plain(x.reshape(shape))
    op = reshaping(shape)
    return op.support(x) if is_truth(x) else op(x)


@lru_cache(_CACHED)
def permuting(axes: Axes) -> Linear:
    """The axes in another order."""

    def back(g: Contribution, s: Shape) -> Contribution:
        return inverse_of(axes).along(full(g, tuple([s[a] for a in axes])))

    return _linear("transpose", lambda x: np.transpose(x, axes), permuting, (axes,), back)


def inverse_of(axes: Axes) -> Linear:
    """The permutation that puts them back."""
    return permuting(tuple([axes.index(a) for a in range(len(axes))]))


def permuted(x: Any, axes: Axes) -> Any:
    """An array, a condition or a node of one, with its axes in another order."""
    if axes == tuple(range(len(axes))):
        return x
    op = permuting(axes)
    return op.support(x) if is_truth(x) else op(x)


# Indexing.


class Key:
    """An index as a value: slices, whole numbers, None, and arrays, which are compared by their bytes."""

    __slots__ = ("basic", "content", "large", "parts")

    parts: tuple[Any, ...]
    content: tuple[Any, ...]
    basic: bool
    large: bool
    """Whether it holds a large array: what is made of it is not remembered."""

    def __init__(self, parts: tuple[Any, ...]) -> None:
        self.parts = parts
        self.content = tuple([_content(part) for part in parts])
        self.basic = not any(isinstance(part, np.ndarray) for part in parts)
        self.large = not self.basic and _Bytes in map(type, self.content)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self.content == other.content

    def __hash__(self) -> int:
        return hash(self.content)

    def __repr__(self) -> str:
        """All that tells it from others."""
        return repr(self.content)

    def __str__(self) -> str:
        """What people read of it: of an array of whole numbers the shape."""
        return ", ".join(map(_shown, self.parts))

    def __reduce__(self) -> tuple[Any, ...]:
        return Key, (self.parts,)


def _shown(part: Any) -> str:
    if isinstance(part, slice):
        ends = ["" if n is None else str(n) for n in (part.start, part.stop, part.step)]
        return ":".join(ends[: 3 if ends[2] else 2])
    if isinstance(part, np.ndarray):
        return f"array {part.shape}"
    return "..." if part is Ellipsis else str(part)


def _content(part: Any) -> Any:
    if isinstance(part, slice):
        return ":", part.start, part.stop, part.step
    if isinstance(part, np.ndarray):
        if part.size > _LARGE_KEY:
            return _Bytes(part)
        return part.dtype.str, part.shape, part.tobytes()
    return part


class _Bytes:
    """A large array as something that is compared, which is seldom done."""

    __slots__ = ("array",)

    def __init__(self, array: Any) -> None:
        self.array = array

    def _whole(self) -> tuple[Any, ...]:
        return self.array.dtype.str, self.array.shape, self.array.tobytes()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Bytes) and self._whole() == other._whole()

    def __hash__(self) -> int:
        return hash(self._whole())

    def __repr__(self) -> str:
        return repr(self._whole())


def remembered(make: Callable[..., Any]) -> Callable[..., Any]:
    """A function of a key that remembers what it gave, but of large ones, which would fill the memory."""
    known = lru_cache(_CACHED)(make)

    @wraps(make)
    def call(key: Key, *rest: Any) -> Any:
        return (make if key.large else known)(key, *rest)

    return call


@remembered
def indexing(key: Key) -> Linear:
    """The elements at an index, which may take one several times."""

    def back(g: Contribution, s: Shape) -> Contribution:
        """What is not taken gets no contribution, which is less than a zero: a slope there may be nan."""
        taken = indexed_shape(key, s)
        g = full(g, taken)
        if not isinstance(g, Guarded):
            everywhere: Any = np.ones(taken, bool) if taken else True
            g = Guarded(everywhere, g, zero=True)
        return placing(key, s).along(g)

    return _linear("index", lambda x: np.asarray(x)[key.parts], indexing, (key,), back)


@remembered
def indexed_shape(key: Key, shape: Shape) -> Shape:
    """The shape of what stands at an index."""
    got: Shape = np.broadcast_to(np.empty((), np.bool_), shape)[key.parts].shape
    return got


@remembered
def placing(key: Key, shape: Shape) -> Linear:
    """Zeros of that shape, with elements added at an index: the transpose of taking them from there."""

    def place(x: Any) -> Any:
        out = np.zeros(shape)
        if key.basic:
            out[key.parts] = x
        else:
            np.add.at(out, key.parts, x)
        return out

    def place_truths(x: Any) -> Any:
        out = np.zeros(shape, bool)
        if key.basic:
            out[key.parts] = x
        elif np.all(x):
            out[key.parts] = True
        else:
            np.logical_or.at(out, key.parts, x)
        return out

    back = lambda g, s: indexing(key).along(full(g, shape))
    return _linear("place", place, placing, (key, shape), back, place_truths)


def cut(x: Contribution, axis: int, start: int, stop: int) -> Contribution:
    """A slice along one axis of a flow of its full shape, or of anything that one holds."""
    op = indexing(Key((*(slice(None),) * axis, slice(start, stop))))
    if is_truth(x):
        return op.support(x)
    return op.along(x)


def starts(lengths: tuple[int, ...]) -> list[int]:
    """Where each of some parts that are laid end to end starts, and where the last one ends."""
    return [0, *accumulate(lengths)]
