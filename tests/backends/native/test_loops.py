"""Loops found in programs: they have the bits of the lines written out, and are found."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fgrad as fg

np = pytest.importorskip("numpy")
llvm = pytest.importorskip("llvmlite.binding")

from fgrad.backends.native.codegen.point import LONG  # noqa: E402  # likewise
from fgrad.backends.native.ir.machine import Machine  # noqa: E402  # likewise
from fgrad.backends.native.rerolling.detect import Rerolled, find_loops  # noqa: E402  # likewise
from fgrad.backends.native.rerolling.instruction_table import InstructionTable  # noqa: E402  # likewise
from fgrad.backends.native.runtime.batch import Batch  # noqa: E402  # what may be missing comes first
from fgrad.backends.native.runtime.entry import Entry  # noqa: E402  # likewise
from fgrad.backends.native.runtime.llvm import BEST, compiled  # noqa: E402  # likewise
from fgrad.program.schedule import by_depth, reordered  # noqa: E402  # likewise
from tests.backends.native.test_exponential import FOREIGN, NAME  # noqa: E402  # likewise
from tests.bench.models import rosenbrock, start  # noqa: E402  # likewise
from tests.laws.native_laws import (  # noqa: E402  # likewise
    FEW,
    NONE,
    exact_loops_are_the_reference,
    loops_are_the_lines_written_out,
    rows_through_loops_are_their_points,
)
from tests.measures.machines import MACHINES, narrowed  # noqa: E402  # likewise
from tests.samples.loops import looped  # noqa: E402  # likewise
from tests.samples.programs import bits, failing  # noqa: E402  # likewise

DATA = [(0.01 * k + 0.005, math.sin(k)) for k in range(300)]


def swing(forces: Any) -> Any:
    """A pendulum in steps: everything of a step hangs on the one before."""
    angle, speed, cost = 0.1, 0.0, 0.0
    for force in forces:
        speed = speed + 0.05 * (force - fg.sin(angle) * fg.cos(angle) - 0.1 * speed)
        angle = angle + 0.05 * speed
        cost = cost + angle * angle + 0.01 * force * force
    return cost


def fit(p: Any) -> Any:
    """The squared distance of a curve from data, which are literals."""
    return sum((p[0] * fg.exp(-p[1] * t) - y) ** 2 for t, y in DATA)


def recurrent(weights: Any) -> Any:
    """Eight states that hang on all of the step before."""
    states = [0.0] * 8
    for k in range(60):
        states = [
            fg.tanh(weights[i] * (0.1 * k) + fg.dot(weights[8 + i : 16 + i], states))
            for i in range(8)
        ]
    return fg.sum(states)


def turning(pushes: Any) -> Any:
    """Three angles, of each of which both sine and cosine are taken."""
    angles = [0.1, 0.2, 0.3]
    for push in pushes:
        angles = [
            a + 0.01 * push * fg.sin(a) * fg.cos(b)
            for a, b in itertools.pairwise([*angles, angles[0]])
        ]
    return angles


def diffusion(cells: Any) -> Any:
    """Cells in steps, each with its neighbours: depth first, a cell's past is cut across the steps."""
    for _ in range(40):
        inner = [
            b + 0.1 * (a - 2.0 * b + c) - 0.01 * b * b
            for a, b, c in zip(cells, cells[1:], cells[2:], strict=False)
        ]
        cells = [cells[0], *inner, cells[-1]]
    return cells


SEEDS = st.integers(0, 10**9)
EVERY_MACHINE = pytest.mark.parametrize("machine", MACHINES)


def covered(program: Any, width: int = 4) -> float:
    """The share of a program's lines that are in loops."""
    loops = Rerolled.of(program, (), width).loops
    return sum(w.period * w.trips for w in loops) / len(program)


@EVERY_MACHINE
@settings(max_examples=15)
@given(SEEDS, SEEDS)
def test_loops_of_correctly_rounded_operations_are_the_reference(
    machine: Machine, seed: int, where: int
) -> None:
    exact_loops_are_the_reference(machine, seed, where)


@EVERY_MACHINE
@settings(max_examples=15)
@given(SEEDS, SEEDS)
def test_loops_have_the_bits_of_the_lines_written_out(
    machine: Machine, seed: int, where: int
) -> None:
    loops_are_the_lines_written_out(machine, seed, where)


@EVERY_MACHINE
@settings(max_examples=15)
@given(SEEDS, SEEDS, st.sampled_from([2, 3, 9, 21]))
def test_rows_through_loops_have_the_bits_of_their_points(
    machine: Machine, seed: int, where: int, rows: int
) -> None:
    rows_through_loops_are_their_points(machine, seed, where, rows)


