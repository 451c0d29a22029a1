"""Checking derivatives against finite differences.

One random direction is enough to catch a wrong rule. Differences are taken on graphs built anew
at shifted points; where every operation of the graph is analytic, the complex step gives the same
derivative without cancellation (Squire & Trapp 1998).
"""

from __future__ import annotations

import cmath
import itertools
import math
import operator
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import attrs

from fgrad import trees
from fgrad.autodiff.reverse import grad, grad_nodes
from fgrad.errors import GradientMismatch
from fgrad.graph.graph import Graph
from fgrad.graph.node import Node, constant, number_of, variable
from fgrad.graph.reduction import dot
from fgrad.graph.variables import var
from fgrad.ops import scalar as ops
from fgrad.ops.operand import arrays, is_array, literal
from fgrad.ops.primitive import Op
from fgrad.transforms.variables import checked, found, one_number
from fgrad.trees.parameters import name_of, require_function

# `float` because a lambda of untyped arguments calls operations with the type of their floats.
Model = Callable[..., Node[float] | float]


_OF_CMATH: Final = "sqrt exp log sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh"
_ANALYTIC: Final = MappingProxyType[Op, Callable[..., Any]](
    {
        ops.add: operator.add,
        ops.sub: operator.sub,
        ops.mul: operator.mul,
        ops.div: operator.truediv,
        ops.pow: operator.pow,
        ops.neg: operator.neg,
        ops.identity: operator.pos,
        ops.square: lambda x: x * x,
        ops.reciprocal: lambda x: 1.0 / x,
        **{getattr(ops, name): getattr(cmath, name) for name in _OF_CMATH.split()},
        ops.sigmoid: lambda x: 1.0 / (1.0 + cmath.exp(-x)),
        ops.softplus: lambda x: cmath.log(1.0 + cmath.exp(x)),
    }
)


def check_gradient(
    f: Model,
    *args: object,
    argnums: int | tuple[int, ...] | None = None,
    seed: int = 0,
    **kwargs: object,
) -> None:
    """Raise GradientMismatch unless differences confirm the derivatives of `f` at `args`.

    It takes what `gradient(f)` takes, trees too; without `argnums` all arguments by place are
    moved. In one random unit direction (chosen by `seed`) it compares the first derivative with a
    central difference and, if every operation is analytic, with a complex step (Squire & Trapp
    1998); and the second derivative with a central difference of gradients. Take a point that is not within 1e-4 of a
    kink. Errors for arguments and results are those of `gradient`.

    >>> import fgrad as fg
    >>> fg.check_gradient(lambda x, y: fg.sin(x * y) + x / y, 0.3, 2.0)
    >>> fg.check_gradient(lambda p, k: k * p["a"] * p["b"], {"a": 0.3, "b": 2.0}, k=3.0)
    """
    require_function(f, "check_gradient")
    flat = _OfLeaves.of(f, args, kwargs, argnums)
    point = flat.leaves
    direction = _direction(len(point), seed)
    graph, variables = _trace(flat, point)
    slope = _along(flat, point, direction)
    step = 6e-6 * max([1.0, *map(abs, point)])
    plus, minus = _shift(point, direction, step), _shift(point, direction, -step)
    report = _Report(point, direction, graph)

    values = [_trace(flat, moved)[0].outputs[0].value for moved in (plus, minus)]
    central = (values[0] - values[1]) / (2.0 * step)
    noise = 1e-15 * max(map(abs, values)) / step
    report.require(1, "central difference", slope, central, 1e-6 * abs(slope) + 10.0 * noise + 1e-9)

    if all(node.op in _ANALYTIC or node.op is variable for node in graph.nodes):
        complex_step = _complex_step(graph, variables, direction)
        if complex_step is not None:
            report.require(1, "complex step", slope, complex_step, 1e-11 * abs(slope) + 1e-13)

    slopes = [_along(flat, moved, direction) for moved in (plus, minus)]
    central = (slopes[0] - slopes[1]) / (2.0 * step)
    noise = 1e-15 * max(map(abs, slopes)) / step
    bend = _second(graph, variables, direction)
    report.require(2, "central difference", bend, central, 1e-6 * abs(bend) + 10.0 * noise + 1e-8)


