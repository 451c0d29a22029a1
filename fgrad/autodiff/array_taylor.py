"""Taylor coefficients along graphs in which there are arrays: of each node the arrays of its elements.

Operations on numbers go element by element by their rules, linear ones coefficient by coefficient,
and products of matrices are products of series. Of any other operation on whole arrays the pushforward is
an expression of its tangents, y' = pushforward(y, x, x'); so y has the coefficients of that expression, in
which the series of x' are those of x, shifted. All of it is computed over nodes, with their guards.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from fgrad.arrays.contract import contracted
from fgrad.arrays.linear import full
from fgrad.arrays.nodes import sealed
from fgrad.arrays.primitive import ArrayOp, Linear
from fgrad.arrays.values import quiet, shape_of
from fgrad.autodiff.array_reverse import ended_node
from fgrad.autodiff.multiple import Items, pushforward
from fgrad.autodiff.taylor import _NODES, Coefficient, _Series, _Table
from fgrad.graph.node import Node
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Item, guarded
from fgrad.ops.operand import Guarded, is_array

_MOVE: Final = object()
"""Instead of an operation: the series is the derivative of its one argument."""
_PRODUCTS: Final = frozenset({"contract", "guarded_contract", "twice_guarded_contract"})


def array_coefficient_nodes(y: Node[Any], x: Node[Any], order: int) -> tuple[Node[Any], ...]:
    """The coefficients of `y`, up to `order`, in what is added to `x`, or to all of its elements.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> t = fg.var(0.0)
    >>> [c.value for c in array_coefficient_nodes(fg.sum(fg.exp(t * np.array([1.0, 2.0]))), t, 2)]
    [2.0, 3.0, 2.5]
    """
    with quiet():
        grown = _ArrayTable.around(x, _NODES).grown(y, order)
        return tuple([ended_node(0.0 if c is None else c, y) for c in grown])


@attrs.frozen
class _Push:
    """The derivative of a node as an expression: its series, under guards."""

    series: _Series
    guards: tuple[Guarded, ...]


@attrs.frozen
class _ArrayTable(_Table):
    """The series of an expansion in which there are arrays."""

    forward: dict[_Series, _Push | None] = attrs.field(factory=dict)

    def _lacking(self, y: _Series, place: int) -> list[tuple[_Series, int]]:
        if y.op is _MOVE:
            needed = [(y.args[0], place + 1)]
        elif not y.active or not _is_whole(y):
            return super()._lacking(y, place)
        elif isinstance(y.op, Linear) or y.op.name in _PRODUCTS:
            needed = [(x, place) for x in y.args if x.active]
        else:
            needed = [(x, 1) for x in y.args if x.active and len(x.coefficients) < 2]
            pushforward = None if needed else self._pushforward(y)
            needed += [] if pushforward is None else [(pushforward.series, place - 1)]
        return [(x, until) for x, until in needed if len(x.coefficients) <= until]

    def _next(self, y: _Series, place: int) -> Coefficient:
        if y.op is _MOVE:
            return y.args[0].slopes[place + 1]
        if not y.active or not _is_whole(y):
            return super()._next(y, place)
        if isinstance(y.op, Linear):
            move = _wide(y.args[0], place)
            return None if move is None else y.op.along(move)
        if y.op.name in _PRODUCTS:
            return self._contracted(y, place)
        pushforward = self._pushforward(y)
        part = None if pushforward is None else pushforward.series.coefficients[place - 1]
        if pushforward is None or part is None:
            return None
        for guard in pushforward.guards:
            part = self.kind.times(part, guard)
        return self.kind.over(part, float(place))

    def _contracted(self, y: _Series, place: int) -> Coefficient:
        """A coefficient of a product of matrices: the products of those of both sides."""
        (spec,) = y.op.key
        left, right = y.args[-2:]
        total: Coefficient = None
        for i in range(place + 1):
            a, b = _wide(left, i), _wide(right, place - i)
            if a is not None and b is not None:
                total = self.kind.sum(total, _product(y, spec, a, b))
        return total

    def _pushforward(self, y: _Series) -> _Push | None:
        if y not in self.forward:
            node: Any = y.source
            call = node.args[0] if isinstance(node.op, Item) else node
            moves = [self._move(x) for x in y.args]
            if all(move is None for move in moves):
                move = None
            elif not isinstance(node.op, Item):
                move = node.op.pushforward(node, node.args, moves)
            elif isinstance(call.op, ArrayOp):
                move = call.op.pushforward(Items(call), call.args, moves)[node.op.index]
            else:
                move = pushforward(call, moves, nodes=True)[node.op.index]
            guards: list[Guarded] = []
            while isinstance(move, Guarded):
                guards.append(Guarded(move.condition, 1.0))
                move = move.value
            made = None if move is None else _Push(self._series(move), tuple(guards))
            self.forward[y] = made
        return self.forward[y]

    def _move(self, x: _Series) -> Node[Any] | None:
        """A node for the derivative of `x`, whose series is that of `x`, shifted."""
        if not x.active or x.coefficients[1] is None:
            return None
        source: Any = x.source
        slope: Any = ended_node(x.coefficients[1], source)
        node: Node[Any] = sealed(ops.identity, (slope,), slope.value, slope.depth + 1)
        self.of_node[node] = _Series(node, _MOVE, (x,), True, [node], [None])
        return node

    def _literal(self, x: Any) -> _Series:
        if not is_array(x):
            return super()._literal(x)
        form = ("array", id(x))  # which the series keeps alive
        if form not in self.of_form:
            self.of_form[form] = _Series(x, None, (), False, [x], [None])
        return self.of_form[form]


def _is_whole(y: _Series) -> bool:
    """Whether it is an operation on whole arrays, or a result of several."""
    if isinstance(y.op, Item):
        node: Any = y.source
        return node.rank == 1 and not node.args[0].op.callee
    return isinstance(y.op, ArrayOp)


def _wide(x: _Series, place: int) -> Coefficient:
    """A coefficient in the shape of its node; None if it is 0."""
    known = x.coefficients[place] if place < len(x.coefficients) else None
    return None if known is None else full(known, shape_of(x.source))


def _product(y: _Series, spec: str, a: Coefficient, b: Coefficient) -> Coefficient:
    node: Any = y.source
    guards = node.args[:-2]
    if guards:
        a = guarded(guards[0], a)
    if len(guards) > 1:
        b = guarded(guards[1], b)
    return contracted(spec, a, b)
