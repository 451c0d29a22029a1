"""Nodes: an expression as a value; long, as what type checkers read stands beside what runs.

A node holds its operation, its arguments (nodes or literal floats), its value, computed when it is
made, and its depth, which is more than that of its deepest argument: reading nodes by falling depth
is a reverse topological order. Nothing in a node points to its users, and equality is identity.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, Generic, Never, NoReturn, TypeVar, overload

import attrs

from fgrad.errors import NotAValue, NotPicklable, SilentDetach
from fgrad.graph.asked import compared
from fgrad.graph.depth import below_all
from fgrad.ops import scalar as ops
from fgrad.ops.operand import Operand, Truth, is_array
from fgrad.ops.primitive import Nullary, Op

if TYPE_CHECKING:
    from fgrad.arrays.nodes import ArrayCondition, ArrayNode
    from fgrad.arrays.values import Array

V_co = TypeVar("V_co", covariant=True)

_FEW: Final = 8
"""Arguments up to which one loop over them is faster than two short ones."""


class _Open(Operand):
    """A node while its slots are filled; it becomes a frozen Node before a user sees it.

    attrs' generated `__init__` of a frozen class costs twice as much (docs/decisions/0002). The slots
    must be the fields of Node, or `__class__` cannot be assigned. One argument or two are kept in
    the slots `_x` and `_y`, as rules call them, since a tuple would be one more object for each node;
    with one argument `_y` is None. With more of them, and for operations with multiple results, `_x`
    is the tuple of the arguments.
    """

    __slots__ = ("__weakref__", "_x", "_y", "depth", "label", "op", "value")

    op: Op
    _x: Any
    _y: Any
    value: Any
    label: str | None
    depth: int

    @property
    def args(self) -> tuple[Any, ...]:
        """The arguments: nodes and literals."""
        x, y = self._x, self._y
        if y is not None:
            return (x, y)
        return x if type(x) is tuple else (x,)


@attrs.frozen(eq=False, repr=False)
class Node(_Open, Generic[V_co]):
    """An immutable expression: an operation on arguments, with its value.

    Nodes are made by `var`, by operators and by operations; equality and hash are identity.
    Attributes are `op`, `args` (nodes and literal floats), `value`, `label` and `depth`.

    >>> import fgrad as fg
    >>> x = fg.var(3.0, "x")
    >>> y = x * x + 1
    >>> y.value, y.op, y.args[1]
    (10.0, <Binary add>, 1.0)
    """

    op: Op
    _x: Any
    _y: Any
    value: V_co
    label: str | None
    depth: int

    __match_args__ = ("op", "args", "value", "label", "depth")

    if TYPE_CHECKING:

        @property
        def args(self) -> tuple[Node[float] | float, ...]:
            """The arguments: nodes and literal numbers."""

    def named(self, label: str) -> Node[V_co]:
        """A node of the same value that carries `label`; its derivative is that of this one.

        >>> import fgrad as fg
        >>> (fg.var(2.0) + 1).named("shifted")
        Node(identity(add(…)), value=3.0, label='shifted')
        """
        return _seal(ops.identity, (self,), self.value, self.depth + 1, _checked(label))

    def alias(self, depth: int) -> Node[V_co]:
        """Another node of the same value at that depth: a variable of a transform."""
        return _seal(ops.identity, (self,), self.value, depth, None)

    def unary(self, op: Op) -> Node[float]:
        """The node of `op`, an operation on one number, on this."""
        node = _Open()
        node.op = op
        node._x = self
        node._y = None
        node.value = op.impl(self.value)
        node.label = None
        node.depth = self.depth + 1
        node.__class__ = Node
        return node  # type: ignore[return-value]  # it has just become a Node

    def apply(self, op: Op, args: tuple[Node[float] | float, ...]) -> Node[float]:
        """The node of `op` on `args`, which are nodes and plain values."""
        if len(args) > _FEW:
            given = [a.value if isinstance(a, Node) else a for a in args]
            return _seal(op, args, op.impl(*given), depth_above(args), None)
        values: list[float] = []
        depth = 0
        for a in args:
            if isinstance(a, Node):
                values.append(a.value)
                if a.depth > depth:
                    depth = a.depth
            else:
                values.append(a)
        return _seal(op, args, op.impl(*values), depth + 1, None)

    def __repr__(self) -> str:
        """One line, however large the expression is."""
        from fgrad.display import WIDTH, joined, named, shorten, valued  # noqa: PLC0415  # only who looks waits

        args = joined(self.args, _brief)
        label = f", label={shorten(repr(self.label), WIDTH)}" if self.label is not None else ""
        return f"Node({named(self.op.name)}{f'({args})' if args else ''}, value={shorten(valued(self.value), WIDTH)}{label})"

    def __copy__(self, memo: object = None) -> Node[V_co]:
        """The node itself: it is immutable, and a copy would be another variable."""
        return self

    __deepcopy__ = __copy__

    def __reduce__(self) -> NoReturn:
        """Refuse: pickled one by one, nodes would lose that they are shared."""
        advice = "Pickle a Graph that has it among its outputs; it keeps which nodes are shared."
        raise NotPicklable(repr(self), advice)

    if TYPE_CHECKING:

        @overload
        def __add__(self: Node[float], other: Node[float] | float, /) -> Node[float]: ...
        @overload
        def __add__(self: Node[float], other: ArrayNode | Array, /) -> ArrayNode: ...
        def __add__(self, other: Any, /) -> Any: ...
        @overload
        def __radd__(self: Node[float], other: float, /) -> Node[float]: ...
        @overload
        def __radd__(self: Node[float], other: Array, /) -> ArrayNode: ...
        def __radd__(self, other: Any, /) -> Any: ...

        __sub__ = __add__
        __mul__ = __add__
        __truediv__ = __add__
        __pow__ = __add__
        __mod__ = __add__
        __rsub__ = __radd__
        __rmul__ = __radd__
        __rtruediv__ = __radd__
        __rpow__ = __radd__
        __rmod__ = __radd__

        @overload
        def __lt__(self: Node[float], other: Node[float] | float, /) -> Condition: ...
        @overload
        def __lt__(self: Node[float], other: ArrayNode | Array, /) -> ArrayCondition: ...
        def __lt__(self, other: Any, /) -> Any: ...

        __le__ = __lt__
        __gt__ = __lt__
        __ge__ = __lt__

        def __round__(self: Node[float]) -> Node[float]: ...

    def __neg__(self: Node[float]) -> Node[float]:
        """The negative."""
        return self.unary(ops.neg)

    def __pos__(self: Node[float]) -> Node[float]:
        """The node itself."""
        return self

    def __abs__(self: Node[float]) -> Node[float]:
        """The absolute value."""
        return self.unary(ops.abs)

    if not TYPE_CHECKING:
        # Type checkers do not see methods that only raise: to them `float(node)` and, under strict
        # equality, `node == 2.0` are errors, which they would not be if these were declared.

        def __eq__(self, other: object) -> bool:
            """Whether it is the same node, to a container; SilentDetach where a value is asked for."""
            return compared(self, other, "==")  # type: ignore[no-any-return]  # or it has no answer

        def __ne__(self, other: object) -> bool:
            """Whether it is another node; SilentDetach as `==` does."""
            return compared(self, other, "!=")  # type: ignore[no-any-return]  # likewise

        __hash__ = object.__hash__

        def __bool__(self) -> NoReturn:
            """Refuse: a branch would be taken once and not be differentiated."""
            advice = (
                "Choose with where(condition, x, y), take maximum and minimum for max and min,"
                " join conditions by & and |, as in (a < x) & (x < b), or branch on node.value."
            )
            raise SilentDetach("bool()", repr(self), advice)

        def __float__(self) -> NoReturn:
            """Refuse: `math.sin(node)` would forget where its argument came from."""
            advice = (
                "Use node.value for the number, fg.sin(node) rather than math.sin(node), and"
                " fg.at(array)[i].set(node) for an array with it in its place."
            )
            raise SilentDetach("float()", repr(self), advice)

        def __int__(self) -> NoReturn:
            """Refuse, as `float()` does."""
            raise SilentDetach("int()", repr(self), "Use int(node.value), or fg.floor(node).")

        def __index__(self) -> NoReturn:
            """Refuse: a count or an index would not be differentiated."""
            advice = (
                "A count or an index is no variable: mark its field as static,"
                " field(metadata=trees.STATIC), or close over it; or use int(node.value)."
            )
            raise SilentDetach("a whole number", self.label or repr(self), advice)

        def __complex__(self) -> NoReturn:
            """Refuse, as `float()` does."""
            raise SilentDetach("complex()", repr(self), "Use node.value for the number.")

        def __format__(self, spec: str) -> str:
            """The value's digits, as in f"{node:.3f}"; the text of the node without `spec`."""
            return format(self.value, spec) if spec else repr(self)


