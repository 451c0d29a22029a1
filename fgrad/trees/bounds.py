"""Bounds of the numbers of a tree: a tree of each side, in which one number may stand for any part."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

from fgrad.errors import NotAValue, ShapeMismatch, TreeMismatch, summary
from fgrad.graph.node import number_of
from fgrad.ops.operand import arrays, is_array, is_real
from fgrad.trees.containers import USUAL, container_of
from fgrad.trees.structure import LEAF, Structure
from fgrad.trees.tree import matched

X = TypeVar("X")

Side: TypeAlias = X | float | list[Any] | dict[Any, Any] | None
"""A tree like the numbers, in which one number stands for all of a part and None for no bound."""
Bounds: TypeAlias = tuple[Side[X], Side[X]]
"""The lower and the upper bounds."""
Shapes: TypeAlias = Sequence[tuple[int, ...]] | None


def bounds_of(
    structure: Structure[Any], shapes: Shapes, paths: Sequence[str], bounds: object, name: str
) -> tuple[list[float], list[float]]:
    """The lower and the upper bound of each number of a tree that is called `name`.

    Its leaves have those `shapes`, () for a number, and its numbers those `paths`. Raises NotAValue, with the place, where no number lies
    between the bounds; TreeMismatch and ShapeMismatch for what does not go with the tree.
    """
    if not isinstance(bounds, tuple) or len(bounds) != 2:
        advice = "Give (lower, upper), each a tree like it, a number, or None for no bound."
        raise NotAValue(f"bounds of {name}", "a pair", summary(bounds), advice)
    sides = []
    for side, what, default in zip(bounds, ("lower", "upper"), (-math.inf, math.inf), strict=True):
        given = iter(shapes or ((),) * len(structure))
        sides.append(list(_side(structure, given, side, default, f"{what} bounds of {name}")))
    lower, upper = sides
    for path, low, high in zip(paths, lower, upper, strict=True):
        if not (low <= high and low < math.inf and high > -math.inf):
            needed, got = "a lower bound that is not above the upper one", f"{low} and {high}"
            advice = "Exchange them, or drop one."
            raise NotAValue(f"bounds of {name}{path}", needed, got, advice)
    return lower, upper


def _side(
    structure: Structure[Any],
    shapes: Iterator[tuple[int, ...]],
    bound: Any,
    default: float,
    name: str,
) -> Iterator[float]:
    """The bounds of a part of the tree, number by number."""
    if bound is None or is_real(bound):
        value = default if bound is None else float(bound)
        for _ in range(len(structure)):
            yield from [value] * math.prod(next(shapes))
        return
    how = structure._container
    if how is None:
        yield from _of_leaf(bound, next(shapes), default, name)
        return
    if is_array(bound) and structure.kind in (list, tuple) and getattr(bound, "ndim", 0) == 1:
        bound = structure.kind(bound.tolist())
    if container_of(bound, USUAL) is not how:
        matched(structure, bound, name)  # which says what is wrong
    parts = how.take(bound)
    children = dict(zip(parts.keys, parts.children, strict=True))
    if children.keys() != set(structure.keys):
        matched(structure, bound, name)
    for key, child in zip(structure.keys, structure.children, strict=True):
        yield from _side(child, shapes, children[key], default, name + how.entry(key))


def _of_leaf(bound: Any, shape: tuple[int, ...], default: float, name: str) -> Sequence[float]:
    """The bounds of a number, or of an array, which may be given as a list with None in it."""
    if not shape:
        return [float(number_of(leaf)) for leaf in matched(LEAF, bound, name)]
    if isinstance(bound, list):
        bound = _without_none(bound, default)
    elif not is_array(bound):  # a tuple may be meant as a pair
        raise TreeMismatch(name, f"an array or a list of shape {shape}", summary(bound))
    try:
        spread = arrays().functions.broadcast_to(bound, shape)
    except ShapeMismatch:
        got = f"shape {bound.shape}" if is_array(bound) else summary(bound)
        raise TreeMismatch(name, f"shape {shape}, or one that is repeated to it", got) from None
    found: Sequence[float] = spread.ravel().tolist()
    return found


def _without_none(bound: Any, default: float) -> Any:
    if isinstance(bound, list):
        return [_without_none(part, default) for part in bound]
    return default if bound is None else bound
