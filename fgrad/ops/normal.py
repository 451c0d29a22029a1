"""The normal distribution and the error functions beside `erf` and `erfc`, a row each.

`erfc_integral`, `normal_density` and the slopes exist as derivatives of others. That of an inverse is
written with `erfcx` and the tail, which keep their digits where exp(out**2) would not.
"""

from __future__ import annotations

import math
from math import exp, inf, isnan, log, log1p, nan
from typing import Final

from fgrad.ops import special
from fgrad.ops.borrowed import Borrowed
from fgrad.ops.operand import Partial, Real
from fgrad.ops.scalar import div, less, where
from fgrad.ops.signatures import Binary, Unary

SQRT_HALF: Final = (0.7071067811865476, -4.833646656726457e-17)
_HALF_SQRT_PI: Final = 0.886226925452758
INVERSE_SQRT_PI: Final = 0.5641895835477563
INVERSE_SQRT_2PI: Final = 0.3989422804014327
_SQRT_TWO_OVER_PI: Final = 0.7978845608028654
SQRT_HALF_PI: Final = 1.2533141373155003
_HIGHEST: Final = 150  # derivative, as of polygamma

# (1 + 2 x) exp(x**2) erfc(x) for x >= 0, in Chebyshev polynomials of (x - 15/4) / (x + 15/4)
# (Shepherd and Laframboise 1981).
CHEBYSHEV: Final = (
    1.1775789345674017, -0.004590054580646478, -0.08424913336651792, 0.05920993999819189,
    -0.026658668435305753, 0.009074997670705265, -0.002413163540417608, 0.0004907758365258086,
    -6.916973302501207e-05, 4.13902798607301e-06, 7.74038306619849e-07, -2.1886401049234397e-07,
    1.076499946567091e-08, 4.521959811218287e-09, -7.754400208831351e-10, -6.318088340886684e-11,
    2.86879501093067e-11, 1.9455868545777347e-13, -9.65469674843344e-13, 3.25254814814874e-14,
    3.3478119482868056e-14, -1.864562880419313e-15, -1.2507950530688648e-15,
    7.418235256624044e-17, 5.068148904796111e-17,
)  # fmt: skip


def _erfcx(x: float) -> float:
    """exp(x**2) * erfc(x)."""
    if -1.0 < x < 0.6:
        return _growth(x) * math.erfc(x)
    if x < 0.0:
        return 2.0 * _growth(x) - _erfcx(-x)
    if not x < 1e8:
        return INVERSE_SQRT_PI / x
    t = (x - 3.75) / (x + 3.75)
    double = 2.0 * t
    above = high = 0.0
    for c in reversed(CHEBYSHEV[1:]):
        above, high = high, double * high - above + c
    return (t * high - above + CHEBYSHEV[0]) / (1.0 + 2.0 * x)


def _growth(x: float) -> float:
    """exp(x**2), with the rounding error of x**2 put back."""
    if not -26.7 < x < 26.7:
        return x if isnan(x) else inf
    square = x * x
    value = exp(square) if square < 709.7 else inf
    return value + value * special.product_error(x, x, square) if value < inf else inf


def _erfc_integral(order: float, x: float) -> float:
    """exp(x**2) times the repeated integral of erfc of a whole order: all terms are positive.

    A recurrence upwards where x is negative, a continued fraction where it is large, and between a
    series (Abramowitz & Stegun 7.2).
    """
    if not 0.0 <= order <= _HIGHEST or order != int(order) or isnan(x):
        return nan
    n = int(order)
    if x > 0.5:
        return _by_fraction(n, x) if x < inf else 0.0
    if x >= 0.0:
        return _by_series(n, x)
    before, value = 2.0 * INVERSE_SQRT_PI, _erfcx(x)
    for k in range(1, n + 1):
        before, value = value, (before - 2.0 * x * value) / (2.0 * k)
    return value


def _by_fraction(n: int, x: float) -> float:
    """From the ratios of one order to the one below, downwards from where they hardly change."""
    start = n + 24 + int(150.0 / (x * x))
    ratio = (math.sqrt(x * x + 2.0 * start + 4.0) - x) / (2.0 * start + 4.0)
    value = _erfcx(x)
    for k in range(start, 0, -1):
        ratio = 1.0 / (2.0 * x + 2.0 * (k + 1) * ratio)
        if k <= n:
            value *= ratio
    return value


