"""First and second derivatives of every public operation in closed form, at awkward points.

    python -m tests.measures.curvatures [points]

prints the table of docs/reference/accuracy.md for every backend. Differencing a truth of 50 digits
would leave none of them at 1e-300; these formulas lose none anywhere.
"""

from __future__ import annotations

import itertools
import math
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import attrs
import mpmath as mp
import numpy as np

import fgrad as fg
from fgrad.backends.native.ir.machine import Machine
from fgrad.backends.native.runtime.batch import Batch
from fgrad.backends.native.runtime.llvm import host
from fgrad.backends.numpy.columns import columns
from fgrad.backends.python import source
from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op
from fgrad.program.program import Program
from fgrad.program.tracer import traced
from tests.measures.accuracy import DIGITS, ulp_error
from tests.measures.machines import without_fma
from tests.samples.cases import POLYGAMMA, Point, Truth


def _zero(*args: Any) -> Any:
    return mp.mpf(0)


def _bell(x: Any) -> Any:
    return mp.exp(-abs(x)) / (1 + mp.exp(-abs(x))) ** 2


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x)) if x > 0 else mp.exp(x) / (1 + mp.exp(x))


def _gauss(x: Any) -> Any:
    return 2 / mp.sqrt(mp.pi) * mp.exp(-x * x)


def _around_one(x: Any) -> Any:
    """1 - x**2."""
    return (1 - x) * (1 + x)


def _squares(x: Any, y: Any) -> Any:
    return x * x + y * y


def _half(x: Any) -> Any:
    return mp.power(x, mp.mpf(3) / 2)


def _secant(x: Any) -> Any:
    return 1 / mp.cos(x) ** 2


def _cosh_slope(x: Any) -> Any:
    return 4 * _bell(2 * x)


def _cbrt(x: Any) -> Any:
    return mp.cbrt(abs(x))


UNARY: Final[Mapping[Op, tuple[Truth, Truth]]] = MappingProxyType({
    ops.neg: (lambda x: mp.mpf(-1), _zero),
    ops.reciprocal: (lambda x: -1 / x**2, lambda x: 2 / x**3),
    ops.square: (lambda x: 2 * x, lambda x: mp.mpf(2)),
    ops.abs: (mp.sign, _zero),
    ops.sign: (_zero, _zero),
    ops.sqrt: (lambda x: 1 / (2 * mp.sqrt(x)), lambda x: -1 / (4 * x * mp.sqrt(x))),
    ops.cbrt: (lambda x: 1 / (3 * _cbrt(x) ** 2), lambda x: -2 / (9 * x * _cbrt(x) ** 2)),
    ops.exp: (mp.exp, mp.exp),
    ops.exp2: (
        lambda x: mp.ln(2) * mp.power(2, x), lambda x: mp.ln(2) ** 2 * mp.power(2, x),
    ),
    ops.expm1: (mp.exp, mp.exp),
    ops.log: (lambda x: 1 / x, lambda x: -1 / x**2),
    ops.log2: (lambda x: 1 / (x * mp.ln(2)), lambda x: -1 / (x**2 * mp.ln(2))),
    ops.log10: (lambda x: 1 / (x * mp.ln(10)), lambda x: -1 / (x**2 * mp.ln(10))),
    ops.log1p: (lambda x: 1 / (1 + x), lambda x: -1 / (1 + x) ** 2),
    ops.sin: (mp.cos, lambda x: -mp.sin(x)),
    ops.cos: (lambda x: -mp.sin(x), lambda x: -mp.cos(x)),
    ops.tan: (_secant, lambda x: 2 * mp.tan(x) * _secant(x)),
    ops.asin: (lambda x: 1 / mp.sqrt(_around_one(x)), lambda x: x / _half(_around_one(x))),
    ops.acos: (lambda x: -1 / mp.sqrt(_around_one(x)), lambda x: -x / _half(_around_one(x))),
    ops.atan: (lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2),
    ops.sinh: (mp.cosh, mp.sinh),
    ops.cosh: (mp.sinh, mp.cosh),
    ops.tanh: (_cosh_slope, lambda x: -2 * mp.tanh(x) * _cosh_slope(x)),
    ops.asinh: (lambda x: 1 / mp.sqrt(1 + x * x), lambda x: -x / _half(1 + x * x)),
    ops.acosh: (lambda x: 1 / mp.sqrt(-_around_one(x)), lambda x: -x / _half(-_around_one(x))),
    ops.atanh: (lambda x: 1 / _around_one(x), lambda x: 2 * x / _around_one(x) ** 2),
    ops.sigmoid: (_bell, lambda x: -_bell(x) * mp.tanh(x / 2)),
    ops.softplus: (_sigmoid, _bell),
    ops.relu: (lambda x: mp.mpf(x > 0), _zero),
    ops.erf: (_gauss, lambda x: -2 * x * _gauss(x)),
    ops.erfc: (lambda x: -_gauss(x), lambda x: 2 * x * _gauss(x)),
    ops.lgamma: (mp.digamma, lambda x: mp.polygamma(1, x)),
    ops.digamma: (lambda x: mp.polygamma(1, x), lambda x: mp.polygamma(2, x)),
    ops.floor: (_zero, _zero),
    ops.ceil: (_zero, _zero),
    ops.round: (_zero, _zero),
    ops.stop_gradient: (_zero, _zero),
})  # fmt: skip
"""The first and the second derivative."""


