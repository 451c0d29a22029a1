"""Regions of a program, each of which becomes one function of machine code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs


@attrs.frozen
class Region:
    """Consecutive instructions: straight-line code, or a loop whose body is emitted once and runs `trips` times."""

    start: int
    """The index of the first instruction, inputs not counted."""
    period: int
    """The instructions of one iteration."""
    trips: int = 1
    """The trip count; later iterations do the same with other values."""
    lanes: int = 1
    """How many iterations are done at once, in the lanes of a vector; it divides `trips`."""

    @property
    def end(self) -> int:
        """The index behind the last instruction."""
        return self.start + self.period * self.trips


def straight_line(start: int, end: int, size: int) -> Iterator[Region]:
    """The instructions from `start` to `end` as regions without loops, of at most `size` each.

    >>> list(straight_line(0, 5, 4))
    [Region(start=0, period=4, trips=1, lanes=1), Region(start=4, period=1, trips=1, lanes=1)]
    """
    for first in range(start, end, size):
        yield Region(first, min(size, end - first))


def regions(length: int, size: int, loops: Sequence[Region] = ()) -> tuple[Region, ...]:
    """All instructions of a program of that length: `loops`, in order, and straight-line code between them.

    The first region is always straight-line, empty if need be, since it stores the outputs that are
    inputs.
    """
    found: list[Region] = []
    start = 0
    for loop in loops:
        found += straight_line(start, loop.start, size)
        found.append(loop)
        start = loop.end
    found += straight_line(start, length, size)
    first = [] if found and found[0].trips == 1 else [Region(0, 0)]
    return (*first, *found)
