"""LLVM IR as text, written by expressions: an operation on values is a line in their block.

The same expression gives code for one number (width 1) or for a vector of them. Nothing here
carries fast-math flags, so the text means IEEE arithmetic line by line.

>>> from fgrad.backends.native.ir.builder import Block
>>> block = Block(width=4, fma=True)
>>> x = block.argument("%x")
>>> (x * x + 1.0).name
'%v2'
>>> print(block.text)
%v1 = fmul <4 x double> %x, %x
%v2 = fadd <4 x double> %v1, splat (double 0x3ff0000000000000)
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeAlias

import attrs

Kind: TypeAlias = Literal["double", "i64", "i1"]

MAGIC: Final = 6755399441055744.0
"""1.5 * 2**52: a small integer added to it stands in the low bits of the sum."""
BEHIND: Final = 0x4330000000000000
"""The exponent of 2**52: an integer below 2**52 put behind it is a double, 2**52 larger."""


@attrs.frozen(eq=False)
class Block:
    """Lines under construction, of one width, for a target with or without fused multiply-add."""

    width: int
    fma: bool
    _lines: list[str] = attrs.field(factory=list, init=False)
    _names: list[int] = attrs.field(factory=lambda: [0], init=False)
    _needs: dict[str, None] = attrs.field(factory=dict, init=False)

    @property
    def text(self) -> str:
        """The lines."""
        return "\n".join(self._lines)

    @property
    def needs(self) -> tuple[str, ...]:
        """The declarations and definitions that the lines refer to, each once."""
        return tuple(self._needs)

    def of(self, kind: Kind) -> str:
        """The type of a value, at this width."""
        return kind if self.width == 1 else f"<{self.width} x {kind}>"

    def argument(self, name: str, kind: Kind = "double") -> Value:
        """A value that has a name already."""
        return Value(self, kind, name)

    def vector(self, lanes: Sequence[Value]) -> Value:
        """The numbers, one for each lane, as one value."""
        if self.width == 1:
            return lanes[0]
        kind, whole = lanes[0].kind, "poison"
        for k, lane in enumerate(lanes):
            text = f"insertelement {self.of(kind)} {whole}, {kind} {lane.name}, i64 {k}"
            whole = self.line(kind, text).name
        return Value(self, kind, whole)

    def constant(self, x: float, kind: Kind = "double") -> Value:
        """A value known now, the same in all lanes."""
        text = double(x) if kind == "double" else str(int(x))
        return Value(self, kind, text if self.width == 1 else f"splat ({kind} {text})")

    def line(self, kind: Kind, text: str) -> Value:
        """The value of an instruction."""
        name = self.fresh()
        self._lines.append(f"{name} = {text}")
        return Value(self, kind, name)

    def call(
        self, function: str, given: str, kinds: Sequence[Kind], types: Sequence[str]
    ) -> Values:
        """The results of a function, of these kinds, which it returns as these types."""
        type_ = returned(types)
        first = self.line(kinds[0], f"call {type_} {function}({given})")
        if len(kinds) == 1:
            return (first,)
        return tuple(
            self.line(kind, f"extractvalue {type_} {first.name}, {i}")
            for i, kind in enumerate(kinds)
        )

    def fresh(self) -> str:
        """A name for a value or a label."""
        self._names[0] += 1
        return f"%v{self._names[0]}"

    def write(self, text: str) -> None:
        """Add a line that has no value."""
        self._lines.append(text)

    def need(self, text: str) -> None:
        """Note a declaration or a definition that the module must have."""
        self._needs[text] = None

    def intrinsic(self, name: str, *args: Value) -> Value:
        """A call of an overloaded intrinsic of LLVM on doubles, such as `llvm.sqrt`."""
        suffix = "f64" if self.width == 1 else f"v{self.width}f64"
        kind = self.of("double")
        self.need(f"declare {kind} @{name}.{suffix}({', '.join([kind] * len(args))})")
        given = ", ".join([f"{kind} {arg.name}" for arg in args])
        return self.line("double", f"call {kind} @{name}.{suffix}({given})")


@attrs.frozen(eq=False, order=False)
class Value:
    """A number, a 64-bit integer or a truth value in each lane; operators write instructions.

    Operators between doubles are IEEE; between integers they wrap around, and `>>` fills with
    zeros. Floats and ints of Python stand for constants. `==` is identity: see `same`.
    """

    block: Block
    kind: Kind
    name: str

    def _to(self, other: Value | float) -> Value:
        return other if isinstance(other, Value) else self.block.constant(other, self.kind)

    def _with(self, double: str, integer: str, other: Value | float) -> Value:
        verb = double if self.kind == "double" else integer
        type_ = self.block.of(self.kind)
        return self.block.line(self.kind, f"{verb} {type_} {self.name}, {self._to(other).name}")

    def _compared(self, how: str, other: Value | float) -> Value:
        if self.kind == "double":
            verb = f"fcmp {'une' if how == 'ne' else 'o' + how}"
        else:
            verb = f"icmp {how if how in ('eq', 'ne') else 's' + how}"
        text = f"{verb} {self.block.of(self.kind)} {self.name}, {self._to(other).name}"
        return self.block.line("i1", text)

    def __add__(self, other: Value | float) -> Value:
        return self._with("fadd", "add", other)

    def __radd__(self, other: float) -> Value:
        return self._to(other) + self

    def __sub__(self, other: Value | float) -> Value:
        return self._with("fsub", "sub", other)

    def __rsub__(self, other: float) -> Value:
        return self._to(other) - self

    def __mul__(self, other: Value | float) -> Value:
        return self._with("fmul", "mul", other)

    def __rmul__(self, other: float) -> Value:
        return self._to(other) * self

    def __truediv__(self, other: Value | float) -> Value:
        return self._with("fdiv", "", other)

    def __rtruediv__(self, other: float) -> Value:
        return self._to(other) / self

    def __neg__(self) -> Value:
        if self.kind == "double":
            return self.block.line("double", f"fneg {self.block.of('double')} {self.name}")
        return self._to(0) - self

    def __and__(self, other: Value | int) -> Value:
        return self._with("", "and", other)

    def __or__(self, other: Value | int) -> Value:
        return self._with("", "or", other)

    def __xor__(self, other: Value | int) -> Value:
        return self._with("", "xor", other)

    def __invert__(self) -> Value:
        return self ^ (1 if self.kind == "i1" else -1)

    def __lshift__(self, other: Value | int) -> Value:
        return self._with("", "shl", other)

    def __rshift__(self, other: Value | int) -> Value:
        return self._with("", "lshr", other)

    def __lt__(self, other: Value | float) -> Value:
        return self._compared("lt", other)

    def __le__(self, other: Value | float) -> Value:
        return self._compared("le", other)

    def __gt__(self, other: Value | float) -> Value:
        return self._compared("gt", other)

    def __ge__(self, other: Value | float) -> Value:
        return self._compared("ge", other)

    def same(self, other: Value | float) -> Value:
        """Whether they are equal; false for a nan."""
        return self._compared("eq", other)

    def differs(self, other: Value | float) -> Value:
        """Whether they are not equal; true for a nan."""
        return self._compared("ne", other)

    @property
    def bits(self) -> Value:
        """The bits of a double, as an integer."""
        return self.block.line("i64", self._cast("bitcast", "double", "i64"))

    @property
    def double(self) -> Value:
        """The double with the bits of an integer."""
        return self.block.line("double", self._cast("bitcast", "i64", "double"))

    def _cast(self, verb: str, given: Kind, wanted: Kind) -> str:
        return f"{verb} {self.block.of(given)} {self.name} to {self.block.of(wanted)}"


Values: TypeAlias = tuple[Value, ...]


def returned(types: Sequence[str]) -> str:
    """The type of a function with results of these types: several are a struct."""
    return types[0] if len(types) == 1 else f"{{ {', '.join(types)} }}"


def double(x: float) -> str:
    """A double as LLVM reads it back to the last bit.

    >>> double(-2.0)
    '0xc000000000000000'
    """
    return f"0x{struct.unpack('<Q', struct.pack('<d', x))[0]:016x}"


def fma(x: Value, y: Value | float, z: Value | float) -> Value:
    """x * y + z: rounded once where the target can, else twice. For polynomials, not for proofs."""
    if not x.block.fma:
        return x * y + z
    return x.block.intrinsic("llvm.fma", x, x._to(y), x._to(z))


def product_error(x: Value, y: Value, product: Value) -> Value:
    """x * y - product exactly, where product is x * y: by one fma, or by Dekker's splitting (1971)."""
    if x.block.fma:
        return fma(x, y, -product)
    a, b = _split(x)
    c, d = _split(y)
    return ((a * c - product) + a * d + b * c) + b * d


