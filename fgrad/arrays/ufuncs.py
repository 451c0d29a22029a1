"""The operations over arrays: a ufunc of numpy, or a function of several, for each.

Each agrees with the operation on floats at every point. Importing this module needs numpy.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from itertools import repeat
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import attrs

from fgrad.errors import MissingExtra
from fgrad.ops import library
from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op

try:
    import numpy as np
except ImportError as _error:
    raise MissingExtra("columns", "numpy", "arrays") from _error

Column: TypeAlias = Any
"""An array of one dimension, an array of none for a scalar, or a list of tuples of several results."""

_LN2: Final = math.log(2.0)


@attrs.frozen
class Form:
    """How an operation is done to columns.

    >>> from fgrad.arrays import ufuncs
    >>> ufuncs.form(ufuncs.ops.mul).function([2.0, 3.0], 4.0)
    array([ 8., 12.])
    """

    function: Callable[..., Column]
    ufunc: bool
    """Whether it writes to `out=`, which may be one of its arguments; others give a new array."""


def form(op: Op) -> Form:
    """The form in the table, or the implementation row by row."""
    known = TABLE.get(op) or special_form(op)
    return Form(by_rows(op), ufunc=False) if known is None else known


def special_form(op: Op) -> Form | None:
    """The form of a special function; None for what is none, or is done row by row."""
    if op.name not in library.MODULES or not library.is_ours(op):
        return None
    from fgrad.arrays import special_ufuncs  # noqa: PLC0415  # for the first of them

    return special_ufuncs.form(op)


def by_rows(op: Op) -> Callable[..., Column]:
    """The implementation of an operation called for each row, for what has no ufunc and for users' operations."""
    dtype = np.bool_ if op.truth else np.float64

    def rows(*args: Column) -> Column:
        results = list(map(op.impl, *map(_values, args)))
        return results if op.multiple else np.array(results, dtype)

    return rows


def by_elements(op: Op) -> Callable[..., Column]:
    """The same at each element of arrays of any shapes that go together."""
    dtype = np.bool_ if op.truth else np.float64

    def elements(*args: Column) -> Column:
        shape = np.broadcast_shapes(*map(np.shape, args))
        columns = [np.broadcast_to(arg, shape).ravel().tolist() for arg in args]
        return np.array(list(map(op.impl, *columns)), dtype).reshape(shape)

    return elements


def _values(arg: Column) -> Any:
    if isinstance(arg, list):
        return arg
    return arg.tolist() if np.ndim(arg) else repeat(np.asarray(arg).item())


def _larger(ufunc: Any, of_bits: Any) -> Callable[[Column, Column], Column]:
    """`ufunc`, but equal numbers are compared by their bits: +0 is larger than -0."""

    def larger(x: Column, y: Column) -> Column:
        out = ufunc(x, y)
        same = np.equal(x, y)
        if same.any():
            out = np.where(same, of_bits(_pattern(x), _pattern(y)).view(np.float64), out)
        return out

    return larger


def _pattern(x: Column) -> Column:
    return np.asarray(x).view(np.int64)


_maximum: Final = _larger(np.maximum, np.bitwise_and)
_minimum: Final = _larger(np.minimum, np.bitwise_or)


def _clip(x: Column, low: Column, high: Column) -> Column:
    return _minimum(_maximum(x, low), high)


def _sign(x: Column) -> Column:
    return np.copysign(np.sign(x), x)


def _relu(x: Column) -> Column:
    out = np.asarray(np.maximum(x, 0.0))
    out += 0.0  # of -0 that makes 0
    return out


def _sigmoid(x: Column) -> Column:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0.0, 1.0, e) / (1.0 + e)


def _bell(x: Column) -> Column:
    e = np.asarray(np.abs(x))
    return _bell_of(np.negative(e, e))


def _bell_of(e: Column) -> Column:
    """e / (1.0 + (2.0 * e + e * e)) of the exponential, in three arrays instead of seven."""
    np.exp(e, e)
    below = e * e
    below += 2.0 * e
    below += 1.0
    return np.divide(e, below, e)


def tanh_slope(out: Column, x: Column) -> Column:
    """The derivative of tanh, bit by bit its rule, 4.0 * bell(2.0 * x), in three arrays instead of five."""
    e = np.abs(x)
    e = _bell_of(np.multiply(e, -2.0, e))
    e *= 4.0
    return e


