"""Trees whose arrays are spread: a program takes and gives each of their numbers by itself."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any, Final, Generic, TypeAlias, TypeVar

import attrs

from fgrad import trees
from fgrad.errors import TreeMismatch
from fgrad.graph.node import Node, number_of
from fgrad.ops.operand import any_of_arrays, arrays, literal, require_numbers

T = TypeVar("T")
V = TypeVar("V")

Shape: TypeAlias = tuple[int, ...]
_FLOATS: Final = frozenset({float})  # what most leaves are


@attrs.frozen
class Spread(Generic[T]):
    """The structure of a tree and the shapes of its arrays: how many numbers it has, and which.

    >>> import numpy as np
    >>> spread = Spread.of(*trees.flatten({"a": 0.5, "w": np.zeros(2)}))
    >>> len(spread), spread.paths()
    (3, ("['a']", "['w'][0]", "['w'][1]"))
    >>> spread.tree([1.0, 2.0, 3.0])
    {'a': 1.0, 'w': array([2., 3.])}
    """

    structure: trees.Structure[T]
    shapes: tuple[Shape, ...] | None
    """The shape of each leaf, () of a number; None if there are numbers alone."""

    @classmethod
    def of(cls, leaves: Sequence[Any], structure: trees.Structure[T]) -> Spread[T]:
        """That of a tree with these leaves."""
        if not any_of_arrays({*map(type, leaves)}):
            return cls(structure, None)
        shapes = tuple(map(arrays().shape_of, leaves))
        return cls(structure, shapes if any(shapes) else None)

    def __len__(self) -> int:
        """How many numbers it has."""
        return sum(self.sizes())

    def sizes(self) -> Sequence[int]:
        """How many numbers each leaf has."""
        if self.shapes is None:
            return (1,) * len(self.structure)
        return [math.prod(shape) for shape in self.shapes]

    def tree(self, numbers: Iterable[Any]) -> T:
        """The tree of these numbers, traced ones or others, with arrays in their shapes."""
        if self.shapes is None:
            return self.structure.unflatten(numbers)
        from fgrad.program.array_tracer import array_of  # noqa: PLC0415  # waits for numpy

        given, at = list(numbers), 0
        leaves = []
        for shape in self.shapes:
            end = at + math.prod(shape)
            leaves.append(array_of(given[at:end], shape) if shape else given[at])
            at = end
        return self.structure.unflatten(leaves)

    def numbers(self, tree: T, name: str) -> list[float]:
        """The numbers of a tree like it; TreeMismatch, with the place, for another."""
        leaves = trees.matched(self.structure, tree, name)
        if self.shapes is None and _FLOATS.issuperset(map(type, leaves)):
            return list(leaves)  # type: ignore[arg-type]  # floats, as was just seen
        found: list[float] = []
        shapes = self.shapes or ((),) * len(leaves)
        for i, (leaf, shape) in enumerate(zip(leaves, shapes, strict=True)):
            value: Any = number_of(leaf)
            got = getattr(value, "shape", ())
            if got != shape:
                path = name + self.structure.paths()[i]
                raise TreeMismatch(path, _told(shape), _told(got))
            found += value.ravel().tolist() if shape else [literal(value, name)]
        return found

    def paths(self) -> tuple[str, ...]:
        """The path of each number."""
        return self.placed(self.structure.paths())

    def placed(self, names: Sequence[str]) -> tuple[str, ...]:
        """The name of each number, from the names of the leaves."""
        if self.shapes is None:
            return tuple(names)
        return tuple([
            name + (f"[{', '.join(map(str, place))}]" if place else "")
            for name, shape in zip(names, self.shapes, strict=True)
            for place in product(*map(range, shape))
        ])  # fmt: skip

    def each(self, values: Sequence[V]) -> list[V]:
        """The value of each number, from those of the leaves."""
        if self.shapes is None:
            return list(values)
        sized = zip(values, self.sizes(), strict=True)
        return [x for x, size in sized for _ in range(size)]


def _told(shape: Shape) -> str:
    return f"an array of shape {shape}" if shape else "a number"


def spread(tree: T, name: str) -> tuple[list[float], Spread[T]]:
    """The numbers of a tree of numbers and arrays, and how it is spread; errors are those of `trees.flatten`."""
    leaves, structure = trees.flatten(tree, name)
    found = Spread.of(leaves, structure)
    return found.numbers(tree, name), found


def numbers_of(leaf: Any, name: str) -> Sequence[Any]:
    """The elements of a leaf of a result: those of an array in order, else the leaf itself.

    NotAValue, with `name`, for a node of an array that has a value.
    """
    if not any_of_arrays((type(leaf),)):
        return (leaf,)
    if isinstance(leaf, Node) and not leaf.abstract:  # it would lose its derivative
        require_numbers((leaf,), name)
        return (leaf,)
    from fgrad.program.array_tracer import elements  # noqa: PLC0415  # waits for numpy

    return elements(leaf)
