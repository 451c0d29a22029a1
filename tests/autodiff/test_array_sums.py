"""Very many contributions to one node: the errors of their sums do not grow with their number."""

import math
from fractions import Fraction
from typing import Any

import pytest

import fgrad

fg: Any = fgrad  # what is typed is tested in tests/typing
U = 2.0**-53


def terms(n: int) -> Any:
    np = pytest.importorskip("numpy")
    random = np.random.default_rng(0)
    c = random.normal(size=(n, 3)) * 10.0 ** random.integers(-8, 8, size=(n, 3))
    c[0] = 0.1
    return c


def exact(c: Any) -> list[float]:
    return [float(sum(map(Fraction, column))) for column in c.T.tolist()]


@pytest.mark.parametrize("n", [100, 3000, 12_000])
def test_arrays_are_summed_with_compensation(n: int) -> None:
    c = terms(n)
    slope = fg.gradient(lambda w: fg.sum([fg.sum(w * row) for row in c]))(c[0])
    for got, expected, column in zip(slope, exact(c), c.T, strict=True):
        first = math.fsum(abs(column).tolist()[:512])
        last = math.fsum(abs(column).tolist()[-512:])  # whatever the order is
        assert abs(got - expected) <= 2.0 * U * abs(expected) + 512.0 * U * max(first, last)


def test_ten_thousand_tenths_are_a_thousand() -> None:
    np = pytest.importorskip("numpy")
    tenth = np.array([0.1, -0.1])
    slope = fg.gradient(lambda w: fg.sum([fg.sum(w * tenth) for _ in range(10_000)]))(tenth)
    assert np.allclose(slope, [1000.0, -1000.0], rtol=512.0 * 512.0 / 10_000.0 * U)


def test_nodes_are_summed_in_blocks_and_pairs() -> None:
    c = terms(3000)
    w = fg.var(c[0])
    y = fg.sum([fg.sum(w * row) for row in c])
    slope = fg.grad_nodes(fg.Graph.of(y), y)[w]
    for got, expected, column in zip(slope.value, exact(c), c.T, strict=True):
        assert abs(got - expected) <= 1100.0 * U * math.fsum(abs(column).tolist())
    longest: dict[Any, int] = {}
    for node in fg.Graph.of(slope).nodes:
        longest[node] = 1 + max(
            [longest[a] for a in node.args if isinstance(a, fg.Node)], default=0
        )
    assert longest[slope] < 1200


def test_infinities_and_signs_of_zero_are_those_of_additions() -> None:
    np = pytest.importorskip("numpy")
    rows = np.zeros((1500, 4)) * [-1.0, 1.0, 1.0, 1.0]
    rows[700] = [-0.0, math.inf, math.nan, 1e308]
    rows[701:, 3] = 1e308
    slope = fg.gradient(lambda w: fg.sum([fg.sum(w * row) for row in rows]))(np.ones(4))
    assert math.copysign(1.0, slope[0]) == -1.0
    assert slope[1] == slope[3] == math.inf
    assert math.isnan(slope[2])


def test_contributions_of_all_shapes_meet() -> None:
    np = pytest.importorskip("numpy")
    w = np.arange(6.0).reshape(2, 3)

    def f(w: Any) -> Any:
        parts = [fg.sum(w), fg.sum(w * w), fg.sum(w[0]), fg.sum(fg.where(w > 2.0, w, 0.0))]
        return fg.sum([part for part in parts for _ in range(400)]) + w[1, 1]

    expected = 1.0 + 2.0 * w + [[1.0] * 3, [0.0] * 3] + (w > 2.0)
    assert np.allclose(fg.gradient(f)(w), 400.0 * expected + [[0.0] * 3, [0.0, 1.0, 0.0]])
    x = fg.var(w)
    y = f(x)
    assert np.allclose(fg.grad_nodes(fg.Graph.of(y), y)[x].value, fg.gradient(f)(w))


def test_a_call_of_very_many_results_has_all_of_their_contributions() -> None:
    double = fg.custom(
        lambda xs: [2.0 * x for x in xs], vjp=lambda xs, ys, bar: [2.0 * z for z in bar]
    )
    xs = [fg.var(float(i)) for i in range(3000)]
    y = fg.sum([z * z for z in double(xs)])
    graph = fg.Graph.of(y, *xs)
    known, nodes = fg.grad(graph, y), fg.grad_nodes(graph, y)
    assert [nodes[x].value for x in xs] == [known[x] for x in xs] == [8.0 * x.value for x in xs]
