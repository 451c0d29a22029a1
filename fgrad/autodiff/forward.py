"""Forward mode as a fold: read the nodes in order and carry their tangents along.

The same partial derivatives as in reverse mode, multiplied the other way round: the tangent of a
node is the sum of its arguments' tangents, each times the partial derivative. One fold gives the
derivative of every node in one direction.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from fgrad.autodiff.activity import Reach
from fgrad.autodiff.cotangent import Flow, as_node, plus, times
from fgrad.autodiff.multiple import pushed
from fgrad.graph.node import Node, number_of
from fgrad.ops.multiple import Item

F = TypeVar("F")


def tangents(reach: Reach, direction: Mapping[Node[float], float]) -> Mapping[Node[float], float]:
    """The derivative of each node of `reach` when its variables move as `direction` says.

    Nodes that do not move are left out.

    >>> import fgrad as fg
    >>> x, y = fg.var(2.0), fg.var(3.0)
    >>> z = x * x * y
    >>> tangents(Reach.of([z], [x, y]), {x: 1.0})[z]
    12.0
    """
    if has_arrays(reach):
        return MappingProxyType(_over_arrays()(reach, direction, nodes=False))
    return MappingProxyType(_fold(reach, direction, number_of, operator.mul, operator.add))


def tangent_nodes(
    reach: Reach, direction: Mapping[Node[float], Node[float] | float]
) -> Mapping[Node[float], Node[float]]:
    """The same as nodes, which can be differentiated again.

    >>> import fgrad as fg
    >>> x = fg.var(2.0)
    >>> y = x * x * x
    >>> slope = tangent_nodes(Reach.of([y], [x]), {x: 1.0})[y]
    >>> slope.value, fg.grad(fg.Graph.of(slope), slope)[x]
    (12.0, 12.0)
    """
    if has_arrays(reach):
        return MappingProxyType(_over_arrays()(reach, direction, nodes=True))
    flows: dict[Node[float], Flow] = _fold(reach, direction, _itself, times, plus)
    return MappingProxyType({node: as_node(flow) for node, flow in flows.items()})


def has_arrays(reach: Reach) -> bool:
    """Whether there is an array among what is read."""
    kinds: set[type[Node[Any]]] = {*map(type, reach.moving), *map(type, reach.variables)}
    return any(kind.rank == 1 for kind in kinds)


def _over_arrays() -> Any:
    """The sweep over arrays, for a caller that has one: nobody else waits for numpy."""
    from fgrad.autodiff.array_forward import array_tangents  # noqa: PLC0415  # see above

    return array_tangents


def _fold(
    reach: Reach,
    direction: Mapping[Node[float], F],
    read: Callable[[Any], Any],
    times: Callable[[F, Any], F],
    plus: Callable[[F, F], F],
) -> dict[Node[float], F]:
    moved: dict[Node[Any], Any] = dict(direction)
    for node in reach.moving:
        total: Any = None
        if isinstance(node.op, Item):
            call: Any = node.args[0]
            total = moved[call][node.op.index] if call in moved else None
        elif node.op.joint:
            moves = [moved.get(a) if isinstance(a, Node) else None for a in node.args]
            if any(move is not None for move in moves):
                total = pushed(node, moves, nodes=read is _itself)
        else:
            args = [read(a) for a in node.args]
            for a, rule in zip(node.args, node.op.rules, strict=True):
                if isinstance(a, Node) and a in moved and rule:
                    partial = rule(read(node), *args)
                    if partial is not None:
                        flow = times(moved[a], partial)
                        total = flow if total is None else plus(total, flow)
        if total is not None:
            moved[node] = total
    return {node: move for node, move in moved.items() if not node.op.joint}


def _itself(arg: Any) -> Any:
    return arg
