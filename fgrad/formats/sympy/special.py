"""The special functions in SymPy: the expression of each, and the function that each class is."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from fgrad.errors import NotAValue
from fgrad.ops import bessel, beta, elementary, integrals, logarithms, normal
from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op

Made: TypeAlias = Callable[..., Any]


def known(order: Any) -> None:
    """Raise NotAValue unless the order of a derivative is a whole number."""
    if not getattr(order, "is_Integer", False):
        advice = "Its order must be a number."
        raise NotAValue("to_sympy", "a derivative of a known order", f"{order!s:.60}", advice)


class _Algebra:
    """Makes expressions, unevaluated."""

    def __init__(self, sp: Any, made: Made) -> None:
        self.sp, self.made = sp, made
        self.half, self.root, self.root_pi = sp.Rational(1, 2), sp.sqrt(2), sp.sqrt(sp.pi)
        self.plus, self.times, self.power = [partial(made, x) for x in (sp.Add, sp.Mul, sp.Pow)]
        self.exp, self.log = partial(made, sp.exp), partial(made, sp.log)

    def over(self, x: Any, y: Any) -> Any:
        """The quotient."""
        return self.times(x, self.power(y, -1))

    def minus(self, x: Any) -> Any:
        """The negative."""
        return self.times(-1, x)

    def zero_at_zero(self, x: Any, otherwise: Any) -> Any:
        """0 where `x` is 0, and `otherwise` elsewhere."""
        return self.made(self.sp.Piecewise, 0, self.made(self.sp.Eq, x, 0), otherwise, True)

    def derived(self, f: Made) -> Made:
        """The derivative of `f` of an order, which must be a number."""

        def row(n: Any, x: Any) -> Any:
            known(n)
            t = self.sp.Dummy("t", real=True)
            return self.sp.Subs(self.sp.Derivative(f(t), (t, n)), t, x) if n else f(x)

        return row


def rows(sp: Any, made: Made) -> dict[Op, Made]:
    """For each special function the expression of it on expressions, unevaluated."""
    algebra = _Algebra(sp, made)
    return {
        **{op: partial(made, kind) for op, kind in _named(sp).items()},
        **{op: partial(made, kind, n) for op, (kind, n) in _of_order(sp).items()},
        **_elementary(algebra),
        **_logarithms(algebra),
        **_normal(algebra),
        **_gamma(algebra),
        **_integrals(algebra),
    }


def _elementary(a: _Algebra) -> dict[Op, Made]:
    sp, made = a.sp, a.made

    def whole(x: Any) -> Any:
        return a.times(made(sp.sign, x), made(sp.floor, made(sp.Abs, x)))

    def sinc(x: Any) -> Any:
        return made(sp.sinc, a.times(sp.pi, x))

    return {
        elementary.sinpi: lambda x: made(sp.sin, a.times(sp.pi, x)),
        elementary.cospi: lambda x: made(sp.cos, a.times(sp.pi, x)),
        elementary.sinc: sinc,
        elementary.sinc_slope: a.derived(sinc),
        elementary.exp10: lambda x: a.power(10, x),
        elementary.trunc: whole,
        elementary.rem: lambda x, y: a.plus(x, a.times(-1, y, whole(a.over(x, y)))),
        elementary.fma: lambda x, y, z: a.plus(a.times(x, y), z),
    }


def _logarithms(a: _Algebra) -> dict[Op, Made]:
    return {
        logarithms.logit: lambda x: a.log(a.over(x, a.plus(1, a.minus(x)))),
        logarithms.bernoulli: lambda x: a.times(x, a.plus(1, a.minus(x))),
        logarithms.log1mexp: lambda x: a.log(a.plus(1, a.minus(a.exp(a.minus(x))))),
        logarithms.bose: lambda x: a.power(a.plus(a.exp(x), -1), -1),
        logarithms.xlogy: lambda x, y: a.zero_at_zero(x, a.times(x, a.log(y))),
        logarithms.xlog1py: lambda x, y: a.zero_at_zero(x, a.times(x, a.log(a.plus(1, y)))),
        logarithms.entr: lambda x: a.zero_at_zero(x, a.times(-1, x, a.log(x))),
        logarithms.entr_slope: lambda x: a.plus(-1, a.minus(a.log(x))),
    }


def _normal(a: _Algebra) -> dict[Op, Made]:
    sp, made = a.sp, a.made

    def ndtr(x: Any) -> Any:
        return a.times(a.half, made(sp.erfc, a.over(a.minus(x), a.root)))

    def erfcx(x: Any) -> Any:
        return a.times(a.exp(a.power(x, 2)), made(sp.erfc, x))

    def growth(x: Any) -> Any:
        return a.exp(a.power(x, 2))

    slope = a.derived(erfcx)
    return {
        normal.erfcx: erfcx,
        normal.erfc_integral: lambda n, x: a.over(
            slope(n, x), a.times(a.power(-2, n), made(sp.factorial, n))
        ),
        normal.ndtr: ndtr,
        normal.log_ndtr: lambda x: a.log(ndtr(x)),
        normal.normal_density: lambda x: a.over(
            a.exp(a.times(-a.half, a.power(x, 2))), a.times(a.root, a.root_pi)
        ),
        normal.ndtri: lambda x: a.times(-1, a.root, made(sp.erfcinv, a.times(2, x))),
        normal.erfinv_slope: lambda x: a.times(a.half, a.root_pi, growth(made(sp.erfinv, x))),
        normal.erfcinv_slope: lambda x: a.times(-a.half, a.root_pi, growth(made(sp.erfcinv, x))),
        normal.ndtri_slope: lambda x: a.times(
            a.root, a.root_pi, growth(made(sp.erfcinv, a.times(2, x)))
        ),
    }


def _gamma(a: _Algebra) -> dict[Op, Made]:
    sp, made = a.sp, a.made

    def per_gamma(x: Any, order: Any) -> Any:
        return a.over(x, made(sp.gamma, order))

    def beta_slope(order: Any, x: Any, y: Any) -> Any:
        known(order)
        t, u = (sp.Dummy(name, real=True) for name in "tu")
        orders = (t, order % 1000), (u, order // 1000)
        slope = sp.Derivative(made(sp.beta, t, u), *[pair for pair in orders if pair[1]])
        return sp.Subs(slope, (t, u), (x, y)) if order else made(sp.beta, x, y)

    def zeta_log(n: Any, s: Any, q: Any) -> Any:
        return a.times(a.power(-1, n), a.derived(lambda t: made(sp.zeta, t, q))(n, s))

    return {
        beta.betaln: lambda x, y: a.log(made(sp.Abs, made(sp.beta, x, y))),
        beta.beta_slope: beta_slope,
        beta.polygamma_gap: lambda n, x, y: a.plus(
            made(sp.polygamma, n, a.plus(x, y)), a.minus(made(sp.polygamma, n, x))
        ),
        beta.gammainc: lambda n, x: per_gamma(made(sp.lowergamma, n, x), n),
        beta.gammaincc: lambda n, x: per_gamma(made(sp.uppergamma, n, x), n),
        beta.gamma_density: lambda n, x: per_gamma(
            a.times(a.power(x, a.plus(n, -1)), a.exp(a.minus(x))), n
        ),
        beta.zeta_log: zeta_log,
    }


def _integrals(a: _Algebra) -> dict[Op, Made]:
    sp, made = a.sp, a.made

    def lambertw(x: Any) -> Any:
        return made(sp.LambertW, x)

    return {
        integrals.exp1: lambda x: made(sp.expint, 1, x),
        integrals.ellipk_slope: a.derived(lambda m: made(sp.elliptic_k, m)),
        integrals.ellipe_slope: a.derived(lambda m: made(sp.elliptic_e, m)),
        integrals.lambertw_slope: lambda x: a.over(
            a.exp(a.minus(lambertw(x))), a.plus(1, lambertw(x))
        ),
    }


def _of_order(sp: Any) -> dict[Op, tuple[Any, int]]:
    """SymPy's class and the order of each Bessel function of a fixed order."""
    return {
        bessel.i0: (sp.besseli, 0), bessel.i1: (sp.besseli, 1), bessel.j0: (sp.besselj, 0),
        bessel.j1: (sp.besselj, 1), bessel.k0: (sp.besselk, 0), bessel.k1: (sp.besselk, 1),
    }  # fmt: skip


