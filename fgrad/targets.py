"""Where the outputs over rows go: to new columns, or to arrays that were given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from fgrad.errors import NotAValue

if TYPE_CHECKING:
    from fgrad.column import Array

TOGETHER: Final = 1 << 16
"""Rows up to which new columns are slices of one array."""


def new_columns(truths: Sequence[bool], length: int) -> list[Array]:
    """Columns for outputs, each of which starts in another set of the cache.

    Large arrays all start at the same place in a page, and a store to each of 32 of them evicts the
    line that the last one needs: 64 bytes between them make bundle adjustment 2.2 times as fast.
    """
    if length <= TOGETHER and True not in truths:
        stride = length // 8 * 8 + 8
        stride += 8 * (stride % 512 == 0)
        return list(np.empty((len(truths), stride))[:, :length])
    return [
        np.empty(length, np.bool_) if truth else np.empty(length + 8 * (k % 64))[8 * (k % 64) :]
        for k, truth in enumerate(truths)
    ]


def views(given: Sequence[object], truths: Sequence[bool], rows: int) -> list[Array]:
    """A view of one axis for each output, of arrays `(N,)` and of arrays `(N, k)` for k of them.

    NotAValue for what is no writable array of `rows` rows, of float64 or, for truth values, of bool.
    """
    found: list[Any] = []
    for x in given:
        truth = len(found) < len(truths) and truths[len(found)]
        kind = np.bool_ if truth else np.float64
        fits = type(x) is np.ndarray and x.ndim in (1, 2) and len(x) == rows and x.dtype == kind
        if not (isinstance(x, np.ndarray) and fits and x.flags.writeable and x.flags.aligned):
            got = f"{x!r:.60}"
            if isinstance(x, np.ndarray):
                lock = "" if x.flags.writeable else "read-only "
                got = f"a {lock}{type(x).__name__} of shape {x.shape} and dtype {x.dtype}"
            needed = f"a writable array of {rows} rows of {np.dtype(kind)}"
            raise NotAValue("out", needed, got, "Make it with numpy.empty, or leave it out.")
        found += [x] if x.ndim == 1 else [x[:, i] for i in range(x.shape[1])]
    if len(found) != len(truths):
        advice = "Give an array for each number of the result, or one of k columns for k of them."
        raise NotAValue("out", f"{len(truths)} columns", f"{len(found)}", advice)
    return found


def are_direct(columns: Sequence[Array], inputs: Sequence[Array]) -> bool:
    """Whether code may write to the columns itself: they have no gaps, and no input's memory."""
    return all(
        x.strides == (x.itemsize,) and not any(np.may_share_memory(x, y) for y in inputs)
        for x in columns
    )
