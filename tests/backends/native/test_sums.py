"""Sums over rows: guards on factors, tiles, and what waits in memory."""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fgrad as fg
from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op
from fgrad.program.passes import simplified
from fgrad.program.program import Program
from tests.samples.networks import network
from tests.samples.programs import bits, point, program

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

import llvmlite.binding as llvm  # noqa: E402  # they need extras

from fgrad.backends.buffers import cpython  # noqa: E402  # likewise
from fgrad.backends.native.codegen.masks import PROPAGATES_NAN, with_masked_factors  # noqa: E402  # likewise
from fgrad.backends.native.codegen.rows import RowProgram  # noqa: E402  # likewise
from fgrad.backends.native.codegen.spill import spill_plan  # noqa: E402  # likewise
from fgrad.backends.native.codegen.sums import accumulating  # noqa: E402  # likewise
from fgrad.backends.native.codegen.tiling import tiled  # noqa: E402  # likewise
from fgrad.backends.native.ir.machine import Machine  # noqa: E402  # likewise
from fgrad.backends.native.math.fma import contracted, fused  # noqa: E402  # likewise
from fgrad.backends.native.runtime.batch import Batch  # noqa: E402  # likewise
from fgrad.backends.native.runtime.llvm import BEST, compiled  # noqa: E402  # likewise
from fgrad.program.hoist import Split  # noqa: E402  # likewise
from tests.backends.native.test_exponential import FOREIGN, NAME  # noqa: E402  # likewise
from tests.laws.native_laws import each_sum_is_that_of_its_rows, exact_program  # noqa: E402  # likewise
from tests.measures.machines import EVERY_MACHINE  # noqa: E402  # likewise

SEEDS = st.integers(0, 10**9)


@EVERY_MACHINE
@given(seed=SEEDS, rows=st.integers(0, 40), mask=st.integers(0, 255), few=st.booleans())
@settings(max_examples=25)
def test_each_sum_is_that_of_its_rows(
    machine: Any, seed: int, rows: int, mask: int, *, few: bool
) -> None:
    made = network(seed) if seed % 2 else exact_program(seed)
    each_sum_is_that_of_its_rows(machine, made, seed, rows, mask, few=few)


def _loose(made: Program) -> Program:
    whole = accumulating(made)
    return with_masked_factors(whole, len(whole.inputs))


def folded(made: Program, rows: list[tuple[float, ...]], inside: list[float]) -> list[float]:
    """The totals after these rows, by the implementation of an accumulating program."""
    totals = [0.0] * len(made.outputs)
    for x, counts in zip(rows, inside, strict=True):
        totals = list(made.run((*x, counts, *totals)))
    return totals


@given(seed=SEEDS, usual=st.floats(0.0, 1.0))
@settings(max_examples=150)
def test_finite_sums_are_the_same_with_guards_on_factors(seed: int, usual: float) -> None:
    rng = random.Random(seed)
    made = network(seed) if rng.random() < 0.8 else program(seed)
    whole = accumulating(made)
    loose = with_masked_factors(whole, len(whole.inputs))
    size = len(made.inputs)
    rows = [
        tuple(rng.choice((0.0, -0.0, rng.uniform(-2.0, 2.0))) for _ in range(size))
        if rng.random() < usual
        else point(rng.randrange(10**9), size)
        for _ in range(5)
    ]
    inside = [float(rng.random() < 0.7) for _ in rows]
    got, wanted = folded(loose, rows, inside), folded(whole, rows, inside)
    for x, y in zip(got, wanted, strict=True):
        assert bits([x]) == bits([y]) or not math.isfinite(x)
    if all(map(math.isfinite, got)):
        assert bits(got) == bits(wanted)


def test_a_guard_is_on_one_factor_of_many_products() -> None:
    def loss(w: Any, x: Any, y: Any) -> Any:
        return fg.relu(1.0 - y * sum(a * b for a, b in zip(w, x, strict=True)))

    row = [1.0] * 12
    made = simplified(fg.trace(fg.gradient(loss))(row, row, 1.0))
    whole = accumulating(made)
    assert counted(whole)["where"] == 2 * 12
    loose = contracted(with_masked_factors(whole, len(whole.inputs)))
    # The slope of relu, in the rows that count: what is left are products with it.
    assert counted(loose)["where"] == 1
    assert counted(loose)["fused"] == 12 + 1 + 12


