"""The outputs of a program over rows: new columns, or arrays that were given."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from fgrad.backends.buffers.cpython import address
from fgrad.backends.buffers.pool import doubles
from fgrad.errors import NotAValue, summary

if TYPE_CHECKING:
    from fgrad.backends.buffers.inputs import Array

TOGETHER: Final = 1 << 16
"""Rows up to which new columns are slices of one array."""
_DOUBLE: Final = np.dtype(np.float64)
_BOOL: Final = np.dtype(np.bool_)


def new_columns(truths: Sequence[bool], length: int) -> Array | list[Array]:
    """New columns for outputs, each of which starts in another set of the cache.

    Where all start at one offset in a page, or at two, the cache cannot hold the lines of 32
    outputs at once: the Jacobian of 2,000 cameras takes 87 us at one, 76 at two, else 44.
    """
    if length <= TOGETHER and True not in truths:
        stride = length // 8 * 8 + 8
        stride += 8 * (stride % 256 == 0)
        return doubles(len(truths) * stride).reshape(len(truths), stride)[:, :length]
    return [
        np.empty(length, np.bool_) if truth else doubles(length + 512)[8 * (k % 64) :][:length]
        for k, truth in enumerate(truths)
    ]


def filled(length: int, number: float | bool) -> Array:
    """A column of one number."""
    column = np.empty(length, np.bool_) if isinstance(number, (bool, np.bool_)) else doubles(length)
    column[...] = number
    return column


def checked(given: Sequence[object], truths: Sequence[bool], rows: int) -> list[Array]:
    """Arrays `(N,)` for an output each and arrays `(N, k)` for k of them, checked to be writable.

    Raises NotAValue for what is no writable array of `rows` rows, of float64 or, for booleans, of
    bool, and for arrays that overlap.
    """
    arrays: list[Any] = []
    place = 0
    for x in given:
        kind = _BOOL if place < len(truths) and truths[place] else _DOUBLE
        size = x.shape[1] if isinstance(x, np.ndarray) and x.ndim == 2 else 1
        if len(set(truths[place : place + size])) > 1:
            advice = "Give an array for each number of the result."
            raise NotAValue("out", "columns of one kind", "truth values beside numbers", advice)
        fits = type(x) is np.ndarray and x.ndim in (1, 2) and len(x) == rows and x.dtype == kind
        if not (isinstance(x, np.ndarray) and fits and x.flags.writeable and x.flags.aligned):
            got = summary(x)
            if isinstance(x, np.ndarray):
                lock = "" if x.flags.writeable else "read-only "
                got = f"a {lock}{type(x).__name__} of shape {x.shape} and dtype {x.dtype}"
            needed = f"a writable array of {rows} rows of {kind}"
            raise NotAValue("out", needed, got, "Make it with numpy.empty, or leave it out.")
        arrays.append(x)
        place += size
    if place != len(truths):
        advice = "Give an array for each number of the result, or one of k columns for k of them."
        raise NotAValue("out", f"{len(truths)} columns", f"{place}", advice)
    if _overlap(arrays):
        advice = "Give each number of each row a place of its own."
        raise NotAValue("out", "arrays apart in memory", "numbers in one place", advice)
    return arrays


def columns_of(arrays: Sequence[Array]) -> list[Array]:
    """A view of one axis for each output."""
    return [
        column
        for x in arrays
        for column in ([x] if x.ndim == 1 else [x[:, i] for i in range(x.shape[1])])
    ]


def _overlap(given: Sequence[Array]) -> bool:
    """Whether arrays overlap in memory, one in itself or two of them."""
    if not all(map(_has_distinct_elements, given)):
        return True
    if not _overlapping(sorted(map(span, given))):
        return False
    return any(np.shares_memory(x, y) for x, y in combinations(given, 2))


def _has_distinct_elements(x: Array) -> bool:
    """Whether no two elements of an array share memory."""
    strides, reach = x.strides, x.itemsize
    if strides == (reach,):
        return True
    for step, size in sorted(zip(map(abs, strides), x.shape, strict=True)):
        if size > 1 and step < reach:
            return not x.size
        reach += step * max(0, size - 1)
    return True


def _overlapping(spans: Sequence[tuple[int, int]]) -> bool:
    """Whether spans, sorted by their start, overlap."""
    end = 0
    for start, stop in spans:
        if start < end:
            return True
        end = stop
    return False


def span(x: Array) -> tuple[int, int]:
    """The address of the first number, and that behind the last."""
    low = address(x)
    if x.flags.c_contiguous:
        return low, low + x.nbytes
    high = low
    for step, size in zip(x.strides, x.shape, strict=True):
        if step < 0:
            low += step * (size - 1)
        else:
            high += step * (size - 1)
    return (low, high + x.itemsize) if x.size else (low, low)


def direct_starts(arrays: Sequence[Array], inputs: Sequence[Array]) -> list[int] | None:
    """The addresses of the outputs, if code may write there: they are contiguous and no input overlaps them.

    The arrays do not overlap each other, as `checked` ensures.
    """
    if any(x.strides[0] != x.itemsize and len(x) > 1 for x in arrays):
        return None
    spans = sorted(map(span, arrays))
    if _overlapping(spans):
        return None
    for low, high in map(span, inputs):
        k = bisect_left(spans, (high, 0)) - 1
        if k >= 0 and spans[k][1] > low:
            return None
    return starts_of(arrays)


def starts_of(arrays: Sequence[Array] | Array) -> list[int]:
    """The addresses of columns: of a list of arrays, or of the rows of one of two axes."""
    if isinstance(arrays, np.ndarray):
        first, step = address(arrays), arrays.strides[0]
        return [first + k * step for k in range(len(arrays))]
    return list(map(address, columns_of(arrays)))
