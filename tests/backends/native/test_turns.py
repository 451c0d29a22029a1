"""Turns at LLVM: nothing interrupts one, a fork and the end wait for it, and what is dropped is gone."""

import gc
import os
import signal
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest

import fgrad as fg

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

import llvmlite.binding as llvm  # noqa: E402  # they need extras

from fgrad.backends.native.runtime import exclusive  # noqa: E402  # likewise
from fgrad.backends.native.runtime.background import Worker  # noqa: E402  # likewise
from fgrad.backends.native.runtime.exclusive import exclusively  # noqa: E402  # likewise
from fgrad.backends.native.runtime.llvm import PLAIN, Code, compiled, host, loaded  # noqa: E402  # likewise
from tests.backends.native.test_hostile import FORKS, ON_LINUX, SECONDS, forked, run  # noqa: E402  # likewise

TEXT = "define double @f(double %x) {\n%y = fadd double %x, %x\nret double %y\n}"


@pytest.fixture
def usual_interrupts() -> Iterator[None]:
    """A shell that starts this in the background has signals of this kind ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_turns_are_taken_one_at_a_time_by_whoever_comes() -> None:
    inside, most = [0], [0]

    def work() -> int:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.002)
        inside[0] -= 1
        return exclusively(lambda: 7)  # as a finalizer would that comes in between

    threads = [threading.Thread(target=lambda: exclusively(work)) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert [exclusively(work) for _ in range(5)] == [7] * 5
    for thread in threads:
        thread.join(SECONDS)
    assert most == [1]


def test_what_work_raises_reaches_who_asked() -> None:
    for error in (ValueError("no"), KeyboardInterrupt(), SystemExit(3)):

        def work(error: BaseException = error) -> None:
            raise error

        with pytest.raises(type(error)) as caught:
            exclusively(work)
        assert caught.value is error
    assert exclusively(lambda: 1) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="nothing sends signals there")
@pytest.mark.usefixtures("usual_interrupts")
def test_an_interrupt_does_not_stop_llvm_half_way(monkeypatch: pytest.MonkeyPatch) -> None:
    parse, emit, steps = llvm.parse_assembly, llvm.TargetMachine.emit_object, []

    def parsed(text: str) -> Any:
        signal.raise_signal(signal.SIGINT)
        for _ in range(100):
            time.sleep(0.001)  # the handler would come here
        return parse(text)

    def emitted(target: Any, module: Any) -> bytes:
        steps.append("emitted")
        return emit(target, module)

    host()
    monkeypatch.setattr(llvm, "parse_assembly", parsed)
    monkeypatch.setattr(llvm.TargetMachine, "emit_object", emitted)
    with pytest.raises(KeyboardInterrupt):
        compiled(TEXT, host(), PLAIN)
    exclusively(lambda: None)
    assert steps == ["emitted"]


STORM = """
    import random, signal, threading, time
    from fgrad.backends.native.runtime import llvm as m
    text = "define double @f(double %x) { %y = fadd double %x, %x \\n ret double %y }"
    def work():
        m.loaded([m.compiled(text, m.host(), m.PLAIN)], ["f"], {})
    work()
    def handler(number, frame):
        while frame is not None:
            if frame.f_code is work.__code__:
                raise KeyboardInterrupt
            frame = frame.f_back
    signal.signal(signal.SIGINT, handler)
    end = time.monotonic() + 4.0
    def storm():
        while time.monotonic() < end:
            time.sleep(random.random() * 0.001)
            signal.raise_signal(signal.SIGINT)
    def other():
        while time.monotonic() < end:
            work()
    for target in (storm, other):
        threading.Thread(target=target).start()
    caught = 0
    while time.monotonic() < end:
        try:
            work()
        except KeyboardInterrupt:
            caught += 1
    print(caught > 100)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nothing sends signals there")
def test_a_storm_of_interrupts_neither_aborts_nor_hangs() -> None:
    assert run(STORM) == "True\n"


def test_the_end_waits_for_the_turn_and_gives_daemons_no_other() -> None:
    script = """
    import atexit, threading, time
    inside, begun = [], []
    def last():  # behind the end of turns, which was registered later
        count = len(begun)
        time.sleep(0.3)
        print(len(begun) - count, inside, exclusively(lambda: "for the main thread"))
        other = threading.Thread(target=lambda: print(exclusively(lambda: "for one that is waited for")))
        try:
            other.start()
        except RuntimeError:  # from Python 3.12 on
            print("for one that is waited for")
        else:
            other.join()
    atexit.register(last)
    from fgrad.backends.native.runtime.exclusive import exclusively
    def work():
        begun.append(1)
        inside.append(1)
        time.sleep(0.05)
        inside.pop()
    def forever():
        while True:
            exclusively(work)
    for _ in range(3):
        threading.Thread(target=forever, daemon=True).start()
    time.sleep(0.12)
    """
    assert run(script) == "0 [] for the main thread\nfor one that is waited for\n"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it asks the C library")
