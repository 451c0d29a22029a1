"""Functions of arrays that every law is tried on: each with shapes that it takes, and a domain."""

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np

import fgrad
from fgrad.arrays.functions import trace, variance
from fgrad.arrays.lines import diff

fg: Any = fgrad  # what is typed is tested in tests/typing

Shapes = tuple[tuple[int, ...], ...]


@attrs.frozen
class Case:
    """`f` of arrays named by `shapes`; `same` is how JAX calls it, of its module and arrays."""

    name: str
    f: Callable[..., Any]
    shapes: Shapes
    low: float = -2.0
    high: float = 2.0
    same: Callable[..., Any] | None = None
    definite: bool = False
    """Whether the first argument is made symmetric and positive definite."""
    chooses: bool = False
    """Whether some of the result is constant, or some of an argument is not read."""
    constant: bool = False
    """Whether it is singular where all elements are equal."""

    def __str__(self) -> str:
        return f"{self.name}-{'-'.join('x'.join(map(str, s)) or '0d' for s in self.shapes)}"

    def arguments(self, seed: int = 0) -> list[Any]:
        """Arrays of those shapes, apart from each other's values; floats of no dimension."""
        random = np.random.default_rng(seed)
        arrays = [random.uniform(self.low, self.high, size=shape) for shape in self.shapes]
        if self.definite:
            a = arrays[0]
            arrays[0] = a @ np.swapaxes(a, -1, -2) + 2.0 * np.eye(a.shape[-1])
        return [a if a.ndim else float(a) for a in arrays]


_SHAPES: tuple[tuple[int, ...], ...] = ((3,), (2, 3), (2, 1, 3), (1,), (0,), (2, 0))
_PAIRS: tuple[Shapes, ...] = (
    ((3,), (3,)), ((2, 3), (3,)), ((2, 1, 3), (4, 1)), ((), (2, 3)), ((2, 3), ()), ((0, 3), (3,)),
    ((1,), (4,)), ((1, 1), (0,)),
)  # fmt: skip
_UNARY: tuple[tuple[str, float, float], ...] = (
    ("sin", -2, 2), ("cos", -2, 2), ("tan", -1, 1), ("exp", -2, 2), ("expm1", -2, 2),
    ("log", 0.5, 2), ("log1p", -0.5, 2), ("log2", 0.5, 2), ("log10", 0.5, 2), ("exp2", -2, 2),
    ("sqrt", 0.5, 2), ("cbrt", 0.5, 2), ("square", -2, 2), ("reciprocal", 0.5, 2), ("abs", -2, 2),
    ("neg", -2, 2), ("tanh", -2, 2), ("sinh", -2, 2), ("cosh", -2, 2), ("asin", -0.9, 0.9),
    ("acos", -0.9, 0.9), ("atan", -2, 2), ("asinh", -2, 2), ("acosh", 1.5, 3), ("atanh", -0.9, 0.9),
    ("sigmoid", -2, 2), ("softplus", -2, 2), ("relu", -2, 2), ("erf", -2, 2), ("erfc", -2, 2),
    ("lgamma", 0.5, 3), ("digamma", 0.5, 3),
)  # fmt: skip
_BINARY: tuple[tuple[str, float, float], ...] = (
    ("add", -2, 2), ("sub", -2, 2), ("mul", -2, 2), ("div", 0.5, 2), ("pow", 0.5, 2),
    ("maximum", -2, 2), ("minimum", -2, 2), ("hypot", -2, 2), ("atan2", 0.2, 2),
    ("logaddexp", -2, 2), ("mod", 0.3, 2), ("copysign", 0.5, 2),
)  # fmt: skip

ELEMENTWISE = [
    Case(name, getattr(fg, name), (shape,), low, high)
    for name, low, high in _UNARY
    for shape in _SHAPES
] + [
    Case(name, getattr(fg, name), shapes, low, high)
    for name, low, high in _BINARY
    for shapes in _PAIRS
]


def _chosen(x: Any, y: Any) -> Any:
    return fg.where(x > 0.1, x * y, fg.exp(y))


def _clipped(x: Any, y: Any) -> Any:
    return fg.clip(x, y - 1.0, y + 0.5)


