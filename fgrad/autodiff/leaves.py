"""Reverse mode down to some leaves: what a transform of a function asks of its variables alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from fgrad.autodiff.activity import Reach
from fgrad.autodiff.cotangent import Flow, as_node
from fgrad.autodiff.reverse import _fold_nodes, _over_arrays, slopes, zero_node
from fgrad.graph import reduction
from fgrad.graph.node import Node, constant


def slopes_of_all(
    cotangents: Sequence[tuple[Node[float], float]], wanted: Collection[Node[Any]]
) -> Mapping[Node[Any], float]:
    """What flows from nodes with `cotangents` to each node that they depend on, as values.

    Where there are arrays, those that are not `wanted` may be left out.
    """
    if any(y.rank == 1 for y, _ in cotangents):
        return MappingProxyType(_over_arrays().array_slopes(cotangents, wanted))
    return slopes(reduction.sum([w * y for y, w in cotangents])) if cotangents else {}


def leaf_nodes(
    cotangents: Iterable[tuple[Node[float], Flow]], leaves: Iterable[Node[float]]
) -> Mapping[Node[float], Node[float]]:
    """What flows from nodes with `cotangents` to each of `leaves` that they depend on, as nodes.

    The fold reads what lies between and nothing else: not what the leaves were computed from, nor
    what does not depend on them.

    >>> import fgrad as fg
    >>> x = fg.var(2.0)
    >>> y = fg.square(x)
    >>> leaf_nodes([(fg.sin(y) * y, 1.0)], [y]).keys() == {y}
    True
    """
    seeds = tuple(cotangents)
    reach = Reach.of([y for y, _ in seeds], leaves)
    way = frozenset(reach.moving) | reach.variables
    flowing = [seed for seed in seeds if seed[0] in way]
    if any(y.rank == 1 for y, _ in flowing):
        over_arrays = _over_arrays().array_slope_nodes(flowing, way, reach.variables)
        return MappingProxyType(over_arrays)
    flows = _fold_nodes(flowing, way)
    return MappingProxyType({x: as_node(flows[x]) for x in reach.variables if x in flows})


def slopes_at(
    cotangents: Iterable[tuple[Node[float], Flow]], leaves: Iterable[Node[float]]
) -> Callable[[Node[float]], Node[float]]:
    """What flows to each of `leaves` as a function of the leaf, the constant node 0 if nothing does.

    >>> import fgrad as fg
    >>> x, y = fg.var(2.0), fg.var(3.0)
    >>> slope = slopes_at([(fg.square(x), 1.0)], [x, y])
    >>> slope(x).value, slope(y).value
    (4.0, 0.0)
    """
    flows = leaf_nodes(cotangents, leaves)
    zero = constant(0.0)
    return lambda leaf: flows[leaf] if leaf in flows else zero_node(leaf, zero)
