"""What is made of where a solver ended: it is held against the conditions of a minimum."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from fgrad.nonlinear.adapter import Ended, Request
from fgrad.nonlinear.formulation import Formulation
from fgrad.nonlinear.functions import Vector
from fgrad.nonlinear.kkt import Point
from fgrad.nonlinear.solution import Multipliers, Solution, Status

_NEAR: Final = 1e3
"""How far beyond the tolerance the KKT error may be, since solvers have measures of their own."""
_SMALL: Final = 1_000_000
"""The entries of a Jacobian up to which it is decomposed as a dense one."""
FAR: Final = -1e20
"""An objective that no minimum has."""


def solution_of(form: Formulation, request: Request, ended: Ended) -> Solution[Any]:
    """The solution where a solver ended."""
    found = Point.of(request.functions, ended.x, ended.multipliers, ended.bounds)
    point = found.with_fixed(request.limits)
    error = point.error(request.limits)
    multipliers = Multipliers(
        form.constraints.tree(ended.multipliers.tolist()),
        form.variables.tree(point.bounds.tolist()),
    )
    status, message = _judged(request, ended, point, error)
    return Solution(
        form.variables.tree(ended.x.tolist()), point.objective, status, message, multipliers,
        request.limits.violation(point.x, point.constraints), error, ended.iterations,
    )  # fmt: skip


def _judged(request: Request, ended: Ended, point: Point, error: float) -> tuple[Status, str]:
    """How it ended: what the solver says, held against the KKT conditions."""
    violation, tolerance = request.limits.violation(point.x, point.constraints), request.tolerance
    size = max(1.0, float(np.max(np.abs(point.x), initial=0.0)))
    if point.objective < FAR and violation <= tolerance * size:
        return "unbounded", f"the objective falls below {FAR:g}"
    if ended.status in ("stopped", "unbounded"):
        return ended.status, ended.message
    if error <= _NEAR * tolerance:
        return "optimal", ended.message
    if not violation <= _NEAR * tolerance:
        least = _least_violation(request, point.x)
        # Where steps were left over, any point from which there is no way is one; else only this.
        near = 0.99 * violation if ended.status == "steps" else _NEAR * tolerance
        if ended.status == "infeasible" or near <= least < math.inf:
            return "infeasible", ended.message
    if ended.status in ("optimal", "infeasible"):
        return "failed", f"{ended.message}; but the KKT error is {error:.1e}"
    return ended.status, ended.message


def _least_violation(request: Request, x: Vector) -> float:
    """The largest violation where their squares are least, searched from x; inf if that is not known."""
    from scipy import optimize, sparse  # noqa: PLC0415  # an extra, which is there after a solve

    functions, limits = request.functions, request.limits

    def over(x: Vector) -> Vector:
        constraints = functions.constraints(x)
        return constraints - np.clip(constraints, limits.below, limits.above)

    small = functions.size == 1 or functions.count * functions.size <= _SMALL

    def slope(x: Vector) -> Any:
        rows = sparse.diags_array((over(x) != 0.0).astype(float)) @ functions.jacobian(x)
        return rows.toarray() if small else rows

    between = limits.lower, np.maximum(limits.upper, np.nextafter(limits.lower, np.inf))
    start = np.clip(x, *between)
    if not (np.isfinite(over(start)).all() and np.isfinite(functions.slopes(start)).all()):
        return math.inf
    found = optimize.least_squares(over, start, slope, between, xtol=1e-15, ftol=1e-15)
    return float(np.max(np.abs(found.fun))) if found.success else math.inf
