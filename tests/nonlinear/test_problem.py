"""Problems as values: what is taken for one, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import attrs
import pytest

import fgrad as fg

pytest.importorskip("numpy")


@attrs.frozen
class Box:
    width: float
    height: float
    unit: str = attrs.field(default="m", metadata=fg.trees.STATIC)


def area(box: Box) -> float:
    return box.width * box.height


def test_a_problem_is_stated_over_a_class_of_the_user() -> None:
    problem = fg.nlp(
        lambda box: box.width + box.height,
        lambda box: {"area": area(box) >= 4.0, "flat": [fg.equal(box.width, 2.0 * box.height)]},
        Box(1.0, 2.0),
        bounds=(0.0, Box(9.0, math.inf)),
    )
    text = "NLP(2 variables with 3 bounds, 2 constraints with 1 equation, 0 parameters)"
    assert repr(problem) == text
    assert problem.lower == Box(0.0, 0.0)
    assert problem.upper == Box(9.0, math.inf)
    paths = [row.path for row in problem.formulation.rows]
    assert paths == ["constraints['area']", "constraints['flat'][0]"]


BODIES: dict[str, tuple[Callable[[list[float]], Any], float, float, float]] = {
    "number on the right": (lambda x: x[0] * x[1] <= 5.0, 6.0, -math.inf, 5.0),
    "number on the left": (lambda x: x[0] * x[1] <= 5.0, 6.0, -math.inf, 5.0),
    "at least": (lambda x: x[0] * x[1] >= 5.0, 6.0, 5.0, math.inf),
    "at least, from the left": (lambda x: x[0] * x[1] >= 5.0, 6.0, 5.0, math.inf),
    "equal": (lambda x: fg.equal(x[0] * x[1], 5.0), 6.0, 5.0, 5.0),
    "equal, from the left": (lambda x: fg.equal(5.0, x[0] * x[1]), 6.0, 5.0, 5.0),
    "both sides": (lambda x: x[0] <= x[1], -1.0, -math.inf, 0.0),
    "both sides, at least": (lambda x: x[0] >= x[1], -1.0, 0.0, math.inf),
    "by name": (lambda x: fg.greater_equal(x[1], x[0]), 1.0, 0.0, math.inf),
    "a variable": (lambda x: x[1] <= 7, 3.0, -math.inf, 7.0),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_comparison_is_a_number_between_bounds(name: str) -> None:
    constraint, value, lower, upper = BODIES[name]
    problem = fg.nlp(lambda x: x[0], constraint, [2.0, 3.0])
    (row,) = problem.formulation.rows
    assert (row.lower, row.upper) == (lower, upper)
    assert problem.formulation.program.run((2.0, 3.0))[1] == value


def test_an_infinite_bound_is_none() -> None:
    problem = fg.nlp(lambda x: x, lambda x: (x <= math.inf, x >= -math.inf), 1.0)
    assert {(row.lower, row.upper) for row in problem.formulation.rows} == {(-math.inf, math.inf)}


def test_a_forgotten_return_is_told() -> None:
    with pytest.raises(fg.NotAValue, match="constraints needs a result; got None"):
        fg.nlp(lambda x: x, lambda x: None, 1.0)


WRONG: dict[str, tuple[Callable[[list[float]], Any], str]] = {
    "a number": (lambda x: x[0] * 2.0, "needs a comparison; got"),
    "an open bound": (lambda x: x[0] < 3.0, r"got less\. .*write <=\."),
    "an open bound below": (lambda x: x[0] > 3.0, r"got greater\. .*write >=\."),
    "two at once": (
        lambda x: (x[0] <= 3.0) & (x[1] >= 1.0),
        r"one comparison.*Give two as a tuple",
    ),
    "not": (lambda x: fg.logical_not(x[0] <= 3.0), "one comparison"),
    "unequal": (lambda x: fg.not_equal(x[0], 3.0), "one comparison"),
    "true": (lambda x: [x[0] <= 1.0, True], r"\[1\] needs .* depends on a variable"),
    "a comparison of numbers": (lambda x: fg.equal(1.0, 2.0), "depends on a variable"),
    "a computed constant": (lambda x: fg.stop_gradient(1.0) <= 2.0, "depends on a variable"),
    "nan": (
        lambda x: fg.less_equal(x[0], math.nan),
        r"needs a bound that a number can meet; got nan",
    ),
    "infinite": (lambda x: fg.equal(x[0], math.inf), "a number can meet; got inf"),
    "infinite below": (lambda x: x[0] <= -math.inf, "a number can meet; got -inf"),
    "a text": (lambda x: "x", "needs a number or a node"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_constraint_is_refused_by_its_place(name: str) -> None:
    constraint, words = WRONG[name]
    with pytest.raises(fg.NotAValue, match=rf"^constraints.*{words}"):
        fg.nlp(lambda x: x[0] + x[1], constraint, [1.0, 1.0])


def test_a_constraint_on_parameters_alone_is_refused() -> None:
    with pytest.raises(fg.NotAValue, match="depends on a variable"):
        fg.nlp(lambda x, p: x * p, lambda x, p: p <= 1.0, 1.0, 2.0)


def test_comparing_by_python_is_refused() -> None:
    with pytest.raises(fg.TracedNumber, match=r"equal\(x, y\) instead of =="):
        fg.nlp(lambda x: x, lambda x: x == 1.0, 0.0)


BOUNDS: dict[str, tuple[Any, type[Exception], str]] = {
    "crossed": ((2.0, 1.0), fg.NotAValue, r"bounds of x\[0\] .* got 2.0 and 1.0"),
    "crossed in one place": (([0.0, 3.0], [1.0, 2.0]), fg.NotAValue, r"bounds of x\[1\]"),
    "nan": (([0.0, math.nan], None), fg.NotAValue, r"bounds of x\[1\]"),
    "infinite below": ((math.inf, None), fg.NotAValue, r"bounds of x\[0\]"),
    "too few": (([0.0], None), fg.TreeMismatch, "lower bounds"),
    "no pair": (0.0, fg.NotAValue, "needs a pair; got"),
    "three": ((0.0, 1.0, 2.0), fg.NotAValue, "needs a pair; got"),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_that_are_none_are_refused(name: str) -> None:
    bounds, error, words = BOUNDS[name]
    with pytest.raises(error, match=words):
        fg.nlp(lambda x: x[0], None, [1.0, 1.0], bounds=bounds)


def test_an_objective_is_a_number_of_variables() -> None:
    with pytest.raises(fg.NotAValue, match="an x0 without a number"):
        fg.nlp(lambda x: 1.0, None, ())
    with pytest.raises(fg.NotAValue, match=r"returns a number; got a tuple"):
        fg.nlp(lambda x: (x, x), None, 1.0)  # type: ignore[arg-type, return-value]  # wrong on purpose
    with pytest.raises(fg.NotAValue, match=r"returns a number; got a truth value"):
        fg.nlp(lambda x: x < 1.0, None, 1.0)
    with pytest.raises(fg.NotAValue, match="a function"):
        fg.nlp(3.0, None, 1.0)  # type: ignore[call-overload]  # wrong on purpose
