"""Operations: one value each, its meaning and its derivative side by side.

A *rule* gives one partial derivative from the operation's result `out` and its arguments
`x, y, z`. It is written once with operations and operators alone, so the same line serves floats
(the fold over values) and nodes (the fold over nodes). No rule (`None`) means that nothing flows
to that argument; `when` makes a rule that flows on one side of a condition only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias, final, overload

import attrs

from fgrad.errors import NotPicklable
from fgrad.ops.documented import described
from fgrad.ops.floats import giving_floats
from fgrad.ops.operand import (
    Operand,
    Partial,
    R,
    Real,
    numeric,
)

if TYPE_CHECKING:
    from fgrad.arrays.nodes import ArrayNode
    from fgrad.arrays.values import Array
    from fgrad.graph.node import Node

Rule1: TypeAlias = Callable[[Real, Real], Partial]
Rule2: TypeAlias = Callable[[Real, Real, Real], Partial]
Rule: TypeAlias = Callable[..., Partial] | None
Rule3: TypeAlias = Callable[[Real, Real, Real, Real], Partial]
Ways: TypeAlias = tuple[Callable[..., Any], Callable[..., Any]]


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
    elementwise: ClassVar[bool] = True
    """Whether it is done to arrays element by element."""

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

        Of several operands the one of the highest rank says it.
        """
        operand: Operand | None = None
        few = len(args) <= _FEW
        for a in args if few else dict(zip(map(type, args), args, strict=True)).values():
            if isinstance(a, Operand) and (operand is None or a.rank > operand.rank):
                operand = a
        return self.impl(*args) if operand is None else operand.apply(self, args)

    def _number(self, value: object) -> Operand | float:
        if isinstance(value, Operand) and not value.truth:
            return value
        return numeric(value, self.name)


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

    if TYPE_CHECKING:

        @overload
        def __call__(self, x: Array, /) -> Array: ...

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
