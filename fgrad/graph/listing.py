"""A graph as a listing: a line for each node, or the first and the last of many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from fgrad import display
from fgrad.graph.graph import Graph
from fgrad.graph.node import Node, variable
from fgrad.ops.names import printed, quoted, spelling

_Names: TypeAlias = Mapping[Node[Any], tuple[str, str]]
_Join: TypeAlias = Callable[[Sequence[Any], Callable[[Any], str]], str]


def lines(graph: Graph) -> Iterator[str]:
    """A line for each node, and one for the outputs.

    >>> import fgrad as fg
    >>> x = fg.var(2.0, "x")
    >>> list(lines(fg.Graph.of(x * x)))
    ['  x = variable()  # 2.0', '  %1 = mul(x, x)  # 4.0', '  return %1']
    """
    names = _names(graph, None)
    for node in graph.nodes:
        yield f"  {_line(node, names, _all)}"
    yield f"  return {_all(graph.outputs, lambda node: names[node][0])}".rstrip()


def excerpt(graph: Graph) -> str:
    """A summary, and the same lines, of a screen at most.

    >>> import fgrad as fg
    >>> x = fg.var(2.0, "x")
    >>> print(excerpt(fg.Graph.of(x * x)))
    Graph(2 nodes, 1 variables, 1 outputs):
      x = variable()  # 2.0
      %1 = mul(x, x)  # 4.0
      return %1
    """
    nodes, outputs = graph.nodes, graph.outputs
    first, hidden, last = display.ends(nodes)
    wanted = {*first, *last, *outputs[: display.FIRST], *outputs[-display.LAST :]}
    for node in (*first, *last):
        wanted |= {a for a in _shown(node.args) if isinstance(a, Node)}
    names = _names(graph, wanted)
    top, bottom = ([_line(node, names, display.joined) for node in part] for part in (first, last))
    returned = f"return {display.joined(outputs, lambda node: names[node][0])}".rstrip()
    variables = sum([node.op is variable for node in nodes])
    title = f"Graph({len(nodes)} nodes, {variables} variables, {len(outputs)} outputs):"
    return "\n".join([title, *display.lines(top, hidden, [*bottom, returned], "nodes")])


def _shown(args: Sequence[Any]) -> Iterator[Any]:
    first, _, last = display.ends(args)
    yield from first
    yield from last


def _names(graph: Graph, wanted: Container[Node[Any]] | None) -> _Names:
    """The name of each node that is `wanted`, which is its label if that is plain and nobody else's.

    Beside it, what else the label is.
    """
    labels = Counter([node.label for node in graph.nodes if node.label is not None])
    names: dict[Node[Any], tuple[str, str]] = {}
    for i, node in enumerate(graph.nodes):
        if wanted is None or node in wanted:
            label = node.label
            if label is None:
                names[node] = f"%{i}", ""
            elif labels[label] == 1 and quoted(label) == label:
                names[node] = label, ""
            else:
                names[node] = f"%{i}", f" {quoted(label)}"
    return names


def _line(node: Node[Any], names: _Names, join: _Join) -> str:
    name, note = names[node]
    value = "" if node.abstract else f" {printed(node.value)}"
    comment = f"  #{note}{value}" if note or value else ""
    operands = join(node.args, lambda a: names[a][0] if isinstance(a, Node) else printed(a))
    word = node.op.name if node.op is variable else spelling(node.op)
    return f"{name} = {word}({operands}){comment}"


def _all(items: Sequence[Any], text: Callable[[Any], str]) -> str:
    return ", ".join([text(item) for item in items])
