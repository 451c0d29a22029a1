"""Random programs of transforms, calls and trees: what holds of some hundreds of them.

`python -m tests.laws.transform_laws` tries all laws on as many as are asked for.
"""

from __future__ import annotations

from typing import Any

import mpmath
import pytest

from tests.laws.transform_generator import FEATURES
from tests.laws.transform_laws import failures, some
from tests.laws.transform_loops import OUTER, SLACK, growth
from tests.laws.transform_programs import Oracle
from tests.laws.transform_samples import expected, line, program

PROGRAMS = 240
TOGETHER = 12
LOOPS = 12


@pytest.mark.parametrize("first", range(0, PROGRAMS, TOGETHER))
def test_all_ways_to_a_derivative_agree(first: int) -> None:
    for seed in range(first, first + TOGETHER):
        made = program(seed)
        assert failures(made, some(seed, made)) == {}, seed


@pytest.mark.parametrize("seed", range(12))
def test_the_oracle_has_the_derivatives_of_50_digits(seed: int) -> None:
    """Nested dual numbers are those of mpmath's differences of the value alone."""
    made = program(seed, FEATURES - {"stop"})

    def value(t: Any) -> Any:
        return line(made, Oracle(mpmath.mpf))([t])[0]

    with mpmath.workdps(50):
        wanted = [mpmath.diff(value, 0, n) / mpmath.fac(n) for n in range(4)]
        for got in (expected(made, 3, mpmath.mpf), expected(made, 3)):
            assert all(
                abs(a - b) <= 1e-11 * max(1, abs(b)) for a, b in zip(got, wanted, strict=True)
            )


@pytest.mark.parametrize("outer", OUTER)
@pytest.mark.parametrize("seed", range(LOOPS))
def test_a_step_costs_the_same_however_many_came_before(seed: int, outer: str) -> None:
    assert growth(seed, outer) <= SLACK
