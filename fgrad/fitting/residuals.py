"""Residuals and their Jacobian on arrays: over rows of data, summed over them, or of a sparse whole."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from types import MappingProxyType
from typing import Any, Final, Protocol, Self, TypeAlias, TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

from fgrad import trees
from fgrad.compiled.compile import compile
from fgrad.compiled.compiled import Compiled
from fgrad.errors import NotAValue
from fgrad.fitting.fit import Fit
from fgrad.graph.reduction import sum as fsum
from fgrad.program.array_tracer import array_of
from fgrad.program.spread import Spread, numbers_of, spread
from fgrad.sparse.derivative import sparse_jacobian
from fgrad.sparse.filling import Fill, filling
from fgrad.sparse.nonzeros import Nonzeros
from fgrad.transforms.jacobian import jacobian

A = TypeVar("A")
Vector: TypeAlias = NDArray[np.float64]
MANY: Final = 20_000_000
"""The entries of a Jacobian from which on sums over the rows are taken instead."""
_SLOPES: Final[Mapping[str, Callable[[Any], Any]]] = MappingProxyType({
    "huber": lambda z: np.where(z <= 1.0, 1.0, 1.0 / np.sqrt(np.maximum(z, 1.0))),
    "soft_l1": lambda z: 1.0 / np.sqrt(1.0 + z),
    "cauchy": lambda z: 1.0 / (1.0 + z),
    "arctan": lambda z: 1.0 / (1.0 + z * z),
})  # fmt: skip
"""The derivative of each robust loss by the square of a residual over the scale, as SciPy has them."""
SMALL: Final = 1_000_000
"""The entries of a sparse Jacobian up to which it is decomposed as a dense one, exactly and faster."""


class System(Protocol):
    """What a solver of least squares evaluates."""

    @property
    def count(self) -> int:
        """The number of residuals."""
        ...

    def both(self, x: Vector) -> tuple[Vector, Any]:
        """The residuals, or fewer numbers with the same sum of squares, and their Jacobian."""
        ...


def _numbers(tree: Any) -> list[Any]:
    """The residuals of a tree of numbers and arrays; NotAValue for a truth value among them."""
    if tree is None:
        raise NotAValue("residuals", "a result", "None", "Return a number or a tree of numbers.")
    leaves = trees.results(tree, "residuals")[0]
    for leaf in leaves:
        if isinstance(leaf, bool) or getattr(leaf, "truth", False):
            advice = "Return differences; choose between them by where."
            raise NotAValue("residuals", "numbers", "a truth value", advice)
    return [x for leaf in leaves for x in numbers_of(leaf, "residuals")]


def _column(data: Any) -> Any:
    """A column of data: a list of numbers is one too."""
    return np.asarray(data, float) if isinstance(data, (list, tuple)) and data else data


def _in_row(column: Any, part: Any) -> Any:
    """The part of a row that is of this column: of an array of two axes an array."""
    wide = isinstance(column, np.ndarray) and column.ndim == 2
    return array_of(part, column.shape[1:]) if wide else part


@attrs.frozen(eq=False)
class OverRows:
    """The residuals of a function of parameters and one row, over columns of data."""

    spread: Spread[Any]
    data: tuple[Any, ...]
    values: Compiled[..., Any]
    slopes: Compiled[..., Any]
    count: int

    @classmethod
    def of(cls, f: Callable[..., Any], params: Any, data: tuple[Any, ...]) -> Self:
        """Its functions, compiled for one row."""
        start, known = spread(params, "params")
        data = tuple([_column(column) for column in data])

        @wraps(f)  # so that errors have the user's names of columns
        def residuals(x: list[Any], *row: Any) -> list[Any]:
            return _numbers(f(known.tree(x), *map(_in_row, data, row)))

        def slopes(x: list[Any], *row: Any) -> list[Any]:
            rows = jacobian(lambda x: residuals(x, *row), mode="reverse")(x).rows
            return [slope for one in rows for slope in trees.leaves(one)]

        values = compile(residuals)
        columns = values.map(start, *data)
        if not columns:
            raise NotAValue("least_squares", "residuals", "a row without one", "Return a number.")
        return cls(known, data, values, compile(slopes), sum(map(len, columns)))

    def both(self, x: Vector) -> tuple[Vector, Any]:
        """The residuals row by row, and their dense Jacobian."""
        columns: Any = self.values.map(x.tolist(), *self.data)
        slopes: Any = self.slopes.map(x.tolist(), *self.data)
        return np.column_stack(columns).ravel(), np.column_stack(slopes).reshape(-1, x.size)


@attrs.frozen(eq=False)
class Summed:
    """The same in k + 1 numbers, for so many rows that their Jacobian is not to be kept.

    From the sums over the rows of r^2, J^T r and J^T J comes a smaller problem with the same sum of
    squares, gradient and Gauss-Newton matrix: F r' = J^T r, with the Jacobian F where F^T F = J^T J,
    and one number that is constant. The condition of J counts twice in it.
    """

    rows: OverRows
    sums: Compiled[..., Any]

    @classmethod
    def of(cls, rows: OverRows) -> Self:
        """Its function, compiled for one row."""
        size = len(rows.spread)

        def sums(x: list[Any], *row: Any) -> tuple[Any, list[Any], list[Any]]:
            slopes = rows.slopes(x, *row)
            each = [
                (r, slopes[i * size : (i + 1) * size]) for i, r in enumerate(rows.values(x, *row))
            ]
            square = fsum([r * r for r, _ in each])
            slope = [fsum([r * d[i] for r, d in each]) for i in range(size)]
            pairs = [(i, j) for i in range(size) for j in range(i + 1)]
            return square, slope, [fsum([d[i] * d[j] for _, d in each]) for i, j in pairs]

        return cls(rows, compile(sums))

    @property
    def count(self) -> int:
        """The number of residuals."""
        return self.rows.count

    def both(self, x: Vector) -> tuple[Vector, Any]:
        """Numbers with the same sum of squares, and their Jacobian."""
        square, slope, entries = self.sums.sum(x.tolist(), *self.rows.data)
        matrix = np.zeros((x.size, x.size))
        matrix[np.tril_indices(x.size)] = entries
        unit = np.sqrt(np.diag(matrix))  # so that the units of the parameters do not count
        unit[unit == 0.0] = 1.0
        values, vectors = np.linalg.eigh(matrix / np.outer(unit, unit), "L")
        root = np.sqrt(np.maximum(values, 0.0))
        least = x.size * np.finfo(float).eps * float(root[-1] ** 2)
        along = (vectors.T @ (slope / unit)) / np.where(values > least, root, np.inf)
        rest = math.sqrt(max(square - float(along @ along), 0.0))
        factor = (vectors * root).T * unit
        return np.append(along, rest), np.vstack((factor, np.zeros(x.size)))


@attrs.frozen(eq=False)
class Sparse:
    """The residuals of a function of all parameters and data, with a sparse Jacobian."""

    values: Fill
    slopes: Nonzeros
    data: Sequence[Vector]
    count: int

    @classmethod
    def of(cls, f: Callable[..., Any], params: Any, data: tuple[Any, ...]) -> Self:
        """Its functions, compiled; data are inputs, so others of the same structure need no other code."""

        @wraps(f)
        def residuals(*args: Any) -> list[Any]:
            return _numbers(f(*args))

        slopes = sparse_jacobian(residuals).specialise(params, *data)
        given = [spread(x, f"data[{i}]")[0] for i, x in enumerate(data)]
        sizes = len(spread(params, "params")[1]), *map(len, given)
        values = filling(slopes.program, sizes)
        return cls(values, slopes, [*map(np.array, given)], slopes.pattern.shape[0])

    def both(self, x: Vector) -> tuple[Vector, Any]:
        """The residuals, and their Jacobian: as an array of `scipy.sparse` if it is large."""
        values = self.values(x, *self.data, np.empty(self.count))
        jacobian = self.slopes.pattern.matrix(self.slopes(x, *self.data))
        small = x.size == 1 or self.count * x.size <= SMALL  # SciPy's lsmr wants two unknowns
        return values, jacobian.toarray() if small else jacobian


def system_of(
    f: Callable[..., Any], params: Any, data: tuple[Any, ...] | None, *, whole: bool, each: bool
) -> System:
    """The system of residuals, of a whole or over rows; or of their sums, unless `each` is needed by itself."""
    if whole or data is None:
        return Sparse.of(f, params, data or ())
    rows = OverRows.of(f, params, data)
    many = rows.count * len(rows.spread) > MANY
    return Summed.of(rows) if many and not each else rows


def fitted(system: System, known: Spread[A], start: list[float], how: Mapping[str, Any]) -> Fit[A]:
    """The fit that SciPy finds from there; NotAValue for what is not finite at the start.

    `how` are SciPy's words for the loss, the bounds and when to end.
    """
    last: dict[bytes, tuple[Vector, Any]] = {}

    def at(x: Vector) -> tuple[Vector, Any]:
        key = x.tobytes()
        if key not in last:
            last.clear()
            last[key] = system.both(x)
        return last[key]

    x = np.clip(start, *how["bounds"])
    residuals, jacobian = at(x)
    _require_finite(residuals, jacobian)
    steps: dict[str, Any] = {"tr_solver": "exact"}
    if not isinstance(jacobian, np.ndarray):
        # By default lsmr ends at 1e-6, and steps of what is badly scaled do not converge.
        tight = {"atol": 1e-13, "btol": 1e-13, "conlim": 1e15, "maxiter": 4 * x.size}
        steps = {"tr_solver": "lsmr", "tr_options": tight}
    found = optimize.least_squares(
        lambda x: at(x)[0], x, lambda x: at(x)[1], x_scale="jac", **steps, **how
    )
    spread = None
    if how["loss"] != "linear":
        residuals, jacobian = at(found.x)
        weights = residuals * _SLOPES[how["loss"]]((residuals / how["f_scale"]) ** 2)
        weighted = sparse.diags_array(weights) @ jacobian
        spread = weighted.T @ weighted
    return Fit(
        known.tree(found.x.tolist()), float(found.cost), bool(found.success), found.message,
        system.count, found.nfev, found.jac.T @ found.jac, spread,
    )  # fmt: skip


def _require_finite(residuals: Vector, jacobian: Any) -> None:
    """Raise NotAValue if there are no residuals, or some of them or their slopes are not finite."""
    if not residuals.size:
        raise NotAValue("least_squares", "residuals", "none", "Give at least one row.")
    slopes = jacobian if isinstance(jacobian, np.ndarray) else jacobian.data
    for what, values in (("residuals", residuals), ("derivatives", slopes)):
        if lost := np.count_nonzero(~np.isfinite(values)):
            got = f"{lost} of {values.size} that are not"
            advice = "Start where all are defined."
            raise NotAValue("least_squares", f"finite {what} at the start", got, advice)
