"""The inverse hyperbolic functions: the logarithm of a pair, so that nothing is lost near 1."""

from __future__ import annotations

import math
from typing import Final

from fgrad.backends.native.ir.arithmetic import absolute, copysign, residual, select, sqrt
from fgrad.backends.native.ir.builder import Value
from fgrad.backends.native.ir.doubledouble import fast_two_sum, two_product, two_sum
from fgrad.backends.native.math.exponential import LN2
from fgrad.backends.native.math.logarithm import log_of_pair

_LARGE: Final = 2.0**28
"""From here on log(x + sqrt(x**2 + 1)) is log(2 * x) to the last bit."""


def asinh(x: Value) -> Value:
    """log(x + sqrt(x**2 + 1))."""
    size = absolute(x)
    return copysign(select(size < math.inf, _log_with_root(size, 1.0), size), x)


def acosh(x: Value) -> Value:
    """log(x + sqrt(x**2 - 1))."""
    value = select(x < math.inf, _log_with_root(x, -1.0), x)
    return select(x < 1.0, math.nan, value)


def acosh_slope(x: Value) -> Value:
    """1 / sqrt(x**2 - 1)."""
    far = x > 1e150
    inverse = 1.0 / select(far, x, x - 1.0)
    return select(far, inverse, sqrt(inverse / (x + 1.0)))


def _log_with_root(x: Value, sign: float) -> Value:
    """log(x + sqrt(x**2 + sign))."""
    large = x > _LARGE
    kept = select(large, 1.0, x)
    square, error = two_product(kept, kept)
    high, low = two_sum(square, x.block.constant(sign))
    root = sqrt(high)
    # The tiny number is for a root of 0.
    rest = (residual(high, root, root) + (low + error)) / (root + (root + 1e-300))
    first, second = fast_two_sum(root, kept) if sign > 0.0 else fast_two_sum(kept, root)
    whole, part = log_of_pair(select(large, x, first), select(large, 0.0, second + rest))
    total, lost = fast_two_sum(whole, select(large, LN2[0], 0.0))
    return total + (lost + (part + select(large, LN2[1], 0.0)))


def atanh(x: Value) -> Value:
    """log((1 + x) / (1 - x)) / 2, as log(1 + y) / 2 with y = 2 * x / (1 - x)."""
    size = absolute(x)
    one = x.block.constant(1.0)
    divisor, below = fast_two_sum(one, -size)
    inverse = 1.0 / divisor
    twice = size + size
    ratio = twice * inverse
    rest = (residual(twice, ratio, divisor) - ratio * below) * inverse
    total, low = two_sum(one, ratio)
    high, part = log_of_pair(total, low + rest)
    value = select(size.eq(1.0), math.inf, 0.5 * (high + part))
    return copysign(select(size <= 1.0, value, math.nan), x)
