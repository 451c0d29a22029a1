"""Sums and products of a sequence, as balanced trees: the depth grows with the logarithm."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import add, mul
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, overload

from fgrad.errors import EmptyReduction, NotAValue
from fgrad.graph.node import Node
from fgrad.ops import scalar as ops
from fgrad.ops.operand import Operand, arrays, is_array, is_of_arrays, is_real, told
from fgrad.ops.signatures import Binary

if TYPE_CHECKING:
    from fgrad.arrays.nodes import ArrayCondition, ArrayNode
    from fgrad.arrays.values import Array, Bools

_Join: TypeAlias = tuple[Binary, Callable[[Any, Any], Any]]
_ADD: Final = (ops.add, add)
_MUL: Final = (ops.mul, mul)


class Reduction(Protocol):
    """The types of `sum` and `prod`: of all elements a number, along some axes an array."""

    @overload
    def __call__(
        self,
        terms: ArrayNode,
        /,
        axis: None = None,
        *,
        initial: Node[float] | float | None = None,
        where: Bools | ArrayCondition | bool = True,
    ) -> Node[float]: ...
    @overload
    def __call__(
        self,
        terms: ArrayNode,
        /,
        axis: int | tuple[int, ...],
        *,
        keepdims: bool = False,
        initial: Node[float] | float | None = None,
        where: Bools | ArrayCondition | bool = True,
    ) -> ArrayNode: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]  # decided first
        self,
        terms: Array,
        /,
        axis: None = None,
        *,
        initial: float | None = None,
        where: Bools | bool = True,
    ) -> float: ...
    @overload
    def __call__(
        self,
        terms: Array,
        /,
        axis: int | tuple[int, ...],
        *,
        keepdims: bool = False,
        initial: float | None = None,
        where: Bools | bool = True,
    ) -> Array: ...
    @overload
    def __call__(self, terms: Iterable[float], /) -> float: ...  # type: ignore[overload-overlap]  # only Never fits both
    @overload
    def __call__(self, terms: Iterable[Node[float] | float], /) -> Node[float]: ...


def _typed(f: Callable[..., Any]) -> Reduction:
    """`f` itself, as type checkers see it."""
    return f


@_typed
def sum(
    terms: Any,
    /,
    axis: Any = None,
    *,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """The sum of floats or nodes; EmptyReduction if there are none, NotAValue for anything else.

    Terms are added in pairs, then pairs of pairs, so rounding errors grow with the logarithm of
    their number (pairwise summation, Higham 1993). An array is summed along its axes.

    >>> import fgrad as fg
    >>> fg.sum([1.0, 2.0, 3.0]), fg.sum([fg.var(float(i)) for i in range(1024)]).depth
    (6.0, 10)
    """
    if is_array(terms) or is_of_arrays(terms):
        return arrays().functions.sum(terms, axis, keepdims=keepdims, initial=initial, where=where)
    if axis is not None or initial is not None or where is not True:
        raise _no_axes("sum", axis)
    return _balanced(_ADD, _listed(terms), "sum", "0.0")


@_typed
def prod(
    factors: Any,
    /,
    axis: Any = None,
    *,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """The product of floats or nodes; EmptyReduction if there are none, NotAValue for anything else.

    Of an array that along its axes.

    >>> import fgrad as fg
    >>> x = fg.var(0.0)
    >>> y = fg.prod([x, 2.0, 3.0])
    >>> y.value, fg.grad(fg.Graph.of(y), y)[x]
    (0.0, 6.0)
    """
    if is_array(factors) or is_of_arrays(factors):
        return arrays().functions.prod(
            factors, axis, keepdims=keepdims, initial=initial, where=where
        )
    if axis is not None or initial is not None or where is not True:
        raise _no_axes("prod", axis)
    return _balanced(_MUL, _listed(factors), "prod", "1.0")


if TYPE_CHECKING:

    @overload
    def dot(x: ArrayNode, y: ArrayNode | Array, /) -> ArrayNode | Node[float]: ...
    @overload
    def dot(x: Array, y: ArrayNode, /) -> ArrayNode | Node[float]: ...


@overload
def dot(x: Iterable[float], y: Iterable[float], /) -> float: ...  # type: ignore[overload-overlap]  # only Never fits both
@overload
def dot(x: Iterable[Node[float] | float], y: Iterable[Node[float] | float], /) -> Node[float]: ...
def dot(x: Iterable[Any], y: Iterable[Any], /) -> Any:
    """The sum of the products of pairs, added as `sum` adds; NotAValue if the lengths differ.

    Raises EmptyReduction if there are none. Of arrays as numpy's dot.

    >>> import fgrad as fg
    >>> fg.dot([1.0, 2.0], [fg.var(3.0), fg.var(4.0)]).value
    11.0
    """
    if any(is_array(a) or is_of_arrays(a) for a in (x, y)):
        return arrays().dot(x, y)
    for part in (x, y):
        if not isinstance(part, Iterable):
            raise NotAValue("dot", "two sequences", told(part), "Of two numbers write x * y.")
    left, right = list(x), list(y)
    if len(left) != len(right):
        advice = "Pair them first, or cut the longer one."
        raise NotAValue(
            "dot", "two sequences of one length", f"lengths {len(left)} and {len(right)}", advice
        )
    return _balanced(_ADD, _pairwise(_MUL, left, right), "dot", "0.0")


def _listed(terms: Any) -> list[Any]:
    """The terms; a number is the only one of itself, as an array of no dimension is."""
    return [terms] if isinstance(terms, Operand) or is_real(terms) else list(terms)


def _no_axes(where: str, axis: object) -> NotAValue:
    advice = "Only an array has axes: np.array(numbers), or fg.stack(nodes)."
    needed = "an array, to go along an axis or to choose with initial= and where="
    return NotAValue(where, needed, f"axis={axis!r:.20}", advice)


def _pairwise(join: _Join, left: list[Any], right: list[Any]) -> list[Any]:
    op, sign = join
    # With a node on the left, the operator does the same in half of the time.
    return [
        sign(a, b) if isinstance(a, Node) else op(a, b) for a, b in zip(left, right, strict=False)
    ]


def _balanced(join: _Join, parts: list[Any], where: str, start: str) -> Any:
    if not parts:
        raise EmptyReduction(where, start)
    parts = (
        [ops.identity(parts[0])] if len(parts) == 1 and not isinstance(parts[0], Node) else parts
    )
    while len(parts) > 1:
        pairs = _pairwise(join, parts[::2], parts[1::2])
        parts = pairs + parts[2 * len(pairs) :]
    return parts[0]
