"""The native tier: what it computes is the program, at one point, over rows, and in sums."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fgrad import operations as ops
from fgrad.op import Op
from fgrad.program import Line, Program
from tests.programs import AWKWARD, OPERATIONS, alone, bits, point, program

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

from fgrad.native.batch import Batch  # noqa: E402  # they need extras
from fgrad.native.entry import Entry  # noqa: E402  # likewise
from fgrad.native.machine import Machine  # noqa: E402  # likewise
from tests.machines import MACHINES  # noqa: E402  # likewise
from tests.nearness import NATIVE, ulps  # noqa: E402  # likewise

SEEDS = st.integers(0, 10**9)


EVERY_MACHINE = pytest.mark.parametrize(
    "machine", MACHINES, ids=lambda m: f"{m.width}{'' if m.fma else ' without fma'}"
)


def whole(seed: int) -> Program:
    """A random program all of whose values are outputs."""
    made = program(seed)
    count = len(made.inputs) + len(made.lines)
    return Program(made.inputs, made.lines, tuple(range(count))).check()


def far(op: Op, args: Sequence[Any], got: Any) -> float:
    """How far a result is from the meaning, in ulp."""
    meant = op.meaning(*args)
    if op.truth:
        return 0.0 if got is meant else math.inf
    return ulps(got, meant)


@given(SEEDS, SEEDS)
@settings(max_examples=150)
def test_each_line_of_a_program_is_what_its_operation_means(seed: int, where: int) -> None:
    made = whole(seed)
    given_ = point(where, len(made.inputs))
    values = Entry.of(made, exact=False).run(*given_)
    for got, (op, args) in zip(values[len(given_) :], made.lines, strict=True):
        numbers = [values[a] if type(a) is int else a for a in args]
        assert far(op, numbers, got) <= NATIVE.get(op.name, 0), (op, numbers, got)


@EVERY_MACHINE
@given(seed=SEEDS, where=SEEDS, rows=st.integers(1, 40), mask=st.integers(0, 15))
@settings(max_examples=40)
def test_each_row_has_the_bits_of_the_point(
    machine: Machine, seed: int, where: int, rows: int, mask: int
) -> None:
    for exact in (True, False):
        made = program(seed)
        wide = [i == 0 or bool(mask >> i & 1) for i in range(len(made.inputs))]
        one = point(where, len(wide))
        points = [
            [x if w else y for x, y, w in zip(point(where + k, len(wide)), one, wide, strict=True)]
            for k in range(rows)
        ]
        table = np.array(points).reshape(rows, len(wide))
        inputs = [table[:, i] if w else one[i] for i, w in enumerate(wide)]
        columns = Batch(made, exact, machine).map(inputs, threads=1)
        entry = Entry.of(made, exact=exact, machine=machine)
        for k, x in enumerate(points):
            assert bits([c[k] for c in columns]) == bits(entry.run(*x))


def exact_program(seed: int) -> Program:
    """A random program of operations that are rounded correctly, or not at all."""
    before = program(seed)
    instead: dict[int, Op] = {1: ops.sqrt, 2: ops.sub, 3: ops.clip}
    open_ended = {*NATIVE, "copysign"}  # it reads the sign of a nan
    lines: list[Line] = [
        (instead[op.arity] if op.name in open_ended else op, args) for op, args in before.lines
    ]
    return Program(before.inputs, tuple(lines), before.outputs).check()


@EVERY_MACHINE
@given(seed=SEEDS, where=SEEDS)
@settings(max_examples=100)
def test_exact_code_has_the_bits_of_the_reference(machine: Machine, seed: int, where: int) -> None:
    made = exact_program(seed)
    x = point(where, len(made.inputs))
    assert bits(Entry.of(made, exact=True, machine=machine).run(*x)) == bits(made.run(x))


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)
def test_every_operation_keeps_its_special_values(op: Op) -> None:
    entry = Entry.of(alone(op), exact=False)
    for x in itertools.product(AWKWARD, repeat=len(entry.program.inputs)):
        assert far_alone(op, x, entry.run(*x)[0]) <= NATIVE.get(op.name, 0), x


def far_alone(op: Op, x: tuple[float, ...], got: Any) -> float:
    return ulps(got, alone(op).run(x)[0])
