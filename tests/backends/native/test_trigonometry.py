"""Trigonometric, hyperbolic and error functions in LLVM IR, against 50 digits and the reference."""

from __future__ import annotations

import math
import random
import re
import struct
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import attrs
import mpmath as mp
import pytest

pytest.importorskip("llvmlite")
pytest.importorskip("numpy")

import llvmlite.binding as llvm

from fgrad.backends.native.ir.builder import Block
from fgrad.backends.native.ir.function import Body, definition
from fgrad.backends.native.ir.machine import Machine
from fgrad.backends.native.math import (
    errorfunction,
    hyperbolic,
    inverse_hyperbolic,
    inverse_trigonometric,
    trigonometry,
)
from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op
from tests.measures.accuracy import ulp_error
from tests.measures.lanes import lanes, module
from tests.samples.programs import AWKWARD

Point = tuple[float, ...]


@attrs.frozen
class Function:
    """A native function, what it means, and how far it may be off."""

    op: Op
    body: Body
    truth: Callable[..., Any]
    ulp: float
    points: Callable[[random.Random], Point]
    """Points where it is hard or often used."""
    edges: tuple[float, ...] = ()
    """Where its formula or its kind of result changes."""

    @property
    def arity(self) -> int:
        return self.op.arity


def uniform(*spans: tuple[float, float]) -> Callable[[random.Random], Point]:
    return lambda rng: (rng.uniform(*rng.choice(spans)),)


def angle(rng: random.Random) -> Point:
    """Of any size, or next to a multiple of pi / 2, where all digits cancel."""
    size = math.ldexp(rng.uniform(1.0, 2.0), rng.randint(-30, 1023))
    turns = mp.nint(mp.ldexp(1, rng.randint(0, 60)) * rng.uniform(1.0, 2.0))
    near = float(turns * mp.pi / 2)
    return (rng.choice((size, near, rng.uniform(0.0, 100.0))) * rng.choice((-1.0, 1.0)),)


def fraction(rng: random.Random) -> Point:
    """In [-1, 1], often near 0 or the ends."""
    size = math.ldexp(rng.random(), rng.randint(-60, 0))
    return (rng.choice((size, 1.0 - size, rng.random())) * rng.choice((-1.0, 1.0)),)


def of_any_size(rng: random.Random) -> Point:
    size = math.ldexp(rng.uniform(1.0, 2.0), rng.choice((rng.randint(-1074, 1023), 0, 1)))
    return (rng.choice((size, rng.uniform(0.0, 5.0))) * rng.choice((-1.0, 1.0)),)


def two_of_any_size(rng: random.Random) -> Point:
    (x,), ratio = of_any_size(rng), math.ldexp(rng.uniform(1.0, 2.0), rng.randint(-40, 40))
    return (x, rng.choice((*of_any_size(rng), min(abs(x) * ratio, 1e308))))


def above_one(rng: random.Random) -> Point:
    return (1.0 + abs(of_any_size(rng)[0]),)


HYPERBOLIC = uniform((-1.0, 1.0), (-40.0, 40.0), (-711.0, 711.0))
ERF = uniform((-1.0, 1.0), (-6.0, 6.0))
ERFC = uniform((-1.0, 1.0), (0.5, 3.0), (-6.0, 28.0))

WORST_ANGLE = math.ldexp(6381956970095103, 797)  # the closest of all to a multiple of pi / 2

TURNING = 0.4142135623730951  # tan(pi / 8)
HALF_LOG_2 = 0.34657359027997264
LAST_ERFC = 27.226017111108362  # from the next double on, erfc is 0
OVERFLOW = 710.4758600739439  # from the next double on, sinh and cosh are infinite

FUNCTIONS = (
    Function(ops.sin, trigonometry.sin, mp.sin, 0.8, angle, (WORST_ANGLE, 2.0**40)),
    Function(ops.cos, trigonometry.cos, mp.cos, 0.8, angle, (WORST_ANGLE, 2.0**40)),
    Function(ops.tan, trigonometry.tan, mp.tan, 0.9, angle, (WORST_ANGLE, 2.0**40)),
    Function(ops.asin, inverse_trigonometric.asin, mp.asin, 0.7, fraction, (0.5, 1.0)),
    Function(ops.acos, inverse_trigonometric.acos, mp.acos, 0.7, fraction, (0.5, 1.0)),
    Function(
        ops.atan,
        inverse_trigonometric.atan,
        mp.atan,
        0.7,
        of_any_size,
        (TURNING, 1.0 / TURNING, 1e18),
    ),
    Function(
        ops.atan2,
        inverse_trigonometric.atan2,
        mp.atan2,
        0.7,
        two_of_any_size,
        (TURNING, 2.0**-900, 2.0**900),
    ),
    Function(ops.sinh, hyperbolic.sinh, mp.sinh, 1.0, HYPERBOLIC, (HALF_LOG_2, OVERFLOW)),
    Function(ops.cosh, hyperbolic.cosh, mp.cosh, 0.8, HYPERBOLIC, (HALF_LOG_2, OVERFLOW)),
    Function(ops.tanh, hyperbolic.tanh, mp.tanh, 0.9, HYPERBOLIC, (HALF_LOG_2 / 2.0, 22.0)),
    Function(ops.asinh, inverse_hyperbolic.asinh, mp.asinh, 1.0, of_any_size, (2.0**28, 1.7e308)),
    Function(
        ops.acosh, inverse_hyperbolic.acosh, mp.acosh, 0.9, above_one, (1.0, 2.0**28, 1.7e308)
    ),
    Function(ops.atanh, inverse_hyperbolic.atanh, mp.atanh, 1.0, fraction, (1.0 / 3.0, 1.0)),
    Function(ops.erf, errorfunction.erf, mp.erf, 1.0, ERF, (0.84375, 5.95)),
    Function(ops.erfc, errorfunction.erfc, mp.erfc, 0.9, ERFC, (0.65, LAST_ERFC, 28.0)),
)

each = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.op.name)


def points(function: Function) -> list[Point]:
    rng = random.Random(1)
    with mp.workdps(50):
        return [function.points(rng) for _ in range(400)]


def edges(function: Function) -> Iterator[Point]:
    """Awkward numbers, and both sides of each edge."""
    around = [
        sign * y
        for x in function.edges
        for y in (math.nextafter(x, -math.inf), x, math.nextafter(x, math.inf))
        for sign in (1.0, -1.0)
    ]
    return product([*AWKWARD, *around], repeat=function.arity)


def run(function: Function, given: list[Point], width: int, *, fma: bool = True) -> list[float]:
    over = lanes(function.body, function.arity, width, fma=fma)
    return [float(y) for y in over(*zip(*given, strict=True))]


@each
@pytest.mark.parametrize("fma", [True, False])
def test_the_error_is_small(function: Function, fma: bool) -> None:
    known = filter(regular(function), edges(function))
    # The zeros of mpmath have no sign, and two infinities no ratio.
    given = [*points(function), *(p for p in known if len(p) == 1 or finite_and_not_zero(p))]
    with mp.workdps(50):
        for point, got in zip(given, run(function, given, 4, fma=fma), strict=True):
            truth = function.truth(*map(mp.mpf, point))
            assert ulp_error(got, truth) <= function.ulp, (point, got)


def finite_and_not_zero(point: Point) -> bool:
    return all(math.isfinite(x) and x != 0.0 for x in point)


def regular(function: Function) -> Callable[[Point], bool]:
    """Whether the result at a point is a number, and not 0."""
    return lambda point: finite_and_not_zero((function.op.impl(*point),))


@each
@pytest.mark.parametrize("fma", [True, False])
def test_special_values_are_those_of_the_reference(function: Function, fma: bool) -> None:
    given = list(edges(function))
    for point, got in zip(given, run(function, given, 4, fma=fma), strict=True):
        wanted = function.op.impl(*point)
        if regular(function)(point):
            assert math.isclose(got, wanted, rel_tol=1e-14, abs_tol=1e-322), point
        else:
            assert pattern(got) == pattern(wanted), point


@each
def test_the_width_changes_no_bit(function: Function) -> None:
    given = [*edges(function), *points(function)]
    one = [pattern(y) for y in run(function, given, 1)]
    for width in (2, 4, 8):
        assert [pattern(y) for y in run(function, given, width)] == one


def pattern(x: float) -> bytes | str:
    return "nan" if math.isnan(x) else struct.pack("<d", x)


@pytest.mark.parametrize("width", [1, 4])
def test_sine_and_cosine_come_from_one_reduction(width: int) -> None:
    text = "\n".join(
        definition("@both", trigonometry.sincos, ("double",), width, fma=True, inline=False)
    )
    assert text.count("call { double, double, i64 } @fgrad.reduced") == width
    of = Block(width, fma=True).type("double")
    assert f"ret {{ {of}, {of} }}" in text
    llvm.parse_assembly(text)  # it is refused if it is not sound


MACHINES = (
    Machine("x86_64-pc-regions-msvc", "x86-64-v3", "+fma"),
    Machine("x86_64-unknown-linux-gnu", "x86-64", ""),
    Machine("aarch64-unknown-linux-gnu", "generic", ""),
    Machine("arm64-apple-macosx", "apple-m1", ""),
)


@each
@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.triple)
def test_no_library_is_called(function: Function, machine: Machine) -> None:
    assert {c for c in called(function, machine) if not c.startswith("fgrad")} == set()


def called(function: Function, machine: Machine) -> set[str]:
    """The functions that the code for a machine calls."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    target = llvm.Target.from_triple(machine.triple).create_target_machine(
        cpu=machine.cpu, features=machine.features, reloc="pic", codemodel="small"
    )
    text = module(function.body, function.arity, 4, fma=machine.fma, inline=False)
    unit = llvm.parse_assembly(text)
    unit.triple = machine.triple
    assembly = target.emit_assembly(unit)
    # Calls may go through a register that was loaded with the address.
    operand = r"^\s+(?:callq?|bl|leaq|movq|adrp\s+\w+,)\s+_?([a-z][\w.]*)"
    return set(re.findall(operand, assembly, re.MULTILINE)) - {"body"}


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.triple)
def test_a_call_of_a_library_would_be_seen(machine: Machine) -> None:
    function = attrs.evolve(FUNCTIONS[0], body=lambda x: x.block.intrinsic("llvm.sin", x))
    assert called(function, machine) == {"sin"}
