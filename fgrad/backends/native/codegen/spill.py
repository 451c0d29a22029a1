"""Scratch memory: where values wait that one region of a program computes and a later one uses."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from types import MappingProxyType

import attrs

from fgrad.backends.native.rerolling.partition import Region
from fgrad.ops.multiple import Joint
from fgrad.program.program import Program


@attrs.frozen
class Scratch:
    """The slot of each value that waits, and how many slots there are."""

    slots: Mapping[int, int]
    size: int

    @classmethod
    def of(
        cls, program: Program, regions: Sequence[Region], waiting: Collection[int] = ()
    ) -> Scratch:
        """The slots for these regions; one that is no longer needed is used again.

        Those `waiting` have one even if no later region uses them. An operation with several results
        has as many slots in a row, for good; so has a line of a loop one for each time round, if it is
        needed later from more than the last vector.

        >>> import fgrad as fg
        >>> program = fg.trace(lambda x: fg.exp(fg.sin(x)) + fg.sin(x))(1.0)
        >>> Scratch.of(program, (Region(0, 2), Region(2, 2)))
        Scratch(slots=mappingproxy({2: 0}), size=1)
        """
        last = _last_lines(program, regions)
        inputs = len(program.inputs)
        slots = {value: k for k, value in enumerate(sorted(x for x in waiting if x < inputs))}
        size, free = len(slots), list[int]()
        ending: dict[int, list[int]] = {}
        for region, line in _steps(regions):
            # Of a line that is written out what is before it, of one of a loop what is before that.
            for slot in ending.pop(line - 1 if region.trips == 1 else region.start - 1, ()):
                heappush(free, slot)
            op, values = program.instructions[line][0], _values(inputs + line, region)
            needed = [value for value in values if last[value] >= region.end or value in waiting]
            if isinstance(op, Joint):
                slots[values[0]], size = size, size + op.size
            elif needed and needed[0] < values[-region.lanes]:
                slots.update(zip(values, range(size, size + len(values)), strict=True))
                size += len(values)
            else:
                for value in needed:
                    slots[value] = slot = heappop(free) if free else size
                    size = max(size, slot + 1)
                    ending.setdefault(last[value], []).append(slot)
        return cls(MappingProxyType(slots), size)


def _steps(regions: Sequence[Region]) -> Iterator[tuple[Region, int]]:
    """The lines that are written, each with its region."""
    for region in regions:
        for line in range(region.start, region.start + region.period):
            yield region, line


def _values(first: int, region: Region) -> range:
    """The values of a line, one for each time round."""
    return range(first, first + region.period * region.trips, region.period)


def _last_lines(program: Program, regions: Sequence[Region]) -> list[int]:
    """The last line that uses each value; all of a loop use what one of them does."""
    last = [-1] * (len(program.inputs) + len(program.instructions))
    for region in regions:
        alone, together = region.trips == 1, region.end - 1
        for line, (_, args) in enumerate(
            program.instructions[region.start : region.end], region.start
        ):
            use = line if alone else together
            for a in args:
                if type(a) is int:
                    last[a] = use
    return last
