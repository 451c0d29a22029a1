"""Jacobians and Hessians: all first derivatives of several results, all second ones of one.

Both are `Rows`: for each number of the result its gradient, with the structure and the type of the
argument. So a row is read as the parameters are, and `matrix` is there for linear algebra.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import (
    Any,
    Concatenate,
    Generic,
    Literal,
    ParamSpec,
    TypeAlias,
    TypeVar,
    overload,
)

import attrs

from fgrad import trees
from fgrad.autodiff.activity import Reach
from fgrad.autodiff.forward import tangent_nodes, tangents
from fgrad.autodiff.leaves import leaf_nodes
from fgrad.autodiff.reverse import slopes
from fgrad.graph.node import Condition, Node
from fgrad.ops.operand import Real, any_of_arrays
from fgrad.transforms.gradient import gradient
from fgrad.transforms.variables import Call, checked

P = ParamSpec("P")
A = TypeVar("A")
B = TypeVar("B")  # any result, and not `object`, with which mypy would forget that f is generic
C = TypeVar("C")
Q = TypeVar("Q", bound=Real)
Row_co = TypeVar("Row_co", covariant=True)
Mode: TypeAlias = Literal["auto", "forward", "reverse"]


@attrs.frozen
class Rows(Sequence[Row_co], Generic[Row_co]):
    """A gradient for each number of a result, in the order of `fgrad.trees.leaves`.

    `paths` says where in the result each number stands, and `matrix` has the rows as tuples of
    their leaves. An array among the results has one row, of arrays.
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
    def matrix(self) -> tuple[tuple[float, ...], ...]:
        """The numbers alone, typed as floats; they are nodes where the rows hold nodes."""
        return _leaves_of_each(self.rows)


def _leaves_of_each(rows: Sequence[object]) -> tuple[tuple[Any, ...], ...]:
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


@overload
def jacobian(
    f: Callable[Concatenate[A, P], B], /, mode: Mode = "auto", *, argnums: Literal[0] = 0
) -> Callable[Concatenate[A, P], Rows[A]]: ...
@overload
def jacobian(
    f: Callable[Concatenate[A, C, P], B], /, mode: Mode = "auto", *, argnums: Literal[1]
) -> Callable[Concatenate[A, C, P], Rows[C]]: ...
@overload
def jacobian(
    f: Callable[Concatenate[A, C, P], B],
    /,
    mode: Mode = "auto",
    *,
    argnums: tuple[Literal[0], Literal[1]],
) -> Callable[Concatenate[A, C, P], Rows[tuple[A, C]]]: ...
def jacobian(
    f: Callable[..., Any],
    /,
    mode: Mode = "auto",
    *,
    argnums: int | tuple[int, ...] = 0,
) -> Callable[..., Any]:
    """The function that gives the Jacobian of `f` with respect to an argument, as `Rows`.

    Where there are arrays there is a row for each leaf of the result, and each leaf of it has the
    shape of the result with that of the leaf of the argument behind it.
    The result of `f` is a tree of numbers; `argnums` are those of `gradient`, and rows of several
    arguments are tuples. Reverse mode costs a fold for each number of the result, forward mode one
    for each of the argument; `shape` takes the fewer.

    >>> import fgrad as fg
    >>> def polar(p: dict[str, float]) -> tuple[float, float]:
    ...     return fg.hypot(p["x"], p["y"]), fg.atan2(p["y"], p["x"])
    >>> rows = fg.jacobian(polar)({"x": 3.0, "y": 4.0})
    >>> rows[0], rows.matrix
    ({'x': 0.6, 'y': 0.8}, ((0.6, 0.8), (-0.16, 0.12)))
    """
    places = checked(argnums)

    def jacobian_of_f(*args: Any, **kwargs: Any) -> Any:
        call = Call.of(f, places, args, kwargs)
        results, structure = trees.results(call.result(f))
        reach = call.reach(results)
        on_numbers = not call.of_nodes and reach.closed
        variables = call.variables
        if any_of_arrays({*map(type, variables), *map(type, results)}):
            return _of_arrays(call, reach, results, structure, mode, on_numbers=on_numbers)
        forward = len(variables) < len(results) if mode == "auto" else mode == "forward"
        if forward:
            rows = _columns(reach, results, variables, on_numbers=on_numbers)
        else:
            rows = _rows(results, variables, on_numbers=on_numbers)
        return Rows(tuple(map(call.structure.unflatten, rows)), structure.paths())

    return jacobian_of_f


