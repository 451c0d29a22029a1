"""What stands around compiled functions, beside the work that it carries.

    python -m tests.bench.around [--rounds N]

The work of each line is a call of a compiled function with the same numbers in the plainest form. A
ratio is the time of what stands around it, or of both together, by that of the work alone. CPU time,
one pinned core, medians of interleaved rounds.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from functools import partial
from typing import Any

import attrs
import numpy as np

import fgrad as fg
from tests.bench.models import WEIGHTS, hinge, moons
from tests.bench.race import Run, medians, pinned, spoken

KS = [0.1 * k for k in range(1, 11)]


@attrs.frozen
class Instruction:
    """What is timed beside its work; `ours` makes so many steps, each of which carries the work once."""

    name: str
    ours: Run
    work: Run
    need: float | None = None
    steps: int = 1


@attrs.frozen
class Weights:
    """Numbers in a class, some of them in rows."""

    first: list[float]
    rows: list[list[float]]

    @classmethod
    def of(cls, numbers: Sequence[float], width: int = 20) -> Weights:
        """The first half in a list, the others in rows."""
        half = len(numbers) // 2
        rest = [list(numbers[i : i + width]) for i in range(half, len(numbers), width)]
        return cls(list(numbers[:half]), rest)

    @property
    def all(self) -> list[float]:
        """In one list."""
        return [*self.first, *[x for row in self.rows for x in row]]


def numbers(n: int) -> list[float]:
    return [0.1 + 0.001 * i for i in range(n)]


def of_trees() -> list[Instruction]:
    """1,001 numbers, beside a call to their gradient."""
    flat, nested = numbers(1001), Weights.of(numbers(1001))
    slope = fg.compile(fg.gradient(lambda x: fg.sum([a * a for a in x])), backend="native")
    slopes = fg.compile(fg.gradient(lambda p: fg.sum([a * a for a in p.all])), backend="native")
    lines = []
    for name, tree, function in (("a list", flat, slope), ("rows in a class", nested, slopes)):
        work = partial(function, tree)
        lines += [
            Instruction(f"trees.leaves, {name}", partial(fg.trees.leaves, tree), work),
            Instruction(f"trees.flatten, {name}", partial(fg.trees.flatten, tree), work),
            Instruction(f"trees.map, {name}", partial(fg.trees.map, abs, tree), work),
        ]
    return lines


def of_matrices() -> list[Instruction]:
    """A Jacobian of 208 by 254, beside the call that computes it."""
    rng = random.Random(0)
    terms = [[(rng.random(), rng.randrange(254)) for _ in range(8)] for _ in range(208)]

    def f(x: list[Any]) -> list[Any]:
        return [fg.sum([a * fg.square(x[i]) for a, i in row]) for row in terms]

    lines = []
    cases: list[tuple[str, Any, Any]] = [
        ("rows that are lists", f, numbers(254)),
        ("rows of a class", lambda p: f(p.all), Weights.of(numbers(254))),
    ]
    for name, function, x in cases:
        jacobian: Any = fg.compile(fg.jacobian(function), backend="native")
        rows = jacobian(x)
        lines.append(
            Instruction(f".matrix of 208 by 254, {name}", partial(getattr, rows, "matrix"),
                 partial(jacobian, x), 2.0)
        )  # fmt: skip
    return lines


def of_sums() -> list[Instruction]:
    """Sums over 100 rows with weights in containers, beside the same in one row of an array."""
    weights, points, labels = moons(100)
    table, listed = weights[np.newaxis], weights.tolist()
    nested = Weights.of(listed)
    flat: Any = fg.compile(fg.value_and_gradient(lambda w, x, y: hinge(fg, w, x, y)))
    built: Any = fg.compile(fg.value_and_gradient(lambda p, x, y: hinge(fg, p.all, x, y)))
    work = lambda: flat.sum(table, points, labels)
    lines = [
        Instruction(f".sum, {WEIGHTS} weights in a list", lambda: flat.sum(listed, points, labels), work, 2.0),
        Instruction(f".sum, {WEIGHTS} in rows in a class", lambda: built.sum(nested, points, labels), work, 2.0),
    ]  # fmt: skip
    many, inputs = numbers(1000), np.random.default_rng(0).normal(size=(100, 4))

    def line(w: Any, x: Any) -> Any:
        return fg.sum([fg.square(a - x[i % 4]) for i, a in enumerate(w)])

    slopes: Any = fg.compile(fg.value_and_gradient(line))
    row = np.array([many])
    return [*lines, Instruction(".sum, 1,000 weights in a list", lambda: slopes.sum(many, inputs),
                         lambda: slopes.sum(row, inputs), 2.0), *of_mixtures()]  # fmt: skip


def of_mixtures(parts: int = 25, width: int = 5) -> list[Instruction]:
    """The density of a mixture, with its parameters in lists of rows and in one row."""

    def mixture(p: dict[str, Any], x: Any) -> Any:
        each = [
            w - 0.5 * fg.sum([fg.square((a - m) * fg.exp(-t)) + t for a, m, t in zip(x, mean, s, strict=True)])
            for w, mean, s in zip(p["weights"], p["means"], p["scales"], strict=True)
        ]  # fmt: skip
        return fg.log(fg.sum([fg.exp(a) for a in each]))

    def apart(v: Any) -> dict[str, Any]:
        rows = [list(v[i : i + width]) for i in range(parts, len(v), width)]
        return {"weights": list(v[:parts]), "means": rows[:parts], "scales": rows[parts:]}

    rng = np.random.default_rng(0)
    v = rng.normal(size=parts * (1 + 2 * width))
    given, row = apart(v.tolist()), v[np.newaxis]
    natural: Any = fg.compile(fg.value_and_gradient(mixture))
    flat: Any = fg.compile(fg.value_and_gradient(lambda v, x: mixture(apart(v), x)))
    lines = []
    for n in (100, 10_000):
        x = rng.normal(size=(n, width))
        lines.append(
            Instruction(f".sum over {n:,} rows, mixture in lists of rows", partial(natural.sum, given, x),
                 partial(flat.sum, row, x), 2.0)
        )  # fmt: skip
    return lines


def of_descents(steps: int = 50) -> list[Instruction]:
    """A step of a descent, beside the value and gradient that it asks for."""

    def light(w: list[Any]) -> Any:
        return fg.sum([a * a for a in w])

    def heavy(w: list[Any]) -> Any:
        return fg.sum([fg.sin(a * k) * fg.exp(-a * k) + fg.log1p(a * a * k) for a in w for k in KS])

    lines = []
    for name, loss, need in (("sum of squares", light, None), ("30,000 functions", heavy, 2.0)):
        start, compiled = numbers(1000), fg.compile(loss, backend="native")
        ready: Any = fg.compile(fg.value_and_gradient(loss), backend="native")
        work = partial(ready, start)
        for words, f, has_gradient in (
            ("ready gradient", ready, True),
            ("compiled loss", compiled, False),
        ):
            run: Run = partial(
                fg.minimize,
                f,
                start,
                fg.adam(1e-4),
                steps,
                tolerance=0.0,
                has_gradient=has_gradient,
            )
            lines.append(
                Instruction(
                    f"a step of adam, 1,000 numbers, {words}, {name}", run, work, need, steps + 1
                )
            )
    return lines


def of_nodes(width: int = 7, steps: int = 1024) -> list[Instruction]:
    """The gradient through calls of a compiled step on nodes, beside step and pullback on floats."""

    def step(p: Any, h: Any, c: Any, x: Any) -> Any:
        z = [*h, x, 1.0]
        gates = [[fg.dot(row, z) for row in gate] for gate in p]
        i, f, o = [[fg.sigmoid(v) for v in gate] for gate in gates[:3]]
        c = [a * b + d * fg.tanh(e) for a, b, d, e in zip(f, c, i, gates[3], strict=True)]
        return [a * fg.tanh(b) for a, b in zip(o, c, strict=True)], c

    def pull(p: Any, h: Any, c: Any, x: Any, bars: Any) -> Any:
        return fg.vjp(lambda args: step(*args))((p, h, c, x))[1](bars)

    rng = random.Random(0)
    p = [
        [[rng.uniform(-0.5, 0.5) for _ in range(width + 2)] for _ in range(width)] for _ in range(4)
    ]
    xs, zeros = [rng.random() for _ in range(steps)], [0.1] * width
    cell: Any = fg.compile(step, backend="native")
    pullback: Any = fg.compile(pull, backend="native")

    def loss(p: Any) -> Any:
        h, c, seen = zeros, zeros, []
        for x in xs:
            h, c = cell(p, h, c, x)
            seen.append(h[0])
        return fg.sum(seen)

    def work() -> None:
        for x in xs:
            cell(p, zeros, zeros, x)
            pullback(p, zeros, zeros, x, (zeros, zeros))

    gradient = fg.gradient(loss)
    name = f"gradient through {steps:,} calls of {4 * width * (width + 2)} parameters"
    return [Instruction(name, lambda: gradient(p), work)]


def show(lines: Sequence[Instruction], rounds: int) -> None:
    for line in lines:
        for run in (line.ours, line.work):
            for _ in range(4):  # what is written out for the next call
                run()
        times = medians({"ours": line.ours, "work": line.work}, rounds)
        ours = times["ours"] / line.steps
        ratio, need = ours / times["work"], line.need
        verdict = "" if need is None else f"<= {need:.3g}x | {'yes' if ratio <= need else 'NO'}"
        cells = spoken(ours), spoken(times["work"]), f"{ratio:.2f}x", verdict or " | "
        print(f"| {line.name} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    pinned()
    print(f"| what stands around | time | the work | ratio | needed | met |\n|{' --- |' * 6}")
    for lines in (of_trees, of_matrices, of_sums, of_descents, of_nodes):
        show(lines(), rounds)


if __name__ == "__main__":
    main()
