"""How programs over arrays are differentiated: each way, and what an oracle must say to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

import fgrad
from tests.laws.array_case import Case, Said, checked, values_of, weighed
from tests.laws.array_programs import flat

fg: Any = fgrad  # what is typed is tested in tests/typing
Way = Callable[[Case], Sequence[Any]]


def _value(case: Case) -> list[Any]:
    return [np.asarray(y, float) for y in flat(case.f(case.tree(case.program.leaves)))]


def _value_and_gradient(case: Case) -> list[Any]:
    value, slopes = fg.value_and_gradient(case.loss)(case.p)
    return [*checked(value), *checked(slopes)]


def _by_argument(case: Case) -> list[Any]:
    """Of a function of the leaves themselves."""
    loss = lambda *leaves: case.loss(case.tree(leaves))
    places = tuple(range(len(case.given)))
    return checked(fg.gradient(loss, argnums=places)(*case.given))


def _jvp(case: Case) -> list[Any]:
    value, moved = fg.jvp(case.f)(case.p, case.dp)
    return [*checked(value), *checked(moved)]


def _vjp(case: Case) -> list[Any]:
    value, pull = fg.vjp(case.f)(case.p)
    return [*checked(value), *checked(pull(case.cotangent()))]


def _stacked(case: Case) -> list[Any]:
    """The value along a line, differentiated by a number."""
    pairs = list(zip(case.program.leaves, case.said.moves, strict=True))
    along = lambda t: case.f(case.tree([x + t * dx for x, dx in pairs]))
    return checked(fg.jvp(along)(0.0, 1.0)[1])


def _rows(mode: str) -> Way:
    return lambda case: checked(fg.jacobian(case.f, mode=mode)(case.p))


def _variables(case: Case) -> list[Any]:
    return [fg.var(x) for x in case.given]


def _graph(case: Case) -> list[Any]:
    """A graph that is built by hand, and folded."""
    xs = _variables(case)
    y = case.loss(case.tree(xs))
    if not isinstance(y, fgrad.Node):
        return [np.zeros(np.shape(x)) for x in case.given]
    found = fg.grad(fg.Graph.of(y, *xs), y)
    return checked([found[x] for x in xs])


def _graph_of_nodes(case: Case) -> list[Any]:
    xs = _variables(case)
    y = case.loss(case.tree(xs))
    if not isinstance(y, fgrad.Node):
        return [np.zeros(np.shape(x)) for x in case.given]
    found = fg.grad_nodes(fg.Graph.of(y, *xs), y)
    return [found[x].value for x in xs]


def _at_nodes(case: Case) -> list[Any]:
    return values_of(fg.gradient(case.loss)(case.tree(_variables(case))))


def _twice_by_hand(case: Case) -> list[Any]:
    """Gradients as nodes of a graph, which is folded again."""
    xs = _variables(case)
    slopes = flat(fg.gradient(case.loss)(case.tree(xs)))
    y = weighed(slopes, case.said.moves)
    if not isinstance(y, fgrad.Node):
        return [np.zeros(np.shape(x)) for x in case.given]
    found = fg.grad(fg.Graph.of(y, *xs), y)
    return checked([found[x] for x in xs])


def _reverse_over_forward(case: Case) -> list[Any]:
    return checked(fg.gradient(lambda p: fg.jvp(case.loss)(p, case.dp)[1])(case.p))


def _forward_over_reverse(case: Case) -> list[Any]:
    slopes, moved = fg.jvp(fg.gradient(case.loss))(case.p, case.dp)
    return [*checked(slopes), *checked(moved)]


def _reverse_over_reverse(case: Case) -> list[Any]:
    along = lambda p: weighed(flat(fg.gradient(case.loss)(p)), case.said.moves)
    return checked(fg.gradient(along)(case.p))


def _gradient(said: Said) -> list[Any]:
    return said.slopes


def _bent(said: Said) -> list[Any]:
    return said.bent


def _hessian(said: Said) -> list[Any]:
    return said.hessian


def _jacobian(said: Said) -> list[Any]:
    return said.jacobian


def _total(said: Said) -> Any:
    return sum([np.sum(np.multiply(y, w)) for y, w in zip(said.value, said.weights, strict=True)])


WAYS: Final[dict[str, tuple[Way, Callable[[Said], Sequence[Any]]]]] = {
    "value": (_value, lambda said: said.value),
    "gradient": (lambda case: checked(fg.gradient(case.loss)(case.p)), _gradient),
    "value and gradient": (_value_and_gradient, lambda said: [_total(said), *said.slopes]),
    "gradient by argument": (_by_argument, _gradient),
    "jvp": (_jvp, lambda said: [*said.value, *said.pushed]),
    "vjp": (_vjp, lambda said: [*said.value, *said.slopes]),
    "stacked jvp": (_stacked, lambda said: said.pushed),
    "jacobian forward": (_rows("forward"), _jacobian),
    "jacobian reverse": (_rows("reverse"), _jacobian),
    "graph": (_graph, _gradient),
    "graph of nodes": (_graph_of_nodes, _gradient),
    "gradient at nodes": (_at_nodes, _gradient),
    "hvp": (lambda case: checked(fg.hvp(case.loss)(case.p, case.dp)), _bent),
    "reverse over forward": (_reverse_over_forward, _bent),
    "forward over reverse": (_forward_over_reverse, lambda said: [*said.slopes, *said.bent]),
    "reverse over reverse": (_reverse_over_reverse, _bent),
    "twice by hand": (_twice_by_hand, _bent),
    "hessian": (lambda case: checked(fg.hessian(case.loss)(case.p)), _hessian),
    "hessian forward": (
        lambda case: checked(fg.jacobian(fg.gradient(case.loss), mode="forward")(case.p)),
        _hessian,
    ),
}
"""Each way with what an oracle says to it; `array_generator` chooses among those of each order."""
