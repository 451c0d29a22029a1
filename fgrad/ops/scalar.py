"""The operations: one row each, implementation and derivative together.

In the rules `out` is the result and `x, y, z` are the arguments. They are written with operations
(`div`, not `/`) wherever a zero divisor can come, since Python's float division raises.

Some operations exist as derivatives of others: `acosh_slope`, `atan_slope`, `bell`, `cbrt_slope`,
`complement`, `cosine`, `gauss`, `inversion`, `polygamma`, `power_slope` and `share`. Each has an
implementation or a rule of its own because the textbook formula loses digits. Factors stand in an order
in which no intermediate product overflows or underflows.
"""

from __future__ import annotations

import math
import operator
from typing import Final

from fgrad.ops import gamma, ieee, special
from fgrad.ops.operand import Partial, Real, when
from fgrad.ops.signatures import Binary, Choice, Comparison, Connective, Negation, Ternary, Unary

_LN2: Final = math.log(2.0)
_LOG2E: Final = 1.0 / _LN2
_LOG10E: Final = 0.4342944819032518
_TWO_OVER_SQRT_PI: Final = 1.1283791670955126

# Comparisons and truth values, which have no derivative.

less: Comparison = Comparison("less", operator.lt)
less_equal: Comparison = Comparison("less_equal", operator.le)
greater: Comparison = Comparison("greater", operator.gt)
greater_equal: Comparison = Comparison("greater_equal", operator.ge)
equal: Comparison = Comparison("equal", operator.eq)
not_equal: Comparison = Comparison("not_equal", operator.ne)
logical_and: Connective = Connective("logical_and", operator.and_)
logical_or: Connective = Connective("logical_or", operator.or_)
logical_not: Negation = Negation("logical_not", operator.not_)
where: Choice = Choice(
    "where",
    lambda condition, x, y: x if condition else y,
    lambda out, condition, x, y: when(condition, 1.0),
    lambda out, condition, x, y: when(logical_not(condition), 1.0),
    kink="the inactive branch receives nothing",
)

# Arithmetic.

add: Binary = Binary("add", operator.add, lambda out, x, y: 1.0, lambda out, x, y: 1.0)
sub: Binary = Binary("sub", operator.sub, lambda out, x, y: 1.0, lambda out, x, y: -1.0)
mul: Binary = Binary("mul", operator.mul, lambda out, x, y: y, lambda out, x, y: x)
div: Binary = Binary(
    "div", ieee.div, lambda out, x, y: reciprocal(y), lambda out, x, y: -div(out, y)
)
neg: Unary = Unary("neg", operator.neg, lambda out, x: -1.0)
reciprocal: Unary = Unary("reciprocal", ieee.reciprocal, lambda out, x: -square(out))
square: Unary = Unary("square", lambda x: x * x, lambda out, x: 2.0 * x)
identity: Unary = Unary("identity", lambda x: x, lambda out, x: 1.0)
stop_gradient: Unary = Unary("stop_gradient", lambda x: x, None, kink="0 everywhere, by definition")

# Powers and roots.


def _pow_dx(out: Real, x: Real, y: Real) -> Partial:
    if isinstance(y, float) and y == 2.0:
        return 2.0 * x
    return power_slope(x, y)


def _pow_dy(out: Real, x: Real, y: Real) -> Partial:
    # At x = 0 a constant, for 0 * inf would come when it is differentiated.
    return when(not_equal(out, 0.0), where(equal(x, 0.0), -math.inf, out * log(x)))


def _power_slope_dx(out: Real, x: Real, y: Real) -> Partial:
    if isinstance(y, float):
        # The slope of a constant, also at x = 0 where 0 * inf would come.
        return None if y == 0.0 else y * power_slope(x, y - 1.0)
    slope = power_slope(x, y - 1.0)
    # Where y is 0 this is 0, also where x is so small that the slope is infinite.
    active = logical_or(not_equal(y, 0.0), not_equal(abs(slope), math.inf))
    return when(active, y * slope)


def _power_slope_dy(out: Real, x: Real, y: Real) -> Partial:
    power = pow(x, y - 1.0)
    active = logical_and(not_equal(power, 0.0), not_equal(x, 0.0))
    return when(active, power * (1.0 + y * log(x)))


