"""`grad` with respect to some nodes alone: the numbers of `grad`, and no other keys."""

from typing import Any

import pytest

import fgrad

fg: Any = fgrad  # what is typed is tested in tests/typing


def numbers() -> tuple[Any, ...]:
    x, y = fg.var(0.5, "x"), fg.var(2.0, "y")
    h = fg.sin(x * y) + x
    return h * h * y, x, y, h, fg.square(h)


def arrays() -> tuple[Any, ...]:
    np = pytest.importorskip("numpy")
    w, b = fg.var(np.arange(6.0).reshape(2, 3) / 6.0, "w"), fg.var(np.ones(3), "b")
    h = fg.tanh(w @ np.ones((3, 3)) + b)
    return fg.sum(fg.where(h > 0.99, h, h * h)) * fg.sum(b), w, b, h, fg.square(h)


@pytest.mark.parametrize("make", [numbers, arrays])
def test_it_is_the_gradient_restricted_to_these(make: Any) -> None:
    output, x, y, h, beside = make()
    graph = fg.Graph.of(output, beside)
    known = fg.grad(graph, output)
    for wrt in (x, (x,), (y, x), [h], (x, h, output), (beside, x), (x, x), ()):
        got = fg.grad(graph, output, wrt=wrt)
        asked = (wrt,) if isinstance(wrt, fg.Node) else wrt
        assert tuple(got) == tuple(dict.fromkeys(asked))
        for node in got:
            assert (got[node] == known[node]) is True or (got[node] == known[node]).all()
        with pytest.raises(fg.UnknownNode):
            got[fg.var(1.0)]
    assert tuple(fg.grad(graph, output, wrt=x) + fg.grad(graph, output, wrt=y)) == (x, y)


@pytest.mark.parametrize("make", [numbers, arrays])
def test_what_is_no_node_of_the_graph_is_refused(make: Any) -> None:
    output, x, *_ = make()
    graph = fg.Graph.of(output)
    for wrong in (1.0, "x", (x, "x"), {x: 1.0}):
        with pytest.raises(fg.NotAValue, match="a node or a tuple of nodes as wrt"):
            fg.grad(graph, output, wrt=wrong)
    with pytest.raises(fg.UnknownNode):
        fg.grad(graph, output, wrt=(x, fg.var(1.0)))


def test_a_node_that_nothing_flows_to_has_a_zero_of_its_kind() -> None:
    np = pytest.importorskip("numpy")
    w, v = fg.var(np.ones((2, 3)), "w"), fg.var(np.ones(2), "v")
    y = fg.sum(w)
    graph = fg.Graph.of(y, v)
    got = fg.grad(graph, y, wrt=(v, w))
    assert got[v].tolist() == [0.0, 0.0]
    assert got[w].tolist() == np.ones((2, 3)).tolist()


def test_nothing_is_sent_where_it_leads_to_none_of_them() -> None:
    np = pytest.importorskip("numpy")
    asked = []

    def dx(out: Any, x: Any) -> Any:
        asked.append(x)
        return 1.0

    same = fg.Unary("same", lambda x: x, dx)
    w, data = fg.var(np.ones(3)), fg.var(np.ones(3))
    y = fg.sum(same(data) * same(w))
    fg.grad(fg.Graph.of(y), y, wrt=w)
    assert len(asked) == 1
