"""Masks of products moved to one of the factors, for outputs that are only accumulated.

The derivative of a branch is `where(condition, x * y, 0.0)`. `where(condition, x, 0.0) * y` would
be nan where `y` is infinite and the branch inactive; but one masked factor serves many products,
each of which then becomes one FMA with its sum. Where all operations on the way to a sum propagate
nan, a sum that is finite has had none, and has the same bits. Other sums are computed again without
this.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import product
from typing import Any, Final, TypeAlias

import attrs

from fgrad.backends.native.codegen.tiling import instruction_of
from fgrad.backends.native.math.fma import fused
from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op
from fgrad.program.algebra import is_literal
from fgrad.program.passes import used
from fgrad.program.program import Instruction, Program, placed

PROPAGATES_NAN: Final[frozenset[Op]] = frozenset(
    {ops.add, ops.sub, ops.neg, ops.mul, ops.square, ops.identity, fused}
)
"""Operations whose result is nan for a nan, and for a zero of the other sign the same up to the
sign of a zero, or nan."""

USUALLY_FINITE: Final = PROPAGATES_NAN | {
    ops.where, ops.abs, ops.sign, ops.relu, ops.maximum, ops.minimum, ops.clip, ops.hypot,
    ops.sin, ops.cos, ops.atan, ops.tanh, ops.sigmoid, ops.bell, ops.softplus, ops.erf, ops.gauss,
}  # fmt: skip
"""Operations that are finite for all numbers but the largest, so that few sums are computed twice."""

MAX_DEPTH: Final = 4
"""Nested products through which masks are moved."""
MAX_CONJUNCTS: Final = 8
"""Conjuncts into which the condition of a mask is split; one of more stays whole.

