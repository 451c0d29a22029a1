"""Logarithms of probabilities and their kin: implementation and derivative in a row.

`bernoulli`, `bose` and `entr_slope` exist as derivatives of others.
"""

from __future__ import annotations

import math
from math import inf, isnan, nan
from typing import Final

from fgrad.ops import ieee
from fgrad.ops.operand import Partial, Real, when
from fgrad.ops.scalar import div, log, log1p, logical_or, not_equal, reciprocal
from fgrad.ops.signatures import Binary, Unary

LN2: Final = 0.6931471805599453
# 1 / e as the sum of two doubles.
INVERSE_E: Final = (0.36787944117144233, -1.2428753672788363e-17)


def _logit(x: float) -> float:
    """log(x / (1 - x)): by atanh near its zero 1/2, where 2 x - 1 is exact."""
    if 0.25 <= x <= 0.75:
        return 2.0 * math.atanh(2.0 * x - 1.0)
    return ieee.log(ieee.div(x, 1.0 - x))


def _log1mexp(x: float) -> float:
    """log(1 - exp(-x)), by the form that keeps its digits on each side of log(2) (Maechler 2012)."""
    return ieee.log(-ieee.expm1(-x)) if x < LN2 else math.log1p(-math.exp(-x))


def _bose(x: float) -> float:
    """1 / (exp(x) - 1)."""
    return ieee.reciprocal(ieee.expm1(x)) if not x > 700.0 else math.exp(-x)


def _xlogy(x: float, y: float) -> float:
    """x * log(y), and 0 where x is 0."""
    return x * ieee.log(y) if x != 0.0 or isnan(y) else 0.0


def _xlog1py(x: float, y: float) -> float:
    """x * log(1 + y), and 0 where x is 0."""
    return x * ieee.log1p(y) if x != 0.0 or isnan(y) else 0.0


def _entr(x: float) -> float:
    """-x * log(x), 0 at 0, and -inf below."""
    if x > 0.0:
        return -x * math.log(x)
    return nan if isnan(x) else -inf if x < 0.0 else 0.0


def _entr_slope(x: float) -> float:
    """-1 - log(x), with all digits beside its zero 1/e."""
    if 0.2 < x < 0.7:
        return -math.log1p(((x - INVERSE_E[0]) - INVERSE_E[1]) * math.e)
    return -1.0 - ieee.log(x)


def _xlogy_dy(out: Real, x: Real, y: Real) -> Partial:
    return when(logical_or(not_equal(x, 0.0), not_equal(y, 0.0)), div(x, y))


def _xlog1py_dy(out: Real, x: Real, y: Real) -> Partial:
    return when(logical_or(not_equal(x, 0.0), not_equal(y, -1.0)), div(x, 1.0 + y))


logit: Unary = Unary("logit", _logit, lambda out, x: reciprocal(bernoulli(x)))
bernoulli: Unary = Unary("bernoulli", lambda x: x * (1.0 - x), lambda out, x: 1.0 - 2.0 * x)
log1mexp: Unary = Unary("log1mexp", _log1mexp, lambda out, x: bose(x))
bose: Unary = Unary("bose", _bose, lambda out, x: -(out * (1.0 + out)))
xlogy: Binary = Binary(
    "xlogy", _xlogy, lambda out, x, y: log(y), _xlogy_dy, kink="0 with respect to y at x = y = 0"
)
xlog1py: Binary = Binary(
    "xlog1py",
    _xlog1py,
    lambda out, x, y: log1p(y),
    _xlog1py_dy,
    kink="0 with respect to y at x = 0, y = -1",
)
entr: Unary = Unary("entr", _entr, lambda out, x: entr_slope(x), kink="inf at 0")
entr_slope: Unary = Unary("entr_slope", _entr_slope, lambda out, x: -reciprocal(x))
