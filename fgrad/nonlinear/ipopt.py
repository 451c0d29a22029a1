"""Ipopt (Waechter and Biegler 2006), an interior-point method for large sparse problems."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from fgrad.errors import MissingExtra, NotAValue
from fgrad.nonlinear.adapter import Ended, Request
from fgrad.nonlinear.solution import Iteration, Status

_INFINITE: Final = 1e20
_MATCHING: Final = "mumps_permuting_scaling"
"""With one dense column, as of a free final time, it makes fronts as large as the problem."""
_STATUS: Final[Mapping[int, Status]] = MappingProxyType({
    0: "optimal", 1: "optimal", 2: "infeasible", 4: "unbounded", 5: "stopped", 6: "optimal",
    -1: "steps", -4: "steps", -5: "steps",
})  # fmt: skip
_MESSAGES: Final[Mapping[int, str]] = MappingProxyType({
    0: "solved", 1: "solved to an acceptable level", 2: "the problem is infeasible at this point",
    3: "the search direction becomes too small", 4: "the iterates diverge", 5: "stopped by the callback",
    6: "a feasible point was found", -1: "the steps are used up", -2: "the restoration of feasibility failed",
    -3: "a step could not be computed", -4: "the time is used up", -5: "the time is used up",
    -10: "there are more equations than variables", -11: "the problem is not well defined",
    -12: "an option is not known", -13: "a function is not finite", -102: "memory is used up",
})  # fmt: skip


def solve(request: Request) -> Ended:
    """The end of a run of Ipopt; MissingExtra without ipyopt."""
    try:
        import ipyopt  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise MissingExtra("the solver ipopt", "ipyopt", "ipopt") from error
    functions, limits = request.functions, request.limits
    stopped: list[BaseException] = []

    def seen(
        mode: int, count: int, objective: float, violation: float, dual: float, *_: Any
    ) -> bool:
        try:
            request.watch(Iteration(count, objective, violation, dual))
        except BaseException as end:  # noqa: BLE001  # Ipopt would print it and go on; it is raised below
            stopped.append(end)
        return not stopped

    try:
        problem = ipyopt.Problem(
            functions.size, _finite(limits.lower), _finite(limits.upper),
            functions.count, _finite(limits.below), _finite(limits.above),
            functions.jacobian_places, functions.hessian_places,
            functions.objective, functions.gradient_to, functions.constraints_to, functions.jacobian_to, functions.hessian_to,
            intermediate_callback=seen, ipopt_options=_options(request, mumps=_has_mumps()),
        )  # fmt: skip
    except ValueError as error:
        advice = "Its documentation lists them, with their values."
        raise NotAValue("solve_nlp", "options that Ipopt knows", str(error), advice) from None
    x, multipliers = request.x.copy(), request.multipliers.copy()
    low, high = np.maximum(-request.bounds, 0.0), np.maximum(request.bounds, 0.0)
    _, _, code = problem.solve(x, mult_g=multipliers, mult_x_L=low, mult_x_U=high)
    if stopped and not isinstance(stopped[0], StopIteration):
        raise stopped[0]
    message = f"Ipopt: {_MESSAGES.get(code, f'status {code}')}"
    return Ended(
        x, multipliers, high - low, _STATUS.get(code, "failed"), message, problem.stats["n_iter"]
    )


def _finite(bounds: Any) -> Any:
    """Bounds as Ipopt wants them, for which 1e20 is infinite."""
    return np.clip(bounds, -_INFINITE, _INFINITE)


@cache
def _has_mumps() -> bool:
    """Whether Ipopt was built with MUMPS: only then it knows its options."""
    import ipyopt  # noqa: PLC0415  # an extra

    return any(option["name"] == _MATCHING for option in ipyopt.get_ipopt_options())


def _options(request: Request, *, mumps: bool) -> dict[str, Any]:
    known: dict[str, Any] = {
        "print_level": 0,
        "sb": "yes",
        "tol": request.tolerance,
        "max_iter": request.steps,
        "bound_relax_factor": 0.0,
    }
    if mumps:
        known[_MATCHING] = 0
    if request.warm:
        known |= {
            "warm_start_init_point": "yes", "warm_start_bound_push": 1e-9, "warm_start_bound_frac": 1e-9,
            "warm_start_slack_bound_push": 1e-9, "warm_start_slack_bound_frac": 1e-9,
            "warm_start_mult_bound_push": 1e-9, "mu_init": 1e-6,
        }  # fmt: skip
    return known | dict(request.options)
