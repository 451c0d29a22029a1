"""Where values are equal or zero: right derivatives where there are some, nan where there are none."""

import itertools
from fractions import Fraction
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402

fg: Any = fgrad  # what is typed is tested in tests/typing

RANDOM = np.random.default_rng(0)
TURN = np.linalg.qr(RANDOM.normal(size=(4, 4)))[0]
MOVE = RANDOM.normal(size=(4, 4))
LOW = RANDOM.normal(size=(4, 2)) @ RANDOM.normal(size=(2, 4))
REPEATED = {
    "identity": np.eye(4),
    "two and two": TURN @ np.diag([1.0, 1.0, 2.0, 2.0]) @ TURN.T,
    "zero": np.zeros((4, 4)),
    "of rank 2": LOW @ LOW.T,
}


def half(a: Any) -> Any:
    return 0.5 * (a + fg.swapaxes(a, -1, -2))


@pytest.mark.parametrize("name", REPEATED)
def test_symmetric_functions_of_eigenvalues_have_their_gradient(name: str) -> None:
    a = REPEATED[name]
    power: Any = lambda k: fg.gradient(lambda a: fg.sum(fg.eigvalsh(half(a)) ** k))(a)
    assert np.allclose(
        fg.gradient(lambda a: fg.sum(fg.eigvalsh(a)))(a), np.eye(4), rtol=0, atol=1e-14
    )
    assert np.allclose(power(2.0), 2.0 * a, atol=1e-12)
    assert np.allclose(power(3.0), 3.0 * a @ a, atol=1e-11)
    log = fg.gradient(lambda a: fg.sum(fg.log(fg.eigvalsh(half(a)) + 3.0)))(a)
    assert np.allclose(log, np.linalg.inv(a + 3.0 * np.eye(4)), atol=1e-13)
    bent = fg.hvp(lambda a: fg.sum(fg.eigvalsh(a)))(a, MOVE)
    assert np.allclose(bent, 0.0, atol=1e-12)


def test_to_second_order_equal_eigenvalues_do_not_turn_as_the_page_of_kinks_says() -> None:
    bent = fg.hvp(lambda a: fg.sum(fg.eigvalsh(half(a)) ** 2))(np.eye(4), MOVE)
    assert np.allclose(bent, 2.0 * np.diag(np.diag(MOVE)))
    smooth = fg.hvp(lambda a: fg.sum(half(a) ** 2))(np.eye(4), MOVE)
    assert np.allclose(smooth, MOVE + MOVE.T)


def test_the_vectors_of_equal_values_have_no_derivative() -> None:
    a = REPEATED["two and two"]
    vectors: Any = lambda f: fg.gradient(lambda a: fg.sum(f(a) ** 3))
    assert np.isnan(np.tril(vectors(lambda a: fg.eigh(a).eigenvectors)(a))).any()
    assert np.isnan(vectors(lambda a: fg.svd(a).U)(a)).any()
    assert np.isnan(fg.jvp(lambda a: fg.eigh(a).eigenvectors)(a, half(MOVE))[1]).any()
    assert np.isfinite(fg.jvp(lambda a: fg.eigh(a).eigenvalues)(a, half(MOVE))[1]).all()


def test_what_spans_whole_groups_of_equal_eigenvalues_is_differentiated() -> None:
    """The projector onto the range of a matrix of rank 2: nothing flows within its null space."""
    a = REPEATED["of rank 2"]

    def projected(a: Any) -> Any:
        v = fg.eigh(half(a)).eigenvectors[:, 2:]
        return fg.sum(v @ v.T * MOVE)

    step = 1e-6
    slope = np.sum(fg.gradient(projected)(a) * MOVE)
    expected = (projected(a + step * MOVE) - projected(a - step * MOVE)) / (2.0 * step)
    assert slope == pytest.approx(expected, rel=1e-6)


