"""Nothing of a branch that is not taken: no nan, whatever lies between it and the choice, to every order."""

import math
from collections.abc import Callable
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402
from fgrad.arrays.contract import (  # noqa: E402  # needs numpy
    guarded_contraction,
    letters,
    meeting,
    twice_guarded,
)
from fgrad.autodiff import array_reverse, array_values  # noqa: E402  # needs numpy

fg: Any = fgrad  # what is typed is tested in tests/typing

ROWS = np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 0.0], [2.0, 1.0, 0.5]])
LINE = np.array([0.0, 2.0, -1.0])
WEIGHTS = np.arange(6.0).reshape(3, 2) * 0.3 + 0.1
VALID = np.array([True, False, True])
SECOND = np.array([False, True, False])
PLACES = np.array([0, 1, 1])
HOLES = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
BLOCK = np.zeros((6, 6), bool)
BLOCK[1:4, 1:4] = True

Loss = Callable[..., Any]


def squared_outer(w: Any) -> Any:
    """The outer product of something with itself."""
    return fg.outer(w, w)


CASES: list[tuple[str, Loss, tuple[Any, ...]]] = [
    ("elementwise", lambda x: fg.sum(fg.where(x > 0.0, fg.log(x) * x, 0.0)), (ROWS,)),
    ("reshape", lambda x: fg.sum(fg.where(SECOND, fg.reshape(fg.log(x), (1, 3)), 0.0)), (LINE,)),
    ("gather", lambda x: fg.sum(fg.where(np.array([False, True, True]) & SECOND[PLACES], fg.log(x)[PLACES], 0.0)), (LINE,)),
    ("slice", lambda x: fg.sum(fg.where(SECOND[1:], fg.log(x)[1:], 0.0)), (LINE,)),
    ("sum", lambda x: fg.sum(fg.where(VALID, fg.sum(fg.log(x), 1), 0.0)), (ROWS,)),
    ("transpose", lambda x: fg.sum(fg.where(VALID, fg.log(x).T, 0.0)), (ROWS,)),
    ("cumsum", lambda x: fg.sum(fg.where(VALID[::-1][1:], fg.cumsum(fg.log(x[::-1]))[1:], 0.0) * 0.0 + 0.0), (LINE[1:][::-1],)),
    ("concatenate", lambda x: fg.sum(fg.where(np.r_[SECOND, SECOND], fg.concatenate([fg.log(x), 1.0 / x]), 0.0)), (LINE,)),
    ("stack", lambda x: fg.sum(fg.where(SECOND, fg.stack([fg.log(x), 1.0 / x]), 0.0)), (LINE,)),
    ("max", lambda x: fg.sum(fg.where(VALID, fg.max(fg.log(x), 1), 0.0)), (ROWS,)),
    ("logsumexp", lambda x: fg.sum(fg.where(VALID, fg.logsumexp(fg.log(x), 1), 0.0)), (ROWS,)),
    ("broadcast", lambda x: fg.sum(fg.where(VALID[:, None], fg.broadcast_to(fg.log(x), (3, 3)), 0.0)), (ROWS[0],)),
    ("matmul", lambda x, w: fg.sum(fg.where(VALID[:, None], fg.log(x) @ w, 0.0)), (ROWS, WEIGHTS)),
    ("matmul of weights", lambda x, w: fg.sum(fg.where(VALID[:, None], x @ w, 0.0)), (np.array([[1.0, 2.0, 3.0], [np.inf, np.nan, 0.0], [2.0, 1.0, 0.5]]), WEIGHTS)),
    ("ragged matmul", lambda x, w: fg.sum(fg.where(np.array([[1, 1], [0, 0], [1, 0]]) > 0, fg.log(x) @ w, 0.0)), (ROWS, WEIGHTS)),
    ("einsum", lambda x, w: fg.sum(fg.where(VALID, fg.einsum("ab,bc->a", fg.log(x), w), 0.0)), (ROWS, WEIGHTS)),
    ("number of arrays", lambda x: fg.where(fg.sum(x) > 10.0, fg.sum(fg.log(x)), fg.sum(x)), (ROWS,)),
    ("set", lambda x: fg.sum(fg.at(fg.log(x))[np.array([0, 2])].set(1.0)), (LINE,)),
    ("set of one twice", lambda x: fg.sum(fg.at(np.ones(2))[np.array([0, 0, 1])].set(fg.log(x)[::-1])[:1]), (np.array([2.0, 1.0, 0.0]),)),
    ("add", lambda x: fg.sum(fg.where(SECOND, fg.at(fg.log(x))[PLACES].add(1.0 / x), 0.0)[1:2] * 0.5), (np.array([0.0, 2.0, 3.0]),)),
    ("convolve", lambda x, v: fg.sum(fg.where(np.array([True] * 3 + [False] * 2), fg.convolve(fg.log(x), v), 0.0)), (np.array([2.0, 1.0, 3.0, 0.0]), np.array([1.0, 2.0]))),
    ("interp", lambda x: fg.sum(fg.where(VALID, fg.interp(x, np.arange(3.0), fg.log(x)), 0.0)[2:]), (np.array([0.0, 2.0, 1.5]),)),
    ("select", lambda x: fg.sum(fg.select([x > 0.0], [fg.log(x)], 1.0)), (LINE,)),
    ("piecewise", lambda x: fg.sum(np.piecewise(x, [x > 0.0], [fg.log, lambda y: y * y])), (LINE,)),
    ("median", lambda x: fg.sum(fg.where(VALID, np.median(fg.log(x), axis=1), 0.0)), (ROWS,)),
    ("mean where", lambda x: np.mean(fg.log(x), where=np.asarray(ROWS > 0.0)), (ROWS,)),
    ("nansum", lambda x: np.nansum(fg.log(x), where=np.asarray(ROWS > 0.0)), (ROWS,)),
    ("nan_to_num", lambda x: fg.sum(np.nan_to_num(fg.log(x), neginf=0.0)), (LINE,)),
    ("outer of a tie", lambda x: fg.sum(fg.where(BLOCK, squared_outer(1.5 / (fg.maximum(x, 2.0 * x - fg.stop_gradient(x)) * HOLES)), 1.25)), (np.ones((2, 3)),)),
    ("matmul of both sides", lambda x: fg.sum(fg.where(np.outer(VALID, VALID), fg.log(fg.relu(LINE * x)[[1, 0, 1]])[:, None] @ (1.0 / fg.maximum(x * LINE, 0.0))[None, [1, 0, 1]], 0.0)), (np.ones(3),)),
    ("relu then division", lambda x: fg.sum(fg.where(x > 0.0, fg.relu(x) / x, 0.0)), (LINE,)),
]  # fmt: skip
warned = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def ids(case: Any) -> str:
    return case[0]  # type: ignore[no-any-return]  # its name


