"""Jacobians and Hessians: all first derivatives of several results, all second ones of one.

Both are `Rows`: for each number of the result its gradient, with the structure and the type of the
argument. So a row is read as the parameters are, and `matrix` has the numbers for linear algebra.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import (
    Any,
    Generic,
    Literal,
    TypeAlias,
    TypeVar,
    overload,
)

import attrs

from fgrad import trees
from fgrad.autodiff.activity import Activity
from fgrad.autodiff.forward import tangent_nodes, tangents
from fgrad.autodiff.leaves import leaf_nodes
from fgrad.autodiff.reverse import slopes
from fgrad.errors import NotAValue
from fgrad.graph.node import Condition, Node
from fgrad.ops.operand import any_of_arrays
from fgrad.transforms.gradient import gradient
from fgrad.transforms.signatures import A, B, Both, Of1, Of2, P, Q, R
from fgrad.transforms.variables import Call, checked
from fgrad.trees.parameters import require_function

Row_co = TypeVar("Row_co", covariant=True)
Mode: TypeAlias = Literal["auto", "forward", "reverse"]


@attrs.frozen
class Rows(Sequence[Row_co], Generic[Row_co]):
    """A gradient for each number of a result, in the order of `fgrad.trees.leaves`.

    `paths` has the place of each number in the result, and `matrix` the rows as tuples of their
    leaves. An array among the results has one row, of arrays.

    >>> import fgrad as fg
    >>> rows = fg.jacobian(lambda x, y: {"sum": x + y, "product": x * y}, argnums=(0, 1))(2.0, 3.0)
    >>> rows.paths, rows[1], rows.matrix
    (("['sum']", "['product']"), (3.0, 2.0), ((1.0, 1.0), (3.0, 2.0)))
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
        """The number of rows: of numbers in the result."""
        return len(self.rows)

    @property
    def matrix(self) -> tuple[tuple[float, ...], ...]:
        """The numbers alone, typed as floats; they are nodes where the rows hold nodes."""
        return _leaves_of_each(self.rows)


def _leaves_of_each(rows: Sequence[object]) -> tuple[tuple[Any, ...], ...]:
    """The leaves of each row, which are faster to read if a row has the structure of the last one."""
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
    f: Of1[A, P, R], /, mode: Mode = "auto", *, argnums: Literal[0] = 0
) -> Of1[A, P, Rows[A]]: ...
@overload
def jacobian(
    f: Of2[A, B, P, R], /, mode: Mode = "auto", *, argnums: Literal[1]
) -> Of2[A, B, P, Rows[B]]: ...
@overload
def jacobian(
    f: Of2[A, B, P, R], /, mode: Mode = "auto", *, argnums: Both
) -> Of2[A, B, P, Rows[tuple[A, B]]]: ...
def jacobian(
    f: Callable[..., Any], /, mode: Mode = "auto", *, argnums: int | tuple[int, ...] = 0
) -> Callable[..., Any]:
    """The function that returns the Jacobian of `f` with respect to an argument, as `Rows`.

    Where there are arrays there is a row for each leaf of the result, and each leaf of it has the
    shape of the result with that of the leaf of the argument behind it.
    `f` gives a tree of numbers; `argnums` and errors are those of `gradient`, and rows of several
    arguments are tuples. Reverse mode costs a fold for each number of the result, forward mode one
    for each of the argument; `auto` takes the mode with fewer.

    >>> import fgrad as fg
    >>> def polar(p: dict[str, float]) -> tuple[float, float]:
    ...     return fg.hypot(p["x"], p["y"]), fg.atan2(p["y"], p["x"])
    >>> rows = fg.jacobian(polar)({"x": 3.0, "y": 4.0})
    >>> rows[0], rows.matrix
    ({'x': 0.6, 'y': 0.8}, ((0.6, 0.8), (-0.16, 0.12)))
    """
    require_function(f, "jacobian")
    if mode not in ("auto", "forward", "reverse"):
        advice = "Choose one of auto, forward, reverse."
        raise NotAValue("jacobian", "a mode", f"{mode!r:.40}", advice)
    places = checked(argnums)

    def jacobian_of_f(*args: Any, **kwargs: Any) -> Any:
        call = Call.of(f, places, args, kwargs)
        results, structure = trees.results(call.result(f))
        activity = call.activity(results)
        on_numbers = not call.of_nodes and activity.closed
        variables = call.variables
        if any_of_arrays({*map(type, variables), *map(type, results)}):
            return _of_arrays(call, activity, results, structure, mode, on_numbers=on_numbers)
        forward = len(variables) < len(results) if mode == "auto" else mode == "forward"
        if forward:
            rows = _columns(activity, results, variables, on_numbers=on_numbers)
        else:
            rows = _rows(results, variables, on_numbers=on_numbers)
        return Rows(tuple(map(call.structure.unflatten, rows)), structure.paths())

    return jacobian_of_f


@overload
def hessian(f: Of1[A, P, Q], /, argnums: Literal[0] = 0) -> Of1[A, P, Rows[A]]: ...
@overload
def hessian(f: Of2[A, B, P, Q], /, argnums: Literal[1]) -> Of2[A, B, P, Rows[B]]: ...
@overload
def hessian(f: Of2[A, B, P, Q], /, argnums: Both) -> Of2[A, B, P, Rows[tuple[A, B]]]: ...
def hessian(f: Callable[..., Any], /, argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The function that returns the Hessian of `f` with respect to an argument, as `Rows`.

    Row i is the gradient of the derivative with respect to leaf i; `argnums` are those of
    `gradient`. Each is a reverse fold over the part of the gradient that depends on it, so a sparse
    Hessian costs little more than its entries.

    >>> import fgrad as fg
    >>> def f(p: list[float]) -> float:
    ...     return p[0] * p[0] * p[1]
    >>> fg.hessian(f)([2.0, 3.0]).matrix
    ((6.0, 4.0), (4.0, 0.0))
    """
    require_function(f, "hessian")
    transform: Callable[..., Callable[..., Any]] = gradient  # whatever argnums is
    of_slope: Callable[..., Callable[..., Any]] = jacobian
    return of_slope(transform(f, argnums), "reverse", argnums=argnums)


def _of_arrays(
    call: Call,
    activity: Activity,
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
    rows = made(activity, results, variables, on_numbers=on_numbers)
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
            # The result may depend on few of the variables.
            for node, slope in known.items():
                if node in place:
                    row[place[node]] = slope
        rows.append(row)
    return rows


def _columns(
    activity: Activity,
    results: Sequence[trees.Leaf],
    variables: Sequence[Node[float]],
    *,
    on_numbers: bool,
) -> list[list[trees.Leaf]]:
    """A fold for each variable."""
    sweep: Callable[..., Any] = tangents if on_numbers else tangent_nodes
    columns = []
    for x in variables:
        found = sweep(activity, {x: 1.0})
        columns.append([found.get(y, 0.0) if isinstance(y, Node) else 0.0 for y in results])
    return [[column[i] for column in columns] for i in range(len(results))]
