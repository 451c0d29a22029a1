"""Superword-level parallelism: equal functions that are independent are packed into calls on vectors."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

import attrs

from fgrad.backends.native.math.table import BRIEF, FUNCTIONS, SINE_AND_COSINE
from fgrad.backends.native.rerolling.partition import Region
from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op
from fgrad.program.program import Instruction, Program
from fgrad.program.schedule import reordered

PROFITABLE: Final = frozenset(FUNCTIONS) - BRIEF
"""The functions that take longer than moving their arguments and results into and out of vectors."""


@attrs.frozen
class Pack:
    """Consecutive instructions that one call computes, or one instruction of any kind."""

    function: str
    """The name of the function; empty for what is not profitable."""
    instructions: range
    calls: tuple[tuple[Any, ...], ...]
    """The arguments of each lane."""

    def lanes(self, instructions: Sequence[Instruction]) -> list[int]:
        """The lane of each instruction; the sine and the cosine of an angle share one."""
        if self.function == SINE_AND_COSINE:
            return [self.calls.index(args) for _, args in instructions]
        return list(range(len(instructions)))


def packs(instructions: Sequence[Instruction], first: int, width: int) -> Iterator[Pack]:
    """The instructions, the first of which has that value, in packs of at most `width` lanes.

    >>> import fgrad as fg
    >>> program = fg.trace(lambda x, y: fg.exp(x) + fg.exp(y))(0.0, 0.0)
    >>> [(pack.function, pack.calls) for pack in packs(program.instructions, 2, 4)]
    [('exp', ((0,), (1,))), ('', ((2, 3),))]
    """
    angles = shared_angles(instructions)
    functions = [_function(line, angles) for line in instructions]
    start = 0
    while start < len(instructions):
        function = functions[start]
        calls = [instructions[start][1]]
        end = start + 1
        while function and end < len(instructions) and functions[end] == function:
            args = instructions[end][1]
            known = function == SINE_AND_COSINE and args in calls
            if (len(calls) == width and not known) or _needs(args, first + start):
                break
            if not known:
                calls.append(args)
            end += 1
        yield Pack(function, range(start, end), tuple(calls))
        start = end


def vectorised(found: Sequence[Pack]) -> set[str]:
    """The functions that are called on vectors; single calls use the vector code too, since it is there already."""
    return {pack.function for pack in found if len(pack.calls) > 1}


def shared_angles(instructions: Sequence[Instruction]) -> set[Any]:
    """The arguments of which both the sine and the cosine are taken."""
    sines, cosines = (
        {args[0] for op, args in instructions if op is wanted and type(args[0]) is int}
        for wanted in (ops.sin, ops.cos)
    )
    return sines & cosines


def _function(line: Instruction, angles: set[Any]) -> str:
    if line[0] not in PROFITABLE:
        return ""
    return SINE_AND_COSINE if takes_both(line, angles) else line[0].name


def takes_both(line: Instruction, angles: Collection[Any]) -> bool:
    """Whether an instruction is the sine or the cosine of one of the shared angles."""
    op, args = line
    # By type as well, since a literal may equal the number of a value.
    return (op is ops.sin or op is ops.cos) and type(args[0]) is int and args[0] in angles


def _needs(args: Sequence[Any], value: int) -> bool:
    return any(type(a) is int and a >= value for a in args)


def packed(program: Program, regions: Sequence[Region], width: int, calls: Sequence[Op]) -> Program:
    """The program with equal functions adjacent, within each straight-line region.

    Callbacks (`calls`) stay in their order, for it shows which of them raises first.

    >>> import fgrad as fg
    >>> from fgrad.backends.native.rerolling.partition import regions
    >>> program = fg.trace(lambda x, y: fg.exp(2.0 * x) + fg.exp(3.0 * y))(0.0, 0.0)
    >>> [op.name for op, _ in packed(program, regions(5, 500), 4, ()).instructions]
    ['mul', 'mul', 'exp', 'exp', 'add']
    """
    inputs = len(program.inputs)
    order: list[int] = []
    for region in regions:
        instructions, first = program.instructions[region.start : region.end], inputs + region.start
        if region.trips == 1:
            order += [first + i for i in pack_order(instructions, first, width, calls)]
        else:
            order += range(first, first + len(instructions))
    same = order == list(range(inputs, inputs + len(program)))
    return program if same else reordered(program, order)


def pack_order(
    instructions: Sequence[Instruction], first: int, width: int, calls: Sequence[Op]
) -> Sequence[int]:
    """An order of instructions, the first of which has that value, in which those of a pack are adjacent."""
    angles = shared_angles(instructions)
    functions = [_function(line, angles) for line in instructions]
    if sum(map(bool, functions)) < 2:
        return range(len(instructions))
    before = _before(instructions, first, calls)
    groups = _groups(functions, before)
    if all(len({instructions[i][1] for i in group}) == 1 for group in groups):
        return range(len(instructions))
    order: list[int] = []
    scheduled = bytearray(len(instructions))
    for group in groups:
        both = functions[group[0]] == SINE_AND_COSINE
        group.sort(key=lambda i: (instructions[i][1] if both else (), i))
        # Not the whole group at once: its arguments would all be live at the same time.
        step = 2 * width if both else width
        for k in range(0, len(group), step):
            order += _scheduled_pack(group[k : k + step], before, scheduled)
    return order + [i for i in range(len(instructions)) if not scheduled[i]]


def _before(
    instructions: Sequence[Instruction], first: int, calls: Sequence[Op]
) -> list[list[int]]:
    """For each instruction those of the region that must precede it."""
    before: list[list[int]] = []
    last: list[int] = []
    for i, (op, args) in enumerate(instructions):
        needed = [a - first for a in args if type(a) is int and a >= first]
        if op in calls:
            needed += last
            last = [i]
        before.append(needed)
    return before


def _groups(functions: Sequence[str], before: Sequence[Sequence[int]]) -> list[list[int]]:
    """Groups of calls of one function that are independent, in a possible order.

    Other instructions are scheduled as early as possible, then the function for which most calls
    are ready.
    """
    users: list[list[int]] = [[] for _ in before]
    for i, needed in enumerate(before):
        for b in needed:
            users[b].append(i)
    waits = [len(needed) for needed in before]
    groups: list[list[int]] = []
    pools: dict[str, list[int]] = {}
    ready = [i for i, count in enumerate(waits) if not count]
    while ready:
        following: list[int] = []
        for i in ready:
            function = functions[i]
            if function and not (groups and groups[-1] is ready):
                pools.setdefault(function, []).append(i)
                continue
            for user in users[i]:
                waits[user] -= 1
                if not waits[user]:
                    following.append(user)
        ready = following
        if not ready and pools:
            ready = pools.pop(max(pools, key=lambda f: len(pools[f])))
            groups.append(ready)
    return groups


def _scheduled_pack(
    pack: Sequence[int], before: Sequence[Sequence[int]], scheduled: bytearray
) -> Sequence[int]:
    """A pack preceded by what it needs and is not yet `scheduled`; both are marked."""
    found: list[int] = []
    waiting = list(pack)
    for i in pack:
        scheduled[i] = 1
    while waiting:
        for b in before[waiting.pop()]:
            if not scheduled[b]:
                scheduled[b] = 1
                found.append(b)
                waiting.append(b)
    return [*sorted(found), *pack]
