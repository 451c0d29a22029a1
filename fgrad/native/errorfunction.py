"""The error function and what it lacks to 1."""

from __future__ import annotations

from typing import Final

from fgrad.native.double import fast_two_sum, two_product
from fgrad.native.exponential import exponential
from fgrad.native.ir import Value, absolute, copysign, estrin, fma, residual, select

# All by Remez. erf(x) / x - 1 in x**2: for |x| <= 7 / 8, off by at most 2**-55.7 of erf(x) / x, and
# for |x| <= 3 / 4, by 2**-56.3.
_WIDE: Final = (
    0.1283791670955126, -0.3761263890318413, 0.11283791670974287, -0.026866170648918004,
    0.005223977663802713, -0.000854832928508996, 0.00012055415700140706, -1.49275752972392e-05,
    1.6490366787627808e-06, -1.6612729668986268e-07, 1.587461373299014e-08,
    -1.276301709904316e-09,
)  # fmt: skip
_NARROW: Final = (
    0.1283791670955126, -0.3761263890318417, 0.11283791670978349, -0.026866170650131527,
    0.00522397767978213, -0.0008548330372070792, 0.0001205545545096855, -1.4928274439310099e-05,
    1.6491355820731361e-06, -1.644037892807531e-07, 1.3227635423421269e-08,
)  # fmt: skip

# log(e**(x**2) * erfc(x)) for 7 / 8 <= x <= 5.95 in x - 1; what that makes of erf(x) is off by at
# most 2**-57.6 of it.
_FALL: Final = (
    -0.8496055099332482, -0.6389675142347916, 0.15689274364150124, -0.04156109804642023,
    0.010033825435619625, -0.0019779030339949965, 0.00023732470884426586, 2.6270763007858434e-05,
    -2.714327651271422e-05, 9.583592643096003e-06, -2.030198514555522e-06, 1.1734739303392194e-07,
    1.1386643013888616e-07, -5.972082345495658e-08, 1.7534234299915115e-08,
    -3.4940189823169336e-09, 4.68985493030865e-10, -3.842457392531656e-11, 1.4520469540043594e-12,
)  # fmt: skip

# log(e**(x**2) * erfc(x) * (x + 5 / 2)) for 3 / 4 <= x <= 27.3 in v = 1 / (x + 5 / 2) - _MIDDLE,
# off by at most 2**-57.8. _MIDDLE is where rounding changes the coefficients least.
_MIDDLE: Final = 0.1575927734375
_LINEAR: Final = 3.51400496522138
_LEVEL: Final = -0.10286123095652283
_BENT: Final = (
    3.6147880890904576, 0.065026127604743, -11.906186351742253, -20.070318852774836,
    32.50941641845941, 164.00240567053632, -3.2999971977646267, -1099.034359947075,
    -1031.024921554588, 6852.175813542841, 12015.758741120204, -41446.18261017523,
    -101929.28307143229, 250422.6853934419, 723953.0710882831, -1536170.0907354767,
    -4186149.063072353, 9122429.611667866, 15430972.882098047, -39367481.75844467,
)  # fmt: skip


def erf(x: Value) -> Value:
    """2 / sqrt(pi) times the integral of e**-(t**2) from 0 to x."""
    size = absolute(x)
    near = fma(size, estrin(size * size, _WIDE), size)
    kept = select(size > 5.95, 5.95, size)  # beyond, 1 is the nearest
    square, error = two_product(kept, kept)
    high, low = fast_two_sum(-square, estrin(kept - 1.0, _FALL))
    e = exponential(high, low - error)
    far = 1.0 - (e.high + e.low) * (e.first * e.second)
    return copysign(select(size < 0.875, near, far), x)


def erfc(x: Value) -> Value:
    """1 - erf(x), with a small error of its own where that is tiny."""
    size = absolute(x)
    high, low = fast_two_sum(x.block.constant(1.0), -x)
    near = high + fma(-x, estrin(x * x, _NARROW), low)
    far = _rest(select(size > 28.0, 28.0, size))  # there it is below every number but 0
    return select(size < 0.75, near, select(x < 0.0, 2.0 - far, far))


def _rest(x: Value) -> Value:
    """erfc(x) for x >= 3 / 4: e**(p(1 / d) - x**2) / d for d = x + 5 / 2."""
    constant = x.block.constant
    divisor, below = fast_two_sum(constant(2.5), x)  # exact, since 2.5 has few bits
    inverse = 1.0 / divisor
    lack = residual(constant(1.0), divisor, inverse) - below * inverse
    v = inverse - _MIDDLE
    square, square_error = two_product(x, x)
    linear, linear_error = two_product(v, constant(_LINEAR))
    high, a = fast_two_sum(-square, linear)
    high, b = fast_two_sum(high, fma(v * v, estrin(v, _BENT), _LEVEL))
    # The derivative of the whole by the logarithm of 1 / d, to 0.1.
    slope = fma(v, 4.63, 1.62)
    e = exponential(high, (a + b) + fma(lack, slope, linear_error - square_error))
    top, rest = fast_two_sum(e.high, e.low)
    ratio, error = two_product(top, inverse)
    return (ratio + fma(rest, inverse, error)) * e.first * e.second
