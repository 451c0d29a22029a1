"""Jacobians by elimination of values, each where it costs least.

A program is a graph whose edges are partial derivatives. Eliminating a value puts products of the
edges into it and out of it in its place (Griewank and Reese 1991); what is left when only inputs and
outputs are there is the Jacobian, nonzero by nonzero. Eliminating the last first is reverse mode, the
first first forward mode.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection
from typing import TypeAlias

from fgrad.program.program import Program
from fgrad.sparse.accumulation import Number, Recorder, Structure

Row: TypeAlias = dict[int, Number]
"""The partial derivatives of a result by the number of the input."""


def jacobian_rows(sweep: Recorder | Structure, wanted: Collection[int]) -> list[Row]:
    """The nonzeros of each output of the program with respect to the inputs in `wanted`.

    >>> import fgrad as fg
    >>> program = fg.trace(lambda x, y: (x * y, 2.0 * y))(0.0, 0.0)
    >>> [list(row) for row in jacobian_rows(Structure(program, 1), (0, 1))]
    [[0, 1], [1]]
    """
    into, users = _reversed(sweep, active_values(sweep.program, wanted))
    _eliminate(sweep, into, users)
    count = sweep.inputs + len(sweep.program)
    rows = []
    for i in range(len(sweep.program.outputs)):
        row = into[count + i]
        rows.append({x: row[x] for x in sorted(row)})
    return rows


def active_values(program: Program, wanted: Collection[int]) -> bytearray:
    """Whether each value may depend on an input in `wanted`."""
    active = bytearray(len(program.inputs))
    for i in wanted:
        active[i] = 1
    for op, args in program.instructions:
        reached = 0
        if not op.truth:
            for a in args:
                if type(a) is int and active[a]:
                    reached = 1
        active.append(reached)
    return active


def _reversed(
    sweep: Recorder | Structure, active: bytearray
) -> tuple[dict[int, Row], dict[int, dict[int, None]]]:
    """The graph without the values that one other uses: those are eliminated by a reverse sweep.

    An output is a value of its own, numbered behind all others. The edges into each value come
    first, then the users of each, both without inputs.
    """
    inputs, count = sweep.inputs, sweep.inputs + len(sweep.program)
    into: dict[int, Row] = {}
    users: dict[int, dict[int, None]] = {}
    for i, value in enumerate(sweep.program.outputs):
        into[count + i] = {value: 1.0} if active[value] else {}
        if active[value]:
            users.setdefault(value, {})[count + i] = None
    times, plus = sweep.times, sweep.plus
    for value in range(count - 1, inputs - 1, -1):
        using = users.get(value)
        if not using:
            continue
        first = [(a, p) for a, p in sweep.partials(value)[0] if active[a]]
        if len(using) == 1:
            (target,) = using
            row, weight = into[target], into[target].pop(value)
            del users[value]
            one = type(weight) is float and weight == 1.0
            first = first if one else [(a, times(weight, p)) for a, p in first]
        else:
            target, row = value, into.setdefault(value, {})
        for a, p in first:
            if a in row:
                row[a] = plus(row[a], p)
            else:
                row[a] = p
                users.setdefault(a, {})[target] = None
    return into, users


def _eliminate(
    sweep: Recorder | Structure, into: dict[int, Row], users: dict[int, dict[int, None]]
) -> None:
    """Eliminate the values that are left, that with the fewest products first (Markowitz 1957)."""
    count = sweep.inputs + len(sweep.program)
    left = [value for value in into if value < count]
    costs = {v: len(into[v]) * len(users[v]) for v in left}
    heap = [(cost, v) for v, cost in costs.items()]
    heapq.heapify(heap)
    times, plus = sweep.times, sweep.plus
    while heap:
        cost, value = heapq.heappop(heap)
        if costs.get(value) != cost:
            continue
        del costs[value]
        edges, using = into.pop(value), users.pop(value)
        for a in edges:
            del users[a][value]
        for user in using:
            row = into[user]
            weight = row.pop(value)
            for a, p in edges.items():
                term = times(weight, p)
                if a in row:
                    row[a] = plus(row[a], term)
                else:
                    row[a] = term
                    users[a][user] = None
        for v in (*edges, *using):
            if v in costs:
                new = len(into[v]) * len(users[v])
                if new != costs[v]:
                    costs[v] = new
                    heapq.heappush(heap, (new, v))
