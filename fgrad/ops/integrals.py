"""Exponential and elliptic integrals and Lambert's function, a row each.

`ellipk_slope`, `ellipe_slope` and `lambertw_slope` exist as derivatives of others.
"""

from __future__ import annotations

import math
from math import exp, fsum, inf, isnan, log, log1p, nan, pi, sqrt
from typing import Final

from fgrad.ops.borrowed import Borrowed
from fgrad.ops.operand import Partial, Real
from fgrad.ops.scalar import div, less, reciprocal, where
from fgrad.ops.scalar import exp as exponential
from fgrad.ops.signatures import Binary, Unary

_HIGHEST: Final = 150  # derivative, as of polygamma
# -1 / e as the sum of two doubles: Lambert's function branches there.
_BRANCH: Final = (-0.36787944117144233, 1.2428753672788363e-17)
# (k - 1) / k! for k = 24, ..., 2.
_RISING: Final = tuple((k - 1) / math.factorial(k) for k in range(24, 1, -1))

_ellipk: Final = Borrowed("ellipk")
_ellipe: Final = Borrowed("ellipe")


def _ellipk_slope(order: float, m: float) -> float:
    """The derivative of a whole order of ellipk: by its series at 0, by its equation further out."""
    if not 0.0 <= order <= _HIGHEST or order != int(order) or not m <= 1.0:
        return nan
    n = int(order)
    if m == 1.0:
        return inf
    if abs(m) <= 0.5:
        return _series(n, m, 0.5)
    if m == -inf:
        return 0.0
    k, e = _ellipk(m), _ellipe(m)
    before, slope = k, (e - (1.0 - m) * k) / (2.0 * m * (1.0 - m))
    for j in range(n - 1):
        rise = (j + 0.5) ** 2 * before - (j + 1.0) * (1.0 - 2.0 * m) * slope
        before, slope = slope, rise / (m * (1.0 - m))
    return slope if n else k


def _ellipe_slope(order: float, m: float) -> float:
    """The derivative of a whole order of ellipe, likewise."""
    if not 0.0 <= order <= _HIGHEST or order != int(order) or not m <= 1.0:
        return nan
    n = int(order)
    if m == 1.0:
        return 1.0 if n == 0 else -inf
    if abs(m) <= 0.5:
        return _series(n, m, -0.5)
    if m == -inf:
        return 0.0 if n else inf
    k, e = _ellipk(m), _ellipe(m)
    before, slope = e, (e - k) / (2.0 * m)
    for j in range(n - 1):
        rise = (j * j - 0.25) * before - (j * (1.0 - 2.0 * m) + 1.0 - m) * slope
        before, slope = slope, rise / (m * (1.0 - m))
    return slope if n else e


def _series(n: int, m: float, first: float) -> float:
    """The n-th derivative of pi / 2 times the hypergeometric series of `first`, 1/2 and 1."""
    term = 0.5 * pi
    for k in range(n):
        term *= (k + first) * (k + 0.5) / (k + 1.0)
    terms: list[float] = []
    k = n
    while abs(term) > 1e-20 * abs(sum(terms[:1])):
        terms.append(term)
        term *= (k + first) * (k + 0.5) / ((k + 1.0) * (k + 1.0 - n)) * m
        k += 1
    return fsum(terms)


def _lambertw(x: float) -> float:
    """The real w from -1 whose w * exp(w) is x."""
    if x in (0.0, inf) or isnan(x):
        return x
    if x <= _BRANCH[0]:
        return -1.0 if x == _BRANCH[0] else nan
    lift = _lift(x)
    return _rise(lift) - 1.0 if lift < 0.17 else _further(x)


def _lift(x: float) -> float:
    """1 + e * x, with all digits."""
    return math.e * ((x - _BRANCH[0]) - _BRANCH[1])


def _rise(lift: float) -> float:
    """The u = 1 + w near 0 for which 1 + (u - 1) exp(u), a series of positive terms, is `lift`."""
    p = sqrt(2.0 * lift)
    u = p * (1.0 - p * (1.0 / 3.0 - p * (11.0 / 72.0 - p * (43.0 / 540.0))))
    for _ in range(3):
        value = 0.0
        for c in _RISING:
            value = value * u + c
        u -= (value * u * u - lift) / (u * exp(u)) if u > 0.0 else 0.0
    return u


def _further(x: float) -> float:
    """Lambert's function away from its branch point (Fritsch, Shafer and Crowley 1973)."""
    if x < 3.0:
        size = log1p(x)
        w = size * (1.0 - log1p(size) / (2.0 + size))
    else:
        size = log(x)
        w = size - log(size) * (1.0 - 1.0 / size)
    for _ in range(3):
        z = log(x / w) - w
        q = 2.0 * (1.0 + w) * (1.0 + w + 2.0 * z / 3.0)
        w += w * (z / (1.0 + w)) * (q - z) / (q - 2.0 * z)
    return w


def _lambertw_slope(x: float) -> float:
    """exp(-w) / (1 + w), in the form that keeps its digits."""
    if not x > _BRANCH[0]:
        return inf if x == _BRANCH[0] else nan
    lift = _lift(x)
    if lift < 0.17:
        u = _rise(lift)
        return exp(1.0 - u) / u
    w = _lambertw(x)
    return exp(-w) / (1.0 + w) if x < 1.0 else w / x / (1.0 + w) if x < inf else 0.0


def _lambertw_slope_dx(out: Real, x: Real) -> Partial:
    w = lambertw(x)
    inverse = where(less(x, 1.0), out * exponential(w), reciprocal(1.0 + w))
    return -(out * inverse * out * (2.0 + w))


expi: Unary = Unary(
    "expi", Borrowed("expi"), lambda out, x: div(exponential(0.5 * x), x) * exponential(0.5 * x)
)
exp1: Unary = Unary("exp1", Borrowed("exp1"), lambda out, x: -div(exponential(-x), x))
ellipk: Unary = Unary("ellipk", _ellipk, lambda out, x: ellipk_slope(1.0, x))
ellipk_slope: Binary = Binary(
    "ellipk_slope", _ellipk_slope, None, lambda out, x, y: ellipk_slope(x + 1.0, y)
)
ellipe: Unary = Unary("ellipe", _ellipe, lambda out, x: ellipe_slope(1.0, x), kink="-inf at 1")
ellipe_slope: Binary = Binary(
    "ellipe_slope", _ellipe_slope, None, lambda out, x, y: ellipe_slope(x + 1.0, y)
)
lambertw: Unary = Unary("lambertw", _lambertw, lambda out, x: lambertw_slope(x), kink="inf at -1/e")
lambertw_slope: Unary = Unary("lambertw_slope", _lambertw_slope, _lambertw_slope_dx)
