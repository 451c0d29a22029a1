"""Windows: the stretches of a program each of which becomes one function of machine code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs


@attrs.frozen
class Window:
    """Lines that are written out one by one, or lines that are written once and run `count` times."""

    start: int
    """The number of the first line, inputs not counted."""
    period: int
    """Lines of one time."""
    count: int = 1
    """How many times; those after the first do the same with other values."""
    lanes: int = 1
    """How many times are done at once, as the lanes of a vector; it divides `count`."""

    @property
    def end(self) -> int:
        """The number of the line behind it."""
        return self.start + self.period * self.count


def straight(start: int, end: int, size: int) -> Iterator[Window]:
    """The lines from `start` to `end` in windows of at most `size` lines, without a loop.

    >>> list(straight(0, 5, 4))
    [Window(start=0, period=4, count=1, lanes=1), Window(start=4, period=1, count=1, lanes=1)]
    """
    for first in range(start, end, size):
        yield Window(first, min(size, end - first))


def windows(length: int, size: int, loops: Sequence[Window] = ()) -> tuple[Window, ...]:
    """All lines of a program of that length: `loops`, in their order, and what stands between them.

    The first is always written out, if need be without a line, for it writes the outputs that are
    inputs.
    """
    found: list[Window] = []
    start = 0
    for loop in loops:
        found += straight(start, loop.start, size)
        found.append(loop)
        start = loop.end
    found += straight(start, length, size)
    first = [] if found and found[0].count == 1 else [Window(0, 0)]
    return (*first, *found)
