"""Newton's method within a region of trust: what it finds is a root, and what it does not find it refuses."""

import math
import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fgrad as fg
from fgrad.solvers import linear
from fgrad.solvers.dogleg import Lost, solved
from tests.samples.systems import REFUSED, SOLVED, System, arm

# Checkers cannot infer what lambdas of several arguments take; typed use is in tests/typing.
root: Any = fg.root
named = pytest.mark.parametrize("system", SOLVED, ids=lambda system: system.name)


def found(
    system: System, start: tuple[float, ...] | None = None, **options: Any
) -> tuple[float, ...]:
    solution: tuple[float, ...] = root(
        lambda x: tuple(system.residual(x)), start or system.start, **options
    )()
    return solution


def lack(system: System, x: tuple[float, ...]) -> float:
    """How far the next step of Newton would lead, relative to x."""
    rows = fg.jacobian(lambda x: tuple(system.residual(x)))(x).matrix
    values = [fg.sum([v]) for v in system.residual(x)]
    step = linear.solved(rows, values)
    return math.hypot(*step) / math.hypot(*x)


def scaled(system: System, of_values: list[float], of_x: list[float]) -> System:
    def residual(x: Any) -> Any:
        inside = [a / s for a, s in zip(x, of_x, strict=True)]
        return [v * s for v, s in zip(system.residual(inside), of_values, strict=True)]

    start = tuple(a * s for a, s in zip(system.start, of_x, strict=True))
    return System(system.name, residual, start)


@named
def test_systems_of_the_literature_are_solved_to_the_last_digits(system: System) -> None:
    assert lack(system, found(system, steps=200)) < 1e-9


@named
@pytest.mark.parametrize("units", [(1e12, 1.0), (1e-12, 1.0), (1.0, 1e12), (1.0, 1e-12), None])
def test_units_change_neither_the_root_nor_whether_it_is_found(system: System, units: Any) -> None:
    rng = random.Random(system.name)
    size = len(system.start)
    mixed = [[10.0 ** rng.choice((-12, 0, 12)) for _ in range(size)] for _ in range(2)]
    of_values, of_x = mixed if units is None else [[u] * size for u in units]
    other = found(scaled(system, of_values, of_x), steps=200)
    usual = found(system, steps=200)
    got = [a / s for a, s in zip(other, of_x, strict=True)]
    assert math.dist(got, usual) <= 1e-7 * math.hypot(*usual)


@pytest.mark.parametrize("system", REFUSED, ids=lambda system: system.name)
@pytest.mark.parametrize("unit", [1.0, 1e12, 1e-12])
def test_where_there_is_no_root_none_is_given(system: System, unit: float) -> None:
    size = len(system.start)
    with pytest.raises(fg.NotConverged) as failure:
        found(scaled(system, [unit] * size, [1.0] * size))
    assert type(failure.value.last) is tuple
    assert failure.value.where == "root"


def test_an_arm_is_bent_and_not_wound_up() -> None:
    """A step from where it is nearly stretched out led to angles of 1e9."""
    pose: Any = root(
        lambda q, px, py: [
            fg.cos(q[0]) + fg.cos(q[0] + q[1]) - px,
            fg.sin(q[0]) + fg.sin(q[0] + q[1]) - py,
        ],
        [0.0, 1e-9],
    )
    q = pose(1.0, 0.5)
    assert max(map(abs, q)) < math.pi
    assert max(map(abs, arm(q))) < 4e-16
    slope = fg.jvp(lambda px: pose(px, 0.5)[1])(1.0, 1.0)[1]
    assert slope == pytest.approx(-1.0 / math.sin(q[1]), rel=1e-12)


