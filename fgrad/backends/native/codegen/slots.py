"""Slots of scratch memory for spilled values, shared by values that are not live at the same time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from types import MappingProxyType

import attrs

from fgrad.backends.native.rerolling.partition import Region
from fgrad.ops.multiple import Joint
from fgrad.program.program import Program


@attrs.frozen
class Slots:
    """The slot of each spilled value, and the number of slots."""

    of_value: Mapping[int, int]
    size: int

    @classmethod
    def of(
        cls, program: Program, regions: Sequence[Region], spilled: Collection[int] = ()
    ) -> Slots:
        """The slots for these regions: a value has one if a later region uses it, or if it is `spilled`.

        An operation with several results has consecutive slots that are never reused. So has an
        instruction of a loop, one for each iteration, if more than its last vector is used later.

        >>> import fgrad as fg
        >>> program = fg.trace(lambda x: fg.exp(fg.sin(x)) + fg.sin(x))(1.0)
        >>> Slots.of(program, (Region(0, 2), Region(2, 2)))
        Slots(of_value=mappingproxy({2: 0}), size=1)
        """
        last = _last_uses(program, regions)
        inputs = len(program.inputs)
        slots = {value: k for k, value in enumerate(sorted(x for x in spilled if x < inputs))}
        size, free = len(slots), list[int]()
        ending: dict[int, list[int]] = {}
        for region, line in _steps(regions):
            # Straight-line code may reuse a slot from the next instruction on, a loop only when all
            # its iterations are done.
            for slot in ending.pop(line - 1 if region.trips == 1 else region.start - 1, ()):
                heappush(free, slot)
            op, values = program.instructions[line][0], _values(inputs + line, region)
            needed = [value for value in values if last[value] >= region.end or value in spilled]
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
    """The instructions that are emitted, each with its region."""
    for region in regions:
        for line in range(region.start, region.start + region.period):
            yield region, line


def _values(first: int, region: Region) -> range:
    """The values of an instruction, one for each iteration."""
    return range(first, first + region.period * region.trips, region.period)


def _last_uses(program: Program, regions: Sequence[Region]) -> list[int]:
    """The last instruction that uses each value; all of a loop count as its last one."""
    last = [-1] * (len(program.inputs) + len(program.instructions))
    for region in regions:
        straight, last_of_loop = region.trips == 1, region.end - 1
        for line, (_, args) in enumerate(
            program.instructions[region.start : region.end], region.start
        ):
            use = line if straight else last_of_loop
            for a in args:
                if type(a) is int:
                    last[a] = use
    return last