def test_singular_values_that_are_equal_or_zero() -> None:
    values: Any = lambda a: fg.svd(a, compute_uv=False)
    total = fg.gradient(lambda a: fg.sum(values(a)))
    squares = fg.gradient(lambda a: fg.sum(values(a) ** 2))
    u, _, vh = np.linalg.svd(LOW)
    assert np.allclose(total(LOW), u[:, :2] @ vh[:2], atol=1e-13)
    assert np.allclose(total(TURN), TURN, atol=1e-13)
    assert not np.any(total(np.zeros((3, 2))))
    assert fg.gradient(fg.norm)(np.zeros((3, 2))).tolist() == [[0.0, 0.0]] * 3
    for a in (LOW, TURN, np.zeros((4, 4))):
        assert np.allclose(squares(a), 2.0 * a, atol=1e-12)
    assert np.isfinite(fg.hvp(lambda a: fg.sum(values(a)))(LOW, MOVE)).all()


def minors(a: Any) -> Any:
    n = len(a)
    out = np.ones((n, n))
    for i, j in itertools.product(range(n), repeat=2):
        if n > 1:
            part = np.delete(np.delete(a, i, 0), j, 1)
            out[i, j] = (-1.0) ** (i + j) * leibniz(part)
    return out


def leibniz(a: Any) -> float:
    n = len(a)
    total = 0.0
    for order in itertools.permutations(range(n)):
        sign = np.linalg.det(np.eye(n)[list(order)]) if n else 1.0
        total += sign * np.prod([a[i, order[i]] for i in range(n)])
    return total


SINGULAR = {
    "of one": np.zeros((1, 1)),
    "of rank 3": np.diag([1.0, 2.0, 3.0, 0.0]) @ TURN,
    "of rank 2": LOW,
    "zero of two": np.zeros((2, 2)),
    "zero of three": np.zeros((3, 3)),
    "whole numbers": np.arange(9.0).reshape(3, 3),
    "a row of zeros": np.array([[1.0, 2.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 4.0]]),
    "nearly singular": np.diag([1.0, 1e-9, 2.0]) + 1e-3 * np.triu(np.ones((3, 3)), 1),
    "far apart": np.diag([1e150, 1.0, 1e-150]),
    "regular": np.array([[2.0, 1.0], [1.0, 3.0]]),
}


@pytest.mark.parametrize("name", SINGULAR)
def test_the_determinant_is_a_polynomial_also_where_the_matrix_is_singular(name: str) -> None:
    a = SINGULAR[name]
    scale = np.abs(minors(a)).max() if name == "far apart" else np.abs(a).max() ** (len(a) - 1)
    assert np.allclose(fg.gradient(fg.det)(a), minors(a), rtol=1e-9, atol=1e-13 * scale)
    if name == "far apart":
        return
    move = MOVE[: len(a), : len(a)]
    step = 1e-4
    bent = (minors(a + step * move) - minors(a - step * move)) / (2.0 * step)
    for found in (
        fg.hvp(fg.det)(a, move),
        fg.gradient(lambda a: fg.sum(fg.gradient(fg.det)(a) * move))(a),
    ):
        assert np.allclose(found, bent, rtol=1e-6, atol=1e-6)
    third = fg.gradient(lambda a: fg.sum(fg.hvp(fg.det)(a, move) * move))(a)
    twice = (minors(a + step * move) + minors(a - step * move) - 2.0 * minors(a)) / step**2
    assert np.allclose(third, twice, rtol=1e-5, atol=1e-5)


def test_one_singular_determinant_among_others() -> None:
    many = np.stack([SINGULAR["zero of three"], SINGULAR["whole numbers"], np.eye(3)])
    found = fg.gradient(lambda a: fg.sum(fg.det(a) * np.array([1.0, 2.0, 3.0])))(many)
    expected = np.stack([k * minors(a) for k, a in zip((1.0, 2.0, 3.0), many, strict=True)])
    assert np.allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_matrices_of_a_lower_rank_have_derivatives_along_that_rank() -> None:
    left, right = RANDOM.normal(size=(4, 2)), RANDOM.normal(size=(2, 4))

    def of_factors(u: Any, v: Any) -> Any:
        a = u @ v
        return fg.sum(fg.pinv(a) * MOVE) + fg.sum(fg.lstsq(a, MOVE[0]).x ** 2)

    slopes = fg.gradient(of_factors, argnums=(0, 1))(left, right)
    moves = MOVE[:, :2], MOVE[:2]
    step = 1e-6
    up, down = (of_factors(left + s * moves[0], right + s * moves[1]) for s in (step, -step))
    along = sum(np.sum(g * d) for g, d in zip(slopes, moves, strict=True))
    assert along == pytest.approx((up - down) / (2.0 * step), rel=1e-6)


