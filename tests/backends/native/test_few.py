"""Few rows: builtins between arrays and code give what the long way gives, or leave it to that."""

import gc
import sys
import weakref
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fgrad as fg
from fgrad.errors import NotAValue, TreeMismatch
from fgrad.program.program import Program
from tests.samples.programs import bits, program

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

from fgrad.backends.buffers import cpython, pool  # noqa: E402  # they need numpy
from fgrad.backends.native.ir.machine import Machine  # noqa: E402  # likewise
from fgrad.backends.native.runtime.batch import Batch  # noqa: E402  # likewise
from fgrad.backends.native.runtime.row_code import BLOCK  # noqa: E402  # likewise
from tests.measures.machines import EVERY_MACHINE, as_host  # noqa: E402  # likewise

pytestmark = pytest.mark.skipif(cpython.arrays() is None, reason="objects lie otherwise")


def prepared(machine: Machine, made: Program, inputs: Any, *, exact: bool = False) -> Batch:
    """A batch that has the builtins for these arguments."""
    batch = Batch(made, exact, machine)
    rows = max([len(x) for x in inputs if not isinstance(x, float)])
    for _ in range(2):
        out = [np.empty(rows, bool if t else float) for t in kinds(made)]
        batch.map(inputs, threads=1)
        batch.map_to(out, inputs, threads=1)
        batch.sum(inputs, threads=1)
        batch.sum_to([np.empty(len(out))], inputs, threads=1)
    return batch


def kinds(made: Program) -> list[bool]:
    return [made.truths[i] for i in made.outputs]


def drawn(seed: int, rows: int, mask: int, made: Program) -> list[Any]:
    """A column, or for the bits of `mask` a number, for each input."""
    rng = np.random.default_rng(seed)
    columns = [rng.normal(size=rows) * 10.0 ** rng.integers(-3, 4) for _ in made.inputs]
    return [float(x[0]) if i and mask >> i & 1 and rows else x for i, x in enumerate(columns)]


@EVERY_MACHINE
@given(seed=st.integers(0, 10**6), rows=st.integers(1, 70), mask=st.integers(0, 15))
@settings(max_examples=25, deadline=None)
def test_the_short_way_has_the_bits_of_the_long_one(
    machine: Machine, seed: int, rows: int, mask: int
) -> None:
    made = program(seed)
    inputs = drawn(seed, rows, mask, made)
    batch = prepared(machine, made, inputs, exact=seed % 2 == 0)
    again = drawn(seed + 1, rows, mask, made)
    long = Batch(made, seed % 2 == 0, machine)
    columns, sums = long.map(again, threads=2), long.sum(again, threads=2)
    codes = batch._codes.values()
    calls = [c.calls.functions or (c.hoisted and c.hoisted.calls.functions) for c in codes]
    many = rows >= batch._lanes and not any(calls)
    usual = many and not any(kinds(made))
    new = batch.few.call("map", *again)
    out = [np.full(rows, 7.0) for _ in columns]
    done = batch.few.call("into", *again, *out)
    if usual:
        assert done is True
        assert [bits(c) for c in new] == [bits(c) for c in columns] == [bits(c) for c in out]
        assert all(repr(c.flags) == repr(np.empty(2 * rows)[rows:].flags) for c in new)
    else:
        assert (new, done) == (None, None)
    into = np.empty(len(sums))
    total, done = batch.few.call("sum", *again), batch.few.call("total", *again, into)
    assert (total is not None) == (done is True)
    if rows < batch._lanes or any(calls):
        assert total is None
    elif np.isfinite(sums).all():
        assert total is not None
    if total is not None:
        assert bits(list(total)) == bits(list(into)) == bits(list(sums))


def model(table: Any, y: Any, weights: Any, k: Any) -> Any:
    s = fg.dot(table, weights)
    return {"a": [fg.exp(-s * s) * y, k * 2.0], "b": (s, weights[0] * k), "c": fg.sin(y)}


def given_for(rows: int, seed: int = 0) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, 5)), rng.normal(size=rows), rng.normal(size=(1, 5)), 1.5


def leaves(tree: Any) -> list[Any]:
    return [*tree["a"], *tree["b"], tree["c"]]


def compiled() -> Any:
    return fg.compile(model, backend="native")


@EVERY_MACHINE
@pytest.mark.parametrize("rows", [1, 8, 16, 17, 500, BLOCK - 1, BLOCK, BLOCK + 1, 9000])
def test_tables_rows_and_numbers_come_as_they_are(machine: Machine, rows: int) -> None:
    with as_host(machine):
        tables_rows_and_numbers_come_as_they_are(rows)


