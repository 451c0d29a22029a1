"""Operations on whole arrays: what one computes, and how contributions go through it, both ways.

A `Linear` operation is linear in its one argument: the pushforward of a tangent is the operation itself.
It carries guards along: what is guarded goes through as 0, and the result is guarded where anything
that is summed into it flows (`support`). A `Whole` one has a pullback and a pushforward of its own. Both are
written with operations alone, so the same lines serve arrays and nodes, and so every order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NoReturn, TypeAlias, final

import attrs
import numpy as np

from fgrad.arrays.nodes import ArrayNode, made, new_node
from fgrad.arrays.values import plain, quietly, shape_of
from fgrad.graph.node import Node
from fgrad.ops.multiple import Item, _readers, settled
from fgrad.ops.operand import Guarded
from fgrad.ops.primitive import Op

Contribution: TypeAlias = Any
"""A node, an array, a float, or a `Guarded` one of these, of a shape that broadcasts to the node's."""
Contributions: TypeAlias = Sequence[Any]
Maker: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...]]
Pullback: TypeAlias = Callable[[Any, Sequence[Any], Contribution, Sequence[bool]], Contributions]
Pushforward: TypeAlias = Callable[[Any, Sequence[Any], Contributions], Contribution]


@attrs.frozen(repr=False)
class ArrayOp(Op):
    """An operation on arrays; `maker` is the function that makes it again, and with what.

    Operations of one name and key are equal: the key holds what is not differentiated, such as axes.
    """

    name: str
    impl: Callable[..., Any] = attrs.field(eq=False)
    maker: Maker = attrs.field(eq=False)
    key: Any

    elementwise: ClassVar[bool] = False
    callee: ClassVar[None] = None
    """It calls no program, as an operation with multiple results may."""

    def __call__(self, *args: Any) -> Any:
        """The result on nodes, arrays and floats: a node if there is one among them."""
        if len(args) == 1:  # most of all, in half of the time
            (x,) = args
            if type(x) is ArrayNode:
                return new_node(self, x, None, quietly(self.impl, x.value), x.depth + 1)
            if type(x) is np.ndarray:
                return plain(quietly(self.impl, x))
        nodes = [a for a in args if isinstance(a, Node)]
        for node in nodes:
            if node.abstract:
                return node.apply(self, args)
        return made(self, args) if nodes else plain(quietly(self.impl, *args))

    def pullback(
        self, out: Any, args: Sequence[Any], flow: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        """What flows to each argument that is wanted, when `flow` flows to the result."""
        raise NotImplementedError

    def pushforward(self, out: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        """How the result moves when the arguments move; None is no move."""
        raise NotImplementedError

    @property
    def rules(self) -> NoReturn:
        """Refuse: it is differentiated as a whole."""
        raise TypeError(
            f"{self!r} is differentiated as a whole: by its pullback or its pushforward"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle how it is made."""
        return self.maker


@final
@attrs.frozen(repr=False)
class Support(ArrayOp):
    """What a linear operation does to the condition of what it is done to; it has no derivative."""

    arity: int = attrs.field(default=1, eq=False)  # type: ignore[misc]  # other classes have one arity, this one any
    truth: ClassVar[bool] = True

    @property
    def kinds(self) -> tuple[type, ...]:
        """Truth values."""
        return (bool,) * self.arity

    def pullback(
        self, out: Any, args: Sequence[Any], flow: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        """Nothing flows through a truth value."""
        return (None,) * self.arity

    def pushforward(self, out: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        """Nor does it move."""
        return None


@final
@attrs.frozen(repr=False)
class Linear(ArrayOp):
    """An operation that is linear in its one argument.

    `back(flow, shape)` is its transpose, for an argument of that shape. `support` gives where the
    result of a guarded argument flows; `moves` says that it only moves elements, and sums none.
    """

    back: Callable[[Contribution, tuple[int, ...]], Contribution] = attrs.field(eq=False)
    support: Support = attrs.field(eq=False)
    moves: bool = attrs.field(eq=False)

    arity: ClassVar[int] = 1

    def along(self, flow: Contribution) -> Contribution:
        """The operation on a flow, of its full shape, that may be guarded."""
        if not isinstance(flow, Guarded):
            return self(flow)
        where = self.support(flow.condition)
        if self.moves:
            return Guarded(where, self(flow.value), flow.zero)
        return Guarded(where, self(settled(flow)), zero=True)

    def pullback(
        self, out: Any, args: Sequence[Any], flow: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        """The transpose."""
        return (self.back(flow, shape_of(args[0])),)

    def pushforward(self, out: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        """The operation itself."""
        return None if moves[0] is None else self.along(moves[0])


@final
@attrs.frozen(repr=False)
class Whole(ArrayOp):
    """An operation on whole arrays with a pullback and a pushforward of its own."""

    arity: int = attrs.field(eq=False)  # type: ignore[misc]  # other classes have one arity, this one any
    backward: Pullback = attrs.field(eq=False)
    forward: Pushforward = attrs.field(eq=False)
    conditions: int = attrs.field(default=0, eq=False)
    """How many of its arguments, the first, are truth values."""

    @property
    def kinds(self) -> tuple[type, ...]:
        """Truth values, and numbers behind them."""
        return (bool,) * self.conditions + (float,) * (self.arity - self.conditions)

    def pullback(
        self, out: Any, args: Sequence[Any], flow: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        """As its author says."""
        return self.backward(out, args, flow, wanted)

    def pushforward(self, out: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        """As its author says."""
        return self.forward(out, args, moves)


@final
@attrs.frozen(repr=False)
class Several(ArrayOp):
    """An operation on whole arrays with several results: a call is one node, which items read.

    Its pullback is given what flows to each result, None where nothing does, and its pushforward gives how each
    result moves.
    """

    arity: int = attrs.field(eq=False)  # type: ignore[misc]  # other classes have one arity, this one any
    size: int = attrs.field(eq=False)
    backward: Pullback = attrs.field(eq=False)
    forward: Callable[[Any, Sequence[Any], Contributions], Contributions] = attrs.field(eq=False)

    multiple: ClassVar[bool] = True

    def results(self, *args: Any) -> Sequence[Any]:
        """The results, as nodes if there is one among the arguments."""
        made = self(*args)
        if not isinstance(made, Node):
            return made  # type: ignore[no-any-return]  # a tuple of plain values
        return [made.apply(reader, (made,)) for reader in self.readers()]

    def pullback(
        self, out: Any, args: Sequence[Any], flow: Contributions, wanted: Sequence[bool]
    ) -> Contributions:
        """As its author says."""
        return self.backward(out, args, flow, wanted)

    def pushforward(self, out: Any, args: Sequence[Any], moves: Contributions) -> Contributions:
        """As its author says."""
        return self.forward(out, args, moves)

    def readers(self) -> tuple[Item, ...]:
        """The operations that read its results."""
        return _readers(self.size, frozenset())
