"""Reverse mode as a fold: read the nodes by falling depth and sum what flows to each.

Every user of a node is deeper than the node, so when the deepest level is read, its adjoints are
complete, and what they send goes to the levels above. The same fold runs over values and over
nodes. Over nodes it builds the gradient as further nodes of the same DAG; there a contribution that
holds on one side of a condition only stays `Guarded` until it is summed with others, so that
0 * inf never happens.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, Self, TypeVar, final

import attrs
from pyrsistent import PMap, pmap

from fgrad.autodiff.cotangent import Flow, as_node, times, total
from fgrad.autodiff.levels import LOWEST, Levels, levels_down_from
from fgrad.autodiff.multiple import gathered, pulled_floats, pulled_nodes
from fgrad.autodiff.summation import SAMPLED, WideSums, chunks
from fgrad.errors import NotAValue, NotDifferentiable, NotPicklable
from fgrad.graph.collector import relaxed_gc, relaxed_gc_for
from fgrad.graph.graph import Graph
from fgrad.graph.node import Condition, Node, constant, number_of
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Joint
from fgrad.ops.operand import is_array

V = TypeVar("V")
G_co = TypeVar("G_co", covariant=True)
DEEP: Final = 100
"""Levels from which on `relaxed_gc` pays."""


def grad(graph: Graph, output: Node[float]) -> Gradients:
    """The derivative of `output` with respect to every node of `graph`, as values.

    A pure function: the same call gives the same answer, any number of times, from any thread.
    Raises UnknownNode if `output` is not in the graph, NotDifferentiable if it is no number.

    >>> import fgrad as fg
    >>> a = fg.var(3.0, "a")
    >>> b = a + a
    >>> fg.grad(fg.Graph.of(b), b)[a]
    2.0
    """
    _require_differentiable(graph, output, "grad")
    return Gradients(graph, slopes(output))


def grad_nodes(graph: Graph, output: Node[float]) -> NodeGradients:
    """The derivative of `output` with respect to every node of `graph`, as nodes of the same DAG.

    The gradients can be differentiated again, drawn and compiled like any other node. Raises
    UnknownNode if `output` is not in the graph, NotDifferentiable if it is no number.

    >>> import fgrad as fg
    >>> x = fg.var(2.0, "x")
    >>> y = x ** 3
    >>> slope = fg.grad_nodes(fg.Graph.of(y), y)[x]
    >>> slope.value, fg.grad(fg.Graph.of(slope), slope)[x]
    (12.0, 12.0)
    """
    _require_differentiable(graph, output, "grad_nodes")
    with relaxed_gc():
        reached: Mapping[Node[Any], Any]
        if output.rank == 1:
            reached = _over_arrays().array_slope_nodes([(output, 1.0)], None)
        else:
            flows = _fold_nodes([(output, 1.0)], None)
            reached = {node: _as_node(g, node) for node, g in flows.items()}
    return NodeGradients(graph, MappingProxyType(reached), constant(0.0))


def slopes(
    output: Node[float], wanted: Collection[Node[Any]] | None = None
) -> Mapping[Node[Any], float]:
    """The derivative of `output` with respect to each node that it depends on, as values.

    Where there are arrays, those that are not `wanted` may be left out.
    """
    if output.rank == 1:
        return MappingProxyType(_over_arrays().array_slopes([(output, 1.0)], wanted))
    with relaxed_gc_for(output.depth & LOWEST, DEEP):
        return MappingProxyType(_fold_floats(output))


def _over_arrays() -> Any:
    """The sweeps over arrays, for a caller that has one: nobody else waits for numpy."""
    from fgrad.autodiff import array_reverse  # noqa: PLC0415  # see above

    return array_reverse


def zero_node(node: Node[Any], zero: Node[float]) -> Node[Any]:
    """The constant node 0 of the kind of `node`: `zero` for a number."""
    return _over_arrays().constant_of(zero_of(node.value)) if node.rank == 1 else zero


def _as_node(flow: Flow, node: Node[Any]) -> Node[Any]:
    if isinstance(node.op, Joint):
        return gathered(flow.settled(node.op.size, total))
    return as_node(flow)


@attrs.frozen(eq=False, repr=False)
class _OfGraph(Mapping[Node[float], G_co], Generic[G_co]):
    """A frozen mapping of all nodes of a graph, in its order, with what is known of some of them."""

    graph: Graph
    reached: Mapping[Node[Any], G_co]
    """The derivatives with respect to the nodes that the output depends on, only."""

    def __iter__(self) -> Iterator[Node[float]]:
        """The nodes, in the order of the graph."""
        return iter(self.graph.nodes)

    def __len__(self) -> int:
        """The number of nodes of the graph."""
        return len(self.graph)

    def __copy__(self) -> Self:
        """The gradients themselves: they are immutable, and are asked for these very nodes."""
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """The gradients themselves: they are immutable, and are asked for these very nodes."""
        return self

    def __repr__(self) -> str:
        """One line, however large the graph is."""
        return f"{type(self).__name__}(of {len(self)} nodes)"

    if not TYPE_CHECKING:
        # Without these, Python asks the node for a whole number first, and that is what is refused.

        def __setitem__(self, node: object, gradient: object) -> NoReturn:
            """Refuse: nothing can be changed."""
            raise TypeError(f"{type(self).__name__!r} object does not support item assignment")

        def __delitem__(self, node: object) -> NoReturn:
            """Refuse: nothing can be changed."""
            raise TypeError(f"{type(self).__name__!r} object does not support item deletion")


@final
@attrs.frozen(eq=False, repr=False)
class Gradients(_OfGraph[float]):
    """The derivative of one output with respect to every node of its graph, a frozen mapping.

    `gradients[node]` has the type of `node.value`; it is zero for a node that the output does not
    depend on, and UnknownNode for one that is not in the graph. Iteration is in graph order.

    >>> import fgrad as fg
    >>> a, b = fg.var(-2.0, "a"), fg.var(3.0, "b")
    >>> f = (a * b) * (a + b)
    >>> gradients = fg.grad(fg.Graph.of(f), f)
    >>> gradients[a], gradients[b]
    (-3.0, -8.0)
    """

    def __getitem__(self, node: Node[V]) -> V:
        """The derivative with respect to `node`; UnknownNode if it is not in the graph."""
        gradient: Any = self.reached.get(node)
        if gradient is None:
            self.graph.require(node)
            gradient = zero_of(node.value)
        return gradient  # type: ignore[no-any-return]  # its type is that of node.value

    @cached_property
    def pmap(self) -> PMap[Node[float], float]:
        """The same as a persistent map, built when it is first asked for."""
        return pmap(dict(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the graph and the derivatives in its order."""
        return _restore, (self.graph, list(self.values()))


