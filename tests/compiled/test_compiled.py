"""Compiled functions: what they answer, in graphs and traces, in threads and in other processes."""

import inspect
import math
import multiprocessing
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fgrad as fg
from fgrad import trees
from fgrad.backends.native.installed import native_is_installed
from fgrad.compiled.compiled import Compiled
from fgrad.errors import NotAValue
from fgrad.program.passes import inlined
from tests.samples.programs import bits
from tests.samples.strategies import BRANCHING, SMOOTH, Recipe, recipes

BACKENDS: Any = ("python", "reference", *(["native"] if native_is_installed() else []))
loose: Any = fg  # what untyped code sees


@pytest.mark.parametrize("backend", BACKENDS)
@given(recipe=recipes(BRANCHING, st.floats(-2.0, 2.0)))
def test_a_compiled_function_answers_as_the_function_does(backend: Any, recipe: Recipe) -> None:
    def model(xs: list[Any]) -> dict[str, Any]:
        return {"all": tuple(recipe.run(xs, BRANCHING))}

    fast: Any = fg.compile(model, backend=backend)
    xs = list(recipe.inputs)
    expected = [y.value for y in model([fg.var(x) for x in xs])["all"]]
    got = bits(fast(xs)["all"])
    assert bits(y.value for y in fast([fg.var(x) for x in xs])["all"]) == got
    # How near native code is, line by line, is a law of its own.
    assert got == bits(expected) or backend == "native"


@pytest.mark.parametrize("backend", BACKENDS)
@given(recipe=recipes(SMOOTH, st.floats(-1.5, 1.5)))
def test_derivatives_of_every_order_go_through_calls(backend: Any, recipe: Recipe) -> None:
    def model(xs: list[Any]) -> Any:
        return fg.tanh(0.1 * recipe.run(xs, SMOOTH)[-1])

    fast: Any = fg.compile(model, backend=backend)
    xs = list(recipe.inputs)

    def twice(f: Any) -> Any:
        return lambda xs: f(xs) * f([fg.sin(x) for x in xs])

    for transform in (loose.gradient, loose.hessian, lambda f: loose.jacobian(f, mode="forward")):
        got = trees.leaves(transform(twice(fast))(xs))
        known = trees.leaves(transform(twice(model))(xs))
        assert got == pytest.approx(known, rel=1e-9, abs=1e-9)
    v = [1.0 + 0.5 * i for i in range(len(xs))]
    hvp = loose.hvp(loose.compile(twice(fast), backend=backend))(xs, v)
    assert hvp == pytest.approx(loose.hvp(twice(model))(xs, v), rel=1e-9, abs=1e-9)


class Pair(NamedTuple):
    first: Any
    second: Any


@attrs.frozen
class Params:
    weight: float
    offset: float = attrs.field()
    name: str = attrs.field(default="linear", metadata=trees.STATIC)


@fg.compile
def line(params: Params, x: float = 2.0, *, scale: float = 1.0) -> Pair:
    """A line and its square."""
    y = params.weight * x * scale + params.offset
    return Pair(y, (y * y, None))


def test_signatures_defaults_keywords_and_static_fields_are_kept() -> None:
    assert list(inspect.signature(line).parameters) == ["params", "x", "scale"]
    assert line(Params(3.0, 1.0)) == Pair(7.0, (49.0, None))
    assert line(Params(3.0, 1.0), 1.0) == Pair(4.0, (16.0, None))
    assert line(Params(3, 1), x=1, scale=2.0) == Pair(7.0, (49.0, None))
    assert line(Params(3.0, 1.0, "other"), 1.0) == Pair(4.0, (16.0, None))
    structures = [s.arguments for s in line.specialisations.values()]
    assert len(structures) == len(set(structures)) >= 4
    with pytest.raises(fg.NotAValue, match="specialisation"):
        _ = line.program


def test_derivatives_compile_with_the_classes_that_they_give() -> None:
    hessian = fg.compile(fg.hessian(lambda p: p[0] * p[0] * p[1]))
    assert hessian([2.0, 3.0]) == fg.hessian(lambda p: p[0] * p[0] * p[1])([2.0, 3.0])
    both = fg.compile(fg.value_and_gradient(tilted))
    assert both(Pair(0.0, 2.0), 3.0) == (2.0, Pair(3.0, 1.0))


