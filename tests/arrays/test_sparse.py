"""Matrices of scipy.sparse as constants of products and systems, and their nonzeros as variables."""

import pickle
import sys
from collections.abc import Callable
from typing import Any

import pytest

np = pytest.importorskip("numpy")
sparse = pytest.importorskip("scipy.sparse")
linalg = pytest.importorskip("scipy.sparse.linalg")

import fgrad  # noqa: E402
from fgrad.arrays import sparse as ours  # noqa: E402  # needs numpy
from fgrad.arrays.linear import Key  # noqa: E402  # likewise
from fgrad.arrays.makers import MAKERS  # noqa: E402  # likewise
from tests.arrays import test_laws as laws  # noqa: E402  # likewise
from tests.formats import test_array_json as json  # noqa: E402  # likewise
from tests.samples.arrays import Case  # noqa: E402  # likewise
from tests.samples.sparse_cases import DENSE, REPEATED, SPARSE, SYSTEM, TWICE  # noqa: E402

fg: Any = fgrad  # what is typed is tested in tests/typing
FORMATS = [f"{name}_{kind}" for name in ("csr", "csc", "coo", "dia", "lil", "dok", "bsr") for kind in ("array", "matrix")]  # fmt: skip
LINE = np.array([0.5, -1.0, 2.0, 1.5])
TALL = np.arange(8.0).reshape(4, 2) - 3.0
SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])


@pytest.mark.parametrize("case", SPARSE, ids=str)
@pytest.mark.parametrize(
    "law",
    [
        laws.test_jvp_is_what_differences_say_and_vjp_its_transpose,
        laws.test_reverse_over_forward_is_forward_over_reverse_and_reverse_over_reverse,
        laws.test_the_layout_of_an_array_does_not_matter,
        laws.test_a_broadcast_argument_with_strides_of_0_is_as_good_as_any,
        laws.test_what_numpy_warns_of_is_no_news,
        laws.test_nodes_and_values_give_the_same,
        json.test_a_graph_and_its_gradient_come_back,
    ],
    ids=lambda law: law.__name__,
)
def test_the_laws_of_arrays_hold(law: Callable[[Case], None], case: Case) -> None:
    law(case)


def test_every_operation_is_written_in_json_by_name() -> None:
    names = {n.op.name for case in SPARSE for n in json.graph(case).nodes if not n.op.elementwise}
    assert {"sparse_product", "sparse_solve"} < names <= MAKERS.keys()


@pytest.mark.parametrize("form", FORMATS)
def test_products_are_those_of_dense_arrays_in_every_format(form: str) -> None:
    a = getattr(sparse, form)(DENSE)
    x, tall, left = fg.var(LINE), fg.var(TALL), fg.var(LINE[:3])
    for got, expected in (
        (a @ x, DENSE @ LINE),
        (a @ tall, DENSE @ TALL),
        (left @ a, LINE[:3] @ DENSE),
        (tall.T[:, :3] @ a, TALL.T[:, :3] @ DENSE),
        (fg.matmul(a, x), DENSE @ LINE),
        (fg.matmul(tall.T[:, :3], a), TALL.T[:, :3] @ DENSE),
        (np.matmul(a, x), DENSE @ LINE),
    ):
        assert isinstance(got, fg.ArrayNode)
        assert np.allclose(got.value, expected, rtol=1e-15)
    plain = fg.matmul(a, LINE)
    assert type(plain) is np.ndarray
    assert np.array_equal(plain, DENSE @ LINE)
    assert np.array_equal(fg.matmul(LINE[:3], a), LINE[:3] @ DENSE)


def test_a_sparse_vector_is_multiplied_as_a_vector() -> None:
    if not hasattr(sparse, "coo_array") or tuple(sparse.coo_array(DENSE[0]).shape) != (4,):
        pytest.skip("this scipy has no sparse vectors")
    a, x, tall = sparse.coo_array(DENSE[0]), fg.var(LINE), fg.var(TALL)
    for got, expected in ((a @ x, DENSE[0] @ LINE), (x @ a, DENSE[0] @ LINE), (a @ tall, DENSE[0] @ TALL), (tall.T @ a, DENSE[0] @ TALL)):  # fmt: skip
        assert np.allclose(got.value, expected, rtol=1e-15)
    assert fg.gradient(lambda x: fg.matmul(a, x))(LINE).tolist() == DENSE[0].tolist()


