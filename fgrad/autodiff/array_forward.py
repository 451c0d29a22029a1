"""Forward mode over graphs in which there are arrays: tangents of the shapes of their nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fgrad.arrays.linear import full
from fgrad.arrays.matrices import under_all
from fgrad.arrays.primitive import ArrayOp
from fgrad.arrays.values import plain, quiet, shape_of
from fgrad.autodiff.activity import Activity
from fgrad.autodiff.array_reverse import ended_node
from fgrad.autodiff.cotangent import Contribution, plus, times
from fgrad.autodiff.multiple import Items, pushforward
from fgrad.graph.node import Node, number_of
from fgrad.ops.multiple import Item, settled


def array_tangents(
    activity: Activity, direction: Mapping[Node[Any], Any], *, nodes: bool
) -> Mapping[Node[Any], Any]:
    """How each node moves when the variables move as `direction` says, as values or as nodes.

    Nodes that do not move are left out.
    """
    with quiet():
        moved = _fold(activity, direction, nodes=nodes)
        if nodes:
            return {x: ended_node(flow, x) for x, flow in moved.items()}
        return {x: plain(full(settled(flow), shape_of(x))) for x, flow in moved.items()}


def _fold(
    activity: Activity, direction: Mapping[Node[Any], Any], *, nodes: bool
) -> dict[Node[Any], Contribution]:
    moved: dict[Node[Any], Any] = dict(direction)
    for node in activity.active:
        op: Any = node.op
        moves: list[Any] = [moved.get(a) if isinstance(a, Node) else None for a in node.args]
        if all(move is None for move in moves) or op.truth:
            continue
        if isinstance(op, Item):
            move = moves[0][op.index]
        elif op.multiple and not isinstance(op, ArrayOp):
            shapes = list(map(shape_of, node.args))
            flows = [
                None if move is None else full(move, shape)
                for move, shape in zip(moves, shapes, strict=True)
            ]
            ends = [None if flow is None else settled(flow) for flow in flows]
            move = under_all(flows, list(map(len, shapes)), pushforward(node, ends, nodes=nodes))
        else:
            move = _moved(node, moves, nodes=nodes)
        if move is not None:
            moved[node] = move
    return {node: move for node, move in moved.items() if not node.op.multiple}


def _moved(node: Node[Any], moves: list[Contribution], *, nodes: bool) -> Contribution:
    op: Any = node.op
    args = node.args if nodes else list(map(number_of, node.args))
    out = node.value if not nodes else Items(node) if op.multiple else node
    if isinstance(op, ArrayOp):
        ends = [
            None if move is None else full(move, shape_of(a))
            for move, a in zip(moves, node.args, strict=True)
        ]
        return op.pushforward(out, args, ends)
    total: Contribution = None
    for move, rule in zip(moves, op.rules, strict=True):
        partial = rule(out, *args) if rule and move is not None else None
        if partial is not None:
            flow = times(move, partial)
            total = flow if total is None else plus(total, flow)
    return total
