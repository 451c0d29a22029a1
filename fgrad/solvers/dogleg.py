"""Newton's method for small systems, within a trust region (Powell's dogleg).

Where the Newton step leads beyond the region in which the linear model is trusted, the dogleg bends it
towards steepest descent (Powell 1970, as in MINPACK's `hybrj`). A solve ends by the residual: each
value must be no larger than the rounding errors of its terms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, Self, TypeAlias

import attrs

from fgrad.solvers import linear

Vector: TypeAlias = Sequence[float]
Linearised: TypeAlias = Callable[[tuple[float, ...]], tuple[Vector, Sequence[Vector]]]
Terms: TypeAlias = Callable[[tuple[float, ...]], Vector]
Solve: TypeAlias = Callable[[Sequence[Vector], Vector], Vector]

_ROUNDING: Final = 2.0**-49
"""The fraction of its terms that a value may have instead of 0."""
_TRIALS: Final = 130
"""How often a region may shrink to a quarter: until 1e77 has become 1."""
_ENOUGH: Final = 1e-4
"""The fraction of the predicted fall of the residual from which on a step is accepted."""


@attrs.frozen
class Lost:
    """Where a solve did not converge. It is returned, not raised: the function may raise as well."""

    last: tuple[float, ...]
    residual: float
    steps: int
    problem: str


def solved(
    linearised: Linearised,
    terms: Terms,
    start: Vector,
    tolerance: float,
    steps: int,
    *,
    solve: Solve = linear.solved,
) -> tuple[float, ...] | Lost:
    """The x near `start` where all values are 0, or where the solve ended without one.

    `linearised` returns the values at x and their Jacobian, a row for each value. `terms` returns for
    each value the size of its terms: a value counts as 0 if rounding of these can explain it. The
    last Newton step must be within `tolerance` of x, as a whole, and is taken. `solve` solves linear
    systems; of a singular one it returns infinities or nan.

    >>> solved(lambda x: ([x[0] ** 2 - 9.0], [[2.0 * x[0]]]), lambda x: [18.0], [1.0], 1e-10, 100)
    (3.0,)
    """
    system = _System(linearised, terms, tolerance, steps, solve)
    at = system.at(tuple(map(float, start)))
    if not at.finite:
        return at.lost(0, "the residual or its Jacobian is not finite at the start")
    found = _descended(system, at, _Region.around(at, at.weights))
    if isinstance(found, Lost):
        # A solve that is stuck by one norm of the residual may not be by another.
        other = _descended(system, at, _Region.around(at, at.same_weights))
        return found if isinstance(other, Lost) else other
    return found


def _descended(system: _System, at: _Point, region: _Region) -> tuple[float, ...] | Lost:
    size = math.hypot(*at.x) or 1.0
    for count in range(system.steps):
        if not any(at.values):
            return at.x
        newton = region.newton(system, at)
        length = math.hypot(*newton)
        if length <= system.tolerance * max(size, math.hypot(*at.x)):
            last = system.at(at.moved(newton))
            best = last if region.residual(last) <= region.residual(at) else at
            if system.explained(best, _ROUNDING):
                return best.x
        found = region.step(system, at, newton)
        if found is None:
            # Terms may have other errors than rounding, for instance those of a solve inside of this one.
            near = length <= system.tolerance * math.hypot(*at.x)
            if near and system.explained(at, system.tolerance):
                return at.x
            return at.lost(count, "the residual stopped falling, or the Jacobian is singular")
        at, region = found
    return at.lost(system.steps, "the steps are still large")


@attrs.frozen
class _System:
    """The system, and when it counts as solved."""

    linearised: Linearised
    terms: Terms
    tolerance: float
    steps: int
    solve: Solve

    def at(self, x: tuple[float, ...]) -> _Point:
        return _Point(x, *self.linearised(x))

    def explained(self, at: _Point, part: float) -> bool:
        """Whether each value is no more than this fraction of its terms."""
        sizes = [part * term for term in self.terms(at.x)]
        return all(abs(v) <= size < math.inf for v, size in zip(at.values, sizes, strict=True))


@attrs.frozen
class _Point:
    """The values and the Jacobian at one x."""

    x: tuple[float, ...]
    values: Vector
    rows: Sequence[Vector]

    @property
    def finite(self) -> bool:
        return all(math.isfinite(y) for row in (self.values, *self.rows) for y in row)

    @property
    def weights(self) -> list[float]:
        """The inverses of the sizes of the values and of their changes with x, which make them unitless."""
        moves = [sum([abs(s * a) for s, a in zip(row, self.x, strict=True)]) for row in self.rows]
        sizes = [abs(v) + m for v, m in zip(self.values, moves, strict=True)]
        slopes = [math.hypot(*row) for row in self.rows]
        usual = [a if _usual(a) else b for a, b in zip(sizes, slopes, strict=True)]
        return [1.0 / a if _usual(a) else 1.0 for a in usual]

    @property
    def same_weights(self) -> list[float]:
        """The same weight for all, which keeps the units of the values."""
        size = math.hypot(*self.values)
        return [1.0 / size if _usual(size) else 1.0] * len(self.values)

    def moved(self, step: Vector) -> tuple[float, ...]:
        return tuple([a + s for a, s in zip(self.x, step, strict=True)])

    def lost(self, steps: int, problem: str) -> Lost:
        return Lost(self.x, math.hypot(*self.values), steps, problem)


@attrs.frozen
class _Region:
    """Where the linear model is trusted: steps whose components, times `scale`, are within `radius`.

    Values are weighted, so that neither their units nor those of x change the way that is taken.
    """

    weights: Vector
    scale: Vector
    radius: float

    @classmethod
    def around(cls, at: _Point, weights: Vector) -> Self:
        """The region around the start: a step may move x by its size, or the values by theirs."""
        whole = cls(weights, [0.0] * len(at.x), math.inf)._scaled(at, math.inf)
        size = math.hypot(*[d * a for d, a in zip(whole.scale, at.x, strict=True)])
        return attrs.evolve(whole, radius=max(size, whole.residual(at)))

    def residual(self, at: _Point) -> float:
        return math.hypot(*self._weighted(at.values))

    def newton(self, system: _System, at: _Point) -> Vector:
        """The step to where the linear model is 0; infinities or nan if the Jacobian is singular."""
        rows = [[w * s for s in row] for w, row in zip(self.weights, at.rows, strict=True)]
        return [-s for s in system.solve(rows, self._weighted(at.values))]

    def step(self, system: _System, at: _Point, newton: Vector) -> tuple[_Point, Self] | None:
        """The next point and the region around it; None if no step makes the residual fall."""
        radius, residual = self.radius, self.residual(at)
        for _ in range(_TRIALS):
            step = self._dogleg(at, newton, radius)
            after = at.moved(step)
            fall = _fall(residual, self._predicted(at, step))
            if after == at.x or not fall > 0.0:
                return None
            there = system.at(after)
            gain = _fall(residual, self.residual(there)) / fall if there.finite else -1.0
            length = self._length(step)
            if gain < 0.25:
                radius = 0.25 * length
            elif gain > 0.75:
                radius = max(radius, 2.0 * length)
            if gain > _ENOUGH:
                return there, self._scaled(there, radius)
        return None

    def _dogleg(self, at: _Point, newton: Vector, radius: float) -> Vector:
        """The Newton step if it is within the region, else a step on the dogleg towards it."""
        length, residual = self._length(newton), self.residual(at)
        # If the Jacobian is nearly singular, the step may be anything.
        solves = length < 1e100 * radius and self._predicted(at, newton) < 0.5 * residual
        if solves and length <= radius:
            return newton
        descent = self._descent(at, radius)
        if not solves or self._length(descent) >= radius * (1.0 - 1e-9):
            return descent
        unit = [d / radius for d in self.scale]
        short = [d * s for d, s in zip(unit, descent, strict=True)]
        rest = [d * (n - s) for d, n, s in zip(unit, newton, descent, strict=True)]
        square, slope = _dot(rest, rest), _dot(short, rest)
        lack = (1.0 - math.hypot(*short)) * (1.0 + math.hypot(*short))
        part = lack / (slope + math.sqrt(slope * slope + square * lack))
        return [s + part * (n - s) for n, s in zip(newton, descent, strict=True)]

    def _descent(self, at: _Point, radius: float) -> Vector:
        """The step down the gradient of the squared residual to its least, within the region."""
        values = self._weighted(self._weighted(at.values))
        slopes = [
            _dot(values, column) / d
            for column, d in zip(zip(*at.rows, strict=True), self.scale, strict=True)
        ]
        size = math.hypot(*slopes)
        if size == 0.0:
            return slopes
        way = [-s / size / d for s, d in zip(slopes, self.scale, strict=True)]
        bend = math.hypot(*self._weighted([_dot(row, way) for row in at.rows]))
        length = min(radius, size / bend / bend) if bend else radius
        return [length * s for s in way]

    def _predicted(self, at: _Point, step: Vector) -> float:
        """The residual of the linear model after a step."""
        return math.hypot(
            *self._weighted(
                [v + _dot(row, step) for v, row in zip(at.values, at.rows, strict=True)]
            )
        )

    def _weighted(self, values: Vector) -> list[float]:
        return [w * v for w, v in zip(self.weights, values, strict=True)]

    def _length(self, step: Vector) -> float:
        return math.hypot(*[d * s for d, s in zip(self.scale, step, strict=True)])

    def _scaled(self, at: _Point, radius: float) -> Self:
        """With scales no smaller than the slopes at a point (More 1978)."""
        columns = [math.hypot(*self._weighted(column)) for column in zip(*at.rows, strict=True)]
        scale = [max(d, c) or 1.0 for d, c in zip(self.scale, columns, strict=True)]
        return type(self)(self.weights, scale, radius)


def _usual(size: float) -> bool:
    """Whether it has an inverse."""
    return 1e-300 < size < math.inf


def _fall(before: float, after: float) -> float:
    """How much a residual has fallen in the mean of the squares: 1 to nothing, less than 0 if it rose."""
    ratio = after / before if before else math.inf
    return 1.0 - ratio * ratio


def _dot(x: Vector, y: Vector) -> float:
    return sum([a * b for a, b in zip(x, y, strict=True)])
