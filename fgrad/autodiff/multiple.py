"""Calls of operations with multiple results, and how they are differentiated.

A call is one node, and each result is an item that reads it. In reverse mode the call node receives
the contributions of its items as a `Bundle`, and the operation's own `pullback` returns the
cotangents of all arguments at once. In forward mode its `pushforward` returns all tangents.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import cache, partial
from types import NoneType
from typing import Any

import attrs

from fgrad.autodiff.cotangent import Contribution, as_node, number, plus, times, total
from fgrad.graph.node import Node, _seal, constant, depth_above, number_of
from fgrad.ops.multiple import Bundle, MultiOp, Row, settled
from fgrad.ops.operand import Guarded, Operand, Truth, any_of_arrays, arrays


def results(op: MultiOp, args: Sequence[Any]) -> Sequence[Any]:
    """The results of `op`: floats if all arguments are floats, and nodes otherwise."""
    made: Any = op.applied(tuple(args))
    return _items(made) if isinstance(made, Operand) else made


def called(op: MultiOp, args: Sequence[Any], value: tuple[float, ...]) -> Sequence[Any]:
    """The results as nodes, where their values are known already."""
    if any_of_arrays({*map(type, args), *map(type, value)}):
        return _items(arrays().sealed(op, tuple(args), value, depth_above(args)))
    return _items(_seal(op, tuple(args), value, depth_above(args), None))


def _items(call: Any) -> tuple[Any, ...]:
    """All of `Items`, faster than one after the other."""
    apply, args = call.apply, (call,)
    return tuple([apply(reader, args) for reader in call.op.readers()])


@attrs.frozen(eq=False)
class Items(Sequence[Any]):
    """The nodes that read the results of a call node, each made when it is asked for."""

    call: Any

    def __len__(self) -> int:
        """The number of results."""
        size: int = self.call.op.size
        return size

    def __getitem__(self, index: Any) -> Any:
        """The node that reads one result."""
        return self.call.apply(self.call.op.readers()[index], (self.call,))


def pullback_floats(call: Node[Any], bundle: Bundle) -> tuple[tuple[float, ...], Row]:
    """The adjoint of a call node as a tuple, and the cotangents of its arguments."""
    op: Any = call.op
    cotangents = bundle.totals(op.size, partial(total, plus=operator.add))
    adjoint = tuple(
        [type(y)() if c is None else c for y, c in zip(call.value, cotangents, strict=True)]
    )
    values = [a.value if isinstance(a, Node) else a for a in call.args]
    return adjoint, _kept(op, op.pullback(call.value, values, cotangents))


def _kept(op: MultiOp, given: Row) -> Row:
    """The result of a rule, with its numbers as floats: it may be a user's."""
    if {float, NoneType}.issuperset(map(type, given)):
        return given
    where = f"a derivative of {op.name}"
    return [x if x is None else number(x, where) for x in given]


def pullback_nodes(call: Node[Any], bundle: Bundle) -> list[Contribution]:
    """The contributions of a call node to its arguments, as nodes.

    A pullback is linear in the cotangents, so it is called once for those under each condition, and
    its results are guarded by that condition: 0 * inf does not happen inside of it either.
    """
    op: Any = call.op
    outs = Items(call)
    sums: list[Contribution] = [None] * len(call.args)
    for condition, cotangents in _by_condition(bundle.totals(op.size, total)):
        for k, x in enumerate(_kept(op, op.pullback(outs, call.args, cotangents))):
            if x is not None and isinstance(call.args[k], Node):
                term = x if condition is None else times(Guarded(condition, 1.0), x)
                sums[k] = term if sums[k] is None else plus(sums[k], term)
    return sums


def _by_condition(cotangents: Row) -> list[tuple[Truth[Any] | None, list[Contribution]]]:
    groups: dict[Truth[Any] | None, list[Contribution]] = {}
    for i, x in enumerate(cotangents):
        if x is not None:
            condition = x.condition if isinstance(x, Guarded) else None
            group = groups.setdefault(condition, [None] * len(cotangents))
            group[i] = x.value if isinstance(x, Guarded) else x
    return list(groups.items())


def pushforward(call: Node[Any], tangents: Row, *, nodes: bool) -> list[Contribution]:
    """The tangents of the results from those of the arguments."""
    op: Any = call.op
    outs = Items(call) if nodes else call.value
    args = call.args if nodes else list(map(number_of, call.args))
    if op.pushforward is not None:
        ends = [None if x is None else settled(x) for x in tangents]
        return list(_kept(op, op.pushforward(outs, args, ends)))
    return [
        None if i in op.truths else _along(_slopes(op, i, outs, args), tangents)
        for i in range(op.size)
    ]


def slopes_of(call: Node[Any], index: int) -> Row:
    """The partial derivatives of one result of a call node, as nodes; None where it has none."""
    op: Any = call.op
    if index in op.truths:
        return (None,) * len(call.args)
    return _slopes(op, index, Items(call), call.args)


def _slopes(op: Any, index: int, outs: Row, args: Row) -> Row:
    basis = [1.0 if i == index else None for i in range(op.size)]
    return _kept(op, op.pullback(outs, args, basis))


def _along(slopes: Row, tangents: Row) -> Contribution:
    terms = [
        times(tangent, slope)
        for slope, tangent in zip(slopes, tangents, strict=True)
        if slope is not None and tangent is not None
    ]
    return total(terms) if terms else None


@cache
def gathering(size: int) -> MultiOp:
    """The operation whose results are its arguments: it makes a tuple of nodes one node."""
    made = (gathering, (size,))
    return MultiOp("gather", lambda *xs: xs, size, size, lambda outs, args, cts: cts, maker=made)


def gathered(parts: Sequence[Contribution]) -> Node[Any]:
    """The tuple of `parts` as one node; None is 0."""
    ends = [constant(0.0) if x is None else as_node(x) for x in parts]
    node: Node[Any] = ends[0].apply(gathering(len(ends)), tuple(ends))
    return node
