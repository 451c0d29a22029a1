"""Two trees side by side as a table: a row for each leaf, by its path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fgrad.display import Table, cell, ends, named, plural
from fgrad.trees.tree import flatten, matched


def listing(
    tree: Any,
    other: Any,
    head: tuple[str, str, str],
    whole: str,
    second: Callable[[Any], str] = cell,
) -> Table:
    """The table of `tree` and a tree like it, of a screen at most, without a title.

    `head` are the names of its columns, `whole` that of a tree which is a leaf itself; `second` writes
    the numbers of the second column.

    >>> print(listing({"a": 1.0}, {"a": 0.5}, ("parameter", "value", "gradient"), "x").text())
    <BLANKLINE>
      parameter  value  gradient
      ['a']        1.0       0.5
    """
    leaves, structure = flatten(tree)
    places = [path.removeprefix(".") or whole for path in structure.paths()]
    rows = list(zip(places, leaves, matched(structure, other), strict=True))
    first, hidden, last = ends(rows)
    cells = [(named(place), cell(x), second(y)) for place, x, y in (*first, *last)]
    cells[len(first) : len(first)] = [("…", "…", "…")] if hidden else []
    return Table("", head, cells, f"{plural(hidden, head[0])} hidden" if hidden else "")
