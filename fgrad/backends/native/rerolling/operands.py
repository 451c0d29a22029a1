"""Operands of a loop body: what each argument is, in terms of one iteration, and what vectors can compute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import attrs
import numpy as np

from fgrad.backends.native.ir.builder import double
from fgrad.backends.native.rerolling.instruction_table import NONE, TRUTH, VALUE, InstructionTable
from fgrad.backends.native.rerolling.partition import Region
from fgrad.ops.primitive import Op
from fgrad.program.program import Program

if TYPE_CHECKING:
    from fgrad.backends.buffers.inputs import Array


@attrs.frozen
class SameIteration:
    """The result of an instruction of the same iteration."""

    index: int


@attrs.frozen
class Carried:
    """A loop-carried value: the result of an instruction some iterations ago, and what it is in the first ones."""

    index: int
    distance: int
    initial: tuple[int | str, ...]
    """For each of the first iterations the number of a live-in value, or a literal of IR."""


@attrs.frozen
class LiveIn:
    """Values from before the loop, the number of one for each iteration."""

    values: tuple[int, ...]


@attrs.frozen
class Constant:
    """The literal of each iteration in IR, or one for all; where they differ, booleans are doubles."""

    literals: tuple[str, ...]
    truth: bool


Operand: TypeAlias = SameIteration | Carried | LiveIn | Constant


def operands(region: Region, table: InstructionTable) -> tuple[tuple[Operand, ...], ...]:
    """The operands of each instruction of a loop that `find_loops` has found."""
    shape = region.trips, region.period, -1
    kinds, values, literals = (
        x[region.start : region.end].reshape(shape)
        for x in (table.kinds, table.values, table.literals)
    )
    first = table.inputs + region.start
    return tuple(
        tuple(
            _operand(kinds[:, j, s], values[:, j, s], literals[:, j, s], first, region)
            for s in range(kinds.shape[2])
            if kinds[-1, j, s] != NONE
        )
        for j in range(region.period)
    )


def _operand(kinds: Array, values: Array, literals: Array, first: int, region: Region) -> Operand:
    if kinds[-1] != VALUE:
        bits, truth = literals.view(np.int64), bool(kinds[-1] == TRUTH)
        if (bits == bits[0]).all():
            return Constant((_literal(literals[0], truth=truth),), truth)
        return Constant(tuple(map(double, literals.tolist())), truth)
    last = int(values[-1])
    if last < first:
        return LiveIn(tuple(values.tolist()))
    iteration, index = divmod(last - first, region.period)
    distance = region.trips - 1 - iteration
    if distance == 0:
        return SameIteration(index)
    initial = tuple(
        int(values[k]) if kinds[k] == VALUE else _literal(literals[k], truth=kinds[k] == TRUTH)
        for k in range(distance)
    )
    return Carried(index, distance, initial)


def _literal(x: float, *, truth: bool) -> str:
    if truth:
        return "true" if x else "false"
    return double(float(x))


def as_program(body: Sequence[Sequence[Operand]], operations: Sequence[Op]) -> Program:
    """One iteration as a program, whose inputs are all operands from outside it.

    >>> from fgrad.ops import scalar as ops
    >>> body = ((LiveIn((0, 1)),), (SameIteration(0), LiveIn((0, 1))))
    >>> as_program(body, (ops.sin, ops.add)).instructions
    ((<Unary sin>, (0,)), (<Binary add>, (1, 0)))
    """
    inputs = dict.fromkeys(
        x for operands in body for x in operands if not isinstance(x, SameIteration)
    )
    place: dict[Operand, int] = {x: k for k, x in enumerate(inputs)}
    place |= {SameIteration(k): len(inputs) + k for k in range(len(body))}
    args = [tuple([place[x] for x in operands]) for operands in body]
    names = tuple([f"x{k}" for k in range(len(inputs))])
    return Program(names, tuple(zip(operations, args, strict=True)), ())


@attrs.frozen
class VectorSchedule:
    """An order of the instructions of one iteration in which vectors can compute them.

    Instructions in `before` depend on no loop-carried recurrence, nothing in a recurrence depends
    on those in `after`. Those in `serial` are computed lane after lane.
    """

    before: tuple[int, ...]
    serial: tuple[int, ...]
    after: tuple[int, ...]

    @classmethod
    def of(cls, body: Sequence[Sequence[Operand]]) -> VectorSchedule:
        """The schedule of a loop whose instructions have these operands.

        >>> total = (Carried(1, 1, (0.0,)), SameIteration(0))
        >>> VectorSchedule.of([(), total, (SameIteration(1),)])
        VectorSchedule(before=(0,), serial=(1,), after=(2,))
        """
        needs = [
            {x.index for x in operands if isinstance(x, SameIteration | Carried)}
            for operands in body
        ]
        users: list[set[int]] = [set() for _ in body]
        for line, needed in enumerate(needs):
            for other in needed:
                users[other].add(line)
        before = _independent(range(len(body)), needs, users)
        left = [line for line in range(len(body)) if line not in set(before)]
        after = _independent(left[::-1], users, needs)
        serial = [line for line in left if line not in set(after)]
        return cls(tuple(before), tuple(serial), tuple(after[::-1]))


def _independent(
    instructions: Sequence[int], needs: Sequence[set[int]], users: Sequence[set[int]]
) -> list[int]:
    """Those instructions that need no other instruction but such, in topological order."""
    inside = set(instructions)
    waits = {line: len(needs[line] & inside) for line in instructions}
    order = [line for line in instructions if not waits[line]]
    for line in order:
        for user in sorted(users[line] & inside):
            waits[user] -= 1
            if not waits[user]:
                order.append(user)
    return order
