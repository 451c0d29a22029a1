"""Arrays of traced numbers: what functions of arrays are traced on, element by element.

They are nodes as other arrays are, so numpy's functions and ours take them; what is computed is recorded
for each element, since a program computes with numbers (docs/decisions/0040).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NoReturn, final

from fgrad.arrays import elements as lines
from fgrad.arrays import methods as _methods  # noqa: F401  # arrays get theirs there
from fgrad.arrays.nodes import ArrayCondition, ArrayNode
from fgrad.errors import NotAValue
from fgrad.graph.node import Node, depth_above
from fgrad.graph.node import _seal as sealed
from fgrad.graph.operators import answers, give_operators
from fgrad.ops import scalar as ops
from fgrad.ops.operand import Operand, untraceable
from fgrad.ops.signatures import Appliers
from fgrad.program.tracer import _Valueless


class _Elements(_Valueless):
    """What arrays of traced numbers and of traced truth values share: an array of nodes, in `_x`."""

    __slots__ = ()

    rank = 10

    @property
    def args(self) -> tuple[Any, ...]:
        """No arguments: it is no part of a graph, as its elements are."""
        return ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The length along each axis."""
        found: tuple[int, ...] = self._x.shape
        return found

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        found: int = self._x.size
        return found

    def __len__(self) -> int:
        """The length along the first axis."""
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        """The elements along the first axis."""
        rows: Any = self
        return iter([rows[i] for i in range(len(self))])

    def apply(self, op: Any, args: tuple[Any, ...]) -> Any:
        """The array, or the number, of `op` on `args`."""
        return applied(op, args)

    def unary(self, op: Any) -> Any:
        """The array of `op`, an operation on one number, on this."""
        return applied(op, (self,))

    def named(self, label: str) -> Any:
        """The array whose elements carry the label."""
        named = [x.named(label) if isinstance(x, Node) else x for x in elements(self)]
        return _wrapped(lines.filled(named, self.shape), truth=self.truth)

    def alias(self, depth: int) -> NoReturn:
        """Refuse: a transform would look for it among its elements."""
        advice = "Give it numbers one by one, as in gradient(f)(list(x)); f may stack them."
        raise NotAValue("a derivative while a function is traced", "numbers", repr(self), advice)

    def __repr__(self) -> str:
        """One line: the shape, and where it came from."""
        return f"{type(self).__name__}(shape={self.shape})"


@final
class TracedArray(_Elements, ArrayNode):
    """An array of numbers without values: of each element only how it is computed is known."""

    __slots__ = ()

    @property
    def dtype(self) -> Any:
        """That of an array of numbers."""
        return lines.FLOAT64


@final
class TracedArrayCondition(_Elements, ArrayCondition):
    """An array of truth values without values."""

    __slots__ = ()


_KINDS: Final = (TracedArray, TracedArrayCondition)


def _operators(op: Any, method: str | None = None) -> Appliers:
    def forward(self: Any, other: Any, /) -> Any:
        if method is not None and answers(other, method):
            return NotImplemented
        return op.checked((self, other))

    return forward, lambda self, other, /: op.checked((other, self))


give_operators(TracedArray, _operators)


def array_of(numbers: Iterable[Any], shape: tuple[int, ...]) -> Any:
    """The array of that shape of traced and other numbers, in order."""
    return _wrapped(lines.filled(numbers, shape), truth=False)


def elements(x: Any) -> Sequence[Any]:
    """The elements of an array of traced or of known numbers, in order."""
    found: list[Any] = (x._x if isinstance(x, _Elements) else x).ravel().tolist()
    return found


def applied(op: Any, args: tuple[Any, ...]) -> Any:
    """The result of `op` where there are arrays and traced numbers among `args`."""
    given = tuple([_opened(a, op) for a in args])
    found = lines.elementwise(op, given) if op.elementwise else lines.whole(op, given)
    return _wrapped(found, truth=op.truth)


def _opened(a: Any, op: Any) -> Any:
    """An argument as an array of elements, or a number."""
    if isinstance(a, _Elements):
        return a._x
    if not isinstance(a, Operand) or a.rank != 1:
        return a
    if isinstance(a, Node):  # it has a value, and would lose its derivative
        raise untraceable(a, op.name)
    return a.value  # type: ignore[attr-defined]  # an array that is held


def _wrapped(found: Any, *, truth: bool) -> Any:
    x = lines.unwrapped(found)
    if not lines.is_elements(x):
        return x
    kind = ops.logical_not if truth else ops.identity
    return sealed(kind, (x,), None, depth_above(x.ravel().tolist()), None, kinds=_KINDS)
