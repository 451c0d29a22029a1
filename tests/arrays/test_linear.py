"""Linear algebra as numpy and scipy compute it, by their names too, and what is refused."""

import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402

fg: Any = fgrad  # what is typed is tested in tests/typing

RANDOM = np.random.default_rng(0)
A = RANDOM.normal(size=(4, 4))
S = A @ A.T + np.eye(4)
TALL = RANDOM.normal(size=(5, 3))
RIGHT = RANDOM.normal(size=(5, 2))
MANY = RANDOM.normal(size=(2, 3, 3))

SAME: list[tuple[str, Callable[[Any, Any], Any], Any]] = [
    ("solve", lambda m, a: m.solve(a, RIGHT[:4]), S),
    ("inv", lambda m, a: m.inv(a), MANY),
    ("det", lambda m, a: m.det(a), MANY),
    ("slogdet", lambda m, a: m.slogdet(a), MANY),
    ("cholesky", lambda m, a: m.cholesky(a), S),
    ("eigh", lambda m, a: m.eigh(a), S),
    ("eigh of the upper part", lambda m, a: m.eigh(a, UPLO="U"), MANY),
    ("eigvalsh", lambda m, a: m.eigvalsh(a), MANY),
    ("svd", lambda m, a: m.svd(a), MANY),
    ("svd of a tall matrix", lambda m, a: m.svd(a, full_matrices=False), TALL),
    ("singular values", lambda m, a: m.svd(a, compute_uv=False), TALL),
    ("qr", lambda m, a: m.qr(a), MANY),
    ("qr of a wide matrix", lambda m, a: m.qr(a), TALL.T),
    ("complete qr", lambda m, a: m.qr(a, mode="complete"), TALL.T),
    ("r of qr", lambda m, a: m.qr(a, "r"), TALL),
    ("pinv", lambda m, a: m.pinv(a), TALL),
    ("pinv of many", lambda m, a: m.pinv(a, 1e-10), MANY),
    ("lstsq", lambda m, a: m.lstsq(a, RIGHT, rcond=None), TALL),
    ("lstsq of a vector", lambda m, a: m.lstsq(a, RIGHT[:, 0], rcond=None), TALL),
    ("lstsq of a wide matrix", lambda m, a: m.lstsq(a, RIGHT[:3], rcond=None), TALL.T),
    ("lstsq of a lower rank", lambda m, a: m.lstsq(a, RIGHT, rcond=None), np.outer(RIGHT[:, 0], [1.0, 2.0])),
    ("matrix_power", lambda m, a: m.matrix_power(a, 3), MANY),
    ("power 0", lambda m, a: m.matrix_power(a, 0), MANY),
    ("negative power", lambda m, a: m.matrix_power(a, -2), MANY),
    ("multi_dot", lambda m, a: m.multi_dot([RIGHT.T, a, S[:3], RIGHT[1:]]), TALL),
    ("multi_dot of vectors", lambda m, a: m.multi_dot([RIGHT[:, 0], a, S[0, :3]]), TALL),
]  # fmt: skip


def parts(x: Any) -> tuple[Any, ...]:
    whole = x if isinstance(x, tuple) else (x,)
    return tuple([getattr(part, "value", part) for part in whole])


@pytest.mark.parametrize("case", SAME, ids=lambda case: case[0])
def test_values_and_names_are_those_of_numpy(case: Any) -> None:
    _, f, a = case
    expected = f(np.linalg, a)
    ours, of_node, of_numpy = f(fg, a), f(fg, fg.var(a)), f(np.linalg, fg.var(a))
    for found in (ours, of_node, of_numpy):
        assert len(parts(found)) == len(parts(expected))
        for x, y in zip(parts(found), parts(expected), strict=True):
            assert np.shape(x) == np.shape(y)
            assert np.allclose(x, y, rtol=1e-12, atol=1e-12)
    for x, y in zip(parts(ours), parts(of_node), strict=True):
        assert np.array_equal(x, y)
    if hasattr(expected, "_fields") and "slogdet" not in case[0]:
        assert type(ours).__name__ == type(expected).__name__
        assert ours._fields == expected._fields


