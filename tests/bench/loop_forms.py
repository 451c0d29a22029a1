"""Which loops of Python are loops of machine code again: instructions, and lines of LLVM IR.

    python -m tests.bench.loop_forms

Value and gradient of 1,000 steps of a damped pendulum, written in several ways, by its length and
its damping; and of cells in a row. Where a loop is not found its rounds are written out, so the
lines say it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import fgrad as fg
from tests.bench.race import pinned, spoken
from tests.bench.simulations import AT, step

STEPS = 1_000
START = 0.5, 0.0
_choice = random.Random(0)
PUSHES = [_choice.random() for _ in range(STEPS)]
KICKED = [push < 0.5 for push in PUSHES]


def alone(p: Any) -> Any:
    state: Any = START
    for _ in range(STEPS):
        state = step(state, p)
    return state[0]


def running_sum(p: Any) -> Any:
    state, cost = START, 0.0
    for _ in range(STEPS):
        state = step(state, p)
        cost = cost + state[0] ** 2
    return cost


def _costs(p: Any) -> list[Any]:
    state, costs = START, []
    for _ in range(STEPS):
        state = step(state, p)
        costs.append(state[0] ** 2)
    return costs


def pushed(p: Any, pushes: Sequence[float]) -> Any:
    state = START
    for push in pushes:
        angle, speed = step(state, p)
        state = angle, speed + push * p[1]
    return state[0]


def kicked(p: Any, kicks: Sequence[bool]) -> Any:
    state = START
    for kick in kicks:
        state = step(state, p)
        if kick:
            state = state[0], state[1] + 0.1 * p[1]
    return state[0]


def implicit(p: Any) -> Any:
    """Four rounds of Newton's method in each step."""
    angle, speed = START
    for _ in range(STEPS):
        following = speed
        for _ in range(4):
            at = angle + 0.01 * following
            excess = following - speed + 0.0981 / p[0] * fg.sin(at)
            following = following - excess / (1.0 + 0.000981 / p[0] * fg.cos(at))
        angle, speed = angle + 0.01 * following, following
    return angle


def cells(p: Any, *, ring: bool) -> Any:
    values: Any = [0.1 * i for i in range(60)]
    for _ in range(40):
        ends = [values[-1], *values, values[0]] if ring else [0.0, *values, 0.0]
        values = [
            b + p[0] * (a - 2.0 * b + c) - p[1] * b * b * b
            for a, b, c in zip(ends, ends[1:], ends[2:], strict=False)
        ]
    return sum(value * value for value in values)


FORMS: dict[str, Callable[[Any], Any]] = {
    "the step alone": alone,
    "a cost that is added up, `cost = cost + angle**2`": running_sum,
    "the costs in a list, and `sum(costs)`": lambda p: sum(_costs(p)),
    "the costs in a list, and `fg.sum(costs)`, which adds in pairs": lambda p: fg.sum(_costs(p)),
    "a literal that differs from step to step": lambda p: pushed(p, PUSHES),
    "literals that are 0 or 1": lambda p: pushed(p, [float(kick) for kick in KICKED]),
    "a kick at every tenth step, with `if`": lambda p: kicked(
        p, [k % 10 == 0 for k in range(STEPS)]
    ),
    "a kick at irregular steps, with `if`": lambda p: kicked(p, KICKED),
    "four rounds of an inner loop in each step": implicit,
    "60 cells in a row, 40 steps": lambda p: cells(p, ring=False),
    "60 cells in a ring, 40 steps": lambda p: cells(p, ring=True),
}


def main() -> None:
    """Print the table."""
    pinned()
    print("| in the loop | instructions | lines of LLVM IR | first answer |")
    print("| --- | --- | --- | --- |")
    for name, form in FORMS.items():
        begin = time.process_time()
        compiled: Any = fg.compile(fg.value_and_gradient(form), backend="native")
        compiled(AT)
        spent = spoken(time.process_time() - begin)
        lines = compiled.source.count("\n")
        print(f"| {name} | {len(compiled.program):,} | {lines:,} | {spent} |", flush=True)


if __name__ == "__main__":
    main()
