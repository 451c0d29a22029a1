"""Functions of a point (x, y) of the plane: its distance from the origin, its inversion, a cosine.

The point is scaled by a power of 2 where squares would overflow or underflow.
"""

from __future__ import annotations

import math
from typing import Final

from fgrad.backends.native.ir.arithmetic import absolute, copysign, rarely, select, sqrt
from fgrad.backends.native.ir.builder import Value
from fgrad.backends.native.ir.doubledouble import Pair, fast_two_sum, quotient, two_product

_STEP: Final = 2.0**600
_LARGE: Final = 2.0**400
_SMALL: Final = 2.0**-400
_LIFT: Final = 2.0**100


def hypot(x: Value, y: Value) -> Value:
    """sqrt(x**2 + y**2), its rounding error put back by one step of Newton."""
    large, small = _by_size(x, y)
    up, down = _scales(large)
    high, low = _sum_of_squares(large * down, small * down)
    root = sqrt(high)
    square, error = two_product(root, root)
    # The addend makes 0 / 0 at the origin 0.
    rest = (((high - square) - error) + low) / (root + root + 2.0**-1000)
    return select(large.eq(math.inf) | small.eq(math.inf), math.inf, (root + rest) * up)


def inversion(x: Value, y: Value) -> Value:
    """x / (x**2 + y**2)."""
    large, small = _by_size(x, y)
    _, down = _scales(large)
    squares = _sum_of_squares(large * down, small * down)
    # Lifted, so that no rounding error of a small quotient underflows.
    above = x * (down * _LIFT), x.block.constant(0.0)
    out = quotient(above, squares) * (down * (1.0 / _LIFT))
    return copysign(select(large.eq(math.inf), small * 0.0, out), x)


def cosine(x: Value, y: Value, z: Value) -> Value:
    """x / z, where z is hypot(x, y)."""
    far, usual = z.eq(math.inf), x / z

    def otherwise() -> tuple[Value]:
        a, b = x * 0.25, y * 0.25
        return (select(far, a / hypot(a, b), usual),)

    return rarely(far, [usual], otherwise)[0]


def _by_size(x: Value, y: Value) -> Pair:
    """The larger of |x| and |y| and the smaller; a nan is in either."""
    a, b = absolute(x), absolute(y)
    wider = a > b
    return select(wider, a, b), select(wider, b, a)


def _scales(size: Value) -> Pair:
    """A power of 2 and its inverse, which scales the size to between 2**-474 and 2**424."""
    large, small = size > _LARGE, size < _SMALL
    up = select(large, _STEP, select(small, 1.0 / _STEP, 1.0))
    return up, select(large, 1.0 / _STEP, select(small, _STEP, 1.0))


def _sum_of_squares(large: Value, small: Value) -> Pair:
    """large**2 + small**2."""
    a, a_error = two_product(large, large)
    b, b_error = two_product(small, small)
    total, low = fast_two_sum(a, b)
    return total, low + (a_error + b_error)
