"""`==` of nodes: containers compare what they hold by it, and nobody else gets an answer from it."""

import dataclasses
import operator
from collections.abc import Callable
from typing import Any

import attrs
import pyrsistent
import pytest

import fgrad

fg: Any = fgrad


@attrs.frozen
class Pair:
    x: Any
    y: Any


@dataclasses.dataclass(frozen=True)
class Data:
    x: Any


def same(x: Any) -> Any:
    return x == x  # noqa: PLR0124  # what is tested


def other(x: Any) -> Any:
    return x != x  # noqa: PLR0124  # what is tested


SIGNS = [(same, "=="), (other, "!="), (lambda x: operator.eq(x, x), "=="), (lambda x: operator.ne(x, x), "!=")]  # fmt: skip


@pytest.mark.parametrize(("action", "sign"), SIGNS)
def test_a_node_compared_with_itself_is_refused_in_the_words_for_others(
    action: Callable[[Any], Any], sign: str
) -> None:
    for x in (fg.var(float("nan"), "x"), fg.var(2.0) * 2.0):
        with pytest.raises(fg.SilentDetach, match=f"^{sign} of ") as caught:
            action(x)
        named = "not_equal" if sign == "!=" else "equal"
        assert f"use {named}(x, y) for where" in str(caught.value)
        assert "np.isnan(x.value)" in str(caught.value)
    with pytest.raises(fg.TracedNumber, match=f"for {sign} of"):
        fg.trace(action)(1.0)
    with pytest.raises(fg.SilentDetach, match=f"^{sign} of "):
        action(fg.var(1.0) < 2.0)


def test_a_node_compared_with_a_number_is_told_of_the_sign_that_stands_there() -> None:
    x = fg.var(2.0, "x")
    with pytest.raises(fg.SilentDetach, match=r"^!= of .* use not_equal\(x, y\)"):
        x != 2.0  # noqa: B015  # it raises
    with pytest.raises(fg.SilentDetach, match=r"^!= of "):
        2.0 != x  # noqa: B015, SIM300  # likewise
    with pytest.raises(fg.TracedNumber, match="for != of"):
        fg.trace(lambda x: x != 1.0)(2.0)


def test_containers_of_nodes_are_compared() -> None:
    def holds(x: Any, y: Any) -> Any:
        assert Pair(x, y) == Pair(x, y)
        assert not Pair(x, y) != Pair(x, y)  # noqa: SIM202  # both signs are tested
        assert Data(x) == Data(x)
        assert [x, y] == [x, y]
        assert {"x": x} == {"x": x}
        assert x in [x, y]
        assert x in {x, y}
        places = pyrsistent.pmap({x: 1, y: 2, None: 3})
        assert places[y] == 2
        assert places.set(x, 4)[x] == 4
        assert len({x, y, x}) == 2
        return x * y

    for _ in range(20):
        holds(fg.var(1.0), fg.var(1.0))
        fg.trace(holds)(1.0, 1.0)
    x, y = fg.var(1.0), fg.var(1.0)
    assert Pair(x, y) != Pair(y, x)
    assert x in [y, x]
    assert x not in [y, None]
    assert x != None  # noqa: E711  # what is no number is another thing
    assert x != "x"


def test_nodes_of_arrays_are_not_compared_by_a_sign() -> None:
    np = pytest.importorskip("numpy")
    x, y = fg.var(np.array([np.nan, 1.0, 2.0]), "x"), fg.var(np.ones(3), "y")
    for action, sign in SIGNS:
        with pytest.raises(fg.SilentDetach, match=f"^{sign} of "):
            action(x)
    with pytest.raises(fg.SilentDetach, match=r"^!= of ArrayNode.* use not_equal\(x, y\)"):
        np.where(x != x, 0.0, x)  # noqa: PLR0124  # what is tested
    with pytest.raises(fg.SilentDetach, match=r"^== of "):
        fg.where(x == y, 0.0, x)
    with pytest.raises(fg.SilentDetach, match=r"^!= of "):
        fg.where(x.sum() != y, 0.0, x)
    with pytest.raises(fg.SilentDetach, match=r"^!= of "):
        np.not_equal(x, y)
    with pytest.raises(fg.SilentDetach, match=r"^!= of "):
        np.ones(3) != x  # noqa: B015  # it raises
    assert np.where(fg.not_equal(x, x), 0.0, x).value.tolist() == [0.0, 1.0, 2.0]
    assert y in [x, y]
    assert y not in [x, None]
    assert Pair(x, y) == Pair(x, y) != Pair(y, x)