def test_what_else_numpy_has() -> None:
    w = fg.var(MANY)
    assert np.linalg.matrix_rank(w).tolist() == [3, 3]
    assert np.linalg.matrix_rank(fg.var(np.outer([1.0, 2.0], [3.0, 4.0]))) == 1
    assert np.array_equal(np.kron(w, RIGHT).value, np.kron(MANY, RIGHT))
    if hasattr(np.linalg, "svdvals"):
        expected = np.linalg.svd(MANY, compute_uv=False)
        assert np.allclose(np.linalg.svdvals(w).value, expected)
        assert np.array_equal(np.linalg.matrix_transpose(w).value, MANY.swapaxes(1, 2))
        upper = np.linalg.cholesky(fg.var(S), upper=True).value
        assert np.allclose(upper, np.linalg.cholesky(S, upper=True))
    constant = fg.matrix_power(w, 0)
    assert isinstance(constant, fg.ArrayNode)


def test_triangular_systems_and_exponentials_are_those_of_scipy() -> None:
    linalg = pytest.importorskip("scipy.linalg")
    for n in (1, 5, 100):
        a = RANDOM.normal(size=(n, n)) + 2.0 * n * np.eye(n)
        b = RANDOM.normal(size=(n, 2))
        for lower in (False, True):
            for trans in (0, 1, "N", "T", "C"):
                expected = linalg.solve_triangular(a, b, trans=trans, lower=lower)
                found = fg.solve_triangular(a, b, trans=trans, lower=lower)
                assert np.allclose(found, expected, rtol=1e-12, atol=1e-15)
    for scale in (0.01, 1.0, 30.0):
        assert np.allclose(fg.expm(MANY * scale), linalg.expm(MANY * scale), rtol=1e-11)


def test_transforms_of_signals_are_those_of_numpy() -> None:
    for n in (1, 2, 7, 8):
        x = RANDOM.normal(size=(3, n))
        y = np.fft.rfft(x)
        real, imag = fg.rfft(x)
        assert np.allclose(real + 1j * imag, y, rtol=1e-13, atol=1e-13)
        assert np.allclose(fg.irfft(y.real, y.imag, n), x, rtol=1e-13, atol=1e-13)
        z = y + 1j  # of which numpy drops what no real signal has
        assert np.allclose(fg.irfft(z.real, z.imag, n), np.fft.irfft(z, n), rtol=1e-13, atol=1e-13)
    lines = np.array([[1.0, 2.0, 0.0], [1.0, 1.0, 1.0]])
    slope = fg.gradient(
        lambda x: fg.sum(fg.where(np.array([[False], [True]]), fg.rfft(fg.log(x)).imag, 0.0))
    )
    assert np.isfinite(slope(lines)).all()


def test_only_the_triangle_is_read() -> None:
    lost = np.where(np.tri(4, dtype=bool), S, np.nan)
    for f in (fg.cholesky, fg.eigvalsh, lambda a: fg.solve_triangular(a, S, lower=True)):
        slope = fg.gradient(lambda a, f=f: fg.sum(f(a)))
        assert np.array_equal(f(lost), f(S))
        assert np.array_equal(slope(lost), slope(S))
        assert np.array_equal(slope(S), np.tril(slope(S)))
        assert np.array_equal(fg.jvp(f)(S, lost)[1], fg.jvp(f)(S, S)[1])


def test_a_matrix_that_is_refused_by_lapack_is_nan_and_spoils_no_other() -> None:
    singular = np.array([[1.0, 2.0], [2.0, 4.0]])
    good = np.array([[2.0, 1.0], [1.0, 3.0]])
    both = np.stack([singular * 0.0, good])
    right = np.ones((3, 1, 2, 1))
    x = fg.solve(both, right)
    assert np.isnan(x[:, 0]).all()
    assert np.array_equal(x[:, 1], fg.solve(good, right[:, 0]))
    assert np.isnan(fg.cholesky(-good)[np.tril_indices(2)]).all()
    assert fg.cholesky(-good)[0, 1] == 0.0
    for bad in (np.inf, -np.inf, np.nan):
        a = np.stack([good, good])
        a[0, 1, 0] = a[0, 0, 1] = bad
        for f in (fg.cholesky, fg.eigvalsh, lambda a: fg.svd(a).U, fg.pinv, fg.expm):
            found = f(a)
            assert np.isnan(found[0]).any()
            assert np.allclose(found[1], f(good), rtol=1e-14)
    column = RIGHT.copy()
    column[0, 1] = np.inf
    found = fg.lstsq(TALL, column).x
    assert np.isnan(found[:, 1]).all()
    assert np.allclose(found[:, 0], fg.lstsq(TALL, RIGHT).x[:, 0])