def _mod_slope(x: Any, y: Any) -> Any:
    return -mp.floor(x / y)


def _share(x: Any, y: Any) -> Any:
    return _sigmoid(x - y)


def _bell_of(x: Any, y: Any) -> Any:
    return _bell(x - y)


def _minus_bell_of(x: Any, y: Any) -> Any:
    return -_bell(x - y)


def _larger(x: Any, y: Any) -> Any:
    return mp.mpf(1) if x > y else mp.mpf(0) if x < y else mp.mpf(1) / 2


def _one(x: Any, y: Any) -> Any:
    return mp.mpf(1)


BINARY: Final[Mapping[Op, tuple[Truth, Truth, Truth, Truth, Truth]]] = MappingProxyType({
    ops.add: (_one, _one, _zero, _zero, _zero),
    ops.sub: (_one, lambda x, y: mp.mpf(-1), _zero, _zero, _zero),
    ops.mul: (lambda x, y: y, lambda x, y: x, _zero, _one, _zero),
    ops.div: (
        lambda x, y: 1 / y, lambda x, y: -x / y**2,
        _zero, lambda x, y: -1 / y**2, lambda x, y: 2 * x / y**3,
    ),
    ops.pow: (
        lambda x, y: y * mp.power(x, y - 1), lambda x, y: mp.power(x, y) * mp.ln(x),
        lambda x, y: y * (y - 1) * mp.power(x, y - 2),
        lambda x, y: mp.power(x, y - 1) * (1 + y * mp.ln(x)),
        lambda x, y: mp.power(x, y) * mp.ln(x) ** 2,
    ),
    ops.hypot: (
        lambda x, y: x / mp.sqrt(_squares(x, y)), lambda x, y: y / mp.sqrt(_squares(x, y)),
        lambda x, y: y * y / _half(_squares(x, y)),
        lambda x, y: -x * y / _half(_squares(x, y)),
        lambda x, y: x * x / _half(_squares(x, y)),
    ),
    ops.atan2: (
        lambda y, x: x / _squares(x, y), lambda y, x: -y / _squares(x, y),
        lambda y, x: -2 * x * y / _squares(x, y) ** 2,
        lambda y, x: (y - x) * (y + x) / _squares(x, y) ** 2,
        lambda y, x: 2 * x * y / _squares(x, y) ** 2,
    ),
    ops.logaddexp: (
        _share, lambda x, y: _share(y, x), _bell_of, _minus_bell_of, _bell_of,
    ),
    ops.maximum: (_larger, lambda x, y: _larger(y, x), _zero, _zero, _zero),
    ops.minimum: (lambda x, y: _larger(y, x), _larger, _zero, _zero, _zero),
    ops.mod: (_one, _mod_slope, _zero, _zero, _zero),
    ops.copysign: (lambda x, y: mp.sign(x) * mp.sign(y), _zero, _zero, _zero, _zero),
})  # fmt: skip
"""The derivatives x, y, xx, xy and yy."""


def _polygammas() -> Iterator[tuple[Op, tuple[Truth, Truth]]]:
    for n, case in enumerate(POLYGAMMA):
        yield (
            case.op,
            (lambda x, n=n: mp.polygamma(n + 1, x), lambda x, n=n: mp.polygamma(n + 2, x)),
        )