class Condition(Node[bool], Truth[Node[float]]):
    """The node of a truth value, made by comparisons and used by `where` and the logical operations.

    >>> import fgrad as fg
    >>> x = fg.var(2.0, "x")
    >>> (x < 3), (x < 3).value
    (Node(less(x, 3.0), value=True), True)
    """

    __slots__ = ()

    def named(self, label: str) -> Condition:
        """A condition that holds when this one does, and carries `label`."""
        depth = self.depth + 1
        node: Any = _seal(ops.logical_and, (self, True), self.value, depth, _checked(label))
        return node  # type: ignore[no-any-return]  # of a truth operation, so a Condition

    if TYPE_CHECKING:
        # A truth value is no number: every override narrows its argument to no type, on purpose.

        def __add__(self, other: Never, /) -> Never: ...  # type: ignore[override]  # see above
        def __radd__(self, other: Never, /) -> Never: ...  # type: ignore[override]  # see above
        def __sub__(self, other: Never, /) -> Never: ...  # type: ignore[override]  # see above
        def __rsub__(self, other: Never, /) -> Never: ...  # type: ignore[override]  # see above
        def __mul__(self, other: Never, /) -> Never: ...  # type: ignore[override]  # see above
        def __rmul__(self, other: Never, /) -> Never: ...  # type: ignore[override]  # see above
        def __truediv__(self, other: Never, /) -> Never: ...  # type: ignore[override]  # see above
        def __rtruediv__(self, other: Never, /) -> Never: ...  # type: ignore[override]  # see above
        def __pow__(self, other: Never, /) -> Never: ...  # type: ignore[override]  # see above
        def __rpow__(self, other: Never, /) -> Never: ...  # type: ignore[override]  # see above
        def __mod__(self, other: Never, /) -> Never: ...  # type: ignore[override]  # see above
        def __rmod__(self, other: Never, /) -> Never: ...  # type: ignore[override]  # see above
        def __lt__(self, other: Never, /) -> Never: ...  # type: ignore[override]  # see above
        def __le__(self, other: Never, /) -> Never: ...  # type: ignore[override]  # see above
        def __gt__(self, other: Never, /) -> Never: ...  # type: ignore[override]  # see above
        def __ge__(self, other: Never, /) -> Never: ...  # type: ignore[override]  # see above


