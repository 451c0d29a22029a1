"""What must hold of native code of any program; run by hand, of many thousand programs.

python -m tests.laws.native_laws [programs] [first]

`first` is the number of the first, so that several processes can share them.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import numpy as np

from fgrad.backends.native.codegen import lanes
from fgrad.backends.native.codegen.rows import RowProgram
from fgrad.backends.native.ir.machine import Machine
from fgrad.backends.native.runtime.batch import Batch
from fgrad.backends.native.runtime.entry import Entry
from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op
from fgrad.program.hoist import Split
from fgrad.program.program import Instruction, Program
from tests.measures.machines import MACHINES
from tests.measures.nearness import NATIVE, ulps
from tests.samples.loops import EXACT, INPUTS, looped
from tests.samples.networks import network
from tests.samples.programs import bits, point, program


def whole(seed: int) -> Program:
    """A random program all of whose values are outputs."""
    made = program(seed)
    count = len(made.inputs) + len(made.instructions)
    return Program(made.inputs, made.instructions, tuple(range(count))).check()


def exact_program(seed: int) -> Program:
    """A random program of operations that are rounded correctly, or not at all."""
    before = program(seed)
    instead: dict[int, Op] = {1: ops.sqrt, 2: ops.sub, 3: ops.clip}
    open_ended = {*NATIVE, "copysign"}  # it reads the sign of a nan
    lines: list[Instruction] = [
        (instead[op.arity] if op.name in open_ended else op, args)
        for op, args in before.instructions
    ]
    return Program(before.inputs, tuple(lines), before.outputs).check()


def _closed(made: Program) -> Program:
    """Without copysign, which reads the sign of a nan; IEEE 754 leaves that open."""
    lines = [(ops.mul if op is ops.copysign else op, args) for op, args in made.instructions]
    return Program(made.inputs, tuple(lines), made.outputs)


def far(op: Op, args: Sequence[Any], got: Any) -> float:
    """How far a result is from the meaning, in ulp."""
    meant = op.impl(*args)
    if op.truth:
        return 0.0 if got is meant else math.inf
    return ulps(got, meant)


def each_line_is_its_meaning(seed: int, where: int) -> None:
    """Each line, on what the lines before it gave, is within the bound of its operation."""
    made = whole(seed)
    inputs = point(where, len(made.inputs))
    values = Entry.of(made, exact=False).run(*inputs)
    for got, (op, args) in zip(values[len(inputs) :], made.instructions, strict=True):
        numbers = [values[a] if type(a) is int else a for a in args]
        assert far(op, numbers, got) <= NATIVE.get(op.name, 0), (op, numbers, got)


def each_row_is_its_point(
    machine: Machine, seed: int, where: int, rows: int, mask: int, *, exact: bool
) -> None:
    """Each row of columns has the bits of one point, computed by one vector or side by side by two.

    `mask` says which inputs are columns.
    """
    made = _closed(program(seed))
    wide = [i == 0 or bool(mask >> i & 1) for i in range(len(made.inputs))]
    one = point(where, len(wide))
    points = [
        [x if w else y for x, y, w in zip(point(where + k, len(wide)), one, wide, strict=True)]
        for k in range(rows)
    ]
    table = np.array(points).reshape(rows, len(wide))
    inputs = [table[:, i] if w else one[i] for i, w in enumerate(wide)]
    entry = Entry.of(made, exact=exact, machine=machine)
    wanted = [bits(entry.run(*x)) for x in points]
    for length in (0, 10**6):
        few = (length == 0) == (seed % 2 == 0)
        given = (table,) if few and all(wide) else inputs
        with mock.patch.object(lanes, "INTERLEAVED", length), registers(few=few):
            columns = Batch(made, exact, machine).map(given, threads=1)
        for k in range(rows):
            assert bits([c[k] for c in columns]) == wanted[k], (seed, where, k)


def exact_code_is_the_reference(machine: Machine, seed: int, where: int) -> None:
    """Without contraction, what IEEE 754 rounds has the bits of Python."""
    made = exact_program(seed)
    x = point(where, len(made.inputs))
    got = Entry.of(made, exact=True, machine=machine).run(*x)
    assert bits(got) == bits(made.run(x)), (seed, where)


@contextmanager
def registers(*, few: bool) -> Iterator[None]:
    """With few of them, values wait in memory even of short programs."""
    with ExitStack() as patches:
        if few:
            patches.enter_context(mock.patch.object(RowProgram, "registers", 4))
            patches.enter_context(mock.patch("fgrad.backends.native.codegen.rows.LIVE", 0))
        yield


def each_sum_is_that_of_its_rows(
    machine: Machine, made: Program, where: int, rows: int, mask: int, *, few: bool
) -> None:
    """Without contraction, each total is added to row by row, lane by lane, in all its bits.

    `mask` says which inputs are the same in each row; with `few`, registers are. What the last
    vector has in common with the one before counts once.
    """
    rng = random.Random(where)
    size = len(made.inputs)
    same = [bool(mask >> i % 8 & 1) and i < size - 1 for i in range(size)]
    strange = rng.choice((0.0, 0.0, 0.02, 0.5))
    drawn = [
        point(where + k, size)
        if rng.random() < strange
        else [rng.choice((0.0, 1.0, rng.uniform(-2.0, 2.0))) for _ in range(size)]
        for k in range(rows + 1)
    ]
    points = [[y if s else x for x, y, s in zip(row, drawn[0], same, strict=True)] for row in drawn]
    one, points = points[0], points[1:]
    table = np.array(points).reshape(rows, size)
    inputs = [one[i] if same[i] else table[:, i] for i in range(size)]
    with registers(few=few):
        batch = Batch(made, True, machine)
        got = batch.sum(inputs, threads=1)
    width = batch._lanes
    values = np.array([made.run(x) for x in points], float).reshape(rows, len(made.outputs))
    varies = Split.of(made, [not s for s in same]).outputs
    for value, (moves, _), sum_ in zip(values.T, varies, got, strict=True):
        totals = np.zeros(width)
        with np.errstate(all="ignore"):
            for begin in range(0, rows, width):
                first = max(0, min(begin, rows - width))
                for row in range(begin, min(begin + width, rows)):
                    totals[row - first] += value[row]
            wanted = totals.tolist()[0]
            for total in totals.tolist()[1:]:
                wanted += total
            if not moves:
                wanted = float(value[0]) * rows if rows else 0.0
        assert bits([sum_]) == bits([wanted]), (where, sum_, wanted)


FEW = mock.patch("fgrad.backends.native.rerolling.detect.MIN_SAVED", 20)
ALL = mock.patch("fgrad.backends.native.codegen.rows.LONG", 0)
"""With these, short loops are found too."""
NONE = mock.patch("fgrad.backends.native.rerolling.detect.find_loops", return_value=())


def exact_loops_are_the_reference(machine: Machine, seed: int, where: int) -> None:
    """The same of a program with loops."""
    made, x = looped(seed, EXACT), point(where, INPUTS)
    with FEW:
        got = Entry.of(made, exact=True, machine=machine).run(*x)
    assert bits(got) == bits(made.run(x)), (seed, where)


def loops_are_the_lines_written_out(machine: Machine, seed: int, where: int) -> None:
    """Loops have the bits of the same lines without any."""
    made, x = looped(seed), point(where, INPUTS)
    with FEW:
        got = Entry.of(made, exact=False, machine=machine).run(*x)
    with NONE:
        wanted = Entry.of(made, exact=False, machine=machine).run(*x)
    assert bits(got) == bits(wanted), (seed, where)


def rows_through_loops_are_their_points(machine: Machine, seed: int, where: int, rows: int) -> None:
    """Each row has the bits of one point, and a sum those of the sum without loops."""
    made, (columns, points) = looped(seed), _rows(random.Random(where), rows)
    with FEW, ALL:
        batch = Batch(made, False, machine)
        got = batch.map(columns, threads=1)
        summed = batch.sum(columns, threads=2)
    with NONE:
        one = Entry.of(made, exact=False, machine=machine)
        apart = Batch(made, False, machine).sum(columns, threads=1)
    for k, row in enumerate(points):
        assert bits([column[k] for column in got]) == bits(one.run(*row)), (seed, where, k)
    assert bits(summed) == bits(apart), (seed, where)


def _rows(rng: random.Random, rows: int) -> tuple[list[Any], list[list[float]]]:
    """Columns, tables and numbers for all inputs, and the point of each row."""
    given: list[Any] = []
    points: list[list[float]] = [[] for _ in range(rows)]
    while len(points[0]) < INPUTS:
        size = min(rng.choice((1, 1, 3, 20)), INPUTS - len(points[0]))
        table = np.array([point(rng.randrange(10**9), size) for _ in range(rows)])
        if rng.random() < 0.3:
            table[:] = table[0]
            given.append(float(table[0, 0]) if size == 1 else table[:1])
        else:
            given.append(table[:, 0].copy() if size == 1 else table)
        for row, of_row in zip(points, table.tolist(), strict=True):
            row.extend(of_row)
    return given, points


def main() -> None:
    """Try the laws on programs that are drawn, those of loops on one in ten."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    for seed in range(first, first + count):
        machine = MACHINES[seed // 10 % len(MACHINES)]
        each_line_is_its_meaning(seed, seed + 1)
        exact_code_is_the_reference(MACHINES[seed % len(MACHINES)], seed, seed + 2)
        for k, other in enumerate(MACHINES):
            rows = (seed + 10 * k) % 41
            each_row_is_its_point(other, seed, seed + 3, rows, seed % 16, exact=seed % 2 == 0)
        made = network(seed) if seed % 5 == 0 else exact_program(seed)
        rows, mask = seed % 41, seed // 2 % 256
        each_sum_is_that_of_its_rows(machine, made, seed + 7, rows, mask, few=seed % 2 == 0)
        if seed % 10 == 0:
            exact_loops_are_the_reference(machine, seed, seed + 4)
            loops_are_the_lines_written_out(machine, seed, seed + 5)
            rows_through_loops_are_their_points(machine, seed, seed + 6, 2 + seed // 10 % 39)
        if (seed + 1) % 1000 == 0:
            print(f"{seed + 1:,} programs", flush=True)


if __name__ == "__main__":
    main()
