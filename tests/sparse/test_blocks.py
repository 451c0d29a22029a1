"""Blocks that are alike are derived once: what is recorded and run for each of them is little."""

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

import fgrad  # noqa: E402
from fgrad.program.passes import simplified  # noqa: E402
from fgrad.sparse import derivation  # noqa: E402
from fgrad.sparse.accumulation import Recorder  # noqa: E402
from fgrad.sparse.assembly import Assembly  # noqa: E402
from fgrad.sparse.problem import Derivatives  # noqa: E402
from fgrad.sparse.tables import tables  # noqa: E402
from tests.laws.sparse_laws import worked  # noqa: E402

fg: Any = fgrad  # what is typed is tested in tests/typing


def step(p: Any, v: Any, u: Any, h: Any) -> tuple[Any, Any]:
    """One step of RK4 of p' = v, v' = u - v * v."""

    def slope(v: Any) -> Any:
        return u - v * v

    b = slope(v)
    d = slope(v + 0.5 * h * b)
    f = slope(v + 0.5 * h * d)
    k = slope(v + h * f)
    p = p + h / 6.0 * (v + 2.0 * (v + 0.5 * h * b) + 2.0 * (v + 0.5 * h * d) + v + h * f)
    return p, v + h / 6.0 * (b + 2.0 * d + 2.0 * f + k)


def shooting(n: int) -> Callable[[Any], list[Any]]:
    """The gaps of multiple shooting, with a free final time, which all steps share."""

    def gaps(x: Any) -> list[Any]:
        h, found = x[-1] / n, []
        for k in range(n):
            a, b = step(x[3 * k], x[3 * k + 1], x[3 * k + 2], h)
            found += [x[3 * k + 3] - a, x[3 * k + 4] - b]
        return found

    return gaps


def assembled(f: Callable[[Any], list[Any]], size: int) -> Assembly:
    program = simplified(fg.trace(f)([0.0] * size))
    found = Assembly.of(program, range(size), 2)
    assert found is not None
    return found


def derived(sweep: Any, size: int, weights: list[float]) -> tuple[Any, Any]:
    jacobian = derivation.jacobian(sweep, range(size))
    return jacobian, derivation.hessian(sweep, range(size), weights, lower=True)


def test_a_step_more_adds_a_few_numbers() -> None:
    counts = []
    for n in (20, 40):
        sweep = assembled(shooting(n), 3 * n + 3)
        derived(sweep, 3 * n + 3, [1.5] * (2 * n))
        counts.append(len(sweep.defined))
    assert (counts[1] - counts[0]) / 20 < 25


def test_what_a_block_gives_is_an_output_without_a_tape() -> None:
    n = 20
    sweep = assembled(shooting(n), 3 * n + 3)
    jacobian, _ = derived(sweep, 3 * n + 3, [1.5] * (2 * n))
    made = tables(sweep, [*sweep.program.outputs, *jacobian.entries], 4)
    assert not any(runs for _, runs in made.steps)


def test_a_long_sum_is_one_run() -> None:
    def total(x: Any) -> list[Any]:
        found = x[0]
        for a in x[1:]:
            found = found + fg.sin(a)
        return [found]

    sizes = 20, 60
    counts = []
    for size in sizes:
        sweep = assembled(total, size)
        found = tables(sweep, sweep.program.outputs, 4)
        counts.append(sum(len(runs) for _, runs in found.steps))
        x = np.linspace(-1.0, 1.0, size).tolist()
        assert worked(found, x)[0] == total(x)[0]  # in the order of the function
    assert counts == [1, 1]


def guarded(x: Any) -> list[Any]:
    """Results under conditions, so that slopes are guarded."""
    return [
        fg.where(a > 0.0, fg.sin(a * b) * fg.where(b > a, fg.exp(a * b), b), a)
        for a, b in pairwise(x)
    ]


def nested(x: Any) -> list[Any]:
    """Blocks that need sums of what other blocks give."""
    inner = [(fg.sin(a * b), fg.cos(a * b) * a) for a, b in pairwise(x)]
    pairs = pairwise(inner)
    return [2.0 * fg.exp(a + d) - fg.sin(b + 0.5 * c) for (a, b), (c, d) in pairs]


def chosen(x: Any) -> list[Any]:
    """A block's result is read by a condition alone, where its slope is not there."""
    parts = [(fg.sin(a * b), fg.exp(a * b)) for a, b in pairwise(x)]
    return [fg.where(a > 0.0, b, 1.0) + a * 0.0 for a, b in parts]


def twice(x: Any) -> list[Any]:
    """A result is two outputs, and glue between a block and an output is one as well."""
    found = []
    for a, b in pairwise(x):
        y = fg.sin(a * b)
        z = x[-1] - y
        found += [y, y, z, 3.0 * z + x[0]]
    return found


def cube(x: Any) -> list[Any]:
    """Each needs the time, a half and a third of it."""
    t = x[-1]
    halves, thirds = 0.5 * t, (0.5 * t) / 1.5
    return [fg.sin(a * t) * halves + thirds * fg.cos(a * halves) for a in x[:-1]]


@pytest.mark.parametrize(
    "f", [shooting(16), guarded, nested, chosen, twice, cube], ids=lambda f: f.__name__
)
def test_blocks_give_what_instructions_give(f: Callable[[Any], list[Any]]) -> None:
    size = 51
    choose = random.Random(3)
    x = [choose.uniform(-1.0, 1.5) for _ in range(size)]
    sweep = assembled(f, size)
    weights = [choose.uniform(0.5, 2.0) for _ in sweep.program.outputs]
    plain = Recorder(simplified(fg.trace(f)(x)), 2)
    found, expected = derived(sweep, size, weights), derived(plain, size, weights)
    assert [d.pattern for d in found] == [d.pattern for d in expected]
    entries = [
        [*s.program.outputs, *d[0].entries, *d[1].entries]
        for s, d in ((sweep, found), (plain, expected))
    ]
    values = plain.finished(entries[1], plain.program.inputs).run(x)
    assert np.allclose(worked(tables(sweep, entries[0], 4), x), values, rtol=1e-12, atol=1e-12)


def test_a_sweep_may_be_asked_for_hessians_with_other_weights() -> None:
    size = 51
    sweep = assembled(nested, size)
    x = np.linspace(0.1, 1.0, size).tolist()
    one = derivation.hessian(sweep, range(size), [1.0] * (size - 2), lower=True)
    two = derivation.hessian(sweep, range(size), [2.0] * (size - 2), lower=True)
    first, second = (worked(tables(sweep, h.entries, 4), x) for h in (one, two))
    assert np.allclose(2.0 * first, second)


def test_a_branch_not_taken_sends_no_nan() -> None:
    def f(x: Any) -> Any:
        return fg.sum([fg.where(a > 0.0, fg.sqrt(a) * b, a * b) for a, b in pairwise(x)])

    x = np.linspace(-1.0, 1.0, 41)
    made: Derivatives = fg.derivatives(f, lambda x: (), x.tolist())
    out = made.second(x, np.ones(1), np.empty(len(made.hessian)))
    assert np.isfinite(out).all()
