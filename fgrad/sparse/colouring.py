"""Colourings: columns of one colour never meet, so one sweep computes all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from fgrad.sparse.pattern import Pattern


def columns(pattern: Pattern) -> tuple[int, ...]:
    """The colour of each column, so that no two of one colour have a nonzero in the same row.

    Greedy, in two orders, of which the one with fewer colours is taken: columns with more neighbours
    first (Welsh and Powell 1967), and smallest last (Matula and Beck 1983).

    >>> columns(Pattern.of((3, 4), [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3)]))
    (1, 0, 1, 0)
    """
    in_row, in_column = _lists(pattern)
    near = [
        dict.fromkeys(other for i in rows for other in in_row[i] if other != j)
        for j, rows in enumerate(in_column)
    ]
    return _least(near, lambda order: _greedy(near, order))


def star(pattern: Pattern) -> tuple[int, ...]:
    """The colour of each row and column of a symmetric pattern, so that sweeps give every nonzero.

    Neighbours differ, and no path of four has two colours (Coleman and Moré 1984): then for each
    nonzero (i, j), i is the only neighbour of j of its colour, or j the only one of i.

    >>> arrow = [(i, i) for i in range(5)] + [(0, i) for i in range(5)] + [(i, 0) for i in range(5)]
    >>> star(Pattern.of((5, 5), arrow))
    (0, 1, 1, 1, 1)
    """
    in_row, _ = _lists(pattern)
    near = [dict.fromkeys(j for j in row if j != i) for i, row in enumerate(in_row)]
    return _least(near, lambda order: _star(near, order))


def _lists(pattern: Pattern) -> tuple[list[list[int]], list[list[int]]]:
    """The columns of each row, and the rows of each column."""
    in_row: list[list[int]] = [[] for _ in range(pattern.shape[0])]
    in_column: list[list[int]] = [[] for _ in range(pattern.shape[1])]
    for i, j in zip(pattern.rows, pattern.columns, strict=True):
        in_row[i].append(j)
        in_column[j].append(i)
    return in_row, in_column


def _least(
    near: Sequence[dict[int, None]], colour: Callable[[Sequence[int]], tuple[int, ...]]
) -> tuple[int, ...]:
    largest_first = sorted(range(len(near)), key=lambda v: -len(near[v]))
    orders = (largest_first, _smallest_last(near))
    return min([colour(order) for order in orders], key=lambda found: max(found, default=0))


def _smallest_last(near: Sequence[dict[int, None]]) -> list[int]:
    """An order in which each has the fewest neighbours among those before it."""
    degrees = [len(others) for others in near]
    buckets: list[dict[int, None]] = [{} for _ in range(max(degrees, default=0) + 1)]
    for v, degree in enumerate(degrees):
        buckets[degree][v] = None
    order: list[int] = []
    done = bytearray(len(near))
    least = 0
    while len(order) < len(near):
        least = max(0, least - 1)
        while not buckets[least]:
            least += 1
        v, _ = buckets[least].popitem()
        done[v] = 1
        order.append(v)
        for other in near[v]:
            if not done[other]:
                del buckets[degrees[other]][other]
                degrees[other] -= 1
                buckets[degrees[other]][other] = None
    return order[::-1]


_NONE: Final = -1


def _greedy(near: Sequence[dict[int, None]], order: Sequence[int]) -> tuple[int, ...]:
    colours = [_NONE] * len(near)
    for v in order:
        colours[v] = _free({colours[u] for u in near[v]})
    return tuple(colours)


def _star(near: Sequence[dict[int, None]], order: Sequence[int]) -> tuple[int, ...]:
    """Greedy (Gebremedhin, Manne and Pothen 2005, algorithm 4.1), with what is taken kept up to date."""
    colours = [_NONE] * len(near)
    first: list[dict[int, int]] = [{} for _ in near]
    """For each vertex the first neighbour of each colour."""
    hubs: list[set[int]] = [set() for _ in near]
    """The colours of those neighbours of a vertex that have another one of its colour."""
    for v in order:
        taken: set[int] = set()
        for u in near[v]:
            if colours[u] == _NONE:  # or v and what is next to u would be the ends of a path by u
                taken |= first[u].keys()
            else:
                taken.add(colours[u])
                taken |= hubs[u]
        colour = colours[v] = _free(taken)
        for u in near[v]:
            other = first[u].setdefault(colour, v)
            if other != v and colours[u] != _NONE:
                hubs[other].add(colours[u])
                hubs[v].add(colours[u])
    return tuple(colours)


def _free(taken: set[int]) -> int:
    colour = 0
    while colour in taken:
        colour += 1
    return colour
