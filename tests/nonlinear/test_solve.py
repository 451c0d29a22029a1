"""Solvers reach published optima, and say how they ended."""

from __future__ import annotations

import functools
import math
from typing import Any

import attrs
import pytest

import fgrad as fg
from fgrad.nonlinear.solve import Solver
from tests.samples.hock_schittkowski import EXAMPLES

pytest.importorskip("scipy")

SOLVERS: list[Any] = [
    "trust-constr",
    "SLSQP",
    pytest.param("ipopt", marks=pytest.mark.filterwarnings("ignore::DeprecationWarning")),
]


@pytest.fixture(params=SOLVERS)
def solver(request: pytest.FixtureRequest) -> Solver:
    found: Solver = request.param
    if found == "ipopt":
        pytest.importorskip("ipyopt")
    return found


@functools.cache
def published(number: int) -> fg.NLP[list[float], None]:
    example = EXAMPLES[number]
    bounds = (example.lower, example.upper)
    return fg.nlp(example.objective, example.constraints, list(example.start), bounds=bounds)


@pytest.mark.filterwarnings("ignore:Singular Jacobian matrix:UserWarning")
@pytest.mark.parametrize("number", EXAMPLES)
def test_the_optimum_is_the_published_one(number: int, solver: Solver) -> None:
    example = EXAMPLES[number]
    if (number, solver) == (61, "SLSQP"):
        pytest.skip("its first subproblem is singular at the start")
    found = fg.solve_nlp(published(number), solver)
    assert found.status == "optimal", found.message
    assert found.objective == pytest.approx(example.optimum, rel=1e-6, abs=1e-6)
    assert found.violation <= 1e-6
    assert example.objective(found.x) == pytest.approx(found.objective, rel=1e-12, abs=1e-12)


@attrs.frozen
class Point:
    x: float
    y: float


@attrs.frozen
class Disc:
    radius: float
    slope: float


def objective(at: Point, disc: Disc) -> float:
    return at.x + disc.slope * at.y


def inside(at: Point, disc: Disc) -> dict[str, Any]:
    return {"disc": at.x * at.x + at.y * at.y <= disc.radius * disc.radius}


def test_multipliers_are_the_fall_of_the_optimum(solver: Solver) -> None:
    """On a disc the lowest x + s y is -r sqrt(1 + s^2), so all can be known."""
    problem = fg.nlp(objective, inside, Point(0.1, 0.1), Disc(2.0, 0.5))
    found = fg.solve_nlp(problem, solver)
    root = math.sqrt(1.25)
    assert found.objective == pytest.approx(-2.0 * root, rel=1e-7)
    assert (found.x.x, found.x.y) == pytest.approx((-2.0 / root, -1.0 / root), rel=1e-6)
    # d(optimum) / d(r^2) is minus the multiplier
    assert found.multipliers.constraints["disc"] == pytest.approx(root / 4.0, rel=1e-5)
    assert found.kkt_error < 1e-5


def test_multipliers_have_the_signs_that_the_lagrangian_gives_them(solver: Solver) -> None:
    problem = fg.nlp(
        lambda p: fg.square(p.x - 3.0) + fg.square(p.y + 3.0),
        lambda p: (p.x + p.y >= -0.5, p.x <= 1.0),
        Point(0.0, 0.0),
        bounds=(Point(-math.inf, -1.0), None),
    )
    found = fg.solve_nlp(problem, solver)
    lower, upper = found.multipliers.constraints
    bound = found.multipliers.bounds
    assert (found.x.x, found.x.y) == pytest.approx((1.0, -1.0), abs=1e-6)
    assert upper == pytest.approx(4.0, rel=1e-5)
    assert bound.y == pytest.approx(-4.0, rel=1e-5)
    assert lower == pytest.approx(0.0, abs=1e-5)
    assert bound.x == pytest.approx(0.0, abs=1e-5)


def test_other_parameters_need_no_other_problem(solver: Solver) -> None:
    problem = fg.nlp(objective, inside, Point(0.1, 0.1), Disc(2.0, 0.5))
    found = fg.solve_nlp(problem, solver, params=Disc(1.0, 0.0))
    assert found.objective == pytest.approx(-1.0, rel=1e-7)
    assert fg.solve_nlp(problem, solver).objective == pytest.approx(-math.sqrt(5.0), rel=1e-7)


def test_a_solution_warms_the_next_start() -> None:
    pytest.importorskip("ipyopt")
    example = EXAMPLES[100]
    problem = fg.nlp(example.objective, example.constraints, list(example.start))
    cold = fg.solve_nlp(problem)
    warm = fg.solve_nlp(problem, start=cold)
    assert warm.status == "optimal"
    assert warm.iterations < cold.iterations / 2