@warned
@pytest.mark.parametrize("case", CASES, ids=ids)
def test_no_nan_comes_of_a_branch_that_is_not_taken(
    case: tuple[str, Loss, tuple[Any, ...]],
) -> None:
    _, loss, args = case
    wrt: Any = tuple(range(len(args)))
    slope = fg.gradient(loss, argnums=wrt)

    def squared(*xs: Any) -> Any:
        return sum([fg.sum(g * g) for g in slope(*xs)], 0.0)

    moves = tuple([np.ones_like(a) for a in args])
    first, second = slope(*args), fg.gradient(squared, argnums=wrt)(*args)
    pushed = fg.jvp(loss, argnums=wrt)(*args, moves)[1]
    bent = fg.jvp(slope, argnums=wrt)(*args, moves)[1]
    turned = fg.gradient(lambda *xs: fg.jvp(loss, argnums=wrt)(*xs, moves)[1], argnums=wrt)(*args)
    assert np.isfinite(pushed)
    for found in (*first, *second, *bent, *turned):
        assert np.isfinite(found).all()
    for one, other in zip(bent, turned, strict=True):  # whichever mode comes first
        assert np.allclose(one, other, rtol=1e-12, atol=1e-12)


@warned
def test_what_flows_is_what_flows_without_the_other_branch() -> None:
    def loss(x: Any, w: Any) -> Any:
        return fg.sum(fg.where(VALID[:, None], fg.log(x) @ w, 0.0))

    def of_valid(x: Any, w: Any) -> Any:
        return fg.sum(fg.log(x[VALID]) @ w)

    x_bar, w_bar = fg.gradient(loss, argnums=(0, 1))(ROWS, WEIGHTS)
    x_valid, w_valid = fg.gradient(of_valid, argnums=(0, 1))(ROWS, WEIGHTS)
    assert np.allclose(x_bar, x_valid, rtol=1e-15)
    assert np.allclose(w_bar, w_valid, rtol=1e-15)


