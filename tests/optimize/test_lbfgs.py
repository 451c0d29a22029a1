"""L-BFGS: what scipy called directly does, on trees, and what `minimize` promises of every method."""

import math
import pickle
import re
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fgrad as fg

loose: Any = fg  # what untyped code sees


@pytest.fixture
def optimize() -> Any:
    return pytest.importorskip("scipy.optimize", reason="scipy is an extra")


@attrs.frozen
class Params:
    first: float
    rest: tuple[float, ...]
    name: str = attrs.field(default="valley", metadata=fg.trees.STATIC)


def rosenbrock(p: Params) -> float:
    xs = (p.first, *p.rest)
    return fg.sum([100.0 * fg.square(b - a * a) + fg.square(1.0 - a) for a, b in pairwise(xs)])


def far(n: int) -> Params:
    return Params(-1.2, (1.0, *[-1.2, 1.0] * ((n - 2) // 2)))


class Counted:
    """A function that knows how often it was called."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f, self.calls = f, 0

    def __call__(self, *args: Any) -> Any:
        self.calls += 1
        return self.f(*args)


@pytest.mark.usefixtures("optimize")
@pytest.mark.parametrize("n", [2, 20])
def test_rosenbrocks_valley_is_gone_down_to_its_end(n: int) -> None:
    found = fg.minimize(rosenbrock, far(n), fg.lbfgs())
    assert found.converged
    assert isinstance(found.params, Params)
    assert found.params.name == "valley"
    assert fg.trees.leaves(found.params) == pytest.approx([1.0] * n, abs=1e-6)
    assert {type(x) for x in fg.trees.leaves((found.params, found.gradient))} == {float}
    assert found.value == rosenbrock(found.params) == found.history[-1]
    assert found.gradient == fg.gradient(rosenbrock)(found.params)
    assert found.history[0] == rosenbrock(far(n))
    assert list(found.history) == sorted(found.history, reverse=True)
    assert found.state == fg.State(found.params, (), len(found.history) - 1)


@pytest.mark.parametrize(("n", "memory"), [(2, 10), (20, 10), (20, 3)])
def test_it_evaluates_where_scipy_called_directly_does(optimize: Any, n: int, memory: int) -> None:
    counted = Counted(rosenbrock)
    found: Any = fg.minimize(counted, far(n), fg.lbfgs(memory))
    _, structure = fg.trees.flatten(far(n))

    def on_array(x: Any) -> Any:
        value, slope = fg.value_and_gradient(rosenbrock)(structure.unflatten(x.tolist()))
        return value, fg.trees.leaves(slope)

    options = {"maxcor": memory, "gtol": 1e-6, "ftol": 0.0, "maxiter": 1000, "maxfun": 10**6}
    direct = optimize.minimize(
        on_array, fg.trees.leaves(far(n)), jac=True, method="L-BFGS-B", options=options
    )
    assert counted.calls == direct.nfev
    assert found.state.count == direct.nit
    assert list(fg.trees.leaves(found.params)) == direct.x.tolist()


@pytest.mark.usefixtures("optimize")
@given(st.lists(st.tuples(st.floats(0.1, 10.0), st.floats(-5.0, 5.0)), max_size=5))
def test_every_bowl_has_its_bottom_found(axes: list[tuple[float, float]]) -> None:
    def bowl(p: list[float]) -> float:
        return fg.sum([0.0] + [a * fg.square(x - b) for x, (a, b) in zip(p, axes, strict=True)])

    found = fg.minimize(bowl, [0.0 for _ in axes], fg.lbfgs(), tolerance=1e-8)
    assert found.converged
    assert found.params == pytest.approx([b for _, b in axes], abs=1e-6)


@pytest.mark.usefixtures("optimize")
def test_steps_bound_it_and_a_state_is_a_place_to_go_on_from() -> None:
    first = fg.minimize(rosenbrock, far(2), fg.lbfgs(), steps=5)
    assert (len(first.history), first.state.count, first.converged) == (6, 5, False)
    rest = fg.minimize(rosenbrock, pickle.loads(pickle.dumps(first.state)), fg.lbfgs())
    assert rest.converged
    assert rest.history[0] == first.value
    assert rest.state.count == 5 + len(rest.history) - 1


@pytest.mark.usefixtures("optimize")
@pytest.mark.parametrize(("start", "steps"), [(0.0, 10), (3, 0), (math.nan, 10)])
def test_where_no_step_is_to_be_made_the_function_is_called_once(start: float, steps: int) -> None:
    counted = Counted(fg.square)
    found: Any = fg.minimize(counted, start, fg.lbfgs(), steps)
    assert counted.calls == len(found.history) == 1
    assert found.converged == (start == 0.0)
    assert found.state.params is found.params is start
    assert found.state.count == 0


# The first step has the length 1, which is too long for all of these: nan, nan, inf, -inf.
OUTSIDE: list[tuple[Callable[[Any], Any], float, float]] = [
    (lambda x: 1000.0 * x - fg.log(x), 0.1, 1e-3),
    (lambda x: x * fg.sqrt(x) - x, 0.9, 4.0 / 9.0),
    (lambda x: fg.where(x > 1.5, math.inf, fg.square(x - 1.0)), 0.7, 1.0),
    (lambda x: fg.where(x > 1.5, -math.inf, fg.square(x - 1.0)), 0.7, 1.0),
]


@pytest.mark.usefixtures("optimize")
@pytest.mark.parametrize(("f", "start", "bottom"), OUTSIDE)
def test_a_search_that_looks_outside_the_numbers_turns_back(
    f: Callable[[Any], Any], start: float, bottom: float
) -> None:
    met: list[float] = []

    def watched(x: Any) -> Any:
        y = f(x)
        met.append(y.value)
        return y

    found = fg.minimize(watched, start, fg.lbfgs())
    assert not all(map(math.isfinite, met))
    assert found.converged
    assert found.params == pytest.approx(bottom, abs=1e-5)
    assert all(map(math.isfinite, found.history))


HOPELESS: list[tuple[Callable[[Any], Any], float]] = [
    (lambda x: fg.where(fg.equal(x, 0.5), -x, math.nan), 0.5),
    (lambda x: fg.where(x <= 1.0, -x, math.nan), 0.5),
    (lambda x: 1e308 * fg.square(x - 1.0), 1.5),
    (lambda x: fg.exp(x * x) - x, 20.0),
    (lambda x: -x * x * x, 3.0),
    (lambda x: -fg.exp(x), 3.0),
    (fg.sqrt, 0.5),
    (fg.sqrt, 0.0),
]


@pytest.mark.usefixtures("optimize")
@pytest.mark.parametrize(("f", "start"), HOPELESS)
def test_where_there_is_no_minimum_it_ends_at_the_lowest_value_met(
    f: Callable[[Any], Any], start: float
) -> None:
    counted = Counted(f)
    found: Any = fg.minimize(counted, start, fg.lbfgs(), steps=20)
    assert not found.converged
    assert counted.calls <= 1 + 40 * 21
    assert found.value == min(found.history)
    assert found.value == fg.value_and_gradient(f)(found.params)[0]


@pytest.mark.usefixtures("optimize")
def test_errors_of_the_function_come_through() -> None:
    def broken(x: float) -> float:
        calls.append(x)
        if len(calls) == 2:
            raise LookupError
        return x * x

    calls: list[float] = []

    with pytest.raises(LookupError):
        fg.minimize(broken, 3.0, fg.lbfgs())
    with pytest.raises(fg.NotDifferentiable):
        loose.minimize(lambda x: [x], 3.0, fg.lbfgs())
    with pytest.raises(fg.SilentDetach):
        loose.minimize(lambda x: x * x, fg.var(3.0), fg.lbfgs())


@pytest.mark.usefixtures("optimize")
def test_progress_counts_the_steps(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("rich", reason="rich is an extra")
    shown = fg.minimize(rosenbrock, far(2), fg.lbfgs(), steps=5, progress=True)
    text = capsys.readouterr().out
    assert "minimizing" in text
    assert "100%" in text
    assert shown == fg.minimize(rosenbrock, far(2), fg.lbfgs(), steps=5)


@pytest.mark.usefixtures("optimize")
def test_the_example_in_the_how_to_is_true() -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/minimize.md").read_text()
    names: dict[str, Any] = {}
    model = page.split("```python\n", 1)[1].split("```")[0]
    lines = [line[4:] for line in model.splitlines() if line.startswith((">>> ", "... "))]
    exec("\n".join(lines), names)  # noqa: S102  # our own page
    (example,) = re.findall(r"```text\n(.*?fg\.lbfgs.*?)```", page, re.DOTALL)
    shown = [line.partition("  # ") for line in example.splitlines()]
    exec("\n".join(code for code, _, said in shown if not said), names)  # noqa: S102
    answers = [(code, said) for code, _, said in shown if said]
    assert answers
    for code, said in answers:
        assert repr(eval(code, names)) == said  # noqa: S307


@pytest.mark.parametrize("memory", [0, -1, 2.0, True, "10", None])
def test_a_memory_of_nothing_is_refused(memory: Any) -> None:
    with pytest.raises(fg.NotAValue, match="at least 1"):
        loose.lbfgs(memory)


def test_a_search_is_a_value() -> None:
    method = fg.lbfgs(5)
    assert pickle.loads(pickle.dumps(method)) == method != fg.lbfgs()
    assert method.start([1.0]) == fg.State([1.0])
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        method.memory = 6  # type: ignore[attr-defined]


def test_a_missing_package_is_an_error_that_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("scipy", "scipy.optimize", "rich", "rich.progress"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(fg.MissingExtra, match=r'scipy: pip install "fgrad\[optimize\]"'):
        fg.minimize(fg.square, 1.0, fg.lbfgs())
    with pytest.raises(fg.MissingExtra, match=r'rich: pip install "fgrad\[cli\]"'):
        fg.minimize(fg.square, 1.0, fg.adam(), progress=True)
