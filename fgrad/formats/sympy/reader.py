"""From SymPy: expressions as programs.

A number of SymPy's stays one until it is combined with something that is none, so that its value is
rounded once. Real values are meant: what is complex or undecided in SymPy is nan here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

from fgrad.errors import NotAValue
from fgrad.formats.sympy import special
from fgrad.formats.sympy.writer import sympy_for
from fgrad.graph.node import Node, constant
from fgrad.ops import scalar as ops
from fgrad.ops.operand import Operand
from fgrad.ops.primitive import Op
from fgrad.program.program import Program
from fgrad.program.tracer import traced

if TYPE_CHECKING:
    import sympy


def from_sympy(
    expressions: sympy.Basic | Sequence[sympy.Basic], symbols: Sequence[sympy.Basic]
) -> Program:
    """The program of `expressions` as a function of `symbols`, in this order.

    Raises NotAValue for another free symbol, for a function that fgrad has nothing for, and for
    what is no real number or truth value; MissingExtra without SymPy.

    >>> import sympy
    >>> x, y = sympy.symbols("x y")
    >>> from_sympy(sympy.exp(x) * y, (x, y)).run((0.0, 3.0))
    (3.0,)
    """
    sp = sympy_for("from_sympy")
    wanted = list(expressions) if isinstance(expressions, Sequence) else [expressions]
    for symbol in symbols:
        if not isinstance(symbol, sp.Expr) or symbol.is_number:
            advice = "Make it with sympy.symbols, and pass it as a list of one if it is alone."
            raise NotAValue("from_sympy", "symbols of SymPy", f"{symbol!r:.60}", advice)
    inputs = [traced(str(symbol)) for symbol in symbols]
    reader = _Reader(sp, dict(zip(symbols, inputs, strict=True)))
    ends = [_end(reader.read(e)) for e in wanted]
    return Program.of(ends, inputs, [str(symbol) for symbol in symbols])


def _end(value: Any) -> Node[Any]:
    if isinstance(value, bool):
        made: Node[Any] = traced().apply(ops.logical_and, (value, True))
        return made
    return value if isinstance(value, Node) else constant(value)


class _Reader:
    """The value of each part of an expression: a node, a float, or a truth value.

    Parts are found by identity: comparing them, or asking whether they are numbers, makes SymPy walk
    through the whole part, at every depth again.
    """

    def __init__(self, sp: Any, inputs: Mapping[Any, Node[float]]) -> None:
        self.sp = sp
        self.inputs = inputs
        self.kinds = frozenset(map(type, inputs))
        self.known: dict[int, tuple[Any, Any]] = {}
        self.functions = _functions(sp)
        self.special: dict[Any, Callable[[Any], Any]] = {
            sp.Mul: self.product, sp.Pow: self.power, sp.log: self.logarithm,
            sp.Piecewise: self.piecewise,
        }  # fmt: skip

    def read(self, expression: Any) -> Any:
        """The value of the whole."""
        stack = [expression]
        while stack:
            e = stack[-1]
            missing = [] if id(e) in self.known else self.missing(e)
            if missing:
                stack += missing
                continue
            stack.pop()
            if id(e) not in self.known:
                self.known[id(e)] = e, self.made(e)
        return self.value(expression)

    def missing(self, e: Any) -> list[Any]:
        """The parts whose values must be known first."""
        if self.is_leaf(e):
            return []
        pairs = isinstance(e, self.sp.Piecewise)
        parts = [part for pair in e.args for part in pair.args] if pairs else e.args
        return [part for part in parts if id(part) not in self.known]

    def is_leaf(self, e: Any) -> bool:
        """Whether `e` is read as a whole; NotAValue if it cannot be read."""
        sp = self.sp
        if type(e) in self.kinds and e in self.inputs:
            return True
        if not isinstance(e, sp.Basic):
            if isinstance(e, (int, float)):
                return True
            advice = "Give a matrix or a list of lists as one list of its elements."
            raise NotAValue("from_sympy", "expressions of SymPy", type(e).__name__, advice)
        if e.is_Symbol:
            advice = "Name it among the symbols."
            raise NotAValue("from_sympy", "expressions of the given symbols", str(e), advice)
        if e.func in self.special or e.func in self.functions:
            return False
        if e in (sp.true, sp.false) or (isinstance(e, sp.Expr) and e.is_number):
            return True
        advice = "Rewrite it with .doit or .rewrite, and make its symbols with real=True."
        raise NotAValue("from_sympy", "functions that fgrad has", e.func.__name__, advice)

    def made(self, e: Any) -> Any:
        """The value of `e`, or `e` itself if it is a number of SymPy's."""
        sp = self.sp
        if self.is_leaf(e):
            if type(e) in self.kinds and e in self.inputs:
                return self.inputs[e]
            if isinstance(e, (int, float)):
                return e if isinstance(e, bool) else float(e)
            return e == sp.true if e in (sp.true, sp.false) else e
        special = self.special.get(e.func)
        if e.func is not sp.Piecewise and isinstance(e, sp.Expr):
            parts = [self.known[id(a)][1] for a in e.args]
            if all(isinstance(part, sp.Basic) for part in parts):
                return e
        if special is not None:
            return special(e)
        return self.functions[e.func](*[self.value(a) for a in e.args])

    def value(self, e: Any) -> Any:
        """The value of a part that has been read, a float for a number of SymPy's."""
        made = self.known[id(e)][1]
        if isinstance(made, self.sp.Basic):
            made = _float(made)
            self.known[id(e)] = e, made
        return made

    def product(self, e: Any) -> Any:
        """The product, divided where SymPy multiplies by a reciprocal."""
        if len(e.args) == 2 and e.args[0] == -1:
            return ops.neg(self.value(e.args[1]))
        total = self.value(e.args[0])
        for factor in e.args[1:]:
            if factor.func is self.sp.Pow and factor.args[1] == -1:
                total = ops.div(total, self.value(factor.args[0]))
            else:
                total = ops.mul(total, self.value(factor))
        return total

    def power(self, e: Any) -> Any:
        """The power, by an operation of its own where there is one."""
        sp = self.sp
        base, exponent = e.args
        x, y = self.value(base), self.value(exponent)
        if base is sp.E:
            return ops.exp(y)
        if base.func is sp.Abs and exponent == sp.Rational(1, 3):
            return ops.cbrt(x)
        if isinstance(y, float):
            known: dict[float, Callable[[Any], Any]] = {
                0.5: ops.sqrt, -0.5: lambda x: ops.reciprocal(ops.sqrt(x)),
                -1.0: ops.reciprocal, 2.0: ops.square,
            }  # fmt: skip
            if y in known:
                return known[y](x)
        return ops.pow(x, y)

    def logarithm(self, e: Any) -> Any:
        """The logarithm, of the gamma function too, which overflows earlier."""
        sp = self.sp
        x, *base = e.args
        if base:
            return ops.div(ops.log(self.value(x)), ops.log(self.value(base[0])))
        if x.func is sp.Abs and x.args[0].func is sp.gamma:
            return ops.lgamma(self.value(x.args[0].args[0]))
        return ops.log(self.value(x))

    def piecewise(self, e: Any) -> Any:
        """The value under the first condition that holds; nan, as in SymPy, if none does."""
        result: Any = math.nan
        for pair in reversed(e.args):
            value, condition = self.value(pair.args[0]), self.value(pair.args[1])
            result = ops.where(condition, value, result) if condition is not True else value
        return result


