"""The conditions of Karush, Kuhn and Tucker: how far a point is from them, and multipliers for it."""

from __future__ import annotations

import math
from typing import Any, Final, Self

import attrs
import numpy as np

from fgrad.nonlinear.formulation import Formulation
from fgrad.nonlinear.functions import Functions, Vector, vector

_ACTIVE: Final = 1e-7
"""How near to a bound, relatively, a number is held by it."""


@attrs.frozen(eq=False)
class Limits:
    """The bounds of the variables and of the constraints."""

    lower: Vector
    upper: Vector
    below: Vector
    above: Vector

    @classmethod
    def of(cls, form: Formulation, lower: Any, upper: Any) -> Self:
        """Those of a formulation, and of trees like its variables."""
        sides = vector(form.variables, lower, "lower"), vector(form.variables, upper, "upper")
        rows = [(row.lower, row.upper) for row in form.rows]
        below, above = np.array(rows).reshape(-1, 2).T
        return cls(*sides, below, above)

    def violation(self, x: Vector, constraints: Vector) -> float:
        """The largest violation; inf where a number is not finite."""
        sides = (self.lower - x, x - self.upper, self.below - constraints, constraints - self.above)
        found = float(np.max(np.concatenate(sides), initial=0.0))
        return math.inf if math.isnan(found) else found


@attrs.frozen(eq=False)
class Point:
    """A point with multipliers, and all first derivatives there."""

    x: Vector
    objective: float
    constraints: Vector
    multipliers: Vector
    bounds: Vector
    """The multipliers of the bounds: positive at the upper one, negative at the lower one."""
    slope: Vector
    """The gradient of the objective."""
    residual: Vector
    """That of the Lagrangian."""

    @classmethod
    def of(cls, functions: Functions, x: Vector, multipliers: Vector, bounds: Vector) -> Self:
        """Everything at x."""
        slope = functions.gradient(x)
        residual = slope + functions.jacobian(x).T @ multipliers + bounds
        constraints = functions.constraints(x)
        return cls(x, functions.objective(x), constraints, multipliers, bounds, slope, residual)

    def with_fixed(self, limits: Limits) -> Point:
        """The same with the multipliers of variables that both bounds fix, which may be any number."""
        left = np.where(limits.lower == limits.upper, self.residual, 0.0)
        return attrs.evolve(self, bounds=self.bounds - left, residual=self.residual - left)

    def error(self, limits: Limits) -> float:
        """The KKT error, as `Solution` has it."""
        gaps = _gap(self.x, self.bounds, limits.lower, limits.upper)
        slack = _gap(self.constraints, self.multipliers, limits.below, limits.above)
        dual = max(map(_largest, (self.residual, gaps, slack)))
        violation = limits.violation(self.x, self.constraints)
        slope = _largest(self.slope)
        if not (math.isfinite(dual) and math.isfinite(slope)):
            return math.inf
        return max(violation, dual / max(1.0, slope))


def _largest(values: Vector) -> float:
    """The largest absolute value; inf if there is one that is not finite."""
    found = float(np.max(np.abs(values), initial=0.0))
    return found if math.isfinite(found) else math.inf


def _gap(value: Vector, multiplier: Vector, lower: Vector, upper: Vector) -> Vector:
    """The products of multipliers with the distance from the bound that they belong to."""
    away = np.where(multiplier > 0.0, upper - value, value - lower)
    away[np.isinf(away)] = 1.0  # one that belongs to no bound is wrong by itself
    return multiplier * away


def fitted(functions: Functions, limits: Limits, x: Vector) -> tuple[Vector, Vector]:
    """The multipliers of constraints and of bounds that fit best at x, for solvers that have none."""
    from scipy import optimize  # noqa: PLC0415  # an extra

    constraints = functions.constraints(x)
    rows = functions.jacobian(x).toarray()
    sides = [
        (rows[i], *_signs(constraints[i], limits.below[i], limits.above[i]), i)
        for i in range(functions.count)
    ]
    unit = np.eye(functions.size)
    sides += [
        (unit[k], *_signs(x[k], limits.lower[k], limits.upper[k]), functions.count + k)
        for k in range(functions.size)
    ]
    active = [side for side in sides if side[1] < side[2]]
    found = np.zeros(functions.count + functions.size)
    if active:
        matrix = np.array([side[0] for side in active]).T
        low, high = [side[1] for side in active], [side[2] for side in active]
        fit = optimize.lsq_linear(matrix, -functions.gradient(x), (low, high), tol=1e-15)
        found[[side[3] for side in active]] = fit.x
    return found[: functions.count], found[functions.count :]


def _signs(value: float, lower: float, upper: float) -> tuple[float, float]:
    """Between which numbers the multiplier lies: 0 where no bound is near."""
    near = _ACTIVE * max(1.0, abs(value))
    return (-np.inf if value - lower <= near else 0.0), (np.inf if upper - value <= near else 0.0)