def _softplus(x: Column) -> Column:
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def _logaddexp(x: Column, y: Column) -> Column:
    out = np.maximum(x, y) + np.log1p(np.exp(-np.abs(x - y)))
    lost = np.isnan(x) | np.isnan(y)
    if lost.any():
        out = np.where(lost, math.nan, out)
    same = np.equal(x, y)  # also the infinities, whose difference is nan
    return np.where(same, x + _LN2, out) if same.any() else out


def _share(x: Column, y: Column) -> Column:
    difference = x - y
    size = np.abs(difference)
    near = size < 746.0
    back = x - difference
    error = (x - (difference + back)) + (back - y)
    weight = np.exp(-size)
    weight = np.where(near, weight - np.copysign(weight, difference) * error, 0.0)
    out = np.where(difference >= 0.0, 1.0, weight) / (1.0 + weight)
    lost = np.isnan(difference)
    return np.where(lost, np.where(np.equal(x, y), 0.5, math.nan), out) if lost.any() else out


def _high(x: Column) -> Column:
    """The first 26 bits of each number, whose square is exact."""
    return np.bitwise_and(x.view(np.int64), ~((1 << 27) - 1)).view(np.float64)


def _gauss(x: Column) -> Column:
    """exp(-high**2) * exp(-(x**2 - high**2)), where high has so few bits that its square is exact."""
    high = _high(x)
    out = np.exp((high - x) * (high + x))
    np.square(high, out=high)
    np.negative(high, out=high)
    np.exp(high, out=high)
    out *= high
    far = np.abs(x) >= 27.5  # where it is 0, and infinities would make nan
    return np.where(far, 0.0, out) if far.any() else out


def _power_slope(x: Column, y: Column) -> Column:
    """x**y * y / x, of numbers between 1/2 and 1, which are scaled at the end."""
    power, before, size = np.power(x, y), np.power(x, y - 1.0), np.power(np.abs(x), y)
    sign = np.where(np.isnan(power), before, np.copysign(1.0, power) * np.copysign(1.0, x))
    (p, f), (n, g), (m, e) = np.frexp(size), np.frexp(y), np.frexp(np.abs(x))
    ratio = n / m
    product = ratio * m
    error = ((n - product) - product_error(ratio, m, product)) / m
    out = np.ldexp(np.copysign(p * ratio + p * error, sign * y), f + g - e)
    out = np.where(np.isnan(sign), math.nan, out)
    regular = (x != 0.0) & np.isfinite(x) & np.isfinite(y) & np.isfinite(size)
    out = np.where(regular & (size >= sys.float_info.min), out, y * before)
    return np.where(np.equal(y, 0.0), np.where(np.isnan(x), math.nan, 0.0), out)


_SPLIT: Final = 134217729.0  # 2**27 + 1, as in special.py


def product_error(x: Column, y: Column, product: Column) -> Column:
    """x * y - product, exactly, for the rounded product (Dekker 1971)."""
    c, d = _SPLIT * x, _SPLIT * y
    x_high, y_high = c - (c - x), d - (d - y)
    x_low, y_low = x - x_high, y - y_high
    return ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low


def _inversion(x: Column, y: Column) -> Column:
    size = np.maximum(np.abs(x), np.abs(y))
    exponent = -np.frexp(size)[1]
    a, b = np.ldexp(x, exponent), np.ldexp(y, exponent)
    # Lifted, so that the quotient of a small number is not rounded before it is scaled.
    out = np.ldexp(np.ldexp(x, exponent + 100) / (a * a + b * b), exponent - 100)
    infinite = np.isinf(size)
    if infinite.any():
        both = np.isinf(x) & np.isinf(y)
        out = np.where(infinite, np.where(both, math.nan, np.copysign(0.0, x)), out)
    return out


def _cosine(x: Column, y: Column, z: Column) -> Column:
    out, far = x / z, np.equal(z, math.inf)
    if far.any():
        out = np.where(far, 0.25 * x / np.hypot(0.25 * x, 0.25 * y), out)
    return out


def _complement(x: Column) -> Column:
    return (1.0 - x) * (1.0 + x)


def _atan_slope(x: Column) -> Column:
    far = np.abs(x) > 1e150
    inverse = 1.0 / np.where(far, x, 1.0 + x * x)
    return np.where(far, inverse * inverse, inverse)


