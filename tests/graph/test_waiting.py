"""While nodes are built the collector looks at new objects only, and afterwards as before."""

import gc
import sys
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import fgrad as fg
from fgrad.graph.collector import SELDOM, calm
from fgrad.graph.waiting import WAIT, begin, watch

USUAL = (700, 10, 10)
WAITING = (700, 10 + WAIT, 10 + WAIT)

pytestmark = pytest.mark.skipif(
    sys.version_info >= (3, 14) or sys.implementation.name != "cpython",
    reason="this collector has no generations",
)


@pytest.fixture(autouse=True)
def _usual() -> Iterator[None]:
    before, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.collect()
    gc.set_threshold(*USUAL)
    yield
    sys.setswitchinterval(interval)
    gc.enable()
    gc.set_threshold(*before)


def chain(length: int) -> fg.Node[float]:
    node = fg.var(1.0)
    for _ in range(length):
        node = node * 1.0
    return node


def lists(count: int) -> list[list[int]]:
    return [[] for _ in range(count)]


class Cell:
    def __init__(self) -> None:
        self.own = self


def collections() -> int:
    return sum(generation["collections"] for generation in gc.get_stats()[1:])


def test_the_collector_asks() -> None:
    assert gc.callbacks.count(watch) == 1
    begin()
    assert gc.callbacks.count(watch) == 1


def test_older_objects_wait_while_a_graph_is_built_and_no_longer() -> None:
    before = collections()
    node = chain(100_000)
    assert gc.get_threshold() == WAITING
    assert collections() - before <= 2
    others = lists(2_000)
    assert gc.get_threshold() == USUAL
    assert node.value == len(others) / 2_000


def test_without_nodes_nothing_waits() -> None:
    before = collections()
    others = lists(100_000)
    assert gc.get_threshold() == USUAL
    assert collections() - before >= 10
    assert others


def test_garbage_is_found_when_it_is_over_and_when_it_is_asked_for() -> None:
    node = chain(50_000)
    assert gc.get_threshold() == WAITING
    cell = Cell()
    seen = weakref.ref(cell)
    del cell
    gc.collect()
    assert seen() is None
    node = chain(50_000)
    old = Cell()
    seen = weakref.ref(old)
    node = chain(50_000)
    assert gc.get_threshold() == WAITING
    del old
    others = lists(500_000)
    assert seen() is None
    assert node.value == len(others) / 500_000


@pytest.mark.parametrize("own", [SELDOM, (200_000, 10, 10), (0, 10, 10)])
def test_a_collector_that_looks_seldom_or_never_is_left_as_it_is(own: tuple[int, int, int]) -> None:
    gc.set_threshold(*own)
    node = chain(20_000)
    watch("start", {"generation": 2})
    assert gc.get_threshold() == own
    assert node.value == 1.0


def test_what_somebody_sets_meanwhile_stays() -> None:
    node = chain(50_000)
    assert gc.get_threshold() == WAITING
    gc.set_threshold(500, 7, 8)
    others = lists(100_000)
    assert gc.get_threshold() == (500, 7, 8)
    gc.set_threshold(*WAITING)  # as one does who noted it while a graph was built
    others += lists(2_000)
    assert gc.get_threshold() == USUAL
    assert node.value == 1.0


def test_calm_and_waiting_do_not_disturb_each_other() -> None:
    node = chain(50_000)
    assert gc.get_threshold() == WAITING
    with calm():
        assert gc.get_threshold() == SELDOM
        watch("start", {"generation": 2})
        assert gc.get_threshold() == SELDOM
    assert gc.get_threshold() == WAITING
    with calm():
        others = lists(2_000)
    others += lists(2_000)
    assert gc.get_threshold() == USUAL
    assert node.value == 1.0


def test_only_the_beginning_counts_and_new_objects_wait_for_nobody() -> None:
    gc.disable()
    node = chain(500)
    watch("stop", {"generation": 1})
    assert gc.get_threshold() == USUAL
    watch("start", {"generation": 1})
    assert gc.get_threshold() == WAITING
    watch("stop", {"generation": 0})
    assert gc.get_threshold() == WAITING
    watch("start", {"generation": 0})
    assert gc.get_threshold() == USUAL
    node = node * chain(5_000)
    watch("start", {"generation": 0})
    assert gc.get_threshold() == USUAL
    assert node.value == 1.0


def test_where_nodes_are_few_among_others_nothing_waits() -> None:
    gc.disable()
    node, others = chain(500), lists(1_000)
    watch("start", {"generation": 1})
    assert gc.get_threshold() == USUAL
    assert node.value == len(others) / 1_000


def test_nodes_that_were_there_or_are_gone_do_not_count() -> None:
    nodes = [chain(1) for _ in range(20_000)]
    gc.collect()
    gc.disable()
    others = lists(500)
    watch("start", {"generation": 1})
    assert gc.get_threshold() == USUAL
    nodes.clear()
    watch("start", {"generation": 1})
    assert gc.get_threshold() == USUAL
    assert others


def test_what_other_threads_are_making_meanwhile_can_be_finished() -> None:
    def tuples(count: int) -> int:
        return sum(len(tuple(x for x in range(40))) for _ in range(count))

    sys.setswitchinterval(1e-6)
    with ThreadPoolExecutor(4) as pool:
        made = [pool.submit(tuples, 20_000) for _ in range(3)]
        built = [pool.submit(chain, 20_000) for _ in range(10)]
    assert [future.result() for future in made] == [800_000] * 3
    assert [future.result().value for future in built] == [1.0] * 10


def test_threads_that_build_leave_it_as_it_was() -> None:
    with ThreadPoolExecutor(4) as pool:
        values = [node.value for node in pool.map(chain, [20_000] * 8)]
    others = lists(5_000)
    assert values == [1.0] * 8
    assert gc.get_threshold() == USUAL
    assert others
