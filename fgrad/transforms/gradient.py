"""Gradients of functions: pure functions from functions to functions, over numbers and nodes.

The function is called with fresh nodes instead of the numbers or nodes of its arguments, so a
derivative inside a derivative has variables of its own, and perturbations are never confused.
Given floats the results are floats. Given nodes, or if the function holds nodes from outside, they
are nodes, so that an outer derivative differentiates through an inner one.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeVar, cast, overload

from fgrad import trees
from fgrad.autodiff.leaves import slopes_at
from fgrad.autodiff.reverse import slopes
from fgrad.errors import NotAValue, summary
from fgrad.graph.node import Node, number_of
from fgrad.ops.operand import arrays, is_array
from fgrad.transforms.signatures import A, B, Both, C, Of1, Of2, Of3, P, Q, Three
from fgrad.transforms.variables import Call, checked, found, one_number
from fgrad.trees.parameters import require_function

Aux = TypeVar("Aux")

_NOTHING: Final = trees.flatten(None)


class HasGradient(ABC):
    """A function that computes its gradient at numbers without a graph."""

    __slots__ = ()

    @abstractmethod
    def slopes(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], places: tuple[int, ...]
    ) -> tuple[float, tuple[Any, ...]] | None:
        """The value, and the gradient for the argument at each place, as by a graph.

        None where it cannot compute them.
        """

    @abstractmethod
    def on_arrays(self, tree: Any, *, ready: bool) -> Callable[[Any], tuple[float, Any]] | None:
        """The value and the gradient as a function of an array with the numbers of a tree like `tree`.

        `ready` says that the function itself returns both. None where there is no such function.
        """


# Each choice of arguments has its overload, so that the results have the arguments' types.


@overload
def gradient(f: Of1[A, P, Q], /, argnums: Literal[0] = 0) -> Of1[A, P, A]: ...
@overload
def gradient(f: Of2[A, B, P, Q], /, argnums: Literal[1]) -> Of2[A, B, P, B]: ...
@overload
def gradient(f: Of3[A, B, C, P, Q], /, argnums: Literal[2]) -> Of3[A, B, C, P, C]: ...
@overload
def gradient(f: Of2[A, B, P, Q], /, argnums: Both) -> Of2[A, B, P, tuple[A, B]]: ...
@overload
def gradient(f: Of3[A, B, C, P, Q], /, argnums: Three) -> Of3[A, B, C, P, tuple[A, B, C]]: ...
def gradient(f: Callable[..., Any], /, argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The function that returns the gradient of `f`, with the type of the argument it is taken in.

    `f` returns one number; its arguments are numbers, nodes, or trees of them (`fgrad.trees`).
    `argnums` says which: one place, from 0 or backwards from -1, or several, which give a tuple.
    Raises NotDifferentiable if `f` returns anything but a number, NotAValue, with the name of the
    parameter, for a leaf that is no number.

    >>> import fgrad as fg
    >>> def energy(x: float, k: float = 1.0) -> float:
    ...     return 0.5 * k * x * x
    >>> fg.gradient(energy)(3.0, k=2.0), fg.gradient(energy, argnums=(0, 1))(3.0, 2.0)
    (6.0, (6.0, 4.5))
    >>> fg.gradient(fg.gradient(energy))(3.0)
    1.0
    """
    require_function(f, "gradient")
    transform: Callable[..., Callable[..., Any]] = value_and_gradient  # whatever argnums is
    differentiated = transform(f, argnums)

    @functools.wraps(f)
    def gradient_of_f(*args: Any, **kwargs: Any) -> Any:
        return differentiated(*args, **kwargs)[1]

    return gradient_of_f


