"""Functions with a derivative of their own: a solver, a table, foreign code.

The function computes on numbers, in any way; its author gives the pullback of cotangents (`vjp`) or the
pushforward of tangents (`jvp`). In a graph it is one call node, and nothing inside is recorded.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

import attrs

from fgrad import trees
from fgrad.autodiff import multiple
from fgrad.autodiff.gradients import zero_of
from fgrad.errors import NotAValue
from fgrad.graph.node import Node, number_of
from fgrad.ops.multiple import MultiOp, Row
from fgrad.ops.operand import (
    any_of_arrays,
    arrays,
    is_array,
    is_of_arrays,
    literal,
    require_numbers,
)
from fgrad.transforms.variables import numbers, require_shape
from fgrad.trees.parameters import name_of, require_function

P = ParamSpec("P")
A = TypeVar("A")
B = TypeVar("B")


def custom(
    f: Callable[Concatenate[A, P], B],
    /,
    *,
    vjp: Callable[Concatenate[A, B, B, P], A] | None = None,
    jvp: Callable[Concatenate[A, B, A, P], B] | None = None,
) -> Callable[Concatenate[A, P], B]:
    """`f` with derivatives of its own with respect to its first argument, a tree.

    `vjp(x, y, y_bar, ...)` returns the cotangent of `x` from `y_bar`, that of the result `y` of
    `f(x, ...)`; `jvp(x, y, dx, ...)` returns the tangent of `y`. One of them is enough. Written with operations they
    serve every order and every compiled function; written for floats alone, the first order. `f` is called
    with numbers only; while a function is traced it is called once with ones, to see the structure of
    its result.
    Raises NotAValue if neither rule is given, or if `f` returns anything but numbers.

    >>> import math
    >>> import fgrad as fg
    >>> cube_root = fg.custom(math.cbrt, vjp=lambda x, y, y_bar: y_bar / (3.0 * y * y))
    >>> cube_root(8.0), fg.gradient(cube_root)(8.0)
    (2.0, 0.08333333333333333)
    """
    require_function(f, "custom")
    _require_a_rule(vjp, jvp)
    name = name_of(f, 0)

    @functools.wraps(f)
    def custom_f(x: Any, /, *args: Any, **kwargs: Any) -> Any:
        leaves, structure = trees.flatten(x, name)
        if not any(isinstance(leaf, Node) for leaf in leaves):
            return _plainly(f(x, *args, **kwargs))
        given = numbers(leaves, name)
        traced = _are_traced(given, name)
        seen = [1.0] * len(given) if traced else list(map(number_of, given))
        at = structure.unflatten(seen)
        got = _at_ones(f, at, args, kwargs) if traced else f(at, *args, **kwargs)
        values, result = trees.flatten(got, "result")
        require_numbers(values if traced else (), "the result of a custom function")
        rules = _Rules(f, vjp, jvp, structure, result, args, kwargs)
        op = rules.op(arrays=any_of_arrays({*map(type, given), *map(type, values)}))
        known = tuple(map(_plain, values))
        made = multiple.results(op, given) if traced else multiple.called(op, given, known)
        return result.unflatten(made)

    return custom_f


def _are_traced(given: Sequence[Any], name: str) -> bool:
    """Whether there are traced numbers among them; NotAValue, with `name`, for arrays beside these."""
    traced = any(isinstance(a, Node) and a.abstract for a in given)
    require_numbers(given if traced else (), name)
    return traced


@attrs.frozen
class _Rules:
    """A custom function at a structure of its argument and of its result."""

    f: Callable[..., Any]
    vjp: Callable[..., Any] | None
    jvp: Callable[..., Any] | None
    argument: trees.Structure[Any]
    result: trees.Structure[Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def op(self, *, arrays: bool) -> MultiOp:
        name = getattr(self.f, "__name__", "custom")
        by_pullback = self.pushforward_by_pullback if arrays else None
        pushforward = self.pushforward if self.jvp else by_pullback
        pullback = self.pullback if self.vjp else self.pullback_by_pushforward
        sizes = len(self.argument), len(self.result)
        return MultiOp(name, self.impl, *sizes, pullback, pushforward)

    def impl(self, *values: float) -> tuple[float, ...]:
        result = self.f(self.argument.unflatten(values), *self.args, **self.kwargs)
        return tuple(map(_plain, trees.matched(self.result, result, "result")))

    def pullback(self, outs: Row, args: Row, cotangents: Row) -> Row:
        y_bar = self.result.unflatten(_filled(cotangents, outs))
        x_bar = self._called(self.vjp, outs, args, y_bar)
        result = trees.matched(self.argument, x_bar, "result of vjp")
        return self._kept(result, args, outs, cotangents, "the result of vjp")

    def pushforward(self, outs: Row, args: Row, tangents: Row) -> Row:
        dx = self.argument.unflatten(_filled(tangents, args))
        dy = self._called(self.jvp, outs, args, dx)
        result = trees.matched(self.result, dy, "result of jvp")
        return self._kept(result, outs, outs, tangents, "the result of jvp")

    def pullback_by_pushforward(self, outs: Row, args: Row, cotangents: Row) -> Row:
        if any(getattr(x, "shape", ()) for x in (*args, *outs)):
            from fgrad.transforms import array_custom  # noqa: PLC0415  # needs numpy

            return array_custom.pullback_by_pushforward(self.pushforward, outs, args, cotangents)
        size = len(self.argument)
        rows = [[1.0 if i == k else 0.0 for i in range(size)] for k in range(size)]
        columns = [self.pushforward(outs, args, row) for row in rows]
        return [_dot(column, cotangents) for column in columns]

    def pushforward_by_pullback(self, outs: Row, args: Row, tangents: Row) -> Row:
        from fgrad.transforms import array_custom  # noqa: PLC0415  # needs numpy

        return array_custom.pushforward_by_pullback(self.pullback, outs, args, tangents)

    def _called(self, rule: Any, outs: Row, args: Row, given: Any) -> Any:
        x, y = self.argument.unflatten(args), self.result.unflatten(outs)
        return rule(x, y, given, *self.args, **self.kwargs)

    def _kept(self, result: Sequence[Any], ends: Row, outs: Row, given: Row, where: str) -> Row:
        """The result of a rule, of the shapes of `ends`, which on numbers must be numbers."""
        for x, end in zip(result, ends, strict=True):
            require_shape(x, end, where)
        if not any(isinstance(x, Node) for x in (*outs, *given)):
            for x in result:
                _plain(x)
        return result


def _require_a_rule(vjp: object, jvp: object) -> None:
    if vjp is None and jvp is None:
        advice = "Give the pullback of cotangents, or the pushforward of tangents."
        raise NotAValue("custom", "vjp or jvp", "neither", advice)


def _at_ones(f: Callable[..., Any], ones: Any, args: tuple[Any, ...], kwargs: Any) -> Any:
    """The result at ones: its structure is needed, and traced numbers have no values to call `f` with."""
    try:
        return f(ones, *args, **kwargs)
    except Exception as error:
        needed = "a result at ones, whose structure is needed while a function is traced"
        advice = "Let the function return a result of the same structure there."
        raise NotAValue("a custom function", needed, f"{error!r:.80}", advice) from error


def _plainly(result: Any) -> Any:
    """A result on numbers, with floats for all of its numbers, as on nodes."""
    if type(result) is float:
        return result
    leaves, structure = trees.flatten(result, "result")
    return structure.unflatten(map(_plain, leaves))


def _filled(row: Row, ends: Row) -> list[Any]:
    """The cotangents or tangents of `ends`, with zeros for those that have none."""
    held = [end.value if is_of_arrays(end) else end for end in ends]
    pairs = zip(row, held, strict=True)
    return [(zero_of(y) if is_array(y) else 0.0) if x is None else x for x, y in pairs]


def _dot(column: Row, cotangents: Row) -> Any:
    total: Any = None
    for slope, cotangent in zip(column, cotangents, strict=True):
        if cotangent is not None:
            term = cotangent * slope
            total = term if total is None else total + term
    return total


def _plain(leaf: object) -> float:
    if isinstance(leaf, Node):
        advice = "It is called with numbers: pass what it depends on as its first argument."
        raise NotAValue("a custom function", "numbers as its result", repr(leaf), advice)
    if is_array(leaf):
        kept: float = arrays().array(leaf, "a custom function")
        return kept
    return literal(leaf, "a custom function")
