"""What functions of sparse matrices take and give, for type checkers."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias, overload

from fgrad.arrays.nodes import ArrayNode
from fgrad.arrays.values import Array

Either: TypeAlias = ArrayNode | Array


class Sparse(Protocol):
    """An array or a matrix of scipy.sparse."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def nnz(self) -> int: ...
    @property
    def format(self) -> str: ...
    def tocsr(self, copy: bool = False) -> Any: ...  # scipy has no types of its own


class MatrixProduct(Protocol):
    """A product of two arrays, of which one may be sparse; of two vectors it is a number."""

    @overload
    def __call__(self, a: Array | Sparse, b: Array, /) -> Array: ...
    @overload
    def __call__(self, a: Array, b: Sparse, /) -> Array: ...
    @overload
    def __call__(self, a: ArrayNode, b: Either | Sparse, /) -> ArrayNode: ...
    @overload
    def __call__(self, a: Array | Sparse, b: ArrayNode, /) -> ArrayNode: ...


class SparseSolve(Protocol):
    """The solution of a sparse system."""

    @overload
    def __call__(self, a: Sparse, b: Array, *, data: Array | None = None) -> Array: ...
    @overload
    def __call__(self, a: Sparse, b: ArrayNode, *, data: Either | None = None) -> ArrayNode: ...
    @overload
    def __call__(self, a: Sparse, b: Either, *, data: ArrayNode) -> ArrayNode: ...