def tables_rows_and_numbers_come_as_they_are(rows: int) -> None:
    quick, long = compiled(), compiled()
    for seed in range(2):
        args = given_for(rows, seed)
        got, wanted = quick.map(*args), long.map(*args, threads=2)
        assert [bits(x) for x in leaves(got)] == [bits(x) for x in leaves(wanted)]
        assert type(got["b"]) is tuple
        sums, wanted = quick.sum(*args), long.sum(*args, threads=2)
        assert bits(leaves(sums)) == bits(leaves(wanted))
        out = {"a": [np.empty(rows), np.empty(rows)], "b": (np.empty(rows), np.empty(rows)),
               "c": np.empty(rows)}  # fmt: skip
        assert quick.map(*args, out=out) is out
        assert [bits(x) for x in leaves(out)] == [bits(x) for x in leaves(got)]


def test_the_short_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    quick, args = compiled(), given_for(100)
    wanted = quick.map(*args), quick.sum(*args)
    for _ in range(2):
        quick.map(*args, out=wanted[0])
        assert quick.sum(*args) == wanted[1]
    quick.map(*args)
    monkeypatch.setattr("fgrad.backends.native.runtime.batch.Batch.map", None)
    monkeypatch.setattr("fgrad.backends.native.runtime.batch.Batch.map_to", None)
    monkeypatch.setattr("fgrad.backends.native.runtime.batch.Batch.sum", None)
    assert [bits(x) for x in leaves(quick.map(*args))] == [bits(x) for x in leaves(wanted[0])]
    assert bits(leaves(quick.sum(*args))) == bits(leaves(wanted[1]))
    quick.map(*args, out=wanted[0])


Sub: Any = type("Sub", (np.ndarray,), {})


def unaligned(x: Any) -> Any:
    room = np.empty(x.nbytes + 1, np.uint8)[1:].view(np.float64).reshape(x.shape)
    room[...] = x
    return room


def test_kinds_of_arguments_may_come_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    f: Any = fg.compile(lambda x, k: x[0] * k + x[1], backend="native")
    x, y = np.arange(40.0), np.arange(80.0).reshape(40, 2)
    kinds_ = ([x, x], 2.0), (y, 2.0), (y, x), ([x, 1.0], x)
    wanted = [f.map(*g).tolist() for g in kinds_]
    for _ in range(2):
        assert [f.map(*g).tolist() for g in kinds_] == wanted
    monkeypatch.setattr("fgrad.backends.native.runtime.batch.Batch.map", None)
    for _ in range(2):
        assert [f.map(*g).tolist() for g in kinds_] == wanted


TWISTS: dict[str, Callable[[Any], Any]] = {
    "turned round": lambda x: x[::-1],
    "every second": lambda x: np.repeat(x, 2, axis=0)[::2],
    "by columns": np.asfortranarray,
    "read-only": lambda x: np.frombuffer(x.tobytes()).reshape(x.shape),
    "singles": lambda x: x.astype(np.float32),
    "other bytes": lambda x: x.astype(x.dtype.newbyteorder()),
    "whole numbers": lambda x: (x * 10.0).astype(np.int64),
    "a subclass": lambda x: x.view(Sub),
    "one row": lambda x: x[:1],
    "not aligned": unaligned,
    "a list": lambda x: x.tolist(),
}


@pytest.mark.parametrize("twist", TWISTS)
@pytest.mark.parametrize("place", range(3))
def test_what_lies_otherwise_goes_the_long_way(twist: str, place: int) -> None:
    quick, long, args = compiled(), compiled(), given_for(50)
    for _ in range(3):
        quick.map(*args)
        quick.sum(*args)
    other = list(args)
    other[place] = TWISTS[twist](args[place])

    def answer(f: Any, **how: Any) -> Any:
        try:
            return [bits(np.ravel(x)) for x in leaves(f(*other, **how))]
        except (NotAValue, TreeMismatch) as error:
            return str(error)

    for way in ("map", "sum"):
        wanted = answer(getattr(long, way), threads=2)
        for _ in range(3):
            assert answer(getattr(quick, way)) == wanted


@pytest.mark.parametrize("place", range(2))
def test_columns_of_other_lengths_are_refused(place: int) -> None:
    f: Any = fg.compile(lambda x, y: [x + y, x * y], backend="native")
    x = np.arange(100.0)
    out = [np.empty(100), np.empty(100)]
    for _ in range(3):
        f.map(x, x), f.sum(x, x), f.map(x, x, out=out)
    for length in (0, 1, 8, 99, 101):
        given_ = [x, x]
        given_[place] = np.arange(200.0)[:length]
        for call in (f.map, f.sum, lambda *g: f.map(*g, out=out)):
            with pytest.raises(NotAValue):
                call(*given_)
    assert [len(c) for c in f.map(np.empty(0), np.empty(0))] == [0, 0]