def residual(z: Value, x: Value, y: Value) -> Value:
    """z - x * y, exactly where that is a double and so is z - (x * y rounded)."""
    if x.block.fma:
        return fma(-x, y, z)
    product = x * y
    return (z - product) - product_error(x, y, product)


def _split(x: Value) -> tuple[Value, Value]:
    scaled = x * 134217729.0
    high = scaled - (scaled - x)
    return high, x - high


def select(condition: Value, x: Value | float, y: Value | float) -> Value:
    """x in the lanes where the condition holds, else y."""
    block = condition.block
    known = x if isinstance(x, Value) else y
    kind: Kind = known.kind if isinstance(known, Value) else "double"
    a = x if isinstance(x, Value) else block.constant(x, kind)
    b = y if isinstance(y, Value) else block.constant(y, kind)
    of = block.of
    return block.line(
        kind, f"select {of('i1')} {condition.name}, {of(kind)} {a.name}, {of(kind)} {b.name}"
    )


def absolute(x: Value) -> Value:
    """|x|, of a nan too."""
    return x.block.intrinsic("llvm.fabs", x)


def copysign(size: Value | float, sign: Value) -> Value:
    """The size with the sign bit of `sign`."""
    return sign.block.intrinsic("llvm.copysign", sign._to(size), sign)


