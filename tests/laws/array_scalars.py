"""The same programs on numbers: an oracle of programs over arrays that needs no other library.

Derivatives are fgrad's of functions of numbers, which have laws of their own.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import fgrad as fg
from tests.laws.array_contracted import (
    cholesky,
    det,
    dot,
    each_matrix,
    einsum,
    inv,
    kron,
    matmul,
    matrix_power,
    solve,
    tensordot,
)
from tests.laws.array_kit import run
from tests.laws.array_programs import Program
from tests.laws.array_written import (
    WORLD,
    along,
    boxed,
    diff,
    known,
    logsumexp,
    most,
    moved,
    norm,
    reduced,
    root,
    softmax,
    sort,
    spread,
    stack,
    sums,
    total,
    unboxed,
    variance,
)


def taken(tree: Any) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    """The numbers of a tree, and how it is made of others."""
    if isinstance(tree, (list, tuple)):
        parts = list(map(taken, tree))
        sizes = [0, *itertools.accumulate([len(p[0]) for p in parts])]
        kind: Any = type(tree)
        again = lambda xs: kind(
            [p[1](xs[i:j]) for p, i, j in zip(parts, sizes, sizes[1:], strict=False)]
        )
        return [x for p in parts for x in p[0]], again
    if isinstance(tree, dict):
        keys = sorted(tree)
        numbers, listed = taken([tree[k] for k in keys])
        return numbers, lambda xs: dict(zip(keys, listed(xs), strict=True))
    box = boxed(tree)

    def shaped(xs: Sequence[Any]) -> Any:
        out = np.empty(box.shape, object)
        for place, x in zip(np.ndindex(box.shape), xs, strict=True):
            out[place] = x
        return unboxed(out)

    return list(box.flat), shaped


def _written(f: Callable[..., Any], x: Any) -> tuple[Any, Any, Callable[[Any], Any]]:
    """A function of a list of numbers to another, the numbers, and the tree of others."""
    numbers, again = taken(x)
    return (lambda xs: taken(f(again(xs)))[0]), numbers, again


def value_and_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Of a tree."""

    def both(x: Any) -> Any:
        g, numbers, again = _written(f, x)
        value, slopes = fg.value_and_gradient(lambda xs: g(xs)[0])(numbers)
        return value, again(slopes)

    return both


def jvp(f: Callable[..., Any]) -> Callable[..., Any]:
    """Along a tree."""

    def pushed(x: Any, dx: Any) -> Any:
        g, numbers, _ = _written(f, x)
        _, like = taken(f(x))
        return tuple(map(like, fg.jvp(g)(numbers, taken(dx)[0])))

    return pushed


def vjp(f: Callable[..., Any]) -> Callable[..., Any]:
    """The value, and the pullback."""

    def pulled(x: Any) -> Any:
        g, numbers, again = _written(f, x)
        _, pull = fg.vjp(g)(numbers)
        return f(x), lambda bar: again(pull(taken(bar)[0]))

    return pulled


def hvp(f: Callable[..., Any]) -> Callable[..., Any]:
    """A product with second derivatives."""

    def bent(x: Any, dx: Any) -> Any:
        g, numbers, again = _written(f, x)
        return again(fg.hvp(lambda xs: g(xs)[0])(numbers, taken(dx)[0]))

    return bent


def jacobian(f: Callable[..., Any], mode: str = "auto") -> Callable[..., Any]:
    """Of an array by an array."""

    def rows(x: Any) -> Any:
        g, numbers, _ = _written(f, x)
        shape = (*np.shape(boxed(f(x))), *np.shape(boxed(x)))
        found = [y for row in fg.jacobian(g)(numbers) for y in row]
        return (taken(np.empty(shape, object))[1](found),)

    return rows


def _below(x: Any, k: int) -> Any:
    rows, columns = np.shape(x)[-2:]
    return np.tri(rows, columns, k, dtype=bool)


