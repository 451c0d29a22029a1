"""How solutions move with parameters, against solutions for other parameters."""

from __future__ import annotations

import math
from typing import Any

import pytest

import fgrad as fg
from fgrad.nonlinear.solve import Solver

pytest.importorskip("scipy")

Numbers = list[float]
Params = dict[str, float]


def objective(x: Numbers, p: Params) -> float:
    return fg.square(x[0] - p["a"]) + fg.square(x[1] - p["b"]) + x[0] * x[1] * p["a"]


def constraints(x: Numbers, p: Params) -> tuple[Any, ...]:
    return x[0] + x[1] <= p["b"] + 0.5, fg.equal(x[2], fg.sin(x[0]) * p["a"]), x[2] <= 50.0


@pytest.mark.parametrize("b", [0.7, -1.5, 9.0])  # held by nothing, by an inequality, by a bound
@pytest.mark.parametrize("solver", ["trust-constr", "SLSQP", "ipopt"])
def test_it_is_the_difference_of_solutions(b: float, solver: Solver) -> None:
    if solver == "ipopt":
        pytest.importorskip("ipyopt")
    params = {"a": 1.0, "b": b}
    problem = fg.nlp(
        objective, constraints, [0.1, 0.1, 0.1], params, bounds=([0.0, -9.0, -9.0], None)
    )
    found = fg.solve_nlp(problem, solver)
    direction = {"a": 0.3, "b": -0.2}
    step = 1e-4

    def moved(k: float) -> Numbers:
        shifted = {name: value + k * step * direction[name] for name, value in params.items()}
        return fg.solve_nlp(problem, solver, params=shifted, tolerance=1e-10).x

    expected = [
        (high - low) / (2.0 * step) for high, low in zip(moved(1.0), moved(-1.0), strict=True)
    ]
    assert problem.sensitivity(found, direction) == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_other_parameters_are_named() -> None:
    problem = fg.nlp(lambda x, p: fg.square(x - p) * x, lambda x, p: x >= 0.5, 2.0, 1.0)
    found = fg.solve_nlp(problem, "SLSQP", params=3.0)
    assert problem.sensitivity(found, 1.0, params=3.0) == pytest.approx(1.0)
    with pytest.raises(fg.NotAValue, match=r"a solution at these parameters; got a KKT error"):
        problem.sensitivity(found, 1.0)


def test_a_minimum_that_is_not_strict_has_none() -> None:
    problem = fg.nlp(lambda x, p: fg.square(x[0] + x[1] - p), None, [1.0, 1.0], 1.0)
    found = fg.solve_nlp(problem, "SLSQP")
    with pytest.raises(fg.NotRegular, match="singular"):
        problem.sensitivity(found, 1.0)


def test_a_solution_between_bounds_that_meet_does_not_move() -> None:
    problem = fg.nlp(lambda x, p: fg.square(x - p), None, 1.0, 3.0, bounds=(1.0, 1.0))
    found = fg.solve_nlp(problem, "trust-constr")
    assert math.isclose(found.x, 1.0)
    assert problem.sensitivity(found, 1.0) == 0.0


@pytest.mark.parametrize("solver", ["trust-constr", "SLSQP", "ipopt"])
def test_a_bound_that_holds_little_counts_where_the_solution_is_sharp(solver: Solver) -> None:
    """As of a sum of many terms with small weights, each bound of which has a small multiplier."""
    if solver == "ipopt":
        pytest.importorskip("ipyopt")
    problem = fg.nlp(
        lambda x, p: 1e-5 * fg.square(x[0] - p) + fg.square(x[1] - p), None, [0.5, 0.5], 2.0,
        bounds=([None, None], [1.0, None]),
    )  # fmt: skip
    found = fg.solve_nlp(problem, solver, tolerance=1e-12)
    assert problem.sensitivity(found, 1.0) == pytest.approx([0.0, 1.0], abs=1e-6)


@pytest.mark.parametrize("solver", ["trust-constr", "SLSQP", "ipopt"])
def test_a_constraint_that_is_met_and_holds_nothing_has_two_sides(solver: Solver) -> None:
    if solver == "ipopt":
        pytest.importorskip("ipyopt")
    problem = fg.nlp(lambda x, p: fg.square(x - p), lambda x, p: x <= 1.0, 0.0, 1.0)
    found = fg.solve_nlp(problem, solver)
    with pytest.raises(fg.NotRegular, match="met there without holding"):
        problem.sensitivity(found, 1.0)
