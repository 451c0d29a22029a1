"""Operations that choose one of their arguments."""

from __future__ import annotations

from fgrad.backends.native.ir.arithmetic import absolute, copysign, select
from fgrad.backends.native.ir.builder import Value


def relu(x: Value) -> Value:
    """x where it is positive, else 0; nan stays."""
    return select(x <= 0.0, 0.0, x)


def sign(x: Value) -> Value:
    """-1, 0 or 1; a zero keeps its sign, nan is nan."""
    return select(absolute(x) > 0.0, copysign(1.0, x), x)


def maximum(x: Value, y: Value) -> Value:
    """The larger, or nan if either is; +0 is larger than -0."""
    return x.block.intrinsic("llvm.maximum", x, y)


def minimum(x: Value, y: Value) -> Value:
    """The smaller, or nan if either is; -0 is smaller than +0."""
    return x.block.intrinsic("llvm.minimum", x, y)


def clip(x: Value, low: Value, high: Value) -> Value:
    """x kept between low and high; nan if any of the three is."""
    return minimum(maximum(x, low), high)
