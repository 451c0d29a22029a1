"""Roots and fixed points where there are arrays among the unknowns or the other arguments.

The unknowns are laid end to end in one vector, for which the solvers are those of numbers; linear
systems are solved by numpy. With cotangents y of the solution, the other arguments receive the
pullback of the residual of -w, where J^T w = y and J is its Jacobian: one reverse fold for each
number of the unknowns, and one for all arguments together, however many numbers they hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from fgrad.arrays.api import concatenate, reshape, solve, transpose
from fgrad.arrays.values import basis, of_numbers, shape_of, under_errstate
from fgrad.arrays.vectors import Layout, joined
from fgrad.autodiff import multiple
from fgrad.autodiff.activity import Activity
from fgrad.autodiff.array_reverse import array_slopes
from fgrad.autodiff.gradients import zero_of
from fgrad.autodiff.reverse import slopes
from fgrad.errors import NotConverged
from fgrad.graph.depth import below_all, call_inside
from fgrad.graph.node import Node, constant, number_of
from fgrad.ops.multiple import MultiOp, Row
from fgrad.ops.operand import is_array, untraceable
from fgrad.solvers import dogleg
from fgrad.transforms.directional import jvp, vjp
from fgrad.transforms.jacobian import jacobian
from fgrad.transforms.variables import Argument, require_shape

Function = Callable[[Sequence[Any]], Sequence[Any]]
_RESULT: Final = "the result of the function"
_jvp: Final[Callable[..., Any]] = jvp  # of functions whose types are not known
_vjp: Final[Callable[..., Any]] = vjp


@attrs.frozen
class Equation:
    """An equation between leaves: `f` is what the solver calls, `residual` is 0 at the solution.

    Both are functions of the leaves of the unknowns and of those of the other arguments.
    """

    name: str
    f: Callable[[Row, Row], Sequence[Any]]
    residual: Callable[[Row, Row], Sequence[Any]]
    tolerance: float
    steps: int
    shaped: Callable[[Sequence[Any]], Any]
    """The tree of the unknowns, for an error."""
    outside: Callable[[], Exception]
    """The error for a function that holds nodes from outside."""

    def solution(self, start: Row, given: Row, *, newton: bool) -> Sequence[Any]:
        """The leaves of the solution: a call node, if there are nodes among the arguments."""
        everything = (*start, *given)
        if any(isinstance(x, Node) and x.abstract for x in everything):
            raise untraceable(next(x for x in everything if shape_of(x)), self.name)
        size = len(start)

        def impl(*both: Any) -> tuple[Any, ...]:
            first, rest = both[:size], both[size:]
            layout = Layout.of(first)
            f = lambda xs: self._matching(self.f(xs, rest), first)
            solver = self._newton if newton else self._iterated
            # What is not finite is an error of ours, or what was asked for.
            return tuple(layout.parted(under_errstate(solver, f, layout, joined(first))))

        values = impl(*map(number_of, everything))
        if not any(isinstance(x, Node) for x in given):
            return values
        rules = _Rules(self.residual, size)
        op = MultiOp(self.name, impl, len(everything), size, rules.pullback, rules.pushforward)
        return multiple.called(op, everything, values)

    def _matching(self, results: Sequence[Any], leaves: Row) -> Sequence[Any]:
        """The results, if they have the shapes of the unknowns."""
        for result, leaf in zip(results, leaves, strict=True):
            require_shape(result, leaf, f"{self.name}: {_RESULT}")
        return results

    def _newton(self, f: Function, layout: Layout, start: Any) -> Any:
        known: dict[tuple[float, ...], _Tangents] = {}

        def at(x: tuple[float, ...]) -> _Tangents:
            if x not in known:
                known.clear()
                known[x] = self._tangents(f, layout.parted(x))
            return known[x]

        linearised = lambda x: (at(x).values, at(x).rows)
        terms = lambda x: at(x).terms
        found = dogleg.solved(
            linearised, terms, start.tolist(), self.tolerance, self.steps, solve=by_numpy
        )
        if isinstance(found, dogleg.Lost):
            raise self._failure(layout, found.last, found.residual, found.steps, found.problem)
        return found

    def _tangents(self, f: Function, leaves: Sequence[Any]) -> _Tangents:
        variables = Argument.of(tuple(leaves), lambda: "x", below_all()).leaves
        results = call_inside(f, (variables,), {})
        nodes = [y for y in results if isinstance(y, Node)]
        if not Activity.of(nodes, variables).closed:
            raise self.outside()
        return _Tangents(results, variables)

    def _iterated(self, f: Function, layout: Layout, start: Any) -> Any:
        x, tolerance = start, self.tolerance
        step = x
        for count in range(self.steps):
            following = joined(self._plain(f, layout.parted(x)))
            step = following - x
            if not math.isfinite(abs(step).max(initial=0.0)):
                problem = "the next value is not finite"
                raise self._failure(layout, x, _size(step), count, problem)
            x = following
            if (abs(step) <= tolerance * abs(x)).all():
                return x
        if _size(step) <= tolerance * _size(x):  # what is left in the smallest numbers is rounding
            return x
        raise self._failure(layout, x, _size(step), self.steps, "the steps are still large")

    def _plain(self, f: Function, leaves: Sequence[Any]) -> Sequence[Any]:
        ground = below_all()
        results = call_inside(f, (leaves,), {})
        nodes = [y for y in results if isinstance(y, Node)]
        if not Activity.of(nodes, [constant(0.0, ground)]).closed:
            raise self.outside()
        return list(map(number_of, results))

    def _failure(
        self, layout: Layout, x: Any, residual: float, steps: int, problem: str
    ) -> NotConverged:
        last = self.shaped(layout.parted(x))
        return NotConverged(self.name, last, residual, steps, problem)


@attrs.frozen
class _Tangents:
    """The results of a function at one point, whose derivatives are found when they are asked for."""

    results: Sequence[Any]
    variables: Sequence[Node[Any]]

    @property
    def values(self) -> list[float]:
        """The numbers of the results."""
        return [z for y in self.results for z in _numbers(number_of(y))]

    @property
    def rows(self) -> list[list[float]]:
        """Their Jacobian, by a reverse fold for each."""
        zeros = [zero_of(x.value) for x in self.variables]
        places = tuple(zip(self.variables, zeros, strict=True))
        return [
            [z for x, zero in places for z in _numbers(known.get(x, zero))]
            for known in self._slopes(self.variables)
        ]

    @property
    def terms(self) -> list[float]:
        """For each value its change, to first order, if all nodes it depends on were twice as large.

        As of numbers, with the elements of an array by themselves.
        """
        return [
            math.fsum([m for m in map(_move, known, known.values()) if not math.isnan(m)])
            for known in self._slopes(None)
        ]

    def _slopes(self, wanted: Sequence[Node[Any]] | None) -> Iterator[Mapping[Node[Any], Any]]:
        for y in self.results:
            for one in basis(shape_of(y)):
                if not isinstance(y, Node):
                    yield {}
                else:
                    yield array_slopes([(y, one)], wanted) if y.rank == 1 else slopes(y)


def _numbers(x: Any) -> list[float]:
    return x.ravel().tolist() if is_array(x) else [float(x)]


def _move(node: Node[Any], slope: Any) -> float:
    """How much the value changes if a node is twice as large, its elements by themselves."""
    if isinstance(slope, tuple):  # of a call, whose results are nodes with slopes of their own
        return 0.0
    moves = abs(slope * node.value)
    return float(moves.sum()) if is_array(moves) else float(moves)


@attrs.frozen
class _Rules:
    """How a solution is differentiated: written with transforms, so to every order."""

    residual: Callable[[Row, Row], Sequence[Any]]
    size: int
    """How many leaves the unknowns have, which are the first arguments, without a derivative."""

    def pullback(self, outs: Row, args: Row, cotangents: Row) -> Row:
        xs, given = tuple(outs), tuple(args[self.size :])
        layout = Layout.of(xs)
        matrix = _matrix(self._jacobian(xs, given), layout)
        right = joined(_filled(cotangents, xs))
        weights = tuple(layout.parted(solve(transpose(matrix), -right)))
        pullback = _vjp(lambda given: tuple(self.residual(xs, given)))(given)[1]
        return [*[None] * self.size, *pullback(weights)]

    def pushforward(self, outs: Row, args: Row, tangents: Row) -> Row:
        xs, given = tuple(outs), tuple(args[self.size :])
        layout = Layout.of(xs)
        moves = tuple(_filled(tangents[self.size :], given))
        push = _jvp(lambda given: tuple(self.residual(xs, given)))
        moved = joined(push(given, moves)[1])
        return layout.parted(solve(_matrix(self._jacobian(xs, given), layout), -moved))

    def _jacobian(self, xs: Row, given: Row) -> Sequence[Sequence[Any]]:
        f: Any = lambda xs: tuple(self.residual(xs, given))
        rows: Sequence[Sequence[Any]] = jacobian(f, mode="reverse")(xs).rows
        return rows


def _matrix(rows: Sequence[Sequence[Any]], layout: Layout) -> Any:
    """The Jacobian as a matrix, from a block for each pair of leaves, of both their shapes."""
    sizes = [math.prod(shape) for shape in layout.shapes]
    lines = [
        [reshape(block, (n, m)) for block, m in zip(row, sizes, strict=True)]
        for row, n in zip(rows, sizes, strict=True)
    ]
    whole = [line[0] if len(line) == 1 else concatenate(line, 1) for line in lines]
    return whole[0] if len(whole) == 1 else concatenate(whole)


def _filled(row: Row, ends: Row) -> list[Any]:
    return [zero_of(number_of(end)) if x is None else x for x, end in zip(row, ends, strict=True)]


def by_numpy(rows: Sequence[Sequence[float]], right: Sequence[float]) -> Sequence[float]:
    """The solution of a linear system; nan if the matrix is singular, as dogleg takes it."""
    size = len(right)
    try:
        matrix, vector = of_numbers(rows, (size, size)), of_numbers(right, (size,))
        return solve(matrix, vector).tolist()  # type: ignore[no-any-return]  # of an array, floats
    except (ValueError, ArithmeticError):
        return [math.nan] * size


def _size(vector: Any) -> float:
    return math.hypot(*vector.tolist())
