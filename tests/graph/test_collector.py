"""The garbage collector is as it was when something large has been made."""

import gc
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

import fgrad as fg
from fgrad.autodiff.reverse import DEEP
from fgrad.graph.collector import SELDOM, relaxed_gc


@pytest.fixture(autouse=True)
def _usual() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


def test_it_looks_seldom_inside_and_as_before_afterwards() -> None:
    with relaxed_gc():
        assert gc.get_threshold() == SELDOM
        with relaxed_gc():
            assert gc.get_threshold() == SELDOM
        assert gc.get_threshold() == SELDOM
    assert gc.get_threshold() == (700, 10, 10)


def test_an_error_leaves_it_as_before() -> None:
    def model(x: float) -> float:
        assert gc.get_threshold() == SELDOM
        raise KeyError

    with pytest.raises(KeyError):
        fg.trace(model)(1.0)
    assert gc.get_threshold() == (700, 10, 10)


def test_what_others_set_stays() -> None:
    with relaxed_gc():
        gc.set_threshold(5000, 5, 5)
    assert gc.get_threshold() == (5000, 5, 5)
    for own in ((0, 10, 10), (1_000_000, 10, 10)):
        gc.set_threshold(*own)
        with relaxed_gc():
            assert gc.get_threshold() == own
        assert gc.get_threshold() == own


def test_deep_gradients_and_those_that_are_nodes_relax_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[int, ...]] = []
    usual = gc.set_threshold

    def watched(*to: int) -> None:
        seen.append(to)
        usual(*to)

    monkeypatch.setattr(gc, "set_threshold", watched)
    for size in (10, DEEP):
        seen.clear()
        x = fg.var(1.0)
        y = x
        for _ in range(size):
            y = y * 1.0
        graph = fg.Graph.of(y)
        fg.grad(graph, y)
        assert seen == ([] if size == 10 else [SELDOM, (700, 10, 10)])
        seen.clear()
        fg.grad_nodes(graph, y)
        assert seen == [SELDOM, (700, 10, 10)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("own", [False, True])
def test_a_child_has_what_others_set_undone(*, own: bool) -> None:
    """Nobody is left there to undo it; what the thread itself set it undoes itself."""
    inside, over = threading.Event(), threading.Event()

    def other() -> None:
        with relaxed_gc():
            inside.set()
            over.wait(30.0)

    thread = threading.Thread(target=other)
    if not own:
        thread.start()
        inside.wait(30.0)
        assert gc.get_threshold() == SELDOM
    with relaxed_gc():
        child = os.fork()
        if child == 0 and own:
            os._exit(gc.get_threshold() != SELDOM)
    if child == 0:
        os._exit(gc.get_threshold() != (700, 10, 10))
    over.set()
    if not own:
        thread.join()
    assert os.waitpid(child, 0)[1] == 0
    assert gc.get_threshold() == (700, 10, 10)


def test_two_threads_leave_it_as_it_was() -> None:
    def often() -> None:
        for _ in range(200):
            with relaxed_gc():
                pass

    threads = [threading.Thread(target=often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gc.get_threshold() == (700, 10, 10)


def test_thresholds_that_were_set_inside_outlive_whoever_is_inside() -> None:
    first, second = fg.relaxed_gc(), fg.relaxed_gc()
    first.__enter__()
    gc.set_threshold(5000, 20, 30)
    second.__enter__()
    assert gc.get_threshold() == (SELDOM[0], *SELDOM[1:])
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert gc.get_threshold() == (5000, 20, 30)
    gc.set_threshold(50_000, 1_000, 1_000)
    with fg.relaxed_gc():
        assert gc.get_threshold() == (SELDOM[0], 1_000, 1_000)
    assert gc.get_threshold() == (50_000, 1_000, 1_000)


def test_importing_fgrad_changes_nothing_in_the_process() -> None:
    """Not the collector, not what others may have set, and no thread is started."""
    program = """
import gc, locale, signal, sys, threading, warnings, os, decimal
def state():
    handlers = [signal.getsignal(s) for s in signal.valid_signals() if s not in (signal.SIGKILL, signal.SIGSTOP)]
    hooks = sys.excepthook, sys.displayhook, sys.unraisablehook, sys.gettrace(), sys.getprofile(), sys.flags
    own = [h for h in sys.meta_path], [h for h in sys.path_hooks], list(sys.path), sys.stdout, sys.stderr
    limits = sys.getrecursionlimit(), sys.getswitchinterval(), sys.int_info, sys.get_asyncgen_hooks()
    return {
        "gc": (gc.get_threshold(), gc.isenabled(), list(gc.callbacks), gc.get_debug(), gc.get_freeze_count()),
        "warnings": (list(warnings.filters), warnings.showwarning),
        "signal": handlers,
        "locale": locale.setlocale(locale.LC_ALL),
        "threads": threading.active_count(),
        "sys": (hooks, own, limits),
        "os": (dict(os.environ), os.getcwd()),
        "decimal": repr(decimal.getcontext()),
    }
import attrs, pyrsistent
before = state()
import fgrad as fg
after = state()
print([name for name in before if before[name] != after[name]])
a = fg.var(1.0)
for _ in range(3000): a = a * 1.0 + 1.0
fg.grad(fg.Graph.of(a), a)
fg.compile(lambda x: x * x, backend="python")(2.0)
print([name for name in before if before[name] != state()[name]])
"""
    run = [sys.executable, "-c", program]
    shown = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert shown.splitlines() == ["[]", "[]"]


def test_a_graph_of_a_users_own_is_built_under_a_users_own_thresholds() -> None:
    gc.set_threshold(700, 1_000_000, 10)
    node = fg.var(1.0)
    for _ in range(50_000):
        node = node * 1.0
    assert gc.get_threshold() == (700, 1_000_000, 10)
    with fg.relaxed_gc():
        node = node * 1.0
    assert gc.get_threshold() == (700, 1_000_000, 10)
