"""Reverse mode as a fold: read the nodes by falling depth and sum the contributions to each.

Every user of a node is deeper than the node, so when the deepest level is read, its adjoints are
complete, and its contributions go to the levels above. The same fold runs over values and over
nodes. Over nodes it builds the gradient as further nodes of the same DAG; there a contribution that
holds on one side of a condition only stays `Guarded` until it is summed with others, so that
0 * inf never happens.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from fgrad.autodiff.activity import Activity, way_to
from fgrad.autodiff.cotangent import Contribution, as_node, times, total
from fgrad.autodiff.gradients import Gradients, NodeGradients
from fgrad.autodiff.levels import Levels, levels_down_from
from fgrad.autodiff.multiple import gathered, pullback_floats, pullback_nodes
from fgrad.autodiff.summation import SAMPLED, WideSums, chunks
from fgrad.errors import NotAValue, NotDifferentiable, summary
from fgrad.graph.collector import relaxed_gc, relaxed_gc_for
from fgrad.graph.depth import LOWEST
from fgrad.graph.graph import Graph
from fgrad.graph.node import Condition, Node, constant, number_of
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import MultiOp
from fgrad.ops.operand import is_array, told

DEEP: Final = 100
"""Levels from which on `relaxed_gc` pays."""


def grad(
    graph: Graph, output: Node[float], *, wrt: Node[object] | Sequence[Node[object]] | None = None
) -> Gradients:
    """The derivative of `output` with respect to every node of `graph`, as values.

    With `wrt`, a node or a tuple of nodes, with respect to these alone: what the sweep sends to other
    arrays is let go of as soon as it has been used, and nothing is sent where it leads to none of them.

    A pure function: the same call returns the same result, any number of times, from any thread.
    Raises UnknownNode if `output` or a node of `wrt` is not in the graph, NotDifferentiable if
    `output` is no number.

    >>> import fgrad as fg
    >>> a = fg.var(3.0, "a")
    >>> b = a + a
    >>> fg.grad(fg.Graph.of(b), b)[a]
    2.0
    >>> list(fg.grad(fg.Graph.of(b), b, wrt=a).values())
    [2.0]
    """
    _require_differentiable(graph, output, "grad")
    if wrt is not None:
        return _restricted(graph, output, (wrt,) if isinstance(wrt, Node) else wrt)
    if output.rank == 1:
        return Gradients(graph, slopes(output))
    with relaxed_gc_for(output.depth & LOWEST, DEEP):
        adjoints, inactive = _fold_floats(output)
    return Gradients(graph, MappingProxyType(adjoints), inactive=inactive)


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
            adjoints = _fold_nodes([(output, 1.0)], None)
            reached = {node: _as_node(adjoint, node) for node, adjoint in adjoints.items()}
    return NodeGradients(graph, MappingProxyType(reached), zero=constant(0.0))


def _restricted(graph: Graph, output: Node[float], wrt: Sequence[Node[Any]]) -> Gradients:
    """The derivatives with respect to some nodes alone."""
    if not isinstance(wrt, (tuple, list)) or not all(isinstance(x, Node) for x in wrt):
        advice = "Write wrt=x, or wrt=(x, y) for several."
        raise NotAValue("grad", "a node or a tuple of nodes as wrt", told(wrt), advice)
    if output.rank != 1:
        return grad(graph, output).only(*wrt)
    for node in wrt:
        graph.require(node)
    found = _over_arrays().array_slopes([(output, 1.0)], wrt, way_to(output, wrt))
    return Gradients(Graph.of(*dict.fromkeys(wrt)), MappingProxyType(found), restricted=True)


def slopes(output: Node[float], activity: Activity | None = None) -> Mapping[Node[Any], float]:
    """The derivative of `output` with respect to each node that it depends on, as values.

    Where there are arrays, with the `activity` of a call to its variables alone.
    """
    if output.rank == 1:
        wanted = None if activity is None else activity.variables
        return MappingProxyType(
            _over_arrays().array_slopes([(output, 1.0)], wanted, activity=activity)
        )
    with relaxed_gc_for(output.depth & LOWEST, DEEP):
        return MappingProxyType(_fold_floats(output)[0])


def _over_arrays() -> Any:
    """The sweeps over arrays, for a caller that has one: nobody else waits for numpy."""
    from fgrad.autodiff import array_reverse  # noqa: PLC0415  # see above

    return array_reverse


def _as_node(x: Contribution, node: Node[Any]) -> Node[Any]:
    if isinstance(node.op, MultiOp):
        return gathered(x.totals(node.op.size, total))
    return as_node(x)


# So that `grad(f)` raises an error that says what to call; to type checkers both are required.
grad.__defaults__ = grad_nodes.__defaults__ = (None,)


def _require_differentiable(graph: object, output: Any, where: str) -> None:
    if not isinstance(graph, Graph):
        advice = f"Graph.of(output, *variables) is the graph of a node: {where}(graph, output)."
        if callable(graph):
            advice = "For a function f, gradient(f) is the function that returns its gradient."
        raise NotAValue(where, "a graph and a node of it", summary(graph), advice)
    number = isinstance(output, Node) and not isinstance(output, Condition)
    number = number and not output.op.multiple
    if not number or (output.rank == 1 and is_array(output.value)):
        advice = "Pass a node that was computed from variables."
        if number:
            advice = "Take the sum of its elements, or one of them, as in y[0]; fg.jacobian(f) has a row for each."
        raise NotDifferentiable(where, summary(output), advice)
    graph.require(output)


def _fold_floats(  # noqa: PLR0915  # as said below
    output: Node[float],
) -> tuple[dict[Node[Any], float], Mapping[Node[Any], None]]:
    """The adjoint of every node that `output` depends on, over floats, and the nodes behind inactive branches.

    It does what `_fold_nodes` does, in a third of the time: one and two arguments are read without
    a loop, and the three most frequent rules are not called (docs/decisions/0004). It is the loop
    that every gradient runs.
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
                        adjoints[node] = _contribute(node, adjoints, levels, passed)
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
    return adjoints, _inactive(adjoints, passed)


