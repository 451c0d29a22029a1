"""Sparse Jacobians and Hessians: the numbers of the dense ones, by every method and backend."""

from itertools import pairwise
from typing import Any
from unittest import mock

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("scipy")

import fgrad  # noqa: E402

fg: Any = fgrad  # what is typed is tested in tests/typing

METHODS = ("direct", "compressed")


@pytest.fixture(params=["native", "python"], autouse=True)
def backend(request: Any) -> Any:
    if request.param == "native":
        pytest.importorskip("llvmlite")
        yield "native"
        return
    with (
        mock.patch("fgrad.sparse.filling.native_is_installed", return_value=False),
        mock.patch("fgrad.sparse.compressed.native_is_installed", return_value=False),
        mock.patch("fgrad.sparse.evaluation.native_is_installed", return_value=False),
    ):
        yield "python"


def model(x: list[Any]) -> list[Any]:
    return [
        x[0] * fg.sin(x[1]),
        fg.exp(x[2] - x[0]) + 2.0 * x[3],
        fg.hypot(x[3], x[4]) * fg.relu(x[1]),
        x[4] / (1.0 + x[2] * x[2]),
    ]


POINT = [0.3, -0.4, 0.5, 1.5, -2.0]


@pytest.mark.parametrize("method", METHODS)
def test_they_are_the_dense_ones(method: str) -> None:
    found = fg.sparse_jacobian(model, method=method)(POINT)
    assert found.format == "csr"
    assert found.has_canonical_format
    assert np.allclose(found.toarray(), fg.jacobian(model)(POINT).matrix, rtol=1e-14, atol=0.0)

    def total(x: list[Any]) -> Any:
        return fg.sum([y * y for y in model(x)])

    dense = np.array(fg.hessian(total)(POINT).matrix)
    whole = fg.sparse_hessian(total, method=method)(POINT)
    assert np.allclose(whole.toarray(), dense, rtol=1e-12, atol=1e-12)
    lower = fg.sparse_hessian(total, method=method, lower=True)(POINT)
    assert np.allclose(lower.toarray(), np.tril(dense), rtol=1e-12, atol=1e-12)
    assert (whole != whole.T).nnz == 0


