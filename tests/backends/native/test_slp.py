"""Equal functions side by side: the order, and that code for one point keeps every bit by it."""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fgrad as fg
from fgrad.backends.native.math.fma import rounded
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Item, MultiOp
from fgrad.ops.primitive import Op
from fgrad.program.program import Instruction, Program
from tests.bench.models import rosenbrock, start
from tests.samples.programs import AWKWARD, argument, bits, failing, point

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

from fgrad.backends.native.codegen.slp import PROFITABLE, packed, packs  # noqa: E402  # likewise
from fgrad.backends.native.ir.machine import Machine  # noqa: E402  # likewise
from fgrad.backends.native.rerolling.partition import regions  # noqa: E402  # likewise
from fgrad.backends.native.runtime.batch import Batch  # noqa: E402  # they need extras
from fgrad.backends.native.runtime.entry import Entry  # noqa: E402  # likewise
from tests.measures.machines import EVERY_MACHINE, MACHINES  # noqa: E402  # likewise

SEEDS = st.integers(0, 10**9)
FUNCTIONS = tuple(sorted(PROFITABLE, key=lambda op: op.name))
ODD = fg.Unary("odd", lambda x: x + 0.5, lambda out, x: 1.0)
BOTH = MultiOp("both", lambda x, y: (x + y, x * y), 2, 2, lambda outs, args, bars: [None, None])


def crowded(seed: int, lines: int = 60, *, own: bool = False) -> Program:
    """A random program with few functions, each of which it calls often; all values are outputs."""
    rng = random.Random(seed)
    functions = [*rng.sample(FUNCTIONS, 2), ops.sin, ops.cos, *([ODD] if own else [])]
    others = [ops.add, ops.mul, ops.sub, ops.less, ops.where, ops.relu]
    kinds: list[type] = [float] * 4
    made: list[Instruction] = []
    while len(made) < lines:
        if own and rng.random() < 0.05:
            args = tuple([argument(rng, float, kinds) for _ in range(2)])
            made += [(BOTH, args), (Item.at(rng.randrange(2)), (4 + len(made),))]
            kinds += [tuple, float]
            continue
        op: Op = rng.choice(functions if rng.random() < 0.6 else others)
        made.append((op, tuple([argument(rng, kind, kinds) for kind in op.kinds])))
        kinds.append(bool if op.truth else float)
    outputs = tuple(i for i, kind in enumerate(kinds) if kind is not tuple)
    return Program(("x", "y", "z", "w"), tuple(made), outputs).check()


