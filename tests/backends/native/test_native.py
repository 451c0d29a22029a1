"""The native backend: what it computes is the program, at one point, over rows, and in sums."""

import itertools
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fgrad as fg
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Item, MultiOp
from fgrad.ops.primitive import Op
from fgrad.program.passes import simplified
from fgrad.program.program import Instruction, Program
from tests.samples.programs import AWKWARD, OPERATIONS, alone, bits, program

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

from fgrad.backends.native.codegen.lanes import LIVE, lanes, writes_much  # noqa: E402  # likewise
from fgrad.backends.native.codegen.point import LONG  # noqa: E402  # likewise
from fgrad.backends.native.codegen.selection import ATTRIBUTES  # noqa: E402  # likewise
from fgrad.backends.native.codegen.spill import Slots  # noqa: E402  # likewise
from fgrad.backends.native.ir.machine import Machine  # noqa: E402  # likewise
from fgrad.backends.native.math.fma import contracted  # noqa: E402  # likewise
from fgrad.backends.native.rerolling.partition import regions  # noqa: E402  # likewise
from fgrad.backends.native.runtime.background import Worker  # noqa: E402  # likewise
from fgrad.backends.native.runtime.batch import Batch  # noqa: E402  # they need extras
from fgrad.backends.native.runtime.entry import Entry  # noqa: E402  # likewise
from fgrad.backends.native.runtime.llvm import BEST, compiled, host  # noqa: E402  # likewise
from fgrad.backends.native.runtime.object_code import Request, trampoline_code  # noqa: E402  # likewise
from fgrad.backends.native.runtime.row_code import BLOCK  # noqa: E402  # likewise
from tests.laws.native_laws import (  # noqa: E402  # likewise
    each_line_is_its_meaning,
    each_row_is_its_point,
    exact_code_is_the_reference,
)
from tests.measures.machines import EVERY_MACHINE, MACHINES  # noqa: E402  # likewise
from tests.measures.nearness import NATIVE, ulps  # noqa: E402  # likewise

SEEDS = st.integers(0, 10**9)
HASWELL = Machine("x86_64-linux-gnu", "haswell", "+avx,+avx2,+fma")
"""For choices that are told by the machine, whichever runs the tests."""


@given(SEEDS, SEEDS)
@settings(max_examples=150)
def test_each_line_of_a_program_is_what_its_operation_means(seed: int, where: int) -> None:
    each_line_is_its_meaning(seed, where)


@EVERY_MACHINE
@given(
    seed=SEEDS, where=SEEDS, rows=st.integers(1, 40), mask=st.integers(0, 15), exact=st.booleans()
)
@settings(max_examples=60)
def test_each_row_has_the_bits_of_the_point(
    machine: Machine, seed: int, where: int, rows: int, mask: int, *, exact: bool
) -> None:
    each_row_is_its_point(machine, seed, where, rows, mask, exact=exact)


@EVERY_MACHINE
@given(seed=SEEDS, where=SEEDS)
@settings(max_examples=100)
def test_exact_code_has_the_bits_of_the_reference(machine: Machine, seed: int, where: int) -> None:
    exact_code_is_the_reference(machine, seed, where)


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)
def test_every_operation_keeps_its_special_values(op: Op) -> None:
    made = alone(op)
    entry = Entry.of(made, exact=False)
    for x in itertools.product(AWKWARD, repeat=len(made.inputs)):
        assert ulps(entry.run(*x)[0], made.run(x)[0]) <= NATIVE.get(op.name, 0), x


def test_a_product_is_rounded_once_with_its_sum_and_only_where_it_is_allowed() -> None:
    made = fg.trace(lambda x, y, z: x * y + z)(0.0, 0.0, 0.0)
    x = 1.0 + 2.0**-30
    machine = MACHINES[1]
    assert machine.fma
    once, twice = (Entry.of(made, exact=e, machine=machine).run(x, x, -1.0) for e in (False, True))
    assert once == (2.0**-29 + 2.0**-60,)
    assert twice == (2.0**-29,)
    used_twice = simplified(fg.trace(lambda x, y, z: (x * y + z, x * y))(0.0, 0.0, 0.0))
    assert Entry.of(used_twice, exact=False, machine=machine).run(x, x, -1.0)[0] == 2.0**-29


