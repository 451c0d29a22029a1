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
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Basis, Bundle
from fgrad.ops.operand import Guarded, Operand, Truth, literal

Flow: TypeAlias = Any
BLOCK: Final = 1024
"""Terms that are summed one after the other; the sums of blocks are summed in pairs."""


def number(value: Any, where: str) -> Any:
    """What enters a flow from outside, as it is kept in there: an operand, or a float.

    Raises NotAValue, with `where`, for what is no number.
    """
    if type(value) is float or isinstance(value, (Operand, Guarded)):
        return value
    return literal(value, where)


def times(flow: Flow, partial: Flow) -> Flow:
    """The product; conditions stay outside, and a literal 1 or -1 makes no node."""
    if isinstance(flow, Node) and isinstance(partial, Node):
        return flow * partial
    if isinstance(partial, Basis):
        return Bundle(partial.index, flow)
    if isinstance(flow, Guarded):
        return _guard(flow.condition, times(flow.value, partial))
    if isinstance(partial, Guarded):
        return _guard(partial.condition, times(flow, partial.value))
    for one, other in ((partial, flow), (flow, partial)):
        if isinstance(one, float) and abs(one) == 1.0:
            return other if one == 1.0 else -other
    return flow * partial


def _guard(condition: Truth[Any], flow: Flow) -> Flow:
    if isinstance(flow, Guarded):
        return Guarded(ops.logical_and(condition, flow.condition), flow.value)
    return Guarded(condition, flow)


def plus(x: Flow, y: Flow) -> Flow:
    """The sum; it is guarded when both are, and flows where either does."""
    if isinstance(x, Bundle):
        return x + y
    if isinstance(x, Guarded) and isinstance(y, Guarded):
        if x.condition is y.condition:
            return Guarded(x.condition, x.value + y.value)
        either = ops.logical_or(x.condition, y.condition)
        return Guarded(either, settled(x) + settled(y), zero=True)
    return settled(x) + settled(y)


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


def settled(flow: Flow) -> Node[float] | float:
    """What flows in the end: 0 where the condition of a guarded flow does not hold."""
    end: Node[float] | float = flow
    if isinstance(flow, Guarded):
        end = flow.value if flow.zero else ops.where(flow.condition, flow.value, 0.0)
    return end


def as_node(flow: Flow) -> Node[float]:
    """What flows in the end, as a node also where it is a literal."""
    end = settled(flow)
    return end if isinstance(end, Node) else constant(end)
