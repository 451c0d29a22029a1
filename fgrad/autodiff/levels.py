"""Levels: the nodes that a sweep has still to read, by depth, the deepest first."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any, TypeAlias

from fgrad.graph.depth import LOWEST
from fgrad.graph.node import Node

Level: TypeAlias = list[Node[Any]]


class _Sparse(dict[int, Level]):
    """Levels by depth, for depths with gaps: the variables of a transform begin at a depth of their own."""

    __slots__ = ("_order",)

    def __init__(self) -> None:
        self._order: list[int] = []

    def __missing__(self, depth: int) -> Level:
        level: Level = []
        self[depth] = level
        heappush(self._order, -depth)
        return level

    def pop(self) -> Level:  # type: ignore[override]  # as of a list of levels, without a key
        """Remove the deepest level and return it."""
        return super().pop(-heappop(self._order))


Levels: TypeAlias = list[Level] | _Sparse
"""For each depth the nodes that have an adjoint, in the order of their first contributions."""


def levels_down_from(depth: int) -> Levels:
    """Empty levels, the deepest of which is that of `depth`.

    `levels[depth].append(node)` adds a node, and `levels.pop()` removes the deepest level.
    """
    return [[] for _ in range(depth + 1)] if depth <= LOWEST else _Sparse()
