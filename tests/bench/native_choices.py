"""What each choice in the native backend is worth: with it, and with it turned off.

    python -m tests.bench.native_choices [--rounds N]

The figures in `docs/decisions` 0019 and 0025 are such as these. One pinned core, fgrad beside
itself; `tests.bench.native_loops` does the same for loops.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any
from unittest import mock

import numpy as np

import fgrad as fg
from fgrad.backends.native.codegen.spill import UNPLANNED, SpillPlan
from fgrad.backends.native.runtime.llvm import BEST, PLAIN
from tests.bench.models import (
    camera_jacobian,
    greeks,
    hinge,
    moons,
    observations,
    options,
    rosenbrock,
    start,
    tangle,
)  # fmt: skip
from tests.bench.race import Entrant, Run, pinned, show

ROWS = 200_000
"""So many rows of the camera, of 32 outputs each, are more than a cache of 32 MB."""


def settled(fast: Callable[..., Any], *given: Any) -> Run:
    """A call that has been made often enough for all that comes with the calls."""
    for _ in range(5):
        fast(*given)
    return lambda: fast(*given)


def of_array(model: Callable[[Any], Any], x: list[float]) -> Run:
    """One point, from an array."""
    compiled: Any = fg.compile(model, backend="native")
    fast, entry = compiled.specialise(np.array(x)), compiled.specialisation(x).kernel.entry
    list(entry.improve())
    entry.cell[1] = -1
    return settled(fast, np.array(x))


def mapped(model: Callable[..., Any], columns: list[Any]) -> Run:
    """Many rows to new columns."""
    compiled: Any = fg.compile(model, backend="native")
    return settled(compiled.map, *columns)


def mapped_to(model: Callable[..., Any], columns: list[Any], outputs: int) -> Run:
    """The same to columns that are there."""
    compiled: Any = fg.compile(model, backend="native")
    out: Any = tuple(np.zeros(len(columns[0])) for _ in range(outputs))
    out = out if outputs > 1 else out[0]
    return settled(partial(compiled.map, out=out), *columns)


def summed(rows: int) -> Run:
    """The gradient of a network's loss, summed."""
    weights, points, labels = moons(rows)
    compiled: Any = fg.compile(
        fg.value_and_gradient(lambda w, x, y: hinge(fg, w, x, y)), backend="native"
    )
    out = np.empty(()), np.empty(len(weights))
    return settled(partial(compiled.sum, out=out), weights[np.newaxis], points, labels)


def traced(n: int) -> Run:
    """A long program traced and simplified."""
    x = start(n)
    return lambda: fg.compile(fg.value_and_gradient(rosenbrock)).specialisation(x)


def network(x: Any) -> Any:
    """Sixteen and sixteen `tanh`."""
    for _ in range(2):
        x = [fg.tanh(0.1 * k + fg.sum(x)) for k in range(16)]
    return fg.sum(x)


def nested(x: Any, y: Any) -> Any:
    """Forty `tanh`, each of the one before."""
    for k in range(40):
        x = fg.tanh(x) * y + 0.1 * k
    return x


def beside(function: Callable[[Any], Any], x: Any, y: Any) -> Any:
    """Forty of a function, none of another."""
    return fg.sum([function(x * (0.01 * k + 0.1) + y) for k in range(40)])


def camera(*columns: Any) -> Any:
    return camera_jacobian(columns[:15], columns[15:])


def tangled(x: Any) -> Any:
    return tangle(fg, x, 600)


def tangled_long(x: Any) -> Any:
    return tangle(fg, x, 3_000)


def slope(weights: Any) -> Any:
    return fg.gradient(lambda w: hinge(fg, w, [0.3, 0.4], 1.0))(weights)


valleys = fg.value_and_gradient(rosenbrock)


def of_sums(rounds: int) -> None:
    """What sums are written with."""
    leave = lambda program, _: program
    for title, without in (
        ("Guards on factors", {"native__codegen__rows__with_masked_factors": leave}),
        ("Sums side by side", {"native__codegen__rows__tiled": leave}),
        ("What waits", {"native__codegen__spill__spill_plan": alone}),
    ):
        compared(f"{title}: a network summed", partial(summed, 1000), rounds, **without)


def alone(*_: Any) -> SpillPlan:
    """LLVM is left alone."""
    return UNPLANNED