def test_llvm_is_at_rest_when_its_tables_go() -> None:
    """Behind the end of LLVM's library, which is when `sleep` is called, it is not at work."""
    script = """
    import ctypes, threading, time
    getattr(libc := ctypes.CDLL(None), "__cxa_atexit")(libc.sleep, ctypes.c_void_p(1), None)
    from fgrad.backends.native.runtime import llvm as m
    lines = [f"%x{k + 1} = fadd double %x{k}, {k}.5" for k in range(400)]
    body = "\\n".join(["(double %x0) {", *lines, "ret double %x400", "}"])
    text = "\\n".join(f"define double @f{k}" + body for k in range(20))
    def forever():
        while True:
            m.compiled(text, m.host(), m.BEST)
    threading.Thread(target=forever, daemon=True).start()
    time.sleep(0.4)
    """
    for _ in range(2):
        assert run(script) == ""


def test_a_finalizer_does_not_wait_for_a_turn() -> None:
    began, over = threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        over.wait(SECONDS)

    codes: list[Code] = [loaded([compiled(TEXT, host(), PLAIN)], ["f"], {}) for _ in range(3)]
    other = threading.Thread(target=lambda: exclusively(work))
    other.start()
    began.wait(SECONDS)
    codes.clear()  # and this comes to its end
    assert len(exclusive._deferred) == 3
    over.set()
    other.join(SECONDS)
    assert not exclusive._deferred


def test_what_is_dropped_is_gone_though_no_turn_follows() -> None:
    codes = [loaded([compiled(TEXT, host(), PLAIN)], ["f"], {}) for _ in range(3 * exclusive.MANY)]
    codes.clear()
    end = time.monotonic() + SECONDS
    while len(exclusive._deferred) >= exclusive.MANY and time.monotonic() < end:
        time.sleep(0.001)
    assert len(exclusive._deferred) < exclusive.MANY


def idle(worker: Worker) -> bool:
    """Whether its thread has ended, which it does by itself."""
    end = time.monotonic() + SECONDS
    while worker._threads and time.monotonic() < end:
        time.sleep(0.001)
    worker.finish()
    return not [t for t in threading.enumerate() if t.name == "fgrad native"]


def test_a_worker_without_work_has_no_thread() -> None:
    worker, done = Worker(), []

    def work(k: int) -> Callable[[], Iterator[None]]:
        def steps() -> Iterator[None]:
            yield
            done.append(k)
            if k == 1:
                raise ValueError("no harm to the others")

        return steps

    for k in range(4):
        worker.submit(work(k))
    assert idle(worker)
    worker.submit(work(4))
    assert idle(worker)
    assert done == [0, 1, 2, 3, 4]
    worker.stop()
    worker.submit(work(5))
    assert idle(worker)
    assert len(done) == 5


@FORKS
def test_a_fork_after_work_in_the_background_is_without_threads() -> None:
    worker = Worker()
    worker.submit(lambda: iter((None,)))
    assert idle(worker)
    if threading.active_count() > 1:
        pytest.skip("others have threads")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        child = os.fork()
    if child == 0:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


@FORKS
def test_a_child_of_a_fork_within_a_turn_takes_turns() -> None:
    assert exclusively(lambda: forked(lambda: exclusively(lambda: 1))) == 0


# What is dropped is gone


@ON_LINUX
@pytest.mark.parametrize(("way", "most"), [("compiled", 8.0), ("from_disk", 3.0)])
def test_code_that_is_dropped_gives_its_memory_back(way: str, most: float) -> None:
    script = f"""
    import os, tempfile
    from tests.bench.native_memory import {way}, growth
    with tempfile.TemporaryDirectory() as directory:
        os.environ["FGRAD_CACHE"] = "off" if "{way}" == "compiled" else directory
        print(growth({way}, 250)[-1])
    """
    assert float(run(script)) < most


def used(op: Any, kind: Any, backend: Any) -> None:
    """Use an operation and a class of trees in all ways."""
    x = fg.var(1.0)
    y = op(x, 2.0) + op(2.0, x) + op(x, x)
    fg.grad_nodes(fg.Graph.of(y), y)
    loss = fg.compile(lambda both: op(both.x, both.y) * op(both.x, 2.0), backend=backend)
    for _ in range(3):
        assert loss(kind(1.0, 2.0)) == 9.0
    slopes: Any = fg.compile(fg.gradient(loss), backend=backend)
    assert slopes(kind(1.0, 2.0)).x == 6.0
    twice: Any = fg.compile(fg.gradient(fg.gradient(lambda x: op(x, x))), backend=backend)
    assert twice(1.0) == 0.0
    column = np.arange(20.0)
    for _ in range(3):
        loss.map(kind(column, 2.0))
        loss.sum(kind(column, 2.0))
    assert fg.taylor(lambda x: op(x, x), 2)(1.0) == (2.0, 2.0, 0.0)
    fg.show(loss.program)


@pytest.mark.parametrize("backend", ["reference", "python", "native"])
def test_nothing_keeps_what_the_user_made(backend: str) -> None:
    def meaning(x: float, y: float) -> float:
        return x + y

    def rule(out: Any, x: Any, y: Any) -> float:
        return 1.0

    kind: Any = attrs.make_class("Own", {"x": attrs.field(), "y": attrs.field()}, frozen=True)
    op = fg.Binary("own", meaning, rule, rule)
    watched = [weakref.ref(thing) for thing in (op, meaning, rule, kind)]
    used(op, kind, backend)
    del op, meaning, rule, kind
    gc.collect()
    gc.collect()
    assert [ref() for ref in watched] == [None] * 4
