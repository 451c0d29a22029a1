"""Levels: the nodes that a sweep has still to read, by depth, the deepest first."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any, Final, TypeAlias

from fgrad.graph.node import Node

Level: TypeAlias = list[Node[Any]]


class _Sparse(dict[int, Level]):
    """Levels of which few are there: a transform's variables begin at a depth of their own."""

    __slots__ = ("_order",)

    def __init__(self) -> None:
        self._order: list[int] = []

    def __missing__(self, depth: int) -> Level:
        level: Level = []
        self[depth] = level
        heappush(self._order, -depth)
        return level

    def pop(self) -> Level:  # type: ignore[override]  # what a list of levels gives, without a key
        """Take the deepest level away."""
        return super().pop(-heappop(self._order))


Levels: TypeAlias = list[Level] | _Sparse
"""For each depth the nodes that have an adjoint, in the order in which they received something."""

LOWEST: Final = (1 << 32) - 1
"""The greatest depth of what is computed from variables of nobody's call."""


def levels_down_from(depth: int) -> Levels:
    """No node at any level yet, down from that of `depth`.

    `levels[depth].append(node)` adds one, and `levels.pop()` takes the deepest level away.
    """
    return [[] for _ in range(depth + 1)] if depth <= LOWEST else _Sparse()
