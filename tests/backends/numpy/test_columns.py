"""Programs over columns: each row is what the program gives for that row."""

import itertools
import pickle
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fgrad as fg
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Item, MultiOp
from fgrad.ops.primitive import Op
from fgrad.program.program import Instruction, Program
from tests.samples.cases import SMOOTH, Case, is_discrete
from tests.samples.programs import AWKWARD, OPERATIONS, bits, point, program

np = pytest.importorskip("numpy")

from fgrad.arrays import ufuncs  # noqa: E402  # they need numpy
from fgrad.backends.numpy import block  # noqa: E402  # they need numpy
from fgrad.backends.numpy.columns import columns  # noqa: E402  # likewise
from tests.measures.nearness import APART, apart  # noqa: E402  # likewise

SEEDS = st.integers(0, 10**9)
EDGES = (
    *AWKWARD, 0.3, -0.4, 746.0, -746.0, 710.0, -710.0, 27.4, -27.6, 1e17, -3e5, 2.5, -2.5, 1.5,
    4e-320, 170.0, -170.0,
)  # fmt: skip


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)
def test_every_operation_keeps_its_special_values(op: Op) -> None:
    edges = EDGES if op.arity < 3 else AWKWARD
    assert apart(op, list(itertools.product(edges, repeat=op.arity))) <= APART.get(op.name, 0)


@pytest.mark.parametrize(
    "case", [c for c in SMOOTH if " " not in c.op.name], ids=lambda c: c.op.name
)
def test_every_operation_is_as_near_to_its_meaning_as_the_page_says(case: Case) -> None:
    assert apart(case.op, list(case.points(1000))) <= APART.get(case.op.name, 0)


def test_every_operation_has_a_row() -> None:
    assert set(ufuncs.TABLE) == set(OPERATIONS)


def test_only_what_is_measured_may_differ() -> None:
    exact = {op.name for op in OPERATIONS} - set(APART)
    assert {op.name for op in OPERATIONS if is_discrete(op)} <= exact
    assert exact >= {"add", "sub", "mul", "div", "sqrt", "abs", "where", "maximum", "mod", "round"}
    assert exact >= {"inversion", "lgamma", "digamma", "polygamma", "clip", "copysign", "sign"}


def exact_program(seed: int) -> Program:
    """A random program whose inexact operations are replaced, so that each bit must be kept.

    `copysign` reads the sign of a nan, which IEEE 754 leaves open, so it is replaced too.
    """
    before = program(seed)
    instead: dict[int, Op] = {1: ops.neg, 2: ops.sub, 3: ops.clip}
    open_ended = {*APART, "copysign"}
    lines = [
        (instead[op.arity] if op.name in open_ended else op, args)
        for op, args in before.instructions
    ]
    return Program(before.inputs, tuple(lines), before.outputs).check()


def agree(meant: Program, rows: int, seed: int, scalars: Sequence[bool]) -> None:
    width = len(meant.inputs)
    points = [point(seed + i, width) for i in range(rows)]
    fixed = point(seed, width)
    inputs: list[Any] = list(np.array(points, float).reshape(rows, width).T)
    for i in [i for i in range(1, len(inputs)) if scalars[i]]:
        inputs[i] = fixed[i]
        points = [(*x[:i], fixed[i], *x[i + 1 :]) for x in points]
    kept = [bits(np.atleast_1d(x)) for x in inputs]
    outputs = columns(meant)(inputs)
    assert [bits(np.atleast_1d(x)) for x in inputs] == kept
    assert all(y.shape == (rows,) and y.dtype == float for y in outputs)
    got = list(zip(*[y.tolist() for y in outputs], strict=True))
    assert [bits(x) for x in got] == [bits(meant.run(x)) for x in points]


@settings(max_examples=300)
@given(SEEDS, SEEDS, st.lists(st.booleans(), min_size=4, max_size=4))
def test_each_row_has_the_bits_of_the_program(seed: int, where: int, scalars: list[bool]) -> None:
    agree(exact_program(seed), 23, where, scalars)