@given(SEEDS, SEEDS)
@settings(max_examples=60)
def test_contraction_computes_the_same_but_for_roundings(seed: int, where: int) -> None:
    rng = random.Random(seed)
    operations = (ops.add, ops.sub, ops.mul, ops.neg, ops.square)
    lines: list[Instruction] = []
    for k in range(rng.randint(1, 30)):
        op = rng.choice(operations)
        args = [rng.randrange(3 + k) if rng.random() < 0.9 else 0.5 for _ in op.kinds]
        lines.append((op, tuple(args)))
    made = Program(("x", "y", "z"), tuple(lines), (2 + len(lines),)).check()
    # Whole numbers and halves: all that is computed is exact, so nothing is rounded at all.
    x = [float(random.Random(where + i).randint(-3, 3)) for i in range(3)]
    got = contracted(made).run(x)
    if all(abs(v) < 2.0**20 for v in _values(made, x)):
        assert bits(got) == bits(made.run(x)) or got == made.run(x) == (0.0,)


def _values(made: Program, x: Sequence[float]) -> list[float]:
    count = len(made.inputs) + len(made.instructions)
    return list(Program(made.inputs, made.instructions, tuple(range(count))).run(x))


@EVERY_MACHINE
def test_long_programs_go_through_scratch(machine: Machine) -> None:
    def model(x: Any, y: Any) -> Any:
        early = [fg.sin(x * k) + y for k in range(40)]
        total = x
        for k in range(1500):
            total = fg.where(fg.less(total, 3.0), total * 1.001 + early[k % 40], total - 2.5)
        return total, fg.less(total, 0.0)

    made = fg.trace(lambda x, y: model(x, y)[0])(0.0, 0.0)
    x = np.linspace(-1.0, 1.0, 21)
    exactly = Batch(made, True, machine).map((x, 0.25), threads=1)[0]
    entry = Entry.of(made, exact=True, machine=machine)
    assert len(made) > 4000
    assert bits(exactly) == bits([entry.run(v, 0.25)[0] for v in x.tolist()])
    assert all(
        abs(got - made.run((v, 0.25))[0]) < 1e-9 for v, got in zip(x.tolist(), exactly, strict=True)
    )


@EVERY_MACHINE
@given(seed=SEEDS, rows=st.integers(0, 40), columns=st.integers(1, 19), threads=st.integers(1, 3))
@settings(max_examples=25)
def test_tables_are_read_as_their_columns(
    machine: Machine, seed: int, rows: int, columns: int, threads: int
) -> None:
    made = fg.trace(lambda x, y: [x[0] - y, fg.sum([a * k for k, a in enumerate(x)]), x[-1], *x])(
        [1.0] * columns, 2.0
    )
    rng = np.random.default_rng(seed)
    big = rng.normal(size=(3 * rows, 2 * columns))
    batch = Batch(made, True, machine)
    y = rng.normal(size=rows)
    for table in (
        big[:rows, :columns].copy(), big[::3, :columns], big[::-3, columns:], big[:rows, ::2],
        np.asfortranarray(big[:rows, :columns]), big[:rows, :columns].astype(np.float32),
    ):  # fmt: skip
        wanted = [made.run([*map(float, r), v]) for r, v in zip(table, y.tolist(), strict=True)]
        got = batch.map((table, y), threads=threads)
        assert [bits(row) for row in zip(*(c.tolist() for c in got), strict=True)] == [
            bits(row) for row in wanted
        ]


@EVERY_MACHINE
@pytest.mark.parametrize("rows", [0, 1, 2, 7, 8, 9, 40, BLOCK - 1, BLOCK + 3, 3 * BLOCK + 5])
def test_sums_are_of_the_rows_and_the_same_on_any_number_of_threads(
    machine: Machine, rows: int
) -> None:
    def model(x: Any, y: Any, k: Any) -> Any:
        return [fg.exp(x) * y, x - k, k * k], x

    made = fg.trace(model)(0.0, 0.0, 0.0)
    rng = np.random.default_rng(rows)
    given_ = (rng.normal(size=rows), rng.normal(size=rows), 1.5)
    batch = Batch(made, False, machine)
    sums = batch.sum(given_, threads=1)
    columns = batch.map(given_, threads=1)
    for got, column in zip(sums, columns, strict=True):
        size = float(np.abs(column).sum())
        assert abs(got - math.fsum(column.tolist())) <= 1e-15 * (1.0 + size) * 8
    assert [bits(batch.sum(given_, threads=n)) for n in (2, 3, 5)] == [bits(sums)] * 3


