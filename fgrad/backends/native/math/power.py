"""x**y and its slope, from a logarithm in double-double.

With log(x) right to 2**-64, y * log(x) is right to 2**-54 where it is largest, near 745.
"""

from __future__ import annotations

import math
from typing import Final

from fgrad.backends.native.ir.arithmetic import absolute, estrin, fma, product_error, rarely, select
from fgrad.backends.native.ir.builder import Value
from fgrad.backends.native.ir.doubledouble import Pair, fast_two_sum, two_product, two_sum
from fgrad.backends.native.math.exponential import LN2_HIGH, LN2_LOW, Scaled, bounded, exponential
from fgrad.backends.native.math.logarithm import parts

# As an exponent it leaves nothing between 0, 1 and inf, since |log(x)| > 2**-54 but for x = 1.
_HUGE: Final = 2.0**65

# Below it a product with a number near 1 may be subnormal, and lose digits.
_TINY: Final = 2.0**-900

_THIRD: Final = (0.3333333333333333, 1.850371707708594e-17)

# (atanh(s) / s - 1 - z / 3) / z**2 with z = s**2 <= 0.02944, by Remez; times z**2 off by 2**-66.3.
_SERIES: Final = (
    0.1999999999999999, 0.14285714285722556, 0.11111111108768179, 0.09090909435166147,
    0.07692278434788426, 0.06668158739764564, 0.058374085985256306, 0.059945122717290605,
)  # fmt: skip


def log_pair(x: Value) -> Pair:
    """log(x) for x > 0 in double-double: k * log(2) + 2 * atanh(s) with s = (m - 1) / (m + 1)."""
    k, m = parts(x)
    s = _ratio(m)
    high, low = _multiplied(s, _excess(s))
    total, first = fast_two_sum(k * LN2_HIGH, s[0])
    total, second = fast_two_sum(total, high)
    return fast_two_sum(total, (first + second) + fma(k, LN2_LOW, s[1] + low))


def _ratio(m: Value) -> Pair:
    """2 * (m - 1) / (m + 1)."""
    divisor, low = fast_two_sum(m.block.constant(1.0), m)
    inverse = 1.0 / divisor
    f = m - 1.0
    s = f * inverse
    missing = fma(s, low, product_error(s, divisor, f)) * inverse
    return s + s, missing * -2.0


def _excess(s: Pair) -> Pair:
    """atanh(t) / t - 1 = t**2 * (1/3 + t**2 * (1/5 + ...)) for t = s / 2."""
    t = s[0] * 0.5
    z, low = two_product(t, t)
    low = fma(t, s[1], low)
    high, error = fast_two_sum(z.block.constant(_THIRD[0]), z * estrin(z, _SERIES))
    return _multiplied((z, low), (high, fma(low, 0.2, error + _THIRD[1])))


def _multiplied(x: Pair, y: Pair) -> Pair:
    product, error = two_product(x[0], y[0])
    return product, fma(x[0], y[1], fma(x[1], y[0], error))


def _powered(x: Value, y: Pair) -> Scaled:
    """x**y for x > 0."""
    high, low = log_pair(x)
    product, error = two_product(y[0], high)
    error = fma(y[0], low, fma(y[1], high, error))
    kept = bounded(product)
    return exponential(kept, select(kept.eq(product), error, 0.0))


def _moderate(y: Value) -> Value:
    return bounded(y, -_HUGE, _HUGE)


def pow(x: Value, y: Value) -> Value:
    """x**y with the special cases of C99."""
    usual = _powered(absolute(x), (_moderate(y), y.block.constant(0.0))).rounded
    far = ~((x > 0.0) & (x < math.inf) & y.eq(y))
    return rarely(far, [usual], lambda: [_power_cases(x, y, usual)])[0]


def _power_cases(x: Value, y: Value, size: Value) -> Value:
    """x**y at every point, from |x|**y where 0 < |x| < inf."""
    a = absolute(x)
    size = select(a.eq(0.0) | a.eq(math.inf), _limit(a, y), size)
    signed = select(x.ne(x) | y.ne(y), math.nan, _turned(x, y, size))
    return select(y.eq(0.0) | x.eq(1.0), 1.0, signed)


def _limit(a: Value, y: Value) -> Value:
    """The power of 0 or inf, or a huge one: 0, 1 or inf."""
    grows = (a > 1.0) ^ (y < 0.0)
    return select(y.eq(0.0) | a.eq(1.0), 1.0, select(grows, math.inf, 0.0))


def _turned(x: Value, y: Value, size: Value) -> Value:
    """The size with the sign of x**y; nan for x < 0 and a y that is not whole."""
    a = absolute(y)
    half = select(a > 2.0**53, 2.0**53, a) * 0.5
    whole = a.eq(_rounded(a)) | (a > 2.0**52)
    odd = half.ne(_rounded(half)) & whole & (x.bits < 0)
    inside = (x < 0.0) & (x > -math.inf)
    return select(inside & ~whole, math.nan, select(odd, -size, size))


def _rounded(a: Value) -> Value:
    """The nearest whole number to a number from 0 to 2**52."""
    return (a + 2.0**52) - 2.0**52


def power_slope(x: Value, y: Value) -> Value:
    """y * x**(y - 1), without the rounding error of y - 1."""
    moderate = _moderate(y)
    power = _powered(absolute(x), two_sum(moderate, y.block.constant(-1.0)))
    usual = _times(power, moderate) * power.first * power.second
    size = absolute(y)
    far = ~((x > 0.0) & (x < math.inf) & (size < _HUGE) & (size > _TINY))

    def otherwise() -> list[Value]:
        # Multiplying by the factors would restore what a product with a subnormal y has lost.
        raised = _times(power, y * 2.0**200) * power.second * (power.first * 2.0**-200)
        return [_slope_cases(x, y, select(size > _TINY, usual, raised))]

    return rarely(far, [usual], otherwise)[0]


def _times(power: Scaled, y: Value) -> Value:
    product, error = two_product(power.high, y)
    return product + fma(power.low, y, error)


def _slope_cases(x: Value, y: Value, size: Value) -> Value:
    """The slope at every point, from y * |x|**(y - 1) where that is regular."""
    a = absolute(x)
    less = y - 1.0
    extreme = a.eq(0.0) | a.eq(math.inf) | (absolute(y) >= _HUGE)
    size = select(extreme, y * _limit(a, less), size)
    size = select(_even_beyond(y, size) & (x < 0.0), -size, size)
    signed = select(x.ne(x) | y.ne(y), math.nan, _turned(x, less, size))
    signed = select(less.eq(0.0), 1.0, signed)
    return select(y.eq(0.0), select(x.ne(x), math.nan, 0.0), signed)


def _even_beyond(y: Value, size: Value) -> Value:
    """Whether y is whole, y - 1 is odd but rounded to an even number, and x**y far from 0 and inf.

    There the slope of x**y has the sign of x * y; elsewhere y - 1 says it.
    """
    a, b = absolute(y), absolute(size)
    lost = (a > 2.0**52) & two_sum(y, y.block.constant(-1.0))[1].ne(0.0)
    return lost & (a < math.inf) & (b >= a * 2.0**-1022) & (b < math.inf)
