"""Sums, products and quotients in native code, with their rounding errors."""

from __future__ import annotations

import math
import operator
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from fgrad.backends.native.ir.builder import Value
from fgrad.backends.native.ir.doubledouble import Pair, fast_two_sum, quotient, two_product, two_sum

pytest.importorskip("llvmlite")
pytest.importorskip("numpy")

from tests.measures.lanes import lanes

Exact = Callable[[Any, Any], Any]


def numbers(seed: int, size: int = 120) -> list[float]:
    rng = random.Random(seed)
    return [rng.choice((-1.0, 1.0)) * 10.0 ** rng.uniform(-size, size) for _ in range(1000)]


def pairs(seed: int) -> tuple[list[float], list[float]]:
    """Numbers far apart, close to each other, and close to opposite."""
    x, y = numbers(seed), numbers(seed + 1)
    near = [a * (1.0 + random.Random(seed + 2).uniform(-1e-9, 2.0)) for a in x]
    return x * 3, y + near + [-a for a in near]


@pytest.mark.parametrize("fma", [True, False])
@pytest.mark.parametrize(
    ("function", "exact"),
    [(two_sum, operator.add), (fast_two_sum, operator.add), (two_product, operator.mul)],
)
def test_high_is_rounded_and_low_is_its_error(
    function: Callable[[Value, Value], Pair], exact: Exact, fma: bool
) -> None:
    x, y = pairs(1)
    if function is fast_two_sum:
        x, y = map(
            list, zip(*[sorted(p, key=abs)[::-1] for p in zip(x, y, strict=True)], strict=True)
        )
    highs = lanes(lambda a, b: function(a, b)[0], 2, fma=fma)(x, y).tolist()
    lows = lanes(lambda a, b: function(a, b)[1], 2, fma=fma)(x, y).tolist()
    for a, b, high, low in zip(x, y, highs, lows, strict=True):
        assert high == exact(a, b)
        assert Fraction(high) + Fraction(low) == exact(Fraction(a), Fraction(b))


@pytest.mark.parametrize("fma", [True, False])
def test_a_quotient_of_pairs_is_rounded_nearly_as_well_as_can_be(fma: bool) -> None:
    x, y = numbers(4), [abs(b) for b in numbers(5)]
    below = [a * b * 2.0**-54 for a, b in zip(x, numbers(6, 0), strict=True)]
    beside = [a * b * 2.0**-54 for a, b in zip(y, numbers(7, 0), strict=True)]

    def body(a: Value, b: Value, c: Value, d: Value) -> Value:
        return quotient((a, b), (c, d))

    got = lanes(body, 4, fma=fma)(x, below, y, beside).tolist()
    for a, b, c, d, q in zip(x, below, y, beside, got, strict=True):
        truth = (Fraction(a) + Fraction(b)) / (Fraction(c) + Fraction(d))
        assert abs(Fraction(q) - truth) < Fraction(0.501) * Fraction(math.ulp(float(truth)))
