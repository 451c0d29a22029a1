"""Forward mode as a fold: read the nodes in order and compute the tangent of each.

The tangent of a node is the sum of its arguments' tangents, each times the partial derivative, which
is that of reverse mode. One fold gives the derivative of every node in one direction.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from fgrad.autodiff.activity import Activity
from fgrad.autodiff.cotangent import Contribution, as_node, plus, times
from fgrad.autodiff.multiple import pushforward
from fgrad.graph.node import Node, number_of
from fgrad.ops.multiple import Item

F = TypeVar("F")


def tangents(
    activity: Activity, direction: Mapping[Node[float], float]
) -> Mapping[Node[float], float]:
    """The tangent of each node of `activity`, where `direction` has those of its variables.

    Nodes without a tangent are left out.

    >>> import fgrad as fg
    >>> x, y = fg.var(2.0), fg.var(3.0)
    >>> z = x * x * y
    >>> tangents(Activity.of([z], [x, y]), {x: 1.0})[z]
    12.0
    """
    if has_arrays(activity):
        return MappingProxyType(_over_arrays()(activity, direction, nodes=False))
    return MappingProxyType(_fold(activity, direction, number_of, operator.mul, operator.add))


def tangent_nodes(
    activity: Activity, direction: Mapping[Node[float], Node[float] | float]
) -> Mapping[Node[float], Node[float]]:
    """The same as nodes, which can be differentiated again.

    >>> import fgrad as fg
    >>> x = fg.var(2.0)
    >>> y = x * x * x
    >>> slope = tangent_nodes(Activity.of([y], [x]), {x: 1.0})[y]
    >>> slope.value, fg.grad(fg.Graph.of(slope), slope)[x]
    (12.0, 12.0)
    """
    if has_arrays(activity):
        return MappingProxyType(_over_arrays()(activity, direction, nodes=True))
    found: dict[Node[float], Contribution] = _fold(activity, direction, _itself, times, plus)
    return MappingProxyType({node: as_node(tangent) for node, tangent in found.items()})


def has_arrays(activity: Activity) -> bool:
    """Whether there is an array among what is read."""
    kinds: set[type[Node[Any]]] = {*map(type, activity.active), *map(type, activity.variables)}
    return any(kind.rank == 1 for kind in kinds)


def _over_arrays() -> Any:
    """The sweep over arrays, for a caller that has one: nobody else waits for numpy."""
    from fgrad.autodiff.array_forward import array_tangents  # noqa: PLC0415  # see above

    return array_tangents


def _fold(
    activity: Activity,
    direction: Mapping[Node[float], F],
    read: Callable[[Any], Any],
    times: Callable[[F, Any], F],
    plus: Callable[[F, F], F],
) -> dict[Node[float], F]:
    tangents: dict[Node[Any], Any] = dict(direction)
    for node in activity.active:
        total: Any = None
        if isinstance(node.op, Item):
            call: Any = node.args[0]
            total = tangents[call][node.op.index] if call in tangents else None
        elif node.op.multiple:
            given = [tangents.get(a) if isinstance(a, Node) else None for a in node.args]
            if any(tangent is not None for tangent in given):
                total = pushforward(node, given, nodes=read is _itself)
        else:
            args = [read(a) for a in node.args]
            for a, rule in zip(node.args, node.op.rules, strict=True):
                if isinstance(a, Node) and a in tangents and rule:
                    partial = rule(read(node), *args)
                    if partial is not None:
                        term = times(tangents[a], partial)
                        total = term if total is None else plus(total, term)
        if total is not None:
            tangents[node] = total
    return {node: x for node, x in tangents.items() if not node.op.multiple}


def _itself(arg: Any) -> Any:
    return arg
