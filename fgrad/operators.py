"""Python's operators on nodes, and operations on two numbers: how most nodes are made.

Each operation gets a function of its own, in which nothing is looked up that is known beforehand and
the node is filled in without a call (docs/decisions/0002).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from fgrad import operations as ops
from fgrad.node import Condition, Node, _Open
from fgrad.op import Binary, Comparison, Ways
from fgrad.operand import literal

_Forward: TypeAlias = Callable[[Node[float], Node[float] | float], Node[float]]
_Reflected: TypeAlias = Callable[[Node[float], float], Node[float]]


def give_operators(kind: Any, operators: Callable[[Any], Ways]) -> None:
    """Give the class `kind` Python's operators, and operations on two numbers the same way in."""
    arithmetic = {"add": ops.add, "sub": ops.sub, "mul": ops.mul}
    arithmetic |= {"truediv": ops.div, "pow": ops.pow, "mod": ops.mod}
    order = {"lt": ops.less, "le": ops.less_equal, "gt": ops.greater, "ge": ops.greater_equal}
    for name, op in arithmetic.items():
        forward, reflected = op.quick(kind, operators)
        setattr(kind, f"__{name}__", forward)
        setattr(kind, f"__r{name}__", reflected)
    for name, comparison in order.items():
        setattr(kind, f"__{name}__", comparison.quick(kind, operators)[0])

    def before(self: Any, op: Any, other: Any) -> Any:
        return op.quick(kind, operators)[0](self, other)

    def after(self: Any, op: Any, other: Any) -> Any:
        return op.quick(kind, operators)[1](self, other)

    kind.before, kind.after = before, after


def _of_nodes(op: Binary | Comparison) -> tuple[_Forward, _Reflected]:
    """`op` on a node and something, and on something and a node: quick for nodes and floats."""
    meaning = op.meaning
    kind = Condition if op.truth else Node

    def forward(self: Node[float], other: Node[float] | float, /) -> Node[float]:
        depth = self.depth
        if type(other) is Node:
            value = meaning(self.value, other.value)
            if other.depth > depth:
                depth = other.depth
        else:
            if type(other) is not float:
                if type(other) is not int:
                    return op.checked((self, other))  # type: ignore[no-any-return]  # a node, or it refuses
                other = literal(other, op.name)
            value = meaning(self.value, other)
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
            if type(other) is not int:
                return op.checked((other, self))  # type: ignore[no-any-return]  # likewise
            other = literal(other, op.name)
        node = _Open()
        node.op = op
        node._x = other
        node._y = self
        node.value = meaning(other, self.value)
        node.label = None
        node.depth = self.depth + 1
        node.__class__ = kind
        return node  # type: ignore[return-value]  # it has just become one

    return forward, reflected


give_operators(Node, _of_nodes)
