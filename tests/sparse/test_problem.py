"""`derivatives`: an objective and constraints for a solver, by blocks and without."""

import itertools
import math
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

import fgrad  # noqa: E402
from fgrad.sparse.assembly import Assembly  # noqa: E402
from fgrad.sparse.filling import filling  # noqa: E402

fg: Any = fgrad  # what is typed is tested in tests/typing


def swing(s: Any, force: Any) -> list[Any]:
    _, angle, v, w = s
    sine, cosine = fg.sin(angle), fg.cos(angle)
    mass = 1.0 + 0.3 * (1.0 - cosine * cosine)
    a = (0.15 * sine * w * w + force + 2.943 * cosine * sine) / mass
    return [v, w, a, -(0.15 * cosine * sine * w * w + force * cosine + 12.8 * sine) / (0.5 * mass)]


def parts(x: Any, n: int) -> tuple[list[Any], list[Any]]:
    return [x[5 * k : 5 * k + 4] for k in range(n + 1)], [x[5 * k + 4] for k in range(n + 1)]


def effort(x: Any, h: Any) -> Any:
    return fg.sum([h * u * u for u in x[4::5]])


def defects(x: Any, h: Any) -> list[Any]:
    n = len(x) // 5 - 1
    states, forces = parts(x, n)
    slopes = [swing(s, u) for s, u in zip(states, forces, strict=True)]
    inner = [
        states[k + 1][i] - states[k][i] - 0.5 * h * (slopes[k][i] + slopes[k + 1][i])
        for k in range(n)
        for i in range(4)
    ]
    return [*inner, *states[0], states[n][1] - math.pi]


def everything(made: Any, x: Any, h: Any, weights: Any) -> list[Any]:
    count, size = made.constraints, len(x)
    values = made.values(x, h, np.empty(1 + count))
    first = made.first(x, h, np.empty(size + len(made.jacobian)))
    second = made.second(x, h, weights, np.empty(len(made.hessian)))
    sizes = np.cumsum([len(values), len(first)])
    whole = made.together(x, h, weights, np.empty(sizes[1] + len(second)))
    for one, other in zip((values, first, second), np.split(whole, sizes), strict=True):
        assert np.array_equal(one, other)
    return [values, first, second]


def at(n: int) -> tuple[Any, Any, Any]:
    random = np.random.default_rng(n)
    return random.normal(size=5 * (n + 1)), np.array([0.1]), random.normal(size=1 + 4 * n + 5)


@pytest.mark.parametrize("n", [1, 3, 25])
def test_all_functions_agree_with_the_dense_derivatives(n: int) -> None:
    x, h, weights = at(n)
    made = fg.derivatives(effort, defects, x, 0.1)
    values, first, second = everything(made, x, h, weights)
    start = x.tolist()
    assert np.allclose(values, [effort(start, 0.1), *defects(start, 0.1)], rtol=1e-14, atol=1e-14)
    assert np.allclose(first[: len(x)], fg.gradient(effort)(start, 0.1), rtol=1e-14, atol=1e-14)
    jacobian = np.zeros(made.jacobian.shape)
    jacobian[made.jacobian.rows, made.jacobian.columns] = first[len(x) :]
    assert np.allclose(jacobian, fg.jacobian(defects)(start, 0.1).matrix, rtol=1e-12, atol=1e-12)

    def lagrangian(x: Any, h: Any) -> Any:
        return fg.dot(weights.tolist(), [effort(x, h), *defects(x, h)])

    hessian = np.zeros(made.hessian.shape)
    hessian[made.hessian.rows, made.hessian.columns] = second
    dense = np.tril(fg.hessian(lagrangian)(start, 0.1).matrix)
    assert np.allclose(hessian, dense, rtol=1e-11, atol=1e-11)


def test_many_steps_are_blocks_and_give_what_one_program_gives() -> None:
    x, h, weights = at(30)
    made = fg.derivatives(effort, defects, x, 0.1)
    sweep = made._evaluation.sweep
    assert isinstance(sweep, Assembly)
    assert max(len(kind.template.program) for kind in sweep.kinds) < 40
    with mock.patch("fgrad.sparse.evaluation.native_is_installed", return_value=False):
        plain = fg.derivatives(effort, defects, x, 0.1)
        assert not isinstance(plain._evaluation.sweep, Assembly)
    assert (made.jacobian, made.hessian) == (plain.jacobian, plain.hessian)
    found, expected = everything(made, x, h, weights), everything(plain, x, h, weights)
    for one, other in zip(found, expected, strict=True):
        assert np.allclose(one, other, rtol=1e-11, atol=1e-11)


def test_values_by_blocks_keep_the_order_of_the_function() -> None:
    x, h, _ = at(30)
    made = fg.derivatives(effort, defects, x, 0.1)
    exact = fg.compile(defects)(x.tolist(), 0.1)
    values = made.values(x, h, np.empty(1 + made.constraints))[1:]
    assert np.abs(values - exact).max() < 1e-14


