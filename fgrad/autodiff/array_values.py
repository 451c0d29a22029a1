"""Reverse mode over arrays as values: the fold that every gradient of arrays runs.

It does what the fold of `array_reverse` does over values, in a third of the time: the order in which
nodes are read is known beforehand, and guards are applied at once and forgotten. It says whether one
was, since then an infinity may have met a zero that the guard stands for.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable
from typing import Any, Final, TypeAlias

from fgrad.arrays.blocks import LARGE, in_blocks
from fgrad.arrays.linear import fit, full
from fgrad.arrays.matrices import under_all
from fgrad.arrays.primitive import ArrayOp, Linear, Several
from fgrad.arrays.ufuncs import tanh_slope
from fgrad.arrays.values import chosen, shape_of
from fgrad.autodiff.array_sums import SUMS, met, summed
from fgrad.autodiff.cotangent import Contribution, total
from fgrad.autodiff.multiple import Items, _kept
from fgrad.graph.node import Node
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Basis, Bundle, guarded, settled
from fgrad.ops.operand import Guarded, is_array

_BILINEAR: Final = frozenset({ops.add, ops.sub, ops.mul})
"""Operations whose rules compute nothing, so that there is nothing to make in blocks."""
Way: TypeAlias = Container[object] | None
"""The nodes that are read and sent to; None is all."""


def fold_values(
    seeds: Iterable[tuple[Node[Any], Contribution]],
    order: Iterable[Node[Any]],
    wanted: Collection[Node[Any]] | None,
    way: Way = None,
) -> tuple[dict[Node[Any], Contribution], bool]:
    """What flows to each node, or to those that are wanted, and whether a guard was forgotten.

    `order` are the nodes to read, users before their arguments.
    """
    kept = None if wanted is None else frozenset(wanted)
    adjoints: dict[Node[Any], Contribution] = {}
    forgotten = False
    for output, cotangent in seeds:
        adjoints[output] = met(adjoints[output], cotangent) if output in adjoints else cotangent
    for node in order:
        g = adjoints.pop(node, None)
        if g is None:
            continue
        if type(g) in SUMS:
            g = summed(g)
        if kept is None or node in kept:
            adjoints[node] = g
        whole = type(node._x) is tuple or not node.op.elementwise
        for a, flow in (_of_any if whole else _of_two)(node, g, way):
            if flow is None:
                continue
            sent = flow
            if type(flow) is Guarded:
                forgotten, sent = True, _masked(flow)
            adjoints[a] = met(adjoints[a], sent) if a in adjoints else sent
    if kept is None:
        return adjoints, forgotten
    for x in kept:
        if type(adjoints.get(x)) in SUMS:
            adjoints[x] = summed(adjoints[x])
    return {x: adjoints[x] for x in kept if x in adjoints}, forgotten


def _masked(flow: Guarded) -> Contribution:
    return flow.value if flow.zero else chosen(flow.condition, flow.value)


def _of_two(node: Any, g: Contribution, way: Way) -> list[tuple[Any, Contribution]]:
    """What the node of an operation on one number or two, at each element, sends to its arguments."""
    op, x, y, out = node.op, node._x, node._y, node.value
    to_x = isinstance(x, Node) and (way is None or x in way)
    to_y = isinstance(y, Node) and (way is None or y in way)
    u = x.value if isinstance(x, Node) else x
    v = y.value if isinstance(y, Node) else y
    sent = []
    if op in _BILINEAR:  # most of all, in a third of the time
        times = op is ops.mul
        shape = getattr(out, "shape", ())
        if to_x:
            sent.append((x, _fitted(product(g, v) if times else g, shape, u)))
        if to_y:
            flow = product(g, u) if times else g if op is ops.add else -g
            sent.append((y, _fitted(flow, shape, v)))
        return sent
    values = (u,) if y is None else (u, v)
    through = _in_blocks if getattr(out, "size", 0) >= LARGE else _through
    if to_x and op.dx:
        rule = tanh_slope if op is ops.tanh and is_array(out) else op.dx
        sent.append((x, through(rule, g, out, values, u)))
    if to_y and op.dy:
        sent.append((y, through(op.dy, g, out, values, v)))
    return sent


def _fitted(flow: Contribution, shape: tuple[int, ...], value: Any) -> Contribution:
    """A flow to an argument of that value, from a node of that shape: summed over its copies."""
    there = getattr(value, "shape", ())
    return flow if shape == there else fit(flow, shape, there)


def _through(rule: Any, g: Contribution, out: Any, values: Any, value: Any) -> Contribution:
    """What flows through a rule to an argument of that value, summed over the copies of what was broadcast."""
    partial = rule(out, *values)
    if partial is None:
        return None
    shape = getattr(out, "shape", ())
    if type(partial) is Basis:
        return Bundle(partial.index, full(g, shape))
    return _fitted(product(g, partial), shape, value)


def _in_blocks(rule: Any, g: Contribution, out: Any, values: Any, value: Any) -> Contribution:
    """The same, made in blocks where that can be done."""

    def block(out: Any, g: Any, *others: Any) -> Any:
        partial = rule(out, *others)
        if partial is None or type(partial) is float:
            return None
        flow = product(g, partial)
        return _masked(flow) if type(flow) is Guarded else flow

    flow = in_blocks(block, (out, g, *values))
    if flow is None:
        return _through(rule, g, out, values, value)
    maybe: Any = True  # whether there was a guard: it is looked for an infinity as if there was
    return Guarded(maybe, fit(flow, out.shape, getattr(value, "shape", ())), zero=True)


def _of_any(node: Any, g: Contribution, way: Way) -> list[tuple[Any, Contribution]]:
    """What a node of another operation sends: on whole arrays, or on any number of numbers."""
    op, args, out = node.op, node.args, node.value
    if type(op) is Linear:
        x = args[0]
        return [(x, op.back(g, shape_of(x)))] if way is None or x in way else []
    to = [isinstance(a, Node) and (way is None or a in way) for a in args]
    if True not in to:
        return []
    values = [a.value if isinstance(a, Node) else a for a in args]
    if isinstance(op, Several):
        flows = op.pullback(out, values, g.totals(op.size, total), to)
    elif isinstance(op, ArrayOp):
        flows = op.pullback(out, values, g, to)
    elif op.multiple:
        flows = of_multiple(node, g, values, nodes=False)
    else:
        flows = [
            _through(rule, g, out, values, value) if rule and t else None
            for rule, value, t in zip(op.rules, values, to, strict=True)
        ]
    return [(a, flow) for a, flow, t in zip(args, flows, to, strict=True) if t]


def product(g: Contribution, partial: Any) -> Contribution:
    """The product of what flows to a node and a partial derivative; nothing is multiplied by one."""
    kind = type(partial)
    if kind is float:
        if abs(partial) == 1.0:
            return g if partial == 1.0 else -g
    elif kind is Guarded:
        return guarded(partial.condition, product(g, partial.value))
    elif type(g) is float and g == 1.0:
        return partial
    return g * partial


def of_multiple(node: Any, bundle: Bundle, read: Any, *, nodes: bool) -> Any:
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
