"""Gradients of several outputs, batches and models: computed in processes, and summed as values."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial, reduce
from multiprocessing import get_context

import attrs

import fgrad as fg
from fgrad import trees

Rows = Sequence[tuple[float, float]]

BATCHES: tuple[Rows, ...] = (
    ((0.0, 1.0), (1.0, 3.0)),
    ((2.0, 5.0), (3.0, 7.0), (4.0, 9.0)),
    ((5.0, 11.0),),
)


@attrs.frozen
class Line:
    """The parameters of a line."""

    slope: float
    offset: float


def loss(line: Line, rows: Rows) -> float:
    """The sum of squares of what the line misses."""
    return fg.sum([fg.square(line.slope * x + line.offset - y) for x, y in rows])


def pull(line: Line, rows: Rows) -> Line:
    """What a worker does: the gradient of the loss over some rows, a tree like the parameters."""
    return fg.gradient(loss)(line, rows)


def added(one: Line, two: Line) -> Line:
    """The sum of two trees."""
    return trees.map(operator.add, one, two)


def error(slope: fg.Node[float], offset: fg.Node[float], rows: Rows) -> fg.Node[float]:
    """The same sum of squares, as an expression of two nodes."""
    return fg.sum([fg.square(slope * x + offset - y) for x, y in rows])


def slopes(graph: fg.Graph, place: int = 0) -> fg.Gradients:
    """What a worker does: the derivatives of one output with respect to the variables."""
    return fg.grad(graph, graph.outputs[place]).only(*graph.variables)


def home(graph: fg.Graph, gradients: fg.Gradients) -> fg.Gradients:
    """What came back from a worker, at the variables of the graph that was sent."""
    return gradients.onto(fg.Graph.of(*graph.variables))


def main() -> None:
    """Print the gradient at one line, by several ways that agree."""
    start = Line(0.5, 0.0)
    slope, offset = fg.var(start.slope, "slope"), fg.var(start.offset, "offset")
    errors = [error(slope, offset, rows) for rows in BATCHES]
    whole = fg.Graph.of(*errors)
    penalty = fg.Graph.of(fg.square(slope) + abs(offset - 1.0))
    graphs = [*map(fg.Graph.of, errors), penalty]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        lines = list(pool.map(partial(pull, start), BATCHES))
        outputs = list(pool.map(partial(slopes, whole), range(len(errors))))
        models = list(pool.map(slopes, graphs))
    tree = reduce(added, lines)
    one = reduce(operator.add, map(partial(home, whole), outputs))
    several = reduce(operator.add, map(home, graphs, models))
    print(f"trees of batches   {tree.slope:9.3f} {tree.offset:9.3f}")
    print(f"outputs of a graph {one[slope]:9.3f} {one[offset]:9.3f}")
    print(f"models, a penalty  {several[slope]:9.3f} {several[offset]:9.3f}")


if __name__ == "__main__":
    main()
