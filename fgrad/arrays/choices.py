"""Choices between arrays, element by element, and what is known of elements, as numpy names them."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from fgrad.arrays.at import at
from fgrad.arrays.linear import is_truth, summing
from fgrad.arrays.order import known
from fgrad.arrays.parts import take_along_axis
from fgrad.arrays.reductions import kept
from fgrad.arrays.shapes import Axis, axes_of, broadcast_to, given, index, refused, reshape
from fgrad.arrays.together import stack
from fgrad.arrays.values import shape_of
from fgrad.arrays.wholes import several
from fgrad.errors import NotAValue
from fgrad.ops import scalar as ops


def clip(x: Any, low: Any = None, high: Any = None) -> Any:
    """Between two bounds, of which one may be left out."""
    if low is None and high is None:
        return given(x, "clip")
    if low is None or high is None:
        return ops.minimum(x, high) if low is None else ops.maximum(x, low)
    return ops.clip(x, low, high)


def round(x: Any, decimals: int = 0) -> Any:
    """To so many decimals, half to even; the derivative is 0."""
    if not decimals:
        return ops.round(x)
    x, scale = given(x, "round"), 10.0 ** abs(decimals)
    if decimals > 0:
        return ops.div(ops.round(x * scale), scale)
    return ops.round(ops.div(x, scale)) * scale


def is_nan(x: Any) -> Any:
    """Where it is nan."""
    return ops.not_equal(x, x)


def is_finite(x: Any) -> Any:
    """Where it is neither nan nor infinite."""
    return ops.less(ops.abs(x), math.inf)


def is_inf(x: Any) -> Any:
    """Where it is infinite."""
    return ops.equal(ops.abs(x), math.inf)


def is_pos_inf(x: Any) -> Any:
    """Where it is infinite and above 0."""
    return ops.equal(x, math.inf)


def is_neg_inf(x: Any) -> Any:
    """Where it is infinite and below 0."""
    return ops.equal(x, -math.inf)


def fmax(x: Any, y: Any) -> Any:
    """The larger one, or the one that is not nan."""
    return ops.where(is_nan(x), y, ops.where(is_nan(y), x, ops.maximum(x, y)))


def fmin(x: Any, y: Any) -> Any:
    """The smaller one, or the one that is not nan."""
    return ops.where(is_nan(x), y, ops.where(is_nan(y), x, ops.minimum(x, y)))


def heaviside(x: Any, middle: Any) -> Any:
    """0 below 0 and 1 above it, and `middle` there."""
    return ops.where(
        ops.equal(x, 0.0), middle, ops.where(ops.less(x, 0.0), 0.0, ops.where(is_nan(x), x, 1.0))
    )


def logical_xor(a: Any, b: Any) -> Any:
    """Where one of both holds."""
    return ops.logical_and(ops.logical_or(a, b), ops.logical_not(ops.logical_and(a, b)))


def is_close(
    a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Any:
    """Where two are equal within a tolerance, as a condition."""
    a, b = given(a, "isclose"), given(b, "isclose")
    near = ops.logical_and(ops.less_equal(ops.abs(a - b), atol + rtol * ops.abs(b)), is_finite(b))
    near = ops.logical_or(near, ops.equal(a, b))
    return ops.logical_or(near, ops.logical_and(is_nan(a), is_nan(b))) if equal_nan else near


def any(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Whether a condition holds somewhere along axes: a condition too."""
    x = given(x, "any", truth=True)
    if not is_truth(x):
        raise NotAValue("any", "a condition", f"{x!r:.60}", "Compare it with something first.")
    axes = axes_of(axis, len(shape_of(x)), "any")
    out = summing(axes).support(x) if axes else x
    return reshape(out, kept(shape_of(x), axes)) if keepdims else out


def all(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Whether a condition holds everywhere along axes: a condition too."""
    return ops.logical_not(any(ops.logical_not(x), axis, keepdims=keepdims))


def nan_to_num(x: Any, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """With numbers in place of nan and infinities, to which nothing flows."""
    most = sys.float_info.max
    x = given(x, "nan_to_num")
    y = ops.where(is_nan(x), nan, x)
    y = ops.where(ops.equal(x, math.inf), most if posinf is None else posinf, y)
    return ops.where(ops.equal(x, -math.inf), -most if neginf is None else neginf, y)


def select(conditions: Sequence[Any], choices: Sequence[Any], default: Any = 0.0) -> Any:
    """The choice of the first condition that holds, element by element; `default` where none does."""
    conditions, choices = several(conditions, "select"), several(choices, "select")
    if len(conditions) != len(choices) or not choices:
        got = f"{len(conditions)} conditions and {len(choices)} choices"
        raise NotAValue("select", "a choice for each condition", got, "Give as many.")
    out = default
    for condition, choice in zip(conditions[::-1], choices[::-1], strict=True):
        out = ops.where(condition, choice, out)
    shapes = [shape_of(v) for v in (*conditions, *choices, default)]
    shape = np.broadcast_shapes(*shapes)
    return broadcast_to(out, shape) if shape else out


def piecewise(x: Any, conditions: Any, functions: Sequence[Any], *args: Any, **kwargs: Any) -> Any:
    """Where each condition holds what its function gives, or a number; of several the last.

    One function more is for where none holds; without it that is 0.
    """
    x = given(x, "piecewise")
    functions = several(functions, "piecewise")
    masks = [np.asarray(known(c, "piecewise")) for c in _listed(conditions, x)]
    if len(functions) == len(masks) + 1:
        masks = [*masks, ~np.logical_or.reduce(masks)]
    if len(functions) != len(masks):
        got = f"{len(masks)} conditions and {len(functions)} functions"
        raise NotAValue(
            "piecewise", "a function for each condition", got, "Give as many, or one more."
        )
    out: Any = np.zeros(shape_of(x)) if shape_of(x) else reshape(0.0, ())
    for mask, f in zip(masks, functions, strict=True):
        if not mask.any():
            continue
        value = f(index(x, mask) if shape_of(x) else x, *args, **kwargs) if callable(f) else f
        out = at(out)[mask].set(value) if shape_of(x) else value
    return out


def _listed(conditions: Any, x: Any) -> Sequence[Any]:
    """A condition, or a list of them."""
    if isinstance(conditions, (list, tuple)):
        return conditions
    return [conditions] if shape_of(conditions) == shape_of(x) else several(conditions, "piecewise")


def choose(a: Any, choices: Any) -> Any:
    """Of several arrays the elements of the one that `a` names by its number, element by element."""
    choices = several(choices, "choose")
    places = np.asarray(a)
    if places.dtype.kind not in "iub":
        raise NotAValue("choose", "whole numbers first", f"{a!r:.60}", "Name the choices from 0.")
    shape = np.broadcast_shapes(places.shape, *[shape_of(given(c, "choose")) for c in choices])
    rows = stack([broadcast_to(c, shape) if shape else c for c in choices])
    places = np.broadcast_to(places.astype(int), shape)
    if not ((places >= 0) & (places < len(choices))).all():
        raise refused("choose", f"{len(choices)} choices", "Name them from 0.")
    return index(take_along_axis(rows, places[None], 0), 0)
