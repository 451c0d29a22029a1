"""Taylor coefficients of exp(sin(x)): `taylor` beside gradients of gradients.

    python -m tests.bench.taylor [orders...]

One process, the collector on, medians. The one should grow as the square of the order at most,
the other exponentially, so it is left out above NESTED. The last column says that both agree.
"""

from __future__ import annotations

import gc
import math
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import fgrad as fg

NESTED = 12
ROUNDS = 15
POINT = 0.7


def model(x: Any) -> Any:
    """A composition whose derivatives never end."""
    return fg.exp(fg.sin(x))


def with_series(order: int) -> tuple[float, ...]:
    return fg.taylor(model, order)(POINT)


def with_series_of_nodes(order: int) -> Any:
    return fg.taylor(model, order)(fg.var(POINT))


def with_gradients(order: int) -> float:
    """The last coefficient alone."""
    derivative: Any = model
    for _ in range(order):
        derivative = fg.gradient(derivative)
    return float(derivative(POINT)) / math.factorial(order)


def seconds(run: Callable[[int], Any], order: int) -> float:
    """The median of enough runs to trust, of which a slow one needs fewer."""
    times: list[float] = []
    while len(times) < ROUNDS and (len(times) < 3 or sum(times) < 3.0):
        gc.collect()
        begin = time.perf_counter()
        run(order)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def row(order: int) -> str:
    """One line of the table."""
    cells = [f"{seconds(with_series, order) * 1e3:.2f} ms"]
    cells.append(f"{seconds(with_series_of_nodes, order) * 1e3:.2f} ms")
    if order <= NESTED:
        ours, theirs = with_series(order)[order], with_gradients(order)
        cells.append(f"{seconds(with_gradients, order) * 1e3:.2f} ms")
        cells.append(f"{abs(ours - theirs) / abs(theirs):.0e}")
    else:
        cells += ["–", "–"]
    return f"| {order} | {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    print("| order | taylor | taylor, nodes | nested gradient, last one | apart |")
    print(f"|{' --- |' * 5}")
    for order in [int(a) for a in sys.argv[1:]] or [*range(1, 9), 12, 16, 32, 64, 128, 256, 512]:
        print(row(order), flush=True)


if __name__ == "__main__":
    main()
