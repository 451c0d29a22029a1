"""Jacobians where there are arrays: for each result and each leaf, of the shape of both together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from fgrad.arrays.shapes import moveaxis, reshape
from fgrad.arrays.together import stack
from fgrad.arrays.values import basis, owned, shape_of, zeros
from fgrad.autodiff.activity import Activity
from fgrad.autodiff.forward import tangent_nodes, tangents
from fgrad.autodiff.leaves import leaf_nodes, slopes_of_all
from fgrad.graph.node import Condition, Node
from fgrad.transforms.gradient import end_of


def counted(leaves: Sequence[Any]) -> int:
    """How many numbers there are in leaves."""
    return sum([math.prod(shape_of(leaf)) for leaf in leaves])


def rows_of_arrays(
    activity: Activity, results: Sequence[Any], variables: Sequence[Node[Any]], *, on_numbers: bool
) -> list[list[Any]]:
    """By reverse folds, one for each number of the results."""
    rows = []
    for y in results:
        columns: list[list[Any]] = [[] for _ in variables]
        for one in basis(shape_of(y)):
            known: Any = {}
            if isinstance(y, Node) and not isinstance(y, Condition):
                pairs = [(y, one)]
                known = (
                    slopes_of_all(pairs, variables) if on_numbers else leaf_nodes(pairs, variables)
                )
            for column, x in zip(columns, variables, strict=True):
                column.append(end_of(known, x))
        rows.append(
            [
                _together(column, (*shape_of(y), *shape_of(x)), 0)
                for column, x in zip(columns, variables, strict=True)
            ]
        )
    return rows


def columns_of_arrays(
    activity: Activity, results: Sequence[Any], variables: Sequence[Node[Any]], *, on_numbers: bool
) -> list[list[Any]]:
    """By forward folds, one for each number of the variables."""
    sweep: Callable[..., Any] = tangents if on_numbers else tangent_nodes
    rows: list[list[Any]] = [[] for _ in results]
    for x in variables:
        found = [sweep(activity, {x: one}) for one in basis(shape_of(x))]
        for row, y in zip(rows, results, strict=True):
            ends = [_tangent(known, y) for known in found]
            row.append(_together(ends, (*shape_of(y), *shape_of(x)), -1))
    return rows


def _tangent(known: Any, y: Any) -> Any:
    return end_of(known, y) if isinstance(y, Node) else zeros(shape_of(y))


def _together(parts: list[Any], shape: tuple[int, ...], axis: int) -> Any:
    """Parts, in order, as one array of that shape; along the last axis if `axis` says so."""
    if not shape:
        return parts[0]
    if not parts:
        return zeros(shape)
    whole = stack(parts)
    return owned(reshape(whole if axis == 0 else moveaxis(whole, 0, -1), shape))