def test_what_is_held_is_not_written_to_again() -> None:
    double: Any = fg.compile(lambda x: [x * 2.0, x * 3.0], backend="native")
    for rows in (100, 5000, 100_000):
        x = np.arange(float(rows))
        held, slices, addresses = [], [], set()
        for k in range(12):
            two, three = double.map(x + k)
            addresses.add(two.__array_interface__["data"][0])
            if k % 3 == 0:
                held.append((k, two))
            elif k % 3 == 1:
                slices.append((k, three[::-1][5:].T))
            del two, three
        for k, two in held:
            assert np.array_equal(two, (x + k) * 2.0)
        for k, part in slices:
            assert np.array_equal(part, ((x + k) * 3.0)[::-1][5:])
        del held, slices, two, part
        gc.collect()
        for _ in range(5):
            double.map(x)
        assert len({double.map(x)[0].__array_interface__["data"][0] for _ in range(5)}) == 1


def test_columns_that_overlap_are_written_as_if_they_did_not() -> None:
    swap: Any = fg.compile(lambda x, y: [y + 0.0, x + 0.0], backend="native")
    for shift in (0, 1, 7, 300):
        room = np.arange(1000.0)
        x, y = room[:400], room[500:900]
        wanted = y.copy(), x.copy()
        out = [room[shift : shift + 400], np.empty(400)]
        for _ in range(4):
            room[...] = np.arange(1000.0)
            swap.map(x, y, out=out)
            assert np.array_equal(out[0], wanted[0])
            assert np.array_equal(out[1], wanted[1])
    same, x, y = np.empty(400), np.arange(400.0), np.arange(400.0)
    swap.map(x, y, out=[np.empty(400), np.empty(400)])
    with pytest.raises(NotAValue):
        swap.map(x, y, out=[same, same])
    locked = np.empty(400)
    locked.flags.writeable = False
    with pytest.raises(NotAValue):
        swap.map(x, y, out=[same, locked])


def test_sums_go_to_arrays_that_are_there() -> None:
    def error(w: Any, x: Any) -> Any:
        return (fg.dot(w, [x, 1.0, x * x]) - 1.0) ** 2

    slope: Any = fg.value_and_gradient(error)
    loss: Any = fg.compile(slope, backend="native")
    weights, x = np.array([[0.5, -1.0, 2.0]]), np.linspace(-1.0, 1.0, 57)
    value, slopes = loss.sum(weights, x)
    out = np.empty(()), np.empty(3)
    for threads in (1, 1, 1, 2):
        out[0][...], out[1][...] = -7.0, -7.0
        assert loss.sum(weights, x, out=out, threads=threads) is out
        assert (float(out[0]), out[1].tolist()) == (value, slopes)
    for wrong in ((np.empty(()), np.empty(3, np.float32)), (np.float64(0.0), np.empty(3)),
                  (np.empty(()), np.broadcast_to(0.0, 3)), (np.empty((1, 1)), np.empty(3))):  # fmt: skip
        with pytest.raises((NotAValue, TreeMismatch)):
            loss.sum(weights, x, out=wrong)
    with pytest.raises(TreeMismatch):
        loss.sum(weights, x, out=(np.empty(()), np.empty(4)))
    on_python: Any = fg.compile(slope, backend="python")
    on_python.sum(weights, x, out=out)
    assert out[1] == pytest.approx(slopes)