def _acosh_slope(x: Column) -> Column:
    far = x > 1e150
    inverse = 1.0 / np.where(far, x, x - 1.0)
    return np.where(far, inverse, np.sqrt(inverse / (x + 1.0)))


def _cbrt_slope(x: Column) -> Column:
    return np.where(x == 0.0, math.inf, np.cbrt(x) / x / 3.0)


def _table() -> dict[Op, Form]:
    ufuncs: dict[Op, Any] = {
        ops.less: np.less, ops.less_equal: np.less_equal, ops.greater: np.greater,
        ops.greater_equal: np.greater_equal, ops.equal: np.equal, ops.not_equal: np.not_equal,
        ops.logical_and: np.logical_and, ops.logical_or: np.logical_or,
        ops.logical_not: np.logical_not,
        ops.add: np.add, ops.sub: np.subtract, ops.mul: np.multiply, ops.div: np.divide,
        ops.neg: np.negative, ops.reciprocal: np.reciprocal, ops.square: np.square,
        ops.identity: np.positive, ops.stop_gradient: np.positive,
        ops.pow: np.power, ops.sqrt: np.sqrt, ops.cbrt: np.cbrt, ops.hypot: np.hypot,
        ops.exp: np.exp, ops.exp2: np.exp2, ops.expm1: np.expm1,
        ops.log: np.log, ops.log2: np.log2, ops.log10: np.log10, ops.log1p: np.log1p,
        ops.sin: np.sin, ops.cos: np.cos, ops.tan: np.tan,
        ops.asin: np.arcsin, ops.acos: np.arccos, ops.atan: np.arctan, ops.atan2: np.arctan2,
        ops.sinh: np.sinh, ops.cosh: np.cosh, ops.tanh: np.tanh,
        ops.asinh: np.arcsinh, ops.acosh: np.arccosh, ops.atanh: np.arctanh,
        ops.abs: np.absolute, ops.floor: np.floor, ops.ceil: np.ceil, ops.round: np.rint,
        ops.mod: np.mod, ops.copysign: np.copysign,
    }  # fmt: skip
    made: dict[Op, Any] = {
        ops.where: np.where, ops.power_slope: _power_slope, ops.logaddexp: _logaddexp,
        ops.share: _share, ops.inversion: _inversion, ops.sigmoid: _sigmoid, ops.bell: _bell,
        ops.softplus: _softplus, ops.relu: _relu, ops.gauss: _gauss, ops.sign: _sign,
        ops.maximum: _maximum, ops.minimum: _minimum, ops.clip: _clip,
        ops.cosine: _cosine, ops.complement: _complement, ops.atan_slope: _atan_slope,
        ops.acosh_slope: _acosh_slope, ops.cbrt_slope: _cbrt_slope,
    }  # fmt: skip
    table = {op: Form(function, ufunc=True) for op, function in ufuncs.items()}
    table |= {op: Form(function, ufunc=False) for op, function in made.items()}
    return table | _error_functions() | {op: Form(by_rows(op), ufunc=False) for op in BY_ROWS}


def _error_functions() -> dict[Op, Form]:
    """Those of scipy if it is there, since numpy has none; without it row by row."""
    try:
        from scipy import special  # noqa: PLC0415  # takes a tenth of a second, and may be missing
    except ImportError:
        return {}

    def erfc(x: Column) -> Column:
        """What scipy gives, with the rounding error of its x**2 put back where it counts."""
        out = special.erfc(x)
        far = x > 2.0
        if far.any():
            tail, value = np.minimum(x[far], 28.0), out[far]  # from there on it is 0
            high = _high(tail)
            error = (tail - high) * (tail + high) + (high * high - tail * tail)
            out[far] = value - value * error
            deep = (x > 26.0) & (x < 28.0)  # where scipy's is 0 while the value is subnormal
            out[deep] = [math.erfc(v) for v in x[deep].tolist()]
        return out

    return {ops.erf: Form(special.erf, ufunc=True), ops.erfc: Form(erfc, ufunc=False)}


_NOT_OF_NUMPY: Final = (ops.erf, ops.erfc, ops.lgamma, ops.digamma, ops.polygamma)
BY_ROWS: Final = frozenset(_NOT_OF_NUMPY) - _error_functions().keys()
"""Operations that numpy and scipy have nothing for: their implementation, row by row."""
TABLE: Final[Mapping[Op, Form]] = MappingProxyType(_table())
