"""Operations on truth values: comparisons, what joins them, and the choice by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, final, overload

import attrs

from fgrad.ops.documented import described
from fgrad.ops.operand import N, Ordered, Partial, R, Real, T, Truth, TruthValue, truth
from fgrad.ops.primitive import OfTwo, Op, Rule

if TYPE_CHECKING:
    from fgrad.arrays.nodes import ArrayCondition, ArrayNode
    from fgrad.arrays.values import Array, Bools
    from fgrad.graph.node import Node

    _Plain: TypeAlias = Array | float
    _Operand: TypeAlias = ArrayNode | Array | Node[float] | float

ChoiceRule: TypeAlias = Callable[[Real, TruthValue, Real, Real], Partial]


@described
@final
@attrs.frozen(eq=False, repr=False)
class Comparison(OfTwo):
    """An operation that compares two numbers; it has no derivative."""

    impl: Callable[[float, float], bool]

    truth: ClassVar[bool] = True
    dx: ClassVar[None] = None
    dy: ClassVar[None] = None

    @overload
    def __call__(self, x: float, y: float, /) -> bool: ...
    @overload
    def __call__(self, x: float, y: Ordered[N], /) -> N: ...
    @overload
    def __call__(self, x: Ordered[N], y: Real, /) -> N: ...
    def __call__(self, x: Any, y: Any, /) -> Any:
        """Whether it holds: a bool, or a node of one."""
        if type(x) is float and type(y) is float:
            return self.impl(x, y)
        return self._between(x, y)


@described
@final
@attrs.frozen(eq=False, repr=False)
class Connective(Op):
    """An operation that joins two truth values; it has no derivative."""

    impl: Callable[[bool, bool], bool]

    arity: ClassVar[int] = 2
    truth: ClassVar[bool] = True
    dx: ClassVar[None] = None
    dy: ClassVar[None] = None

    @property
    def kinds(self) -> tuple[type, ...]:
        """Truth values."""
        return (bool,) * self.arity

    @overload
    def __call__(self, x: bool, y: bool, /) -> bool: ...
    @overload
    def __call__(self, x: T, y: T | bool, /) -> T: ...
    @overload
    def __call__(self, x: bool, y: T, /) -> T: ...
    def __call__(self, x: Any, y: Any, /) -> Any:
        """Whether it holds: a bool, or a node of one."""
        return self.applied((truth(x, self.name), truth(y, self.name)))


@described
@final
@attrs.frozen(eq=False, repr=False)
class Negation(Op):
    """The operation that turns a truth value round; it has no derivative."""

    impl: Callable[[bool], bool]

    arity: ClassVar[int] = 1
    truth: ClassVar[bool] = True
    dx: ClassVar[None] = None

    @property
    def kinds(self) -> tuple[type, ...]:
        """Truth values."""
        return (bool,) * self.arity

    @overload
    def __call__(self, x: bool, /) -> bool: ...
    @overload
    def __call__(self, x: T, /) -> T: ...
    def __call__(self, x: Any, /) -> Any:
        """Whether it does not hold: a bool, or a node of one."""
        return self.applied((truth(x, self.name),))


@described
@final
@attrs.frozen(eq=False, repr=False)
class Choice(Op):
    """The operation that chooses one of two numbers by a truth value."""

    impl: Callable[[bool, float, float], float]
    dy: ChoiceRule
    dz: ChoiceRule
    kink: str = ""

    arity: ClassVar[int] = 3
    dx: ClassVar[None] = None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in the order of the arguments."""
        return (None, self.dy, self.dz)

    @property
    def kinds(self) -> tuple[type, ...]:
        """A truth value and two numbers."""
        return (bool, float, float)

    @overload
    def __call__(self, condition: bool, x: float, y: float, /) -> float: ...  # type: ignore[overload-overlap]  # decided first

    if TYPE_CHECKING:

        @overload
        def __call__(self, condition: ArrayCondition, x: _Operand, y: _Operand, /) -> ArrayNode: ...

    @overload
    def __call__(self, condition: Truth[N], x: float, y: float, /) -> N: ...  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]  # decided first
    @overload
    def __call__(self, condition: TruthValue, x: R, y: float, /) -> R: ...
    @overload
    def __call__(self, condition: TruthValue, x: float, y: R, /) -> R: ...
    @overload
    def __call__(self, condition: TruthValue, x: R, y: R, /) -> R: ...

    if TYPE_CHECKING:

        @overload
        def __call__(self, condition: bool | Bools, x: _Plain, y: _Plain, /) -> Array: ...  # type: ignore[overload-overlap]  # likewise
        @overload
        def __call__(
            self, condition: TruthValue | Bools, x: _Operand, y: _Operand, /
        ) -> ArrayNode: ...

    def __call__(self, condition: Any, x: Any, y: Any, /) -> Any:
        """x where the condition holds, y elsewhere; nothing of the other side leaks in."""
        sides = (self._number(x), self._number(y))
        return self.applied((truth(condition, self.name), *sides))