def in_threads(work: Callable[[float], None]) -> None:
    """Do it for eight numbers at once."""
    threads = [Thread(target=work, args=(float(k),)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_have_results_of_their_own() -> None:
    scale: Any = fg.compile(lambda x, k: [x * k, x - k], backend="native")
    x, wrong = np.arange(1000.0), []
    for _ in range(3):
        scale.map(x, 1.0)

    def work(k: float) -> None:
        for _ in range(300):
            a, b = scale.map(x, k)
            if not (np.array_equal(a, x * k) and np.array_equal(b, x - k)):
                wrong.append(k)

    in_threads(work)
    assert not wrong


def test_nothing_is_lost_or_held_for_ever() -> None:
    f: Any = fg.compile(lambda x, k: [x * k, k * k], backend="native")
    x, k = np.arange(200.0), 3.5
    for _ in range(5):
        f.map(x, k)
        f.sum(x, k)
    before = sys.getrefcount(x), sys.getrefcount(k), sys.getrefcount(None)
    results = [f.map(x, k) for _ in range(50)]
    base = results[-1][0].base
    assert sys.getrefcount(base) == 5  # the name, two columns, the question and what is kept
    for _ in range(500):
        f.map(x, k)
        f.sum(x, k)
        f.map(x[::2], k)
    assert sys.getrefcount(x) - before[0] == 0
    assert sys.getrefcount(k) - before[1] == 0
    assert abs(sys.getrefcount(None) - before[2]) < 100


def test_memory_is_used_again_when_nobody_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_kept", {})
    a = pool.doubles(5000)
    b = pool.doubles(5000)
    first, second = a.ctypes.data, b.ctypes.data
    part = a[3:9]
    del a
    assert pool.doubles(5000).ctypes.data not in (first, second)
    del part
    assert first in {x.ctypes.data for x in [pool.doubles(5010) for _ in range(3)]}
    assert len(pool.doubles(4999)) == 4999
    held = [pool.doubles(n) for n in (3, 2000, 5001, 70_000, 70_001)]
    assert {x.ctypes.data % 128 for x in held} == {0}


def test_the_memory_that_is_kept_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_kept", {})
    monkeypatch.setattr(pool, "LIMIT", 100_000)
    pool.doubles(5120)
    pool.doubles(6144)
    assert set(pool._kept) == {5136, 6160}
    pool.doubles(4096)
    assert set(pool._kept) == {4112}
    held = [pool.doubles(4096) for _ in range(5)]
    assert len(pool._kept[4112]) == 3
    assert len({x.ctypes.data for x in held}) == 5
    pool.doubles(20_480)
    assert not pool._kept


def doubled() -> Any:
    return fg.compile(lambda x: [a * 2.0 for a in x], backend="native").specialise(np.zeros(3))


def test_results_of_one_point_are_used_again_when_nobody_has_them() -> None:
    f: Any = doubled()
    held: list[Any] = []
    for k in range(50):
        y = f(np.full(3, float(k)))
        if k % 3 == 0:
            held.append((k, y))
        elif k % 3 == 1:
            held.append((k, y[1:]))
        del y
    assert all((y == 2.0 * k).all() for k, y in held)
    del held
    x = np.ones(3)
    assert len({id(f(x)) for _ in range(20)}) <= 2


ALTERED: dict[str, Callable[[Any], Any]] = {
    "its shape": lambda y: setattr(y, "shape", (3, 1)),
    "its dtype": lambda y: setattr(y, "dtype", np.int64),
    "its flags": lambda y: y.setflags(write=False),
    "its size": lambda y: y.resize(1, refcheck=False),
    "a weak reference": weakref.ref,
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("how", ALTERED)
def test_results_that_were_altered_are_not_given_again(how: str) -> None:
    f, x = doubled(), np.array([1.0, 2.0, 3.0])
    kept: list[Any] = []
    for _ in range(12):
        y = f(x)
        assert y.tolist() == [2.0, 4.0, 6.0]
        assert y.flags.owndata
        assert y.flags.writeable
        assert not kept or how != "a weak reference" or all(k() is not y for k in kept)
        kept.append(ALTERED[how](y))


def test_threads_have_arrays_of_their_own() -> None:
    f, wrong = doubled(), []

    def work(k: float) -> None:
        x = np.full(3, k)
        for _ in range(5000):
            y = f(x)
            if y.tolist() != [2.0 * k] * 3:
                wrong.append(k)

    in_threads(work)
    assert not wrong


def test_a_finalizer_that_comes_in_between_has_memory_of_its_own() -> None:
    f: Any = fg.compile(lambda x, k: [x * k + j for j in range(25)], backend="native")
    x, held = np.arange(100.0), []

    class Again:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            held.append(f.map(x, -1.0))

    for _ in range(3):
        f.map(x, 2.0)
    # Called at once, and for more columns than a tuple in stock has, so that the tuple of its columns is the first object that may set off the collector.
    call = f.specialisation(0.0, 0.0).kernel.rows.few._latest["map"][0]
    before, came = gc.get_threshold(), 0
    gc.set_threshold(1, 1, 1)
    try:
        for _ in range(30):
            gc.disable()
            Again()
            gc.enable()
            mine = call(x, 2.0)
            gc.disable()
            came += len(held)
            for theirs in held:
                assert not any(np.shares_memory(a, b) for a in mine for b in theirs)
            assert np.array_equal(mine[0], x * 2.0)
            held.clear()
    finally:
        gc.enable()
        gc.set_threshold(*before)
    assert came or sys.version_info >= (3, 12)  # where only Python code sets it off
