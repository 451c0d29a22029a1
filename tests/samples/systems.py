"""Systems of equations from the literature, for solvers: their residuals, starts and who found them.

Most are of More, Garbow and Hillstrom, "Testing unconstrained optimization software" (1981), as
MINPACK tests its solver of equations with them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import attrs

import fgrad as fg

Residual = Callable[[Sequence[Any]], Sequence[Any]]


@attrs.frozen
class System:
    """A residual, and where a solve of it starts."""

    name: str
    residual: Residual
    start: tuple[float, ...]


def rosenbrock(x: Sequence[Any]) -> Sequence[Any]:
    return 1.0 - x[0], 10.0 * (x[1] - x[0] * x[0])


def powell_singular(x: Sequence[Any]) -> Sequence[Any]:
    return (
        x[0] + 10.0 * x[1], math.sqrt(5.0) * (x[2] - x[3]),
        (x[1] - 2.0 * x[2]) ** 2.0, math.sqrt(10.0) * (x[0] - x[3]) ** 2.0,
    )  # fmt: skip


def powell_badly_scaled(x: Sequence[Any]) -> Sequence[Any]:
    return 1e4 * x[0] * x[1] - 1.0, fg.exp(-x[0]) + fg.exp(-x[1]) - 1.0001


def wood(x: Sequence[Any]) -> Sequence[Any]:
    a, b = x[1] - x[0] * x[0], x[3] - x[2] * x[2]
    c, d = x[1] - 1.0, x[3] - 1.0
    return (
        -200.0 * x[0] * a - (1.0 - x[0]), 200.0 * a + 20.2 * c + 19.8 * d,
        -180.0 * x[2] * b - (1.0 - x[2]), 180.0 * b + 20.2 * d + 19.8 * c,
    )  # fmt: skip


def helical_valley(x: Sequence[Any]) -> Sequence[Any]:
    turn = fg.atan2(x[1], x[0]) / (2.0 * math.pi)
    return 10.0 * (x[2] - 10.0 * turn), 10.0 * (fg.hypot(x[0], x[1]) - 1.0), x[2]


def watson(x: Sequence[Any]) -> Sequence[Any]:
    n = len(x)
    out: list[Any] = [0.0] * n
    for i in range(1, 30):
        t = i / 29.0
        slope = fg.sum([k * t ** (k - 1) * x[k] for k in range(1, n)])
        value = fg.sum([t**k * x[k] for k in range(n)])
        rest = slope - value * value - 1.0
        out = [a + t ** (k - 1) * (k - 2.0 * t * value) * rest for k, a in enumerate(out)]
    last = x[1] - x[0] * x[0] - 1.0
    return [out[0] + x[0] * (1.0 - 2.0 * last), out[1] + last, *out[2:]]


def chebyquad(x: Sequence[Any]) -> Sequence[Any]:
    n = len(x)
    out: list[Any] = [0.0 if k % 2 == 0 else n / ((k + 1.0) ** 2 - 1.0) for k in range(n)]
    for v in x:
        before, now = 1.0, 2.0 * v - 1.0
        for k in range(n):
            out[k] = out[k] + now
            before, now = now, 2.0 * (2.0 * v - 1.0) * now - before
    return [a / n for a in out]


def brown_almost_linear(x: Sequence[Any]) -> Sequence[Any]:
    total = fg.sum(x) - (len(x) + 1.0)
    return [*[a + total for a in x[:-1]], fg.prod(x) - 1.0]


def boundary_value(x: Sequence[Any]) -> Sequence[Any]:
    h, y = 1.0 / (len(x) + 1.0), [0.0, *x, 0.0]
    return [
        2.0 * y[k] - y[k - 1] - y[k + 1] + 0.5 * h * h * (y[k] + k * h + 1.0) ** 3.0
        for k in range(1, len(x) + 1)
    ]


def integral_equation(x: Sequence[Any]) -> Sequence[Any]:
    n, h = len(x), 1.0 / (len(x) + 1.0)
    t = [(k + 1) * h for k in range(n)]
    cubes = [(a + s + 1.0) ** 3.0 for a, s in zip(x, t, strict=True)]
    left = [fg.sum([t[j] * cubes[j] for j in range(k + 1)]) for k in range(n)]
    right = [fg.sum([0.0, *[(1.0 - t[j]) * cubes[j] for j in range(k + 1, n)]]) for k in range(n)]
    return [x[k] + 0.5 * h * ((1.0 - t[k]) * left[k] + t[k] * right[k]) for k in range(n)]


def trigonometric(x: Sequence[Any]) -> Sequence[Any]:
    total = len(x) - fg.sum([fg.cos(a) for a in x])
    return [total + (k + 1.0) * (1.0 - fg.cos(a)) - fg.sin(a) for k, a in enumerate(x)]


def variably_dimensioned(x: Sequence[Any]) -> Sequence[Any]:
    total = fg.sum([(k + 1.0) * (a - 1.0) for k, a in enumerate(x)])
    pull = total * (1.0 + 2.0 * total * total)
    return [a - 1.0 + (k + 1.0) * pull for k, a in enumerate(x)]


def broyden_tridiagonal(x: Sequence[Any]) -> Sequence[Any]:
    y = [0.0, *x, 0.0]
    return [
        (3.0 - 2.0 * y[k]) * y[k] - y[k - 1] - 2.0 * y[k + 1] + 1.0 for k in range(1, len(x) + 1)
    ]


def broyden_banded(x: Sequence[Any]) -> Sequence[Any]:
    def near(i: int) -> list[int]:
        return [j for j in range(max(0, i - 5), min(len(x), i + 2)) if j != i]

    return [
        a * (2.0 + 5.0 * a * a) + 1.0 - fg.sum([x[j] * (1.0 + x[j]) for j in near(i)])
        for i, a in enumerate(x)
    ]


def boggs(x: Sequence[Any]) -> Sequence[Any]:
    return x[0] * x[0] - x[1] + 1.0, x[0] - fg.cos(0.5 * math.pi * x[1])


def himmelblau(x: Sequence[Any]) -> Sequence[Any]:
    return x[0] * x[0] + x[1] - 11.0, x[0] + x[1] * x[1] - 7.0


def freudenstein_roth(x: Sequence[Any]) -> Sequence[Any]:
    a, b = x
    return a - 13.0 + ((5.0 - b) * b - 2.0) * b, a - 29.0 + ((b + 1.0) * b - 14.0) * b


def chandrasekhar(x: Sequence[Any]) -> Sequence[Any]:
    n, c = len(x), 0.9
    at = [(k + 0.5) / n for k in range(n)]
    kernel = [fg.sum([at[i] * x[j] / (at[i] + at[j]) for j in range(n)]) for i in range(n)]
    return [a * (1.0 - 0.5 * c / n * k) - 1.0 for a, k in zip(x, kernel, strict=True)]


def bratu(x: Sequence[Any]) -> Sequence[Any]:
    h, y = 1.0 / (len(x) + 1.0), [0.0, *x, 0.0]
    return [y[k - 1] - 2.0 * y[k] + y[k + 1] + h * h * fg.exp(y[k]) for k in range(1, len(x) + 1)]


def arm(x: Sequence[Any]) -> Sequence[Any]:
    """Where the hand of an arm of two joints should be; stretched out, its Jacobian is singular."""
    return (
        fg.cos(x[0]) + fg.cos(x[0] + x[1]) - 1.0, fg.sin(x[0]) + fg.sin(x[0] + x[1]) - 0.5,
    )  # fmt: skip


def _thirds(n: int) -> tuple[float, ...]:
    return tuple((k + 1.0) / (n + 1.0) * ((k + 1.0) / (n + 1.0) - 1.0) for k in range(n))


def _evenly(n: int) -> tuple[float, ...]:
    return tuple((k + 1.0) / (n + 1.0) for k in range(n))


SOLVED: tuple[System, ...] = (
    System("rosenbrock", rosenbrock, (-1.2, 1.0)),
    System("rosenbrock, 100 times as far", rosenbrock, (-120.0, 100.0)),
    System("powell, badly scaled", powell_badly_scaled, (0.0, 1.0)),
    System("powell, badly scaled, 10 times as far", powell_badly_scaled, (0.0, 10.0)),
    System("wood", wood, (-3.0, -1.0, -3.0, -1.0)),
    System("helical valley", helical_valley, (-1.0, 0.0, 0.0)),
    System("helical valley, 100 times as far", helical_valley, (-100.0, 0.0, 0.0)),
    System("watson of 2", watson, (0.0,) * 2),
    System("watson of 6", watson, (0.0,) * 6),
    System("watson of 9", watson, (0.0,) * 9),
    System("chebyquad of 5", chebyquad, _evenly(5)),
    System("chebyquad of 6", chebyquad, _evenly(6)),
    System("chebyquad of 7", chebyquad, _evenly(7)),
    System("chebyquad of 9", chebyquad, _evenly(9)),
    System("brown, almost linear, of 10", brown_almost_linear, (0.5,) * 10),
    System("brown, almost linear, of 30", brown_almost_linear, (0.5,) * 30),
    System("boundary value", boundary_value, _thirds(10)),
    System(
        "boundary value, 100 times as far", boundary_value, tuple(100.0 * a for a in _thirds(10))
    ),
    System("integral equation", integral_equation, _thirds(10)),
    System("trigonometric", trigonometric, (0.1,) * 10),
    System(
        "variably dimensioned", variably_dimensioned, tuple(1.0 - 0.1 * k for k in range(1, 11))
    ),
    System("broyden, tridiagonal", broyden_tridiagonal, (-1.0,) * 10),
    System("broyden, tridiagonal, of 40", broyden_tridiagonal, (-1.0,) * 40),
    System("broyden, banded", broyden_banded, (-1.0,) * 10),
    System("boggs", boggs, (1.0, 0.0)),
    System("himmelblau", himmelblau, (0.0, 0.0)),
    System("freudenstein and roth", freudenstein_roth, (6.0, 6.0)),
    System("chandrasekhar's H", chandrasekhar, (1.0,) * 10),
    System("bratu", bratu, (0.0,) * 10),
    System("an arm, nearly stretched out", arm, (0.0, 1e-9)),
    System("an arm, bent", arm, (0.3, 2.0)),
)

# The Jacobian is singular at the root of the first; the others have no root at all.
REFUSED: tuple[System, ...] = (
    System("powell, singular", powell_singular, (3.0, -1.0, 0.0, 1.0)),
    System("chebyquad of 8", chebyquad, _evenly(8)),
    System("a parabola above 0", lambda x: [x[0] * x[0] + 1.0], (3.0,)),
    System("an exponential", lambda x: [fg.exp(x[0])], (1.0,)),
    System("a hyperbola", lambda x: [1.0 / x[0]], (2.0,)),
    System("circles apart", lambda x: (x[0] ** 2.0 + x[1] ** 2.0 - 1.0, (x[0] - 3.0) ** 2.0 + x[1] ** 2.0 - 1.0), (0.5, 0.5)),
    System("parallel lines", lambda x: (x[0] + x[1] - 1.0, 2.0 * x[0] + 2.0 * x[1] - 5.0), (0.3, 0.4)),
    System("a constant", lambda x: (1.0, x[0] + x[1]), (0.3, 0.4)),
    System("an arm out of reach", lambda x: (fg.cos(x[0]) + fg.cos(x[0] + x[1]) - 3.0, fg.sin(x[0]) + fg.sin(x[0] + x[1])), (0.3, 0.4)),
    System("outside of the domain", lambda x: [fg.log(x[0]) + 1.0], (-1.0,)),
    System("a step", lambda x: [fg.copysign(1.0, x[0]) + 0.1 * x[0]], (2.0,)),
)  # fmt: skip
