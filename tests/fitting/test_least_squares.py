"""Least squares against SciPy's curve_fit, in its three forms."""

from __future__ import annotations

import math
import pickle
from typing import Any
from unittest import mock

import attrs
import pytest

import fgrad as fg

np = pytest.importorskip("numpy")
pytest.importorskip("scipy")

from scipy.optimize import curve_fit  # noqa: E402  # an extra

from fgrad.fitting import residuals as of  # noqa: E402  # likewise


@attrs.frozen
class Cooling:
    rate: float
    room: float
    unit: str = attrs.field(default="°C", metadata=fg.trees.STATIC)


def residual(p: Cooling, t: float, y: float) -> float:
    return p.room + (90.0 - p.room) * fg.exp(-p.rate * t) - y


T = np.linspace(0.0, 4.0, 60)
Y = 15.0 + 75.0 * np.exp(-0.3 * T) + np.random.default_rng(0).normal(0.0, 0.5, 60)
START = Cooling(0.5, 10.0)


def reference() -> tuple[Any, Any]:
    found, covariance = curve_fit(
        lambda t, rate, room: room + (90.0 - room) * np.exp(-rate * t),
        T,
        Y,
        [0.5, 10.0],
        xtol=1e-14,
    )
    return found, covariance


def whole(p: Cooling) -> list[float]:
    return [residual(p, t, y) for t, y in zip(T.tolist(), Y.tolist(), strict=True)]


@pytest.mark.parametrize("form", ["rows", "sums", "sparse"])
def test_the_fit_and_its_covariance_are_those_of_curve_fit(form: str) -> None:
    with mock.patch.object(of, "MANY", 0 if form == "sums" else of.MANY):
        fit = fg.least_squares(*((whole, START) if form == "sparse" else (residual, START, (T, Y))))
    found, covariance = reference()
    assert fit.converged
    assert fit.count == 60
    assert (fit.params.rate, fit.params.room) == pytest.approx(tuple(found), rel=1e-6)
    assert fit.params.unit == "°C"
    assert fit.covariance == pytest.approx(covariance, rel=1e-5)
    assert fit.errors.room == pytest.approx(math.sqrt(covariance[1, 1]), rel=1e-5)
    assert fit.cost == pytest.approx(0.5 * sum(r * r for r in whole(fit.params)), rel=1e-10)


