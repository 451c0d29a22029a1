"""Sparse derivatives beside CasADi: time until all functions are ready, and for each evaluation.

    python -m tests.bench.sparse [pendulum|boundary|rosenbrock]

Each problem and size is a process of its own, without code on disk. `cold` is the first time, with
the code of the model compiled, `warm` a later one, as after another size of the same model or with code on disk.
Times until ready are of the processor, medians; evaluations write nonzeros into arrays, CasADi's by
its buffers, and are the best of many. CasADi's functions are those of its SX, run by its interpreter.
"""

from __future__ import annotations

import gc
import importlib
import math
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

import fgrad as fg

SIZES: Final = {"pendulum": (50, 200, 1000), "boundary": (1000,), "rosenbrock": (1000,)}
CART, POLE, LENGTH, GRAVITY = 1.0, 0.3, 0.5, 9.81
ROUNDS: Final = 5


def dynamics(s: Sequence[Any], force: Any, m: Any) -> list[Any]:
    """The velocities and accelerations of a pole on a cart."""
    _, angle, v, w = s
    sine, cosine = m.sin(angle), m.cos(angle)
    mass = CART + POLE * (1.0 - cosine * cosine)
    a = (LENGTH * POLE * sine * w * w + force + POLE * GRAVITY * cosine * sine) / mass
    swing = LENGTH * POLE * cosine * sine * w * w + force * cosine + (CART + POLE) * GRAVITY * sine
    return [v, w, a, -swing / (LENGTH * mass)]


def pendulum(x: Any, n: int, m: Any) -> tuple[Any, list[Any]]:
    """The swing-up in n steps by the trapezoidal rule: the effort, and what must be 0."""
    h = 2.0 / n
    states = [[x[5 * k + i] for i in range(4)] for k in range(n + 1)]
    forces = [x[5 * k + 4] for k in range(n + 1)]
    slopes = [dynamics(s, u, m) for s, u in zip(states, forces, strict=True)]
    defects = [
        states[k + 1][i] - states[k][i] - 0.5 * h * (slopes[k][i] + slopes[k + 1][i])
        for k in range(n)
        for i in range(4)
    ]
    ends = [*states[0], states[n][0] - 1.0, states[n][1] - math.pi, states[n][2], states[n][3]]
    effort = 0.0
    for u, v in pairwise(forces):
        effort = effort + 0.5 * h * (u * u + v * v)
    return effort, defects + ends


def boundary(x: Any, n: int, m: Any) -> tuple[Any, list[Any]]:
    """The discrete boundary value problem (Moré, Garbow and Hillstrom 1981, 28): squares and residuals."""
    h = 1.0 / (n + 1)
    values = [0.0, *[x[i] for i in range(n)], 0.0]
    residuals = []
    for i in range(1, n + 1):
        cube = values[i] + (i * h + 1.0)
        residuals.append(
            2.0 * values[i] - values[i - 1] - values[i + 1] + 0.5 * h * h * (cube * cube * cube)
        )
    total = 0.0
    for r in residuals:
        total = total + r * r
    return total, residuals


def rosenbrock(x: Any, n: int, m: Any) -> tuple[Any, list[Any]]:
    """The extended function of Rosenbrock (the same, 21), without constraints."""
    total = 0.0
    for i in range(0, n, 2):
        a, b = x[i + 1] - x[i] * x[i], 1.0 - x[i]
        total = total + 100.0 * (a * a) + b * b
    return total, []


MODELS: Final[dict[str, Callable[[Any, int, Any], tuple[Any, list[Any]]]]] = {
    "pendulum": pendulum,
    "boundary": boundary,
    "rosenbrock": rosenbrock,
}


def variables(name: str, n: int) -> int:
    """The number of variables of a problem."""
    return 5 * (n + 1) if name == "pendulum" else n


def ours(name: str, n: int) -> Any:
    """All functions of fgrad, compiled."""
    model, start = MODELS[name], [0.5] * variables(name, n)
    both: dict[int, Any] = {}

    def at(x: list[Any]) -> tuple[Any, list[Any]]:
        known: tuple[Any, list[Any]] = both.get(id(x)) or both.setdefault(id(x), model(x, n, fg))
        return known

    made: Any = fg.derivatives(lambda x: at(x)[0], lambda x: at(x)[1], start)
    return made, (made.values, made.first, made.second)


def theirs(name: str, n: int) -> Any:
    """The same functions of CasADi."""
    ca = importlib.import_module("casadi")
    x = ca.SX.sym("x", variables(name, n))
    objective, constraints = MODELS[name](x, n, ca)
    g = ca.vertcat(*constraints) if constraints else ca.SX(0, 1)
    sigma, weights = ca.SX.sym("s"), ca.SX.sym("w", g.shape[0])
    total = sigma * objective + (ca.dot(weights, g) if constraints else 0)
    hessian = ca.tril(ca.hessian(total, x)[0])
    return (
        ca.Function("values", [x], [objective, g]),
        ca.Function("first", [x], [ca.gradient(objective, x), ca.jacobian(g, x)]),
        ca.Function("second", [x, sigma, weights], [hessian]),
    )