def sqrt(x: Value) -> Value:
    """The square root, rounded correctly."""
    return x.block.intrinsic("llvm.sqrt", x)


def nearest(x: Value) -> Value:
    """The nearest integral double, even in a tie; only for |x| < 2**51, of no sign of zero."""
    # llvm.roundeven is a call to libm on x86-64 without SSE4.1; two additions are not.
    return (x + MAGIC) - MAGIC


def estrin(x: Value, coefficients: Sequence[float]) -> Value:
    """The sum of c[k] * x**k, by halves, which takes fewer steps one after the other."""
    terms: list[Value] = [x.block.constant(c) for c in coefficients]
    while len(terms) > 1:
        pairs = [fma(x, high, low) for low, high in zip(terms[::2], terms[1::2], strict=False)]
        terms = pairs + (terms[-1:] if len(terms) % 2 else [])
        x = x * x if len(terms) > 1 else x
    return terms[0]


def rarely(
    condition: Value, usual: Sequence[Value], otherwise: Callable[[], Sequence[Value]]
) -> Values:
    """`usual`, but what `otherwise` gives if the condition holds in any lane; it must fit all lanes.

    The lines of `otherwise` stand behind a branch, so they cost nothing when it does not hold.
    """
    block = condition.block
    any_lane = condition.name
    if block.width > 1:
        bits = f"<{block.width} x i1>"
        name = f"llvm.vector.reduce.or.v{block.width}i1"
        block.need(f"declare i1 @{name}({bits})")
        any_lane = block.line("i1", f"call i1 @{name}({bits} {condition.name})").name
    start, rare, after = block.fresh()[1:], block.fresh()[1:], block.fresh()[1:]
    weights = '!prof !{!"branch_weights", i32 1, i32 1000}'
    block.write(f"br label %{start}")
    block.write(f"{start}:")
    block.write(f"br i1 {any_lane}, label %{rare}, label %{after}, {weights}")
    block.write(f"{rare}:")
    other = otherwise()
    last = block.fresh()[1:]
    block.write(f"br label %{last}")
    block.write(f"{last}:")
    block.write(f"br label %{after}")
    block.write(f"{after}:")
    return tuple(
        block.line(a.kind, f"phi {block.of(a.kind)} [{a.name}, %{start}], [{b.name}, %{last}]")
        for a, b in zip(usual, other, strict=True)
    )


def by_lane(function: str, *args: Value, kinds: Sequence[Kind] = ("double",)) -> Values:
    """The results of a function of one number, called for each lane; its results are a struct.

    The function is named with its sigil, `@name`; one that has one result returns it bare.
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
    text = f"extractelement {x.block.of(x.kind)} {x.name}, i64 {lane}"
    return x.block.line(x.kind, text).name
