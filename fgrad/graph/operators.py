"""Python's operators on nodes, and operations on two numbers: how most nodes are made.

Each operation has a function of its own, in which nothing is looked up that is known beforehand and
the node is filled without a call (docs/decisions/0002).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from fgrad.graph.node import Condition, Node, _Open
from fgrad.ops import scalar as ops
from fgrad.ops.operand import Operand, is_real, literal
from fgrad.ops.primitive import Op
from fgrad.ops.signatures import Appliers, Binary, Comparison

_Forward: TypeAlias = Callable[[Node[float], Node[float] | float], Node[float]]
_Reflected: TypeAlias = Callable[[Node[float], float], Node[float]]

ARITHMETIC: Final = (
    ("add", ops.add),
    ("sub", ops.sub),
    ("mul", ops.mul),
    ("truediv", ops.div),
    ("pow", ops.pow),
    ("mod", ops.mod),
)
ORDER: Final = (
    ("lt", "gt", ops.less),
    ("le", "ge", ops.less_equal),
    ("gt", "lt", ops.greater),
    ("ge", "le", ops.greater_equal),
)
# Classes of these modules have no methods for nodes: our error says more than Python's.
_KNOWN: Final = frozenset(
    (
        "array",
        "builtins",
        "collections",
        "datetime",
        "decimal",
        "fgrad",
        "fractions",
        "numpy",
        "pandas",
        "pathlib",
        "xarray",
    )
)


def answers(other: object, method: str) -> bool:
    """Whether `other` is of a user's class with a reflected `method` of its own.

    Then an operator returns NotImplemented, and Python calls that method (docs/decisions/0007).
    """
    for kind in type(other).__mro__:
        if method in kind.__dict__:
            known = kind.__module__.partition(".")[0] in _KNOWN
            return not known and kind.__dict__[method] is not None
    return False


def beside(op: Op, self: object, other: object, method: str | None) -> Any:
    """`op` on an operand and another object that is no plain number: the result if it is an operand.

    NotImplemented if its class has the reflected `method`; raises NotAValue otherwise.
    """
    if method is not None and answers(other, method):
        return NotImplemented
    return op.checked((self, other))


def give_operators(kind: Any, operators: Callable[..., Appliers]) -> None:
    """Give the class `kind` Python's operators, and operations on two numbers the same functions."""
    for name, op in ARITHMETIC:
        for prefix, method in zip(("", "r"), operators(op, f"__r{name}__"), strict=True):
            setattr(kind, f"__{prefix}{name}__", method)
    for name, mirrored, comparison in ORDER:
        setattr(kind, f"__{name}__", operators(comparison, f"__{mirrored}__")[0])

    def binary(self: Any, op: Any, other: Any) -> Any:
        return op.appliers(kind, operators)[0](self, other)

    def reflected(self: Any, op: Any, other: Any) -> Any:
        return op.appliers(kind, operators)[1](self, other)

    kind.binary, kind.reflected = binary, reflected


def _of_nodes(op: Binary | Comparison, method: str | None = None) -> tuple[_Forward, _Reflected]:
    """`op` on a node and another argument, which may have a reflected `method`; and the reverse."""
    impl = op.impl
    kind = Condition if op.truth else Node

    def forward(self: Node[float], other: Node[float] | float, /) -> Node[float]:
        depth = self.depth
        if type(other) is Node:
            value = impl(self.value, other.value)
            if other.depth > depth:
                depth = other.depth
        else:
            if type(other) is not float:
                if type(other) is not int and not is_real(other):
                    return beside(op, self, other, method)  # type: ignore[no-any-return]  # a node, or it refuses
                other = literal(other, op.name)
            value = impl(self.value, other)
        node = _Open()
        node.op = op
        node._x = self
        node._y = other
        node.value = value
        node.label = None
        node.depth = depth + 1
        node.__class__ = kind
        return node  # type: ignore[return-value]  # it has just become one

    def reflected(self: Node[float], other: float, /) -> Node[float]:
        if type(other) is not float:
            if type(other) is not int and not is_real(other):
                return op.checked((other, self))  # type: ignore[no-any-return]  # likewise
            other = literal(other, op.name)
        node = _Open()
        node.op = op
        node._x = other
        node._y = self
        node.value = impl(other, self.value)
        node.label = None
        node.depth = self.depth + 1
        node.__class__ = kind
        return node  # type: ignore[return-value]  # it has just become one

    return forward, reflected


def _joining(
    op: Callable[[Any, Any], Any], name: str
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """`op` on a condition and a truth value; and the reverse."""

    def forward(self: Any, other: Any, /) -> Any:
        return NotImplemented if answers(other, f"__r{name}__") else op(self, other)

    def reflected(self: Any, other: Any, /) -> Any:
        return op(other, self)

    return forward, reflected


def _either(x: Any, y: Any) -> Any:
    """Whether one of two truth values holds and the other does not."""
    return ops.logical_and(ops.logical_or(x, y), ops.logical_not(ops.logical_and(x, y)))


def _give_logic(kind: Any) -> None:
    """Give conditions `&`, `|` and `^`, and have operations on numbers raise for them."""
    kind.unary, kind.binary, kind.reflected = Operand.unary, Operand.binary, Operand.reflected
    for name, op in (("and", ops.logical_and), ("or", ops.logical_or), ("xor", _either)):
        forward, reflected = _joining(op, name)
        setattr(kind, f"__{name}__", forward)
        setattr(kind, f"__r{name}__", reflected)


give_operators(Node, _of_nodes)
_give_logic(Condition)
