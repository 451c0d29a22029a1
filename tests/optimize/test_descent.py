"""Descent: pure steps against closed forms, and what `minimize` promises."""

import importlib.util
import math
import pickle
from typing import Any

import attrs
import pytest

import fgrad as fg


@attrs.frozen
class Instruction:
    slope: float
    intercept: float
    name: str = attrs.field(default="line", metadata=fg.trees.STATIC)


XS = [0.0, 1.0, 2.0, 3.0]
YS = [1.0, 3.1, 4.9, 7.0]


def squares(line: Instruction) -> float:
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
    found = fg.minimize(squares, Instruction(0.0, 0.0), method, steps=5000, tolerance=1e-9)
    slope, intercept = least_squares()
    assert found.converged
    assert isinstance(found.params, Instruction)
    assert found.params.slope == pytest.approx(slope, abs=1e-8)
    assert found.params.intercept == pytest.approx(intercept, abs=1e-8)
    assert found.params.name == "line"
    assert found.value == squares(found.params) == found.history[-1]
    assert len(found.history) == found.state.count + 1


def test_gradient_descent_on_a_parabola_shrinks_by_its_closed_form() -> None:
    found = fg.minimize(lambda x: x * x, 8.0, fg.gradient_descent(0.25), steps=10, tolerance=0.0)
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
    whole = fg.minimize(squares, Instruction(0.0, 0.0), fg.adam(0.05), steps=30)
    half = fg.minimize(squares, Instruction(0.0, 0.0), fg.adam(0.05), steps=10)
    shipped = pickle.loads(pickle.dumps(half.state))
    rest = fg.minimize(squares, shipped, fg.adam(0.05), steps=20)
    assert rest.state == whole.state
    assert half.history + rest.history[1:] == whole.history


def test_a_descent_that_leaves_the_numbers_gives_the_best_point_before() -> None:
    found = fg.minimize(lambda x: x**4.0, 3.0, fg.gradient_descent(1.0), steps=100)
    assert not found.converged
    assert found.params == 3.0
    assert found.value == 81.0
    assert not math.isfinite(found.history[-1])
    assert len(found.history) < 20


def test_a_start_at_the_minimum_makes_no_step() -> None:
    found = fg.minimize(lambda x: x * x, 0.0, fg.adam(0.1))
    assert (found.converged, found.history, found.state.count) == (True, (0.0,), 0)


def test_progress_is_shown_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("rich", reason="rich is an extra")
    fg.minimize(lambda x: x * x, 1.0, fg.gradient_descent(0.1), steps=5, tolerance=0.0)
    assert capsys.readouterr().out == ""
    shown = fg.minimize(
        lambda x: x * x, 1.0, fg.gradient_descent(0.1), steps=5, tolerance=0.0, progress=True
    )
    assert "minimizing" in capsys.readouterr().out
    assert len(shown.history) == 6


def test_a_gradient_of_another_structure_is_named() -> None:
    step: Any = fg.momentum(0.1)
    with pytest.raises(fg.TreeMismatch):
        step(step.start([1.0]), [1.0, 2.0])


def bowl(p: dict[str, float]) -> float:
    return fg.square(fg.square(p["a"]) - 1.0) + 0.3 * p["b"] * p["b"] + 0.1 * p["a"]


def methods() -> list[Any]:
    found: list[Any] = list(METHODS)
    return [*found, fg.lbfgs()] if importlib.util.find_spec("scipy") else found


@pytest.mark.parametrize("method", methods(), ids=lambda m: repr(m)[:30])
def test_a_ready_gradient_gives_the_descent_that_a_function_gives(method: Any) -> None:
    start = {"a": 2.0, "b": -1.0}
    wanted = fg.minimize(bowl, start, method, 30)
    assert fg.minimize(fg.value_and_gradient(bowl), start, method, 30, has_gradient=True) == wanted

    def by_hand(p: dict[str, float]) -> tuple[float, dict[str, float]]:
        value, slope = fg.value_and_gradient(bowl)(p)
        return value, {"b": slope["b"], "a": slope["a"]}  # paired by key, as everywhere

    found = fg.minimize(by_hand, start, method, 30, has_gradient=True)
    assert found == wanted
    assert list(found.gradient) == ["a", "b"]


@pytest.mark.parametrize("method", methods(), ids=lambda m: repr(m)[:30])
def test_what_a_ready_gradient_must_be(method: Any) -> None:
    alone: Any = bowl
    with pytest.raises(fg.errors.NotAValue, match="minimize needs a pair"):
        fg.minimize(alone, {"a": 2.0, "b": -1.0}, method, has_gradient=True)
    other: Any = lambda p: (1.0, [1.0, 2.0])
    with pytest.raises(fg.errors.TreeMismatch, match="gradient"):
        fg.minimize(other, {"a": 2.0, "b": -1.0}, method, has_gradient=True)


@pytest.mark.parametrize("method", methods(), ids=lambda m: repr(m)[:30])
@pytest.mark.parametrize("size", [2, 100])
def test_each_step_is_called_back_with_and_may_be_the_last(method: Any, size: int) -> None:
    def loss(p: list[float]) -> float:
        return fg.sum([fg.square(fg.square(x) - 1.0) + 0.01 * i * x for i, x in enumerate(p)])

    start, seen = [1.5] * size, []
    quiet = fg.minimize(loss, start, method, 12, tolerance=0.0)
    found = fg.minimize(
        loss, start, method, 12, tolerance=0.0, callback=lambda *step: seen.append(step)
    )
    assert found == quiet
    assert [state.count for state, _ in seen] == list(range(1, found.state.count + 1))
    assert tuple([value for _, value in seen]) == found.history[1:]
    assert seen[-1] == (found.state, found.history[-1])
    assert all(loss(state.params) == value for state, value in seen)

    def third(state: fg.State[list[float]], value: float) -> None:
        if state.count == 3:
            raise StopIteration

    stopped = fg.minimize(loss, start, method, 12, tolerance=0.0, callback=third)
    assert (stopped.history, stopped.state) == (found.history[:4], seen[2][0])

    def broken(state: fg.State[list[float]], value: float) -> None:
        raise LookupError("of the user")

    with pytest.raises(LookupError, match="of the user"):
        fg.minimize(loss, start, method, 12, tolerance=0.0, callback=broken)
    assert fg.minimize(loss, start, method, 0, callback=broken).state.count == 0
