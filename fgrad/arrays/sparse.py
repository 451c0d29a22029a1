"""Products with sparse matrices, and sparse systems: operations on their nonzeros and an array.

Where the nonzeros are belongs to the operation, a `Key` of rows and columns in the order of CSR, each
place once. What they are is an argument, so a constant matrix is a plain array there and a variable
one a node. Where nothing is stored nothing flows, which is less than a zero.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np

from fgrad.arrays.contract import contracted
from fgrad.arrays.linear import Key, Shape, full, indexing, placing
from fgrad.arrays.matrices import by_columns, scaled
from fgrad.arrays.primitive import Contribution, Contributions, Whole
from fgrad.arrays.values import shape_of
from fgrad.errors import MissingExtra
from fgrad.ops.multiple import either
from fgrad.ops.operand import Guarded

_CACHED: Final = 128
_FACTORS: Final = 8
"""Factorisations that are kept: each takes the memory of its fill-in."""


def scipy_sparse(where: str) -> Any:
    """The module `scipy.sparse`; MissingExtra, for `where`, if it is not installed."""
    try:
        from scipy import sparse  # noqa: PLC0415  # an extra, which takes a tenth of a second
    except ImportError as error:
        raise MissingExtra(where, "scipy", "optimize") from error
    return sparse


@lru_cache(_CACHED)
def _layout(places: Key, shape: Shape) -> tuple[Any, Any]:
    """Where the rows begin, and the columns, as CSR has them; ValueError for places that are not such."""
    rows, columns = places.parts
    height, width = shape
    if (
        rows.ndim != 1
        or rows.shape != columns.shape
        or not {rows.dtype.kind, columns.dtype.kind} <= {*"iu"}
    ):
        raise ValueError("rows and columns are whole numbers, as many of both")
    for ends, length in ((rows, height), (columns, width)):
        if ends.size and not 0 <= ends.min() <= ends.max() < length:
            raise ValueError("a place is outside of the matrix")
    down, right = np.diff(rows.astype(np.int64)), np.diff(columns.astype(np.int64))
    if not ((down > 0) | ((down == 0) & (right > 0))).all():
        raise ValueError("places are in the order of rows, then of columns, each once")
    small = max(height, width, rows.size) < np.iinfo(np.int32).max
    kind = np.int32 if small else np.int64
    starts = np.searchsorted(rows, np.arange(height + 1))
    return starts.astype(kind), columns.astype(kind)


def _matrix(places: Key, shape: Shape, data: Any, where: str) -> Any:
    """The matrix of those nonzeros, in CSR."""
    starts, columns = _layout(places, shape)
    return scipy_sparse(where).csr_array((data, columns, starts), shape=shape)


def _ends(places: Key, back: bool) -> tuple[Key, Key]:
    """For each nonzero where in the result it counts, and by what of the argument it is multiplied."""
    rows, columns = places.parts
    return (Key((columns,)), Key((rows,))) if back else (Key((rows,)), Key((columns,)))


@lru_cache(_CACHED)
def _reached(places: Key, length: int, back: bool) -> Any:
    """Which elements of a result have nonzeros; None if all have."""
    reached = np.zeros(length, bool)
    reached[places.parts[1 if back else 0]] = True
    reached.flags.writeable = False
    return None if reached.all() else reached


def size_of_result(op: Whole, x: Shape) -> int:
    """How many elements the result has at most, and what is needed for it: factors may fill in."""
    shape: Shape = op.key[1]
    height, width = shape
    if op.name == "sparse_solve":
        return height * width + math.prod(x)
    return math.prod((width if op.key[2] else height, *x[1:])) + height + width


# Products.


@lru_cache(_CACHED)
def sparse_product(places: Key, shape: Shape, back: bool) -> Whole:
    """The product of a sparse matrix of that shape, transposed if `back`, with a vector or matrix."""

    def multiplied(data: Any, x: Any) -> Any:
        matrix = _matrix(places, shape, data, "matmul")
        return (matrix.T if back else matrix) @ x

    def pullback(
        y: Any, args: Sequence[Any], g: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        (data, x), g = args, full(g, shape_of(y))
        to_data = _at_nonzeros(places, back, g, x) if wanted[0] else None
        return to_data, _product(places, shape, not back, data, g) if wanted[1] else None

    def pushforward(y: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        (data, x), (d_data, dx) = args, moves
        by_data = (
            None
            if d_data is None
            else _product(places, shape, back, full(d_data, shape_of(data)), x)
        )
        by_x = None if dx is None else _product(places, shape, back, data, full(dx, shape_of(x)))
        return _added(by_data, by_x)

    key = (places, shape, back)
    return Whole("sparse_product", multiplied, (sparse_product, key), key, 2, pullback, pushforward)


def _added(x: Contribution, y: Contribution) -> Contribution:
    if x is None or y is None:
        return y if x is None else x
    return either(x, y)


def _product(
    places: Key, shape: Shape, back: bool, data: Contribution, x: Contribution
) -> Contribution:
    """A product of which one side is a flow of its full shape: term by term if that is guarded."""
    to, of = _ends(places, back)
    length = shape[1 if back else 0]
    if isinstance(data, Guarded):
        factors = indexing(of)(x)
        terms = contracted("k,k->k" if len(shape_of(x)) == 1 else "k,ka->ka", data, factors)
    elif isinstance(x, Guarded):
        factors = indexing(of).along(x)
        terms = contracted("k,k->k" if len(shape_of(x.value)) == 1 else "ka,k->ka", factors, data)
    else:
        y = sparse_product(places, shape, back)(data, x)
        reached = _reached(places, length, back)
        if reached is None:
            return y
        if len(shape_of(y)) > 1:
            reached = np.broadcast_to(reached[:, None], shape_of(y))
        return Guarded(reached, y, zero=True)
    return placing(to, (length, *shape_of(terms.value)[1:])).along(terms)


def _at_nonzeros(places: Key, back: bool, g: Contribution, x: Any) -> Contribution:
    """The outer product of a flow to a result and an argument, at the nonzeros alone."""
    to, of = _ends(places, back)
    spec = "k,k->k" if len(shape_of(x)) == 1 else "ka,ka->k"
    return contracted(spec, indexing(to).along(g), indexing(of)(x))


# Systems.


@lru_cache(_CACHED)
def sparse_solve(places: Key, shape: Shape, back: bool) -> Whole:
    """The solution of a sparse system of that shape, transposed if `back`, for a matrix of right-hand sides."""

    def solved(data: Any, b: Any) -> Any:
        if not b.size:
            return np.zeros(b.shape)
        factors = _factors(places, shape, np.asarray(data).tobytes())
        if factors is None:
            return np.full(b.shape, np.nan)
        return factors.solve(np.array(b, order="F"), "T" if back else "N")

    def pullback(
        x: Any, args: Sequence[Any], g: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        data, _ = args
        transposed = sparse_solve(places, shape, not back)
        t = by_columns(full(g, shape_of(x)), lambda v: transposed(data, v))
        to_data = scaled(_at_nonzeros(places, back, t, x), -1.0) if wanted[0] else None
        return to_data, t if wanted[1] else None

    def pushforward(x: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        (data, _), (d_data, db) = args, moves
        by_data = None
        if d_data is not None:
            by_data = scaled(_product(places, shape, back, full(d_data, shape_of(data)), x), -1.0)
        db = None if db is None else full(db, shape_of(x))
        moved = full(_added(by_data, db), shape_of(x))
        return by_columns(moved, lambda v: sparse_solve(places, shape, back)(data, v))

    key = (places, shape, back)
    return Whole("sparse_solve", solved, (sparse_solve, key), key, 2, pullback, pushforward)


@lru_cache(_FACTORS)
def _factors(places: Key, shape: Shape, content: bytes) -> Any:
    """SuperLU's factors of the matrix of those nonzeros, for both systems; None if it is singular or not finite."""
    data = np.frombuffer(content)
    matrix = _matrix(places, shape, data, "spsolve")
    if not np.isfinite(data).all():
        return None
    from scipy.sparse.linalg import splu  # noqa: PLC0415  # as above

    try:
        return splu(matrix.tocsc())
    except RuntimeError:  # it is exactly singular
        return None
