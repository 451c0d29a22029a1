"""How each operation is written in LLVM IR: as one instruction, or as a function of our own.

An operation that is in neither table, a user's for one, is called by its meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Final

import attrs

from fgrad.backends.native.ir.builder import Kind
from fgrad.backends.native.ir.function import Body, definition
from fgrad.backends.native.math import (
    activation,
    arcs,
    areas,
    errorfunction,
    exponential,
    hyperbolic,
    logarithm,
    modulo,
    piecewise,
    plane,
    power,
    root,
    trigonometry,
)
from fgrad.backends.native.math.fma import fused
from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op

FUNCTIONS: Final[Mapping[Op, Body]] = MappingProxyType({
    ops.exp: exponential.exp, ops.exp2: exponential.exp2, ops.expm1: exponential.expm1,
    ops.log: logarithm.log, ops.log1p: logarithm.log1p,
    ops.log2: logarithm.log2, ops.log10: logarithm.log10,
    ops.pow: power.pow, ops.power_slope: power.power_slope, ops.cbrt: root.cbrt,
    ops.cbrt_slope: root.cbrt_slope, ops.cosine: plane.cosine,
    ops.hypot: plane.hypot, ops.inversion: plane.inversion, ops.mod: modulo.mod,
    ops.sigmoid: activation.sigmoid, ops.bell: activation.bell, ops.gauss: activation.gauss,
    ops.softplus: activation.softplus, ops.share: activation.share,
    ops.sin: trigonometry.sin, ops.cos: trigonometry.cos, ops.tan: trigonometry.tan,
    ops.asin: arcs.asin, ops.acos: arcs.acos, ops.atan: arcs.atan, ops.atan2: arcs.atan2,
    ops.sinh: hyperbolic.sinh, ops.cosh: hyperbolic.cosh, ops.tanh: hyperbolic.tanh,
    ops.complement: arcs.complement, ops.atan_slope: arcs.atan_slope,
    ops.acosh_slope: areas.acosh_slope,
    ops.asinh: areas.asinh, ops.acosh: areas.acosh, ops.atanh: areas.atanh,
    ops.erf: errorfunction.erf, ops.erfc: errorfunction.erfc,
    ops.logaddexp: activation.logaddexp, ops.relu: piecewise.relu, ops.sign: piecewise.sign,
    ops.maximum: piecewise.maximum, ops.minimum: piecewise.minimum, ops.clip: piecewise.clip,
})  # fmt: skip
"""The functions written here."""


@attrs.frozen
class Vocabulary:
    """What operations are in IR at one width, for a target with or without fused multiply-add.

    >>> Vocabulary(4, fma=True, inline=True).phrases[ops.add]
    'fadd <4 x double> %s, %s'
    """

    width: int
    fma: bool
    inline: bool
    """Whether functions stand in the place of their calls."""
    apart: bool = False
    """Whether functions are given the lanes of a vector one by one."""

    def type(self, *, truth: bool = False) -> str:
        """The type of numbers, or of truth values."""
        kind = "i1" if truth else "double"
        return kind if self.width == 1 else f"<{self.width} x {kind}>"

    @property
    def two(self) -> str:
        """The type of two numbers, as `SINE_AND_COSINE` gives them."""
        return f"{{ {self.type()}, {self.type()} }}"

    def literal(self, text: str, *, truth: bool = False) -> str:
        """A constant in all lanes."""
        return text if self.width == 1 else f"splat ({'i1' if truth else 'double'} {text})"

    def spread(self, number: str, name: str) -> tuple[str, ...]:
        """The lines that put a number in all lanes."""
        if self.width == 1:
            return (f"{name} = bitcast double {number} to double",)
        v = self.type()
        return (
            f"{name}i = insertelement {v} poison, double {number}, i64 0",
            f"{name} = shufflevector {v} {name}i, {v} poison, <{self.width} x i32> zeroinitializer",
        )

    @cached_property
    def phrases(self) -> Mapping[Op, str]:
        """The right side of the line of each operation, with `%s` for its arguments."""
        phrases = {**_instructions(self)}
        for op in FUNCTIONS:
            given = ", ".join([f"{self.type(truth=kind is bool)} %s" for kind in op.kinds])
            phrases[op] = f"call {self.type(truth=op.truth)} {self.named(op.name)}({given})"
        return MappingProxyType(phrases)

    def named(self, function: str) -> str:
        """The name of a function at this width."""
        return f"@fgrad.{function}.{self.width}{'.apart' if self.apart else ''}"

    def needs(self, functions: Iterable[str]) -> tuple[str, ...]:
        """The declarations and definitions that lines need which call these, each once."""
        needs = dict.fromkeys(_declarations(self))
        for name in functions:
            needs |= dict.fromkeys(self._definition(name))
        return tuple(needs)

    def length(self, op: Op) -> int:
        """How many lines an operation is, in the place of its call."""
        if op not in FUNCTIONS:
            return 1
        return self._definition(op.name)[-1].count("\n")

    def _definition(self, name: str) -> tuple[str, ...]:
        body, arity = _BODIES[name]
        kinds: tuple[Kind, ...] = tuple("double" for _ in range(arity))
        whole = self.named(name)
        inline = self.inline or (self.width > 1 and body in _BRIEF)
        return definition(
            whole, body, kinds, self.width, fma=self.fma, inline=inline, apart=self.apart
        )


SINE_AND_COSINE: Final = "sincos"
"""The function of both, for an argument that both are taken of: they share its reduction."""

_BODIES: Final[Mapping[str, tuple[Body, int]]] = MappingProxyType(
    {
        **{op.name: (body, op.arity) for op, body in FUNCTIONS.items()},
        SINE_AND_COSINE: (trigonometry.sincos, 1),
    }
)
"""Of each function by name what it computes, and of how many numbers."""

_BRIEF: Final = frozenset(
    {piecewise.relu, piecewise.sign, piecewise.maximum, piecewise.minimum, piecewise.clip}
)
"""What is no longer than a call of it."""


def _instructions(words: Vocabulary) -> Mapping[Op, str]:
    v, t = words.type(), words.type(truth=True)
    one, true = words.literal("1.0"), words.literal("true", truth=True)
    suffix = _suffix(words)
    return {
        ops.less: f"fcmp olt {v} %s, %s", ops.less_equal: f"fcmp ole {v} %s, %s",
        ops.greater: f"fcmp ogt {v} %s, %s", ops.greater_equal: f"fcmp oge {v} %s, %s",
        ops.equal: f"fcmp oeq {v} %s, %s", ops.not_equal: f"fcmp une {v} %s, %s",
        ops.logical_and: f"and {t} %s, %s", ops.logical_or: f"or {t} %s, %s",
        ops.logical_not: f"xor {t} {true}, %s", ops.where: f"select {t} %s, {v} %s, {v} %s",
        ops.add: f"fadd {v} %s, %s", ops.sub: f"fsub {v} %s, %s",
        ops.mul: f"fmul {v} %s, %s", ops.div: f"fdiv {v} %s, %s",
        ops.neg: f"fneg {v} %s", ops.reciprocal: f"fdiv {v} {one}, %s",
        ops.identity: f"bitcast {v} %s to {v}", ops.stop_gradient: f"bitcast {v} %s to {v}",
        ops.sqrt: f"call {v} @llvm.sqrt.{suffix}({v} %s)",
        ops.abs: f"call {v} @llvm.fabs.{suffix}({v} %s)",
        ops.copysign: f"call {v} @llvm.copysign.{suffix}({v} %s, {v} %s)",
        fused: f"call {v} @llvm.fma.{suffix}({v} %s, {v} %s, {v} %s)",
    }  # fmt: skip


def _declarations(words: Vocabulary) -> tuple[str, ...]:
    v, suffix = words.type(), _suffix(words)
    arity = {"sqrt": 1, "fabs": 1, "copysign": 2, "fma": 3}
    return tuple(
        f"declare {v} @llvm.{name}.{suffix}({', '.join([v] * n)})" for name, n in arity.items()
    )


def _suffix(words: Vocabulary) -> str:
    return "f64" if words.width == 1 else f"v{words.width}f64"