def test_each_structure_is_traced_once() -> None:
    traced = []

    @fg.compile
    def f(x: Any) -> Any:
        traced.append(x)
        return fg.sum(x) if isinstance(x, list) else x * x

    for _ in range(3):
        assert f(3.0) == 9.0
        assert f([1.0, 2.0]) == 3.0
        assert f([1.0, 2.0, 3.0]) == 6.0
        assert f(3) == 9.0
    assert len(traced) == 3


def test_a_compiled_function_may_call_itself_at_another_structure() -> None:
    @fg.compile
    def total(x: Any) -> Any:
        return total(x[0]) + 2.0 * total(x[1]) if isinstance(x, tuple) else x * x

    answers: list[float] = []
    # A thread, so that waiting for itself would be seen.
    thread = threading.Thread(target=lambda: answers.append(total(((1.0, 2.0), 3.0))), daemon=True)
    thread.start()
    thread.join(30.0)
    assert answers == [27.0]
    assert loose.gradient(total)(((1.0, 2.0), 3.0)) == ((2.0, 8.0), 12.0)
    assert len(total.specialisations) == 3


def test_numbers_are_not_taken_for_lists_with_as_many() -> None:
    @fg.compile
    def f(x: Any, y: Any) -> Any:
        return sum(x) - sum(y) if isinstance(x, list) else x * y

    assert f([1.0, 2.0], []) == 3.0
    assert f(3.0, 4.0) == 12.0
    assert pickle.loads(pickle.dumps(f))(3.0, 4.0) == 12.0
    assert pickle.loads(pickle.dumps(f))([1.0, 3.0], []) == 4.0


def test_a_graph_of_calls_has_a_node_for_each() -> None:
    @fg.compile(backend="python")  # whose bits are those of the functions themselves
    def step(state: Any, k: Any) -> Any:
        x, v = state
        for _ in range(5):
            v = v - 0.1 * fg.sin(x) * k
            x = x + 0.1 * v
        return x, v

    def unrolled(k: Any) -> Any:
        state: Any = (1.0, 0.5)
        for _ in range(40):
            state = step.function(state, k) if step.function else None
        return state[0]

    def called(k: Any) -> Any:
        state: Any = (1.0, 0.5)
        for _ in range(40):
            state = step(state, k)
        return state[0]

    k = fg.var(0.7)
    graph = fg.Graph.of(called(k))
    assert sum(node.op.name == "call" for node in graph.nodes) == 40
    assert len(graph) < 130
    assert called(0.7) == unrolled(0.7)
    for got, known in [
        (loose.gradient(called)(0.7), loose.gradient(unrolled)(0.7)),
        (
            loose.gradient(loose.gradient(called))(0.7),
            loose.gradient(loose.gradient(unrolled))(0.7),
        ),
    ]:
        assert got == pytest.approx(known, rel=1e-11)
    assert pickle.loads(pickle.dumps(graph)) == graph
    again = pickle.loads(pickle.dumps(graph))
    assert again.outputs[0].value == called(0.7)
    x = again.variables[0]
    assert fg.grad(again, again.outputs[0])[x] == fg.grad(graph, graph.outputs[0])[k]


def test_a_call_inside_a_trace_is_one_line() -> None:
    @fg.compile
    def inner(x: Any, y: Any) -> Any:
        return fg.exp(x) * y, x + y

    def outer(x: Any) -> Any:
        a, b = inner(x, 2.0)
        return a * b + inner(b, x)[0]

    program = fg.trace(outer)(0.5)
    assert sum(op.name == "call" for op, _ in program.instructions) == 2
    expected = outer(0.5)
    fast: Any = fg.compile(outer)
    assert fast(0.5) == expected == program.run((0.5,))[0]
    assert loose.gradient(fast)(0.5) == pytest.approx(loose.gradient(outer)(0.5), rel=1e-14)
    assert pickle.loads(pickle.dumps(program)) == program
    assert pickle.loads(pickle.dumps(fast))(0.5) == expected


