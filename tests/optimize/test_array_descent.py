"""Descent over trees whose leaves are arrays: by whole arrays, on frozen values, to the same bits."""

import importlib.util
import math
import pickle
from typing import Any

import attrs
import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402  # they need numpy
from fgrad import State  # noqa: E402  # likewise
from tests.measures.growth import steps as calls  # noqa: E402  # likewise

fg: Any = fgrad  # what is typed is tested in tests/typing

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(20, 3)), RANDOM.normal(size=(20, 2))


@attrs.frozen
class Model:
    weight: Any
    bias: Any
    scale: float = 0.5
    name: str = attrs.field(default="model", metadata=fgrad.trees.STATIC)


def start() -> Model:
    return Model(np.full((3, 2), 0.1), np.zeros(2))


def loss(p: Model) -> Any:
    return fg.mean((X @ p.weight + p.bias - Y) ** 2) + (p.scale - 1.0) ** 2


def least_squares() -> tuple[Any, Any]:
    found = np.linalg.lstsq(np.c_[X, np.ones(20)], Y, rcond=None)[0]
    return found[:3], found[3]


STEPS: list[Any] = [fg.gradient_descent(0.1), fg.momentum(0.05, 0.8), fg.adam(0.02)]


def methods() -> list[Any]:
    return [*STEPS, fg.lbfgs()] if importlib.util.find_spec("scipy") else STEPS


@pytest.mark.parametrize("method", methods())
def test_every_method_finds_the_least_squares_plane(method: Any) -> None:
    found = fg.minimize(loss, start(), method, 5000, tolerance=1e-8)
    weight, bias = least_squares()
    assert found.converged
    assert isinstance(found.params, Model)
    assert np.allclose(found.params.weight, weight, atol=1e-6)
    assert np.allclose(found.params.bias, bias, atol=1e-6)
    assert found.params.scale == pytest.approx(1.0, abs=1e-6)
    assert type(found.params.scale) is type(found.gradient.scale) is float
    assert found.params.name == "model"
    assert found.value == loss(found.params) == found.history[-1]
    assert found.gradient.weight.shape == (3, 2)


@pytest.mark.parametrize("method", methods())
@pytest.mark.parametrize("steps", [0, 3])
def test_what_is_found_is_frozen_and_nobody_elses(method: Any, steps: int) -> None:
    given = start()
    found = fg.minimize(loss, given, method, steps)
    before = pickle.loads(pickle.dumps(found))
    given.weight[:] = 7.0
    assert given.weight.flags.writeable
    assert found == before
    kept = fg.trees.leaves((found.params, found.gradient, found.state.params, found.state.memory))
    assert not any(leaf.flags.writeable for leaf in kept if isinstance(leaf, np.ndarray))


@pytest.mark.parametrize("method", STEPS)
def test_a_step_by_hand_is_frozen_too_and_has_the_shape_of_the_parameters(method: Any) -> None:
    given = start()
    first = method.start(given)
    given.weight[:] = 7.0
    second = method(first, fg.gradient(loss)(first.params))
    assert first == method.start(start())
    for state in (first, second):
        for tree in (state.params, *state.memory):
            assert (tree.weight.shape, tree.bias.shape, type(tree.scale)) == ((3, 2), (2,), float)
            assert not tree.weight.flags.writeable


@pytest.mark.parametrize("method", STEPS)
def test_steps_by_hand_have_the_bits_of_minimize(method: Any) -> None:
    state = method.start(start())
    for _ in range(7):
        state = method(state, fg.gradient(loss)(state.params))
    assert fg.minimize(loss, start(), method, 7, tolerance=0.0).state == state


@pytest.mark.parametrize("method", STEPS)
def test_an_array_goes_the_way_its_numbers_go(method: Any) -> None:
    def by_numbers(p: Any) -> Any:
        return fg.sum([fg.square(fg.square(x) - 1.0) for x in p])

    at = np.array([1.5, -0.3, 2.0])
    for steps in (1, 2, 20):
        numbers = fg.minimize(by_numbers, at.tolist(), method, steps, tolerance=0.0)
        array = fg.minimize(lambda p: fg.sum(fg.square(fg.square(p) - 1.0)), at, method, steps, tolerance=0.0)  # fmt: skip
        assert array.params.tolist() == numbers.params


@pytest.mark.parametrize("method", methods())
def test_a_descent_goes_on_from_a_state(method: Any) -> None:
    half = fg.minimize(loss, start(), method, 4, tolerance=0.0)
    shipped = pickle.loads(pickle.dumps(half.state))
    assert (shipped, hash(shipped)) == (half.state, hash(half.state))
    rest = fg.minimize(loss, shipped, method, 5, tolerance=0.0)
    assert rest.history[0] == half.value
    assert rest.state.count == 9
    if isinstance(method, fg.Search):
        return
    whole = fg.minimize(loss, start(), method, 9, tolerance=0.0)
    assert rest.state == whole.state
    assert half.history + rest.history[1:] == whole.history


@pytest.mark.parametrize("method", STEPS)
def test_a_step_takes_as_many_calls_for_a_large_array_as_for_a_small_one(method: Any) -> None:
    def counted(n: int) -> tuple[int, int]:
        params = {"w": np.full((n, n), 0.5), "b": np.zeros(n), "scale": 1.0}
        state = method(method.start(params), params)
        ready: Any = lambda p: (1.0, params)
        whole: Any = lambda: fg.minimize(ready, params, method, 3, tolerance=0.0, has_gradient=True)
        runs: Any = (lambda: method(state, params), whole)
        for run in runs:
            run()  # what is made once and kept
        one, other = map(calls, runs)
        return one, other

    assert counted(3) == counted(300)


