"""Nothing of a matrix in a branch that is not taken, be it singular or not finite, to every order."""

from collections.abc import Callable
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402

fg: Any = fgrad  # what is typed is tested in tests/typing

GOOD = np.array([[3.0, 1.0, 0.0], [1.0, 4.0, 1.0], [0.0, 1.0, 5.0]])
SINGULAR = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.0, 1.0, 0.0]])
RIGHT = np.arange(6.0).reshape(3, 2) + 1.0
TAKEN = np.array([True, False])
WEIGHTS = np.arange(9.0).reshape(3, 3)


def spoiled(place: tuple[int, int], value: float) -> Any:
    out = GOOD.copy()
    out[place] = value
    return out


def added(x: Any) -> Any:
    return fg.sum(x, (-2, -1))


NUMBERS: dict[str, Callable[[Any], Any]] = {
    "solve": lambda a: added(fg.solve(a, RIGHT)),
    "inv": lambda a: added(fg.inv(a)),
    "det": fg.det,
    "slogdet": lambda a: fg.slogdet(a).logabsdet,
    "cholesky": lambda a: added(fg.cholesky(a)),
    "solve_triangular": lambda a: added(fg.solve_triangular(a, RIGHT, lower=True)),
    "eigvalsh": lambda a: fg.sum(fg.eigvalsh(a) ** 2, -1),
    "eigh": lambda a: added(fg.eigh(a).eigenvectors ** 3 * WEIGHTS),
    "svd": lambda a: added(fg.svd(a).U ** 3) + fg.sum(fg.svd(a).S, -1),
    "qr": lambda a: added(fg.qr(a).Q ** 3 * WEIGHTS) + added(fg.qr(a).R),
    "pinv": lambda a: added(fg.pinv(a)),
    "matrix_power": lambda a: added(fg.matrix_power(a, -2)),
    "expm": lambda a: added(fg.expm(a * 0.1)),
}
BAD = {
    "singular": SINGULAR,
    "infinite": spoiled((1, 2), np.inf),
    "infinite below": spoiled((2, 1), -np.inf),
    "nan": spoiled((2, 0), np.nan),
    "zero": np.zeros((3, 3)),
}


def everything(loss: Callable[..., Any], *args: Any) -> list[Any]:
    """The gradient, the jvp, and second derivatives by both modes."""
    wrt: Any = tuple(range(len(args)))
    slope = fg.gradient(loss, argnums=wrt)
    moves = tuple([np.cos(np.arange(a.size)).reshape(a.shape) for a in args])

    def squared(*xs: Any) -> Any:
        return sum([fg.sum(g * g) for g in slope(*xs)], 0.0)

    pushed = fg.jvp(loss, argnums=wrt)(*args, moves)[1]
    bent = fg.jvp(slope, argnums=wrt)(*args, moves)[1]
    return [*slope(*args), pushed, *fg.gradient(squared, argnums=wrt)(*args), *bent]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("name", NUMBERS)
def test_what_flows_is_what_flows_without_the_other_matrix(name: str, bad: str) -> None:
    f = NUMBERS[name]
    both = everything(lambda a: fg.sum(fg.where(TAKEN, f(a), 0.0)), np.stack([GOOD, BAD[bad]]))
    alone = everything(f, GOOD)
    for found, expected in zip(both, alone, strict=True):
        if np.ndim(found):
            assert np.array_equal(found[1], np.zeros((3, 3)))
            found = found[0]  # noqa: PLW2901  # of the good one
        assert np.allclose(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("name", NUMBERS)
def test_nothing_of_a_matrix_that_is_not_chosen(name: str, bad: str) -> None:
    def loss(a: Any, x: Any) -> Any:
        return fg.where(x[0] > 100.0, NUMBERS[name](a), fg.sum(x * x))

    found = everything(loss, BAD[bad], np.ones(2))
    assert all(np.isfinite(x).all() for x in found)
    assert not np.any(found[0])
    assert found[1].tolist() == [2.0, 2.0]


@pytest.mark.parametrize("name", ["solve", "solve_triangular", "lstsq"])
def test_columns_of_a_solution_do_not_mix(name: str) -> None:
    """What is not taken of the right-hand side may be infinite; its solution is nan, and flows nowhere."""
    a = GOOD[:, :2] if name == "lstsq" else GOOD
    f: Any = (lambda a, b: fg.lstsq(a, b).x) if name == "lstsq" else getattr(fg, name)
    right = RIGHT.copy()
    right[0, 1] = np.inf
    found = everything(lambda a, b: fg.sum(fg.where(TAKEN, f(a, b), 0.0)), a, right)
    expected = everything(lambda a, b: fg.sum(f(a, b)), a, RIGHT[:, :1])
    for x, y in zip(found, expected, strict=True):
        if np.shape(x) == (3, 2) != np.shape(y):
            assert np.array_equal(x[:, 1], np.zeros(3))
            x = x[:, :1]  # noqa: PLW2901  # of the column that is taken
        if np.shape(x) == np.shape(y) and np.ndim(x):
            assert np.isfinite(x).all()
    assert np.allclose(found[0], expected[0], rtol=1e-12)
    assert np.allclose(found[1][:, :1], expected[1], rtol=1e-12)


def test_above_the_diagonal_nothing_flows() -> None:
    """Less than a zero: the slope of what is there may be infinite."""
    a = np.where(np.tri(3, dtype=bool), GOOD, 0.0)
    for f in (fg.cholesky, fg.eigvalsh, lambda a: fg.solve_triangular(a, RIGHT, lower=True)):
        slope = fg.gradient(lambda a, f=f: fg.sum(f(fg.sqrt(a) ** 2 + GOOD * np.eye(3))))
        assert np.isfinite(slope(a + np.eye(3) * 0.0)[np.triu_indices(3, 1)]).all()
    roots = fg.gradient(lambda a: fg.sum(fg.sqrt(fg.cholesky(a))))(GOOD)
    assert np.isfinite(roots[np.triu_indices(3, 1)]).all()


def test_nothing_flows_through_a_function_of_several_results_that_is_not_taken() -> None:
    pair = fg.custom(
        lambda x: (fg.log(x), x * 2.0), vjp=lambda x, y, bar: bar[0] / x + 2.0 * bar[1]
    )

    def loss(x: Any) -> Any:
        return fg.where(fg.sum(x) > 3.0, fg.sum(pair(x)[0]), fg.sum(x * x))

    found = everything(loss, np.array([1.0, 0.0]))
    assert found[0].tolist() == [2.0, 0.0]
    assert all(np.isfinite(x).all() for x in found)
