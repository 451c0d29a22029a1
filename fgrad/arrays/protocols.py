"""What numpy asks of nodes: its functions on them are ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from fgrad.arrays import functions, shapes
from fgrad.arrays.numpy_linalg import LINALG
from fgrad.arrays.values import shape_of
from fgrad.errors import NotAValue, SilentDetach
from fgrad.graph.node import Node
from fgrad.ops import scalar as ops

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
    np.rint: ops.round, np.copysign: ops.copysign, np.less: ops.less,
    np.less_equal: ops.less_equal, np.greater: ops.greater,
    np.greater_equal: ops.greater_equal, np.logical_and: ops.logical_and,
    np.logical_or: ops.logical_or, np.logical_not: ops.logical_not,
    np.bitwise_and: ops.logical_and, np.bitwise_or: ops.logical_or,
    np.invert: ops.logical_not, np.matmul: functions.matmul,
    np.degrees: lambda x: x * (180.0 / np.pi), np.radians: lambda x: x * (np.pi / 180.0),
    np.rad2deg: lambda x: x * (180.0 / np.pi), np.deg2rad: lambda x: x * (np.pi / 180.0),
})  # fmt: skip
"""Ours for each of numpy's elementwise functions that has a derivative or is a comparison."""


def _where(condition: Any, *sides: Any) -> Any:
    if len(sides) != 2:
        advice = "Write np.where(condition, x, y); places are np.nonzero(node.value)."
        raise SilentDetach("where without sides", repr(condition), advice)
    return ops.where(condition, *sides)


def _clip(x: Any, a_min: Any = None, a_max: Any = None) -> Any:
    x = x if a_min is None else ops.maximum(x, a_min)
    return x if a_max is None else ops.minimum(x, a_max)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    return functions.norm(x, ord, axis, keepdims=keepdims)


