"""Sums of very many contributions to one node, whose rounding errors do not grow with their number.

A sweep adds the contributions to a node one after the other, which is accurate for a few terms and
off by n u for n of them. Which nodes receive many is not known beforehand, and counting would cost as
much as adding. So the sweep samples the nodes that it reads; where the same argument is seen again
and again, its sum continues with compensation (Neumaier 1974).

With unit roundoff u a sum is within 2 u of itself and 10,000 u, in the worst case, of the sum of the
absolute values of the first some thousand terms, of which rounding leaves the square root at most.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final, Self

from fgrad.graph.node import Node

SAMPLED: Final = 1024
"""Nodes that are read before some of them are sampled."""
_STRIDE: Final = 61
"""One of so many is sampled."""
_OFTEN: Final = 8
"""An argument that has been seen so often receives many contributions."""


class _Compensated:
    """A sum that stands for a float in additions, and keeps what each addition rounds away."""

    __slots__ = ("_lost", "_sum")

    def __init__(self, start: float) -> None:
        self._sum = start
        self._lost = 0.0

    def __add__(self, term: float) -> Self:
        before = self._sum
        after = self._sum = before + term
        if abs(before) >= abs(term):
            self._lost += (before - after) + term
        else:
            self._lost += (term - after) + before
        return self

    def total(self) -> float:
        """The sum, with the sign of its zero; an infinite sum has no rounding error to add."""
        return self._sum + self._lost if self._lost and math.isfinite(self._lost) else self._sum


def chunks(nodes: list[Node[Any]]) -> Iterator[list[Node[Any]]]:
    """The nodes of a wide level, few enough at a time that their arguments are sampled in time."""
    for i in range(0, len(nodes), SAMPLED):
        yield nodes[i : i + SAMPLED]


class WideSums:
    """The sums among `adjoints` that are kept with compensation, until their nodes are read.

    `due` has the nodes whose sums these are, by depth.
    """

    __slots__ = ("_seen", "adjoints", "due")

    adjoints: dict[Node[Any], Any]
    due: dict[int, list[Node[Any]]]

    def __init__(self, adjoints: dict[Node[Any], Any]) -> None:
        """Begin with none."""
        self.adjoints = adjoints
        self.due = {}
        self._seen: dict[Any, int] = {}

    def find(self, recent: list[Node[Any]]) -> None:
        """Sample the nodes about to be read, and continue sums with compensation where it pays.

        `recent` is emptied.
        """
        seen = self._seen
        reading = recent[-1].depth
        for node in recent[::_STRIDE]:
            x, y = node._x, node._y
            for a in x if type(x) is tuple else (x, y):
                if isinstance(a, Node):
                    count = seen[a] = seen.get(a, 0) + 1
                    # A node as deep as those that are read now has been read already.
                    if count >= _OFTEN and a.depth < reading:
                        self._widen(a)
        recent.clear()

    def _widen(self, node: Node[Any]) -> None:
        received = self.adjoints.get(node)
        if type(received) is float:  # and no sum with compensation already, or bundle
            self.adjoints[node] = _Compensated(received)
            self.due.setdefault(node.depth, []).append(node)

    def settle(self, nodes: list[Node[Any]]) -> None:
        """Make the sums of the nodes of a level floats, before the level is read."""
        if nodes and nodes[0].depth in self.due:
            for node in self.due.pop(nodes[0].depth):
                self.adjoints[node] = self.adjoints[node].total()
