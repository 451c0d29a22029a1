"""Solves nonlinear programs: the solver is somebody else's, behind an adapter each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, TypeVar

import numpy as np

from fgrad.errors import NotAValue
from fgrad.nonlinear.adapter import Ended, Request
from fgrad.nonlinear.functions import Functions, Vector
from fgrad.nonlinear.kkt import Point
from fgrad.nonlinear.problem import NLP, vector
from fgrad.nonlinear.solution import HEADER, Callback, Iteration, Multipliers, Solution, Status

X = TypeVar("X")
P = TypeVar("P")

Solver: TypeAlias = Literal["ipopt", "trust-constr", "SLSQP"]
_MODULES: Final[Mapping[str, str]] = MappingProxyType({
    "ipopt": "ipopt", "trust-constr": "trust_constr", "SLSQP": "slsqp",
})  # fmt: skip
_NEAR: Final = 1e3
"""How far beyond the tolerance the KKT error may be, since solvers have measures of their own."""
_FAR: Final = -1e20
"""An objective that no minimum has."""


def solve_nlp(
    problem: NLP[X, P],
    solver: Solver = "ipopt",
    *,
    start: X | Solution[X] | None = None,
    params: P | None = None,
    tolerance: float = 1e-8,
    steps: int = 3000,
    progress: bool = False,
    callback: Callback | None = None,
    options: Mapping[str, object] = MappingProxyType({}),
) -> Solution[X]:
    """Where `solver` ends from `start`, with exact first and second derivatives.

    `ipopt` (the extra `ipopt`) is for problems of any size, `trust-constr` (the extra `optimize`) for
    large ones where Ipopt is not to be had, `SLSQP` (the same) for small ones. `start` is a tree like
    x0, which it is by default, or the solution of a problem nearby, whose multipliers are then used
    too. `params` replace those of the problem: nothing is traced or compiled again.

    `progress` prints a line for each iteration; `callback` is called with each, and its StopIteration
    ends the solve. `options` go to the solver as they are. How it ended is `status` of the result; an
    error is raised for what is no problem at all: NotAValue where the objective or a constraint is not
    finite at the start, MissingExtra for a solver that is not installed.

    >>> import fgrad as fg
    >>> problem = fg.nlp(
    ...     lambda x: x["a"] + x["b"], lambda x: x["a"] * x["b"] >= 4.0, {"a": 1.0, "b": 3.0}
    ... )
    >>> found = fg.solve_nlp(problem, "SLSQP")
    >>> found.status, round(found.x["a"], 6)
    ('optimal', 2.0)
    """
    if solver not in _MODULES:
        raise NotAValue(
            "solve_nlp", "a solver", f"{solver!r:.40}", f"Choose one of {', '.join(_MODULES)}."
        )
    solve: Callable[[Request], Ended] = import_module(f"fgrad.nonlinear.{_MODULES[solver]}").solve
    functions = problem.functions(params)
    x, multipliers, bounds = _start(problem, start)
    _require_finite(problem, functions, x)
    watch, warm = _watch(callback, progress=progress), isinstance(start, Solution)
    request = Request(
        functions, problem.limits, x, multipliers, bounds, warm, tolerance, steps, watch, options
    )
    ended = solve(request)
    point = Point.of(functions, ended.x, ended.multipliers, ended.bounds)
    return _solution(problem, request, ended, point)


def _start(problem: NLP[X, P], start: X | Solution[X] | None) -> tuple[Vector, Vector, Vector]:
    """Where to start: x, and the multipliers of constraints and bounds."""
    form = problem.formulation
    if not isinstance(start, Solution):
        x = vector(form.variables, problem.x0 if start is None else start, "start")
        return x, np.zeros(len(form.rows)), np.zeros(form.size)
    return (
        vector(form.variables, start.x, "start"),
        vector(form.constraints, start.multipliers.constraints, "start.multipliers.constraints"),
        vector(form.variables, start.multipliers.bounds, "start.multipliers.bounds"),
    )


def _require_finite(problem: NLP[Any, Any], functions: Functions, x: Vector) -> None:
    """Raise NotAValue, with what it is, for a value at the start that is not finite."""
    values = [functions.objective(x), *functions.constraints(x).tolist()]
    names = ["the objective", *[row.path for row in problem.formulation.rows]]
    for name, value in zip(names, values, strict=True):
        if not np.isfinite(value):
            advice = "Start where it is defined, and keep x there by bounds."
            raise NotAValue(f"{name} at the start", "a finite number", str(value), advice)


def _watch(callback: Callback | None, *, progress: bool) -> Callable[[Iteration], None]:
    """What is done at each iteration."""
    header = [HEADER] if progress else []

    def watch(iteration: Iteration) -> None:
        if progress:
            print(*header, iteration, sep="\n", flush=True)  # noqa: T201  # what was asked for
            header.clear()
        if callback is not None:
            callback(iteration)
        if iteration.objective < _FAR:
            raise StopIteration

    return watch


def _solution(problem: NLP[X, P], request: Request, ended: Ended, point: Point) -> Solution[X]:
    form = problem.formulation
    error = point.error(request.limits)
    multipliers = Multipliers(
        form.constraints.unflatten(ended.multipliers.tolist()),
        form.variables.unflatten(ended.bounds.tolist()),
    )
    status, message = _judged(request, ended, point, error)
    return Solution(
        form.variables.unflatten(ended.x.tolist()), point.objective, status, message, multipliers,
        request.limits.violation(point.x, point.constraints), error, ended.iterations,
    )  # fmt: skip


def _judged(request: Request, ended: Ended, point: Point, error: float) -> tuple[Status, str]:
    """How it ended: what the solver says, held against the KKT conditions."""
    violation = request.limits.violation(point.x, point.constraints)
    if point.objective < _FAR and violation <= request.tolerance:
        return "unbounded", ended.message
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

    def slope(x: Vector) -> Any:
        return sparse.diags_array((over(x) != 0.0).astype(float)) @ functions.jacobian(x)

    between = limits.lower, np.maximum(limits.upper, np.nextafter(limits.lower, np.inf))
    start = np.clip(x, *between)
    if not np.isfinite(over(start)).all():
        return False
    found = optimize.least_squares(over, start, slope, between, xtol=1e-15, ftol=1e-15)
    return bool(found.success and np.max(np.abs(found.fun)) > _NEAR * request.tolerance)
