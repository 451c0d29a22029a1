"""Sums of gradients: mappings from nodes, added in the order in which they are written.

To copy a large sum for each small term would take the square of the time. So terms wait until
together they are as large as the sum, or until it is read.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeAlias, final

import attrs
from pyrsistent import PSet, PVector, pset, pvector

from fgrad.graph.graph import Graph
from fgrad.graph.node import Node

Reached: TypeAlias = Mapping[Node[Any], Any]
Each: TypeAlias = Callable[..., Any]


def plus(
    graph: Graph | None, known: Reached, other: Graph, term: Reached, each: Each
) -> tuple[Graph | None, Reached]:
    """The graph of the outputs of both, and the sum of two mappings from their nodes.

    `each(add, x, y)` adds what is not two floats. The graph of a sum that waits is its own.
    """
    if graph is not None and len(term) >= len(known):
        return added(graph, known, other, term, each)
    waiting = known if isinstance(known, Waiting) else Waiting.on(graph, known, each)
    waiting = waiting.longer(other, term)
    if waiting.size < len(waiting.base):
        return None, waiting
    return waiting.graph, MappingProxyType(_summed(waiting.base, waiting.terms, each))


def added(
    graph: Graph, known: Reached, other: Graph, term: Reached, each: Each
) -> tuple[Graph, Reached]:
    """The same at once."""
    new = [] if graph is other else [y for y in other.outputs if y not in graph._ends]
    both = Graph((*graph.outputs, *new)) if new else graph
    return both, MappingProxyType(_summed(known, (term,), each))


@final
@attrs.frozen(eq=False, repr=False)
class Waiting(Mapping[Node[Any], Any]):
    """The sum of a mapping and of `terms` that are added when it is first read."""

    base: Reached
    terms: PVector[Reached]
    size: int
    """How many derivatives the terms have."""
    _outputs: PVector[Node[float]]
    _ends: PSet[Node[float]]
    _each: Each

    @classmethod
    def on(cls, graph: Graph | None, base: Reached, each: Each) -> Waiting:
        """A sum without a term yet."""
        outputs = graph.outputs if graph else ()
        return cls(base, pvector(), 0, pvector(outputs), pset(outputs), each)

    def longer(self, graph: Graph, term: Reached) -> Waiting:
        """The same with one more term, of `graph`."""
        new = [y for y in graph.outputs if y not in self._ends]
        outputs, ends = self._outputs.extend(new), self._ends.update(new)
        terms, size = self.terms.append(term), self.size + len(term)
        return Waiting(self.base, terms, size, outputs, ends, self._each)

    @cached_property
    def graph(self) -> Graph:
        """The graph of the outputs of all."""
        return Graph(tuple(self._outputs))

    @cached_property
    def _total(self) -> dict[Node[Any], Any]:
        return _summed(self.base, self.terms, self._each)

    def __getitem__(self, node: Node[Any]) -> Any:
        """The sum of what those have for `node` that know it."""
        return self._total[node]

    def __iter__(self) -> Iterator[Node[Any]]:
        """The nodes that one of them has."""
        return iter(self._total)

    def __len__(self) -> int:
        """The number of these."""
        return len(self._total)


def _summed(base: Reached, terms: Iterable[Reached], each: Each) -> dict[Node[Any], Any]:
    total = dict(base)
    for term in terms:
        for node, y in term.items():
            x = total.get(node)
            if x is None:
                total[node] = y
            else:
                total[node] = x + y if type(x) is float else each(operator.add, x, y)
    return total
