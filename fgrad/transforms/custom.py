"""Functions with a derivative of their own: a solver, a table, foreign code.

The function computes on numbers, in whatever way; its author says how a cotangent is pulled back
(`vjp`) or a tangent pushed forward (`jvp`). In a graph it is one call node, and nothing of what
happens inside is recorded.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any, Concatenate, ParamSpec, TypeVar

import attrs

from fgrad import trees
from fgrad.autodiff import multiple
from fgrad.autodiff.reverse import zero_of
from fgrad.errors import NotAValue
from fgrad.graph.node import Node, number_of
from fgrad.ops.multiple import Joint, Row
from fgrad.ops.operand import (
    any_of_arrays,
    arrays,
    is_array,
    is_of_arrays,
    literal,
    require_numbers,
)
from fgrad.transforms.variables import numbers, require_shape
from fgrad.trees.parameters import name_of

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

    `vjp(x, y, y_bar, ...)` gives the cotangent of `x` where `y` is the result of `f(x, ...)`, and
    `jvp(x, y, dx, ...)` the tangent of `y`; one of them is enough. Written with operations they
    serve every order and every compiled function; for floats alone, the first order. `f` is called
    with numbers only; while a function is compiled it is called once with ones, to see what its result looks like.
    Raises NotAValue if neither rule is given, or if `f` gives anything but numbers.

    >>> import math
    >>> import fgrad as fg
    >>> cube_root = fg.custom(math.cbrt, vjp=lambda x, y, y_bar: y_bar / (3.0 * y * y))
    >>> cube_root(8.0), fg.gradient(cube_root)(8.0)
    (2.0, 0.08333333333333333)
    """
    _require_a_rule(vjp, jvp)
    name = name_of(f, 0)

    @functools.wraps(f)
    def custom_f(x: Any, /, *args: Any, **kwargs: Any) -> Any:
        leaves, structure = trees.flatten(x, name)
        if not any(isinstance(leaf, Node) for leaf in leaves):
            return _plainly(f(x, *args, **kwargs))
        given = numbers(leaves, repeat(name))
        traced = any(isinstance(a, Node) and a.abstract for a in given)
        seen = [1.0] * len(given) if traced else list(map(number_of, given))
        at = structure.unflatten(seen)
        got = _at_ones(f, at, args, kwargs) if traced else f(at, *args, **kwargs)
        values, result = trees.flatten(got, "result")
        require_numbers(values if traced else (), "the result of a custom function")
        op = _Rules(f, vjp, jvp, structure, result, args, kwargs).op(
            getattr(f, "__name__", "custom"),
            arrays=any_of_arrays({*map(type, given), *map(type, values)}),
        )
        known = tuple(map(_plain, values))
        made = multiple.results(op, given) if traced else multiple.called(op, given, known)
        return result.unflatten(made)

    return custom_f


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

    def op(self, name: str, *, arrays: bool) -> Joint:
        push = self.push if self.jvp else self.push_by_pulls if arrays else None
        pull = self.pull if self.vjp else self.pull_by_pushes
        return Joint(name, self.impl, len(self.argument), len(self.result), pull, push)

    def impl(self, *values: float) -> tuple[float, ...]:
        result = self.f(self.argument.unflatten(values), *self.args, **self.kwargs)
        return tuple(map(_plain, trees.matched(self.result, result, "result")))

    def pull(self, outs: Row, args: Row, bars: Row) -> Row:
        x_bar = self._called(self.vjp, outs, args, self.result.unflatten(_filled(bars, outs)))
        given = trees.matched(self.argument, x_bar, "result of vjp")
        return self._kept(given, args, outs, bars, "the result of vjp")

    def push(self, outs: Row, args: Row, moves: Row) -> Row:
        dy = self._called(self.jvp, outs, args, self.argument.unflatten(_filled(moves, args)))
        given = trees.matched(self.result, dy, "result of jvp")
        return self._kept(given, outs, outs, moves, "the result of jvp")

    def pull_by_pushes(self, outs: Row, args: Row, bars: Row) -> Row:
        if any(getattr(x, "shape", ()) for x in (*args, *outs)):
            from fgrad.transforms import array_custom  # noqa: PLC0415  # needs numpy

            return array_custom.pull_by_pushes(self.push, outs, args, bars)
        size = len(self.argument)
        rows = [[1.0 if i == k else 0.0 for i in range(size)] for k in range(size)]
        columns = [self.push(outs, args, row) for row in rows]
        return [_dot(column, bars) for column in columns]

    def push_by_pulls(self, outs: Row, args: Row, moves: Row) -> Row:
        from fgrad.transforms import array_custom  # noqa: PLC0415  # needs numpy

        return array_custom.push_by_pulls(self.pull, outs, args, moves)

    def _called(self, rule: Any, outs: Row, args: Row, flow: Any) -> Any:
        x, y = self.argument.unflatten(args), self.result.unflatten(outs)
        return rule(x, y, flow, *self.args, **self.kwargs)

    def _kept(self, given: Sequence[Any], ends: Row, outs: Row, flows: Row, where: str) -> Row:
        """What a rule gave, of the shapes of `ends`; on numbers it must be numbers."""
        for x, end in zip(given, ends, strict=True):
            require_shape(x, end, where)
        if not any(isinstance(x, Node) for x in (*outs, *flows)):
            for x in given:
                _plain(x)
        return given


def _require_a_rule(vjp: object, jvp: object) -> None:
    if vjp is None and jvp is None:
        advice = "Say how cotangents are pulled back, or how tangents are pushed forward."
        raise NotAValue("custom", "vjp or jvp", "neither", advice)


def _at_ones(f: Callable[..., Any], ones: Any, args: tuple[Any, ...], kwargs: Any) -> Any:
    """What the result looks like has to be seen, and a traced number has no value to see it with."""
    try:
        return f(ones, *args, **kwargs)
    except Exception as error:
        needed = "a result at ones, to see while a function is traced what it looks like"
        advice = "Let the function give something of that form there."
        raise NotAValue("a custom function", needed, f"{error!r:.80}", advice) from error


def _plainly(result: Any) -> Any:
    """A result on numbers with floats for all of these, as it has them on nodes."""
    if type(result) is float:
        return result
    leaves, structure = trees.flatten(result, "result")
    return structure.unflatten(map(_plain, leaves))


def _filled(flows: Row, ends: Row) -> list[Any]:
    """Flows to or from `ends`, with zeros where there is none."""
    return [_zero(end) if flow is None else flow for flow, end in zip(flows, ends, strict=True)]


def _zero(end: Any) -> Any:
    held = _value(end)
    return zero_of(held) if is_array(held) else 0.0


def _dot(column: Row, bars: Row) -> Any:
    total: Any = None
    for slope, bar in zip(column, bars, strict=True):
        if bar is not None:
            term = bar * slope
            total = term if total is None else total + term
    return total


def _plain(leaf: object) -> float:
    if isinstance(leaf, Node):
        advice = "It is called with numbers: give it what it depends on as its first argument."
        raise NotAValue("a custom function", "numbers as its result", repr(leaf), advice)
    if is_array(leaf):
        kept: float = arrays().array(leaf, "a custom function")
        return kept
    return literal(leaf, "a custom function")


def _value(x: Any) -> Any:
    """What a node of an array holds."""
    return x.value if is_of_arrays(x) else x
