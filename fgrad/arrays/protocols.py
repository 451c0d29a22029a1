"""What numpy asks of nodes: its functions on them are ours."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from fgrad.arrays import choices, functions, numpy_advice, products, shapes, special_ufuncs
from fgrad.arrays.numpy_arguments import read, says_nothing
from fgrad.arrays.numpy_table import ADVICE, FUNCTIONS
from fgrad.arrays.values import shape_of
from fgrad.errors import NotAValue, SilentDetach
from fgrad.ops import elementary
from fgrad.ops import scalar as ops

_NEWER: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType({
    "vecdot": products.vecdot, "matvec": products.matvec, "vecmat": products.vecmat,
})  # fmt: skip
"""What older numpys have not."""

UFUNCS: Final[Mapping[Any, Callable[..., Any]]] = MappingProxyType({
    np.add: ops.add, np.subtract: ops.sub, np.multiply: ops.mul, np.divide: ops.div,
    np.negative: ops.neg, np.positive: ops.identity, np.power: ops.pow,
    np.float_power: ops.pow, np.remainder: ops.mod, np.absolute: ops.abs, np.fabs: ops.abs,
    np.sign: ops.sign, np.exp: ops.exp, np.exp2: ops.exp2, np.expm1: ops.expm1,
    np.log: ops.log, np.log2: ops.log2, np.log10: ops.log10, np.log1p: ops.log1p,
    np.logaddexp: ops.logaddexp, np.sqrt: ops.sqrt, np.cbrt: ops.cbrt, np.square: ops.square,
    np.reciprocal: ops.reciprocal, np.hypot: ops.hypot, np.sin: ops.sin, np.cos: ops.cos,
    np.tan: ops.tan, np.arcsin: ops.asin, np.arccos: ops.acos, np.arctan: ops.atan,
    np.arctan2: ops.atan2, np.sinh: ops.sinh, np.cosh: ops.cosh, np.tanh: ops.tanh,
    np.arcsinh: ops.asinh, np.arccosh: ops.acosh, np.arctanh: ops.atanh,
    np.maximum: ops.maximum, np.minimum: ops.minimum, np.floor: ops.floor, np.ceil: ops.ceil,
    np.rint: ops.round, np.trunc: elementary.trunc, np.fmod: elementary.rem, np.copysign: ops.copysign, np.less: ops.less,
    np.less_equal: ops.less_equal, np.greater: ops.greater,
    np.greater_equal: ops.greater_equal, np.logical_and: ops.logical_and,
    np.logical_or: ops.logical_or, np.logical_not: ops.logical_not,
    np.bitwise_and: ops.logical_and, np.bitwise_or: ops.logical_or,
    np.invert: ops.logical_not, np.logical_xor: choices.logical_xor,
    np.bitwise_xor: choices.logical_xor, np.isnan: choices.is_nan, np.isinf: choices.is_inf,
    np.isfinite: choices.is_finite, np.fmax: choices.fmax, np.fmin: choices.fmin,
    np.heaviside: choices.heaviside, np.conjugate: ops.identity,
    np.signbit: lambda x: ops.less(ops.copysign(1.0, x), 0.0), np.matmul: products.matmul,
    np.degrees: lambda x: x * (180.0 / np.pi), np.radians: lambda x: x * (np.pi / 180.0),
    np.rad2deg: lambda x: x * (180.0 / np.pi), np.deg2rad: lambda x: x * (np.pi / 180.0),
} | {getattr(np, name): f for name, f in _NEWER.items() if hasattr(np, name)})  # fmt: skip
"""Ours for each of numpy's elementwise functions that has a derivative or is a comparison."""


_REDUCTIONS: Final[Mapping[Any, Callable[..., Any]]] = MappingProxyType({
    np.add: functions.sum, np.multiply: functions.prod, np.maximum: functions.max,
    np.minimum: functions.min, np.logical_or: choices.any, np.logical_and: choices.all,
})  # fmt: skip
_ACCUMULATIONS: Final[Mapping[Any, Callable[..., Any]]] = MappingProxyType({
    np.add: functions.cumsum, np.multiply: functions.cumprod,
})  # fmt: skip


