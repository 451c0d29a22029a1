"""Operations by their signature: a class each, long by the overloads that type their calls.

Each class has the types of a call as overloads, so that floats give a float and nodes a node. Floats
come first in them: of two that fit, checkers take the first, and a float fits `R` as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, final, overload

import attrs

from fgrad.ops.operand import N, Operand, Ordered, Partial, R, Real, T, Truth, TruthValue, truth
from fgrad.ops.primitive import Op, Rule, described, keep_floats

if TYPE_CHECKING:
    from fgrad.arrays.nodes import ArrayCondition, ArrayNode
    from fgrad.arrays.values import Array, Bools
    from fgrad.graph.node import Node

    _Plain: TypeAlias = Array | float
    _Operand: TypeAlias = ArrayNode | Array | Node[float] | float

Rule1: TypeAlias = Callable[[Real, Real], Partial]
Rule2: TypeAlias = Callable[[Real, Real, Real], Partial]
Rule3: TypeAlias = Callable[[Real, Real, Real, Real], Partial]
ChoiceRule: TypeAlias = Callable[[Real, TruthValue, Real, Real], Partial]
Appliers: TypeAlias = tuple[Callable[..., Any], Callable[..., Any]]


@described
@final
@attrs.frozen(eq=False, repr=False)
class Unary(Op):
    """An operation on one number, with its derivative `dx(out, x)`; `kink` says where that is a convention.

    >>> import fgrad as fg
    >>> softsign = fg.Unary("softsign", lambda x: x / (1 + abs(x)), lambda out, x: 1 / (1 + abs(x)) ** 2)
    >>> x = fg.var(1.0)
    >>> y = softsign(x)
    >>> y.value, fg.grad(fg.Graph.of(y), y)[x]
    (0.5, 0.25)
    """

    impl: Callable[[float], float]
    dx: Rule1 | None
    kink: str = ""

    arity: ClassVar[int] = 1

    def __attrs_post_init__(self) -> None:
        """Have user functions return floats."""
        keep_floats(self, "impl", "dx")

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in the order of the arguments."""
        return (self.dx,)

    @overload
    def __call__(self, x: float, /) -> float: ...

    if TYPE_CHECKING:

        @overload
        def __call__(self, x: Array, /) -> Array: ...

    @overload
    def __call__(self, x: R, /) -> R: ...
    def __call__(self, x: Any, /) -> Any:
        """The result of the operation, of the kind of its argument."""
        if type(x) is float:
            return self.impl(x)
        return x.unary(self) if isinstance(x, Operand) else self.checked((x,))


@attrs.frozen(eq=False, repr=False)
class OfTwo(Op):
    """What operations on two numbers share: functions that apply them to operands, made when first used."""

    # They refer to the operation: kept anywhere else, they would keep it alive. Made by two threads
    # at once, they are the same.
    _appliers: dict[type, Appliers] = attrs.field(factory=dict, init=False)

    arity: ClassVar[int] = 2

    def appliers(self, kind: type, make: Callable[[Any], Appliers]) -> Appliers:
        """The functions that apply it to an operand of class `kind` and any argument, and the reverse."""
        known = self._appliers.get(kind)
        return known or self._appliers.setdefault(kind, make(self))

    def _between(self, x: Any, y: Any) -> Any:
        """The result on two arguments that are not both floats."""
        if isinstance(x, Operand):
            return x.binary(self, y)
        return y.reflected(self, x) if isinstance(y, Operand) else self.checked((x, y))


