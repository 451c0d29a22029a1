"""The reduction of an angle to within a quarter of pi of a multiple of pi / 2.

Up to 2**40 the multiple is taken off in three parts (Cody and Waite 1980). Beyond, one function of
plain IR takes the bits of 2 / pi that matter and multiplies integers (Payne and Hanek 1983).
"""

from __future__ import annotations

import math
from typing import Final, TypeAlias

from fgrad.backends.native.ir.arithmetic import MAGIC, by_lane, fma, product_error, residual, select
from fgrad.backends.native.ir.builder import Value

Reduced: TypeAlias = tuple[Value, Value, Value]

_LIMIT: Final = 2.0**40
_TWO_OVER_PI: Final = 0.6366197723675814
# pi / 2 in three doubles; their sum is off by less than 2**-162.
_FIRST: Final = 1.5707963267948966
_SECOND: Final = 6.123233995736766e-17
_THIRD: Final = -1.4973849048591698e-33


def beyond(size: Value) -> Value:
    """Whether a size is too large for `near`, or not a number."""
    return ~(size < _LIMIT)


def near(size: Value) -> Reduced:
    """(high, low, n) with size = n * pi / 2 + high + low, for a size from 0 to 2**40; of n the last 2 bits.

    `low` is below a unit in the last place of `high`, except next to a multiple of pi / 2, where
    it can be larger; their sum has 2**-58 of relative error at most.
    """
    spread = fma(size, _TWO_OVER_PI, MAGIC)
    return (*_less(size, spread - MAGIC), spread.bits)


def anywhere(size: Value) -> Reduced:
    """The same for any size; lane by lane where it is `beyond`."""
    for text in _FAR:
        size.block.require(text)
    far = beyond(size)
    theirs = by_lane(
        "@fgrad.reduced", select(far, size, math.inf), kinds=("double", "double", "i64")
    )
    high, low, n = (select(far, b, a) for a, b in zip(near(size), theirs, strict=True))
    return high, low, n


def _less(size: Value, n: Value) -> tuple[Value, Value]:
    """size - n * pi / 2, for n below 2**40."""
    # The first difference is exact: it is a multiple of 2**-53 below 1. For the same reason, and
    # because n * _SECOND is below 1, the error of the second is had without comparing the two.
    first = residual(size, n, n.block.constant(_FIRST))
    product = n * _SECOND
    high = first - product
    error = (first - high) - product
    return high, error - fma(n, _THIRD, product_error(n, n.block.constant(_SECOND), product))


# The first 1216 bits of 2 / pi, behind a word of zeros.
_WORDS: Final = (
    0, 0xA2F9836E4E441529, 0xFC2757D1F534DDC0, 0xDB6295993C439041,
    0xFE5163ABDEBBC561, 0xB7246E3A424DD2E0, 0x06492EEA09D1921C, 0xFE1DEB1CB129A73E,
    0xE88235F52EBB4484, 0xE99C7026B45F7E41, 0x3991D639835339F4, 0x9C845F8BBDF9283B,
    0x1FF897FFDE05980F, 0xEF2F118B5A0A6D1F, 0x6D367ECF27CB09B7, 0x4F463F669E5FEA2D,
    0x7527BAC7EBE5F17B, 0x3D0739F78A5292EA, 0x6BFB5FB11F8D5D08, 0x56033046FC7B6BAB,
)  # fmt: skip
_TABLE: Final = ", ".join(f"i64 {word}" for word in _WORDS)

# x = m * 2**e. Bits of 2 / pi that contribute multiples of 4 to x * 2 / pi are left out; of the
# next 192 the product with m keeps 2 bits of whole turns and 128 of a fraction, whose first 64 after
# the leading zeros, 61 at most (Kahan), are multiplied by pi / 2. An infinity gives nan.
_FAR: Final = (
    f"@fgrad.two_over_pi = internal unnamed_addr constant [{len(_WORDS)} x i64] [{_TABLE}]",
    "declare i64 @llvm.fshl.i64(i64, i64, i64)",
    "declare i128 @llvm.ctlz.i128(i128, i1)",
    f"""
define internal {{ double, double, i64 }} @fgrad.reduced(double %x) noinline nounwind memory(none) {{
%bits = bitcast double %x to i64
%field = lshr i64 %bits, 52
%finite = icmp ult i64 %field, 2047
br i1 %finite, label %number, label %none
none:
ret {{ double, double, i64 }} {{ double 0x7ff8000000000000, double 0.0, i64 0 }}
number:
%below = and i64 %bits, {2**52 - 1}
%m = or i64 %below, {2**52}
%start = sub i64 %field, 1013
%shift = and i64 %start, 63
%index = lshr i64 %start, 6
%place = getelementptr i64, ptr @fgrad.two_over_pi, i64 %index
%words = load <4 x i64>, ptr %place, align 8
%t0 = extractelement <4 x i64> %words, i64 0
%t1 = extractelement <4 x i64> %words, i64 1
%t2 = extractelement <4 x i64> %words, i64 2
%t3 = extractelement <4 x i64> %words, i64 3
%w0 = call i64 @llvm.fshl.i64(i64 %t0, i64 %t1, i64 %shift)
%w1 = call i64 @llvm.fshl.i64(i64 %t1, i64 %t2, i64 %shift)
%w2 = call i64 @llvm.fshl.i64(i64 %t2, i64 %t3, i64 %shift)
%M = zext i64 %m to i128
%W1 = zext i64 %w1 to i128
%W2 = zext i64 %w2 to i128
%last = mul i128 %M, %W2
%carry = lshr i128 %last, 64
%middle = mul i128 %M, %W1
%lower = add i128 %middle, %carry
%first = mul i64 %m, %w0
%First = zext i64 %first to i128
%raised = shl i128 %First, 64
%product = add i128 %raised, %lower
%whole = lshr i128 %product, 126
%n = trunc i128 %whole to i64
%most = shl i128 %product, 2
%rest = and i128 %last, {2**64 - 1}
%least = lshr i128 %rest, 62
%fraction = or i128 %most, %least
%signs = ashr i128 %fraction, 127
%sign = trunc i128 %signs to i64
%quadrant = sub i64 %n, %sign
%size = xor i128 %fraction, %signs
%Zeros = call i128 @llvm.ctlz.i128(i128 %size, i1 false)
%normal = shl i128 %size, %Zeros
%leading = lshr i128 %normal, 64
%angle = mul i128 %leading, {0xC90FDAA22168C235}
%Upper = lshr i128 %angle, 75
%upper = trunc i128 %Upper to i64
%Lower = lshr i128 %angle, 22
%Under = and i128 %Lower, {2**53 - 1}
%under = trunc i128 %Under to i64
%zeros = trunc i128 %Zeros to i64
%exponent = sub i64 971, %zeros
%power = shl i64 %exponent, 52
%negative = shl i64 %sign, 63
%signed = or i64 %power, %negative
%scale = bitcast i64 %signed to double
%finer = fmul double %scale, 0x3ca0000000000000
%a = sitofp i64 %upper to double
%b = sitofp i64 %under to double
%high = fmul double %a, %scale
%low = fmul double %b, %finer
%r0 = insertvalue {{ double, double, i64 }} poison, double %high, 0
%r1 = insertvalue {{ double, double, i64 }} %r0, double %low, 1
%r2 = insertvalue {{ double, double, i64 }} %r1, i64 %quadrant, 2
ret {{ double, double, i64 }} %r2
}}""".strip(),
)
