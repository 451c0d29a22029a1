"""What functions of arrays take and give, for type checkers: arrays of arrays, nodes of nodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import EllipsisType
from typing import Any, Protocol, TypeAlias, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from fgrad.arrays.determinants import SignedLog
from fgrad.arrays.nodes import ArrayCondition, ArrayNode
from fgrad.arrays.reduction_signatures import Axis
from fgrad.arrays.values import Array, Bools
from fgrad.graph.node import Node

X = TypeVar("X", ArrayNode, Array)
Shape: TypeAlias = int | Sequence[int]
Places: TypeAlias = Sequence[int] | NDArray[np.integer[Any]]
_Arrays: TypeAlias = NDArray[np.integer[Any]] | Bools | ArrayCondition
_Part: TypeAlias = int | slice | EllipsisType | list[int] | list[bool] | _Arrays | None
Index: TypeAlias = _Part | tuple[_Part, ...]
Either: TypeAlias = ArrayNode | Array


class Plainly(Protocol):
    """A function of one array."""

    def __call__(self, x: X, /) -> X: ...


class AlongAxis(Protocol):
    """A function along one axis."""

    def __call__(self, x: X, axis: int = ...) -> X: ...


class AlongAny(Protocol):
    """A function along one axis, or of all elements in order."""

    def __call__(self, x: X, axis: int | None = None) -> X: ...


class AlongAxes(Protocol):
    """A function along some axes, or all of them."""

    def __call__(self, x: X, axis: Axis | None = None) -> X: ...


class ToShape(Protocol):
    """A function to a shape."""

    def __call__(self, x: X, shape: Shape, /) -> X: ...


class Reshaping(Protocol):
    """A function to a shape, whose elements may be counted by columns."""

    def __call__(self, x: X, shape: Shape, order: str = "C") -> X: ...


class Ravelling(Protocol):
    """A function to one dimension, whose elements may be counted by columns."""

    def __call__(self, x: X, order: str = "C") -> X: ...


class Permuting(Protocol):
    """A function that puts axes in order."""

    def __call__(self, x: X, axes: Sequence[int] | None = None) -> X: ...


class Moving(Protocol):
    """A function that moves axes."""

    def __call__(self, x: X, source: Shape, destination: Shape, /) -> X: ...


class Expanding(Protocol):
    """A function that makes axes."""

    def __call__(self, x: X, axis: Axis) -> X: ...


class Swapping(Protocol):
    """A function that exchanges axes."""

    def __call__(self, x: X, first: int, second: int, /) -> X: ...


class Rolling(Protocol):
    """A function that moves elements along an axis."""

    def __call__(
        self, x: X, shift: int | Sequence[int], axis: int | tuple[int, ...] | None = None
    ) -> X: ...


class Taking(Protocol):
    """A function that takes elements."""

    def __call__(self, x: X, indices: int | Places, axis: int | None = None) -> X: ...


class Repeating(Protocol):
    """A function that takes each element several times."""

    def __call__(self, x: X, repeats: int | Places, axis: int | None = None) -> X: ...


class TakingAlong(Protocol):
    """A function that takes elements of each line."""

    def __call__(self, x: X, indices: NDArray[np.integer[Any]], axis: int) -> X: ...


class Padding(Protocol):
    """A function that gives a border."""

    def __call__(
        self,
        x: X,
        pad_width: int | Sequence[int] | Sequence[tuple[int, int]],
        mode: str = "constant",
        *,
        constant_values: float | Sequence[tuple[float, float]] = 0.0,
    ) -> X: ...


class OnDiagonal(Protocol):
    """A function of a diagonal of matrices."""

    def __call__(self, x: X, k: int = 0, /) -> X: ...


class Diagonal(Protocol):
    """A function of a diagonal along two axes."""

    def __call__(self, x: X, offset: int = 0, axis1: int = 0, axis2: int = 1) -> X: ...


class Splitting(Protocol):
    """A function that gives parts."""

    def __call__(self, x: X, parts: Shape, axis: int = 0) -> list[X]: ...


class Joining(Protocol):
    """A function of several arrays."""

    @overload
    def __call__(self, arrays: Iterable[Array], axis: int = 0) -> Array: ...  # type: ignore[overload-overlap]  # only Never fits both
    @overload
    def __call__(self, arrays: Iterable[Either], axis: int = 0) -> ArrayNode: ...


class Stacking(Protocol):
    """A function of several arrays or numbers."""

    @overload
    def __call__(self, arrays: Iterable[Array] | Iterable[float], axis: int = 0) -> Array: ...  # type: ignore[overload-overlap]  # only Never fits both
    @overload
    def __call__(
        self, arrays: Iterable[Either | Node[float] | float], axis: int = 0
    ) -> ArrayNode: ...


class Product(Protocol):
    """A function of two arrays that gives one; of two vectors some give a number."""

    @overload
    def __call__(self, a: Array, b: Array, /) -> Array: ...
    @overload
    def __call__(self, a: ArrayNode, b: Either, /) -> ArrayNode: ...
    @overload
    def __call__(self, a: Array, b: ArrayNode, /) -> ArrayNode: ...


class TensorProduct(Protocol):
    """A product over axes."""

    @overload
    def __call__(self, a: Array, b: Array, axes: int | tuple[Shape, Shape] = 2) -> Array: ...
    @overload
    def __call__(
        self, a: ArrayNode, b: Either, axes: int | tuple[Shape, Shape] = 2
    ) -> ArrayNode: ...
    @overload
    def __call__(
        self, a: Array, b: ArrayNode, axes: int | tuple[Shape, Shape] = 2
    ) -> ArrayNode: ...


class NumberProduct(Protocol):
    """A function of two arrays that gives a number."""

    @overload
    def __call__(self, a: Array, b: Array, /) -> float: ...
    @overload
    def __call__(self, a: ArrayNode, b: Either, /) -> Node[float]: ...
    @overload
    def __call__(self, a: Array, b: ArrayNode, /) -> Node[float]: ...


class Einsum(Protocol):
    """A product of several arrays, by letters."""

    @overload
    def __call__(self, spec: str, /, *operands: Array) -> Array: ...  # type: ignore[overload-overlap]  # decided first
    @overload
    def __call__(self, spec: str, /, *operands: Either) -> ArrayNode: ...


class Determinant(Protocol):
    """A number of a matrix."""

    @overload
    def __call__(self, a: Array, /) -> float: ...
    @overload
    def __call__(self, a: ArrayNode, /) -> Node[float]: ...


class LogDeterminant(Protocol):
    """A sign and a number of a matrix."""

    def __call__(self, a: Either, /) -> SignedLog: ...
