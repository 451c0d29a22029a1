"""Scratch memory: where values wait that one part of a program computes and a later one uses."""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heappop, heappush
from types import MappingProxyType

import attrs

from fgrad.program import Program
from fgrad.several import Joint


@attrs.frozen
class Scratch:
    """The slot of each value that waits, and how many slots there are."""

    slots: Mapping[int, int]
    size: int

    @classmethod
    def of(cls, program: Program, part: int) -> Scratch:
        """The slots for parts of `part` lines; one that is no longer needed is used again.

        An operation with several results has as many slots in a row, for good.

        >>> import fgrad as fg
        >>> program = fg.trace(lambda x: fg.exp(fg.sin(x)) + fg.sin(x))(1.0)
        >>> Scratch.of(program, 2)
        Scratch(slots=mappingproxy({2: 0}), size=1)
        """
        inputs = len(program.inputs)
        last = _last_parts(program, part)
        slots: dict[int, int] = {}
        free: list[int] = []
        ending: dict[int, list[int]] = {}
        size = 0
        for i, (op, _) in enumerate(program.lines):
            if i % part == 0:
                for slot in ending.pop(i // part - 1, ()):
                    heappush(free, slot)
            if isinstance(op, Joint):
                slots[inputs + i], size = size, size + op.size
            elif last[inputs + i] > i // part:
                slot = heappop(free) if free else size
                size = max(size, slot + 1)
                slots[inputs + i] = slot
                ending.setdefault(last[inputs + i], []).append(slot)
        return cls(MappingProxyType(slots), size)


def _last_parts(program: Program, part: int) -> list[int]:
    """The last part that uses each value."""
    last = [-1] * (len(program.inputs) + len(program.lines))
    for i, (_, args) in enumerate(program.lines):
        for a in args:
            if type(a) is int:
                last[a] = i // part
    return last