def test_where_there_is_no_derivative_it_is_nan() -> None:
    singular = np.arange(9.0).reshape(3, 3) - 4.0
    tall = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    zero = np.zeros((2, 2))
    assert np.isnan(fg.inv(zero)).all()
    assert np.isnan(fg.gradient(lambda a: fg.sum(fg.inv(a)))(zero)).all()
    assert np.isnan(fg.gradient(lambda a: fg.slogdet(a).logabsdet)(zero)).all()
    assert np.isnan(fg.cholesky(singular)[np.tril_indices(3)]).all()
    assert np.isnan(fg.gradient(lambda a: fg.sum(fg.qr(a).Q))(tall)).any()


def exact_minors(a: Any) -> Any:
    """The cofactors, exactly."""
    n = len(a)
    whole = [[Fraction(float(x)) for x in row] for row in a]

    def exact(rows: list[list[Fraction]]) -> Fraction:
        if not rows:
            return Fraction(1)
        parts = [rows[0][j] * exact([r[:j] + r[j + 1 :] for r in rows[1:]]) for j in range(len(rows))]  # fmt: skip
        return sum(parts[::2], Fraction(0)) - sum(parts[1::2], Fraction(0))

    out = np.zeros((n, n))
    for i, j in itertools.product(range(n), repeat=2):
        rest = [r[:j] + r[j + 1 :] for k, r in enumerate(whole) if k != i]
        out[i, j] = (-1) ** (i + j) * exact(rest)
    return out


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_singular_matrices_among_others_have_their_cofactors_and_do_not_change_these(
    n: int,
) -> None:
    random = np.random.default_rng(n)
    batch = random.normal(size=(6, n, n))
    batch[1, :, -1] = batch[1, :, 0] * 2.0
    batch[2] = 0.0
    batch[3, 0] *= 1e-9
    batch[4, -1] = batch[4, 0] + 1e-7 * batch[4, -1]
    slope = fg.gradient(lambda a: fg.sum(fg.det(a)))
    found = slope(batch)
    for a, g in zip(batch, found, strict=True):
        size = np.abs(a).max() ** (n - 1)
        assert np.allclose(g, exact_minors(a), rtol=1e-11, atol=1e-13 * size)
        assert np.allclose(g, slope(a), rtol=1e-11, atol=1e-13 * size)
    move = random.normal(size=batch.shape)
    bent = fg.jvp(slope)(batch, move)[1]
    for a, d, h in zip(batch, move, bent, strict=True):
        assert np.allclose(h, fg.jvp(slope)(a, d)[1], rtol=1e-8, atol=1e-8)
        step = 1e-5
        around = (exact_minors(a + step * d) - exact_minors(a - step * d)) / (2.0 * step)
        assert np.allclose(h, around, rtol=1e-5, atol=1e-6)


def test_equal_elements_keep_their_order_whatever_their_number() -> None:
    """What flows to the first of two that are equal is what the first place gets."""
    random = np.random.default_rng(0)
    for size in (50, 9000):
        x = np.round(random.normal(size=size), 2)
        x[::97], x[5::101], x[7::103] = np.nan, -0.0, 0.0
        weights = random.normal(size=size)
        found = fg.gradient(lambda v, w=weights: fg.sum(fg.sort(v) * w))(x)
        expected = np.empty(size)
        expected[np.argsort(x, kind="stable")] = weights
        assert np.array_equal(found, expected)
