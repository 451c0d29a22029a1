"""Roots and fixed points, one module, since both share how a solution is differentiated.

Where f(x, a) = 0, dx/da = -(df/dx)^-1 df/da. The rule needs the solution and not the iterations, so a
graph holds one call node for a solve. It is written with the transforms of this library, so it holds
for every order.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import attrs

from fgrad import trees
from fgrad.autodiff import multiple
from fgrad.autodiff.activity import Activity
from fgrad.autodiff.reverse import slopes
from fgrad.backends.python import source
from fgrad.errors import NotAValue, NotConverged, TracedNumber
from fgrad.graph.depth import below_all, call_inside
from fgrad.graph.node import Node, constant, number_of
from fgrad.ops.multiple import MultiOp, Row
from fgrad.ops.operand import any_of_arrays, is_array, literal
from fgrad.program.passes import simplified
from fgrad.program.schedule import scheduled
from fgrad.program.trace import Tracing
from fgrad.solvers import dogleg, linear
from fgrad.transforms.jacobian import jacobian
from fgrad.transforms.variables import Argument, numbers
from fgrad.trees.parameters import require_function

P = ParamSpec("P")
A = TypeVar("A")
F = TypeVar("F", bound=Callable[..., Any])


def root(
    f: Callable[Concatenate[A, P], A], start: A, *, tolerance: float = 1e-10, steps: int = 100
) -> Callable[P, A]:
    """The function of `...` that returns the x, a number, an array or a small tree, where `f(x, ...)` is 0.

    Newton's method from `start`, within a trust region. It ends when the residual is no larger than
    rounding can leave it and a step is within `tolerance` of x, relatively; that step is still taken.
    The solution can be differentiated with respect to the other arguments, to any order. Raises
    NotConverged, with the last iterate, and NotAValue if `f` holds a node from outside.

    >>> import fgrad as fg
    >>> square_root = fg.root(lambda x, a: x * x - a, 1.0)
    >>> square_root(9.0), fg.gradient(square_root)(9.0)
    (3.0, 0.16666666666666666)
    """
    return _solver(Equation("root", f, start, f, tolerance, steps), _newton)


def fixed_point(
    f: Callable[Concatenate[A, P], A], start: A, *, tolerance: float = 1e-13, steps: int = 10_000
) -> Callable[P, A]:
    """The function of `...` that returns the x, a number, an array or a small tree, where `f(x, ...)` is x.

    Iterates `f` from `start` until x changes by no more than `tolerance`, relatively. Derivatives
    and errors are those of `root`.

    >>> import fgrad as fg
    >>> golden = fg.fixed_point(lambda x, a: 1.0 + a / x, 1.0)
    >>> round(golden(1.0), 12), round(fg.gradient(golden)(1.0), 12)
    (1.61803398875, 0.4472135955)
    """

    def excess(x: Any, *args: P.args, **kwargs: P.kwargs) -> Any:
        return trees.map(lambda y, x: y - x, f(x, *args, **kwargs), x)

    return _solver(Equation("fixed_point", f, start, excess, tolerance, steps), _iterate)


Function = Callable[[Sequence[Any]], Sequence[Any]]
System = Callable[..., Sequence[float]]
"""The values that a solver needs at x, as a program of the leaves of x and of the other arguments."""
Solver = Callable[["Equation", Function, "System | None", Sequence[float]], tuple[float, ...]]


@attrs.frozen
class Equation:
    """An equation: the solver calls `f`, and `residual` is 0 at the solution."""

    name: str
    f: Callable[..., Any]
    start: Any
    residual: Callable[..., Any]
    tolerance: float
    steps: int

    def flat(
        self, f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Function:
        """`f` from leaves of x to leaves of its result, at `args`."""
        shape = trees.flatten(self.start, "start")[1]
        where = f"{self.name}: the result of the function"

        def flat_f(xs: Sequence[Any]) -> Sequence[Any]:
            results = trees.matched(shape, f(shape.unflatten(xs), *args, **kwargs), where)
            return numbers(results, where)

        return flat_f

    def called(
        self, f: Function, xs: Sequence[Any], variables: Iterable[Node[Any]] = ()
    ) -> Sequence[Any]:
        """The results of `f`; NotAValue if they depend on nodes made before, except these variables."""
        ends = tuple(variables) or (constant(0.0),)
        results: Sequence[Any] = call_inside(f, (xs,), {})
        if not Activity.of([y for y in results if isinstance(y, Node)], ends).closed:
            advice = "Give it as an argument, so that the solution can be differentiated by it."
            got = "one that holds a node from outside"
            raise NotAValue(self.name, "a function of its arguments alone", got, advice)
        return results

    def over_arrays(self, arguments: trees.Structure[Any]) -> Any:
        """The same equation of leaves of which some are arrays."""
        from fgrad.solvers import array_implicit  # noqa: PLC0415  # needs numpy

        return array_implicit.Equation(self, arguments)

    def failure(self, x: Sequence[Any], residual: float, steps: int, problem: str) -> NotConverged:
        """The error at leaves `x`."""
        last = trees.flatten(self.start)[1].unflatten(x)
        return NotConverged(self.name, last, residual, steps, problem)


def _solver(equation: Equation, solve: Solver) -> Callable[P, Any]:
    require_function(equation.f, equation.name)
    start, shape = _flat(equation.start, "start")
    size = len(shape)
    # Two threads that make one make the same; a function that branches on numbers has none.
    systems: dict[Any, System | None] = {}

    def solution(*args: P.args, **kwargs: P.kwargs) -> Any:
        given, arguments = _flat((args, kwargs), f"arguments of {equation.name}")

        # The start is an argument too, without a derivative: it may be known only when the program runs.
        def impl(*both: float) -> tuple[float, ...]:
            values = both[size:]
            f = equation.flat(equation.f, *arguments.unflatten(values))
            known = systems.get(arguments)
            system = None if known is None else lambda x: known(*x, *values)
            return solve(equation, f, system, both[:size])

        def pullback(outs: Row, args: Row, cotangents: Row) -> Row:
            # Both are taken as arguments, so that no sweep reads the nodes that they are computed from.
            def of_both(both: tuple[Row, Row]) -> Sequence[Any]:
                xs, args = both
                return equation.flat(equation.residual, *arguments.unflatten(args))(xs)

            rows = jacobian(of_both, mode="reverse")((tuple(outs), tuple(args[size:]))).rows
            columns = list(zip(*[row[0] for row in rows], strict=True))
            right = [0.0 if cotangent is None else -cotangent for cotangent in cotangents]
            weights = linear.solved(columns, right)
            slopes = zip(*[row[1] for row in rows], strict=True)
            return [*[None] * size, *[_combined(weights, column) for column in slopes]]

        everything = (*start, *given)
        if any_of_arrays(map(type, everything)):
            over_arrays = equation.over_arrays(arguments)
            return shape.unflatten(over_arrays.solution(start, given, newton=solve is _newton))
        if not any(isinstance(x, Node) for x in given):
            return shape.unflatten(impl(*map(number_of, everything)))
        if any(isinstance(x, Node) and x.abstract for x in everything) and arguments not in systems:
            # In a program it will be solved again and again.
            systems[arguments] = _system(equation, arguments, size, slopes=solve is _newton)
        op = MultiOp(equation.name, impl, len(everything), size, pullback)
        return shape.unflatten(multiple.results(op, everything))

    return _like_the_rest(solution, equation.f)


def _flat(tree: object, name: str) -> tuple[list[Any], trees.Structure[Any]]:
    """The numbers and arrays of a tree, and its structure."""
    leaves, structure = trees.flatten(tree, name)
    return numbers(leaves, name), structure


def _system(
    equation: Equation, arguments: trees.Structure[Any], size: int, *, slopes: bool
) -> System | None:
    """The values of the function, and with `slopes` its Jacobian row by row, as Python source."""

    def asked(xs: Row, given: Row) -> Any:
        f = equation.flat(equation.f, *arguments.unflatten(given))
        return tuple(f(xs)), jacobian(f, mode="reverse")(xs).rows if slopes else ()

    given = ((0.0,) * size, (0.0,) * len(arguments))
    with suppress(TracedNumber):
        program = simplified(Tracing.of(asked, given, {}).program)
        return source(scheduled(program)).function()
    return None


def _like_the_rest(solution: F, f: Callable[..., Any]) -> F:
    """A function with the signature of `f` without the unknown, so that arguments have names."""
    with suppress(TypeError, ValueError):  # some builtins have no signature
        known = inspect.signature(f)
        rest = list(known.parameters.values())[1:]
        setattr(solution, "__signature__", known.replace(parameters=rest))  # noqa: B010  # to type checkers there is none
    return solution


def _combined(weights: Row, slopes: Row) -> Any:
    total: Any = None
    for weight, slope in zip(weights, slopes, strict=True):
        if isinstance(slope, Node) or slope != 0.0:
            total = weight * slope if total is None else total + weight * slope
    return total


def _newton(
    equation: Equation, f: Function, system: System | None, start: Sequence[float]
) -> tuple[float, ...]:
    size = len(start)

    def linearised(x: tuple[float, ...]) -> tuple[list[float], list[list[float]]]:
        ys: list[float] = list(system(x) if system else ())
        return ys[:size], [ys[i : i + size] for i in range(size, len(ys), size)]

    def at(x: tuple[float, ...]) -> Tangents:
        return Tangents.of(equation, f, x)

    return newton(equation, at, start, linearised if system else None)


def newton(
    equation: Equation,
    at: Callable[[tuple[float, ...]], Tangents],
    start: Sequence[float],
    linearised: dogleg.Linearised | None = None,
    *,
    solve: dogleg.Solve = linear.solved,
    leaves: Callable[[tuple[float, ...]], Sequence[Any]] = tuple,
) -> tuple[float, ...]:
    """The numbers of a root, by the tangents at points; `leaves` makes leaves of numbers for an error."""
    known: dict[tuple[float, ...], Tangents] = {}

    def tangents(x: tuple[float, ...]) -> Tangents:
        if x not in known:
            known.clear()
            known[x] = at(x)
        return known[x]

    found = dogleg.solved(
        linearised or (lambda x: tangents(x).linearised),
        lambda x: tangents(x).terms,
        start,
        equation.tolerance,
        equation.steps,
        solve=solve,
    )
    if isinstance(found, dogleg.Lost):
        raise equation.failure(leaves(found.last), found.residual, found.steps, found.problem)
    return found


def _iterate(
    equation: Equation, f: Function, system: System | None, start: Sequence[float]
) -> tuple[float, ...]:
    x, tolerance, steps = tuple(start), equation.tolerance, equation.steps
    step = [math.inf]
    for count in range(steps):
        results = equation.called(f, x) if system is None else system(x)
        following = tuple([literal(number_of(y), equation.name) for y in results])
        step = [b - a for a, b in zip(x, following, strict=True)]
        if not all(map(math.isfinite, step)):
            raise equation.failure(x, _size(step), count, "the next value is not finite")
        x = following
        if _within(step, x, tolerance):
            return x
    if _near(step, x, tolerance):  # what is left in the smallest numbers is rounding
        return x
    raise equation.failure(x, _size(step), steps, "the steps are still large")


@attrs.frozen
class Tangents:
    """The results of a function at one point, and their derivatives by all nodes they depend on."""

    results: Sequence[Any]
    leaves: Sequence[Node[Any]]

    @classmethod
    def of(cls, equation: Equation, f: Function, xs: Sequence[Any]) -> Self:
        """Call `f` at variables with the values `xs`."""
        variables = Argument.of(tuple(xs), lambda: "x", below_all()).leaves
        return cls(equation.called(f, variables, variables), variables)

    def slopes(self, wanted: Sequence[Node[Any]] | None) -> Iterable[Mapping[Node[Any], Any]]:
        """For each number of the results its derivatives by nodes behind it, at least those `wanted`."""
        return [slopes(y) if isinstance(y, Node) else {} for y in self.results]

    @property
    def linearised(self) -> tuple[list[float], list[list[float]]]:
        """The numbers of the results and their Jacobian."""
        found = self.slopes(self.leaves)
        rows = [[row.get(leaf, 0.0) for leaf in self.leaves] for row in found]
        return [float(number_of(y)) for y in self.results], rows

    @property
    def terms(self) -> list[float]:
        """For each value its change, to first order, if all nodes it depends on were twice as large.

        Times the unit roundoff, that bounds the value that rounding may give instead of 0. The
        elements of an array count by themselves.
        """
        moves = [map(_move, row, row.values()) for row in self.slopes(None)]
        return [math.fsum([m for m in row if not math.isnan(m)]) for row in moves]


def _move(node: Node[Any], slope: Any) -> float:
    """How much the value changes if a node is twice as large, its elements by themselves."""
    if type(slope) is float:
        return abs(slope * node.value)  # type: ignore[no-any-return]  # a float, as the value is
    # The slope of a call is a tuple; its results are nodes with slopes of their own.
    return float(abs(slope * node.value).sum()) if is_array(slope) else 0.0


def _near(step: Sequence[float], x: Sequence[float], tolerance: float) -> bool:
    """Whether the step is small for x as a whole, where some of its numbers may be 0."""
    return _size(step) <= tolerance * _size(x)


def _within(step: Sequence[float], x: Sequence[float], tolerance: float) -> bool:
    """Whether the step is small for each number."""
    return all(abs(s) <= tolerance * abs(a) for s, a in zip(step, x, strict=True))


def _size(values: Sequence[float]) -> float:
    return math.hypot(*values)
