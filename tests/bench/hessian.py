"""The Hessian of Rosenbrock's function, beside torch on the same scalar graph and autograd on vectors.

    python -m tests.bench.hessian [sizes...]

One process, interleaved runs, medians. autograd is given its best form, whole vectors; torch is
given both the scalar graph and its own vectorised `torch.autograd.functional.hessian`.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import itertools
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import fgrad as fg

ROUNDS = 15


def start(n: int) -> list[float]:
    """A point off the minimum."""
    return [0.5 + 0.01 * (i % 7) for i in range(n)]


def rosenbrock(x: Sequence[Any]) -> Any:
    """The sum of 100 (b - a**2)**2 + (1 - a)**2 over neighbours."""
    terms = [100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in itertools.pairwise(x)]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def with_fgrad(n: int) -> list[list[float]]:
    def model(x: list[float]) -> float:
        terms = [100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in itertools.pairwise(x)]
        return fg.sum(terms)

    return fg.hessian(model)(start(n)).rows  # type: ignore[return-value]  # rows of floats


def with_torch_scalars(n: int) -> Any:
    torch: Any = importlib.import_module("torch")

    torch.set_num_threads(1)
    x = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in start(n)]
    slopes = torch.autograd.grad(rosenbrock(x), x, create_graph=True)
    rows = [torch.autograd.grad(s, x, retain_graph=True, allow_unused=True) for s in slopes]
    return [[0.0 if g is None else float(g) for g in row] for row in rows]


def with_torch_vectors(n: int) -> Any:
    torch: Any = importlib.import_module("torch")

    def model(x: Any) -> Any:
        return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()

    point = torch.tensor(start(n), dtype=torch.float64)
    return torch.autograd.functional.hessian(model, point).tolist()


def with_autograd(n: int) -> Any:
    autograd: Any = importlib.import_module("autograd")
    np: Any = importlib.import_module("autograd.numpy")

    def model(x: Any) -> Any:
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    return autograd.hessian(model)(np.array(start(n))).tolist()


CONTESTANTS: dict[str, tuple[str, Callable[[int], Any]]] = {
    "fgrad": ("fgrad", with_fgrad),
    "torch, scalars": ("torch", with_torch_scalars),
    "torch, vectors": ("torch", with_torch_vectors),
    "autograd, vectors": ("autograd", with_autograd),
}


def row(n: int) -> str:
    """One line of the table."""
    runners = {k: run for k, (lib, run) in CONTESTANTS.items() if importlib.util.find_spec(lib)}
    reference = with_fgrad(n)
    for name, run in runners.items():
        if any(abs(a - b) > 1e-9 * (1.0 + abs(b)) for r, s in zip(run(n), reference, strict=True)
               for a, b in zip(r, s, strict=True)):  # fmt: skip
            print(f"{name} gives another Hessian; its time means nothing")
    times: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(ROUNDS):
        for name in random.sample(sorted(runners), len(runners)):
            gc.collect()
            begin = time.perf_counter()
            runners[name](n)
            times[name].append(time.perf_counter() - begin)
    ours = statistics.median(times["fgrad"])
    peers = [name for name in CONTESTANTS if name != "fgrad"]
    cells = [
        f"{statistics.median(times[name]) / ours:.1f}x" if name in times else "–" for name in peers
    ]
    return f"| {n} | {ours * 1e3:.2f} ms | {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    print("| n | fgrad | torch, scalars | torch, vectors | autograd, vectors |")
    print(f"|{' --- |' * 5}")
    for n in [int(a) for a in sys.argv[1:]] or [10, 100]:
        print(row(n), flush=True)


if __name__ == "__main__":
    main()
