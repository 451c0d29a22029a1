"""Transforms over trees of arrays are those of the same functions written on their elements.

Each function is written once. Its other form runs on grids of numbers, element by element: no operation
of ours on arrays takes part in it.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

import attrs
import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402
from fgrad import trees  # noqa: E402  # they need numpy

fg: Any = fgrad  # what is typed is tested in tests/typing
RANDOM = np.random.default_rng(3)


@attrs.frozen
class Model:
    w: Any
    parts: dict[str, Any]
    s: Any


def tree() -> Model:
    parts = {
        "b": RANDOM.uniform(0.2, 1.0, size=3),
        "c": [RANDOM.uniform(0.2, 1.0, size=(2, 1)), 0.7],
    }
    return Model(RANDOM.uniform(0.2, 1.0, size=(2, 3)), parts, 1.3)


class Ours:
    """Functions of arrays."""

    tanh, exp, log, where, sum = fg.tanh, fg.exp, fg.log, fg.where, fg.sum

    @staticmethod
    def constant(x: Any) -> Any:
        return x


def each(f: Any) -> Any:
    """`f` at each element of grids, which numpy broadcasts and nothing else."""
    count = 3 if f is fg.where else 2 if f in OPERATORS.values() else 1
    apply = np.frompyfunc(f, count, 1)
    return lambda *xs: Grid(apply(*map(lifted, xs)))


def lifted(x: Any) -> Any:
    return x.held if isinstance(x, Grid) else objects([x], ())


class Grid:
    """An array of objects: numbers and nodes of numbers."""

    def __init__(self, held: Any) -> None:
        self.held = held if isinstance(held, np.ndarray) else objects([held], ())

    def __getitem__(self, key: Any) -> Any:
        return Grid(self.held[key])

    T = property(lambda self: Grid(self.held.T))

    def __matmul__(self, other: Any) -> Any:
        n, m = len(self.held), other.held.shape[1]
        rows, columns = self.held.tolist(), other.held.T.tolist()
        return Grid(objects([fg.dot(row, column) for row in rows for column in columns], (n, m)))


OPERATORS = {
    f"__{name}__": getattr(operator, name) for name in ("add", "sub", "mul", "truediv", "pow", "gt")
}
for name, function in OPERATORS.items():
    setattr(Grid, name, lambda x, y, f=function: each(f)(x, y))
    setattr(Grid, f"__r{name[2:]}", lambda x, y, f=function: each(f)(y, x))


class Elements:
    """The same of grids."""

    tanh, exp, log, where = (staticmethod(each(f)) for f in (fg.tanh, fg.exp, fg.log, fg.where))

    @staticmethod
    def sum(x: Any) -> Any:
        return fg.sum(list(x.held.ravel()))

    @staticmethod
    def constant(x: Any) -> Any:
        return Grid(x.astype(object))


def objects(numbers: Any, shape: tuple[int, ...]) -> Any:
    """An array of objects."""
    made = np.empty(shape, object)
    for place, number in zip(np.ndindex(shape), numbers, strict=True):
        made[place] = number
    return made


X = RANDOM.uniform(-1.0, 1.0, size=(4, 2))


def network(m: Any, p: Model) -> Any:
    return m.tanh(m.constant(X) @ p.w + p.parts["b"]) * p.s


def mixed(m: Any, p: Model) -> Any:
    return m.exp(p.w * p.parts["c"][0]) / p.parts["b"] - p.parts["c"][1] * p.w


def branching(m: Any, p: Model) -> Any:
    return m.where(p.w > 0.5, m.log(p.w), p.w * p.parts["c"][0]) + p.s**2


def single(m: Any, p: Model) -> Any:
    return m.tanh(p.parts["c"][0]).T @ p.w[:, ::-1]


def shared(m: Any, p: Model) -> Any:
    y = p.w * m.sum(p.w)
    return y - y.T[:2, :2].T @ p.w


FUNCTIONS: tuple[Callable[[Any, Model], Any], ...] = (network, mixed, branching, single, shared)


@attrs.frozen
class Pair:
    """A function of a tree of arrays, and the same of a list of numbers, to a list of numbers."""

    f: Callable[[Any, Model], Any]
    point: Model

    def ours(self, p: Model) -> Any:
        return self.f(Ours, p)

    def elements(self, numbers: Any) -> list[Any]:
        leaves, structure = trees.flatten(self.point)
        rest, given = list(numbers), []
        for leaf in leaves:
            count = math.prod(np.shape(leaf))
            own, rest = rest[:count], rest[count:]
            given.append(Grid(objects(own, np.shape(leaf))) if np.shape(leaf) else own[0])
        return list(self.f(Elements, structure.unflatten(given)).held.ravel())

    def loss(self, p: Model) -> Any:
        return fg.sum(fg.sin(self.ours(p)) ** 2.0)

    def loss_of_elements(self, numbers: Any) -> Any:
        return fg.sum([fg.sin(y) ** 2.0 for y in self.elements(numbers)])


def flat(tree: Any) -> Any:
    return np.concatenate([np.ravel(leaf) for leaf in trees.leaves(tree)])


def close(x: Any, y: Any) -> bool:
    return np.shape(x) == np.shape(y) and bool(np.allclose(x, y, rtol=1e-12, atol=1e-12))


@pytest.fixture(params=FUNCTIONS, ids=lambda f: f.__name__)
def pair(request: Any) -> Pair:
    return Pair(request.param, tree())


def test_values_and_gradients(pair: Pair) -> None:
    numbers = flat(pair.point).tolist()
    assert close(np.ravel(pair.ours(pair.point)), pair.elements(numbers))
    value, slope = fg.value_and_gradient(pair.loss)(pair.point)
    known, expected = fg.value_and_gradient(pair.loss_of_elements)(numbers)
    assert close(value, known)
    assert close(flat(slope), expected)
    assert [np.shape(x) for x in trees.leaves(slope)] == [
        np.shape(x) for x in trees.leaves(pair.point)
    ]


def test_directional_derivatives(pair: Pair) -> None:
    numbers, move = flat(pair.point).tolist(), tree()
    got = fg.jvp(pair.ours)(pair.point, move)[1]
    assert close(got.ravel(), fg.jvp(pair.elements)(numbers, flat(move).tolist())[1])
    weights = np.cos(np.arange(got.size))
    back = fg.vjp(pair.ours)(pair.point)[1](weights.reshape(got.shape))
    assert close(flat(back), fg.vjp(pair.elements)(numbers)[1](weights.tolist()))
    bent = fg.hvp(pair.loss)(pair.point, move)
    assert close(flat(bent), fg.hvp(pair.loss_of_elements)(numbers, flat(move).tolist()))


def test_jacobians_and_hessians(pair: Pair) -> None:
    numbers = flat(pair.point).tolist()
    known = np.array(fg.jacobian(pair.elements)(numbers).matrix)
    for mode in ("forward", "reverse"):
        (row,) = fg.jacobian(pair.ours, mode)(pair.point)
        blocks = [np.reshape(leaf, (len(known), -1)) for leaf in trees.leaves(row)]
        assert close(np.concatenate(blocks, 1), known)
    bend = np.array(fg.hessian(pair.loss_of_elements)(numbers).matrix)
    rows = fg.hessian(pair.loss)(pair.point)
    sizes = [max(1, np.size(leaf)) for leaf in trees.leaves(pair.point)]
    lines = [
        np.concatenate([np.reshape(leaf, (n, -1)) for leaf in trees.leaves(row)], 1)
        for row, n in zip(rows, sizes, strict=True)
    ]
    assert close(np.concatenate(lines), bend)


def test_expansions_along_a_line(pair: Pair) -> None:
    move = tree()
    line = lambda t: pair.loss(trees.map(lambda a, d: a + t * d, pair.point, move))
    numbers, along = flat(pair.point).tolist(), flat(move).tolist()
    known = fg.taylor(
        lambda t: pair.loss_of_elements([a + t * d for a, d in zip(numbers, along, strict=True)]), 4
    )
    assert close(fg.taylor(line, 4)(0.1), known(0.1))


def test_a_derivative_of_a_derivative_of_a_derivative(pair: Pair) -> None:
    move = tree()
    third = fg.jvp(lambda p: fg.hvp(pair.loss)(p, move))(pair.point, move)[1]
    numbers, along = flat(pair.point).tolist(), flat(move).tolist()
    known = fg.jvp(lambda xs: fg.hvp(pair.loss_of_elements)(xs, along))(numbers, along)[1]
    assert np.allclose(flat(third), known, rtol=1e-11, atol=1e-11)
