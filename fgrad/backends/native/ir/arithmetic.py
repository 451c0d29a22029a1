"""Arithmetic on values of LLVM IR beyond the operators: FMA and exact errors, selection, polynomials, rare cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from fgrad.backends.native.ir.builder import Kind, Value, Values

MAGIC: Final = 6755399441055744.0
"""1.5 * 2**52: a small integer added to it is in the low bits of the sum."""
EXPONENT_OF_2_52: Final = 0x4330000000000000
"""The exponent field of 2**52: or-ed with an integer below 2**52 it is the double 2**52 + that integer."""


def fma(x: Value, y: Value | float, z: Value | float) -> Value:
    """x * y + z, rounded once if the target has FMA, else twice: only where either rounding will do."""
    if not x.block.fma:
        return x * y + z
    return x.block.intrinsic("llvm.fma", x, x._coerce(y), x._coerce(z))


def product_error(x: Value, y: Value, product: Value) -> Value:
    """x * y - product exactly, where product is x * y rounded: by one FMA, or by Dekker's splitting (1971)."""
    if x.block.fma:
        return fma(x, y, -product)
    a, b = _split(x)
    c, d = _split(y)
    return ((a * c - product) + a * d + b * c) + b * d


def residual(z: Value, x: Value, y: Value) -> Value:
    """z - x * y, exact where both it and z - (x * y rounded) are doubles."""
    if x.block.fma:
        return fma(-x, y, z)
    product = x * y
    return (z - product) - product_error(x, y, product)


def _split(x: Value) -> tuple[Value, Value]:
    scaled = x * 134217729.0
    high = scaled - (scaled - x)
    return high, x - high


def select(condition: Value, x: Value | float, y: Value | float) -> Value:
    """x in the lanes where the condition holds, y in the others."""
    block = condition.block
    kinds = [v.kind for v in (x, y) if isinstance(v, Value)]
    kind: Kind = kinds[0] if kinds else "double"
    a, b = (v if isinstance(v, Value) else block.constant(v, kind) for v in (x, y))
    of = block.type
    return block.emit(
        kind, f"select {of('i1')} {condition.name}, {of(kind)} {a.name}, {of(kind)} {b.name}"
    )


def absolute(x: Value) -> Value:
    """|x|; it clears the sign bit of a nan too."""
    return x.block.intrinsic("llvm.fabs", x)


def copysign(size: Value | float, sign: Value) -> Value:
    """A number of that size with the sign bit of `sign`."""
    return sign.block.intrinsic("llvm.copysign", sign._coerce(size), sign)


def sqrt(x: Value) -> Value:
    """The square root, rounded correctly."""
    return x.block.intrinsic("llvm.sqrt", x)


def nearest(x: Value) -> Value:
    """The nearest integral double, ties to even, for |x| < 2**51; the sign of a zero is lost."""
    # llvm.roundeven calls libm on x86-64 without SSE4.1; two additions do not.
    return (x + MAGIC) - MAGIC


def estrin(x: Value, coefficients: Sequence[float]) -> Value:
    """The polynomial with coefficients c[k], by Estrin's scheme, whose chain of dependent steps is short."""
    terms: list[Value] = [x.block.constant(c) for c in coefficients]
    while len(terms) > 1:
        pairs = [fma(x, high, low) for low, high in zip(terms[::2], terms[1::2], strict=False)]
        terms = pairs + (terms[-1:] if len(terms) % 2 else [])
        x = x * x if len(terms) > 1 else x
    return terms[0]


def rarely(
    condition: Value, usual: Sequence[Value], otherwise: Callable[[], Sequence[Value]]
) -> Values:
    """`usual`, replaced by what `otherwise` gives if the condition holds in any lane.

    `otherwise` is emitted behind a branch that is marked unlikely, so it costs nothing when not
    taken; its values must be right for all lanes.
    """
    block = condition.block
    any_lane = condition.name
    if block.width > 1:
        bits = f"<{block.width} x i1>"
        name = f"llvm.vector.reduce.or.v{block.width}i1"
        block.require(f"declare i1 @{name}({bits})")
        any_lane = block.emit("i1", f"call i1 @{name}({bits} {condition.name})").name
    start, rare, after = block.fresh_name()[1:], block.fresh_name()[1:], block.fresh_name()[1:]
    weights = '!prof !{!"branch_weights", i32 1, i32 1000}'
    block.append(f"br label %{start}")
    block.append(f"{start}:")
    block.append(f"br i1 {any_lane}, label %{rare}, label %{after}, {weights}")
    block.append(f"{rare}:")
    other = otherwise()
    last = block.fresh_name()[1:]
    block.append(f"br label %{last}")
    block.append(f"{last}:")
    block.append(f"br label %{after}")
    block.append(f"{after}:")
    return tuple(
        block.emit(a.kind, f"phi {block.type(a.kind)} [{a.name}, %{start}], [{b.name}, %{last}]")
        for a, b in zip(usual, other, strict=True)
    )


def by_lane(function: str, *args: Value, kinds: Sequence[Kind] = ("double",)) -> Values:
    """The results of a scalar function, called lane by lane.

    `function` includes its sigil (`@name`). Several results come back as a struct, a single one
    bare.
    """
    block = args[0].block
    lanes: list[Values] = []
    for lane in range(block.width):
        given = ", ".join([f"{arg.kind} {_lane(arg, lane)}" for arg in args])
        lanes.append(block.call(function, given, kinds, kinds))
    return tuple(block.vector([row[i] for row in lanes]) for i in range(len(kinds)))


def _lane(x: Value, lane: int) -> str:
    if x.block.width == 1:
        return x.name
    text = f"extractelement {x.block.type(x.kind)} {x.name}, i64 {lane}"
    return x.block.emit(x.kind, text).name
