"""Directional derivatives: jvp, vjp and hvp.

`jvp` pushes a tangent of an argument forward to the result, `vjp` pulls a cotangent of the result
back to the argument, and `hvp` is the product of the Hessian with a vector. Arguments and results
may be trees. A truth value among the results has no derivative: its tangent is 0, and its cotangent
is not read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, overload

from fgrad import trees
from fgrad.autodiff.forward import tangent_nodes, tangents
from fgrad.autodiff.leaves import slopes_at, slopes_of_all
from fgrad.graph.node import Condition, Node
from fgrad.ops.operand import is_array, literal
from fgrad.transforms.gradient import end_of, gradient, still, value_of
from fgrad.transforms.signatures import A, B, Both, Of1, Of2, Of3, P, Q, R
from fgrad.transforms.variables import Call, checked, number, require_shape, tangent_place
from fgrad.trees.parameters import require_function


@overload
def jvp(f: Of1[A, P, R], /, argnums: Literal[0] = 0) -> Of2[A, A, P, tuple[R, R]]: ...
@overload
def jvp(f: Of2[A, B, P, R], /, argnums: Literal[1]) -> Of3[A, B, B, P, tuple[R, R]]: ...
@overload
def jvp(f: Of2[A, B, P, R], /, argnums: Both) -> Of3[A, B, tuple[A, B], P, tuple[R, R]]: ...
def jvp(f: Callable[..., Any], /, argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The function of a point and a tangent that returns `f` there and its derivative along the tangent.

    `jvp(f)(x, dx, ...)` returns `(f(x, ...), J dx)`; both have the structure of the result of `f`. The
    tangent follows the argument that it belongs to, or the last of several, for which it is a tuple:
    `jvp(f, argnums=(0, 1))(x, y, (dx, dy), ...)`. Costs one forward fold. Raises TreeMismatch unless
    `dx` has the structure of `x`.

    >>> import fgrad as fg
    >>> def polar(p: tuple[float, float]) -> tuple[float, float]:
    ...     return fg.hypot(*p), fg.atan2(p[1], p[0])
    >>> fg.jvp(polar)((3.0, 4.0), (1.0, 0.0))
    ((5.0, 0.9272952180016122), (0.6, -0.16))
    """
    require_function(f, "jvp")
    places = checked(argnums)

    def jvp_of_f(*args: Any, **kwargs: Any) -> Any:
        at = tangent_place(f, places, len(args))
        call = Call.of(f, places, args[:at] + args[at + 1 :], kwargs)
        direction = call.direction(args[at])
        leaves, structure = trees.results(call.result(f))
        activity = call.activity(leaves)
        if call.of_nodes or not activity.closed or any(map(_is_node, direction.values())):
            found: Any = tangent_nodes(activity, direction)
            values: Any = [y if isinstance(y, Node) else _plain(y) for y in leaves]
        else:
            found = tangents(activity, direction)
            values = list(map(_plain, leaves))
        ends = [_moved(found, y) if isinstance(y, Node) else still(y) for y in leaves]
        return structure.unflatten(values), structure.unflatten(ends)

    return jvp_of_f


@overload
def vjp(f: Of1[A, P, R], /, argnums: Literal[0] = 0) -> Of1[A, P, tuple[R, Callable[[R], A]]]: ...
@overload
def vjp(f: Of2[A, B, P, R], /, argnums: Literal[1]) -> Of2[A, B, P, tuple[R, Callable[[R], B]]]: ...
@overload
def vjp(
    f: Of2[A, B, P, R], /, argnums: Both
) -> Of2[A, B, P, tuple[R, Callable[[R], tuple[A, B]]]]: ...
def vjp(f: Callable[..., Any], /, argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The function that returns `f` at a point, and the pullback of cotangents from there.

    `vjp(f)(x, ...)` returns `(f(x, ...), pullback)`, and `pullback(cotangent)` returns the cotangent of
    `x`, with its structure; with several `argnums` a tuple. A pullback costs one reverse fold,
    whatever the size of `x`. It raises TreeMismatch unless its argument has the structure of the
    result of `f`.

    >>> import fgrad as fg
    >>> def polar(p: tuple[float, float]) -> tuple[float, float]:
    ...     return fg.hypot(*p), fg.atan2(p[1], p[0])
    >>> value, pullback = fg.vjp(polar)((3.0, 4.0))
    >>> pullback((1.0, 0.0)), pullback((0.0, 1.0))
    ((0.6, 0.8), (-0.16, 0.12))
    """
    require_function(f, "vjp")
    places = checked(argnums)

    def vjp_of_f(*args: Any, **kwargs: Any) -> Any:
        call = Call.of(f, places, args, kwargs, kept=True)
        leaves, structure = trees.results(call.result(f))
        on_numbers = not call.of_nodes and call.activity(leaves).closed

        def pullback(cotangent: Any, /) -> Any:
            given = trees.matched_results(structure, cotangent, "the cotangent")
            pairs = [
                (y, number(w, "the cotangent"))
                for y, w in zip(leaves, given, strict=True)
                if isinstance(y, Node) and not isinstance(y, Condition)
            ]
            for y, w in pairs:
                require_shape(w, y, "the cotangent")
            if not on_numbers or any(isinstance(w, Node) for _, w in pairs):
                return call.shaped(slopes_at(pairs, call.variables))
            known = slopes_of_all(pairs, call.variables)
            return call.shaped(lambda x: end_of(known, x))

        values = [y if isinstance(y, Node) and not on_numbers else _plain(y) for y in leaves]
        return structure.unflatten(values), pullback

    return vjp_of_f


@overload
def hvp(f: Of1[A, P, Q], /, argnums: Literal[0] = 0) -> Of2[A, A, P, A]: ...
@overload
def hvp(f: Of2[A, B, P, Q], /, argnums: Literal[1]) -> Of3[A, B, B, P, B]: ...
@overload
def hvp(f: Of2[A, B, P, Q], /, argnums: Both) -> Of3[A, B, tuple[A, B], P, tuple[A, B]]: ...
def hvp(f: Callable[..., Any], /, argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The function of a point and a vector that returns the Hessian of `f` there times the vector.

    A forward fold over a reverse one (Pearlmutter 1994): the cost of a few gradients, whatever the
    size of `x`, and no Hessian is formed. Arguments and errors are those of `jvp`.

    >>> import fgrad as fg
    >>> def f(p: dict[str, float]) -> float:
    ...     return p["a"] * p["a"] * p["b"]
    >>> fg.hvp(f)({"a": 2.0, "b": 3.0}, {"a": 1.0, "b": 0.0})
    {'a': 6.0, 'b': 4.0}
    """
    require_function(f, "hvp")
    transform: Callable[..., Callable[..., Any]] = gradient  # whatever argnums is
    push: Callable[..., Any] = jvp
    pushed = push(transform(f, argnums), argnums)

    def hvp_of_f(*args: Any, **kwargs: Any) -> Any:
        return pushed(*args, **kwargs)[1]

    return hvp_of_f


def _is_node(x: object) -> bool:
    return isinstance(x, Node)


def _plain(leaf: trees.Leaf) -> float:
    """The number of a leaf; a truth value stays one, and so does an array."""
    value = value_of(leaf)
    return value if isinstance(value, bool) or is_array(value) else literal(value, "result")


def _moved(found: Any, leaf: Node[Any]) -> Any:
    """The tangent of a result, an array as one of the user's own."""
    end = end_of(found, leaf)
    return end if isinstance(end, Node) else value_of(end)
