"""Exponentials, logarithms, powers, roots, activations and pieces in native code."""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Iterator
from typing import Any

import mpmath as mp
import pytest

from fgrad.backends.native.ir.function import Body
from fgrad.backends.native.math import (
    activation,
    cube_root,
    exponential,
    logarithm,
    modulo,
    piecewise,
    plane,
    power,
)
from tests.measures.accuracy import DIGITS, ulp_error
from tests.samples.cases import POSITIVE, SMOOTH, Case, Point, Spread
from tests.samples.programs import AWKWARD, bits

llvm: Any = pytest.importorskip("llvmlite.binding")
np: Any = pytest.importorskip("numpy")

from fgrad.backends.native.ir.machine import Machine  # noqa: E402  # they need both
from fgrad.backends.native.runtime.llvm import BEST, compiled  # noqa: E402  # they need both
from tests.measures.lanes import lanes, module  # noqa: E402

MODULES = (activation, exponential, logarithm, modulo, piecewise, plane, power, cube_root)
CASES: dict[str, Case] = {case.op.name: case for case in SMOOTH}

# The largest errors in ulp that were found in 9 to 31 million points each, rounded up to a tenth.
BOUNDS = {
    "exp": 0.8, "exp2": 0.9, "expm1": 0.9, "log": 0.9, "log2": 0.9, "log10": 0.8, "log1p": 0.9,
    "pow": 0.9, "power_slope": 0.9, "cbrt": 0.6, "hypot": 0.8, "inversion": 0.8, "sigmoid": 0.9,
    "bell": 0.9, "softplus": 0.9, "gauss": 0.9, "share": 0.8, "logaddexp": 0.8,
}  # fmt: skip
EXACT = ("mod", "maximum", "minimum", "clip", "sign", "relu")

ALL = Spread(5e-324, 1.7e308)
POSITIVE_ALL = Spread(5e-324, 1.7e308, POSITIVE)
AROUND_ONE = Spread(1e-16, 0.3, centre=1.0)
UNITS = Spread(1e-3, 1.0)
TENS = Spread(0.1, 40.0)
EXPONENTS = (Spread(1e-320, 746.0), UNITS, Spread(700.0, 710.0), Spread(690.0, 750.0))
MORE: dict[str, tuple[tuple[Spread, ...], ...]] = {
    "exp2": tuple((s,) for s in (Spread(1e-320, 1080.0), Spread(1000.0, 1080.0))),
    "gauss": tuple((s,) for s in (Spread(26.0, 27.4), Spread(1e-300, 27.4))),
    "cbrt": ((ALL,), (Spread(0.5, 8.0),)),
    "pow": (
        (AROUND_ONE, Spread(1e-3, 5e3)),
        (POSITIVE_ALL, UNITS),
        (Spread(0.5, 2.0, POSITIVE), Spread(1.0, 1100.0)),
        (Spread(1e-12, 1e-8, centre=1.0), Spread(1e9, 1e11)),
    ),
    "share": ((TENS, TENS), (UNITS, Spread(1e-3, 800.0))),
    "logaddexp": ((UNITS, Spread(1e-3, 40.0)), (Spread(1e-3, 2.0, POSITIVE), TENS)),
    **dict.fromkeys(
        ("exp", "expm1", "sigmoid", "bell", "softplus"), tuple((s,) for s in EXPONENTS)
    ),
    **dict.fromkeys(("log", "log2", "log10"), ((POSITIVE_ALL,), (AROUND_ONE,), (UNITS,))),
    "log1p": ((POSITIVE_ALL,), (Spread(1e-320, 1.0),), (UNITS,)),
    **dict.fromkeys(("hypot", "inversion"), ((TENS, TENS), (Spread(1e-308, 1e307),) * 2)),
}
MORE["power_slope"] = (*MORE["pow"], (POSITIVE_ALL, Spread(5e-324, 2.0)))


def body(name: str) -> Body:
    found: Body = next(getattr(m, name) for m in MODULES if hasattr(m, name))
    return found


def columns(points: list[Point]) -> list[list[float]]:
    return [list(column) for column in zip(*points, strict=True)]


def domain(name: str, point: Point) -> bool:
    if name.startswith("log") and name not in ("log1p", "logaddexp"):
        return point[0] > 0.0
    if name == "log1p":
        return point[0] > -1.0
    return not name.startswith("pow") or point[0] > 0.0 or (point[0] < 0.0 and whole(point[1]))


def whole(x: float) -> bool:
    return math.isfinite(x) and x.is_integer()


def drawn(name: str, count: int) -> list[Point]:
    """Points of the ranges that all operations are tested on, and of those that are hard here."""
    case = CASES[name]
    wide = Case(case.op, case.truth, MORE.get(name, case.ranges), ())
    points = [*case.points(count), *wide.points(2 * count)]
    return [p for p in points if domain(name, p)]


def error(name: str, point: Point, got: float) -> float:
    """In ulp; of the larger argument where the logarithm of a sum is near 0, as digits cancel."""
    truth = CASES[name].truth(*map(mp.mpf, point))
    if name == "logaddexp" and abs(truth) < abs(max(point)):
        return float(abs(got - truth) / math.ulp(max(point)))
    return ulp_error(got, truth)


@pytest.mark.parametrize("fma", [True, False])
@pytest.mark.parametrize("name", BOUNDS)
def test_the_error_is_within_the_bound(name: str, fma: bool) -> None:
    points = drawn(name, 150)
    got = lanes(body(name), len(points[0]), fma=fma)(*columns(points))
    with mp.workdps(DIGITS):
        worst = max((error(name, p, float(x)), p) for p, x in zip(points, got, strict=True))
    assert worst[0] <= BOUNDS[name], worst


