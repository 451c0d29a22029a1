"""Custom functions of arrays that have one rule: the other comes of it, element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fgrad.arrays.products import vdot
from fgrad.arrays.together import stacked
from fgrad.arrays.values import basis, plain, shape_of
from fgrad.ops.multiple import Row


def pullback_by_pushforward(
    pushforward: Callable[[Row, Row, Row], Row], outs: Row, args: Row, cotangents: Row
) -> list[Any]:
    """The cotangents of the arguments: a pushforward for each of their elements."""
    return _transposed(lambda row: pushforward(outs, args, row), args, cotangents)


def pushforward_by_pullback(
    pullback: Callable[[Row, Row, Row], Row], outs: Row, args: Row, tangents: Row
) -> list[Any]:
    """The tangents of the results: a pullback for each of their elements."""
    return _transposed(lambda row: pullback(outs, args, row), outs, tangents)


def _transposed(apply: Callable[[Row], Row], ends: Row, given: Row) -> list[Any]:
    found = []
    for k, end in enumerate(ends):
        parts = []
        for one in basis(shape_of(end)):
            row: list[Any] = [None] * len(ends)
            row[k] = one
            pairs = zip(apply(row), given, strict=True)
            products = [vdot(x, y) for x, y in pairs if x is not None and y is not None]
            parts.append(sum(products[1:], products[0]) if products else 0.0)
        found.append(plain(stacked(parts, shape_of(end))))
    return found
