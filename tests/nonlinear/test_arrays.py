"""Nonlinear programs over arrays: the same problems as over numbers, with arrays in their shapes."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any, get_args

import attrs
import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("scipy")

import fgrad  # noqa: E402
from fgrad.nonlinear.solve import Solver  # noqa: E402

fg: Any = fgrad  # what is typed is tested in tests/typing


@pytest.fixture(params=get_args(Solver))
def solver(request: pytest.FixtureRequest) -> str:
    if request.param == "ipopt":
        pytest.importorskip("ipyopt")
    return str(request.param)


@attrs.frozen
class Motion:
    state: Any
    force: Any


STEPS, H = 12, 0.1


def effort(m: Motion) -> Any:
    return H * fg.sum(m.force**2)


def holds(m: Motion) -> Any:
    place, speed = m.state[:, 0], m.state[:, 1]
    after = np.stack([place[:-1] + H * speed[:-1], speed[:-1] + H * m.force], axis=1)
    return {
        "motion": fg.equal(m.state[1:], after),
        "ends": (fg.equal(m.state[0], 0.0), fg.equal(m.state[-1], np.array([1.0, 0.0]))),
    }


def by_numbers(z: list[Any]) -> Any:
    state, force = [z[2 * k : 2 * k + 2] for k in range(STEPS + 1)], z[2 * (STEPS + 1) :]
    motion = [
        fg.equal(new, old)
        for k in range(STEPS)
        for new, old in zip(
            state[k + 1], (state[k][0] + H * state[k][1], state[k][1] + H * force[k]), strict=True
        )
    ]
    return motion, [
        fg.equal(x, y) for x, y in zip((*state[0], *state[-1]), (0.0, 0.0, 1.0, 0.0), strict=True)
    ]


def test_it_is_the_problem_over_numbers(solver: str) -> None:
    start = Motion(np.zeros((STEPS + 1, 2)), np.zeros(STEPS))
    found = fg.solve_nlp(
        fg.nlp(effort, holds, start, bounds=(Motion(None, -9.0), Motion([9.0, None], 9.0))), solver
    )
    lower = [-math.inf] * 2 * (STEPS + 1) + [-9.0] * STEPS
    upper = [9.0, math.inf] * (STEPS + 1) + [9.0] * STEPS
    count = 2 * (STEPS + 1)
    flat = fg.nlp(
        lambda z: H * fg.sum([u * u for u in z[count:]]),
        by_numbers,
        [0.0] * len(lower),
        bounds=(lower, upper),
    )
    other = fg.solve_nlp(flat, solver)
    assert (found.status, other.status) == ("optimal", "optimal")
    assert np.allclose([*found.x.state.ravel(), *found.x.force], other.x, atol=1e-6)
    motion, ends = other.multipliers.constraints
    mine = found.multipliers.constraints
    assert np.allclose(mine["motion"].ravel(), motion, atol=1e-6)
    assert np.allclose(np.concatenate(mine["ends"]), ends, atol=1e-6)
    shapes = found.x.state.shape, mine["motion"].shape, found.multipliers.bounds.force.shape
    assert shapes == ((STEPS + 1, 2), (STEPS, 2), (STEPS,))


def rosenbrock(x: Any) -> Any:
    return fg.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


ROWS = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
SOLVED: dict[str, tuple[tuple[Any, ...], dict[str, Any], Any]] = {
    "no constraints": ((rosenbrock, None, np.zeros(3)), {}, [1.0, 1.0, 1.0]),
    "equations alone": ((lambda x: x @ x, lambda x: fg.equal(ROWS @ x, np.ones(2)), np.zeros(3)), {}, [1 / 3, 2 / 3, 1 / 3]),
    "a fixed variable": ((lambda x: x @ x, None, np.zeros(3)), {"bounds": ([1.0, None, None], [1.0, None, None])}, [1.0, 0.0, 0.0]),
    "all fixed": ((lambda x: x @ x, None, np.ones(3)), {"bounds": (1.0, 1.0)}, [1.0, 1.0, 1.0]),
    "one variable": ((lambda x: (x[0] - 2.0) ** 2, lambda x: x <= 1.0, np.zeros(1)), {}, [1.0]),
    "whole numbers": ((lambda x: (x - 2.5) @ (x - 2.5), None, np.array([0, 1])), {}, [2.5, 2.5]),
    "a list of whole numbers": ((lambda x: fg.square(x[0] - 2.5) + x[1] * x[1], None, [0, 1]), {}, [2.5, 0.0]),
    "bounds that are infinite or none": (
        (lambda x: (x - 2.5) @ (x - 2.5), None, np.zeros(2)),
        {"bounds": (np.array([-np.inf, 3.0]), [None, np.inf])},
        [2.5, 3.0],
    ),
    "a matrix": (
        (lambda x: fg.sum((x - 2.5) ** 2), lambda x: x <= np.array([[1.0, 5.0], [5.0, 1.0]]), np.zeros((2, 2))),
        {"bounds": (0.0, 2.0)},
        [1.0, 2.0, 2.0, 1.0],
    ),
    "of numpy's numbers": ((lambda x: (x - 1.0) ** 2, None, np.float64(3.0)), {}, [1.0]),
    "a tree of arrays of constraints": ((lambda x: x @ x, lambda x: [x[:1] >= 0.5, {"a": x[1] <= -0.3}], np.ones(2)), {}, [0.5, -0.3]),
    "turned, to find a largest": ((lambda x: -(1.0 - x @ x), None, np.ones(2)), {}, [0.0, 0.0]),
}  # fmt: skip


@pytest.mark.parametrize("name", SOLVED)
def test_what_is_tried_next_is_solved(name: str, solver: str) -> None:
    args, options, expected = SOLVED[name]
    found = fg.solve_nlp(fg.nlp(*args, **options), solver)
    assert found.status == "optimal"
    assert np.allclose(np.ravel(found.x), expected, atol=1e-6)
    assert np.shape(found.x) == np.shape(args[2])
    assert np.shape(found.multipliers.bounds) == np.shape(args[2])
    assert {type(v) for v in np.ravel(found.x).tolist()} == {float}
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        found.x = 0.0


def distance(x: Any, p: Any) -> Any:
    return (x - p["centre"]) @ p["weights"] @ (x - p["centre"])


def half(x: Any, p: Any) -> Any:
    return x <= 0.5 * p["centre"]


PARAMS = {"centre": np.array([1.0, 2.0]), "weights": np.eye(2)}


def test_arrays_are_parameters_starts_and_directions() -> None:
    problem = fg.nlp(distance, half, np.zeros(2), PARAMS)
    found = fg.solve_nlp(problem, "SLSQP", start=np.array([0.1, 0.2]))
    assert np.allclose(found.x, [0.5, 1.0])
    other = PARAMS | {"centre": np.array([2.0, 4.0])}
    assert np.allclose(fg.solve_nlp(problem, "SLSQP", params=other, start=found).x, [1.0, 2.0])
    moved = problem.sensitivity(
        found, {"centre": np.array([1.0, 0.0]), "weights": np.zeros((2, 2))}
    )
    assert np.allclose(moved, [0.5, 0.0])
    assert "array (2,)" in repr(found)


def test_none_is_no_variable_as_in_every_tree() -> None:
    seen: list[Any] = []

    def square(x: Any) -> Any:
        seen.append(x["b"])
        return x["a"] ** 2

    problem = fg.nlp(square, None, {"a": 3.0, "b": None})
    assert (problem.formulation.size, seen) == (1, [None])
    assert fg.solve_nlp(problem, "SLSQP").x == {"a": 0.0, "b": None}


@attrs.frozen
class Layers:
    width: float
    count: int


WRONG: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "parameters of another shape": (lambda: fg.solve_nlp(fg.nlp(distance, half, np.zeros(2), PARAMS), "SLSQP", params=PARAMS | {"centre": np.zeros(3)}), fg.TreeMismatch, r"params\['centre'\] needs an array of shape \(2,\); got an array of shape \(3,\)"),
    "a start of another shape": (lambda: fg.solve_nlp(fg.nlp(rosenbrock, None, np.zeros(2)), "SLSQP", start=np.zeros(3)), fg.TreeMismatch, r"start needs an array of shape \(2,\)"),
    "bounds of another shape": (lambda: fg.nlp(rosenbrock, None, np.zeros(3), bounds=(np.zeros(2), None)), fg.TreeMismatch, r"lower bounds of x needs shape \(3,\)"),
    "bounds of another structure": (lambda: fg.nlp(lambda x: x["a"], None, {"a": 1.0}, bounds=({"b": 0.0}, None)), fg.TreeMismatch, "lower bounds of x"),
    "bounds as SciPy has pairs": (lambda: fg.nlp(rosenbrock, None, np.zeros(2), bounds=((0.0, 1.0), (0.0, 1.0))), fg.TreeMismatch, "an array or a list"),
    "bounds crossed in an element": (lambda: fg.nlp(rosenbrock, None, np.zeros(3), bounds=([0, 2, 0], 1.0)), fg.NotAValue, r"bounds of x\[1\] .* got 2.0 and 1.0"),
    "an objective that is an array": (lambda: fg.nlp(lambda x: x * x, None, np.zeros(3)), fg.NotAValue, r"returns a number; got an array of shape \(3,\)"),
    "no objective": (lambda: fg.nlp(lambda x: None, None, np.zeros(3)), fg.NotAValue, "returns a number; got None"),
    "an element that is no comparison": (lambda: fg.nlp(rosenbrock, lambda x: [x - 1.0], np.zeros(3)), fg.NotAValue, r"constraints\[0\]\[0\] needs a comparison"),
    "an open bound": (lambda: fg.nlp(rosenbrock, lambda x: x < 1.0, np.zeros(3)), fg.NotAValue, r"constraints\[0\] .*write <="),
    "two at once": (lambda: fg.nlp(rosenbrock, lambda x: (x <= 1.0) & (x >= 0.0), np.zeros(3)), fg.NotAValue, r"one comparison.*two as a tuple"),
    "a comparison of constants": (lambda: fg.nlp(rosenbrock, lambda x: np.ones(2) <= 2.0, np.zeros(3)), fg.NotAValue, "depends on a variable"),
    "an element that depends on nothing": (lambda: fg.nlp(rosenbrock, lambda x: fg.stack([x[0], 1.0]) <= 2.0, np.zeros(3)), fg.NotAValue, r"constraints\[1\] .*depends on a variable"),
    "nan in x0": (lambda: fg.solve_nlp(fg.nlp(rosenbrock, None, np.array([0.0, np.nan])), "SLSQP"), fg.NotAValue, r"start\[1\] needs a number; got nan"),
    "nan in the parameters": (lambda: fg.solve_nlp(fg.nlp(distance, half, np.zeros(2), PARAMS | {"centre": np.array([0.0, np.nan])}), "SLSQP"), fg.NotAValue, r"params\['centre'\]\[1\]"),
    "a constraint not finite": (lambda: fg.solve_nlp(fg.nlp(rosenbrock, lambda x: np.log(x) <= 1.0, np.array([1.0, -1.0])), "SLSQP"), fg.NotAValue, r"constraints\[1\] at the start"),
    "no numbers": (lambda: fg.nlp(rosenbrock, None, np.zeros(0)), fg.NotAValue, "an x0 without a number"),
    "None alone": (lambda: fg.nlp(rosenbrock, None, None), fg.NotAValue, "an x0 without a number"),
    "truth values": (lambda: fg.nlp(rosenbrock, None, np.array([True])), fg.NotAValue, "x0 needs .*truth values"),
    "a count": (lambda: fg.nlp(lambda x: x.width, None, Layers(1.0, 3)), fg.NotAValue, r"x0\.count needs .*declared as int"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_problem_is_told_in_one_sentence(name: str) -> None:
    action, error, words = WRONG[name]
    with pytest.raises(error, match=words):
        action()


def test_everything_pickles_and_copies() -> None:
    problem = fg.nlp(distance, half, np.zeros(2), PARAMS)
    found = fg.solve_nlp(problem, "SLSQP")

    def pickled(x: Any) -> Any:
        return pickle.loads(pickle.dumps(x))

    ways: list[Callable[[Any], Any]] = [pickled, copy.copy, copy.deepcopy]
    for way in ways:
        again = fg.solve_nlp(way(problem), "SLSQP")
        assert again.x.tolist() == found.x.tolist()
        assert way(found).x.tolist() == found.x.tolist()
        assert way(problem.functions()).objective(np.zeros(2)) == 5.0
        assert way(problem.formulation) == problem.formulation
    assert repr(problem.formulation) == "Formulation(2 variables, 2 constraints, 6 parameters)"
    assert repr(problem.functions()) == "Functions(2 variables, 2 constraints, 6 parameters)"
