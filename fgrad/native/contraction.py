"""Contraction: a product that is only added to something becomes one instruction with the sum.

It is decided here, by the program alone, and not left to LLVM: so the same program gives the same
bits at every level of optimisation, in vectors of every width, and for one row as for many.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from fgrad import operations as ops
from fgrad.op import Op, Ternary
from fgrad.passes import used
from fgrad.program import Line, Program, placed

if TYPE_CHECKING:
    from fgrad.native.machine import Machine


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


def rounded(program: Program, machine: Machine, *, exact: bool) -> Program:
    """The program as it is rounded on a machine: contracted where that can be and may be."""
    return contracted(program) if machine.fma and not exact else program


def contracted(program: Program) -> Program:
    """The program with `fused` for the sum of a product that nothing else uses, and something.

    >>> import fgrad as fg
    >>> contracted(fg.trace(lambda x, y: x * y + 1.0)(2.0, 3.0)).lines
    ((<Ternary fused>, (0, 1, 1.0)),)
    """
    inputs = len(program.inputs)
    products = _products(program)
    place: list[Any] = list(range(inputs))
    lines: list[Line] = []

    def write(op: Op, args: tuple[Any, ...]) -> int:
        lines.append((op, args))
        return inputs + len(lines) - 1

    def minus(a: Any) -> Any:
        return -a if type(a) is float else write(ops.neg, (a,))

    for op, args in program.lines:
        given = placed(args, place)
        sum_ = op is ops.add or op is ops.sub
        if sum_ and args[1] in products and type(args[1]) is int:
            x, y = placed(products[args[1]], place)
            x = minus(x) if op is ops.sub else x
            place.append(write(fused, (x, y, given[0])))
        elif sum_ and args[0] in products and type(args[0]) is int:
            z = minus(given[1]) if op is ops.sub else given[1]
            place.append(write(fused, (*placed(products[args[0]], place), z)))
        else:
            place.append(write(op, given))
    return used(Program(program.inputs, tuple(lines), tuple([place[i] for i in program.outputs])))


def _products(program: Program) -> dict[int, tuple[Any, Any]]:
    """The factors of each product that is used once."""
    uses, kept = program.uses, set(program.outputs)
    products = {}
    for value, (op, args) in enumerate(program.lines, len(program.inputs)):
        alone = uses[value] == 1 and value not in kept
        if alone and (op is ops.mul or op is ops.square):
            products[value] = (args[0], args[-1])
    return products