def test_eigenvalues_as_results_of_transforms() -> None:
    """A result with names is a tree, as every tuple is."""
    value, tangent = fg.jvp(fg.eigh)(S, S)
    assert type(value) is type(tangent) is type(fg.eigh(S))
    assert np.allclose(tangent.eigenvalues, value.eigenvalues)
    assert np.allclose(tangent.eigenvectors, 0.0, atol=1e-12)
    w = fg.var(S, "w")
    pair = fg.eigh(w)
    y = fg.sum(pair.eigenvalues * np.arange(4.0))
    graph = fg.Graph.of(y, w, pair.eigenvectors)
    back = pickle.loads(pickle.dumps((graph, fg.grad(graph, y))))
    assert back[0] == graph
    call = pair.eigenvalues.args[0]
    adjoint = fg.grad(graph, y)[call]
    assert [x.shape for x in adjoint] == [(4,), (4, 4)]
    unreached = fg.sum(w * w)
    for output in (y, unreached):
        nodes = fg.grad_nodes(fg.Graph.of(y, unreached), output)[call]
        assert [np.shape(x.value) for x in nodes.args] == [(4,), (4, 4)]
    again = back[1][next(node for node in back[1].graph.nodes if node.op.name == "eigh")]
    assert not any(x.flags.writeable for x in again)
    text = fg.show(graph)
    assert "eigh[L](w)  # (array (4,) of norm" in text
    assert len(text.splitlines()) == 8
    assert len(repr(call)) < 120
    assert "(4, 4) of norm 2" in repr(call)


WRONG: list[tuple[str, Callable[[Any], Any], type[Exception], tuple[str, ...]]] = [
    ("eig", np.linalg.eig, fg.NotAValue, ("linalg.eig", "fg.eigh")),
    ("eigvals", np.linalg.eigvals, fg.NotAValue, ("linalg.eigvals", "fg.eigvalsh")),
    ("cond", np.linalg.cond, fg.NotAValue, ("linalg.cond", "fg.svd")),
    ("fft", np.fft.rfft, fg.NotAValue, ("fft.rfft", "fg.rfft")),
    ("lengths of irfft", lambda w: fg.irfft(w, w, 9), fg.ShapeMismatch, ("length of 9", "n // 2 + 1")),
    ("rfft of none", lambda w: fg.rfft(w[:, :0]), fg.ShapeMismatch, ("no elements",)),
    ("eigh", lambda w: fg.eigh(w[:3]), fg.ShapeMismatch, ("eigh", "(3, 4)", "square")),
    ("UPLO", lambda w: fg.eigh(w, "X"), fg.NotAValue, ("UPLO", "'X'")),
    ("a vector", lambda w: fg.svd(w[0]), fg.ShapeMismatch, ("svd", "(4,)", "matrix")),
    ("full svd", lambda w: fg.svd(w[:3]), fg.NotAValue, ("full_matrices=False", "(3, 4)")),
    ("complete qr", lambda w: fg.qr(w[:, :3], "complete"), fg.NotAValue, ("mode='reduced'", "(4, 3)")),
    ("raw qr", lambda w: fg.qr(w, "raw"), fg.NotAValue, ("'reduced'", "'raw'")),
    ("axes of solve", lambda w: fg.solve(np.ones((2, 4, 4)), fg.stack([w, w, w])), fg.ShapeMismatch, ("(2, 4, 4) and (3, 4, 4)",)),
    ("length of solve", lambda w: fg.solve_triangular(w, np.ones(3)), fg.ShapeMismatch, ("solve_triangular", "length 4")),
    ("trans", lambda w: fg.solve_triangular(w, w, trans="X"), fg.NotAValue, ("trans=", "'X'")),
    ("lstsq of many", lambda w: fg.lstsq(fg.stack([w, w]), np.ones(4)), fg.ShapeMismatch, ("(2, 4, 4) and (4,)",)),
    ("matrix_power", lambda w: fg.matrix_power(w, 0.5), fg.NotAValue, ("whole number", "0.5")),
    ("multi_dot of one", lambda w: fg.multi_dot([w]), fg.ShapeMismatch, ("two at least",)),
    ("multi_dot", lambda w: fg.multi_dot([w, w[:3], w]), fg.ShapeMismatch, ("(4, 4)", "(3, 4)")),
    ("rank of nan", lambda w: np.linalg.matrix_rank(w * math.nan), fg.NotAValue, ("finite",)),
    ("hermitian pinv", lambda w: np.linalg.pinv(w, hermitian=True), fg.NotAValue, ("hermitian", "fg.eigh")),
]  # fmt: skip


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case[0])
def test_it_is_refused_with_what_came_and_what_to_do(case: Any) -> None:
    _, action, error, said = case
    with pytest.raises(error) as caught:
        action(fg.var(S, "w"))
    text = str(caught.value)
    for part in said:
        assert part in text, text
    assert "\n" not in text
