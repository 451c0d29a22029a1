"""Sums and products of a sequence, as balanced trees: the depth grows with the logarithm."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import add, mul
from typing import Any, Final, TypeAlias, overload

from fgrad.errors import EmptyReduction, NotAValue
from fgrad.graph.node import Node
from fgrad.ops import scalar as ops
from fgrad.ops.signatures import Binary

_Join: TypeAlias = tuple[Binary, Callable[[Any, Any], Any]]
_ADD: Final = (ops.add, add)
_MUL: Final = (ops.mul, mul)


@overload
def sum(terms: Iterable[float], /) -> float: ...  # type: ignore[overload-overlap]  # only Never fits both
@overload
def sum(terms: Iterable[Node[float] | float], /) -> Node[float]: ...
def sum(terms: Iterable[Any], /) -> Any:
    """The sum of floats or nodes; EmptyReduction if there are none, NotAValue for anything else.

    Terms are added in pairs, then pairs of pairs, so rounding errors grow with the logarithm of
    their number (pairwise summation, Higham 1993).

    >>> import fgrad as fg
    >>> fg.sum([1.0, 2.0, 3.0]), fg.sum([fg.var(float(i)) for i in range(1024)]).depth
    (6.0, 10)
    """
    return _balanced(_ADD, list(terms), "sum", "0.0")


@overload
def prod(factors: Iterable[float], /) -> float: ...  # type: ignore[overload-overlap]  # only Never fits both
@overload
def prod(factors: Iterable[Node[float] | float], /) -> Node[float]: ...
def prod(factors: Iterable[Any], /) -> Any:
    """The product of floats or nodes; EmptyReduction if there are none, NotAValue for anything else.

    >>> import fgrad as fg
    >>> x = fg.var(0.0)
    >>> y = fg.prod([x, 2.0, 3.0])
    >>> y.value, fg.grad(fg.Graph.of(y), y)[x]
    (0.0, 6.0)
    """
    return _balanced(_MUL, list(factors), "prod", "1.0")


@overload
def dot(x: Iterable[float], y: Iterable[float], /) -> float: ...  # type: ignore[overload-overlap]  # only Never fits both
@overload
def dot(x: Iterable[Node[float] | float], y: Iterable[Node[float] | float], /) -> Node[float]: ...
def dot(x: Iterable[Any], y: Iterable[Any], /) -> Any:
    """The sum of the products of pairs, added as `sum` adds; NotAValue if the lengths differ.

    Raises EmptyReduction if there are none.

    >>> import fgrad as fg
    >>> fg.dot([1.0, 2.0], [fg.var(3.0), fg.var(4.0)]).value
    11.0
    """
    left, right = list(x), list(y)
    if len(left) != len(right):
        advice = "Pair them first, or cut the longer one."
        raise NotAValue(
            "dot", "two sequences of one length", f"lengths {len(left)} and {len(right)}", advice
        )
    return _balanced(_ADD, _pairwise(_MUL, left, right), "dot", "0.0")


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
