"""Operations: one value each, its meaning and its derivative side by side.

A *rule* gives one partial derivative from the operation's result `out` and its arguments
`x, y, z`. It is written once with operations and operators alone, so the same line serves floats
(the fold over values) and nodes (the fold over nodes). No rule (`None`) means that nothing flows
to that argument; `when` makes a rule that flows on one side of a condition only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, ClassVar, Final, TypeAlias, final, overload

import attrs

from fgrad.errors import NotPicklable
from fgrad.ops.documented import described
from fgrad.ops.floats import giving_floats
from fgrad.ops.operand import (
    N,
    Operand,
    Ordered,
    Partial,
    R,
    Real,
    T,
    Truth,
    TruthValue,
    literal,
    truth,
)

Rule1: TypeAlias = Callable[[Real, Real], Partial]
Rule2: TypeAlias = Callable[[Real, Real, Real], Partial]
Rule: TypeAlias = Callable[..., Partial] | None
Rule3: TypeAlias = Callable[[Real, Real, Real, Real], Partial]
Ways: TypeAlias = tuple[Callable[..., Any], Callable[..., Any]]
ChoiceRule: TypeAlias = Callable[[Real, TruthValue, Real, Real], Partial]


def _keep_floats(op: Op, *names: str) -> None:
    """Have the functions of `op` under these names give floats, whoever wrote them."""
    for name in names:
        said = "the implementation" if name == "impl" else name
        where = f"the result of {said} of {op.name}"
        kept = giving_floats(getattr(op, name), where, operands=name != "impl")
        object.__setattr__(op, name, kept)


_FEW: Final = 8
"""Arguments up to which it is faster to look at each than at one of each class."""


@attrs.frozen(eq=False, repr=False)
class Op:
    """What all operations share: a name, a number of arguments and the kind of the result."""

    name: str
    impl: Callable[..., Any]

    arity: ClassVar[int]
    truth: ClassVar[bool] = False
    """Whether the result is a truth value."""
    joint: ClassVar[bool] = False
    """Whether it has several results, and is differentiated as a whole."""

    def __repr__(self) -> str:
        """The name, as in `<Unary sin>`."""
        return f"<{type(self).__name__} {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by reference: an operation is found again in the module that holds it."""
        return find, (self.module, self.name)

    # Not cached: attrs would add __getattr__, with which Python finds every attribute more slowly.
    @property
    def rules(self) -> tuple[Rule, ...]:
        """A rule, or None, for each argument."""
        return (None,) * self.arity

    @property
    def kinds(self) -> tuple[type, ...]:
        """What each argument is: a float, a bool, or the tuple that an item reads."""
        return (float,) * self.arity

    @property
    def module(self) -> str:
        """The module in which this operation is a global under its own name; NotPicklable if none."""
        own = getattr(self.impl, "__module__", None)
        for name in ("fgrad.ops.scalar", "fgrad.graph.node", own, *tuple(sys.modules)):
            # Its dictionary, since asking a lazy module for an unknown name may run code or warn.
            held = getattr(sys.modules.get(str(name)), "__dict__", {})
            if held.get(self.name) is self:
                return str(name)
        raise NotPicklable(repr(self), f"Bind it to the global name {self.name} in a module.")

    def checked(self, args: tuple[Any, ...]) -> Any:
        """The result on arguments that are not all floats; NotAValue unless they are numbers."""
        for a in args:
            if type(a) is not float and (not isinstance(a, Operand) or a.truth):
                return self.applied(tuple([self._number(a) for a in args]))
        return self.applied(args)

    def applied(self, args: tuple[Any, ...]) -> Any:
        """The result on arguments of the right kinds: of the meaning, or as the operand among them says.

        What has no value wins over what has one.
        """
        operand: Operand | None = None
        for a in (
            args if len(args) <= _FEW else dict(zip(map(type, args), args, strict=True)).values()
        ):
            if isinstance(a, Operand) and (operand is None or a.abstract):
                operand = a
        return self.impl(*args) if operand is None else operand.apply(self, args)

    def _number(self, value: object) -> Operand | float:
        if isinstance(value, Operand) and not value.truth:
            return value
        return literal(value, self.name)


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


@described
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

    impl: Callable[[float], float]
    dx: Rule1 | None
    kink: str = ""

    arity: ClassVar[int] = 1

    def __attrs_post_init__(self) -> None:
        """Keep numbers as floats."""
        _keep_floats(self, "impl", "dx")

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
            return self.impl(x)
        return x.under(self) if isinstance(x, Operand) else self.checked((x,))


@attrs.frozen(eq=False, repr=False)
class OfTwo(Op):
    """What operations on two numbers share: ways to apply them that are made once, when first used."""

    # They call the operation, so anywhere else they would keep it. Made twice, they are the same.
    _quick: dict[type, Ways] = attrs.field(factory=dict, init=False)

    arity: ClassVar[int] = 2

    def quick(self, kind: type, make: Callable[[Any], Ways]) -> Ways:
        """Its functions of an operand of the class `kind` and something, and the other way round."""
        known = self._quick.get(kind)
        return known or self._quick.setdefault(kind, make(self))

    def _between(self, x: Any, y: Any) -> Any:
        """The result on two of which not both are floats."""
        if isinstance(x, Operand):
            return x.before(self, y)
        return y.after(self, x) if isinstance(y, Operand) else self.checked((x, y))


@described
@final
@attrs.frozen(eq=False, repr=False)
class Binary(OfTwo):
    """An operation on two numbers: `dx(out, x, y)` and `dy(out, x, y)` are its partial derivatives."""

    impl: Callable[[float, float], float]
    dx: Rule2 | None
    dy: Rule2 | None
    kink: str = ""

    def __attrs_post_init__(self) -> None:
        """Keep numbers as floats."""
        _keep_floats(self, "impl", "dx", "dy")

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
            return self.impl(x, y)
        return self._between(x, y)


@described
@final
@attrs.frozen(eq=False, repr=False)
class Ternary(Op):
    """An operation on three numbers, with `dx`, `dy`, `dz` of `(out, x, y, z)`."""

    impl: Callable[[float, float, float], float]
    dx: Rule3 | None
    dy: Rule3 | None
    dz: Rule3 | None
    kink: str = ""

    arity: ClassVar[int] = 3

    def __attrs_post_init__(self) -> None:
        """Keep numbers as floats."""
        _keep_floats(self, "impl", "dx", "dy", "dz")

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
    def __call__(self, condition: bool, x: float, y: float, /) -> float: ...
    @overload
    def __call__(self, condition: Truth[N], x: float, y: float, /) -> N: ...  # pyright: ignore[reportOverlappingOverload]  # decided first
    @overload
    def __call__(self, condition: TruthValue, x: R, y: float, /) -> R: ...
    @overload
    def __call__(self, condition: TruthValue, x: float, y: R, /) -> R: ...
    @overload
    def __call__(self, condition: TruthValue, x: R, y: R, /) -> R: ...
    def __call__(self, condition: Any, x: Any, y: Any, /) -> Any:
        """x where the condition holds, y elsewhere; nothing of the other side leaks in."""
        sides = (self._number(x), self._number(y))
        return self.applied((truth(condition, self.name), *sides))