TRUTHS: Final[Mapping[Op, tuple[Truth, ...]]] = MappingProxyType(
    {**UNARY, **dict(_polygammas()), **BINARY}
)

LARGEST: Final = sys.float_info.max
SMALLEST: Final = sys.float_info.min
SPECIAL: Final = (
    SMALLEST, 1.5 * SMALLEST, 2.0**-537, 2.0**-512, 2.0**-511, 1e-200, 1e-160, 1e-109, 1e-100,
    1e-77, 1e-16, 1e-10, 1e-8, 1e-5, 0.1, 0.25, 0.5, 0.75, 1.0, 1.0 - 2.0**-53, 1.0 + 2.0**-52,
    1.0 - 1e-10, 1.0 + 1e-10, 1.5, 2.0, 3.0, 10.0, 26.0, 27.3, 100.0, 350.0, 700.0, 709.0, 745.0,
    1e5, 1e8, 1e10, 1e16, 1e77, 1e100, 1e109, 1e150, 1e154, 1.4e154, 1e160, 1e200, 1e300, 8e307,
    LARGEST / 2.0, LARGEST,
)  # fmt: skip
"""Sizes at which something overflows, underflows, cancels or is rounded."""


def _number(rng: random.Random) -> float:
    """Any normal number, one of usual size, a special one, or one near 1 or -1."""
    sizes = (
        lambda: math.ldexp(rng.uniform(0.5, 1.0), rng.randint(-1021, 1024)),
        lambda: 10.0 ** rng.uniform(-8.0, 8.0),
        lambda: rng.choice(SPECIAL),
        lambda: 1.0 + rng.choice((1.0, -1.0)) * 10.0 ** rng.uniform(-16.0, 0.0),
        lambda: 10.0 ** rng.uniform(-1.0, 3.0),
    )
    return rng.choice((1.0, -1.0)) * rng.choices(sizes, (35, 20, 20, 15, 10))[0]()


def _pair(rng: random.Random) -> Point:
    """Two numbers: of one size and nearly equal, of one size within twenty digits, or any two."""
    x, kind = _number(rng), rng.random()
    if kind < 0.2:
        lack = rng.choice((0.0, 1.0, -1.0)) * 10.0 ** rng.uniform(-16.0, -1.0)
        return x, x * rng.choice((1.0, -1.0)) * (1.0 + lack)
    if kind < 0.4:
        return x, x * rng.choice((1.0, -1.0)) * 10.0 ** rng.uniform(-20.0, 20.0)
    return x, _number(rng)


def _power(rng: random.Random) -> Point:
    """A base and an exponent of which the power is mostly a normal number."""
    x = abs(_number(rng))
    return x, rng.uniform(-700.0, 700.0) / (math.log(x) or 1.0)


_POSITIVE: Final = ("log", "log2", "log10", "sqrt", "lgamma", "digamma", "polygamma")


def _domain(op: Op, point: Point) -> bool:
    x = point[0]
    if op.name.split()[0] in _POSITIVE:
        return x > 0.0
    if op.name == "log1p":
        return x > -1.0
    if op.name in ("asin", "acos", "atanh"):
        return abs(x) < 1.0
    if op.name == "acosh":
        return x > 1.0
    # The slope of mod is a whole number, and (result - x) / y.
    return op is not ops.mod or abs(x) < min(1e15 * abs(point[1]), 1e308)


def points(op: Op, count: int, seed: int = 0) -> Iterator[Point]:
    """`count` awkward points of the domain, whose numbers are normal."""
    rng = random.Random(f"{op.name} {seed}")
    while count:
        drawn = _power(rng) if op is ops.pow else _pair(rng)[: op.arity]
        if all(SMALLEST <= abs(x) <= LARGEST for x in drawn) and _domain(op, drawn):
            count -= 1
            yield drawn


def program(op: Op) -> Program:
    """All first derivatives of an operation, and behind them all second ones, row by row."""
    operation: Any = op
    xs = [traced(name) for name in "xy"[: op.arity]]

    def slopes(y: Any) -> list[Any]:
        found = fg.grad_nodes(fg.Graph.of(y, *xs), y)
        return [found[x] for x in xs]

    firsts = slopes(operation(*xs))
    return Program.of([*firsts, *itertools.chain(*map(slopes, firsts))], xs, "xy"[: op.arity])


