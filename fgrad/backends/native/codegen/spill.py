"""Spilling: which values stay live in registers, and which wait in memory until they are used again.

LLVM's register allocator does not do so well where register pressure is far above the number of
registers: it keeps what is used once in a while, and reloads what is used now. Here the value whose
next use is farthest is evicted (Belady 1966), which straight-line code tells in advance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final

import attrs

from fgrad.backends.native.codegen.layout import Layout
from fgrad.backends.native.math.table import Target
from fgrad.backends.native.rerolling.partition import Region
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
    lines = program.instructions[region.start : region.end]
    values = [a for _, args in lines for a in args if type(a) is int]
    found = dict.fromkeys([*(program.outputs if region.start == 0 else ()), *values])
    return [x for x in found if x < len(program.inputs)]
