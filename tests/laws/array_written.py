"""Functions of arrays written out on numbers: an array is one of objects, of nodes of numbers.

Nothing of fgrad's arrays is in it: every function is written in operations on its elements.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, Final

import numpy as np

import fgrad as fg

WORLD: Final[Any] = SimpleNamespace()
"""Functions under the names of fgrad; `array_scalars` adds transforms."""


def boxed(x: Any) -> Any:
    """An array of objects, also of a number."""
    if isinstance(x, np.ndarray):
        return x if x.dtype == object else x.astype(object)
    box = np.empty((), object)
    box[()] = x
    return box


def unboxed(x: Any) -> Any:
    """A number where there are no axes."""
    return x[()] if isinstance(x, np.ndarray) and not x.ndim else x


def spread(f: Callable[..., Any]) -> Callable[..., Any]:
    """An operation on numbers, element by element."""

    def spreading(*args: Any) -> Any:
        boxes = np.broadcast_arrays(*map(boxed, args))
        out = np.empty(boxes[0].shape, object)
        for place in np.ndindex(out.shape):
            out[place] = f(*[box[place] for box in boxes])
        return unboxed(out)

    return spreading


def moved(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of numpy that moves elements."""
    return lambda x, *args, **options: unboxed(f(boxed(x), *args, **options))


