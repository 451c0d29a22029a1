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
    singular: bool = False
    """Whether it has no derivative where the rows of an argument are equal."""

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


def _joined(parts: Any, ndim: int) -> Any:
    """All results of an operation in one array."""
    shape = (-1,) if ndim == 2 else (2, -1)
    return fg.concatenate([fg.reshape(part, shape) for part in parts], -1)


def _eigenpairs(a: Any) -> Any:
    return _joined(fg.eigh(a), np.ndim(getattr(a, "value", a)))


def _triple(a: Any) -> Any:
    return _joined(fg.svd(a, full_matrices=False), np.ndim(getattr(a, "value", a)))


def _factors(a: Any) -> Any:
    q, r = fg.qr(a)
    rows, columns = r.shape[-2:]
    upper = np.triu_indices(rows, 0, columns)
    return _joined((q, _at(r, (..., *upper))), np.ndim(getattr(a, "value", a)))


def _by_jax(name: str, **options: Any) -> Callable[..., Any]:
    """JAX's function of scipy.linalg, with a matrix that is not singular."""
    return lambda j, a, b: getattr(j.scipy.linalg, name)(a + 3.0 * np.eye(3), b, **options)


def _squares(j: Any, u: Any, s: Any, vh: Any) -> Any:
    """What does not depend on the signs of the vectors."""
    return j.concatenate([j.ravel(j.square(u)), s, j.ravel(j.square(vh))])


