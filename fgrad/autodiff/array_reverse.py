"""Reverse mode over graphs in which there are arrays.

One fold over values or nodes, as in `reverse`, with contributions that are arrays: element by
element under guards, and summed over what was broadcast (`fgrad.arrays.linear.fit`). Over values it
is run optimistically first: guards are applied at once and forgotten, which costs half. If all that
was asked for is finite, no infinity met a zero of a guard; otherwise it is run again with guards.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping
from typing import Any, TypeAlias

import attrs

from fgrad.arrays.linear import fit, full
from fgrad.arrays.nodes import constant_of
from fgrad.arrays.primitive import ArrayOp, Several
from fgrad.arrays.values import alone, is_finite, owned, plain, quiet, shape_of
from fgrad.autodiff.activity import Activity
from fgrad.autodiff.array_sums import SUMS, met, summed
from fgrad.autodiff.array_values import fold_values, of_multiple
from fgrad.autodiff.cotangent import Contribution, times, total
from fgrad.autodiff.gradients import zero_of
from fgrad.autodiff.levels import Levels, levels_down_from
from fgrad.autodiff.multiple import Items, gathered
from fgrad.graph.node import Node
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Basis, Bundle, settled
from fgrad.ops.operand import is_array

Seeds: TypeAlias = Iterable[tuple[Node[Any], Contribution]]


def array_slopes(
    seeds: Seeds,
    wanted: Collection[Node[Any]] | None = None,
    way: Container[object] | None = None,
    *,
    activity: Activity | None = None,
) -> Mapping[Node[Any], Any]:
    """What flows from nodes with cotangents to each node below, as values of their shapes.

    With `wanted` to these alone, as arrays that nobody else has, and everything else is let go as soon
    as it has been read; only what is on the `way`, if there is one, is read and sent to. The `activity`
    between outputs and variables is found if it is not known.
    """
    given = tuple(seeds)
    if activity is None:
        activity = Activity.of([output for output, _ in given], ())
    with quiet():
        flows, forgotten = fold_values(given, activity.down, wanted, way)
        if forgotten and not all(map(_is_finite, flows.values())):
            flows = _fold(given, wanted, way, nodes=False)
        if wanted is None:
            return {node: ended(flow, node) for node, flow in flows.items()}
        given_away = zip(flows.items(), alone(flows), strict=True)
        return {node: _own(flow, node, alone=only) for (node, flow), only in given_away}


def array_slope_nodes(
    seeds: Seeds, way: Container[object] | None, wanted: Collection[Node[Any]] | None = None
) -> Mapping[Node[Any], Any]:
    """The same as nodes; only what is on the `way`, if there is one, is read and sent to."""
    with quiet():
        flows = _fold(tuple(seeds), wanted, way, nodes=True)
        return {node: ended_node(flow, node) for node, flow in flows.items()}


def ended(flow: Contribution, node: Node[Any]) -> Any:
    """What flows to a node in the end, of its shape; a tuple of such for one of several results."""
    if isinstance(flow, Bundle):
        bars = flow.totals(node.op.size, total)  # type: ignore[attr-defined]  # a MultiOp
        return tuple(
            [
                zero_of(y) if b is None else _whole(b, y)
                for b, y in zip(bars, node.value, strict=True)
            ]
        )
    return _whole(flow, node.value)


def _own(flow: Contribution, node: Node[Any], *, alone: bool) -> Any:
    """The same as an array that nobody else has: itself, or a copy."""
    if alone and is_array(flow) and flow.shape == shape_of(node) and flow.flags.owndata:
        return plain(flow)  # most of all, in half of the time
    end = ended(flow, node)
    return owned(end, alone=alone and end is flow)


def _whole(flow: Contribution, value: Any) -> Any:
    return plain(full(settled(flow), shape_of(value)))


def ended_node(flow: Contribution, node: Node[Any]) -> Any:
    """The same as a node."""
    if isinstance(flow, Bundle):
        bars = flow.totals(node.op.size, total)  # type: ignore[attr-defined]  # a MultiOp
        ends = [
            zero_of(y) if b is None else full(settled(b), shape_of(y))
            for b, y in zip(bars, node.value, strict=True)
        ]
        return gathered(ends)
    end = full(settled(flow), shape_of(node))
    return end if isinstance(end, Node) else constant_of(plain(end))


def _is_finite(flow: Contribution) -> bool:
    if isinstance(flow, Bundle):
        return True  # what it sends on is looked at
    return is_finite(flow)


def _fold(
    seeds: tuple[tuple[Node[Any], Contribution], ...],
    wanted: Collection[Node[Any]] | None,
    way: Container[object] | None,
    *,
    nodes: bool,
) -> dict[Node[Any], Contribution]:
    """What flows to each node, or to those that are wanted."""
    levels = levels_down_from(max([output.depth for output, _ in seeds], default=0))
    sweep = _Sweep({}, levels, way, nodes)
    kept = None if wanted is None else frozenset(wanted)
    adjoints = sweep.adjoints
    for output, cotangent in seeds:
        sweep.send(output, cotangent)
    while levels:
        for node in levels.pop():
            g = adjoints.pop(node)
            if type(g) in SUMS:
                g = summed(g)
            if kept is None or node in kept:
                adjoints[node] = g
            if type(node._x) is tuple or not node.op.elementwise:
                sweep.read_whole(node, g)
            else:
                sweep.read_elementwise(node, g)
    return adjoints if kept is None else {x: adjoints[x] for x in kept if x in adjoints}


@attrs.define(eq=False)
class _Sweep:
    """A fold that is on: what has arrived so far, and how a node is read."""

    adjoints: dict[Node[Any], Contribution]
    levels: Levels
    way: Container[object] | None
    nodes: bool

    def send(self, node: Any, flow: Contribution) -> None:
        """Add to what flows to a node."""
        adjoints = self.adjoints
        if node in adjoints:
            adjoints[node] = met(adjoints[node], flow)
        else:
            adjoints[node] = flow
            self.levels[node.depth].append(node)

    def read_elementwise(self, node: Any, g: Contribution) -> None:
        """Send to the one or two arguments of an operation on numbers."""
        op, x, y, way = node.op, node._x, node._y, self.way
        to_x = isinstance(x, Node) and (way is None or x in way)
        to_y = isinstance(y, Node) and (way is None or y in way)
        if not (to_x or to_y):
            return
        if self.nodes:
            out, u, v = node, x, y
        else:
            out = node.value
            u = x.value if isinstance(x, Node) else x
            v = y.value if isinstance(y, Node) else y
        p: Any
        q: Any = None
        shape = shape_of(node)
        if op is ops.add:
            p, q = 1.0, 1.0
        elif op is ops.sub:
            p, q = 1.0, -1.0
        elif op is ops.mul:
            p, q = v, u
        else:
            values = (u,) if y is None else (u, v)
            p = op.dx(out, *values) if to_x and op.dx else None
            q = op.dy(out, *values) if to_y and op.dy else None
        if to_x and p is not None:
            self._send_times(x, g, p, shape)
        if to_y and q is not None:
            self._send_times(y, g, q, shape)

    def _send_times(self, node: Any, g: Contribution, partial: Any, shape: tuple[int, ...]) -> None:
        """Send a product, summed over the copies of what was broadcast."""
        if type(partial) is Basis:
            self.send(node, Bundle(partial.index, full(g, shape)))
            return
        flow, there = times(g, partial), shape_of(node)
        self.send(node, flow if there == shape else fit(flow, shape, there))

    def read_whole(self, node: Any, g: Contribution) -> None:
        """Send to any number of arguments: of an operation on whole arrays, or on several numbers."""
        op, args, way = node.op, node.args, self.way
        wanted = [isinstance(a, Node) and (way is None or a in way) for a in args]
        if True not in wanted:
            return
        read = args if self.nodes else [a.value if isinstance(a, Node) else a for a in args]
        out = node if self.nodes else node.value
        if isinstance(op, ArrayOp):
            if isinstance(op, Several):
                out = Items(node) if self.nodes else out
                g = g.totals(op.size, total)
            flows = op.pullback(out, read, g, wanted)
        elif op.multiple:
            flows = of_multiple(node, g, read, nodes=self.nodes)
        else:
            for a, rule, want in zip(args, op.rules, wanted, strict=True):
                partial = rule(out, *read) if rule and want else None
                if partial is not None:
                    self._send_times(a, g, partial, shape_of(node))
            return
        for a, flow, want in zip(args, flows, wanted, strict=True):
            if want and flow is not None:
                self.send(a, flow)