def reduced(f: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    """A function of a list of numbers, along axes."""

    def reducing(x: Any, axis: Any = None, *, keepdims: bool = False, **options: Any) -> Any:
        x = boxed(x)
        axes = (
            list(range(x.ndim)) if axis is None else [int(a) % x.ndim for a in np.atleast_1d(axis)]
        )
        rest = [a for a in range(x.ndim) if a not in axes]
        turned = x.transpose([*rest, *axes])
        outer = tuple([x.shape[a] for a in rest])
        out = np.empty(outer, object)
        for place in np.ndindex(outer):
            out[place] = f(list(boxed(turned[place]).flat), **options)
        return unboxed(np.expand_dims(out, tuple(axes)) if keepdims else out)

    return reducing


def total(xs: Sequence[Any]) -> Any:
    """The sum."""
    return fg.sum(xs) if xs else 0.0


def known(x: Any) -> float:
    """The value of a number."""
    return float(x.value) if isinstance(x, fg.Node) else float(x)


def most(xs: list[Any], sign: float = 1.0) -> Any:
    """The largest one; equal ones share."""
    best = max([sign * known(x) for x in xs])
    if math.isnan(best):
        return total(xs)
    same = [x for x in xs if sign * known(x) == best]
    return total(same) / float(len(same))


def variance(xs: list[Any], ddof: int = 0) -> Any:
    """The variance."""
    middle = total(xs) / float(len(xs))
    return fg.div(total([fg.square(x - middle) for x in xs]), float(len(xs) - ddof))


def root(square: Any) -> Any:
    """The square root of a sum of squares."""
    return fg.where(fg.equal(square, 0.0), 0.0, fg.sqrt(square))


def norm(x: Any, ord: Any = None, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The norms there are."""
    kinds: dict[Any, Callable[[list[Any]], Any]] = {
        1: lambda xs: total([fg.abs(x) for x in xs]),
        np.inf: lambda xs: most([fg.abs(x) for x in xs]),
    }
    euclidean = lambda xs: root(total([fg.square(x) for x in xs]))
    return reduced(kinds.get(ord, euclidean))(x, axis, keepdims=keepdims)


def along(f: Callable[[list[Any]], list[Any]]) -> Callable[..., Any]:
    """A function of a line of numbers to as many, along an axis."""

    def going(x: Any, axis: Any = None) -> Any:
        if axis is None:
            x, axis = np.ravel(boxed(x)), 0
        turned = np.moveaxis(boxed(x), axis, -1)
        out = np.empty(turned.shape, object)
        for place in np.ndindex(turned.shape[:-1]):
            for i, y in enumerate(f(list(turned[place]))):
                out[(*place, i)] = y
        return np.moveaxis(out, -1, axis)

    return going


def softmax(x: Any, axis: int = -1) -> Any:
    """Exponentials over their sum."""
    return WORLD.exp(WORLD.sub(x, WORLD.logsumexp(x, axis, keepdims=True)))


def logsumexp(xs: list[Any]) -> Any:
    """By pairs."""
    out = -np.inf
    for x in xs:
        out = fg.logaddexp(out, x)
    return out


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


def sort(x: Any, axis: int = -1) -> Any:
    """Equal ones keep their order."""
    return along(lambda xs: [xs[i] for i in np.argsort(list(map(known, xs)), kind="stable")])(
        x, axis
    )


def _sums(combine: Callable[[Any, Any], Any]) -> Callable[[list[Any]], list[Any]]:
    return lambda xs: list(itertools.accumulate(xs, combine))


def stack(parts: Any, axis: int = 0) -> Any:
    """Side by side."""
    return np.stack([boxed(x) for x in parts], axis)


def diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    """Of neighbours."""
    x = np.moveaxis(boxed(x), axis, -1)
    for _ in range(n):
        x = boxed(WORLD.sub(x[..., 1:], x[..., :-1]))
    return np.moveaxis(x, -1, axis)


def _below(x: Any, k: int) -> Any:
    rows, columns = np.shape(x)[-2:]
    return np.tri(rows, columns, k, dtype=bool)


def _fill() -> None:
    operations = [
        name for name, op in vars(fg).items() if type(op).__module__.startswith("fgrad.ops")
    ]
    for name in operations:
        setattr(WORLD, name, spread(getattr(fg, name)))
    moves = (
        "reshape ravel transpose moveaxis swapaxes squeeze expand_dims broadcast_to roll flip repeat tile "
        "take take_along_axis diagonal diag split"
    )
    for name in moves.split():
        setattr(WORLD, name, moved(getattr(np, name)))
    for f in (softmax, einsum, matmul, tensordot, dot, solve, inv, det, sort, stack, diff, norm):  # fmt: skip
        setattr(WORLD, f.__name__, f)
    WORLD.det = det
    WORLD.sum, WORLD.logsumexp = reduced(total), reduced(logsumexp)
    WORLD.prod = reduced(lambda xs: fg.prod([1.0, *xs]))
    WORLD.mean = reduced(lambda xs: total(xs) / float(len(xs)))
    WORLD.max, WORLD.min = reduced(most), reduced(lambda xs: most(xs, -1.0))
    WORLD.variance = reduced(variance)
    WORLD.std = lambda *args, **options: spread(root)(WORLD.variance(*args, **options))
    WORLD.cumsum, WORLD.cumprod = along(_sums(fg.add)), along(_sums(fg.mul))
    WORLD.cholesky = each_matrix(cholesky)
    WORLD.slogdet = lambda a: (0.0, WORLD.log(WORLD.abs(det(a))))
    WORLD.concatenate = lambda parts, axis=0: np.concatenate([boxed(x) for x in parts], axis)
    WORLD.pad = lambda x, width, c=0.0: np.pad(boxed(x), width, constant_values=c)
    WORLD.inner = lambda a, b: tensordot(a, b, ((-1,), (-1,)))
    WORLD.vdot = lambda a, b: matmul(boxed(a).ravel(), boxed(b).ravel())
    WORLD.outer = lambda a, b: WORLD.mul(boxed(a).ravel()[:, None], boxed(b).ravel())
    WORLD.trace = lambda x, k=0, a=0, b=1: WORLD.sum(np.diagonal(boxed(x), k, a, b), -1)
    WORLD.tril = lambda x, k=0: WORLD.where(_below(x, k), x, 0.0)
    WORLD.triu = lambda x, k=0: WORLD.where(~_below(x, k - 1), x, 0.0)


_fill()