def _float(e: Any) -> float:
    try:
        return float(e)
    except (TypeError, ValueError, ArithmeticError, AttributeError):
        advice = "Write complex numbers with their real and imaginary parts."
        raise NotAValue("from_sympy", "real numbers", f"{e!s:.60}", advice) from None


def _functions(sp: Any) -> dict[Any, Callable[..., Any]]:
    """A function of the values of the arguments for each class of SymPy's."""
    return {
        sp.exp: ops.exp, sp.sin: ops.sin, sp.cos: ops.cos, sp.tan: ops.tan, sp.asin: ops.asin,
        sp.acos: ops.acos, sp.atan: ops.atan, sp.sinh: ops.sinh, sp.cosh: ops.cosh,
        sp.tanh: ops.tanh, sp.asinh: ops.asinh, sp.acosh: ops.acosh, sp.atanh: ops.atanh,
        sp.erf: ops.erf, sp.erfc: ops.erfc, sp.Abs: ops.abs, sp.sign: ops.sign,
        sp.floor: ops.floor, sp.ceiling: ops.ceil, sp.Function("round"): ops.round,
        **special.functions(sp), sp.loggamma: _loggamma, sp.digamma: ops.digamma,
        sp.polygamma: ops.polygamma, sp.Heaviside: _step, sp.atan2: ops.atan2, sp.Mod: ops.mod,
        sp.Add: _folded(ops.add), sp.Max: _folded(ops.maximum), sp.Min: _folded(ops.minimum),
        sp.And: _folded(ops.logical_and), sp.Or: _folded(ops.logical_or), sp.Not: ops.logical_not,
        sp.Xor: lambda *xs: reduce(_differs, xs),
        sp.Nand: lambda *xs: ops.logical_not(_folded(ops.logical_and)(*xs)),
        sp.Nor: lambda *xs: ops.logical_not(_folded(ops.logical_or)(*xs)),
        sp.Implies: lambda x, y: ops.logical_or(ops.logical_not(x), y),
        sp.Equivalent: lambda x, *ys: _folded(ops.logical_and)(True, *[_agrees(x, y) for y in ys]),
        sp.ITE: lambda c, x, y: ops.logical_or(
            ops.logical_and(c, x), ops.logical_and(ops.logical_not(c), y)
        ),
        sp.Lt: ops.less, sp.Le: ops.less_equal, sp.Gt: ops.greater, sp.Ge: ops.greater_equal,
        sp.Eq: lambda x, y: (_agrees if _is_truth(x) else ops.equal)(x, y),
        sp.Ne: lambda x, y: (_differs if _is_truth(x) else ops.not_equal)(x, y),
    }  # fmt: skip


def _folded(op: Op) -> Callable[..., Any]:
    apply: Any = op
    return lambda *xs: reduce(apply, xs)


def _is_truth(x: object) -> bool:
    return isinstance(x, bool) or (isinstance(x, Operand) and x.truth)


def _agrees(x: Any, y: Any) -> Any:
    return ops.logical_not(_differs(x, y))


def _differs(x: Any, y: Any) -> Any:
    return ops.logical_and(ops.logical_or(x, y), ops.logical_not(ops.logical_and(x, y)))


def _loggamma(x: Any) -> Any:
    """SymPy's, which is complex to the left of 0."""
    return ops.where(ops.less(x, 0.0), math.nan, ops.lgamma(x))


def _step(x: Any, middle: Any = 0.5) -> Any:
    """Heaviside's step, `middle` at 0."""
    right = ops.where(ops.greater(x, 0.0), 1.0, ops.where(ops.equal(x, 0.0), middle, math.nan))
    return ops.where(ops.less(x, 0.0), 0.0, right)
