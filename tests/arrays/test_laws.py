"""What holds of every function of arrays, whatever the shape and the layout of its arguments."""

import itertools
import warnings
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402
from fgrad.ops import scalar  # noqa: E402
from fgrad.ops.primitive import Op  # noqa: E402
from tests.samples.arrays import ELEMENTWISE, WHOLE, Case, layouts  # noqa: E402  # they need numpy
from tests.samples.numpy_cases import NUMPY  # noqa: E402  # likewise

fg: Any = fgrad  # what is typed is tested in tests/typing

COMPOSED = WHOLE + NUMPY
CASES = ELEMENTWISE + COMPOSED


def moved(case: Case, seed: int) -> list[Any]:
    random = np.random.default_rng(seed)
    drawn = [random.normal(size=shape) for shape in case.shapes]
    return [d if d.ndim else float(d) for d in drawn]


def dotted(xs: Any, ys: Any) -> float:
    return float(sum(np.sum(np.asarray(x) * y) for x, y in zip(xs, ys, strict=True)))


def places(case: Case) -> Any:
    return tuple(range(len(case.shapes)))


def jvp(case: Case, args: list[Any], moves: list[Any]) -> Any:
    return fg.jvp(case.f, argnums=places(case))(*args, tuple(moves))


def close(a: Any, b: Any, tolerance: float = 1e-10) -> bool:
    return bool(np.allclose(np.asarray(a), np.asarray(b), rtol=tolerance, atol=tolerance))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_jvp_is_what_differences_say_and_vjp_its_transpose(case: Case) -> None:
    args, moves = case.arguments(), moved(case, 1)
    value, tangent = jvp(case, args, moves)
    assert np.shape(value) == np.shape(tangent)
    step = 1e-6
    plus, minus = (
        case.f(*[x + s * d for x, d in zip(args, moves, strict=True)]) for s in (step, -step)
    )
    assert close(tangent, (plus - minus) / (2.0 * step), 2e-6)
    assert close(value, case.f(*args), 1e-13)
    same, pull = fg.vjp(case.f, argnums=places(case))(*args)
    bar = np.random.default_rng(2).normal(size=np.shape(value))
    cotangents = pull(bar if bar.ndim else float(bar))
    assert close(same, value, 1e-15)
    assert [np.shape(c) for c in cotangents] == list(case.shapes)
    assert close(dotted([bar], [tangent]), dotted(cotangents, moves))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_reverse_over_forward_is_forward_over_reverse_and_reverse_over_reverse(case: Case) -> None:
    args, moves = case.arguments(), moved(case, 1)
    weights = np.random.default_rng(3).normal(size=np.shape(case.f(*args)))

    def loss(*xs: Any) -> Any:
        y = case.f(*xs)
        return fg.sum(fg.sin(y) * weights) if weights.ndim else fg.sin(y) * float(weights)

    wrt: Any = places(case)
    slope = fg.gradient(loss, argnums=wrt)

    def along(*xs: Any) -> Any:
        return fg.jvp(loss, argnums=wrt)(*xs, tuple(moves))[1]

    def inner(*xs: Any) -> Any:
        parts = zip(slope(*xs), moves, strict=True)
        return sum([fg.sum(g * d) if np.ndim(d) else g * d for g, d in parts], 0.0)

    forward = fg.jvp(slope, argnums=wrt)(*args, tuple(moves))[1]
    for reverse in (fg.gradient(along, argnums=wrt), fg.gradient(inner, argnums=wrt)):
        for a, b, shape in zip(reverse(*args), forward, case.shapes, strict=True):
            assert np.shape(a) == np.shape(b) == shape
            assert close(a, b)


@pytest.mark.parametrize("case", COMPOSED + ELEMENTWISE[::5], ids=str)
def test_the_layout_of_an_array_does_not_matter(case: Case) -> None:
    args = case.arguments()
    value, pull = fg.vjp(case.f, argnums=places(case))(*args)
    bar = np.random.default_rng(2).normal(size=np.shape(value))
    expected = pull(bar if bar.ndim else float(bar))
    for given in itertools.zip_longest(*map(layouts, args)):
        other = [x if x is not None else a for x, a in zip(given, args, strict=True)]
        again, pull = fg.vjp(case.f, argnums=places(case))(*other)
        assert close(value, again, 1e-14)
        for back in (bar, *layouts(bar)) if bar.ndim else (float(bar),):
            for a, b in zip(expected, pull(back), strict=True):
                assert close(a, b, 1e-13)


