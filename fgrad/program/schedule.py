"""Scheduling: how long values live, and an order of the lines in which fewer live at once."""

from __future__ import annotations

from collections.abc import Sequence

from fgrad.program.program import Program, placed


def scheduled(program: Program) -> Program:
    """The program with each line as near before its first use as can be, if fewer values live at once.

    Using a value again instead of computing it twice keeps it alive for long; here lines are
    taken depth first from the outputs, the argument that needs more values first (Sethi & Ullman
    1970).
    """
    inputs = len(program.inputs)
    weights = _weights(program)
    order: list[int] = []
    seen = bytearray(inputs + len(program.instructions))
    for output in program.outputs:
        waiting = [(output, False)]
        while waiting:
            value, ready = waiting.pop()
            if value < inputs or (seen[value] and not ready):
                continue
            if ready:
                order.append(value)
                continue
            seen[value] = 1
            waiting.append((value, True))
            args = [a for a in program.instructions[value - inputs][1] if type(a) is int]
            waiting += [(a, False) for a in sorted(args, key=weights.__getitem__)]
    moved = reordered(program, order)
    return moved if peak(moved) < peak(program) else program


def _weights(program: Program) -> list[int]:
    weights = [0] * len(program.inputs)
    for _, args in program.instructions:
        needs = sorted([weights[a] for a in args if type(a) is int], reverse=True)
        weights.append(max((w + i for i, w in enumerate(needs)), default=0) or 1)
    return weights


def by_depth(program: Program) -> list[int]:
    """The values of the lines in the order of how many lines there are on the way to them.

    >>> import fgrad as fg
    >>> program = fg.trace(lambda x: fg.exp(fg.sin(x)) + fg.cos(x))(1.0)
    >>> [op.name for op, _ in program.instructions], by_depth(program)
    (['sin', 'exp', 'cos', 'add'], [1, 3, 2, 4])
    """
    inputs = len(program.inputs)
    depths = [0] * inputs
    for _, args in program.instructions:
        depth = 0
        for a in args:
            if type(a) is int and depths[a] > depth:
                depth = depths[a]
        depths.append(depth + 1)
    return sorted(range(inputs, len(depths)), key=depths.__getitem__)


def reordered(program: Program, order: Sequence[int]) -> Program:
    """The program with its lines, named by their values, in another order."""
    inputs = len(program.inputs)
    place = dict(enumerate(range(inputs)))
    place |= {value: inputs + i for i, value in enumerate(order)}
    lines = []
    for value in order:
        op, args = program.instructions[value - inputs]
        lines.append((op, placed(args, place)))
    return Program(program.inputs, tuple(lines), tuple([place[i] for i in program.outputs]))


def last_uses(program: Program) -> list[int]:
    """For each value the number of the last line that uses it; outputs are used at the end.

    A line that nothing uses is its own last use.
    """
    inputs = len(program.inputs)
    last = [-1] * inputs + list(range(len(program.instructions)))
    for i, (_, args) in enumerate(program.instructions):
        for a in args:
            if type(a) is int:
                last[a] = i
    for i in program.outputs:
        last[i] = len(program.instructions)
    return last


def peak(program: Program) -> int:
    """How many values live at once at most, the inputs apart until they are used."""
    inputs = len(program.inputs)
    ends = [0] * (len(program.instructions) + 1)
    for value, end in enumerate(last_uses(program)):
        if value >= inputs:
            ends[end] += 1
    live = most = 0
    for i in range(len(program.instructions)):
        live += 1
        most = max(most, live)
        live -= ends[i]
    return most