def _reducing(f: Callable[..., Any]) -> Callable[..., Any]:
    """A reduction as numpy calls it, where options may be given in order."""

    def reduce(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return f(a, axis, keepdims=keepdims)

    return reduce


def _spread(f: Callable[..., Any]) -> Callable[..., Any]:
    def reduce(a: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
        return f(a, axis, ddof=ddof, keepdims=keepdims)

    return reduce


def _like(make: Callable[..., Any]) -> Callable[..., Any]:
    return lambda a, *args, **kwargs: make(shape_of(a), *args, **kwargs)


def _joined(arrays: Any, axis: int) -> Any:
    parts = [x if shape_of(x) else shapes.reshape(x, 1) for x in arrays]
    return shapes.concatenate(parts, 0 if len(shape_of(parts[0])) == 1 else axis)


def _vstack(arrays: Any) -> Any:
    return shapes.concatenate(
        [shapes.reshape(x, (1, -1)) if len(shape_of(x)) < 2 else x for x in arrays]
    )


FUNCTIONS: Final[Mapping[Any, Callable[..., Any]]] = MappingProxyType({
    np.sum: _reducing(functions.sum), np.prod: _reducing(functions.prod),
    np.max: _reducing(functions.max), np.min: _reducing(functions.min),
    np.amax: _reducing(functions.max), np.amin: _reducing(functions.min),
    np.mean: _reducing(functions.mean), np.var: _spread(functions.variance),
    np.std: _spread(functions.std), np.cumsum: functions.cumsum,
    np.cumprod: functions.cumprod, np.diff: functions.diff, np.where: _where, np.clip: _clip,
    np.dot: functions.dot, np.vdot: functions.vdot, np.inner: functions.inner,
    np.outer: functions.outer, np.tensordot: functions.tensordot, np.einsum: functions.einsum,
    np.trace: functions.trace, np.diagonal: shapes.diagonal, np.diag: shapes.diag,
    np.tril: shapes.tril, np.triu: shapes.triu, np.transpose: shapes.transpose,
    np.moveaxis: shapes.moveaxis, np.swapaxes: shapes.swapaxes, np.reshape: shapes.reshape,
    np.ravel: shapes.ravel, np.squeeze: shapes.squeeze, np.expand_dims: shapes.expand_dims,
    np.broadcast_to: shapes.broadcast_to, np.concatenate: shapes.concatenate,
    np.stack: shapes.stack, np.hstack: lambda arrays: _joined(arrays, 1), np.vstack: _vstack,
    np.split: shapes.split, np.flip: shapes.flip, np.roll: shapes.roll, np.tile: shapes.tile,
    np.repeat: shapes.repeat, np.pad: lambda x, w, mode="constant", constant_values=0.0: _pad(x, w, mode, constant_values),
    np.take: shapes.take, np.take_along_axis: shapes.take_along_axis, np.sort: shapes.sort,
    np.round: ops.round, np.linalg.norm: _norm, np.shape: shape_of,
    np.ndim: lambda a: len(shape_of(a)), np.size: lambda a: int(np.prod(shape_of(a), dtype=int)),
    np.zeros_like: _like(np.zeros), np.ones_like: _like(np.ones),
    np.full_like: _like(np.full), np.empty_like: _like(np.zeros),
    np.argmax: lambda a, *args, **kwargs: np.argmax(_value(a), *args, **kwargs),
    np.argmin: lambda a, *args, **kwargs: np.argmin(_value(a), *args, **kwargs),
    np.argsort: lambda a, *args, **kwargs: np.argsort(_value(a), *args, **kwargs),
    np.iscomplexobj: lambda a: False, np.isrealobj: lambda a: True, **LINALG,
})  # fmt: skip
"""Ours for each of numpy's functions of whole arrays; whole numbers have no derivative to lose."""


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Node) else x


def _pad(x: Any, width: Any, mode: str, constant: float) -> Any:
    if mode != "constant":
        raise NotAValue(
            "numpy's pad", "mode='constant'", f"{mode!r:.20}", "Put it together by concatenate."
        )
    return shapes.pad(x, width, constant)


def ufunc(self: Any, called: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """What an elementwise function of numpy gives on nodes."""
    name = f"numpy's {called.__name__}"
    if method != "__call__":
        advice = "Write np.sum, np.prod, np.cumsum, np.max or np.min; nodes are immutable."
        raise NotAValue(f"{name}.{method}", "arrays", repr(self), advice)
    if options:
        advice = (
            "Leave it out, and for z += x write z = z + x: what holds derivatives is immutable."
        )
        raise NotAValue(f"{name} with {', '.join(sorted(options))}=", "arrays", repr(self), advice)
    if called is np.equal or called is np.not_equal:
        advice = "Compare node.value, or use equal(x, y) for where."
        raise SilentDetach("==", repr(self), advice)
    ours = UFUNCS.get(called)
    if ours is None:
        raise NotAValue(name, "numbers or arrays", repr(self), _advice(called.__name__))
    return ours(*[x[()] if type(x) is np.ndarray and not x.ndim else x for x in inputs])


def function(self: Any, called: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """What a function of numpy of whole arrays gives on nodes."""
    ours = FUNCTIONS.get(called)
    name = f"numpy's {called.__name__}"
    if ours is None:
        raise NotAValue(name, "numbers or arrays", repr(self), _advice(called.__name__))
    for option in ("out", "dtype", "where", "initial"):
        if kwargs.get(option) is not None:
            advice = "Leave it out: nodes are immutable, and compute in float64."
            raise NotAValue(f"{name} with {option}=", "arrays", repr(self), advice)
    return ours(
        *args, **{k: v for k, v in kwargs.items() if k not in ("out", "dtype", "where", "initial")}
    )


def _advice(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  # only who is refused waits for it

    known = sorted({f.__name__ for f in (*UFUNCS, *FUNCTIONS)})
    close = get_close_matches(name, known, 3)
    meant = f" Near it are {', '.join('np.' + n for n in close)}." if close else ""
    return "It has no derivative here: write it with others, or use node.value." + meant
