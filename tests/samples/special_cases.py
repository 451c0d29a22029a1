"""The special functions beside their truths, as `cases` has the others.

Those of an order that is no real variable, or has no derivative, are there at a few orders, a case
each. `LOOSE` says where digits are lost, and how many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import mpmath as mp

from fgrad.ops import bessel, beta, elementary, integrals, logarithms, normal
from fgrad.ops.signatures import Binary, Unary
from tests.samples.cases import NEGATIVE, POSITIVE, Case, Spread, Truth

_BENIGN = (0.3, -0.7, 1.9, -2.6)
_ABOVE = (0.3, 0.7, 1.9, 2.6)
_INSIDE = (0.3, -0.7, 0.05, -0.2)
_UNIT = (0.3, 0.7, 0.05, 0.95)
_PAIRS = ((0.3, 1.9), (0.7, 2.6), (1.2, 0.4), (2.1, 20.9))


def _unary(
    op: Unary, truth: Truth, tame: tuple[float, ...], *spreads: Spread, slope: Truth | None = None
) -> Case:
    slopes = () if slope is None else (slope,)
    return Case(op, truth, tuple((s,) for s in spreads), tuple((x,) for x in tame), slopes)


def _at(
    op: Binary,
    order: float,
    truth: Truth,
    tame: tuple[float, ...],
    *spreads: Spread,
    slope: Truth | None = None,
) -> Case:
    """An operation at one order, which is differentiated as it is."""
    name = f"{op.name} {order:g}"
    impl: Callable[[float], float] = lambda x: op(order, x)
    fixed = Unary(name, impl, lambda out, x: op.dy(out, order, x) if op.dy else None)
    return _unary(fixed, truth, tame, *spreads, slope=slope)


def _phi(x: Any) -> Any:
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def _ndtr(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2


def _erfcinv(x: Any) -> Any:
    """By Newton's iteration from the tail, where mpmath's erfinv would need 1 - x."""
    if x > 1:
        return -_erfcinv(2 - x)
    if x > 0.1:
        return mp.erfinv(1 - x)
    y = mp.sqrt(-mp.log(x * mp.sqrt(mp.pi * -mp.log(x))))
    for _ in range(9):
        y += (mp.erfc(y) - x) * mp.exp(y * y) * mp.sqrt(mp.pi) / 2
    return y


def _ndtri(x: Any) -> Any:
    return -mp.sqrt(2) * _erfcinv(2 * x)


def _sinc(x: Any) -> Any:
    return mp.sinpi(x) / (mp.pi * x) if x else mp.mpf(1)


def _entr_slope(x: Any) -> Any:
    return -1 - mp.log(x)


def _betaln(x: Any, y: Any) -> Any:
    return mp.loggamma(x) + mp.loggamma(y) - mp.loggamma(x + y)


def _drop(x: Any, y: Any) -> Any:
    return mp.digamma(x) - mp.digamma(x + y)


def _density(a: Any, x: Any) -> Any:
    return mp.power(x, a - 1) * mp.exp(-x) / mp.gamma(a)


def _zeta_slope(s: Any, q: Any) -> Any:
    return mp.zeta(s, q, 1)


_ERFCX: Truth = lambda x: mp.exp(x * x) * mp.erfc(x)
_UP = Spread(1e-8, 1.0)
_TAIL = Spread(1e-300, 0.5, POSITIVE)

ELEMENTARY: Final = (
    _unary(elementary.sec, mp.sec, _BENIGN, Spread(1e-5, 1e5)),
    _unary(elementary.csc, mp.csc, _BENIGN, Spread(1e-5, 1e5)),
    _unary(
        elementary.cot, mp.cot, _BENIGN, Spread(1e-5, 1e5), Spread(1e-9, 0.1, centre=1.5707963267948966),
    ),
    _unary(elementary.sinpi, mp.sinpi, _BENIGN, Spread(1e-8, 1e8), Spread(1e-9, 0.2, centre=3.0)),
    _unary(elementary.cospi, mp.cospi, _BENIGN, Spread(1e-8, 1e8), Spread(1e-9, 0.2, centre=2.5)),
    _unary(elementary.sinc, _sinc, _BENIGN, Spread(1e-8, 1.3)),
    _unary(elementary.exp10, lambda x: mp.power(10, x), _BENIGN, Spread(1e-5, 300.0)),
    _unary(elementary.trunc, lambda x: mp.sign(x) * mp.floor(abs(x)), _BENIGN, Spread(1e-5, 1e5)),
    Case(
        elementary.rem,
        lambda x, y: mp.sign(x) * mp.fmod(abs(x), abs(y)),
        ((Spread(1e-5, 1e5), Spread(1e-2, 1e2)),),
        ((5.3, 1.9), (-0.7, 2.6), (7.1, -0.4)),
    ),
    Case(
        elementary.fma,
        lambda x, y, z: x * y + z,
        ((Spread(1e-50, 1e50), Spread(1e-50, 1e50), Spread(1e-50, 1e50)), (Spread(0.1, 10.0),) * 3),
        ((0.3, 1.9, -0.5), (-0.7, 2.6, 1.8)),
        (lambda x, y, z: y, lambda x, y, z: x, lambda x, y, z: mp.mpf(1)),
    ),
)  # fmt: skip

LOGARITHMS: Final = (
    _unary(
        logarithms.logit,
        lambda x: mp.log(x / (1 - x)),
        _UNIT,
        Spread(1e-300, 0.5, POSITIVE),
        Spread(1e-12, 0.5, NEGATIVE, centre=1.0),
        Spread(1e-12, 0.25, centre=0.5),
        slope=lambda x: 1 / (x * (1 - x)),
    ),
    _unary(
        logarithms.log1mexp,
        lambda x: mp.log(-mp.expm1(-x)) if x < 1 else mp.log1p(-mp.exp(-x)),
        _ABOVE,
        Spread(1e-300, 700.0, POSITIVE),
        Spread(0.1, 700.0, POSITIVE),
        slope=lambda x: 1 / mp.expm1(x),
    ),
    Case(
        logarithms.xlogy,
        lambda x, y: x * mp.log(y),
        ((Spread(1e-50, 1e50), Spread(1e-50, 1e50, POSITIVE)),),
        _PAIRS,
        (lambda x, y: mp.log(y), lambda x, y: x / y),
    ),
    Case(
        logarithms.xlog1py,
        lambda x, y: x * mp.log1p(y),
        ((Spread(1e-50, 1e50), Spread(1e-12, 1e12, POSITIVE)), (Spread(0.1, 10.0), Spread(1e-9, 0.9))),
        _PAIRS,
        (lambda x, y: mp.log1p(y), lambda x, y: x / (1 + y)),
    ),
    _unary(
        logarithms.entr,
        lambda x: -x * mp.log(x),
        _ABOVE,
        Spread(1e-300, 1e300, POSITIVE),
        Spread(1e-9, 0.3, centre=0.36787944117144233),
        slope=_entr_slope,
    ),
)  # fmt: skip

NORMAL: Final = (
    _unary(
        normal.erfcx,
        _ERFCX,
        _BENIGN,
        Spread(1e-8, 26.0),
        Spread(1e-8, 1e4, POSITIVE),
        slope=lambda x: 2 * x * _ERFCX(x) - 2 / mp.sqrt(mp.pi),
    ),
    _unary(normal.ndtr, _ndtr, _BENIGN, Spread(1e-8, 37.0), slope=_phi),
    _unary(
        normal.log_ndtr,
        lambda x: mp.log1p(-_ndtr(-x)) if x > 0 else mp.log(_ndtr(x)),
        _BENIGN,
        Spread(1e-8, 37.0),
        Spread(1.0, 1e5, NEGATIVE),
        slope=lambda x: _phi(x) / _ndtr(x),
    ),
    _unary(
        normal.erfinv,
        lambda x: mp.sign(x) * _erfcinv(1 - abs(x)),
        _INSIDE,
        Spread(1e-8, 0.9),
        Spread(1e-15, 0.5, NEGATIVE, centre=1.0),
        slope=lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(_erfcinv(1 - abs(x)) ** 2),
    ),
    _unary(
        normal.erfcinv,
        _erfcinv,
        _UNIT,
        _TAIL,
        Spread(1e-9, 0.9, centre=1.0),
        slope=lambda x: -mp.sqrt(mp.pi) / 2 * mp.exp(_erfcinv(x) ** 2),
    ),
    _unary(
        normal.ndtri,
        _ndtri,
        _UNIT,
        _TAIL,
        Spread(1e-9, 0.4, centre=0.5),
        slope=lambda x: mp.sqrt(2 * mp.pi) * mp.exp(_ndtri(x) ** 2 / 2),
    ),
)

GAMMA: Final = (
    _unary(
        beta.gamma,
        mp.gamma,
        (0.3, 0.7, 1.9, 14.2, -2.6),
        Spread(1e-300, 1.0, POSITIVE),
        Spread(2.0, 170.0, POSITIVE),
    ),
    Case(
        beta.beta,
        mp.beta,
        ((Spread(1e-3, 1e2, POSITIVE), Spread(1e-3, 1e2, POSITIVE)),),
        _PAIRS,
        (lambda x, y: mp.beta(x, y) * _drop(x, y), lambda x, y: mp.beta(x, y) * _drop(y, x)),
    ),
    Case(
        beta.betaln,
        _betaln,
        ((Spread(1e-3, 1e8, POSITIVE), Spread(1e-3, 1e8, POSITIVE)),),
        _PAIRS,
        (_drop, lambda x, y: _drop(y, x)),
    ),
    *(
        case
        for a in (0.5, 3.0, 60.0)
        for case in (
            _at(
                beta.gammainc, a, lambda x, a=a: mp.gammainc(a, 0, x, regularized=True),
                (0.3 * a, a, 1.9 * a), Spread(0.01 * a, 3.0 * a, POSITIVE),
                slope=lambda x, a=a: _density(a, x),
            ),
            _at(
                beta.gammaincc, a, lambda x, a=a: mp.gammainc(a, x, mp.inf, regularized=True),
                (0.3 * a, 0.9 * a, 1.9 * a), Spread(0.01 * a, 3.0 * a, POSITIVE),
                slope=lambda x, a=a: -_density(a, x),
            ),
        )
    ),
    Case(
        beta.zeta,
        mp.zeta,
        ((Spread(1e-3, 30.0, POSITIVE, centre=1.0), Spread(1.0, 1e2, POSITIVE)),),
        ((1.5, 1.0), (3.3, 2.6), (2.0, 20.9)),
        (_zeta_slope, lambda s, q: -s * mp.zeta(s + 1, q)),
    ),
)  # fmt: skip

_SMALL = Spread(1e-5, 1.5, POSITIVE)
_WIDE = Spread(1e-5, 600.0, POSITIVE)
BESSEL: Final = (
    _unary(bessel.i0, lambda x: mp.besseli(0, x), _BENIGN, _WIDE, slope=lambda x: mp.besseli(1, x)),
    _unary(bessel.i1, lambda x: mp.besseli(1, x), _BENIGN, _WIDE),
    _at(bessel.iv, 2.5, lambda x: mp.besseli(2.5, x), _ABOVE, _WIDE),
    _unary(bessel.j0, lambda x: mp.besselj(0, x), _BENIGN, _SMALL),
    _unary(bessel.j1, lambda x: mp.besselj(1, x), _BENIGN, _SMALL),
    _at(bessel.jv, 2.5, lambda x: mp.besselj(2.5, x), _ABOVE, _SMALL),
    _at(bessel.yv, 0.5, lambda x: mp.bessely(0.5, x), _ABOVE, Spread(1e-5, 1.0, POSITIVE)),
    _unary(
        bessel.k0, lambda x: mp.besselk(0, x), (0.3, 1.9), _WIDE, slope=lambda x: -mp.besselk(1, x)
    ),
    _unary(
        bessel.k1, lambda x: mp.besselk(1, x), (0.3, 1.9), _WIDE,
        slope=lambda x: -mp.besselk(0, x) - mp.besselk(1, x) / x,
    ),
    _at(bessel.kv, 2.5, lambda x: mp.besselk(2.5, x), _ABOVE, _WIDE),
    _unary(bessel.airyai, mp.airyai, _BENIGN, Spread(1e-5, 50.0, POSITIVE)),
    _unary(
        bessel.airyaiprime, lambda x: mp.airyai(x, 1), _BENIGN, Spread(1e-5, 50.0, POSITIVE),
        slope=lambda x: x * mp.airyai(x),
    ),
    _unary(bessel.airybi, mp.airybi, _BENIGN, Spread(1e-5, 50.0, POSITIVE)),
    _unary(
        bessel.airybiprime, lambda x: mp.airybi(x, 1), _BENIGN, Spread(1e-5, 50.0, POSITIVE),
        slope=lambda x: x * mp.airybi(x),
    ),
)  # fmt: skip

INTEGRALS: Final = (
    _unary(
        integrals.expi, mp.ei, _BENIGN, Spread(0.5, 700.0, POSITIVE), Spread(1e-5, 700.0, NEGATIVE),
        slope=lambda x: mp.exp(x) / x,
    ),
    _unary(
        integrals.exp1, mp.e1, _ABOVE, Spread(1e-5, 700.0, POSITIVE),
        slope=lambda x: -mp.exp(-x) / x,
    ),
    _unary(
        integrals.ellipk, mp.ellipk, (0.3, -0.7, 0.05, 0.85, -3.6),
        Spread(1e-12, 0.5, POSITIVE), Spread(1e-12, 0.5, NEGATIVE, centre=1.0),
        Spread(1e-12, 1e5, NEGATIVE),
    ),
    _unary(
        integrals.ellipe, mp.ellipe, (0.3, -0.7, 0.05, 0.85, -3.6),
        Spread(1e-12, 0.5, POSITIVE), Spread(1e-12, 0.5, NEGATIVE, centre=1.0),
        Spread(1e-12, 1e5, NEGATIVE),
    ),
    _unary(
        integrals.lambertw,
        lambda x: mp.lambertw(x).real,
        (0.3, -0.2, 1.9, 14.2, -0.36),
        Spread(1e-300, 1e300, POSITIVE),
        Spread(1e-12, 0.367, NEGATIVE),
        Spread(1e-14, 0.3, POSITIVE, centre=-0.36787944117144233),
        slope=lambda x: mp.exp(-mp.lambertw(x).real) / (1 + mp.lambertw(x).real),
    ),
)  # fmt: skip

# The largest errors that are allowed, in ulp, of the value and of the slope, where it is more than
# LIMIT: docs/reference/accuracy.md says why.
LIMIT: Final = (4.0, 5.0)
LOOSE: Final[Mapping[str, tuple[float, float]]] = MappingProxyType({
    "gamma": (8.0, 8.0), "beta": (20.0, 20.0), "betaln": (400.0, 4.0), "zeta": (10.0, 150.0),
    "gammainc 0.5": (100.0, 6.0), "gammaincc 0.5": (400.0, 6.0), "gammainc 3": (60.0, 6.0),
    "gammaincc 3": (60.0, 6.0), "gammainc 60": (2000.0, 8.0), "gammaincc 60": (2000.0, 8.0),
    "i0": (5.0, 15.0), "i1": (15.0, 15.0), "iv 2.5": (20.0, 20.0), "j0": (5.0, 8.0),
    "j1": (5.0, 8.0), "jv 2.5": (80.0, 80.0), "yv 0.5": (8.0, 10.0), "k0": (10.0, 8.0),
    "k1": (5.0, 8.0), "kv 2.5": (8.0, 10.0), "airyai": (500.0, 400.0),
    "airyaiprime": (400.0, 500.0), "airybi": (500.0, 500.0), "airybiprime": (500.0, 500.0),
    "expi": (400.0, 5.0), "ellipk": (4.0, 30.0), "ellipe": (5.0, 30.0),
})  # fmt: skip

SLOW: Final = ("k0", "k1", "zeta")
"""Those for which mpmath takes long."""

SPECIAL: Final[tuple[Case, ...]] = ELEMENTARY + LOGARITHMS + NORMAL + GAMMA + BESSEL + INTEGRALS
