"""Derivatives in a direction: jvp, vjp and hvp, each with respect to the first argument.

`jvp` pushes a tangent of the argument forward to the result, `vjp` pulls a cotangent of the result
back to the argument, and `hvp` is the product of the Hessian with a vector. The argument and the
result may be trees; several arguments are differentiated together as a tuple.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from fgrad import reduction, trees
from fgrad.argument import Argument, closed
from fgrad.derivatives import gradient
from fgrad.errors import NotAValue
from fgrad.forward import tangent_nodes, tangents
from fgrad.graph import Graph
from fgrad.node import Node, number_of
from fgrad.operand import Real
from fgrad.reverse import grad, slopes_at

P = ParamSpec("P")
A = TypeVar("A")
B = TypeVar("B")
Q = TypeVar("Q", bound=Real)


def jvp(f: Callable[Concatenate[A, P], B], /) -> Callable[Concatenate[A, A, P], tuple[B, B]]:
    """The function of a point and a tangent that gives `f` there and its derivative along it.

    `jvp(f)(x, dx, ...)` is `(f(x, ...), J dx)`; both have the structure of the result of `f`. Costs
    one forward fold. Raises TreeMismatch unless `dx` has the structure of `x`.

    >>> import fgrad as fg
    >>> def polar(p: tuple[float, float]) -> tuple[float, float]:
    ...     return fg.hypot(*p), fg.atan2(p[1], p[0])
    >>> fg.jvp(polar)((3.0, 4.0), (1.0, 0.0))
    ((5.0, 0.9272952180016122), (0.6, -0.16))
    """

    def jvp_of_f(x: Any, dx: Any, /, *args: Any, **kwargs: Any) -> Any:
        argument = Argument.of(x, "argument 0")
        moves = trees.matched(argument.structure, dx, "tangent")
        direction = _direction(argument.leaves, moves)
        leaves, structure = trees.flatten(f(argument.tree, *args, **kwargs), "result")
        graph = Graph.of(*_nodes(leaves))
        if _on_numbers(argument, moves, graph):
            slopes: Any = tangents(
                graph, {leaf: float(number_of(d)) for leaf, d in direction.items()}
            )
            values: Any = [float(number_of(leaf)) for leaf in leaves]
        else:
            slopes = tangent_nodes(graph, direction)
            values = leaves
        moved = [slopes.get(leaf, 0.0) if isinstance(leaf, Node) else 0.0 for leaf in leaves]
        return structure.unflatten(values), structure.unflatten(moved)

    return jvp_of_f


def vjp(
    f: Callable[Concatenate[A, P], B], /
) -> Callable[Concatenate[A, P], tuple[B, Callable[[B], A]]]:
    """The function that gives `f` at a point, and the pullback of cotangents from there.

    `vjp(f)(x, ...)` is `(f(x, ...), pull)`, and `pull(bar)` is the cotangent of `x`, with its
    structure. Each pull costs one reverse fold, whatever the size of `x`. `pull` raises
    TreeMismatch unless `bar` has the structure of the result.

    >>> import fgrad as fg
    >>> def polar(p: tuple[float, float]) -> tuple[float, float]:
    ...     return fg.hypot(*p), fg.atan2(p[1], p[0])
    >>> value, pull = fg.vjp(polar)((3.0, 4.0))
    >>> pull((1.0, 0.0)), pull((0.0, 1.0))
    ((0.6, 0.8), (-0.16, 0.12))
    """

    def vjp_of_f(x: Any, /, *args: Any, **kwargs: Any) -> Any:
        argument = Argument.of(x, "argument 0")
        leaves, structure = trees.flatten(f(argument.tree, *args, **kwargs), "result")
        on_numbers = _on_numbers(argument, (), Graph.of(*_nodes(leaves)))

        def pull(bar: Any, /) -> Any:
            weights = trees.matched(structure, bar, "cotangent")
            pairs = [(y, w) for w, y in zip(weights, leaves, strict=True) if isinstance(y, Node)]
            if not pairs:
                return argument.mapped(lambda leaf: 0.0)
            if on_numbers and not any(isinstance(w, Node) for w in weights):
                total = reduction.sum([w * y for y, w in pairs])
                gradients = grad(Graph.of(total, *argument.leaves), total)
                return argument.mapped(gradients.__getitem__)
            return argument.mapped(slopes_at(pairs, argument.leaves))

        values = [float(number_of(leaf)) for leaf in leaves] if on_numbers else leaves
        return structure.unflatten(values), pull

    return vjp_of_f


def hvp(f: Callable[Concatenate[A, P], Q], /) -> Callable[Concatenate[A, A, P], A]:
    """The function of a point and a vector that gives the Hessian of `f` there times the vector.

    A forward fold over a reverse one (Pearlmutter 1994): the cost of a few gradients, whatever the
    size of `x`, and no Hessian is formed.

    >>> import fgrad as fg
    >>> def f(p: dict[str, float]) -> float:
    ...     return p["a"] * p["a"] * p["b"]
    >>> fg.hvp(f)({"a": 2.0, "b": 3.0}, {"a": 1.0, "b": 0.0})
    {'a': 6.0, 'b': 4.0}
    """
    push: Callable[..., Any] = jvp(gradient(f))

    def hvp_of_f(x: Any, v: Any, /, *args: Any, **kwargs: Any) -> Any:
        return push(x, v, *args, **kwargs)[1]

    return hvp_of_f


def _direction(
    leaves: tuple[Node[float], ...], moves: tuple[trees.Leaf, ...]
) -> dict[Node[float], trees.Leaf]:
    direction: dict[Node[float], trees.Leaf] = {}
    for leaf, move in zip(leaves, moves, strict=True):
        known = direction.setdefault(leaf, move)
        if known is not move and (_nodes((known, move)) or known != move):
            advice = "A node that stands in two places of the argument is one variable."
            raise NotAValue("tangent", "one tangent for each variable", "two that differ", advice)
    return direction


def _nodes(leaves: tuple[trees.Leaf, ...]) -> list[Node[float]]:
    return [leaf for leaf in leaves if isinstance(leaf, Node)]


def _on_numbers(argument: Argument, others: tuple[trees.Leaf, ...], graph: Graph) -> bool:
    if argument.of_nodes or _nodes(others):
        return False
    return closed(graph.outputs, [argument])
