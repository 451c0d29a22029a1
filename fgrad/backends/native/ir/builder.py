"""LLVM IR as text: an operator on values emits an instruction into their block.

The same expression emits scalar code (width 1) or vector code. No instruction has fast-math flags,
so each has IEEE semantics.

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
from typing import ClassVar, Literal, TypeAlias

import attrs

Kind: TypeAlias = Literal["double", "i64", "i1"]
Operator: TypeAlias = "Callable[[Value, Value | float], Value]"


@attrs.frozen(eq=False)
class Block:
    """Instructions under construction, of one vector width, for a target with or without FMA."""

    width: int
    fma: bool
    _text: list[str] = attrs.field(factory=list, init=False)
    _names: list[int] = attrs.field(factory=lambda: [0], init=False)
    _dependencies: dict[str, None] = attrs.field(factory=dict, init=False)

    @property
    def text(self) -> str:
        """The instructions, one a line."""
        return "\n".join(self._text)

    @property
    def dependencies(self) -> tuple[str, ...]:
        """The declarations and definitions that the instructions refer to, each once."""
        return tuple(self._dependencies)

    def type(self, kind: Kind) -> str:
        """The LLVM type of a value of that kind at this width."""
        return kind if self.width == 1 else f"<{self.width} x {kind}>"

    def argument(self, name: str, kind: Kind = "double") -> Value:
        """A value that is already defined, such as a parameter."""
        return Value(self, kind, name)

    def vector(self, lanes: Sequence[Value]) -> Value:
        """A vector assembled from one scalar a lane."""
        if self.width == 1:
            return lanes[0]
        kind, whole = lanes[0].kind, "poison"
        for k, lane in enumerate(lanes):
            text = f"insertelement {self.type(kind)} {whole}, {kind} {lane.name}, i64 {k}"
            whole = self.emit(kind, text).name
        return Value(self, kind, whole)

    def constant(self, x: float, kind: Kind = "double") -> Value:
        """A constant, the same in all lanes."""
        text = double(x) if kind == "double" else str(int(x))
        return Value(self, kind, text if self.width == 1 else f"splat ({kind} {text})")

    def emit(self, kind: Kind, text: str) -> Value:
        """Append an instruction and return its result."""
        name = self.fresh_name()
        self._text.append(f"{name} = {text}")
        return Value(self, kind, name)

    def call(
        self, function: str, given: str, kinds: Sequence[Kind], types: Sequence[str]
    ) -> Values:
        """The results of a call; `kinds` are their kinds and `types` the LLVM types that the callee returns."""
        type_ = returned(types)
        first = self.emit(kinds[0], f"call {type_} {function}({given})")
        if len(kinds) == 1:
            return (first,)
        return tuple(
            self.emit(kind, f"extractvalue {type_} {first.name}, {i}")
            for i, kind in enumerate(kinds)
        )

    def fresh_name(self) -> str:
        """A new name for a value or a label."""
        self._names[0] += 1
        return f"%v{self._names[0]}"

    def append(self, text: str) -> None:
        """Append a line that defines no value, such as a branch or a label."""
        self._text.append(text)

    def require(self, text: str) -> None:
        """Record a declaration or definition that the module must contain."""
        self._dependencies[text] = None

    def intrinsic(self, name: str, *args: Value) -> Value:
        """A call of an overloaded LLVM intrinsic on doubles, such as `llvm.sqrt`."""
        suffix = "f64" if self.width == 1 else f"v{self.width}f64"
        kind = self.type("double")
        self.require(f"declare {kind} @{name}.{suffix}({', '.join([kind] * len(args))})")
        given = ", ".join([f"{kind} {arg.name}" for arg in args])
        return self.emit("double", f"call {kind} @{name}.{suffix}({given})")


def _binary(double: str, integer: str) -> Operator:
    """The operator that is one instruction on doubles and another on integers."""

    def operator(x: Value, y: Value | float) -> Value:
        verb = double if x.kind == "double" else integer
        return x.block.emit(x.kind, f"{verb} {x.block.type(x.kind)} {x.name}, {x._coerce(y).name}")

    return operator


def _reflected(operator: Operator) -> Operator:
    """The operator whose left operand is a number."""
    return lambda x, y: operator(x._coerce(y), x)


def _comparison(how: str) -> Operator:
    """The comparison, ordered but for `ne`; integers are signed."""
    ordered = "une" if how == "ne" else f"o{how}"
    signed = how if how in ("eq", "ne") else f"s{how}"

    def operator(x: Value, y: Value | float) -> Value:
        verb = f"fcmp {ordered}" if x.kind == "double" else f"icmp {signed}"
        return x.block.emit("i1", f"{verb} {x.block.type(x.kind)} {x.name}, {x._coerce(y).name}")

    return operator


@attrs.frozen(eq=False, order=False)
class Value:
    """A double, a 64-bit integer or a boolean in each lane; operators emit instructions.

    Operators on doubles are IEEE; on integers they wrap, and `>>` is a logical shift. Python
    numbers become constants. `==` is identity: see `eq`.
    """

    block: Block
    kind: Kind
    name: str

    def _coerce(self, other: Value | float) -> Value:
        return other if isinstance(other, Value) else self.block.constant(other, self.kind)

    def __neg__(self) -> Value:
        if self.kind == "double":
            return self.block.emit("double", f"fneg {self.block.type('double')} {self.name}")
        return self._coerce(0) - self

    def __invert__(self) -> Value:
        return self ^ (1 if self.kind == "i1" else -1)

    __add__: ClassVar[Operator] = _binary("fadd", "add")
    __sub__: ClassVar[Operator] = _binary("fsub", "sub")
    __mul__: ClassVar[Operator] = _binary("fmul", "mul")
    __truediv__: ClassVar[Operator] = _binary("fdiv", "")
    __and__: ClassVar[Operator] = _binary("", "and")
    __or__: ClassVar[Operator] = _binary("", "or")
    __xor__: ClassVar[Operator] = _binary("", "xor")
    __lshift__: ClassVar[Operator] = _binary("", "shl")
    __rshift__: ClassVar[Operator] = _binary("", "lshr")
    __radd__: ClassVar[Operator] = _reflected(__add__)
    __rsub__: ClassVar[Operator] = _reflected(__sub__)
    __rmul__: ClassVar[Operator] = _reflected(__mul__)
    __rtruediv__: ClassVar[Operator] = _reflected(__truediv__)
    __lt__: ClassVar[Operator] = _comparison("lt")
    __le__: ClassVar[Operator] = _comparison("le")
    __gt__: ClassVar[Operator] = _comparison("gt")
    __ge__: ClassVar[Operator] = _comparison("ge")
    eq: ClassVar[Operator] = _comparison("eq")
    """An ordered equality; false for a nan."""
    ne: ClassVar[Operator] = _comparison("ne")
    """An unordered inequality; true for a nan."""

    @property
    def bits(self) -> Value:
        """A double bitcast to an integer."""
        return self.block.emit("i64", self._cast("bitcast", "double", "i64"))

    @property
    def double(self) -> Value:
        """An integer bitcast to a double."""
        return self.block.emit("double", self._cast("bitcast", "i64", "double"))

    def _cast(self, verb: str, given: Kind, wanted: Kind) -> str:
        return f"{verb} {self.block.type(given)} {self.name} to {self.block.type(wanted)}"


Values: TypeAlias = tuple[Value, ...]


def returned(types: Sequence[str]) -> str:
    """The return type of a function with results of these types: several are a struct."""
    return types[0] if len(types) == 1 else f"{{ {', '.join(types)} }}"


def double(x: float) -> str:
    """A double in the notation that LLVM parses exactly.

    >>> double(-2.0)
    '0xc000000000000000'
    """
    return f"0x{struct.unpack('<Q', struct.pack('<d', x))[0]:016x}"
