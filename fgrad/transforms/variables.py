"""Calls of a function that is differentiated: its arguments, with a fresh variable at each place.

A node that stands in two places of an argument is two variables, as two equal numbers are, so a
function has one value however it is called. The variables are deeper than all nodes made before the
call, and are constants outside of it: a finished transform leaves no variable behind
(docs/decisions/0027).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeAlias

import attrs

from fgrad import trees
from fgrad.autodiff.activity import Activity
from fgrad.errors import NotAValue, NotDifferentiable, ShapeMismatch, summary
from fgrad.graph.depth import below_all, call_inside
from fgrad.graph.node import Node, constant
from fgrad.ops.operand import arrays, is_array, literal, not_a_number
from fgrad.trees.parameters import differentiated, name_of

Places: TypeAlias = int | tuple[int, ...]
"""Which arguments: the place of one, or of several; negative places count from the last."""


@attrs.frozen(eq=False, repr=False, getstate_setstate=False)
class Argument:
    """An argument taken apart, with a fresh variable for each leaf."""

    name: Callable[[], str]
    """The name, which is asked for an error alone: finding it takes longer than all else."""
    leaves: tuple[Node[float], ...]
    structure: trees.Structure[Any]
    of_nodes: bool

    @classmethod
    def of(
        cls, tree: object, name: Callable[[], str], depth: int, *, kept: bool = False
    ) -> Argument:
        """Take `tree` apart, with variables at that depth; arrays are copied if these are `kept`."""
        leaves, structure = differentiated(tree, name)
        of_nodes = any(isinstance(x, Node) for x in leaves)
        borrow = not (of_nodes or kept)
        try:
            fresh = tuple(
                [
                    constant(x, depth) if type(x) is float else _variable(x, depth, borrow)
                    for x in leaves
                ]
            )
        except NotAValue:
            for x, path in zip(leaves, structure.paths(), strict=True):
                number(x, name() + path)
            raise
        return cls(name, fresh, structure, of_nodes)

    @property
    def tree(self) -> Any:
        """The argument that the function is called with."""
        return self.structure.unflatten(self.leaves)

    def mapped(self, f: Callable[[Node[float]], object]) -> Any:
        """The tree of the results of `f` for each variable."""
        return self.structure.unflatten([f(leaf) for leaf in self.leaves])

    def direction(self, tree: object) -> dict[Node[float], Any]:
        """The tangent of each variable, from a tree of the same structure."""
        name = f"the tangent of {self.name()}"
        tangents = numbers(trees.matched(self.structure, tree, name), name)
        for leaf, tangent in zip(self.leaves, tangents, strict=True):
            require_shape(tangent, leaf, name)
        return dict(zip(self.leaves, tangents, strict=False))


def _variable(x: Any, depth: int, borrow: bool) -> Node[float]:
    if is_array(x):
        return arrays().leaf_of(x, depth, borrow)  # type: ignore[no-any-return]  # of a room that is imported late
    given = number(x, "")
    return given.alias(depth) if isinstance(given, Node) else constant(given, depth)


def require_shape(given: Any, leaf: Any, name: str) -> None:
    """Raise ShapeMismatch unless `given` has the shape of `leaf`, a number or an array."""
    if type(given) is float and type(leaf) is Node:
        return
    got, needed = (getattr(x, "shape", ()) for x in (given, leaf))
    if got != needed:
        advice = f"Give it the shape {needed} of what it is of."
        raise ShapeMismatch(name, f"the shape {got}", advice)


def numbers(leaves: Iterable[Any], name: str) -> list[Any]:
    """Leaves as sweeps take them: nodes of numbers, floats for all other numbers, and arrays."""
    return [number(x, name) for x in leaves]


def number(x: Any, name: str) -> Any:
    """One leaf as sweeps take it; NotAValue, with `name`, for a truth value."""
    if not isinstance(x, Node):
        return arrays().array(x, name) if is_array(x) else literal(x, name)
    if x.truth:
        raise not_a_number(x, name)
    return x


def one_number(output: object, where: str) -> Node[float] | float:
    """The output of a function, a float unless it is a node; NotDifferentiable if it is no number."""
    if isinstance(output, Node) and not (
        output.truth or (output.rank == 1 and is_array(output.value))
    ):
        return output
    try:
        return literal(output, where)
    except NotAValue:
        advice = one_of(output, f"call {where} for each, or jacobian(f)")
        raise NotDifferentiable(where, summary(output), advice) from None


def one_of(output: object, several: str) -> str:
    """What to do about an output that is not one number: `several` if it holds more."""
    shape = getattr(output, "shape", None)
    if shape and set(shape) == {1}:
        place = ", ".join("0" * len(shape))
        return f"Let the function return its one element, y[{place}], or y.sum()."
    if shape:
        return "Let the function return one number, as y.sum() is; for the derivative of each element take fg.jacobian(f)."
    return f"Let the function return one number; for several, {several}."


@attrs.frozen(eq=False, repr=False, getstate_setstate=False)
class Call:
    """The arguments of one call, with fresh variables in those that are differentiated."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    arguments: tuple[Argument, ...]
    several: bool
    """Whether a tuple of places was asked for, so that results are tuples too."""

    @classmethod
    def of(
        cls,
        f: Callable[..., Any],
        places: Places,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        kept: bool = False,
    ) -> Call:
        """Put variables in those places; NotAValue for a place that is not there, or not a number.

        Arrays are read through views, or copied if the nodes are `kept` when the call is over.
        """
        args, kwargs, where = found(f, places, args, kwargs)
        depth = below_all()
        given = list(args)
        arguments = []
        for place in where:
            name = partial(name_of, f, place)
            argument = Argument.of(args[place], name, depth, kept=kept)
            arguments.append(argument)
            given[place] = argument.tree
        return cls(tuple(given), kwargs, tuple(arguments), isinstance(places, tuple))

    def result(self, f: Callable[..., Any]) -> Any:
        """The result of `f` for the arguments."""
        return call_inside(f, self.args, self.kwargs)

    @property
    def variables(self) -> tuple[Node[float], ...]:
        """All variables that `f` is differentiated by."""
        return tuple([leaf for argument in self.arguments for leaf in argument.leaves])

    @property
    def of_nodes(self) -> bool:
        """Whether an argument that is differentiated holds nodes."""
        return any(argument.of_nodes for argument in self.arguments)

    def activity(self, results: Iterable[object]) -> Activity:
        """The nodes between those among `results` and the variables."""
        return Activity.of([y for y in results if isinstance(y, Node)], self.variables)

    def shaped(self, f: Callable[[Node[float]], object]) -> Any:
        """The tree of the results of `f` for each variable, or a tuple of trees."""
        mapped = tuple([argument.mapped(f) for argument in self.arguments])
        return mapped if self.several else mapped[0]

    @property
    def structure(self) -> trees.Structure[Any]:
        """The structure of the result of `shaped`."""
        parts = [argument.structure for argument in self.arguments]
        return trees.tupled(parts) if self.several else parts[0]

    def direction(self, tree: Any) -> dict[Node[float], Any]:
        """The tangent of each variable, from a tree like the result of `shaped`; TreeMismatch for another."""
        if not self.several:
            return self.arguments[0].direction(tree)
        if not isinstance(tree, tuple) or len(tree) != len(self.arguments):
            needed = f"a tuple of {len(self.arguments)}, one for each argument"
            raise NotAValue("the tangent", needed, summary(tree), "Give one for each.")
        tangents: dict[Node[float], Any] = {}
        for argument, part in zip(self.arguments, tree, strict=True):
            tangents |= argument.direction(part)
        return tangents


