"""Equal functions side by side: an order of a program's lines, and what one vector computes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs

from fgrad.backends.native.math.table import FUNCTIONS, SINE_AND_COSINE
from fgrad.backends.native.rerolling.partition import Region
from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op
from fgrad.program.program import Instruction, Program
from fgrad.program.schedule import reordered

WORTH: Final = frozenset(FUNCTIONS) - {
    ops.relu,
    ops.sign,
    ops.maximum,
    ops.minimum,
    ops.clip,
    ops.complement,
}
"""The functions that are longer than what brings numbers into a vector and out of it."""


@attrs.frozen
class Piece:
    """Lines in a row that one call computes, or one line of anything."""

    function: str
    """The name of what is called; empty for what is not worth a vector."""
    lines: range
    calls: tuple[tuple[Any, ...], ...]
    """The arguments in each lane."""

    def lanes(self, lines: Sequence[Instruction]) -> list[int]:
        """The lane of each of its lines: the sine and the cosine of one angle are in the same."""
        if self.function == SINE_AND_COSINE:
            return [self.calls.index(args) for _, args in lines]
        return list(range(len(lines)))


def pieces(lines: Sequence[Instruction], first: int, width: int) -> Iterator[Piece]:
    """Lines, the first of which has that value, in pieces of so many lanes at most.

    >>> import fgrad as fg
    >>> program = fg.trace(lambda x, y: fg.exp(x) + fg.exp(y))(0.0, 0.0)
    >>> [(piece.function, piece.calls) for piece in pieces(program.instructions, 2, 4)]
    [('exp', ((0,), (1,))), ('', ((2, 3),))]
    """
    angles = _angles(lines)
    start = 0
    while start < len(lines):
        function = _function(lines[start], angles)
        calls = [lines[start][1]]
        end = start + 1
        while function and end < len(lines) and _function(lines[end], angles) == function:
            args = lines[end][1]
            known = function == SINE_AND_COSINE and args in calls
            if (len(calls) == width and not known) or _needs(args, first + start):
                break
            if not known:
                calls.append(args)
            end += 1
        yield Piece(function, range(start, end), tuple(calls))
        start = end


def several(found: Sequence[Piece]) -> set[str]:
    """The functions that are called for a vector: for a single number too, for code of that is there."""
    return {piece.function for piece in found if len(piece.calls) > 1}


def _angles(lines: Sequence[Instruction]) -> set[Any]:
    """What both the sine and the cosine are taken of."""
    sines, cosines = (
        {args[0] for op, args in lines if op is wanted and type(args[0]) is int}
        for wanted in (ops.sin, ops.cos)
    )
    return sines & cosines


def _function(line: Instruction, angles: set[Any]) -> str:
    op, args = line
    if op not in WORTH:
        return ""
    # By its type too, for a constant is equal to the number of some value.
    shared = (op is ops.sin or op is ops.cos) and type(args[0]) is int and args[0] in angles
    return SINE_AND_COSINE if shared else op.name


def _needs(args: Sequence[Any], value: int) -> bool:
    return any(type(a) is int and a >= value for a in args)


def together(
    program: Program, regions: Sequence[Region], width: int, calls: Sequence[Op]
) -> Program:
    """The program with equal functions side by side, within each region that is no loop.

    Operations among `calls` stay in their order, for it shows which of them raises first.

    >>> import fgrad as fg
    >>> from fgrad.backends.native.rerolling.partition import regions
    >>> program = fg.trace(lambda x, y: fg.exp(2.0 * x) + fg.exp(3.0 * y))(0.0, 0.0)
    >>> [op.name for op, _ in together(program, regions(5, 500), 4, ()).instructions]
    ['mul', 'mul', 'exp', 'exp', 'add']
    """
    inputs = len(program.inputs)
    order: list[int] = []
    for region in regions:
        lines, first = program.instructions[region.start : region.end], inputs + region.start
        alone = region.trips == 1
        found = side_by_side(lines, first, width, calls) if alone else range(len(lines))
        order += [first + i for i in found]
    same = order == list(range(inputs, inputs + len(program)))
    return program if same else reordered(program, order)


def side_by_side(
    lines: Sequence[Instruction], first: int, width: int, calls: Sequence[Op]
) -> Sequence[int]:
    """The order of lines, the first of which has that value: each piece behind what it needs."""
    angles = _angles(lines)
    functions = [_function(line, angles) for line in lines]
    if sum(map(bool, functions)) < 2:
        return range(len(lines))
    before = _before(lines, first, calls)
    groups = _groups(functions, before)
    if all(len({lines[i][1] for i in group}) == 1 for group in groups):
        return range(len(lines))
    order: list[int] = []
    there = bytearray(len(lines))
    for group in groups:
        both = functions[group[0]] == SINE_AND_COSINE
        group.sort(key=lambda i: (lines[i][1] if both else (), i))
        # Not the whole group at once: what it needs would have to wait in registers.
        step = 2 * width if both else width
        for k in range(0, len(group), step):
            order += _missing(group[k : k + step], before, there)
    return order + [i for i in range(len(lines)) if not there[i]]


def _before(lines: Sequence[Instruction], first: int, calls: Sequence[Op]) -> list[list[int]]:
    """For each line those of the region that must stand before it."""
    before: list[list[int]] = []
    last: list[int] = []
    for i, (op, args) in enumerate(lines):
        needed = [a - first for a in args if type(a) is int and a >= first]
        if op in calls:
            needed += last
            last = [i]
        before.append(needed)
    return before


def _groups(functions: Sequence[str], before: Sequence[Sequence[int]]) -> list[list[int]]:
    """The lines of equal functions that can be computed at once, in an order that is possible.

    What is no function is done as soon as can be, then the function that most lines are ready for.
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


def _missing(
    piece: Sequence[int], before: Sequence[Sequence[int]], there: bytearray
) -> Sequence[int]:
    """A piece behind what it needs, without what is `there`, where they are marked."""
    found: list[int] = []
    waiting = list(piece)
    for i in piece:
        there[i] = 1
    while waiting:
        for b in before[waiting.pop()]:
            if not there[b]:
                there[b] = 1
                found.append(b)
                waiting.append(b)
    return [*sorted(found), *piece]
