"""Loops found again in long programs, beside the same lines written out.

    python -m tests.bench.native_loops [--rounds N]

For each model's value and gradient: the CPU time from the program to the first answer and to the
best code, and that of a run; then steps over rows. One pinned core, fgrad beside itself.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any
from unittest import mock

import numpy as np

import fgrad as fg
from tests.bench.models import decay, diffusion, rosenbrock, start, swing
from tests.bench.race import Entrant, Run, agreed, pinned, show

MODELS: dict[str, tuple[Callable[[Any], Any], list[float]]] = {
    "Rosenbrock's function of 1,000 numbers": (rosenbrock, start(1000)),
    "a pendulum in 200 steps of Runge-Kutta": (partial(swing, fg), [0.1] * 200),
    "a curve and 1,000 measurements": (partial(decay, fg, rows=1000), [1.0, 0.5, 0.1]),
    "60 cells in 40 steps of diffusion": (partial(diffusion, steps=40), [0.1] * 60),
}
ROWS = 4_000


def for_a_point(model: Callable[[Any], Any], x: list[float], *, best: bool) -> Run:
    """The function of an array, with its first code or its best."""
    compiled: Any = fg.compile(fg.value_and_gradient(model), backend="native")
    given = np.array(x)
    fast = compiled.specialise(given)
    entry = compiled.specialisation(x).kernel.entry
    if best:
        list(entry.improve())
    entry.cell[1] = -1  # so that better code does not come by itself
    return lambda: fast(given)


def over_rows() -> Run:
    """Pendulums of many lengths, pushed alike."""

    def cost(length: Any, push: Any) -> Any:
        return swing(fg, [push] * 200, length)

    compiled: Any = fg.compile(cost, backend="native")
    lengths, push = np.linspace(0.5, 2.0, ROWS), np.full(ROWS, 0.1)
    return lambda: compiled.map(lengths, push)


def compared(title: str, ways: Mapping[str, Callable[[], Run]], rounds: int) -> None:
    """With loops, and then with none found."""
    entrants = []
    for how in ("loops", "written out"):
        none = mock.patch("fgrad.backends.native.rerolling.detect.find_loops", return_value=())
        with nullcontext() if how == "loops" else none:
            for name, make in ways.items():
                entrants.append(Entrant.of(f"{how}{name}", make))
    agreed(entrants[0].run(), entrants)
    show(title, entrants, rounds=rounds)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    pinned()
    for title, (model, x) in MODELS.items():
        ways = {
            f", {code} code": partial(for_a_point, model, x, best=code == "best")
            for code in ("first", "best")
        }
        compared(title, ways, given.rounds)
    compared(f"the pendulum over {ROWS:,} rows", {"": over_rows}, given.rounds)


if __name__ == "__main__":
    main()
