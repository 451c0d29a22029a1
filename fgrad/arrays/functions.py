"""Functions of whole arrays composed of the primitives: long, as numpy has many names.

They take nodes, arrays and numbers, and give a node where they are given one.
"""

from __future__ import annotations

import math
from builtins import max as largest
from collections.abc import Callable
from typing import Any

import numpy as np

from fgrad.arrays.contract import contract
from fgrad.arrays.linear import accumulating, permuted, reshaped, summing
from fgrad.arrays.reductions import extremum, kept, log_sum_exp
from fgrad.arrays.shapes import (
    Axis,
    axes_of,
    axis_of,
    concatenate,
    diagonal,
    given,
    index,
    ravel,
    refused,
    reshape,
    transpose,
)
from fgrad.arrays.values import shape_of
from fgrad.ops import scalar as ops


def _reduced(
    x: Any, axis: Axis, keepdims: bool, where: str, make: Callable[..., Any], *, empty: bool = True
) -> Any:
    """A reduction along axes, which stay with length 1 if `keepdims`."""
    x = given(x, where)
    shape = shape_of(x)
    axes = axes_of(axis, len(shape), where)
    if not empty and 0 in [shape[a] for a in axes]:
        raise refused(where, f"no elements, of shape {shape}", "Give one element at least.")
    out = make(axes)(x) if axes else x
    return reshaped(out, kept(shape, axes)) if keepdims else out


