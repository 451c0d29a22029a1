"""Exact algebra: rules that simplify an instruction and keep every bit of its result.

Never `x * 0`, `x - x`, `x + 0.0` or another order of a sum: those change floats. And never
`stop_gradient(x)`: that is x, but what is simplified may yet be differentiated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op
from fgrad.program.program import Instruction

Arg: TypeAlias = int | float | bool
Args: TypeAlias = tuple[Arg, ...]
Form: TypeAlias = "Arg | Instruction | None"
"""The result of a rule: a value that is there, another instruction, or None to leave it."""
Definitions: TypeAlias = Sequence[Instruction | None]
"""The instruction of each value; inputs have none."""


def is_literal(arg: Arg, literal: float) -> bool:
    """Whether it is this literal, the sign of zero included."""
    return (
        type(arg) is float
        and arg == literal
        and math.copysign(1.0, arg) == math.copysign(1.0, literal)
    )


# Rules that look at the arguments, one of which is a literal.


def _add_zero(args: Args) -> Form:
    x, y = args
    if is_literal(y, -0.0):
        return x
    return y if is_literal(x, -0.0) else None


def _mul(args: Args) -> Form:
    for one, other in (args, args[::-1]):
        if is_literal(one, 1.0):
            return other
        if is_literal(one, -1.0):
            return ops.neg, (other,)
    return None


def _div(args: Args) -> Form:
    x, y = args
    if is_literal(y, 1.0):
        return x
    if is_literal(y, -1.0):
        return ops.neg, (x,)
    return (ops.reciprocal, (y,)) if is_literal(x, 1.0) else None


def _known_choice(args: Args) -> Form:
    condition, x, y = args
    if type(condition) is bool:
        return x if condition else y
    return None


def _and(args: Args) -> Form:
    for one, other in (args, args[::-1]):
        if type(one) is bool:
            return other if one else False
    return None


def _or(args: Args) -> Form:
    for one, other in (args, args[::-1]):
        if type(one) is bool:
            return True if one else other
    return None


# Rules that look at how the arguments are computed, or whether they are the same.


def _inside(arg: Arg, defined: Definitions, op: Op) -> Arg | None:
    """The argument of `op`, if `arg` is the result of `op`."""
    found = defined[arg] if type(arg) is int else None
    return found[1][0] if found is not None and found[0] is op else None


def _add(args: Args, defined: Definitions) -> Form:
    for one, other in (args, args[::-1]):
        if (negated := _inside(other, defined, ops.neg)) is not None:
            return ops.sub, (one, negated)
    return None


def _sub(args: Args, defined: Definitions) -> Form:
    x, y = args
    negated = _inside(y, defined, ops.neg)
    return None if negated is None else (ops.add, (x, negated))


def _where(args: Args, defined: Definitions) -> Form:
    condition, x, y = args
    if type(x) is type(y) and (x is y or (type(x) is int and x == y)):
        return x
    inner = _inside(condition, defined, ops.logical_not)
    return None if inner is None else (ops.where, (inner, y, x))


def _both(args: Args, defined: Definitions) -> Form:
    return args[0] if args[0] == args[1] else None


OF_LITERALS: Final[Mapping[Op, Callable[[Args], Form]]] = MappingProxyType(
    {
        ops.add: _add_zero,
        ops.sub: lambda args: args[0] if is_literal(args[1], 0.0) else None,
        ops.mul: _mul,
        ops.div: _div,
        ops.pow: lambda args: (ops.square, args[:1]) if is_literal(args[1], 2.0) else None,
        ops.where: _known_choice,
        ops.logical_and: _and,
        ops.logical_or: _or,
    }
)
"""Rules for instructions with a literal among their arguments."""

OF_DEFINITIONS: Final[Mapping[Op, Callable[[Args, Definitions], Form]]] = MappingProxyType(
    {
        ops.add: _add,
        ops.sub: _sub,
        ops.neg: lambda args, defined: _inside(args[0], defined, ops.neg),
        ops.where: _where,
        ops.logical_not: lambda args, defined: _inside(args[0], defined, ops.logical_not),
        ops.logical_and: _both,
        ops.logical_or: _both,
        ops.identity: lambda args, defined: args[0],
    }
)
"""Rules for instructions that no rule for literals changes."""