def test_derivatives_are_those_of_dense_arrays() -> None:
    for a in (sparse.csr_array(DENSE), sparse.csc_array(DENSE), REPEATED):
        x = np.linspace(0.5, 1.5, a.shape[1])
        by_sparse, by_dense = (lambda x, m=m: fg.sum(fg.exp(fg.matmul(m, x)) * fg.matmul(m, x)) for m in (a, a.toarray()))  # fmt: skip
        assert np.allclose(fg.gradient(by_sparse)(x), fg.gradient(by_dense)(x), rtol=1e-13)
        assert np.allclose(fg.hessian(by_sparse)(x), fg.hessian(by_dense)(x), rtol=1e-13)
        assert np.allclose(fg.jacobian(lambda x, a=a: fg.matmul(a, x))(x), a.toarray())


def test_the_constant_is_what_the_matrix_was() -> None:
    a = sparse.csr_array(DENSE)
    x = fg.var(LINE)
    y = a @ x
    assert (a @ x).args[0] is y.args[0]  # what is the same is not converted again
    a.data[:] = 7.0
    assert np.allclose(y.value, DENSE @ LINE)
    assert np.allclose((a @ x).value, 7.0 * (DENSE != 0.0) @ LINE)
    a.indices[:] = 3
    assert np.allclose((a @ x).value, 7.0 * LINE[3] * (DENSE != 0.0).sum(1))
    total = fg.sum(y)
    assert np.allclose(fg.grad(fg.Graph.of(total), total)[x], DENSE.sum(0))
    messy = sparse.csr_array((np.array([1.0, 2.0, 3.0]), np.array([1, 0, 1]), np.array([0, 3])), shape=(1, 2))  # fmt: skip
    assert (messy @ fg.var(np.ones(2))).value.tolist() == [6.0]
    assert messy.indices.tolist() == [1, 0, 1]


def test_what_is_not_stored_gets_nothing() -> None:
    x = np.array([1.0, 0.0, 2.0, 3.0])  # the second column is empty
    slope = fg.gradient(lambda x: fg.sum(fg.matmul(sparse.csr_array(DENSE), fg.log(x))))(x)
    assert np.allclose(slope, [2.5, 0.0, -0.5, 1.0])
    moved = fg.jvp(lambda x: fg.log(1.0 + fg.matmul(sparse.csr_array(DENSE), x) - 1.0)[1])
    assert moved(x, np.ones(4))[1] == 0.0  # the second row is


def guarded(x: Any) -> Any:
    """A product behind a choice: of the logarithm of 0, which only the second row reads."""
    a = sparse.csr_array(np.array([[2.0, 0.0, 1.0], [1.0, 3.0, 0.0]]))
    return fg.sum(fg.where(np.array([True, False]), fg.matmul(a, fg.log(x)), 0.0))


def guarded_columns(x: Any) -> Any:
    a = sparse.csr_array(np.array([[2.0, 0.0, 1.0], [1.0, 3.0, 0.0]]))
    taken = np.array([[True, True], [False, False]])
    return fg.sum(fg.where(taken, fg.matmul(a, fg.log(fg.stack([x, x * x], 1))), 0.0))


def guarded_data(d: Any) -> Any:
    """Nonzeros that are infinite or nan where what they give is not taken."""
    op = ours.sparse_product(Key((np.array([0, 0, 1]), np.array([0, 2, 1]))), (2, 3), False)
    y = op(1.0 / d, np.array([1.0, 0.0, 2.0]))
    return fg.sum(fg.where(np.array([True, False]), y, 0.0))


def guarded_system(d: Any) -> Any:
    """A singular system in a branch that is not taken."""
    x = fg.spsolve(sparse.csr_array(SINGULAR), np.ones(2), data=fg.log(d) * 0.0 + 1.0)
    return fg.where(fg.sum(d) > 100.0, fg.sum(x), fg.sum(d * d * d))