pow: Binary = Binary(
    "pow",
    ieee.pow,
    _pow_dx,
    _pow_dy,
    kink="with respect to y: 0 where the power is 0, nan for a negative base",
)
power_slope: Binary = Binary(
    "power_slope",
    special.power_slope,
    _power_slope_dx,
    _power_slope_dy,
)
sqrt: Unary = Unary("sqrt", ieee.sqrt, lambda out, x: div(0.5, out), kink="inf at 0")
cbrt: Unary = Unary("cbrt", special.cbrt, lambda out, x: cbrt_slope(x), kink="inf at 0")
cbrt_slope: Unary = Unary("cbrt_slope", special.cbrt_slope, lambda out, x: div(-2.0 * out, 3.0 * x))
hypot: Binary = Binary(
    "hypot",
    math.hypot,
    lambda out, x, y: when(not_equal(out, 0.0), cosine(x, y, out)),
    lambda out, x, y: when(not_equal(out, 0.0), cosine(y, x, out)),
    kink="0 at the origin",
)
# A function of x and y alone: z is their hypotenuse, which the caller has computed already.
cosine: Ternary = Ternary(
    "cosine",
    special.cosine,
    lambda out, x, y, z: cosine(y, x, z) * inversion(y, x),
    lambda out, x, y, z: -(out * inversion(y, x)),
    None,
)

# Exponentials and logarithms.

exp: Unary = Unary("exp", ieee.exp, lambda out, x: out)
exp2: Unary = Unary("exp2", ieee.exp2, lambda out, x: out * _LN2)
expm1: Unary = Unary("expm1", ieee.expm1, lambda out, x: exp(x))
log: Unary = Unary("log", ieee.log, lambda out, x: reciprocal(x))
log2: Unary = Unary("log2", ieee.log2, lambda out, x: div(_LOG2E, x))
log10: Unary = Unary("log10", ieee.log10, lambda out, x: div(_LOG10E, x))
log1p: Unary = Unary("log1p", ieee.log1p, lambda out, x: reciprocal(1.0 + x))
logaddexp: Binary = Binary(
    "logaddexp", special.logaddexp, lambda out, x, y: share(x, y), lambda out, x, y: share(y, x)
)
share: Binary = Binary(
    "share",
    special.share,
    lambda out, x, y: out * share(y, x),
    lambda out, x, y: -(out * share(y, x)),
)

# Trigonometry.

sin: Unary = Unary("sin", ieee.sin, lambda out, x: cos(x))
cos: Unary = Unary("cos", ieee.cos, lambda out, x: -sin(x))
tan: Unary = Unary("tan", ieee.tan, lambda out, x: 1.0 + square(out))
asin: Unary = Unary("asin", ieee.asin, lambda out, x: reciprocal(sqrt(complement(x))))
acos: Unary = Unary("acos", ieee.acos, lambda out, x: -reciprocal(sqrt(complement(x))))
complement: Unary = Unary("complement", special.complement, lambda out, x: -2.0 * x)
atan: Unary = Unary("atan", math.atan, lambda out, x: atan_slope(x))
atan_slope: Unary = Unary("atan_slope", special.atan_slope, lambda out, x: -2.0 * (x * out) * out)
atan2: Binary = Binary(
    "atan2",
    math.atan2,
    lambda out, x, y: inversion(y, x),
    lambda out, x, y: -inversion(x, y),
    kink="nan at the origin",
)


def _inversion_dx(out: Real, x: Real, y: Real) -> Real:
    """(y - x) * (y + x) / (x**2 + y**2)**2, by halves, since y + x may overflow."""
    other = inversion(y, x)

    def inverted(z: Real) -> Real:
        """z / (x**2 + y**2), whose terms have one sign."""
        return z * out * out + z * other * other

    return 4.0 * (inverted(0.5 * y - 0.5 * x) * inverted(0.5 * y + 0.5 * x))


inversion: Binary = Binary(
    "inversion",
    special.inversion,
    _inversion_dx,
    lambda out, x, y: -2.0 * out * inversion(y, x),
)

# Hyperbolic functions.

