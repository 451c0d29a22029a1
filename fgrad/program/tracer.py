"""Traced numbers: nodes without a value, which a function is run on to get its graph.

They are nodes, so every transform works on them; asking one for its value, to branch on it or to
convert it, raises an error that names the line that asked.
"""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, final

from fgrad.errors import TracedNumber
from fgrad.graph.asked import by_container, by_persistent_map
from fgrad.graph.node import (
    Condition,
    Node,
    _checked,
    _Open,
    _seal,
    depth_above,
    variable,
)
from fgrad.graph.operators import beside, give_operators
from fgrad.ops import scalar as ops
from fgrad.ops.operand import Operand, is_numeric, is_real, literal
from fgrad.ops.primitive import Op
from fgrad.ops.signatures import Binary, Comparison

_HERE: Final = str(Path(__file__).parents[1]) + os.sep


def _operators(
    op: Binary | Comparison, method: str | None = None
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """As those of nodes, without values."""
    kind = TracedCondition if op.truth else Traced

    def forward(self: Any, other: Any, /) -> Any:
        depth = self.depth
        if type(other) is Traced:
            if other.depth > depth:
                depth = other.depth
        elif type(other) is not float:
            if type(other) is not int and not is_real(other):
                return beside(op, self, other, method)
            other = literal(other, op.name)
        # As `_traced` does; written out, tracing sums and products takes half of the time.
        node = _Open()
        node.op = op
        node._x = self
        node._y = other
        node.label = None
        node.depth = depth + 1
        node.__class__ = kind
        return node

    def reflected(self: Any, other: Any, /) -> Any:
        if type(other) is not float:
            if type(other) is not int and not is_real(other):
                return op.checked((other, self))
            other = literal(other, op.name)
        return _traced(op, (other, self), self.depth + 1)

    return forward, reflected


class _Valueless(_Open):
    """What traced numbers and traced truth values share."""

    __slots__ = ()

    abstract = True
    rank = 9

    if not TYPE_CHECKING:

        @property
        def value(self) -> NoReturn:
            """Refuse: there is no number while a function is traced."""
            raise _asked(self, "the value")

        def __bool__(self) -> NoReturn:
            """Refuse: a branch would be taken once, for all numbers."""
            raise _asked(self, "a branch")

        def __float__(self) -> NoReturn:
            """Refuse, as `value` does."""
            raise _asked(self, "float()")

        def __int__(self) -> NoReturn:
            """Refuse, as `value` does."""
            raise _asked(self, "int()")

        def __index__(self) -> NoReturn:
            """Raise, as `value` does: a count or an index would have no value."""
            raise _asked(self, "int()")

        def __format__(self, spec: str) -> str:
            """The text of the node; there is no number to format."""
            if spec:
                raise _asked(self, "the digits")
            return repr(self)

        def __iter__(self) -> NoReturn:
            """Raise: a number is no sequence, and Python would index it without end."""
            raise _asked(self, "iteration")

        def __eq__(self, other: object) -> bool:
            """Whether it is the same node, to a container; refused for a number it may be equal to."""
            return self._is(other, "==")

        def __ne__(self, other: object) -> bool:
            """Whether it is another node; refused as `==` is."""
            found = self._is(other, "!=")
            return found if found is NotImplemented else not found

        def _is(self, other: object, sign: str) -> bool:
            mine = by_container(2) if self is other else by_persistent_map(2)
            if is_numeric(other) or (isinstance(other, Node) and not mine):
                raise _asked(self, sign)
            return self is other if isinstance(other, Node) else NotImplemented

        __hash__ = object.__hash__

    def alias(self, depth: int) -> Any:
        """Another traced node of the same number at that depth."""
        return _traced(ops.identity, (self,), depth)

    def apply(self, op: Op, args: tuple[Any, ...]) -> Any:
        """The traced node of `op` on `args`; of an array among them each element is one."""
        for a in args:
            if isinstance(a, Operand) and a.rank == 1:
                break
        else:
            if op.elementwise:
                return _traced(op, args, depth_above(args))
        from fgrad.program.array_tracer import applied  # noqa: PLC0415  # waits for numpy

        return applied(op, args)

    def named(self, label: str) -> Any:
        """A node of the same number that carries `label`."""
        op, args = (ops.logical_and, (self, True)) if self.truth else (ops.identity, (self,))
        return _traced(op, args, self.depth + 1, _checked(label))

    def __repr__(self) -> str:
        """One line; there is no value to show."""
        label = f", label={self.label!r}" if self.label is not None else ""
        return f"{type(self).__name__}({self.op.name}{label})"


@final
class Traced(_Valueless, Node[float]):
    """A number without a value: only how it is computed is known."""

    __slots__ = ()

    def unary(self, op: Op) -> Any:
        """The traced node of `op` on this."""
        return _traced(op, (self,), self.depth + 1)


@final
class TracedCondition(_Valueless, Condition):
    """A truth value without a value: only how it is computed is known."""

    __slots__ = ()


give_operators(Traced, _operators)

_KINDS: Final = (Traced, TracedCondition)


def traced(label: str | None = None) -> Node[float]:
    """A variable without a value."""
    node: Node[float] = _traced(variable, (), 0, label)
    return node


def traced_truth(number: Node[float]) -> Any:
    """The truth value that an input encodes as the number 1 or 0, with the label of the input."""
    return _traced(ops.not_equal, (number, 0.0), number.depth + 1, number.label)


def _traced(op: Op, args: tuple[Any, ...], depth: int, label: str | None = None) -> Any:
    return _seal(op, args, None, depth, label, kinds=_KINDS)


def _asked(node: Any, what: str) -> TracedNumber:
    """The error, with the nearest line of code outside of this library."""
    frame: Any = sys._getframe(2)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    name, line = frame.f_code.co_filename, frame.f_lineno
    source = linecache.getline(name, line).strip()
    return TracedNumber(what, Path(name).name, line, source, node.label)