def _contribute(
    node: Node[Any], adjoints: dict[Node[Any], Any], levels: Levels, passed: list[Node[Any]]
) -> Any:
    """Add the contributions to any number of arguments from any number of results; the adjoint."""
    cotangent = adjoints[node]
    if node.op.multiple:
        cotangent, terms = pullback_floats(node, cotangent)
    else:
        values = list(map(number_of, node.args))
        terms = [rule and _times(cotangent, rule(node.value, *values)) for rule in node.op.rules]
    for a, term in zip(node.args, terms, strict=True):
        if isinstance(a, Node):
            if term is None:
                passed.append(a)
            elif a in adjoints:
                adjoints[a] = adjoints[a] + term
            else:
                adjoints[a] = term
                levels[a.depth].append(a)
    return cotangent


def _times(cotangent: float, partial: Any) -> Any:
    return None if partial is None else cotangent * partial


def _inactive(adjoints: Container[Node[Any]], passed: list[Node[Any]]) -> Mapping[Node[Any], None]:
    """The nodes that only arguments without a contribution depend on."""
    found: dict[Node[Any], None] = {}
    while passed:
        node = passed.pop()
        if node not in adjoints and node not in found:
            found[node] = None
            passed += [a for a in node.args if isinstance(a, Node)]
    return MappingProxyType(found)


def _fold_nodes(
    cotangents: Iterable[tuple[Node[float], Contribution]], active: Container[object] | None
) -> dict[Node[Any], Contribution]:
    """The adjoint of every node that those with `cotangents` depend on, as a contribution.

    With `active`, only nodes in there are read and receive contributions.
    """
    received: dict[Node[Any], list[Contribution]] = {}
    adjoints: dict[Node[Any], Contribution] = {}
    seeds = tuple(cotangents)
    levels = levels_down_from(max([output.depth for output, _ in seeds], default=0))

    def send(node: Any, x: Contribution) -> None:
        if node in received:
            received[node].append(x)
        else:
            received[node] = [x]
            levels[node.depth].append(node)

    for output, cotangent in seeds:
        send(output, cotangent)
    while levels:
        for node in levels.pop():
            terms = received.pop(node)
            cotangent = adjoints[node] = terms[0] if len(terms) == 1 else total(terms)
            args = node.args
            if node.op.multiple:
                for a, x in zip(args, pullback_nodes(node, cotangent), strict=True):
                    if x is not None and isinstance(a, Node) and (active is None or a in active):
                        send(a, x)
                continue
            for a, rule in zip(args, node.op.rules, strict=True):
                if isinstance(a, Node) and rule and (active is None or a in active):
                    p = rule(node, *args)
                    if p is not None:
                        send(a, times(cotangent, p))
    return adjoints