def test_truth_values_are_bytes_in_columns_and_count_in_sums() -> None:
    lines: tuple[Instruction, ...] = (
        (ops.less, (0, 1)),
        (ops.logical_not, (2,)),
        (ops.less, (1, 2.0)),
    )
    made = Program(("x", "y"), lines, (2, 3, 4)).check()
    x = np.arange(10.0)
    less, other, same = Batch(made, True).map((x, 4.0), threads=1)
    assert less.dtype == other.dtype == same.dtype == np.bool_
    assert less.tolist() == [v < 4.0 for v in x] == [not v for v in other]
    assert not same.any()
    assert Batch(made, True).sum((x, 4.0), threads=1) == (4.0, 6.0, 0.0)
    entry = Entry.of(made, exact=True)
    call = entry.on_floats(entry.run, single=False)
    assert call(1.0, 1.5) == entry.run(1.0, 1.5) == (True, False, True)
    assert all(type(v) is bool for v in call(1.0, 1.5))


def test_what_is_not_known_is_called_by_its_meaning() -> None:
    seen: list[float] = []

    def meaning(x: float) -> float:
        seen.append(x)
        if x == 3.0:
            raise ArithmeticError("three")
        return x + 0.5

    odd = fg.Unary("odd", meaning, lambda out, x: 1.0)
    fast = fg.compile(lambda x: odd(x) * 2.0, backend="native")
    assert fast(1.0) == 3.0
    assert fast.map(np.array([1.0, 2.0])).tolist() == [3.0, 5.0]
    for again in range(2):
        with pytest.raises(ArithmeticError, match="three"):
            fast(3.0)
        with pytest.raises(ArithmeticError, match="three"):
            fast.map(np.array([1.0, 3.0] * 5000), threads=1 + again)
    assert fast(2.0) == 5.0
    assert set(seen) == {1.0, 2.0, 3.0}


def test_several_results_come_from_a_call_of_the_meaning() -> None:
    both = MultiOp("both", lambda x, y: (x + y, x * y), 2, 2, lambda outs, args, bars: [None, None])
    lines: tuple[Instruction, ...] = (
        (ops.neg, (0,)), (both, (2, 1)), (Item.at(1), (3,)), (Item.at(0), (3,)), (ops.sub, (4, 5)),
    )  # fmt: skip
    made = Program(("x", "y"), lines, (6, 5)).check()
    x = np.arange(5.0)
    assert Entry.of(made, exact=True).run(2.0, 3.0) == made.run((2.0, 3.0)) == (-7.0, 1.0)
    got = Batch(made, True).map((x, 3.0), threads=1)
    assert list(zip(*(c.tolist() for c in got), strict=True)) == [made.run((v, 3.0)) for v in x]


def test_code_that_was_kept_is_found_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FGRAD_CACHE", str(tmp_path / "kept"))
    made = fg.trace(lambda x, y: fg.exp(x) * y)(0.0, 0.0)
    first = Entry.of(made, exact=False).run(1.0, 2.0)
    column = Batch(made, False).map((np.array([1.0]), 2.0), threads=1)[0]

    def fail(*args: object, **kwargs: object) -> object:
        raise AssertionError

    monkeypatch.setattr("fgrad.backends.native.codegen.point.emit_functions", fail)
    monkeypatch.setattr("fgrad.backends.native.codegen.rows.emit_functions", fail)
    assert Entry.of(made, exact=False).run(1.0, 2.0) == first
    assert Batch(made, False).map((np.array([1.0]), 2.0), threads=1)[0] == column
    with pytest.raises(AssertionError):
        Entry.of(made, exact=True)
    for file in (tmp_path / "kept").rglob("*.fgrad"):
        file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(AssertionError):
        Entry.of(made, exact=False)


def test_what_stands_between_python_and_code_is_kept_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FGRAD_CACHE", str(tmp_path / "kept"))

    def answers() -> list[Any]:
        trampoline_code.cache_clear()
        fast = fg.compile(lambda x, y: fg.exp(x) * y, backend="native")
        column = np.array([0.5, 1.0])
        few = [fast.map(column, 2.0).tolist() for _ in range(3)]
        return [fast.specialise(1.0, 2.0)(1.0, 2.0), *few]

    first = answers()
    monkeypatch.setattr(
        "fgrad.backends.native.runtime.object_code.compiled", lambda *_: b"none of this is code"
    )
    assert answers() == first


