"""What happens at the ends: nan in a matrix, subnormal values, memory of somebody else's, series that end."""

import math
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402
from fgrad import trees  # noqa: E402

fg: Any = fgrad  # what is typed is tested in tests/typing

MATRIX = np.array([[4.0, 1.0], [0.5, 3.0]])
LINE = np.array([1.0, -2.0])


@pytest.mark.parametrize(
    "f",
    [
        lambda t: fg.sum(fg.solve(MATRIX, t * LINE)),
        lambda t: fg.sum(fg.solve_triangular(MATRIX, t * LINE, lower=True)),
        lambda t: fg.sum(fg.convolve(t * LINE, LINE)),
    ],
)
def test_the_series_of_what_is_linear_ends_after_one_term(f: Any) -> None:
    one = f(1.0)
    assert fg.taylor(f, 3)(2.0) == pytest.approx((2.0 * one, one, 0.0, 0.0), rel=1e-14)


@pytest.mark.parametrize("place", [(0, 0), (1, 0), (1, 1)])
def test_a_factor_of_a_matrix_with_nan_is_nan_as_a_whole(place: tuple[int, int]) -> None:
    lost = np.array([MATRIX, MATRIX])
    lost[1][place] = np.nan
    lower, (q, r) = fg.cholesky(lost), fg.qr(lost)
    assert np.isnan(lower[1][np.tri(2, dtype=bool)]).all()
    assert np.isnan(q[1]).all()
    assert np.isnan(r[1][np.tri(2, dtype=bool).T]).all()
    assert lower[1][0, 1] == r[1][1, 0] == 0.0
    assert np.isfinite(lower[0]).all() and np.isfinite(q[0]).all() and np.isfinite(r[0]).all()  # noqa: PT018  # the good one


def test_erfc_of_an_array_is_subnormal_where_that_of_a_number_is() -> None:
    points = np.array([26.0, 26.7, 27.2, 30.0])
    assert fg.erfc(points) == pytest.approx([math.erfc(x) for x in points], rel=1e-14, abs=0.0)


def test_a_tree_of_a_vector_does_not_change_with_it() -> None:
    _, unravel = trees.ravel({"w": np.zeros(2), "b": 0.0})
    vector = np.arange(3.0)
    kept = unravel(vector)
    vector[:] = 9.0
    assert kept["w"].tolist() == [0.0, 1.0]
    vector.setflags(write=False)
    assert np.shares_memory(unravel(vector)["w"], vector)


def test_a_variable_does_not_change_with_the_memory_that_an_array_was_read_from() -> None:
    memory = bytearray(np.ones(2).tobytes())
    view = np.frombuffer(memory)
    view.setflags(write=False)
    x = fg.var(view)
    memory[:] = bytes(16)
    assert x.value.tolist() == [1.0, 1.0]
    steady = np.frombuffer(bytes(16))
    assert fg.var(steady).value is steady


def test_a_fixed_point_that_runs_away_is_no_warning() -> None:
    with pytest.raises(fg.NotConverged):
        fg.fixed_point(lambda x: x * x * 1e200, np.array([1e200, 2.0]))()
