"""The cube root and its slope, the root without a division: an estimate of 1 / cbrt(x), two steps, and a correction.

Where y**3 * x = 1 - h, 1 / cbrt(x) = y * (1 - h)**(-1/3) = y * (1 + h / 3 + 2 * h**2 / 9 + ...).
"""

from __future__ import annotations

import math
from typing import Final

from fgrad.backends.native.ir.arithmetic import (
    EXPONENT_OF_2_52,
    absolute,
    copysign,
    estrin,
    fma,
    rarely,
    select,
)
from fgrad.backends.native.ir.builder import Value
from fgrad.backends.native.ir.doubledouble import two_product
from fgrad.backends.native.ir.function import call_outlined

# Between these no product underflows or overflows.
_SMALL: Final = 2.0**-300
_LARGE: Final = 2.0**300

# Minus a third of the upper 44 bits of x and this are those of an estimate with |h| < 0.1022.
_MIDDLE: Final = 5858043333968.0

# ((1 - h)**(-1/3) - 1) / h on |h| <= 0.1022 by Remez, times h off by 2**-18.4.
_STEP: Final = (0.3333276113538989, 0.22347746263106197, 0.17470219870361103)


def cbrt(x: Value) -> Value:
    """The real cube root."""
    size = absolute(x)
    far = ~((size > _SMALL) & (size < _LARGE))
    return rarely(far, [copysign(_root(size), x)], lambda: call_outlined("cbrt", _any_cbrt, x))[0]


def cbrt_slope(x: Value) -> Value:
    """1 / (3 * cbrt(x)**2)."""
    return select(x.eq(0.0), math.inf, cbrt(x) / x / 3.0)


def _any_cbrt(x: Value) -> Value:
    size = absolute(x)
    small, large = size <= _SMALL, size >= _LARGE
    root = _root(size * select(small, 2.0**600, select(large, 2.0**-600, 1.0)))
    scaled = root * select(small, 2.0**-200, select(large, 2.0**200, 1.0))
    return copysign(select(size < math.inf, scaled, size), x)


def _root(a: Value) -> Value:
    y = _estimate(a)
    h = _lack(a, y)
    y = fma(y * h, estrin(h, _STEP), y)
    y = fma(y * _lack(a, y), 1 / 3, y)
    square = y * y
    root = a * square
    return fma(_remainder(a, root), square * (1 / 3), root)


def _estimate(a: Value) -> Value:
    upper = ((a.bits >> 20) | EXPONENT_OF_2_52).double
    return (fma(upper, -1 / 3, _MIDDLE + 2.0**52 + 2.0**52 / 3).bits << 20).double


def _lack(a: Value, y: Value) -> Value:
    """1 - y**3 * a."""
    return fma(-(y * y), y * a, 1.0)


def _remainder(a: Value, root: Value) -> Value:
    """a - root**3."""
    square, low = two_product(root, root)
    cube, error = two_product(square, root)
    return (a - cube) - fma(low, root, error)
