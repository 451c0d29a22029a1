"""What sparse derivatives are called with: arrays and trees of them, known structures, and what is refused."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any
from unittest import mock

import attrs
import pytest

np = pytest.importorskip("numpy")
sparse = pytest.importorskip("scipy.sparse")

import fgrad  # noqa: E402
from fgrad.sparse.functions import Arguments  # noqa: E402

fg: Any = fgrad  # what is typed is tested in tests/typing


@attrs.frozen
class Layer:
    weight: Any
    bias: Any
    count: int = 1


def chain(x: Any) -> Any:
    return x[1:] - x[:-1] ** 2


def layer(p: Layer, x: Any) -> Any:
    return fg.tanh(p.weight @ x + p.bias)


def energy(p: Layer, x: Any) -> Any:
    return fg.sum(layer(p, x) ** 2)


def total(x: Any) -> Any:
    return fg.sum(x**2)


X = np.array([0.5, -0.25])
LAYER = Layer(np.array([[1.0, 2.0], [3.0, 4.0], [0.5, 0.1]]), np.zeros(3), 1.0)  # type: ignore[arg-type]  # a number of leaves is a float here


@pytest.mark.parametrize("method", ["direct", "compressed"])
def test_arrays_are_their_numbers_side_by_side(method: str) -> None:
    def numbers(z: list[Any]) -> list[Any]:
        rows = [fg.dot(z[2 * i : 2 * i + 2], X.tolist()) + z[6 + i] for i in range(3)]
        return [fg.tanh(row) for row in rows]

    flat = [*LAYER.weight.ravel(), *LAYER.bias, 1.0]
    found = fg.sparse_jacobian(layer, method=method)(LAYER, X).toarray()
    assert np.allclose(found, fg.sparse_jacobian(numbers)(flat).toarray(), rtol=1e-14)
    assert found.shape == (3, 10)
    lower = fg.sparse_hessian(energy, argnums=(0, 1), method=method, lower=True)(LAYER, X)
    assert lower.shape == (12, 12)
    whole = fg.sparse_hessian(energy, argnums=(0, 1))(LAYER, X).toarray()
    assert np.allclose(lower.toarray(), np.tril(whole), rtol=1e-12)
    matrix = fg.sparse_jacobian(lambda x: x @ x)(np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert matrix.toarray()[0].tolist() == [2.0, 3.0, 2.0, 0.0]


def test_patterns_and_everything_that_a_solver_asks_take_arrays() -> None:
    assert fg.sparsity(chain, np.zeros(3)).jacobian.columns == (0, 1, 1, 2)
    made = fg.derivatives(lambda x, p: x @ x * p, lambda x, p: chain(x), np.zeros(3), 2.0)
    out = made.values(np.arange(3.0), np.array([2.0]), np.empty(3))
    assert out.tolist() == [10.0, 1.0, 1.0]
    with pytest.raises(fg.NotDifferentiable, match=r"an array of shape \(3,\)"):
        fg.derivatives(lambda x: x * x, chain, np.zeros(3))
    with pytest.raises(fg.NotDifferentiable, match="got an array"):
        fg.sparse_hessian(chain)(np.zeros(3))


ARGUMENTS: dict[str, tuple[Callable[..., Any], tuple[Any, ...], tuple[Any, ...]]] = {
    "an array": (chain, (np.arange(3.0),), (np.arange(3.0) + 1.0,)),
    "a list": (lambda x: [x[0] * x[1], x[1]], ([1.0, 2.0],), ([3.0, 4.0],)),
    "a tree and an array": (layer, (LAYER, X), (attrs.evolve(LAYER, bias=X[[0, 1, 0]]), X + 1.0)),
    "a number and an array": (lambda a, x: a * x * a, (2.0, X), (3.0, X - 1.0)),
    "nothing in one": (lambda p, q: [p["a"] * q[0]], ({"a": 1.0, "b": X[:0]}, (2.0, None)), ({"a": 3.0, "b": X[:0]}, (4.0, None))),
    "an array of whole numbers": (lambda x: x * x, (np.arange(3),), (np.arange(1, 4),)),
}  # fmt: skip


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_call_of_a_known_structure_gives_the_same(name: str) -> None:
    f, first, second = ARGUMENTS[name]
    derivative = fg.sparse_jacobian(f, argnums=(0,))
    derivative(*first)
    expected = fg.sparse_jacobian(f, argnums=(0,))(*second)
    assert derivative(*second).toarray().tolist() == expected.toarray().tolist()


@pytest.mark.parametrize("name", [name for name in ARGUMENTS if "whole" not in name])
def test_a_call_of_a_known_structure_takes_nothing_apart(name: str) -> None:
    f, first, second = ARGUMENTS[name]
    derivative = fg.sparse_jacobian(f)
    derivative(*first)
    with mock.patch.object(Arguments, "of", side_effect=AssertionError):
        derivative.parts(*second)


REFUSED: dict[str, tuple[tuple[Any, ...], type[Exception]]] = {
    "a node": ((fg.var(2.0), X), fg.NotAValue),
    "a truth value": ((True, X), fg.NotAValue),
    "an array of truth values": ((2.0, X > 0.0), fg.NotAValue),
    "an array of another dtype": ((2.0, X.astype(np.float32)), fg.NotAValue),
    "text": ((2.0, "x"), fg.NotAValue),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_at_first_is_refused_afterwards(name: str) -> None:
    arguments, error = REFUSED[name]
    derivative = fg.sparse_jacobian(lambda a, x: a * x)
    with pytest.raises(error):
        derivative(*arguments)
    derivative(2.0, X)
    with pytest.raises(error):
        derivative(*arguments)
    assert derivative(2.0, np.arange(3.0)).shape == (3, 1)  # another structure is made


def test_a_count_is_refused_afterwards_too() -> None:
    derivative = fg.sparse_jacobian(layer)
    derivative(LAYER, X)
    with pytest.raises(fg.NotAValue, match=r"p\.count needs"):
        derivative(attrs.evolve(LAYER, count=1), X)


def test_a_compiled_function_gets_an_array_as_a_list() -> None:
    fast = fg.compile(lambda x: [x[0] * x[1], x[1]])
    assert fg.sparse_jacobian(fast)(np.array([2.0, 3.0])).toarray().tolist() == [
        [3.0, 2.0],
        [0.0, 1.0],
    ]


LARGE = np.linspace(0.1, 0.9, 60)


@pytest.mark.parametrize("method", ["direct", "compressed"])
@pytest.mark.parametrize("x", [np.array([0.5, 0.25, 2.0]), LARGE], ids=["small", "large"])
def test_nonzeros_pickle_copy_and_fill_by_name(method: str, x: Any) -> None:
    nonzeros = fg.sparse_jacobian(chain, method=method).specialise(x)
    again = pickle.loads(pickle.dumps(nonzeros))
    assert (again.pattern, again.method) == (nonzeros.pattern, method)
    assert again(x).tolist() == nonzeros(x).tolist()
    assert copy.copy(nonzeros) is copy.deepcopy(nonzeros) is nonzeros
    out = np.empty(len(nonzeros.pattern))
    assert nonzeros.fill(x, out=out) is out
    assert out.tolist() == nonzeros(x).tolist()
    with pytest.raises(fg.NotAValue, match="1 array and one to fill; got 1, to="):
        nonzeros.fill(x, to=out)
    with pytest.raises(fg.NotAValue, match="1 array and one to fill; got 1"):
        nonzeros.fill(x)


def test_values_say_what_they_are() -> None:
    assert repr(fg.sparse_jacobian(chain)) == "sparse_jacobian(chain)"
    derivative = fg.sparse_hessian(total, argnums=(0,), method="direct", lower=True)
    assert repr(derivative) == "sparse_hessian(total, argnums=(0,), method='direct', lower=True)"
    assert repr(derivative.specialise(np.zeros(3))) == "Nonzeros(3 of 3 x 3, direct)"
    made = fg.derivatives(total, chain, np.zeros(3))
    assert (
        repr(made)
        == "Derivatives(3 variables, 2 constraints, 4 nonzeros in the Jacobian and 3 in the Hessian)"
    )
    assert copy.copy(made) is copy.deepcopy(made) is made
    again = pickle.loads(pickle.dumps(derivative))
    assert again(np.ones(2)).toarray().tolist() == [[2.0, 0.0], [0.0, 2.0]]


def test_a_hessian_on_which_llvms_search_for_vectors_ended_the_process() -> None:
    columns, ends = [0, 1, 1, 2, 4, 1, 2, 4, 4, 2, 3, 4], [0, 2, 5, 8, 9, 12]
    mixing = sparse.csr_array((np.linspace(0.1, 0.9, 12), columns, ends), shape=(5, 5))
    offset = np.array([0.3, -0.2, 0.7, 1.1, -0.4])

    def f(x: Any) -> Any:
        y = x / (1.0 + x * x)
        z = mixing @ (np.stack([y, 2.0 * y], axis=1).sum(axis=1) + offset)
        return fg.sum(np.cumsum(np.roll(z, 1) * z))

    x = np.linspace(-1.0, 1.0, 5)
    dense = np.array(list(fg.hessian(f)(x))).reshape(5, 5)
    assert fg.sparse_hessian(f)(x).toarray() == pytest.approx(dense, abs=1e-12)
