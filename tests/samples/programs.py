"""Random programs of all operations, and numbers that are awkward for all of them."""

from __future__ import annotations

import math
import random
import struct
from typing import Any

from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op
from fgrad.ops.signatures import Unary
from fgrad.program.program import Instruction, Program
from tests.samples.cases import all_operations

AWKWARD = (
    0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -0.5, 3.0, math.inf, -math.inf, math.nan, 5e-324, -2.5e-310,
    1e308, -1e308, 1e-20, 0.7, -1.3, 12.5,
)  # fmt: skip

OPERATIONS: tuple[Op, ...] = tuple(op for op in all_operations().values() if op.arity)
COMMON = ("add", "sub", "mul", "div", "neg", "where", "logical_not", "less")


def program(seed: int, lines: int = 25) -> Program:
    """A program with all that algebra looks for: literals, repetitions, negations, dead lines."""
    rng = random.Random(seed)
    inputs = rng.randint(1, 4)
    kinds: list[type] = [float] * inputs
    made: list[Instruction] = []
    for _ in range(rng.randint(1, lines)):
        op = rng.choice(OPERATIONS)
        if rng.random() < 0.4:
            op = all_operations()[rng.choice(COMMON)]
        if made and rng.random() < 0.15:
            made.append(rng.choice(made))
        else:
            made.append((op, tuple([argument(rng, kind, kinds) for kind in op.kinds])))
        kinds.append(bool if made[-1][0].truth else float)
    numbers = [i for i, kind in enumerate(kinds) if kind is float]
    outputs = tuple(rng.choice(numbers) for _ in range(rng.randint(1, 4)))
    names = tuple(f"x{i}" for i in range(inputs))
    return Program(names, tuple(made), outputs).check()


def alone(op: Op) -> Program:
    """The program of one operation; a truth value is whether an input is positive."""
    size = len(op.kinds)
    lines: list[Instruction] = []
    args: list[int] = []
    for i, kind in enumerate(op.kinds):
        if kind is bool:
            lines.append((ops.greater, (i, 0.0)))
        args.append(size + len(lines) - 1 if kind is bool else i)
    lines.append((op, tuple(args)))
    names = tuple("xyz"[:size])
    return Program(names, tuple(lines), (size + len(lines) - 1,)).check()


def argument(rng: random.Random, kind: type, kinds: list[type]) -> Any:
    known = [i for i, k in enumerate(kinds) if k is kind]
    if known and rng.random() < 0.8:
        return rng.choice(known)
    return rng.random() < 0.5 if kind is bool else rng.choice(AWKWARD)


def point(seed: int, size: int) -> tuple[float, ...]:
    rng = random.Random(seed)
    return tuple(
        rng.choice(AWKWARD) if rng.random() < 0.6 else rng.uniform(-3.0, 3.0) for _ in range(size)
    )


def bits(values: Any) -> list[Any]:
    """What two runs must have in common: every bit, whichever nan it is."""
    return ["nan" if math.isnan(x) else struct.pack("d", x) for x in values]


def failing(name: str) -> Unary:
    """An operation that raises an ArithmeticError with its name when it is computed."""

    def meaning(x: float) -> float:
        raise ArithmeticError(name)

    return Unary(name, meaning, lambda out, x: 1.0)
