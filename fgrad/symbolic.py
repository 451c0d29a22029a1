"""To SymPy and from it: programs as symbolic expressions (the extra `symbolic`).

Literals that are whole numbers become SymPy's integers and others its floats, of the same bits.
SymPy calculates with numbers that have no infinities, zeros without a sign, and complex branches,
so the expressions mean what the program means where everything is real and finite.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from fgrad import operations as ops
from fgrad.abstract import traced
from fgrad.errors import MissingExtra, NotAValue
from fgrad.node import Node, constant
from fgrad.op import Op
from fgrad.passes import inlined
from fgrad.program import Program

if TYPE_CHECKING:
    import sympy


def to_sympy(program: Program) -> tuple[sympy.Basic, ...]:
    """The outputs as SymPy expressions of symbols that are named as the inputs.

    Raises NotAValue for an operation that SymPy has nothing for, MissingExtra without SymPy.

    >>> import fgrad as fg
    >>> to_sympy(fg.trace(lambda x, y: fg.sin(x) * y + 2.0)(0.0, 0.0))
    (y*sin(x) + 2,)
    """
    sp = _sympy("to_sympy")
    program = inlined(program)
    table = _to(sp)
    values: list[Any] = [sp.Symbol(name, real=True) for name in program.inputs]
    for op, args in program.lines:
        if op not in table:
            advice = "Write it with operations of fgrad, or export what leads up to it."
            raise NotAValue("to_sympy", "operations that SymPy has", repr(op), advice)
        values.append(table[op](*[values[a] if type(a) is int else _number(sp, a) for a in args]))
    return tuple([values[i] for i in program.outputs])


def from_sympy(
    expressions: sympy.Basic | Sequence[sympy.Basic], symbols: Sequence[sympy.Basic]
) -> Program:
    """The program of `expressions` as a function of `symbols`, in this order.

    Raises NotAValue for another free symbol, or for a function that fgrad has nothing for.

    >>> import sympy
    >>> x, y = sympy.symbols("x y")
    >>> from_sympy(sympy.exp(x) * y, (x, y)).run((0.0, 3.0))
    (3.0,)
    """
    sp = _sympy("from_sympy")
    wanted = list(expressions) if isinstance(expressions, Sequence) else [expressions]
    inputs = [traced(str(symbol)) for symbol in symbols]
    known: dict[Any, Any] = dict(zip(symbols, inputs, strict=True))
    table = _from(sp)
    for expression in wanted:
        waiting = [expression]
        while waiting:
            e = waiting[-1]
            missing = [a for a in _parts(sp, e) if a not in known]
            if e not in known and missing:
                waiting += missing
                continue
            waiting.pop()
            if e not in known:
                known[e] = _node(sp, e, known, table)
    ends = [known[e] if isinstance(known[e], Node) else constant(known[e]) for e in wanted]
    return Program.of(ends, inputs, [str(symbol) for symbol in symbols])


def _sympy(where: str) -> Any:
    try:
        import sympy as sp  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise MissingExtra(where, "sympy", "symbolic") from error
    return sp


def _number(sp: Any, value: float | bool) -> Any:
    if isinstance(value, bool):
        return sp.true if value else sp.false
    return sp.Integer(int(value)) if value.is_integer() and abs(value) < 2**53 else sp.Float(value)


def _to(sp: Any) -> Mapping[Op, Callable[..., Any]]:
    def sigmoid(x: Any) -> Any:
        return 1 / (1 + sp.exp(-x))

    return MappingProxyType({
        ops.add: lambda x, y: x + y, ops.sub: lambda x, y: x - y,
        ops.mul: lambda x, y: x * y, ops.div: lambda x, y: x / y,
        ops.neg: lambda x: -x, ops.reciprocal: lambda x: 1 / x,
        ops.square: lambda x: x**2, ops.identity: lambda x: x, ops.stop_gradient: lambda x: x,
        ops.pow: lambda x, y: x**y, ops.power_slope: lambda x, y: y * x ** (y - 1),
        ops.sqrt: sp.sqrt, ops.cbrt: lambda x: sp.sign(x) * sp.cbrt(sp.Abs(x)),
        ops.cbrt_slope: lambda x: 1 / (3 * sp.cbrt(x**2)),
        ops.hypot: lambda x, y: sp.sqrt(x**2 + y**2),
        ops.cosine: lambda x, y, z: x / z,
        ops.exp: sp.exp, ops.exp2: lambda x: 2**x, ops.expm1: lambda x: sp.exp(x) - 1,
        ops.log: sp.log, ops.log2: lambda x: sp.log(x) / sp.log(2),
        ops.log10: lambda x: sp.log(x) / sp.log(10), ops.log1p: lambda x: sp.log(1 + x),
        ops.logaddexp: lambda x, y: sp.log(sp.exp(x) + sp.exp(y)),
        ops.share: lambda x, y: sigmoid(x - y),
        ops.sin: sp.sin, ops.cos: sp.cos, ops.tan: sp.tan, ops.asin: sp.asin, ops.acos: sp.acos,
        ops.atan: sp.atan, ops.atan2: sp.atan2, ops.inversion: lambda x, y: x / (x**2 + y**2),
        ops.complement: lambda x: 1 - x**2, ops.atan_slope: lambda x: 1 / (1 + x**2),
        ops.acosh_slope: lambda x: 1 / sp.sqrt(x**2 - 1),
        ops.sinh: sp.sinh, ops.cosh: sp.cosh, ops.tanh: sp.tanh, ops.asinh: sp.asinh,
        ops.acosh: sp.acosh, ops.atanh: sp.atanh,
        ops.sigmoid: sigmoid, ops.bell: lambda x: sigmoid(x) * sigmoid(-x),
        ops.softplus: lambda x: sp.log(1 + sp.exp(x)), ops.relu: lambda x: sp.Max(x, 0),
        ops.erf: sp.erf, ops.erfc: sp.erfc, ops.gauss: lambda x: sp.exp(-(x**2)),
        ops.lgamma: lambda x: sp.log(sp.Abs(sp.gamma(x))), ops.digamma: sp.digamma,
        ops.polygamma: sp.polygamma,
        ops.abs: sp.Abs, ops.sign: sp.sign, ops.maximum: sp.Max, ops.minimum: sp.Min,
        ops.clip: lambda x, low, high: sp.Min(sp.Max(x, low), high),
        ops.floor: sp.floor, ops.ceil: sp.ceiling, ops.mod: sp.Mod,
        ops.round: sp.Function("round"),
        ops.copysign: lambda x, y: sp.Abs(x) * sp.Piecewise((1, sp.Ge(y, 0)), (-1, True)),
        ops.less: sp.Lt, ops.less_equal: sp.Le, ops.greater: sp.Gt, ops.greater_equal: sp.Ge,
        ops.equal: sp.Eq, ops.not_equal: sp.Ne,
        ops.logical_and: sp.And, ops.logical_or: sp.Or, ops.logical_not: sp.Not,
        ops.where: lambda condition, x, y: sp.Piecewise((x, condition), (y, True)),
    })  # fmt: skip


def _from(sp: Any) -> Mapping[Any, Callable[..., Any]]:
    unary: dict[Any, Callable[..., Any]] = {
        sp.exp: ops.exp, sp.log: ops.log, sp.sin: ops.sin, sp.cos: ops.cos, sp.tan: ops.tan,
        sp.asin: ops.asin, sp.acos: ops.acos, sp.atan: ops.atan, sp.sinh: ops.sinh,
        sp.cosh: ops.cosh, sp.tanh: ops.tanh, sp.asinh: ops.asinh, sp.acosh: ops.acosh,
        sp.atanh: ops.atanh, sp.erf: ops.erf, sp.erfc: ops.erfc, sp.Abs: ops.abs,
        sp.sign: ops.sign, sp.floor: ops.floor, sp.ceiling: ops.ceil,
        sp.gamma: _gamma, sp.loggamma: ops.lgamma, sp.digamma: ops.digamma, sp.Not: ops.logical_not,
    }  # fmt: skip
    several: dict[Any, Callable[..., Any]] = {
        sp.Max: ops.maximum, sp.Min: ops.minimum, sp.And: ops.logical_and, sp.Or: ops.logical_or,
        sp.Add: ops.add, sp.Mul: ops.mul, sp.atan2: ops.atan2, sp.Mod: ops.mod,
        sp.polygamma: ops.polygamma, sp.Lt: ops.less, sp.Le: ops.less_equal, sp.Gt: ops.greater,
        sp.Ge: ops.greater_equal, sp.Eq: ops.equal, sp.Ne: ops.not_equal,
    }  # fmt: skip
    return MappingProxyType({**unary, **several})


def _gamma(x: Any) -> Any:
    """The gamma function, negative where an odd number of its poles lies between x and 0."""
    sign = ops.where(ops.less(x, 0.0), 1.0 - 2.0 * ops.mod(ops.floor(x), 2.0), 1.0)
    return sign * ops.exp(ops.lgamma(x))


def _parts(sp: Any, e: Any) -> Sequence[Any]:
    if isinstance(e, sp.Piecewise):
        return [part for pair in e.args for part in pair.args]
    if isinstance(e, sp.Function) and str(e.func) == "round":
        return e.args  # type: ignore[no-any-return]  # a tuple of SymPy's
    return () if e.is_number or not e.args else e.args


def _node(
    sp: Any, e: Any, known: Mapping[Any, Any], table: Mapping[Any, Callable[..., Any]]
) -> Any:
    if e in (sp.true, sp.false):
        return e == sp.true
    if e.is_Symbol:
        advice = "Name it among the symbols."
        raise NotAValue("from_sympy", "expressions of the given symbols", str(e), advice)
    if getattr(e, "is_number", False):
        return float(e)
    args = [known[a] for a in _parts(sp, e)]
    if isinstance(e, sp.Piecewise):
        *pairs, (last, _) = [args[i : i + 2] for i in range(0, len(args), 2)]
        for value, condition in reversed(pairs):
            last = ops.where(condition, value, last)
        return last
    if isinstance(e, sp.Pow):
        return _power(sp, e, args)
    if isinstance(e, sp.Function) and str(e.func) == "round":
        return ops.round(args[0])
    operation = table.get(e.func)
    if operation is None:
        advice = "Rewrite it, for instance with .rewrite or .doit."
        raise NotAValue("from_sympy", "functions that fgrad has", str(e.func), advice)
    first, *others = args
    if not others:
        return operation(first)
    for other in others:
        first = operation(first, other)
    return first


def _power(sp: Any, e: Any, args: Sequence[Any]) -> Any:
    base, exponent = args
    if e.exp == sp.Rational(1, 2):
        return ops.sqrt(base)
    if e.exp == sp.Rational(-1, 2):
        return ops.reciprocal(ops.sqrt(base))
    if e.exp == -1:
        return ops.reciprocal(base)
    return ops.square(base) if e.exp == 2 else ops.pow(base, exponent)