def _by_method(called: Any, method: str) -> Callable[..., Any] | None:
    """Ours for a method of a ufunc, of which np.add.reduce is one."""
    if method == "reduce" and called in _REDUCTIONS:
        f = _REDUCTIONS[called]
        reduce = lambda a, axis=0, **how: f(a, axis if shape_of(a) else None, **how)
        return read(
            f"{called.__name__}.reduce", reduce, "a axis [dtype] [out] keepdims initial where"
        )
    if method == "accumulate" and called in _ACCUMULATIONS:
        g = _ACCUMULATIONS[called]
        return read(
            f"{called.__name__}.accumulate", lambda a, axis=0: g(a, axis), "a axis [dtype] [out]"
        )
    if method == "outer" and called in UFUNCS:
        both = UFUNCS[called]
        return lambda a, b: both(shapes.reshape(a, (*shape_of(a), *[1] * len(shape_of(b)))), b)
    return None


def ufunc(self: Any, called: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """What an elementwise function of numpy gives on nodes."""
    if called is np.matmul and method == "__call__" and not options:
        return products.matmul(*inputs)  # most of all, as in data @ weights: it takes lists too
    name = f"{_library(called)}'s {called.__name__}"
    if method != "__call__":
        ours = _by_method(called, method)
        if ours is None:
            advice = numpy_advice.of_method(called.__name__, method)
            raise NotAValue(f"{name}.{method}", "arrays", repr(self), advice)
        return ours(*inputs, **options)
    asked = sorted([k for k, v in options.items() if not says_nothing(k, v)])
    if asked:
        advice = numpy_advice.of_options(called.__name__, asked, called.nin)
        raise NotAValue(f"{name} with {', '.join(asked)}=", "arrays", repr(self), advice)
    if called is np.equal or called is np.not_equal:
        advice = f"Compare node.value, or use {called.__name__}(x, y) for where."
        raise SilentDetach("==" if called is np.equal else "!=", repr(self), advice)
    ours = UFUNCS.get(called) or _special().get(called)
    if ours is None:
        made = called.__name__.endswith(" (vectorized)")
        advice = numpy_advice.BY_PYTHON if made else _advice(called.__name__)
        raise NotAValue(name, "numbers or arrays", repr(self), advice)
    return ours(*map(_input, inputs))


def _input(x: Any) -> Any:
    """An argument as our operations take it: numpy's functions take lists too."""
    if isinstance(x, (list, tuple)):
        return shapes.given(x, "an array", truth=True)
    return x[()] if type(x) is np.ndarray and not x.ndim else x


def _library(called: Any) -> str:
    if called.__name__.endswith(" (vectorized)"):
        return "np.frompyfunc"
    return "numpy" if getattr(np, called.__name__, None) is called else "scipy.special"


def _special() -> Mapping[Any, Callable[..., Any]]:
    """Ours for each of SciPy's special functions: nobody calls one who has not imported it."""
    return special_ufuncs.of_scipy() if "scipy.special" in sys.modules else MappingProxyType({})


def function(self: Any, called: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """What a function of numpy of whole arrays gives on nodes."""
    ours = FUNCTIONS.get(called)
    if ours is None:
        name = f"numpy's {called.__name__}"
        raise NotAValue(name, "numbers or arrays", repr(self), _advice(called.__name__))
    return ours(*args, **kwargs)


def _advice(name: str) -> str:
    if name in ADVICE:
        return ADVICE[name]
    from difflib import get_close_matches  # noqa: PLC0415  # only who is refused waits for it

    known = {f.__name__: f"np.{f.__name__}" for f in (*UFUNCS, *FUNCTIONS)}
    known |= {f.__name__: f"scipy.special.{f.__name__}" for f in _special() if f not in UFUNCS}
    close = get_close_matches(name, sorted(known), 3)
    meant = f" Near it are {', '.join(known[n] for n in close)}." if close else ""
    return "It has no derivative here: write it with others, or use node.value." + meant
