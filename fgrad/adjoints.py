"""Adjoints by depth: what a fold has found, as it has found it.

A fold reads nodes level by level, and keeps for each level a small map from node to adjoint. Here
these maps together are one mapping, so that nothing is copied: a node says in which map it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Generic, Self, TypeAlias, TypeVar, final

import attrs

from fgrad.node import Node

F = TypeVar("F")
Levels: TypeAlias = list[dict[Node[Any], F] | None]
"""For each depth the adjoints of its nodes so far: small maps near the fold, all read once."""


@final
@attrs.frozen(eq=False, repr=False)
class Adjoints(Mapping[Node[Any], F], Generic[F]):
    """A frozen mapping from nodes to their adjoints, made of one for each depth.

    >>> import fgrad as fg
    >>> x, y = fg.var(2.0), fg.var(3.0)
    >>> adjoints = Adjoints(({x: 4.0}, {x * y: 1.0}))
    >>> adjoints[x], adjoints.get(y), len(adjoints)
    (4.0, None, 2)
    """

    _levels: tuple[Mapping[Node[Any], F], ...]
    """Some levels may share a map."""

    def __getitem__(self, node: object) -> F:
        """The adjoint of `node`; KeyError if it has none."""
        levels = self._levels
        if isinstance(node, Node) and node.depth < len(levels):
            return levels[node.depth][node]
        raise KeyError(node)

    @property
    def _maps(self) -> Iterator[Mapping[Node[Any], F]]:
        return iter({id(level): level for level in reversed(self._levels)}.values())

    def __iter__(self) -> Iterator[Node[Any]]:
        """The nodes that have one."""
        return (node for level in self._maps for node in level)

    def __len__(self) -> int:
        """How many nodes have one."""
        return sum(map(len, self._maps))

    def __copy__(self) -> Self:
        """The adjoints themselves: they are immutable, and are asked for these very nodes."""
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """The adjoints themselves: they are immutable, and are asked for these very nodes."""
        return self
