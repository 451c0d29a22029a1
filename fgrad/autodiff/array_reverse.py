"""Reverse mode over graphs in which there are arrays.

One fold over values or nodes, as in `reverse`, with contributions that are arrays: element by
element under guards, and summed over what was broadcast (`fgrad.arrays.linear.fit`). Over values it
is run optimistically first: guards are applied at once and forgotten, which costs half. If all that
was asked for is finite, no infinity met a zero of a guard; otherwise it is run again with guards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from typing import Any, TypeAlias

import attrs

from fgrad.arrays.blocks import LARGE, in_blocks
from fgrad.arrays.linear import fit, full
from fgrad.arrays.matrices import under_all
from fgrad.arrays.nodes import constant_of
from fgrad.arrays.primitive import ArrayOp, Several
from fgrad.arrays.values import chosen, plain, quiet, shape_of
from fgrad.autodiff.array_sums import SUMS, met, summed
from fgrad.autodiff.cotangent import Contribution, times, total
from fgrad.autodiff.gradients import zero_of
from fgrad.autodiff.levels import Levels, levels_down_from
from fgrad.autodiff.multiple import Items, _kept, gathered
from fgrad.graph.node import Node
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Basis, Bundle, settled
from fgrad.ops.operand import Guarded

Seeds: TypeAlias = Iterable[tuple[Node[Any], Contribution]]


def array_slopes(
    seeds: Seeds,
    wanted: Collection[Node[Any]] | None = None,
    way: Container[object] | None = None,
) -> Mapping[Node[Any], Any]:
    """What flows from nodes with cotangents to each node below, as values of their shapes.

    With `wanted` to these alone, and everything else is let go as soon as it has been read; only
    what is on the `way`, if there is one, is read and sent to.
    """
    given = tuple(seeds)
    with quiet():
        flows = _fold(given, wanted, way, nodes=False, guards=False)
        if not all(_is_finite(flow) for flow in flows.values()):
            flows = _fold(given, wanted, way, nodes=False, guards=True)
        return {node: ended(flow, node) for node, flow in flows.items()}


def array_slope_nodes(
    seeds: Seeds, way: Container[object] | None, wanted: Collection[Node[Any]] | None = None
) -> Mapping[Node[Any], Any]:
    """The same as nodes; only what is on the `way`, if there is one, is read and sent to."""
    with quiet():
        flows = _fold(tuple(seeds), wanted, way, nodes=True, guards=True)
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
    total = flow.sum() if shape_of(flow) else flow
    return bool(total - total == 0.0)  # a sum that overflows is looked at once more, and no harm


def _masked(flow: Contribution, partial: Any) -> Contribution:
    """The product over values with guards applied at once."""
    if type(partial) is Guarded:
        product = _masked(flow, partial.value)
        return chosen(partial.condition, product)
    if type(partial) is Basis:
        return Bundle(partial.index, flow)
    if type(partial) is float and abs(partial) == 1.0:
        return flow if partial == 1.0 else -flow
    if type(flow) is float and flow == 1.0:
        return partial
    return flow * partial


def _fold(
    seeds: tuple[tuple[Node[Any], Contribution], ...],
    wanted: Collection[Node[Any]] | None,
    way: Container[object] | None,
    *,
    nodes: bool,
    guards: bool,
) -> dict[Node[Any], Contribution]:
    """What flows to each node, or to those that are wanted."""
    levels = levels_down_from(max([output.depth for output, _ in seeds], default=0))
    sweep = _Sweep({}, levels, way, nodes, guards, times if guards else _masked)
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
    guards: bool
    product: Callable[[Contribution, Any], Contribution]

    def send(self, node: Any, flow: Contribution) -> None:
        """Add to what flows to a node."""
        if type(flow) is Guarded and not self.guards:
            flow = settled(flow)
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
            if not self.guards and math.prod(shape) >= LARGE:
                to_x = to_x and not self._sent_in_blocks(x, g, op.dx, out, values)
                to_y = to_y and not self._sent_in_blocks(y, g, op.dy, out, values)
            p = op.dx(out, *values) if to_x and op.dx else None
            q = op.dy(out, *values) if to_y and op.dy else None
        if to_x and p is not None:
            self._send_times(x, g, p, shape)
        if to_y and q is not None:
            self._send_times(y, g, q, shape)

    def _sent_in_blocks(self, node: Any, g: Contribution, rule: Any, out: Any, values: Any) -> bool:
        """Whether the product of what a rule gives for large arrays has been sent, made in blocks."""

        def product(out: Any, g: Any, *others: Any) -> Any:
            partial = rule(out, *others)
            return None if partial is None or type(partial) is float else _masked(g, partial)

        flow = in_blocks(product, (out, g, *values)) if rule else None
        if flow is not None:
            self.send(node, fit(flow, shape_of(out), shape_of(node)))
        return flow is not None

    def _send_times(self, node: Any, g: Contribution, partial: Any, shape: tuple[int, ...]) -> None:
        """Send a product, summed over the copies of what was broadcast."""
        if type(partial) is Basis:
            self.send(node, Bundle(partial.index, full(g, shape)))
            return
        flow, there = self.product(g, partial), shape_of(node)
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
            flows = op.pull(out, read, g, wanted)
        elif op.multiple:
            flows = _of_multiple(node, g, read, nodes=self.nodes)
        else:
            for a, rule, want in zip(args, op.rules, wanted, strict=True):
                partial = rule(out, *read) if rule and want else None
                if partial is not None:
                    self._send_times(a, g, partial, shape_of(node))
            return
        for a, flow, want in zip(args, flows, wanted, strict=True):
            if want and flow is not None:
                self.send(a, flow)


def _of_multiple(node: Any, bundle: Bundle, read: Any, *, nodes: bool) -> Any:
    """The flows to the arguments of a node of several results, each in its full shape.

    A rule is the author's, and may mix all elements: something flows through it, or nothing does.
    """
    flows = [
        None if b is None else full(b, shape_of(y))
        for b, y in zip(bundle.totals(node.op.size, total), node.value, strict=True)
    ]
    bars = [None if b is None else settled(b) for b in flows]
    ends = _kept(node.op, node.op.pullback(Items(node) if nodes else node.value, read, bars))
    return under_all(flows, [len(shape_of(y)) for y in node.value], ends)