def test_better_code_replaces_the_first_when_it_is_hot() -> None:
    x, h, _ = at(30)
    made = fg.derivatives(effort, defects, x, 0.1)
    before = made.values(x, h, np.empty(1 + made.constraints))
    with mock.patch("fgrad.backends.native.runtime.entry.submit") as submit:
        for _ in range(10_001):
            made.values(x, h, before)
    (improve,), _ = submit.call_args
    kept = before.copy()
    for _ in improve():
        pass
    assert np.array_equal(made.values(x, h, before), kept)


def test_they_come_through_a_pickle() -> None:
    x, h, weights = at(20)
    made = fg.derivatives(effort, defects, x, 0.1)
    again = pickle.loads(pickle.dumps(made))
    assert (again.jacobian, again.hessian) == (made.jacobian, made.hessian)
    for one, other in zip(
        everything(made, x, h, weights), everything(again, x, h, weights), strict=True
    ):
        assert np.array_equal(one, other)
    slopes = pickle.loads(pickle.dumps(fg.sparse_jacobian(effort)))
    assert np.array_equal(slopes.parts(x, 0.1)[1], fg.sparse_jacobian(effort).parts(x, 0.1)[1])


def test_one_code_serves_all_sizes() -> None:
    x, h, weights = at(24)
    everything(fg.derivatives(effort, defects, x, 0.1), x, h, weights)
    with mock.patch(
        "fgrad.backends.native.runtime.object_code.compiled", side_effect=AssertionError
    ):
        x, h, weights = at(60)
        everything(fg.derivatives(effort, defects, x, 0.1), x, h, weights)


def test_operations_of_a_users_own_run_as_a_program() -> None:
    cube = fg.Unary("cube", lambda x: x * x * x, lambda out, x: 3.0 * x * x)
    made = fg.derivatives(
        lambda x: fg.sum([cube(a) for a in x]),
        lambda x: [cube(a) * b for a, b in itertools.pairwise(x)],
        [0.5] * 20,
    )
    assert not isinstance(made._evaluation.sweep, Assembly)
    x = np.linspace(-1.0, 1.0, 20)
    gradient = made.first(x, np.empty(20 + len(made.jacobian)))[:20]
    assert np.allclose(gradient, 3.0 * x * x, rtol=1e-14)


def test_so_does_what_has_a_derivative_that_is_no_machine_code() -> None:
    made = fg.derivatives(
        lambda x: fg.sum([fg.mod(a, 0.3) * a for a in x]), lambda x: [], [0.5] * 40
    )
    x = np.linspace(-1.0, 1.03, 40)
    first = made.first(x, np.empty(40))
    dense = fg.gradient(lambda x: fg.sum([fg.mod(a, 0.3) * a for a in x]))(x.tolist())
    assert np.allclose(first, dense, rtol=1e-14)
    assert np.allclose(made.second(x, np.ones(1), np.empty(40)), 2.0, rtol=1e-14)


def test_without_constraints_and_of_constants() -> None:
    made = fg.derivatives(lambda x: 3.0, lambda x: [], [1.0, 2.0])
    assert made.values(np.ones(2), np.empty(1)).tolist() == [3.0]
    assert made.first(np.ones(2), np.empty(2)).tolist() == [0.0, 0.0]
    assert made.second(np.ones(2), np.ones(1), np.empty(0)).tolist() == []
    assert made.jacobian.shape == (0, 2)
    with pytest.raises(fg.NotDifferentiable, match="objective"):
        fg.derivatives(lambda x: x, lambda x: [], [1.0])


def test_threads_may_ask_for_code_at_once() -> None:
    def inactive(x: Any) -> list[Any]:  # with guards, which are settled by instructions
        return [fg.relu(a) * fg.abs(b) for a, b in itertools.pairwise(x)]

    def asked() -> bool:
        made = fg.derivatives(lambda x: fg.sum(inactive(x)), inactive, x)
        with ThreadPoolExecutor(4) as pool:
            outs = [np.empty(len(made.hessian)) for _ in range(8)]
            found = list(pool.map(lambda out: made.second(x, weights, out), outs))
        return all(np.array_equal(one, found[0]) for one in found)

    x, weights = np.linspace(-1.0, 1.0, 20), np.ones(20)
    assert all(asked() for _ in range(3))


def test_values_alone_compile_nothing_else() -> None:
    def last(u: Any) -> list[Any]:
        v = 0.0
        for a in u:
            v = v + 0.1 * (a - fg.sin(v))
        return [v]

    made = fg.derivatives(lambda u: u[0] * u[0], last, [0.1] * 8)
    assert not made._evaluation.by_blocks
    with mock.patch("fgrad.sparse.evaluation.filling", wraps=filling) as made_of:
        made.values(np.full(8, 0.1), np.empty(2))
        made.values(np.full(8, 0.2), np.empty(2))
        assert made_of.call_count == 1