def test_better_code_is_taken_from_the_next_call_on() -> None:
    def model(x: Any) -> Any:
        for k in range(1600):
            x = fg.sin(x) * 1.5 if random.Random(k).random() < 0.5 else x + 0.001 * k
        return x

    fast = fg.compile(model, backend="native")
    wanted = fast(0.5)
    kernel = fast.specialisation(0.5).kernel
    assert len(kernel.program) > LONG
    assert kernel.run(0.5) == (wanted,)
    kernel.entry.cell[1] = 3
    before = kernel.entry.cell[0]
    deadline = time.monotonic() + 60.0
    while kernel.entry.cell[0] == before and time.monotonic() < deadline:
        assert kernel.run(0.5) == (wanted,)
    assert kernel.entry.cell[0] != before
    assert kernel.run(0.5) == (wanted,) == kernel.entry.run(0.5)


def test_two_vectors_are_computed_unless_there_is_too_much_of_them() -> None:
    def functions(count: int) -> Callable[[Any], Any]:
        return lambda x: fg.sum([fg.sin(x * k) for k in range(count)])

    def products(count: int) -> Callable[[Any], Any]:
        return lambda x: [x * k for k in range(count)]

    def functions_of_many(x: Any) -> Any:
        return [fg.tanh(y) for y in products(LIVE + 3)(x)]

    machine = HASWELL
    for f, wanted in (
        (functions(12), 8),
        (functions(90), 4),
        (products(LIVE), 8),
        (products(LIVE + 3), 4),
        (functions_of_many, 8),
    ):
        assert lanes(fg.trace(f)(0.0), machine) == wanted


def test_what_computes_long_for_each_output_does_not_go_past_the_cache() -> None:
    machine = HASWELL
    assert writes_much(fg.trace(lambda x: [x, x * x, x + 1.0])(0.0), machine)
    assert not writes_much(fg.trace(lambda x: [x, fg.erfc(fg.exp(x))])(0.0), machine)


def test_many_zeros_are_written_without_a_library() -> None:
    fast = fg.compile(lambda x: [*[0.0] * 300, x], backend="native")
    assert fast(2.0) == [*[0.0] * 300, 2.0]
    text = fast.source
    assert b"memset" not in compiled(text, host(), BEST)
    assert b"memset" in compiled(text.replace(ATTRIBUTES, "nounwind"), host(), BEST)


def test_a_literal_is_not_the_value_of_that_number() -> None:
    lines: tuple[Instruction, ...] = (
        (ops.sin, (0,)),
        (ops.cos, (0,)),
        (ops.sin, (0.0,)),
        (ops.cos, (1,)),
    )
    made = Program(("x", "y"), lines, (2, 3, 4, 5)).check()
    values = Entry.of(made, exact=True).run(0.7, 1.0)
    assert values[2] == 0.0
    assert values == pytest.approx(made.run((0.7, 1.0)), rel=1e-15)
    assert Batch(made, True).map((np.array([0.7]), 1.0), threads=1)[2].tolist() == [0.0]


def test_other_interpreters_are_served_through_ctypes(monkeypatch: pytest.MonkeyPatch) -> None:
    def slope(x: Any, y: Any) -> Any:
        return fg.gradient(lambda p: fg.exp(p[0] * p[1]))((x, y))

    def of_list(p: Any) -> Any:
        return [p[0] * p[1], fg.sin(p[0])]

    def answers() -> list[Any]:
        fast: Any = fg.compile(slope, backend="native")
        listed: Any = fg.compile(of_list, backend="native")
        column = np.array([0.5, -2.0])
        return [
            fast(0.5, 2.0), fast.specialise(0.0, 0.0)(0.5, 2.0),
            listed.specialise(np.zeros(2))(column).tolist(), listed([0.5, -2.0]),
            [c.tolist() for c in fast.map(column, 2.0)], fast.sum(column, 2.0),
        ]  # fmt: skip

    usual = answers()
    assert "built-in" in repr(fg.compile(slope, backend="native").specialise(0.0, 0.0))
    monkeypatch.setattr("fgrad.backends.buffers.cpython.floats", lambda: None)
    monkeypatch.setattr("fgrad.backends.buffers.cpython.arrays", lambda: None)
    assert "built-in" not in repr(fg.compile(slope, backend="native").specialise(0.0, 0.0))
    assert answers() == usual


