"""The names of arguments in errors and programs: those of the parameters.

`p.rate` or `x[1]` is what a user wrote; an index into a tuple of all arguments is not.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from fgrad import trees
from fgrad.errors import CyclicTree, NotAValue
from fgrad.graph.node import Node
from fgrad.ops.operand import told
from fgrad.trees.sameness import exact

T = TypeVar("T")


def names(f: Callable[..., Any] | None, count: int) -> list[str]:
    """The names of the first `count` arguments that are given by position.

    >>> names(lambda x, *others: x, 3)
    ['x', 'others[0]', 'others[1]']
    """
    try:
        parameters = inspect.signature(f).parameters.values() if f else ()
    except (TypeError, ValueError):
        parameters = ()  # some builtins have no signature
    known = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = [p.name for p in parameters if p.kind is p.VAR_POSITIONAL]
    others = [f"{rest[0]}[{i}]" if rest else f"argument {len(known) + i}" for i in range(count)]
    return [*known, *others][:count]


def require_function(f: object, where: str) -> None:
    """Raise NotAValue, with what to write, if `f` cannot be called."""
    if callable(f):
        return
    advice = f"Pass the function itself, {where}(f), and not what it returns."
    if isinstance(f, Node):
        advice = (
            "Nodes are differentiated by grad(graph, node); pass a function that computes them."
        )
    elif hasattr(f, "instructions"):
        advice = "Pass a function: lambda *xs: program.nodes(xs) is the function of a program."
    raise NotAValue(where, "a function", told(f), advice)


def name_of(f: Callable[..., Any], place: int) -> str:
    """The name of the argument at one place."""
    return names(f, place + 1)[place]


def flattened(
    f: Callable[[], Callable[..., Any] | None],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    *,
    arrays: bool = False,
) -> tuple[tuple[trees.Leaf, ...], trees.Structure[Any]]:
    """The leaves and the structure of `(args, kwargs)`; errors are those of `trees.flatten`.

    They name an argument by its parameter of `f()`, which is called for an error alone.
    """
    try:
        return trees.arguments((args, kwargs), "arguments", arrays=arrays)
    except (NotAValue, CyclicTree):
        refuse(f(), args, kwargs, partial(trees.arguments, arrays=arrays))
        raise


def refuse(
    f: Callable[..., Any] | None,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    taken: Callable[[Any, str], object],
) -> None:
    """Call `taken(argument, name)` for each argument, so that its error has the name."""
    for name, tree in [*zip(names(f, len(args)), args, strict=True), *kwargs.items()]:
        taken(tree, name)


def differentiated(
    tree: T, name: Callable[[], str]
) -> tuple[tuple[trees.Leaf, ...], trees.Structure[T]]:
    """The leaves and the structure of an argument that a function is differentiated by.

    Errors are those of `trees.flatten`, and NotAValue for an int in a field that is declared as int:
    a count or an index has no derivative. `name` returns the name of the argument, and is called for
    an error alone, since finding the name takes longer than all else.
    """
    try:
        leaves, structure = trees.flatten(tree, "")
    except (NotAValue, CyclicTree):
        trees.flatten(tree, name())
        raise
    if int in map(type, leaves):
        places = zip(leaves, structure.wholes(), structure.paths(), strict=True)
        for leaf, whole, path in places:
            if whole and type(leaf) is int:
                got = "an int in a field that is declared as int"
                advice = "Mark the field as static, field(metadata=trees.STATIC), or declare it as float."
                raise NotAValue(name() + path, "a number that has a derivative", got, advice)
    return leaves, structure


def unhashable(
    f: Callable[..., Any] | None, arguments: trees.Structure[Any]
) -> tuple[str, object] | None:
    """The name and the value of the first static part of `(args, kwargs)` that is not hashable."""
    positional, keyed = arguments.children
    tops = [*names(f, len(positional.keys)), *keyed.keys]
    for top, child in zip(tops, (*positional.children, *keyed.children), strict=True):
        for path, value in child.passing():
            try:
                hash(exact(value))
            except TypeError:
                return top + path, value
    return None


def leaf_names(f: Callable[..., Any] | None, arguments: trees.Structure[Any]) -> list[str]:
    """The name of each leaf of a structure of `(args, kwargs)`.

    >>> from fgrad import trees
    >>> leaf_names(lambda p, x: x, trees.flatten((({"rate": 1.0},), {"x": [2.0]}))[1])
    ["p['rate']", 'x[0]']
    """
    positional, keyed = arguments.children
    tops = [*names(f, len(positional.keys)), *keyed.keys]
    children = [*positional.children, *keyed.children]
    return [top + path for top, child in zip(tops, children, strict=True) for path in child.paths()]