@final
@attrs.frozen(eq=False, repr=False)
class NodeGradients(_OfGraph[Node[float]]):
    """The derivative of one output with respect to every node of its graph, as nodes.

    A node that the output does not depend on has the constant node 0. Raises UnknownNode for a
    node that is not in the graph. Iteration is in graph order.
    """

    _zero: Node[float]

    def __getitem__(self, node: Node[V]) -> Node[V]:
        """The derivative with respect to `node`; UnknownNode if it is not in the graph."""
        gradient: Any = self.reached.get(node)
        if gradient is None:
            self.graph.require(node)
            op = node.op
            if isinstance(op, Joint):
                return gathered([None] * op.size)
            gradient = zero_node(node, self._zero)
        return gradient  # type: ignore[no-any-return]  # its type is that of `node`

    def __reduce__(self) -> NoReturn:
        """Refuse, as nodes do."""
        raise NotPicklable(repr(self), "Pickle Graph.of(...) of the gradients you need instead.")


def _restore(graph: Graph, values: list[float]) -> Gradients:
    kept = [_over_arrays().plain(v) if is_array(v) else v for v in values]
    return Gradients(graph, MappingProxyType(dict(zip(graph.nodes, kept, strict=True))))


# So that `grad(f)` comes to an error that says what to call; to type checkers both are needed.
grad.__defaults__ = grad_nodes.__defaults__ = (None,)


def _require_differentiable(graph: object, output: Any, where: str) -> None:
    if not isinstance(graph, Graph):
        advice = f"Graph.of(output, *variables) is the graph of a node: {where}(graph, output)."
        if callable(graph):
            advice = "Of a function, gradient(f) is the function that gives its gradient."
        raise NotAValue(where, "a graph and a node of it", f"{graph!r:.60}", advice)
    number = isinstance(output, Node) and not isinstance(output, Condition) and not output.op.joint
    if not number or (output.rank == 1 and is_array(output.value)):
        advice = "Pass a node that was computed from variables."
        if number:
            advice = "Take the sum of its elements, or one of them."
        raise NotDifferentiable(where, f"{output!r:.60}", advice)
    graph.require(output)


