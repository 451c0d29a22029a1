"""Guards of products put on one of the factors, for outputs that are only added up.

The derivative of a branch is `where(condition, x * y, 0.0)`, and not `where(condition, x, 0.0) * y`,
which is nan where `y` is infinite and the branch not taken. But one guarded factor does for many
products, each of which then is one instruction with the sum that it goes to. Where all on the way
to a sum hand a nan on, a sum that is finite has had none, and is the right one bit for bit. Other
sums must be made again without this.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import product
from typing import Any, Final, TypeAlias

import attrs

from fgrad.backends.native.math.fma import fused
from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op
from fgrad.program.algebra import is_literal
from fgrad.program.passes import used
from fgrad.program.program import Instruction, Program, placed

HONEST: Final[frozenset[Op]] = frozenset(
    {ops.add, ops.sub, ops.neg, ops.mul, ops.square, ops.identity, fused}
)
"""What is nan of a nan, and of a zero of the other sign the same up to the sign of a zero, or nan."""

TAME: Final = HONEST | {
    ops.where, ops.abs, ops.sign, ops.relu, ops.maximum, ops.minimum, ops.clip, ops.hypot,
    ops.sin, ops.cos, ops.atan, ops.tanh, ops.sigmoid, ops.bell, ops.softplus, ops.erf, ops.gauss,
}  # fmt: skip
"""What is finite of all numbers but the largest, so that hardly any sums have to be made twice."""

DEPTH: Final = 4
"""Products within products through which guards are moved."""
APART: Final = 8
"""Conditions that a guard may have apart; more stay the one condition that they are together.

