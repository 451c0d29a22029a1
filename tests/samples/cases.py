"""Every operation beside its truth: an mpmath function, and where its arguments are drawn from.

The law tests, the accuracy table and the fuzzers read this one list. A new operation joins it with
one row; a test fails until it does.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import attrs
import mpmath as mp

from fgrad.ops import scalar as ops
from fgrad.ops.choices import Comparison, Connective, Negation
from fgrad.ops.primitive import Op, Unary

Point = tuple[float, ...]
Truth = Callable[..., Any]


@attrs.frozen
class Spread:
    """Magnitudes spread evenly in their logarithm, around `centre`, of both signs unless told."""

    low: float
    high: float
    signs: tuple[float, ...] = (1.0, -1.0)
    centre: float = 0.0

    def draw(self, rng: random.Random) -> float:
        magnitude = 10.0 ** rng.uniform(mp.log10(self.low), mp.log10(self.high))
        return self.centre + rng.choice(self.signs) * float(magnitude)


@attrs.frozen
class Case:
    """One operation: its truth, the ranges of its arguments and a few tame points."""

    op: Op
    truth: Truth
    ranges: tuple[tuple[Spread, ...], ...]
    tame: tuple[Point, ...]
    slopes: tuple[Truth, ...] = ()  # where differencing the truth would lose all of 50 digits
    whole: Callable[[Point], Point] = lambda point: (
        point
    )  # with what follows from the numbers drawn

    def points(self, count: int, seed: int = 0) -> Iterator[Point]:
        """`count` points, taking the ranges in turn."""
        rng = random.Random(f"{self.op.name} {seed}")
        for i in range(count):
            yield self.whole(
                tuple(spread.draw(rng) for spread in self.ranges[i % len(self.ranges)])
            )


POSITIVE = (1.0,)
NEGATIVE = (-1.0,)
REAL = Spread(1e-5, 1e5)
UNIT = Spread(1e-8, 1.0)
WIDE = Spread(1e-150, 1e150)


def _logaddexp(x: Any, y: Any) -> Any:
    return mp.log(mp.exp(x) + mp.exp(y))


def _mod(x: Any, y: Any) -> Any:
    return x - y * mp.floor(x / y)


def _clip(x: Any, low: Any, high: Any) -> Any:
    return min(max(x, low), high)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def _unary(
    op: Unary, truth: Truth, tame: Sequence[float], *spreads: Spread, slope: Truth | None = None
) -> Case:
    slopes = () if slope is None else (slope,)
    return Case(op, truth, tuple((s,) for s in spreads), tuple((x,) for x in tame), slopes)


def _bell(x: Any) -> Any:
    return mp.exp(-abs(x)) / (1 + mp.exp(-abs(x))) ** 2


def _gauss(x: Any) -> Any:
    return 2 / mp.sqrt(mp.pi) * mp.exp(-x * x)


def _one(x: Any, y: Any) -> Any:
    return mp.mpf(1)


def _share(x: Any, y: Any) -> Any:
    return 1 / (1 + mp.exp(y - x))


def _bell_of_difference(x: Any, y: Any) -> Any:
    return _bell(x - y)


_BENIGN = (0.3, -0.7, 1.9, -2.6, 4.2)
_INSIDE = (0.3, -0.7, 0.05, -0.2, 0.85)
_ABOVE = (0.3, 0.7, 1.9, 2.6, 14.2)
_PAIRS = ((0.3, 1.9), (-0.7, 2.6), (1.2, -0.4), (-2.1, -0.9))

UNARY: tuple[Case, ...] = (
    _unary(ops.neg, lambda x: -x, _BENIGN, WIDE),
    _unary(ops.identity, lambda x: x, _BENIGN, WIDE),
    _unary(ops.reciprocal, lambda x: 1 / x, _BENIGN, WIDE),
    _unary(ops.square, lambda x: x * x, _BENIGN, WIDE),
    _unary(ops.abs, abs, _BENIGN, WIDE),
    _unary(ops.sign, mp.sign, _BENIGN, WIDE),
    _unary(ops.sqrt, mp.sqrt, _ABOVE, Spread(1e-300, 1e300, POSITIVE)),
    _unary(ops.cbrt, lambda x: mp.sign(x) * mp.cbrt(abs(x)), _BENIGN, Spread(1e-200, 1e200)),
    _unary(
        ops.cbrt_slope,
        lambda x: 1 / (3 * mp.cbrt(abs(x)) ** 2),
        _BENIGN,
        Spread(1e-180, 1e180),
    ),
    _unary(ops.exp, mp.exp, _BENIGN, Spread(1e-5, 700.0)),
    _unary(ops.exp2, lambda x: mp.power(2, x), _BENIGN, Spread(1e-5, 1000.0)),
    _unary(ops.expm1, mp.expm1, _BENIGN, Spread(1e-12, 700.0), slope=mp.exp),
    _unary(ops.log, mp.log, _ABOVE, Spread(1e-300, 1e300, POSITIVE), Spread(1e-9, 0.4, centre=1.0)),
    _unary(ops.log2, lambda x: mp.log(x, 2), _ABOVE, Spread(1e-300, 1e300, POSITIVE)),
    _unary(ops.log10, lambda x: mp.log(x, 10), _ABOVE, Spread(1e-300, 1e300, POSITIVE)),
    _unary(
        ops.log1p,
        mp.log1p,
        (*_ABOVE, -0.4),
        Spread(1e-12, 1e12, POSITIVE),
        Spread(1e-12, 0.9, NEGATIVE),
        Spread(1e-12, 0.5, POSITIVE, centre=-1.0),
    ),
    _unary(ops.sin, mp.sin, _BENIGN, REAL),
    _unary(ops.cos, mp.cos, _BENIGN, REAL),
    _unary(ops.tan, mp.tan, _BENIGN, REAL, Spread(1e-9, 0.1, centre=1.5707963267948966)),
    _unary(ops.asin, mp.asin, _INSIDE, UNIT, Spread(1e-12, 0.5, NEGATIVE, centre=1.0)),
    _unary(ops.acos, mp.acos, _INSIDE, UNIT, Spread(1e-12, 0.5, POSITIVE, centre=-1.0)),
    _unary(
        ops.complement,
        lambda x: (1 - x) * (1 + x),
        _INSIDE,
        UNIT,
        Spread(1e-12, 0.5, NEGATIVE, centre=1.0),
    ),
    _unary(
        ops.atan_slope,
        lambda x: 1 / (1 + x * x),
        _BENIGN,
        Spread(1e-150, 1e153),
        slope=lambda x: -2 * x / (1 + x * x) ** 2,
    ),
    _unary(ops.atan, mp.atan, _BENIGN, WIDE, slope=lambda x: 1 / (1 + x * x)),
    _unary(ops.sinh, mp.sinh, _BENIGN, Spread(1e-8, 700.0)),
    _unary(ops.cosh, mp.cosh, _BENIGN, Spread(1e-8, 700.0)),
    _unary(ops.tanh, mp.tanh, _BENIGN, Spread(1e-8, 350.0), slope=lambda x: 4 * _bell(2 * x)),
    _unary(ops.asinh, mp.asinh, _BENIGN, WIDE),
    _unary(
        ops.acosh,
        mp.acosh,
        (1.3, 1.9, 2.6, 14.2),
        Spread(1e-12, 10.0, POSITIVE, centre=1.0),
        Spread(2.0, 1e300, POSITIVE),
    ),
    _unary(
        ops.acosh_slope,
        lambda x: 1 / mp.sqrt((x - 1) * (x + 1)),
        (1.3, 1.9, 2.6, 14.2),
        Spread(1e-12, 10.0, POSITIVE, centre=1.0),
        Spread(2.0, 1e150, POSITIVE),
    ),
    _unary(ops.atanh, mp.atanh, _INSIDE, UNIT, Spread(1e-12, 0.5, NEGATIVE, centre=1.0)),
    _unary(ops.sigmoid, _sigmoid, _BENIGN, Spread(1e-8, 700.0), slope=_bell),
    _unary(ops.bell, _bell, _BENIGN, Spread(1e-8, 700.0)),
    _unary(
        ops.softplus, lambda x: mp.log1p(mp.exp(x)), _BENIGN, Spread(1e-8, 700.0), slope=_sigmoid
    ),
    _unary(ops.relu, lambda x: max(x, mp.mpf(0)), _BENIGN, WIDE),
    _unary(ops.erf, mp.erf, _BENIGN, Spread(1e-8, 26.0), slope=_gauss),
    _unary(ops.erfc, mp.erfc, _BENIGN, Spread(1e-8, 26.0), slope=lambda x: -_gauss(x)),
    _unary(ops.gauss, lambda x: mp.exp(-x * x), _BENIGN, Spread(1e-8, 26.0)),
    _unary(
        ops.lgamma,
        lambda x: mp.log(abs(mp.gamma(x))) if x < 0 else mp.loggamma(x),
        (*_ABOVE, -0.3, -2.6),
        Spread(1e-100, 1e100, POSITIVE),
        Spread(0.1, 20.0, POSITIVE),
        Spread(1e-12, 0.4, centre=1.0),
        Spread(1e-12, 0.4, centre=2.0),
        Spread(1e-12, 0.4, centre=1.4616321449683622),
    ),
    _unary(
        ops.digamma,
        mp.digamma,
        (*_ABOVE, -0.3, -2.6),
        Spread(1e-30, 1e30, POSITIVE),
        Spread(0.1, 20.0, POSITIVE),
    ),
    _unary(ops.floor, mp.floor, _BENIGN, REAL),
    _unary(ops.ceil, mp.ceil, _BENIGN, REAL),
    _unary(ops.round, mp.nint, _BENIGN, REAL),
    _unary(ops.stop_gradient, lambda x: x, _BENIGN, REAL, slope=lambda x: x * 0),
)

_PAIR = ((Spread(1e-50, 1e50), Spread(1e-50, 1e50)), (REAL, REAL))
_EXPONENTS = ((Spread(1e-5, 340.0), Spread(1e-5, 340.0)),)
_BASES = Spread(1e-5, 1e5, POSITIVE)

BINARY: tuple[Case, ...] = (
    Case(ops.add, lambda x, y: x + y, _PAIR, _PAIRS, (_one, _one)),
    Case(ops.sub, lambda x, y: x - y, _PAIR, _PAIRS, (_one, lambda x, y: mp.mpf(-1))),
    Case(ops.mul, lambda x, y: x * y, _PAIR, _PAIRS),
    Case(ops.div, lambda x, y: x / y, _PAIR, _PAIRS),
    Case(
        ops.pow,
        mp.power,
        ((_BASES, Spread(1e-5, 40.0)), (Spread(1e-9, 0.1, centre=1.0), Spread(1e-3, 1e3))),
        ((0.3, 1.9), (1.7, 2.6), (1.2, -0.4), (2.5, 3.0)),
    ),
    Case(
        ops.power_slope,
        lambda x, y: y * mp.power(x, y - 1),
        ((_BASES, Spread(1e-5, 40.0)),),
        ((0.3, 1.9), (1.7, 2.6), (1.2, -0.4), (2.5, 3.5)),
    ),
    Case(
        ops.hypot,
        mp.hypot,
        _PAIR,
        _PAIRS,
        (lambda x, y: x / mp.hypot(x, y), lambda x, y: y / mp.hypot(x, y)),
    ),
    Case(
        ops.atan2,
        mp.atan2,
        _PAIR,
        _PAIRS,
        (lambda y, x: x / (x * x + y * y), lambda y, x: -y / (x * x + y * y)),
    ),
    Case(
        ops.inversion,
        lambda x, y: x / (x * x + y * y),
        _PAIR,
        _PAIRS,
        (
            lambda x, y: (y - x) * (y + x) / (x * x + y * y) ** 2,
            lambda x, y: -2 * x * y / (x * x + y * y) ** 2,
        ),
    ),
    Case(ops.logaddexp, _logaddexp, _EXPONENTS, _PAIRS, (_share, lambda x, y: _share(y, x))),
    Case(
        ops.share,
        _share,
        _EXPONENTS,
        _PAIRS,
        (_bell_of_difference, lambda x, y: -_bell_of_difference(x, y)),
    ),
    Case(ops.maximum, max, _PAIR, _PAIRS),
    Case(ops.minimum, min, _PAIR, _PAIRS),
    Case(ops.mod, _mod, ((REAL, Spread(1e-2, 1e2)),), ((5.3, 1.9), (-0.7, 2.6), (7.1, -0.4))),
    Case(ops.copysign, lambda x, y: abs(x) * mp.sign(y), _PAIR, _PAIRS),
)


def _with_hypotenuse(point: Point) -> Point:
    return (*point, math.hypot(*point))


TERNARY: tuple[Case, ...] = (
    Case(
        ops.cosine,
        lambda x, y, z: x / mp.hypot(x, y),
        _PAIR,
        tuple(map(_with_hypotenuse, _PAIRS)),
        (
            lambda x, y, z: y * y / mp.hypot(x, y) ** 3,
            lambda x, y, z: -x * y / mp.hypot(x, y) ** 3,
            lambda x, y, z: mp.mpf(0),
        ),
        _with_hypotenuse,
    ),
    Case(
        ops.clip,
        _clip,
        ((REAL, Spread(1e-5, 1e5, NEGATIVE), Spread(1e-5, 1e5, POSITIVE)),),
        ((0.3, -1.0, 2.0), (-4.0, -1.0, 2.0), (7.0, -1.0, 2.0)),
    ),
)


# Its order is no real variable, so it is checked at whole orders, one case each.
def _polygamma(n: int) -> Case:
    op = Unary(
        f"polygamma {n}",
        lambda x: ops.polygamma(float(n), x),
        lambda out, x: ops.polygamma(n + 1.0, x),
    )
    spreads = ((Spread(1e-3, 1e10, POSITIVE),), (Spread(0.1, 30.0, POSITIVE),))
    return Case(op, lambda x: mp.polygamma(n, x), spreads, ((0.3,), (1.9,), (14.2,), (-2.6,)))


POLYGAMMA: tuple[Case, ...] = tuple(_polygamma(n) for n in (0, 1, 2))

# Where digits are lost for a reason, which docs/reference/accuracy.md gives.
EXCEPTIONS: tuple[Case, ...] = (
    _unary(ops.lgamma, lambda x: mp.log(abs(mp.gamma(x))), (-2.6,), Spread(0.1, 20.0, NEGATIVE)),
    _unary(ops.digamma, mp.digamma, (-2.6,), Spread(0.1, 20.0, NEGATIVE)),
)

SMOOTH: tuple[Case, ...] = UNARY + BINARY + TERNARY + POLYGAMMA


def all_operations() -> dict[str, Op]:
    """Every operation of the library, by name."""
    return {name: op for name, op in vars(ops).items() if isinstance(op, Op)}


def is_discrete(op: Op) -> bool:
    """Whether the operation gives or takes truth values only."""
    return isinstance(op, (Comparison, Connective, Negation))
