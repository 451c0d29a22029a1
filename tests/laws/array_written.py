"""Functions of arrays written out on numbers: an array is one of objects, of nodes of numbers.

Nothing of fgrad's arrays is in it: every function is written in operations on its elements.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, Final

import numpy as np

import fgrad as fg

WORLD: Final[Any] = SimpleNamespace()
"""Functions under the names of fgrad; `array_scalars` adds transforms."""


def boxed(x: Any) -> Any:
    """An array of objects, also of a number."""
    if isinstance(x, np.ndarray):
        return x if x.dtype == object else x.astype(object)
    box = np.empty((), object)
    box[()] = x
    return box


def unboxed(x: Any) -> Any:
    """A number where there are no axes."""
    return x[()] if isinstance(x, np.ndarray) and not x.ndim else x


def spread(f: Callable[..., Any]) -> Callable[..., Any]:
    """An operation on numbers, element by element."""

    def spreading(*args: Any) -> Any:
        boxes = np.broadcast_arrays(*map(boxed, args))
        out = np.empty(boxes[0].shape, object)
        for place in np.ndindex(out.shape):
            out[place] = f(*[box[place] for box in boxes])
        return unboxed(out)

    return spreading


def moved(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of numpy that moves elements."""
    return lambda x, *args, **options: unboxed(f(boxed(x), *args, **options))


def reduced(f: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    """A function of a list of numbers, along axes."""

    def reducing(x: Any, axis: Any = None, *, keepdims: bool = False, **options: Any) -> Any:
        x = boxed(x)
        axes = (
            list(range(x.ndim)) if axis is None else [int(a) % x.ndim for a in np.atleast_1d(axis)]
        )
        rest = [a for a in range(x.ndim) if a not in axes]
        turned = x.transpose([*rest, *axes])
        outer = tuple([x.shape[a] for a in rest])
        out = np.empty(outer, object)
        for place in np.ndindex(outer):
            out[place] = f(list(boxed(turned[place]).flat), **options)
        return unboxed(np.expand_dims(out, tuple(axes)) if keepdims else out)

    return reducing


def total(xs: Sequence[Any]) -> Any:
    """The sum."""
    return fg.sum(xs) if xs else 0.0


def known(x: Any) -> float:
    """The value of a number."""
    return float(x.value) if isinstance(x, fg.Node) else float(x)


def most(xs: list[Any], sign: float = 1.0) -> Any:
    """The largest one; equal ones share."""
    best = max([sign * known(x) for x in xs])
    if math.isnan(best):
        return total(xs)
    same = [x for x in xs if sign * known(x) == best]
    return total(same) / float(len(same))


def variance(xs: list[Any], ddof: int = 0) -> Any:
    """The variance."""
    middle = total(xs) / float(len(xs))
    return fg.div(total([fg.square(x - middle) for x in xs]), float(len(xs) - ddof))


def root(square: Any) -> Any:
    """The square root of a sum of squares."""
    return fg.where(fg.equal(square, 0.0), 0.0, fg.sqrt(square))


def norm(x: Any, ord: Any = None, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The norms there are."""
    kinds: dict[Any, Callable[[list[Any]], Any]] = {
        1: lambda xs: total([fg.abs(x) for x in xs]),
        np.inf: lambda xs: most([fg.abs(x) for x in xs]),
    }
    euclidean = lambda xs: root(total([fg.square(x) for x in xs]))
    return reduced(kinds.get(ord, euclidean))(x, axis, keepdims=keepdims)


def along(f: Callable[[list[Any]], list[Any]]) -> Callable[..., Any]:
    """A function of a line of numbers to as many, along an axis."""

    def going(x: Any, axis: Any = None) -> Any:
        if axis is None:
            x, axis = np.ravel(boxed(x)), 0
        turned = np.moveaxis(boxed(x), axis, -1)
        out = np.empty(turned.shape, object)
        for place in np.ndindex(turned.shape[:-1]):
            for i, y in enumerate(f(list(turned[place]))):
                out[(*place, i)] = y
        return np.moveaxis(out, -1, axis)

    return going


def softmax(x: Any, axis: int = -1) -> Any:
    """Exponentials over their sum."""
    return WORLD.exp(WORLD.sub(x, WORLD.logsumexp(x, axis, keepdims=True)))


def logsumexp(xs: list[Any]) -> Any:
    """By pairs."""
    out = -np.inf
    for x in xs:
        out = fg.logaddexp(out, x)
    return out


def sort(x: Any, axis: int = -1) -> Any:
    """Equal ones keep their order."""
    return along(lambda xs: [xs[i] for i in np.argsort(list(map(known, xs)), kind="stable")])(
        x, axis
    )


def sums(combine: Callable[[Any, Any], Any]) -> Callable[[list[Any]], list[Any]]:
    """What has been joined up to each."""
    return lambda xs: list(itertools.accumulate(xs, combine))


def stack(parts: Any, axis: int = 0) -> Any:
    """Side by side."""
    return np.stack([boxed(x) for x in parts], axis)


def diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    """Of neighbours."""
    x = np.moveaxis(boxed(x), axis, -1)
    for _ in range(n):
        x = boxed(WORLD.sub(x[..., 1:], x[..., :-1]))
    return np.moveaxis(x, -1, axis)