@pytest.mark.parametrize(
    ("f", "start", "expected"),
    [
        (lambda x: x * x * x - 2.0 * x - 5.0, math.sqrt(2.0 / 3.0) + 1e-9, 2.0945514815423265),
        (lambda x: x**20.0 - 1.0, 0.5, 1.0),
        (lambda x: x * x - 2.0, 1e-9, math.sqrt(2.0)),
        (lambda x: x * x - 2.0, 1e20, math.sqrt(2.0)),
        (fg.atan, 1e3, 0.0),
        (lambda x: fg.tanh(x - 1.0), 9.0, 1.0),
        (lambda x: fg.exp(x) - 1.0, 30.0, 0.0),
        (lambda x: fg.exp(-x) - 0.5, 30.0, math.log(2.0)),
        (fg.log, 3.0, 1.0),  # the full step leads out of its domain
        (lambda x: fg.exp(x) - 1.0 + 0.1 * x - 1e-17, 0.0, 0.0),
        (fg.sinh, 1.0, 0.0),
        (lambda x: x - 1e-300, 1.0, 1e-300),
    ],
)  # fmt: skip
def test_flat_and_far_starts_lead_to_the_root(f: Any, start: float, expected: float) -> None:
    assert root(f, start)() == pytest.approx(expected, rel=1e-14, abs=1e-16)


def test_a_start_at_the_root_is_the_root() -> None:
    assert root(lambda x: x * x - 4.0, 2.0)() == 2.0
    assert root(lambda x: x * x, 0.0)() == 0.0  # the Jacobian is singular there
    assert root(lambda x: (x[0] - x[1], x[0] + x[1]), (0.0, 0.0))() == (0.0, 0.0)
    assert root(fg.sin, math.pi)() == pytest.approx(math.pi, rel=1e-15)


def test_a_root_that_rounding_hides_needs_a_tolerance_that_says_so() -> None:
    """Where the Jacobian is nearly singular rounding moves the root, and no derivative is right."""

    def touching(x: Any) -> Any:
        return x * x - 2.0 * x + (1.0 + 1e-15)

    with pytest.raises(fg.NotConverged):
        root(touching, 1.7)()
    assert root(touching, 1.7, tolerance=1e-6)() == pytest.approx(1.0, abs=1e-6)


def test_a_solve_within_a_solve_has_errors_of_its_own() -> None:
    fixed_point: Any = fg.fixed_point
    inner = fixed_point(lambda x, a: fg.cos(a * x), 1.0, tolerance=1e-11)
    outer = root(lambda a: 10.0 * inner(a) - 7.0, 1.0)()
    assert inner(outer) == pytest.approx(0.7, rel=1e-10)
    with pytest.raises(fg.NotConverged, match="fixed_point"):
        root(lambda a: 10.0 * inner(a) - 2.0, 1.0)()


def exactly(coefficients: list[float], x: float) -> tuple[float, float]:
    """The value of a polynomial and the sum of the sizes of its terms, rounded once."""
    terms = [Fraction(c) * Fraction(x) ** k for k, c in enumerate(coefficients)]
    return float(abs(sum(terms))), float(sum(map(abs, terms)))


@given(st.lists(st.floats(-9.0, 9.0), min_size=2, max_size=7), st.floats(-20.0, 20.0))
def test_what_is_accepted_has_a_residual_that_rounding_explains(
    coefficients: list[float], start: float
) -> None:
    def polynomial(x: Any) -> Any:
        value = coefficients[-1]
        for c in reversed(coefficients[:-1]):
            value = value * x + c
        return value

    try:
        x = root(polynomial, start)()
    except fg.NotConverged as failure:
        assert math.isfinite(failure.residual)  # noqa: PT017  # it may have no root
        return
    value, terms = exactly(coefficients, x)
    assert value <= 2.0**-46 * terms


def test_the_solver_itself_is_of_floats_alone() -> None:
    def linearised(x: tuple[float, ...]) -> Any:
        return [x[0] * x[1] - 6.0, x[0] - x[1] - 1.0], [[x[1], x[0]], [1.0, -1.0]]

    x = solved(linearised, lambda x: [12.0, 6.0], [1.0, 1.0], 1e-10, 50)
    assert x == pytest.approx((3.0, 2.0), rel=1e-15)
    lost = solved(linearised, lambda x: [12.0, 6.0], [1.0, 1.0], 1e-10, 1)
    assert isinstance(lost, Lost)
    assert lost.steps == 1