def sum(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The sum along axes, or of all elements."""
    return _reduced(x, axis, keepdims, "sum", summing)


def max(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The largest element along axes; equal ones share the derivative."""
    return _reduced(x, axis, keepdims, "max", lambda axes: extremum("max", axes), empty=False)


def min(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The smallest element along axes; equal ones share the derivative."""
    return _reduced(x, axis, keepdims, "min", lambda axes: extremum("min", axes), empty=False)


def logsumexp(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The logarithm of the sum of exponentials along axes."""
    return _reduced(x, axis, keepdims, "logsumexp", log_sum_exp)


def softmax(x: Any, axis: int = -1) -> Any:
    """Exponentials along an axis, divided by their sum."""
    x = given(x, "softmax")
    return ops.exp(ops.sub(x, logsumexp(x, axis, keepdims=True)))


def _count(x: Any, axis: Axis, where: str) -> float:
    shape = shape_of(x)
    return float(math.prod([shape[a] for a in axes_of(axis, len(shape), where)]))


def mean(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The mean along axes, or of all elements."""
    x = given(x, "mean")
    return ops.div(sum(x, axis, keepdims=keepdims), _count(x, axis, "mean"))


def variance(x: Any, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Any:
    """The mean square distance from the mean; `ddof` is taken off the number of elements."""
    x = given(x, "var")
    apart = ops.sub(x, mean(x, axis, keepdims=True))
    return ops.div(sum(ops.square(apart), axis, keepdims=keepdims), _count(x, axis, "var") - ddof)


def std(x: Any, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Any:
    """The square root of the variance; its derivative is 0 where the variance is."""
    return _root(variance(x, axis, ddof=ddof, keepdims=keepdims))


def _root(square: Any) -> Any:
    """The square root of a sum of squares: nothing flows where all are 0."""
    return ops.where(ops.equal(square, 0.0), 0.0, ops.sqrt(square))


def norm(x: Any, ord: Any = None, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The Euclidean norm along axes, of matrices Frobenius'; with `ord` 1 or inf that of vectors.

    The derivative is 0 where all elements are.
    """
    x = given(x, "norm")
    ndim = len(axes_of(axis, len(shape_of(x)), "norm"))
    if ord is None or (ord == "fro" and ndim == 2) or (ord == 2 and ndim == 1):
        return _root(sum(ops.square(x), axis, keepdims=keepdims))
    if ndim == 1 and ord == 1:
        return sum(ops.abs(x), axis, keepdims=keepdims)
    if ndim == 1 and ord == np.inf:
        return max(ops.abs(x), axis, keepdims=keepdims)
    advice = "Take None, or of vectors 1, 2 or inf."
    raise refused("norm", f"ord={ord!r:.20} along {ndim} axes", advice)


def prod(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The product along axes, right at zeros to every order: it multiplies in pairs."""
    x = given(x, "prod")
    shape = shape_of(x)
    axes = axes_of(axis, len(shape), "prod")
    rest = [a for a in range(len(shape)) if a not in axes]
    outer = tuple([shape[a] for a in rest])
    out = reshape(transpose(x, (*axes, *rest)), (math.prod([shape[a] for a in axes]), *outer))
    if not shape_of(out)[0]:
        out = summing((0,))(out) + 1.0
    else:
        while (n := shape_of(out)[0]) > 1:
            pairs = ops.mul(index(out, slice(0, n - n % 2, 2)), index(out, slice(1, None, 2)))
            out = concatenate([pairs, index(out, slice(n - 1, None))]) if n % 2 else pairs
        out = index(out, 0)
    return reshape(out, kept(shape, axes)) if keepdims else out


def cumsum(x: Any, axis: int | None = None) -> Any:
    """The sums of all elements up to each, along an axis."""
    x = given(x, "cumsum")
    if axis is None:
        x, axis = ravel(x), 0
    return accumulating(axis_of(axis, len(shape_of(x)), "cumsum"), False)(x)


def cumprod(x: Any, axis: int | None = None) -> Any:
    """The products of all elements up to each, along an axis; right at zeros to every order."""
    x = given(x, "cumprod")
    if axis is None:
        x, axis = ravel(x), 0
    place = axis_of(axis, len(shape_of(x)), "cumprod")
    before = (slice(None),) * place
    length, step = shape_of(x)[place], 1
    while step < length:
        head = index(x, (*before, slice(0, step)))
        late = index(x, (*before, slice(step, None)))
        tail = ops.mul(late, index(x, (*before, slice(0, -step))))
        x, step = concatenate([head, tail], place), 2 * step
    return x


def diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    """The differences of neighbours along an axis, taken n times."""
    x = given(x, "diff")
    before = (slice(None),) * axis_of(axis, len(shape_of(x)), "diff")
    for _ in range(n):
        x = ops.sub(index(x, (*before, slice(1, None))), index(x, (*before, slice(0, -1))))
    return x


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum along a diagonal."""
    return sum(diagonal(x, offset, axis1, axis2), -1)


# Products.


def matmul(a: Any, b: Any) -> Any:
    """The product of matrices and vectors, as `a @ b`; axes before the last two are broadcast."""
    a, b = given(a, "matmul"), given(b, "matmul")
    s, t = shape_of(a), shape_of(b)
    if not s or not t:
        raise refused("matmul", f"shapes {s} and {t}", "Multiply numbers by *.")
    if s[-1] != t[largest(0, len(t) - 2)]:
        advice = "The last axis of the first is summed with the last but one of the second."
        raise refused("matmul", f"shapes {s} and {t}", advice)
    if len(s) == 2 == len(t):
        return contract("ab,bc->ac", a, b)
    if len(s) == 1 or len(t) == 1:
        return _with_vector(a, b)
    batch_a, batch_b = s[:-2], t[:-2]
    try:
        np.broadcast_shapes(batch_a, batch_b)
    except ValueError:
        raise refused(
            "matmul", f"shapes {s} and {t}", "Align the axes before the last two."
        ) from None
    names = "defghijklmnopq"[: largest(len(batch_a), len(batch_b))]
    a, left = _lettered(a, names, batch_a, batch_b)
    b, right = _lettered(b, names, batch_b, batch_a)
    out = "".join([c for c in names if c in left or c in right])
    y = contract(f"{left}ab,{right}bc->{out}ac", a, b)
    return reshaped(y, (*np.broadcast_shapes(batch_a, batch_b), s[-2], t[-1]))


def _lettered(
    x: Any, names: str, mine: tuple[int, ...], theirs: tuple[int, ...]
) -> tuple[Any, str]:
    """An operand without the axes along which it is repeated, and the letters of the others."""
    names = names[len(names) - len(mine) :]
    padded = (1,) * (len(mine) - len(theirs)) + theirs
    other = padded[len(padded) - len(mine) :]
    keep = [not (n == 1 and m != 1) for n, m in zip(mine, other, strict=True)]
    shape = [n for n, k in zip(mine, keep, strict=True) if k]
    return reshaped(x, (*shape, *shape_of(x)[-2:])), "".join(
        [c for c, k in zip(names, keep, strict=True) if k]
    )


def _with_vector(a: Any, b: Any) -> Any:
    n, m = len(shape_of(a)), len(shape_of(b))
    names = "defghijklmnopq"
    if n == m == 1:
        return contract("a,a->", a, b)
    if m == 1:
        return contract(f"{names[: n - 2]}ab,b->{names[: n - 2]}a", a, b)
    return contract(f"a,{names[: m - 2]}ab->{names[: m - 2]}b", a, b)


def dot(a: Any, b: Any) -> Any:
    """numpy's dot: of vectors and matrices their product, of others over the last axis and the last but one."""
    a, b = given(a, "dot"), given(b, "dot")
    n, m = len(shape_of(a)), len(shape_of(b))
    if not n or not m:
        return ops.mul(a, b)
    if n <= 2 and m <= 2:
        return matmul(a, b)
    return tensordot(a, b, ((n - 1,), (largest(0, m - 2),)))


def inner(a: Any, b: Any) -> Any:
    """The products summed over the last axis of both."""
    a, b = given(a, "inner"), given(b, "inner")
    if not shape_of(a) or not shape_of(b):
        return ops.mul(a, b)
    return tensordot(a, b, ((-1,), (-1,)))


def vdot(a: Any, b: Any) -> Any:
    """The products of all elements, summed."""
    return matmul(ravel(given(a, "vdot")), ravel(given(b, "vdot")))


def outer(a: Any, b: Any) -> Any:
    """The products of each element of one with each of the other."""
    return contract("a,b->ab", ravel(given(a, "outer")), ravel(given(b, "outer")))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The products summed over pairs of axes: the last and the first so many, or those named."""
    a, b = given(a, "tensordot"), given(b, "tensordot")
    n, m = len(shape_of(a)), len(shape_of(b))
    if isinstance(axes, int):
        axes = (tuple(range(n - axes, n)), tuple(range(axes)))
    pairs = [(x,) if isinstance(x, int) else tuple(x) for x in axes]
    left = [axis_of(x, n, "tensordot") for x in pairs[0]]
    right = [axis_of(x, m, "tensordot") for x in pairs[1]]
    letters = "abcdefghijklmnopqrstuvwxyz"
    p, q = letters[:n], list(letters[n : n + m])
    for i, j in zip(left, right, strict=True):
        if shape_of(a)[i] != shape_of(b)[j]:
            got = f"shapes {shape_of(a)} and {shape_of(b)} over axes {i} and {j}"
            raise refused("tensordot", got, "Sum over axes of one length.")
        q[j] = p[i]
    summed = {p[i] for i in left}
    out = "".join([c for c in (*p, *q) if c not in summed])
    return contract(f"{p},{''.join(q)}->{out}", a, b)


def einsum(spec: str, *operands: Any) -> Any:
    """Products summed by letters; where no result is named, by those that are there twice.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> fg.einsum("ij,j->i", np.eye(2), np.array([1.0, 2.0]))
    array([1., 2.])
    """
    parts = [given(x, "einsum") for x in operands]
    inputs, out = _parsed(spec, parts)
    pairs = [
        _single(x, names, _needed(inputs, i, out))
        for i, (x, names) in enumerate(zip(parts, inputs, strict=True))
    ]
    x, names = pairs[0]
    for i, (other, theirs) in enumerate(pairs[1:], 2):
        later = {c for _, rest in pairs[i:] for c in rest} | set(out)
        both = [c for c in dict.fromkeys(names + theirs) if c in later]
        x, names = _paired(x, names, other, theirs, "".join(both))
    x, names = _single(x, names, set(out))
    return permuted(x, tuple([names.index(c) for c in out])) if out else x


def _needed(inputs: list[str], place: int, out: str) -> set[str]:
    return {c for i, names in enumerate(inputs) if i != place for c in names} | set(out)


def _parsed(spec: str, parts: list[Any]) -> tuple[list[str], str]:
    text = spec.replace(" ", "")
    arguments, arrow, out = text.partition("->")
    inputs = arguments.split(",")
    every = "".join(inputs)
    if not arrow:
        out = "".join(sorted([c for c in set(every) if every.count(c) == 1]))
    wrong = None
    if not (every + out).isalpha() and every + out:
        wrong = "letters alone"
    elif len(inputs) != len(parts):
        wrong = f"{len(inputs)} arrays, not {len(parts)}"
    elif not set(out) <= set(every) or len(set(out)) < len(out):
        wrong = "each letter of the result once, and from an array"
    elif any(len(names) != len(shape_of(x)) for names, x in zip(inputs, parts, strict=True)):
        wrong = "a letter for each axis"
    else:
        lengths: dict[str, int] = {}
        for names, x in zip(inputs, parts, strict=True):
            for c, n in zip(names, shape_of(x), strict=True):
                if lengths.setdefault(c, n) != n:
                    wrong = f"one length for {c}, not {lengths[c]} and {n}"
    if wrong:
        raise refused("einsum", f"{spec!r:.60}: it needs {wrong}", "Write it as for np.einsum.")
    return inputs, out


def _single(x: Any, names: str, needed: set[str]) -> tuple[Any, str]:
    """One operand: diagonals where a letter is repeated, sums over letters nobody else needs."""
    for c in dict.fromkeys(names):
        while names.count(c) > 1:
            i = names.index(c)
            j = names.index(c, i + 1)
            x = diagonal(x, 0, i, j)
            names = names[:i] + names[i + 1 : j] + names[j + 1 :] + c
    lost = tuple([i for i, c in enumerate(names) if c not in needed])
    return (sum(x, lost) if lost else x), "".join([c for c in names if c in needed])


def _paired(x: Any, names: str, other: Any, theirs: str, out: str) -> tuple[Any, str]:
    if not names or not theirs:
        return ops.mul(x, other), names + theirs
    # What one of both has alone and nobody needs any more is summed first.
    x, names = _single(x, names, set(theirs) | set(out))
    other, theirs = _single(other, theirs, set(names) | set(out))
    if not names or not theirs:
        return ops.mul(x, other), names + theirs
    return contract(f"{names},{theirs}->{out}", x, other), out