def counted(made: Program) -> Counter[str]:
    return Counter(op.name for op, _ in made.instructions)


def test_a_literal_truth_value_is_no_condition_of_its_own() -> None:
    lines = (
        (ops.greater, (0, 0.0)),
        (ops.logical_and, (2, True)),
        (ops.mul, (0, 1)),
        (ops.where, (3, 4, 0.0)),
    )
    loose = _loose(Program(("x", "y"), lines, (5,)).check())
    assert folded(loose, [(2.0, 3.0), (-1.0, 3.0)], [1.0, 1.0]) == [6.0]


def test_a_guard_stays_where_a_nan_would_be_lost() -> None:
    def model(x: Any, y: Any) -> Any:
        return fg.where(fg.where(x > 0.0, x * y, 0.0) > 1.0, 1.0, 2.0)

    whole = accumulating(fg.trace(model)(1.0, 1.0))
    loose = with_masked_factors(whole, len(whole.inputs))
    assert (ops.mul, (0, 1)) in loose.instructions
    assert folded(loose, [(-1.0, math.inf)], [1.0]) == [2.0]


def test_a_guard_stays_on_what_is_infinite_where_it_does_not_hold() -> None:
    """Of zeros, as rows are filled up with, all sums would have to be made twice."""
    slope = fg.gradient(lambda x, k: fg.where(x > 0.0, k * fg.log(x), 0.0), argnums=(0, 1))
    made = simplified(fg.trace(slope)(1.0, 1.0))
    loose = _loose(made)
    assert folded(loose, [(0.0, 3.0), (2.0, 3.0)], [1.0, 1.0]) == [1.5, math.log(2.0)]


def test_sums_that_are_not_finite_are_made_with_all_guards() -> None:
    slopes = fg.compile(fg.gradient(lambda k, x: fg.relu(k * x)), backend="native")
    x = np.array([1.0, 2.0, -math.inf, 3.0, -math.inf, 4.0, 5.0, 6.0, 7.0, 8.0] * 3)
    into = np.empty(())
    for _ in range(5):  # the long way, and then by a builtin
        assert slopes.sum(1.0, x) == 108.0
        assert slopes.sum(1.0, x, out=into) == 108.0
    assert slopes.sum(1.0, np.array([math.inf, 1.0, -math.inf, 2.0] * 4)) == math.inf


@pytest.mark.skipif(cpython.arrays() is None, reason="objects lie otherwise")
@EVERY_MACHINE
@given(seed=SEEDS, more=st.integers(0, 60))
@settings(max_examples=6, deadline=None)
def test_weights_in_one_row_are_read_where_they_are(machine: Machine, seed: int, more: int) -> None:
    made = network(seed)
    rng = np.random.default_rng(seed)
    size = len(made.inputs)
    weights = rng.normal(size=(1, size - 3)) if size > 4 else rng.normal(size=(1, 2))
    batch = Batch(made, seed % 2 == 0, machine)
    # Fewer rows than code has lanes are no matter for a builtin.
    rows = batch._lanes + more
    others = [rng.normal(size=rows) for _ in range(size - weights.shape[1])]
    wanted = batch.sum([weights, *others], threads=1)
    apart = batch.sum([*weights[0].tolist(), *others], threads=1)
    for _ in range(3):
        batch.sum([weights, *others], threads=1)
    assert bits(batch.few.call("sum", weights, *others)) == bits(wanted) == bits(apart)


def test_sums_may_go_to_where_the_weights_were() -> None:
    loss = fg.compile(
        fg.gradient(lambda w, x: sum(a * b * b for a, b in zip(w, x, strict=True))),
        backend="native",
    )
    x = np.arange(40.0).reshape(10, 4)
    for _ in range(5):
        weights = np.ones((1, 4))
        loss.sum(weights, x, out=weights[0])
        assert weights[0].tolist() == (x * x).sum(axis=0).tolist()


@given(seed=SEEDS, room=st.integers(4, 16))
@settings(max_examples=80)
def test_tiles_are_the_same_lines_in_another_order(seed: int, room: int) -> None:
    rng = random.Random(seed)
    made = network(seed) if rng.random() < 0.8 else program(seed)
    whole = contracted(_loose(made))
    order = tiled(whole, room).check()
    assert Counter(op for op, _ in order.instructions) == Counter(
        op for op, _ in whole.instructions
    )
    x = (*point(seed, len(made.inputs)), 1.0, *[0.5] * len(made.outputs))
    assert bits(order.run(x)) == bits(whole.run(x))


