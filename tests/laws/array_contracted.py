"""Products and linear algebra written out on numbers, by their definitions and by elimination."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

import fgrad as fg
from tests.laws.array_written import WORLD, boxed, known, reduced, total, unboxed


def einsum(spec: str, *operands: Any) -> Any:
    """By the definition."""
    arguments, arrow, out = spec.partition("->")
    inputs = arguments.split(",")
    every = "".join(inputs)
    if not arrow:
        out = "".join(sorted([c for c in set(every) if every.count(c) == 1]))
    boxes = list(map(boxed, operands))
    lengths = {
        c: n
        for names, x in zip(inputs, boxes, strict=True)
        for c, n in zip(names, x.shape, strict=True)
    }
    letters = sorted(lengths)
    terms: dict[tuple[int, ...], list[Any]] = {
        place: [] for place in np.ndindex(*[lengths[c] for c in out])
    }
    for place in itertools.product(*[range(lengths[c]) for c in letters]):
        at = dict(zip(letters, place, strict=True))
        factors = [x[tuple([at[c] for c in names])] for names, x in zip(inputs, boxes, strict=True)]
        terms[tuple([at[c] for c in out])].append(fg.prod(factors))
    made = np.empty([lengths[c] for c in out], object)
    for where, parts in terms.items():
        made[where] = total(parts)
    return unboxed(made)


def matmul(a: Any, b: Any) -> Any:
    """Rows times columns."""
    a, b = boxed(a), boxed(b)
    left = a[None] if a.ndim == 1 else a
    right = b[:, None] if b.ndim == 1 else b
    terms = WORLD.mul(left[..., :, :, None], right[..., None, :, :])
    y = boxed(reduced(total)(terms, -2))
    y = y[..., 0] if b.ndim == 1 else y
    return unboxed(y[..., 0, :] if a.ndim == 1 and b.ndim > 1 else y[..., 0] if a.ndim == 1 else y)


def tensordot(a: Any, b: Any, axes: Any) -> Any:
    """Over pairs of axes."""
    a, b = boxed(a), boxed(b)
    p, q = "abcdefg"[: a.ndim], list("hijklmn"[: b.ndim])
    for i, j in zip(*axes, strict=True):
        q[j] = p[i]
    lost = [p[i] for i in axes[0]]
    out = "".join([c for c in (*p, *q) if c not in lost])
    return einsum(f"{p},{''.join(q)}->{out}", a, b)


def dot(a: Any, b: Any) -> Any:
    """As numpy has it."""
    return tensordot(a, b, ((-1,), (max(0, np.ndim(b) - 2),)))


def each_matrix(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of matrices, for those in the last two axes."""

    def each(a: Any, *rest: Any) -> Any:
        a, rest = boxed(a), tuple(map(boxed, rest))
        batch = np.broadcast_shapes(a.shape[:-2], *[x.shape[:-2] for x in rest])
        whole = [np.broadcast_to(x, (*batch, *x.shape[-2:])) for x in (a, *rest)]
        made = [boxed(f(*[x[place] for x in whole])) for place in np.ndindex(batch)]
        out = np.empty((*batch, *(made[0].shape if made else a.shape[-2:])), object)
        for place, y in zip(np.ndindex(batch), made, strict=True):
            out[place] = y if y.ndim else y[()]
        return unboxed(out)

    return each


def eliminated(a: Any, b: Any) -> tuple[Any, Any]:
    """The determinant of a, and the x with a @ x = b, by Gauss with the largest pivot."""
    a, b, n, det = a.copy(), b.copy(), len(a), 1.0
    for k in range(n):
        pivot = k + int(np.argmax([abs(known(a[i, k])) for i in range(k, n)]))
        if pivot != k:
            a[[k, pivot]], b[[k, pivot]], det = a[[pivot, k]], b[[pivot, k]], -1.0 * det
        det = det * a[k, k]
        for i in range(k + 1, n):
            factor = a[i, k] / a[k, k]
            a[i] = WORLD.sub(a[i], WORLD.mul(factor, a[k]))
            b[i] = WORLD.sub(b[i], WORLD.mul(factor, b[k]))
    for k in reversed(range(n)):
        for j in range(k + 1, n):
            b[k] = WORLD.sub(b[k], WORLD.mul(a[k, j], b[j]))
        b[k] = WORLD.div(b[k], a[k, k])
    return det, b


def solve(a: Any, b: Any) -> Any:
    """Systems of equations."""
    system = each_matrix(lambda a, b: eliminated(a, b)[1])
    return system(a, boxed(b)[:, None])[..., 0] if np.ndim(b) == 1 else system(a, b)


def inv(a: Any) -> Any:
    """The inverse."""
    return solve(a, np.eye(np.shape(a)[-1]))


det = each_matrix(lambda a: eliminated(a, a[:, :0])[0])


def cholesky(a: Any) -> Any:
    """Row by row."""
    n = len(a)
    low = np.full((n, n), 0.0, object)
    for i, j in itertools.product(range(n), range(n)):
        if j <= i:
            rest = a[i, j] - total([low[i, k] * low[j, k] for k in range(j)])
            low[i, j] = fg.sqrt(rest) if i == j else rest / low[j, j]
    return low


def matrix_power(a: Any, n: int) -> Any:
    """The product of equal ones."""
    return reduce(matmul, [a if n > 0 else inv(a)] * abs(n))


def kron(a: Any, b: Any) -> Any:
    """A copy of b for each element of a."""
    a, b = boxed(a), boxed(b)
    rows, columns = a.shape[0] * b.shape[0], a.shape[1] * b.shape[1]
    return einsum("ij,kl->ikjl", a, b).reshape(rows, columns)
