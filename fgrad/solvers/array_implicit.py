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

from fgrad import trees
from fgrad.arrays.api import concatenate, reshape, solve, transpose
from fgrad.arrays.values import basis, of_numbers, shape_of, under_errstate
from fgrad.arrays.vectors import Layout, joined
from fgrad.autodiff import multiple
from fgrad.autodiff.array_reverse import array_slopes
from fgrad.autodiff.gradients import zero_of
from fgrad.autodiff.reverse import slopes
from fgrad.graph.node import Node, number_of
from fgrad.ops.multiple import MultiOp, Row
from fgrad.ops.operand import is_array, untraceable
from fgrad.solvers import implicit
from fgrad.transforms.custom import _filled
from fgrad.transforms.directional import jvp, vjp
from fgrad.transforms.jacobian import jacobian
from fgrad.transforms.variables import require_shape

_RESULT: Final = "the result of the function"
_jvp: Final[Callable[..., Any]] = jvp  # of functions whose types are not known
_vjp: Final[Callable[..., Any]] = vjp


@attrs.frozen
class Equation:
    """An equation of leaves of which some are arrays."""

    stated: implicit.Equation
    arguments: trees.Structure[Any]

    def flat(self, f: Callable[..., Any], given: Row) -> implicit.Function:
        """`f` from leaves of x to leaves of its result, at leaves of the other arguments."""
        return self.stated.flat(f, *self.arguments.unflatten(given))

    def residual(self, xs: Row, given: Row) -> Sequence[Any]:
        """What is 0 at the solution."""
        return self.flat(self.stated.residual, given)(xs)

    def solution(self, start: Row, given: Row, *, newton: bool) -> Sequence[Any]:
        """The leaves of the solution: a call node, if there are nodes among the arguments."""
        name, everything = self.stated.name, (*start, *given)
        if any(isinstance(x, Node) and x.abstract for x in everything):
            raise untraceable(next(x for x in everything if shape_of(x)), name)
        size = len(start)

        def impl(*both: Any) -> tuple[Any, ...]:
            first = both[:size]
            layout, flat = Layout.of(first), self.flat(self.stated.f, both[size:])
            f = lambda xs: self._matching(flat(xs), first)
            solver = self._newton if newton else self._iterated
            # What is not finite is an error of ours, or what was asked for.
            return tuple(layout.parted(under_errstate(solver, f, layout, joined(first))))

        values = impl(*map(number_of, everything))
        if not any(isinstance(x, Node) for x in given):
            return values
        rules = _Rules(self.residual, size)
        op = MultiOp(name, impl, len(everything), size, rules.pullback, rules.pushforward)
        return multiple.called(op, everything, values)

    def _matching(self, results: Sequence[Any], leaves: Row) -> Sequence[Any]:
        """The results, if they have the shapes of the unknowns."""
        for result, leaf in zip(results, leaves, strict=True):
            require_shape(result, leaf, f"{self.stated.name}: {_RESULT}")
        return results

    def _newton(self, f: implicit.Function, layout: Layout, start: Any) -> Any:
        def at(x: tuple[float, ...]) -> _Tangents:
            return _Tangents.of(self.stated, f, layout.parted(x))

        parted = layout.parted
        return implicit.newton(self.stated, at, start.tolist(), solve=by_numpy, leaves=parted)

    def _iterated(self, f: implicit.Function, layout: Layout, start: Any) -> Any:
        x, tolerance, steps = start, self.stated.tolerance, self.stated.steps
        step = x
        for count in range(steps):
            results = self.stated.called(f, layout.parted(x))
            following = joined(list(map(number_of, results)))
            step = following - x
            if not math.isfinite(abs(step).max(initial=0.0)):
                problem = "the next value is not finite"
                raise self.stated.failure(layout.parted(x), _size(step), count, problem)
            x = following
            if (abs(step) <= tolerance * abs(x)).all():
                return x
        if _size(step) <= tolerance * _size(x):  # what is left in the smallest numbers is rounding
            return x
        problem = "the steps are still large"
        raise self.stated.failure(layout.parted(x), _size(step), steps, problem)


@attrs.frozen
class _Tangents(implicit.Tangents):
    """The same for results of which some are computed from arrays: a fold for each of their elements."""

    def slopes(self, wanted: Sequence[Node[Any]] | None) -> Iterator[Mapping[Node[Any], Any]]:
        """Found one after the other, since each may hold many arrays."""
        for y in self.results:
            for one in basis(shape_of(y)):
                if not isinstance(y, Node):
                    yield {}
                else:
                    yield array_slopes([(y, one)], wanted) if y.rank == 1 else slopes(y)

    @property
    def linearised(self) -> tuple[list[float], list[list[float]]]:
        """The same of the elements of arrays."""
        zeros = [(x, zero_of(x.value)) for x in self.leaves]
        rows = [
            [z for x, zero in zeros for z in _numbers(row.get(x, zero))]
            for row in self.slopes(self.leaves)
        ]
        return [z for y in self.results for z in _numbers(number_of(y))], rows


def _numbers(x: Any) -> list[float]:
    return x.ravel().tolist() if is_array(x) else [float(x)]


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
        pushforward = _jvp(lambda given: tuple(self.residual(xs, given)))
        moved = joined(pushforward(given, moves)[1])
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