A loss of n nested branches has n masks of up to n conditions.
"""
MAX_KNOWN: Final = 16
"""Conditions that are tracked for a value; with fewer, some masks stay that could go."""

Conditions: TypeAlias = tuple[int, ...]
Mask: TypeAlias = tuple[Conditions, int]
"""Conditions, all of which must hold, and a value that is 0 where one does not."""


def with_masked_factors(program: Program, counts: int) -> Program:
    """The program with masks on factors, if all that goes to its outputs is masked by `counts`.

    >>> import fgrad as fg
    >>> from fgrad.backends.native.codegen.sums import accumulating
    >>> slopes = fg.gradient(lambda w, x, y: fg.relu(1.0 - y * (w[0] * x[0] + w[1] * x[1])))
    >>> whole = accumulating(fg.trace(slopes)([1.0] * 2, [1.0] * 2, 1.0))
    >>> programs = whole, with_masked_factors(whole, len(whole.inputs))
    >>> [[op.name for op, _ in p.instructions].count("where") for p in programs]
    [4, 1]
    """
    masks = _masks(program, counts)
    return _MaskMover(program, masks, _zeros(program, masks), _finite(program)).moved()


@attrs.frozen(eq=False)
class _MaskMover:
    """A program as it is rewritten."""

    program: Program
    masks: Mapping[int, Mask]
    zeros: Sequence[frozenset[int]]
    """For each value the conditions such that it is 0, or nan, where one of them does not hold."""
    finite: Sequence[bool]
    often: Counter[tuple[int, int]] = attrs.field(factory=Counter, init=False)
    """For each condition and value, the number of products under that mask of which the value is a factor."""
    counted: set[tuple[int, int]] = attrs.field(factory=set, init=False)
    instructions: list[Instruction] = attrs.field(factory=list, init=False)
    place: list[int] = attrs.field(factory=list, init=False)
    written: dict[Mask, int] = attrs.field(factory=dict, init=False)
    joined: dict[Conditions, int] = attrs.field(factory=dict, init=False)

    def moved(self) -> Program:
        """The program with its masks moved."""
        program, place = self.program, self.place
        self._count()
        place.extend(range(len(program.inputs)))
        for value, (op, args) in enumerate(program.instructions, len(place)):
            moved = self.masks.get(value)
            place.append(self._masked(*moved) if moved else self._write(op, placed(args, place)))
        outputs = tuple([place[i] for i in program.outputs])
        return used(Program(program.inputs, tuple(self.instructions), outputs))

    def _factors(self, value: int) -> list[tuple[int, Any]]:
        """The factors to which the mask of a product may move, each with the other factor."""
        op, args = instruction_of(self.program, value)
        sides = (args, args[::-1]) if op is ops.mul else ()
        return [(x, y) for x, y in sides if type(x) is int and _is_usually_finite(y, self.finite)]

    def _count(self) -> None:
        """Count the products that masks reach, level by level."""
        waiting = [(c, value) for conditions, value in self.masks.values() for c in conditions]
        for _ in range(MAX_DEPTH):
            following = []
            for pair in waiting:
                if pair not in self.counted:
                    self.counted.add(pair)
                    condition, value = pair
                    inner = [(condition, factor) for factor, _ in self._factors(value)]
                    self.often.update(inner)
                    following += inner
            waiting = following

    def _masked(self, conditions: Conditions, value: int, depth: int = 0) -> int:
        """The value, or 0 where one of the conditions does not hold.

        The outermost product moves all of them to a factor, inner ones those that other products
        share.
        """
        conditions = tuple([c for c in conditions if c not in self.zeros[value]])
        mask, made = (conditions, value), self.place[value]
        if mask in self.written:
            return self.written[mask]
        if (factors := self._factors(value)) and depth < MAX_DEPTH:
            x, y = max(factors, key=lambda f: sum([self.often[c, f[0]] for c in conditions]))
            inner = tuple([c for c in conditions if not depth or self.often[c, x] > 1])
            if inner:
                first = self._masked(inner, x, depth + 1)
                made = self._write(ops.mul, (first, *placed((y,), self.place)))
                conditions = tuple([c for c in conditions if c not in inner])
        if conditions:
            made = self._write(ops.where, (self._all(conditions), made, 0.0))
        self.written[mask] = made
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
        self.instructions.append((op, args))
        return len(self.program.inputs) + len(self.instructions) - 1


def _masks(program: Program, counts: int) -> dict[int, Mask]:
    """The masks that are only accumulated, nested ones joined; `counts` is a condition of all."""
    added = _only_added(program)
    found: dict[int, Mask] = {}
    for value, (op, args) in enumerate(program.instructions, len(program.inputs)):
        if op is ops.where and added[value] and is_literal(args[2], 0.0):
            condition, core, _ = args
            if type(condition) is int and type(core) is int:
                conditions = _conjuncts(program, condition)
                others, within = found.get(core, ((counts,), core))
                both = tuple(dict.fromkeys((*others, *conditions)))
                alone = tuple(dict.fromkeys((counts, *conditions))), core
                found[value] = (both, within) if len(both) <= 1 + MAX_CONJUNCTS else alone
    return found


def _conjuncts(program: Program, condition: int) -> tuple[int, ...]:
    """The conjuncts of a condition, or the condition itself if they are many."""
    waiting: list[Any] = [condition]
    found: list[int] = []
    while waiting:
        part = waiting.pop()
        op, args = instruction_of(program, part)
        if op is ops.logical_and and bool not in map(type, args):
            waiting += args
        else:
            found.append(part)
        if len(found) + len(waiting) > MAX_CONJUNCTS:
            return (condition,)
    return tuple(found)


def _zeros(program: Program, masks: Mapping[int, Mask]) -> list[frozenset[int]]:
    """For each value the conditions such that it is 0, or nan, where one of them does not hold."""
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
        if value in masks:
            conditions, core = masks[value]
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
    """The union, without the oldest of the others if they are too many."""
    found = frozenset(conditions).union(others)
    if len(found) <= MAX_KNOWN:
        return found
    late = sorted(found.difference(conditions), reverse=True)
    return frozenset(conditions).union(late[: MAX_KNOWN - len(conditions)])


def _only_added(program: Program) -> bytearray:
    """For each value whether a nan in it is a nan in all outputs that depend on it."""
    inputs = len(program.inputs)
    added = bytearray(b"\1") * (inputs + len(program.instructions))
    for value in range(len(added) - 1, inputs - 1, -1):
        op, args = program.instructions[value - inputs]
        for k, a in enumerate(args):
            if type(a) is int and not (
                added[value] and (op in PROPAGATES_NAN or (op is ops.where and k))
            ):
                added[a] = 0
    return added


def _finite(program: Program) -> list[bool]:
    """For each value whether it is finite for inputs of usual size."""
    finite = [True] * len(program.inputs)
    for op, args in program.instructions:
        finite.append(
            op.truth or (op in USUALLY_FINITE and all(_is_usually_finite(a, finite) for a in args))
        )
    return finite


def _is_usually_finite(a: Any, finite: Sequence[bool]) -> bool:
    return finite[a] if type(a) is int else math.isfinite(a)
