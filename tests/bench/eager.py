"""Build a scalar graph and differentiate it: fgrad beside micrograd, torch and autograd.

    python -m tests.bench.eager [sizes...]

Every library runs the same formula in the same process; the runs are interleaved in random order
with the garbage collector on, and the table shows medians, as time per operation and as a ratio.
A library that is not installed, or too slow or too deep for a size, is left out of that row.
Building and differentiating is what is timed: what was made is freed after the clock has stopped.
"""

from __future__ import annotations

import gc
import importlib.util
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import fgrad as fg

LEAVES = 20
WIDTH = 50
ROUNDS = {1_000: 61, 10_000: 31, 100_000: 7, 1_000_000: 5}
LARGEST = {"micrograd": 10_000, "torch": 100_000, "autograd": 10_000}


Plan = list[list[tuple[int, int, int]]]


def plan(size: int) -> Plan:
    """A layered graph of about `size` operations: in each row a kind and two places below it."""
    rng = random.Random(0)
    layers: Plan = []
    below, made = LEAVES, 0
    while made < size:
        kinds = rng.choices(range(4), weights=(4, 4, 1, 1), k=WIDTH)
        layers.append([(kind, rng.randrange(below), rng.randrange(below)) for kind in kinds])
        made += sum(OPERATIONS[kind] for kind in kinds)
        below = WIDTH
    return layers


OPERATIONS = (2, 3, 2, 2)


def formula(leaves: list[Any], layers: Plan, relu: Callable[[Any], Any]) -> Any:
    """Products, sums and a few relus of bounded size, with literals, as users write them."""
    layer = leaves
    for rows in layers:
        made = []
        for kind, i, j in rows:
            a, b = layer[i], layer[j]
            if kind == 0:
                made.append(a * b + 0.5)
            elif kind == 1:
                made.append((a + b) * 0.5 - b)
            elif kind == 2:
                made.append(relu(a + b))
            else:
                made.append(relu(a) * b)
        layer = made
    total = layer[0]
    for row in layer[1:]:
        total = total + row
    return total


def start() -> list[float]:
    """The values of the leaves."""
    rng = random.Random(1)
    return [rng.uniform(-1.0, 1.0) for _ in range(LEAVES)]


Outcome: TypeAlias = tuple[list[float], object]
"""The gradient, and the output with all behind it."""


def with_fgrad(layers: Plan) -> Outcome:
    leaves = [fg.var(x) for x in start()]
    output = formula(leaves, layers, fg.relu)
    gradients = fg.grad(fg.Graph.of(output), output)
    return [gradients[x] for x in leaves], (output, gradients)


def with_micrograd(layers: Plan) -> Outcome:
    from micrograd.engine import Value  # noqa: PLC0415  # a peer, if it is there

    leaves = [Value(x) for x in start()]
    output = formula(leaves, layers, lambda v: v.relu())
    output.backward()
    return [x.grad for x in leaves], output


def with_torch(layers: Plan) -> Outcome:
    import torch  # noqa: PLC0415  # a peer, if it is there

    torch.set_num_threads(1)
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in start()]
    output = formula(leaves, layers, torch.relu)
    output.backward()
    return [float(x.grad) for x in leaves if x.grad is not None], output


def with_autograd(layers: Plan) -> Outcome:
    import autograd  # noqa: PLC0415  # a peer, if it is there
    import autograd.numpy as np  # noqa: PLC0415  # likewise

    def model(xs: Any) -> Any:
        return formula(list(xs), layers, lambda v: np.maximum(v, 0.0))

    return [float(g) for g in autograd.grad(model)(start())], None


CONTESTANTS = {
    "fgrad": with_fgrad,
    "micrograd": with_micrograd,
    "torch": with_torch,
    "autograd": with_autograd,
}


def row(size: int) -> str:
    """One line of the table."""
    runners = {
        name: run
        for name, run in CONTESTANTS.items()
        if size <= LARGEST.get(name, sys.maxsize) and importlib.util.find_spec(name)
    }
    small, layers = plan(min(size, 10_000)), plan(size)
    count = sum(OPERATIONS[kind] for rows in layers for kind, _, _ in rows) + WIDTH - 1
    reference, _ = with_fgrad(small)
    times: dict[str, list[float]] = {name: [] for name in runners}
    for name, run in runners.items():
        result, _ = run(small)
        off = max(abs(a - b) / (abs(b) + 1e-300) for a, b in zip(result, reference, strict=False))
        if off > 1e-9:
            print(f"{name} gives another gradient (off by {off:.1e}); its time means nothing")
    for _ in range(ROUNDS.get(size, 5)):
        for name in random.sample(sorted(runners), len(runners)):
            gc.collect()
            begin = time.perf_counter()
            kept = runners[name](layers)
            times[name].append(time.perf_counter() - begin)
            del kept
    ours = statistics.median(times["fgrad"])
    cells = [f"{count:>9,}", f"{ours / count * 1e9:.0f} ns"]
    for name in list(CONTESTANTS)[1:]:
        if name in times:
            cells.append(f"{statistics.median(times[name]) / ours:>8.1f}x")
        else:
            cells.append(f"{'–':>9}")
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Print the table."""
    sizes = [int(a) for a in sys.argv[1:]] or sorted(ROUNDS)
    sys.setrecursionlimit(100_000)  # micrograd walks its graph by recursion
    print(f"Python {platform.python_version()}, collector on, medians of interleaved runs")
    print("| operations | fgrad, per operation | micrograd | torch | autograd |")
    print(f"|{' --- |' * 5}")
    for size in sizes:
        print(row(size), flush=True)


if __name__ == "__main__":
    main()