def test_calls_are_written_out_where_there_is_nothing_to_call() -> None:
    @fg.compile
    def inner(x: Any, y: Any) -> Any:
        return fg.exp(x) * y, x + y, 3.0, y

    @fg.compile
    def middle(x: Any) -> Any:
        a, b, c, d = inner(x, 2.0)
        return a * b + inner(b, x)[0] + c, d

    program = fg.trace(lambda x: middle(x)[0] * middle(2.0 * x)[1])(0.5)
    flat = inlined(program).check()
    assert not any(op.multiple for op, _ in flat.instructions)
    for x in (0.5, -1.5):
        assert flat.run((x,)) == program.run((x,))
        assert fg.loads(fg.dumps(program), kind=fg.Program).run((x,)) == program.run((x,))
    assert "exp" in fg.to_c(program)
    assert "exp" in fg.to_latex(program)
    assert "exp" in str(loose.to_sympy(program)[0])


def test_calls_are_differentiated_as_nodes_in_what_is_traced() -> None:
    @fg.compile
    def both(x: Any) -> Any:
        return x * x, fg.sin(x)

    def slope(x: Any) -> Any:
        y = both(x)[0]
        other = both(x)[1]
        graph = fg.Graph.of(y, other)
        call: Any = other.args[0]
        unreached: Any = fg.grad_nodes(graph, y)[call]
        assert unreached.op.size == 2
        return fg.grad_nodes(graph, y)[x]

    assert fg.trace(slope)(1.0).run((3.0,)) == (6.0,)


def test_nothing_leaks_from_a_result_that_is_not_used_or_not_taken() -> None:
    @fg.compile
    def both(x: Any) -> Any:
        return fg.sqrt(x), x * x

    assert loose.gradient(lambda x: both(x)[1])(0.0) == 0.0
    chosen: Any = lambda x: fg.where(x > 1.0, both(x)[0], both(x)[1])  # used twice
    assert loose.gradient(chosen)(0.0) == 0.0
    assert loose.gradient(loose.gradient(chosen))(0.0) == 2.0
    assert loose.gradient(loose.gradient(fg.compile(chosen)))(0.0) == 2.0


def test_a_function_that_cannot_be_traced_says_so_each_time() -> None:
    @fg.compile
    def f(x: Any) -> Any:
        return x if x > 0.0 else -x

    for _ in range(2):
        with pytest.raises(fg.TracedNumber, match="where"):
            f(1.0)
    with pytest.raises(fg.NotAValue, match="a backend"):
        loose.compile(math.sin, backend="gpu")
    unhashable: Any = []
    with pytest.raises(fg.NotAValue, match="hashable"):
        _ = loose.compile(lambda p: p.weight)(Params(1.0, 2.0, unhashable))


def tilted(p: Pair, k: float) -> float:
    """What is sent to other processes."""
    result: float = fg.sin(p.first) * k + p.second
    return result