def _by_series(n: int, x: float) -> float:
    """The sum of (-2 x)**k gamma((n + k + 1) / 2) / (k! n! sqrt(pi))."""
    factorial = math.factorial(n)
    even = math.gamma(0.5 * (n + 1)) * INVERSE_SQRT_PI / factorial
    odd = -2.0 * x * math.gamma(0.5 * n + 1.0) * INVERSE_SQRT_PI / factorial
    terms: list[float] = []
    k = 0
    while abs(even) + abs(odd) > 1e-19 * abs(sum(terms[:1])):
        terms += (even, odd)
        even *= 4.0 * x * x * 0.5 * (n + k + 1) / ((k + 1) * (k + 2))
        odd *= 4.0 * x * x * 0.5 * (n + k + 2) / ((k + 2) * (k + 3))
        k += 2
    return math.fsum(terms)


def _ndtr(x: float) -> float:
    """erfc(-x / sqrt(2)) / 2, with the rounding error of the argument put back."""
    t = -x * SQRT_HALF[0]
    value = 0.5 * math.erfc(t)
    if not -40.0 < x < 40.0:
        return value
    error = special.product_error(-x, SQRT_HALF[0], t) - x * SQRT_HALF[1]
    return value - INVERSE_SQRT_PI * special.gauss(t) * error


def _normal_density(x: float) -> float:
    """exp(-x**2 / 2) / sqrt(2 pi), with the rounding error of x**2 put back."""
    if not -39.0 < x < 39.0:
        return x if isnan(x) else 0.0
    square = x * x
    value = INVERSE_SQRT_2PI * exp(-0.5 * square)
    return value - value * (0.5 * special.product_error(x, x, square))


def _log_ndtr(x: float) -> float:
    """log(ndtr(x)), also where ndtr is 0 or rounded to 1."""
    if x < -1.0:
        return log(0.5 * _erfcx(-x * SQRT_HALF[0])) - 0.5 * x * x if x > -1e200 else -inf
    return log1p(-_ndtr(-x)) if x > 0.0 else log(_ndtr(x))


def _erfinv_slope(x: float) -> float:
    """sqrt(pi) / 2 * exp(erfinv(x)**2)."""
    y, tail = _erfinv(x), 1.0 - abs(x)
    if tail == 0.0:
        return inf
    scale = exp(y * y) if abs(y) < 0.5 else _erfcx(abs(y)) / tail
    return _HALF_SQRT_PI * scale


def _erfcinv_slope(x: float) -> float:
    """-sqrt(pi) / 2 * exp(erfcinv(x)**2)."""
    tail = min(x, 2.0 - x)
    return -_HALF_SQRT_PI * _erfcx(abs(_erfcinv(x))) / tail if tail != 0.0 else -inf


def _ndtri_slope(x: float) -> float:
    """sqrt(2 pi) * exp(ndtri(x)**2 / 2)."""
    tail = min(x, 1.0 - x)
    size = abs(_ndtri(x)) * SQRT_HALF[0]
    return SQRT_HALF_PI * _erfcx(size) / tail if tail != 0.0 else inf


def _log_ndtr_dx(out: Real, x: Real) -> Partial:
    """density / ndtr: on the left by erfcx, where both would underflow."""
    left = div(_SQRT_TWO_OVER_PI, erfcx(-SQRT_HALF[0] * x))
    return where(less(x, 0.0), left, div(normal_density(x), ndtr(x)))


_erfinv: Final = Borrowed("erfinv")
_erfcinv: Final = Borrowed("erfcinv")
_ndtri: Final = Borrowed("ndtri")

erfcx: Unary = Unary("erfcx", _erfcx, lambda out, x: -2.0 * erfc_integral(1.0, x))
erfc_integral: Binary = Binary(
    "erfc_integral",
    _erfc_integral,
    None,
    lambda out, x, y: -2.0 * (x + 1.0) * erfc_integral(x + 1.0, y),
)
ndtr: Unary = Unary("ndtr", _ndtr, lambda out, x: normal_density(x))
normal_density: Unary = Unary("normal_density", _normal_density, lambda out, x: -(x * out))
log_ndtr: Unary = Unary("log_ndtr", _log_ndtr, _log_ndtr_dx)
erfinv: Unary = Unary("erfinv", _erfinv, lambda out, x: erfinv_slope(x), kink="inf at 1 and -1")
erfinv_slope: Unary = Unary(
    "erfinv_slope", _erfinv_slope, lambda out, x: 2.0 * (erfinv(x) * out) * out
)
erfcinv: Unary = Unary("erfcinv", _erfcinv, lambda out, x: erfcinv_slope(x), kink="-inf at 0 and 2")
erfcinv_slope: Unary = Unary(
    "erfcinv_slope", _erfcinv_slope, lambda out, x: 2.0 * (erfcinv(x) * out) * out
)
ndtri: Unary = Unary("ndtri", _ndtri, lambda out, x: ndtri_slope(x), kink="inf at 0 and 1")
ndtri_slope: Unary = Unary("ndtri_slope", _ndtri_slope, lambda out, x: (ndtri(x) * out) * out)
