"""Roots and fixed points, one module, since both share how a solution is differentiated.

Where f(x, a) = 0, dx/da = -(df/dx)^-1 df/da. The rule needs the solution and not the iterations, so a
graph holds one call node for a solve. It is written with the transforms of this library, so it holds
for every order.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
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
from fgrad.ops.operand import any_of_arrays, literal
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
    return _solver(_Equation("root", f, start, f, tolerance, steps), _newton)


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

    return _solver(_Equation("fixed_point", f, start, excess, tolerance, steps), _iterate)


Function = Callable[[Sequence[Any]], Sequence[Any]]
System = Callable[..., Sequence[float]]
"""The values that a solver needs at x, as a program of the leaves of x and of the other arguments."""
Solver = Callable[["_Equation", Function, "System | None", Sequence[float]], tuple[float, ...]]


@attrs.frozen
class _Equation:
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

    def over_arrays(self, arguments: trees.Structure[Any]) -> Any:
        """The same equation of leaves of which some are arrays."""
        from fgrad.solvers.array_implicit import Equation  # noqa: PLC0415  # needs numpy

        def of(f: Callable[..., Any]) -> Callable[[Row, Row], Sequence[Any]]:
            return lambda xs, given: self.flat(f, *arguments.unflatten(given))(xs)

        shaped = trees.flatten(self.start)[1].unflatten
        ends = self.tolerance, self.steps, shaped, lambda: _outside(self)
        return Equation(self.name, of(self.f), of(self.residual), *ends)


def _solver(equation: _Equation, solve: Solver) -> Callable[P, Any]:
    require_function(equation.f, equation.name)
    start, shape = _flat(equation.start, "start")
    size = len(shape)
    # Two threads that make one make the same; a function that branches on numbers has none.
    systems: dict[Any, System | None] = {}

    @_like_the_rest(equation.f)
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

    return solution


def _flat(tree: object, name: str) -> tuple[list[Any], trees.Structure[Any]]:
    """The numbers and arrays of a tree, and its structure."""
    leaves, structure = trees.flatten(tree, name)
    return numbers(leaves, name), structure


def _system(
    equation: _Equation, arguments: trees.Structure[Any], size: int, *, slopes: bool
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


def _like_the_rest(f: Callable[..., Any]) -> Callable[[F], F]:
    """Give a function the signature of `f` without the unknown, so that arguments have names."""

    def named(solution: F) -> F:
        with suppress(TypeError, ValueError):  # some builtins have no signature
            known = inspect.signature(f)
            rest = list(known.parameters.values())[1:]
            setattr(solution, "__signature__", known.replace(parameters=rest))  # noqa: B010  # to type checkers there is none
        return solution

    return named


def _combined(weights: Row, slopes: Row) -> Any:
    total: Any = None
    for weight, slope in zip(weights, slopes, strict=True):
        if isinstance(slope, Node) or slope != 0.0:
            total = weight * slope if total is None else total + weight * slope
    return total


def _newton(
    equation: _Equation, f: Function, system: System | None, start: Sequence[float]
) -> tuple[float, ...]:
    known: dict[tuple[float, ...], _Tangents] = {}
    size = len(start)

    def linearised(x: tuple[float, ...]) -> tuple[list[float], list[list[float]]]:
        if system is not None:
            ys = list(system(x))
            return ys[:size], [ys[i : i + size] for i in range(size, len(ys), size)]
        known.clear()
        known[x] = _Tangents.of(equation, f, x)
        return known[x].linearised

    def terms(x: tuple[float, ...]) -> list[float]:
        return (known.get(x) or _Tangents.of(equation, f, x)).terms

    found = dogleg.solved(linearised, terms, start, equation.tolerance, equation.steps)
    if isinstance(found, dogleg.Lost):
        raise _failure(equation, found.last, found.residual, found.steps, found.problem)
    return found


def _iterate(
    equation: _Equation, f: Function, system: System | None, start: Sequence[float]
) -> tuple[float, ...]:
    x, tolerance, steps = tuple(start), equation.tolerance, equation.steps
    step = [math.inf]
    for count in range(steps):
        ground = below_all()
        results = call_inside(f, (x,), {}) if system is None else system(x)
        nodes = [y for y in results if isinstance(y, Node)]
        if not Activity.of(nodes, [constant(0.0, ground)]).closed:
            raise _outside(equation)
        following = tuple([literal(number_of(y), equation.name) for y in results])
        step = [b - a for a, b in zip(x, following, strict=True)]
        if not all(map(math.isfinite, step)):
            raise _failure(equation, x, _size(step), count, "the next value is not finite")
        x = following
        if _within(step, x, tolerance):
            return x
    if _near(step, x, tolerance):  # what is left in the smallest numbers is rounding
        return x
    raise _failure(equation, x, _size(step), steps, "the steps are still large")


@attrs.frozen
class _Tangents:
    """The results of a function at one point, and their derivatives by all nodes they depend on."""

    results: Sequence[Any]
    leaves: tuple[Node[float], ...]
    slopes: Sequence[Mapping[Node[Any], Any]]

    @classmethod
    def of(cls, equation: _Equation, f: Function, x: tuple[float, ...]) -> Self:
        variables = Argument.of(x, lambda: "x", below_all()).leaves
        results = call_inside(f, (variables,), {})
        nodes = [y for y in results if isinstance(y, Node)]
        if not Activity.of(nodes, variables).closed:
            raise _outside(equation)
        return cls(results, variables, [slopes(y) if isinstance(y, Node) else {} for y in results])

    @property
    def linearised(self) -> tuple[list[float], list[list[float]]]:
        """The values and their Jacobian."""
        rows = [[row.get(leaf, 0.0) for leaf in self.leaves] for row in self.slopes]
        return [float(number_of(y)) for y in self.results], rows

    @property
    def terms(self) -> list[float]:
        """For each value its change, to first order, if all nodes it depends on were twice as large.

        Times the unit roundoff, that bounds the value that rounding may give instead of 0.
        """
        # The slope of a call is a tuple; its results are nodes with slopes of their own.
        moves = [
            [abs(s * node.value) for node, s in row.items() if type(s) is float]
            for row in self.slopes
        ]
        return [math.fsum([m for m in row if not math.isnan(m)]) for row in moves]


def _outside(equation: _Equation) -> NotAValue:
    advice = "Give it as an argument, so that the solution can be differentiated by it."
    got = "one that holds a node from outside"
    return NotAValue(equation.name, "a function of its arguments alone", got, advice)


def _failure(
    equation: _Equation, x: tuple[float, ...], residual: float, steps: int, problem: str
) -> NotConverged:
    last = trees.flatten(equation.start)[1].unflatten(x)
    return NotConverged(equation.name, last, residual, steps, problem)


def _near(step: Sequence[float], x: Sequence[float], tolerance: float) -> bool:
    """Whether the step is small for x as a whole, where some of its numbers may be 0."""
    return _size(step) <= tolerance * _size(x)


def _within(step: Sequence[float], x: Sequence[float], tolerance: float) -> bool:
    """Whether the step is small for each number."""
    return all(abs(s) <= tolerance * abs(a) for s, a in zip(step, x, strict=True))


def _size(values: Sequence[float]) -> float:
    return math.hypot(*values)