@described
@final
@attrs.frozen(eq=False, repr=False)
class Binary(OfTwo):
    """An operation on two numbers, with its partial derivatives `dx(out, x, y)` and `dy(out, x, y)`."""

    impl: Callable[[float, float], float]
    dx: Rule2 | None
    dy: Rule2 | None
    kink: str = ""

    def __attrs_post_init__(self) -> None:
        """Have user functions return floats."""
        keep_floats(self, "impl", "dx", "dy")

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in the order of the arguments."""
        return (self.dx, self.dy)

    @overload
    def __call__(self, x: float, y: float, /) -> float: ...
    @overload
    def __call__(self, x: float, y: R, /) -> R: ...
    @overload
    def __call__(self, x: R, y: R | float, /) -> R: ...

    if TYPE_CHECKING:

        @overload
        def __call__(self, x: Array, y: Array | float, /) -> Array: ...
        @overload
        def __call__(self, x: float, y: Array, /) -> Array: ...
        @overload
        def __call__(self, x: ArrayNode, y: Array | Node[float], /) -> ArrayNode: ...
        @overload
        def __call__(self, x: Array | Node[float], y: ArrayNode, /) -> ArrayNode: ...
        @overload
        def __call__(self, x: Array, y: Node[float], /) -> ArrayNode: ...
        @overload
        def __call__(self, x: Node[float], y: Array, /) -> ArrayNode: ...

    def __call__(self, x: Any, y: Any, /) -> Any:
        """The result of the operation, of the kind of its arguments."""
        if type(x) is float and type(y) is float:
            return self.impl(x, y)
        return self._between(x, y)


@described
@final
@attrs.frozen(eq=False, repr=False)
class Ternary(Op):
    """An operation on three numbers, with its partial derivatives `dx`, `dy`, `dz` of `(out, x, y, z)`."""

    impl: Callable[[float, float, float], float]
    dx: Rule3 | None
    dy: Rule3 | None
    dz: Rule3 | None
    kink: str = ""

    arity: ClassVar[int] = 3

    def __attrs_post_init__(self) -> None:
        """Have user functions return floats."""
        keep_floats(self, "impl", "dx", "dy", "dz")

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in the order of the arguments."""
        return (self.dx, self.dy, self.dz)

    @overload
    def __call__(self, x: float, y: float, z: float, /) -> float: ...
    @overload
    def __call__(self, x: float, y: float, z: R, /) -> R: ...
    @overload
    def __call__(self, x: float, y: R, z: R | float, /) -> R: ...
    @overload
    def __call__(self, x: R, y: R | float, z: R | float, /) -> R: ...
    def __call__(self, x: Any, y: Any, z: Any, /) -> Any:
        """The result of the operation, of the kind of its arguments."""
        return self.checked((x, y, z))


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

    if TYPE_CHECKING:

        @overload
        def __call__(self, x: Array, y: Array | float, /) -> Bools: ...
        @overload
        def __call__(self, x: float, y: Array, /) -> Bools: ...
        @overload
        def __call__(self, x: ArrayNode, y: Array | Node[float], /) -> ArrayCondition: ...
        @overload
        def __call__(self, x: Array | Node[float], y: ArrayNode, /) -> ArrayCondition: ...
        @overload
        def __call__(self, x: Array, y: Node[float], /) -> ArrayCondition: ...
        @overload
        def __call__(self, x: Node[float], y: Array, /) -> ArrayCondition: ...

    def __call__(self, x: Any, y: Any, /) -> Any:
        """Whether it holds, as a bool or as a node."""
        if type(x) is float and type(y) is float:
            return self.impl(x, y)
        return self._between(x, y)


@attrs.frozen(eq=False, repr=False)
class OfTruths(Op):
    """What operations on truth values share; they have no derivative."""

    truth: ClassVar[bool] = True

    @property
    def kinds(self) -> tuple[type, ...]:
        """Truth values."""
        return (bool,) * self.arity


@described
@final
@attrs.frozen(eq=False, repr=False)
class Connective(OfTruths):
    """An operation that joins two truth values."""

    impl: Callable[[bool, bool], bool]

    arity: ClassVar[int] = 2
    dx: ClassVar[None] = None
    dy: ClassVar[None] = None

    @overload
    def __call__(self, x: bool, y: bool, /) -> bool: ...
    @overload
    def __call__(self, x: T, y: T | bool, /) -> T: ...
    @overload
    def __call__(self, x: bool, y: T, /) -> T: ...
    def __call__(self, x: Any, y: Any, /) -> Any:
        """Whether it holds, as a bool or as a node."""
        return self.applied((truth(x, self.name), truth(y, self.name)))


@described
@final
@attrs.frozen(eq=False, repr=False)
class Negation(OfTruths):
    """The operation that negates a truth value."""

    impl: Callable[[bool], bool]

    arity: ClassVar[int] = 1
    dx: ClassVar[None] = None

    @overload
    def __call__(self, x: bool, /) -> bool: ...
    @overload
    def __call__(self, x: T, /) -> T: ...
    def __call__(self, x: Any, /) -> Any:
        """Whether it does not hold, as a bool or as a node."""
        return self.applied((truth(x, self.name),))


@described
@final
@attrs.frozen(eq=False, repr=False)
class Choice(Op):
    """The operation that selects one of two numbers by a truth value."""

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
    def __call__(self, condition: TruthValue, x: float, y: R, /) -> R: ...
    @overload
    def __call__(self, condition: TruthValue, x: R, y: R | float, /) -> R: ...

    if TYPE_CHECKING:

        @overload
        def __call__(self, condition: bool | Bools, x: _Plain, y: _Plain, /) -> Array: ...  # type: ignore[overload-overlap]  # likewise
        @overload
        def __call__(
            self, condition: TruthValue | Bools, x: _Operand, y: _Operand, /
        ) -> ArrayNode: ...

    def __call__(self, condition: Any, x: Any, y: Any, /) -> Any:
        """x where the condition holds, y elsewhere; the value not chosen has no effect, even if it is nan."""
        sides = (self._number(x), self._number(y))
        return self.applied((truth(condition, self.name), *sides))


Choice.__call__.__qualname__ = "where"  # how Python tells of a wrong number of arguments
