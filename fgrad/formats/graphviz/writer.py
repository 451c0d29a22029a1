"""A graph as people see it: nodes as text, and the whole in DOT, the language of Graphviz."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from fgrad.autodiff.gradients import Gradients, NodeGradients
from fgrad.display import cell, number, printable, shorten
from fgrad.graph.graph import Graph
from fgrad.graph.node import Node, number_of, variable
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Item
from fgrad.ops.names import spelled
from fgrad.ops.operand import is_array
from fgrad.ops.primitive import Op

# How operators are written, and how strongly they bind.
_INFIX: Final[dict[Op, tuple[str, int]]] = {
    ops.logical_or: (" or ", 1), ops.logical_and: (" and ", 2),
    ops.less: (" < ", 4), ops.less_equal: (" <= ", 4), ops.greater: (" > ", 4),
    ops.greater_equal: (" >= ", 4), ops.equal: (" == ", 4), ops.not_equal: (" != ", 4),
    ops.add: (" + ", 5), ops.sub: (" - ", 5),
    ops.mul: ("*", 6), ops.div: ("/", 6), ops.mod: (" % ", 6), ops.pow: ("**", 8),
}  # fmt: skip
_PREFIX: Final[dict[Op, tuple[str, int]]] = {ops.logical_not: ("not ", 3), ops.neg: ("-", 7)}
_STRENGTHS: Final = {op: strength for op, (_, strength) in (_INFIX | _PREFIX).items()}
_WHOLE: Final = 9

_HEAD: Final = """\
digraph fgrad {
  rankdir=LR
  ordering=in
  node [fontname="Helvetica", style=filled, fillcolor=white]"""


def spell(graph: Graph) -> Mapping[Node[float], str]:
    """A short text for each node, as one would write it: its label, or operators and calls.

    >>> import fgrad as fg
    >>> x, y = fg.var(1.0, "x"), fg.var(2.0, "y")
    >>> list(spell(fg.Graph.of(fg.tanh((x + y) * 3))).values())
    ['x', 'y', 'x + y', '(x + y)*3', 'tanh((x + y)*3)']
    """
    texts: dict[Any, str] = {}
    for node in graph.nodes:
        texts[node] = shorten(printable(node.label or _spelled(node, texts)), 48)
    return MappingProxyType(texts)


def dot(graph: Graph, gradients: Gradients | NodeGradients | None = None) -> str:
    r"""The text of a DOT file that draws `graph`, with the derivatives that `gradients` has.

    >>> import fgrad as fg
    >>> x = fg.var(3.0, "x")
    >>> graph = fg.Graph.of(x * x)
    >>> print(dot(graph, fg.grad(graph, graph.outputs[0])).partition("white]")[2])
    <BLANKLINE>
      n0 [label="x\nvalue 3.0\ngradient 6.0", shape=ellipse, fillcolor=lightblue]
      n1 [label="mul\nvalue 9.0\ngradient 1.0", shape=box, peripheries=2]
      n0 -> n1
      n0 -> n1
    }
    <BLANKLINE>
    """
    return "\n  ".join((_HEAD, *_lines(graph, gradients))) + "\n}\n"


def _lines(graph: Graph, gradients: Gradients | NodeGradients | None) -> Iterator[str]:
    places = {node: f"n{i}" for i, node in enumerate(graph.nodes)}
    for node, place in places.items():
        output = ", peripheries=2" if node is graph.outputs[0] else ""
        label = "\\n".join(_label(node, gradients))
        yield f'{place} [label="{label}", {_shape(node)}{output}]'
        for i, arg in enumerate(node.args):
            if isinstance(arg, Node):
                yield f"{places[arg]} -> {place}"
            else:
                yield f'{place}_{i} [label="{number(arg)}", shape=plaintext]'
                yield f"{place}_{i} -> {place}"


def _label(node: Node[Any], gradients: Gradients | NodeGradients | None) -> Iterator[str]:
    name = spelled(node.op) if isinstance(node.op, Item) else node.op.name
    yield _escaped(node.label or name)
    if not node.abstract:
        yield f"value {cell(node.value)}"
    if gradients is not None and not node.op.truth and node in gradients:
        gradient = gradients[node]
        if not (isinstance(gradient, Node) and gradient.abstract):
            yield f"gradient {cell(number_of(gradient))}"


def _shape(node: Node[Any]) -> str:
    if node.op is variable:
        return "shape=ellipse, fillcolor=lightblue"
    return "shape=diamond" if node.op.truth else "shape=box"


def _escaped(text: str) -> str:
    """`text` as Graphviz shows it unchanged: it reads backslashes, quotes and HTML entities."""
    shown = printable(text)
    return shown.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")


def _spelled(node: Node[Any], texts: Mapping[Any, str]) -> str:
    args = node.args
    if node.op is variable:
        return f"var({_literal(node.value)})"
    if node.op in _PREFIX:
        return _PREFIX[node.op][0] + _side(args[0], texts, _PREFIX[node.op][1])
    if node.op in _INFIX:
        sign, strength = _INFIX[node.op]
        left, right = (1, 0) if node.op is ops.pow else (0, 1)  # which side needs parentheses
        x, y = args
        return _side(x, texts, strength + left) + sign + _side(y, texts, strength + right)
    if node.op is ops.identity:
        return _side(args[0], texts, _WHOLE)
    return f"{node.op.name}({', '.join(_side(a, texts, 0) for a in args)})"


def _literal(value: Any) -> str:
    if isinstance(value, bool) or is_array(value):
        return number(value)
    return f"{value:.12g}"


def _side(arg: Node[Any] | float, texts: Mapping[Any, str], needed: int) -> str:
    """An argument, in parentheses if it would otherwise fall apart."""
    if isinstance(arg, Node):
        text = texts[arg]
        strength = _STRENGTHS.get(arg.op, _WHOLE) if not arg.label else _WHOLE
    else:
        text = _literal(arg)
        strength = _PREFIX[ops.neg][1] if text.startswith("-") else _WHOLE
    return f"({text})" if strength < needed else text
