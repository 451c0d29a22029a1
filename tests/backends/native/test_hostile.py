"""Native code under attack: whatever is done to it, it answers right, or refuses in words."""

import gc
import multiprocessing
import os
import pickle
import random
import signal
import subprocess
import sys
import sysconfig
import textwrap
import threading
import time
import tracemalloc
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import fgrad as fg

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

from fgrad.backends.buffers import cpython  # noqa: E402  # they need extras
from fgrad.backends.native.runtime.background import submit  # noqa: E402  # likewise
from fgrad.backends.native.runtime.entry import Entry  # noqa: E402  # likewise
from fgrad.backends.native.runtime.llvm import BEST  # noqa: E402  # likewise
from tests.bench import hostile  # noqa: E402  # likewise
from tests.samples.programs import bits  # noqa: E402  # likewise

native: Any = partial(fg.compile, backend="native")
FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
SECONDS = 30.0
"""After which what has not ended is taken to hang."""


def long(lines: int, seed: float = 1.0) -> Callable[[float], float]:
    """A function whose program has about so many lines, and nothing in it that repeats."""

    def f(x: float) -> float:
        for k in range(lines // 2):
            x = (
                fg.sin(x) + (seed + k)
                if random.Random(k).random() < 0.5
                else (seed + k) - fg.sin(x)
            )
        return x

    return f


def hot(f: Any, x: float) -> Any:
    """The builtin of a long function, whose better code is made from the next call on."""
    builtin = f.specialise(x)
    entry = f.specialisation(x).kernel.entry
    assert entry.level < BEST
    entry.cell[1] = 1
    return builtin, entry


def run(script: str, **environment: str) -> str:
    """What a process of its own prints, which must end well and in time, without complaint."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True, text=True, timeout=SECONDS, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


# Calls


def test_two_thousand_hostile_calls_are_answered_or_refused() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, about what it converts
        pool = hostile.subjects(6)
        seen = [hostile.outcome(seed, pool) for seed in range(10**6, 10**6 + 2000)]
    assert seen.count("right") > 1000
    assert len(set(seen)) > 3


def test_a_function_without_results_gives_what_has_none() -> None:
    nothing = native(lambda x: ()).specialise(1.0)
    before = sys.getrefcount(1.5)
    assert all(nothing(1.5) == () for _ in range(1000))
    assert sys.getrefcount(1.5) - before < 10


def test_a_compiled_function_that_calls_itself_is_refused_in_words() -> None:
    f: Any = native(lambda x: f(x) + 1.0)
    for _ in range(3):
        with pytest.raises(RecursionError):
            f(1.0)


def test_more_scratch_than_fits_on_the_stack_is_no_danger() -> None:
    def wide(*xs: float) -> float:
        layer = [fg.exp(x) for x in xs]
        return fg.sum([fg.sin(a) * b for a, b in zip(layer, reversed(layer), strict=True)])

    f = native(wide)
    xs = [k / 5000 for k in range(5000)]
    meant = f.specialisation(*xs).kernel.program.run(xs)[0]
    assert f.specialisation(*xs).kernel.entry.shape.slots > 2000
    assert f.specialise(*xs)(*xs) == pytest.approx(meant, rel=1e-14)
    assert f.map(np.full(9, xs[0]), *xs[1:]) == pytest.approx(meant, rel=1e-14)
    g = native(lambda x: [fg.exp(v) for v in x])
    array = np.array(xs)
    assert bits(g.specialise(array)(array)) == bits(g(xs))


def test_results_may_go_where_arguments_are() -> None:
    f = native(lambda x, y: (2.0, x + y, 3.0 * y, 4.0))
    for size in (3, 50, 3000):
        x, y = np.arange(float(size)), np.linspace(-1.0, 1.0, size)
        meant = [c.tolist() for c in f.map(x, y)]
        for out in ((x, y, np.empty(size), np.empty(size)), (np.empty(size), x, np.empty(size), y)):
            a, b = x.copy(), y.copy()
            own = tuple(a if c is x else b if c is y else c for c in out)
            assert [c.tolist() for c in f.map(a, b, out=own)] == meant


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", [bool, float])
def test_a_table_for_numbers_and_truth_values_is_refused(kind: Any, order: Any) -> None:
    x = np.arange(20.0)
    ways: tuple[Callable[[Any], Any], ...] = (
        lambda x: [fg.less(x, 3.0), 2.0 * x], lambda x: [2.0 * x, fg.less(x, 3.0)]
    )  # fmt: skip
    for f in ways:
        with pytest.raises(fg.NotAValue, match="columns of one kind"):
            native(f).map(x, out=np.zeros((20, 2), kind, order))
    truths = np.zeros((20, 2), bool, order)
    native(lambda x: [fg.less(x, 3.0), fg.less(3.0, x)]).map(x, out=truths)
    assert truths.tolist() == [[k < 3, k > 3] for k in range(20)]


# Threads


def together(count: int, work: Callable[[int], Any]) -> list[Any]:
    """What each of several threads gives, all let go at once."""
    gate, results = threading.Barrier(count), [None] * count

    def one(k: int) -> None:
        gate.wait()
        results[k] = work(k)

    threads = [threading.Thread(target=one, args=(k,), daemon=True) for k in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()
    return results


def test_first_calls_come_from_eight_threads_at_once() -> None:
    column = np.linspace(-2.0, 2.0, 1001)
    for seed in range(3):
        f = native(lambda x, seed=seed: (fg.sin(x) * seed, fg.less(x, 0.5)))

        def work(k: int, f: Any = f) -> Any:
            point = (
                [f(0.25 + j) for j in range(20)]
                if k % 2
                else [f.specialise(0.0)(0.25 + j) for j in range(20)]
            )
            rows = f.map(column, threads=1 + k % 3)
            return point, rows[0].tobytes(), rows[1].tobytes(), f.sum(column, threads=1 + k % 2)

        results = together(8, work)
        assert all(result == results[0] for result in results)


def test_better_code_comes_while_eight_threads_call() -> None:
    f = native(long(6000))
    builtin, entry = hot(f, 0.5)
    meant = f(0.5)

    def work(_: int) -> set[float]:
        seen = set()
        end = time.monotonic() + SECONDS
        while len(entry.codes) == 1 and time.monotonic() < end:
            seen.add(builtin(0.5))
            entry.cell[1] = 1  # it is asked for again and again
        return seen | {builtin(0.5) for _ in range(100)}

    assert set.union(*together(8, work)) == {meant}
    assert len(entry.codes) > 1


def test_what_a_meaning_raises_in_one_of_several_threads_reaches_the_caller() -> None:
    def picky(x: float) -> float:
        if x == 77_777.0:
            raise LookupError("not this one")
        return x

    op = fg.Unary("picky", picky, lambda out, x: 1.0)
    f = native(lambda x: op(x) * 2.0)
    column = np.arange(100_000.0)
    for _ in range(3):
        with pytest.raises(LookupError, match="not this one"):
            f.map(column, threads=4)
        assert f.map(column[:500], threads=4).tolist() == (column[:500] * 2.0).tolist()
    with pytest.raises(LookupError, match="not this one"):
        f(77_777.0)
    assert f(2.0) == 4.0


# Meanings


class Stop(BaseException):
    """What is no Exception."""


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), Stop(), MemoryError()])
def test_a_meaning_may_raise_anything(error: BaseException) -> None:
    wrong = [True]

    def meaning(x: float, y: float) -> float:
        if wrong[0] and x > 1.0:
            raise error
        return x + y

    op = fg.Binary("awkward", meaning, None, None)
    f = native(lambda x: op(x, 1.0) + op(x, 2.0))
    column = np.arange(20.0)
    ways: tuple[Callable[[], Any], ...] = (
        lambda: f(3.0),
        lambda: f.map(column),
        lambda: f.sum(column),
        lambda: f.specialise(3.0)(3.0),
    )
    for call in ways:
        wrong[0] = True
        with pytest.raises(type(error)) as caught:
            call()
        assert caught.value is error
        wrong[0] = False
        assert f(3.0) == 9.0
    assert f.map(column).tolist() == (2 * column + 3).tolist()


@pytest.mark.parametrize("got", ["1.0", None, [1.0], 1j, (1.0,)])
def test_a_meaning_that_gives_no_number_is_refused_in_words(got: Any) -> None:
    op: Any = fg.Unary("odd", lambda x: got, None)
    f = native(lambda x: op(x) + 1.0)
    ways: tuple[Callable[[], Any], ...] = (lambda: f(1.0), lambda: f.map(np.ones(3)))
    for call in ways:
        with pytest.raises(
            TypeError,
            match=r"must be real number|the result of the implementation of odd needs a real number",
        ):
            call()


def test_a_meaning_may_call_compiled_functions() -> None:
    inner = native(lambda x: fg.exp(x) + 1.0)
    fast = inner.specialise(0.0)
    op = fg.Unary(
        "nested", lambda x: fast(x) + inner(x) + float(inner.map(np.array([x, x]))[1]), None
    )
    outer = native(lambda x: op(x) * 2.0)
    deep = fg.Unary("deep", lambda x: outer(x) + 1.0, None)
    f = native(lambda x: deep(x) + 1.0)
    assert f(0.0) == 14.0
    assert f.map(np.zeros(9), threads=2).tolist() == [14.0] * 9


def test_a_recursion_through_meanings_ends_in_words() -> None:
    op = fg.Unary("again", lambda x: f(x) + 1.0, None)
    f = native(lambda x: op(x) + 1.0)
    rows = fg.Unary("rows", lambda x: float(g.map(np.full(3, x))[0]), None)
    g = native(lambda x: rows(x) + 1.0)
    ways: tuple[Callable[[], Any], ...] = (
        lambda: f(1.0),
        lambda: g.map(np.ones(3)),
        lambda: f(1.0),
    )

    def deeper(k: int, call: Callable[[], Any]) -> Any:
        return deeper(k - 1, call) if k else call()

    for call in ways:
        for k in range(15):  # wherever on the way it ends
            with pytest.raises(RecursionError):
                deeper(k, call)


def interrupted(timer: threading.Timer, call: Callable[[], Any]) -> None:
    timer.start()
    for _ in range(100):
        call()


@pytest.mark.skipif(sys.platform == "win32", reason="nothing sends signals there")
def test_an_interrupt_before_the_first_line_of_a_meaning_is_not_lost() -> None:
    op = fg.Unary("slow", lambda x: x + 1.0, None)
    f = native(lambda x: op(x) + 1.0)
    column = np.arange(2_000_000.0)
    f.map(column[:9])
    # A shell that starts this in the background has signals of this kind ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for k in range(5):
            timer = threading.Timer(0.02 + 0.001 * k, signal.raise_signal, (signal.SIGINT,))
            with pytest.raises(KeyboardInterrupt):
                interrupted(timer, lambda: f.map(column))
            timer.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert f(1.0) == 3.0


# Memory


def resident() -> int:
    """The megabytes that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


ON_LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it reads /proc")


def test_a_builtin_outlives_what_made_it() -> None:
    made = native(lambda x, y: fg.exp(x) * y)
    meant = made(0.5, 2.0)
    fast = made.specialise(0.5, 2.0)
    sloping = native(fg.gradient(lambda x: x[0] * x[1])).specialise(np.ones(2))
    del made
    for k in range(10_000):
        if k % 2500 == 0:
            gc.collect()
        assert fast(0.5, 2.0) == meant
        assert sloping(np.array([2.0, 3.0])).tolist() == [3.0, 2.0]
    assert fast(1, 2) == fast(1.0, 2.0)


def test_finalizers_of_garbage_may_call_code_that_is_garbage_too() -> None:
    kept = []

    class Last:
        fast: Any

        def __del__(self) -> None:
            kept.append((self.fast(3.0), self))

    for _ in range(30):
        f: Any = lambda x: x * x + 1.0
        f.fast = native(f).specialise(1.0)
        f.last = Last()
        f.last.fast = f.fast
        del f
        gc.collect()
    assert [value for value, _ in kept] == [10.0] * 30
    assert [last.fast(2.0) for _, last in kept] == [5.0] * 30


@ON_LINUX
def test_three_hundred_kernels_come_and_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FGRAD_CACHE", str(tmp_path / "cache"))

    def make(k: int) -> None:
        f = native(lambda x: fg.sin(x) * float(k % 20))
        assert f.specialise(1.0)(0.0) == f(0.0) == 0.0
        if k % 10 == 0:
            f.map(np.ones(9))

    def spaces() -> int:
        return len(Path("/proc/self/maps").read_text().splitlines())

    for k in range(50):
        make(k)
    gc.collect()
    before = resident(), spaces()
    for k in range(50, 350):
        make(k)
    gc.collect()
    assert resident() - before[0] < 25
    assert spaces() - before[1] < 60


@ON_LINUX
def test_calls_of_builtins_keep_nothing() -> None:
    pair = native(lambda x, y: (x * y, x + y)).specialise(1.0, 1.0)
    one = native(lambda x, y: x * y).specialise(1.0, 1.0)
    truths = native(lambda x, y: (fg.less(x, y), x, fg.less(y, x))).specialise(1.0, 1.0)
    truth = native(fg.less).specialise(1.0, 1.0)
    row = native(lambda x: [x[1], x[0]]).specialise(np.ones(2))
    number = native(lambda x: x[0] * x[1]).specialise(np.ones(2))
    x, y, array = 1234.5, 0.25, np.array([1.5, 2.5])
    watched = (x, y, array, True, False, None, (), pair, one, array.dtype, np.ndarray, float, tuple)

    def calls(count: int) -> None:
        for _ in range(count):
            pair(x, y)
            one(x, y)
            truths(x, y)
            truth(x, y)
            row(array)
            number(array)
            for f, wrong in ((one, ()), (number, (None,)), (row, (array[:1],))):
                try:
                    f(*wrong)
                except (TypeError, ValueError):
                    pass
                else:
                    raise AssertionError(f)

    calls(300)
    gc.collect()
    counts, size = [sys.getrefcount(o) for o in watched], resident()
    tracemalloc.start()
    calls(10)
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    calls(2000)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    for _ in range(10_000):
        pair(x, y), one(x, y), truths(x, y), truth(x, y), row(array), number(array)
    changed = [sys.getrefcount(o) - n for o, n in zip(watched, counts, strict=True)]
    assert max(map(abs, changed)) < 50, changed
    assert grown < 100_000
    assert resident() - size < 10
    assert (truths(x, y)[0] is False, truths(x, y)[2] is True, truth(y, x) is True) == (True,) * 3
    assert sys.getrefcount(pair(x, y)) == sys.getrefcount((x * y, x + y))
    # The builtin itself keeps an array that it made.
    assert sys.getrefcount(row(array)) == sys.getrefcount(np.array([1.5, 2.5])) + 1


ALTERED = """
    def altered(b, size):
        rows = b.ndim == 2
        yield lambda: b.resize(1, refcheck=False)
        yield lambda: (b.resize(10 * size, refcheck=False), b.resize(3, refcheck=False))
        yield lambda: setattr(b, "shape", (size,) if rows else (size // 2, 2))
        yield lambda: setattr(b, "shape", b.shape[::-1] if rows else (1, size))
        yield lambda: setattr(b, "dtype", np.int64)
        yield lambda: b.setflags(write=False)
        yield lambda: setattr(b, "data", memoryview(bytearray(8)))
        yield lambda: weak.append(weakref.ref(b))
"""


@pytest.mark.parametrize("rows", [100, 3000, 200_000])
def test_memory_that_its_last_owner_altered_is_not_written_to(rows: int) -> None:
    """Of columns by a builtin, and of large ones; what is too small would end in a fault."""
    script = f"""
    import warnings, weakref
    import numpy as np
    import fgrad as fg
    {ALTERED.strip()}
    x, weak = np.arange({rows}.0), []
    warnings.simplefilter("ignore")  # of numpy
    def tried(f, k, way):
        two, three = f.map(x, threads=1 + k % 2)
        assert two.tolist() == (x * 2.0).tolist() and three.tolist() == (x * 3.0).tolist(), way
        assert two.flags.writeable and all(ref() is not two.base for ref in weak), way
        alter = list(altered(two.base, two.base.size))[way]
        del two, three
        try:
            alter()
        except (ValueError, AttributeError):  # numpy refuses
            pass
    for way in range(8):
        f = fg.compile(lambda x: [x * 2.0, x * 3.0], backend="native")
        for k in range(20):
            tried(f, k, way)
        del f
    print("well")
    """
    assert run(script) == "well\n"


def test_floats_of_a_class_of_their_own_are_floats() -> None:
    class Length(float):
        pass

    f = native(lambda x, y: x - y).specialise(1.0, 1.0)
    assert f(Length(3.0), 1.0) == f(3.0, Length(1.0)) == 2.0
    assert type(f(Length(3.0), Length(1.0))) is float


ORDINARY = sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")


@pytest.mark.skipif(not ORDINARY, reason="objects may lie otherwise")
@pytest.mark.parametrize("allocator", ["debug", "malloc", "malloc_debug"])
def test_builtins_are_on_whatever_memory_objects_have(allocator: str) -> None:
    """A debug allocator overwrites what is freed, so that reading it finds nothing that is known."""
    script = """
    import fgrad as fg, numpy as np
    from fgrad.backends.buffers import cpython
    known = cpython.floats(), cpython.arrays(), cpython.trees()
    f = fg.compile(lambda x: x * x, backend="native")
    f(2.0)
    print([x is not None for x in known], cpython._slots_are_known(), type(f.__call__).__name__)
    """
    on = "[True, True, True] True builtin_function_or_method\n"
    assert run(script, PYTHONMALLOC=allocator) == on


def test_objects_with_a_longer_head_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpython, "FLOAT", 32)  # as without the interpreter's lock
    cpython.floats.cache_clear()
    try:
        assert cpython.floats() is None
    finally:
        cpython.floats.cache_clear()