def _named(sp: Any) -> dict[Op, Any]:
    """SymPy's class for each special function that has one."""
    return {
        elementary.sec: sp.sec, elementary.csc: sp.csc, elementary.cot: sp.cot,
        normal.erfinv: sp.erfinv, normal.erfcinv: sp.erfcinv, beta.gamma: sp.gamma,
        beta.beta: sp.beta, beta.zeta: sp.zeta,
        bessel.iv: sp.besseli, bessel.jv: sp.besselj, bessel.yv: sp.bessely, bessel.kv: sp.besselk,
        bessel.airyai: sp.airyai, bessel.airyaiprime: sp.airyaiprime,
        bessel.airybi: sp.airybi, bessel.airybiprime: sp.airybiprime,
        integrals.expi: sp.Ei, integrals.ellipk: sp.elliptic_k, integrals.ellipe: sp.elliptic_e,
        integrals.lambertw: sp.LambertW,
    }  # fmt: skip


def functions(sp: Any) -> dict[Any, Callable[..., Any]]:
    """A function of the values of the arguments for each class of SymPy's that is a special function."""
    ours: dict[Any, Any] = {kind: op for op, kind in _named(sp).items()}
    return ours | {
        sp.sinc: lambda x: elementary.sinc(x / math.pi),
        sp.zeta: lambda s, q=1.0: beta.zeta(s, q),
        sp.lowergamma: lambda a, x: beta.gammainc(a, x) * beta.gamma(a),
        sp.uppergamma: lambda a, x: beta.gammaincc(a, x) * beta.gamma(a),
        **{
            kind: _bessel(kind, ours[kind], _of_order(sp))
            for kind in (sp.besseli, sp.besselj, sp.besselk)
        },
        sp.elliptic_e: _only(1, integrals.ellipe),
        sp.LambertW: _only(1, integrals.lambertw),
        sp.expint: _expint,
        sp.frac: lambda x: x - ops.floor(x),
    }


def _bessel(kind: Any, general: Any, fixed: dict[Op, tuple[Any, int]]) -> Callable[..., Any]:
    """The Bessel function, by an operation of its own where the order has one."""
    known: dict[float, Any] = {float(n): op for op, (of, n) in fixed.items() if of is kind}

    def bessel_function(order: Any, x: Any) -> Any:
        return known[order](x) if type(order) is float and order in known else general(order, x)

    return bessel_function


def _only(count: int, op: Op) -> Callable[..., Any]:
    """The operation, where SymPy's function may have more arguments that mean another one."""
    apply: Any = op

    def called(*xs: Any) -> Any:
        if len(xs) > count:
            advice = "Only the complete integral and the main branch are there."
            raise NotAValue("from_sympy", f"{op.name} of {count}", f"{len(xs)} arguments", advice)
        return apply(*xs)

    return called


def _expint(order: Any, x: Any) -> Any:
    if order != 1.0:
        advice = "Only the integral of order 1 is there."
        raise NotAValue("from_sympy", "expint of order 1", f"order {order!r:.40}", advice)
    return integrals.exp1(x)