@pytest.mark.parametrize("case", COMPOSED, ids=str)
def test_a_broadcast_argument_with_strides_of_0_is_as_good_as_any(case: Case) -> None:
    if case.definite or case.singular or case.name in ("sort", "partition"):
        pytest.skip("equal rows are singular, and equal elements sorted anyhow")
    args = [
        np.broadcast_to(np.float64(0.5), np.shape(a)) if np.ndim(a) else 0.5
        for a in case.arguments()
    ]
    copied = [np.array(a) if np.ndim(a) else a for a in args]
    both: Any = (case.f, lambda *xs: fg.jvp(case.f, argnums=places(case))(*xs, tuple(copied))[1])
    for f in both:
        assert close(f(*args), f(*copied), 1e-14)


@pytest.mark.parametrize("case", COMPOSED, ids=str)
def test_nan_in_gives_nan_out(case: Case) -> None:
    if case.chooses or case.name in ("where", "clip", "tril", "triu"):
        pytest.skip("they choose")
    args = case.arguments()
    lost = [np.full(np.shape(a), np.nan) if np.ndim(a) else np.nan for a in args]
    value = jvp(case, lost, moved(case, 1))[0]
    full = np.ones(np.shape(value), bool)
    if case.name.startswith(("pad", "diag of a vector", "cholesky")):
        # Constants stay; everything else is lost.
        full = np.asarray(value) != np.asarray(case.f(*args))
    if case.definite or case.singular or case.name.startswith("rfft"):
        # Some results do not move: vectors of one element, the imaginary part of a mean.
        full &= np.asarray(jvp(case, args, moved(case, 1))[1]) != 0.0
    assert np.isnan(value)[full].all() or 0 in case.shapes[0]
    linear_tangent = jvp(case, args, lost)[1]
    assert (
        np.isnan(linear_tangent)[full].all()
        or 0 in case.shapes[0]
        or "max" in case.name
        or "min" in case.name
    )


@pytest.mark.parametrize("case", WHOLE + ELEMENTWISE[::3], ids=str)
def test_what_numpy_warns_of_is_no_news(case: Case) -> None:
    if case.name.startswith(("where", "clip", "cholesky", "eigh", "eigvalsh")):
        pytest.skip("they are written with numpy's own operators here")
    huge = itertools.cycle([np.inf, 1e308, -np.inf, -1e308, 0.0, np.nan])
    args = [np.array(list(itertools.islice(huge, int(np.prod(s))))).reshape(s) for s in case.shapes]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            case.f(*[a if a.ndim else float(a) for a in args])
        except np.linalg.LinAlgError:
            return


@pytest.mark.parametrize("case", WHOLE[:12] + ELEMENTWISE[::7], ids=str)
def test_nodes_and_values_give_the_same(case: Case) -> None:
    args = case.arguments()
    xs = [fg.var(a) for a in args]
    y = case.f(*xs)
    assert close(y.value, case.f(*args), 1e-15)
    scalar = fg.sum(y * y) if np.ndim(y.value) else y * y
    graph = fg.Graph.of(scalar, *xs)
    values, nodes = fg.grad(graph, scalar), fg.grad_nodes(graph, scalar)
    for x, a in zip(xs, args, strict=True):
        assert np.shape(values[x]) == np.shape(a)
        assert np.shape(nodes[x].value) == np.shape(a)
        assert close(values[x], nodes[x].value, 1e-12)


SPECIAL = np.array([0.0, -0.0, 1.0, -1.5, 0.3, np.inf, -np.inf, np.nan, 1e-310, 1e300])
OPERATIONS = [op for op in vars(scalar).values() if isinstance(op, Op) and op.kinds[0] is float]


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)
def test_an_operation_on_arrays_is_the_operation_on_each_element(op: Any) -> None:
    if op is scalar.polygamma:
        pytest.skip("its first argument is a whole number")
    shapes = [(-1, 1, 1), (1, -1, 1), (1, 1, -1)]
    args = [SPECIAL.reshape(shape) for shape in shapes[: op.arity]]
    found = np.asarray(op(*args))
    spread = np.broadcast_arrays(*args)
    expected = [
        op(*[float(v) for v in row]) for row in zip(*[a.ravel() for a in spread], strict=True)
    ]
    assert found.shape == spread[0].shape
    assert np.allclose(found.ravel(), expected, rtol=1e-12, atol=0.0, equal_nan=True)