def compared(title: str, make: Callable[[], Run], rounds: int, **without: Any) -> None:
    """With the choice, and with names of fgrad's modules set to something else while code is made."""
    entrants = [Entrant.of("as it is", make)]
    with _set(without):
        entrants.append(Entrant.of("without", make))
    show(title, entrants, rounds=rounds)


def compared_at_run(title: str, make: Callable[[], Run], rounds: int, **without: Any) -> None:
    """The same where it is decided in each call."""

    def other() -> Run:
        run = make()

        def apart() -> Any:
            with _set(without):
                return run()

        return apart

    show(title, [Entrant.of("as it is", make), Entrant.of("without", other)], rounds=rounds)


def _set(names: Mapping[str, Any]) -> ExitStack:
    stack = ExitStack()
    for name, value in names.items():
        room = "fgrad" if name.startswith("graph") else "fgrad.backends"
        stack.enter_context(mock.patch(f"{room}.{name.replace('__', '.')}", value))
    return stack


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    pinned()
    black_scholes, cameras = options(2_000), observations(ROWS)
    tables = [np.random.default_rng(0).uniform(-0.5, 0.5, (2_000, 60))]
    rough = lambda x: tangle(fg, x, 5_000)
    compared(
        "LLVM's passes: a random graph of 5,000 operations", partial(of_array, rough, [0.1] * 20),
        rounds, native__runtime__entry__BEST=PLAIN,
    )  # fmt: skip
    compared(
        "Not LLVM's passes: a network summed over 1,000 rows", partial(summed, 1000), rounds,
        native__runtime__batch__PLAIN=BEST,
    )  # fmt: skip
    compared(
        "Functions apart: 3,000 random operations over rows", partial(mapped, tangled_long, tables),
        rounds, native__codegen__rows__INLINE=10**6,
    )  # fmt: skip
    compared(
        "Long parts: 3,000 random operations over rows", partial(mapped, tangled_long, tables),
        rounds, native__codegen__rows__ROW_FUNCTION_SIZE=500,
    )  # fmt: skip
    compared(
        "Equal functions at once: a network", partial(of_array, network, [0.1] * 16), rounds,
        native__codegen__slp__PROFITABLE=frozenset(),
    )  # fmt: skip
    compared(
        "Two vectors: Black-Scholes", partial(mapped_to, greeks, black_scholes, 6),
        rounds, native__codegen__lanes__INTERLEAVED=0,
    )  # fmt: skip
    pairs = [np.linspace(0.1, 0.9, 4096), np.linspace(0.9, 0.1, 4096)]
    slopes = fg.gradient(partial(beside, fg.exp), (0, 1))
    for title, model, outputs, without in (
        (
            "Two vectors: forty tanh of each other",
            nested,
            1,
            {"native__codegen__lanes__INTERLEAVED": 0},
        ),
        (
            "Not two vectors: forty sines beside each other",
            partial(beside, fg.sin),
            1,
            {"native__codegen__lanes__INTERLEAVED": 10**6},
        ),
        (
            "Not two vectors: the gradient of forty exp",
            slopes,
            2,
            {"native__codegen__lanes__LIVE": 10**6},
        ),
    ):
        compared(
            title,
            partial(mapped_to, model, pairs, outputs),
            rounds,
            **without,
        )
    of_sums(rounds)
    compared(
        "What waits: 600 random operations over rows", partial(mapped, tangled, tables), rounds,
        native__codegen__spill__spill_plan=alone,
    )  # fmt: skip
    compared(
        "What waits: the gradient of Rosenbrock of 60 over rows", partial(mapped, valleys, tables),
        rounds, native__codegen__spill__spill_plan=alone,
    )  # fmt: skip
    compared_at_run(
        "Past the cache: the Jacobian of a camera", partial(mapped_to, camera, cameras, 32),
        rounds, native__runtime__row_code__STREAM=1 << 60,
    )  # fmt: skip
    compared_at_run(
        "Memory used again: the Jacobian of a camera", partial(mapped, camera, cameras), rounds,
        buffers__pool__LEAST=1 << 60,
    )  # fmt: skip
    compared_at_run(
        "The collector relaxed: 160,000 lines traced", partial(traced, 10_000), 3,
        graph__collector__SELDOM=(701, 10, 10),
    )  # fmt: skip


if __name__ == "__main__":
    main()
