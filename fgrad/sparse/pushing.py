"""Hessians by edge pushing: a reverse sweep that carries second derivatives along (Gower and Mello 2012).

Where a value is read, what it has of second derivatives is pushed to its arguments, and what its own
operation is not linear in is added. Linear operations add nothing and separable terms never meet, so
the work is local where the structure is.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeAlias

from fgrad.sparse.accumulation import Number, Recorder, Structure
from fgrad.sparse.elimination import Row, _active

Lower: TypeAlias = dict[tuple[int, int], Number]
"""The second derivatives by the numbers of two inputs, the larger first."""


def hessian_entries(
    sweep: Recorder | Structure, wanted: Collection[int], weights: Collection[Number]
) -> tuple[Row, Lower]:
    """The gradient, and the lower triangle of the Hessian, of the sum of the outputs times `weights`.

    Both are with respect to the inputs in `wanted`.

    >>> import fgrad as fg
    >>> program = fg.trace(lambda x, y, z: x * y + 3.0 * z)(0.0, 0.0, 0.0)
    >>> hessian_entries(Structure(program, 2), (0, 1, 2), (1.0,))
    ({0: 0, 1: 0, 2: 3.0}, {(1, 0): 1.0})
    """
    active = _active(sweep, wanted)
    slopes: Row = {}
    near: dict[int, Row] = {}  # the second derivatives of each value with earlier ones and itself
    plus = sweep.plus

    def add(row: Row, value: int, term: Number) -> None:
        row[value] = plus(row[value], term) if value in row else term

    for value, weight in zip(sweep.program.outputs, weights, strict=True):
        if active[value]:
            add(slopes, value, weight)
    for value in range(sweep.inputs + len(sweep.program) - 1, sweep.inputs - 1, -1):
        if value in slopes:
            _push(sweep, value, slopes, near, active)
    lower = {(v, u): near[v][u] for v in sorted(near) for u in sorted(near[v])}
    return {x: slopes[x] for x in sorted(slopes)}, lower


def _push(
    sweep: Recorder | Structure,
    value: int,
    slopes: Row,
    near: dict[int, Row],
    active: bytearray,
) -> None:
    """Replace a value by its arguments."""
    times, plus = sweep.times, sweep.plus

    def meet(u: int, v: int, term: Number) -> None:
        row = near.setdefault(u, {}) if u > v else near.setdefault(v, {})
        key = v if u > v else u
        row[key] = plus(row[key], term) if key in row else term

    slope = slopes.pop(value)
    given, curves = sweep.partials(value)
    first: Row = {}
    for a, p in given:
        if active[a]:
            first[a] = plus(first[a], p) if a in first else p
    for a, p in first.items():
        term = times(slope, p)
        slopes[a] = plus(slopes[a], term) if a in slopes else term
    for a, b, p in curves:
        if active[a] and active[b]:
            meet(a, b, times(slope, p))
    pushed = near.pop(value, None)
    if not pushed:
        return
    own = pushed.pop(value, None)
    for a, p in first.items():
        for u, second in pushed.items():
            term = times(second, p)
            meet(a, u, times(2.0, term) if a == u else term)
    if own is not None:
        edges = list(first.items())
        for i, (a, p) in enumerate(edges):
            part = times(own, p)
            for b, q in edges[i:]:
                meet(a, b, times(part, q))