def answered(compiled: Compiled[..., float]) -> float:
    return compiled(Pair(1.0, 2.0), 3.0)


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_it_is_shipped_to_processes_as_its_program(method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system cannot {method}")
    fast = fg.compile(tilted)
    expected = answered(fast)
    data = pickle.dumps(fast)
    here = pickle.loads(data)
    assert answered(here) == expected
    assert here.digest == fast.digest
    code = "import pickle, sys; f = pickle.loads(sys.stdin.buffer.read()); P = f.specialisations;"
    code += "from tests.compiled.test_compiled import answered; print(repr(answered(f)))"
    if method == "spawn":
        run = [sys.executable, "-c", code]
        said = subprocess.run(run, input=data, capture_output=True, check=True, cwd=".").stdout
        assert float(said) == expected
    else:
        queue: Any = multiprocessing.get_context("fork").SimpleQueue()
        process = multiprocessing.get_context("fork").Process(
            target=lambda: queue.put(answered(fast))
        )
        process.start()
        assert queue.get() == expected
        process.join()


def test_eight_threads_agree_from_the_first_call_on() -> None:
    for _ in range(5):
        fast: Any = fg.compile(tilted)
        points = [Pair(1.0, 2.0)] * 64
        with ThreadPoolExecutor(8) as pool:
            answers = set(pool.map(fast, points, [3.0] * 64))
            slopes = set(pool.map(loose.gradient(fast), points, [3.0] * 64))
        assert len(answers) == len(slopes) == 1
        assert len(fast.specialisations) == 1


def test_threads_that_bring_new_structures_do_not_disturb_each_other() -> None:
    @fg.compile
    def total(xs: Any) -> Any:
        return fg.sum(xs)

    def asked(k: int) -> list[bool]:
        sizes = [(7 * i + 13 * k) % 60 + 1 for i in range(60)]
        return [total([1.0] * n) == n for n in sizes]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # so that threads meet in the middle of everything
    try:
        with ThreadPoolExecutor(8) as pool:
            assert all(all(right) for right in pool.map(asked, range(8)))
    finally:
        sys.setswitchinterval(interval)
    assert len(total.specialisations) == 60


def test_the_curious_can_look_inside() -> None:
    fast = fg.compile(lambda x, y: x * y, backend="python")
    fast(1.0, 2.0)
    assert fast.source == "def f(x0, x1):\n    return (x0*x1,)\n"
    assert fast.digest == fast.program.digest
    assert fast.backend == "python"
    special = fast.specialisation(1.0, 2.0)
    assert special.kernel.program is fast.program
    assert repr(fast).endswith("python, 1 specialisations)")
    plain = fg.compile(lambda x, y: x * y, backend="reference")
    plain(1.0, 2.0)
    assert plain.source == fg.show(plain.program)
    assert list(inspect.signature(fg.Compiled).parameters) == ["function", "backend", "exact"]
    assert list(inspect.signature(fast).parameters) == ["x", "y"]
    shipped = pickle.loads(pickle.dumps(fast))
    assert not hasattr(shipped, "__wrapped__")
    assert shipped.function is None
    with pytest.raises(fg.TreeMismatch, match=r"arguments needs \(x, y\); got \(argument 0\[0\]\)"):
        shipped([1.0])


numpy: Any = pytest.importorskip("numpy")


@given(recipe=recipes(BRANCHING, st.floats(-2.0, 2.0)), rows=st.integers(0, 9))
def test_mapping_over_columns_is_calling_for_each_row(recipe: Recipe, rows: int) -> None:
    def model(xs: list[Any], k: Any) -> dict[str, Any]:
        return {"last": recipe.run(xs, BRANCHING)[-1] * k, "first": (xs[0],)}

    fast: Any = fg.compile(model)
    columns = [numpy.linspace(x, x + 1.0, rows) for x in recipe.inputs]
    answer = fast.map(columns, 3.0)
    assert set(answer) == {"last", "first"}
    for i in range(rows):
        row = fast([float(c[i]) for c in columns], 3.0)
        assert answer["last"][i] == pytest.approx(row["last"], rel=1e-9, nan_ok=True)
        assert answer["first"][0][i] == row["first"][0]
    table = numpy.stack(columns, axis=1)
    again = fast.map(table, 3.0)
    assert numpy.array_equal(again["last"], answer["last"], equal_nan=True)


def test_mapping_takes_trees_keywords_and_many_rows() -> None:
    n = 100_000
    weights = numpy.arange(n) / n
    answer = line.map(Params(weights, 1.0), scale=numpy.full(n, 2.0))
    assert numpy.array_equal(answer.first, weights * 2.0 * 2.0 + 1.0)
    assert numpy.array_equal(answer.second[0], answer.first * answer.first)
    assert answer.second[1] is None


@attrs.frozen
class Weibull:
    shape: Any
    ndim: Any


def test_fields_may_have_the_names_that_arrays_have() -> None:
    fast: Any = fg.compile(lambda w, x: w.ndim * x**w.shape)
    column = numpy.array([1.0, 2.0])
    assert list(fast.map(Weibull(2.0, 3.0), column)) == [3.0, 12.0]
    assert list(fast.map(Weibull(column, 3.0), 2.0)) == [6.0, 12.0]


def test_what_becomes_an_array_is_taken_as_that_array() -> None:
    @attrs.frozen
    class Becoming:
        array: Any

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return self.array

    fast: Any = fg.compile(lambda x: 2.0 * x)
    assert list(fast.map(Becoming(numpy.array([1.0, 2.0])))) == [2.0, 4.0]
    total: Any = fg.compile(fg.sum)
    assert list(total.map(Becoming(numpy.array([[1.0, 2.0], [3.0, 4.0]])))) == [3.0, 7.0]


def test_what_cannot_be_mapped_over_is_named() -> None:
    fast: Any = fg.compile(lambda x, y: x * y)
    column = numpy.ones(3)
    for wrong in (
        column.astype(complex),
        numpy.array(["a"] * 3),
        numpy.ones((2, 2, 2)),
        numpy.ones(4),
    ):
        with pytest.raises((fg.NotAValue, fg.TreeMismatch)):
            fast.map(column, wrong)
    with pytest.raises(fg.NotAValue, match="a column"):
        fast.map(1.0, 2.0)
    cyclic: list[Any] = []
    cyclic.append(cyclic)
    with pytest.raises(fg.CyclicTree):
        fast.map(cyclic, column)
    with pytest.raises(fg.NotAValue):
        fast.map("text", column)


def test_what_is_handed_out_takes_what_the_function_takes() -> None:
    def slope(x: Any, y: Any = 2.0) -> Any:
        return fg.gradient(lambda x: fg.sin(x * y))(x)

    for backend in BACKENDS:
        fast: Any = fg.compile(slope, backend=backend)
        f = fast.specialise(0.0, 0.0)
        assert f(0.5, 2.0) == f(0.5, y=2.0) == f(y=2.0, x=0.5) == f(0.5) == fast(0.5, 2.0)
        assert fg.gradient(f)(0.5, 2.0) == fg.gradient(fast)(0.5, 2.0)
        for names in ({"z": 1.0}, {"y": 1.0}, {"x": 1.0, "y": 1.0}):
            with pytest.raises(TypeError):
                f(0.5, 2.0, **names)
        with pytest.raises(fg.NotAValue, match=r"fg\.compile\(f\)\.map takes whole columns"):
            fast(numpy.ones(3), 1.0)  # the commonest mistake


def test_a_table_without_columns_is_an_empty_list_and_no_column() -> None:
    for first in (0, 1):
        count = fg.compile(lambda xs, y: (len(xs) if isinstance(xs, list) else 7.0) + 0.0 * y)
        empty, column, y = numpy.empty((3, 0)), numpy.ones(3), numpy.zeros(3)
        for k in (first, 1 - first):
            given_ = (empty, column)[k]
            assert count.map(given_, y).tolist() == [(0.0, 7.0)[k]] * 3


@pytest.mark.parametrize("version", ["0.44.0", "0.9"])
def test_an_llvmlite_that_is_too_old_is_as_none(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("llvmlite")
    assert fg.compile(lambda x: x).backend == "native"
    native_is_installed.cache_clear()
    monkeypatch.setattr("llvmlite.__version__", version)
    try:
        assert fg.compile(lambda x: x).backend == "python"
        with pytest.raises(fg.MissingExtra, match=r"llvmlite 0\.45 or later"):
            fg.compile(lambda x: x, backend="native")
    finally:
        native_is_installed.cache_clear()


@pytest.mark.parametrize("backend", BACKENDS)
def test_calls_are_written_out_for_the_structures_that_come(backend: Any) -> None:
    class Pair(NamedTuple):
        a: Any
        b: Any

    def product(p: Any, scale: float = 2.0) -> Any:
        return p[0] * p[1] * scale

    fast: Any = fg.compile(product, backend=backend)
    first = fast.__call__
    for _ in range(3):
        assert fast(Pair(3.0, 4.0)) == 24.0
        assert fast.__call__ is not first
        assert fast([3.0, 4.0]) == 24.0
        assert fast((3.0, 4.0), 1.0) == fast((3.0, 4.0), scale=1.0) == 12.0
        assert fast(p=Pair(3, True + 3)) == fast(Pair(3, 4)) == 24.0
        node = fast(Pair(fg.var(3.0), 4.0))
        assert isinstance(node, fg.Node)
        assert node.value == 24.0
        with pytest.raises(TypeError, match="product"):
            fast()
        with pytest.raises(NotAValue, match="a number or a node"):
            fast(Pair("3", 4.0))
    assert len(fast.specialisations) == 5
