"""Errors in units in the last place, against 50-digit arithmetic."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from typing import Any

import attrs
import mpmath as mp

import fgrad as fg
from tests.samples.cases import EXCEPTIONS, SMOOTH, Case, Point
from tests.samples.special_cases import SLOW, SPECIAL

DIGITS = 50


@attrs.frozen
class Worst:
    """The largest error found, in ulp, and where."""

    ulp: float
    point: Point
    got: float
    truth: float


def ulp_error(got: float, truth: Any) -> float:
    """How many ulp of the true value `got` is off; inf when one is finite and the other is not."""
    exact = float(truth)
    if math.isnan(exact) or math.isnan(got):
        return 0.0 if math.isnan(exact) and math.isnan(got) else math.inf
    if math.isinf(exact) or math.isinf(got):
        return 0.0 if exact == got else math.inf
    return float(abs(mp.mpf(got) - truth) / mp.mpf(math.ulp(exact)))


def worst_value(case: Case, points: Iterable[Point]) -> Worst:
    """The largest error of the operation's value over `points`."""
    with mp.workdps(DIGITS):
        return max((_of_value(case, p) for p in points), key=lambda w: w.ulp)


def _of_value(case: Case, point: Point) -> Worst:
    got = case.op.impl(*point)
    truth = case.truth(*map(mp.mpf, point))
    return Worst(ulp_error(got, truth), point, got, float(truth))


def worst_derivative(case: Case, points: Iterable[Point], argument: int) -> Worst:
    """The largest error of one first derivative over `points`, by the fold over floats."""
    with mp.workdps(DIGITS):
        return max((_of_derivative(case, p, argument) for p in points), key=lambda w: w.ulp)


def _of_derivative(case: Case, point: Point, argument: int) -> Worst:
    variables = [fg.var(x) for x in point]
    operation: Any = case.op
    output = operation(*variables)
    got = fg.grad(fg.Graph.of(output, *variables), output)[variables[argument]]
    truth = true_derivative(case, point, tuple(int(i == argument) for i in range(len(point))))
    return Worst(ulp_error(got, truth), point, got, float(truth))


def true_derivative(case: Case, point: Point, orders: tuple[int, ...]) -> Any:
    """The mixed derivative of the truth at `point`, to working precision."""
    exact = [mp.mpf(x) for x in point]
    if sum(orders) == 1 and case.slopes:
        return case.slopes[orders.index(1)](*exact)
    # Steps go with the argument: mpmath's own step is absolute and would leave 1e-100 behind.
    scale = [abs(x) if x != 0 else mp.mpf(1) for x in exact]
    factor = mp.mpf(1)
    for s, n in zip(scale, orders, strict=True):
        factor /= s**n
    shifted = [x / s for x, s in zip(exact, scale, strict=True)]

    def scaled(*t: Any) -> Any:
        return case.truth(*[x * s for x, s in zip(t, scale, strict=True)])

    if len(point) == 1:
        return mp.diff(scaled, shifted[0], orders[0]) * factor
    return mp.diff(scaled, tuple(shifted), orders) * factor


def row(case: Case, name: str, count: int) -> str:
    """One line of the table."""
    value = worst_value(case, case.points(count))
    slopes = [worst_derivative(case, case.points(count), i) for i in range(len(case.tame[0]))]
    return f"| {name} | {value.ulp:.2f} | {', '.join(f'{w.ulp:.2f}' for w in slopes)} |"


def main() -> None:
    """Print the tables of docs/reference/accuracy.md, that of special functions last."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    print("| operation | value, ulp | derivatives, ulp |\n| --- | --- | --- |")
    for case in SMOOTH:
        print(row(case, f"`{case.op.name}`", count), flush=True)
    for case in EXCEPTIONS:
        print(row(case, f"`{case.op.name}`, negative argument", count), flush=True)
    for case in SPECIAL:
        few = count // 50 if case.op.name in SLOW else count // 5
        print(row(case, f"`{case.op.name}`", few), flush=True)


if __name__ == "__main__":
    main()
