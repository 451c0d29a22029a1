"""Sums of gradients: mappings from nodes, added in the order in which they are written."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, TypeAlias, final

import attrs
from pyrsistent import PVector, pvector

from fgrad.graph.graph import Graph
from fgrad.graph.node import Node

Reached: TypeAlias = Mapping[Node[Any], Any]


@final
@attrs.frozen(eq=False, repr=False)
class Sum(Mapping[Node[Any], Any]):
    """The sum of several mappings, from the first to the last, made when it is first read.

    So a sum of many takes the time of all of them once, and not the time of each partial sum.
    """

    _terms: PVector[Reached]
    _each: Callable[..., Any]

    @classmethod
    def of(cls, one: Reached, two: Reached, each: Callable[..., Any]) -> Sum:
        """The sum of two; of a sum and another mapping it has one term more."""
        terms = one._terms if isinstance(one, Sum) else pvector([one])
        return cls(terms.append(two), each)

    @cached_property
    def _total(self) -> dict[Node[Any], Any]:
        total: dict[Node[Any], Any] = {}
        for term in self._terms:
            added(total, term, self._each)
        return total

    def __getitem__(self, node: Node[Any]) -> Any:
        """The sum of what those have for `node` that know it."""
        return self._total[node]

    def __iter__(self) -> Iterator[Node[Any]]:
        """The nodes that one of the terms has."""
        return iter(self._total)

    def __len__(self) -> int:
        """The number of these."""
        return len(self._total)


def added(
    total: dict[Node[Any], Any], term: Reached, each: Callable[..., Any]
) -> dict[Node[Any], Any]:
    """`total`, to which the derivatives of `term` have been added."""
    for node, y in term.items():
        x = total.get(node)
        if x is None:
            total[node] = y
        else:
            total[node] = x + y if type(x) is float else each(operator.add, x, y)
    return total


def joined(one: Graph, two: Graph) -> Graph:
    """The graph of the outputs of both; `one` itself if there is nothing new."""
    new = [] if one is two else [y for y in two.outputs if y not in one._ends]
    return Graph((*one.outputs, *new)) if new else one
