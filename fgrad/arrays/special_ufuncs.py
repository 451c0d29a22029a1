"""The special functions over arrays: made of ufuncs of numpy, SciPy's own, or element by element.

Imported for the first special function of an array. Each has the bits of the function on floats or
is near them, as those of `ufuncs` are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from fgrad.arrays.ufuncs import Column, Form, product_error
from fgrad.errors import NotAValue
from fgrad.ops import bessel, beta, elementary, integrals, library, logarithms, normal
from fgrad.ops import scalar as ops
from fgrad.ops.borrowed import Borrowed
from fgrad.ops.primitive import Op

_LN2: Final = 0.6931471805599453


def _inverse(ufunc: Callable[..., Column]) -> Callable[[Column], Column]:
    return lambda x: 1.0 / ufunc(x)


def _sinpi(x: Column) -> Column:
    turn = np.abs(np.fmod(x, 2.0))
    over = turn >= 1.0
    turn = np.where(over, turn - 1.0, turn)
    small = np.minimum(turn, 1.0 - turn)
    size = np.where(small <= 0.25, np.sin(math.pi * small), np.cos(math.pi * (0.5 - small)))
    return np.copysign(size, np.where(over & (turn != 0.0), -x, x))


def _cospi(x: Column) -> Column:
    turn = np.abs(np.fmod(x, 2.0))
    turn = np.minimum(turn, 2.0 - turn)
    small = np.minimum(turn, 1.0 - turn)
    size = np.where(small <= 0.25, np.cos(math.pi * small), np.sin(math.pi * (0.5 - small)))
    return np.where(turn <= 0.5, size, -size) + 0.0


def _sinc(x: Column) -> Column:
    return np.where(x == 0.0, 1.0, _sinpi(x) / (math.pi * np.where(x == 0.0, 1.0, x)))


def _logit(x: Column) -> Column:
    middle = np.abs(x - 0.5) <= 0.25
    return np.where(middle, 2.0 * np.arctanh(2.0 * x - 1.0), np.log(x / (1.0 - x)))


def _log1mexp(x: Column) -> Column:
    return np.where(x < _LN2, np.log(-np.expm1(-x)), np.log1p(-np.exp(-x)))


def _bose(x: Column) -> Column:
    return np.where(x > 700.0, np.exp(-x), 1.0 / np.expm1(x))


def _or_zero(log: Any, x: Column, y: Column) -> Column:
    return np.where(np.equal(x, 0.0) & ~np.isnan(y), 0.0, x * log(y))


def _entr(x: Column) -> Column:
    return np.where(x > 0.0, -x * np.log(x), np.where(x < 0.0, -math.inf, x * 0.0 + 0.0))


def _entr_slope(x: Column) -> Column:
    high, low = logarithms.INVERSE_E
    near = (x > 0.2) & (x < 0.7)
    return np.where(near, -np.log1p(((x - high) - low) * math.e), -1.0 - np.log(x))


def _growth(x: Column) -> Column:
    """exp(x**2), with the rounding error of x**2 put back."""
    kept = np.clip(x, -26.7, 26.7)
    square = kept * kept
    value = np.exp(square)
    value = np.where(np.isinf(value), value, value + value * product_error(kept, kept, square))
    return np.where(np.abs(x) < 26.7, value, np.where(np.isnan(x), x, math.inf))


def _erfcx(x: Column) -> Column:
    """By the series alone, which is off by a few ulp near 0."""
    size = np.abs(x)
    t = (size - 3.75) / (size + 3.75)
    above = high = 0.0 * t
    for c in reversed(normal.CHEBYSHEV[1:]):
        above, high = high, 2.0 * t * high - above + c
    right = (t * high - above + normal.CHEBYSHEV[0]) / (1.0 + 2.0 * size)
    right = np.where(size < 1e8, right, normal.INVERSE_SQRT_PI / size)
    return np.where(x < 0.0, 2.0 * _growth(x) - right, right) if np.any(x < 0.0) else right


def _normal_density(x: Column) -> Column:
    kept = np.clip(x, -40.0, 40.0)
    square = kept * kept
    value = normal.INVERSE_SQRT_2PI * np.exp(-0.5 * square)
    return np.where(
        np.abs(x) >= 39.0, 0.0, value - value * (0.5 * product_error(kept, kept, square))
    )


def _ndtr(x: Column) -> Column:
    """The tail as the density times erfcx, in which nothing is amplified."""
    size = np.abs(x)
    tail = normal.SQRT_HALF_PI * _normal_density(size) * _erfcx(size * normal.SQRT_HALF[0])
    return np.where(x > 0.0, 1.0 - tail, tail)


def _log_ndtr(x: Column) -> Column:
    size = np.abs(x)
    scaled = np.log(0.5 * _erfcx(size * normal.SQRT_HALF[0])) - 0.5 * x * x
    tail = _ndtr(-size)
    near = np.where(x > 0.0, np.log1p(-tail), np.log(tail))
    return np.where(x < -1.0, np.where(x > -1e200, scaled, -math.inf), near)


def _table() -> dict[Op, Form]:
    ufuncs: dict[Op, Any] = {elementary.trunc: np.trunc, elementary.rem: np.fmod}
    made: dict[Op, Any] = {
        elementary.sec: _inverse(np.cos), elementary.csc: _inverse(np.sin),
        elementary.cot: _inverse(np.tan), elementary.sinpi: _sinpi, elementary.cospi: _cospi,
        elementary.sinc: _sinc, elementary.exp10: lambda x: np.power(10.0, x),
        logarithms.logit: _logit, logarithms.bernoulli: lambda x: x * (1.0 - x),
        logarithms.log1mexp: _log1mexp, logarithms.bose: _bose,
        logarithms.xlogy: lambda x, y: _or_zero(np.log, x, y),
        logarithms.xlog1py: lambda x, y: _or_zero(np.log1p, x, y),
        logarithms.entr: _entr, logarithms.entr_slope: _entr_slope,
        normal.erfcx: _erfcx, normal.ndtr: _ndtr, normal.log_ndtr: _log_ndtr,
        normal.normal_density: _normal_density,
    }  # fmt: skip
    return {op: Form(function, ufunc=True) for op, function in ufuncs.items()} | {
        op: Form(function, ufunc=False) for op, function in made.items()
    }


TABLE: Final[Mapping[Op, Form]] = MappingProxyType(_table())
"""The form of each special function that is made of numpy's."""


