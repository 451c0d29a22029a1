"""Scheduling: how long values live, and an order of instructions in which fewer live at once."""

from __future__ import annotations

from collections.abc import Sequence

from fgrad.program.program import Program, placed


def scheduled(program: Program) -> Program:
    """The program with instructions shortly before their first use, if fewer values live at once.

    A value that is used again instead of being computed twice lives long. Here instructions are
    ordered depth first from the outputs, the argument that needs more values first (Sethi & Ullman
    1970).
    """
    inputs = len(program.inputs)
    weights = _weights(program)
    order: list[int] = []
    seen = bytearray(inputs + len(program.instructions))
    for output in program.outputs:
        stack = [(output, False)]
        while stack:
            value, ready = stack.pop()
            if value < inputs or (seen[value] and not ready):
                continue
            if ready:
                order.append(value)
                continue
            seen[value] = 1
            stack.append((value, True))
            args = [a for a in program.instructions[value - inputs][1] if type(a) is int]
            stack += [(a, False) for a in sorted(args, key=weights.__getitem__)]
    moved = reordered(program, order)
    return moved if peak(moved) < peak(program) else program


def _weights(program: Program) -> list[int]:
    weights = [0] * len(program.inputs)
    for _, args in program.instructions:
        needs = sorted([weights[a] for a in args if type(a) is int], reverse=True)
        weights.append(max((w + i for i, w in enumerate(needs)), default=0) or 1)
    return weights


def by_depth(program: Program) -> list[int]:
    """The values of the instructions, ordered by the length of the longest chain that leads to them.

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
    """The program with its instructions, given by their values, in another order."""
    inputs = len(program.inputs)
    place = dict(enumerate(range(inputs)))
    place |= {value: inputs + i for i, value in enumerate(order)}
    instructions = []
    for value in order:
        op, args = program.instructions[value - inputs]
        instructions.append((op, placed(args, place)))
    return Program(program.inputs, tuple(instructions), tuple([place[i] for i in program.outputs]))


def last_uses(program: Program) -> list[int]:
    """For each value the number of the last instruction that uses it; outputs are used at the end.

    The last use of a value that is never used is its own instruction.
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
    """The greatest number of values that live at once, without the inputs."""
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
