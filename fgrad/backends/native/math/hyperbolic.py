"""The hyperbolic functions.

x = n * log(2) + r as for the exponential, and the laws of sums: no difference of nearly equal
numbers is taken after a rounding.
"""

from __future__ import annotations

from typing import Final

from fgrad.backends.native.ir.arithmetic import (
    MAGIC,
    absolute,
    copysign,
    estrin,
    fma,
    nearest,
    select,
)
from fgrad.backends.native.ir.builder import Value
from fgrad.backends.native.ir.doubledouble import Pair, fast_two_sum, quotient, two_product
from fgrad.backends.native.math.exponential import LN2_HIGH, LN2_LOW, LOG2E, TAIL

# For |r| <= 0.34661 by Remez: (cosh r - 1) / r**2 and (sinh r - r) / r**3 in r**2, times r**2 off by
# at most 2**-69.9 and 2**-61.1.
_COSH: Final = (
    0.5, 0.041666666666666685, 0.0013888888888873283, 2.480158734919996e-05,
    2.7557251827510873e-07, 2.0921764192177224e-09,
)  # fmt: skip
_SINH: Final = (
    0.16666666666666677, 0.008333333333321384, 0.0001984126988682588, 2.755724344587704e-06,
    2.510931146302946e-08,
)  # fmt: skip


def sinh(x: Value) -> Value:
    """(e**x - e**-x) / 2."""
    return copysign(_grown(x, -1.0), x)


def cosh(x: Value) -> Value:
    """(e**x + e**-x) / 2."""
    return _grown(x, 1.0)


def _grown(x: Value, sign: float) -> Value:
    """(e**|x| + sign * e**-|x|) / 2."""
    size = absolute(x)
    n, r, low = _reduced(select(size > 710.5, 710.5, size))
    # 2**(1 - n) times cosh(n * log(2)) and sinh(n * log(2)); the last bits matter while 2 * n < 54.
    less = _power(select(n > 100.0, 100.0, n) * -2.0)
    one = x.block.constant(1.0)
    same, other = fast_two_sum(one, less * sign), fast_two_sum(one, less * -sign)
    square = r * r
    even = square * estrin(square, _COSH)
    odd = fma(r * square, estrin(square, _SINH), low)
    product, error = two_product(other[0], r)
    high, rest = fast_two_sum(same[0], product)
    small = fma(same[0], even, fma(other[0], odd, fma(other[1], r, same[1]))) + (rest + error)
    # The last factor could be too large by itself.
    return (high + small) * 2.0 * _power(n - 2.0)


def tanh(x: Value) -> Value:
    """(e**y - 1) / (e**y + 1) for y = 2 * x, as pairs."""
    size = absolute(x)
    kept = select(size > 22.0, 22.0, size)
    n, r, low = _reduced(kept + kept)
    power = _power(n)
    grown = power * r
    square = r * r
    tail = power * fma(square, 0.5, fma(square * r, estrin(r, TAIL[1:]), low))
    more = power + 1.0
    # From 2**53 on `more` is the power, and to subtract 2 has the effect of 1.
    ratio = quotient(_sum(more - 2.0, grown, tail), _sum(more, grown, tail))
    return copysign(ratio, x)


def _reduced(x: Value) -> tuple[Value, Value, Value]:
    """(n, r, low) with x = n * log(2) + r + low."""
    n = nearest(x * LOG2E)
    return (n, *fast_two_sum(fma(n, -LN2_HIGH, x), n * -LN2_LOW))


def _power(n: Value) -> Value:
    """2**n for an integral n of a normal result."""
    return ((n + (MAGIC + 1023.0)).bits << 52).double


def _sum(x: Value, y: Value, z: Value) -> Pair:
    """x + y + z for |x| >= |y| >= |z|, or x = 0."""
    high, low = fast_two_sum(x, y)
    return fast_two_sum(high, low + z)
