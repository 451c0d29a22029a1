"""Numbers that were computed from arrays have what numpy's numbers have."""

from collections.abc import Callable
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402
from fgrad.arrays.nodes import (  # noqa: E402  # needs numpy
    ArrayCondition,
    ArrayNode,
    _ConditionOfArrays,
    _NumberOfArrays,
)

fg: Any = fgrad  # what is typed is tested in tests/typing
X = np.array([1.6, -2.0, 3.0])

CALLS: list[Callable[[Any], Any]] = [
    lambda y: y.shape,
    lambda y: y.ndim,
    lambda y: y.size,
    lambda y: y.dtype,
    lambda y: y.astype(float),
    lambda y: y.astype(int),
    lambda y: np.floor(y).astype(int),
    lambda y: y.item(),
    lambda y: y.reshape(1, 1),
    lambda y: y.reshape(-1),
    lambda y: y.ravel(),
    lambda y: y.sum(),
    lambda y: y.mean(),
    lambda y: y.max(),
    lambda y: y.min(),
    lambda y: y.std(),
    lambda y: y.clip(0.0, 1.0),
    lambda y: y.round(),
    lambda y: y.round(1),
    lambda y: y.T,
    lambda y: y.copy(),
    lambda y: np.floor(y).astype(int) + X[np.floor(y).astype(int)],
]


@pytest.mark.parametrize("call", CALLS)
def test_a_number_of_an_array_has_what_numpys_number_has(call: Callable[[Any], Any]) -> None:
    x = fg.var(X)
    for number, plain in ((x[0], X[0]), (x.sum(), X.sum()), (x @ x, X @ X)):
        if call is CALLS[-1] and not 0 <= plain < 3:
            continue
        got, wanted = call(number), call(plain)
        got = getattr(got, "value", got)
        assert np.shape(got) == np.shape(wanted)
        assert got == wanted
        assert isinstance(got, (float, np.ndarray)) or type(got) is type(wanted)


def test_a_derivative_flows_through_its_methods() -> None:
    def f(x: Any) -> Any:
        y = x[0] * x[1]
        return (
            (y.reshape(1, 1) * x).sum()
            + y.reshape(-1)[0].clip(-10.0, 10.0)
            + y.astype(float).mean()
        )

    def g(x: Any) -> Any:
        y = x[0] * x[1]
        return fg.sum(y * x) + 2.0 * y

    assert fg.gradient(f)(X) == pytest.approx(fg.gradient(g)(X))


def test_a_number_is_no_sequence_and_lacks_what_numpys_lacks() -> None:
    y = fg.var(X)[0]
    for action in (iter, len, list):
        with pytest.raises(TypeError):
            action(y)
    with pytest.raises(AttributeError, match=r"'Node' object has no attribute 'foo'$"):
        _ = y.foo
    with pytest.raises(fg.SilentDetach, match="tolist"):
        y.tolist()


def test_a_condition_as_numbers() -> None:
    x = fg.var(X, "x")
    assert (x > 0.0).astype(float).value.tolist() == [1.0, 0.0, 1.0]
    assert (x > 0.0).astype(int).tolist() == [1, 0, 1]
    assert (x > 0.0).astype(bool).value.tolist() == [True, False, True]
    assert (x[0] > 0.0).astype(float).value == 1.0
    assert fg.gradient(lambda x: ((x > 0.0).astype(float) * x).sum())(X).tolist() == [1.0, 0.0, 1.0]


def test_a_plain_mask_is_data_where_whole_arrays_are_asked_for() -> None:
    mask = X > 0.0
    assert fg.sum(mask) == 2.0
    assert fg.mean(mask) == mask.mean()
    assert fg.mean(mask, 0, where=mask) == 1.0
    x = fg.var(X)
    assert np.average(x, weights=mask).value == pytest.approx(np.average(X, weights=mask))
    assert fg.where(mask, x, 0.0).value.tolist() == [1.6, 0.0, 3.0]


@pytest.mark.parametrize("kind", [ArrayNode, ArrayCondition, _NumberOfArrays, _ConditionOfArrays])
def test_attributes_of_nodes_are_found_without_a_hook(kind: Any) -> None:
    """With one Python does not remember where a slot is, and every sweep takes a tenth longer."""
    assert not hasattr(kind, "__getattr__")
    assert kind.__getattribute__ is object.__getattribute__
