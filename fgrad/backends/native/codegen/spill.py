"""Spilling: which values stay live in registers, which wait in memory until they are used again, and where.

LLVM's register allocator does not do so well where register pressure is far above the number of
registers: it keeps what is used once in a while, and reloads what is used now. Here the value whose
next use is farthest is evicted (Belady 1966), which straight-line code tells in advance. Spilled
values that are not live at the same time share a slot of scratch memory.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from heapq import heappop, heappush
from types import MappingProxyType
from typing import Final

import attrs

from fgrad.backends.native.codegen.layout import Layout
from fgrad.backends.native.math.table import Target
from fgrad.backends.native.rerolling.partition import Region
from fgrad.ops.multiple import MultiOp
from fgrad.program.program import Program

FENCE_INTERVAL: Final = 16
"""Instructions between two fences: LLVM hoists no reload across a fence."""


@attrs.frozen
class SpillPlan:
    """For each instruction of a region the values that are evicted after it, and the values that are reloaded."""

    evicted: Sequence[tuple[int, ...]]
    spilled: frozenset[int]


UNPLANNED: Final = SpillPlan((), frozenset())
"""No plan: LLVM's register allocator decides alone."""


def spill_plan(
    program: Program,
    start: int,
    end: int,
    registers: int,
    loaded: Callable[[int], Iterable[int]],
) -> SpillPlan:
    """The plan for the instructions from `start` to `end`, with so many registers.

    `loaded` says which inputs are loaded together with one.

    >>> import fgrad as fg
    >>> program = fg.trace(lambda x: (fg.exp(x) + fg.sin(x)) * x + fg.cos(x))(0.0)
    >>> [op.name for op, _ in program.instructions]
    ['exp', 'sin', 'add', 'mul', 'cos', 'add']
    >>> spill_plan(program, 0, 6, 2, lambda x: [x])
    SpillPlan(evicted=((), (0,), (), (), (), ()), spilled=frozenset({0}))
    """
    inputs, uses = len(program.inputs), _uses(program, start, end)
    live: set[int] = set()
    gone: set[int] = set()
    spilled: set[int] = set()
    evicted: list[tuple[int, ...]] = []
    for line in range(start, end):
        args = dict.fromkeys([a for a in program.instructions[line][1] if type(a) is int])
        for a in args:
            if a in gone:
                spilled.add(a)
            elif a not in live and a < inputs:
                live.update([x for x in loaded(a) if x in uses])
        live.update(args)
        gone.difference_update(args)
        for a in args:
            uses[a].pop()
        live.difference_update([a for a in args if not uses[a]])
        if inputs + line in uses:
            live.add(inputs + line)
        farthest = sorted(live, key=lambda x: (uses[x][-1], x), reverse=True)
        leaves = farthest[: max(0, len(live) - registers)]
        live.difference_update(leaves)
        gone.update(leaves)
        evicted.append(tuple(leaves))
    return SpillPlan(tuple(evicted), frozenset(spilled))


def _uses(program: Program, start: int, end: int) -> dict[int, list[int]]:
    """The instructions that use each value, the last one first."""
    uses: dict[int, list[int]] = {}
    for line in range(end - 1, start - 1, -1):
        for a in dict.fromkeys([a for a in program.instructions[line][1] if type(a) is int]):
            uses.setdefault(a, []).append(line)
    return uses


def spill_plans(
    program: Program, layout: Layout, target: Target, regions: Sequence[Region], registers: int
) -> tuple[Mapping[int, SpillPlan], frozenset[int]]:
    """The plan of each straight-line region, if `registers` is given, and the values that need slots for them.

    Inputs of tables that are reloaded, or that a later region uses, are spilled; others can be
    loaded again.
    """
    inputs = len(program.inputs)
    first = _first(program, layout, target, regions)

    def loaded(number: int, x: int) -> Iterable[int]:
        return [x] if first.get(x, number) < number else layout.load(x, target)[1]

    found = {
        number: spill_plan(program, w.start, w.end, registers, partial(loaded, number))
        for number, w in enumerate(regions)
        if registers and w.trips == 1
    }
    spilled = frozenset[int]().union(*[p.spilled for p in found.values()])
    columns = [x for x in spilled if x in first]
    for number, w in enumerate(regions):
        if w.trips == 1:
            columns += [x for x in _inputs(program, w) if first.get(x, number) < number]
    return found, frozenset([x for x in spilled if x >= inputs]).union(columns)


def _first(
    program: Program, layout: Layout, target: Target, regions: Sequence[Region]
) -> Mapping[int, int]:
    """For each input that is loaded from a table the index of the region that loads it first."""
    first: dict[int, int] = {}
    others: set[int] = set()
    for number, w in enumerate(regions):
        for x in _inputs(program, w) if w.trips == 1 else ():
            if x in first or x in others:
                continue
            if layout.place(x)[0].startswith("table"):
                first.update(dict.fromkeys(layout.load(x, target)[1], number))
            else:
                others.add(x)
    return first


def _inputs(program: Program, region: Region) -> Iterable[int]:
    """The inputs that a straight-line region loads; the first region also those that are outputs."""
    instructions = program.instructions[region.start : region.end]
    values = [a for _, args in instructions for a in args if type(a) is int]
    found = dict.fromkeys([*(program.outputs if region.start == 0 else ()), *values])
    return [x for x in found if x < len(program.inputs)]


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
            if isinstance(op, MultiOp):
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
