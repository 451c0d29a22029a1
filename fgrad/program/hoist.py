"""Hoisting: a program over rows is split into what is the same in each row, and what varies."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import attrs

from fgrad.program.program import Instruction, Program, placed


@attrs.frozen
class Split:
    """The two programs, and which of them each output comes from."""

    hoisted: Program
    """From the inputs that are the same in each row to the numbers that rows need, or that are outputs."""
    per_row: Program
    """From the columns and then those numbers to the outputs that vary."""
    truths: tuple[bool, ...]
    """Whether each result of `hoisted` is a boolean."""
    outputs: tuple[tuple[bool, int], ...]
    """For each output whether it varies, and its index among the outputs of its program."""

    @classmethod
    def of(cls, program: Program, wide: Sequence[bool]) -> Split:
        """The split of a program, of whose inputs those marked in `wide` are columns.

        >>> import fgrad as fg
        >>> split = Split.of(fg.trace(lambda x, k: fg.exp(k) * x)(0.0, 0.0), (True, False))
        >>> split.hoisted.instructions, split.per_row.instructions
        (((<Unary exp>, (0,)),), ((<Binary mul>, (1, 0)),))
        """
        varies = list(wide)
        truth = program.truths
        for _, args in program.instructions:
            varies.append(any(varies[a] for a in args if type(a) is int))
        narrow = [i for i, w in enumerate(wide) if not w]
        columns = [i for i, w in enumerate(wide) if w]
        needed = _crossing(program, varies)
        hoisted = _part(program, narrow, needed, varies, wide=False)
        last = [i for i in program.outputs if varies[i]]
        per_row = _part(program, [*columns, *needed], last, varies, wide=True)
        following = count()
        outputs = [
            (True, next(following)) if varies[i] else (False, needed.index(i))
            for i in program.outputs
        ]
        return cls(hoisted, per_row, tuple([truth[v] for v in needed]), tuple(outputs))


def _crossing(program: Program, varies: Sequence[bool]) -> list[int]:
    """The hoisted values that rows need, or that are outputs."""
    needed = {i for i in program.outputs if not varies[i]}
    for value, (_, args) in enumerate(program.instructions, len(program.inputs)):
        if varies[value]:
            needed.update([a for a in args if type(a) is int and not varies[a]])
    return sorted(needed)


def _part(
    program: Program,
    inputs: Sequence[int],
    outputs: Sequence[int],
    varies: Sequence[bool],
    *,
    wide: bool,
) -> Program:
    """The instructions of one kind as a program from these values to those."""
    place = {value: k for k, value in enumerate(inputs)}
    instructions: list[Instruction] = []
    for value, (op, args) in enumerate(program.instructions, len(program.inputs)):
        if varies[value] == wide:
            place[value] = len(inputs) + len(instructions)
            instructions.append((op, placed(args, place)))
    names = tuple(f"x{k}" for k in range(len(inputs)))
    return Program(names, tuple(instructions), tuple([place[v] for v in outputs]))
