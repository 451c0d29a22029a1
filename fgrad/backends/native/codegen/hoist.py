"""A program over rows in two: what is computed once, and what is computed for each row."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import attrs

from fgrad.program.program import Instruction, Program, placed


@attrs.frozen
class Split:
    """The two programs, and where the outputs come from."""

    once: Program
    """From the inputs that are the same in each row to the numbers that rows need, and that are outputs."""
    each: Program
    """From the columns, and then those numbers, to the outputs that differ from row to row."""
    truths: tuple[bool, ...]
    """For each number that comes of `once`, whether it is a truth value."""
    outputs: tuple[tuple[bool, int], ...]
    """For each output whether it differs from row to row, and its number among those of its program."""

    @classmethod
    def of(cls, program: Program, wide: Sequence[bool]) -> Split:
        """The split for inputs of which those marked in `wide` are columns.

        >>> import fgrad as fg
        >>> split = Split.of(fg.trace(lambda x, k: fg.exp(k) * x)(0.0, 0.0), (True, False))
        >>> split.once.instructions, split.each.instructions
        (((<Unary exp>, (0,)),), ((<Binary mul>, (1, 0)),))
        """
        varies = list(wide)
        truth = program.truths
        for _, args in program.instructions:
            varies.append(any(varies[a] for a in args if type(a) is int))
        narrow = [i for i, w in enumerate(wide) if not w]
        columns = [i for i, w in enumerate(wide) if w]
        needed = _crossing(program, varies)
        once = _part(program, narrow, needed, varies, wide=False)
        last = [i for i in program.outputs if varies[i]]
        each = _part(program, [*columns, *needed], last, varies, wide=True)
        following = count()
        outputs = [
            (True, next(following)) if varies[i] else (False, needed.index(i))
            for i in program.outputs
        ]
        return cls(once, each, tuple([truth[v] for v in needed]), tuple(outputs))


def _crossing(program: Program, varies: Sequence[bool]) -> list[int]:
    """The values that are the same in each row and that rows need, or that are outputs."""
    needed: dict[int, None] = {}
    for value, (_, args) in enumerate(program.instructions, len(program.inputs)):
        if varies[value]:
            needed |= dict.fromkeys(a for a in args if type(a) is int and not varies[a])
    needed |= dict.fromkeys(i for i in program.outputs if not varies[i])
    return sorted(needed)


def _part(
    program: Program,
    inputs: Sequence[int],
    outputs: Sequence[int],
    varies: Sequence[bool],
    *,
    wide: bool,
) -> Program:
    """The lines of one kind as a program from these values to those."""
    place = {value: k for k, value in enumerate(inputs)}
    lines: list[Instruction] = []
    for value, (op, args) in enumerate(program.instructions, len(program.inputs)):
        if varies[value] == wide:
            place[value] = len(inputs) + len(lines)
            lines.append((op, placed(args, place)))
    names = tuple(f"x{k}" for k in range(len(inputs)))
    return Program(names, tuple(lines), tuple([place[v] for v in outputs]))