@given(SEEDS, st.integers(1, 6))
def test_what_waits_in_scratch_is_there_when_it_is_used(seed: int, part: int) -> None:
    made = program(seed, 60)
    scratch = Slots.of(made, regions(len(made), part))
    inputs = len(made.inputs)
    memory: dict[int, int] = {}
    for i, (_, args) in enumerate(made.instructions):
        for a in args:
            if type(a) is int and a >= inputs and (a - inputs) // part < i // part:
                assert memory[scratch.of_value[a]] == a
        if inputs + i in scratch.of_value:
            memory[scratch.of_value[inputs + i]] = inputs + i
    assert set(scratch.of_value.values()) == set(range(scratch.size))


@EVERY_MACHINE
def test_large_outputs_go_past_the_cache_with_the_same_bits(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = fg.trace(lambda x, y: [fg.sqrt(x) * y, x - y, fg.exp(y)])(0.0, 0.0)
    rng = np.random.default_rng(0)
    ways: set[str] = set()
    for rows in (*range(1, 41), 1000):
        given_ = rng.normal(size=rows), rng.normal(size=rows)
        monkeypatch.setattr("fgrad.backends.native.runtime.row_code.STREAM", 1 << 40)
        wanted = [bits(c) for c in Batch(made, False, machine).map(given_, threads=1)]
        monkeypatch.setattr("fgrad.backends.native.runtime.row_code.STREAM", 0)
        batch = Batch(made, False, machine)
        assert [bits(c) for c in batch.map(given_, threads=1 + rows % 3)] == wanted
        for offset in (0, 1, 5):
            room = np.full(3 * rows + 24, -7.0)
            outs = [room[k * (rows + 8 - rows % 8) + offset :][:rows] for k in range(3)]
            batch.map_to(outs, given_, threads=1 + rows % 2)
            assert [bits(c) for c in outs] == wanted
            assert (room == -7.0).sum() == 24
        ways |= {way for way, _ in batch._codes}
    assert ways == {"map", "stream"}


def test_outputs_may_lie_in_the_inputs_at_other_rows() -> None:
    made = fg.trace(lambda x, y: [x * y, x + y])(0.0, 0.0)
    batch = Batch(made, True)
    for shift in (-700, -1, 0, 1, 700):
        room = np.arange(20_000.0)
        x, y, out = room[1000:8000], room[10_000:17_000], room[1000 + shift : 8000 + shift]
        wanted = [x * y, x + y]
        batch.map_to((out, np.empty(7000)), (x, y), threads=1)
        assert np.array_equal(out, wanted[0]), shift


def test_code_on_disk_is_named_by_all_that_it_depends_on(monkeypatch: pytest.MonkeyPatch) -> None:
    made, other = (fg.trace(lambda x, k=k: x * k)(1.0) for k in (2.0, 3.0))
    machine = MACHINES[0]
    requests = [
        Request(made, "point", 0, machine), Request(other, "point", 0, machine),
        Request(made, "sum", 0, machine), Request(made, "point", 2, machine),
        *[
            Request(made, "point", 0, attrs.evolve(machine, **{part: "another"}))
            for part in ("triple", "cpu", "features")
        ],
    ]  # fmt: skip
    keys = [request.key for request in requests]
    monkeypatch.setattr("fgrad.backends.native.runtime.object_code.version", lambda: "another")
    keys.append(requests[0].key)
    monkeypatch.setattr(
        "fgrad.backends.native.runtime.object_code.source_digest", lambda: "another"
    )
    keys.append(requests[0].key)
    assert None not in keys
    assert len(set(keys)) == len(keys)
    monkeypatch.setattr("fgrad.backends.native.runtime.object_code.source_digest", lambda: None)
    assert requests[0].key is None


def test_work_in_the_background_stops_at_its_next_step() -> None:
    began = Event()
    steps: list[int] = []

    def work() -> Iterator[None]:
        while len(steps) < 10_000:
            steps.append(len(steps))
            began.set()
            time.sleep(0.001)
            yield

    worker = Worker()
    worker.submit(work)
    began.wait(10.0)
    worker.stop()
    assert 0 < len(steps) < 10_000
