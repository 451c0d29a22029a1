"""Flows: what passes along the edges of a graph when nodes are folded, multiplied and summed.

A flow is a node, a literal float, a `Guarded` one of these, or a `Bundle` of them. Conditions are kept outside of
products and settled where flows meet, so that an infinite factor never meets a zero of `where`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import starmap
from typing import Any, Final, TypeAlias

from fgrad.graph.node import Node, constant
from fgrad.ops.multiple import Basis, Bundle, either, guarded, settled
from fgrad.ops.operand import Guarded, Operand, arrays, is_array, literal

Flow: TypeAlias = Any
BLOCK: Final = 1024
"""Terms that are summed one after the other; the sums of blocks are summed in pairs."""


def number(value: Any, where: str) -> Any:
    """What enters a flow from outside, as it is kept in there: an operand, a float or an array.

    Raises NotAValue, with `where`, for what is no number.
    """
    if type(value) is float or isinstance(value, (Operand, Guarded)):
        return value
    if is_array(value):
        return arrays().array(value, where, borrow=False)  # somebody's rule may fill it anew
    return literal(value, where)


def times(flow: Flow, partial: Flow) -> Flow:
    """The product; conditions stay outside, and a literal 1 or -1 makes no node."""
    if isinstance(flow, Node) and isinstance(partial, Node):
        return flow * partial
    if isinstance(partial, Basis):
        return Bundle(partial.index, flow)
    if isinstance(flow, Guarded):
        return guarded(flow.condition, times(flow.value, partial))
    if isinstance(partial, Guarded):
        return guarded(partial.condition, times(flow, partial.value))
    for one, other in ((partial, flow), (flow, partial)):
        if isinstance(one, float) and abs(one) == 1.0:
            return other if one == 1.0 else -other
    return flow * partial


def plus(x: Flow, y: Flow) -> Flow:
    """The sum; it is guarded when both are, and flows where either does."""
    if isinstance(x, Bundle):
        return x + y
    return either(x, y)


def total(flows: Sequence[Flow], plus: Callable[[Flow, Flow], Flow] = plus) -> Flow:
    """The sum of some flows, at least one, whose rounding errors do not grow with their number.

    With unit roundoff u it is within (BLOCK + log2(n / BLOCK)) u of the sum of the absolute values,
    relatively (Higham 2002, section 4.2).

    >>> total([1.0, 2.0, 3.0])
    6.0
    """
    if len(flows) <= BLOCK:
        return reduce(plus, flows)
    sums = [reduce(plus, flows[i : i + BLOCK]) for i in range(0, len(flows), BLOCK)]
    while len(sums) > 1:
        pairs = list(starmap(plus, zip(sums[::2], sums[1::2], strict=False)))
        sums = pairs + sums[2 * len(pairs) :]
    return sums[0]


def as_node(flow: Flow) -> Node[float]:
    """What flows in the end, as a node also where it is a literal."""
    end = settled(flow)
    return end if isinstance(end, Node) else constant(end)