variable: Nullary = Nullary("variable", float)


def depth_above(args: Iterable[object]) -> int:
    """The depth of a node on these arguments: one more than the deepest of them has."""
    return 1 + max({a.depth for a in args if isinstance(a, Node)}, default=-1)


def number_of(arg: Node[V_co] | V_co) -> V_co:
    """The value of a node or a literal."""
    return arg.value if isinstance(arg, Node) else arg


def constant(value: float, depth: int | None = None) -> Node[float]:
    """A node that holds the literal `value` and depends on nothing.

    It is no variable, and deeper than every other node, so that no sweep takes it for one from outside.
    """
    return _seal(ops.identity, (value,), value, below_all() if depth is None else depth, None)


def _checked(label: object) -> str:
    if isinstance(label, str):
        return label
    raise NotAValue("a label", "a str", f"{label!r:.60}", "Name the node with a string.")


def _brief(arg: object) -> str:
    from fgrad.display import named  # noqa: PLC0415  # likewise

    if not isinstance(arg, Node):
        return f"an array of shape {arg.shape}" if is_array(arg) else repr(arg)  # type: ignore[attr-defined]  # as was just seen
    if arg.label is not None:
        return named(arg.label)
    return f"{named(arg.op.name)}(…)" if arg.args else _brief(arg.value)


def _seal(
    op: Op,
    args: tuple[Any, ...],
    value: Any,
    depth: int,
    label: str | None,
    *,
    kinds: tuple[type[Node[Any]], type[Condition]] = (Node, Condition),
) -> Node[Any]:
    node = _Open()
    node.op = op
    if op.multiple or not 1 <= len(args) <= 2:
        node._x, node._y = args, None
    elif len(args) == 2:
        node._x, node._y = args
    else:
        node._x, node._y = args[0], None
    node.value = value
    node.label = label
    node.depth = depth
    node.__class__ = kinds[op.truth]
    return node  # type: ignore[return-value]  # mypy does not see the change of class
