"""The error function and its complement."""

from __future__ import annotations

from typing import Final

from fgrad.backends.native.ir.arithmetic import absolute, copysign, estrin, fma, residual, select
from fgrad.backends.native.ir.builder import Value
from fgrad.backends.native.ir.doubledouble import fast_two_sum, two_product
from fgrad.backends.native.math.exponential import Scaled, exponential, falling

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

# e**(x**2) * erfc(x) * (x + 5 / 2) for 0.65 <= x <= 27.3 in v = 1 / (x + 5 / 2) - _MIDDLE, off by
# at most 2**-58.6 of it. _MIDDLE is where rounding changes the coefficients least.
_MIDDLE: Final = 0.179931640625
_LEVEL: Final = (0.9776917737556561, -1.44537730491312e-17)
_LINEAR: Final = (3.5930643825899162, 2.194225340688234e-16)
_BENT: Final = (
    10.103847805698033, 19.890152471949, 19.896346552966737, -16.997592518881447,
    -76.97973501197113, -10.301211888273993, 274.246301421083, 119.16185163250405,
    -1175.6297078765872, -323.0480526206149, 5870.842210643877, -1856.2385121550612,
    -30267.84736411074, 39309.24817634013, 136060.0519123573, -406653.7488364862,
    -386194.31682927825, 2959604.2735862406, 28413.358905265854, -12496289.840619437,
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
    high, low = fast_two_sum(x.block.constant(1.0), -x)
    near = high + fma(-x, estrin(x * x, _NEAR), low)
    kept, e = falling(x)
    far = _rest(absolute(kept), e)
    return select(absolute(x) < 0.65, near, select(x < 0.0, 2.0 - far, far))


def _rest(x: Value, e: Scaled) -> Value:
    """erfc(x) for x >= 0.65, given e**(-x**2): that times p(1 / d) / d for d = x + 5 / 2."""
    constant = x.block.constant
    divisor, below = fast_two_sum(constant(2.5), x)  # exact, since 2.5 has few bits
    inverse = 1.0 / divisor
    lack = residual(constant(1.0), divisor, inverse) - below * inverse
    v = inverse - _MIDDLE
    off = inverse - (v + _MIDDLE)  # 0 but for small ones, where p rises by about 2.3
    # The first term last, for in estrin all large terms are rounded on the way.
    bent, bent_error = two_product(v, fma(v, estrin(v, _BENT[1:]), constant(_BENT[0])))
    slope, slope_error = fast_two_sum(constant(_LINEAR[0]), bent)
    rise, rise_error = two_product(v, slope)
    level, level_error = fast_two_sum(constant(_LEVEL[0]), rise)
    less = fma(v, slope_error + (bent_error + _LINEAR[1]), rise_error + _LEVEL[1])
    less = fma(off, 2.3, less)
    high, error = two_product(level, inverse)
    # The derivative of the logarithm of p / d by that of 1 / d, to 0.1.
    steep = fma(v, 4.66, 1.7)
    low = fma(high, steep * lack, fma(level_error + less, inverse, error))
    top, rest = fast_two_sum(e.high, e.low)
    product, lost = two_product(top, high)
    return (product + fma(top, low, fma(rest, high, lost))) * e.first * e.second
