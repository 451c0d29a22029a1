"""A race car's least time by multiple shooting, stated and solved: fgrad's `nlp` against CasADi.

The problem of CasADi's own examples: the position p and the speed v of a car with p' = v and v' = u - v
are to go from 0 to the end in the least time, with a speed limit that depends on p. RK4 between the
points. The time is from nothing to the solution: modelling, derivatives, compilation and Ipopt, in a
process that has imported everything, and again for the second problem of that size.

Run: python -m tests.bench.racecar [N ...]
"""

from __future__ import annotations

import importlib
import math
import sys
import time
from collections.abc import Callable
from typing import Any

import attrs

import fgrad as fg


@attrs.frozen
class Race:
    """The position, the speed and the throttle at each point, and the time that it takes."""

    position: tuple[float, ...]
    speed: tuple[float, ...]
    throttle: tuple[float, ...]
    duration: float


def slope(v: Any, u: Any) -> tuple[Any, Any]:
    return v, u - v


def step(p: Any, v: Any, u: Any, h: Any) -> tuple[Any, Any]:
    """One step of RK4."""
    a, b = slope(v, u)
    c, d = slope(v + 0.5 * h * b, u)
    e, f = slope(v + 0.5 * h * d, u)
    g, k = slope(v + h * f, u)
    return p + h / 6.0 * (a + 2.0 * c + 2.0 * e + g), v + h / 6.0 * (b + 2.0 * d + 2.0 * f + k)


def by_fgrad(n: int) -> float:
    def holds(race: Race) -> dict[str, Any]:
        h = race.duration / n
        states = list(zip(race.position, race.speed, strict=True))
        gaps = []
        for (p, v), u, (q, w) in zip(states, race.throttle, states[1:], strict=False):
            a, b = step(p, v, u, h)
            gaps.append((fg.equal(q, a), fg.equal(w, b)))
        limits = [v <= 1.0 - 0.5 * fg.sin(2.0 * math.pi * p) for p, v in states]
        ends = [
            fg.equal(x, y)
            for x, y in zip((*states[0], race.position[-1]), (0.0, 0.0, 1.0), strict=True)
        ]
        return {"gaps": gaps, "limits": limits, "ends": ends}

    free = (math.inf,) * (n + 1)
    start = Race((0.0,) * (n + 1), (1.0,) * (n + 1), (0.0,) * n, 1.0)
    lower = Race(tuple([-x for x in free]), tuple([-x for x in free]), (0.0,) * n, 0.0)
    upper = Race(free, free, (1.0,) * n, math.inf)
    problem = fg.nlp(lambda race: race.duration, holds, start, bounds=(lower, upper))
    return fg.solve_nlp(problem).objective


def by_sx(n: int) -> float:
    ca: Any = importlib.import_module("casadi")

    p, v, u = ca.SX.sym("p", n + 1), ca.SX.sym("v", n + 1), ca.SX.sym("u", n)
    t = ca.SX.sym("t")
    g, low, high = [], [], []
    for k in range(n):
        a, b = step(p[k], v[k], u[k], t / n)
        g += [p[k + 1] - a, v[k + 1] - b]
        low += [0.0, 0.0]
        high += [0.0, 0.0]
    for k in range(n + 1):
        g.append(v[k] - 1.0 + 0.5 * ca.sin(2.0 * math.pi * p[k]))
        low.append(-math.inf)
        high.append(0.0)
    g += [p[0], v[0], p[n] - 1.0]
    low += [0.0, 0.0, 0.0]
    high += [0.0, 0.0, 0.0]
    problem = {"x": ca.vertcat(p, v, u, t), "f": t, "g": ca.vertcat(*g)}
    solver = ca.nlpsol(
        "s", "ipopt", problem, {"print_time": False, "ipopt": {"print_level": 0, "sb": "yes"}}
    )
    free = [math.inf] * (n + 1)
    found = solver(
        x0=[0.0] * (n + 1) + [1.0] * (n + 1) + [0.0] * n + [1.0],
        lbx=[-x for x in free] * 2 + [0.0] * n + [0.0], ubx=free * 2 + [1.0] * n + [math.inf],
        lbg=low, ubg=high,
    )  # fmt: skip
    return float(found["f"])


def by_opti(n: int) -> float:
    ca: Any = importlib.import_module("casadi")

    opti = ca.Opti()
    x, u, t = opti.variable(2, n + 1), opti.variable(1, n), opti.variable()
    opti.minimize(t)
    for k in range(n):
        a, b = step(x[0, k], x[1, k], u[k], t / n)
        opti.subject_to(x[:, k + 1] == ca.vertcat(a, b))
    opti.subject_to(x[1, :] <= 1.0 - 0.5 * ca.sin(2.0 * math.pi * x[0, :]))
    opti.subject_to(opti.bounded(0.0, u, 1.0))
    opti.subject_to(x[0, 0] == 0.0)
    opti.subject_to(x[1, 0] == 0.0)
    opti.subject_to(x[0, n] == 1.0)
    opti.subject_to(t >= 0.0)
    opti.set_initial(x[1, :], 1.0)
    opti.set_initial(t, 1.0)
    opti.solver("ipopt", {"print_time": False}, {"print_level": 0, "sb": "yes"})
    return float(opti.solve().value(t))


WAYS: dict[str, Callable[[int], float]] = {
    "fgrad": by_fgrad,
    "CasADi SX": by_sx,
    "CasADi Opti": by_opti,
}


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:]] or [200, 1000]
    for way in WAYS.values():
        way(10)  # imports
    print(f"{'N':>5}  {'':<12}{'first, s':>9}{'CPU, s':>8}{'again, s':>9}{'optimum':>10}")
    for n in sizes:
        for name, way in WAYS.items():
            took, found = [], math.nan
            for _ in range(2):
                begin, cpu = time.perf_counter(), time.process_time()
                found = way(n)
                took.append((time.perf_counter() - begin, time.process_time() - cpu))
            (first, cpu), (again, _) = took
            print(f"{n:>5}  {name:<12}{first:>9.2f}{cpu:>8.2f}{again:>9.2f}{found:>10.5f}")


if __name__ == "__main__":
    main()
