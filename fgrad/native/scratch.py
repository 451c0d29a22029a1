"""Scratch memory: where values wait that one window of a program computes and a later one uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from types import MappingProxyType

import attrs

from fgrad.native.windows import Window
from fgrad.program import Program
from fgrad.several import Joint


@attrs.frozen
class Scratch:
    """The slot of each value that waits, and how many slots there are."""

    slots: Mapping[int, int]
    size: int

    @classmethod
    def of(cls, program: Program, windows: Sequence[Window]) -> Scratch:
        """The slots for these windows; one that is no longer needed is used again.

        An operation with several results has as many slots in a row, for good; so has a line of a
        loop one for each time round, if it is needed later from more than the last vector.

        >>> import fgrad as fg
        >>> program = fg.trace(lambda x: fg.exp(fg.sin(x)) + fg.sin(x))(1.0)
        >>> Scratch.of(program, (Window(0, 2), Window(2, 2)))
        Scratch(slots=mappingproxy({2: 0}), size=1)
        """
        last = _last_windows(program, windows)
        inputs = len(program.inputs)
        slots: dict[int, int] = {}
        free: list[int] = []
        ending: dict[int, list[int]] = {}
        size = 0
        for number, window in enumerate(windows):
            for slot in ending.pop(number - 1, ()):
                heappush(free, slot)
            alone: list[int] = []
            for line in range(window.start, window.start + window.period):
                op, values = program.lines[line][0], _values(inputs + line, window)
                waiting = [value for value in values if last[value] > number]
                if isinstance(op, Joint):
                    slots[values[0]], size = size, size + op.size
                elif waiting and waiting[0] < values[-window.lanes]:
                    slots.update(zip(values, range(size, size + len(values)), strict=True))
                    size += len(values)
                else:
                    alone += waiting
            for value in alone:
                slots[value] = slot = heappop(free) if free else size
                size = max(size, slot + 1)
                ending.setdefault(last[value], []).append(slot)
        return cls(MappingProxyType(slots), size)


def _values(first: int, window: Window) -> range:
    """The values of a line, one for each time round."""
    return range(first, first + window.period * window.count, window.period)


def _last_windows(program: Program, windows: Sequence[Window]) -> list[int]:
    """The last window that uses each value."""
    last = [-1] * (len(program.inputs) + len(program.lines))
    for number, window in enumerate(windows):
        for _, args in program.lines[window.start : window.end]:
            for a in args:
                if type(a) is int:
                    last[a] = number
    return last
