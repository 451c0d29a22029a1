"""Vectors: a tree of parameters as one array of numpy, as solvers of SciPy want it, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from fgrad.display import plural
from fgrad.errors import MissingExtra, TreeMismatch
from fgrad.ops.operand import arrays
from fgrad.trees.structure import Structure

if TYPE_CHECKING:
    from fgrad.arrays.nodes import ArrayNode
    from fgrad.arrays.values import Array
    from fgrad.arrays.vectors import Layout

T = TypeVar("T")


@attrs.frozen(repr=False)
class Unravel(Generic[T]):
    """The function from vectors to trees of one structure, whose arrays have certain shapes.

    It takes an array, a node of one, or a list of numbers and nodes. Raises ShapeMismatch for a vector
    of another length.

    >>> import numpy as np
    >>> from fgrad import trees
    >>> _, unravel = trees.ravel({"w": np.zeros((2, 2)), "b": 0.0})
    >>> unravel(np.arange(5.0))
    {'w': array([[0., 1.],
           [2., 3.]]), 'b': 4.0}
    """

    structure: Structure[T]
    layout: Layout

    def __call__(self, vector: Array | ArrayNode | Sequence[float], /) -> T:
        """The tree with the numbers of `vector`."""
        return self.structure.unflatten(self.layout.parted(vector))

    def joined(self, leaves: Sequence[Any], name: str) -> Any:
        """The vector of the leaves of another tree; TreeMismatch unless their shapes are these."""
        vector = self.layout.joined(leaves)
        if vector is None:
            place: Any = self.layout.unlike(leaves)
            needed, got = self.layout.shapes[place], arrays().shape_of(leaves[place])
            path = name + self.structure.paths()[place]
            raise TreeMismatch(path, f"shape {needed}", f"shape {got}")
        return vector

    def __repr__(self) -> str:
        """How many numbers it takes, and the class of what it gives."""
        kind = self.structure.kind
        given = plural(self.layout.places[-1], "number")
        return f"<unravel: a vector of {given} to {f'a {kind.__name__}' if kind else 'a leaf'}>"


def raveled(leaves: Sequence[Any], structure: Structure[T]) -> tuple[Array, Unravel[T]]:
    """The vector of the leaves, and the function back to a tree of that structure."""
    try:
        door = arrays()
    except ImportError as error:
        raise MissingExtra("trees.ravel", "numpy", "arrays") from error
    return door.joined(leaves), Unravel(structure, door.Layout.of(leaves))
