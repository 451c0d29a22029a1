"""Norms of every order have numpy's values, and derivatives that differences confirm."""

import math
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402

fg: Any = fgrad  # what is typed is tested in tests/typing
V = np.array([1.5, -2.0, 0.7, 3.0])
M = np.array([[1.0, 2.0, -0.5], [0.3, -1.0, 4.0]])
OF_VECTORS = (None, 1, 2, 3, 3.5, 0.5, -1, -2.5, 0, math.inf, -math.inf)
OF_MATRICES = (None, "fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf)


@pytest.mark.parametrize("order", OF_VECTORS)
def test_norms_of_vectors_are_numpys(order: Any) -> None:
    for x, axis in ((V, None), (M, 0), (M, 1), (M, -1), (M, (1,))):
        for keepdims in (False, True):
            wanted = np.linalg.norm(x, order, axis, keepdims)
            got = np.linalg.norm(fg.var(x), order, axis, keepdims)
            assert got.value == pytest.approx(wanted)
            assert np.shape(got.value) == np.shape(wanted)
            assert fg.norm(x, order, axis, keepdims=keepdims) == pytest.approx(wanted)
    fg.check_gradient(lambda v: fg.norm(v, order), V)


@pytest.mark.parametrize("order", OF_MATRICES)
def test_norms_of_matrices_are_numpys(order: Any) -> None:
    many = np.arange(24.0).reshape(2, 3, 4) % 7.0 - 2.0
    for x, axis in ((M, None), (M, (1, 0)), (many, (0, 2)), (many, (-1, 1))):
        for keepdims in (False, True):
            wanted = np.linalg.norm(x, order, axis, keepdims)
            got = np.linalg.norm(fg.var(x), order, axis, keepdims)
            assert got.value == pytest.approx(wanted)
            assert np.shape(got.value) == np.shape(wanted)
    fg.check_gradient(lambda m: fg.norm(m, order, axis=(0, 1)), M)


def test_the_norms_of_the_array_api() -> None:
    if not hasattr(np.linalg, "matrix_norm"):
        pytest.skip("of numpy 2")
    x = fg.var(M)
    for order in OF_MATRICES[1:]:
        assert np.linalg.matrix_norm(x, ord=order).value == pytest.approx(
            np.linalg.matrix_norm(M, ord=order)
        )
    for order in OF_VECTORS[1:]:
        assert np.linalg.vector_norm(x, ord=order, axis=1, keepdims=True).value == pytest.approx(
            np.linalg.vector_norm(M, ord=order, axis=1, keepdims=True)
        )
        assert np.linalg.vector_norm(x, ord=order).value == pytest.approx(
            np.linalg.vector_norm(M, ord=order)
        )


def test_norms_of_zeros_have_the_derivative_0() -> None:
    for order in (None, 1, 2, 3, 1.5):
        assert fg.gradient(lambda v: fg.norm(v, order))(np.zeros(3)).tolist() == [0.0] * 3  # noqa: B023  # called at once


def test_orders_that_are_none_are_refused() -> None:
    for x, order, axis in (
        (V, "fro", None),
        (V, "nuc", 0),
        (M, 3, None),
        (M, 0, (0, 1)),
        (M, 1, (0, 0)),
    ):
        with pytest.raises(fg.ShapeMismatch, match="norm"):
            fg.norm(x, order, axis)


@pytest.mark.parametrize("order", [None, 2, 3, 1.5, 0.5, 40, -1, -2.5])
@pytest.mark.parametrize("scale", [2.0**-700, 2.0**-900, 2.0**700, 2.0**900])
def test_norms_neither_over_nor_underflow(order: Any, scale: float) -> None:
    """A norm is homogeneous, and so are its derivatives."""
    f: Any = lambda v: fg.norm(v, order)
    assert f(V * scale) / scale == pytest.approx(f(V), rel=1e-13)
    assert fg.gradient(f)(V * scale) == pytest.approx(fg.gradient(f)(V), rel=1e-12)
    bent = [np.array(fg.hessian(f)(x)) * s for x, s in ((V * scale, scale), (V, 1.0))]
    assert np.allclose(*bent, rtol=1e-11, atol=1e-13)
    many = np.stack([V, V * scale, V * 0.0])
    slopes = fg.gradient(lambda m: fg.sum(fg.norm(m, order, 1)))(many)
    assert slopes[:2] == pytest.approx(np.stack([fg.gradient(f)(V)] * 2), rel=1e-12)
    assert np.array_equal(slopes[2], np.zeros(4))


@pytest.mark.parametrize("order", [0.5, 0.9, -1, -0.5, 1, 1.5])
def test_nothing_flows_to_an_element_that_is_0(order: float) -> None:
    """Where the slope of |x|**p is infinite on both sides, with opposite signs, it is that of |x|."""
    x, move = np.array([1.5, 0.0, -2.0]), np.array([1.0, 7.0, 1.0])
    rest = fg.gradient(lambda v: fg.norm(v, order))(np.array([1.5, -2.0]))
    if order < 0.0:
        rest = rest * 0.0  # the norm is 0
    f: Any = lambda v: fg.norm(v, order)
    assert fg.gradient(f)(x) == pytest.approx([rest[0], 0.0, rest[1]])
    assert fg.jvp(f)(x, move)[1] == pytest.approx(rest.sum())
    v = fg.var(x)
    y = f(v)
    assert fg.grad_nodes(fg.Graph.of(y), y)[v].value == pytest.approx([rest[0], 0.0, rest[1]])
    assert np.isfinite(np.array(fg.hessian(f)(x))).all()
