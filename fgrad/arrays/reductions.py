"""Reductions that are not linear: the largest and the smallest element, and log-sum-exp."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np

from fgrad.arrays.linear import Axes, Shape, full, reshaped, summing, unsummed
from fgrad.arrays.primitive import Contribution, Contributions, Whole
from fgrad.arrays.values import is_finite, plain, shape_of
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import guarded
from fgrad.ops.operand import Guarded

_CACHED: Final = 1024
_UFUNCS: Final = {"max": np.maximum, "min": np.minimum}


def kept(shape: Shape, axes: Axes) -> Shape:
    """The shape with length 1 along those axes."""
    return tuple([1 if i in axes else n for i, n in enumerate(shape)])


def by(flow: Contribution, factor: Any) -> Contribution:
    """A flow times a plain factor; its guard stays outside."""
    if isinstance(flow, Guarded):
        return Guarded(flow.condition, flow.value * factor)
    return factor if type(flow) is float and flow == 1.0 else flow * factor


@lru_cache(_CACHED)
def extremum(name: str, axes: Axes) -> Whole:
    """The largest or the smallest element along axes; those that are equal share what flows."""
    ufunc = _UFUNCS[name]
    beyond = ops.less if name == "max" else ops.greater

    def taken(out: Any, x: Any) -> tuple[Any, Any]:
        """Where the extremum is, and one over how often it is there."""
        # Where it is nan everything is taken, so that nan is handed on.
        mask = ops.logical_not(beyond(x, reshaped(out, kept(shape_of(x), axes))))
        count = summing(axes)(ops.where(mask, 1.0, 0.0))
        return mask, ops.reciprocal(count)

    def pullback(
        out: Any, args: Sequence[Any], g: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        (x,) = args
        mask, share = taken(out, x)
        flow = unsummed(by(full(g, shape_of(out)), share), axes, shape_of(x))
        return (guarded(mask, flow),)

    def pushforward(out: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        (x,) = args
        mask, share = taken(out, x)
        return by(summing(axes).along(guarded(mask, moves[0])), share)

    impl = lambda x: ufunc.reduce(x, axes)
    return Whole(name, impl, (extremum, (name, axes)), axes, 1, pullback, pushforward)


def _logsumexp(x: Any, axes: Axes) -> Any:
    most = np.maximum.reduce(x, axes, keepdims=True, initial=-np.inf)
    if not is_finite(most):
        most[~np.isfinite(most)] = 0.0
    apart = x - most
    total = np.add.reduce(np.exp(apart, apart), axes)
    return np.log(total) + most.reshape(np.shape(total))


@lru_cache(_CACHED)
def log_sum_exp(axes: Axes) -> Whole:
    """The logarithm of the sum of exponentials along axes, which neither overflows nor underflows."""

    def weights(out: Any, x: Any) -> Any:
        apart = x - reshaped(out, kept(shape_of(x), axes))
        if type(apart) is np.ndarray:
            return plain(np.exp(apart, apart))  # nobody else has it
        return ops.exp(apart)

    def pullback(
        out: Any, args: Sequence[Any], g: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        (x,) = args
        return (by(unsummed(g, axes, shape_of(x)), weights(out, x)),)

    def pushforward(out: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        (x,) = args
        return summing(axes).along(by(moves[0], weights(out, x)))

    impl = lambda x: _logsumexp(x, axes)
    return Whole("logsumexp", impl, (log_sum_exp, (axes,)), axes, 1, pullback, pushforward)