def test_sums_have_the_squares_the_gradient_and_the_matrix_of_the_rows() -> None:
    """Of residuals of several numbers a row, at points where the Jacobian has no full rank too."""

    def f(p: list[float], x: float, y: float) -> tuple[float, float]:
        return p[0] * x - y, fg.sin(p[1] * x) + p[2] - p[0]

    x, y = np.array([0.5, -1.0, 2.0, 0.0]), np.array([1.0, 0.0, 3.0, 1.0])
    for params in ([0.3, 0.7, -0.2], [0.0, 0.0, 0.0]):
        rows = of.OverRows.of(f, params, (x, y))
        r, j = rows.both(np.array(params))
        shorter, factor = of.Summed.of(rows).both(np.array(params))
        assert shorter.shape == (4,)
        assert shorter @ shorter == pytest.approx(r @ r, rel=1e-12)
        assert factor.T @ shorter == pytest.approx(j.T @ r, rel=1e-12, abs=1e-12)
        assert factor.T @ factor == pytest.approx(j.T @ j, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("form", ["rows", "sums"])
def test_the_units_of_parameters_do_not_count(form: str) -> None:
    t = np.linspace(0.0, 1e-9, 50)
    with mock.patch.object(of, "MANY", 0 if form == "sums" else of.MANY):
        fit = fg.least_squares(
            lambda p, t, y: p["a"] + p["b"] * t - y, {"a": 1.0, "b": 1e9}, (t, 2.0 + 3e9 * t)
        )
    assert fit.params["a"] == pytest.approx(2.0, rel=1e-6)
    assert fit.params["b"] == pytest.approx(3e9, rel=1e-6)


def test_lists_are_columns() -> None:
    fit = fg.least_squares(residual, START, (T.tolist(), Y.tolist()))
    assert fit.params == fg.least_squares(residual, START, (T, Y)).params


def test_a_sparse_whole_of_one_unknown() -> None:
    with mock.patch.object(of, "SMALL", 0):
        fit = fg.least_squares(lambda p: [p - 1.0, p - 2.0, fg.exp(p) - 3.0], 0.0)
    assert fit.converged


@pytest.mark.parametrize("loss", ["huber", "soft_l1", "cauchy", "arctan"])
def test_a_robust_loss_bears_outliers(loss: Any) -> None:
    spoilt = Y.copy()
    spoilt[::10] += 40.0
    robust = fg.least_squares(residual, START, (T, spoilt), loss=loss)
    plain = fg.least_squares(residual, START, (T, spoilt))
    assert abs(robust.params.rate - 0.3) < 0.02 < abs(plain.params.rate - 0.3)
    with mock.patch.object(of, "MANY", 0):  # no sum over the rows is robust
        assert fg.least_squares(residual, START, (T, spoilt), loss=loss).params == robust.params


def test_bounds_hold() -> None:
    fit = fg.least_squares(residual, START, (T, Y), bounds=(Cooling(0.4, -math.inf), None))
    assert fit.params.rate == pytest.approx(0.4, abs=1e-6)
    assert fit.params.rate >= 0.4


def test_blocks_of_a_sparse_whole() -> None:
    """Each of many curves has parameters of its own, so all is known from each by itself."""
    curves = [Y + 0.3 * k for k in range(8)]

    def f(p: tuple[Cooling, ...]) -> list[list[float]]:
        rows = zip(p, curves, strict=True)
        return [
            [residual(c, t, y) for t, y in zip(T.tolist(), ys.tolist(), strict=True)]
            for c, ys in rows
        ]

    together = fg.least_squares(f, (START,) * 8)
    for found, ys in zip(together.params, curves, strict=True):
        alone = fg.least_squares(residual, START, (T, ys))
        assert attrs.astuple(found)[:2] == pytest.approx(attrs.astuple(alone.params)[:2], rel=1e-5)


def test_what_the_data_do_not_determine_has_no_error() -> None:
    fit = fg.least_squares(
        lambda p, x: (p[0] + p[1]) * x - 1.0, [1.0, 2.0], (np.array([1.0, 2.0, 3.0]),)
    )
    assert fit.converged
    assert np.isinf(fit.covariance).all()
    exact = fg.least_squares(lambda p, x: p * x - 1.0, 1.0, (np.array([2.0]),))
    assert exact.errors == math.inf


def test_a_fit_is_a_table() -> None:
    fit = fg.least_squares(residual, START, (T, Y))
    head, names, rate, room = repr(fit).splitlines()
    assert head.startswith("Fit(cost ")
    assert "of 60 residuals, converged after" in head
    assert names.split() == ["parameter", "value", "error"]
    assert rate.split()[0] == "rate"
    assert room.split()[0] == "room"
    with pytest.raises(ValueError, match="read-only"):
        fit.covariance[0, 0] = 0.0


WRONG: dict[str, tuple[Any, str]] = {
    "no function": (lambda: fg.least_squares(3.0, START), "a function"),  # type: ignore[arg-type]  # on purpose
    "no parameters": (lambda: fg.least_squares(lambda p: [1.0], ()), "a tree without a number"),
    "a loss": (lambda: fg.least_squares(whole, START, loss="l1"), "Choose one of"),  # type: ignore[arg-type]  # on purpose
    "nan": (lambda: fg.least_squares(lambda p: [fg.log(p), p], -1.0), "1 of 2 that are not"),
    "crossed": (
        lambda: fg.least_squares(whole, START, bounds=(1.0, 0.0)),
        r"bounds of params\.rate",
    ),
    "fixed": (
        lambda: fg.least_squares(whole, START, bounds=(1.0, 1.0)),
        "Close over what is fixed",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_problems_are_refused_in_words(name: str) -> None:
    call, words = WRONG[name]
    with pytest.raises(fg.NotAValue, match=words):
        call()


@pytest.mark.parametrize(
    "loss", ["huber", "soft_l1", "cauchy"]
)  # of arctan there are several minima
def test_robust_errors_are_those_of_repeated_fits(loss: Any) -> None:
    """Of 60 fits of data with a tenth of outliers, the spread is what each of them says."""
    rng = np.random.default_rng(1)
    t = np.linspace(0.0, 3.0, 80)

    def decay(p: list[float], t: float, y: float) -> float:
        return p[0] * fg.exp(-p[1] * t) - y

    found, said = [], []
    for _ in range(60):
        y = 2.0 * np.exp(-0.7 * t) + rng.normal(0.0, 0.1, 80)
        y += np.where(rng.random(80) < 0.1, rng.normal(0.0, 2.0, 80), 0.0)
        fit = fg.least_squares(decay, [2.0, 0.7], (t, y), loss=loss, scale=0.1)
        found.append(fit.params)
        said.append(fit.errors)
    spread, errors = np.std(found, axis=0), np.median(said, axis=0)
    assert (errors / spread > 0.7).all()
    assert (errors / spread < 1.4).all()


def test_a_start_outside_of_the_bounds_is_moved_within() -> None:
    inside = fg.least_squares(residual, START, (T, Y), bounds=(Cooling(0.4, -math.inf), None))
    outside = fg.least_squares(
        residual, Cooling(0.1, 0.0), (T, Y), bounds=(Cooling(0.4, -math.inf), None)
    )
    assert attrs.astuple(outside.params)[:2] == pytest.approx(
        attrs.astuple(inside.params)[:2], rel=1e-5
    )


ROWS = np.random.default_rng(3).normal(size=(50, 3))
WEIGHTS = np.array([1.0, -2.0, 0.5])
ANSWERS = ROWS @ WEIGHTS + 0.3 + np.random.default_rng(4).normal(0.0, 0.01, 50)
Linear = dict[str, Any]


def of_row(p: Linear, x: Any, y: Any) -> Any:
    return p["w"] @ x + p["b"] - y


def of_all(p: Linear, x: Any, y: Any) -> Any:
    return x @ p["w"] + p["b"] - y


@pytest.mark.parametrize("form", ["rows", "sums", "whole", "closed"])
def test_arrays_are_parameters_and_data(form: str) -> None:
    start: Linear = {"w": np.zeros(3), "b": 0}
    with mock.patch.object(of, "MANY", 0 if form == "sums" else of.MANY):
        if form == "closed":
            fit = fg.least_squares(lambda p: of_all(p, ROWS, ANSWERS), start)
        elif form == "whole":
            fit = fg.least_squares(of_all, start, (ROWS, ANSWERS), whole=True)
        else:
            fit = fg.least_squares(of_row, start, (ROWS, ANSWERS))
    design = np.column_stack((ROWS, np.ones(50)))
    exact, *_ = np.linalg.lstsq(design, ANSWERS)
    assert fit.converged
    assert np.allclose([*fit.params["w"], fit.params["b"]], exact, atol=1e-8)
    rest = ANSWERS - design @ exact
    covariance = rest @ rest / 46 * np.linalg.inv(design.T @ design)
    assert np.allclose(fit.covariance, covariance, rtol=1e-5)
    assert np.allclose([*fit.errors["w"], fit.errors["b"]], np.sqrt(np.diag(covariance)), rtol=1e-5)
    assert "array (3,)" in repr(fit)
    assert pickle.loads(pickle.dumps(fit)).params["w"].tolist() == fit.params["w"].tolist()


def test_a_model_written_for_scipy_fits_by_rows_and_as_a_whole() -> None:
    def model(x: Any, t: Any, y: Any) -> Any:
        return x[0] + (90.0 - x[0]) * np.exp(-x[1] * t) - y

    found, _ = reference()
    start = np.array([10.0, 0.5])
    by_rows = fg.least_squares(model, start, (T, Y))
    whole = fg.least_squares(model, start, (T, Y), whole=True)
    assert by_rows.params == pytest.approx(found[::-1], rel=1e-6)
    assert whole.params == pytest.approx(found[::-1], rel=1e-6)


def test_bounds_of_arrays_are_numbers_arrays_and_none() -> None:
    bounds = {"w": [None, -1.0, None], "b": None}, {"w": 0.75, "b": 10.0}
    fit = fg.least_squares(of_row, {"w": np.zeros(3), "b": 0.0}, (ROWS, ANSWERS), bounds=bounds)
    assert fit.converged
    assert (fit.params["w"][0], fit.params["w"][1]) == pytest.approx((0.75, -1.0), abs=1e-6)


def test_other_data_of_a_whole_give_the_same_program() -> None:
    """So its code is found again, in memory or on disk."""

    def bends(x: Any, y: Any) -> Any:
        return np.concatenate([x - y, fg.exp(x[1:]) - x[:-1]])

    first, second = (
        of.Sparse.of(bends, np.zeros(9), (np.random.default_rng(seed).normal(size=9),))
        for seed in (0, 1)
    )
    assert first.slopes.program.digest == second.slopes.program.digest
    values, slopes = second.both(np.zeros(9))
    assert values[:9].tolist() == (-np.random.default_rng(1).normal(size=9)).tolist()
    assert slopes.shape == (17, 9)


WRONG_ARRAYS: dict[str, tuple[Any, str]] = {
    "data that are no tuple": (lambda: fg.least_squares(of_row, np.zeros(3), T), "data as a tuple; got"),
    "columns of two lengths": (lambda: fg.least_squares(of_row, {"w": np.zeros(3), "b": 0.0}, (ROWS, Y)), "columns of one length; got x.* of 50, y of 60"),
    "bounds that meet in an element": (lambda: fg.least_squares(of_row, np.zeros(3), (ROWS, Y), bounds=([0, 1, 0], 1.0)), r"params\[1\] needs a lower bound below"),
    "nothing returned": (lambda: fg.least_squares(lambda x: None, np.zeros(3)), "residuals needs a result; got None"),
    "truth values": (lambda: fg.least_squares(lambda x: x > 0.0, np.zeros(3)), "numbers; got a truth value"),
    "a count": (lambda: fg.least_squares(lambda p: p.n, Counted(1.0, 2)), r"params\.n needs"),
}  # fmt: skip


@attrs.frozen
class Counted:
    x: float
    n: int


@pytest.mark.parametrize("name", WRONG_ARRAYS)
def test_wrong_arrays_are_told(name: str) -> None:
    action, words = WRONG_ARRAYS[name]
    with pytest.raises(fg.NotAValue, match=words):
        action()


def test_a_large_sparse_fit_that_is_badly_scaled_is_the_solution_of_its_equations() -> None:
    n, stiff = 1200, 300.0
    at = np.linspace(0.0, 1.0, n)
    seen = np.sin(6.0 * at) + 0.1 * np.cos(500.0 * at)

    def smooth(x: Any, y: Any) -> dict[str, Any]:
        return {"data": x - y, "bend": stiff * (x[:-2] - 2.0 * x[1:-1] + x[2:])}

    found = fg.least_squares(smooth, np.zeros(n), (seen,), whole=True)
    bend = stiff * np.diff(np.eye(n), n=2, axis=0)
    assert found.converged
    assert np.abs(found.params - np.linalg.solve(np.eye(n) + bend.T @ bend, seen)).max() < 1e-6


def test_the_table_of_a_fit_of_very_many_parameters_asks_for_no_errors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    n = 1001
    smooth: Any = lambda x: {"level": x - 1.0, "steps": x[1:] - x[:-1]}
    found = fg.least_squares(smooth, np.zeros(n), whole=True)
    assert found.errors.shape == (n,)
    again = attrs.evolve(found)  # which has computed no errors
    monkeypatch.setattr(np.linalg, "eigh", lambda a: pytest.fail("errors were computed"))
    assert "…" in repr(again)