@overload
def hessian(
    f: Callable[Concatenate[A, P], Q], /, argnums: Literal[0] = 0
) -> Callable[Concatenate[A, P], Rows[A]]: ...
@overload
def hessian(
    f: Callable[Concatenate[A, B, P], Q], /, argnums: Literal[1]
) -> Callable[Concatenate[A, B, P], Rows[B]]: ...
@overload
def hessian(
    f: Callable[Concatenate[A, B, P], Q], /, argnums: tuple[Literal[0], Literal[1]]
) -> Callable[Concatenate[A, B, P], Rows[tuple[A, B]]]: ...
def hessian(f: Callable[..., Any], /, argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The function that gives the Hessian of `f` with respect to an argument, as `Rows`.

    Row i is the gradient of the derivative with respect to leaf i; `argnums` are those of
    `gradient`. Each is a reverse fold over the part of the gradient that depends on it, so a sparse
    Hessian costs little more than its entries.

    >>> import fgrad as fg
    >>> def f(p: list[float]) -> float:
    ...     return p[0] * p[0] * p[1]
    >>> fg.hessian(f)([2.0, 3.0]).matrix
    ((6.0, 4.0), (4.0, 0.0))
    """
    transform: Callable[..., Callable[..., Any]] = gradient  # whatever argnums is
    of_slope: Callable[..., Callable[..., Any]] = jacobian
    return of_slope(transform(f, argnums), "reverse", argnums=argnums)


def _of_arrays(
    call: Call,
    reach: Reach,
    results: Sequence[Any],
    structure: trees.Structure[Any],
    mode: Mode,
    *,
    on_numbers: bool,
) -> Any:
    """A row for each leaf of the result, of arrays of the shapes of result and argument."""
    from fgrad.transforms import array_jacobian as over  # noqa: PLC0415  # needs numpy

    variables = call.variables
    fewer = over.counted(variables) < over.counted(results)
    forward = fewer if mode == "auto" else mode == "forward"
    made = over.columns_of_arrays if forward else over.rows_of_arrays
    rows = made(reach, results, variables, on_numbers=on_numbers)
    return Rows(tuple(map(call.structure.unflatten, rows)), structure.paths())


def _rows(
    results: Sequence[trees.Leaf], variables: Sequence[Node[float]], *, on_numbers: bool
) -> list[list[trees.Leaf]]:
    """A fold for each result."""
    place = {x: i for i, x in enumerate(variables)}
    rows = []
    for y in results:
        row: list[trees.Leaf] = [0.0] * len(variables)
        if isinstance(y, Node) and not isinstance(y, Condition):
            known: Any = slopes(y) if on_numbers else leaf_nodes([(y, 1.0)], variables)
            # What the result depends on may be much less than all the variables.
            for node, slope in known.items():
                if node in place:
                    row[place[node]] = slope
        rows.append(row)
    return rows


def _columns(
    reach: Reach,
    results: Sequence[trees.Leaf],
    variables: Sequence[Node[float]],
    *,
    on_numbers: bool,
) -> list[list[trees.Leaf]]:
    """A fold for each variable."""
    columns = []
    for x in variables:
        moved: Any = tangents(reach, {x: 1.0}) if on_numbers else tangent_nodes(reach, {x: 1.0})
        columns.append([moved.get(y, 0.0) if isinstance(y, Node) else 0.0 for y in results])
    return [[column[i] for column in columns] for i in range(len(results))]
