"""Vectors: the numbers of several arrays and numbers side by side in one array, and back."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np

from fgrad.arrays.linear import starts
from fgrad.arrays.shapes import concatenate, given, index, reshape, stacked
from fgrad.arrays.values import shape_of
from fgrad.errors import ShapeMismatch
from fgrad.graph.node import Node
from fgrad.ops.operand import Operand, literal

Shapes: TypeAlias = tuple[tuple[int, ...], ...]

_FLOATS: Final = frozenset({float})  # what most leaves are


def shapes_of(leaves: Sequence[Any]) -> Shapes:
    """The shape of each, which is () of a number."""
    if _FLOATS.issuperset(map(type, leaves)):
        return ((),) * len(leaves)
    return tuple(map(shape_of, leaves))


def joined(leaves: Sequence[Any]) -> Any:
    """The vector of all numbers of the leaves: a read-only array, or a node if one of them is a node."""
    kinds = {*map(type, leaves)}
    if any(issubclass(kind, Node) for kind in kinds):
        return concatenate([reshape(leaf, -1) for leaf in leaves])
    if np.ndarray not in kinds:
        vector = np.array(leaves, np.float64)
    else:
        rows = [leaf.ravel() if type(leaf) is np.ndarray else (leaf,) for leaf in leaves]
        vector = np.concatenate(rows, dtype=np.float64)
    vector.flags.writeable = False
    return vector


def parted(vector: Any, shapes: Shapes) -> list[Any]:
    """The arrays and numbers of these shapes in a vector: an array, a node, or a list of numbers and nodes.

    Arrays are views of a read-only vector. Raises ShapeMismatch for a vector of another length.
    """
    listed = isinstance(vector, (list, tuple))
    row = vector if listed else given(vector, "unravel")
    found = (len(row),) if listed else shape_of(row)
    places = starts(tuple(map(math.prod, shapes)))
    if found != (places[-1],):
        advice = f"Give a vector of {places[-1]} numbers, as many as are in the tree."
        raise ShapeMismatch("unravel", f"shape {found}", advice)
    if type(row) is np.ndarray and not any(shapes):
        numbers: list[Any] = row.tolist()
        return numbers
    part = _of_list if listed else _of_array if type(row) is np.ndarray else _of_node
    spans = itertools.pairwise(places)
    return [part(row, a, b, shape) for (a, b), shape in zip(spans, shapes, strict=True)]


def _of_array(row: Any, start: int, end: int, shape: tuple[int, ...]) -> Any:
    return row[start:end].reshape(shape) if shape else row.item(start)


def _of_node(row: Any, start: int, end: int, shape: tuple[int, ...]) -> Any:
    return reshape(index(row, slice(start, end)), shape) if shape else index(row, start)


def _of_list(row: Any, start: int, end: int, shape: tuple[int, ...]) -> Any:
    if shape:
        return stacked(list(row[start:end]), shape)
    x = row[start]
    return x if isinstance(x, Operand) else literal(x, "unravel")