def form(op: Op) -> Form | None:
    """The form of a special function: in the table, or SciPy's; None if it is done element by element.

    Raises MissingExtra where the value is SciPy's and that is not installed.
    """
    known = TABLE.get(op)
    if known is None and isinstance(op.impl, Borrowed):
        return Form(op.impl.function(), ufunc=op.impl.item is None)
    return known


@cache
def of_scipy() -> Mapping[Any, Callable[..., Any]]:
    """Ours for each ufunc of `scipy.special` that has one, for a caller that has imported it."""
    from scipy import special  # noqa: PLC0415  # whoever asks has imported it

    ours: dict[str, Any] = {
        **library.special(),
        "expit": ops.sigmoid, "gammaln": ops.lgamma, "psi": ops.digamma, "digamma": ops.digamma,
        "erf": ops.erf, "erfc": ops.erfc, "expm1": ops.expm1, "log1p": ops.log1p, "exp2": ops.exp2,
        "cbrt": ops.cbrt, "jn": bessel.jv, "yn": bessel.yv, "kn": bessel.kv, "airy": bessel.airy,
        "y0": lambda x: bessel.yv(0.0, x), "y1": lambda x: bessel.yv(1.0, x),
        "log_expit": lambda x: -ops.softplus(-x), "loggamma": _loggamma,
    }  # fmt: skip
    found = {getattr(special, name, None): function for name, function in ours.items()}
    # Python functions of scipy, which call these.
    private = {"_zeta": beta.zeta, "_riemann_zeta": _riemann_zeta, "_lambertw": _lambertw}
    inner = getattr(special, "_ufuncs", special)
    found |= {getattr(inner, name, None): function for name, function in private.items()}
    return MappingProxyType({f: ours for f, ours in found.items() if isinstance(f, np.ufunc)})


def _loggamma(x: Any) -> Any:
    """SciPy's of real numbers, which is nan to the left of 0."""
    return ops.where(ops.less(x, 0.0), math.nan, ops.lgamma(x))


def _riemann_zeta(x: Any) -> Any:
    return beta.zeta(x, 1.0)


def _lambertw(x: Any, branch: Any = 0, tolerance: Any = None) -> Any:
    if branch != 0:
        raise NotAValue(
            "scipy.special.lambertw", "k=0", f"k={branch!s:.20}", "Only the main branch is there."
        )
    return integrals.lambertw(x)
