"""Gradients as a table: what has a label, or the variables if nothing has one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from fgrad.autodiff.gradients import NodeGradients, _OfGraph
from fgrad.display import Table, cell, ends, named, plural
from fgrad.graph.node import Node, _brief, variable


def table(gradients: _OfGraph[Any]) -> Table:
    """A row for each node that is shown, with what the rows leave out.

    >>> import fgrad as fg
    >>> x = fg.var(2.0)
    >>> f = fg.square(x) + 1.0
    >>> print(table(fg.grad(fg.Graph.of(f), f)).text())
    Gradients(of 3 nodes):
      variable  value  derivative
      %0          2.0         4.0
      2 nodes hidden; none has a label, so variables are shown
    """
    title = f"{type(gradients).__name__}(of {plural(len(gradients), 'node')})"
    labelled = [node for node in gradients if node.label]
    nodes: Sequence[Node[Any]] = labelled
    if gradients._restricted:
        nodes = list(gradients)
    elif not labelled:
        nodes = [node for node in gradients if node.op is variable]
    first, _, last = ends(nodes)
    names = _names(gradients, [*first, *last])
    rows = [tuple(_cells(names[node], node, gradients[node])) for node in (*first, *last)]
    head = ["label" if labelled else "variable", "value", "derivative"]
    if isinstance(gradients, NodeGradients):
        head.append("node")
    if last:
        rows.insert(len(first), ("…",) * len(head))
    hidden, others = len(nodes) - len(first) - len(last), len(gradients) - len(nodes)
    note = _note(hidden, others, labelled=bool(labelled or gradients._restricted))
    return Table(f"{title}:" if rows else title, tuple(head), rows, note)


def _names(gradients: _OfGraph[Any], shown: Collection[Node[Any]]) -> Mapping[Any, str]:
    """The label of each node, with its number in the graph where another has the same or it has none."""
    places = dict.fromkeys(shown, "")
    labels: Counter[str] = Counter()
    for i, node in enumerate(gradients.graph.nodes):
        if node in places:
            places[node] = f"%{i}"
        if node.label:
            labels[node.label] += 1
    names = {}
    for node, place in places.items():
        if not node.label:
            names[node] = place
        elif labels[node.label] > 1:
            names[node] = f"{named(node.label)} ({place})"
        else:
            names[node] = named(node.label)
    return names


def _cells(name: str, node: Node[Any], gradient: Any) -> Iterator[str]:
    yield name
    yield "" if node.abstract else cell(node.value)
    if node.op.truth:
        yield ""
    elif not isinstance(gradient, Node):
        yield cell(gradient)
    else:
        yield "" if gradient.abstract else cell(gradient.value)
    if isinstance(gradient, Node):
        yield "" if node.op.truth else named(_brief(gradient))


def _note(same: int, others: int, *, labelled: bool) -> str:
    """How many nodes are hidden: `same` of the kind that is shown, and all the `others`."""
    if not same + others:
        return ""
    hidden = f"{plural(same + others, 'node')} hidden"
    if not labelled:
        return f"{hidden}; none has a label, so variables are shown"
    if not others:
        return hidden
    return f"{hidden}, {others:,} without a label" if same else f"{hidden}, without a label"