def _fold_floats(output: Node[float]) -> dict[Node[Any], float]:  # noqa: PLR0915  # as said below
    """The adjoint of every node that `output` is computed from, over floats.

    What `_fold_nodes` says plainly, in a third of the time: one and two arguments are read and
    sent to without a loop, and the three commonest rules are not called (docs/decisions/0004).
    Every gradient waits for this.
    """
    adjoints: dict[Node[Any], Any] = {output: 1.0}
    passed: list[Node[Any]] = []
    levels = levels_down_from(output.depth)
    levels[output.depth].append(output)
    wide = WideSums(adjoints)
    recent: list[Node[Any]] = []
    add, sub, mul, node_type = ops.add, ops.sub, ops.mul, Node  # a tenth of the time, as globals
    p: Any
    q: Any
    while levels:
        level = levels.pop()
        for nodes in (level,) if len(level) < SAMPLED else chunks(level):
            recent += nodes
            if len(recent) > SAMPLED:
                wide.find(recent)
            if wide.due:
                wide.settle(nodes)
            for node in nodes:
                cotangent = adjoints[node]
                op: Any = node.op
                a, b = node._x, node._y
                a_is_node = type(a) is node_type
                b_is_node = type(b) is node_type
                if op is add:
                    p = q = 1.0
                elif op is sub:
                    p, q = 1.0, -1.0
                elif b is not None:
                    x = a.value if a_is_node else a
                    y = b.value if b_is_node else b
                    if op is mul:
                        p, q = y, x
                    else:
                        p = op.dx(node.value, x, y) if a_is_node and op.dx else None
                        q = op.dy(node.value, x, y) if b_is_node and op.dy else None
                elif a_is_node:
                    p, q = op.dx(node.value, a.value) if op.dx else None, None
                else:
                    if type(a) is tuple and a:
                        adjoints[node] = _send_jointly(node, adjoints, levels, passed)
                    continue
                if a_is_node:
                    if p is None:
                        passed.append(a)
                    elif a in adjoints:
                        adjoints[a] = adjoints[a] + cotangent * p
                    else:
                        adjoints[a] = cotangent * p
                        levels[a.depth].append(a)
                if b_is_node:
                    if q is None:
                        passed.append(b)
                    elif b in adjoints:
                        adjoints[b] = adjoints[b] + cotangent * q
                    else:
                        adjoints[b] = cotangent * q
                        levels[b.depth].append(b)
    _settle_zeros(adjoints, passed)
    return adjoints


def _send_jointly(
    node: Node[Any], adjoints: dict[Node[Any], Any], levels: Levels, passed: list[Node[Any]]
) -> Any:
    """Send to any number of arguments from any number of results; gives the adjoint."""
    cotangent = adjoints[node]
    if node.op.joint:
        cotangent, flows = pulled_floats(node, cotangent)
    else:
        values = list(map(number_of, node.args))
        flows = [rule and _times(cotangent, rule(node.value, *values)) for rule in node.op.rules]
    for a, flow in zip(node.args, flows, strict=True):
        if isinstance(a, Node):
            # As `_collect` does; written out, for a call may have hundreds of arguments.
            if flow is None:
                passed.append(a)
            elif a in adjoints:
                adjoints[a] = adjoints[a] + flow
            else:
                adjoints[a] = flow
                levels[a.depth].append(a)
    return cotangent


def _times(cotangent: float, partial: Any) -> Any:
    return None if partial is None else cotangent * partial


def _settle_zeros(adjoints: dict[Node[Any], Any], passed: list[Node[Any]]) -> None:
    """Give a zero to what lies only behind the nodes that a rule passed over."""
    while passed:
        node = passed.pop()
        if node not in adjoints:
            adjoints[node] = zero_of(node.value)
            passed += [a for a in node.args if isinstance(a, Node)]


def zero_of(value: Any) -> Any:
    """The zero of the kind of `value`: a number, a truth value, an array or a tuple of these."""
    if isinstance(value, tuple):
        return tuple(map(zero_of, value))
    return _over_arrays().zero_like(value) if is_array(value) else type(value)()


def _fold_nodes(
    cotangents: Iterable[tuple[Node[float], Flow]], way: Container[object] | None
) -> dict[Node[Any], Flow]:
    """The adjoint of every node that flows to those with `cotangents`, as flows.

    Only what is on the `way`, if there is one, is read and sent to.
    """
    received: dict[Node[Any], list[Flow]] = {}
    adjoints: dict[Node[Any], Flow] = {}
    seeds = tuple(cotangents)
    levels = levels_down_from(max([output.depth for output, _ in seeds], default=0))

    def send(node: Any, flow: Flow) -> None:
        if node in received:
            received[node].append(flow)
        else:
            received[node] = [flow]
            levels[node.depth].append(node)

    for output, cotangent in seeds:
        send(output, cotangent)
    while levels:
        for node in levels.pop():
            flows = received.pop(node)
            cotangent = adjoints[node] = flows[0] if len(flows) == 1 else total(flows)
            args = node.args
            if node.op.joint:
                for a, flow in zip(args, pulled_nodes(node, cotangent), strict=True):
                    if flow is not None and isinstance(a, Node) and (way is None or a in way):
                        send(a, flow)
                continue
            for a, rule in zip(args, node.op.rules, strict=True):
                if isinstance(a, Node) and rule and (way is None or a in way):
                    p = rule(node, *args)
                    if p is not None:
                        send(a, times(cotangent, p))
    return adjoints