@pytest.mark.parametrize("method", METHODS)
def test_structural_nonzeros_that_are_zero_are_kept(method: str) -> None:
    found = fg.sparse_jacobian(lambda x: [x[0] * x[1], x[1]], method=method)([0.0, 0.0])
    assert found.nnz == 3
    assert found.toarray().tolist() == [[0.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("copies", [1, 40])
def test_nothing_comes_from_a_branch_that_is_not_taken(method: str, copies: int) -> None:
    def f(x: list[Any]) -> list[Any]:
        return [
            fg.where(a > 0.0, fg.sqrt(a), 0.0) * b for a, b in zip(x[::2], x[1::2], strict=True)
        ]

    x = [0.0, 2.0] * copies
    assert not fg.sparse_jacobian(f, method=method)(x).toarray().any()
    hessian = fg.sparse_hessian(lambda x: fg.sum(f(x)), method=method)(x)
    assert hessian.nnz == 3 * copies
    assert not hessian.toarray().any()


@pytest.mark.parametrize("method", METHODS)
def test_an_infinity_stays_in_its_column(method: str) -> None:
    found = fg.sparse_jacobian(lambda x: [fg.sqrt(x[0]) + x[1], x[2]], method=method)(
        [0.0, 1.0, 2.0]
    )
    assert found.toarray().tolist() == [[np.inf, 1.0, 0.0], [0.0, 0.0, 1.0]]


def test_columns_stand_in_the_order_of_argnums() -> None:
    def f(x: list[Any], p: dict[str, Any]) -> list[Any]:
        return [p["a"] * x[0] * x[1], p["b"] + x[1]]

    args = [2.0, 3.0], {"a": 5.0, "b": 7.0}
    assert fg.sparse_jacobian(f)(*args).toarray().tolist() == [[15.0, 10.0], [0.0, 1.0]]
    both = fg.sparse_jacobian(f, argnums=(1, 0))(*args).toarray()
    assert both.tolist() == [[6.0, 0.0, 15.0, 10.0], [0.0, 1.0, 0.0, 1.0]]

    def total(x: list[Any], p: dict[str, Any]) -> Any:
        return f(x, p)[0] * p["b"]

    lower = fg.sparse_hessian(total, argnums=(1, 0), lower=True)(*args).toarray()
    dense = fg.hessian(total, argnums=(1, 0))(*args).matrix
    assert lower.tolist() == np.tril(dense).tolist()


def test_arrays_of_one_axis_stand_for_lists() -> None:
    jacobian = fg.sparse_jacobian(lambda x: [a * a for a in x])
    assert jacobian(np.arange(3.0)).diagonal().tolist() == [0.0, 2.0, 4.0]
    assert jacobian(np.arange(3)).diagonal().tolist() == [0.0, 2.0, 4.0]
    assert jacobian([1.0, 2.0]).shape == (2, 2)


def test_calls_of_compiled_custom_and_implicit_functions_are_differentiated() -> None:
    square = fg.compile(lambda x: x * x)

    def pulled(x: Any, y: Any, y_bar: Any) -> Any:
        return 3.0 * x[0] * x[0] * y_bar, y_bar

    third = fg.custom(lambda x: x[0] * x[0] * x[0] + x[1], vjp=pulled)

    def f(x: list[Any]) -> list[Any]:
        solved = fg.root(lambda y, a: y * y * y + y - a, 1.0)(x[1])
        return [square(x[0]) * x[1], third((x[0], x[2])), solved * x[2]]

    x = [0.7, 1.2, -0.4]
    found = fg.sparse_jacobian(f)(x)
    assert found.nnz == 6
    assert np.allclose(found.toarray(), fg.jacobian(f)(x).matrix, rtol=1e-10)
    total = fg.sparse_hessian(lambda x: fg.sum(f(x)))(x).toarray()
    assert np.allclose(total, fg.hessian(lambda x: fg.sum(f(x)))(x).matrix, rtol=1e-9, atol=1e-12)


def test_a_matrix_may_be_changed_and_the_next_is_whole() -> None:
    jacobian = fg.sparse_jacobian(lambda x: [x[0] * x[1], x[1]])
    first = jacobian([0.0, 0.0])
    first.eliminate_zeros()
    first.data[:] = 9.0
    assert jacobian([3.0, 4.0]).toarray().tolist() == [[4.0, 3.0], [0.0, 1.0]]


def test_the_method_follows_the_work(backend: str) -> None:
    def local(x: list[Any]) -> list[Any]:
        return [a * b for a, b in pairwise(x)]

    def mixed(x: list[Any]) -> list[Any]:
        for k in range(3):  # by exponents that differ, so that no two parts are alike
            rows = [[0.1 * (i - j) + 0.05 for j in range(8)] for i in range(8)]
            x = [fg.sigmoid(fg.dot(r, x)) ** (1.5 + i + 0.1 * k) for i, r in enumerate(rows)]
        return x

    assert fg.sparse_jacobian(local).specialise([0.5] * 20).method == "direct"
    lanes = fg.sparse_jacobian(mixed).specialise([0.5] * 8).method == "compressed"
    assert lanes == (backend == "native")
    x = np.linspace(-1.0, 1.0, 8)
    dense = fg.jacobian(mixed)(x.tolist()).matrix
    assert np.allclose(fg.sparse_jacobian(mixed)(x).toarray(), dense, rtol=1e-12)


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(fg.NotAValue, match="direct"):
        fg.sparse_jacobian(model, method="dense")
    with pytest.raises(fg.NotAValue, match="is not differentiated again"):
        fg.sparse_jacobian(model)([fg.var(1.0)] * 5)
    with pytest.raises(fg.NotAValue, match="numbers as results"):
        fg.sparse_jacobian(lambda x: x > 0.0)(1.0)
    with pytest.raises(fg.NotDifferentiable, match="one number"):
        fg.sparse_hessian(model)(POINT)
    with pytest.raises(fg.TracedNumber):
        fg.sparse_jacobian(lambda x: x if x > 0.0 else -x)(1.0)


def test_what_fill_does_not_take_is_said() -> None:
    fill = fg.sparse_jacobian(lambda x, y: [a * y for a in x]).specialise([1.0, 2.0], 3.0).fill
    x, y, out = np.array([1.0, 2.0]), np.array([3.0]), np.empty(2)
    assert fill(x, y, out) is out
    assert out.tolist() == [3.0, 3.0]
    assert fill([1, 2], [4], out).tolist() == [4.0, 4.0]
    wide = np.zeros(4)
    fill(np.array([5.0, 6.0, 7.0])[::2], y, wide[::2])
    assert wide.tolist() == [3.0, 0.0, 3.0, 0.0]
    fill(x, x[:1], x)  # the array to fill may be one that is read
    assert x.tolist() == [1.0, 1.0]
    locked = np.empty(2)
    locked.flags.writeable = False
    for wrong in (np.empty(2, np.float32), locked, [0.0, 0.0]):
        with pytest.raises(fg.NotAValue, match="writable array of float64"):
            fill(x, y, wrong)
    with pytest.raises(fg.ShapeMismatch, match="argument 0"):
        fill(y, y, out)
    with pytest.raises(fg.ShapeMismatch, match=r"numpy.empty\(2\)"):
        fill(x, y, np.empty(3))
    with pytest.raises(fg.NotAValue, match="2 arrays and one to fill"):
        fill(x, out)
    with pytest.raises(fg.NotAValue, match="arrays of numbers"):
        fill(x + 1j, y, out)
