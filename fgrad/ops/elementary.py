"""Elementary functions beside those of `scalar`: implementation and derivative in a row.

`sinc_slope` exists as the derivatives of `sinc`.
"""

from __future__ import annotations

import math
from math import copysign, fsum, inf, isfinite, isinf, nan, pi
from typing import Final

from fgrad.ops import ieee
from fgrad.ops.scalar import div, round, tan
from fgrad.ops.signatures import Binary, Ternary, Unary

_LN10: Final = 2.302585092994046
_HIGHEST: Final = 150  # derivative, as of polygamma


def _sec(x: float) -> float:
    """1 / cos(x)."""
    return ieee.reciprocal(ieee.cos(x))


def _csc(x: float) -> float:
    """1 / sin(x)."""
    return ieee.reciprocal(ieee.sin(x))


def _cot(x: float) -> float:
    """1 / tan(x)."""
    return ieee.reciprocal(ieee.tan(x))


def _sinpi(x: float) -> float:
    """sin(pi * x), which is 0 at whole numbers: the argument is reduced exactly."""
    turn = abs(math.fmod(x, 2.0)) if isfinite(x) else nan
    sign = copysign(1.0, x)
    if turn >= 1.0:
        turn, sign = turn - 1.0, -sign
    if turn == 0.0:
        return copysign(0.0, x)
    turn = min(turn, 1.0 - turn)
    return sign * (math.sin(pi * turn) if turn <= 0.25 else math.cos(pi * (0.5 - turn)))


def _cospi(x: float) -> float:
    """cos(pi * x), which is 0 half-way between whole numbers."""
    turn = abs(math.fmod(x, 2.0)) if isfinite(x) else nan
    turn = min(turn, 2.0 - turn)
    sign = 1.0 if turn <= 0.5 else -1.0
    turn = min(turn, 1.0 - turn)
    if turn == 0.5:
        return 0.0
    return sign * (math.cos(pi * turn) if turn <= 0.25 else math.sin(pi * (0.5 - turn)))


def _sinc(x: float) -> float:
    """sin(pi * x) / (pi * x), and 1 at 0."""
    return _sinpi(x) / (pi * x) if x != 0.0 else 1.0


def _sinc_slope(order: float, x: float) -> float:
    """The derivative of a whole order of sinc: its series near 0, a recurrence further out."""
    if not 0.0 <= order <= _HIGHEST or order != int(order) or not isfinite(x):
        return nan
    n, size = int(order), abs(x)
    turn = pi * size
    sign = -1.0 if n % 2 and x < 0.0 else 1.0
    if turn <= 0.4 * n + 0.8:
        return sign * pi**n * _sinc_series(n, turn)
    sine, cosine = _sinpi(size), _cospi(size)
    slope, factor = sine / turn, 1.0 / pi
    for k in range(1, n + 1):
        factor *= pi
        slope = (factor * (cosine, -sine, -cosine, sine)[(k - 1) % 4] - k * slope) / size
    return sign * slope


def _sinc_series(n: int, t: float) -> float:
    """The n-th derivative of sin(t) / t: the sum of (-1)**k t**m / (m! (m + n + 1)) for m = 2 k - n."""
    m = n % 2
    power = 1.0 if m == 0 else t
    sign = -1.0 if (m + n) // 2 % 2 else 1.0
    terms = []
    while True:
        terms.append(sign * power / (m + n + 1))
        power *= t * t / ((m + 1) * (m + 2))
        m, sign = m + 2, -sign
        if power < 1e-20 * abs(terms[0]) or power == 0.0:
            return fsum(terms)


def _exp10(x: float) -> float:
    """10**x."""
    return ieee.pow(10.0, x)


def _trunc(x: float) -> float:
    """The whole number next to x on the side of 0, as a float."""
    return copysign(float(math.trunc(x)), x) if isfinite(x) else x


def _rem(x: float, y: float) -> float:
    """x - y * trunc(x / y), exactly, as C's fmod; nan where y is 0 or x is infinite."""
    return nan if y == 0.0 or isinf(x) else math.fmod(x, y)


def _fma(x: float, y: float, z: float) -> float:
    """x * y + z, rounded once."""
    if not (isfinite(x) and isfinite(y)):
        return x * y + z
    if x == 0.0 or y == 0.0 or not isfinite(z):
        return z if z != 0.0 else x * y + z
    (a, b), (c, d), (e, f) = x.as_integer_ratio(), y.as_integer_ratio(), z.as_integer_ratio()
    exact = a * c * f + e * b * d
    try:
        return exact / (b * d * f)  # which Python rounds correctly
    except OverflowError:
        return inf if exact > 0 else -inf


sec: Unary = Unary("sec", _sec, lambda out, x: out * tan(x))
csc: Unary = Unary("csc", _csc, lambda out, x: -(out * cot(x)))
cot: Unary = Unary("cot", _cot, lambda out, x: -(1.0 + out * out))
sinpi: Unary = Unary("sinpi", _sinpi, lambda out, x: pi * cospi(x))
cospi: Unary = Unary("cospi", _cospi, lambda out, x: -pi * sinpi(x))
sinc: Unary = Unary("sinc", _sinc, lambda out, x: sinc_slope(1.0, x))
sinc_slope: Binary = Binary(
    "sinc_slope", _sinc_slope, None, lambda out, x, y: sinc_slope(x + 1.0, y)
)
exp10: Unary = Unary("exp10", _exp10, lambda out, x: out * _LN10)
trunc: Unary = Unary("trunc", _trunc, None, kink="0 everywhere, also at the jumps")
rem: Binary = Binary(
    "rem",
    _rem,
    lambda out, x, y: 1.0,
    lambda out, x, y: round(div(out - x, y)),
    kink="that of the piece the value lies on",
)
fma: Ternary = Ternary(
    "fma",
    _fma,
    lambda out, x, y, z: y,
    lambda out, x, y, z: x,
    lambda out, x, y, z: 1.0,
)
