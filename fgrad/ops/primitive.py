"""What an operation is: a name, its implementation on floats, and its derivative.

A *rule* gives one partial derivative from the operation's result `out` and its arguments
`x, y, z`. It is written once with operations and operators alone, so the same line serves floats
(the fold over values) and nodes (the fold over nodes). No rule (`None`) means that the argument
receives no contribution; `when` makes a rule that contributes on one side of a condition only.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any, ClassVar, Final, TypeAlias, TypeVar, final

import attrs

from fgrad.errors import NotPicklable
from fgrad.ops.operand import Guarded, Operand, Partial, arrays, is_array, literal, numeric

Rule: TypeAlias = Callable[..., Partial] | None
K = TypeVar("K")

_FEW: Final = 8
"""Arguments up to which it is faster to look at each than at one of each class."""
_FLOATS: Final = frozenset({"math", "_operator"})
"""Modules whose functions of floats return floats, besides our own."""


@attrs.frozen(eq=False, repr=False)
class Op:
    """What all operations share: a name, a number of arguments and the kind of the result."""

    name: str
    impl: Callable[..., Any]

    arity: ClassVar[int]
    truth: ClassVar[bool] = False
    """Whether the result is a truth value."""
    multiple: ClassVar[bool] = False
    """Whether it has multiple results, and is differentiated as a whole."""
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
        """The type of each argument: float, bool, or the tuple that an item reads."""
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
                if is_array(a) and arrays().are_plain(args):
                    return arrays().computed(self, args)
                return self.applied(tuple([self._number(a) for a in args]))
        return self.applied(args)

    def applied(self, args: tuple[Any, ...]) -> Any:
        """The result on arguments of the right types, by the implementation or by an operand among them.

        Of several operands that of the highest rank applies it.
        """
        operand: Operand | None = None
        highest = -1
        few = len(args) <= _FEW
        for a in args if few else dict(zip(map(type, args), args, strict=True)).values():
            if isinstance(a, Operand) and (rank := a.rank) > highest:
                operand, highest = a, rank
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
class Nullary(Op):
    """An operation without arguments, which makes variables; its implementation returns the value."""

    arity: ClassVar[int] = 0


def keep_floats(op: Op, *names: str) -> None:
    """Have the functions that `op` holds under these names return floats, whoever wrote them.

    Nodes, contributions and programs hold floats and nothing else: an int among them would be taken
    for the number of a value.
    """
    for name in names:
        said = "the implementation" if name == "impl" else name
        where = f"the result of {said} of {op.name}"
        kept = _giving_floats(getattr(op, name), where, operands=name != "impl")
        object.__setattr__(op, name, kept)


def _giving_floats(f: Callable[..., Any] | None, where: str, *, operands: bool) -> Any:
    """`f` with its results as floats, and `operands` as they are; errors call the result `where`."""
    module = getattr(f, "__module__", None) or ""
    if f is None or module in _FLOATS or module.partition(".")[0] == "fgrad":
        return f
    given = f

    @functools.wraps(given)
    def kept(*args: Any) -> Any:
        result = given(*args)
        if type(result) is float:
            return result
        if operands and (
            result is None or isinstance(result, (Operand, Guarded)) or is_array(result)
        ):
            return result
        return literal(result, where)

    return kept


class _Text:
    """The `__doc__` of a class of operations: of an operation, what `help` shows of it."""

    def __init__(self, text: str | None) -> None:
        self.text = text

    def __get__(self, op: Any, kind: object = None) -> str | None:
        if op is None:
            return self.text
        from fgrad.ops.descriptions import description  # noqa: PLC0415  # read by `help` alone
        from fgrad.ops.library import is_ours  # noqa: PLC0415  # likewise, and it is above this

        ours = is_ours(op)
        text = description(op.name, op.arity, getattr(op, "kink", "")) if ours else None
        return text or getattr(op.impl, "__doc__", None) or self.text


def described(kind: K) -> K:
    """The class, with a `__doc__` that says of each operation what it does."""
    setattr(kind, "__doc__", _Text(kind.__doc__))  # noqa: B010  # to type checkers it is a str
    return kind
