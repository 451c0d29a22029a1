"""Products with sparse matrices and sparse systems, which the laws are tried on; it needs scipy."""

from typing import Any

import numpy as np
from scipy import sparse

import fgrad
from fgrad.arrays.linear import Key
from fgrad.arrays.sparse import sparse_product, sparse_solve
from tests.samples.arrays import Case

fg: Any = fgrad  # what is typed is tested in tests/typing

DENSE = np.array([
    [2.0, 0.0, -1.0, 0.0],
    [0.0, 0.0, 0.0, 0.0],
    [0.5, 0.0, 0.0, 3.0],
])  # fmt: skip
"""A row and a column of it are empty."""
FULL = np.array([[1.0, -2.0], [0.0, 3.0], [4.0, 0.0]])
REPEATED = sparse.coo_array(
    (np.array([1, 2, 3, -4]), (np.array([1, 0, 1, 0]), np.array([0, 2, 0, 1]))), shape=(2, 3)
)
"""Whole numbers, in no order, two of them in one place."""
SYSTEM = np.array([
    [5.0, 1.0, 0.0, 0.0],
    [0.0, 4.0, 0.0, -1.0],
    [2.0, 0.0, 6.0, 0.0],
    [0.0, 1.0, 1.0, 5.0],
])  # fmt: skip
TWICE = sparse.coo_array(
    (np.array([3.0, 1.0, 4.0, -1.0, 2.0, 6.0, 1.0, 1.0, 5.0, 2.0]),
     (np.array([0, 0, 1, 1, 2, 2, 3, 3, 3, 0]), np.array([0, 1, 1, 3, 0, 2, 1, 2, 3, 0]))), shape=(4, 4)
)  # fmt: skip
"""The same system, with its first element in two parts."""


def places(dense: Any) -> Key:
    """Where a matrix is not 0."""
    return Key(tuple(np.nonzero(dense)))


def _moved(data: Any) -> Any:
    """The nonzeros of the system, moved a little."""
    return sparse.csr_array(SYSTEM).data + 0.2 * data


_SPARSE = sparse.csr_array(DENSE)
SPARSE = [
    *[Case("sparse @ x", lambda x: fg.matmul(_SPARSE, x), (shape,), chooses=True) for shape in ((4,), (4, 2), (4, 0))],
    *[Case("x @ sparse", lambda x: fg.matmul(x, _SPARSE), (shape,), chooses=True) for shape in ((3,), (2, 3))],
    *[Case("full @ x", lambda x: fg.matmul(sparse.csc_array(FULL), x), (shape,)) for shape in ((2,), (2, 3))],
    *[Case("repeated @ x", lambda x: fg.matmul(REPEATED, x), (shape,)) for shape in ((3,), (3, 2))],
    *[
        Case(f"product {back} of nonzeros", lambda d, x, b=back: sparse_product(places(DENSE), (3, 4), b)(d, x), shapes, chooses=True)
        for back, *many in ((False, ((4,), (4,)), ((4,), (4, 2))), (True, ((4,), (3,)), ((4,), (3, 2))))
        for shapes in many
    ],
    *[
        Case("product of full nonzeros", sparse_product(places(FULL), (3, 2), False), shapes)
        for shapes in (((4,), (2,)), ((4,), (2, 2)))
    ],
    *[Case("spsolve", lambda b: fg.spsolve(sparse.csr_array(SYSTEM), b), (shape,)) for shape in ((4,), (4, 2), (4, 1), (4, 0))],
    *[
        Case("spsolve of nonzeros", lambda d, b: fg.spsolve(sparse.csr_array(SYSTEM), b, data=_moved(d)), shapes, chooses=True)
        for shapes in (((9,), (4,)), ((9,), (4, 2)))
    ],
    Case("transposed system", lambda d, b: sparse_solve(places(SYSTEM), (4, 4), True)(_moved(d), b), ((9,), (4, 2)), chooses=True),
    Case("spsolve of repeated", lambda d, b: fg.spsolve(TWICE, b, data=TWICE.data + 0.1 * d), ((10,), (4,)), chooses=True),
    Case("spsolve by columns", lambda d, b: fg.spsolve(sparse.csc_array(SYSTEM), b, data=sparse.csc_array(SYSTEM).data + 0.1 * d), ((9,), (4,)), chooses=True),
]  # fmt: skip