sinh: Unary = Unary("sinh", ieee.sinh, lambda out, x: cosh(x))
cosh: Unary = Unary("cosh", ieee.cosh, lambda out, x: sinh(x))
tanh: Unary = Unary("tanh", math.tanh, lambda out, x: 4.0 * bell(2.0 * x))
asinh: Unary = Unary("asinh", math.asinh, lambda out, x: reciprocal(hypot(x, 1.0)))
acosh: Unary = Unary("acosh", ieee.acosh, lambda out, x: acosh_slope(x))
acosh_slope: Unary = Unary(
    "acosh_slope", special.acosh_slope, lambda out, x: -(x * out) * out * out
)
atanh: Unary = Unary("atanh", ieee.atanh, lambda out, x: reciprocal(complement(x)))

# Activations.

sigmoid: Unary = Unary("sigmoid", special.sigmoid, lambda out, x: bell(x))
bell: Unary = Unary("bell", special.bell, lambda out, x: -(out * tanh(0.5 * x)))
softplus: Unary = Unary("softplus", special.softplus, lambda out, x: sigmoid(x))
relu: Unary = Unary("relu", special.relu, lambda out, x: when(out > 0.0, 1.0), kink="0 at 0")

# The error function and the gamma function.

erf: Unary = Unary("erf", math.erf, lambda out, x: _TWO_OVER_SQRT_PI * gauss(x))
erfc: Unary = Unary("erfc", math.erfc, lambda out, x: -_TWO_OVER_SQRT_PI * gauss(x))
gauss: Unary = Unary("gauss", special.gauss, lambda out, x: -2.0 * (x * out))
lgamma: Unary = Unary("lgamma", gamma.lgamma, lambda out, x: digamma(x))
digamma: Unary = Unary("digamma", gamma.digamma, lambda out, x: polygamma(1.0, x))
polygamma: Binary = Binary(
    "polygamma",
    gamma.polygamma,
    None,
    lambda out, x, y: polygamma(x + 1.0, y),
    kink="none with respect to the order",
)

# Kinks and steps: a documented subgradient, and no contribution on the inactive branch.


def _half_if_equal(x: Real, y: Real) -> Real:
    return where(equal(x, y), 0.5, 1.0)


abs: Unary = Unary(
    "abs", operator.abs, lambda out, x: when(not_equal(x, 0.0), sign(x)), kink="0 at 0"
)
sign: Unary = Unary("sign", ieee.sign, None, kink="0 everywhere, also at the jump")
maximum: Binary = Binary(
    "maximum",
    ieee.maximum,
    lambda out, x, y: when(logical_not(less(x, y)), _half_if_equal(x, y)),
    lambda out, x, y: when(logical_not(less(y, x)), _half_if_equal(x, y)),
    kink="1/2 to each where they are equal",
)
minimum: Binary = Binary(
    "minimum",
    ieee.minimum,
    lambda out, x, y: when(logical_not(greater(x, y)), _half_if_equal(x, y)),
    lambda out, x, y: when(logical_not(greater(y, x)), _half_if_equal(x, y)),
    kink="1/2 to each where they are equal",
)
clip: Ternary = Ternary(
    "clip",
    ieee.clip,
    lambda out, x, y, z: when(logical_not(logical_or(less(x, y), greater(x, z))), 1.0),
    lambda out, x, y, z: when(logical_and(less(x, y), less_equal(y, z)), 1.0),
    lambda out, x, y, z: when(greater(maximum(x, y), z), 1.0),
    kink="1 to x at the bounds",
)
floor: Unary = Unary("floor", ieee.floor, None, kink="0 everywhere, also at the jumps")
ceil: Unary = Unary("ceil", ieee.ceil, None, kink="0 everywhere, also at the jumps")
round: Unary = Unary("round", ieee.round, None, kink="0 everywhere, also at the jumps")
mod: Binary = Binary(
    "mod",
    ieee.mod,
    lambda out, x, y: 1.0,
    lambda out, x, y: round(div(out - x, y)),
    kink="that of the piece the value lies on",
)
copysign: Binary = Binary(
    "copysign",
    math.copysign,
    lambda out, x, y: when(not_equal(x, 0.0), sign(x) * copysign(1.0, y)),
    None,
    kink="0 at x = 0, and 0 with respect to y",
)
