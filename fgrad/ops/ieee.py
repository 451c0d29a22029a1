"""Elementary functions on floats that follow IEEE 754: they never raise.

Python's `math` raises where C returns inf or nan. A model must not stop half-way, so here
`log(-1)` is nan, `log(0)` is -inf, `exp(1e3)` is inf and `1 / 0` is inf, as in every backend.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from math import copysign, inf, isinf, isnan, nan
from types import MappingProxyType
from typing import Final, TypeAlias

Function: TypeAlias = Callable[[float], float]

_NOWHERE: Final[Mapping[float, float]] = MappingProxyType({})


def _total(
    function: Function,
    poles: Mapping[float, float] = _NOWHERE,
    overflow: Function = lambda x: inf,
) -> Function:
    """`function` made total: its poles by table, nan outside its domain, inf past the largest float."""

    def impl(x: float) -> float:
        try:
            return function(x)
        except ValueError:
            return poles.get(x, nan)
        except OverflowError:
            return overflow(x)

    impl.__name__ = impl.__qualname__ = function.__name__
    return impl


def _signed_inf(x: float) -> float:
    return copysign(inf, x)


exp: Function = _total(math.exp)
exp2: Function = _total(math.exp2)
expm1: Function = _total(math.expm1)
log: Function = _total(math.log, {0.0: -inf})
log2: Function = _total(math.log2, {0.0: -inf})
log10: Function = _total(math.log10, {0.0: -inf})
log1p: Function = _total(math.log1p, {-1.0: -inf})
sin: Function = _total(math.sin)
cos: Function = _total(math.cos)
tan: Function = _total(math.tan)
asin: Function = _total(math.asin)
acos: Function = _total(math.acos)
sinh: Function = _total(math.sinh, overflow=_signed_inf)
cosh: Function = _total(math.cosh)
acosh: Function = _total(math.acosh)
atanh: Function = _total(math.atanh, {1.0: inf, -1.0: -inf})
sqrt: Function = _total(math.sqrt)


def div(x: float, y: float) -> float:
    """x / y, where a zero divisor gives a signed inf, or nan for 0/0."""
    try:
        return x / y
    except ZeroDivisionError:
        if x == 0.0 or isnan(x):
            return nan
        return copysign(inf, x) * copysign(1.0, y)


def reciprocal(x: float) -> float:
    """1 / x, with a signed inf at the zeros."""
    return 1.0 / x if x != 0.0 else copysign(inf, x)


def pow(x: float, y: float) -> float:
    """C's pow: nan for a negative base and a fractional exponent, a signed inf at poles.

    A square is the product, which is rounded correctly, where libm's pow is not always.
    """
    if y == 2.0:
        return x * x
    try:
        return math.pow(x, y)
    except ValueError:
        if x != 0.0:
            return nan
        return copysign(inf, x) if _is_odd(y) else inf
    except OverflowError:
        return -inf if x < 0.0 and _is_odd(y) else inf


def _is_odd(y: float) -> bool:
    return math.fmod(y, 2.0) in (1.0, -1.0)


def mod(x: float, y: float) -> float:
    """x modulo y with the sign of y, as Python's `%`; nan where y is 0 or x is infinite."""
    return nan if y == 0.0 or isinf(x) else x % y


def sign(x: float) -> float:
    """-1, 0 or 1 (a zero keeps its sign, nan is nan)."""
    return copysign(1.0, x) if x < 0.0 or x > 0.0 else x


def floor(x: float) -> float:
    """The largest whole number not above x, as a float."""
    return copysign(float(math.floor(x)), x) if math.isfinite(x) else x


def ceil(x: float) -> float:
    """The smallest whole number not below x, as a float."""
    return copysign(float(math.ceil(x)), x) if math.isfinite(x) else x


def round(x: float) -> float:
    """The nearest whole number as a float, halves to the even one."""
    return copysign(float(x.__round__()), x) if math.isfinite(x) else x


def maximum(x: float, y: float) -> float:
    """The larger, or nan if either is; +0 is larger than -0 (IEEE 754-2019 maximum)."""
    if x > y:
        return x
    if y > x:
        return y
    if x == y:
        return y if copysign(1.0, x) < 0.0 else x
    return x + y


def minimum(x: float, y: float) -> float:
    """The smaller, or nan if either is; -0 is smaller than +0 (IEEE 754-2019 minimum)."""
    return -maximum(-x, -y)


def clip(x: float, low: float, high: float) -> float:
    """x kept between low and high; nan if any of the three is."""
    return minimum(maximum(x, low), high)
