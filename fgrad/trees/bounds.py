"""Bounds of the numbers of a tree: a tree of each side, or one number for all."""

from __future__ import annotations

import math
from typing import Any, TypeAlias, TypeVar

from fgrad.errors import NotAValue, summary
from fgrad.graph.node import number_of
from fgrad.trees.structure import Structure
from fgrad.trees.tree import matched

X = TypeVar("X")

Bounds: TypeAlias = tuple[X | float | None, X | float | None]
"""The lower and the upper bounds: a tree like the numbers, one number for all, or None for none."""


def bounds_of(
    structure: Structure[Any], bounds: object, name: str
) -> tuple[list[float], list[float]]:
    """The lower and the upper bound of each leaf of a tree that is called `name`.

    Raises NotAValue, with the place, where no number lies between them; TreeMismatch for other trees.
    """
    if not isinstance(bounds, tuple) or len(bounds) != 2:
        advice = "Give (lower, upper); None is no bound."
        raise NotAValue(f"bounds of {name}", "a pair", summary(bounds), advice)
    lower = _side(structure, bounds[0], -math.inf, f"lower bounds of {name}")
    upper = _side(structure, bounds[1], math.inf, f"upper bounds of {name}")
    for path, low, high in zip(structure.paths(), lower, upper, strict=True):
        if not (low <= high and low < math.inf and high > -math.inf):
            needed, got = "a lower bound that is not above the upper one", f"{low} and {high}"
            advice = "Exchange them, or drop one."
            raise NotAValue(f"bounds of {name}{path}", needed, got, advice)
    return lower, upper


def _side(structure: Structure[Any], bound: Any, default: float, name: str) -> list[float]:
    if bound is None or isinstance(bound, (int, float)):
        return [default if bound is None else float(bound)] * len(structure)
    return [float(number_of(leaf)) for leaf in matched(structure, bound, name)]
