"""Linear recurrences along an axis, and the products whose derivatives they are.

A product without its own factor is a product of those before and those behind, so nothing is divided
and zeros are as good as any number, to every order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np

from fgrad.arrays.linear import Shape, _linear, accumulating, full, summing, unsummed
from fgrad.arrays.primitive import Contribution, Contributions, Linear, Whole
from fgrad.arrays.reductions import by
from fgrad.arrays.values import plain, shape_of
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import either, settled
from fgrad.ops.operand import Guarded

_CACHED: Final = 1024
_FEW: Final = 64
"""Steps that are faster one by one in Python's floats."""
_TINY: Final = 1e-250
"""Products below this may have lost digits, which a large factor would show."""


@lru_cache(_CACHED)
def delaying(axis: int, back: bool) -> Linear:
    """Each element one place later along an axis, or earlier if `back`, and 0 where none comes."""
    before = (slice(None),) * axis
    early, late = (*before, slice(None, -1)), (*before, slice(1, None))
    taken, put = (late, early) if back else (early, late)

    def moved(kind: type) -> Callable[[Any], Any]:
        def move(x: Any) -> Any:
            out = np.zeros(x.shape, kind)
            out[put] = x[taken]
            return out

        return move

    def transpose(g: Contribution, s: Shape) -> Contribution:
        return delaying(axis, not back).along(full(g, s))

    return _linear("delay", moved(float), delaying, (axis, back), transpose, moved(bool))


