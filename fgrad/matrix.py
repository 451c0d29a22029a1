"""Jacobians and Hessians: all first derivatives of several results, all second ones of one.

Both are `Rows`: for each number of the result its gradient, with the structure and the type of the
argument. So a row is read as the parameters are, and `matrix` is there for linear algebra.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Concatenate, Generic, Literal, ParamSpec, TypeVar, overload

import attrs

from fgrad import trees
from fgrad.argument import Argument, closed
from fgrad.derivative import gradient
from fgrad.forward import tangent_nodes, tangents
from fgrad.graph import Graph
from fgrad.node import Node, variable
from fgrad.operand import Real
from fgrad.reverse import grad, leaf_nodes

P = ParamSpec("P")
A = TypeVar("A")
B = TypeVar("B")  # any result, and not `object`, with which mypy would forget that f is generic
Q = TypeVar("Q", bound=Real)
Row_co = TypeVar("Row_co", covariant=True)


@attrs.frozen
class Rows(Sequence[Row_co], Generic[Row_co]):
    """A gradient for each number of a result, in the order of `fgrad.trees.leaves`.

    `paths` says where in the result each number stands, and `matrix` has the rows as tuples of
    their leaves.
    """

    rows: tuple[Row_co, ...]
    paths: tuple[str, ...] = attrs.field(metadata=trees.STATIC)

    @overload
    def __getitem__(self, index: int) -> Row_co: ...
    @overload
    def __getitem__(self, index: slice[Any, Any, Any]) -> tuple[Row_co, ...]: ...
    def __getitem__(self, index: Any) -> Any:
        """The row of one number of the result, or several rows."""
        return self.rows[index]

    def __iter__(self) -> Iterator[Row_co]:
        """The rows."""
        return iter(self.rows)

    def __len__(self) -> int:
        """How many numbers the result has."""
        return len(self.rows)

    @property
    def matrix(self) -> tuple[tuple[trees.Leaf, ...], ...]:
        """The numbers alone."""
        return _leaves_of_each(self.rows)


def _leaves_of_each(rows: Sequence[object]) -> tuple[tuple[trees.Leaf, ...], ...]:
    """The leaves of each row, which are faster to find where one is built as the one before."""
    found: list[tuple[trees.Leaf, ...]] = []
    structure: trees.Structure[Any] = trees.LEAF
    for row in rows:
        read: list[trees.Leaf] = []
        if structure.read(row, read):
            found.append(tuple(read))
        else:
            leaves, structure = trees.flatten(row)
            found.append(leaves)
    return tuple(found)


def jacobian(
    f: Callable[Concatenate[A, P], B],
    /,
    mode: Literal["shape", "forward", "reverse"] = "shape",
) -> Callable[Concatenate[A, P], Rows[A]]:
    """The function that gives the Jacobian of `f` with respect to its first argument, as `Rows`.

    The result of `f` is a tree of numbers. Reverse mode costs a fold for each number of the
    result, forward mode one for each of the argument; `shape` takes the fewer.

    >>> import fgrad as fg
    >>> def polar(p: dict[str, float]) -> tuple[float, float]:
    ...     return fg.hypot(p["x"], p["y"]), fg.atan2(p["y"], p["x"])
    >>> rows = fg.jacobian(polar)({"x": 3.0, "y": 4.0})
    >>> rows[0], rows.matrix
    ({'x': 0.6, 'y': 0.8}, ((0.6, 0.8), (-0.16, 0.12)))
    """

    def jacobian_of_f(x: Any, /, *args: Any, **kwargs: Any) -> Any:
        argument = Argument.of(x, "argument 0")
        results, structure = trees.flatten(f(argument.tree, *args, **kwargs), "result")
        graph = Graph.of(*[y for y in results if isinstance(y, Node)], *argument.leaves)
        forward = len(argument.leaves) < len(results) if mode == "shape" else mode == "forward"
        slopes = _columns if forward else _rows
        rows = None if argument.of_nodes else slopes(graph, results, argument, on_numbers=True)
        if rows is None:
            rows = slopes(graph, results, argument, on_numbers=False) or []
        return Rows(tuple(map(argument.structure.unflatten, rows)), structure.paths())

    return jacobian_of_f


def hessian(f: Callable[Concatenate[A, P], Q], /) -> Callable[Concatenate[A, P], Rows[A]]:
    """The function that gives the Hessian of `f` with respect to its first argument, as `Rows`.

    Row i is the gradient of the derivative with respect to leaf i. Each is a reverse fold over the
    part of the gradient that depends on it, so a sparse Hessian costs little more than its entries.

    >>> import fgrad as fg
    >>> def f(p: list[float]) -> float:
    ...     return p[0] * p[0] * p[1]
    >>> fg.hessian(f)([2.0, 3.0]).matrix
    ((6.0, 4.0), (4.0, 0.0))
    """
    slope: Callable[..., Any] = gradient(f)
    return jacobian(slope, mode="reverse")


def _rows(
    graph: Graph, results: Sequence[trees.Leaf], argument: Argument, *, on_numbers: bool
) -> list[list[trees.Leaf]] | None:
    """A fold for each result; None if numbers are asked for and it is not computed from numbers.

    Another variable is of somebody outside, as in `closed`; the folds meet it on their way.
    """
    leaves = argument.leaves
    places: dict[Node[float], list[int]] = {}
    for i, x in enumerate(leaves):
        places.setdefault(x, []).append(i)
    rows = []
    for y in results:
        row: list[trees.Leaf] = [0.0] * len(leaves)
        if isinstance(y, Node):
            slopes: Any = grad(graph, y).reached if on_numbers else leaf_nodes([(y, 1.0)], leaves)
            # What the result depends on may be much less than all the leaves.
            for node, slope in slopes.items():
                if node in places:
                    for i in places[node]:
                        row[i] = slope
                elif on_numbers and node.op is variable:
                    return None
        rows.append(row)
    return rows


def _columns(
    graph: Graph, results: Sequence[trees.Leaf], argument: Argument, *, on_numbers: bool
) -> list[list[trees.Leaf]] | None:
    """A fold for each leaf; None if numbers are asked for and it is not computed from numbers."""
    if on_numbers and not closed(graph.outputs, [argument]):
        return None
    columns = []
    for x in argument.leaves:
        moved: Any = tangents(graph, {x: 1.0}) if on_numbers else tangent_nodes(graph, {x: 1.0})
        columns.append([moved.get(y, 0.0) if isinstance(y, Node) else 0.0 for y in results])
    return [[column[i] for column in columns] for i in range(len(results))]
