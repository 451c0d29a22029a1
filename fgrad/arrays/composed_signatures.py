"""What composed functions of arrays take and give, for type checkers: points, choices and assignment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from fgrad.arrays.at import At
from fgrad.arrays.nodes import ArrayCondition, ArrayNode
from fgrad.arrays.signatures import Either, X
from fgrad.arrays.values import Array, Bools
from fgrad.graph.node import Node

_Number: TypeAlias = Node[float] | float


class AtPlaces(Protocol):
    """What names the places of an array."""

    def __call__(self, x: X, /) -> At[X]: ...


class Rows(Protocol):
    """A function of several arrays side by side."""

    @overload
    def __call__(self, arrays: Iterable[Array | float], /) -> Array: ...  # type: ignore[overload-overlap]  # only Never fits both
    @overload
    def __call__(self, arrays: Iterable[Either | Node[float] | float], /) -> ArrayNode: ...


class Selecting(Protocol):
    """A choice among several arrays by several conditions."""

    @overload
    def __call__(  # type: ignore[overload-overlap]  # decided first
        self,
        conditions: Sequence[Bools],
        choices: Sequence[Array | float],
        default: Array | float = 0.0,
    ) -> Array: ...
    @overload
    def __call__(
        self,
        conditions: Sequence[Bools | ArrayCondition],
        choices: Sequence[Either | Node[float] | float],
        default: Either | Node[float] | float = 0.0,
    ) -> ArrayNode: ...


class Interpolating(Protocol):
    """Straight lines between points."""

    @overload
    def __call__(  # type: ignore[overload-overlap]  # decided first
        self,
        x: float,
        xp: Array,
        fp: Array,
        left: float | None = None,
        right: float | None = None,
        period: float | None = None,
    ) -> float: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]  # decided first
        self,
        x: Array,
        xp: Array,
        fp: Array,
        left: float | None = None,
        right: float | None = None,
        period: float | None = None,
    ) -> Array: ...
    @overload
    def __call__(
        self,
        x: _Number,
        xp: Either,
        fp: Either,
        left: _Number | None = None,
        right: _Number | None = None,
        period: _Number | None = None,
    ) -> Node[float]: ...
    @overload
    def __call__(
        self,
        x: Either,
        xp: Either,
        fp: Either,
        left: _Number | None = None,
        right: _Number | None = None,
        period: _Number | None = None,
    ) -> ArrayNode: ...


class Searching(Protocol):
    """The places of numbers among sorted ones."""

    @overload
    def __call__(self, a: Either, v: Node[float] | float, side: str = "left") -> int: ...
    @overload
    def __call__(self, a: Either, v: Either, side: str = "left") -> NDArray[np.int64]: ...


class Convolving(Protocol):
    """A convolution of two vectors."""

    @overload
    def __call__(self, a: Array, v: Array, mode: str = "full") -> Array: ...
    @overload
    def __call__(self, a: ArrayNode, v: Either, mode: str = "full") -> ArrayNode: ...
    @overload
    def __call__(self, a: Array, v: ArrayNode, mode: str = "full") -> ArrayNode: ...


class Area(Protocol):
    """An integral: of a vector a number, along an axis that is named an array."""

    @overload
    def __call__(self, y: Array, x: Array | None = None, dx: float = 1.0) -> float: ...  # type: ignore[overload-overlap]  # decided first
    @overload
    def __call__(  # type: ignore[overload-overlap]  # decided first
        self, y: Array, x: Array | None = None, dx: float = 1.0, *, axis: int
    ) -> Array: ...
    @overload
    def __call__(self, y: Either, x: Either | None = None, dx: _Number = 1.0) -> Node[float]: ...
    @overload
    def __call__(
        self, y: Either, x: Either | None = None, dx: _Number = 1.0, *, axis: int
    ) -> ArrayNode: ...
