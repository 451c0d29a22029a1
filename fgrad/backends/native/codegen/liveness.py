"""Which values code has at hand, and which wait in memory until they are needed again.

LLVM finds registers for the values of a stretch of code by itself. Where far more are alive than
there are registers it does not do so well: it brings what is needed once in a while for good, and
what is needed now from memory. Here the value leaves whose next use is farthest (Belady 1966), as can
be known of a straight line.
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

APART: Final = 16
"""Lines between two fences: LLVM reads no value before a fence that is read behind it."""


@attrs.frozen
class Plan:
    """For each line of a stretch the values that leave behind it, and the values that come back."""

    leaving: Sequence[tuple[int, ...]]
    waiting: frozenset[int]


UNPLANNED: Final = Plan((), frozenset())
"""That of code which LLVM is left alone with."""


def plan(
    program: Program,
    start: int,
    end: int,
    room: int,
    brought: Callable[[int], Iterable[int]],
) -> Plan:
    """The plan for the lines from `start` to `end`, with room for so many values.

    `brought` says which inputs are read together with one.

    >>> import fgrad as fg
    >>> program = fg.trace(lambda x: (fg.exp(x) + fg.sin(x)) * x + fg.cos(x))(0.0)
    >>> [op.name for op, _ in program.instructions]
    ['exp', 'sin', 'add', 'mul', 'cos', 'add']
    >>> plan(program, 0, 6, 2, lambda x: [x])
    Plan(leaving=((), (0,), (), (), (), ()), waiting=frozenset({0}))
    """
    inputs, uses = len(program.inputs), _uses(program, start, end)
    here: set[int] = set()
    gone: set[int] = set()
    waiting: set[int] = set()
    leaving: list[tuple[int, ...]] = []
    for line in range(start, end):
        args = dict.fromkeys([a for a in program.instructions[line][1] if type(a) is int])
        for a in args:
            if a in gone:
                waiting.add(a)
            elif a not in here and a < inputs:
                here.update([x for x in brought(a) if x in uses])
        here.update(args)
        gone.difference_update(args)
        for a in args:
            uses[a].pop()
        here.difference_update([a for a in args if not uses[a]])
        if inputs + line in uses:
            here.add(inputs + line)
        farthest = sorted(here, key=lambda x: (uses[x][-1], x), reverse=True)
        leaves = farthest[: max(0, len(here) - room)]
        here.difference_update(leaves)
        gone.update(leaves)
        leaving.append(tuple(leaves))
    return Plan(tuple(leaving), frozenset(waiting))


def _uses(program: Program, start: int, end: int) -> dict[int, list[int]]:
    """The lines that use each value, the last one first."""
    uses: dict[int, list[int]] = {}
    for line in range(end - 1, start - 1, -1):
        for a in dict.fromkeys([a for a in program.instructions[line][1] if type(a) is int]):
            uses.setdefault(a, []).append(line)
    return uses


def plans(
    program: Program, layout: Layout, target: Target, regions: Sequence[Region], room: int
) -> tuple[Mapping[int, Plan], frozenset[int]]:
    """The plan of each region without a loop, if there is room, and what must wait for them.

    Of inputs that come back, or that a later region needs, those of tables must; others can as well
    be read once more.
    """
    inputs = len(program.inputs)
    first = _first(program, layout, target, regions)

    def brought(number: int, x: int) -> Iterable[int]:
        return [x] if first.get(x, number) < number else layout.load(x, target)[1]

    found = {
        number: plan(program, w.start, w.end, room, partial(brought, number))
        for number, w in enumerate(regions)
        if room and w.trips == 1
    }
    waiting = frozenset[int]().union(*[p.waiting for p in found.values()])
    columns = [x for x in waiting if x in first]
    for number, w in enumerate(regions):
        if w.trips == 1:
            columns += [x for x in _given(program, w) if first.get(x, number) < number]
    return found, frozenset([x for x in waiting if x >= inputs]).union(columns)


def _first(
    program: Program, layout: Layout, target: Target, regions: Sequence[Region]
) -> Mapping[int, int]:
    """For each input that is read from a table the number of the region that brings it."""
    first: dict[int, int] = {}
    others: set[int] = set()
    for number, w in enumerate(regions):
        for x in _given(program, w) if w.trips == 1 else ():
            if x in first or x in others:
                continue
            if layout.place(x)[0].startswith("table"):
                first.update(dict.fromkeys(layout.load(x, target)[1], number))
            else:
                others.add(x)
    return first


def _given(program: Program, region: Region) -> Iterable[int]:
    """The inputs that a region without a loop reads: the first one those too that are outputs."""
    lines = program.instructions[region.start : region.end]
    values = [a for _, args in lines for a in args if type(a) is int]
    found = dict.fromkeys([*(program.outputs if region.start == 0 else ()), *values])
    return [x for x in found if x < len(program.inputs)]
