"""Vectors: the numbers of several arrays and numbers side by side in one array, and back."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import attrs
import numpy as np

from fgrad.arrays.joining import concatenation
from fgrad.arrays.linear import starts
from fgrad.arrays.shapes import given, index, reshape
from fgrad.arrays.values import shape_of
from fgrad.errors import ShapeMismatch
from fgrad.graph.node import Node
from fgrad.ops.operand import Operand, literal

Shapes: TypeAlias = tuple[tuple[int, ...], ...]

_FLOATS: Final = frozenset({float})  # what most leaves are


@attrs.frozen
class Layout:
    """How arrays and numbers of these shapes lie in a vector; the shape of a number is ()."""

    shapes: Shapes
    places: Sequence[int] = attrs.field(init=False, eq=False, repr=False)
    """Where each starts, and where the last one ends."""
    numbers: bool = attrs.field(init=False, eq=False, repr=False)
    """Whether there are numbers alone."""

    @places.default
    def _places(self) -> Sequence[int]:
        return tuple(starts(tuple(map(math.prod, self.shapes))))

    @numbers.default
    def _numbers(self) -> bool:
        return not any(self.shapes)

    @classmethod
    def of(cls, leaves: Sequence[Any]) -> Layout:
        """That of these leaves."""
        if _FLOATS.issuperset(map(type, leaves)):
            return cls(((),) * len(leaves))
        return cls(tuple(map(shape_of, leaves)))

    def unlike(self, leaves: Sequence[Any]) -> int | None:
        """The place of the first leaf that has another shape."""
        shapes = zip(self.shapes, map(shape_of, leaves), strict=True)
        return next((i for i, (own, other) in enumerate(shapes) if own != other), None)

    def joined(self, leaves: Sequence[Any]) -> Any:
        """The vector of leaves of these shapes; None if some have others."""
        if self.numbers and _FLOATS.issuperset(map(type, leaves)):
            return _fixed(np.array(leaves, np.float64))
        return joined(leaves) if self.unlike(leaves) is None else None

    def parted(self, vector: Any) -> list[Any]:
        """The arrays and numbers in a vector: an array, a node, or a list of numbers and nodes.

        Arrays are views of a read-only vector. Raises ShapeMismatch for a vector of another length.
        """
        listed = isinstance(vector, (list, tuple))
        row = [*map(_number, vector)] if listed else given(vector, "unravel")
        found = (len(row),) if listed else shape_of(row)
        if found != (self.places[-1],):
            advice = f"Give a vector of {self.places[-1]} numbers, as many as are in the tree."
            raise ShapeMismatch("unravel", f"shape {found}", advice)
        if type(row) is np.ndarray and self.numbers:
            numbers: list[Any] = row.tolist()
            return numbers
        part = _of_list if listed else _of_array if type(row) is np.ndarray else _of_node
        spans = zip(itertools.pairwise(self.places), self.shapes, strict=True)
        return [part(row, start, end, shape) for (start, end), shape in spans]


def joined(leaves: Sequence[Any]) -> Any:
    """The vector of all numbers of the leaves: a read-only array, or a node if one of them is a node."""
    kinds = {*map(type, leaves)}
    if any(issubclass(kind, Node) for kind in kinds):
        return concatenation(0, len(leaves))(*[reshape(leaf, -1) for leaf in leaves])
    if np.ndarray not in kinds:
        return _fixed(np.array(leaves, np.float64))
    rows = [leaf.ravel() if type(leaf) is np.ndarray else (leaf,) for leaf in leaves]
    return _fixed(np.concatenate(rows, dtype=np.float64))


def _fixed(vector: Any) -> Any:
    vector.flags.writeable = False
    return vector


def _of_array(row: Any, start: int, end: int, shape: tuple[int, ...]) -> Any:
    return row[start:end].reshape(shape) if shape else row.item(start)


def _of_node(row: Any, start: int, end: int, shape: tuple[int, ...]) -> Any:
    return reshape(index(row, slice(start, end)), shape) if shape else index(row, start)


def _of_list(row: Any, start: int, end: int, shape: tuple[int, ...]) -> Any:
    return reshape(joined(row[start:end]), shape) if shape else row[start]


def _number(x: Any) -> Any:
    return x if isinstance(x, Operand) else literal(x, "unravel")
