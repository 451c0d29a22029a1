"""The sigmoid and related functions, from e**-|x| and its rounding error."""

from __future__ import annotations

import math
from typing import Final

from fgrad.backends.native.ir.arithmetic import absolute, estrin, fma, product_error, select
from fgrad.backends.native.ir.builder import Value
from fgrad.backends.native.ir.doubledouble import Pair, fast_two_sum, quotient, two_product, two_sum
from fgrad.backends.native.math.exponential import exponential, falling

# Beyond it e**-x is 0.
_FAR: Final = 800.0

# (atanh(t) / t - 1) / t**2 on t**2 <= 1/9 by Remez; the logarithm is off by 2**-59.8.
_SERIES: Final = (
    0.3333333333333284, 0.20000000000166676, 0.1428571426471545, 0.11111112479019168,
    0.09090856532455395, 0.0769357666834191, 0.0664692261495922, 0.06079109914710831,
    0.040638676416258845, 0.0869402093446642,
)  # fmt: skip


def gauss(x: Value) -> Value:
    """e**(-x**2)."""
    return falling(x)[1].rounded


def sigmoid(x: Value) -> Value:
    """1 / (1 + e**-x)."""
    return _share(x, 0.0)


def share(x: Value, y: Value) -> Value:
    """e**x / (e**x + e**y), with the rounding error of x - y put back."""
    difference, error = two_sum(x, -y)
    out = _share(difference, error)
    return select(difference.eq(difference), out, select(x.eq(y), 0.5, math.nan))


def _share(x: Value, low: Value | float) -> Value:
    """1 / (1 + e**-(x + low)), divided by the larger of 1 and e**-x above and below."""
    e = _decay(x, low)
    right = x >= 0.0
    above = select(right, 1.0, e[0]), select(right, 0.0, e[1])
    total, error = fast_two_sum(x.block.constant(1.0), e[0])
    return quotient(above, (total, error + e[1]))


def _decay(x: Value, low: Value | float) -> Pair:
    """e**-|x + low| and its rounding error."""
    size = absolute(x)
    kept = select(size > _FAR, _FAR, size)
    if isinstance(low, Value):
        low = select(size < _FAR, select(x > 0.0, -low, low), 0.0)
    return exponential(-kept, low).pair


def bell(x: Value) -> Value:
    """sigmoid(x) * sigmoid(-x) = e / (1 + e)**2 with e = e**-|x|."""
    e = _decay(x, 0.0)
    square, error = two_product(e[0], e[0])
    first, low = fast_two_sum(x.block.constant(1.0), e[0] + e[0])
    total, carry = fast_two_sum(first, square)
    rest = fma(e[1] + e[1], e[0] + 1.0, error)
    return quotient(e, (total, (low + carry) + rest))


def softplus(x: Value) -> Value:
    """log(1 + e**x) = max(x, 0) + log(1 + e**-|x|)."""
    out = _raised(select(x > 0.0, x, 0.0), _decay(x, 0.0))
    return select(x < math.inf, out, x)


def logaddexp(x: Value, y: Value) -> Value:
    """log(e**x + e**y) = max(x, y) + log(1 + e**-|x - y|)."""
    larger = select(x > y, x, y)
    difference, error = two_sum(x, -y)
    out = _raised(larger, _decay(difference, error))
    ends = select(larger < math.inf, out, larger + absolute(difference))
    return select(x.eq(y), x + math.log(2.0), ends)


def _raised(x: Value, e: Pair) -> Value:
    """x + log(1 + e) = x + s + s * (atanh(s / 2) / (s / 2) - 1) with s = 2 * e / (2 + e)."""
    divisor, low = fast_two_sum(x.block.constant(2.0), e[0])
    low = low + e[1]
    inverse = 1.0 / divisor
    double = e[0] + e[0]
    s = double * inverse
    missing = fma(s, low, product_error(s, divisor, double)) - (e[1] + e[1])
    z = s * (s * 0.25)
    total, error = two_sum(x, s)
    return total + (error + fma(s * z, estrin(z, _SERIES), -(missing * inverse)))
