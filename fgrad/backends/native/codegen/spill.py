"""Scratch memory: where values wait that one window of a program computes and a later one uses."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from types import MappingProxyType

import attrs

from fgrad.backends.native.rerolling.partition import Window
from fgrad.ops.multiple import MultiOp
from fgrad.program.program import Program


@attrs.frozen
class Scratch:
    """The slot of each value that waits, and how many slots there are."""

    slots: Mapping[int, int]
    size: int

    @classmethod
    def of(
        cls, program: Program, windows: Sequence[Window], waiting: Collection[int] = ()
    ) -> Scratch:
        """The slots for these windows; one that is no longer needed is used again.

        Those `waiting` have one even if no later window uses them. An operation with several results
        has as many slots in a row, for good; so has a line of a loop one for each time round, if it is
        needed later from more than the last vector.

        >>> import fgrad as fg
        >>> program = fg.trace(lambda x: fg.exp(fg.sin(x)) + fg.sin(x))(1.0)
        >>> Scratch.of(program, (Window(0, 2), Window(2, 2)))
        Scratch(slots=mappingproxy({2: 0}), size=1)
        """
        last = _last_lines(program, windows)
        inputs = len(program.inputs)
        slots = {value: k for k, value in enumerate(sorted(x for x in waiting if x < inputs))}
        size, free = len(slots), list[int]()
        ending: dict[int, list[int]] = {}
        for window, line in _steps(windows):
            # Of a line that is written out what is before it, of one of a loop what is before that.
            for slot in ending.pop(line - 1 if window.count == 1 else window.start - 1, ()):
                heappush(free, slot)
            op, values = program.instructions[line][0], _values(inputs + line, window)
            needed = [value for value in values if last[value] >= window.end or value in waiting]
            if isinstance(op, MultiOp):
                slots[values[0]], size = size, size + op.size
            elif needed and needed[0] < values[-window.lanes]:
                slots.update(zip(values, range(size, size + len(values)), strict=True))
                size += len(values)
            else:
                for value in needed:
                    slots[value] = slot = heappop(free) if free else size
                    size = max(size, slot + 1)
                    ending.setdefault(last[value], []).append(slot)
        return cls(MappingProxyType(slots), size)


def _steps(windows: Sequence[Window]) -> Iterator[tuple[Window, int]]:
    """The lines that are written, each with its window."""
    for window in windows:
        for line in range(window.start, window.start + window.period):
            yield window, line


def _values(first: int, window: Window) -> range:
    """The values of a line, one for each time round."""
    return range(first, first + window.period * window.count, window.period)


def _last_lines(program: Program, windows: Sequence[Window]) -> list[int]:
    """The last line that uses each value; all of a loop use what one of them does."""
    last = [-1] * (len(program.inputs) + len(program.instructions))
    for window in windows:
        alone, together = window.count == 1, window.end - 1
        for line, (_, args) in enumerate(
            program.instructions[window.start : window.end], window.start
        ):
            use = line if alone else together
            for a in args:
                if type(a) is int:
                    last[a] = use
    return last