def test_the_logarithm_of_a_sum_near_1_loses_no_more_than_its_terms_have() -> None:
    y = np.linspace(-2.0, -0.1, 400)
    x = np.log1p(-np.exp(y))
    for a, b, got in zip(x, y, lanes(activation.logaddexp, 2)(x, y), strict=True):
        with mp.workdps(DIGITS):
            truth = mp.log(mp.exp(mp.mpf(float(a))) + mp.exp(mp.mpf(float(b))))
            assert abs(float(got) - truth) <= math.ulp(max(a, b))


THRESHOLDS = (
    709.782712893384, -745.1332191019412, -708.3964185322641, 1024.0, -1075.0, -1022.0, -37.5, 27.2,
    math.log(2.0) / 2.0, -math.log(2.0) / 2.0, math.sqrt(0.5), math.sqrt(2.0), 2.0**-1022, 8.0,
    -1.0, 2.0**52, 2.0**53, 2.0**65, 2.0**500, 2.0**-400, 1.7976931348623157e308,
)  # fmt: skip


def edges(arity: int) -> Iterator[Point]:
    """Awkward numbers in every combination, and numbers on both sides of each threshold."""
    yield from itertools.product(AWKWARD, repeat=arity)
    others = (0.5, 3.0, 1e308, 5e-324, 2.0**53 + 2.0, -2.0)
    for at in THRESHOLDS:
        for x in (math.nextafter(at, -math.inf), at, math.nextafter(at, math.inf)):
            for rest in itertools.product(others, repeat=arity - 1):
                yield (x, *rest)
                yield (*rest, x)


def regular(name: str, point: Point) -> bool:
    """Whether the truth is asked: the meaning has errors of its own."""
    return all(map(math.isfinite, point)) and domain(name, point)


def right(name: str, point: Point, got: float) -> bool:
    meant = CASES[name].op.impl(*point)
    if bits([got]) == bits([meant]):
        return True
    if name == "power_slope" and point[0] < 0.0 and not whole(point[1]):
        return math.isnan(got) == math.isnan(meant)  # where y - 1 rounds to a whole number
    if not regular(name, point) or math.isnan(meant) or meant == got:
        return False
    return error(name, point, got) <= BOUNDS[name]


@pytest.mark.parametrize("fma", [True, False])
@pytest.mark.parametrize("name", BOUNDS)
def test_special_values_are_those_of_the_meaning(name: str, fma: bool) -> None:
    points = list(edges(len(CASES[name].op.kinds)))
    got = lanes(body(name), len(points[0]), fma=fma)(*columns(points))
    with mp.workdps(DIGITS):
        wrong = [(p, x) for p, x in zip(points, got, strict=True) if not right(name, p, float(x))]
    assert not wrong, wrong[:5]


def pairs() -> Iterator[Point]:
    """Quotients of every size, and whole ones."""
    rng = random.Random(7)
    for _ in range(2000):
        x, y = ALL.draw(rng), ALL.draw(rng)
        yield x, y
        yield rng.uniform(-100.0, 100.0), rng.uniform(-5.0, 5.0)
        yield rng.uniform(-1.0, 1.0) * 2.0 ** rng.randint(45, 60), rng.uniform(-5.0, 5.0)
        yield rng.randint(-100, 100) * math.copysign(1.5, y), math.copysign(0.75, y)


@pytest.mark.parametrize("fma", [True, False])
@pytest.mark.parametrize("name", EXACT)
def test_pieces_and_the_modulo_are_exact(name: str, fma: bool) -> None:
    op = CASES[name].op
    points = list(edges(len(op.kinds)))
    points += pairs() if len(op.kinds) == 2 else []
    got = lanes(body(name), len(points[0]), fma=fma)(*columns(points))
    assert bits(got) == bits([op.impl(*p) for p in points])


@pytest.mark.parametrize("name", [*BOUNDS, *EXACT])
def test_all_widths_give_the_same_bits(name: str) -> None:
    points = [*edges(len(CASES[name].op.kinds)), *drawn(name, 100)]
    one, *others = [lanes(body(name), len(points[0]), w)(*columns(points)) for w in (1, 2, 4, 8)]
    for other in others:
        assert bits(other) == bits(one)


def test_powers_of_the_base_have_exact_logarithms() -> None:
    twos = np.arange(-1074, 1024)
    assert lanes(logarithm.log2)(2.0**twos).tolist() == twos.tolist()
    assert lanes(exponential.exp2)(twos).tolist() == (2.0**twos).tolist()
    tens = np.arange(23)
    assert lanes(logarithm.log10)([10.0**n for n in range(23)]).tolist() == tens.tolist()


FOREIGN = (
    Machine("aarch64-linux-gnu", "generic", ""),
    Machine("x86_64-linux-gnu", "x86-64-v3", "+fma"),
    Machine("x86_64-linux-gnu", "x86-64", ""),
)
NAME = re.compile(rb"(?<=\0)[a-z][a-z0-9_]{2,}(?=\0)")


def test_the_check_for_libraries_sees_a_call_of_one() -> None:
    assert b"fma" in names("pow", FOREIGN[2], fma=True)


@pytest.mark.parametrize("machine", FOREIGN, ids=lambda machine: machine.cpu)
def test_no_machine_is_sent_to_a_library(machine: Machine) -> None:
    for name in [*BOUNDS, *EXACT]:
        called = names(name, machine, fma=machine.fma)
        assert {symbol for symbol in called if not symbol.startswith(b"fgrad_")} == set(), name


def names(name: str, machine: Machine, *, fma: bool) -> set[bytes]:
    """The names in the object code, but for very short ones."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    text = module(body(name), len(CASES[name].op.kinds), 4, fma=fma)
    return set(NAME.findall(compiled(text, machine, BEST)))
