"""The gamma function itself, beta, incomplete gamma and zeta functions, a row each.

`beta_slope`, `polygamma_gap`, `gamma_density` and `zeta_log` exist as derivatives of others.
"""

from __future__ import annotations

import math
from math import copysign, exp, inf, isinf, isnan, log, nan, pi

from fgrad.ops import beta_values as values
from fgrad.ops import ieee, zeta_sums
from fgrad.ops.borrowed import Borrowed, of_order
from fgrad.ops.gamma import _LARGE
from fgrad.ops.operand import Partial, Real
from fgrad.ops.scalar import digamma, div, equal, polygamma, where
from fgrad.ops.signatures import Binary, Ternary, Unary


def _gamma_density(a: float, x: float) -> float:
    """x**(a - 1) * exp(-x) / gamma(a): for a large a by the distance from its mode (Loader 2000)."""
    if isnan(a) or isnan(x) or x < 0.0 or isinf(a):
        return nan
    if a <= 0.0 and a == math.floor(a):
        return 0.0  # as a limit: the reciprocal of gamma is 0 there
    if x == inf or (x == 0.0 and a > 1.0):
        return 0.0
    if x == 0.0 and a < 1.0:
        return copysign(inf, values.gamma(a))
    power = ieee.pow(x, a - 1.0) if a >= 1.0 else ieee.pow(x, a) / x
    if a < _LARGE or (a < 170.0 and 1e-290 < power < inf):
        return power * exp(-x) / values.gamma(a)
    exponent = -values.correction(a) - _deviance(a, x)
    return exp(exponent) * math.sqrt(a / (2.0 * pi)) / x


def _deviance(a: float, x: float) -> float:
    """a * log(a / x) + x - a, which is 0 at x = a."""
    v = (a - x) / (a + x)
    if abs(v) >= 0.1:
        return a * log(a / x) + x - a if x > 1e-300 else inf
    total, term, k = (a - x) * v, 2.0 * a * v, 1
    while abs(term) > 1e-20 * abs(total):
        term *= v * v
        k += 2
        total += term / k
    return total


def _zeta(x: float, y: float) -> float:
    """The sum of (y + k)**-x for k = 0, 1, ..., which is Riemann's zeta function at y = 1."""
    return zeta_sums.zeta_log(0.0, x, y)


def _gamma_density_dy(out: Real, x: Real, y: Real) -> Partial:
    # At 0 a difference of densities, which is smooth there; elsewhere without the cancellation.
    there = gamma_density(x - 1.0, y) - out
    return where(equal(y, 0.0), there, out * div(x - 1.0 - y, y))


gamma: Unary = Unary("gamma", values.gamma, lambda out, x: out * digamma(x))
beta: Binary = Binary(
    "beta",
    values.beta,
    lambda out, x, y: beta_slope(1.0, x, y),
    lambda out, x, y: beta_slope(values.EVERY, x, y),
)
beta_slope: Ternary = Ternary(
    "beta_slope",
    values.beta_slope,
    None,
    lambda out, x, y, z: beta_slope(x + 1.0, y, z),
    lambda out, x, y, z: beta_slope(x + values.EVERY, y, z),
)
betaln: Binary = Binary(
    "betaln",
    values.betaln,
    lambda out, x, y: -polygamma_gap(0.0, x, y),
    lambda out, x, y: -polygamma_gap(0.0, y, x),
)
polygamma_gap: Ternary = Ternary(
    "polygamma_gap",
    values.polygamma_gap,
    None,
    lambda out, x, y, z: polygamma_gap(x + 1.0, y, z),
    lambda out, x, y, z: polygamma(x + 1.0, y + z),
)
gammainc: Binary = of_order("gammainc", Borrowed("gammainc"), lambda out, x, y: gamma_density(x, y))
gammaincc: Binary = of_order(
    "gammaincc", Borrowed("gammaincc"), lambda out, x, y: -gamma_density(x, y)
)
gamma_density: Binary = of_order("gamma_density", _gamma_density, _gamma_density_dy)
zeta: Binary = Binary(
    "zeta",
    _zeta,
    lambda out, x, y: -zeta_log(1.0, x, y),
    lambda out, x, y: -(x * zeta(x + 1.0, y)),
)
zeta_log: Ternary = Ternary(
    "zeta_log",
    zeta_sums.zeta_log,
    None,
    lambda out, x, y, z: -zeta_log(x + 1.0, y, z),
    lambda out, x, y, z: x * zeta_log(x - 1.0, y + 1.0, z) - y * zeta_log(x, y + 1.0, z),
)
