"""Memory that gradients over arrays need at their peak, beside autograd.

python -m tests.bench.array_memory

Peaks above what was held before, by tracemalloc, in units of one array of activations: the data
that the functions are given does not count. The last columns are other ways to ask fgrad.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

import fgrad
from tests.bench import arrays as networks

fg: Any = fgrad
Run = Callable[[], Any]
NETWORKS = (((64, 64, 10), 1797), ((1024, 1024, 10), 4096))
CHAIN = 30


def peak(run: Run) -> int:
    """Bytes above those held before, at most, while a second run runs."""
    run()
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        kept = run()
        most = tracemalloc.get_traced_memory()[1] - before
        del kept
        return most
    finally:
        tracemalloc.stop()


def by_graph(data: networks.Data, tanh: bool, wrt: bool) -> Run:
    """By a graph that is built and differentiated with respect to the weights alone, or to all nodes."""
    lse: Any = lambda h: fg.logsumexp(h, 1)
    act = fg.tanh if tanh else fg.relu
    loss = networks.network(act, lse, lambda a, b: a @ b, data.x, data.y)

    def run() -> Any:
        weights, biases = ([fg.var(p) for p in ps] for ps in (data.weights, data.biases))
        y = loss(weights, biases)
        asked = {"wrt": (*weights, *biases)} if wrt else {}
        return fg.grad(fg.Graph.of(y), y, **asked)

    return run


def of_networks() -> None:
    """Print a row for each network."""
    for sizes, batch in NETWORKS:
        for tanh in (True, False):
            data = networks.Data(sizes, batch)
            unit = batch * sizes[1] * 8
            runs = {
                "fgrad": networks.ours(data, tanh),
                "autograd": networks.of_autograd(data, tanh),
                "by hand": networks.by_hand(data, tanh),
                "grad(wrt=)": by_graph(data, tanh, wrt=True),
                "grad of all": by_graph(data, tanh, wrt=False),
            }
            _row(
                f"{'-'.join(map(str, sizes))} batch {batch} {'tanh' if tanh else 'relu'}",
                runs,
                unit,
            )


def chain(size: int = 200_000) -> None:
    """Print the row of a chain of operations on one array."""
    x = np.linspace(0.1, 1.0, size)

    def f(module: Any, x: Any) -> Any:
        for _ in range(CHAIN // 2):
            x = module.sin(x) * 1.1
        return module.sum(x)

    def all_of_it() -> Any:
        node = fg.var(x)
        y = f(fg, node)
        return fg.grad(fg.Graph.of(y), y)

    autograd: Any = __import__("autograd", fromlist=["numpy"])
    ours, theirs = fg.gradient(lambda x: f(fg, x)), autograd.grad(lambda x: f(autograd.numpy, x))
    runs = {"fgrad": lambda: ours(x), "autograd": lambda: theirs(x), "grad of all": all_of_it}
    _row(f"a chain of {CHAIN} operations", runs, x.nbytes)


def _row(name: str, runs: dict[str, Run], unit: int) -> None:
    peaks = {which: peak(run) / unit for which, run in runs.items()}
    ratio = peaks["fgrad"] / peaks["autograd"]
    print(f"{name}: " + "  ".join(f"{which} {most:.2f}" for which, most in peaks.items())
          + f"  fgrad / autograd {ratio:.2f}")  # fmt: skip


if __name__ == "__main__":
    of_networks()
    chain()