def agree_with_forms(meant: Program, where: int) -> None:
    """Reuse of arrays, blocks and the order of arguments change nothing."""
    points = [point(where + i, len(meant.inputs)) for i in range(9)]
    inputs = [np.array(x) for x in zip(*points, strict=True)]
    values: list[Any] = list(inputs)
    with np.errstate(all="ignore"):
        for op, args in meant.instructions:
            real = [values[a] if type(a) is int else a for a in args]
            column = any(np.ndim(a) for a in real)
            values.append(ufuncs.form(op).function(*real) if column else op.impl(*real))
    for i, y in zip(meant.outputs, columns(meant)(inputs), strict=True):
        assert bits(y) == bits(np.broadcast_to(values[i], 9))


@pytest.mark.skipif(np.__version__ < "2", reason="numpy 1 has another loop for what is in place")
@settings(max_examples=300)
@given(SEEDS, SEEDS)
def test_each_row_is_what_the_forms_give_one_by_one(seed: int, where: int) -> None:
    agree_with_forms(program(seed), where)


def shape_of_all() -> Program:
    def model(x: float, y: float, z: float) -> tuple[Any, ...]:
        product = x * y
        chosen = fg.where(product < z, fg.sqrt(fg.abs(product)), fg.maximum(x, z))
        return chosen + fg.lgamma(z), product, product, x, z * 2.0, x * 0.0 + 1.0, z

    return fg.trace(model)(0.0, 0.0, 0.0)


@pytest.mark.parametrize("rows", [0, 1, 7, 4095, 4096, 4097, 16383, 16384, 16385, 20_000])
def test_every_number_of_rows_gives_as_many(rows: int) -> None:
    agree(shape_of_all(), rows, 5, (False, False, True))


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9])
def test_every_size_of_a_block_gives_the_same(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block, "SHORTEST", size)
    monkeypatch.setattr(block, "LONGEST", size)
    agree(shape_of_all(), 8, 5, (False, False, True))
    agree(exact_program(11), 8, 5, (False, False, False, False))


def test_inputs_of_every_real_kind_are_taken() -> None:
    p = fg.trace(lambda x, y: x * y + 0.5)(0.0, 0.0)
    whole = np.arange(12)
    readonly = whole.astype(float)
    readonly.setflags(write=False)
    kinds = [
        whole, whole.astype("u1"), whole.astype("f4"), whole.astype(">f8"), readonly,
        np.arange(24.0)[::2] / 2.0, np.arange(12.0)[::-1][::-1], list(range(12)),
    ]  # fmt: skip
    for x in kinds:
        for y in (2.0, 2, np.float32(2.0), np.array(2), np.full(12, 2.0)):
            assert columns(p)((x, y))[0].tolist() == (whole * 2 + 0.5).tolist()
    assert columns(p)((np.arange(3.0)[::-1], 1.0))[0].tolist() == [2.5, 1.5, 0.5]


@pytest.mark.parametrize(
    ("inputs", "what"),
    [
        ((np.ones(3), np.ones(2)), "one length"),
        ((np.ones(3), np.ones(1)), "one length"),
        ((1.0, 2.0), "numbers alone"),
        ((np.ones(3),), "2 inputs"),
        ((np.ones((3, 1, 1)), 1.0), "shape"),
        ((np.ones(3, complex), 1.0), "complex"),
        ((np.ones(3, object), 1.0), "object"),
        ((np.array(["1", "2"]), 1.0), "dtype"),
        ((np.ones(3, bool), 1.0), "bool"),
        ((np.ones(3), True), "truth"),
        ((np.ma.masked_array([1.0, 2.0], [True, False]), 1.0), "masked"),
        ((np.ones(3), "2"), "dtype"),
        ((np.ones(3), None), "None"),
        ((np.ones(3), fg.var(1.0)), "real numbers"),
        (([[1.0], [1.0, 2.0]], 1.0), "real numbers"),
    ],
)
def test_what_is_no_column_is_refused(inputs: Any, what: str) -> None:
    with pytest.raises(fg.NotAValue, match=what):
        columns(fg.trace(lambda x, y: x * y)(0.0, 0.0))(inputs)


def test_outputs_share_memory_with_nothing() -> None:
    x = np.arange(5000.0)
    z = 3.0
    outputs = columns(shape_of_all())((x, x, z))
    for a, b in itertools.combinations((x, *outputs), 2):
        assert not np.shares_memory(a, b)
    assert all(y.flags.writeable for y in outputs)


