"""Contraction: a product that is only added to something becomes one instruction with the sum.

It is decided here, by the program alone, and not left to LLVM: so the same program gives the same
bits at every level of optimisation, in vectors of every width, and for one row as for many.
"""

from __future__ import annotations

import math
from typing import Any, Final

from fgrad import operations as ops
from fgrad.op import Ternary
from fgrad.passes import used
from fgrad.program import Line, Program, placed


def _exactly(x: float, y: float, z: float) -> float:
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(z)):
        return x * y + z
    product = x * y
    return math.fsum((product, z)) if math.isinf(product) else _rounded_once(x, y, z)


def _rounded_once(x: float, y: float, z: float) -> float:
    from fractions import Fraction  # noqa: PLC0415  # only where someone asks for the meaning

    exact = Fraction(x) * Fraction(y) + Fraction(z)
    return float(exact) if exact else x * y + z


fused: Final = Ternary("fused", _exactly, None, None, None)
"""x * y + z, rounded once."""


def contracted(program: Program) -> Program:
    """The program with `fused` for the sum of a product that nothing else uses, and something.

    >>> import fgrad as fg
    >>> contracted(fg.trace(lambda x, y: x * y + 1.0)(2.0, 3.0)).lines
    ((<Ternary fused>, (0, 1, 1.0)),)
    """
    inputs = len(program.inputs)
    uses = _uses(program)
    place: list[Any] = list(range(inputs))
    lines: list[Line] = []

    def product(a: Any) -> tuple[Any, Any] | None:
        if type(a) is not int or a < inputs or uses[a] != 1:
            return None
        op, args = program.lines[a - inputs]
        if op is ops.mul:
            return args
        return (args[0], args[0]) if op is ops.square else None

    def write(op: Any, args: tuple[Any, ...]) -> int:
        lines.append((op, args))
        return inputs + len(lines) - 1

    for op, args in program.lines:
        x_y = product(args[-1]) if op is ops.add or op is ops.sub else None
        first = product(args[0]) if x_y is None and (op is ops.add or op is ops.sub) else None
        if x_y is not None:
            x, y = placed(x_y, place)
            if op is ops.sub:
                x = -x if type(x) is float else write(ops.neg, (x,))
            place.append(write(fused, (x, y, placed(args, place)[0])))
        elif first is not None:
            z = placed(args, place)[1]
            if op is ops.sub:
                z = -z if type(z) is float else write(ops.neg, (z,))
            place.append(write(fused, (*placed(first, place), z)))
        else:
            place.append(write(op, placed(args, place)))
    return used(Program(program.inputs, tuple(lines), tuple([place[i] for i in program.outputs])))


def _uses(program: Program) -> list[int]:
    """How often each value is used, as an output too."""
    uses = [0] * (len(program.inputs) + len(program.lines))
    for _, args in program.lines:
        for a in args:
            if type(a) is int:
                uses[a] += 1
    for i in program.outputs:
        uses[i] += 1
    return uses
