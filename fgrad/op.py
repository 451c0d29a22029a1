"""Operations: one value each, its meaning and its derivative side by side.

A *rule* gives one partial derivative from the operation's result `out` and its arguments
`x, y, z`. It is written once with operations and operators alone, so the same line serves floats
(the fold over values) and nodes (the fold over nodes). No rule (`None`) means that nothing flows
to that argument; `when` makes a rule that flows on one side of a condition only.

This module knows floats. Whatever else an operation can be applied to is an `Operand` and says
itself what applying means, so nodes, and later arrays and traced values, are added above it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, ClassVar, Generic, Protocol, Self, TypeAlias, TypeVar, final, overload

import attrs

from fgrad.errors import NotAValue, NotPicklable

Answer_co = TypeVar("Answer_co", covariant=True)
Number_co = TypeVar("Number_co", covariant=True)


class Real(Protocol):
    """What rules and models compute with: a float, a node of a float, whatever joins them later.

    >>> import fgrad as fg
    >>> from typing import TypeVar
    >>> R = TypeVar("R", bound=fg.Real)
    >>> def cube(x: R) -> R:
    ...     return x * x * x
    >>> cube(2.0), cube(fg.var(2.0)).value
    (8.0, 8.0)
    """

    def __add__(self, other: Self | float, /) -> Self: ...
    def __radd__(self, other: float, /) -> Self: ...
    def __sub__(self, other: Self | float, /) -> Self: ...
    def __rsub__(self, other: float, /) -> Self: ...
    def __mul__(self, other: Self | float, /) -> Self: ...
    def __rmul__(self, other: float, /) -> Self: ...
    def __truediv__(self, other: Self | float, /) -> Self: ...
    def __rtruediv__(self, other: float, /) -> Self: ...
    def __pow__(self, other: Self | float, /) -> Self: ...
    def __rpow__(self, other: float, /) -> Self: ...
    def __neg__(self) -> Self: ...
    def __lt__(self, other: Self | float, /) -> TruthValue: ...
    def __gt__(self, other: Self | float, /) -> TruthValue: ...


class Ordered(Protocol[Answer_co]):
    """What `<` can be asked of, with the answer's type: bool for floats, a node for nodes."""

    def __lt__(self, other: Any, /) -> Answer_co: ...


R = TypeVar("R", bound=Real)


class Operand:
    """An argument that is not a plain number: it knows how an operation is applied to its kind."""

    __slots__ = ()

    truth: ClassVar[bool] = False

    def apply(self, op: Op, args: tuple[Any, ...]) -> Any:
        """The result of `op` on `args`, at least one of which is of this kind."""
        raise NotImplementedError


class Truth(Operand, Generic[Number_co]):
    """A truth value that is not a plain bool; `Number_co` is what choosing a number by it gives."""

    __slots__ = ()

    truth: ClassVar[bool] = True


TruthValue: TypeAlias = bool | Truth[Any]
T = TypeVar("T", bound=Truth[Any])
N = TypeVar("N")


@final
@attrs.frozen
class Guarded:
    """A contribution that flows only where `condition` holds: elsewhere there is none, not 0 * it."""

    condition: Truth[Any]
    value: Any


Partial: TypeAlias = Real | float | Guarded | None
Rule1: TypeAlias = Callable[[Real, Real], Partial]
Rule2: TypeAlias = Callable[[Real, Real, Real], Partial]
Rule: TypeAlias = Callable[..., Partial] | None
Rule3: TypeAlias = Callable[[Real, Real, Real, Real], Partial]
ChoiceRule: TypeAlias = Callable[[Real, TruthValue, Real, Real], Partial]


def when(condition: TruthValue, partial: Partial) -> Partial:
    """The partial derivative where `condition` holds, and a structural zero elsewhere.

    >>> when(True, 2.0), when(False, 2.0)
    (2.0, None)
    """
    if isinstance(condition, bool):
        return partial if condition else None
    return Guarded(condition, partial)


def literal(value: object, where: str) -> float:
    """`value` as the float that a node keeps; NotAValue unless it is a real number and no bool."""
    if type(value) is float:
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    raise not_a_number(value, where)


