"""The inverse functions of trigonometry.

Each is a multiple of pi / 4 and a series in t, where one division or one square root gives t and
its rounding error.
"""

from __future__ import annotations

import math
from typing import Final

from fgrad.backends.native.ir.arithmetic import (
    absolute,
    copysign,
    estrin,
    fma,
    rarely,
    residual,
    select,
    sqrt,
)
from fgrad.backends.native.ir.builder import Value
from fgrad.backends.native.ir.doubledouble import Pair, either, fast_two_sum, times

_QUARTER: Final = (0.7853981633974483, 3.061616997868383e-17)
"""pi / 4 in two parts; the first ends with zeros, so that three of it are exact."""

# By Remez in z = t**2. (atan t - t) / t**3 for t <= tan(pi / 8), times t**3 off by 2**-59.0 of
# atan t; (asin t - t) / t**3 for t <= 1 / 2, times t**2 off by 2**-59.8.
_ATAN: Final = (
    -0.333333333333332, 0.19999999999953685, -0.1428571428020127, 0.11111110783591348,
    -0.090908977610348, 0.07692060298177682, -0.06663105581852671, 0.058479065711751294,
    -0.05039416470396399, 0.0380683744834789, -0.0179125191768916,
)  # fmt: skip
_ASIN: Final = (
    0.16666666666666763, 0.0749999999997013, 0.04464285717525285, 0.0303819426769738,
    0.022372215855748574, 0.017351596440187463, 0.01398100683245258, 0.01139739212005309,
    0.010788748334992484, 0.003674411634487383, 0.021785083364116907, -0.021108646324125617,
    0.032696992883050675,
)  # fmt: skip


def atan(x: Value) -> Value:
    """The arc tangent."""
    size = absolute(x)
    height = select(size > 1e18, 1e18, size)  # from there on it is pi / 2, rounded
    return copysign(_turned(*_angle(height, x.block.constant(1.0))), x)


def atan2(y: Value, x: Value) -> Value:
    """The angle of the point (x, y)."""
    height, width = _moderate(absolute(y), absolute(x))
    count, arc = _angle(height, width)
    left = x.bits < 0
    turned = _turned(select(left, 4.0 - count, count), times(select(left, -1.0, 1.0), arc))
    return copysign(turned, y)


def _angle(height: Value, width: Value) -> tuple[Value, Pair]:
    """The angle of a point in the first quadrant, as n and r: it is n * pi / 4 + r, |r| <= pi / 8."""
    steep = height > width
    small, large = select(steep, width, height), select(steep, height, width)
    middle = small > large * 0.4142135623730951
    # atan(s / l) = pi / 4 + atan((s - l) / (s + l))
    difference, sum_ = fast_two_sum(-large, small), fast_two_sum(large, small)
    zero = small.block.constant(0.0)
    arc = _arc_of_ratio(
        either(middle, difference, (small, zero)), either(middle, sum_, (large, zero))
    )
    count = select(middle, 1.0, 0.0)
    return select(steep, 2.0 - count, count), times(select(steep, -1.0, 1.0), arc)


def _moderate(x: Value, y: Value) -> Pair:
    """Two numbers of the same ratio as x and y >= 0, neither huge nor tiny; y is not 0."""
    larger = select(x > y, x, y)
    usual = (x < 2.0**900) & (x > 2.0**-900) & (y < 2.0**900) & (y > 2.0**-900)

    def otherwise() -> Pair:
        by = select(larger > 2.0**400, 2.0**-200, 2.0**500)
        lost = larger.eq(math.inf)
        a, b = (select(lost, select(z.eq(math.inf), 1.0, z * 0.0), z * by) for z in (x, y))
        return select(usual, x, a), select(usual, y, b + 2.0**-1000)

    first, second = rarely(~usual, (x, y), otherwise)
    return first, second


def asin(x: Value) -> Value:
    """The arc sine: where |x| > 1 / 2, pi / 2 less twice that of sqrt((1 - |x|) / 2)."""
    large, arc = _half_arc(absolute(x))
    turned = _turned(select(large, 2.0, 0.0), times(select(large, -2.0, 1.0), arc))
    return copysign(turned, x)


def acos(x: Value) -> Value:
    """The arc cosine: pi / 2 - asin x, or twice the asin of sqrt((1 - x) / 2) where x > 1 / 2."""
    large, arc = _half_arc(absolute(x))
    count = select(large, select(x < 0.0, 4.0, 0.0), 2.0)
    return _turned(count, times(copysign(1.0, x) * select(large, 2.0, -1.0), arc))


def complement(x: Value) -> Value:
    """1 - x**2."""
    return (1.0 - x) * (1.0 + x)


def atan_slope(x: Value) -> Value:
    """1 / (1 + x**2)."""
    far = absolute(x) > 1e150
    inverse = 1.0 / select(far, x, 1.0 + x * x)
    return select(far, inverse * inverse, inverse)


def _half_arc(size: Value) -> tuple[Value, Pair]:
    """Whether size > 1 / 2, and asin(size), or else asin(sqrt((1 - size) / 2))."""
    large = size > 0.5
    square = select(large, (1.0 - size) * 0.5, size * size)
    root = sqrt(square)
    # The tiny number is for a root of 0.
    rest = residual(square, root, root) / (root + (root + 1e-300))
    t = select(large, root, size)
    return large, (t, fma(t * square, estrin(square, _ASIN), select(large, rest, 0.0)))


def _arc_of_ratio(x: Pair, y: Pair) -> Pair:
    """atan(x / y) as a sum of two, for a small ratio."""
    inverse = 1.0 / y[0]
    t = x[0] * inverse
    rest = (residual(x[0], t, y[0]) + (x[1] - t * y[1])) * inverse
    square = t * t
    return t, fma(t * square, estrin(square, _ATAN), fma(-rest, square, rest))


def _turned(count: Value, arc: Pair) -> Value:
    """count * pi / 4 + arc."""
    total, error = fast_two_sum(count * _QUARTER[0], arc[0])
    return total + (error + fma(count, _QUARTER[1], arc[1]))
