"""To SymPy: programs as symbolic expressions (the extra `symbolic`).

Literals that are whole numbers become SymPy's integers and others its floats, of the same bits.
SymPy calculates with numbers that have no infinities, zeros without a sign, and complex branches,
so the expressions agree with the program where everything is real and finite. Nothing is evaluated
there: that would take time that grows as the square of a program, or exponentially.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from fgrad.errors import NotAValue, imported
from fgrad.formats.sympy import special
from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op
from fgrad.program.passes import inlined
from fgrad.program.program import Program, given_program

if TYPE_CHECKING:
    import sympy


Made: TypeAlias = Callable[..., Any]
"""A function from expressions to an expression."""


def to_sympy(program: Program) -> tuple[sympy.Basic, ...]:
    """The outputs as SymPy expressions of symbols that are named as the inputs, and real.

    They stand as they were written: `.doit()` evaluates them. Raises NotAValue for an operation
    that SymPy has nothing for or for two inputs of one name, MissingExtra without SymPy.

    >>> import fgrad as fg
    >>> to_sympy(fg.trace(lambda x, y: fg.sin(x) * y + 2.0)(0.0, 0.0))
    (y*sin(x) + 2,)
    """
    return _Writer(sympy_for("to_sympy")).outputs(inlined(given_program(program, "to_sympy")))


def sympy_for(where: str) -> Any:
    """SymPy; MissingExtra, for `where`, if it is not installed."""
    return imported("sympy", where, "sympy", "symbolic")


class _Writer:
    """Makes expressions without the work that SymPy's constructors do."""

    def __init__(self, sp: Any) -> None:
        self.sp = sp
        self.commuting = frozenset((sp.Add, sp.Mul, sp.Pow))
        self.lattices = frozenset((sp.Max, sp.Min, sp.And, sp.Or))
        self.rows = _rows(sp, self.made)
        self.chains: Mapping[Op, Any] = {
            ops.add: sp.Add, ops.sub: sp.Add, ops.mul: sp.Mul, ops.maximum: sp.Max,
            ops.minimum: sp.Min, ops.logical_and: sp.And, ops.logical_or: sp.Or,
        }  # fmt: skip

    def made(self, kind: Any, *args: Any) -> Any:
        """An expression of this class on `args`.

        SymPy's constructors compare arguments with each other, and what they make with what they
        made before, part by part: a part that is used twice is compared twice, at every depth.
        """
        sp = self.sp
        parts = [a if isinstance(a, sp.Basic) else sp.sympify(a) for a in args]
        if kind is sp.Piecewise:
            parts = [self.pair(*parts[i : i + 2]) for i in range(0, len(parts), 2)]
        made = sp.Basic.__new__(kind, *parts)
        if kind in self.commuting:
            made.is_commutative = True
        elif kind in self.lattices:
            made._argset = frozenset(parts)
        hash(made)  # cached while its parts have theirs cached, so that it never recurses
        return made

    def pair(self, value: Any, condition: Any) -> Any:
        """A part of a Piecewise."""
        from sympy.functions.elementary.piecewise import ExprCondPair  # noqa: PLC0415  # an extra

        return self.sp.Basic.__new__(ExprCondPair, value, condition)

    def outputs(self, program: Program) -> tuple[Any, ...]:
        """The outputs of a program that calls no other.

        A sum of a sum that nothing else uses is one sum, and so on: terms keep their order.
        """
        symbols = self.symbols(program)
        values: list[Any] = [*symbols]
        open_terms: dict[int, list[Any]] = {}
        continued = self.continued(program)
        for i, (op, args) in enumerate(program.instructions, len(symbols)):
            if op not in self.rows:
                advice = "Write it with operations of fgrad, or export the part before it."
                raise NotAValue("to_sympy", "operations that SymPy has", repr(op), advice)
            kind = self.chains.get(op)
            first = args[0]
            terms = open_terms.pop(first, None) if type(first) is int else None
            given = [values[a] if type(a) is int else self.number(a) for a in args]
            if kind is None:
                values.append(self.rows[op](*given))
                continue
            terms = [given[0]] if terms is None else terms
            terms.append(self.made(self.sp.Mul, -1, given[1]) if op is ops.sub else given[1])
            if i in continued:
                open_terms[i] = terms
            values.append(None if i in continued else self.made(kind, *terms))
        return tuple([values[i] for i in program.outputs])

    def symbols(self, program: Program) -> list[Any]:
        uses = Counter(program.inputs)
        for name, count in uses.items():
            if count > 1:
                advice = "SymPy distinguishes symbols by their names: give them different names."
                raise NotAValue(
                    "to_sympy", "one input of each name", f"{count} named {name!r:.60}", advice
                )
        return [self.sp.Symbol(name, real=True) for name in program.inputs]

    def continued(self, program: Program) -> set[int]:
        """The values that are used once, as the first argument of an instruction of the same kind."""
        uses = program.uses
        for i in program.outputs:
            uses[i] += 1
        size = len(program.inputs)
        kinds = [None] * size + [self.chains.get(op) for op, _ in program.instructions]
        return {
            args[0]
            for i, (_, args) in enumerate(program.instructions, size)
            if args
            and type(args[0]) is int
            and uses[args[0]] == 1
            and kinds[args[0]] is not None
            and kinds[args[0]] is kinds[i]
        }

    def number(self, value: float | bool) -> Any:
        sp = self.sp
        if isinstance(value, bool):
            return sp.true if value else sp.false
        whole = value.is_integer() and abs(value) < 2**53
        return sp.Integer(int(value)) if whole else sp.Float(value)


