"""Sparse derivatives of a program as a program: each nonzero is an output of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from fgrad.graph.collector import relaxed_gc
from fgrad.sparse.accumulation import Number, Recorder, Structure
from fgrad.sparse.elimination import jacobian_rows
from fgrad.sparse.pattern import Pattern
from fgrad.sparse.pushing import hessian_entries


@attrs.frozen
class Derived:
    """A matrix of derivatives: its pattern, and what its nonzeros are."""

    pattern: Pattern
    entries: tuple[Number, ...]


def jacobian(sweep: Recorder | Structure, wanted: Sequence[int]) -> Derived:
    """The Jacobian of the outputs with respect to inputs, a column for each of `wanted`."""
    column = _columns(wanted)
    with relaxed_gc():
        rows = jacobian_rows(sweep, wanted)
    found = [(i, column[x], p) for i, row in enumerate(rows) for x, p in row.items()]
    return _ordered(sweep, (len(rows), len(wanted)), found)


def hessian(
    sweep: Recorder | Structure,
    wanted: Sequence[int],
    weights: Sequence[Number],
    *,
    lower: bool,
) -> Derived:
    """The Hessian of the sum of the outputs times `weights`, or its `lower` triangle."""
    column = _columns(wanted)
    with relaxed_gc():
        entries = hessian_entries(sweep, wanted, zip(sweep.program.outputs, weights, strict=True))
    found = []
    for (u, v), p in entries.items():
        i, j = max(column[u], column[v]), min(column[u], column[v])
        found.append((i, j, p))
        if not lower and i != j:
            found.append((j, i, p))
    return _ordered(sweep, (len(wanted), len(wanted)), found)


def _columns(wanted: Sequence[int]) -> Mapping[int, int]:
    return {x: i for i, x in enumerate(wanted)}


def _ordered(
    sweep: Recorder | Structure, shape: tuple[int, int], found: list[tuple[int, int, Number]]
) -> Derived:
    found.sort()  # by place alone, since no two are at one
    pattern = Pattern(shape, tuple([i for i, _, _ in found]), tuple([j for _, j, _ in found]))
    entries = [p for _, _, p in found]
    # Settled here, so that nothing is recorded any more when several threads ask for code.
    return Derived(
        pattern, tuple(sweep.settled(entries) if isinstance(sweep, Recorder) else entries)
    )
