"""The formulas that are measured, each written once for every library, and their data.

`m` is the library: fgrad, numpy, or a peer's functions under the same names (`tests.bench.peers`).
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import fgrad as fg


def normal_cdf(m: Any, x: Any) -> Any:
    return 0.5 * m.erfc(-x / math.sqrt(2.0))


def call_price(m: Any, p: Sequence[Any]) -> Any:
    """Black & Scholes (1973), of spot, strike, volatility, rate and expiry."""
    spot, strike, volatility, rate, expiry = p
    spread = volatility * m.sqrt(expiry)
    d1 = (m.log(spot / strike) + (rate + 0.5 * volatility * volatility) * expiry) / spread
    discounted = strike * m.exp(-rate * expiry)
    return spot * normal_cdf(m, d1) - discounted * normal_cdf(m, d1 - spread)


def greeks(spot: Any, strike: Any, volatility: Any, rate: Any, expiry: Any) -> tuple[Any, ...]:
    """The price, delta, gamma, vega, theta and rho, from derivatives of the price alone."""

    def of(p: Any) -> Any:
        return call_price(fg, (p[0], strike, p[1], p[2], p[3]))

    def delta(s: Any) -> Any:
        return fg.gradient(lambda t: call_price(fg, (t, strike, volatility, rate, expiry)))(s)

    price, slopes = fg.value_and_gradient(of)((spot, volatility, rate, expiry))
    return price, slopes[0], fg.gradient(delta)(spot), slopes[1], -slopes[3], slopes[2]


def symbolic_greeks(m: Any, slope: Callable[[Any, Any], Any], p: Sequence[Any]) -> list[Any]:
    """The same where `slope` differentiates an expression by a symbol."""
    price = call_price(m, p)
    delta = slope(price, p[0])
    vega, theta, rho = slope(price, p[2]), -slope(price, p[4]), slope(price, p[3])
    return [price, delta, slope(delta, p[0]), vega, theta, rho]


def options(rows: int) -> list[Any]:
    rng = np.random.default_rng(0)
    ranges = ((50.0, 150.0), (50.0, 150.0), (0.1, 0.6), (0.0, 0.08), (0.1, 3.0))
    return [rng.uniform(low, high, rows) for low, high in ranges]


def reprojection(m: Any, p: Sequence[Any], measured: Sequence[Any]) -> tuple[Any, Any]:
    """ADBench's residual: p is rotation 3, centre 3, focal 1, principal point 2, radial 2, point 3, weight 1."""
    turn, centre, focal, principal, radial = p[0:3], p[3:6], p[6], p[7:9], p[9:11]
    point, weight = p[11:14], p[14]
    x = [a - c for a, c in zip(point, centre, strict=True)]
    square = turn[0] * turn[0] + turn[1] * turn[1] + turn[2] * turn[2]
    theta = m.sqrt(square)
    cosine, sine = m.cos(theta), m.sin(theta)
    w = [t / theta for t in turn]
    cross = [w[1] * x[2] - w[2] * x[1], w[2] * x[0] - w[0] * x[2], w[0] * x[1] - w[1] * x[0]]
    along = (w[0] * x[0] + w[1] * x[1] + w[2] * x[2]) * (1.0 - cosine)
    turned = [x[i] * cosine + cross[i] * sine + w[i] * along for i in range(3)]
    u, v = turned[0] / turned[2], turned[1] / turned[2]
    r = u * u + v * v
    scale = focal * (1.0 + radial[0] * r + radial[1] * r * r)
    off = (u * scale + principal[0] - measured[0], v * scale + principal[1] - measured[1])
    return weight * off[0], weight * off[1]


def camera_jacobian(p: Sequence[Any], measured: Sequence[Any]) -> tuple[Any, ...]:
    """The 2 residuals and their 2 x 15 derivatives."""
    first, row = fg.value_and_gradient(lambda q: reprojection(fg, q, measured)[0])(p)
    second, other = fg.value_and_gradient(lambda q: reprojection(fg, q, measured)[1])(p)
    return first, second, *row, *other


def symbolic_jacobian(m: Any, slope: Callable[[Any, Any], Any], p: Sequence[Any]) -> list[Any]:
    """The same where `slope` differentiates an expression by a symbol; p has the measured point too."""
    first, second = reprojection(m, p[:15], p[15:])
    return [first, second, *[slope(y, x) for y in (first, second) for x in p[:15]]]


def observations(rows: int) -> list[Any]:
    rng = np.random.default_rng(0)
    centres = (0.1, -0.2, 0.3, 0.0, 0.1, -5.0, 500.0, 320.0, 240.0, -0.1, 0.01, 0.2, -0.3, 1.0, 1.0)
    known = [c + 0.1 * rng.standard_normal(rows) for c in centres]
    return [*known, rng.uniform(0.0, 640.0, rows), rng.uniform(0.0, 480.0, rows)]


def rosenbrock(x: Sequence[Any]) -> Any:
    """The sum of 100 (b - a**2)**2 + (1 - a)**2 over neighbours, with every library's `+`, `-` and `*`."""
    total = 0.0
    for a, b in itertools.pairwise(x):
        valley, along = b - a * a, 1.0 - a
        total = total + (100.0 * (valley * valley) + along * along)
    return total


