"""Drawings: a graph as SVG, which Graphviz makes of DOT."""

from __future__ import annotations

import subprocess
from functools import cached_property
from importlib import import_module
from os import PathLike
from pathlib import Path
from shutil import which
from typing import Any, Final

import attrs

from fgrad.autodiff.gradients import Gradients, NodeGradients
from fgrad.display import paragraph
from fgrad.errors import MissingProgram, NotAValue, summary
from fgrad.formats.graphviz.writer import dot
from fgrad.graph.graph import Graph

PATIENCE: Final = 120.0
"""Seconds after which a drawing is given up: Graphviz takes for ever for some graphs."""
_ADVICE: Final = (
    "Install Graphviz with your system's packages (apt install graphviz, brew install graphviz,"
    " winget install graphviz, conda install graphviz), so that `dot` is on the PATH; the text that"
    " it draws is drawing.dot."
)


@attrs.frozen
class Drawing:
    """A graph as a drawing: `dot` is its text for Graphviz, `svg` what Graphviz makes of it.

    A notebook shows the picture, or what is missing for it.

    >>> import fgrad as fg
    >>> x = fg.var(3.0, "x")
    >>> fg.draw(fg.Graph.of(x * x)).dot.splitlines()[0]
    'digraph fgrad {'
    """

    dot: str = attrs.field(repr=False)
    nodes: int
    """How many nodes the graph has."""

    @cached_property
    def svg(self) -> str:
        """The drawing as SVG; MissingProgram where Graphviz is not installed."""
        program = which("dot")
        return _by_package(self.dot) if program is None else _by_program(program, self.dot)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the drawing to a file: what its name ends in, `.svg` or `.dot`, says what it is."""
        place = Path(path)
        if place.suffix not in {".svg", ".dot"}:
            advice = "Graphviz makes others of drawing.dot: dot -Tpng graph.dot -o graph.png."
            raise NotAValue("save", "a name that ends in .svg or .dot", summary(str(path)), advice)
        text = self.svg if place.suffix == ".svg" else self.dot
        place.write_text(text, encoding="utf-8")

    def _repr_svg_(self) -> str | None:
        """The drawing for a notebook; None where Graphviz is not installed."""
        try:
            svg = self.svg
        except MissingProgram:
            return None
        return svg[max(0, svg.find("<svg")) :]

    def _repr_html_(self) -> str | None:
        """What is missing for the drawing; None if nothing is."""
        try:
            _ = self.svg
        except MissingProgram as missing:
            return paragraph(str(missing))
        return None


def draw(graph: Graph, gradients: Gradients | NodeGradients | None = None) -> Drawing:
    r"""The drawing of `graph`: every node with its value, and with its derivative if `gradients` has it.

    It is for graphs that a page holds; Graphviz takes minutes for thousands of nodes. Raises
    NotAValue for what is no graph.

    >>> import fgrad as fg
    >>> x = fg.var(3.0, "x")
    >>> graph = fg.Graph.of(x * x)
    >>> drawing = fg.draw(graph, fg.grad(graph, graph.outputs[0]))
    >>> drawing
    Drawing(nodes=2)
    >>> drawing.dot.splitlines()[4]
    '  n0 [label="x\\nvalue 3.0\\ngradient 6.0", shape=ellipse, fillcolor=lightblue]'
    """
    given: tuple[object, object] = graph, gradients
    if not isinstance(given[0], Graph):
        raise NotAValue("draw", "a graph", summary(graph), "Graph.of(*outputs) is that of nodes.")
    if not isinstance(given[1], (Gradients, NodeGradients, type(None))):
        advice = "grad(graph, output) has them."
        raise NotAValue("draw", "gradients beside the graph", summary(gradients), advice)
    return Drawing(dot(graph, gradients), len(graph))


def _by_program(program: str, text: str) -> str:
    run = (program, "-Tsvg")
    try:
        done = subprocess.run(  # noqa: S603  # Graphviz itself
            run, input=text.encode(), capture_output=True, check=False, timeout=PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        advice = f"{program} gives {summary(error, 200)}. The text that it draws is drawing.dot."
        raise MissingProgram("drawing.svg", "a working Graphviz", advice) from error
    svg = done.stdout.decode(errors="replace")
    if done.returncode or "<svg" not in svg:
        said = summary(done.stderr.decode(errors="replace").strip(), 200) or "nothing"
        raise MissingProgram("drawing.svg", "a working Graphviz", f"{program} says {said}.")
    return svg


def _by_package(text: str) -> str:
    """The same by the package `graphviz`, which may know of a program that is not on the PATH."""
    try:
        package: Any = import_module("graphviz")
    except ImportError as error:
        raise MissingProgram("drawing.svg", "Graphviz", _ADVICE) from error
    try:
        svg: str = package.Source(text).pipe(format="svg", encoding="utf-8")
    except Exception as error:  # whatever stands under that name, it does not draw
        raise MissingProgram("drawing.svg", "Graphviz", _ADVICE) from error
    return svg
