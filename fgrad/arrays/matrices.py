"""What operations on matrices share: LAPACK without exceptions, guards per matrix, and products of flows.

Matrices are in the last two axes, as numpy has them. A matrix that LAPACK refuses, because it is
singular or holds a nan, has nan for its result, as log(-1.0) has: it may be in a branch that is not
taken, and an exception would spoil the other branch, and all other matrices beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, reduce
from typing import Any

import numpy as np

from fgrad.arrays.contract import contracted
from fgrad.arrays.linear import full, permuted, reshaped, summing, widened
from fgrad.arrays.primitive import Contribution
from fgrad.arrays.shapes import given, refused
from fgrad.arrays.values import plain, shape_of
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import guarded, settled
from fgrad.ops.operand import Guarded

_LETTERS = "cdefghijklmnopq"


def turned(x: Any) -> Any:
    """The transpose of each matrix, of a flow too."""
    if isinstance(x, Guarded):
        return Guarded(turned(x.condition), turned(x.value), x.zero)
    n = len(shape_of(x))
    return permuted(x, (*range(n - 2), n - 1, n - 2))


def matrices(x: Any, where: str) -> Any:
    """An operand that holds matrices; ShapeMismatch if it does not."""
    x = given(x, where)
    if len(shape_of(x)) < 2:
        raise refused(where, f"shape {shape_of(x)}", "Give a matrix.")
    return x


def transposed(x: Any) -> Any:
    """Each matrix transposed, as numpy's matrix_transpose."""
    return turned(matrices(x, "matrix_transpose"))


def square(x: Any, where: str) -> Any:
    """An operand that holds square matrices; ShapeMismatch if it does not."""
    x = given(x, where)
    shape = shape_of(x)
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise refused(where, f"shape {shape}", "Give square matrices.")
    return x


def aligned(where: str, a: Any, b: Any) -> None:
    """Raise ShapeMismatch unless the axes before the matrices go together."""
    s, t = shape_of(a), shape_of(b)
    try:
        np.broadcast_shapes(s[:-2], t[:-2])
    except ValueError:
        raise refused(where, f"shapes {s} and {t}", "Align the axes before the last two.") from None


@lru_cache(64)
def eye(n: int) -> Any:
    """The identity."""
    return _fixed(np.eye(n))


@lru_cache(64)
def on_diagonal(n: int) -> Any:
    """Where the diagonal is."""
    return _fixed(np.eye(n, dtype=bool))


@lru_cache(64)
def below(n: int) -> Any:
    """On and below the diagonal."""
    return _fixed(np.tri(n, dtype=bool))


@lru_cache(64)
def half(n: int) -> Any:
    """Ones below the diagonal, halves on it, zeros above."""
    return _fixed(np.tri(n, n, -1) + 0.5 * np.eye(n))


def _fixed(x: Any) -> Any:
    x.flags.writeable = False
    return x


def lower(x: Any) -> Any:
    """Each square matrix on and below its diagonal; what is above does not flow."""
    if type(x) is np.ndarray:
        return plain(np.where(below(x.shape[-1]), x, 0.0))
    return ops.where(below(shape_of(x)[-1]), x, 0.0)


def mirrored(x: Any) -> Any:
    """The symmetric matrix of which `x` holds the part on and below the diagonal."""
    part = lower(x) * half(shape_of(x)[-1])
    return part + turned(part)


def to_lower(flow: Contribution) -> Contribution:
    """The transpose of `mirrored`: above the diagonal nothing flows, which is less than a zero."""
    value = flow.value if isinstance(flow, Guarded) else flow
    n = shape_of(value)[-1]
    value = (value + turned(value)) * half(n)
    return masked(below(n), Guarded(flow.condition, value) if isinstance(flow, Guarded) else value)


def masked(mask: Any, flow: Contribution) -> Contribution:
    """A flow where a plain mask says so."""
    if isinstance(flow, Guarded):
        return Guarded(ops.logical_and(mask, flow.condition), flow.value)
    return Guarded(widened(mask, shape_of(flow)), flow)


def spread(x: Any) -> Any:
    """A number for each matrix as it is multiplied with the matrix; of a flow too."""
    if isinstance(x, Guarded):
        return Guarded(spread(x.condition), spread(x.value), x.zero)
    shape = shape_of(x)
    return reshaped(x, (*shape, 1, 1)) if shape else x


# Guards. What is not linear mixes all elements of a matrix: something flows through it, or nothing.


