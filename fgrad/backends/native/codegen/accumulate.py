"""Sums over rows as a program: each total is an input, and the total with a vector of rows added an output."""

from __future__ import annotations

from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op
from fgrad.program.program import Instruction, Program, placed


def accumulating(program: Program) -> Program:
    """The program that adds its outputs to totals if the row counts.

    Further inputs are a number that is above 0 if it does, and the totals. Whether it counts is the
    first instruction. An output that is true adds 1.

    >>> import fgrad as fg
    >>> program = accumulating(fg.trace(lambda x: fg.exp(x))(0.0))
    >>> program.inputs, [op.name for op, _ in program.instructions], program.run((0.0, 1.0, 5.0))
    (('x', 'counts', 'total 0'), ['greater', 'exp', 'where', 'add'], (6.0,))
    """
    inputs, truths = len(program.inputs), program.truths
    outputs: dict[int, list[int]] = {}
    for k, value in enumerate(program.outputs):
        outputs.setdefault(value, []).append(inputs + 1 + k)
    names = (*program.inputs, "counts", *[f"total {k}" for k in range(len(program.outputs))])
    place = list(range(inputs))
    lines: list[Instruction] = []
    totals: dict[int, int] = {}

    def write(op: Op, *args: float) -> int:
        lines.append((op, args))
        return len(names) + len(lines) - 1

    def give(value: int) -> None:
        number = write(ops.where, place[value], 1.0, 0.0) if truths[value] else place[value]
        counted = write(ops.where, counts, number, 0.0)
        for total in outputs[value]:
            totals[total] = write(ops.add, counted, total)

    counts = write(ops.greater, inputs, 0.0)
    for value in [value for value in outputs if value < inputs]:
        give(value)
    for value, (op, args) in enumerate(program.instructions, inputs):
        place.append(write(op, *placed(args, place)))
        if value in outputs:
            give(value)
    return Program(names, tuple(lines), tuple([totals[k] for k in sorted(totals)]))