def guarded_right(b: Any) -> Any:
    """A right-hand side that is not finite in a column that is not taken."""
    right = fg.log(fg.stack([b, b * 0.0], 1))
    x = fg.spsolve(sparse.csr_array(SYSTEM), right)
    return fg.sum(fg.where(np.array([True, False]), x, 0.0))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("loss", "x"),
    [
        (guarded, np.array([1.0, 0.0, 2.0])),
        (guarded_columns, np.array([1.0, 0.0, 2.0])),
        (guarded_data, np.array([1.0, 2.0, 0.0])),
        (guarded_system, np.array([1.0, 0.0, 2.0, 3.0])),
        (guarded_right, np.array([1.0, 3.0, 2.0, 1.5])),
    ],
    ids=lambda p: getattr(p, "__name__", ""),
)
def test_no_nan_comes_of_a_branch_that_is_not_taken(loss: Any, x: Any) -> None:
    slope, move = fg.gradient(loss), np.cos(np.arange(x.size))
    nearby = np.where(x == 0.0, 1.0, x)  # what is 0 is not read by what is taken
    for found, expected in (
        (slope(x), slope(nearby)),
        (fg.jvp(slope)(x, move)[1], fg.jvp(slope)(nearby, move)[1]),
        (fg.gradient(lambda x: fg.sum(slope(x) ** 2))(x), fg.gradient(lambda x: fg.sum(slope(x) ** 2))(nearby)),
        (fg.jvp(loss)(x, move)[1], fg.jvp(loss)(nearby, move)[1]),
    ):  # fmt: skip
        assert np.isfinite(found).all()
        if loss is not guarded_system:
            assert np.allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("x", [np.array([1.0, np.inf]), np.array([[1.0, 2.0], [np.inf, np.nan]])], ids=str)  # fmt: skip
def test_a_nonzero_that_does_not_move_meets_no_infinity(x: Any) -> None:
    identity = ours.sparse_product(Key((np.array([0, 1]), np.array([0, 1]))), (2, 2), False)
    y = lambda d: identity(fg.where(np.array([True, False]), d * d, 1.0), x)
    value, moved = fg.jvp(y)(np.array([3.0, 4.0]), np.ones(2))
    assert np.array_equal(value[1], x[1], equal_nan=True)
    assert np.array_equal(moved, [6.0 * x[0], 0.0 * x[0]])
    again = fg.jvp(lambda d: fg.jvp(y)(d, np.ones(2))[1])(np.array([3.0, 4.0]), np.ones(2))[1]
    assert np.array_equal(again, [2.0 * x[0], 0.0 * x[0]])


@pytest.mark.parametrize("form", FORMATS)
def test_systems_are_those_of_dense_arrays(form: str) -> None:
    a = getattr(sparse, form)(SYSTEM)
    for b in (LINE, TALL):
        got = fg.spsolve(a, b)
        assert np.allclose(got, np.linalg.solve(SYSTEM, b), rtol=1e-13)
        assert np.allclose(fg.spsolve(a, fg.var(b)).value, got, rtol=0.0)


def test_scipys_values_are_ours() -> None:
    random = np.random.default_rng(1)
    stored = random.uniform(size=(60, 60)) < 0.05
    a = sparse.csr_array(np.where(stored, random.normal(size=(60, 60)), 0.0) + 4.0 * np.eye(60))
    b = np.cos(np.arange(60.0))
    assert np.allclose(fg.spsolve(a, b), linalg.spsolve(a.tocsc(), b), rtol=1e-12)


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "twice"])
def test_the_derivative_by_nonzeros_is_that_of_the_dense_matrix(form: str) -> None:
    a = TWICE if form == "twice" else getattr(sparse, f"{form}_array")(SYSTEM)
    coo = a.tocoo()

    def dense(data: Any) -> Any:
        return fg.at(np.zeros((4, 4)))[coo.row, coo.col].add(data)

    for b in (LINE, TALL):
        by_sparse: Any = lambda d, b=b: fg.sum(fg.exp(fg.spsolve(a, b, data=d)))
        by_dense: Any = lambda d, b=b: fg.sum(fg.exp(fg.solve(dense(d), b)))
        assert np.allclose(by_sparse(a.data), by_dense(a.data), rtol=1e-13)
        for take in (fg.gradient, fg.hessian):
            assert np.allclose(take(by_sparse)(a.data), take(by_dense)(a.data), rtol=1e-11)