class At:
    """An array with other elements at an index."""

    def __init__(self, x: Any) -> None:
        self.x, self.key = boxed(x), None

    def __getitem__(self, key: Any) -> At:
        self.key = key
        return self

    def set(self, values: Any) -> Any:
        """Where the last of several values counts."""
        return self._changed(values, lambda old, new: new)

    def add(self, values: Any) -> Any:
        """Where all of them do."""
        return self._changed(values, lambda old, new: old + new)

    def _changed(self, values: Any, change: Callable[[Any, Any], Any]) -> Any:
        out = self.x.copy()
        places = np.arange(out.size).reshape(out.shape)[self.key]
        news = np.broadcast_to(boxed(values), places.shape)
        for place, value in zip(places.flat, news.flat, strict=True):
            at = np.unravel_index(place, out.shape)
            out[at] = change(out[at], value)
        return out


def select(conditions: Any, choices: Any, default: Any) -> Any:
    """The first that holds."""
    out = default
    for condition, choice in reversed(list(zip(conditions, choices, strict=True))):
        out = WORLD.where(condition, choice, out)
    return out


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
    for f in (softmax, einsum, matmul, tensordot, dot, solve, inv, det, sort, stack, diff, norm, kron, matrix_power, select):  # fmt: skip
        setattr(WORLD, f.__name__, f)
    WORLD.det = det
    WORLD.sum, WORLD.logsumexp = reduced(total), reduced(logsumexp)
    WORLD.prod = reduced(lambda xs: fg.prod([1.0, *xs]))
    WORLD.mean = reduced(lambda xs: total(xs) / float(len(xs)))
    WORLD.max, WORLD.min = reduced(most), reduced(lambda xs: most(xs, -1.0))
    WORLD.variance = reduced(variance)
    WORLD.std = lambda *args, **options: spread(root)(WORLD.variance(*args, **options))
    WORLD.cumsum, WORLD.cumprod = along(sums(fg.add)), along(sums(fg.mul))
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
    WORLD.hstack = lambda parts: np.concatenate([boxed(x) for x in parts])
    WORLD.vstack, WORLD.at = stack, At
    WORLD.multi_dot = lambda parts: functools.reduce(matmul, parts)
    WORLD.solve_triangular = lambda a, b, **_: solve(a, b)


_fill()


for _transform in (value_and_gradient, jvp, vjp, hvp, jacobian):
    setattr(WORLD, _transform.__name__, _transform)
WORLD.gradient = lambda f: lambda x: value_and_gradient(f)(x)[1]
WORLD.hessian = lambda f: jacobian(WORLD.gradient(f))


class Oracle:
    """What a program on numbers says, as JAX does in `array_jax`."""

    def __init__(self, program: Program) -> None:
        self.f = run(program.oracle, WORLD)

    @staticmethod
    def covers(program: Program) -> bool:
        """Whether everything in it is written out."""
        return all(hasattr(WORLD, name) for name in re.findall(r"fg\.(\w+)", program.oracle))

    def value(self, leaves: Sequence[Any]) -> list[Any]:
        """The leaves of the result."""
        return [_array(y) for y in self.f([_objects(x) for x in leaves])]

    def pulled(self, leaves: Sequence[Any], bars: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """For each row of cotangents what flows to the leaves."""
        _, pull = vjp(lambda xs: list(self.f(xs)))([_objects(x) for x in leaves])
        return [[_array(x) for x in pull(list(row))] for row in bars]

    def pushed(self, leaves: Sequence[Any], moves: Sequence[Any]) -> list[Any]:
        """How the result moves."""
        xs = [_objects(x) for x in leaves]
        return [_array(y) for y in jvp(lambda xs: list(self.f(xs)))(xs, list(moves))[1]]

    def bent(
        self, leaves: Sequence[Any], weights: Sequence[Any], moves: Sequence[Sequence[Any]]
    ) -> list[list[Any]]:
        """For each direction how the gradient of the weighed result moves."""

        def loss(xs: Any) -> Any:
            pairs = zip(taken(list(self.f(xs)))[0], taken(list(weights))[0], strict=True)
            return total([y * w for y, w in pairs])

        xs = [_objects(x) for x in leaves]
        return [[_array(x) for x in hvp(loss)(xs, list(row))] for row in moves]


def _objects(x: Any) -> Any:
    return unboxed(boxed(np.asarray(x, float)))


def _array(x: Any) -> Any:
    box = boxed(x)
    return np.array([known(y) for y in box.flat]).reshape(box.shape)