# Pickles and processes


def doubled_sine(x: float) -> tuple[float, float]:
    return fg.sin(x) * 2.0, x


def test_what_is_native_pickles_as_its_program() -> None:
    f = native(doubled_sine)
    f(0.5)
    special = f.specialisation(0.5)
    for thing in (f, special, special.kernel):
        again = pickle.loads(pickle.dumps(thing))
        kernel = {
            "Compiled": lambda x: x.specialisation(0.5).kernel,
            "Specialisation": lambda x: x.kernel,
        }.get(type(thing).__name__, lambda x: x)(again)
        assert kernel == special.kernel
        assert bits(kernel(0.75)) == bits(f(0.75))
    with pytest.raises((TypeError, ValueError, AttributeError)):
        pickle.dumps(f.specialise(0.5))


def answered(f: Any, pipe: Any) -> None:
    fast = f.specialise(0.5)
    pipe.send([*f(0.75), *fast(0.75), *[c[1] for c in f.map(np.array([0.5, 0.75]))]])
    pipe.close()


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_other_processes_compile_what_they_are_sent(method: str) -> None:
    f = native(doubled_sine)
    meant = [*f(0.75)] * 3
    context: Any = multiprocessing.get_context(method)
    here, there = context.Pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of forks, where there are threads
        child = context.Process(target=answered, args=(f, there))
        child.start()
    try:
        assert here.poll(SECONDS)
        assert bits(here.recv()) == bits(meant)
    finally:
        child.join(5.0)
        child.kill()