def _squared(a: Any) -> Any:
    return _squares(fg, *fg.svd(a, full_matrices=False))


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
    Case("det of one", fg.det, ((1, 1),), same=lambda j, a: j.linalg.det(a)),
    Case("cholesky", lambda a: fg.cholesky(a @ fg.swapaxes(a, -1, -2)), ((2, 3, 3),), definite=True, same=lambda j, a: j.linalg.cholesky(a @ j.swapaxes(a, -1, -2))),
    Case("cholesky of any", fg.cholesky, ((3, 3),), definite=True),
    Case("cholesky of many", fg.cholesky, ((2, 1, 3, 3),), definite=True),
    Case("cholesky of the upper part", lambda a: fg.cholesky(a, upper=True), ((3, 3),), definite=True),
    Case("solve of many and many", fg.solve, ((2, 1, 3, 3), (4, 3, 2)), definite=True),
    *[
        Case(f"solve_triangular {lower} {trans}", lambda a, b, k=lower, t=trans: fg.solve_triangular(a + 3.0 * np.eye(3), b, lower=k, trans=t),
             shapes, singular=True, same=same)
        for lower in (False, True) for trans in (0, "T")
        for shapes, same in (
            (((3, 3), (3, 2)), None),
            (((3, 3), (3,)), _by_jax("solve_triangular", lower=lower, trans=trans) if lower and trans else None),
            (((2, 3, 3), (4, 1, 3, 2)), None),
        )
    ],
    Case("eigvalsh", fg.eigvalsh, ((3, 3),), definite=True),
    Case("eigvalsh of the symmetric part", lambda a: fg.eigvalsh(0.5 * (a + fg.swapaxes(a, -1, -2))), ((2, 3, 3),), definite=True,
         same=lambda j, a: j.linalg.eigvalsh(0.5 * (a + j.swapaxes(a, -1, -2)))),
    Case("eigvalsh of the upper part", lambda a: fg.eigvalsh(a, "U"), ((2, 3, 3),), definite=True),
    Case("eigh", _eigenpairs, ((2, 3, 3),), definite=True),
    Case("eigh of one", _eigenpairs, ((1, 1),), definite=True),
    Case("eigh squared", lambda a: fg.square(fg.eigh(0.5 * (a + a.T)).eigenvectors), ((4, 4),), definite=True,
         same=lambda j, a: j.square(j.linalg.eigh(0.5 * (a + a.T))[1])),
    *[Case("svd", _triple, (shape,), singular=True) for shape in ((3, 3), (4, 3), (2, 3, 4), (3, 1), (1, 3), (1, 1))],
    *[
        Case("singular values", lambda a: fg.svd(a, compute_uv=False), (shape,), singular=True)
        for shape in ((3, 3), (4, 3), (2, 3, 4))
    ],
    *[
        Case("svd squared", _squared, (shape,), singular=True, same=same)
        for shape, same in (((3, 3), None), ((4, 2), lambda j, a: _squares(j, *j.linalg.svd(a, full_matrices=False))))
    ],
    *[Case("qr", _factors, (shape,), singular=True) for shape in ((3, 3), (4, 2), (2, 3, 4), (3, 1), (1, 3))],
    *[
        Case("qr squared", lambda a: fg.square(fg.qr(a).Q), (shape,), singular=True, same=same)
        for shape, same in (((2, 3, 2), None), ((4, 2), lambda j, a: j.square(j.linalg.qr(a)[0])))
    ],
    Case("r of qr", lambda a: fg.qr(a, "r") @ np.ones(3), ((4, 3),), singular=True),
    *[Case("pinv", fg.pinv, (shape,), singular=True, same=same)
      for shape, same in (((3, 3), None), ((4, 2), lambda j, a: j.linalg.pinv(a)), ((2, 4), None), ((2, 4, 3), None))],
    *[
        Case("lstsq", lambda a, b: fg.lstsq(a, b).x, shapes, singular=True, same=same)
        for shapes, same in ((((4, 2), (4,)), lambda j, a, b: j.linalg.lstsq(a, b)[0]), (((4, 2), (4, 3)), None), (((2, 4), (2,)), None), (((3, 3), (3, 2)), None))
    ],
    Case("lstsq residuals", lambda a, b: fg.lstsq(a, b).residuals, ((4, 2), (4, 3)), singular=True),
    Case("lstsq of a lower rank", lambda a, b: fg.lstsq(fg.outer(a, a), b).x, ((3,), (3,)), singular=True),
    *[
        Case(f"matrix_power {n}", lambda a, n=n: fg.matrix_power(a, n), ((2, 3, 3),), low=-1.0, high=1.0, definite=True)
        for n in (1, 2, 5, -1, -2)
    ],
    Case("multi_dot", lambda *xs: fg.multi_dot(xs), ((2,), (2, 3), (3, 4), (4, 2))),
    Case("multi_dot of matrices", lambda *xs: fg.multi_dot(xs), ((2, 3), (3, 1), (1, 2)), same=lambda j, *xs: j.linalg.multi_dot(xs)),
    Case("kron", fg.kron, ((2, 3), (3, 2))),
    *[Case("kron", fg.kron, shapes) for shapes in (((2,), (3, 2)), ((2, 2, 1), (3,)), ((), (2,)), ((2, 3), ()))],
    Case("expm", fg.expm, ((3, 3),)),
    *[
        Case(f"{name} of none", f, (shape,))
        for shape in ((0, 3, 3), (2, 0, 0))
        for name, f in (
            ("solve", lambda a: fg.solve(a, a)), ("inv", fg.inv), ("det", fg.det), ("slogdet", lambda a: fg.slogdet(a).logabsdet),
            ("cholesky", fg.cholesky), ("solve_triangular", lambda a: fg.solve_triangular(a, a)), ("eigvalsh", fg.eigvalsh),
            ("eigenvectors", lambda a: fg.eigh(a)[1]), ("svd", lambda a: fg.svd(a)[0]), ("qr", lambda a: fg.qr(a)[0]),
            ("pinv", fg.pinv), ("matrix_power", lambda a: fg.matrix_power(a, 2)), ("expm", fg.expm),
        )
    ],
    *[
        Case(f"rfft over {axis}", lambda x, a=axis: fg.concatenate(fg.rfft(x, a), a), (shape,),
             same=(lambda j, x: j.concatenate([j.fft.rfft(x).real, j.fft.rfft(x).imag], -1)) if axis == -1 and shape == (2, 6) else None)
        for axis, shape in ((-1, (2, 6)), (-1, (5,)), (0, (4, 3)), (1, (2, 3, 2)), (-1, (1,)), (-1, (2,)))
    ],
    *[Case(f"irfft {n}", lambda x, y, n=n: fg.irfft(x, y, n), ((2, 4), (2, 4))) for n in (6, 7)],
    Case("irfft over 0", lambda x, y: fg.irfft(x, y, axis=0), ((3, 2), (3, 2))),
    Case("expm of many", fg.expm, ((2, 2, 2),), low=-8.0, high=8.0),
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