def test_states_are_compared_by_the_numbers_of_their_arrays() -> None:
    one, other = fg.State(start()), fg.State(start())
    assert one == other
    assert one != fg.State(attrs.evolve(start(), bias=np.ones(2)))
    assert one != fg.State(attrs.evolve(start(), bias=np.zeros((1, 2))))
    assert one != fg.State(attrs.evolve(start(), name="another"))


@pytest.mark.parametrize("method", methods())
def test_callbacks_have_states_of_arrays_that_may_be_kept(method: Any) -> None:
    kept: list[Any] = []
    found = fg.minimize(
        loss, start(), method, 5, tolerance=0.0, callback=lambda *step: kept.append(step)
    )
    assert [state.count for state, _ in kept] == [1, 2, 3, 4, 5]
    assert [loss(state.params) for state, _ in kept] == [value for _, value in kept]
    assert kept[-1] == (found.state, found.history[-1])

    def third(state: State[Model], value: float) -> None:
        if state.count == 3:
            raise StopIteration

    stopped = fg.minimize(loss, start(), method, 5, tolerance=0.0, callback=third)
    assert stopped.state == kept[2][0]


@pytest.mark.parametrize("method", methods())
def test_a_ready_gradient_gives_the_same_and_must_have_the_shapes_of_the_parameters(
    method: Any,
) -> None:
    ready = fg.value_and_gradient(loss)
    found = fg.minimize(ready, start(), method, 9, has_gradient=True)
    assert found == fg.minimize(loss, start(), method, 9)
    wrong = lambda p: (1.0, attrs.evolve(p, bias=np.ones((3, 2))))
    with pytest.raises(fg.TreeMismatch, match=r"gradient\.bias needs shape \(2,\); got shape \(3"):
        fg.minimize(wrong, start(), method, has_gradient=True)


@pytest.mark.parametrize("method", STEPS)
def test_a_slope_that_would_be_broadcast_is_refused(method: Any) -> None:
    first = method.start({"w": np.ones((3, 2))})
    for slope in (np.ones(2), np.ones((1, 2)), 1.0):
        with pytest.raises(fg.TreeMismatch, match=r"gradient\['w'\] needs shape \(3, 2\); got"):
            method(first, {"w": slope})
    with pytest.raises(fg.TreeMismatch, match=r"gradient needs shape \(\); got shape \(2,\)"):
        method(method.start(1.0), np.ones(2))


@pytest.mark.parametrize("method", methods())
def test_what_leaves_the_numbers_is_no_warning_and_ends_at_the_best_point(method: Any) -> None:
    found = fg.minimize(lambda x: fg.sum(fg.exp(x * x) - x), np.array([20.0, 1.0]), method, 20)
    assert not found.converged
    assert found.params.tolist() == [20.0, 1.0]
    huge = fg.minimize(lambda x: 1e308 * fg.sum((x - 1.0) ** 2), np.full(2, 1.5), method, 20)
    assert huge.value == min(huge.history)
    assert math.isfinite(huge.value)


def test_its_table_has_shapes_and_norms() -> None:
    text = repr(fg.minimize(lambda x: fg.sum(x * x), np.array([3.0, 4.0]), fg.adam(), 0))
    assert text.splitlines()[0] == "Minimum(value 25.0, not converged after 0 steps):"
    row = " ".join(text.splitlines()[2].split())
    assert row == "the array array (2,) of norm 5 array (2,) of norm 10"


def test_a_method_of_ones_own_has_arrays() -> None:
    @attrs.frozen
    class BySign:
        rate: float

        def start(self, params: Any) -> State[Any]:
            return State(params)

        def __call__(self, state: State[Any], gradient: Any) -> State[Any]:
            step = lambda p, g: p - self.rate * np.sign(g)
            moved = fg.trees.map(step, state.params, gradient)
            return State(moved, (), state.count + 1)

    found = fg.minimize(lambda p: fg.sum(fg.abs(p)), np.array([3.0, -2.0]), BySign(1.0))
    assert found.params.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("method", STEPS)
def test_a_step_of_nodes_of_arrays_is_differentiated_through(method: Any) -> None:
    at, slope = np.array([1.0, 2.0]), np.array([0.5, -1.5])
    moved: Any = lambda g: method(method.start(at), g).params
    tangent = fg.jvp(moved)(slope, np.ones(2))[1]
    near = (moved(slope + 1e-6) - moved(slope - 1e-6)) / 2e-6
    assert np.allclose(tangent, near, atol=1e-6)
    beside = method(method.start([at, at]), [fg.var(slope), slope])
    assert isinstance(beside.params[0], fg.Node)
    assert np.array_equal(beside.params[0].value, beside.params[1])
    assert not beside.params[1].flags.writeable


def test_lbfgs_refuses_nodes_of_arrays() -> None:
    pytest.importorskip("scipy.optimize", reason="scipy is an extra")
    with pytest.raises(fg.SilentDetach):
        fg.minimize(lambda x: fg.sum(x * x), fg.var(np.ones(2)), fg.lbfgs())