@EVERY_MACHINE
def test_outputs_of_loops_go_past_the_cache(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = fg.trace(lambda xs, y: [x * y - y for x in xs] + [y - x for x in xs[::-1]])
    program = made([0.0] * 900, 0.0)
    rng = np.random.default_rng(0)
    table, column = rng.normal(size=(50, 900)), rng.normal(size=50)
    assert covered(program) > 0.99
    with NONE:
        wanted = Batch(program, False, machine).map((table, column), threads=1)
    monkeypatch.setattr("fgrad.backends.native.runtime.row_code.STREAM", 0)
    got = Batch(program, False, machine).map((table, column), threads=1)
    assert [bits(c) for c in got] == [bits(c) for c in wanted]


@EVERY_MACHINE
def test_literals_are_told_apart_by_their_bits(machine: Machine) -> None:
    zeros = [0.0, -0.0, 0.0, 0.0] * 100
    made = fg.trace(lambda x: [x * z for z in zeros])(1.0)
    assert covered(made) == 1.0
    assert bits(Entry.of(made, exact=True, machine=machine).run(2.0)) == bits(zeros)


@pytest.mark.parametrize(
    ("model", "x", "share"),
    [
        (fg.value_and_gradient(rosenbrock), start(500), 0.98),
        (fg.value_and_gradient(swing), [0.1] * 200, 0.95),
        (fg.value_and_gradient(fit), [1.0, 0.5], 0.95),
        (diffusion, [0.1 * k for k in range(30)], 0.9),
        (fg.value_and_gradient(recurrent), [0.1 * math.sin(k) for k in range(24)], 0.6),
        (turning, [0.1] * 120, 0.9),
        (lambda xs: [fg.where(x > 0.0, fg.sqrt(x), -x) for x in xs], [1.0] * 200, 0.95),
    ],
)
def test_loops_of_models_are_found_again(model: Any, x: list[float], share: float) -> None:
    fast = fg.compile(model, backend="native")
    kernel = fast.specialisation(x).kernel
    assert covered(kernel.program) > share
    assert 0 < fast.source.count("phi i64") <= 15
    value = fast.specialise(x)(x)
    with NONE:
        assert repr(value) == repr(fg.compile(model, backend="native").specialise(x)(x))


def test_equal_functions_of_one_time_round_are_called_at_once() -> None:
    text = Entry.of(fg.trace(recurrent)([0.1] * 24), exact=False, machine=MACHINES[-1]).text
    parts = text.split("define hidden void @part")[1:]
    loops = [part for part in parts if "phi i64" in part]
    width = MACHINES[-1].width
    assert any(f"@fgrad.tanh.{width}.apart(" in part for part in loops)


def test_what_moves_by_other_steps_is_another_loop() -> None:
    made = fg.trace(lambda xs: [*[fg.exp(x) for x in xs], *[fg.log(x) for x in xs[::-2]]])
    program = made([1.0] * 600)
    loops = find_loops(InstructionTable.of(program, ()), 4)
    assert sorted(w.trips for w in loops) == [300, 600]
    text = Entry.of(program, exact=False).text
    assert "internal constant" not in text.partition("define hidden void @part0")[2]


def test_a_pattern_that_moves_in_no_order_is_a_loop_that_looks_it_up() -> None:
    order = list(range(400))
    random.Random(1).shuffle(order)
    made = fg.trace(lambda xs: [xs[i] * xs[j] - 1.0 for i, j in itertools.pairwise(order)])
    program = made([0.0] * 400)
    assert covered(program) > 0.98
    x = [math.sin(k) for k in order]
    assert bits(Entry.of(program, exact=True).run(*x)) == bits(program.run(x))


@given(SEEDS)
def test_arrays_in_another_order_are_those_of_the_program_in_it(seed: int) -> None:
    made = looped(seed)
    order = by_depth(made)
    got, wanted = (
        InstructionTable.of(made, ()).reordered(order),
        InstructionTable.of(reordered(made, order), ()),
    )
    assert (got.values == wanted.values).all()
    assert (got.kinds == wanted.kinds).all()
    assert got.literals.tobytes() == wanted.literals.tobytes()
    with FEW:
        assert find_loops(got, 4) == find_loops(wanted, 4)


def test_what_raises_first_is_what_is_raised() -> None:
    """By depth the second would be called before the first."""

    first, second = failing("first"), failing("second")
    model = lambda cells: [*diffusion([first(fg.exp(cells[0])), *cells]), second(cells[1])]
    with pytest.raises(ArithmeticError, match="first"):
        fg.compile(model, backend="native")([0.1 * k for k in range(30)])


@pytest.mark.parametrize("target", FOREIGN, ids=lambda machine: f"{machine.triple} {machine.cpu}")
def test_loops_for_other_machines_call_no_library(target: Machine) -> None:
    def model(xs: Any) -> Any:
        steps = [fg.exp(fg.sin(x)) for x in xs]
        return [*steps, *[0.0] * 300, *xs[::-1], fg.value_and_gradient(rosenbrock)(xs)]

    machine = narrowed(4) if target.fma else narrowed(2)
    text = Entry.of(fg.trace(model)(start(300)), exact=False, machine=machine).text
    assert text.count("phi i64") >= 3
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    called = set(NAME.findall(compiled(text, target, BEST)))
    assert {name for name in called if not name.startswith((b"fgrad", b"part", b"run"))} == set()


def test_a_long_program_of_loops_has_its_best_code_at_once() -> None:
    fast: Any = fg.compile(fg.value_and_gradient(rosenbrock), backend="native")
    x = start(300)
    entry = fast.specialisation(x).kernel.entry
    assert len(entry.program) > LONG
    assert entry.level == BEST
    before = entry.cell[0]
    assert list(entry.improve()) == []
    assert entry.cell[0] == before


def test_random_programs_with_loops_are_found_to_have_some() -> None:
    with FEW:
        shares = [covered(looped(seed)) for seed in range(40)]
    assert sum(share > 0.5 for share in shares) > 30
