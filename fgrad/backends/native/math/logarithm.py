"""The natural logarithm and related functions.

log(2**k * (1 + f)) = k * log(2) + log(1 + f) with 1 + f between sqrt(1/2) and sqrt(2), and
log(1 + f) = f - f**2 / 2 + s * (f**2 / 2 + R(s**2)) with s = f / (2 + f) (fdlibm's e_log.c).
"""

from __future__ import annotations

import math
from typing import Final

from fgrad.backends.native.ir.arithmetic import (
    EXPONENT_OF_2_52,
    copysign,
    estrin,
    fma,
    rarely,
    select,
)
from fgrad.backends.native.ir.builder import Value
from fgrad.backends.native.ir.doubledouble import Pair, fast_two_sum, two_product, two_sum
from fgrad.backends.native.ir.function import Body, call_outlined
from fgrad.backends.native.math.exponential import LN2_HIGH, LN2_LOW

_TINY: Final = 2.0**-1022
_EXPONENT_OF_ONE: Final = 0x3FF0000000000000
_ROOT_HALF: Final = 0x3FE6A09E667F3BCD
_MANTISSA: Final = 0x000FFFFFFFFFFFFF
_BIAS: Final = 2.0**52 + 1023.0

# R(z) / z = 2 * (atanh(s) / s - 1) / z with z = s**2 <= 0.02944, by Remez; R is off by 2**-57.9.
_SERIES: Final = (
    0.6666666666666734, 0.39999999999414354, 0.2857142874246979, 0.22222198563916742,
    0.18183564845631378, 0.15314036378401302, 0.14796099771869015,
)  # fmt: skip

# 1 / log(2), and log10(2) and 1 / log(10), each in two parts; log10(2)'s first part has 32 bits.
_LOG2E: Final = (1.4426950408889634, 2.0355273740931033e-17)
_LOG10_2: Final = (3.01029995663611771306e-01, 3.69423907715893078616e-13)
_LOG10E: Final = (0.4342944819032518, 1.098319650216765e-17)


def parts(x: Value) -> Pair:
    """(k, m) with x = 2**k * m and m between sqrt(1/2) and sqrt(2), for x > 0."""
    subnormal = x < _TINY
    k, m = _normal_parts(select(subnormal, x * 2.0**54, x))
    return k - select(subnormal, 54.0, 0.0), m


def _normal_parts(x: Value) -> Pair:
    bits = x.bits + (_EXPONENT_OF_ONE - _ROOT_HALF)
    k = ((bits >> 52) | EXPONENT_OF_2_52).double - _BIAS
    return k, ((bits & _MANTISSA) + _ROOT_HALF).double


def series(f: Value) -> Pair:
    """(g, h) with log(1 + f) = f + (g - h), where h is f**2 / 2."""
    s = f / (f + 2.0)
    z = s * s
    half = f * (f * 0.5)
    return s * fma(z, estrin(z, _SERIES), half), half


def log(x: Value) -> Value:
    """The natural logarithm."""
    return _usually("log", _natural(_normal_parts(x)), _any_log, x)


def _any_log(x: Value) -> Value:
    return _defined(x, x, _natural(parts(x)))


def _natural(parts: Pair) -> Value:
    k, m = parts
    f = m - 1.0
    more, less = series(f)
    high, low = fast_two_sum(k * LN2_HIGH, f)
    return high + (low + (fma(k, LN2_LOW, more) - less))


def _usually(name: str, usual: Value, everywhere: Body, x: Value) -> Value:
    """The usual result, or that of a call of `everywhere` if an x is no positive normal number."""
    far = ~((x >= _TINY) & (x < math.inf))
    return rarely(far, [usual], lambda: call_outlined(name, everywhere, x))[0]


def _defined(y: Value, x: Value, result: Value) -> Value:
    """The logarithm of y by its special cases; an infinite x, or nan, is itself."""
    valid = select(y > 0.0, result, select(y.eq(0.0), -math.inf, math.nan))
    return select(x < math.inf, valid, x)


def log1p(x: Value) -> Value:
    """log(1 + x), with the rounding error of 1 + x put back."""
    total, error = two_sum(x.block.constant(1.0), x)
    high, low = log_of_pair(total, error)
    usual = copysign(high + low, x)
    far = ~((total > 0.0) & (x < math.inf))
    return rarely(far, [usual], lambda: [_defined(total, x, usual)])[0]


def log_of_pair(x: Value, low: Value) -> Pair:
    """log(x + low) as a rounded sum and its correction, for x >= 2**-53 and a `low` of half an ulp.

    For x near 1 the result comes from the part beyond 1, so that log(1 + low) is `low`.
    """
    k, m = _normal_parts(x)
    # 4 / 2**k, which is a normal number for every k.
    scale = (x.block.constant(1025.0) - k + (2.0**52)).bits << 52
    part = low * scale.double * 0.25
    f, rest = fast_two_sum(m - 1.0, part)
    more, less = series(f)
    high, carry = fast_two_sum(k * LN2_HIGH, f)
    correction = fma(k, LN2_LOW, more) - less
    return high, carry + (correction + (rest - rest * f))


def log2(x: Value) -> Value:
    """The logarithm to the base 2, exact for powers of 2."""
    return _usually("log2", _binary(_normal_parts(x)), _any_log2, x)


def _any_log2(x: Value) -> Value:
    return _defined(x, x, _binary(parts(x)))


def _binary(parts: Pair) -> Value:
    return _based(parts, (1.0, 0.0), _LOG2E)


def log10(x: Value) -> Value:
    """The logarithm to the base 10."""
    return _usually("log10", _decimal(_normal_parts(x)), _any_log10, x)


def _any_log10(x: Value) -> Value:
    return _defined(x, x, _decimal(parts(x)))


def _decimal(parts: Pair) -> Value:
    return _based(parts, _LOG10_2, _LOG10E)


def _based(parts: Pair, two: tuple[float, float], e: tuple[float, float]) -> Value:
    """The logarithm to the base in which that of 2 is `two` and that of e is `e`."""
    k, m = parts
    f = m - 1.0
    more, less = series(f)
    high, low = fast_two_sum(f, -less)
    first, error = two_product(high, high.block.constant(e[0]))
    error = fma(high, e[1], fma(low + more, e[0], error))
    total, carry = fast_two_sum(k * two[0], first)
    return total + (carry + fma(k, two[1], error))
