"""Taylor coefficients over arrays: those of the elements, and those that derivatives give."""

import math
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402
from tests.samples.arrays import ELEMENTWISE, WHOLE, Case  # noqa: E402  # they need numpy
from tests.samples.numpy_cases import NUMPY  # noqa: E402  # likewise

fg: Any = fgrad  # what is typed is tested in tests/typing
ONE_ARGUMENT = [case for case in ELEMENTWISE if len(case.shapes) == 1]


def by_derivatives(f: Any, order: int, t: float) -> list[Any]:
    """The coefficients as derivatives of derivatives, each over its factorial."""
    found = [np.asarray(f(t))]
    for k in range(1, order + 1):
        f = lambda t, f=f: fg.jvp(f)(t, 1.0)[1]
        found.append(np.asarray(f(t)) / math.factorial(k))
    return found


@pytest.mark.parametrize("case", ONE_ARGUMENT, ids=str)
def test_coefficients_in_an_array_are_those_in_its_elements(case: Case) -> None:
    (x,) = case.arguments()
    got = fg.taylor(case.f, 5)(x)
    known = [fg.taylor(case.f, 5)(z) for z in x.ravel().tolist()]
    for k, c in enumerate(got):
        expected = np.array([row[k] for row in known]).reshape(x.shape)
        assert c.shape == x.shape
        assert np.allclose(c, expected, rtol=1e-12, atol=1e-12)
        assert not c.flags.writeable


@pytest.mark.parametrize("case", WHOLE + NUMPY[::2], ids=str)
def test_coefficients_along_a_line_are_those_of_derivatives(case: Case) -> None:
    at = case.arguments()
    along = [0.1 * np.cos(3.0 * np.asarray(a)) for a in at]
    if case.definite:
        along[0] = along[0] + np.swapaxes(along[0], -1, -2)

    def f(t: Any) -> Any:
        return case.f(*[a + t * d for a, d in zip(at, along, strict=True)])

    for got, expected in zip(fg.taylor(f, 3)(0.3), by_derivatives(f, 3, 0.3), strict=True):
        assert np.shape(got) == np.shape(expected)
        assert np.allclose(got, expected, rtol=1e-10, atol=1e-11)


A, M = np.array([1.0, 2.0]), np.array([[2.0, 1.0], [0.5, 3.0]])
solved = fg.root(lambda x, t: M @ x + x**3 - A * t, np.zeros(2))
sorted_square = fg.custom(lambda x: np.sort(x) ** 2, jvp=lambda x, y, dx: 2.0 * fg.sort(x) * dx)


@pytest.mark.parametrize("f", [solved, lambda t: sorted_square(A * t) @ A])
def test_solutions_and_custom_functions_are_expanded(f: Any) -> None:
    for got, expected in zip(fg.taylor(f, 3)(0.7), by_derivatives(f, 3, 0.7), strict=True):
        assert np.allclose(got, expected, rtol=1e-10, atol=1e-11)


def test_nothing_leaks_from_a_branch_that_is_not_taken() -> None:
    rows, valid = np.array([[1.0, 2.0], [0.0, 0.0]]), np.array([True, False])
    f = lambda t: fg.sum(fg.where(valid, fg.log(rows * t) @ A, 0.0))
    assert np.allclose(fg.taylor(f, 3)(1.0), [2.0 * math.log(2.0), 3.0, -1.5, 1.0])


def test_coefficients_are_nodes_that_can_be_differentiated() -> None:
    f = lambda t, a: fg.sum(fg.exp(a * t) @ M)
    c2 = lambda t, a: fg.taylor(f, 2)(t, a)[2]
    slope = fg.gradient(c2)(0.3, A)
    assert np.isclose(slope, 3.0 * fg.taylor(f, 3)(0.3, A)[3])
    fg.check_gradient(c2, 0.3, A)


def test_a_function_that_does_not_depend_on_it_has_zeros() -> None:
    value, slope = fg.taylor(lambda t: A, 1)(2.0)
    assert (value.tolist(), slope.tolist()) == (A.tolist(), [0.0, 0.0])
    assert fg.taylor(lambda x: fg.sum(x * x), 3)(A) == (5.0, 6.0, 2.0, 0.0)
