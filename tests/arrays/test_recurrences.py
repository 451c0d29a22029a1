"""Recurrences and products along an axis, against steps one by one; zeros are as good as any number."""

from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402
from fgrad.arrays.recurrences import recurrence  # noqa: E402

fg: Any = fgrad  # what is typed is tested in tests/typing
SHAPES = [((7,), 0), ((1000,), 0), ((1001, 2), 0), ((40, 30), 0), ((5, 90), 1), ((1,), 0), ((0,), 0), ((2, 0), 0)]  # fmt: skip


def stepped(x: Any, c: Any, axis: int, back: bool) -> Any:
    a, s = np.moveaxis(x, axis, 0), np.array(np.moveaxis(c, axis, 0))
    order = range(len(s) - 2, -1, -1) if back else range(1, len(s))
    with np.errstate(all="ignore"):
        for i in order:
            s[i] = s[i] + (a[i + 1] * s[i + 1] if back else a[i] * s[i - 1])
    return np.moveaxis(s, 0, axis)


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_a_recurrence_is_its_steps(shape: tuple[int, ...], axis: int, back: bool) -> None:
    random = np.random.default_rng(1)
    x, c = random.normal(size=shape), random.normal(size=shape)
    x.ravel()[::5] = 0.0
    assert np.allclose(recurrence(axis, back)(x, c), stepped(x, c, axis, back), rtol=1e-12)


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("spoiled", [np.inf, np.nan, 1e200, 1e-200, 0.0])
def test_what_over_or_underflows_within_a_block_does_so_in_its_steps_alone(
    spoiled: float, back: bool
) -> None:
    """Blocks of steps multiply factors that the steps themselves never multiply with each other."""
    x, c = np.full(1000, 0.5), np.zeros(1000)
    for start in (0, 313, 990):
        c[start] = 1e300 if spoiled < 1.0 else 1e-300
        x[start + 3 : start + 5] = spoiled
        found, expected = recurrence(0, back)(x, c), stepped(x, c, 0, back)
        assert np.allclose(found, expected, rtol=1e-12, atol=1e-305, equal_nan=True)


@pytest.mark.parametrize("zeros", [(), (2,), (1, 4), (0, 1, 5)])
def test_products_are_right_at_zeros_to_every_order(zeros: tuple[int, ...]) -> None:
    x = np.array([0.5, -2.0, 3.0, 1.5, -0.25, 1e-12])
    x[list(zeros)] = 0.0
    weights = np.array([1.0, -2.0, 0.5, 3.0, 1.0, 2.0])

    def written(v: Any) -> Any:
        """By products of numbers."""
        found, so_far = [], 1.0
        for i in range(6):
            so_far = so_far * v[i]
            found.append(so_far)
        return sum(w * y for w, y in zip(weights, found, strict=True)) + 7.0 * so_far

    def loss(v: Any) -> Any:
        return fg.sum(np.cumprod(v) * weights) + 7.0 * np.prod(v)

    pairs = [(fg.gradient(f), fg.hessian(f)) for f in (loss, written)]
    for ours, theirs in zip(*pairs, strict=True):
        assert np.allclose(np.array(ours(x)), np.array(theirs(x)), rtol=1e-13, atol=0.0)
    third = [
        fg.gradient(lambda v, h=h: fg.sum(np.sin(np.stack(list(h(v))) @ x)))(x) for _, h in pairs
    ]
    assert np.allclose(*third, rtol=1e-11, atol=1e-14)
    move = np.cos(np.arange(6.0))
    pushed = [fg.jvp(f)(x, move)[1] for f in (loss, written)]
    assert pushed[0] == pytest.approx(pushed[1], rel=1e-13)


def test_nothing_of_a_product_that_is_not_taken() -> None:
    x = np.array([2.0, 3.0, 0.0, np.inf, 5.0])
    first = np.arange(5) < 2

    def loss(v: Any) -> Any:
        return fg.sum(fg.where(first, np.cumprod(v) ** 2, 0.0))

    def slopes(v: Any) -> Any:
        return fg.sum(fg.gradient(loss)(v)[:2] ** 2)

    good = x[:2]
    alone = fg.gradient(lambda v: fg.sum(np.cumprod(v) ** 2))
    for found, expected in (
        (fg.gradient(loss)(x), alone(good)),
        (fg.gradient(slopes)(x), fg.gradient(lambda v: fg.sum(alone(v) ** 2))(good)),
        (fg.jvp(fg.gradient(loss))(x, np.ones(5))[1], fg.jvp(alone)(good, np.ones(2))[1]),
    ):
        assert found[:2] == pytest.approx(expected, rel=1e-14)
    assert not fg.gradient(loss)(x)[2:].any()
    over = fg.gradient(lambda v: fg.where(v[0] > 9.0, np.prod(v), v[0]))(x)
    assert over.tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]
