"""Loop rerolling: loops found again in a program that was traced through loops of Python.

A traced program is straight-line code. Here stretches are found in which each instruction does what
the one a period before did, with arguments whose numbers move by a constant. So a million
instructions may become a few hundred lines of machine code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final

import attrs
import numpy as np

from fgrad.backends.native.rerolling.instruction_table import NONE, VALUE, InstructionTable
from fgrad.backends.native.rerolling.operands import VectorSchedule, operands
from fgrad.backends.native.rerolling.partition import Region
from fgrad.ops.primitive import Op
from fgrad.program.program import Program
from fgrad.program.schedule import by_depth, reordered

if TYPE_CHECKING:
    from fgrad.backends.buffers.inputs import Array

MIN_TRIPS: Final = 16
"""The least trip count of a loop."""
MIN_SAVED: Final = 256
"""The least number of instructions that a loop saves."""
MAX_PERIOD: Final = 1000
"""The most instructions of one iteration: LLVM takes long for a longer function."""
MAX_VECTOR_PERIOD: Final = 128
"""The most instructions of a vectorised iteration: those left over by vectors are unrolled."""
MAX_DISTANCE: Final = 8
"""The greatest distance, in iterations, of a loop-carried value."""
_HASHED: Final = 8, 32, 128
"""Instructions that are hashed together to guess a period; a longer run sees past what repeats
within one iteration."""
_GUESSES: Final = 3
"""Periods that are tried for each length."""


@attrs.frozen(eq=False)
class Rerolled:
    """A program with its loops, its instructions in the order in which more of them are found."""

    program: Program
    table: InstructionTable
    loops: tuple[Region, ...]

    @classmethod
    def of(
        cls, program: Program, calls: Sequence[Op], width: int, bounds: Sequence[int] = ()
    ) -> Rerolled:
        """The loops of a program in its own order, or in the order of depth.

        A traced program is depth first, in which a sum of terms is a loop, and so are the steps of
        one state. The steps of a row of cells, each of which needs its neighbours, are loops in
        order of depth. With callbacks (`calls`) the order stays, for it shows which of them raises
        first. `width` and `bounds` are those of `find_loops`.
        """
        table = InstructionTable.of(program, calls)
        loops = find_loops(table, width, bounds)
        inside = _inside(loops)
        missed = len(program) - inside
        if missed < MIN_SAVED or 2 * inside > len(program) or calls:
            return cls(program, table, loops)
        order = by_depth(program)
        deeper = table.reordered(order)
        others = find_loops(deeper, width, bounds)
        if _inside(others) <= inside + missed // 2:
            return cls(program, table, loops)
        return cls(reordered(program, order), deeper, others)


def _inside(loops: Sequence[Region]) -> int:
    """The number of instructions in loops."""
    return sum(loop.period * loop.trips for loop in loops)


def find_loops(
    table: InstructionTable, width: int, bounds: Sequence[int] = ()
) -> tuple[Region, ...]:
    """The loops of a program, in order and disjoint; `width` is that of a vector.

    `bounds` are the inputs at which another array begins: no operand of a loop reads from two
    arrays.

    >>> import fgrad as fg
    >>> program = fg.trace(lambda xs: sum(fg.exp(x) * x for x in xs))([1.0] * 200)
    >>> find_loops(InstructionTable.of(program, ()), 4)
    (Region(start=0, period=3, trips=196, lanes=4),)
    """
    if len(table) < MIN_SAVED:
        return ()
    found: list[Region] = []
    periods = _periods(table)
    even = [w for period in periods for w in _candidates(table, period, even=True)]
    uneven = [w for period in periods for w in _candidates(table, period, even=False)]
    waiting = _disjoint(even, uneven)[::-1]
    while waiting:
        region = waiting.pop()
        pieces = _split(region, table, found, bounds)
        if pieces == [region]:
            found.append(_vectorised(region, table, width))
        else:
            waiting += [piece for piece in pieces[::-1] if _worthwhile(piece)]
    return tuple(found)


def _worthwhile(region: Region) -> bool:
    return region.trips >= MIN_TRIPS and (region.trips - 1) * region.period >= MIN_SAVED


def _periods(table: InstructionTable) -> list[int]:
    """Likely periods: distances at which equal runs of instructions often recur."""
    found: dict[int, None] = {}
    hashes, length = table.opcodes.astype(np.uint64), 1
    factor = np.array([0x9E3779B97F4A7C15], np.uint64)
    while length < _HASHED[-1] and len(hashes) > length:
        hashes = (hashes[:-length] * factor ^ (hashes[:-length] >> np.uint64(29))) + hashes[length:]
        # Arrays, since these overflow without a warning.
        factor, length = factor * factor, 2 * length
        if length in _HASHED:
            order = np.argsort(hashes, kind="stable")
            again = hashes[order[1:]] == hashes[order[:-1]]
            distances = np.diff(order)[again]
            often = np.bincount(distances[distances <= MAX_PERIOD], minlength=1)
            best = np.argsort(-often, kind="stable")[:_GUESSES]
            found.update((int(p), None) for p in best if p and often[p] * 2 >= MIN_SAVED)
    return list(found)


def _candidates(table: InstructionTable, period: int, *, even: bool) -> Iterator[Region]:
    """Stretches that repeat the instructions of a period before; if `even`, with arguments that move steadily."""
    count = len(table) - period
    same = table.opcodes[:-period] == table.opcodes[period:]
    kinds, values = table.kinds, table.values
    is_value = kinds == VALUE
    # A value in one iteration and a literal in the next is no loop; a literal and then values that
    # move with the instructions may be the initial value of a carried one.
    same &= ~(is_value[:-period] & ~is_value[period:]).any(axis=1)
    bad = ~same
    if even:
        moved = np.where(is_value[:-period], values[period:] - values[:-period], -1)
        moved[~is_value[period:]] = 0
        steady = ((moved[:-period] == moved[period:]) | (moved[period:] == period)).all(axis=1)
        bad[period:] |= same[:-period] & ~steady
    ends = np.append(np.flatnonzero(bad), count)
    starts = np.append(0, ends[:-1] + 1)
    long = ends - starts >= (MIN_TRIPS - 1) * period
    for start, end in zip(starts[long].tolist(), ends[long].tolist(), strict=True):
        region = Region(start, period, (end - start) // period + 1)
        if _worthwhile(region):
            yield region


def _disjoint(*candidates: Sequence[Region]) -> list[Region]:
    """Disjoint stretches: of candidates that overlap those that save most, and what is left of the others."""
    found: list[Region] = []
    order = [sorted(c, key=lambda w: (w.period - w.period * w.trips, w.period)) for c in candidates]
    for region in chain.from_iterable(order):
        start, period, trips = region.start, region.period, region.trips
        for other in found:
            if other.start <= start < other.end:
                late = -(-(other.end - start) // period)
                start, trips = start + late * period, trips - late
            elif start < other.start < start + period * trips:
                trips = (other.start - start) // period
        left = Region(start, period, trips)
        if _worthwhile(left):
            found.append(left)
    return sorted(found, key=lambda w: w.start)


def _split(
    region: Region, table: InstructionTable, loops: Sequence[Region], arrays: Sequence[int]
) -> list[Region]:
    """The iterations around the middle one that are uniform with it, and those before and behind.

    Where values come from may change on the way: then there are several loops.
    """
    bounds = [table.inputs, *[table.inputs + n for w in loops for n in (w.start, w.end)]]
    like = _uniform(region, table, [*arrays, *bounds])
    middle = region.trips // 2
    before = np.flatnonzero(~like[:middle])
    behind = np.flatnonzero(~like[middle:])
    first = int(before[-1]) + 1 if len(before) else 0
    last = middle + int(behind[0]) if len(behind) else region.trips
    ends = [0, first, last, region.trips]
    return [
        Region(region.start + start * region.period, region.period, end - start)
        for start, end in pairwise(ends)
        if start < end
    ]


def _uniform(region: Region, table: InstructionTable, bounds: Sequence[int]) -> Array:
    """For each iteration whether all its operands are of the same form as in the middle.

    That is: a value of the loop at the same distance, a literal, or a live-in, which always lies
    between the same two `bounds`.
    """
    shape = region.trips, region.period, -1
    kinds, values = (
        x[region.start : region.end].reshape(shape) for x in (table.kinds, table.values)
    )
    middle, first = region.trips // 2, table.inputs + region.start
    begins = first + region.period * np.arange(region.trips)
    offsets = values - begins[:, None, None]
    inside = (kinds[middle] == VALUE) & (values[middle] >= first)
    back = np.where(inside, -(offsets[middle] // region.period), 0)
    early = np.arange(region.trips)[:, None, None] < back
    given = (values < first) & (kinds != NONE)
    places = np.searchsorted(bounds, values, side="right")
    outside = (kinds == VALUE) & (values < first) & (places == places[middle])
    moving = (offsets == offsets[middle]) & (kinds == VALUE) & (back <= MAX_DISTANCE)
    within = np.where(early, given, moving)
    alike = np.where(
        inside, within, np.where(kinds[middle] == VALUE, outside, kinds == kinds[middle])
    )
    result: Array = alike.all(axis=(1, 2))
    return result


def _vectorised(region: Region, table: InstructionTable, width: int) -> Region:
    """The loop, with as many lanes as pay off and a trip count that they divide."""
    serial = len(VectorSchedule.of(operands(region, table)).serial)
    if region.period > MAX_VECTOR_PERIOD or 2 * serial > region.period:
        return region
    return attrs.evolve(region, trips=region.trips - region.trips % width, lanes=width)