WHOLE = [
    Case("where", _chosen, ((2, 3), (3,)), same=lambda j, x, y: j.where(x > 0.1, x * y, j.exp(y))),
    Case("clip", _clipped, ((2, 3), (3,)), same=lambda j, x, y: j.clip(x, y - 1.0, y + 0.5)),
    *[
        Case(f"{name} over {axis} {kept}", lambda x, n=name, a=axis, k=kept: getattr(fg, n)(x, a, keepdims=k), (shape,),
             same=lambda j, x, n=name, a=axis, k=kept: getattr(j, n)(x, axis=a, keepdims=k))
        for name in ("sum", "mean", "prod")
        for axis, shape in ((0, (2, 3)), (1, (2, 3)), (None, (2, 3)), ((0, 2), (2, 3, 4)), (-1, (4,)), (0, (0, 3)), (0, (1, 3)))
        for kept in (False, True)
        if not (name == "mean" and 0 in shape)
    ],
    *[
        Case(f"{name} over {axis}", lambda x, n=name, a=axis: getattr(fg, n)(x, a), (shape,),
             same=lambda j, x, n=name, a=axis: getattr(j, n)(x, axis=a))
        for name in ("max", "min", "std")
        for axis, shape in ((0, (2, 3)), (1, (2, 3)), (None, (2, 3)), ((0, 2), (2, 3, 4)), (-1, (4,)))
    ],
    Case("var", lambda x: variance(x, 1, ddof=1), ((2, 4),), same=lambda j, x: j.var(x, axis=1, ddof=1)),
    Case("logsumexp", lambda x: fg.logsumexp(x, 1), ((2, 3),), same=lambda j, x: j.log(j.sum(j.exp(x), 1))),
    Case("logsumexp of all", lambda x: fg.logsumexp(x, keepdims=True), ((2, 3),), same=lambda j, x: j.log(j.sum(j.exp(x), keepdims=True))),
    Case("softmax", lambda x: fg.softmax(x, 0), ((3, 2),), same=lambda j, x: j.exp(x) / j.sum(j.exp(x), 0)),
    Case("norm", lambda x: fg.norm(x, axis=1), ((2, 3),), same=lambda j, x: j.linalg.norm(x, axis=1)),
    Case("norm of all", fg.norm, ((2, 3),), same=lambda j, x: j.linalg.norm(x)),
    Case("cumsum", lambda x: fg.cumsum(x, 1), ((2, 3),), same=lambda j, x: j.cumsum(x, 1)),
    Case("cumsum of none", fg.cumsum, ((0,),)),
    Case("cumprod", lambda x: fg.cumprod(x, 0), ((5, 2),), same=lambda j, x: j.cumprod(x, 0)),
    Case("diff", lambda x: diff(x, 2, 0), ((5, 2),), same=lambda j, x: j.diff(x, 2, 0)),
    Case("reshape", lambda x: fg.reshape(x, (3, -1)), ((2, 6),), same=lambda j, x: j.reshape(x, (3, -1))),
    Case("ravel", fg.ravel, ((2, 3),), same=lambda j, x: j.ravel(x)),
    Case("transpose", lambda x: fg.transpose(x, (1, 2, 0)), ((2, 3, 4),), same=lambda j, x: j.transpose(x, (1, 2, 0))),
    Case("moveaxis", lambda x: fg.moveaxis(x, (0, 1), (-1, 0)), ((2, 3, 4),), same=lambda j, x: j.moveaxis(x, (0, 1), (-1, 0))),
    Case("swapaxes", lambda x: fg.swapaxes(x, 0, -1), ((2, 3, 4),), same=lambda j, x: j.swapaxes(x, 0, -1)),
    Case("squeeze", fg.squeeze, ((1, 3, 1),), same=lambda j, x: j.squeeze(x)),
    Case("expand_dims", lambda x: fg.expand_dims(x, (0, -1)), ((3,),), same=lambda j, x: j.expand_dims(x, (0, -1))),
    Case("broadcast_to", lambda x: fg.broadcast_to(x, (4, 2, 3)), ((2, 1),), same=lambda j, x: j.broadcast_to(x, (4, 2, 3))),
    Case("concatenate", lambda x, y: fg.concatenate([x, y, x], 1), ((2, 3), (2, 1)), same=lambda j, x, y: j.concatenate([x, y, x], 1)),
    Case("stack", lambda x, y: fg.stack([x, y, x], -1), ((2,), (2,)), same=lambda j, x, y: j.stack([x, y, x], -1)),
    Case("stack of numbers", lambda x, y: fg.stack([x, y]), ((), ()), same=lambda j, x, y: j.stack([x, y])),
    Case("split", lambda x: fg.split(x, (1, 3), 1)[1], ((2, 4),), same=lambda j, x: j.split(x, (1, 3), 1)[1]),
    Case("flip", lambda x: fg.flip(x, 1), ((2, 3),), same=lambda j, x: j.flip(x, 1)),
    Case("roll", lambda x: fg.roll(x, 2, 1), ((2, 3),), same=lambda j, x: j.roll(x, 2, 1)),
    Case("repeat", lambda x: fg.repeat(x, 2, 1), ((2, 3),), same=lambda j, x: j.repeat(x, 2, 1)),
    Case("tile", lambda x: fg.tile(x, (2, 1, 2)), ((2, 3),), same=lambda j, x: j.tile(x, (2, 1, 2))),
    Case("pad", lambda x: fg.pad(x, ((1, 0), (0, 2)), constant_values=1.5), ((2, 3),), same=lambda j, x: j.pad(x, ((1, 0), (0, 2)), constant_values=1.5)),
    Case("take", lambda x: fg.take(x, [2, 0, 2], 1), ((2, 3),), same=lambda j, x: j.take(x, np.array([2, 0, 2]), 1)),
    Case("sort", lambda x: fg.sort(x, 0), ((5, 2),), same=lambda j, x: j.sort(x, 0)),
    Case("diagonal", lambda x: fg.diagonal(x, 1, 2, 0), ((4, 2, 3),), same=lambda j, x: j.diagonal(x, 1, 2, 0)),
    Case("diag of a vector", lambda x: fg.diag(x, -1), ((3,),), same=lambda j, x: j.diag(x, -1)),
    Case("diag of a matrix", lambda x: fg.diag(x, -1), ((3, 4),), same=lambda j, x: j.diag(x, -1)),
    Case("tril", lambda x: fg.tril(x, 1), ((3, 4),), same=lambda j, x: j.tril(x, 1)),
    Case("triu", lambda x: fg.triu(x, 1), ((2, 3, 4),), same=lambda j, x: j.triu(x, 1)),
    Case("trace", trace, ((3, 4),), same=lambda j, x: j.trace(x)),
    *[
        Case(f"index {i}", lambda x, k=key: _at(x, k), ((4, 3),), same=lambda j, x, k=key: x[k])
        for i, key in enumerate((
            1, (1, 2), slice(1, None, 2), (slice(None, None, -1), None, 0), (..., 1), None,
            np.array([0, 3, 0]), (np.array([[0], [3]]), np.array([1, 1])),
            (slice(None), np.array([2, 2, 0])), np.array([True, False, True, True]),
            (np.array([1, 2]), slice(0, 2)), (np.array([1, 1]), None, np.array([0, 2])), slice(2, 2),
        ))
    ],
    *[
        Case("matmul", fg.matmul, shapes, same=lambda j, a, b: j.matmul(a, b))
        for shapes in (((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)),
                       ((2, 1, 2, 3), (5, 3, 4)), ((5, 2, 3), (3,)), ((3,), (5, 3, 2)), ((0, 3), (3, 2)), ((2, 0), (0, 3)), ((1, 1), (1, 1)))
    ],
    Case("outer", fg.outer, ((3,), (2,)), same=lambda j, a, b: j.outer(a, b)),
    Case("inner", fg.inner, ((2, 3), (4, 3)), same=lambda j, a, b: j.inner(a, b)),
    Case("vdot", fg.vdot, ((2, 3), (2, 3)), same=lambda j, a, b: j.vdot(a, b)),
    Case("dot", fg.dot, ((2, 3), (4, 3, 2)), same=lambda j, a, b: j.dot(a, b)),
    Case("tensordot", lambda a, b: fg.tensordot(a, b, ((0, 1), (1, 0))), ((2, 3, 4), (3, 2)), same=lambda j, a, b: j.tensordot(a, b, ((0, 1), (1, 0)))),
    *[
        Case(f"einsum {spec}", lambda *xs, s=spec: fg.einsum(s, *xs), shapes, same=lambda j, *xs, s=spec: j.einsum(s, *xs))
        for spec, shapes in (
            ("kij,nkj->nki", ((2, 3, 3), (4, 2, 3))), ("ab,c->c", ((2, 3), (4,))), ("ii", ((3, 3),)), ("iij->ji", ((3, 3, 2),)),
            ("ij,jk,kl", ((2, 3), (3, 4), (4, 2))), ("i,i,i->i", ((3,), (3,), (3,))), ("i,j", ((2,), (3,))), ("ab,ab->", ((2, 3), (2, 3))),
            ("ij->", ((2, 3),)), ("ab,b,ac->c", ((2, 3), (3,), (2, 4))),
        )
    ],
    Case("solve", fg.solve, ((3, 3), (3, 2)), definite=True, same=lambda j, a, b: j.linalg.solve(a, b)),
    Case("solve of a vector", fg.solve, ((3, 3), (3,)), definite=True, same=lambda j, a, b: j.linalg.solve(a, b)),
    Case("solve of many", fg.solve, ((2, 3, 3), (3, 2)), definite=True),
    Case("inv", fg.inv, ((2, 3, 3),), definite=True, same=lambda j, a: j.linalg.inv(a)),
    Case("det", fg.det, ((3, 3),), definite=True, same=lambda j, a: j.linalg.det(a)),
    Case("det of many", fg.det, ((2, 3, 3),), definite=True, same=lambda j, a: j.linalg.det(a)),
    Case("slogdet", lambda a: fg.slogdet(a).logabsdet, ((2, 3, 3),), definite=True, same=lambda j, a: j.linalg.slogdet(a)[1]),
    Case("cholesky", lambda a: fg.cholesky(a @ fg.swapaxes(a, -1, -2)), ((2, 3, 3),), definite=True, same=lambda j, a: j.linalg.cholesky(a @ j.swapaxes(a, -1, -2))),
]  # fmt: skip


def _at(x: Any, key: Any) -> Any:
    from fgrad.arrays.shapes import index  # noqa: PLC0415  # plain arrays have it as x[key]

    return index(x, key)


def layouts(array: Any) -> list[Any]:
    """The same numbers in other layouts: by columns, backwards, of every second element, read-only."""
    if not isinstance(array, np.ndarray):
        return [array]
    backwards = np.flip(np.flip(array).copy())
    spaced = np.empty([2 * n for n in array.shape])
    part = spaced[tuple([slice(None, None, 2)] * array.ndim)]
    part[...] = array
    fixed = array.copy()
    fixed.flags.writeable = False
    return [np.asfortranarray(array), backwards, part, fixed]