A loss of n branches within each other has n guards of up to n conditions.
"""
KNOWN: Final = 16
"""Conditions that are known of a value: to know fewer only leaves guards that could be spared."""

Conditions: TypeAlias = tuple[int, ...]
Guard: TypeAlias = tuple[Conditions, int]
"""Conditions, all of which must hold, and a value that is 0 where one does not."""


def loosened(program: Program, counts: int) -> Program:
    """The program with guards on factors, if all that goes to its outputs is guarded by `counts`.

    >>> import fgrad as fg
    >>> from fgrad.backends.native.codegen.accumulate import summing
    >>> slopes = fg.gradient(lambda w, x, y: fg.relu(1.0 - y * (w[0] * x[0] + w[1] * x[1])))
    >>> whole = summing(fg.trace(slopes)([1.0] * 2, [1.0] * 2, 1.0))
    >>> programs = whole, loosened(whole, len(whole.inputs))
    >>> [[op.name for op, _ in p.instructions].count("where") for p in programs]
    [4, 1]
    """
    guards = _guards(program, counts)
    return _Moving(program, guards, _zeros(program, guards), _tame(program)).moved()


@attrs.frozen(eq=False)
class _Moving:
    """A program as it is written again."""

    program: Program
    guards: Mapping[int, Guard]
    zeros: Sequence[frozenset[int]]
    """For each value the conditions without any of which it is 0, or nan."""
    tame: Sequence[bool]
    often: Counter[tuple[int, int]] = attrs.field(factory=Counter, init=False)
    """How many products that are guarded by a condition have each value as a factor."""
    counted: set[tuple[int, int]] = attrs.field(factory=set, init=False)
    lines: list[Instruction] = attrs.field(factory=list, init=False)
    place: list[int] = attrs.field(factory=list, init=False)
    written: dict[Guard, int] = attrs.field(factory=dict, init=False)
    joined: dict[Conditions, int] = attrs.field(factory=dict, init=False)

    def moved(self) -> Program:
        """The program with its guards moved."""
        program, place = self.program, self.place
        self._count()
        place.extend(range(len(program.inputs)))
        for value, (op, args) in enumerate(program.instructions, len(place)):
            moved = self.guards.get(value)
            place.append(self._guarded(*moved) if moved else self._write(op, placed(args, place)))
        outputs = tuple([place[i] for i in program.outputs])
        return used(Program(program.inputs, tuple(self.lines), outputs))

    def _factors(self, value: int) -> list[tuple[int, Any]]:
        """The factors that may be guarded instead of a product, each with the other."""
        op, args = self._line(value)
        sides = (args, args[::-1]) if op is ops.mul else ()
        return [(x, y) for x, y in sides if type(x) is int and _is_tame(y, self.tame)]

    def _line(self, value: int) -> tuple[Any, tuple[Any, ...]]:
        line = value - len(self.program.inputs)
        return self.program.instructions[line] if line >= 0 else (None, ())

    def _count(self) -> None:
        """Count the products that guards come to, those next to a guard first."""
        waiting = [(c, value) for conditions, value in self.guards.values() for c in conditions]
        for _ in range(DEPTH):
            following = []
            for pair in waiting:
                if pair not in self.counted:
                    self.counted.add(pair)
                    condition, value = pair
                    inner = [(condition, factor) for factor, _ in self._factors(value)]
                    self.often.update(inner)
                    following += inner
            waiting = following

    def _guarded(self, conditions: Conditions, value: int, depth: int = 0) -> int:
        """The value, 0 where not all conditions hold.

        At the top, a product has them all on a factor, below that those that are there for others.
        """
        conditions = tuple([c for c in conditions if c not in self.zeros[value]])
        guard, made = (conditions, value), self.place[value]
        if guard in self.written:
            return self.written[guard]
        if (factors := self._factors(value)) and depth < DEPTH:
            x, y = max(factors, key=lambda f: sum([self.often[c, f[0]] for c in conditions]))
            inner = tuple([c for c in conditions if not depth or self.often[c, x] > 1])
            if inner:
                first = self._guarded(inner, x, depth + 1)
                made = self._write(ops.mul, (first, *placed((y,), self.place)))
                conditions = tuple([c for c in conditions if c not in inner])
        if conditions:
            made = self._write(ops.where, (self._all(conditions), made, 0.0))
        self.written[guard] = made
        return made

    def _all(self, conditions: Conditions) -> int:
        """Whether all conditions hold."""
        whole = self.place[conditions[0]]
        for k, condition in enumerate(conditions[1:], 2):
            if conditions[:k] not in self.joined:
                args = whole, self.place[condition]
                self.joined[conditions[:k]] = self._write(ops.logical_and, args)
            whole = self.joined[conditions[:k]]
        return whole

    def _write(self, op: Op, args: tuple[Any, ...]) -> int:
        self.lines.append((op, args))
        return len(self.program.inputs) + len(self.lines) - 1


def _guards(program: Program, counts: int) -> dict[int, Guard]:
    """The guards that are only added up, of one within another both; `counts` holds for all."""
    added = _only_added(program)
    found: dict[int, Guard] = {}
    for value, (op, args) in enumerate(program.instructions, len(program.inputs)):
        if op is ops.where and added[value] and is_literal(args[2], 0.0):
            condition, core, _ = args
            if type(condition) is int and type(core) is int:
                conditions = _conjuncts(program, condition)
                others, within = found.get(core, ((counts,), core))
                both = tuple(dict.fromkeys((*others, *conditions)))
                alone = tuple(dict.fromkeys((counts, *conditions))), core
                found[value] = (both, within) if len(both) <= 1 + APART else alone
    return found


def _conjuncts(program: Program, condition: int) -> tuple[int, ...]:
    """The conditions all of which hold if and only if this one does; itself if they are many."""
    waiting: list[Any] = [condition]
    found: list[int] = []
    while waiting:
        part = waiting.pop()
        line = part - len(program.inputs)
        op, args = program.instructions[line] if line >= 0 else (None, ())
        if op is ops.logical_and and bool not in map(type, args):
            waiting += args
        else:
            found.append(part)
        if len(found) + len(waiting) > APART:
            return (condition,)
    return tuple(found)


def _zeros(program: Program, guards: Mapping[int, Guard]) -> list[frozenset[int]]:
    """For each value the conditions without any of which it is 0, or nan."""
    none: frozenset[int] = frozenset()
    zeros = [none] * len(program.inputs)
    either: dict[tuple[int, int], int] = {}

    def of(a: Any) -> frozenset[int]:
        return zeros[a] if type(a) is int else none

    def both(x: frozenset[int], y: frozenset[int]) -> frozenset[int]:
        found = [either[pair] for pair in product(x, y) if pair in either] if x and y else ()
        return _some(x & y, found)

    for value, (op, line) in enumerate(program.instructions, len(program.inputs)):
        args: tuple[Any, ...] = line
        if op is ops.logical_or:
            either[args] = either[args[::-1]] = value
        if value in guards:
            conditions, core = guards[value]
            zeros.append(_some({*conditions, args[0]}, zeros[core]))
        elif op is ops.add or op is ops.sub:
            zeros.append(both(of(args[0]), of(args[1])))
        elif op is fused:
            zeros.append(both(_some(of(args[0]), of(args[1])), of(args[2])))
        elif op is ops.mul:
            zeros.append(_some(of(args[0]), of(args[1])))
        else:
            zeros.append(of(args[0]) if op is ops.neg else none)
    return zeros


def _some(conditions: Collection[int], others: Iterable[int]) -> frozenset[int]:
    """All of them, or of the others the latest if they are too many."""
    found = frozenset(conditions).union(others)
    if len(found) <= KNOWN:
        return found
    late = sorted(found.difference(conditions), reverse=True)
    return frozenset(conditions).union(late[: KNOWN - len(conditions)])


def _only_added(program: Program) -> bytearray:
    """For each value whether a nan in it is one in all outputs that it has a part in."""
    inputs = len(program.inputs)
    added = bytearray(b"\1") * (inputs + len(program.instructions))
    for value in range(len(added) - 1, inputs - 1, -1):
        op, args = program.instructions[value - inputs]
        for k, a in enumerate(args):
            if type(a) is int and not (added[value] and (op in HONEST or (op is ops.where and k))):
                added[a] = 0
    return added


def _tame(program: Program) -> list[bool]:
    """For each value whether it is finite, if what the program is given is no larger than usual."""
    tame = [True] * len(program.inputs)
    for op, args in program.instructions:
        tame.append(op.truth or (op in TAME and all(_is_tame(a, tame) for a in args)))
    return tame


def _is_tame(a: Any, tame: Sequence[bool]) -> bool:
    return tame[a] if type(a) is int else math.isfinite(a)
