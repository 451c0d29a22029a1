"""The table of the README: the time to the first answer beside the time of each further one.

    python -m tests.bench.front [--rows N] [--rounds N]

Rows are other benchmarks of this folder with fewer entrants; where C, heyoka and Dr.Jit run too,
see `native_calls`, `native_steady`, `native_batch` and `native_sum`. The first answer is of tracing,
derivatives, passes, code and one call, in a process that has imported its library; nothing is kept
on disk. CPU time of one pinned core, medians of interleaved runs. A peer that is not installed is
left out, and JAX where it would compile for minutes.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import numpy as np

import fgrad as fg
from tests.bench import eager, native_batch, native_steady, native_sum, peers
from tests.bench.models import WEIGHTS, moons, rosenbrock, start
from tests.bench.race import Entrant, Run, agreed, medians, missing, pinned, spoken


def row(what: str, entrants: Sequence[Entrant], rounds: int, rows: int = 1) -> None:
    """A line of the table; the first entrant is ours."""
    if rows > 1:
        agreed(entrants[0].run(), entrants[1:], 1e-7)
    for e in entrants:  # hot functions get better code, in the background
        until = time.perf_counter() + 1.0
        while time.perf_counter() < until:
            e.run()
    times = medians({e.name: e.run for e in entrants}, rounds)
    cells = [f"{spoken(e.made)}, {spoken(times[e.name] / rows)}" for e in entrants]
    others = "; ".join(
        f"{e.name} {cell}" for e, cell in zip(entrants, cells, strict=True) if e is not entrants[0]
    )
    first, each = cells[0].split(", ")
    print(f"| {what} | {first} | {each} | {others} |", flush=True)


def small() -> list[Entrant]:
    """f(a, b) = a * b + a."""

    def f(a: float, b: float) -> float:
        return a * b + a

    def called(made: Callable[[], Callable[..., Any]]) -> Callable[[], Run]:
        def make() -> Run:
            g = made()
            # Without a call of Python around it, which would take longer than ours.
            return partial(g, 2.0, 3.0)

        return make

    entrants = [
        Entrant.of("fgrad", called(lambda: fg.compile(f, backend="native").specialise(2.0, 3.0)))
    ]
    if not missing("casadi"):
        c = importlib.import_module("casadi")

        def symbolic() -> Callable[..., Any]:
            a, b = c.SX.sym("a"), c.SX.sym("b")
            function: Callable[..., Any] = c.Function("f", [a, b], [f(a, b)])
            return function

        entrants.append(Entrant.of("CasADi", called(symbolic)))
    if not missing("jax"):
        entrants.append(Entrant.of("JAX", called(lambda: peers.jax_words().jax.jit(f))))
    return entrants


def long(x: Any) -> list[Entrant]:
    """Rosenbrock's value and gradient, from an array to an array."""
    entrants = [native_steady.ours(fg.value_and_gradient(rosenbrock), x)[0]]
    if not missing("casadi"):
        made = partial(native_steady.in_casadi, native_steady.casadi_rosenbrock, x)
        entrants.append(Entrant.of("CasADi", made))
    return entrants


def batch(case: native_batch.Case, rows: int) -> list[Entrant]:
    """A function of a row, over many."""
    inputs = case.columns(rows)
    entrants = [Entrant.of("fgrad", native_batch.ours(case, case.given(inputs)))]
    if not missing("jax"):
        m = peers.jax_words()
        made = partial(peers.jax_columns, partial(case.by_jax, m), inputs)
        entrants.append(Entrant.of("JAX", made))
    if not missing("casadi"):
        m = peers.casadi_words()
        made = partial(peers.casadi_columns, partial(case.by_symbols, m, m.slope), inputs)
        entrants.append(Entrant.of("CasADi", made))
    return entrants


def network(rows: int) -> list[Entrant]:
    """The loss of a small network and its gradient, summed over rows."""
    data = moons(rows)
    made = [("fgrad", partial(native_sum.ours, *data, arrays=True))]
    if not missing("jax"):
        made.append(("JAX", partial(native_sum.in_jax, *data, whole=True)))
    return [Entrant.of(name, make) for name, make in made]


def nodes(size: int, around: Callable[[], AbstractContextManager[None]] = nullcontext) -> float:
    """Seconds of building and differentiating a graph of so many nodes, the median of three."""
    layers, times = eager.plan(size), []
    for _ in range(3):
        gc.collect()
        with around():
            begin = time.process_time()
            kept = eager.with_fgrad(layers)
            times.append(time.process_time() - begin)
            del kept
    return statistics.median(times)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    sys.setrecursionlimit(100_000)  # micrograd walks its graph by recursion
    print(eager.row(10_000))
    pinned()
    plain, relaxed = nodes(1_000_000), nodes(1_000_000, fg.relaxed_gc)
    print(f"a million nodes: {spoken(plain)}, inside relaxed_gc {spoken(relaxed)}\n")
    print("| what | first answer | each further | others: first, each |\n|" + " --- |" * 4)
    row("a call of `f(a, b)`", small(), given.rounds)
    row("a gradient of 16,000 operations", long(np.array(start(1000))), given.rounds)
    for case in (native_batch.BLACK_SCHOLES, native_batch.BUNDLE):
        rows = f"a row of {given.rows:,}"
        row(f"{case.title}, {rows}", batch(case, given.rows), given.rounds, given.rows)
    row(f"loss and gradient of {WEIGHTS} weights over 100 rows", network(100), given.rounds)


if __name__ == "__main__":
    main()