def test_the_third_derivative_of_a_system_is_that_of_the_dense_matrix() -> None:
    a, moves = sparse.csr_array(SYSTEM), np.sin(np.arange(9.0))
    rows, columns = np.nonzero(SYSTEM)

    def third(f: Any) -> Any:
        first = lambda d: fg.jvp(f)(d, moves)[1]
        second = lambda d: fg.jvp(first)(d, moves)[1]
        return fg.gradient(second)(a.data)

    by_sparse = third(lambda d: fg.sum(fg.spsolve(a, LINE, data=d) ** 2))
    zeros = np.zeros((4, 4))
    by_dense = third(lambda d: fg.sum(fg.solve(fg.at(zeros)[rows, columns].set(d), LINE) ** 2))
    assert np.allclose(by_sparse, by_dense, rtol=1e-10)


def test_one_factorisation_serves_the_value_and_its_derivatives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    factored: list[object] = []
    splu = linalg.splu

    def counted(a: Any) -> Any:
        factored.append(a)
        return splu(a)

    monkeypatch.setattr(linalg, "splu", counted)
    a = sparse.csr_array(SYSTEM * 1.25)
    loss = lambda d, b: fg.sum(fg.spsolve(a, b, data=d) ** 2)
    slope = fg.gradient(loss, argnums=(0, 1))
    fg.jvp(slope, argnums=(0, 1))(a.data, LINE, (a.data, LINE))
    assert len(factored) == 1


@pytest.mark.parametrize("bad", [SINGULAR, np.zeros((2, 2)), np.array([[1.0, np.nan], [1.0, 2.0]]), np.array([[np.inf, 1.0], [1.0, 2.0]])], ids=str)  # fmt: skip
def test_a_matrix_that_has_no_factors_gives_nan(bad: Any) -> None:
    x = fg.spsolve(sparse.csr_array(bad), np.ones((2, 2)))
    assert x.shape == (2, 2)
    assert np.isnan(x).all()


def test_systems_of_nothing_are_nothing() -> None:
    assert fg.spsolve(sparse.csr_array((0, 0)), np.ones(0)).shape == (0,)
    assert fg.spsolve(sparse.csr_array((0, 0)), np.ones((0, 3))).shape == (0, 3)
    empty = sparse.csr_array((3, 2))
    assert fg.matmul(empty, np.ones(2)).tolist() == [0.0, 0.0, 0.0]
    assert fg.gradient(lambda x: fg.sum(fg.matmul(empty, x)))(np.ones(2)).tolist() == [0.0, 0.0]


def test_a_graph_is_pickled_and_known_by_what_is_stored() -> None:
    def graph(a: Any) -> Any:
        return fg.Graph.of(fg.sum(fg.spsolve(CSR, fg.sin(a @ fg.var(LINE, "x")))))

    before = graph(sparse.csr_array(SYSTEM))
    assert graph(sparse.dok_array(SYSTEM)).digest == before.digest
    assert graph(sparse.csr_array(SYSTEM.T)).digest != before.digest
    assert graph(sparse.csr_array(SYSTEM + 0.5 * (SYSTEM != 0.0))).digest != before.digest
    after = pickle.loads(pickle.dumps(before))
    assert after == before
    assert after.digest == before.digest
    assert fg.loads(fg.dumps(before)) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[3,4],false", "[1,1],false"),
        ("[3,4],false", "[3],false"),
        ("[3,4],false", "[2000000000,4],false"),
        ("[3,4],false", "[3,4],true"),
        ("[3,4],false", "[3,4],0"),
    ],
)
def test_no_text_asks_for_what_is_no_matrix(old: str, new: str) -> None:
    text = fg.dumps(fg.Graph.of(sparse.csr_array(DENSE) @ fg.var(LINE, "x")))
    assert old in text
    with pytest.raises(fg.FormatError):
        fg.loads(text.replace(old, new))


