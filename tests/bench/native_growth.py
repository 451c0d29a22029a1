"""How the time of making native code grows with the length of the program.

    python -m tests.bench.native_growth [--most LINES] [--sizes N] [--rounds N] [--only MODEL]

Five models' value and gradient, for a point to its best code, mapped, and summed over rows; from the
program to the first answer, CPU time on one pinned core, the least of some rounds. For each the
time a line, at the fewest and the most lines, and how far the worst size is above a smooth line
through all of them: a parabola of the logarithms.
"""

from __future__ import annotations

import argparse
import functools
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import numpy as np

import fgrad as fg
from tests.bench.models import rosenbrock, tangle
from tests.bench.race import pinned, spoken

ROWS = 32
LEAST = 200
"""Lines of the shortest programs."""
ALLOWED = 3.0
"""How far above the line a size may be."""


def clusters(a: Sequence[Any], b: Sequence[Any]) -> Any:
    """The square of the distance of a point to the nearest of some centres in the plane."""
    centres = zip(a[::2], a[1::2], strict=True)
    return functools.reduce(
        fg.minimum, [fg.square(b[0] - x) + fg.square(b[1] - y) for x, y in centres]
    )


def squares(a: Sequence[Any], b: Sequence[Any]) -> Any:
    """Least squares of measurements of ten numbers each."""
    rows = [b[at : at + 11] for at in range(0, len(b), 11)]
    return fg.sum([fg.square(fg.dot(a, row[:10]) - row[10]) for row in rows])


def valley(a: Sequence[Any], b: Sequence[Any]) -> Any:
    """Rosenbrock's function."""
    return rosenbrock([b[0] * x for x in a])


def mixture(a: Sequence[Any], b: Sequence[Any]) -> Any:
    """The logarithm of the density of some normal distributions."""
    parts = zip(a[::3], a[1::3], a[2::3], strict=True)
    return fg.log(
        fg.sum([fg.exp(w - fg.square(b[0] - x) - fg.square(b[1] - y)) for x, y, w in parts])
    )


def tangled(operations: int, a: Sequence[Any], b: Sequence[Any]) -> Any:
    """A random graph."""
    return tangle(fg, [x * y for x, y in zip(a, b, strict=True)], operations)[0]


@attrs.frozen
class Model:
    """A function of numbers to differentiate, and of those of a row, that has a size."""

    of_size: Callable[[int], Callable[[Any, Any], Any]]
    shape: Callable[[int], tuple[int, int]]
    """How many numbers of each kind it takes."""
    lines: float
    """Of its value and gradient, for a size of 1."""


MODELS = {
    "k-means": Model(lambda _: clusters, lambda n: (2 * n, 2), 24.0),
    "least squares": Model(lambda _: squares, lambda n: (10, 11 * n), 43.0),
    "Rosenbrock": Model(lambda _: valley, lambda n: (n, 1), 18.0),
    "a mixture": Model(lambda _: mixture, lambda n: (3 * n, 2), 19.0),
    "a random graph": Model(lambda n: functools.partial(tangled, n), lambda _: (20, 20), 2.5),
}  # fmt: skip
WAYS = "point", "map", "sum"


def spent(model: Model, size: int, way: str) -> tuple[int, float]:
    """The lines, and the CPU time from the program to the first answer."""
    shared, row = model.shape(size)
    rng = np.random.default_rng(size)
    a, b = rng.uniform(0.1, 0.9, (1, shared)), rng.uniform(0.1, 0.9, (ROWS, row))
    compiled: Any = fg.compile(fg.value_and_gradient(model.of_size(size)), backend="native")
    special = compiled.specialisation(a[0].tolist(), b[0].tolist())
    begin = time.process_time()
    if way == "point":
        list(special.kernel.entry.improve())
        compiled(a[0].tolist(), b[0].tolist())
    else:
        getattr(compiled, way)(a, b)
    return len(special.kernel.program), time.process_time() - begin


def sizes(model: Model, most: int, number: int) -> list[int]:
    """Sizes from the shortest programs to those of so many lines, each as many times the one before."""
    steps = np.geomspace(LEAST, most, number) / model.lines
    return list(dict.fromkeys(max(2, round(n)) for n in steps))


def above(lines: Sequence[int], times: Sequence[float]) -> list[float]:
    """How many times each is the value of the smooth line."""
    x, y = np.log(lines), np.log(times)
    smooth = np.polynomial.Polynomial.fit(x, y, 2)(x)
    return [math.exp(d) for d in y - smooth]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--most", type=int, default=20_000)
    parser.add_argument("--sizes", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=list(MODELS))
    given = parser.parse_args()
    pinned()
    spent(MODELS["Rosenbrock"], 10, "sum")  # what a process does once
    print("| model | way | a line, shortest | longest | worst | at lines | met |")
    print(f"|{' --- |' * 7}")
    worst = 0.0
    for name, model in MODELS.items():
        for way in WAYS if given.only in (None, name) else ():
            steps = sizes(model, given.most, given.sizes)
            # Round after round, for the machine is slow for some time and not for one size.
            rounds = [[spent(model, size, way) for size in steps] for _ in range(given.rounds)]
            found = [min(of_size) for of_size in zip(*rounds, strict=True)]
            lines, times = zip(*found, strict=True)
            ratios = above(lines, times)
            high = max(ratios)
            each = [spoken(t / n) for n, t in (found[0], found[-1])]
            met = "yes" if high <= ALLOWED else "NO"
            cells = [name, way, *each, f"{high:.2f}x", f"{lines[ratios.index(high)]:,}", met]
            print(f"| {' | '.join(cells)} |", flush=True)
            worst = max(worst, high)
    met = "yes" if worst <= ALLOWED else "NO"
    print(f"\nthe worst is {worst:.2f}x above the line, needed <= {ALLOWED:g}x: {met}")


if __name__ == "__main__":
    main()
