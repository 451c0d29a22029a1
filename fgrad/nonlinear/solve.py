"""Solves nonlinear programs: the solver is somebody else's, behind an adapter each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, TypeVar

from fgrad.errors import NotAValue
from fgrad.nonlinear.adapter import Ended, Request
from fgrad.nonlinear.functions import Functions, Vector, vector
from fgrad.nonlinear.outcome import FAR, solution_of
from fgrad.nonlinear.problem import NLP
from fgrad.nonlinear.solution import HEADER, Callback, Iteration, Solution

X = TypeVar("X")
P = TypeVar("P")

Solver: TypeAlias = Literal["ipopt", "trust-constr", "SLSQP"]
_MODULES: Final[Mapping[str, str]] = MappingProxyType({
    "ipopt": "ipopt", "trust-constr": "trust_constr", "SLSQP": "slsqp",
})  # fmt: skip


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
    too; it is moved within the bounds. `params` replace those of the problem: nothing is traced or
    compiled again.

    `progress` prints a line for each iteration; `callback` is called with each, and its StopIteration
    ends the solve. `options` go to the solver as they are. How it ended is `status` of the result; an
    error is raised for what is no problem at all: NotAValue where the objective, a constraint or a derivative is
    not finite at the start, MissingExtra for a solver that is not installed.

    >>> import fgrad as fg
    >>> problem = fg.nlp(
    ...     lambda x: x["a"] + x["b"], lambda x: x["a"] * x["b"] >= 4.0, {"a": 1.0, "b": 3.0}
    ... )
    >>> found = fg.solve_nlp(problem, "SLSQP")
    >>> found.status, round(found.x["a"], 6)
    ('optimal', 2.0)
    """
    solve = _adapter(solver)
    if not tolerance > 0.0:
        raise NotAValue("solve_nlp", "a tolerance above 0", f"{tolerance}", "1e-8 is usual.")
    functions = problem.functions(params)
    x, multipliers, bounds = _start(problem, start)
    x = x.clip(problem.limits.lower, problem.limits.upper)
    _require_finite(problem, functions, x)
    watch, warm = _watch(callback, progress=progress), isinstance(start, Solution)
    place = problem.limits, x, multipliers, bounds, warm
    request = Request(functions, *place, tolerance, steps, watch, options)
    return solution_of(problem.formulation, request, solve(request))


def _adapter(solver: str) -> Callable[[Request], Ended]:
    """The function that a solver is behind; NotAValue for a name that is none."""
    if solver not in _MODULES:
        advice = f"Choose one of {', '.join(_MODULES)}."
        raise NotAValue("solve_nlp", "a solver", f"{solver!r:.40}", advice)
    solve: Callable[[Request], Ended] = import_module(f"fgrad.nonlinear.{_MODULES[solver]}").solve
    return solve


def _start(problem: NLP[X, P], start: X | Solution[X] | None) -> tuple[Vector, Vector, Vector]:
    """Where to start: x, and the multipliers of constraints and bounds."""
    form = problem.formulation
    rows, variables = form.constraints, form.variables
    if isinstance(start, Solution):
        x, multipliers, bounds = start.x, start.multipliers.constraints, start.multipliers.bounds
    else:
        x = problem.x0 if start is None else start
        multipliers, bounds = (t.tree([0.0] * len(t)) for t in (rows, variables))
    return (
        vector(variables, x, "start"),
        vector(rows, multipliers, "start.multipliers.constraints"),
        vector(variables, bounds, "start.multipliers.bounds"),
    )


def _require_finite(problem: NLP[Any, Any], functions: Functions, x: Vector) -> None:
    """Raise NotAValue, with what it is, for what is not finite at the start: x, a value or a derivative."""
    form = problem.formulation
    for name, spread, numbers in (
        ("start", form.variables, x),
        ("params", form.params, functions.params),
    ):
        for i, value in enumerate(numbers.tolist()):
            if math.isnan(value):
                raise NotAValue(f"{name}{spread.paths()[i]}", "a number", "nan", "Give it a value.")
    rows = [row.path for row in form.rows]
    values = zip(["the objective", *rows], functions.values(x).tolist(), strict=True)
    places = [rows[i] for i in functions.jacobian_places[0]]
    slopes = zip(
        ["the objective"] * functions.size + places, functions.slopes(x).tolist(), strict=True
    )
    for what, found in (("", values), ("the derivative of ", slopes)):
        for name, value in found:
            if not math.isfinite(value):
                advice = "Start where it is defined, and keep x there by bounds."
                where = f"{what}{name} at the start"
                raise NotAValue(where, "a finite number", str(value), advice)


def _watch(callback: Callback | None, *, progress: bool) -> Callable[[Iteration], None]:
    """What is done at each iteration."""
    header = [HEADER] if progress else []

    def watch(iteration: Iteration) -> None:
        if progress:
            print(*header, iteration, sep="\n", flush=True)  # noqa: T201  # what was asked for
            header.clear()
        if callback is not None:
            callback(iteration)
        if iteration.objective < FAR:
            raise StopIteration

    return watch
