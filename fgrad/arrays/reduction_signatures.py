"""What reductions along axes take and give, for type checkers: of all axes a number, of some an array."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias, TypeVar, overload

from fgrad.arrays.nodes import ArrayCondition, ArrayNode
from fgrad.arrays.values import Array, Bools
from fgrad.graph.node import Node

X = TypeVar("X", ArrayNode, Array)
Axis: TypeAlias = int | tuple[int, ...]
Number: TypeAlias = Node[float] | float
Mask: TypeAlias = Bools | ArrayCondition | bool


class Reducing(Protocol):
    """A method that reduces, from a number on."""

    @overload
    def __call__(
        self,
        axis: None = None,
        *,
        initial: Number | None = None,
        where: Mask = True,
        keepdims: Literal[False] = False,
    ) -> Node[float]: ...
    @overload
    def __call__(
        self,
        axis: Axis | None = None,
        *,
        initial: Number | None = None,
        where: Mask = True,
        keepdims: bool = False,
    ) -> ArrayNode: ...


class Averaging(Protocol):
    """A method that gives a mean."""

    @overload
    def __call__(
        self, axis: None = None, *, where: Mask = True, keepdims: Literal[False] = False
    ) -> Node[float]: ...
    @overload
    def __call__(
        self, axis: Axis | None = None, *, where: Mask = True, keepdims: bool = False
    ) -> ArrayNode: ...


class Spreading(Protocol):
    """A method that gives a variance or deviation."""

    @overload
    def __call__(
        self,
        axis: None = None,
        *,
        ddof: float = 0,
        where: Mask = True,
        keepdims: Literal[False] = False,
    ) -> Node[float]: ...
    @overload
    def __call__(
        self,
        axis: Axis | None = None,
        *,
        ddof: float = 0,
        where: Mask = True,
        keepdims: bool = False,
    ) -> ArrayNode: ...


class Reduction(Protocol):
    """A function that reduces, from a number on."""

    @overload
    def __call__(
        self,
        x: Array,
        axis: None = None,
        *,
        initial: float | None = None,
        where: Bools | bool = True,
        keepdims: Literal[False] = False,
    ) -> float: ...
    @overload
    def __call__(
        self,
        x: Array,
        axis: Axis | None = None,
        *,
        initial: float | None = None,
        where: Bools | bool = True,
        keepdims: bool = False,
    ) -> Array: ...
    @overload
    def __call__(
        self,
        x: ArrayNode,
        axis: None = None,
        *,
        initial: Number | None = None,
        where: Mask = True,
        keepdims: Literal[False] = False,
    ) -> Node[float]: ...
    @overload
    def __call__(
        self,
        x: ArrayNode,
        axis: Axis | None = None,
        *,
        initial: Number | None = None,
        where: Mask = True,
        keepdims: bool = False,
    ) -> ArrayNode: ...


class Mean(Protocol):
    """A function that gives a mean."""

    @overload
    def __call__(
        self,
        x: Array,
        axis: None = None,
        *,
        where: Bools | bool = True,
        keepdims: Literal[False] = False,
    ) -> float: ...
    @overload
    def __call__(
        self,
        x: Array,
        axis: Axis | None = None,
        *,
        where: Bools | bool = True,
        keepdims: bool = False,
    ) -> Array: ...
    @overload
    def __call__(
        self,
        x: ArrayNode,
        axis: None = None,
        *,
        where: Mask = True,
        keepdims: Literal[False] = False,
    ) -> Node[float]: ...
    @overload
    def __call__(
        self, x: ArrayNode, axis: Axis | None = None, *, where: Mask = True, keepdims: bool = False
    ) -> ArrayNode: ...


class Plain(Protocol):
    """A function that reduces all elements."""

    @overload
    def __call__(
        self, x: Array, axis: None = None, *, keepdims: Literal[False] = False
    ) -> float: ...
    @overload
    def __call__(self, x: Array, axis: Axis | None = None, *, keepdims: bool = False) -> Array: ...
    @overload
    def __call__(
        self, x: ArrayNode, axis: None = None, *, keepdims: Literal[False] = False
    ) -> Node[float]: ...
    @overload
    def __call__(
        self, x: ArrayNode, axis: Axis | None = None, *, keepdims: bool = False
    ) -> ArrayNode: ...


class Deviation(Protocol):
    """A function that gives a deviation."""

    @overload
    def __call__(
        self,
        x: Array,
        axis: None = None,
        *,
        ddof: float = 0,
        where: Bools | bool = True,
        keepdims: Literal[False] = False,
    ) -> float: ...
    @overload
    def __call__(
        self,
        x: Array,
        axis: Axis | None = None,
        *,
        ddof: float = 0,
        where: Bools | bool = True,
        keepdims: bool = False,
    ) -> Array: ...
    @overload
    def __call__(
        self,
        x: ArrayNode,
        axis: None = None,
        *,
        ddof: float = 0,
        where: Mask = True,
        keepdims: Literal[False] = False,
    ) -> Node[float]: ...
    @overload
    def __call__(
        self,
        x: ArrayNode,
        axis: Axis | None = None,
        *,
        ddof: float = 0,
        where: Mask = True,
        keepdims: bool = False,
    ) -> ArrayNode: ...


class Norm(Protocol):
    """A norm."""

    @overload
    def __call__(
        self,
        x: Array,
        ord: float | str | None = None,
        axis: None = None,
        *,
        keepdims: Literal[False] = False,
    ) -> float: ...
    @overload
    def __call__(
        self,
        x: Array,
        ord: float | str | None = None,
        axis: Axis | None = None,
        *,
        keepdims: bool = False,
    ) -> Array: ...
    @overload
    def __call__(
        self,
        x: ArrayNode,
        ord: float | str | None = None,
        axis: None = None,
        *,
        keepdims: Literal[False] = False,
    ) -> Node[float]: ...
    @overload
    def __call__(
        self,
        x: ArrayNode,
        ord: float | str | None = None,
        axis: Axis | None = None,
        *,
        keepdims: bool = False,
    ) -> ArrayNode: ...


class Quantile(Protocol):
    """A quantile, or several along a first axis."""

    @overload
    def __call__(  # type: ignore[overload-overlap]  # decided first
        self,
        x: Array,
        q: float,
        axis: None = None,
        *,
        method: str = "linear",
        keepdims: Literal[False] = False,
    ) -> float: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]  # decided first
        self,
        x: ArrayNode,
        q: Number,
        axis: None = None,
        *,
        method: str = "linear",
        keepdims: Literal[False] = False,
    ) -> Node[float]: ...
    @overload
    def __call__(
        self,
        x: X,
        q: float | list[float] | Array,
        axis: Axis | None = None,
        *,
        method: str = "linear",
        keepdims: bool = False,
    ) -> X: ...
