"""From a function to its first answer as machine code: Rosenbrock's value and gradient.

    python -m tests.bench.native_wall [--slow] [--quick] [--rounds N]

Each measurement is a process of its own that has imported its library; nothing is cached on disk.
The first answer is of tracing, gradient, passes, machine code and one call; the best code is what
a function gets that is called often. --slow adds JAX and CasADi with gcc, which take minutes;
--quick leaves out a million operations. One pinned core, medians of processes, CPU time and in
parentheses that on the wall, which is longer where the core is shared: all of it is one thread.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import fgrad as fg
from tests.bench import peers
from tests.bench.models import rosenbrock, start
from tests.bench.race import missing, pinned, spoken

LIMIT = 900
"""Seconds after which a process is given up."""
Stamp = Callable[[str], None]


def with_fgrad(n: int, stamp: Stamp) -> Any:
    importlib.import_module("llvmlite.binding")
    importlib.import_module("fgrad.backends.native.runtime.entry")
    x = start(n)
    stamp("ready")
    compiled: Any = fg.compile(fg.value_and_gradient(rosenbrock), backend="native")
    special = compiled.specialisation(x)
    stamp("traced")
    value, _ = compiled(x)
    stamp("first")
    if n <= 10_000:
        list(special.kernel.entry.improve())
        compiled(x)
        stamp("best")
    print(json.dumps({"lines": len(special.kernel.program)}))
    return value


def with_casadi(n: int, stamp: Stamp, **options: Any) -> Any:
    c = peers.casadi_words().casadi
    stamp("ready")
    x = c.SX.sym("x", n)
    y = rosenbrock([x[i] for i in range(n)])
    f = c.Function("f", [x], [y, c.gradient(y, x)], options)
    stamp("traced")
    value = f(start(n))[0]
    stamp("first")
    return float(value)


def with_casadi_gcc(n: int, stamp: Stamp) -> Any:
    how = {"flags": ["-O1"], "verbose": False}
    return with_casadi(n, stamp, jit=True, compiler="shell", jit_options=how)


def with_heyoka(n: int, stamp: Stamp, **options: Any) -> Any:
    import numpy as np  # noqa: PLC0415  # not in the process of others

    hy = peers.heyoka_words().heyoka
    stamp("ready")
    xs = hy.make_vars(*[f"x{i}" for i in range(n)])
    y = rosenbrock(xs)
    slopes = hy.diff_tensors([y], diff_args=xs, diff_order=1).gradient
    stamp("traced")
    f = hy.cfunc([y, *slopes], xs, **options)
    value = f(np.array(start(n)))[0]
    stamp("first")
    return float(value)


def with_heyoka_compact(n: int, stamp: Stamp) -> Any:
    return with_heyoka(n, stamp, compact_mode=True)


def with_jax(n: int, stamp: Stamp) -> Any:
    m = peers.jax_words()
    stamp("ready")
    f = m.jax.jit(m.jax.value_and_grad(rosenbrock))
    value = f(start(n))[0].block_until_ready()
    stamp("first")
    return float(value)


WAYS: dict[str, tuple[str, Callable[[int, Stamp], Any]]] = {
    "fgrad": ("llvmlite", with_fgrad),
    "casadi": ("casadi", with_casadi),
    "heyoka compact": ("heyoka", with_heyoka_compact),
    "heyoka": ("heyoka", with_heyoka),
    "casadi and gcc -O1": ("casadi", with_casadi_gcc),
    "jax.jit": ("jax", with_jax),
}
SLOW = ("casadi and gcc -O1", "jax.jit")


def alone(way: str, n: int) -> None:
    """One measurement, printed as JSON."""
    stamps: dict[str, tuple[float, float]] = {}

    def stamp(name: str) -> None:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = time.process_time() + children.ru_utime + children.ru_stime
        stamps[name] = time.perf_counter(), cpu

    value = WAYS[way][1](n, stamp)
    begin = stamps.pop("ready")
    found: dict[str, Any] = {
        name: [t - b for t, b in zip(at, begin, strict=True)] for name, at in stamps.items()
    }
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({**found, "value": value, "memory": memory}))


def measured(way: str, n: int, rounds: int) -> dict[str, Any] | None:
    """The medians of several processes; None if one takes too long."""
    command = [sys.executable, "-m", "tests.bench.native_wall", "--way", way, "--n", str(n)]
    runs: list[dict[str, Any]] = []
    for _ in range(rounds):
        environment = {**os.environ, "FGRAD_CACHE": "off", "JAX_ENABLE_COMPILATION_CACHE": "0"}
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, timeout=LIMIT, check=True
            )
        except subprocess.TimeoutExpired:
            return None
        lines = done.stdout.decode().splitlines()
        runs.append(
            {k: v for line in lines if line[:1] == "{" for k, v in json.loads(line).items()}
        )
    found: dict[str, Any] = {**runs[0]}
    for name in ("traced", "first", "best"):
        if name in found:
            found[name] = [statistics.median(r[name][k] for r in runs) for k in range(2)]
    return found


def row(way: str, n: int, found: dict[str, Any], needs: dict[str, float]) -> None:
    cells = []
    for name in ("traced", "first", "best"):
        times = found.get(name)
        cell = "–" if times is None else f"{spoken(times[1])} ({spoken(times[0])})"
        if name in needs and times is not None:
            met = "yes" if times[1] <= needs[name] else "NO"
            cell += f", needed <= {spoken(needs[name])}: {met}"
        cells.append(cell)
    lines = found.get("lines")
    each = "–" if lines is None else f"{found['first'][1] / lines * 1e6:.1f} us"
    memory = f"{found['memory'] / 1e6:,.0f} MB"
    if "memory" in needs:
        met = "yes" if found["memory"] <= needs["memory"] else "NO"
        memory += f", needed <= {needs['memory'] / 1e6:,.0f} MB: {met}"
    print(
        f"| {n:,} | {way} | {lines or '–'} | {' | '.join(cells)} | {each} | {memory} |", flush=True
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--way")
    parser.add_argument("--n", type=int, default=1000)
    given = parser.parse_args()
    if given.way:
        alone(given.way, given.n)
        return
    pinned()
    absent = missing("casadi", "heyoka", "jax")
    print("| n | form | lines | traced | first answer | best code | a line | peak memory |")
    print(f"|{' --- |' * 8}")
    plans: list[tuple[str, int, int, dict[str, float]]] = [
        ("fgrad", 1000, given.rounds, {"first": 0.35, "best": 1.2}),
        ("casadi", 1000, given.rounds, {}),
        ("heyoka compact", 1000, given.rounds, {}),
        ("heyoka", 1000, 1, {}),
        ("fgrad", 10_000, 1, {"first": 4.0}),
        ("casadi", 10_000, 1, {}),
        ("heyoka compact", 10_000, 1, {}),
        ("fgrad", 62_500, 1, {"first": 30.0, "memory": 2e9}),
        *[(way, 1000, 1, {}) for way in SLOW],
    ]  # fmt: skip
    values: dict[int, float] = {}
    rates: list[float] = []
    for way, n, rounds, needs in plans:
        if (
            WAYS[way][0] in absent
            or (way in SLOW and not given.slow)
            or (given.quick and n > 10_000)
        ):
            continue
        found = measured(way, n, rounds)
        if found is None:
            print(f"| {n:,} | {way} | – | – | more than {LIMIT} s | – | – | – |", flush=True)
            continue
        row(way, n, found, needs)
        if "lines" in found:
            rates.append(found["first"][1] / found["lines"])
        if abs(values.setdefault(n, found["value"]) - found["value"]) > 1e-9 * values[n]:
            print(f"{way} gives another value")
    if rates:
        most = max(rates) / min(rates)
        print(
            f"\nthe time a line differs by {most:.2f}x, needed <= 1.5x: {'yes' if most <= 1.5 else 'NO'}"
        )


if __name__ == "__main__":
    main()
