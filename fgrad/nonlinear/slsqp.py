"""SciPy's `SLSQP` (Kraft 1988): sequential least squares, dense, for small problems."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from fgrad.errors import MissingExtra
from fgrad.nonlinear.adapter import Ended, Request
from fgrad.nonlinear.kkt import fitted
from fgrad.nonlinear.solution import Iteration, Status

_STATUS: Final[Mapping[int, Status]] = MappingProxyType({
    0: "optimal", 4: "infeasible", 9: "steps", 99: "stopped",
})  # fmt: skip


def solve(request: Request) -> Ended:
    """The end of a run of SLSQP; MissingExtra without SciPy."""
    try:
        from scipy import optimize  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise MissingExtra("the solver SLSQP", "scipy", "optimize") from error
    functions, limits = request.functions, request.limits
    equal = limits.below == limits.above
    low, high = ~equal & np.isfinite(limits.below), ~equal & np.isfinite(limits.above)
    count = [0]

    def seen(x: Any) -> None:
        count[0] += 1
        violation = limits.violation(x, functions.constraints(x))
        dual = float(np.max(np.abs(functions.gradient(x)), initial=0.0))
        request.watch(Iteration(count[0], functions.objective(x), violation, dual))

    def inside(x: Any) -> Any:
        values = functions.constraints(x)
        return np.concatenate((values[low] - limits.below[low], limits.above[high] - values[high]))

    def inside_slope(x: Any) -> Any:
        rows = functions.jacobian(x).toarray()
        return np.concatenate((rows[low], -rows[high]))

    constraints: list[dict[str, Any]] = []
    if equal.any():
        constraints.append({
            "type": "eq", "fun": lambda x: functions.constraints(x)[equal] - limits.below[equal],
            "jac": lambda x: functions.jacobian(x).toarray()[equal],
        })  # fmt: skip
    if low.any() or high.any():
        constraints.append({"type": "ineq", "fun": inside, "jac": inside_slope})
    found = optimize.minimize(
        functions.objective, request.x, method="SLSQP", jac=functions.gradient, callback=seen,
        constraints=constraints, bounds=optimize.Bounds(limits.lower, limits.upper),
        options={"ftol": 1e-4 * request.tolerance, "maxiter": request.steps, **request.options},
    )  # fmt: skip
    multipliers, bounds = fitted(functions, limits, found.x)
    status = _STATUS.get(found.get("status", 0), "failed")  # there is none where all is fixed
    return Ended(
        found.x, multipliers, bounds, status, f"SLSQP: {found.message}", found.get("nit", 0)
    )
