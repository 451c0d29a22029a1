"""The garbage collector is as it was when something large has been made."""

import gc
import os
import threading
from collections.abc import Iterator

import pytest

import fgrad as fg
from fgrad.autodiff.reverse import DEEP
from fgrad.graph.collector import SELDOM, calm


@pytest.fixture(autouse=True)
def _usual() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


def test_it_looks_seldom_inside_and_as_before_afterwards() -> None:
    with calm():
        assert gc.get_threshold() == SELDOM
        with calm():
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
    with calm():
        gc.set_threshold(5000, 5, 5)
    assert gc.get_threshold() == (5000, 5, 5)
    for own in ((0, 10, 10), (1_000_000, 10, 10)):
        gc.set_threshold(*own)
        with calm():
            assert gc.get_threshold() == own
        assert gc.get_threshold() == own


def test_deep_gradients_and_those_that_are_nodes_are_made_in_calm(
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
        with calm():
            inside.set()
            over.wait(30.0)

    thread = threading.Thread(target=other)
    if not own:
        thread.start()
        inside.wait(30.0)
        assert gc.get_threshold() == SELDOM
    with calm():
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
            with calm():
                pass

    threads = [threading.Thread(target=often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gc.get_threshold() == (700, 10, 10)
