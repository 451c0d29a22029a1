"""Contractions of two arrays: products summed over shared letters, as in einsum("ab,bc->ac", a, b).

One primitive is matmul, dot, outer, tensordot and einsum. Its transpose is a contraction too. Where
one side is guarded, what is guarded counts as 0 and multiplies as none: an infinity or nan of the
other side meets nothing there (`guarded_contraction`); likewise where both are (`twice_guarded`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np

from fgrad.arrays.linear import full, permuted, reshaped, summing, widened
from fgrad.arrays.primitive import Contribution, Contributions, Support, Whole
from fgrad.arrays.values import plain, quietly, shape_of
from fgrad.ops.multiple import either, guarded, settled
from fgrad.ops.operand import Guarded

_CACHED: Final = 1024


def letters(spec: str) -> tuple[str, str, str]:
    """The letters of both arguments and of the result of a contraction."""
    arguments, out = spec.split("->")
    left, right = arguments.split(",")
    return left, right, out


@lru_cache(_CACHED)
def contraction(spec: str) -> Whole:
    """Multiply and sum, by letters: each is in two of the arguments and the result, or in all three."""
    p, q, out = letters(spec)
    to_left, to_right = f"{out},{q}->{p}", f"{out},{p}->{q}"
    plain_left, plain_right = plan(to_left), plan(to_right)

    def pullback(
        y: Any, args: Sequence[Any], g: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        a, b = args
        g = full(g, shape_of(y))
        if type(g) is type(a) is type(b) is np.ndarray:  # most of all, in half of the time
            left = plain(quietly(plain_left, g, b)) if wanted[0] else None
            return left, plain(quietly(plain_right, g, a)) if wanted[1] else None
        left = contracted(to_left, g, b) if wanted[0] else None
        return left, contracted(to_right, g, a) if wanted[1] else None

    def pushforward(y: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        (a, b), (da, db) = args, moves
        left = None if da is None else contracted(spec, da, b)
        return _both(left, None if db is None else contracted(f"{q},{p}->{out}", db, a))

    return Whole("contract", plan(spec), (contraction, (spec,)), (spec,), 2, pullback, pushforward)


@lru_cache(_CACHED)
def plan(spec: str) -> Callable[[Any, Any], Any]:
    """A contraction as one product of matrices: shared, free and summed letters side by side."""
    p, q, out = letters(spec)
    batch = [c for c in out if c in p and c in q]
    summed = [c for c in p if c in q and c not in out]
    left = [c for c in out if c in p and c not in q]
    right = [c for c in out if c in q and c not in p]
    if left and right and out.index(right[0]) < out.index(left[0]):
        turned = plan(f"{q},{p}->{out}")  # so that the result need not be transposed
        return lambda a, b: turned(b, a)
    to_a = _order(p, batch + left + summed)
    to_b = _order(q, batch + summed + right)
    to_out = _order("".join(batch + left + right), list(out))
    shared, cut_a, cut_b = len(batch), len(batch) + len(left), len(batch) + len(summed)
    is_matmul = len(left) == len(summed) == len(right) == 1
    if is_matmul and not batch:  # most of all: in half of the time
        if to_a and to_b:
            return lambda a, b: np.matmul(a.T, b.T)
        if to_a:
            return lambda a, b: np.matmul(a.T, b)
        return (lambda a, b: np.matmul(a, b.T)) if to_b else np.matmul

    def run(a: Any, b: Any) -> Any:
        if not p or not q:
            a, b = np.asarray(a), np.asarray(b)  # one of them is a number
        a = a if to_a is None else a.transpose(to_a)
        b = b if to_b is None else b.transpose(to_b)
        if is_matmul:
            y = np.matmul(a, b)
        elif summed:
            head, rows, columns = a.shape[:shared], a.shape[shared:cut_a], b.shape[cut_b:]
            inner = math.prod(a.shape[cut_a:])
            a = a.reshape((*head, math.prod(rows), inner))
            b = b.reshape((*head, inner, math.prod(columns)))
            y = np.matmul(a, b).reshape(head + rows + columns)
        else:
            y = a.reshape(a.shape + (1,) * len(right)) * b.reshape(
                b.shape[:shared] + (1,) * len(left) + b.shape[shared:]
            )
        return y if to_out is None else y.transpose(to_out)

    return run


def _order(given: str, wanted: list[str]) -> tuple[int, ...] | None:
    order = tuple([given.index(c) for c in wanted])
    return None if order == tuple(range(len(order))) else order


def contract(spec: str, a: Any, b: Any) -> Any:
    """The contraction of nodes or arrays."""
    if type(a) is np.ndarray and type(b) is np.ndarray:
        return plain(quietly(plan(spec), a, b))
    return contraction(spec)(a, b)


def contracted(spec: str, a: Contribution, b: Contribution) -> Contribution:
    """The contraction of two flows of their full shapes, each of which may be guarded, or an array."""
    if not isinstance(b, Guarded):
        if not isinstance(a, Guarded):
            return contract(spec, a, b)
        where = supported(spec, a.condition, shape_of(b))
        value = guarded_contraction(spec)(a.condition, settled(a), b)
        return Guarded(where, value, zero=True)
    if not isinstance(a, Guarded):
        p, q, out = letters(spec)
        return contracted(f"{q},{p}->{out}", b, a)
    where = meeting(spec)(a.condition, b.condition)
    value = twice_guarded(spec)(a.condition, b.condition, settled(a), settled(b))
    return Guarded(where, value, zero=True)


@lru_cache(_CACHED)
def meeting(spec: str) -> Support:
    """Where a contraction of two that are guarded flows: where both sides of a term do."""
    product = plan(spec)
    impl = lambda c, d: product(c * 1.0, d * 1.0) > 0.0
    return Support("contract_support", impl, (meeting, (spec,)), (spec,), 2)


def supported(spec: str, condition: Any, other: tuple[int, ...]) -> Any:
    """Where a contraction of something guarded flows: where anything that is summed does."""
    p, q, out = letters(spec)
    summed = tuple([i for i, c in enumerate(p) if c not in out])
    if summed:
        condition = summing(summed).support(condition)
    left = [c for c in p if c in out]
    kept = [c for c in out if c in left]
    condition = permuted(condition, tuple([left.index(c) for c in kept])) if kept else condition
    lengths = dict(zip(kept, shape_of(condition), strict=True)) | {
        c: n for c, n in zip(q, other, strict=True) if c not in left
    }
    aligned = tuple([lengths[c] if c in left else 1 for c in out])
    return widened(reshaped(condition, aligned), tuple([lengths[c] for c in out]))


@lru_cache(_CACHED)
def guarded_contraction(spec: str) -> Whole:
    """The contraction of g with x where c: what does not flow meets nothing of x, not 0 * inf.

    It is linear in g and in x; g is 0 where c does not hold. What flows to or with one of them may be
    guarded as well: then a term counts where both are.
    """
    p, q, out = letters(spec)

    def pullback(
        y: Any, args: Sequence[Any], bar: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        c, g, x = args
        bar = full(bar, shape_of(y))
        back = guarded(c, contracted(f"{out},{q}->{p}", bar, x)) if wanted[1] else None
        there = contracted(f"{p},{out}->{q}", Guarded(c, g, zero=True), bar) if wanted[2] else None
        return None, back, there

    def pushforward(y: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        (c, g, x), (_, dg, dx) = args, moves
        left = None if dg is None else contracted(spec, guarded(c, dg), x)
        right = None if dx is None else contracted(spec, Guarded(c, g, zero=True), dx)
        return _both(left, right)

    made = (guarded_contraction, (spec,))
    return Whole("guarded_contract", _guarding(spec), made, (spec,), 3, pullback, pushforward, 1)


@lru_cache(_CACHED)
def twice_guarded(spec: str) -> Whole:
    """The contraction of g where c with x where d: a term counts where both do, as (c, d, g, x).

    It is linear in g and in x; each is 0 where its condition does not hold.
    """
    p, q, out = letters(spec)

    def pullback(
        y: Any, args: Sequence[Any], bar: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        c, d, g, x = args
        bar = full(bar, shape_of(y))
        a, b = Guarded(c, g, zero=True), Guarded(d, x, zero=True)
        back = guarded(c, contracted(f"{out},{q}->{p}", bar, b)) if wanted[2] else None
        there = guarded(d, contracted(f"{p},{out}->{q}", a, bar)) if wanted[3] else None
        return None, None, back, there

    def pushforward(y: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        (c, d, g, x), (_, _, dg, dx) = args, moves
        a, b = Guarded(c, g, zero=True), Guarded(d, x, zero=True)
        left = None if dg is None else contracted(spec, guarded(c, dg), b)
        return _both(left, None if dx is None else contracted(spec, a, guarded(d, dx)))

    made = (twice_guarded, (spec,))
    return Whole("twice_guarded_contract", _twice(spec), made, (spec,), 4, pullback, pushforward, 2)


def _both(left: Contribution, right: Contribution) -> Contribution:
    """The sum of two moves, None of which is no move."""
    if left is None or right is None:
        return right if left is None else left
    return either(left, right)


def _guarding(spec: str) -> Callable[[Any, Any, Any], Any]:
    twice = _twice(spec)
    return lambda c, g, x: twice(c, np.True_, g, x)


def _twice(spec: str) -> Callable[[Any, Any, Any, Any], Any]:
    product = plan(spec)

    def guarding(c: Any, d: Any, g: Any, x: Any) -> Any:
        y = product(g, x)
        return y if np.isfinite(y).all() else _by_sign(product, c, d, g, x)

    return guarding


def _by_sign(product: Callable[[Any, Any], Any], c: Any, d: Any, g: Any, x: Any) -> Any:
    """The guarded contraction where there are infinities or nan: how many terms are of which is counted.

    A term that is not finite is so by its sign, which products of ones and zeros count, without the
    array of all terms.
    """
    y = product(np.where(np.isfinite(g), g, 0.0), np.where(np.isfinite(x), x, 0.0))
    us, them = _kinds(g, c), _kinds(x, d)

    def count(*pairs: tuple[str, str]) -> Any:
        return sum(product(us[mine], them[other]) for mine, other in pairs) > 0.0

    up = count(("+inf", "+"), ("-inf", "-"), ("+", "+inf"), ("-", "-inf"))
    down = count(("+inf", "-"), ("-inf", "+"), ("+", "-inf"), ("-", "+inf"))
    lost = count(("nan", "any"), ("any", "nan"), ("0", "inf"), ("inf", "0"))
    y = np.where(up, np.inf, y)
    y = np.where(down, np.where(up, np.nan, -np.inf), y)
    return np.where(lost, np.nan, y)


def _kinds(v: Any, c: Any) -> dict[str, Any]:
    inf = np.isinf(v)
    kinds = {
        "+": v > 0.0, "-": v < 0.0, "0": np.equal(v, 0.0), "nan": np.isnan(v), "inf": inf,
        "+inf": inf & (v > 0.0), "-inf": inf & (v < 0.0), "any": np.ones(np.shape(v), bool),
    }  # fmt: skip
    return {name: (kind & c).astype(np.float64) for name, kind in kinds.items()}
