"""Products of arrays, as numpy names them: contractions of two."""

from __future__ import annotations

from string import ascii_letters
from typing import Any, Final

import numpy as np

from fgrad.arrays.contract import contract, contraction
from fgrad.arrays.linear import reshaped
from fgrad.arrays.nodes import ArrayNode, new_node
from fgrad.arrays.shapes import axis_of, given, index, moveaxis, ravel, refused
from fgrad.arrays.sparse_functions import product as sparse_product
from fgrad.arrays.together import stack
from fgrad.arrays.values import array, is_sparse, quietly, shape_of
from fgrad.arrays.wholes import whole, wholes

_MATRICES: Final = contraction("ab,bc->ac")


def matmul(a: Any, b: Any) -> Any:
    """The product of matrices and vectors, as `a @ b`; axes before the last two are broadcast.

    One of them may be a matrix of scipy.sparse, which is a constant.
    """
    if type(a) is ArrayNode or type(b) is ArrayNode:
        made = _of_matrices(a, b)
        if made is not None:
            return made
    if is_sparse(a) or is_sparse(b):
        return sparse_product(a, b)
    a, b = given(a, "matmul"), given(b, "matmul")
    s, t = shape_of(a), shape_of(b)
    if not s or not t:
        raise refused("matmul", f"shapes {s} and {t}", "Multiply numbers by *.")
    if s[-1] != t[max(0, len(t) - 2)]:
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
    names = "defghijklmnopq"[: max(len(batch_a), len(batch_b))]
    a, left = _lettered(a, names, batch_a, batch_b)
    b, right = _lettered(b, names, batch_b, batch_a)
    out = "".join([c for c in names if c in left or c in right])
    y = contract(f"{left}ab,{right}bc->{out}ac", a, b)
    return reshaped(y, (*np.broadcast_shapes(batch_a, batch_b), s[-2], t[-1]))


def _of_matrices(a: Any, b: Any) -> Any:
    """The product of two matrices of which one is a node, in half of the time; None for all else."""
    x = a.value if type(a) is ArrayNode else a
    y = b.value if type(b) is ArrayNode else b
    if not type(x) is type(y) is np.ndarray or not x.ndim == 2 == y.ndim:
        return None
    if x.shape[1] != y.shape[0]:
        return None
    depth = -1
    if x is a:
        a = x = array(a, "matmul")
    else:
        depth = a.depth
    if y is b:
        b = y = array(b, "matmul")
    elif b.depth > depth:
        depth = b.depth
    return new_node(_MATRICES, a, b, quietly(np.matmul, x, y), depth + 1)


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
        return a * b
    if n <= 2 and m <= 2:
        return matmul(a, b)
    return tensordot(a, b, ((n - 1,), (max(0, m - 2),)))


def inner(a: Any, b: Any) -> Any:
    """The products summed over the last axis of both."""
    a, b = given(a, "inner"), given(b, "inner")
    if not shape_of(a) or not shape_of(b):
        return a * b
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
    if not isinstance(axes, (tuple, list)):
        count = whole(axes, "tensordot", 0)
        if count > min(n, m):
            got = f"{count} axes of arrays of {n} and {m}"
            raise refused("tensordot", got, "Sum over fewer.")
        axes = (tuple(range(n - count, n)), tuple(range(count)))
    pairs = [wholes(x, "tensordot") for x in axes]
    if len(pairs) != 2 or len(pairs[0]) != len(pairs[1]):
        raise refused("tensordot", f"axes {axes}", "Give as many axes of one as of the other.")
    left = [axis_of(x, n, "tensordot") for x in pairs[0]]
    right = [axis_of(x, m, "tensordot") for x in pairs[1]]
    p, q = ascii_letters[:n], list(ascii_letters[n : n + m])
    for i, j in zip(left, right, strict=True):
        if shape_of(a)[i] != shape_of(b)[j]:
            got = f"shapes {shape_of(a)} and {shape_of(b)} over axes {i} and {j}"
            raise refused("tensordot", got, "Sum over axes of one length.")
        q[j] = p[i]
    summed = {p[i] for i in left}
    out = "".join([c for c in (*p, *q) if c not in summed])
    return contract(f"{p},{''.join(q)}->{out}", a, b)


def vecdot(a: Any, b: Any, axis: int = -1) -> Any:
    """The products summed along an axis, of vectors that are aligned as arrays are."""
    a, b = moveaxis(a, axis, -1), moveaxis(b, axis, -1)
    return index(matmul(index(a, (..., None, slice(None))), index(b, (..., None))), (..., 0, 0))


def matvec(a: Any, b: Any) -> Any:
    """The products of matrices with vectors."""
    return index(matmul(a, index(b, (..., None))), (..., 0))


def vecmat(a: Any, b: Any) -> Any:
    """The products of vectors with matrices."""
    return index(matmul(index(a, (..., None, slice(None))), b), (..., 0, slice(None)))


def cross(  # noqa: PLR0917  # as numpy has it
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None
) -> Any:
    """The vector product of vectors of three elements."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = (moveaxis(given(x, "cross"), i, -1) for x, i in ((a, axisa), (b, axisb)))
    if shape_of(a)[-1] != 3 or shape_of(b)[-1] != 3:
        got = f"shapes {shape_of(a)} and {shape_of(b)}"
        raise refused("cross", got, "Give vectors of three elements.")
    (a0, a1, a2), (b0, b1, b2) = ([index(x, (..., i)) for i in range(3)] for x in (a, b))
    parts = [a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0]
    return moveaxis(stack(parts, -1), -1, axisc)
