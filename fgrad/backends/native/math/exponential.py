"""The exponential function and related ones, in double-double where it is needed.

e**x = 2**n * e**r with n near x / log(2), so |r| <= log(2) / 2 (Cody and Waite 1980).
"""

from __future__ import annotations

from typing import Final

import attrs

from fgrad.backends.native.ir.arithmetic import MAGIC, copysign, estrin, fma, select
from fgrad.backends.native.ir.builder import Value
from fgrad.backends.native.ir.doubledouble import Pair, fast_two_sum, two_product, two_sum

# log(2) in two parts; the first has 32 bits, so its product with n is exact (fdlibm).
LN2_HIGH: Final = 6.93147180369123816490e-01
LN2_LOW: Final = 1.90821492927058770002e-10
LN2: Final = (0.6931471805599453, 2.3190468138462996e-17)
"""log(2) in two parts, the first rounded."""
LOG2E: Final = 1.4426950408889634

# Beyond it 2**n is 0 or inf even if it is multiplied by 2**65.
_LIMIT: Final = 1400.0

# n + 2046 is in the low bits of a sum with it: its halves are two exponents.
_BIASED: Final = MAGIC + 2046.0

# (e**r - 1 - r) / r**2 on |r| <= 0.34661 by Remez, times r**2 off by at most 2**-60.6.
TAIL: Final = (
    0.5, 0.16666666666666685, 0.04166666666666672, 0.00833333333331674, 0.0013888888888858918,
    0.00019841269897052726, 2.4801587372916078e-05, 2.755723424257202e-06,
    2.7557234017763513e-07, 2.511223797471211e-08, 2.092674762885452e-09,
)  # fmt: skip


@attrs.frozen(eq=False)
class Scaled:
    """(high + low) * first * second: `high` within 2 of 1, `low` small, the factors powers of 2."""

    high: Value
    low: Value
    first: Value
    second: Value

    @property
    def rounded(self) -> Value:
        """The number; two factors, since one would overflow before the number does."""
        return (self.high + self.low) * self.first * self.second

    @property
    def pair(self) -> Pair:
        """The number as high and low."""
        high, low = fast_two_sum(self.high, self.low)
        return high * self.first * self.second, low * self.first * self.second


def bounded(x: Value, least: float = -_LIMIT, most: float = _LIMIT) -> Value:
    """x kept between two numbers; nan stays."""
    above = select(x < least, least, x)
    return select(above > most, most, above)


def exponential(x: Value, low: Value | float = 0.0) -> Scaled:
    """e**(x + low) for a bounded x, and a `low` of at most a few ulp of x."""
    spread, high, less = _reduced(x)
    less = less - low
    return _scaled(spread, high, _tail(high, less))


def _reduced(x: Value) -> tuple[Value, Value, Value]:
    """(n + _BIASED, high, less) with x = n * log(2) + high - less."""
    spread = fma(x, LOG2E, _BIASED)
    n = spread - _BIASED
    return spread, fma(n, -LN2_HIGH, x), n * LN2_LOW


def _tail(high: Value, less: Value) -> Value:
    """e**(high - less) - 1 - high."""
    r = high - less
    return fma(r * r, estrin(r, TAIL), -less)


def _careful_tail(high: Value, less: Value) -> Value:
    """The same with the rounding error of high - less put back, and r**2 / 2 added last."""
    r = high - less
    error = (high - r) - less
    square = r * r
    return fma(square, 0.5, fma(square * r, estrin(r, TAIL[1:]), fma(r, error, -less)))


def _scaled(spread: Value, high: Value, tail: Value) -> Scaled:
    """2**n * (1 + high + tail), where n is in the low bits of `spread`."""
    one = high + 1.0
    bits = spread.bits
    half = bits >> 1
    low = (high - (one - 1.0)) + tail
    return Scaled(one, low, (half << 52).double, ((bits - half) << 52).double)


def falling(x: Value) -> tuple[Value, Scaled]:
    """x, kept to where e**(-x**2) is more than 0, and e**(-x**2)."""
    kept = bounded(x, -28.0, 28.0)
    square, error = two_product(kept, kept)
    return kept, exponential(-square, -error)


def exp(x: Value) -> Value:
    """e**x."""
    return exponential(bounded(x)).rounded


def exp2(x: Value) -> Value:
    """2**x."""
    kept = bounded(x)
    spread = kept + _BIASED
    rest = kept - (spread - _BIASED)
    high, low = two_product(rest, rest.block.constant(LN2[0]))
    return _scaled(spread, high, _tail(high, -fma(rest, LN2[1], low))).rounded


def expm1(x: Value) -> Value:
    """e**x - 1: -1 is added between the two factors, where nothing can overflow."""
    spread, start, less = _reduced(bounded(x, least=-60.0))
    e = _scaled(spread, start, _careful_tail(start, less))
    one = (x.block.constant(0x7FE0000000000000, "i64") - e.second.bits).double
    high, low = two_sum(e.high * e.first, -one)
    return copysign((high + fma(e.low, e.first, low)) * e.second, x)
