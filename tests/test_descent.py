"""Descent: pure steps against closed forms, and what `minimise` promises."""

import math
import pickle
from typing import Any

import attrs
import pytest

import fgrad as fg


@attrs.frozen
class Line:
    slope: float
    intercept: float
    name: str = attrs.field(default="line", metadata=fg.trees.STATIC)


XS = [0.0, 1.0, 2.0, 3.0]
YS = [1.0, 3.1, 4.9, 7.0]


def squares(line: Line) -> float:
    errors = [line.slope * x + line.intercept - y for x, y in zip(XS, YS, strict=True)]
    return fg.dot(errors, errors)


def least_squares() -> tuple[float, float]:
    n, mean_x, mean_y = len(XS), sum(XS) / len(XS), sum(YS) / len(YS)
    slope = sum(x * y for x, y in zip(XS, YS, strict=True)) - n * mean_x * mean_y
    slope /= sum(x * x for x in XS) - n * mean_x**2
    return slope, mean_y - slope * mean_x


METHODS = [fg.gradient_descent(0.03), fg.momentum(0.02, 0.8), fg.adam(0.05, square_decay=0.99)]


@pytest.mark.parametrize("method", METHODS, ids=lambda m: repr(m)[:30])
def test_every_method_finds_the_least_squares_line(method: fg.Method) -> None:
    found = fg.minimise(squares, Line(0.0, 0.0), method, steps=5000, tolerance=1e-9)
    slope, intercept = least_squares()
    assert found.converged
    assert isinstance(found.params, Line)
    assert found.params.slope == pytest.approx(slope, abs=1e-8)
    assert found.params.intercept == pytest.approx(intercept, abs=1e-8)
    assert found.params.name == "line"
    assert found.value == squares(found.params) == found.history[-1]
    assert len(found.history) == found.state.count + 1


def test_gradient_descent_on_a_parabola_shrinks_by_its_closed_form() -> None:
    found = fg.minimise(lambda x: x * x, 8.0, fg.gradient_descent(0.25), steps=10, tolerance=0.0)
    assert found.params == 8.0 * 0.5**10
    assert found.history == tuple([64.0 * 0.25**k for k in range(11)])
    assert not found.converged


def test_momentum_and_adam_follow_their_recurrences() -> None:
    gradients = [4.0, -2.0, 1.0, 0.5]
    step = fg.momentum(0.1, decay=0.9)
    state = step.start(1.0)
    x, v = 1.0, 0.0
    for g in gradients:
        v = 0.9 * v - 0.1 * g
        x += v
        state = step(state, g)
    assert state.params == pytest.approx(x, rel=1e-15)

    step = fg.adam(0.1, decay=0.8, square_decay=0.9, floor=1e-3)
    state = step.start(1.0)
    x, m, s = 1.0, 0.0, 0.0
    for k, g in enumerate(gradients, 1):
        m = 0.8 * m + 0.2 * g
        s = 0.9 * s + 0.1 * g * g
        x -= 0.1 * (m / (1 - 0.8**k)) / (math.sqrt(s / (1 - 0.9**k)) + 1e-3)
        state = step(state, g)
    assert state.params == pytest.approx(x, rel=1e-14)
    assert state.count == 4


def test_a_step_leaves_the_state_it_starts_from_alone() -> None:
    step = fg.adam(0.1)
    first = step.start({"a": [1.0, 2.0]})
    second = step(first, {"a": [3.0, 4.0]})
    assert first == step.start({"a": [1.0, 2.0]})
    assert step(first, {"a": [3.0, 4.0]}) == second
    assert second != first


def test_a_descent_goes_on_from_a_state_as_if_it_had_not_stopped() -> None:
    whole = fg.minimise(squares, Line(0.0, 0.0), fg.adam(0.05), steps=30)
    half = fg.minimise(squares, Line(0.0, 0.0), fg.adam(0.05), steps=10)
    shipped = pickle.loads(pickle.dumps(half.state))
    rest = fg.minimise(squares, shipped, fg.adam(0.05), steps=20)
    assert rest.state == whole.state
    assert half.history + rest.history[1:] == whole.history


def test_a_descent_that_leaves_the_numbers_gives_the_best_point_before() -> None:
    found = fg.minimise(lambda x: x**4.0, 3.0, fg.gradient_descent(1.0), steps=100)
    assert not found.converged
    assert found.params == 3.0
    assert found.value == 81.0
    assert not math.isfinite(found.history[-1])
    assert len(found.history) < 20


def test_a_start_at_the_minimum_makes_no_step() -> None:
    found = fg.minimise(lambda x: x * x, 0.0, fg.adam(0.1))
    assert (found.converged, found.history, found.state.count) == (True, (0.0,), 0)


def test_progress_is_shown_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("rich", reason="rich is an extra")
    fg.minimise(lambda x: x * x, 1.0, fg.gradient_descent(0.1), steps=5, tolerance=0.0)
    assert capsys.readouterr().out == ""
    shown = fg.minimise(
        lambda x: x * x, 1.0, fg.gradient_descent(0.1), steps=5, tolerance=0.0, progress=True
    )
    assert "minimising" in capsys.readouterr().out
    assert len(shown.history) == 6


def test_a_gradient_of_another_structure_is_named() -> None:
    step: Any = fg.momentum(0.1)
    with pytest.raises(fg.TreeMismatch):
        step(step.start([1.0]), [1.0, 2.0])
