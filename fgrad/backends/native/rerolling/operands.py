"""What the lines of a loop work on: each argument, in the terms of one time round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import attrs
import numpy as np

from fgrad.backends.native.ir.builder import double
from fgrad.backends.native.rerolling.lineup import NONE, TRUTH, VALUE, Lineup
from fgrad.backends.native.rerolling.partition import Window
from fgrad.ops.primitive import Op
from fgrad.program.program import Program

if TYPE_CHECKING:
    from fgrad.backends.buffers.inputs import Array


@attrs.frozen
class Here:
    """The value of a line of the same time round."""

    line: int


@attrs.frozen
class Before:
    """The value of a line some times before, and what stands for it in the first times."""

    line: int
    times: int
    firsts: tuple[int | str, ...]
    """By number of the time: the number of a value from before the loop, or a literal of IR."""


@attrs.frozen
class Outside:
    """Values from before the loop: the number of one for each time round."""

    numbers: tuple[int, ...]


@attrs.frozen
class Constant:
    """The literal of each time round in IR, or one for all; several truth values are doubles."""

    literals: tuple[str, ...]
    truth: bool


Operand: TypeAlias = Here | Before | Outside | Constant


def operands(window: Window, lineup: Lineup) -> tuple[tuple[Operand, ...], ...]:
    """The arguments of each line of a loop that `repeats` has found."""
    shape = window.count, window.period, -1
    kinds, values, literals = (
        x[window.start : window.end].reshape(shape)
        for x in (lineup.kinds, lineup.values, lineup.literals)
    )
    first = lineup.inputs + window.start
    return tuple(
        tuple(
            _operand(kinds[:, j, s], values[:, j, s], literals[:, j, s], first, window)
            for s in range(kinds.shape[2])
            if kinds[-1, j, s] != NONE
        )
        for j in range(window.period)
    )


def _operand(kinds: Array, values: Array, literals: Array, first: int, window: Window) -> Operand:
    if kinds[-1] != VALUE:
        bits, truth = literals.view(np.int64), bool(kinds[-1] == TRUTH)
        if (bits == bits[0]).all():
            return Constant((_literal(literals[0], truth=truth),), truth)
        return Constant(tuple(map(double, literals.tolist())), truth)
    last = int(values[-1])
    if last < first:
        return Outside(tuple(values.tolist()))
    times, line = divmod(last - first, window.period)
    times = window.count - 1 - times
    if times == 0:
        return Here(line)
    firsts = tuple(
        int(values[k]) if kinds[k] == VALUE else _literal(literals[k], truth=kinds[k] == TRUTH)
        for k in range(times)
    )
    return Before(line, times, firsts)


def _literal(x: float, *, truth: bool) -> str:
    if truth:
        return "true" if x else "false"
    return double(float(x))


def as_program(body: Sequence[Sequence[Operand]], operations: Sequence[Op]) -> Program:
    """One time round as a program, whose inputs are all that does not come from itself.

    >>> from fgrad.ops import scalar as ops
    >>> body = ((Outside((0, 1)),), (Here(0), Outside((0, 1))))
    >>> as_program(body, (ops.sin, ops.add)).instructions
    ((<Unary sin>, (0,)), (<Binary add>, (1, 0)))
    """
    given = dict.fromkeys(x for operands in body for x in operands if not isinstance(x, Here))
    place: dict[Operand, int] = {x: k for k, x in enumerate(given)}
    lines = [
        (op, tuple([len(place) + x.line if isinstance(x, Here) else place[x] for x in operands]))
        for op, operands in zip(operations, body, strict=True)
    ]
    return Program(tuple([f"x{k}" for k in range(len(place))]), tuple(lines), ())
