"""What takes matrices of `scipy.sparse`: products by @ and `matmul`, and `spsolve`."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from fgrad.arrays.linear import Key, Shape, indexing, placing, reshaped
from fgrad.arrays.matrices import turned
from fgrad.arrays.shapes import given, refused
from fgrad.arrays.sparse import scipy_sparse, sparse_product, sparse_solve
from fgrad.arrays.values import array, is_sparse, shape_of
from fgrad.errors import NotAValue, SilentDetach
from fgrad.graph.refusals import array_refused
from fgrad.ops.operand import told

_ASKING = ("_matmul_dispatch", "_mul_dispatch")
"""The functions of scipy.sparse that leave a product to its right side if that is no array."""


class _Constant(NamedTuple):
    places: Key
    shape: Shape
    data: Any


class _Remembered(NamedTuple):
    """What a matrix was made into, and a copy of what it held then."""

    matrix: Callable[[], Any]
    parts: tuple[Any, ...]
    constant: _Constant


_remembered: Final[dict[int, _Remembered]] = {}
"""By the identities of matrices that live. An entry counts if the matrix still holds the same."""


def _constant(a: Any, where: str) -> _Constant:
    """A matrix as the operations take it: as before if it is the same and was not written to."""
    parts, place = _parts(a), id(a)
    known = _remembered.get(place)
    if known is not None and known.matrix() is a and _alike(known.parts, parts):
        return known.constant
    constant = _converted(a, where)
    if parts:
        forget = weakref.ref(a, lambda _: _remembered.pop(place, None))
        copies = tuple([part.copy() for part in parts])
        _remembered[place] = _Remembered(forget, copies, constant)
    return constant


def _parts(a: Any) -> tuple[Any, ...]:
    """The arrays that say all of a matrix of two dimensions; none for formats that are rarely multiplied."""
    if a.ndim != 2 or a.format not in ("csr", "csc", "coo"):
        return ()
    shape = np.array(a.shape)
    return (
        (shape, a.data, a.row, a.col) if a.format == "coo" else (shape, a.data, a.indices, a.indptr)
    )


def _alike(old: tuple[Any, ...], new: tuple[Any, ...]) -> bool:
    """Whether arrays hold the same bytes; nan is no other than before."""
    pairs = list(zip(old, new, strict=True))
    kinds = [x.dtype == y.dtype and x.shape == y.shape for x, y in pairs]
    return all(kinds) and all(x.tobytes() == y.tobytes() for x, y in pairs)


def _converted(a: Any, where: str) -> _Constant:
    """A matrix in CSR, with repeated elements added up."""
    csr = scipy_sparse(where).csr_array(a, copy=True)
    if csr.dtype != np.float64:
        csr = type(csr)(
            (np.array(array(csr.data, where)), csr.indices, csr.indptr), shape=csr.shape
        )
    csr.sum_duplicates()
    counts = np.diff(csr.indptr)
    rows = np.repeat(np.arange(csr.shape[0]), counts)
    places = Key((_fixed(rows), _fixed(csr.indices.astype(np.int64))))
    return _Constant(places, tuple(map(int, csr.shape)), array(_fixed(csr.data), where))


def _variable(a: Any, data: Any, where: str) -> _Constant:
    """The same of other values for what is stored, in the order of `a.data`."""
    if a.format not in ("csr", "csc", "coo"):
        advice = "Convert it first, as in a.tocsr(): data= is in the order of its data."
        raise NotAValue(f"{where} with data=", "a csr, csc or coo array", told(a), advice)
    coo, data = a.tocoo(), given(data, where)
    if shape_of(data) != (coo.nnz,):
        got = f"data of shape {shape_of(data)} for {coo.nnz} elements"
        raise refused(where, got, "Give a number for each of a.data, in its order.")
    rows, columns = (np.asarray(x, dtype=np.int64) for x in (coo.row, coo.col))
    order = np.lexsort((columns, rows))
    rows, columns = rows[order], columns[order]
    new = np.ones(order.size, bool)
    new[1:] = (np.diff(rows) != 0) | (np.diff(columns) != 0)
    if not new.all():
        slots = np.empty(order.size, np.int64)
        slots[order] = np.cumsum(new) - 1
        data = placing(Key((_fixed(slots),)), (int(new.sum()),))(data)
    elif (np.diff(order) != 1).any():
        data = indexing(Key((_fixed(order),)))(data)
    places = Key((_fixed(rows[new]), _fixed(columns[new])))
    return _Constant(places, tuple(map(int, a.shape)), data)


def _fixed(x: Any) -> Any:
    x.flags.writeable = False
    return x


def product(a: Any, b: Any) -> Any:
    """`a @ b` of which one is sparse, and the other an array or node of one or two dimensions."""
    if not is_sparse(a):
        return _from_right(a, b)
    if is_sparse(b):
        advice = "Write a @ b, which is scipy's: of two constants the product is one."
        raise NotAValue("matmul of a sparse array", "an array or a node", told(b), advice)
    s, b = a.shape, given(b, "matmul")
    _fitting(s, shape_of(b), s[-1:], shape_of(b)[:1])
    places, shape, data = _constant(a if len(s) == 2 else a.reshape((1, *s)), "matmul")
    y = sparse_product(places, shape, False)(data, b)
    return y if len(s) == 2 else reshaped(y, shape_of(y)[1:])


def _from_right(a: Any, b: Any) -> Any:
    s, a = b.shape, given(a, "matmul")
    _fitting(shape_of(a), s, shape_of(a)[-1:], s[:1])
    places, shape, data = _constant(b if len(s) == 2 else b.reshape((*s, 1)), "matmul")
    vector = len(shape_of(a)) == 1
    y = sparse_product(places, shape, True)(data, a if vector else turned(a))
    y = y if vector else turned(y)
    return y if len(s) == 2 else reshaped(y, shape_of(y)[:-1])


def _fitting(s: Any, t: Any, *summed: Any) -> None:
    """Raise ShapeMismatch unless the shapes of two factors go together."""
    if not 1 <= len(s) <= 2 or not 1 <= len(t) <= 2:
        advice = "With a sparse one both have one or two axes."
        raise refused("matmul", f"shapes {tuple(s)} and {tuple(t)}", advice)
    if summed[0] != summed[1]:
        advice = "The last axis of the first is summed with the first of the second."
        raise refused("matmul", f"shapes {tuple(s)} and {tuple(t)}", advice)


def spsolve(a: Any, b: Any, *, data: Any = None) -> Any:
    """The x with a @ x = b for a matrix of scipy.sparse; `b` is a vector or a matrix. Of a singular one it is nan.

    With `data`, which may be a node, its elements are these, in the order of `a.data`, and those of
    `a` are not read. One factorisation (SuperLU's) serves the solution and all its derivatives.
    Raises MissingExtra without scipy, ShapeMismatch, and NotAValue for a matrix that is not sparse.
    """
    sparse = scipy_sparse("spsolve")
    if not sparse.issparse(a):
        advice = "Convert it by sparse.csr_array(a), or write fg.solve(a, b) for an array."
        raise NotAValue("spsolve", "a matrix of scipy.sparse", told(a), advice)
    if sparse.issparse(b):
        raise NotAValue("spsolve's b", "an array or a node", told(b), "Write b.toarray().")
    b = given(b, "spsolve")
    s, t = tuple(a.shape), shape_of(b)
    if len(s) != 2 or s[0] != s[1] or len(t) not in (1, 2) or t[0] != s[0]:
        advice = "Give a square matrix, and a vector or matrix with as many rows."
        raise refused("spsolve", f"shapes {s} and {t}", advice)
    known = _constant(a, "spsolve") if data is None else _variable(a, data, "spsolve")
    solve = sparse_solve(known.places, known.shape, False)
    x = solve(known.data, b if len(t) == 2 else reshaped(b, (t[0], 1)))
    return x if len(t) == 2 else reshaped(x, t)


def no_array(self: Any, *args: object, **options: object) -> Any:
    """Refuse: an array of what a node holds would not be differentiated.

    A product of scipy.sparse asks for one too, and leaves the product to the node if it gets an
    object that is no array of numbers.
    """
    frame = sys._getframe(1)
    if not str(frame.f_globals.get("__name__")).startswith("scipy.sparse"):
        raise array_refused(self)
    if frame.f_code.co_name not in _ASKING:
        advice = "Write fg.matmul(A, x) for a product with a sparse array, and fg.spsolve(A, b)."
        raise SilentDetach("an array", repr(self), advice)
    unread = np.empty((), object)
    unread[()] = self
    return unread
