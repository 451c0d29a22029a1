"""Operations with several results: one call node, an item for each result, and one pull for all.

The call node's value is the tuple of the results. What its items send back arrives as a `Bundle`,
and the operation's own `pull` gives the cotangents of all arguments at once.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import cache, partial
from types import NoneType
from typing import Any

import attrs

from fgrad.autodiff.cotangent import Flow, as_node, number, plus, times, total
from fgrad.graph.node import Node, _seal, constant, depth_above, number_of
from fgrad.ops.multiple import Bundle, Joint, Row, settled
from fgrad.ops.operand import Guarded, Operand, Truth, any_of_arrays, arrays


def results(op: Joint, args: Sequence[Any]) -> Sequence[Any]:
    """The results of `op` on floats as floats, and with a node among its arguments as nodes."""
    made: Any = op.applied(tuple(args))
    return _items(made) if isinstance(made, Operand) else made


def called(op: Joint, args: Sequence[Any], value: tuple[float, ...]) -> Sequence[Any]:
    """The results as nodes, where they are known to be `value`."""
    if any_of_arrays({*map(type, args), *map(type, value)}):
        return _items(arrays().sealed(op, tuple(args), value, depth_above(args)))
    return _items(_seal(op, tuple(args), value, depth_above(args), None))


def _items(call: Any) -> tuple[Any, ...]:
    """All of `Items`, faster than by asking for one after the other."""
    apply, args = call.apply, (call,)
    return tuple([apply(reader, args) for reader in call.op.readers()])


@attrs.frozen(eq=False)
class Items(Sequence[Any]):
    """The nodes that read the results of a call node, each made when it is asked for."""

    call: Any

    def __len__(self) -> int:
        """How many results there are."""
        size: int = self.call.op.size
        return size

    def __getitem__(self, index: Any) -> Any:
        """The node that reads one result."""
        return self.call.apply(self.call.op.readers()[index], (self.call,))


def pulled_floats(call: Node[Any], bundle: Bundle) -> tuple[tuple[float, ...], Row]:
    """The adjoint of a call node as a tuple, and the cotangents of its arguments."""
    op: Any = call.op
    bars = bundle.settled(op.size, partial(total, plus=operator.add))
    adjoint = tuple(
        [type(y)() if bar is None else bar for y, bar in zip(call.value, bars, strict=True)]
    )
    values = [a.value if isinstance(a, Node) else a for a in call.args]
    return adjoint, _kept(op, op.pull(call.value, values, bars))


def _kept(op: Joint, flows: Row) -> Row:
    """What a rule gave, each number as a float: it may be a user's."""
    if {float, NoneType}.issuperset(map(type, flows)):
        return flows
    where = f"a derivative of {op.name}"
    return [flow if flow is None else number(flow, where) for flow in flows]


def pulled_nodes(call: Node[Any], bundle: Bundle) -> list[Flow]:
    """The flows to the arguments of a call node.

    A pull is linear in the cotangents, so those that flow under one condition are pulled together
    and what comes of them flows under that condition: 0 * inf does not happen inside either.
    """
    op: Any = call.op
    outs = Items(call)
    flows: list[Flow] = [None] * len(call.args)
    for condition, bars in _by_condition(bundle.settled(op.size, total)):
        for k, bar in enumerate(_kept(op, op.pull(outs, call.args, bars))):
            if bar is not None and isinstance(call.args[k], Node):
                flow = bar if condition is None else times(Guarded(condition, 1.0), bar)
                flows[k] = flow if flows[k] is None else plus(flows[k], flow)
    return flows


def _by_condition(bars: tuple[Flow, ...]) -> list[tuple[Truth[Any] | None, list[Flow]]]:
    groups: dict[Truth[Any] | None, list[Flow]] = {}
    for i, bar in enumerate(bars):
        if bar is not None:
            condition = bar.condition if isinstance(bar, Guarded) else None
            group = groups.setdefault(condition, [None] * len(bars))
            group[i] = bar.value if isinstance(bar, Guarded) else bar
    return list(groups.items())


def pushed(call: Node[Any], moves: Sequence[Flow], *, nodes: bool) -> list[Flow]:
    """The tangents of the results from those of the arguments."""
    op: Any = call.op
    outs = Items(call) if nodes else call.value
    args = call.args if nodes else list(map(number_of, call.args))
    if op.push is not None:
        ends = [None if move is None else settled(move) for move in moves]
        return list(_kept(op, op.push(outs, args, ends)))
    return [
        None if i in op.truths else _moved(_slopes(op, i, outs, args), moves)
        for i in range(op.size)
    ]


def slopes_of(call: Node[Any], index: int) -> Row:
    """The partial derivatives of one result of a call node, as nodes; None where it has none."""
    op: Any = call.op
    if index in op.truths:
        return (None,) * len(call.args)
    return _slopes(op, index, Items(call), call.args)


def _slopes(op: Any, index: int, outs: Row, args: Row) -> Row:
    return _kept(op, op.pull(outs, args, [1.0 if i == index else None for i in range(op.size)]))


def _moved(slopes: Row, moves: Sequence[Flow]) -> Flow:
    terms = [
        times(move, slope)
        for slope, move in zip(slopes, moves, strict=True)
        if slope is not None and move is not None
    ]
    return total(terms) if terms else None


@cache
def gathering(size: int) -> Joint:
    """The operation whose results are its arguments: it makes a tuple of nodes one node."""
    made = (gathering, (size,))
    return Joint("gather", lambda *xs: xs, size, size, lambda outs, args, bars: bars, maker=made)


def gathered(flows: Sequence[Flow]) -> Node[Any]:
    """The tuple of `flows` as one node; None is 0."""
    ends = [constant(0.0) if flow is None else as_node(flow) for flow in flows]
    node: Node[Any] = ends[0].apply(gathering(len(ends)), tuple(ends))
    return node
