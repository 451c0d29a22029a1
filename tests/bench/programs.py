"""From a function to a program of its value and gradient, beside CasADi; and calls of programs.

    python -m tests.bench.programs [sizes...]

Rosenbrock's function of n variables: tracing with the gradient, passes, and for CasADi the
expression, its gradient and the Function. Then a call, beside the eager graph and CasADi's
interpreter. Last a loop of 1,000 calls of a compiled step, differentiated twice through the calls,
beside the same loop unrolled. CPU time, best of several, one process.
"""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import sys
import time
from collections.abc import Callable
from typing import Any

import fgrad as fg
from fgrad.backends.python import source
from fgrad.program.passes import simplified
from fgrad.program.schedule import scheduled


def best(f: Callable[[], object], rounds: int = 5) -> float:
    """The shortest CPU time of a call, in seconds."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        f()
        times.append(time.process_time() - start)
    return min(times)


def rosenbrock(x: Any) -> Any:
    """The sum of 100 (b - a**2)**2 + (1 - a)**2 over neighbours."""
    return fg.sum([100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in itertools.pairwise(x)])


def casadi_function(n: int) -> Any:
    casadi: Any = importlib.import_module("casadi")
    x = casadi.SX.sym("x", n)
    total = 0.0
    for i in range(n - 1):
        total += 100.0 * (x[i + 1] - x[i] * x[i]) ** 2 + (1.0 - x[i]) ** 2
    return casadi.Function("f", [x], [total, casadi.gradient(total, x)])


def building(sizes: list[int]) -> None:
    print("| n | lines | trace, gradient, simplify | schedule | casadi |")
    print("| --- | --- | --- | --- | --- |")
    for n in sizes:
        x = [0.5] * n
        trace = fg.trace(fg.value_and_gradient(rosenbrock))
        made = best(lambda: simplified(trace(x)), 3)  # noqa: B023  # called at once
        program = simplified(trace(x))
        ordered = best(lambda: scheduled(program), 3)  # noqa: B023  # called at once
        peer = "–"
        if importlib.util.find_spec("casadi"):
            peer = f"{best(lambda: casadi_function(n), 3):.3f} s"  # noqa: B023  # called at once
        print(f"| {n:,} | {len(program):,} | {made:.3f} s | {ordered:.3f} s | {peer} |")


def calling(n: int = 1112) -> None:
    x = [0.5 + 0.01 * (i % 7) for i in range(n)]
    program = simplified(fg.trace(fg.value_and_gradient(rosenbrock))(x))
    straight = source(program).function()

    def eager() -> object:
        xs = [fg.var(v) for v in x]
        y = rosenbrock(xs)
        return fg.grad(fg.Graph.of(y), y)

    nodes = len(fg.Graph.of(rosenbrock([fg.var(v) for v in x])))
    once, slow = best(lambda: straight(*x), 20), best(eager)
    print(f"\n{nodes:,} nodes: eager {slow * 1e6:.0f} us, a call {once * 1e6:.0f} us:", end=" ")
    print(f"{slow / once:.1f}x")
    if importlib.util.find_spec("casadi"):
        f = casadi_function(n)
        print(f"casadi's interpreter: {best(lambda: f(x), 20) * 1e6:.0f} us")


def step(state: tuple[Any, Any], k: Any) -> tuple[Any, Any]:
    """About fifty operations of a driven pendulum."""
    x, v = state
    for _ in range(3):
        a = -fg.sin(x) * k - 0.1 * v * fg.abs(v) + 0.01 * x * x * x
        v = v + 0.01 * a
        x = x + 0.01 * v
    return x, v


def loop(f: Callable[[tuple[Any, Any], Any], tuple[Any, Any]]) -> Callable[[Any], Any]:
    def after(k: Any) -> Any:
        state: tuple[Any, Any] = (1.0, 0.0)
        for _ in range(1000):
            state = f(state, k)
        return state[0]

    return after


def calls_in_graphs() -> None:
    compiled = fg.compile(step)
    orders: list[tuple[str, Any]] = [
        ("once", fg.gradient),
        ("twice", lambda f: fg.gradient(fg.gradient(f))),
    ]
    for name, order in orders:
        long, short = order(loop(step)), order(loop(compiled))
        slow, quick = best(lambda: long(2.0), 3), best(lambda: short(2.0))  # noqa: B023  # at once
        same = abs(long(2.0) - short(2.0)) / abs(long(2.0))
        print(f"1,000 steps, differentiated {name}: unrolled {slow * 1e3:.0f} ms,", end=" ")
        print(f"calls {quick * 1e3:.1f} ms: {slow / quick:.1f}x, apart by {same:.0e}")


if __name__ == "__main__":
    building([int(a) for a in sys.argv[1:]] or [100, 1000, 10_000])
    calling()
    calls_in_graphs()
