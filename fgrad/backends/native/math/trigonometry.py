"""Sine, cosine and tangent of any double."""

from __future__ import annotations

from typing import Final

from fgrad.backends.native.ir.arithmetic import absolute, estrin, fma, product_error, rarely, select
from fgrad.backends.native.ir.builder import Value
from fgrad.backends.native.ir.doubledouble import Pair, either, fast_two_sum, quotient
from fgrad.backends.native.ir.function import call_outlined
from fgrad.backends.native.math.argument_reduction import Reduced, anywhere, beyond, near

_SIGN: Final = -(2**63)

# For |r| <= pi / 4 by Remez: (sin r - r) / r**3, times r**2 off by at most 2**-58.0, and
# (cos r - 1 + r**2 / 2) / r**4, times r**4 off by at most 2**-64.2.
_SINE: Final = (
    -0.16666666666666632, 0.00833333333332248, -0.00019841269829846538, 2.7557313702037413e-06,
    -2.505075933644215e-08, 1.5896850728713884e-10,
)  # fmt: skip
_COSINE: Final = (
    0.0416666666666666, -0.001388888888887447, 2.4801587289666814e-05, -2.7557314399199516e-07,
    2.087572897872384e-09, -1.1359916143561559e-11,
)  # fmt: skip


def sin(x: Value) -> Value:
    """The sine."""
    return sincos(x)[0]


def cos(x: Value) -> Value:
    """The cosine."""
    return sincos(x)[1]


def sincos(x: Value) -> tuple[Value, Value]:
    """The sine and the cosine, by one reduction."""
    size = absolute(x)
    usual = _sincos(x, near(size))
    # The usual case is computed before the branch. After it, LLVM would sink it to its uses, and
    # much would be live for long: forty sines take 262 ns instead of 82 (AVX2).
    sine, cosine = rarely(
        beyond(size), usual, lambda: call_outlined("sincos", _any_sincos, x, results=2)
    )
    return sine, cosine


def tan(x: Value) -> Value:
    """The tangent: sine / cosine, or -cosine / sine in every other quadrant, as pairs."""
    size = absolute(x)
    return rarely(beyond(size), [_tan(x, near(size))], lambda: call_outlined("tan", _any_tan, x))[0]


def _any_sincos(x: Value) -> tuple[Value, Value]:
    return _sincos(x, anywhere(absolute(x)))


def _any_tan(x: Value) -> Value:
    return _tan(x, anywhere(absolute(x)))


def _sincos(x: Value, reduced: Reduced) -> tuple[Value, Value]:
    high, low, n = reduced
    s, s_low = _sine(high, low)
    c, c_low = _cosine(high, low)
    sine, cosine = s + s_low, c + c_low
    odd = (n & 1).ne(0)
    return (
        _flipped(select(odd, cosine, sine), (n << 62) ^ x.bits),
        _flipped(select(odd, sine, cosine), (n + 1) << 62),
    )


def _tan(x: Value, reduced: Reduced) -> Value:
    high, low, n = reduced
    sine = fast_two_sum(*_sine(high, low))
    c, c_low = _cosine(high, low)
    square_error = product_error(high, high, high * high)
    cosine = fast_two_sum(c, fma(square_error, -0.5, c_low))
    odd = (n & 1).ne(0)
    ratio = quotient(either(odd, cosine, sine), either(odd, sine, cosine))
    return _flipped(ratio, (n << 63) ^ x.bits)


def _sine(high: Value, low: Value) -> Pair:
    """sin(high + low) in two parts whose sum is rounded but once."""
    square = high * high
    less = fma(square * low, -0.5, low)
    return high, fma(high * square, estrin(square, _SINE), less)


def _cosine(high: Value, low: Value) -> Pair:
    """cos(high + low) in two parts, but for the rounding error of high**2."""
    square = high * high
    half = 0.5 * square
    one = 1.0 - half
    error = (1.0 - one) - half
    return one, error + fma(square * square, estrin(square, _COSINE), -(high * low))


def _flipped(x: Value, by: Value) -> Value:
    """x with its sign changed where the sign bit of an integer is set."""
    return (x.bits ^ (by & _SIGN)).double
