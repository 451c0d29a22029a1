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
from fgrad.ops.multiple import Basis, Bundle, either, guarded, settled
from fgrad.ops.operand import Guarded, Operand, arrays, is_array, literal

Contribution: TypeAlias = Any
BLOCK: Final = 1024
"""Terms that are summed one after the other; the sums of blocks are summed in pairs."""


def number(value: Any, where: str) -> Any:
    """A contribution that a user's function gave: an operand or an array, any other number as a float.

    Raises NotAValue, with `where`, for what is no number.
    """
    if type(value) is float or isinstance(value, (Operand, Guarded)):
        return value
    if is_array(value):
        return arrays().array(value, where, borrow=False)  # somebody's rule may fill it anew
    return literal(value, where)


def times(x: Contribution, partial: Contribution) -> Contribution:
    """The product; conditions stay outside, and a literal 1 or -1 makes no node."""
    if isinstance(x, Node) and isinstance(partial, Node):
        return x * partial
    if isinstance(partial, Basis):
        return Bundle(partial.index, x)
    if isinstance(x, Guarded):
        return guarded(x.condition, times(x.value, partial))
    if isinstance(partial, Guarded):
        return guarded(partial.condition, times(x, partial.value))
    for one, other in ((partial, x), (x, partial)):
        if isinstance(one, float) and abs(one) == 1.0:
            return other if one == 1.0 else -other
    return x * partial


def plus(x: Contribution, y: Contribution) -> Contribution:
    """The sum; it is guarded when both terms are, by either condition."""
    if isinstance(x, Bundle):
        return x + y
    return either(x, y)


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


def as_node(x: Contribution) -> Node[float]:
    """The contribution without its guard, as a node also where it is a literal."""
    end = settled(x)
    return end if isinstance(end, Node) else constant(end)
