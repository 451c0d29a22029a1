"""Exact algebra: what a line can be written as more simply, with every bit of its result kept.

Never `x * 0`, `x - x`, `x + 0.0` or another order of a sum: those change floats. And never
`stop_gradient(x)`: that is x, but what is simplified may yet be differentiated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from fgrad import operations as ops
from fgrad.op import Op
from fgrad.program import Line

Arg: TypeAlias = int | float | bool
Args: TypeAlias = tuple[Arg, ...]
Form: TypeAlias = "Arg | Line | None"
"""What a rule makes of a line: a value that is there, another line, or None to leave it."""
Definition: TypeAlias = Callable[[Arg], Line | None]


def _is(arg: Arg, literal: float) -> bool:
    """Whether it is this literal, the sign of zero included."""
    return (
        type(arg) is float
        and arg == literal
        and math.copysign(1.0, arg) == math.copysign(1.0, literal)
    )


def _negated(line: Line | None) -> Arg | None:
    """What a line is the negative of, if it is one."""
    return line[1][0] if line is not None and line[0] is ops.neg else None


def _add(args: Args, line: Definition) -> Form:
    x, y = args
    if _is(y, -0.0):
        return x
    if _is(x, -0.0):
        return y
    if (negated := _negated(line(y))) is not None:
        return ops.sub, (x, negated)
    if (negated := _negated(line(x))) is not None:
        return ops.sub, (y, negated)
    return None


def _sub(args: Args, line: Definition) -> Form:
    x, y = args
    if _is(y, 0.0):
        return x
    negated = _negated(line(y))
    return None if negated is None else (ops.add, (x, negated))


def _mul(args: Args, line: Definition) -> Form:
    for one, other in (args, args[::-1]):
        if _is(one, 1.0):
            return other
        if _is(one, -1.0):
            return ops.neg, (other,)
    return None


def _div(args: Args, line: Definition) -> Form:
    x, y = args
    if _is(y, 1.0):
        return x
    if _is(y, -1.0):
        return ops.neg, (x,)
    return (ops.reciprocal, (y,)) if _is(x, 1.0) else None


def _pow(args: Args, line: Definition) -> Form:
    x, y = args
    return (ops.square, (x,)) if _is(y, 2.0) else None


def _neg(args: Args, line: Definition) -> Form:
    return _negated(line(args[0]))


def _where(args: Args, line: Definition) -> Form:
    condition, x, y = args
    if type(condition) is bool:
        return x if condition else y
    if type(x) is type(y) and (x is y or (type(x) is int and x == y)):
        return x
    inner = line(condition)
    return (ops.where, (inner[1][0], y, x)) if inner and inner[0] is ops.logical_not else None


def _not(args: Args, line: Definition) -> Form:
    inner = line(args[0])
    if inner and inner[0] is ops.logical_not:
        return inner[1][0]
    return None


def _and(args: Args, line: Definition) -> Form:
    for one, other in (args, args[::-1]):
        if type(one) is bool:
            return other if one else False
    return args[0] if args[0] == args[1] else None


def _or(args: Args, line: Definition) -> Form:
    for one, other in (args, args[::-1]):
        if type(one) is bool:
            return True if one else other
    return args[0] if args[0] == args[1] else None


def _same(args: Args, line: Definition) -> Form:
    return args[0]


Rule: TypeAlias = Callable[[Args, Definition], Form]

EXACT: Final[Mapping[Op, Rule]] = MappingProxyType(
    {
        ops.add: _add,
        ops.sub: _sub,
        ops.mul: _mul,
        ops.div: _div,
        ops.pow: _pow,
        ops.neg: _neg,
        ops.where: _where,
        ops.logical_not: _not,
        ops.logical_and: _and,
        ops.logical_or: _or,
        ops.identity: _same,
    }
)
