"""Contributions: what a fold over nodes multiplies, sums and passes along the edges of a graph.

A contribution is a node, a literal float, a `Guarded` one of these, or a `Bundle` of them. Conditions
are kept outside of products and applied where contributions are summed, so that an infinite factor
never meets a zero of `where`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import starmap
from typing import Any, Final, TypeAlias

from fgrad.graph.node import Node, constant
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Basis, Bundle
from fgrad.ops.operand import Guarded, Operand, Truth, literal

Contribution: TypeAlias = Any
BLOCK: Final = 1024
"""Terms that are summed one after the other; the sums of blocks are summed in pairs."""


def number(value: Any, where: str) -> Any:
    """A contribution that a user's function gave: an operand as it is, any other number as a float.

    Raises NotAValue, with `where`, for what is no number.
    """
    if type(value) is float or isinstance(value, (Operand, Guarded)):
        return value
    return literal(value, where)


def times(x: Contribution, partial: Contribution) -> Contribution:
    """The product; conditions stay outside, and a literal 1 or -1 makes no node."""
    if isinstance(x, Node) and isinstance(partial, Node):
        return x * partial
    if isinstance(partial, Basis):
        return Bundle(partial.index, x)
    if isinstance(x, Guarded):
        return _guard(x.condition, times(x.value, partial))
    if isinstance(partial, Guarded):
        return _guard(partial.condition, times(x, partial.value))
    for one, other in ((partial, x), (x, partial)):
        if isinstance(one, float) and abs(one) == 1.0:
            return other if one == 1.0 else -other
    return x * partial


def _guard(condition: Truth[Any], x: Contribution) -> Contribution:
    if isinstance(x, Guarded):
        return Guarded(ops.logical_and(condition, x.condition), x.value)
    return Guarded(condition, x)


def plus(x: Contribution, y: Contribution) -> Contribution:
    """The sum; it is guarded when both terms are, by either condition."""
    if isinstance(x, Bundle):
        return x + y
    if isinstance(x, Guarded) and isinstance(y, Guarded):
        if x.condition is y.condition:
            return Guarded(x.condition, x.value + y.value)
        either = ops.logical_or(x.condition, y.condition)
        return Guarded(either, settled(x) + settled(y), zero=True)
    return settled(x) + settled(y)


def total(terms: Sequence[Contribution], plus: Callable[..., Contribution] = plus) -> Contribution:
    """The sum of at least one term, whose rounding errors do not grow with the number of terms.

    With unit roundoff u it is within (BLOCK + log2(n / BLOCK)) u of the sum of the absolute values,
    relatively (Higham 2002, section 4.2).

    >>> total([1.0, 2.0, 3.0])
    6.0
    """
    if len(terms) <= BLOCK:
        return reduce(plus, terms)
    sums = [reduce(plus, terms[i : i + BLOCK]) for i in range(0, len(terms), BLOCK)]
    while len(sums) > 1:
        pairs = list(starmap(plus, zip(sums[::2], sums[1::2], strict=False)))
        sums = pairs + sums[2 * len(pairs) :]
    return sums[0]


def settled(x: Contribution) -> Node[float] | float:
    """The contribution without its guard: 0 where its condition does not hold."""
    end: Node[float] | float = x
    if isinstance(x, Guarded):
        end = x.value if x.zero else ops.where(x.condition, x.value, 0.0)
    return end


def as_node(x: Contribution) -> Node[float]:
    """The contribution without its guard, as a node also where it is a literal."""
    end = settled(x)
    return end if isinstance(end, Node) else constant(end)
