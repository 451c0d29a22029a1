"""What a gradient holds at its peak, and that working in blocks changes no bit."""

import gc
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402
from fgrad.arrays import blocks  # noqa: E402
from fgrad.autodiff import array_values  # noqa: E402
from tests.samples.arrays import ELEMENTWISE, Case  # noqa: E402  # they need numpy

fg: Any = fgrad  # what is typed is tested in tests/typing


def peak(run: Callable[[], object]) -> int:
    """Bytes above those held before, at most."""
    run()
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        kept = run()
        most = tracemalloc.get_traced_memory()[1] - before
        del kept
        return most
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("act", [fg.tanh, fg.relu, fg.sigmoid, fg.softplus], ids=str)
def test_a_layer_needs_its_nodes_two_contributions_and_blocks(act: Any) -> None:
    random = np.random.default_rng(0)
    x, w, b = random.normal(size=(4096, 32)), random.normal(size=(32, 64)), np.zeros(64)
    x.flags.writeable = False
    loss = lambda w, b: fg.sum(act(x @ w + b))
    unit = 4096 * 64 * 8
    temporaries = 2 if act in (fg.sigmoid, fg.softplus) else 0  # while the node is made
    assert peak(lambda: fg.gradient(loss, argnums=(0, 1))(w, b)) < (5.0 + temporaries) * unit


def test_what_nobody_asked_for_is_let_go_of() -> None:
    x = fg.var(np.linspace(0.1, 1.0, 50_000), "x")
    y = x
    for _ in range(10):
        y = fg.sin(y) * 1.1
    total = fg.sum(y)
    graph = fg.Graph.of(total)
    unit = x.value.nbytes
    assert peak(lambda: fg.grad(graph, total, wrt=x)) < 4.0 * unit
    assert peak(lambda: fg.grad(graph, total)) > 20.0 * unit


@pytest.mark.parametrize("case", ELEMENTWISE, ids=str)
def test_blocks_change_no_bit(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    args = case.arguments()
    wrt = tuple(range(len(args)))
    weights = np.cos(np.arange(np.size(case.f(*args))))

    def loss(*xs: Any) -> Any:
        y = case.f(*xs)
        return fg.vdot(y, weights.reshape(y.shape)) if getattr(y, "shape", ()) else y

    whole = fg.gradient(loss, argnums=wrt)(*args)
    taken: list[bool] = []

    def watched(f: Any, given: Any) -> Any:
        made = blocks.in_blocks(f, given)
        taken.append(made is not None)
        return made

    monkeypatch.setattr(array_values, "LARGE", 1)
    monkeypatch.setattr(array_values, "in_blocks", watched)
    monkeypatch.setattr(blocks, "_BLOCK", 2)
    for a, b in zip(whole, fg.gradient(loss, argnums=wrt)(*args), strict=True):
        assert np.array_equal(a, b)
    if case.name == "sin" and np.size(args[0]):
        assert taken == [True]


def test_what_is_indexed_by_a_large_array_is_not_kept() -> None:
    """Operations are remembered by what they are made of, but an order of many elements comes once."""
    random, held = np.random.default_rng(0), []
    x = random.normal(size=2000)
    for _ in range(3):
        places = random.permutation(2000)
        y = fg.var(x)[places]
        fg.gradient(lambda v, p=places: fg.sum(fg.at(v)[p[:1000]].set(1.0)[p]))(x)
        held.append(weakref.ref(y.op.key[0].parts[0]))
        assert held[-1]() is not None
        del y, places
    gc.collect()
    assert [kept() is None for kept in held] == [True] * 3
