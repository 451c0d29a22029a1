"""Reverse mode down to some leaves: what a transform of a function asks of its variables alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from fgrad.autodiff.activity import Activity
from fgrad.autodiff.cotangent import Contribution, as_node
from fgrad.autodiff.gradients import zero_node
from fgrad.autodiff.reverse import _fold_nodes, _over_arrays, slopes
from fgrad.graph import reduction
from fgrad.graph.node import Node, constant


def slopes_of_all(
    cotangents: Sequence[tuple[Node[float], float]], wanted: Collection[Node[Any]]
) -> Mapping[Node[Any], float]:
    """The cotangent of each node that the nodes with `cotangents` depend on, as values.

    Where there are arrays, those that are not `wanted` may be left out.
    """
    if any(y.rank == 1 for y, _ in cotangents):
        return MappingProxyType(_over_arrays().array_slopes(cotangents, wanted))
    return slopes(reduction.sum([w * y for y, w in cotangents])) if cotangents else {}


def leaf_nodes(
    cotangents: Iterable[tuple[Node[float], Contribution]], leaves: Iterable[Node[float]]
) -> Mapping[Node[float], Node[float]]:
    """The cotangent, as a node, of each of `leaves` that the nodes with `cotangents` depend on.

    The fold reads the nodes between them alone: not what the leaves were computed from, nor what
    does not depend on the leaves.

    >>> import fgrad as fg
    >>> x = fg.var(2.0)
    >>> y = fg.square(x)
    >>> leaf_nodes([(fg.sin(y) * y, 1.0)], [y]).keys() == {y}
    True
    """
    seeds = tuple(cotangents)
    activity = Activity.of([y for y, _ in seeds], leaves)
    active = frozenset(activity.active) | activity.variables
    given = [seed for seed in seeds if seed[0] in active]
    if any(y.rank == 1 for y, _ in given):
        over_arrays = _over_arrays().array_slope_nodes(given, active, activity.variables)
        return MappingProxyType(over_arrays)
    adjoints = _fold_nodes(given, active)
    return MappingProxyType({x: as_node(adjoints[x]) for x in activity.variables if x in adjoints})


def slopes_at(
    cotangents: Iterable[tuple[Node[float], Contribution]], leaves: Iterable[Node[float]]
) -> Callable[[Node[float]], Node[float]]:
    """The cotangents of `leaves` as a function of the leaf: the constant node 0 if there is none.

    >>> import fgrad as fg
    >>> x, y = fg.var(2.0), fg.var(3.0)
    >>> slope = slopes_at([(fg.square(x), 1.0)], [x, y])
    >>> slope(x).value, slope(y).value
    (4.0, 0.0)
    """
    found = leaf_nodes(cotangents, leaves)
    zero = constant(0.0)
    return lambda leaf: found[leaf] if leaf in found else zero_node(leaf, zero)