Rows = Sequence[Sequence[float]]
Run = Callable[[Program, Sequence[Point]], Rows]


def by_python(known: Program, at: Sequence[Point]) -> Rows:
    """Rows by generated source, which has the bits of every other way of Python's, and of C."""
    function = source(known).function()
    return [function(*point) for point in at]


def by_columns(known: Program, at: Sequence[Point]) -> Rows:
    """Rows by numpy."""
    rows: Rows = np.array(columns(known)(list(np.array(at).T))).T.tolist()
    return rows


def by_native(machine: Machine) -> Run:
    """Rows by native code for a machine."""

    def run(known: Program, at: Sequence[Point]) -> Rows:
        batch = Batch(known, exact=True, machine=machine)
        rows: Rows = np.array(batch.map(list(np.array(at).T), threads=1)).T.tolist()
        return rows

    return run


BACKENDS: Final[Mapping[str, Run]] = MappingProxyType(
    {
        "Python and C": by_python,
        "numpy": by_columns,
        "native": by_native(host()),
        "native without fused multiply-add": by_native(without_fma()),
    }
)


@attrs.frozen
class Worst:
    """The largest error of a derivative, in ulp, and where it is."""

    ulp: float
    point: Point = ()
    got: float = 0.0
    truth: float = 0.0


def truths(op: Op, point: Point) -> list[Any]:
    """What `program` should give at a point."""
    exact = [mp.mpf(x) for x in point]
    found = [truth(*exact) for truth in TRUTHS[op]]
    # Both of the mixed derivatives are asked.
    return [*found[:4], found[3], found[4]] if op.arity == 2 else found


def regular(op: Op, point: Point, true: Sequence[Any]) -> bool:
    """Whether digits are asked for: not where the value or a slope is subnormal."""
    low, high = mp.mpf(SMALLEST), mp.mpf(LARGEST)
    sizes = [abs(t) for t in true[: op.arity]]
    if op is ops.pow:
        # x**(y - 2) is a factor of the second derivatives.
        base, exponent = map(mp.mpf, point)
        sizes += [mp.power(base, exponent), mp.power(base, exponent - 2)]
    return all(low <= size <= high for size in sizes if size)


def crosses(op: Op, point: Point) -> bool:
    """Whether a second derivative is near a zero of its own, where its terms cancel."""
    return op is ops.pow and abs(1.0 + point[1] * math.log(point[0])) < 1e-3


def worst(
    op: Op, run: Run, at: Sequence[Point], true: Sequence[Sequence[Any]]
) -> tuple[Worst, Worst]:
    """The largest errors of first and of second derivatives."""
    with mp.workdps(DIGITS):
        found = [
            (i >= op.arity, Worst(ulp_error(got, t), point, got, float(t)))
            for point, row, exact in zip(at, run(program(op), at), true, strict=True)
            for i, (got, t) in enumerate(zip(row, exact, strict=True))
        ]
    first, second = (
        max([w for late, w in found if late is order], key=lambda w: w.ulp)
        for order in (False, True)
    )
    return first, second


def asked(op: Op, count: int) -> tuple[list[Point], list[list[Any]]]:
    """Points where digits are asked for, and the truths there."""
    with mp.workdps(DIGITS):
        pairs = [(point, truths(op, point)) for point in points(op, count)]
        kept = [
            (point, true)
            for point, true in pairs
            if regular(op, point, true) and not crosses(op, point)
        ]
    return [point for point, _ in kept], [true for _, true in kept]


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    heads = " | ".join(BACKENDS)
    print(
        f"| operation | {heads} | worst second derivative at |\n|{' --- |' * (len(BACKENDS) + 2)}"
    )
    for op in TRUTHS:
        at, true = asked(op, count)
        both = [worst(op, run, at, true) for run in BACKENDS.values()]
        cells = [f"{first.ulp:.1f}, {second.ulp:.1f}" for first, second in both]
        where = max([second for _, second in both], key=lambda w: w.ulp)
        place = f"{', '.join(map(repr, where.point))} " if where.ulp else ""
        print(f"| `{op.name}` | {' | '.join(cells)} | {place}|", flush=True)


if __name__ == "__main__":
    main()
