"""Lines that do the same again and again: loops found in a program that was written by loops.

A program is a straight line, whatever loops of Python it was traced through. Here they are found
again: stretches in which each line does what the line one period before it did, with arguments that
have moved by as much as the last time. So a program of a million lines can be a few hundred lines of
machine code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final

import attrs
import numpy as np

from fgrad.backends.native.rerolling.lineup import NONE, VALUE, Lineup
from fgrad.backends.native.rerolling.operands import operands
from fgrad.backends.native.rerolling.partition import Window
from fgrad.backends.native.rerolling.vectorize import Lanework

if TYPE_CHECKING:
    from fgrad.backends.buffers.inputs import Array

COUNT: Final = 16
"""Times round that a loop is worth while for."""
SAVED: Final = 256
"""Lines that a loop must save."""
PERIOD: Final = 1000
"""The most lines of one time round: LLVM takes long for a longer function."""
WIDE: Final = 128
"""The most lines of which several times round are done at once: what is left over is written out."""
BACK: Final = 8
"""How many times round a value may be carried."""
_SIGHTS: Final = 8, 32, 128
"""Lines that are looked at together to guess a period: many see past what repeats within it."""
_GUESSES: Final = 3
"""Periods that are tried for each of them."""


def repeats(lineup: Lineup, width: int, bounds: Sequence[int] = ()) -> tuple[Window, ...]:
    """The loops of a program, in order, that share no lines; `width` is that of a vector.

    `bounds` are the inputs from which on inputs stand in another array: no line of a loop reads of two.

    >>> import fgrad as fg
    >>> program = fg.trace(lambda xs: sum(fg.exp(x) * x for x in xs))([1.0] * 200)
    >>> repeats(Lineup.of(program, ()), 4)
    (Window(start=0, period=3, count=196, lanes=4),)
    """
    if len(lineup) < SAVED:
        return ()
    found: list[Window] = []
    periods = _periods(lineup)
    even = [w for period in periods for w in _stretches(lineup, period, even=True)]
    uneven = [w for period in periods for w in _stretches(lineup, period, even=False)]
    waiting = _apart(even, uneven)[::-1]
    while waiting:
        window = waiting.pop()
        pieces = _pieces(window, lineup, found, bounds)
        if pieces == [window]:
            found.append(_in_lanes(window, lineup, width))
        else:
            waiting += [piece for piece in pieces[::-1] if _worth(piece)]
    return tuple(found)


def _worth(window: Window) -> bool:
    return window.count >= COUNT and (window.count - 1) * window.period >= SAVED


def _periods(lineup: Lineup) -> list[int]:
    """Guesses: distances at which some lines in a row are often met again."""
    found: dict[int, None] = {}
    hashes, sight = lineup.codes.astype(np.uint64), 1
    factor = np.array([0x9E3779B97F4A7C15], np.uint64)
    while sight < _SIGHTS[-1] and len(hashes) > sight:
        hashes = (hashes[:-sight] * factor ^ (hashes[:-sight] >> np.uint64(29))) + hashes[sight:]
        factor, sight = factor * factor, 2 * sight  # of arrays, for these wrap round in silence
        if sight in _SIGHTS:
            order = np.argsort(hashes, kind="stable")
            again = hashes[order[1:]] == hashes[order[:-1]]
            distances = np.diff(order)[again]
            often = np.bincount(distances[distances <= PERIOD], minlength=1)
            best = np.argsort(-often, kind="stable")[:_GUESSES]
            found.update((int(p), None) for p in best if p and often[p] * 2 >= SAVED)
    return list(found)


def _stretches(lineup: Lineup, period: int, *, even: bool) -> Iterator[Window]:
    """Where lines do what those a period before do; if `even`, arguments move as they did before."""
    count = len(lineup) - period
    same = lineup.codes[:-period] == lineup.codes[period:]
    kinds, values = lineup.kinds, lineup.values
    is_value = kinds == VALUE
    # What is a value one time round and then a literal does not repeat; a literal and then values
    # that move with the lines may be what a loop begins with.
    same &= ~(is_value[:-period] & ~is_value[period:]).any(axis=1)
    bad = ~same
    if even:
        moved = np.where(is_value[:-period], values[period:] - values[:-period], -1)
        moved[~is_value[period:]] = 0
        steady = ((moved[:-period] == moved[period:]) | (moved[period:] == period)).all(axis=1)
        bad[period:] |= same[:-period] & ~steady
    ends = np.append(np.flatnonzero(bad), count)
    starts = np.append(0, ends[:-1] + 1)
    long = ends - starts >= (COUNT - 1) * period
    for start, end in zip(starts[long].tolist(), ends[long].tolist(), strict=True):
        window = Window(start, period, (end - start) // period + 1)
        if _worth(window):
            yield window


def _apart(*candidates: Sequence[Window]) -> list[Window]:
    """Of stretches that overlap the first, those that save most, and what is left of the others."""
    found: list[Window] = []
    order = [sorted(c, key=lambda w: (w.period - w.period * w.count, w.period)) for c in candidates]
    for window in chain.from_iterable(order):
        start, period, count = window.start, window.period, window.count
        for other in found:
            if other.start <= start < other.end:
                late = -(-(other.end - start) // period)
                start, count = start + late * period, count - late
            elif start < other.start < start + period * count:
                count = (other.start - start) // period
        left = Window(start, period, count)
        if _worth(left):
            found.append(left)
    return sorted(found, key=lambda w: w.start)


def _pieces(
    window: Window, lineup: Lineup, loops: Sequence[Window], arrays: Sequence[int]
) -> list[Window]:
    """The times round around the one in the middle that are like it, and those before and behind.

    Where values come from may change on the way: then there are several loops.
    """
    bounds = [lineup.inputs, *[lineup.inputs + n for w in loops for n in (w.start, w.end)]]
    like = _like(window, lineup, [*arrays, *bounds])
    middle = window.count // 2
    before = np.flatnonzero(~like[:middle])
    behind = np.flatnonzero(~like[middle:])
    first = int(before[-1]) + 1 if len(before) else 0
    last = middle + int(behind[0]) if len(behind) else window.count
    ends = [0, first, last, window.count]
    return [
        Window(window.start + start * window.period, window.period, end - start)
        for start, end in pairwise(ends)
        if start < end
    ]


def _like(window: Window, lineup: Lineup, bounds: Sequence[int]) -> Array:
    """For each time round whether all arguments are found as in the middle.

    A value of the loop itself, as many lines before; a literal; or a value from before the loop, and
    then always between the same two of the `bounds`.
    """
    shape = window.count, window.period, -1
    kinds, values = (
        x[window.start : window.end].reshape(shape) for x in (lineup.kinds, lineup.values)
    )
    middle, first = window.count // 2, lineup.inputs + window.start
    begins = first + window.period * np.arange(window.count)
    offsets = values - begins[:, None, None]
    inside = (kinds[middle] == VALUE) & (values[middle] >= first)
    back = np.where(inside, -(offsets[middle] // window.period), 0)
    early = np.arange(window.count)[:, None, None] < back
    given = (values < first) & (kinds != NONE)
    places = np.searchsorted(bounds, values, side="right")
    outside = (kinds == VALUE) & (values < first) & (places == places[middle])
    moving = (offsets == offsets[middle]) & (kinds == VALUE) & (back <= BACK)
    within = np.where(early, given, moving)
    alike = np.where(
        inside, within, np.where(kinds[middle] == VALUE, outside, kinds == kinds[middle])
    )
    result: Array = alike.all(axis=(1, 2))
    return result


def _in_lanes(window: Window, lineup: Lineup, width: int) -> Window:
    """The loop with as many lanes as are worth while, and times round that they divide."""
    turns = len(Lanework.of(operands(window, lineup)).turns)
    if window.period > WIDE or 2 * turns > window.period:
        return window
    return attrs.evolve(window, count=window.count - window.count % width, lanes=width)
