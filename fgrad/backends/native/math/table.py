"""How each operation is written in LLVM IR: as one instruction, or as a call of a function of ours.

An operation in neither table, such as a user's, is a callback: see
`fgrad.backends.native.codegen.callbacks`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Final

import attrs

from fgrad.backends.native.ir.builder import Kind, double
from fgrad.backends.native.ir.function import Body, definition
from fgrad.backends.native.math import (
    activation,
    cube_root,
    errorfunction,
    exponential,
    hyperbolic,
    inverse_hyperbolic,
    inverse_trigonometric,
    logarithm,
    modulo,
    piecewise,
    plane,
    power,
    special,
    trigonometry,
)
from fgrad.backends.native.math.fma import fused
from fgrad.ops import elementary, logarithms, normal
from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op

FUNCTIONS: Final[Mapping[Op, Body]] = MappingProxyType({
    ops.exp: exponential.exp, ops.exp2: exponential.exp2, ops.expm1: exponential.expm1,
    ops.log: logarithm.log, ops.log1p: logarithm.log1p,
    ops.log2: logarithm.log2, ops.log10: logarithm.log10,
    ops.pow: power.pow, ops.power_slope: power.power_slope, ops.cbrt: cube_root.cbrt,
    ops.cbrt_slope: cube_root.cbrt_slope, ops.cosine: plane.cosine,
    ops.hypot: plane.hypot, ops.inversion: plane.inversion, ops.mod: modulo.mod,
    ops.sigmoid: activation.sigmoid, ops.bell: activation.bell, ops.gauss: activation.gauss,
    ops.softplus: activation.softplus, ops.share: activation.share,
    ops.sin: trigonometry.sin, ops.cos: trigonometry.cos, ops.tan: trigonometry.tan,
    ops.asin: inverse_trigonometric.asin, ops.acos: inverse_trigonometric.acos, ops.atan: inverse_trigonometric.atan, ops.atan2: inverse_trigonometric.atan2,
    ops.sinh: hyperbolic.sinh, ops.cosh: hyperbolic.cosh, ops.tanh: hyperbolic.tanh,
    ops.complement: inverse_trigonometric.complement, ops.atan_slope: inverse_trigonometric.atan_slope,
    ops.acosh_slope: inverse_hyperbolic.acosh_slope,
    ops.asinh: inverse_hyperbolic.asinh, ops.acosh: inverse_hyperbolic.acosh, ops.atanh: inverse_hyperbolic.atanh,
    ops.erf: errorfunction.erf, ops.erfc: errorfunction.erfc,
    ops.logaddexp: activation.logaddexp, ops.relu: piecewise.relu, ops.sign: piecewise.sign,
    ops.maximum: piecewise.maximum, ops.minimum: piecewise.minimum, ops.clip: piecewise.clip,
    elementary.sec: special.sec, elementary.csc: special.csc, elementary.cot: special.cot,
    elementary.exp10: special.exp10, logarithms.logit: special.logit,
    logarithms.bernoulli: special.bernoulli, logarithms.log1mexp: special.log1mexp,
    logarithms.bose: special.bose, logarithms.xlogy: special.xlogy,
    logarithms.xlog1py: special.xlog1py, logarithms.entr: special.entr,
    logarithms.entr_slope: special.entr_slope, normal.ndtr: special.ndtr,
    normal.normal_density: special.normal_density,
})  # fmt: skip
"""The operations that are functions, and what emits their bodies."""


@attrs.frozen
class Target:
    """A shape of code: a vector width, with or without FMA, and how functions are called.

    >>> Target(4, fma=True, inline=True).templates[ops.add]
    'fadd <4 x double> %s, %s'
    """

    width: int
    fma: bool
    inline: bool
    """Whether functions are inlined."""
    scalar_parameters: bool = False
    """Whether each lane of a vector argument is a parameter of its own."""

    def type(self, *, truth: bool = False) -> str:
        """The LLVM type of a number or a boolean."""
        kind = "i1" if truth else "double"
        return kind if self.width == 1 else f"<{self.width} x {kind}>"

    @property
    def pair(self) -> str:
        """The LLVM type of the results of `SINE_AND_COSINE`."""
        return f"{{ {self.type()}, {self.type()} }}"

    def constant(self, text: str, *, truth: bool = False) -> str:
        """A constant, the same in all lanes."""
        return text if self.width == 1 else f"splat ({'i1' if truth else 'double'} {text})"

    def literal(self, a: float | bool) -> str:
        """A literal of a program, the same in all lanes."""
        if type(a) is bool:
            return self.constant("true" if a else "false", truth=True)
        return self.constant(double(a))

    def number(self, name: str, truth: str) -> str:
        """The instruction that makes a boolean 1.0 or 0.0."""
        return f"{name} = uitofp {self.type(truth=True)} {truth} to {self.type()}"

    def truth(self, name: str, number: str) -> str:
        """The instruction that makes a number a boolean again."""
        return f"{name} = fcmp une {self.type()} {number}, {self.constant('0.0')}"

    def broadcast(self, one: str, name: str, *, truth: bool = False) -> list[str]:
        """The instructions that broadcast a value to all lanes."""
        if self.width == 1:
            return self.gathered([one], name, truth=truth)
        v, order = self.type(truth=truth), f"<{self.width} x i32> zeroinitializer"
        return [
            f"{name}i = insertelement {v} poison, {'i1' if truth else 'double'} {one}, i64 0",
            f"{name} = shufflevector {v} {name}i, {v} poison, {order}",
        ]

    def gathered(self, lanes: Sequence[str], name: str, *, truth: bool = False) -> list[str]:
        """The instructions that gather a value of each lane in a vector."""
        type_, kind = self.type(truth=truth), "i1" if truth else "double"
        if self.width == 1:
            return [f"{name} = bitcast {kind} {lanes[0]} to {kind}"]
        names = ["poison", *[f"{name}w{k}" for k in range(self.width - 1)], name]
        return [
            f"{after} = insertelement {type_} {before}, {kind} {lane}, i64 {k}"
            for k, (lane, before, after) in enumerate(zip(lanes, names, names[1:], strict=False))
        ]

    @cached_property
    def templates(self) -> Mapping[Op, str]:
        """The right-hand side of the instruction of each operation, with `%s` for its arguments."""
        templates = dict(_instructions(self))
        for op in FUNCTIONS:
            given = ", ".join([f"{self.type(truth=kind is bool)} %s" for kind in op.kinds])
            templates[op] = f"call {self.type(truth=op.truth)} {self.symbol(op.name)}({given})"
        return MappingProxyType(templates)

    def symbol(self, function: str) -> str:
        """The symbol of a function for this target."""
        return f"@fgrad.{function}.{self.width}{'.apart' if self.scalar_parameters else ''}"

    def dependencies(self, functions: Iterable[str]) -> tuple[str, ...]:
        """The declarations and definitions that calls of these functions need, each once."""
        found = dict.fromkeys(_declarations(self))
        for name in functions:
            found |= dict.fromkeys(self._definition(name))
        return tuple(found)

    def size(self, op: Op) -> int:
        """How many instructions of IR an operation is when it is inlined."""
        if op not in FUNCTIONS:
            return 1
        return self._definition(op.name)[-1].count("\n")

    def _definition(self, name: str) -> tuple[str, ...]:
        body, arity = _BODIES[name]
        kinds: list[Kind] = ["double"] * arity
        inline = self.inline or (self.width > 1 and name in _BRIEF)
        how = {"inline": inline, "scalar_parameters": self.scalar_parameters}
        return definition(self.symbol(name), body, tuple(kinds), self.width, fma=self.fma, **how)


SINE_AND_COSINE: Final = "sincos"
"""The function that computes both, for an argument of which both are taken: they share its reduction."""

_BODIES: Final[Mapping[str, tuple[Body, int]]] = MappingProxyType(
    {
        **{op.name: (body, op.arity) for op, body in FUNCTIONS.items()},
        SINE_AND_COSINE: (trigonometry.sincos, 1),
    }
)
"""The body and the number of arguments of each function, by name."""

BRIEF: Final = frozenset({ops.relu, ops.sign, ops.maximum, ops.minimum, ops.clip, ops.complement})
"""The functions that are no longer than a call."""
_BRIEF: Final = frozenset([op.name for op in BRIEF])


def _instructions(target: Target) -> Mapping[Op, str]:
    v, t = target.type(), target.type(truth=True)
    one, true = target.constant("1.0"), target.constant("true", truth=True)
    suffix = _suffix(target)
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
        elementary.fma: f"call {v} @llvm.fma.{suffix}({v} %s, {v} %s, {v} %s)",
        fused: f"call {v} @llvm.fma.{suffix}({v} %s, {v} %s, {v} %s)",
    }  # fmt: skip


def _declarations(target: Target) -> tuple[str, ...]:
    v, suffix = target.type(), _suffix(target)
    arity = {"sqrt": 1, "fabs": 1, "copysign": 2, "fma": 3}
    return tuple(
        f"declare {v} @llvm.{name}.{suffix}({', '.join([v] * n)})" for name, n in arity.items()
    )


def _suffix(target: Target) -> str:
    return "f64" if target.width == 1 else f"v{target.width}f64"