@overload
def value_and_gradient(
    f: Of1[A, P, Q], /, argnums: Literal[0] = 0, *, has_aux: Literal[False] = False
) -> Of1[A, P, tuple[Q, A]]: ...
@overload
def value_and_gradient(
    f: Of2[A, B, P, Q], /, argnums: Literal[1], *, has_aux: Literal[False] = False
) -> Of2[A, B, P, tuple[Q, B]]: ...
@overload
def value_and_gradient(
    f: Of3[A, B, C, P, Q], /, argnums: Literal[2], *, has_aux: Literal[False] = False
) -> Of3[A, B, C, P, tuple[Q, C]]: ...
@overload
def value_and_gradient(
    f: Of2[A, B, P, Q], /, argnums: Both, *, has_aux: Literal[False] = False
) -> Of2[A, B, P, tuple[Q, tuple[A, B]]]: ...
@overload
def value_and_gradient(
    f: Of3[A, B, C, P, Q], /, argnums: Three, *, has_aux: Literal[False] = False
) -> Of3[A, B, C, P, tuple[Q, tuple[A, B, C]]]: ...
@overload
def value_and_gradient(
    f: Of1[A, P, tuple[Q, Aux]], /, argnums: Literal[0] = 0, *, has_aux: Literal[True]
) -> Of1[A, P, tuple[tuple[Q, Aux], A]]: ...
@overload
def value_and_gradient(
    f: Of2[A, B, P, tuple[Q, Aux]], /, argnums: Literal[1], *, has_aux: Literal[True]
) -> Of2[A, B, P, tuple[tuple[Q, Aux], B]]: ...
@overload
def value_and_gradient(
    f: Of3[A, B, C, P, tuple[Q, Aux]], /, argnums: Literal[2], *, has_aux: Literal[True]
) -> Of3[A, B, C, P, tuple[tuple[Q, Aux], C]]: ...
@overload
def value_and_gradient(
    f: Of2[A, B, P, tuple[Q, Aux]], /, argnums: Both, *, has_aux: Literal[True]
) -> Of2[A, B, P, tuple[tuple[Q, Aux], tuple[A, B]]]: ...
@overload
def value_and_gradient(
    f: Of3[A, B, C, P, tuple[Q, Aux]], /, argnums: Three, *, has_aux: Literal[True]
) -> Of3[A, B, C, P, tuple[tuple[Q, Aux], tuple[A, B, C]]]: ...
def value_and_gradient(
    f: Callable[..., Any], /, argnums: int | tuple[int, ...] = 0, *, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that returns the value of `f` and its gradient, from one call of `f`.

    Arguments and errors are those of `gradient`. With `has_aux`, `f` returns a pair of its value and
    a tree of anything else, and the result is `((value, aux), gradient)`; NotAValue if it is no pair.

    >>> import fgrad as fg
    >>> def loss(params: dict[str, float], x: float) -> float:
    ...     return fg.square(params["w"] * x + params["b"])
    >>> fg.value_and_gradient(loss)({"w": 2.0, "b": -1.0}, 3.0)
    (25.0, {'w': 30.0, 'b': 10.0})
    """
    require_function(f, "value_and_gradient")
    places, function = checked(argnums), cast("object", f)  # to mypy no function is a `HasGradient`
    direct = function if isinstance(function, HasGradient) and not has_aux else None

    @functools.wraps(f)
    def value_and_gradient_of_f(*args: Any, **kwargs: Any) -> Any:
        if direct is not None:
            args, kwargs, where = found(f, places, args, kwargs)
            known = direct.slopes(args, kwargs, where)
            if known is not None:
                return known if isinstance(argnums, tuple) else (known[0], known[1][0])
        call = Call.of(f, places, args, kwargs)
        output, (leaves, structure) = _taken(call.result(f), has_aux)
        value, leaves, slope_of = _differentiated(output, leaves, call)
        gradients = call.shaped(slope_of)
        return (value, structure.unflatten(leaves)) if has_aux else value, gradients

    return value_and_gradient_of_f


def _taken(
    result: Any, has_aux: bool
) -> tuple[object, tuple[tuple[trees.Leaf, ...], trees.Structure[Any]]]:
    """The output, and the leaves and structure of what is returned beside it."""
    if not has_aux:
        return result, _NOTHING
    if not isinstance(result, tuple) or len(result) != 2:
        advice = "With has_aux, let the function return (value, aux)."
        raise NotAValue("value_and_gradient", "a pair", summary(result), advice)
    return result[0], trees.results(result[1], "aux")


def _differentiated(
    output: object, aux: tuple[trees.Leaf, ...], call: Call
) -> tuple[trees.Leaf, tuple[trees.Leaf, ...], Callable[[Node[float]], trees.Leaf]]:
    """The value, the leaves beside it, and the derivatives: as numbers unless nodes are needed."""
    activity = None if call.of_nodes else call.activity((output, *aux))
    on_numbers = activity is not None and activity.closed
    if on_numbers:
        aux = tuple(map(value_of, aux))
    number = one_number(output, "gradient")
    if not isinstance(number, Node):
        return number, aux, lambda leaf: end_of({}, leaf)
    if on_numbers:
        if number.rank:
            known = slopes(number, activity)
            return number.value, aux, lambda leaf: end_of(known, leaf)
        reached = slopes(number)
        return number.value, aux, lambda leaf: reached.get(leaf) or end_of(reached, leaf)
    return number, aux, slopes_at([(number, 1.0)], call.variables)


def end_of(known: Mapping[Node[Any], Any], leaf: Node[Any]) -> Any:
    """The derivative of a leaf as a sweep found it; 0 if none is known, as of a truth value."""
    if leaf in known:
        return known[leaf]
    return still(leaf.value) if leaf.rank == 1 else 0.0


def still(value: Any) -> Any:
    """The tangent of a value that does not move: zeros of its shape, numbers also of truth values."""
    return arrays().zeros(value.shape) if is_array(value) else 0.0


def value_of(leaf: Any) -> Any:
    """The number of a leaf of a result; an array as one of the user's own."""
    value = number_of(leaf)
    return arrays().owned(value) if is_array(value) else value
