"""Small linear systems, over floats and nodes alike."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any

from fgrad.autodiff import multiple
from fgrad.graph.node import Node
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import MultiOp, Row


def solved(matrix: Sequence[Sequence[Any]], right: Sequence[Any]) -> Sequence[Any]:
    """The x of `matrix @ x == right`, by elimination with partial pivoting.

    A singular matrix gives inf and nan, as division by zero does everywhere here. Over nodes the
    whole solve is one operation, since the choice of pivots depends on their values.

    >>> solved([[0.0, 2.0], [1.0, 1.0]], [4.0, 5.0])
    [3.0, 2.0]
    """
    size = len(right)
    if size == 1:
        return [ops.div(right[0], matrix[0][0])]
    numbers = (*chain.from_iterable(matrix), *right)
    if any(isinstance(x, Node) for x in numbers):
        return multiple.results(solving(size), numbers)
    return _eliminated(matrix, right)


@cache
def solving(size: int) -> MultiOp:
    """The operation on a matrix, row by row, and a right side that gives the solution."""

    def parts(numbers: Row) -> tuple[list[Row], Row]:
        rows = [numbers[i * size : (i + 1) * size] for i in range(size)]
        return rows, numbers[size * size :]

    def impl(*numbers: float) -> tuple[float, ...]:
        return tuple(_eliminated(*parts(numbers)))

    def pullback(outs: Row, args: Row, cotangents: Row) -> Row:
        # Giles (2008), Collected matrix derivative results, 2.3.1: b_bar = A^-T x_bar, A_bar = -b_bar x^T.
        rows, _ = parts(args)
        right = [0.0 if cotangent is None else cotangent for cotangent in cotangents]
        solution = solved(list(zip(*rows, strict=True)), right)
        return [*[-(b * x) for b in solution for x in outs], *solution]

    return MultiOp("solve", impl, size * (size + 1), size, pullback, maker=(solving, (size,)))


def _eliminated(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    size = len(right)
    rows = [[*row, b] for row, b in zip(matrix, right, strict=True)]
    for i in range(size):
        best = max(range(i, size), key=lambda j: abs(rows[j][i]))
        rows[i], rows[best] = rows[best], rows[i]
        for j in range(i + 1, size):
            if rows[j][i] != 0.0:
                factor = ops.div(rows[j][i], rows[i][i])
                rows[j][i + 1 :] = [
                    a - factor * b for a, b in zip(rows[j][i + 1 :], rows[i][i + 1 :], strict=True)
                ]
    x = [0.0] * size
    for i in reversed(range(size)):
        rest = rows[i][size]
        for j in range(i + 1, size):
            rest = rest - rows[i][j] * x[j]
        x[i] = ops.div(rest, rows[i][i])
    return x