@warned
def test_an_infinity_that_does_flow_is_kept() -> None:
    x = np.array([0.0, 4.0])
    slope = fg.gradient(lambda x: fg.sum(fg.sqrt(x) @ np.ones((2, 2))))(x)
    assert slope[0] == np.inf
    assert slope[1] == 0.5
    lost = fg.gradient(lambda x: fg.sum(fg.sqrt(x) * np.array([0.0, 1.0])))(x)
    assert np.isnan(lost[0])  # 0 * inf that a user wrote is IEEE's


@warned
@pytest.mark.parametrize("spread", [1.0, np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("spec", ["ab,bc->ac", "ab,b->a", "ab,ab->", "a,b->ab", "abc,cb->a"])
def test_a_guarded_contraction_is_the_sum_of_what_flows(spec: str, spread: float) -> None:
    random = np.random.default_rng(1)
    p, q, out = letters(spec)
    lengths = dict(zip("abc", (3, 4, 2), strict=True))
    g = random.normal(size=[lengths[c] for c in p])
    x = random.normal(size=[lengths[c] for c in q])
    c = random.uniform(size=g.shape) < 0.6
    x.flat[::3] = spread
    d = random.uniform(size=x.shape) < 0.6
    g.flat[::5] = 0.0
    g.flat[1::7] = np.inf
    g = np.where(c, g, 0.0)
    joint = p + "".join([s for s in q if s not in p])
    lift: Any = lambda v, names: np.einsum(
        v,
        [joint.index(s) for s in names],
        np.ones([lengths[s] for s in joint]),
        list(range(len(joint))),
        list(range(len(joint))),
    )
    order = [joint.index(s) for s in joint if s not in out]
    left = [s for s in joint if s in out]
    summed: Any = lambda terms: terms.sum(tuple(order)).transpose([left.index(s) for s in out])
    flows = lift(c.astype(float), p) > 0.0
    with np.errstate(all="ignore"):
        terms = lift(g, p) * lift(x, q)
        both = flows & (lift(d.astype(float), q) > 0.0)
        once = guarded_contraction(spec)(c, g, x)
        twice = twice_guarded(spec)(c, d, g, np.where(d, x, 0.0))
        expected = summed(np.where(flows, terms, 0.0)), summed(np.where(both, terms, 0.0))
    assert np.allclose(once, expected[0], equal_nan=True)
    assert np.allclose(twice, expected[1], equal_nan=True)
    assert np.array_equal(meeting(spec)(c, d), summed(both) > 0)


@warned
def test_the_guards_are_needed_only_where_an_infinity_meets_a_zero(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs: list[str] = []
    fold = array_reverse._fold

    def counted(*args: Any, **kwargs: Any) -> Any:
        runs.append("with guards")
        return fold(*args, **kwargs)

    monkeypatch.setattr(array_reverse, "_fold", counted)
    loss = lambda x: fg.sum(fg.where(x > 0.0, fg.log(x), 0.0))
    fg.gradient(loss)(np.array([1.0, 2.0, -1.0]))
    assert not runs
    fg.gradient(loss)(np.array([1.0, 2.0, 0.0]))
    assert runs == ["with guards"]


@warned
def test_a_guard_that_is_forgotten_in_a_block_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slope of the root is infinite where the relu sends nothing, and the product of both nan."""
    loss = lambda x: fg.sum(fg.relu(fg.sqrt(x) - 0.5))
    given = np.array([0.0, 1.0])
    whole = fg.gradient(loss)(given)
    monkeypatch.setattr(array_values, "LARGE", 1)
    assert fg.gradient(loss)(given).tolist() == whole.tolist() == [0.0, 0.5]


def test_nothing_flows_to_what_an_index_does_not_take() -> None:
    """Less than a zero: the slope there may be nan, in every order and through numbers too."""
    v = np.array([0.5, -0.5])
    root: Any = lambda x: fg.sum(fg.where(x > 0.2, fg.sqrt(x), 0.0))
    halves: Any = lambda z: root(fg.stack([z, -z]))
    assert fg.gradient(lambda x: fg.sqrt(x)[0])(v).tolist() == [0.5 / math.sqrt(0.5), 0.0]
    second = -0.25 * 0.5**-1.5
    assert fg.gradient(fg.gradient(halves))(0.5) == pytest.approx(second)
    rows = fg.hessian(lambda p: root(fg.stack([p[0], p[1]])))([0.5, -0.5]).matrix
    assert rows[0] == pytest.approx((second, 0.0))
    assert rows[1] == (0.0, 0.0)
    held: Any = lambda z: fg.sum(
        fg.where(np.array([True, False]), fg.log(fg.stack([z, z - 0.5])), 0.0)
    )
    assert fg.gradient(fg.gradient(held))(0.5) == pytest.approx(-4.0)


@pytest.mark.parametrize(
    "loss",
    [
        lambda x, y: fg.sum(x + y),
        lambda x, y: fg.sum(x * y),
        lambda x, y: fg.sum((x * y).reshape(-1)),
        lambda x, y: fg.sum(fg.concatenate([x, y])),
        lambda x, y: fg.sum((x @ y.T) * np.eye(2)),
    ],
)
def test_no_two_gradients_share_memory_with_each_other_or_with_an_argument(loss: Loss) -> None:
    args = (np.ones((2, 3)), np.ones((2, 3)))
    cotangent = np.ones((2, 3))
    pulled = fg.vjp(lambda x, y: x + y, argnums=(0, 1))(*args)[1](cotangent)
    found = fg.gradient(loss, argnums=(0, 1))(*args)
    for row in (found, pulled):
        arrays = [*row, *args, cotangent]
        assert not any(np.shares_memory(a, b) for i, a in enumerate(row) for b in arrays[i + 1 :])
        assert not any(a.flags.writeable for a in row)


def test_a_gradient_that_is_new_is_handed_on_without_a_copy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handed: list[int] = []  # no references, with which an array would not be alone
    fold = array_values.fold_values

    def watched(*args: Any) -> Any:
        flows, forgotten = fold(*args)
        handed.extend(map(id, flows.values()))
        return flows, forgotten

    monkeypatch.setattr(array_reverse, "fold_values", watched)
    found = fg.gradient(lambda w: fg.sum(fg.tanh(np.ones((2, 3)) @ w)))(np.ones((3, 2)))
    assert handed == [id(found)]


def test_a_gradient_is_nobody_elses_array() -> None:
    c = np.array([5.0, 6.0])
    c.flags.writeable = False
    found = fg.gradient(lambda a: fg.sum(a * c))(np.ones(2))
    assert found is not c
    assert fg.take(np.array([1.0, 2.0, 3.0]), (0, 2)).tolist() == [1.0, 3.0]