def checked(argnums: object) -> Places:
    """`argnums` if it names arguments: a place, or several, each once; else NotAValue."""
    places = argnums if isinstance(argnums, tuple) else (argnums,)
    for place in places:
        if not isinstance(place, int) or isinstance(place, bool):
            advice = "Count the arguments from 0, or from -1 backwards; several places are a tuple."
            raise NotAValue("argnums", "a place or a tuple of places", summary(argnums), advice)
    if not places or len(set(places)) < len(places):
        raise _twice(argnums)
    return argnums  # type: ignore[return-value]  # as was just seen


def found(
    f: Callable[..., Any], places: Places, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any], tuple[int, ...]]:
    """The arguments, with those in `places` by place, and where these are, counted from 0."""
    wanted = places if isinstance(places, tuple) else (places,)
    # Negative places count from the last argument given, by place or by name.
    if (kwargs and min(wanted) < 0) or not -len(args) <= min(wanted) <= max(wanted) < len(args):
        args, kwargs = _bound(f, args, kwargs, wanted)
    where = tuple([place % len(args) for place in wanted])
    if len(set(where)) < len(where):
        raise _twice(places)
    return args, kwargs, where


def tangent_place(f: Callable[..., Any], places: Places, count: int) -> int:
    """The place of the tangent among `count` positional arguments: after the last one it belongs to."""
    wanted = places if isinstance(places, tuple) else (places,)
    last = max([place % (count - 1) if -count < place < 0 else place for place in wanted])
    if last + 1 >= count:
        advice = "The tangent follows the argument that it belongs to."
        raise NotAValue(_called(f), f"{last + 2} arguments by place", f"{count}", advice)
    return last + 1


def _twice(argnums: object) -> NotAValue:
    advice = "Name each argument once."
    return NotAValue("argnums", "at least one place, each once", summary(argnums), advice)


def _called(f: Callable[..., Any]) -> str:
    return getattr(f, "__name__", "the function")


def _bound(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], wanted: Sequence[int]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments by place, when some of those wanted were given by name or by default."""
    bound = inspect.signature(f).bind(*args, **kwargs)
    if max(wanted) >= len(bound.args):
        bound.apply_defaults()
    count = len(bound.args)
    for place in wanted:
        if not -count <= place < count:
            advice = (
                "Count the arguments from 0; those that can only be given by name have no place."
            )
            needed = f"at least {place + 1 if place >= 0 else -place} arguments"
            raise NotAValue(f"argnums={place}", needed, f"{count} arguments", advice)
    return bound.args, bound.kwargs
