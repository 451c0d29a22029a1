"""What a solver found, and what it says while it works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Literal, TypeAlias, TypeVar

import attrs

from fgrad.display import Table, number, plural
from fgrad.trees.listing import listing

X = TypeVar("X")

Status: TypeAlias = Literal["optimal", "infeasible", "unbounded", "steps", "stopped", "failed"]
"""How a solve ended.

`optimal`: `kkt_error` is within a thousand times the tolerance, since solvers stop by measures of their own. `infeasible`: a point where the violation of
the constraints has a minimum that is not 0. `unbounded`: the objective falls without end. `steps`: no
step was left. `stopped`: the callback said so. `failed`: the solver could not go on; `message` says why.
"""


@attrs.frozen
class Iteration:
    """One iteration of a solver: printed, it is a line of progress.

    >>> print(Iteration(3, 1.5, 1e-3, 0.25))
        3   1.500000000e+00   1.00e-03   2.50e-01
    """

    count: int
    objective: float
    violation: float
    """The largest violation of a constraint."""
    dual: float
    """The largest number of the gradient of the Lagrangian."""

    def __str__(self) -> str:
        """A line of fixed width."""
        return f"{self.count:5d}  {self.objective:16.9e}  {self.violation:9.2e}  {self.dual:9.2e}"


HEADER = f"{'step':>5}  {'objective':>16}  {'violation':>9}  {'dual':>9}"
Callback: TypeAlias = Callable[[Iteration], object]
"""A function of each iteration; its StopIteration ends the solve."""


@attrs.frozen
class Multipliers(Generic[X]):
    """The multipliers of a solution: of the constraints, and of the bounds of the variables.

    The gradient of `objective + sum(constraints * (left - right)) + sum(bounds * x)` is 0 at the
    solution. So a multiplier is at least 0 where something is held below, at most 0 where it is held
    above, and 0 where nothing is held; the derivative of the objective by the right side is minus it.
    """

    constraints: Any
    """A tree like what the constraints return, with numbers instead of comparisons."""
    bounds: X


@attrs.frozen(repr=False)
class Solution(Generic[X]):
    """Where a solver ended: x, its objective, and how far it is from the conditions of a minimum.

    `violation` is the largest violation of a constraint or bound. `kkt_error` is the largest of that,
    of the gradient of the Lagrangian, and of the products of multipliers with distances from bounds;
    the last two relative to the gradient of the objective where that is above 1.

    >>> import fgrad as fg
    >>> found = fg.solve_nlp(fg.nlp(lambda x: x * x, lambda x: x >= 1.0, 2.0), "SLSQP")
    >>> round(found.x, 6), found.status, round(found.multipliers.constraints, 6)
    (1.0, 'optimal', -2.0)
    """

    x: X
    objective: float
    status: Status
    message: str
    multipliers: Multipliers[X]
    violation: float
    kkt_error: float
    iterations: int

    def __repr__(self) -> str:
        """A table of the variables, of a screen at most; its first line is a summary."""
        return self._table().text()

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        return self._table().html()

    def _table(self) -> Table:
        head = "variable", "value", "multiplier"
        after = plural(self.iterations, "iteration")
        title = (
            f"Solution({self.status} after {after}, objective {number(self.objective)},"
            f" KKT error {self.kkt_error:.1e}):"
        )
        return attrs.evolve(listing(self.x, self.multipliers.bounds, head, "x"), title=title)
