"""What stands around compiled functions: the same answers by every way, and no step for each number.

Times belong to `tests/bench/around.py`. Here calls of Python are counted: what is done for each number
by a call of Python costs more than any arithmetic, so their count must not grow with the numbers.
"""

import gc
import math
import struct
import sys
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import attrs
import pytest
from hypothesis import given

import fgrad as fg
from fgrad import trees
from fgrad.compiled.calls import MISS
from fgrad.trees.leaf import number
from fgrad.trees.tree import _USUAL
from tests.trees.test_tree import TREES

np = pytest.importorskip("numpy", reason="the extra arrays")
pytest.importorskip("llvmlite", reason="the extra native")


def calls_of(f: Callable[[], object]) -> int:
    """How many functions of Python a call of `f` calls, after a few calls that make what is kept."""
    for _ in range(4):
        f()
    count = 0

    def seen(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    gc.disable()  # it would call what waits
    sys.setprofile(seen)
    try:
        f()
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


def grows_not(
    make: Callable[[int], Callable[[], object]], few: int = 100, many: int = 1000
) -> None:
    """The calls of Python are as many for many numbers as for few, up to one in a hundred."""
    small, large = calls_of(make(few)), calls_of(make(many))
    assert large - small <= (many - few) / 100, (small, large)


def numbers_of(tree: Any) -> list[float]:
    return list(map(float, trees.leaves(tree)))


def bits(tree: object) -> list[bytes]:
    """Those of each leaf; which nan it is does not matter."""
    return [struct.pack("d", math.nan if math.isnan(leaf) else leaf) for leaf in numbers_of(tree)]


def numbers(n: int) -> list[float]:
    return [0.5 + 0.01 * (i % 37) for i in range(n)]


class Point(NamedTuple):
    x: Any
    y: Any


@attrs.frozen
class Parts:
    first: list[float]
    rest: tuple[list[float], ...]
    name: str = attrs.field(default="parts", metadata=trees.STATIC)


def parts(n: int) -> Parts:
    w = numbers(n)
    return Parts(w[: n // 2], (w[n // 2 : n - 3], w[n - 3 :]))


@given(TREES)
def test_a_tree_is_taken_apart_in_one_way(tree: Any) -> None:
    slow: list[Any] = []
    structure = _USUAL._taken(tree, "tree", slow, (), number)
    leaves, found = trees.flatten(tree)
    assert list(map(id, leaves)) == list(map(id, slow))
    assert (found, found.paths(), len(found)) == (structure, structure.paths(), len(structure))
    assert found._flat == structure._flat
    assert trees.matched(found, tree) == leaves


class Celsius(float):
    """A number that is a leaf, as those of numpy are."""


@attrs.frozen(slots=False, order=False)
class Labelled(float):
    """A number that is a container."""

    shade: float = 0.5


@pytest.mark.parametrize("leaf", [1, Celsius(1.5), np.float64(2.0), fg.var(1.0)])
def test_leaves_of_every_kind_are_leaves_beside_others(leaf: Any) -> None:
    for tree in ([leaf, leaf], [1.0, leaf], (leaf, [leaf])):
        kept = trees.leaves([leaf])[0]  # a float of another class of numbers
        assert all(x is kept or x in (1.0, leaf) for x in trees.leaves(tree))
        assert trees.flatten(tree)[1].read(tree, [])


def test_a_number_that_is_a_container_is_none_of_the_leaves_beside_it() -> None:
    assert trees.leaves([1.0, Labelled()]) == (1.0, 0.5)
    assert not trees.flatten([1.0, 2.0])[1].read([1.0, Labelled()], [])


@pytest.mark.parametrize("leaf", [True, "a", 1j, object(), np.zeros(2, np.float32)])
def test_what_is_no_leaf_is_refused_beside_others_and_by_its_place(leaf: Any) -> None:
    for tree in ([1.0, leaf], {"a": (1.0, 2.0), "b": [leaf]}):
        with pytest.raises(fg.errors.NotAValue, match=r"tree(\[1\]|\['b'\]\[0\]) "):
            trees.leaves(tree)


def test_a_cyclic_tree_that_branches_ends_at_once() -> None:
    tree: list[Any] = [1.0]
    tree += [tree, tree, tree]
    with pytest.raises(fg.errors.CyclicTree):
        trees.leaves(tree)


def test_classes_go_when_nobody_has_them() -> None:
    def made() -> weakref.ref[type]:
        @attrs.frozen
        class Brief:
            x: float

        class Named(NamedTuple):
            x: float

        assert trees.map(lambda x: -x, [Brief(1.0), Named(2.0)]) == [Brief(-1.0), Named(-2.0)]
        held.append(weakref.ref(Named))
        return weakref.ref(Brief)

    held: list[weakref.ref[type]] = []
    held.append(made())
    gc.collect()
    assert [kept() for kept in held] == [None, None]


def test_a_class_may_be_decorated_after_it_was_a_leaf_or_had_the_fields_of_another() -> None:
    @attrs.define(slots=False)
    class Base:
        x: float

    class Below(Base):
        y: float = 2.0

    below = Below(1.0)
    assert trees.leaves(below) == (1.0,)
    attrs.define(slots=False)(Below)
    below.y = 3.0
    assert trees.leaves(below) == (1.0, 3.0)


def test_trees_are_read_and_built_without_a_step_for_each_leaf() -> None:
    grows_not(lambda n: partial(trees.leaves, numbers(n)))
    grows_not(lambda n: partial(trees.leaves, parts(n)))
    grows_not(lambda n: partial(trees.flatten(numbers(n))[1].unflatten, numbers(n)))
    grows_not(lambda n: partial(trees.matched, trees.flatten(parts(n))[1], parts(n)))
    grows_not(lambda n: partial(trees.map, abs, numbers(n)))


def test_the_rows_of_a_matrix_are_read_without_a_step_for_each_number() -> None:
    def of(n: int) -> Callable[[], object]:
        rows = fg.jacobian(lambda p: [fg.sum(p.first), fg.sum(p.rest[1])])(parts(n))
        assert rows.matrix[0] == trees.leaves(rows[0])
        return lambda: rows.matrix

    grows_not(of)


def model(w: list[float], x: list[float]) -> float:
    return fg.sum([fg.sin(a) * x[i % 2] for i, a in enumerate(w)])


def of_parts(p: Parts, x: list[float]) -> float:
    return model([*p.first, *[a for row in p.rest for a in row]], x)


@pytest.mark.parametrize("n", [8, 120, 337])
def test_sums_over_rows_are_the_same_for_numbers_in_a_table_a_list_and_a_class(n: int) -> None:
    rng = np.random.default_rng(n)
    table, x = np.array([numbers(n)]), rng.normal(size=(70, 2))
    flat = fg.compile(fg.value_and_gradient(model), backend="native")
    built = fg.compile(fg.value_and_gradient(of_parts), backend="native")
    for rows in (x, x[:40]):
        for _ in range(4):  # the long way, and then by a builtin
            wanted: Any = flat.sum(table, rows)
            listed: Any = flat.sum(numbers(n), rows)
            nested: Any = built.sum(parts(n), rows)
            assert bits(listed) == bits(wanted) == bits(nested)
            assert isinstance(nested[1], Parts)
    assert flat._few.call("sum", (numbers(n), x)) is not MISS
    assert built._few.call("sum", (parts(n), x)) is not MISS
    assert flat._few.call("sum", (numbers(n + 1), x)) is MISS
    assert flat._few.call("sum", ([*numbers(n - 1), fg.var(1.0)], x)) is MISS
    grows_not(lambda n: partial(flat.sum, numbers(n), x), 50, 400)
    grows_not(lambda n: partial(built.map, parts(n), x), 50, 400)


@pytest.mark.parametrize("backend", ["python", "native"])
def test_lists_that_are_read_at_once_may_have_anything_in_them(backend: Any) -> None:
    fast = fg.compile(of_parts, backend=backend)
    x, p = [1.0, 2.0], parts(120)
    wanted = fast(p, x)
    for _ in range(3):
        assert fast(p, x) == wanted == pytest.approx(of_parts(p, x))
        ints = attrs.evolve(p, first=[1] * len(p.first))
        assert fast(ints, x) == pytest.approx(of_parts(ints, x))
        nodes = trees.map(fg.var, p)
        assert fast(nodes, x).value == wanted  # type: ignore[attr-defined]  # of nodes
        with pytest.raises(fg.errors.NotAValue, match=r"first\[1\]"):
            fast(attrs.evolve(p, first=[1.0, True, *p.first[2:]]), x)


GIVEN: list[tuple[Any, ...]] = [
    (parts(40), [1.0, 2.0]),
    (attrs.evolve(parts(40), first=[1] * 20), [1, 2]),
    (parts(40), [math.inf, math.nan]),
    (parts(8), [1.0, -0.0]),
]


@pytest.mark.parametrize("backend", ["reference", "python", "native"])
@pytest.mark.parametrize("args", GIVEN)
def test_slopes_without_a_graph_are_those_of_the_graph(backend: Any, args: Any) -> None:
    fast: Any = fg.compile(of_parts, backend=backend)
    graph = fg.value_and_gradient(lambda p, x: fast(p, x) * 1.0, argnums=(0, 1))
    wanted = graph(*args)
    for argnums in (0, 1, (0, 1), (1, 0)):
        at_once: Any = fg.value_and_gradient(fast, argnums)
        value, slopes = at_once(*args)
        chosen = (
            tuple([wanted[1][i] for i in argnums])
            if isinstance(argnums, tuple)
            else wanted[1][argnums]
        )
        assert bits(value) == bits(wanted[0])
        assert bits(slopes) == bits(chosen)
        assert trees.flatten(slopes)[1] == trees.flatten(chosen)[1]
    assert fast.slopes(args, {}, (0, 1)) is not None


def test_slopes_without_a_graph_know_the_structure_of_what_is_given() -> None:
    fast: Any = fg.compile(lambda p, k: p["a"] * p["a"] * k + p["b"])
    slope: Any = fg.gradient(fast)
    for _ in range(2):
        assert slope({"a": 2.0, "b": 3.0}, 5.0) == {"a": 20.0, "b": 1.0}
        assert list(slope({"b": 3.0, "a": 2.0}, 5.0).items()) == [("b", 1.0), ("a", 20.0)]
        assert slope({"a": 2.0, "b": 3.0}, k=5.0) == {"a": 20.0, "b": 1.0}
        outer = fg.var(5.0)
        node = slope({"a": 2.0, "b": 3.0}, outer)["a"]
        assert (node.value, fg.grad(fg.Graph.of(node), node)[outer]) == (20.0, 4.0)
        with pytest.raises(fg.errors.NotAValue, match=r"p\['b'\] needs"):
            slope({"a": 2.0, "b": "3"}, 5.0)
    flag: Any = fg.compile(lambda x: x > 0.0)
    pair: Any = fg.compile(lambda x: (x, x))
    for wrong in (flag, pair):
        wrong(1.0)
        assert wrong.slopes((1.0,), {}, (0,)) is None


def test_slopes_of_a_compiled_function_are_had_without_a_step_for_each_number() -> None:
    def of(n: int) -> Callable[[], object]:
        slope = fg.gradient(fg.compile(model, backend="native"))
        return lambda: slope(numbers(n), [1.0, 2.0])

    grows_not(of, 100, 600)


def test_a_call_on_nodes_takes_few_steps_for_each_argument() -> None:
    def of(n: int) -> Callable[[], object]:
        step = fg.compile(lambda p, s: [fg.tanh(s[0] + model(p, s)), s[1] * p[0]], backend="native")

        def loss(p: list[float]) -> float:
            s = [0.1, 0.2]
            for _ in range(20):
                s = step(p, s)
            return s[0]

        return lambda: fg.gradient(loss)(numbers(n))

    few, many = calls_of(of(40)), calls_of(of(240))
    assert many - few <= 5 * 200  # a few for each parameter, and none for each in each of 20 calls


METHODS = [
    fg.gradient_descent(0.03),
    fg.momentum(0.02, 0.8),
    fg.adam(0.05, square_decay=0.99),
    fg.adam(0.05, floor=0.0),
]


@pytest.mark.parametrize("method", METHODS, ids=lambda m: repr(m)[:40])
@pytest.mark.parametrize("n", [5, 63, 64, 200])
def test_a_descent_is_its_steps_by_hand_bit_for_bit(method: fg.Method, n: int) -> None:
    def loss(p: Parts) -> float:  # of the last number the slope is 0
        return of_parts(attrs.evolve(p, rest=(p.rest[0], [*p.rest[1][:-1], 0.0])), [1.0, 3.0])

    found = fg.minimize(loss, parts(n), method, steps=7, tolerance=0.0)
    state: fg.State[Parts] = method.start(parts(n))
    history = [loss(state.params)]
    for _ in range(7):
        if math.isfinite(history[-1]):
            state = method(state, fg.gradient(loss)(state.params))
            history.append(loss(state.params))
    assert bits(found.state) == bits(state)
    assert bits(list(found.history)) == bits(history)
    assert (found.state.count, found.state.params.name) == (len(history) - 1, "parts")
    assert type(found.params.first) is list


@pytest.mark.parametrize("method", METHODS, ids=lambda m: repr(m)[:40])
@pytest.mark.parametrize("ready", [True, False])
@pytest.mark.parametrize("exponent", [1.0, 400.0])
def test_a_descent_of_native_code_is_its_steps_by_hand(
    method: fg.Method, ready: bool, exponent: float
) -> None:
    def loss(p: dict[str, Any]) -> Any:  # on all numbers but the last row, which has no slope
        return (
            of_parts(attrs.evolve(p["b"], rest=(p["b"].rest[0], [0.0])), [p["a"], 3.0]) ** exponent
        )

    start = {"b": parts(90), "a": 2.0}
    f: Any = fg.compile(fg.value_and_gradient(loss) if ready else loss, backend="native")
    at = f if ready else fg.value_and_gradient(f)
    minimize: Any = fg.minimize  # in both forms
    found = minimize(f, start, method, 6, tolerance=0.0, has_gradient=ready)
    state: fg.State[Any] = method.start(start)
    ends = [at(state.params)]
    while len(ends) <= 6 and math.isfinite(ends[-1][0]):
        state = method(state, ends[-1][1])
        ends.append(at(state.params))
    assert bits(found.state) == bits(state)
    assert bits(list(found.history)) == bits([value for value, _ in ends])
    lowest = min([end for end in ends if math.isfinite(end[0])] or ends[:1], key=lambda end: end[0])
    assert bits((found.value, found.gradient)) == bits(lowest)
    assert trees.flatten(found.gradient)[1] == trees.flatten(start)[1]
    assert f.on_arrays(start, ready=ready) is not None
    again = minimize(f, found.state, method, 0, has_gradient=ready)
    assert bits(again.state) == bits(found.state)


def test_a_step_of_a_descent_has_no_step_for_each_number() -> None:
    def of(n: int) -> Callable[[], object]:
        ready = fg.compile(fg.value_and_gradient(lambda w: model(w, [1.0, 2.0])), backend="native")
        start = fg.adam().start(numbers(n))
        return lambda: fg.minimize(ready, start, fg.adam(), 20, has_gradient=True)

    grows_not(of, 100, 600)