def not_a_number(value: object, where: str) -> NotAValue:
    """The error for `value` standing where `where` needs a number."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    got = f"{value!r:.60} of type {kind}"
    needed = "a float, an int or a node"
    if isinstance(value, (bool, Truth)):
        got = f"the truth value {value!r:.60}"
        advice = "Use where(condition, x, y) to choose by it."
    elif isinstance(value, complex):
        advice = "fgrad differentiates real numbers; use the real and imaginary parts as two."
    elif isinstance(value, str):
        advice = "Convert it with float(...) first."
    else:
        real = getattr(type(value), "__float__", None) is not None
        advice = (
            "Convert it with float(...) first."
            if real
            else "Build the model of fgrad's nodes only."
        )
    return NotAValue(where, needed, got, advice)


def truth(value: object, where: str) -> TruthValue:
    """`value` if it is a truth value; NotAValue otherwise."""
    if isinstance(value, (bool, Truth)):
        return value
    advice = "Compare it with something first, as in less(x, 0.0)."
    raise NotAValue(where, "a truth value", f"{value!r:.60}", advice)


@attrs.frozen(eq=False, repr=False)
class Op:
    """What all operations share: a name, a number of arguments and the kind of the result."""

    name: str
    meaning: Callable[..., Any]

    arity: ClassVar[int]
    truth: ClassVar[bool] = False
    """Whether the result is a truth value."""

    def __repr__(self) -> str:
        """The name, as in `<Unary sin>`."""
        return f"<{type(self).__name__} {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by reference: an operation is found again in the module that holds it."""
        return find, (self.module, self.name)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """A rule, or None, for each argument."""
        return (None,) * self.arity

    @property
    def module(self) -> str:
        """The module in which this operation is a global under its own name; NotPicklable if none."""
        own = getattr(self.meaning, "__module__", None)
        for name in ("fgrad.operations", "fgrad.node", own, *tuple(sys.modules)):
            if name is not None and getattr(sys.modules.get(name), self.name, None) is self:
                return name
        raise NotPicklable(repr(self), f"Bind it to the global name {self.name} in a module.")

    def _apply(self, args: tuple[Any, ...]) -> Any:
        """Apply to arguments that are not all floats."""
        operand = None
        for a in args:
            if isinstance(a, Operand) and not a.truth:
                operand = a
            elif type(a) is not float:
                return self._dispatch(tuple(self._number(a) for a in args))
        return self.meaning(*args) if operand is None else operand.apply(self, args)

    def _number(self, value: object) -> Operand | float:
        if isinstance(value, Operand) and not value.truth:
            return value
        return literal(value, self.name)

    def _dispatch(self, args: tuple[Any, ...]) -> Any:
        for a in args:
            if isinstance(a, Operand):
                return a.apply(self, args)
        return self.meaning(*args)


def find(module: str, name: str) -> Op:
    """The operation that `module` holds under `name` (what a pickle calls)."""
    __import__(module)
    op = getattr(sys.modules[module], name, None)
    if not isinstance(op, Op):
        raise NotPicklable(f"operation {name}", f"The module {module} no longer holds it.")
    return op


@final
@attrs.frozen(eq=False, repr=False)
class Leaf(Op):
    """An operation without arguments, which a variable is made by; its meaning is its value."""

    arity: ClassVar[int] = 0


@final
@attrs.frozen(eq=False, repr=False)
class Unary(Op):
    """An operation on one number: `dx(out, x)` is its derivative; `kink` says where it is a convention.

    >>> import fgrad as fg
    >>> softsign = fg.Unary("softsign", lambda x: x / (1 + abs(x)), lambda out, x: 1 / (1 + abs(x)) ** 2)
    >>> x = fg.var(1.0)
    >>> y = softsign(x)
    >>> y.value, fg.grad(fg.Graph.of(y), y)[x]
    (0.5, 0.25)
    """

    meaning: Callable[[float], float]
    dx: Rule1 | None
    kink: str = ""

    arity: ClassVar[int] = 1

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in the order of the arguments."""
        return (self.dx,)

    @overload
    def __call__(self, x: float, /) -> float: ...
    @overload
    def __call__(self, x: R, /) -> R: ...
    def __call__(self, x: Any, /) -> Any:
        """The result of the operation, of the kind of its argument."""
        if type(x) is float:
            return self.meaning(x)
        if isinstance(x, Operand) and not x.truth:
            return x.apply(self, (x,))
        return self._apply((x,))


@final
@attrs.frozen(eq=False, repr=False)
class Binary(Op):
    """An operation on two numbers: `dx(out, x, y)` and `dy(out, x, y)` are its partial derivatives."""

    meaning: Callable[[float, float], float]
    dx: Rule2 | None
    dy: Rule2 | None
    kink: str = ""

    arity: ClassVar[int] = 2

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in the order of the arguments."""
        return (self.dx, self.dy)

    # Each mixture has its overload: in `R | float` an int argument would be taken for an R.
    @overload
    def __call__(self, x: float, y: float, /) -> float: ...
    @overload
    def __call__(self, x: R, y: float, /) -> R: ...
    @overload
    def __call__(self, x: float, y: R, /) -> R: ...
    @overload
    def __call__(self, x: R, y: R, /) -> R: ...
    def __call__(self, x: Any, y: Any, /) -> Any:
        """The result of the operation, of the kind of its arguments."""
        if type(x) is float and type(y) is float:
            return self.meaning(x, y)
        return self._apply((x, y))