@attrs.frozen
class _OfLeaves:
    """The function of the numbers that are shifted, and those numbers."""

    f: Model
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    structures: Mapping[int, trees.Structure[Any]]
    shapes: tuple[tuple[int, ...] | None, ...]
    """Of each leaf that is an array; its elements are moved one by one."""
    leaves: tuple[float, ...]

    @classmethod
    def of(
        cls,
        f: Model,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        argnums: int | tuple[int, ...] | None,
    ) -> _OfLeaves:
        places = tuple(range(len(args)))
        if argnums is not None:
            args, kwargs, places = found(f, checked(argnums), args, kwargs)
        leaves: list[float] = []
        shapes: list[tuple[int, ...] | None] = []
        structures: dict[int, trees.Structure[Any]] = {}
        for place in places:
            given, structures[place] = trees.flatten(args[place], name_of(f, place))
            for leaf in given:
                value: Any = number_of(leaf)
                shapes.append(value.shape if is_array(value) else None)
                numbers = value.ravel().tolist() if is_array(value) else [value]
                leaves += [literal(number, "check_gradient") for number in numbers]
        return cls(f, args, kwargs, structures, tuple(shapes), tuple(leaves))

    def __call__(self, *leaves: Node[float]) -> Node[float] | float:
        given, shapes, args = iter(leaves), iter(self.shapes), list(self.args)
        for place, structure in self.structures.items():
            own = itertools.islice(shapes, len(structure))
            args[place] = structure.unflatten([_leaf_of(given, shape) for shape in own])
        return self.f(*args, **self.kwargs)


def _leaf_of(given: Iterator[Any], shape: tuple[int, ...] | None) -> Any:
    """The next number, or an array of the next numbers."""
    if shape is None:
        return next(given)
    numbers = list(itertools.islice(given, math.prod(shape)))
    return arrays().stacked(numbers, shape)


@attrs.frozen
class _Report:
    args: tuple[float, ...]
    direction: tuple[float, ...]
    graph: Graph

    def require(
        self, order: int, method: str, ours: float, theirs: float, tolerance: float
    ) -> None:
        if ours == theirs or abs(ours - theirs) <= tolerance:
            return
        if math.isnan(ours) and math.isnan(theirs):
            return
        names = sorted({node.op.name for node in self.graph.nodes})
        lines = (
            f"derivative of order {order} does not agree with the {method}:",
            f"  fgrad       {ours!r}",
            f"  difference  {theirs!r}   (off by {abs(ours - theirs):.3g}, allowed {tolerance:.3g})",
            f"  at          {self.args!r}",
            f"  direction   {self.direction!r}",
            f"  operations  {', '.join(names)}",
            "Either a rule is wrong, or the point lies on a kink, or the value jumps there.",
        )
        raise GradientMismatch(
            order, method, self.direction, ours, theirs, tolerance, "\n".join(lines)
        )


def _direction(count: int, seed: int) -> tuple[float, ...]:
    normal = random.Random(seed).gauss  # noqa: S311  # a direction, not a secret
    parts = [normal(0.0, 1.0) for _ in range(count)]
    length = math.hypot(*parts) or 1.0
    return tuple(part / length for part in parts)


def _trace(f: Model, args: Sequence[float]) -> tuple[Graph, tuple[Node[float], ...]]:
    variables = tuple(var(x) for x in args)
    output = one_number(f(*variables), "check_gradient")
    node = output if isinstance(output, Node) else constant(output)
    return Graph.of(node, *variables), variables


def _shift(args: Sequence[float], direction: Sequence[float], step: float) -> list[float]:
    return [x + step * d for x, d in zip(args, direction, strict=True)]


def _along(f: Model, args: Sequence[float], direction: Sequence[float]) -> float:
    graph, variables = _trace(f, args)
    gradients = grad(graph, graph.outputs[0])
    return dot([gradients[x] for x in variables], direction) if variables else 0.0


def _second(graph: Graph, variables: Sequence[Node[float]], direction: Sequence[float]) -> float:
    if not variables:
        return 0.0
    gradients = grad_nodes(graph, graph.outputs[0])
    slope = dot([gradients[x] for x in variables], direction)
    second = grad(Graph.of(slope, *variables), slope)
    return dot([second[x] for x in variables], direction)


def _complex_step(
    graph: Graph, variables: Sequence[Node[float]], direction: Sequence[float]
) -> float | None:
    """The derivative by a step into the complex plane; None where Python has no complex value."""
    step = 1e-100
    values: dict[Any, complex] = {
        x: complex(x.value, step * d) for x, d in zip(variables, direction, strict=True)
    }
    for node in graph.nodes:
        if node.op is variable:
            values.setdefault(node, complex(node.value))
        else:
            try:
                values[node] = _ANALYTIC[node.op](
                    *[values[a] if isinstance(a, Node) else a for a in node.args]
                )
            except ArithmeticError:
                return None
    return values[graph.outputs[0]].imag / step
