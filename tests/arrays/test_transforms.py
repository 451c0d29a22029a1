"""Transforms over arrays as leaves of trees, and everything around them that takes trees."""

from typing import Any

import attrs
import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402
from fgrad import trees  # noqa: E402  # they need numpy

fg: Any = fgrad  # what is typed is tested in tests/typing
RANDOM = np.random.default_rng(0)
W, B, X = RANDOM.normal(size=(4, 3)), RANDOM.normal(size=3), RANDOM.normal(size=(5, 4))


@attrs.frozen
class Layer:
    weight: Any
    bias: Any
    scale: float = 2.0


def loss(p: Layer, x: Any) -> Any:
    return fg.sum(fg.tanh(x @ p.weight + p.bias) ** 2.0) * p.scale


def test_a_gradient_has_the_type_and_the_shapes_of_its_argument() -> None:
    slope = fg.gradient(loss)(Layer(W, B), X)
    assert isinstance(slope, Layer)
    assert (slope.weight.shape, slope.bias.shape) == (W.shape, B.shape)
    assert type(slope.scale) is float
    h = np.tanh(X @ W + B)
    assert np.allclose(slope.weight, X.T @ (4.0 * h * (1.0 - h * h)), rtol=1e-12)
    assert np.isclose(slope.scale, (h * h).sum())


def test_results_are_read_only_and_nobody_elses() -> None:
    w = W.copy()
    for f in (fg.gradient(fg.sum), fg.gradient(lambda x: fg.sum(x * w)), lambda x: fg.jvp(lambda y: y)(x, w)[0],
              lambda x: fg.jvp(lambda y: y)(w, x)[1], lambda x: fg.vjp(lambda y: y.T)(x)[0]):  # fmt: skip
        got = f(w)
        assert not got.flags.writeable
        assert not np.shares_memory(got, w)
    assert w.flags.writeable


def test_an_array_may_be_written_to_after_a_call_and_after_a_variable_was_made() -> None:
    w = W.copy()
    x = fg.var(w)
    y = fg.sum(x * w)
    _, pull = fg.vjp(lambda v: v * v * w)(w)
    before = pull(np.ones_like(w))
    w[:] = 0.0
    assert np.array_equal(x.value, W)
    assert np.array_equal(fg.grad(fg.Graph.of(y, x), y)[x], W)
    assert np.array_equal(pull(np.ones_like(w)), before)


def test_an_array_that_nobody_can_write_to_is_not_copied() -> None:
    w = W.copy()
    w.flags.writeable = False
    assert fg.var(w).value is w
    view = W.view()
    view.flags.writeable = False
    assert not np.shares_memory(fg.var(view).value, W)


def test_jacobians_have_the_shape_of_the_result_and_of_the_argument() -> None:
    f = lambda p, x: fg.tanh(x @ p.weight + p.bias) * p.scale
    for mode in ("auto", "forward", "reverse"):
        (row,) = fg.jacobian(f, mode)(Layer(W, B), X)
        assert row.weight.shape == (5, 3, 4, 3)
        assert row.bias.shape == (5, 3, 3)
        assert row.scale.shape == (5, 3)
        moves = Layer(RANDOM.normal(size=W.shape), RANDOM.normal(size=3), 0.5)
        expected = fg.jvp(f)(Layer(W, B), moves, X)[1]
        got = (
            np.einsum("abij,ij->ab", row.weight, moves.weight)
            + row.bias @ moves.bias
            + row.scale * moves.scale
        )
        assert np.allclose(got, expected, rtol=1e-12)
    numbers = fg.jacobian(lambda p, x: (fg.sum(p.weight), p.scale))(Layer(W, B), X)
    assert np.array_equal(numbers[0].weight, np.ones_like(W))
    assert numbers[1].scale == 1.0
    assert np.array_equal(numbers[1].bias, np.zeros(3))


def test_hessians_are_symmetric_and_hvp_is_their_product() -> None:
    f = lambda b: fg.sum(fg.tanh(X @ W + b) ** 3.0)
    (hessian,) = fg.hessian(f)(B)
    assert hessian.shape == (3, 3)
    assert np.allclose(hessian, hessian.T, rtol=1e-12)
    v = RANDOM.normal(size=3)
    assert np.allclose(fg.hvp(f)(B, v), hessian @ v, rtol=1e-12)


def test_a_derivative_within_a_derivative_sees_through() -> None:
    def inner(a: Any) -> Any:
        return fg.sum(fg.gradient(lambda b: fg.sum(fg.sin(b) * a))(B) ** 2.0)

    got = fg.gradient(inner)(B)
    assert np.allclose(got, 2.0 * B * np.cos(B) ** 2, rtol=1e-12)


def test_numbers_and_arrays_mix() -> None:
    def f(t: Any, b: Any) -> Any:
        return fg.sum(fg.exp(t * b)) / t

    for args in ((0.7, B), (fg.var(0.7), B), (0.7, fg.var(B))):
        slope = fg.gradient(f, argnums=(0, 1))(*args)
        t_bar, b_bar = (getattr(s, "value", s) for s in slope)
        assert np.isclose(t_bar, (B * np.exp(0.7 * B)).sum() / 0.7 - np.exp(0.7 * B).sum() / 0.49)
        assert np.allclose(b_bar, np.exp(0.7 * B))


