"""Custom functions of arrays that have one rule: the other comes of it, element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fgrad.arrays.functions import vdot
from fgrad.arrays.shapes import reshape, stack
from fgrad.arrays.values import plain, shape_of
from fgrad.ops.multiple import Row
from fgrad.transforms.array_jacobian import basis


def pull_by_pushes(
    push: Callable[[Row, Row, Row], Row], outs: Row, args: Row, bars: Row
) -> list[Any]:
    """The cotangents of the arguments: for each of their elements a push."""
    return _transposed(lambda row: push(outs, args, row), args, bars)


def push_by_pulls(
    pull: Callable[[Row, Row, Row], Row], outs: Row, args: Row, moves: Row
) -> list[Any]:
    """The tangents of the results: for each of their elements a pull."""
    return _transposed(lambda row: pull(outs, args, row), outs, moves)


def _transposed(apply: Callable[[Row], Row], ends: Row, flows: Row) -> list[Any]:
    found = []
    for k, end in enumerate(ends):
        parts = []
        for one in basis(shape_of(end)):
            row: list[Any] = [None] * len(ends)
            row[k] = one
            pairs = zip(apply(row), flows, strict=True)
            products = [vdot(x, flow) for x, flow in pairs if x is not None and flow is not None]
            parts.append(sum(products[1:], products[0]) if products else 0.0)
        found.append(plain(reshape(stack(parts), shape_of(end))))
    return found
