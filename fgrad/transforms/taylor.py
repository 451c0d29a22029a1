"""Taylor expansion: from a function to the function that returns its Taylor coefficients."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from fgrad.autodiff.gradients import zero_of
from fgrad.autodiff.taylor import coefficient_nodes, coefficients
from fgrad.errors import NotAValue, summary
from fgrad.graph.node import Node
from fgrad.ops.operand import Real, arrays, is_array, is_of_arrays
from fgrad.transforms.gradient import value_of
from fgrad.transforms.variables import Call, one_number
from fgrad.trees.parameters import name_of, require_function

if TYPE_CHECKING:
    from fgrad.arrays.values import Array

P = ParamSpec("P")
A = TypeVar("A")
Q = TypeVar("Q", bound="Real | Array")


def taylor(
    f: Callable[Concatenate[A, P], Q], /, order: int
) -> Callable[Concatenate[A, P], tuple[Q, ...]]:
    """The function that returns the Taylor coefficients of `f` in its first argument, a number.

    `taylor(f, n)(x, ...)` returns `(c_0, ..., c_n)`, where f(x + h) is c_0 + c_1 h + ... + c_n h**n up
    to higher powers of h (Griewank & Walther 2008, chapter 13). `f` is called once, and an operation costs the square of `order`. Given
    a node, or if `f` holds nodes from outside, the coefficients are nodes. If `f` returns an array,
    they are arrays; if x is one, h is added to all of its elements. Raises
    NotDifferentiable if `f` returns anything but a number or an array, NotAValue for an `order`
    that is no whole number from 0.

    >>> import fgrad as fg
    >>> fg.taylor(fg.exp, 4)(0.0)
    (1.0, 1.0, 0.5, 0.16666666666666666, 0.041666666666666664)
    """
    require_function(f, "taylor")
    _require_order(order)

    def taylor_of_f(x: Any, /, *args: Any, **kwargs: Any) -> Any:
        call = Call.of(f, 0, (x, *args), kwargs)
        if call.structure.kind is not None:
            advice = "Expand along a line: taylor(lambda t: f(a + t * b), order)(0.0)."
            raise NotAValue("taylor", f"one number as {name_of(f, 0)}", summary(x), advice)
        output = _one_leaf(call.result(f))
        if not isinstance(output, Node):
            return (output, *[zero_of(output)] * order)
        if is_of_arrays(output) or is_of_arrays(call.variables[0]):
            return _of_arrays(call, output, order)
        on_numbers = not call.of_nodes and call.activity((output,)).closed
        expanded: Callable[..., Any] = coefficients if on_numbers else coefficient_nodes
        return expanded(output, call.variables[0], order)

    return taylor_of_f


def _one_leaf(output: Any) -> Any:
    """The output of a function: a node, a number or an array; NotDifferentiable for anything else."""
    if is_of_arrays(output) and not output.truth:
        return output
    if is_array(output) and not arrays().is_truths(output):
        return arrays().owned(arrays().array(output, "taylor"))
    return one_number(output, "taylor")


def _of_arrays(call: Call, output: Any, order: int) -> tuple[Any, ...]:
    """The coefficients where there are arrays: nodes unless all is known as numbers."""
    from fgrad.autodiff.array_taylor import array_coefficient_nodes  # noqa: PLC0415  # needs numpy

    on_numbers = not call.of_nodes and call.activity((output,)).closed
    grown = array_coefficient_nodes(output, call.variables[0], order)
    return tuple([value_of(c) for c in grown]) if on_numbers else grown


def _require_order(order: object) -> None:
    if not isinstance(order, int) or isinstance(order, bool) or order < 0:
        advice = "Say how many coefficients follow the value."
        raise NotAValue("taylor's order", "an int from 0", f"{order!r:.60}", advice)