@EVERY_MACHINE
@given(seed=SEEDS, where=SEEDS, size=st.sampled_from([7, 25, 500]), own=st.booleans())
@settings(max_examples=25)
def test_a_point_has_the_bits_of_rows_where_functions_stand_side_by_side(
    machine: Machine, seed: int, where: int, size: int, *, own: bool
) -> None:
    made = crowded(seed, own=own)
    x = point(where, 4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fgrad.backends.native.codegen.point.FUNCTION_SIZE", size)
        one = Entry.of(made, exact=seed % 2 == 0, machine=machine).run(*x)
    columns = Batch(made, seed % 2 == 0, machine).map([np.array([v]) for v in x], threads=1)
    assert bits(one) == bits([c[0] for c in columns])


@pytest.mark.parametrize("op", FUNCTIONS, ids=lambda op: op.name)
def test_every_lane_has_the_bits_of_a_call_alone(op: Op) -> None:
    rng = random.Random(op.name)
    rows = [[rng.choice(AWKWARD) for _ in op.kinds] for _ in range(19)]
    rows += [[rng.uniform(-3.0, 3.0) * 2.0 ** rng.randint(-4, 60) for _ in op.kinds] for _ in rows]
    names = tuple(f"x{i}" for i in range(len(rows) * op.arity))
    lines: list[Instruction] = [
        (op, tuple(range(i * op.arity, (i + 1) * op.arity))) for i in range(len(rows))
    ]
    outputs = tuple(range(len(names), len(names) + len(rows)))
    many = Program(names, tuple(lines), outputs).check()
    alone = Program(names[: op.arity], ((op, tuple(range(op.arity))),), (op.arity,)).check()
    for machine in MACHINES:
        one = Entry.of(alone, exact=False, machine=machine)
        got = Entry.of(many, exact=False, machine=machine).run(*[x for row in rows for x in row])
        assert bits(got) == bits([one.run(*row)[0] for row in rows])


@given(SEEDS, SEEDS, st.integers(1, 40), st.sampled_from([2, 4, 8]), st.booleans())
def test_lines_move_only_within_their_window_and_behind_what_they_need(
    seed: int, where: int, size: int, width: int, own: bool
) -> None:
    made = crowded(seed, own=own)
    moved = packed(made, regions(len(made), size), width, (ODD, BOTH)).check()
    x = point(where, 4)
    assert bits(moved.run(x)) == bits(made.run(x))
    for k in range(0, len(made), size):
        stretches = [p.instructions[k : k + size] for p in (made, moved)]
        before, after = (Counter(op for op, _ in lines) for lines in stretches)
        assert before == after
    called = [[op for op, _ in p.instructions if op in (ODD, BOTH)] for p in (made, moved)]
    assert called[0] == called[1]


@given(SEEDS, st.sampled_from([1, 2, 4, 8]))
def test_pieces_are_all_lines_in_their_order_and_need_nothing_of_themselves(
    seed: int, width: int
) -> None:
    made = crowded(seed)
    at = 0
    for pack in packs(made.instructions, 4, width):
        assert pack.instructions.start == at
        at = pack.instructions.stop
        assert 1 <= len(pack.calls) <= width
        for i in pack.instructions:
            args = made.instructions[i][1]
            assert bits(args) in [bits(call) for call in pack.calls]
            assert not any(type(a) is int and a - 4 in pack.instructions for a in args)
            if len(pack.instructions) > 1:
                assert pack.function in (made.instructions[i][0].name, "sincos")
    assert at == len(made)


def calls(model: Any, *args: Any, machine: Machine = MACHINES[-1]) -> Counter[str]:
    """How often functions are called, by their name with the width."""
    text = Entry.of(fg.trace(model)(*args), exact=False, machine=machine).text
    lines = text.split("define hidden void @part0")[1].splitlines()
    names = [line.split("@fgrad.")[1].split("(")[0] for line in lines if "@fgrad." in line]
    return Counter(name.removesuffix(".apart") for name in names)


@EVERY_MACHINE
def test_as_many_are_computed_at_once_as_a_vector_has_lanes(machine: Machine) -> None:
    w = machine.width

    def found(model: Any) -> Counter[str]:
        return calls(model, [0.0] * (2 * w), 1.0, machine=machine)

    assert found(lambda x, y: [fg.sin(v * y) + 1.0 for v in x]) == {f"sin.{w}": 2}
    assert found(lambda x, y: [fg.sin(v) * fg.cos(v) for v in x]) == {f"sincos.{w}": 2}
    assert found(lambda x, y: [v**y for v in [*x, y]]) == {f"pow.{w}": 3}
    assert found(lambda x, y: fg.exp(fg.exp(fg.exp(y)))) == {"exp.1": 3}
    assert found(lambda x, y: [fg.exp(x[0]), fg.tanh(x[1])]) == {"exp.1": 1, "tanh.1": 1}


def test_layers_come_one_after_the_other() -> None:
    def net(x: Sequence[Any]) -> Any:
        for _ in range(3):
            x = [fg.tanh(x[k] + 0.5 * x[k - 1]) for k in range(len(x))]
        return x

    width = MACHINES[-1].width
    assert calls(net, [0.0] * (3 * width)) == {f"tanh.{width}": 9}


def test_a_program_without_equal_functions_is_left_alone() -> None:
    for model in (
        fg.value_and_gradient(rosenbrock),
        lambda x: [fg.maximum(v, 1.0) for v in x],
        lambda x: fg.exp(x[1] * fg.exp(x[0] * 2.0)) + x[2] * fg.sin(x[1]),
        lambda x: [fg.sin(x[0]) * fg.cos(x[0]), fg.exp(x[1])],
    ):
        made = rounded(fg.trace(model)(start(40)), MACHINES[-1], exact=False)
        assert packed(made, regions(len(made), 500), 4, ()) is made


def test_what_raises_first_is_what_is_raised() -> None:
    first, second = failing("first"), failing("second")

    def model(x: Any) -> Any:
        deep = fg.exp(fg.exp(x))
        late = first(fg.exp(deep) + fg.exp(2.0 * x))
        return late + fg.exp(second(x)) + fg.exp(3.0 * x)

    made = fg.trace(model)(0.5)
    names = [
        op.name for op, _ in packed(made, regions(len(made), 500), 4, (first, second)).instructions
    ]
    assert names != [op.name for op, _ in made.instructions]
    with pytest.raises(ArithmeticError, match="first"):
        fg.compile(model, backend="native")(0.5)


def test_functions_of_both_widths_stand_in_one_module() -> None:
    width = MACHINES[-1].width
    chain = lambda x: fg.sum([fg.sin(v) for v in x]) + fg.exp(x[0])
    assert calls(chain, [0.1] * (width - 1)) == {f"sin.{width}": 1, "exp.1": 1}
