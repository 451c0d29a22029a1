"""What the text of a program of transforms needs: trees, and a few words."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from fractions import Fraction
from types import NoneType
from typing import Any, NamedTuple

import attrs
import numpy as np
from pyrsistent import PMap, PVector, pmap, pvector

import fgrad as fg
from tests.laws.transform_operations import Sub


@attrs.frozen
class Point1:
    x: Any


@attrs.frozen
class Point2:
    x: Any
    y: Any


@attrs.frozen
class Point3:
    x: Any
    y: Any
    z: Any


class Pair1(NamedTuple):
    first: Any


class Pair2(NamedTuple):
    first: Any
    second: Any


class Pair3(NamedTuple):
    first: Any
    second: Any
    third: Any


@dataclasses.dataclass(frozen=True)
class Data1:
    x: Any
    label: str = dataclasses.field(default="one", metadata=fg.trees.STATIC)


@dataclasses.dataclass(frozen=True)
class Data2:
    x: Any
    y: Any


@dataclasses.dataclass(frozen=True)
class Data3:
    x: Any
    y: Any
    z: Any


def flat(tree: Any) -> list[Any]:
    """The leaves, those of a dict in the order of its sorted keys; nothing of `fgrad.trees`."""
    if isinstance(tree, (dict, PMap)):
        return [leaf for key in sorted(tree) for leaf in flat(tree[key])]
    if isinstance(tree, (tuple, list, fg.Rows, PVector)):
        return [leaf for child in tree for leaf in flat(child)]
    if dataclasses.is_dataclass(tree) or isinstance(tree, (Point1, Point2, Point3)):
        names = [name for name in ("x", "y", "z") if hasattr(tree, name)]
        return [leaf for name in names for leaf in flat(getattr(tree, name))]
    return [] if tree is None else [tree]


def outline(tree: Any) -> Any:
    """The structure of a tree, with the keys of dicts in their order."""
    if isinstance(tree, dict):
        return [dict, *[(key, outline(child)) for key, child in tree.items()]]
    if isinstance(tree, PMap):
        return [type(tree), *[(key, outline(tree[key])) for key in sorted(tree)]]
    if isinstance(tree, (tuple, list, PVector)):
        return [type(tree), *map(outline, tree)]
    if dataclasses.is_dataclass(tree) or isinstance(tree, (Point1, Point2, Point3)):
        names = [name for name in ("x", "y", "z", "label") if hasattr(tree, name)]
        return [type(tree), *[outline(getattr(tree, name)) for name in names]]
    return tree if isinstance(tree, (str, NoneType)) else "leaf"


def weigh(tree: Any, *weights: float) -> Any:
    """The weighed sum of the leaves that are numbers."""
    pairs = zip(flat(tree), weights, strict=True)
    terms = [y * w for y, w in pairs if not isinstance(y, (bool, fg.Condition))]
    return sum(terms[1:], terms[0])


def loop(count: int, x: Any, step: Callable[[Any], Any]) -> Any:
    """What x becomes in `count` steps."""
    for _ in range(count):
        x = step(x)
    return x


def pulled(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a point, a cotangent and the rest that gives the value and what is pulled."""

    def pulled_f(x: Any, bar: Any, *rest: Any, **named: Any) -> Any:
        value, pull = fg.vjp(f)(x, *rest, **named)
        return value, pull(bar)

    return pulled_f


def kit() -> dict[str, Any]:
    """The names."""
    named = (
        Data1,
        Data2,
        Data3,
        pmap,
        pvector,
        Point1,
        Point2,
        Point3,
        Pair1,
        Pair2,
        Pair3,
        Sub,
        Fraction,
        weigh,
        loop,
        pulled,
    )
    return {"fg": fg, "np": np, "math": math, **{thing.__name__: thing for thing in named}}