def test_a_custom_function_has_arrays_as_argument_and_result() -> None:
    sort = fg.custom(
        lambda x: np.sort(x),  # noqa: PLW0108  # a function of ours
        vjp=lambda x, y, bar: fg.take(bar, np.argsort(np.argsort(getattr(x, "value", x)))),
    )
    double = fg.custom(lambda x: 2.0 * x, jvp=lambda x, y, dx: 2.0 * dx)
    assert np.array_equal(sort(B), np.sort(B))
    weights = np.arange(3.0)
    slope = fg.gradient(lambda b: fg.sum(sort(double(b)) * weights))
    assert np.array_equal(slope(B), 2.0 * weights[np.argsort(np.argsort(B))])
    moved = fg.jvp(sort)(B, np.array([1.0, 2.0, 3.0]))[1]
    assert np.array_equal(moved, np.array([1.0, 2.0, 3.0])[np.argsort(B)])
    with pytest.raises(fg.ShapeMismatch, match="vjp"):
        fg.gradient(
            lambda b: fg.sum(fg.custom(lambda x: x * 1.0, vjp=lambda x, y, bar: bar[:2])(b))
        )(B)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (1,), (2, 3)])
def test_a_custom_function_of_any_shape_has_both_modes_from_one_rule(
    shape: tuple[int, ...],
) -> None:
    x, dx = np.full(shape, 0.5), np.arange(float(np.prod(shape))).reshape(shape)
    pushes = fg.custom(lambda x: x * x, jvp=lambda x, y, dx: 2.0 * x * dx)
    pulls = fg.custom(lambda x: x * x, vjp=lambda x, y, bar: 2.0 * x * bar)
    assert np.array_equal(fg.vjp(pushes)(x)[1](dx), dx)
    assert np.array_equal(fg.jvp(pulls)(x, dx)[1], dx)
    halves = fg.vjp(lambda y: fg.concatenate([pushes(y), y]))(x)[1](np.concatenate([dx, dx]))
    assert np.array_equal(halves, 2.0 * dx)


def test_nothing_flows_through_stop_gradient() -> None:
    slope = fg.gradient(lambda b: fg.sum(fg.stop_gradient(b) * b))(B)
    assert np.array_equal(slope, B)
    assert np.array_equal(fg.gradient(lambda b: fg.sum(fg.stop_gradient(b)))(B), np.zeros(3))


def test_check_gradient_moves_arrays() -> None:
    fg.check_gradient(loss, Layer(W, B), X)
    fg.check_gradient(loss, Layer(W, B), X, argnums=0)
    fg.check_gradient(lambda a: fg.slogdet(a @ a.T).logabsdet, W[:3])
    wrong = fg.custom(lambda x: x * x, vjp=lambda x, y, bar: 3.0 * x * bar)
    with pytest.raises(fg.GradientMismatch, match="order 1"):
        fg.check_gradient(lambda b: fg.sum(wrong(b)), B)


def test_trees_take_arrays_as_leaves() -> None:
    p, q = Layer(W, B), Layer(np.ones_like(W), np.zeros(3), 1.0)
    assert trees.leaves(p)[0] is W
    moved = trees.map(lambda a, b: a - 0.5 * b, p, q)
    assert np.array_equal(moved.weight, W - 0.5)
    assert trees.paths(p) == (".weight", ".bias", ".scale")
    back = trees.flatten(p)[1].unflatten(trees.leaves(p))
    assert back.weight is W


def test_descent_goes_down_over_arrays() -> None:
    def bowl(p: Any) -> Any:
        return fg.sum((p["b"] - 1.0) ** 2.0) + (p["s"] - 2.0) ** 2.0

    for method in (fg.adam(0.1), fg.momentum(0.05, 0.8), fg.gradient_descent(0.2)):
        found = fg.minimize(bowl, {"b": B, "s": 0.0}, method, steps=500)
        assert found.converged
        assert np.allclose(found.params["b"], 1.0, atol=1e-5)


def test_values_beside_the_gradient_are_kept() -> None:
    f = lambda b: (fg.sum(b * b), {"twice": 2.0 * b, "large": b > 0.0})
    (value, aux), slope = fg.value_and_gradient(f, has_aux=True)(B)
    assert np.isclose(value, (B * B).sum())
    assert np.array_equal(aux["twice"], 2.0 * B)
    assert np.array_equal(aux["large"], B > 0.0)
    assert np.array_equal(slope, 2.0 * B)


def test_an_array_that_is_filled_anew_while_a_function_runs_keeps_what_it_was() -> None:
    buffer = np.zeros(3)

    def f(b: Any) -> Any:
        total = 0.0
        for i in range(3):
            buffer[:] = i
            total = total + fg.sum(b * buffer)
        return total

    assert fg.gradient(f)(B).tolist() == [3.0, 3.0, 3.0]
    assert fg.jvp(f)(B, np.ones(3))[1] == 9.0

    def filled(value: Any) -> Any:
        buffer[:] = value
        return buffer

    square = fg.custom(lambda x: filled(x * x), vjp=lambda x, y, bar: filled(2.0 * x * bar))
    slope = fg.gradient(lambda b: fg.sum(square(b)) + fg.sum(square(2.0 * b)))(B)
    assert np.allclose(slope, 2.0 * B + 8.0 * B)
