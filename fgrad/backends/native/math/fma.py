"""Contraction: a product whose only use is an addition becomes one fused multiply-add with it.

The program alone decides it, and not LLVM, so that the same program has the same bits at every
optimisation level, at every vector width, and for one row as for many.
"""

from __future__ import annotations

import math
from typing import Any, Final

from fgrad.backends.native.ir.machine import Machine
from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op
from fgrad.ops.signatures import Ternary
from fgrad.program.program import Instruction, Program, placed


def _exactly(x: float, y: float, z: float) -> float:
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(z)):
        return x * y + z
    from fractions import Fraction  # noqa: PLC0415  # only where Python runs it

    exact = Fraction(x) * Fraction(y) + Fraction(z)
    try:
        return float(exact) if exact else x * y + z
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


fused: Final = Ternary("fused", _exactly, None, None, None)
"""x * y + z, rounded once."""


def rounded(program: Program, machine: Machine, *, exact: bool) -> Program:
    """The program as it is rounded on a machine: contracted if the machine has FMA and `exact` is false."""
    return contracted(program) if machine.fma and not exact else program


def contracted(program: Program) -> Program:
    """The program with `fused` for each addition of a product that has no other use.

    >>> import fgrad as fg
    >>> contracted(fg.trace(lambda x, y: x * y + 1.0)(2.0, 3.0)).instructions
    ((<Ternary fused>, (0, 1, 1.0)),)
    """
    chosen = _chosen(program)
    if not chosen:
        return program
    inputs = len(program.inputs)
    inside = {program.instructions[value - inputs][1][side] for value, side in chosen.items()}
    place: list[Any] = list(range(inputs))
    instructions: list[Instruction] = []

    def write(op: Op, args: tuple[Any, ...]) -> int:
        instructions.append((op, args))
        return inputs + len(instructions) - 1

    def minus(a: Any) -> Any:
        return -a if type(a) is float else write(ops.neg, (a,))

    for value, (op, args) in enumerate(program.instructions, inputs):
        if value in inside:
            place.append(None)
        elif value not in chosen:
            place.append(inputs + len(instructions))
            instructions.append((op, placed(args, place)))
        else:
            side = chosen[value]
            factors = program.instructions[int(args[side]) - inputs][1]
            x, y, z = placed((factors[0], factors[-1], args[1 - side]), place)
            if op is ops.sub:
                x, z = (minus(x), z) if side else (x, minus(z))
            place.append(write(fused, (x, y, z)))
    return Program(program.inputs, tuple(instructions), tuple([place[i] for i in program.outputs]))


def _chosen(program: Program) -> dict[int, int]:
    """For each addition to be fused, which of its arguments is the product: of two products, the second."""
    products = _products(program)
    chosen = {}
    for value, (op, args) in enumerate(program.instructions, len(program.inputs)):
        if op is ops.add or op is ops.sub:
            # By type as well, since a literal may equal the number of a value.
            for side in (1, 0):
                if type(args[side]) is int and args[side] in products:
                    chosen[value] = side
                    break
    return chosen


def _products(program: Program) -> set[int]:
    """The products that have exactly one use."""
    uses = program.uses
    once = {
        value
        for value, (op, _) in enumerate(program.instructions, len(program.inputs))
        if uses[value] == 1 and (op is ops.mul or op is ops.square)
    }
    return once.difference(program.outputs)
