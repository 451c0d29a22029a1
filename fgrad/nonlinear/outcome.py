"""What is made of where a solver ended: it is held against the conditions of a minimum."""

from __future__ import annotations

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
        form.constraints.unflatten(ended.multipliers.tolist()),
        form.variables.unflatten(point.bounds.tolist()),
    )
    status, message = _judged(request, ended, point, error)
    return Solution(
        form.variables.unflatten(ended.x.tolist()), point.objective, status, message, multipliers,
        request.limits.violation(point.x, point.constraints), error, ended.iterations,
    )  # fmt: skip


def _judged(request: Request, ended: Ended, point: Point, error: float) -> tuple[Status, str]:
    """How it ended: what the solver says, held against the KKT conditions."""
    violation = request.limits.violation(point.x, point.constraints)
    if point.objective < FAR and violation <= request.tolerance:
        return "unbounded", f"the objective falls below {FAR:g}"
    if ended.status in ("stopped", "infeasible", "unbounded"):
        return ended.status, ended.message
    if error <= _NEAR * request.tolerance:
        return "optimal", ended.message
    if violation > request.tolerance and _out_of_reach(request, point.x):
        return "infeasible", ended.message
    if ended.status == "optimal":
        return "failed", f"{ended.message}; but the KKT error is {error:.1e}"
    return ended.status, ended.message


def _out_of_reach(request: Request, x: Vector) -> bool:
    """Whether the least violation that is found from x, in the sum of squares, is not 0."""
    from scipy import optimize, sparse  # noqa: PLC0415  # an extra, which is there after a solve

    functions, limits = request.functions, request.limits

    def over(x: Vector) -> Vector:
        constraints = functions.constraints(x)
        return constraints - np.clip(constraints, limits.below, limits.above)

    small = functions.count * functions.size <= _SMALL

    def slope(x: Vector) -> Any:
        rows = sparse.diags_array((over(x) != 0.0).astype(float)) @ functions.jacobian(x)
        return rows.toarray() if small else rows

    between = limits.lower, np.maximum(limits.upper, np.nextafter(limits.lower, np.inf))
    start = np.clip(x, *between)
    if not (np.isfinite(over(start)).all() and np.isfinite(functions.slopes(start)).all()):
        return False
    found = optimize.least_squares(over, start, slope, between, xtol=1e-15, ftol=1e-15)
    return bool(found.success and np.max(np.abs(found.fun)) > _NEAR * request.tolerance)
