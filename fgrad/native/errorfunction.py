"""The error function and what it lacks to 1."""

from __future__ import annotations

from typing import Final

from fgrad.native.double import fast_two_sum, two_product
from fgrad.native.exponential import exponential
from fgrad.native.ir import Value, absolute, copysign, estrin, fma, residual, select

# All by Remez. erf(x) / x - 1 for |x| <= 27 / 32 in x**2, off by at most 2**-56.3 of erf(x) / x.
_NEAR: Final = (
    0.1283791670955126, -0.37612638903184165, 0.11283791670977797, -0.026866170650005596,
    0.0052239776792531315, -0.0008548330490022981, 0.00012055472094225086,
    -1.4929226805043952e-05, 1.652085456750081e-06, -1.6957246631123622e-07,
    1.8050169824986718e-08, -1.864246077094687e-09,
)  # fmt: skip

# log(e**(x**2) * erfc(x)) for 27 / 32 <= x <= 5.95 in x - 1; what that makes of erf(x) is off by
# at most 2**-56.5 of it.
_FALL: Final = (
    -0.8496055099332482, -0.6389675142347921, 0.15689274364151412, -0.04156109804634978,
    0.01003382543395127, -0.0019779030299831124, 0.0002373247519138305, 2.6270416504359316e-05,
    -2.714206061521533e-05, 9.58099470229988e-06, -2.026466709674587e-06, 1.1358203889551397e-07,
    1.1658837385500338e-07, -6.113678430423192e-08, 1.8059370988616994e-08,
    -3.6293071582627957e-09, 4.91958917592078e-10, -4.073334344695832e-11, 1.5559158044277079e-12,
)  # fmt: skip

# log(e**(x**2) * erfc(x) * (x + 5 / 2)) for 0.65 <= x <= 27.3 in v = 1 / (x + 5 / 2) - _MIDDLE,
# off by at most 2**-58.1. _MIDDLE is where rounding changes the coefficients least.
_MIDDLE: Final = 0.15740966796875
_LINEAR: Final = 3.5126811971191825
_LEVEL: Final = -0.1035045432880671
_BENT: Final = (
    3.614749975288391, 0.07373974585308721, -11.887795111841426, -20.105919293029157,
    32.29920573707007, 164.00591410113063, -1.4904117006013022, -1097.1339342463762,
    -1044.7984706909303, 6825.674084283377, 12113.930545645917, -41184.65766867349,
    -102598.06466442047, 248315.30063295527, 727807.0981347195, -1521813.5941798398,
    -4189471.3633298906, 9010308.953706615, 15205680.157384112, -38227986.922209285,
)  # fmt: skip


def erf(x: Value) -> Value:
    """2 / sqrt(pi) times the integral of e**-(t**2) from 0 to x."""
    size = absolute(x)
    near = fma(size, estrin(size * size, _NEAR), size)
    kept = select(size > 5.95, 5.95, size)  # beyond, 1 is the nearest
    square, error = two_product(kept, kept)
    high, low = fast_two_sum(-square, estrin(kept - 1.0, _FALL))
    e = exponential(high, low - error)
    scale = -(e.first * e.second)
    high, low = fast_two_sum(x.block.constant(1.0), e.high * scale)
    return copysign(select(size < 0.84375, near, high + fma(e.low, scale, low)), x)


def erfc(x: Value) -> Value:
    """1 - erf(x), with a small error of its own where that is tiny."""
    size = absolute(x)
    high, low = fast_two_sum(x.block.constant(1.0), -x)
    near = high + fma(-x, estrin(x * x, _NEAR), low)
    far = _rest(select(size > 28.0, 28.0, size))  # there it is below every number but 0
    return select(size < 0.65, near, select(x < 0.0, 2.0 - far, far))


def _rest(x: Value) -> Value:
    """erfc(x) for x >= 0.65: e**(p(1 / d) - x**2) / d for d = x + 5 / 2."""
    constant = x.block.constant
    divisor, below = fast_two_sum(constant(2.5), x)  # exact, since 2.5 has few bits
    inverse = 1.0 / divisor
    lack = residual(constant(1.0), divisor, inverse) - below * inverse
    v = inverse - _MIDDLE
    square, square_error = two_product(x, x)
    linear, linear_error = two_product(v, constant(_LINEAR))
    # Where the first is not the larger, the one sum is exact, the other good to 2**-58.
    high, a = fast_two_sum(-square, linear)
    high, b = fast_two_sum(high, fma(v * v, estrin(v, _BENT), _LEVEL))
    # The derivative of the whole by the logarithm of 1 / d, to 0.1.
    slope = fma(v, 4.63, 1.62)
    e = exponential(high, (a + b) + fma(lack, slope, linear_error - square_error))
    top, rest = fast_two_sum(e.high, e.low)
    ratio, error = two_product(top, inverse)
    return (ratio + fma(rest, inverse, error)) * e.first * e.second
