"""Hessians by edge pushing: a reverse sweep that carries second derivatives along (Gower and Mello 2012).

Where a value is read, what it has of second derivatives is pushed to its arguments, and what its own
operation is not linear in is added. Linear operations add nothing and separable terms never meet, so
the work is local where the structure is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TypeAlias

from fgrad.sparse.accumulation import First, Number, Recorder, Structure
from fgrad.sparse.elimination import Row, active_values

Lower: TypeAlias = dict[tuple[int, int], Number]
"""The second derivatives by the numbers of two inputs, the larger first."""


def hessian_entries(
    sweep: Recorder | Structure, wanted: Collection[int], weights: Iterable[tuple[int, Number]]
) -> Lower:
    """The lower triangle of the Hessian, by the inputs in `wanted`, of a sum of values times `weights`.

    >>> import fgrad as fg
    >>> program = fg.trace(lambda x, y, z: x * y + 3.0 * z)(0.0, 0.0, 0.0)
    >>> hessian_entries(Structure(program, 2), (0, 1, 2), [(5, 1.0)])
    {(1, 0): 1.0}
    """
    pusher = _Pusher(sweep, active_values(sweep.program, wanted))
    for value, weight in weights:
        pusher.weigh(value, weight)
    for value in range(sweep.inputs + len(sweep.program) - 1, sweep.inputs - 1, -1):
        if value in pusher.slopes:
            pusher.push(value)
    near = pusher.near
    return {(v, u): near[v][u] for v in sorted(near) for u in sorted(near[v])}


class _Pusher:
    """What values that are not read yet have received."""

    def __init__(self, sweep: Recorder | Structure, active: bytearray) -> None:
        self.sweep = sweep
        self.active = active
        self.inputs = sweep.inputs
        self.curved = sweep.curving()
        self.slopes: Row = {}
        self.near: dict[int, Row] = {}
        """The second derivatives of each value with earlier ones and itself."""

    def weigh(self, value: int, weight: Number) -> None:
        """Add a contribution to the first derivative by a value; that by an input is not asked for."""
        if self.active[value] and value >= self.inputs:
            slopes = self.slopes
            known = slopes.get(value)
            slopes[value] = weight if known is None else self.sweep.plus(known, weight)

    def meet(self, u: int, v: int, term: Number) -> None:
        """Add a contribution to the second derivative by two values."""
        if u < v:
            u, v = v, u
        row = self.near.setdefault(u, {})
        known = row.get(v)
        row[v] = term if known is None else self.sweep.plus(known, term)

    def push(self, value: int) -> None:
        """Replace a value by its arguments."""
        active, times = self.active, self.sweep.times
        slope = self.slopes.pop(value)
        first, second, factor = self.curved(value, slope, self.slopes)
        for a, p in first:
            if a >= self.inputs:
                self.weigh(a, times(slope, p))
        for a, b, p in second:
            if active[a] and active[b]:
                self.meet(a, b, times(factor, p))
        pushed = self.near.pop(value, None)
        if pushed:
            self._pass_on(value, pushed, [(a, p) for a, p in first if active[a]])

    def _pass_on(self, value: int, pushed: Row, first: First) -> None:
        """Push second derivatives by a value to its arguments."""
        times = self.sweep.times
        edges: Row = {}
        for a, p in first:
            edges[a] = self.sweep.plus(edges[a], p) if a in edges else p
        own = pushed.pop(value, None)
        for a, p in edges.items():
            for u, second in pushed.items():
                term = times(second, p)
                self.meet(a, u, times(2.0, term) if a == u else term)
        if own is not None:
            pairs = list(edges.items())
            for i, (a, p) in enumerate(pairs):
                part = times(own, p)
                for b, q in pairs[i:]:
                    self.meet(a, b, times(part, q))
