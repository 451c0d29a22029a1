"""Random programs with loops written out, of every way in which a line can find its arguments."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import attrs

from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op
from fgrad.program.program import Instruction, Program
from tests.samples.programs import AWKWARD, OPERATIONS

# The sign of a nan, which copysign reads, is left open by IEEE 754.
ANY: tuple[Op, ...] = tuple(op for op in OPERATIONS if op is not ops.copysign)
EXACT: tuple[Op, ...] = (
    ops.add, ops.sub, ops.mul, ops.square, ops.div, ops.neg, ops.sqrt, ops.abs, ops.reciprocal,
    ops.where, ops.less, ops.equal, ops.logical_not, ops.logical_and, ops.maximum, ops.clip,
)  # fmt: skip
INPUTS = 90


@attrs.define
class Writer:
    """A program under construction."""

    rng: random.Random
    known: Sequence[Op]
    lines: list[Instruction] = attrs.field(factory=list)
    kinds: list[type] = attrs.field(factory=lambda: [float] * INPUTS)
    outputs: list[int] = attrs.field(factory=list)

    def write(self, op: Op, args: Sequence[Any]) -> None:
        self.lines.append((op, tuple(args)))
        self.kinds.append(bool if op.truth else float)

    def literal(self, kind: type) -> Any:
        return self.rng.random() < 0.5 if kind is bool else self.rng.choice(AWKWARD)

    def value(self, kind: type) -> Any:
        """Something that is there, or a literal."""
        there = [i for i, k in enumerate(self.kinds) if k is kind]
        return self.rng.choice(there) if there and self.rng.random() < 0.8 else self.literal(kind)

    def straight(self, count: int) -> None:
        for _ in range(count):
            op = self.rng.choice(self.known)
            self.write(op, [self.value(kind) for kind in op.kinds])

    def loop(self, period: int, count: int) -> None:
        start = len(self.kinds)
        chosen = [self.rng.choice(self.known) for _ in range(period)]
        recipes = [
            [self.recipe(kind, i, chosen, start, count) for kind in op.kinds]
            for i, op in enumerate(chosen)
        ]
        for k in range(count):
            for op, recipe in zip(chosen, recipes, strict=True):
                self.write(op, [source[k] for source in recipe])
        self.give(start, period, count)

    def recipe(
        self, kind: type, place: int, chosen: Sequence[Op], start: int, count: int
    ) -> list[Any]:
        """An argument for each time round."""
        rng, period = self.rng, len(chosen)
        lines = [i for i, op in enumerate(chosen) if (bool if op.truth else float) is kind]
        way = rng.choice(("here", "before", "before", "outside", "outside", "same", "table"))
        here = [i for i in lines if i < place]
        if way == "here" and here:
            line = rng.choice(here)
            return [start + line + k * period for k in range(count)]
        if way == "before" and lines:
            line, back = rng.choice(lines), rng.randint(1, 3)
            moving = [start + line + (k - back) * period for k in range(count)]
            return [self.value(kind) if k < back else moving[k] for k in range(count)]
        if way == "table":
            return [self.literal(kind) for _ in range(count)]
        if way == "outside":
            step = rng.choice((1, 1, -1, -1, 2, -2, 0, period, -period, 5))
            span = step * (count - 1)
            first = rng.randrange(max(0, -span), max(start - max(0, span), 1 + max(0, -span)))
            numbers = [first + step * k for k in range(count)]
            if all(0 <= n < start and self.kinds[n] is kind for n in numbers):
                return list(numbers)
        return [self.value(kind)] * count

    def give(self, start: int, period: int, count: int) -> None:
        """Some of a loop's lines as outputs: in their order, in another, or from the end alone."""
        for line in range(period):
            values = [start + line + k * period for k in range(count)]
            if self.kinds[start + line] is float or self.rng.random() < 0.3:
                way = self.rng.choice(("order", "back", "mixed", "last", "none", "none"))
                if way == "mixed":
                    self.rng.shuffle(values)
                chosen = {"back": values[::-1], "last": values[-3:], "none": []}
                self.outputs += chosen.get(way, values)


def looped(seed: int, known: Sequence[Op] = ANY) -> Program:
    """Straight lines and loops in turn."""
    rng = random.Random(seed)
    writer = Writer(rng, known)
    writer.straight(rng.choice((0, 0, 1, 4)))
    for _ in range(rng.randint(1, 3)):
        writer.loop(rng.randint(1, 9), rng.randint(16, 40))
        writer.straight(rng.choice((0, 0, 1, 5)))
    writer.outputs += [rng.randrange(INPUTS), len(writer.kinds) - 1]
    names = tuple(f"x{i}" for i in range(INPUTS))
    return Program(names, tuple(writer.lines), tuple(writer.outputs)).check()
