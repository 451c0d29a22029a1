"""Gradients of graphs with arrays add, scale, restrict and show themselves as those of numbers do."""

import pickle
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402  # the tests need both

fg: Any = fgrad  # what is typed is tested in tests/typing


def parts() -> Any:
    w = fg.var(np.array([1.0, 2.0]), "w")
    b = fg.var(0.5, "b")
    outputs = fg.sum(w * w) * b, fg.sum(fg.sin(w))
    return w, b, [fg.grad(fg.Graph.of(y, w), y) for y in outputs]


def test_sums_and_multiples_are_element_by_element() -> None:
    w, b, (one, two) = parts()
    for total in (one + two, sum([one, two]), two + one):
        assert np.allclose(total[w], w.value + np.cos(w.value), rtol=1e-15)
        assert not total[w].flags.writeable
        assert total[b] == 5.0
    assert np.array_equal((2 * one)[w], 2.0 * w.value)
    assert np.array_equal((-one)[w], -w.value)
    assert np.array_equal((one / 2)[w], w.value / 2)
    assert np.array_equal((one - one)[w], np.zeros(2))
    assert np.isinf((one / 0.0)[w]).all()
    assert np.array_equal((one + two).only(w)[w], (one + two)[w])


def test_gradients_that_are_nodes_add_too() -> None:
    w = fg.var(np.array([1.0, 2.0]), "w")
    one, two = (fg.grad_nodes(fg.Graph.of(y), y) for y in (fg.sum(w**3), fg.sum(w * w)))
    total = (one + 2.0 * two)[w]
    assert np.allclose(total.value, 3.0 * w.value**2 + 4.0 * w.value)
    bend = fg.sum(total)
    assert np.allclose(fg.grad(fg.Graph.of(bend), bend)[w], 6.0 * w.value + 4.0)


def test_a_table_shows_shapes() -> None:
    _, _, (one, _) = parts()
    text = repr(one)
    assert "array (2,) of norm 2.23607" in text
    assert "[" not in text


def test_gradients_come_back_onto_a_graph_of_the_same_values_alone() -> None:
    w, _, (one, _) = parts()
    back = pickle.loads(pickle.dumps(one))
    assert np.array_equal(back.onto(one.graph)[w], one[w])
    other = fg.var(np.array([1.0, 2.0 + 1e-12]), "w")
    b = fg.var(0.5, "b")
    y = fg.sum(other * other) * b
    with pytest.raises(fg.NotAValue, match=r"^onto needs w = array"):
        back.onto(fg.Graph.of(y, other))
