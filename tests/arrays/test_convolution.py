"""Convolutions: numpy's values in every mode, and derivatives that take no more products than the value."""

import itertools
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402

fg: Any = fgrad  # what is typed is tested in tests/typing
EACH = list(
    itertools.product(
        ((3, 4), (5, 2), (1, 1), (4, 4), (1, 6)),
        ("full", "same", "valid"),
        (np.convolve, np.correlate),
    )
)


def drawn(sizes: tuple[int, int]) -> list[Any]:
    random = np.random.default_rng(sum(sizes))
    return [random.normal(size=n) for n in sizes]


@pytest.mark.parametrize(("sizes", "mode", "f"), EACH)
def test_values_are_numpys_and_derivatives_are_what_differences_say(
    sizes: tuple[int, int], mode: str, f: Any
) -> None:
    a, v = drawn(sizes)
    expected = f(a, v, mode)
    assert np.allclose(f(fg.var(a), v, mode).value, expected, rtol=1e-14)
    weights = np.cos(np.arange(expected.size))
    fg.check_gradient(lambda a, v: fg.sum(fg.sin(f(a, v, mode)) * weights), a, v)


@pytest.mark.parametrize(("sizes", "mode", "f"), EACH)
def test_what_is_not_taken_may_be_infinite(sizes: tuple[int, int], mode: str, f: Any) -> None:
    """Of a sum of which one shift counts nothing else is met, forwards and backwards, twice."""
    a, v = drawn(sizes)
    size = f(a, v, mode).size
    taken = np.arange(size) == size // 2

    def loss(a: Any, v: Any) -> Any:
        return fg.sum(fg.where(taken, f(a, v, mode) ** 2, 0.0))

    touched = [s != 0.0 for s in fg.gradient(loss, argnums=(0, 1))(a, v)]
    spoiled = [np.where(t, x, np.inf) for t, x in zip(touched, (a, v), strict=True)]

    def slopes(a: Any, v: Any) -> Any:
        return sum([fg.sum(fg.where(t, s, 0.0) ** 2) for t, s in zip(touched, both(a, v), strict=True)])  # fmt: skip

    both = fg.gradient(loss, argnums=(0, 1))
    bent = fg.gradient(slopes, argnums=(0, 1))
    for g, good in ((both, both(a, v)), (bent, bent(a, v))):
        for i, t in enumerate(touched):
            given = [spoiled[i] if i == j else x for j, x in enumerate((a, v))]
            for found, expected in zip(g(*given), good, strict=True):
                assert np.allclose(found, expected, rtol=1e-12, atol=1e-13)
            assert not np.any(good[i][~t])


@pytest.mark.parametrize("mode", ["full", "valid"])
def test_the_gradient_by_a_short_kernel_makes_no_array_that_is_longer_than_the_sum_of_both(
    mode: str,
) -> None:
    a, v = fg.var(np.cos(np.arange(200.0))), fg.var(np.array([1.0, 2.0, 3.0]))
    loss = fg.sum(np.convolve(a, v, mode) ** 2)
    for slope in fg.grad_nodes(fg.Graph.of(loss, a, v), loss).values():
        graph = fg.Graph.of(slope)
        assert max(np.size(node.value) for node in graph.nodes) <= 202