def forked(work: Callable[[], object]) -> int:
    """How a child ends that does the work: 0 if well, -9 if it hangs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of forks, where there are threads
        child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001  # nothing of the test must run on in the child
            os._exit(1)
        os._exit(0)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@FORKS
def test_a_fork_in_the_middle_of_compilations_leaves_a_child_that_compiles() -> None:
    builtin, _ = hot(native(long(8000)), 0.5)
    meant = builtin(0.5)

    def work() -> None:
        f = native(lambda x: x * 3.0 + 1.0)
        assert f(2.0) == f.specialise(2.0)(2.0) == 7.0
        assert f.map(np.ones(5), threads=2).tolist() == [4.0] * 5
        assert builtin(0.5) == meant

    def foreground() -> None:
        for k in range(4):
            native(long(1200, float(k)))(0.5)

    other = threading.Thread(target=foreground)
    other.start()
    ends = []
    while other.is_alive():
        ends.append(forked(work))
        time.sleep(random.Random(len(ends)).random() * 0.02)
    other.join()
    assert len(ends) > 2
    assert set(ends) == {0}


@FORKS
def test_a_child_makes_better_code_by_a_thread_of_its_own() -> None:
    submit(lambda: iter(()))  # the parent has a thread
    builtin, entry = hot(native(long(2200)), 0.5)

    def work() -> None:
        meant = builtin(0.5)
        end = time.monotonic() + SECONDS
        while len(entry.codes) == 1 and time.monotonic() < end:
            time.sleep(0.001)
        assert len(entry.codes) == 2
        assert builtin(0.5) == meant

    assert forked(work) == 0


# The end of the interpreter

LONG = """
    import fgrad as fg, time, threading, atexit, random
    import numpy as np
    def long(lines):
        def f(x):
            for k in range(lines // 2):
                x = fg.sin(x) + float(k) if random.Random(k).random() < 0.5 else k - fg.sin(x)
            return x
        return f
    def hot(lines):
        f = fg.compile(long(lines), backend="native")
        fast = f.specialise(0.5)
        f.specialisation(0.5).kernel.entry.cell[1] = 1
        return fast
"""


@pytest.mark.parametrize("seconds", [0.0, 0.05])
def test_the_interpreter_ends_during_a_compilation_in_the_background(seconds: float) -> None:
    end = f"""
    first, second = hot(30_000), hot(3000)
    first(0.5), second(0.5)
    time.sleep({seconds})
    print("end")
    """
    assert run(LONG + end) == "end\n"


def test_the_interpreter_ends_while_daemons_compute() -> None:
    end = """
    f = fg.compile(long(200), backend="native")
    column = np.ones(1_000_000)
    f.map(column[:9]), f.sum(column[:9])
    def forever(work):
        while True:
            work()
    g = lambda: fg.compile(long(500 + int(time.time() * 1e6) % 500), backend="native")(0.5)
    for work in (lambda: f.map(column), lambda: f.sum(column, threads=2), lambda: f(0.5), g):
        threading.Thread(target=forever, args=(work,), daemon=True).start()
    time.sleep(0.2)
    print("end")
    """
    assert run(LONG + end) == "end\n"


@pytest.mark.parametrize("when", ["before", "after"])
def test_functions_are_called_for_the_first_time_when_the_interpreter_ends(when: str) -> None:
    before = """
    import atexit
    def last():
        import fgrad as fg
        import numpy as np
        f = fg.compile(lambda x: x * x, backend="native")
        print(f(3.0), f.specialise(1.0)(2.0), f.map(np.full(100_000, 2.0), threads=4)[-1])
        print(f.sum(np.ones(100_000), threads=4))
    """
    imports = "import fgrad.backends.native.runtime.batch" if when == "after" else ""
    script = f"{before}\n    {imports}\n    atexit.register(last)"
    assert run(script) == "9.0 4.0 4.0\n100000.0\n"


def test_hot_functions_are_called_when_the_interpreter_ends() -> None:
    end = """
    def last():
        fast = hot(2200)
        print(fast(0.5) == fast(0.5) == fast(0.5))
    atexit.register(last)
    """
    assert run(LONG + end) == "True\n"


# The cache

COMPILED = """
    import fgrad as fg
    import numpy as np
    f = fg.compile(lambda x: fg.exp(x) * 2.0 + fg.sin(x), backend="native")
    print(f(0.5).hex(), f.map(np.full(9, 0.5))[8].hex(), f.sum(np.full(9, 0.5)).hex())
"""


def damaged(data: bytes, rng: random.Random) -> bytes:
    """With some of the bytes lost, changed or added."""
    at = rng.randrange(len(data) + 1)
    do = rng.randrange(4)
    if do == 0:
        return data[:at]
    if do == 1:
        return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
    return data[at:] if do == 2 else data + data[:at]


def test_a_cache_that_is_damaged_at_random_is_never_believed(tmp_path: Path) -> None:
    meant = run(COMPILED, FGRAD_CACHE="off")
    directory = tmp_path / "cache"
    assert run(COMPILED, FGRAD_CACHE=str(directory)) == meant
    files = list(directory.glob("*.fgrad"))
    assert len(files) >= 3
    rng = random.Random(0)
    for _ in range(3):
        results: list[Any] = [None, None]

        def race(k: int, results: list[Any] = results) -> None:
            results[k] = run(COMPILED, FGRAD_CACHE=str(directory))

        racing = [threading.Thread(target=race, args=(k,)) for k in range(2)]
        for thread in racing:
            thread.start()
        while any(thread.is_alive() for thread in racing):
            for file in files:
                sound = file.read_bytes() if file.exists() else b"nothing"
                file.write_bytes(damaged(sound, rng))
            time.sleep(0.01)
        assert results == [meant, meant]


def test_object_code_that_is_cut_short_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FGRAD_CACHE", str(tmp_path))
    tmp_path.chmod(0o700)
    program = native(lambda x: fg.exp(x) - 1.0).specialisation(0.5).kernel.program
    meant = bits(Entry.of(program, exact=False).run(0.5))
    (file,) = tmp_path.glob("*.fgrad")
    whole = file.read_bytes()
    for size in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:size])
        assert bits(Entry.of(program, exact=False).run(0.5)) == meant
        assert file.read_bytes() == whole