def _rows(sp: Any, made: Made) -> Mapping[Op, Made]:
    """For each operation the expression of it on expressions."""
    a = special._Algebra(sp, made)
    known = {op: partial(made, kind) for op, kind in _named(sp).items()}
    size, third = known[ops.abs], sp.Rational(1, 3)

    def where(condition: Any, x: Any, y: Any) -> Any:
        return made(sp.Piecewise, x, condition, y, True)

    def sigmoid(x: Any) -> Any:
        return a.power(a.plus(1, a.exp(a.minus(x))), -1)

    return MappingProxyType({
        **known, **special.rows(sp, made),
        ops.sub: lambda x, y: a.plus(x, a.minus(y)), ops.neg: a.minus, ops.div: a.over,
        ops.reciprocal: lambda x: a.power(x, -1), ops.square: lambda x: a.power(x, 2),
        ops.identity: lambda x: x, ops.stop_gradient: lambda x: x,
        ops.sqrt: lambda x: a.power(x, a.half),
        ops.cbrt: lambda x: a.times(made(sp.sign, x), a.power(size(x), third)),
        ops.cbrt_slope: lambda x: a.over(1, a.times(3, a.power(a.power(x, 2), third))),
        ops.hypot: lambda x, y: a.power(a.plus(a.power(x, 2), a.power(y, 2)), a.half),
        ops.power_slope: lambda x, y: a.times(y, a.power(x, a.plus(y, -1))),
        ops.exp2: lambda x: a.power(2, x), ops.expm1: lambda x: a.plus(a.exp(x), -1),
        ops.log2: lambda x: a.over(a.log(x), a.log(2)),
        ops.log10: lambda x: a.over(a.log(x), a.log(10)),
        ops.log1p: lambda x: a.log(a.plus(1, x)),
        ops.logaddexp: lambda x, y: a.log(a.plus(a.exp(x), a.exp(y))),
        ops.share: lambda x, y: sigmoid(a.plus(x, a.minus(y))),
        ops.sigmoid: sigmoid, ops.bell: lambda x: a.times(sigmoid(x), sigmoid(a.minus(x))),
        ops.softplus: lambda x: a.log(a.plus(1, a.exp(x))),
        ops.relu: lambda x: made(sp.Max, x, 0),
        ops.inversion: lambda x, y: a.over(x, a.plus(a.power(x, 2), a.power(y, 2))),
        ops.cosine: lambda x, y, z: a.over(x, z),
        ops.complement: lambda x: a.plus(1, a.minus(a.power(x, 2))),
        ops.atan_slope: lambda x: a.over(1, a.plus(1, a.power(x, 2))),
        ops.acosh_slope: lambda x: a.over(1, a.power(a.plus(a.power(x, 2), -1), a.half)),
        ops.gauss: lambda x: a.exp(a.minus(a.power(x, 2))),
        ops.lgamma: lambda x: a.log(size(made(sp.gamma, x))),
        ops.clip: lambda x, low, high: made(sp.Min, made(sp.Max, x, low), high),
        ops.copysign: lambda x, y: a.times(size(x), where(made(sp.Ge, y, 0), 1, -1)),
        ops.where: where,
    })  # fmt: skip


def _named(sp: Any) -> dict[Op, Any]:
    """SymPy's class for each operation that has one."""
    return {
        ops.add: sp.Add, ops.mul: sp.Mul, ops.pow: sp.Pow, ops.exp: sp.exp, ops.log: sp.log,
        ops.sin: sp.sin, ops.cos: sp.cos, ops.tan: sp.tan, ops.asin: sp.asin, ops.acos: sp.acos,
        ops.atan: sp.atan, ops.atan2: sp.atan2, ops.sinh: sp.sinh, ops.cosh: sp.cosh,
        ops.tanh: sp.tanh, ops.asinh: sp.asinh, ops.acosh: sp.acosh, ops.atanh: sp.atanh,
        ops.erf: sp.erf, ops.erfc: sp.erfc, ops.digamma: sp.digamma, ops.polygamma: sp.polygamma,
        ops.abs: sp.Abs, ops.sign: sp.sign, ops.maximum: sp.Max, ops.minimum: sp.Min,
        ops.floor: sp.floor, ops.ceil: sp.ceiling, ops.mod: sp.Mod, ops.round: sp.Function("round"),
        ops.less: sp.Lt, ops.less_equal: sp.Le, ops.greater: sp.Gt, ops.greater_equal: sp.Ge,
        ops.equal: sp.Eq, ops.not_equal: sp.Ne,
        ops.logical_and: sp.And, ops.logical_or: sp.Or, ops.logical_not: sp.Not,
    }  # fmt: skip