def flowing(flows: Sequence[Contribution], axes: Sequence[int]) -> Any:
    """Where anything flows by any of some flows, for each matrix; None if that is not guarded.

    `axes` says how many axes each of the flows has for one matrix. Of no axis it is a truth value.
    """
    conditions = []
    for flow, count in zip(flows, axes, strict=True):
        if flow is None:
            continue
        if not isinstance(flow, Guarded):
            return None
        condition = widened(flow.condition, _wider(flow))
        last = tuple(range(len(shape_of(condition)) - count, len(shape_of(condition))))
        conditions.append(summing(last).support(condition) if last else condition)
    return reduce(ops.logical_or, conditions) if conditions else None


def _wider(flow: Guarded) -> tuple[int, ...]:
    return np.broadcast_shapes(shape_of(flow.condition), shape_of(flow.value))


def under(condition: Any, value: Any, axes: int = 2) -> Contribution:
    """What flows to matrices, or to `axes` axes of each, where something flows to each of them."""
    if condition is None:
        return value
    shape = shape_of(condition)
    return Guarded(reshaped(condition, (*shape, *(1,) * axes)) if shape else condition, value)


def under_all(
    flows: Sequence[Contribution], axes: Sequence[int], ends: Sequence[Contribution]
) -> list[Contribution]:
    """What a rule that mixes all elements gives: guarded where nothing at all flows to it."""
    condition = flowing(flows, axes)
    if condition is None:
        return list(ends)
    return [None if x is None else guarded(condition, x) for x in ends]


def by_columns(flow: Contribution, f: Callable[[Any], Any]) -> Contribution:
    """A function that is linear in each column of matrices, of a flow: columns do not mix."""
    if not isinstance(flow, Guarded):
        return f(flow)
    shape = _wider(flow)
    rows = len(shape) - 2
    condition = summing((rows,)).support(widened(flow.condition, shape))
    value = f(settled(flow))
    kept = reshaped(condition, (*shape[:-2], 1, shape[-1]))
    return Guarded(widened(kept, shape_of(value)), value)


def product(a: Any, b: Any) -> Contribution:
    """The products of matrices, of which one may be a flow that is guarded: it multiplies as 0 * x = 0."""
    if isinstance(b, Guarded):
        return turned(product(turned(b), turned(a)))
    s = _wider(a) if isinstance(a, Guarded) else shape_of(a)
    t = shape_of(b)
    batch = np.broadcast_shapes(s[:-2], t[:-2])
    names = _LETTERS[: len(batch)]
    if len(t) == 2:  # one matrix for all
        return contracted(f"{names}ab,bz->{names}az", full(a, (*batch, *s[-2:])), b)
    b = full(b, (*batch, *t[-2:]))
    return contracted(f"{names}ab,{names}bz->{names}az", full(a, (*batch, *s[-2:])), b)


def scaled(flow: Contribution, factor: Any) -> Contribution:
    """A flow times a plain factor; its guard stays outside."""
    if isinstance(flow, Guarded):
        return Guarded(flow.condition, flow.value * factor)
    return flow * factor


# LAPACK.


def lapack(f: Callable[..., Any], *, finite: bool = False, kept: Any = None) -> Callable[..., Any]:
    """A function of matrices of numpy's that gives nan for those that it refuses.

    With `finite` for those with an infinity or nan too, at which LAPACK may run forever or invent
    numbers. `kept` is applied to a result that holds nan: it puts back what is constant.
    """

    def run(a: Any, *others: Any) -> Any:
        if finite and not np.isfinite(a).all():
            return _spoiled(f, ~np.isfinite(a).all((-2, -1)), a, others, kept)
        try:
            return f(a, *others)
        except np.linalg.LinAlgError:
            return _spoiled(f, _bad(f, a, others), a, others, kept)

    return run


def _bad(f: Callable[..., Any], a: Any, others: tuple[Any, ...]) -> Any:
    """Which of the matrices are refused."""
    ones = [np.zeros(x.shape[-2:]) if isinstance(x, np.ndarray) else x for x in others]
    bad = np.zeros(a.shape[:-2], bool)
    for place in np.ndindex(bad.shape):
        try:
            f(a[place], *ones)
        except np.linalg.LinAlgError:
            bad[place] = True
    return bad


def _spoiled(f: Callable[..., Any], bad: Any, a: Any, others: tuple[Any, ...], kept: Any) -> Any:
    """The results, with nan for the matrices that are `bad`."""
    good = np.eye(*a.shape[-2:])
    a = np.where(bad[..., None, None], good, a)
    worse = _bad(f, a, others)
    bad, a = bad | worse, np.where(worse[..., None, None], good, a)
    found = f(a, *others)
    batch = np.broadcast_shapes(bad.shape, *[np.shape(x)[:-2] for x in others])
    outs = [np.array(x) for x in (found if isinstance(found, tuple) else (found,))]
    for out in outs:
        out[np.broadcast_to(bad, batch)] = np.nan
    if kept is not None:
        outs = [kept(out) for out in outs]
    return tuple(outs) if isinstance(found, tuple) else outs[0]