ENDS: dict[str, tuple[Any, str]] = {
    "infeasible": (
        fg.nlp(lambda x: x[0], lambda x: x[0] * x[0] + x[1] * x[1] <= -1.0, [1.0, 1.0]),
        "infeasible",
    ),
    "unbounded": (
        fg.nlp(lambda x: -x[0] + 0.0 * x[1], lambda x: x[1] <= x[0], [1.0, 1.0]),
        "unbounded",
    ),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::UserWarning")
@pytest.mark.parametrize("name", ENDS)
def test_what_has_no_solution_ends_with_a_status(name: str, solver: Solver) -> None:
    problem, status = ENDS[name]
    found = fg.solve_nlp(problem, solver)
    assert found.status == status, found.message
    assert all(map(math.isfinite, found.x))


@pytest.mark.filterwarnings("ignore:Singular Jacobian matrix:UserWarning")
def test_equations_that_exclude_each_other_are_no_solution(solver: Solver) -> None:
    problem = fg.nlp(lambda x: x * x, lambda x: (fg.equal(x, 1.0), fg.equal(x, 2.0)), 1.5)
    assert fg.solve_nlp(problem, solver).status == "infeasible"
    crossed = fg.nlp(lambda x: x, lambda x: (x >= 2.0, x <= 1.0), 1.0)
    assert fg.solve_nlp(crossed, solver).status == "infeasible"


def test_a_value_that_is_not_finite_at_the_start_is_named() -> None:
    problem = fg.nlp(lambda x: x["a"], lambda x: {"root": fg.sqrt(x["a"]) >= 1.0}, {"a": -1.0})
    with pytest.raises(
        fg.NotAValue, match=r"^constraints\['root'\] at the start needs a finite number; got nan"
    ):
        fg.solve_nlp(problem, "SLSQP")
    with pytest.raises(fg.NotAValue, match=r"^the objective at the start"):
        fg.solve_nlp(fg.nlp(fg.log, None, 0.0), "SLSQP")


def test_progress_is_a_line_an_iteration(
    solver: Solver, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = fg.nlp(objective, inside, Point(0.1, 0.1), Disc(2.0, 0.5))
    seen: list[fg.Iteration] = []
    fg.solve_nlp(problem, solver, progress=True, callback=seen.append)
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["step", "objective", "violation", "dual"]
    assert lines == list(map(str, seen))
    assert len({*map(len, lines), len(head)}) == 1


def test_a_callback_ends_the_solve_and_nothing_is_lost(solver: Solver) -> None:
    problem = fg.nlp(objective, inside, Point(0.1, 0.1), Disc(2.0, 0.5))

    def enough(iteration: fg.Iteration) -> None:
        if iteration.count >= 2:
            raise StopIteration

    found = fg.solve_nlp(problem, solver, callback=enough)
    assert found.status == "stopped"
    assert found.iterations <= 3
    assert math.isfinite(found.objective)


def test_errors_of_a_callback_reach_the_caller(solver: Solver) -> None:
    problem = fg.nlp(objective, inside, Point(0.1, 0.1), Disc(2.0, 0.5))

    def broken(iteration: fg.Iteration) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fg.solve_nlp(problem, solver, callback=broken)


def test_few_steps_end_with_a_status(solver: Solver) -> None:
    example = EXAMPLES[1]
    problem = fg.nlp(example.objective, None, list(example.start))
    assert fg.solve_nlp(problem, solver, steps=2).status == "steps"


def test_words_that_are_no_solver() -> None:
    problem = fg.nlp(lambda x: x * x, None, 1.0)
    with pytest.raises(
        fg.NotAValue, match=r"a solver; got .snopt.\. Choose one of ipopt, trust-constr, SLSQP"
    ):
        fg.solve_nlp(problem, "snopt")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(fg.TreeMismatch, match="start"):
        fg.solve_nlp(problem, "SLSQP", start=[1.0])  # type: ignore[misc]  # wrong on purpose


NOT_FINITE: dict[str, tuple[Any, str]] = {
    "objective": (
        fg.nlp(lambda x: -fg.sqrt(x[0] * x[0] + x[1] * x[1]), lambda x: x[0] <= 3.0, [0.0, 0.0]),
        r"^the derivative of the objective at the start",
    ),
    "constraint": (
        fg.nlp(
            lambda x: x[0], lambda x: {"far": fg.sqrt(x[0] * x[0] + x[1] * x[1]) >= 1.0}, [0.0, 0.0]
        ),
        r"^the derivative of constraints\['far'\] at the start",
    ),
}


@pytest.mark.parametrize("name", NOT_FINITE)
def test_a_derivative_that_is_not_finite_at_the_start_is_named(name: str, solver: Solver) -> None:
    problem, words = NOT_FINITE[name]
    with pytest.raises(fg.NotAValue, match=words):
        fg.solve_nlp(problem, solver)


def test_numbers_that_are_not_finite_are_never_optimal(solver: Solver) -> None:
    """The solver is led to where the derivative is nan."""
    problem = fg.nlp(
        lambda x: fg.where(x <= 0.5, fg.sqrt(x - 0.5), x), None, 2.0, bounds=(0.0, None)
    )
    assert fg.solve_nlp(problem, solver, steps=30).status != "optimal"


def test_variables_that_bounds_fix_have_multipliers(solver: Solver) -> None:
    problem = fg.nlp(
        lambda x: fg.square(x[0] - 3.0) + fg.square(x[1] - x[0]),
        None,
        [1.0, 2.0],
        bounds=([1.0, -9.0], [1.0, 9.0]),
    )
    found = fg.solve_nlp(problem, solver)
    assert found.status == "optimal", found.message
    assert found.x == pytest.approx([1.0, 1.0], abs=1e-6)
    assert found.multipliers.bounds[0] == pytest.approx(4.0, abs=1e-4)


def test_a_start_is_moved_within_the_bounds(solver: Solver) -> None:
    problem = fg.nlp(lambda x: x - fg.log(x), None, -1.0, bounds=(0.1, None))
    assert fg.solve_nlp(problem, solver).x == pytest.approx(1.0, abs=1e-6)


@pytest.mark.filterwarnings("ignore:Singular Jacobian matrix:UserWarning")
def test_equations_of_one_variable_that_exclude_each_other(solver: Solver) -> None:
    problem = fg.nlp(lambda x: x * x, lambda x: [fg.equal(x, 1.0), fg.equal(x * x, 4.0)], 0.3)
    assert fg.solve_nlp(problem, solver).status == "infeasible"


def test_options_and_tolerances_that_are_none() -> None:
    problem = fg.nlp(lambda x: x * x, None, 1.0)
    with pytest.raises(fg.NotAValue, match="a tolerance above 0"):
        fg.solve_nlp(problem, "SLSQP", tolerance=0.0)
    pytest.importorskip("ipyopt")
    with pytest.raises(fg.NotAValue, match="options that Ipopt knows"):
        fg.solve_nlp(problem, options={"mu_stratgy": "adaptive"})


def test_a_solve_that_ran_out_of_steps_is_not_called_infeasible(solver: Solver) -> None:
    """There is a point, beyond a hill of the violation."""
    problem = fg.nlp(
        lambda x: fg.square(x[0]) + fg.square(x[1]),
        lambda x: fg.equal(x[0] * x[0] * x[0] - 3.0 * x[0], -10.0),
        [3.0, 0.0],
    )
    assert fg.solve_nlp(problem, solver, steps=1).status == "steps"


def test_everything_may_be_fixed(solver: Solver) -> None:
    found = fg.solve_nlp(fg.nlp(fg.square, None, 0.0, bounds=(0.5, 0.5)), solver)
    assert (found.x, found.status) == (0.5, "optimal")


def test_what_falls_without_end_is_unbounded_however_large(solver: Solver) -> None:
    problem = fg.nlp(lambda x: x[0] + x[1], lambda x: x[0] >= 2.0, [0.0, 0.0])
    assert fg.solve_nlp(problem, solver).status == "unbounded"


def test_a_column_that_all_rows_share_does_not_slow_ipopt_down() -> None:
    pytest.importorskip("ipyopt")
    n = 2000

    def gaps(x: list[float]) -> list[Any]:
        h, found = x[-1] / n, []
        for k in range(n):
            p, v, u, after, faster = x[3 * k : 3 * k + 5]
            found.append(fg.equal(after, p + h * (v + 0.5 * h * (u - v))))
            found.append(fg.equal(faster, v + h * (u - v) * (1.0 - 0.5 * h)))
        limits = [
            v <= 1.0 - 0.5 * fg.sin(2.0 * math.pi * p)
            for p, v in zip(x[::3], x[1::3], strict=False)
        ]
        return [*found, *limits, fg.equal(x[0], 0.0), fg.equal(x[1], 0.0), fg.equal(x[-3], 1.0)]

    inf = math.inf
    lower, upper = [*[-inf, -inf, 0.0] * n, -inf, -inf, 0.0], [*[inf, inf, 1.0] * n, inf, inf, inf]
    start = [*[0.0, 1.0, 0.0] * n, 0.0, 1.0, 1.0]
    problem = fg.nlp(lambda x: x[-1], gaps, start, bounds=(lower, upper))
    found = fg.solve_nlp(problem, options={"max_cpu_time": 30.0})
    assert found.status == "optimal"
    assert found.objective == pytest.approx(1.905, abs=1e-2)
