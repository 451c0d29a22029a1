"""Special functions that are short compositions of other functions here.

All others are called in Python, as the gamma functions are.
"""

from __future__ import annotations

import math

from fgrad.backends.native.ir.arithmetic import absolute, fma, select
from fgrad.backends.native.ir.builder import Value
from fgrad.backends.native.ir.doubledouble import two_product
from fgrad.backends.native.math import activation, errorfunction, exponential, trigonometry
from fgrad.backends.native.math import inverse_hyperbolic as hyperbolic
from fgrad.backends.native.math.logarithm import log, log1p
from fgrad.backends.native.math.power import pow as power
from fgrad.ops.logarithms import INVERSE_E, LN2
from fgrad.ops.normal import INVERSE_SQRT_2PI, INVERSE_SQRT_PI, SQRT_HALF


def sec(x: Value) -> Value:
    """1 / cos(x)."""
    return 1.0 / trigonometry.cos(x)


def csc(x: Value) -> Value:
    """1 / sin(x)."""
    return 1.0 / trigonometry.sin(x)


def cot(x: Value) -> Value:
    """1 / tan(x)."""
    return 1.0 / trigonometry.tan(x)


def exp10(x: Value) -> Value:
    """10**x."""
    return power(x.block.constant(10.0), x)


def logit(x: Value) -> Value:
    """log(x / (1 - x))."""
    middle = 2.0 * hyperbolic.atanh(2.0 * x - 1.0)
    return select(absolute(x - 0.5) <= 0.25, middle, log(x / (1.0 - x)))


def bernoulli(x: Value) -> Value:
    """x * (1 - x)."""
    return x * (1.0 - x)


def log1mexp(x: Value) -> Value:
    """log(1 - e**-x)."""
    near = log(-exponential.expm1(-x))
    return select(x < LN2, near, log1p(-exponential.exp(-x)))


def bose(x: Value) -> Value:
    """1 / (e**x - 1)."""
    return select(x > 700.0, exponential.exp(-x), 1.0 / exponential.expm1(x))


def xlogy(x: Value, y: Value) -> Value:
    """x * log(y), and 0 where x is 0."""
    return _or_zero(x, y, x * log(y))


def xlog1py(x: Value, y: Value) -> Value:
    """x * log(1 + y), and 0 where x is 0."""
    return _or_zero(x, y, x * log1p(y))


def _or_zero(x: Value, y: Value, product: Value) -> Value:
    return select(x.eq(0.0) & y.eq(y), 0.0, product)


def entr(x: Value) -> Value:
    """-x * log(x), 0 at 0, and -inf below."""
    inside = select(x.eq(0.0), 0.0, -x * log(x))
    return select(x < 0.0, -math.inf, inside)


def entr_slope(x: Value) -> Value:
    """-1 - log(x), with all digits beside 1/e."""
    near = -log1p(((x - INVERSE_E[0]) - INVERSE_E[1]) * math.e)
    return select(absolute(x - 0.45) < 0.25, near, -1.0 - log(x))


def ndtr(x: Value) -> Value:
    """erfc(-x / sqrt(2)) / 2, with the rounding error of the argument put back."""
    t, error = two_product(-x, x.block.constant(SQRT_HALF[0]))
    value = 0.5 * errorfunction.erfc(t)
    error = fma(x, -SQRT_HALF[1], error)
    moved = fma(activation.gauss(t) * -INVERSE_SQRT_PI, error, value)
    return select(absolute(x) < 40.0, moved, value)


def normal_density(x: Value) -> Value:
    """e**(-x**2 / 2) / sqrt(2 * pi)."""
    kept = exponential.bounded(x, -40.0, 40.0)
    square, error = two_product(kept, kept)
    return INVERSE_SQRT_2PI * exponential.exponential(-0.5 * square, -0.5 * error).rounded