def buffered(function: Any, inputs: Sequence[Any]) -> tuple[Any, Any]:
    """A function of CasADi as a call without arguments, and the arrays that it fills."""
    buffer, call = function.buffer()
    outs = [np.zeros(max(1, function.nnz_out(i))) for i in range(function.n_out())]
    for i, array in enumerate(inputs):
        buffer.set_arg(i, array.data)
    for i, array in enumerate(outs):
        buffer.set_res(i, array.data)
    call.keep = buffer, inputs
    return call, outs


def best(call: Callable[[], object], times: int = 300) -> float:
    """The shortest of many runs."""
    found = []
    for _ in range(times):
        begin = time.perf_counter()
        call()
        found.append(time.perf_counter() - begin)
    return min(found)


def made(make: Callable[[], Any]) -> tuple[float, Any]:
    """What is made, and the processor's time for it."""
    gc.collect()
    begin = time.process_time()
    result = make()
    return time.process_time() - begin, result


def memory() -> float:
    """The most memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def compare(name: str, n: int) -> None:
    """Print the line of one problem and size."""
    fg.compile(fg.sin)(1.0)  # LLVM itself starts
    for module in ("fgrad.sparse.problem", "fgrad.backends.native.runtime.tables", "casadi"):
        importlib.import_module(module)  # which is not counted
    ours("rosenbrock", 40)  # what all models share is compiled: once on a machine, if code is kept
    before = memory()
    cold, (derivatives, fills) = made(lambda: ours(name, n))
    grown = memory() - before
    theirs(name, 2)
    spent, functions = made(lambda: theirs(name, n))
    ready, peer = [], [spent]
    for _ in range(ROUNDS):
        ready.append(made(lambda: ours(name, n))[0])
        spent, functions = made(lambda: theirs(name, n))
        peer.append(spent)
    size, count = variables(name, n), derivatives.constraints
    random = np.random.default_rng(1)
    x, weights = random.normal(size=size), random.normal(size=1 + count)
    first = np.empty(size + len(derivatives.jacobian))
    second = np.empty(len(derivatives.hessian))
    call_first, (gradient, jacobian) = buffered(functions[1], [x])
    one, rest = weights[:1].copy(), weights[1:].copy() if count else np.zeros(1)
    call_second, (hessian,) = buffered(functions[2], [x, one, rest])
    calls = (
        lambda: fills[1](x, first),
        call_first,
        lambda: fills[2](x, weights, second),
        call_second,
    )
    times = [min(rounds) for rounds in zip(*[map(best, calls) for _ in range(3)], strict=True)]
    check(derivatives, (first, second), (gradient, jacobian, hessian), functions)
    base = statistics.median(peer)
    print(
        f"| {name}, {n} | {base * 1e3:.0f} ms | {cold / base:.2f} |"
        f" {statistics.median(ready) / base:.2f} | {times[1] * 1e6:.1f} µs | {times[0] / times[1]:.2f} |"
        f" {times[3] * 1e6:.1f} µs | {times[2] / times[3]:.2f} | {grown:.0f} MB |",
        flush=True,
    )


def check(derivatives: Any, ours: Any, theirs: Any, functions: Any) -> None:
    """Raise AssertionError where the two libraries do not agree."""
    size = derivatives.hessian.shape[0]
    assert np.allclose(ours[0][:size][ours[0][:size] != 0.0], theirs[0][theirs[0] != 0.0][:size])
    for pattern, values, function, index, found in (
        (derivatives.jacobian, ours[0][size:], functions[1], 1, theirs[1]),
        (derivatives.hessian, ours[1], functions[2], 0, theirs[2]),
    ):
        sparsity = function.sparsity_out(index)
        if not sparsity.nnz():
            assert not len(pattern)
            continue
        rows, columns = sparsity.get_triplet()
        known = {(i, j): y for i, j, y in zip(rows, columns, found, strict=True) if y != 0.0}
        mine = zip(pattern.rows, pattern.columns, values, strict=True)
        assert np.allclose([y - known.pop((i, j), 0.0) for i, j, y in mine], 0.0, atol=1e-9)
        assert not known


def main() -> None:
    """Print the table."""
    if len(sys.argv) == 3:
        compare(sys.argv[1], int(sys.argv[2]))
        return
    print(
        "| problem | CasADi ready | cold | warm | CasADi first | ours | CasADi second | ours | memory |"
    )
    print(f"|{' --- |' * 9}")
    for name in sys.argv[1:] or SIZES:
        for n in SIZES[name]:
            command = [sys.executable, "-m", "tests.bench.sparse", name, f"{n}"]
            subprocess.run(command, env={**os.environ, "FGRAD_CACHE": "off"}, check=True)


if __name__ == "__main__":
    main()