def start(n: int) -> list[float]:
    """A point off the minimum."""
    return [0.5 + 0.01 * (i % 7) for i in range(n)]


LAYERS = (2, 16, 16, 1)
WEIGHTS = sum((a + 1) * b for a, b in itertools.pairwise(LAYERS))


def hinge(m: Any, weights: Sequence[Any], x: Sequence[Any], label: Any) -> Any:
    """The loss of a row in micrograd's demonstration: a network with relu, and max(0, 1 - label * score).

    For each layer `weights` has the biases, and then for each value that goes in one for each sum.
    """
    values, at = list(x), 0
    for layer, size in enumerate(LAYERS[1:], 1):
        sums = list(weights[at : at + size])
        for value in values:
            at += size
            sums = [s + w * value for s, w in zip(sums, weights[at : at + size], strict=True)]
        at += size
        values = sums if layer == len(LAYERS) - 1 else [m.relu(s) for s in sums]
    return m.relu(1.0 - label * values[0])


def moons(rows: int) -> tuple[Any, Any, Any]:
    """Weights, points `(rows, 2)` and labels of 1 and -1."""
    rng = np.random.default_rng(0)
    label = np.where(rng.random(rows) < 0.5, 1.0, -1.0)
    angle = rng.uniform(0.0, math.pi, rows)
    points = np.stack([label * np.cos(angle) + 0.5, label * np.sin(angle)], axis=1)
    noise = 0.1 * rng.standard_normal((rows, 2))
    return rng.uniform(-0.5, 0.5, WEIGHTS), points + noise, label


def tangle(m: Any, x: Sequence[Any], operations: int, seed: int = 0) -> list[Any]:
    """A random graph of about so many operations, without a pattern, and with long live ranges.

    Inputs within [-1, 1] give values within it. What nothing uses is summed up in the end.
    """
    choice = random.Random(seed)
    forms: list[tuple[int, int, Callable[[Any, Any], Any]]] = [
        (2, 30, lambda a, b: 0.5 * (a + b)),
        (2, 15, lambda a, b: 0.5 * (a - b)),
        (1, 30, lambda a, b: a * b),
        (4, 5, lambda a, b: a / m.sqrt(a * a + (b * b + 1.0))),
        (3, 5, lambda a, b: m.sqrt(a * a + 1.0) - 1.0),
        (3, 5, lambda a, b: m.exp(-(a * a))),
        (1, 5, lambda a, b: m.sin(a)),
        (1, 5, lambda a, b: m.tanh(a)),
    ]
    odds = [odd for _, odd, _ in forms]
    values, unused, done = list(x), list(range(len(x))), 0

    def some() -> int:
        """A value that nothing uses yet, a recent one, or any."""
        way = choice.random()
        if way < 0.5 and unused:
            return unused.pop(choice.randrange(len(unused)))
        return choice.randrange(max(0, len(values) - 50) if way < 0.8 else 0, len(values))

    while done < operations:
        count, _, form = choice.choices(forms, odds)[0]
        values.append(form(values[some()], values[some()]))
        unused.append(len(values) - 1)
        done += count
    total = 0.0
    for i in unused:
        total = total + values[i]
    return [total]


def swing(m: Any, forces: Sequence[Any], length: Any = 1.0) -> Any:
    """The cost of a pendulum's way by the method of Runge and Kutta, a step for each force."""
    angle, speed, cost, step = 3.0, 0.0, 0.0, 0.05

    def rate(a: Any, s: Any, force: Any) -> tuple[Any, Any]:
        return s, force - 9.81 / length * m.sin(a) - 0.1 * s

    for force in forces:
        a1, s1 = rate(angle, speed, force)
        a2, s2 = rate(angle + 0.5 * step * a1, speed + 0.5 * step * s1, force)
        a3, s3 = rate(angle + 0.5 * step * a2, speed + 0.5 * step * s2, force)
        a4, s4 = rate(angle + step * a3, speed + step * s3, force)
        angle = angle + step / 6.0 * (a1 + 2.0 * a2 + 2.0 * a3 + a4)
        speed = speed + step / 6.0 * (s1 + 2.0 * s2 + 2.0 * s3 + s4)
        cost = cost + angle * angle + 0.1 * speed * speed + 0.01 * force * force
    return cost


def diffusion(cells: Sequence[Any], steps: int) -> Any:
    """The sum of squares of cells in a row, each of which gives to its neighbours step by step."""
    for _ in range(steps):
        inner = [
            b + 0.1 * (a - 2.0 * b + c) - 0.01 * b * b * b
            for a, b, c in zip(cells, cells[1:], cells[2:], strict=False)
        ]
        cells = [cells[0], *inner, cells[-1]]
    return sum(cell * cell for cell in cells)


def decay(m: Any, p: Sequence[Any], rows: int) -> Any:
    """How far a decaying curve is from so many measurements, which are literals."""
    measured = [(0.01 * k + 0.005, math.sin(k)) for k in range(rows)]
    return sum((p[0] * m.exp(-p[1] * t) + p[2] - y) ** 2 for t, y in measured)
