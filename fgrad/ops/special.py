"""Functions on floats that `math` lacks, or gives with too few digits.

Each is written for its relative error: differences of nearly equal numbers are taken where they
are exact, and a function that is a derivative of another has a formula of its own.
"""

from __future__ import annotations

import math
import sys
from math import copysign, exp, inf, isinf, isnan, log1p, nan
from typing import Final

from fgrad.ops import ieee

_SPLIT: Final = 134217729.0  # 2**27 + 1 halves a double into two factors that multiply exactly


def _split(x: float) -> tuple[float, float]:
    c = _SPLIT * x
    high = c - (c - x)
    return high, x - high


def product_error(x: float, y: float, product: float) -> float:
    """x * y - product, exactly, for the rounded product (Dekker 1971)."""
    a, b = _split(x)
    c, d = _split(y)
    return ((a * c - product) + a * d + b * c) + b * d


def gauss(x: float) -> float:
    """exp(-x**2), with the rounding error of x**2 put back."""
    if not -27.5 < x < 27.5:
        return x if isnan(x) else 0.0
    square = x * x
    value = exp(-square)
    return value - value * product_error(x, x, square)


def cbrt(x: float) -> float:
    """The real cube root: `math.cbrt` and one Newton step on the exact residual."""
    root = math.cbrt(x)
    if root == 0.0 or not abs(root) < inf:
        return root
    if not 1e-90 < abs(root) < 1e90:  # where the residual would overflow, or be subnormal
        shift = 600 if abs(root) < 1.0 else -600
        return math.ldexp(cbrt(math.ldexp(x, shift)), -shift // 3)
    square = root * root
    cube = square * root
    error = product_error(square, root, cube) + root * product_error(root, root, square)
    return root - ((cube - x) + error) / (3.0 * square)


def inversion(x: float, y: float) -> float:
    """x / (x**2 + y**2), without overflow in between."""
    size = max(abs(x), abs(y))
    if size == 0.0 or not size < inf:
        return nan if size == 0.0 or isnan(x + y) or (isinf(x) and isinf(y)) else copysign(0.0, x)
    exponent = math.frexp(size)[1]
    a = math.ldexp(x, -exponent)
    b = math.ldexp(y, -exponent)
    # Lifted, so that the quotient of a small number is not rounded before it is scaled.
    lifted = math.ldexp(x, 100 - exponent)
    try:
        return math.ldexp(lifted / (a * a + b * b), -100 - exponent)
    except OverflowError:
        return copysign(inf, x)


def cosine(x: float, y: float, z: float) -> float:
    """x / z for z = hypot(x, y), also where that overflows."""
    return ieee.div(0.25 * x, math.hypot(0.25 * x, 0.25 * y)) if z == inf else ieee.div(x, z)


def complement(x: float) -> float:
    """1 - x**2, which is 0 where x is 1 or -1, with all digits beside."""
    return (1.0 - x) * (1.0 + x)


def atan_slope(x: float) -> float:
    """1 / (1 + x**2), without overflow."""
    far = abs(x) > 1e150
    inverse = 1.0 / (x if far else 1.0 + x * x)
    return inverse * inverse if far else inverse


def acosh_slope(x: float) -> float:
    """1 / sqrt(x**2 - 1), without overflow."""
    return ieee.sqrt(ieee.div(ieee.reciprocal(x - 1.0), x + 1.0)) if not x > 1e150 else 1.0 / x


def cbrt_slope(x: float) -> float:
    """1 / (3 * cbrt(x)**2)."""
    return cbrt(x) / x / 3.0 if x != 0.0 else inf


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)), without overflow on either side."""
    if x >= 0.0:
        return 1.0 / (1.0 + exp(-x))
    if x < -746.0:
        return 0.0
    e = exp(x)  # nan arrives here and passes through
    return e / (1.0 + e)


def softplus(x: float) -> float:
    """log(1 + exp(x)), without overflow."""
    return x + log1p(exp(-x)) if x > 0.0 else log1p(exp(x))


def share(x: float, y: float) -> float:
    """exp(x) / (exp(x) + exp(y)), with the rounding error of x - y put back."""
    difference = x - y
    if not -746.0 < difference < 746.0:
        return _far_share(x, y, difference)
    back = x - difference
    error = (x - (difference + back)) + (back - y)  # Knuth's two-sum of x and -y
    weight = exp(-abs(difference))
    weight -= copysign(weight, difference) * error
    return (1.0 if difference >= 0.0 else weight) / (1.0 + weight)


def _far_share(x: float, y: float, difference: float) -> float:
    if isnan(difference):
        return 0.5 if x == y else nan
    return 1.0 if difference > 0.0 else 0.0


def bell(x: float) -> float:
    """sigmoid(x) * sigmoid(-x), the slope of the sigmoid."""
    e = exp(-abs(x))
    return e / (1.0 + (2.0 * e + e * e))


def relu(x: float) -> float:
    """x where it is positive, else 0; nan stays nan."""
    return 0.0 if x <= 0.0 else x


def logaddexp(x: float, y: float) -> float:
    """log(exp(x) + exp(y)), without overflow."""
    if x == y:
        return x + math.log(2.0)  # also the infinities, whose difference would be nan
    if isnan(x) or isnan(y):
        return nan
    return max(x, y) + log1p(exp(-abs(x - y)))


def power_slope(x: float, y: float) -> float:
    """y * x**(y - 1), without the rounding error of y - 1 where it would be amplified.

    It is x**y * y / x, of numbers between 1/2 and 1, which are scaled at the end; where x**y is no
    normal number, what it lacks is lacking here.
    """
    if y == 0.0:
        return 0.0 if not isnan(x) else nan
    power = ieee.pow(x, y)
    size = ieee.pow(abs(x), y)
    if x == 0.0 or isinf(x) or isinf(y) or not sys.float_info.min <= size < inf:
        return y * ieee.pow(x, y - 1.0)
    # Of a negative x and a y that is not whole, y - 1.0 may be.
    sign = copysign(1.0, power) * copysign(1.0, x) if not isnan(power) else ieee.pow(x, y - 1.0)
    p, f = math.frexp(size)
    n, g = math.frexp(y)
    m, e = math.frexp(abs(x))
    ratio = n / m
    product = ratio * m
    error = ((n - product) - product_error(ratio, m, product)) / m
    slope = p * ratio + p * error
    try:
        return math.ldexp(copysign(slope, sign * y), f + g - e) if not isnan(sign) else nan
    except OverflowError:
        return copysign(inf, sign * y)
