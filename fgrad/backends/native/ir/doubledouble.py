"""Double-double arithmetic: a pair (high, low) stands for the sum of two doubles.

The error terms are exact, so nothing here may be reassociated.
"""

from __future__ import annotations

from typing import TypeAlias

from fgrad.backends.native.ir.arithmetic import product_error, select
from fgrad.backends.native.ir.builder import Value

Pair: TypeAlias = tuple[Value, Value]


def two_sum(x: Value, y: Value) -> Pair:
    """x + y and its rounding error (Knuth)."""
    total = x + y
    part = total - x
    return total, (x - (total - part)) + (y - part)


def fast_two_sum(x: Value, y: Value) -> Pair:
    """x + y and its rounding error (Dekker), where |x| >= |y| or x is 0."""
    total = x + y
    return total, y - (total - x)


def two_product(x: Value, y: Value) -> Pair:
    """x * y and its rounding error; without fma, x and y must stay below 2**996 in size."""
    product = x * y
    return product, product_error(x, y, product)


def times(factor: Value, x: Pair) -> Pair:
    """x times a power of 2 (exact), or its negative."""
    return x[0] * factor, x[1] * factor


def either(condition: Value, x: Pair, y: Pair) -> Pair:
    """x in the lanes where the condition holds, y in the others."""
    return select(condition, x[0], y[0]), select(condition, x[1], y[1])


def quotient(x: Pair, y: Pair) -> Value:
    """x / y for y > 0, within 0.501 ulp, by one division."""
    (high, low), (divisor, below) = x, y
    inverse = 1.0 / divisor
    lack = product_error(divisor, inverse, divisor.block.constant(1.0)) + below * inverse
    first, error = two_product(high, inverse)
    return first + (error + (low * inverse - first * lack))