def test_no_text_asks_for_factors_that_fill_the_memory() -> None:
    text = fg.dumps(fg.Graph.of(fg.spsolve(CSR, fg.var(LINE, "x"))))
    assert "[4,4],false" in text
    with pytest.raises(fg.FormatError, match="more memory"):
        fg.loads(text.replace("[4,4],false", "[100000,100000],false"))


def test_no_text_asks_for_places_that_are_none() -> None:
    for rows, columns in (([0, 0], [1, 1]), ([1, 0], [0, 0]), ([0, 5], [0, 0]), ([0, -1], [0, 1])):
        key = Key((np.array(rows), np.array(columns)))
        with pytest.raises(ValueError, match="place"):
            ours.sparse_product(key, (2, 2), False)(np.ones(2), np.ones(2))


CSR = sparse.csr_array(SYSTEM)


@pytest.mark.parametrize(
    ("f", "error", "words"),
    [
        (lambda: CSR @ fg.var(np.ones(3)), fg.ShapeMismatch, r"shapes \(4, 4\) and \(3,\)"),
        (lambda: fg.var(np.ones((2, 3))) @ CSR, fg.ShapeMismatch, r"shapes \(2, 3\) and \(4, 4\)"),
        (lambda: CSR @ fg.var(np.ones((4, 4, 2))), fg.ShapeMismatch, "one or two axes"),
        (lambda: fg.matmul(CSR, 2.0), fg.ShapeMismatch, "one or two axes"),
        (lambda: (CSR * 1j) @ fg.var(LINE), fg.NotAValue, "real numbers"),
        (lambda: fg.matmul(CSR, LINE * 1j), fg.NotAValue, "real numbers"),
        (lambda: (CSR > 0) @ fg.var(LINE), fg.NotAValue, "float64"),
        (lambda: CSR.astype(np.float32) @ fg.var(LINE), fg.NotAValue, "float64"),
        (lambda: fg.matmul(CSR, CSR), fg.NotAValue, "scipy's"),
        (lambda: CSR * fg.var(LINE), fg.SilentDetach, r"fg.matmul\(A, x\)|node.value"),
        (lambda: CSR.dot(fg.var(LINE)), None, ""),
        (lambda: linalg.spsolve(CSR, fg.var(LINE)), fg.SilentDetach, r"fg.spsolve\(A, b\)"),
        (lambda: np.asarray(fg.var(LINE)), fg.SilentDetach, "node.value"),
        (lambda: fg.spsolve(SYSTEM, LINE), fg.NotAValue, "fg.solve"),
        (lambda: fg.solve(CSR, LINE), fg.NotAValue, r"fg.spsolve\(A, b\)"),
        (lambda: np.dot(CSR, fg.var(LINE)), fg.NotAValue, "A @ x"),
        (lambda: fg.mean(CSR), fg.NotAValue, "toarray"),
        (lambda: fg.spsolve(CSR, CSR), fg.NotAValue, "toarray"),
        (lambda: fg.spsolve(CSR, LINE[:3]), fg.ShapeMismatch, "as many rows"),
        (lambda: fg.spsolve(CSR[:3], LINE[:3]), fg.ShapeMismatch, "square"),
        (lambda: fg.spsolve(CSR * 1j, LINE), fg.NotAValue, "real numbers"),
        (lambda: fg.spsolve(CSR, LINE, data=np.ones(8)), fg.ShapeMismatch, "9 elements"),
        (lambda: fg.spsolve(sparse.lil_array(SYSTEM), LINE, data=np.ones(9)), fg.NotAValue, "tocsr"),
    ],
)  # fmt: skip
def test_what_does_not_go_is_refused_in_words(f: Any, error: Any, words: str) -> None:
    if error is None:
        assert np.allclose(f().value, SYSTEM @ LINE)
        return
    with pytest.raises(error, match=words):
        f()


def test_without_scipy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(fg.MissingExtra, match="optimize"):
        fg.spsolve(SYSTEM, LINE)
