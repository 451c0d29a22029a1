"""SciPy's `trust-constr` (Byrd, Hribar and Nocedal 1999): sparse, and installed nearly everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from fgrad.errors import MissingExtra
from fgrad.nonlinear.adapter import Ended, Request
from fgrad.nonlinear.solution import Iteration, Status

_STATUS: Final[Mapping[int, Status]] = MappingProxyType({
    0: "steps", 1: "optimal", 2: "optimal", 3: "stopped",
})  # fmt: skip


def solve(request: Request) -> Ended:
    """The end of a run of trust-constr; MissingExtra without SciPy."""
    try:
        from scipy import optimize  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise MissingExtra("the solver trust-constr", "scipy", "optimize") from error
    functions, limits = request.functions, request.limits
    none, last = np.zeros(functions.count), [request.x]

    def seen(x: Any, state: Any) -> bool:
        last[0] = x
        found = state.fun, state.constr_violation, state.optimality
        try:
            request.watch(Iteration(state.nit, *map(float, found)))
        except StopIteration:
            return True
        return False

    constraint = optimize.NonlinearConstraint(
        functions.constraints, limits.below, limits.above,
        jac=functions.jacobian, hess=lambda x, v: functions.hessian(x, 0.0, v),
    )  # fmt: skip
    bounded = bool(np.isfinite(limits.lower).any() or np.isfinite(limits.upper).any())
    try:
        found = optimize.minimize(
            functions.objective, request.x, method="trust-constr", jac=functions.gradient,
            hess=lambda x: functions.hessian(x, 1.0, none), callback=seen,
            constraints=[constraint] if functions.count else [],
            bounds=optimize.Bounds(limits.lower, limits.upper) if bounded else None,
            options=_ends(request, bounded=bounded) | dict(request.options),
        )  # fmt: skip
    except ValueError as error:
        if "infs or NaNs" not in str(error):  # what its linear algebra says of derivatives
            raise
        unknown = np.zeros(functions.size)
        return Ended(last[0], none, unknown, "failed", f"trust-constr: {error}", request.steps)
    multipliers = found.v[0] if functions.count else none
    bounds = found.v[-1] if bounded else np.zeros(functions.size)
    status = _STATUS.get(found.status, "failed")
    return Ended(found.x, multipliers, bounds, status, f"trust-constr: {found.message}", found.nit)


def _ends(request: Request, *, bounded: bool) -> dict[str, Any]:
    """When it is to end: its `gtol` would end the solve while a barrier is high."""
    barrier = bounded or bool((request.limits.below < request.limits.above).any())
    return {
        "gtol": 0.0 if barrier else request.tolerance, "xtol": 1e-2 * request.tolerance,
        "barrier_tol": 0.1 * request.tolerance, "maxiter": request.steps,
    }  # fmt: skip