def layer(x: Any, w: Any) -> list[Any]:
    values = [fg.exp(v) for v in x]
    return [sum(a * b for a, b in zip(values, row, strict=True)) for row in w]


@pytest.mark.parametrize(("room", "side"), [(7, 4), (16, 8), (2, 1)])
def test_sums_of_the_same_values_are_computed_side_by_side(room: int, side: int) -> None:
    made = contracted(simplified(fg.trace(layer)([1.0] * 6, [[1.0] * 6] * 8)))
    order = tiled(made, room)
    values = [len(made.inputs) + k for k, (op, _) in enumerate(order.instructions) if op is ops.exp]
    factors = [a for op, args in order.instructions if op is fused for a in args[:2] if a in values]
    assert factors == [x for _ in range(8 // side) for x in values for _ in range(side)]


@given(seed=SEEDS, room=st.integers(3, 12))
@settings(max_examples=100)
def test_a_plan_has_room_for_what_is_at_hand(seed: int, room: int) -> None:
    made = network(seed) if seed % 2 else program(seed)
    found = spill_plan(made, 0, len(made), room, lambda x: [x])
    here: set[int] = set()
    came: Counter[int] = Counter()
    last = {a: k for k, (_, args) in enumerate(made.instructions) for a in args if type(a) is int}
    for k, (_, args) in enumerate(made.instructions):
        for a in {a for a in args if type(a) is int} - here:
            came[a] += 1
            here.add(a)
        here.add(len(made.inputs) + k)
        here -= {a for a in here if last.get(a, -1) <= k}
        assert here.issuperset(found.evicted[k])
        here -= set(found.evicted[k])
        assert len(here) <= room
    again = {a for a, n in came.items() if n > (1 if a < len(made.inputs) else 0)}
    assert again == found.spilled
    assert sum(came.values()) <= brought_by_age(made, room)


def brought_by_age(made: Program, room: int) -> int:
    """How often values are brought if the one leaves that was not needed for the longest time."""
    here: dict[int, None] = {}
    came = 0
    last = {a: k for k, (_, args) in enumerate(made.instructions) for a in args if type(a) is int}
    for k, (_, args) in enumerate(made.instructions):
        for a in dict.fromkeys([a for a in args if type(a) is int]):
            came += a not in here
            here.pop(a, None)
            here[a] = None
        here[len(made.inputs) + k] = None
        here = {a: None for a in here if last.get(a, -1) > k}
        while len(here) > room:
            del here[next(iter(here))]
    return came


def test_what_is_too_large_for_a_product_rounded_with_its_sum_is_infinite() -> None:
    assert fused.impl(1e308, 1.5, 1e308) == math.inf
    assert fused.impl(-1e308, 1.5, -1e308) == -math.inf
    assert fused.impl(1e308, 2.0, -1e308) == 1e308


@pytest.mark.parametrize("op", sorted(PROPAGATES_NAN, key=repr), ids=repr)
def test_what_is_honest_hands_a_nan_on(op: Op) -> None:
    for k in range(op.arity):
        args = [math.nan if i == k else 0.0 for i in range(op.arity)]
        assert math.isnan(op.impl(*args))
        zeros = [op.impl(*[z if i == k else 0.0 for i in range(op.arity)]) for z in (0.0, -0.0)]
        assert zeros[0] == zeros[1] == 0.0


@pytest.mark.parametrize("target", FOREIGN, ids=lambda machine: f"{machine.triple} {machine.cpu}")
@pytest.mark.parametrize("guarded", [False, True])
def test_sums_for_other_machines_call_no_library(target: Machine, *, guarded: bool) -> None:
    made = network(8)
    size = len(made.inputs)
    split = Split.of(made, [k >= size - 4 for k in range(size)])
    rows = RowProgram(split, (1,) * 4, 2 * target.width, target, False)
    _, modules = rows.sums(masked=guarded)
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    called = {name for text in modules for name in NAME.findall(compiled(text, target, BEST))}
    ours = b"fgrad", b"part", b"rows", b"clear", b"add"
    assert {name for name in called if not name.startswith(ours)} == set()
