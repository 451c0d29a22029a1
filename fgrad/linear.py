"""Small linear systems, over floats and nodes alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fgrad import operations as ops
from fgrad.node import Node, number_of


def solved(matrix: Sequence[Sequence[Any]], right: Sequence[Any]) -> list[Any]:
    """The x of `matrix @ x == right`, by elimination with partial pivoting.

    A singular matrix gives inf and nan, as division by zero does everywhere here.

    >>> solved([[0.0, 2.0], [1.0, 1.0]], [4.0, 5.0])
    [3.0, 2.0]
    """
    size = len(right)
    rows = [[*row, b] for row, b in zip(matrix, right, strict=True)]
    for i in range(size):
        best = max(range(i, size), key=lambda j: abs(number_of(rows[j][i])))
        rows[i], rows[best] = rows[best], rows[i]
        for j in range(i + 1, size):
            # What is a literal zero stays one: it would only make nodes.
            if isinstance(rows[j][i], Node) or rows[j][i] != 0.0:
                factor = ops.div(rows[j][i], rows[i][i])
                rows[j][i + 1 :] = [
                    a - factor * b for a, b in zip(rows[j][i + 1 :], rows[i][i + 1 :], strict=True)
                ]
    x: list[Any] = [0.0] * size
    for i in reversed(range(size)):
        rest = rows[i][size]
        for j in range(i + 1, size):
            rest = rest - rows[i][j] * x[j]
        x[i] = ops.div(rest, rows[i][i])
    return x