@final
@attrs.frozen(eq=False, repr=False)
class Ternary(Op):
    """An operation on three numbers, with `dx`, `dy`, `dz` of `(out, x, y, z)`."""

    meaning: Callable[[float, float, float], float]
    dx: Rule3 | None
    dy: Rule3 | None
    dz: Rule3 | None
    kink: str = ""

    arity: ClassVar[int] = 3

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in the order of the arguments."""
        return (self.dx, self.dy, self.dz)

    @overload
    def __call__(self, x: float, y: float, z: float, /) -> float: ...
    @overload
    def __call__(self, x: float, y: float, z: R, /) -> R: ...
    @overload
    def __call__(self, x: float, y: R, z: float, /) -> R: ...
    @overload
    def __call__(self, x: R, y: float, z: float, /) -> R: ...
    @overload
    def __call__(self, x: float, y: R, z: R, /) -> R: ...
    @overload
    def __call__(self, x: R, y: float, z: R, /) -> R: ...
    @overload
    def __call__(self, x: R, y: R, z: float, /) -> R: ...
    @overload
    def __call__(self, x: R, y: R, z: R, /) -> R: ...
    def __call__(self, x: Any, y: Any, z: Any, /) -> Any:
        """The result of the operation, of the kind of its arguments."""
        return self._apply((x, y, z))


@final
@attrs.frozen(eq=False, repr=False)
class Comparison(Op):
    """An operation that compares two numbers; it has no derivative."""

    meaning: Callable[[float, float], bool]

    arity: ClassVar[int] = 2
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
            return self.meaning(x, y)
        return self._apply((x, y))


@final
@attrs.frozen(eq=False, repr=False)
class Connective(Op):
    """An operation that joins two truth values; it has no derivative."""

    meaning: Callable[[bool, bool], bool]

    arity: ClassVar[int] = 2
    truth: ClassVar[bool] = True
    dx: ClassVar[None] = None
    dy: ClassVar[None] = None

    @overload
    def __call__(self, x: bool, y: bool, /) -> bool: ...
    @overload
    def __call__(self, x: T, y: T | bool, /) -> T: ...
    @overload
    def __call__(self, x: bool, y: T, /) -> T: ...
    def __call__(self, x: Any, y: Any, /) -> Any:
        """Whether it holds: a bool, or a node of one."""
        return self._dispatch((truth(x, self.name), truth(y, self.name)))


@final
@attrs.frozen(eq=False, repr=False)
class Negation(Op):
    """The operation that turns a truth value round; it has no derivative."""

    meaning: Callable[[bool], bool]

    arity: ClassVar[int] = 1
    truth: ClassVar[bool] = True
    dx: ClassVar[None] = None

    @overload
    def __call__(self, x: bool, /) -> bool: ...
    @overload
    def __call__(self, x: T, /) -> T: ...
    def __call__(self, x: Any, /) -> Any:
        """Whether it does not hold: a bool, or a node of one."""
        return self._dispatch((truth(x, self.name),))


@final
@attrs.frozen(eq=False, repr=False)
class Choice(Op):
    """The operation that chooses one of two numbers by a truth value."""

    meaning: Callable[[bool, float, float], float]
    dy: ChoiceRule
    dz: ChoiceRule
    kink: str = ""

    arity: ClassVar[int] = 3
    dx: ClassVar[None] = None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in the order of the arguments."""
        return (None, self.dy, self.dz)

    @overload
    def __call__(self, condition: bool, x: float, y: float, /) -> float: ...
    @overload
    def __call__(self, condition: Truth[N], x: float, y: float, /) -> N: ...
    @overload
    def __call__(self, condition: TruthValue, x: R, y: float, /) -> R: ...
    @overload
    def __call__(self, condition: TruthValue, x: float, y: R, /) -> R: ...
    @overload
    def __call__(self, condition: TruthValue, x: R, y: R, /) -> R: ...
    def __call__(self, condition: Any, x: Any, y: Any, /) -> Any:
        """x where the condition holds, y elsewhere; nothing of the other side leaks in."""
        sides = (self._number(x), self._number(y))
        return self._dispatch((truth(condition, self.name), *sides))