@lru_cache(_CACHED)
def recurrence(axis: int, back: bool) -> Whole:
    """s of (x, c) with s[i] = c[i] + x[i] s[i-1], or with `back` its transpose s[i] = c[i] + x[i+1] s[i+1]."""
    delay, advance = delaying(axis, False), delaying(axis, True)

    def pullback(
        s: Any, args: Sequence[Any], g: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        x, _ = args
        bar = followed(axis, not back, x, full(g, shape_of(s)))
        if not wanted[0]:
            return None, bar
        return by(delay.along(bar), s) if back else by(bar, delay(s)), bar

    def pushforward(s: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        (x, _), (dx, dc) = args, moves
        if dx is not None:
            turn = advance.along(by(dx, s)) if back else by(dx, delay(s))
            dc = turn if dc is None else either(turn, dc)
        return None if dc is None else followed(axis, back, x, dc)

    impl = lambda x, c: _run(np.asarray(x), np.asarray(c), axis, back)
    return Whole(
        "recurrence", impl, (recurrence, (axis, back)), (axis, back), 2, pullback, pushforward
    )


def followed(axis: int, back: bool, x: Any, flow: Contribution) -> Contribution:
    """The recurrence of a flow of its full shape: what does not flow meets nothing of x."""
    if not isinstance(flow, Guarded):
        return recurrence(axis, back)(x, flow)
    where = accumulating(axis, back).support(flow.condition)
    if back:  # x[i + 1] is multiplied where something flows from i + 1 on
        met = ops.where(where, x, 0.0)
    else:
        met = ops.where(delaying(axis, False).support(where), x, 0.0)
    return Guarded(where, recurrence(axis, back)(met, settled(flow)), zero=True)


@lru_cache(_CACHED)
def cumulating(axis: int) -> Whole:
    """The products of all elements up to each along an axis."""

    def pullback(
        y: Any, args: Sequence[Any], g: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        flow = followed(axis, True, args[0], full(g, shape_of(y)))
        return (by(flow, products_before(axis, y)),)

    def pushforward(y: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        return followed(axis, False, args[0], by(full(moves[0], shape_of(y)), products_before(axis, y)))  # fmt: skip

    impl = lambda x: np.multiply.accumulate(x, axis)
    return Whole("cumprod", impl, (cumulating, (axis,)), axis, 1, pullback, pushforward)


def products_before(axis: int, products: Any) -> Any:
    """The products of all elements before each, of those up to each: 1 for the first."""
    shape = shape_of(products)
    first = np.zeros([n if i == axis else 1 for i, n in enumerate(shape)])
    first[(slice(None),) * axis + (slice(0, 1),)] = 1.0
    return delaying(axis, False)(products) + first


@lru_cache(_CACHED)
def product(axis: int) -> Whole:
    """The product along an axis."""

    def others(x: Any) -> Any:
        """For each element the product of all others."""
        shape = shape_of(x)
        turn = tuple([slice(None, None, -1 if i == axis else 1) for i in range(len(shape))])
        before, behind = (products_before(axis, cumulating(axis)(v)) for v in (x, x[turn]))
        return before * behind[turn]

    def pullback(
        out: Any, args: Sequence[Any], g: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        (x,) = args
        return (by(unsummed(full(g, shape_of(out)), (axis,), shape_of(x)), others(x)),)

    def pushforward(out: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        (x,) = args
        return summing((axis,)).along(full(by(moves[0], others(x)), shape_of(x)))

    impl = lambda x: np.multiply.reduce(x, axis)
    return Whole("prod", impl, (product, (axis,)), axis, 1, pullback, pushforward)


def _run(x: Any, c: Any, axis: int, back: bool) -> Any:
    """The recurrence of arrays of one shape."""
    a, s = np.moveaxis(x, axis, 0), np.moveaxis(c, axis, 0)
    if back:
        a, s = np.concatenate([a[:1], a[:0:-1]]), s[::-1]
    n = len(s)
    if n < 2:
        return np.array(c)
    lines = s.size // n
    if s.size <= _FEW:
        out = _by_number(a, s)
    elif lines * 8 >= n:
        out = _by_row(a, s)
    else:
        out = _by_block(a.reshape(n, lines), s.reshape(n, lines)).reshape(s.shape)
    return plain(np.ascontiguousarray(np.moveaxis(out[::-1] if back else out, 0, axis)))


def _by_number(a: Any, c: Any) -> Any:
    """Step by step, in lists."""
    n, lines = len(c), c.size // len(c)
    flat, factors = c.ravel().tolist(), a.ravel().tolist()
    for i in range(lines, n * lines):
        flat[i] += factors[i] * flat[i - lines]
    return np.array(flat).reshape(c.shape)


def _by_row(a: Any, c: Any) -> Any:
    """Step by step, all lines at once."""
    out = np.array(c)
    held = np.empty(c.shape[1:])
    for i in range(1, len(c)):
        np.multiply(a[i], out[i - 1], out=held)
        out[i] += held
    return out


def _by_block(a: Any, c: Any) -> Any:
    """In blocks of about as many steps as there are blocks: within all at once, then from one to the next."""
    n, lines = c.shape
    long = math.isqrt(n)
    count = -(-n // long)
    padded = np.zeros((2, count * long, lines))
    padded[0, :n], padded[1, :n] = a, c
    # A step within all blocks is one row.
    factors, out = np.ascontiguousarray(padded.reshape(2, count, long, lines).swapaxes(1, 2))
    held = np.empty((count, lines))
    for i in range(1, long):
        np.multiply(factors[i], out[i - 1], out=held)
        out[i] += held
        factors[i] *= factors[i - 1]
    ends = _by_row(factors[-1], out[-1])
    carried = np.concatenate([np.zeros((1, lines)), ends[:-1]])
    most = np.abs(carried).max()
    if not most < math.inf or (
        most > 1.0 and _lost(factors, padded[0].reshape(count, long, lines))
    ):
        return _by_row(a, c)
    out += factors * carried
    if not np.isfinite(out).all():
        return _by_row(a, c)
    return out.swapaxes(0, 1).reshape(count * long, lines)[:n]


def _lost(factors: Any, steps: Any) -> bool:
    """Whether a product within a block has underflowed, and not met a zero."""
    small = np.abs(factors) < _TINY
    if not small.any():
        return False
    met = np.logical_or.accumulate(np.equal(steps, 0.0), 1).swapaxes(0, 1)
    return bool((small & ~met).any())