def test_several_results_and_users_operations_go_row_by_row() -> None:
    called = []

    def sum_and_product(x: float, y: float) -> tuple[float, float]:
        called.append((x, y))
        return x + y, x * y

    both = MultiOp("both", sum_and_product, 2, 2, lambda outs, args, bars: bars)
    half = fg.Unary("<half>", lambda x: x / 2, lambda out, x: 0.5)
    lines: list[Instruction] = [
        (half, (0,)), (both, (2, 1)), (Item.at(0), (3,)), (Item.at(1), (3,)),
        (both, (1, 1)), (Item.at(1), (6,)), (both, (0, 0)),
    ]  # fmt: skip
    p = Program(("x", "y"), tuple(lines), (4, 5, 7)).check()
    outputs = columns(p)((np.array([2.0, 4.0, 6.0]), 3.0))
    assert [y.tolist() for y in outputs] == [[4.0, 5.0, 6.0], [3.0, 6.0, 9.0], [9.0] * 3]
    assert len(called) == 3 + 1 + 3  # once for all rows where they share the arguments
    assert all(type(x) is float for xs in called for x in xs)


def test_what_is_the_same_in_every_row_is_computed_once() -> None:
    called = []

    def one_more(x: float) -> float:
        called.append(x)
        return x + 1.0

    costly = fg.Unary("costly", one_more, lambda out, x: 1.0)
    p = fg.trace(lambda x, y: (x * costly(y), costly(y) * 2.0))(0.0, 0.0)
    called.clear()
    got = columns(p)((np.arange(20_000.0), 1.0))
    assert called == [1.0, 1.0]
    assert got[0].tolist() == (2.0 * np.arange(20_000.0)).tolist()
    assert set(got[1]) == {4.0}


def test_eight_threads_at_once_get_the_same() -> None:
    f = columns(program(3))
    inputs = [
        [
            np.array(c)
            for c in zip(
                *[point(s * 997 + i, len(f.program.inputs)) for i in range(9000)], strict=True
            )
        ]
        for s in range(8)
    ]
    alone = [[bits(y) for y in columns(f.program)(x)] for x in inputs]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda x: [bits(y) for y in f(x)], inputs)) == alone


def test_columns_are_equal_and_pickled_by_their_program() -> None:
    f = columns(shape_of_all())
    x = np.arange(4.0)
    copy = pickle.loads(pickle.dumps(f))
    assert copy == f
    assert hash(copy) == hash(f)
    for a, b in zip(f((x, x, 1.0)), copy((x, x, 1.0)), strict=True):
        assert a.tolist() == b.tolist()


def test_a_wide_program_takes_bounded_room() -> None:
    def wide(x: Any) -> Any:
        values = [x * float(i) for i in range(1, 10_001)]
        return fg.sum(values) + fg.prod(values)

    f = columns(fg.trace(wide)(0.0))
    f((np.ones(3),))
    (kernel,) = f._kernels.values()
    assert 8 * kernel.block.floats * kernel.block.size <= block.ROOM


def test_long_programs_are_written_in_time() -> None:
    def chain(x: Any) -> Any:
        for _ in range(5_000):
            x = x * 0.5 + 1.0
        return x

    p = fg.trace(chain)(0.0)
    assert bits(columns(p)((np.array([1.0, 2.0]),))[0]) == bits(
        [p.run((1.0,))[0], p.run((2.0,))[0]]
    )


@pytest.mark.parametrize("name", ["numpy", "scipy"])
def test_without_an_extra_it_is_said_or_gone_around(name: str) -> None:
    code = (
        f"import sys; sys.modules[{name!r}] = None\n"
        "import fgrad as fg\n"
        "from fgrad.backends.numpy.columns import columns\n"
        "try: print(columns(fg.trace(fg.erf)(0.0))([[0.5, float('nan')]]))\n"
        "except fg.MissingExtra as error: print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    known = 'columns needs numpy: pip install "fgrad[arrays]".'
    assert run.stdout.strip() == known if name == "numpy" else "0.52049988" in run.stdout
