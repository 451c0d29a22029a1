"""Truncated Taylor series along a graph; one module, since series and their terms need each other.

If y is an operation on x and p the partial derivative that its rule gives, then y' = p x', that is
k y_k = sum of j x_j p_(k-j) over j = 1..k: a coefficient of y needs p only up to the order that y is
known to already. So p, an expression of nodes like any other, has a series that grows along with that
of y. Nodes of one operation on the same arguments share a series; so where rules lead back to the
operation they started from, as that of sin does by cos, few series serve all orders.

A call of a program is expanded as the instructions of the program. Any other operation with multiple
results gives the partial derivatives of each, expressions like those of rules, by its pullback.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import attrs

from fgrad.autodiff.cotangent import Contribution, as_node, plus, times
from fgrad.autodiff.multiple import slopes_of
from fgrad.graph.node import Node, constant, number_of
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Item
from fgrad.ops.operand import Guarded, is_array

Coefficient: TypeAlias = Contribution
"""A float, or a contribution over nodes; None is 0 by structure, as of an inactive branch."""

_WHOLE: Final = 64.0  # up to here powers are products, for which no centre is special


def coefficients(y: Node[float], x: Node[float], order: int) -> tuple[float, ...]:
    """The Taylor coefficients of `y` in `x`, up to `order`.

    >>> import fgrad as fg
    >>> x = fg.var(2.0)
    >>> coefficients(x * x * x, x, 4)
    (8.0, 12.0, 6.0, 1.0, 0.0)
    """
    grown = _Table.around(x, _NUMBERS).grown(y, order)
    return tuple([0.0 if c is None else c for c in grown])


def coefficient_nodes(y: Node[float], x: Node[float], order: int) -> tuple[Node[float], ...]:
    """The same as nodes, which can be differentiated.

    >>> import fgrad as fg
    >>> x = fg.var(2.0)
    >>> c = coefficient_nodes(x * x * x, x, 2)[2]
    >>> c.value, fg.grad(fg.Graph.of(c), c)[x]
    (6.0, 3.0)
    """
    grown = _Table.around(x, _NODES).grown(y, order)
    return tuple([as_node(0.0 if c is None else c) for c in grown])


@attrs.frozen(eq=False)
class _Series:
    """The coefficients of one node so far."""

    source: Node[float] | float
    op: Any  # None for the centre and for literals
    args: tuple[_Series, ...]
    active: bool
    """Whether it depends on the centre."""
    coefficients: list[Coefficient]
    slopes: list[Coefficient]  # each coefficient times its place

    def add(
        self, coefficient: Coefficient, times: Callable[[Coefficient, Coefficient], Coefficient]
    ) -> None:
        place = float(len(self.coefficients))
        self.coefficients.append(coefficient)
        self.slopes.append(None if coefficient is None else times(coefficient, place))


@attrs.frozen
class _Kind:
    """The arithmetic of coefficients: over floats, or over nodes."""

    centre: Callable[[Any], Coefficient]
    times: Callable[[Coefficient, Coefficient], Coefficient]
    plus: Callable[[Coefficient, Coefficient], Coefficient]
    over: Callable[[Coefficient, Coefficient], Coefficient]

    def product(self, x: list[Coefficient], y: list[Coefficient]) -> Coefficient:
        """The sum of the products of x with y read backwards."""
        total: Coefficient = None
        for a, b in zip(x, reversed(y), strict=True):
            if a is not None and b is not None:
                term = self.times(a, b)
                total = term if total is None else self.plus(total, term)
        return total

    def sum(self, x: Coefficient, y: Coefficient) -> Coefficient:
        if x is None or y is None:
            return y if x is None else x
        return self.plus(x, y)


def _over(x: Coefficient, y: Coefficient) -> Coefficient:
    return Guarded(x.condition, _over(x.value, y)) if isinstance(x, Guarded) else ops.div(x, y)


_NUMBERS: Final = _Kind(number_of, operator.mul, operator.add, ops.div)
_NODES: Final = _Kind(lambda node: node, times, plus, _over)


@attrs.frozen
class _Term:
    """The contribution of one argument: its series, that of its partial derivative, and its guards."""

    x: _Series
    partial: _Series
    guards: tuple[Guarded, ...]


@attrs.frozen
class _Table:
    """The series of one expansion: of each node, and of each operation on the same arguments."""

    kind: _Kind
    of_node: dict[Node[Any], _Series]
    of_form: dict[tuple[Any, ...], _Series]
    terms: dict[_Series, tuple[_Term, ...]]
    called: dict[Node[Any], tuple[Node[Any], ...]]
    """The results of the programs that are called, as nodes of their instructions."""
    ground: int
    """The depth of the centre: a less deep node was there before it and does not depend on it."""

    @classmethod
    def around(cls, x: Node[float], kind: _Kind) -> _Table:
        """The table with the centre `x`."""
        start = _Series(x, None, (), True, [kind.centre(x), 1.0], [None, 1.0])
        return cls(kind, {x: start}, {}, {start: ()}, {}, x.depth)

    def grown(self, node: Node[float], order: int) -> list[Coefficient]:
        """The coefficients of `node` up to `order`, each computed after those that it needs."""
        series = self._series(node)
        stack = [(series, order)]
        while stack:
            last, until = stack[-1]
            place = len(last.coefficients)
            if place > until:
                stack.pop()
            elif lacking := self._lacking(last, place):
                stack += lacking
            else:
                last.add(self._next(last, place), self.kind.times)
        return series.coefficients

    def _lacking(self, y: _Series, place: int) -> list[tuple[_Series, int]]:
        if not y.active:
            return []
        if y.op is ops.mul or y.op is ops.div:
            needed = [(x, place) for x in y.args]
        else:
            terms = self._terms(y)
            needed = [(t.x, place) for t in terms] + [(t.partial, place - 1) for t in terms]
        return [(x, until) for x, until in needed if len(x.coefficients) <= until]

    def _next(self, y: _Series, place: int) -> Coefficient:
        if not y.active:
            return None
        kind = self.kind
        if y.op is ops.mul:
            a, b = [x.coefficients[: place + 1] for x in y.args]
            return kind.product(a, b)
        if y.op is ops.div:
            a, b = [x.coefficients for x in y.args]
            known = kind.product(b[1 : place + 1], y.coefficients)
            rest = kind.sum(a[place], None if known is None else kind.times(known, -1.0))
            return None if rest is None else kind.over(rest, b[0])
        total: Coefficient = None
        for term in self._terms(y):
            p = term.partial.coefficients
            total = kind.sum(total, self._contribution(term, p[:place], place))
        return total

    def _contribution(self, term: _Term, p: list[Coefficient], place: int) -> Coefficient:
        """The contribution of one argument to a coefficient."""
        kind = self.kind
        # The last slope is not divided by the place it was multiplied with, so what is linear
        # stays exact.
        last = term.x.coefficients[place]
        head = None if last is None else kind.times(last, p[0])
        tail = kind.product(term.x.slopes[1:place], p[1:])
        part = kind.sum(head, None if tail is None else kind.over(tail, float(place)))
        for guard in term.guards if part is not None else ():
            part = kind.times(part, guard)
        return part

    def _terms(self, y: _Series) -> tuple[_Term, ...]:
        if y not in self.terms:
            node: Any = y.source
            if node.op is ops.pow and _is_small_whole(node.args[1]):
                power = self._series(_power(node.args[0], int(node.args[1])))
                self.terms[y] = (_Term(power, self._series(1.0), ()),)
            else:
                parts = zip(y.args, _partials(node, y.args), strict=True)
                terms = [self._term(x, partial) for x, partial in parts if x.active]
                self.terms[y] = tuple([term for term in terms if term is not None])
        return self.terms[y]

    def _term(self, x: _Series, partial: Any) -> _Term | None:
        guards: list[Guarded] = []
        while isinstance(partial, Guarded):
            condition: Any = partial.condition
            if self.kind is _NODES:
                guards.append(Guarded(condition, 1.0))
            elif not condition.value:
                return None
            partial = partial.value
        return None if partial is None else _Term(x, self._series(partial), tuple(guards))

    def _series(self, x: Node[Any] | float) -> _Series:
        """The series of `x`, which it may share with other nodes; its arguments come before it."""
        if not isinstance(x, Node):
            return self._literal(x)
        stack = [x]
        while stack:
            node = stack[-1]
            lacking = [a for a in self._sources(node) if a not in self.of_node]
            if lacking and node not in self.of_node:
                stack += lacking
            else:
                stack.pop()
                if node not in self.of_node:
                    self.of_node[node] = self._placed(node)
        return self.of_node[x]

    def _sources(self, node: Node[Any]) -> list[Node[Any]]:
        """The nodes whose series that of `node` needs; none for a node from before the centre."""
        if node.depth < self.ground:
            return []
        args: Any = node.args
        if isinstance(node.op, Item):
            call = args[0]
            args = (self._result(call, node.op.index),) if call.op.callee else call.args
        return [a for a in args if isinstance(a, Node)]

    def _result(self, call: Any, index: int) -> Node[Any]:
        """One result of a call of a program, as the node of an instruction of the program."""
        if call not in self.called:
            ends = [a if isinstance(a, Node) else constant(a, self.ground) for a in call.args]
            self.called[call] = call.op.callee.program.nodes(ends)
        return self.called[call][index]

    def _literal(self, x: float) -> _Series:
        form = (type(x), repr(x))
        if form not in self.of_form:
            self.of_form[form] = _Series(x, None, (), False, [self.kind.centre(x)], [None])
        return self.of_form[form]

    def _placed(self, node: Node[Any]) -> _Series:
        op, given = node.op, node.args
        if node.depth < self.ground:
            return _Series(node, None, (), False, [self.kind.centre(node)], [None])
        if isinstance(op, Item):
            call: Any = given[0]
            if call.op.callee:
                return self.of_node[self._result(call, op.index)]
            given = call.args
        args = tuple([self.of_node[a] if isinstance(a, Node) else self._literal(a) for a in given])
        form = (op, *args) if args and not isinstance(op, Item) else (node,)
        if form not in self.of_form:
            back = _unscaled(node, args)
            active = any(x.active for x in args) if isinstance(op, Item) else _is_active(op, args)
            made = back or _Series(node, op, args, active, [self.kind.centre(node)], [None])
            self.of_form[form] = made
        return self.of_form[form]


def _is_active(op: Any, args: tuple[_Series, ...]) -> bool:
    if op.truth or not op.elementwise:
        return not op.truth and any(x.active for x in args)
    return any(x.active and rule for x, rule in zip(args, op.rules, strict=True))


def _unscaled(node: Node[Any], args: tuple[_Series, ...]) -> _Series | None:
    """The series of x for a * (b * x) where that is x, to the bit: so tanh leads back to itself."""
    if node.op is not ops.mul or args[1].op is not ops.mul:
        return None
    a, (b, x) = args[0].source, args[1].args
    if not (isinstance(a, float) and isinstance(b.source, float) and isinstance(x.source, Node)):
        return None
    if a * b.source != 1.0 or abs(math.frexp(a)[0]) != 0.5:
        return None
    # Without a value, only a product that cannot be subnormal in between is known to be undone.
    scaled = node.abstract or node.rank == 1
    exact = abs(b.source) >= 1.0 if scaled else node.value == x.source.value
    return x if exact else None


def _partials(node: Any, args: tuple[_Series, ...]) -> Sequence[Any]:
    """The partial derivative for each active argument; of an item, for the arguments of the call."""
    if isinstance(node.op, Item):
        return slopes_of(node.args[0], node.op.index)
    rules = zip(_rules(node), args, strict=True)
    return [rule(node, *node.args) if rule and x.active else None for rule, x in rules]


def _is_small_whole(exponent: Node[float] | float) -> bool:
    return isinstance(exponent, float) and abs(exponent) <= _WHOLE and exponent.is_integer()


def _power(x: Any, exponent: int) -> Any:
    """x to a small whole power, as a product: right also where x is 0."""
    if exponent < 0:
        return ops.div(1.0, _power(x, -exponent))
    if exponent < 2:
        return x if exponent else 1.0
    half = _power(x, exponent // 2)
    return half * half * x if exponent % 2 else half * half


def _rules(node: Node[Any]) -> tuple[Any, ...]:
    """The rules of the operation of `node`, in a form that leads back to the node itself."""
    op: Any = node.op
    # power_slope, the rule of pow, leads to lower and lower powers and never back.
    if op is ops.pow and not node.abstract and _is_plain_power(node):
        return (lambda out, x, y: y * ops.div(out, x), op.dy)
    rules: tuple[Any, ...] = op.rules
    return rules


def _is_plain_power(node: Node[Any]) -> bool:
    value: Any = node.value
    base: Any = number_of(node.args[0])
    plain: Any = (base * value != 0.0) & (abs(value) < math.inf)
    return bool(plain.all() if node.rank == 1 and is_array(value) else plain)
