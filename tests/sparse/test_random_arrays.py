"""Random functions of arrays: sparse derivatives of what is traced are the dense ones of what is not."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

np = pytest.importorskip("numpy")
sparse = pytest.importorskip("scipy.sparse")

import fgrad  # noqa: E402

fg: Any = fgrad  # what is typed is tested in tests/typing
Step = Callable[[Any], Any]


def steps(n: int, rng: Any) -> list[Step]:
    """What a function may do next to a vector of any length."""
    dense, offset = rng.normal(size=(n, n)), rng.normal(size=n)
    kept = rng.uniform(size=(n, n)) < 0.5
    mixing, places = sparse.csr_array(np.where(kept, dense, 0.0)), rng.integers(0, n, size=n + 1)

    def where_long(of: Step) -> Step:
        return lambda x: of(x) if x.shape == (n,) else 2.0 * x

    return [
        lambda x: x * x, fg.sin, where_long(lambda x: x @ dense), where_long(lambda x: dense @ x),
        lambda x: x[::-1], where_long(lambda x: x + offset), where_long(lambda x: mixing @ x),
        lambda x: np.where(x > 0.1, 3.0 * x, fg.exp(x)), lambda x: x[places % x.shape[0]],
        lambda x: np.concatenate([x, x[:1]]), np.cumsum, lambda x: x - np.mean(x),
        lambda x: x * np.sum(x), lambda x: np.outer(x, x).ravel()[:6], lambda x: np.maximum(x, 0.3),
        lambda x: x / (1.0 + x * x), fg.softmax, lambda x: np.diff(np.concatenate([x, x])),
        lambda x: np.stack([x, 2.0 * x], axis=1).sum(axis=1), lambda x: x.reshape(1, -1)[0],
        lambda x: fg.at(x)[0].set(2.0 * x[-1]), lambda x: np.prod(x) * x, np.cumprod,
        lambda x: np.max(x) + x, lambda x: fg.norm(x) * x, lambda x: np.roll(x, 1) * x,
        lambda x: fg.logsumexp(x) + x,
    ]  # fmt: skip


def drawn(seed: int) -> tuple[Step, Any]:
    """A function of a vector, and one."""
    choice, rng = random.Random(seed), np.random.default_rng(seed)
    n = choice.randint(1, 5)
    chosen = choice.choices(steps(n, rng), k=choice.randint(2, 6))

    def f(x: Any) -> Any:
        for step in chosen:
            x = step(x)
        return x

    return f, rng.normal(size=n)


@pytest.mark.parametrize("seed", range(40))
def test_sparse_derivatives_of_traced_arrays_are_the_dense_ones(seed: int) -> None:
    f, x = drawn(seed)
    y, pullback = fg.vjp(f)(x)
    dense = np.array([pullback(row) for row in np.eye(len(y))])
    found = fg.sparse_jacobian(f)(x).toarray()
    assert found == pytest.approx(dense, rel=1e-9, abs=1e-9)

    def total(x: Any) -> Any:
        return fg.sum(f(x))

    curved = np.array(list(fg.hessian(total)(x))).reshape(len(x), len(x))
    size = max(1.0, np.abs(curved).max())
    assert fg.sparse_hessian(total)(x).toarray() == pytest.approx(curved, rel=1e-8, abs=1e-8 * size)
