"""Assignment in the functional manner is numpy's assignment to a copy, and its derivative that of what it did."""

import itertools
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402

fg: Any = fgrad  # what is typed is tested in tests/typing

BASE = np.arange(12.0).reshape(3, 4) - 5.0
KEYS: list[Any] = [
    0, -1, (1, 2), (..., 0), slice(None, None, -1), (slice(0, 2), None, 1), None, ..., (), slice(3, 3),
    [0, 0, 2], (np.array([[0, 1], [2, 0]]), np.array([1, 1])), (slice(None), [3, 0, 3]), ([2, 2], slice(1, 3)),
    BASE > 0.0, (BASE > 0.0)[:, 0], (np.array([0, 0, 0]), np.array([1, 1, 1])), np.zeros((2, 3), int),
    np.bool_(True),
]  # fmt: skip


def assigned(key: Any, values: Any, *, add: bool) -> Any:
    out = BASE.copy()
    if not add:
        out[key] = values
        return out
    # numpy reads beyond the end of values with more axes than the elements have.
    ndim = BASE[key].ndim
    np.add.at(out, key, np.reshape(values, np.shape(values)[-ndim:] if ndim else ()))
    return out


@pytest.mark.parametrize(("key", "add"), [*itertools.product(KEYS, (False, True))], ids=str)
def test_it_is_what_numpy_does_to_a_copy(key: Any, add: bool) -> None:
    taken = BASE[key].shape
    random = np.random.default_rng(3)
    drawn = random.normal(size=taken)
    several = [2.5, drawn, np.array(drawn, order="F"), random.normal(size=taken[-1:])]
    if isinstance(key, (list, slice)):
        several.append(drawn[None, None])
    for values in several:
        expected = assigned(key, values, add=add)
        for x in (BASE, fg.var(BASE)):
            for v in (values, fg.var(values)):
                places = fg.at(x)[key]
                found = places.add(v) if add else places.set(v)
                assert np.array_equal(getattr(found, "value", found), expected)
    found = fg.at(BASE)[key].get()
    assert np.array_equal(found, BASE[key])


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_every_element_of_what_is_set_comes_from_one_place(key: Any) -> None:
    taken = BASE[key].shape
    values = 100.0 + np.arange(float(np.prod(taken, dtype=int))).reshape(taken)
    weights = np.random.default_rng(4).normal(size=BASE.shape)

    def loss(x: Any, v: Any) -> Any:
        return fg.sum(fg.at(x)[key].set(v) * weights)

    result = assigned(key, values, add=False)
    to_x, to_v = fg.gradient(loss, argnums=(0, 1))(BASE, values if taken else float(values))
    assert np.array_equal(to_x, np.where(result >= 100.0, 0.0, weights))
    expected = np.zeros(values.size)
    for place in np.ndindex(result.shape):
        if result[place] >= 100.0:
            expected[int(result[place]) - 100] = weights[place]
    assert np.array_equal(np.ravel(to_v), expected)


def test_nodes_of_arrays_have_it_as_an_attribute_and_stay_what_they_are() -> None:
    x = fg.var(np.zeros(3), "x")
    y = x.at[[0, 0]].add(1.0).at[2].set(x[0] + 5.0)
    assert y.value.tolist() == [2.0, 0.0, 5.0]
    assert x.value.tolist() == [0.0, 0.0, 0.0]
    z = fg.sum(y)
    assert fg.grad(fg.Graph.of(z), z)[x].tolist() == [2.0, 1.0, 0.0]


def test_a_model_on_plain_arrays_has_the_same() -> None:
    def rolled(steps: Any, start: Any) -> Any:
        path = np.zeros(4)
        path = fg.at(path)[0].set(start)
        for i in range(3):
            path = fg.at(path)[i + 1].set(path[i] * steps[i])
        return path

    steps = np.array([2.0, 3.0, 0.5])
    assert rolled(steps, 1.0).tolist() == [1.0, 2.0, 6.0, 3.0]
    slopes = fg.gradient(lambda s: fg.sum(rolled(s, 1.0)))(steps)
    assert slopes.tolist() == [1.0 + 3.0 + 1.5, 2.0 + 1.0, 6.0]


def test_what_was_overwritten_sends_nothing_and_hands_no_nan_on() -> None:
    v = np.array([0.0, 4.0, 0.0])
    loss = lambda x: fg.sum(fg.at(fg.sqrt(x))[[0, 2]].set(1.0))
    slope = fg.gradient(loss)
    assert slope(v).tolist() == [0.0, 0.25, 0.0]
    assert fg.gradient(lambda x: fg.sum(slope(x)))(v).tolist() == [0.0, -0.25 * 4.0**-1.5, 0.0]


def test_the_last_one_is_the_last_by_rows_wherever_the_index_lies_in_memory() -> None:
    rows, columns = [[0, 0], [1, 0]], [[0, 1], [1, 0]]
    values = np.array([[1.0, 2.0], [3.0, 4.0]])
    for order in (np.asarray, np.asfortranarray):
        found = fg.at(np.zeros((2, 2)))[order(rows), order(columns)].set(order(values))
        assert found.tolist() == [[4.0, 2.0], [0.0, 3.0]]
