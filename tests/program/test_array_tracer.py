"""Functions of arrays, traced element by element, are those of arrays: values, shapes and derivatives."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402
from fgrad.program.array_tracer import TracedArray, array_of  # noqa: E402
from fgrad.program.spread import Spread  # noqa: E402
from fgrad.program.trace import Tracing  # noqa: E402

fg: Any = fgrad  # what is typed is tested in tests/typing
A = np.arange(9.0).reshape(3, 3) / 7.0 - 0.5
B = np.array([0.3, 0.2, 0.9])
X = np.array([0.2, 0.7, 0.4])

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "arithmetic": lambda x: (1.0 - x) * B + x / B - 2.0**x + x**B - x % 0.25,
    "with a matrix": lambda x: A @ x,
    "with a matrix on the right": lambda x: x @ A,
    "a quadratic form": lambda x: x @ A @ x,
    "outer and matrices": lambda x: (np.outer(x, x) @ A).T,
    "batched matrices": lambda x: np.matmul(np.stack([A, A.T]), x[:, None]),
    "einsum": lambda x: np.einsum("i,ij,j->", x, A, x),
    "dot": lambda x: fg.dot(x, B) + np.dot(x, B),
    "tensordot": lambda x: np.tensordot(np.outer(x, x), A, 1),
    "elementary": lambda x: np.sin(x) + fg.exp(-x) * np.hypot(x, B),
    "special": lambda x: fg.lgamma(x) + fg.erf(x),
    "slices": lambda x: x[1:] - x[:-1] ** 2,
    "fancy": lambda x: x[np.array([0, 0, 2])],
    "backwards": lambda x: x[::-1] * x,
    "a new axis": lambda x: x[:, None] ** np.arange(1, 3),
    "sum": lambda x: fg.sum(x * x) + np.sum(x) + x.sum(),
    "sum along an axis": lambda x: np.sum(np.outer(x, B), axis=0),
    "mean and variance": lambda x: x.mean() + np.var(x),
    "cumsum": np.cumsum,
    "diff": np.diff,
    "prod": np.prod,
    "cumprod": lambda x: np.cumprod(x).sum(),
    "largest": lambda x: np.max(x) - x.min(),
    "logsumexp": lambda x: fg.logsumexp(x) + fg.softmax(x)[0],
    "norms": lambda x: np.linalg.norm(x) + fg.norm(x, 1),
    "where": lambda x: fg.where(x > 0.3, fg.log(x), 2.0 * x),
    "clip": lambda x: np.clip(x, 0.25, 0.6) + fg.maximum(x, 0.5),
    "any": lambda x: fg.where((x > 0.3).any(), x, -x),
    "concatenate": lambda x: np.concatenate([x, B, np.zeros(2)]),
    "stack": lambda x: np.stack([x, B], axis=1).T,
    "stack of numbers": lambda x: fg.stack([x[0], 2.0, x[1]]),
    "pad": lambda x: np.pad(x, 1),
    "roll and tile": lambda x: np.tile(np.roll(x, 1), 2),
    "reshape": lambda x: x.reshape(3, 1) * x,
    "cross": lambda x: np.cross(x, B),
    "trapezoid": lambda x: fg.trapezoid(x, B.cumsum()),
    "set": lambda x: fg.at(x)[1].set(x[0] * 5.0),
    "set of a slice": lambda x: fg.at(x)[1:].set(B[1:]),
    "add at places": lambda x: fg.at(x)[np.array([0, 0])].add(x[1:]),
    "a number and an array": lambda x: x[0] * B,
    "elements": lambda x: fg.sum([v * w for v, w in itertools.pairwise(x)]),
    "empty": lambda x: fg.sum(x[:0]) + np.sum(np.zeros((0, 3)) @ x) + x[0],
}


def traced(f: Callable[[Any], Any], x: Any = X) -> tuple[Any, tuple[int, ...]]:
    seen: list[Any] = []

    def kept(x: Any) -> Any:
        seen.append(f(x))
        return seen[0]

    leaves, structure = fg.trees.flatten(((x,), {}))
    program = Tracing.spread(kept, Spread.of(leaves, structure)).program
    return program, getattr(seen[0], "shape", ())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_program_is_the_function_and_so_are_its_derivatives(name: str) -> None:
    f = FUNCTIONS[name]
    program, shape = traced(f)
    expected = np.asarray(f(X))
    assert shape == expected.shape
    assert np.allclose(program.run(tuple(X)), expected.ravel(), rtol=1e-14, atol=1e-15)
    dense = np.array(fg.jacobian(f)(X).matrix).reshape(expected.size, 3)
    pattern, values = fg.sparse_jacobian(f, method="direct").parts(X)
    found = np.zeros((expected.size, 3))
    found[list(pattern.rows), list(pattern.columns)] = values
    assert np.allclose(found, dense, rtol=1e-12, atol=1e-14)


def test_a_sparse_matrix_is_a_constant_with_zeros_that_are_none() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.csr_array(np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0], [0.0, 0.0, 0.0]]))
    assert fg.sparsity(lambda x: matrix @ x, X).jacobian.columns == (0, 2, 1)
    assert fg.sparsity(lambda x: x @ matrix, X).jacobian.columns == (0, 1, 0)
    program, shape = traced(lambda x: matrix @ np.outer(x, x))
    assert shape == (3, 3)
    assert np.allclose(program.run(tuple(X)), (matrix @ np.outer(X, X)).ravel())


def test_names_of_inputs_are_those_of_elements() -> None:
    program, _ = traced(lambda x: fg.sum(x["w"]) + x["b"], {"w": np.zeros((2, 2)), "b": 1.0})
    assert program.inputs == (
        "x['w'][0, 0]",
        "x['w'][0, 1]",
        "x['w'][1, 0]",
        "x['w'][1, 1]",
        "x['b']",
    )


def test_a_compiled_function_of_numbers_computes_with_constant_arrays() -> None:
    f = fg.compile(lambda x, y: fg.sum(A @ fg.stack([x, y, x * y])) + np.sum(x * B))
    assert f(2.0, 3.0) == pytest.approx(np.sum(A @ [2.0, 3.0, 6.0]) + 2.0 * B.sum(), rel=1e-14)
    assert fg.gradient(f, argnums=(0, 1))(2.0, 3.0) == pytest.approx(
        (A[:, 0].sum() + 3.0 * A[:, 2].sum() + B.sum(), A[:, 1].sum() + 2.0 * A[:, 2].sum())
    )


WRONG: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "a branch": (lambda x: x[0] if (x > 0.0) else x[1], fg.TracedNumber, "a branch"),
    "a value": (lambda x: x.value, fg.TracedNumber, "the value"),
    "sort": (np.sort, fg.TracedNumber, "the value"),
    "argmax": (np.argmax, fg.TracedNumber, "the value"),
    "a mask that is not known": (lambda x: x[x > 0.3], fg.NotAValue, "an index needs"),
    "solve": (lambda x: np.linalg.solve(np.outer(x, x), x), fg.NotAValue, "solve needs numbers that are known.*system as a constraint"),
    "convolve": (lambda x: np.convolve(x, B), fg.NotAValue, "convolve needs numbers that are known"),
    "shapes": (lambda x: x[:2] + x, fg.ShapeMismatch, r"shapes \(2,\) and \(3,\)"),
    "assignment": (lambda x: x.__setitem__(0, 1.0), fg.SilentDetach, r"x.at\[key\].set"),
    "a gradient by an array": (fg.gradient(lambda q: q @ q), fg.NotAValue, r"gradient\(f\)\(list\(x\)\)"),
    "a compiled function of an array": (fg.compile(fg.sum), fg.NotAValue, "numbers alone"),
    "a custom function of an array": (fg.custom(np.sin, vjp=lambda x, y, g: g), fg.NotAValue, "numbers alone"),
    "a root by an array": (lambda x: fg.root(lambda y, a: y - a, x)(x), fg.NotAValue, "numbers"),
    "a node of an array from outside": (lambda x: x * fg.var(B), fg.NotAValue, "numbers alone"),
    "a result from outside": (lambda x: fg.var(B), fg.NotAValue, "numbers alone"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_traced_is_refused(name: str) -> None:
    f, error, words = WRONG[name]
    with pytest.raises(error, match=words):
        traced(f)


def test_a_gradient_by_elements_is_one() -> None:
    program, _ = traced(
        lambda x: fg.stack(fg.gradient(lambda q: fg.stack(q) @ A @ fg.stack(q))(list(x)))
    )
    assert np.allclose(program.run(tuple(X)), (A + A.T) @ X)


def test_arrays_of_known_numbers_stay_known() -> None:
    assert type(array_of([1.0, 2.0], (2,))) is np.ndarray
    seen: list[Any] = []

    def f(x: Any) -> Any:
        seen.append(x)
        return fg.sum(x * 0.0)

    traced(f)
    assert isinstance(seen[0], TracedArray)
    assert repr(seen[0]) == "TracedArray(shape=(3,))"
    assert (seen[0].shape, seen[0].ndim, seen[0].size, len(seen[0])) == ((3,), 1, 3, 3)
