"""Memory for new columns: that of columns which nobody holds any more, or new.

The system hands out memory page by page, and zeros each, which takes as long as most programs take to
fill it: the Jacobian of a camera over a million rows takes 22 ns a row into memory that was used
before, and 59 into new.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import numpy as np

from fgrad.native.interpreter import floats

if TYPE_CHECKING:
    from fgrad.column import Array

LIMIT: Final = 1 << 29
"""Bytes that are kept at most."""
LEAST: Final = 1 << 14
"""Bytes from which on memory is kept: the allocator keeps smaller pieces by itself."""

# Arrays by their size; they go to the ends of their lists.
_kept: Final[dict[int, list[Array]]] = {}


def doubles(count: int) -> Array:
    """An array of so many doubles, with anything in them.

    It is one that was handed out before if nothing refers to that any more, nor to a slice of it,
    for a slice refers to its array.
    """
    if 8 * count < LEAST or floats() is None:  # other interpreters may not count references
        return np.empty(count)
    arrays = _kept.setdefault(count, [])
    free = _free(arrays, _ALONE)
    return _new(count, arrays) if free is None else free


def _free(arrays: list[Array], alone: int) -> Array | None:
    """The last array with so many references, that of this function among them."""
    for array in reversed(arrays):
        # Who finds it alone holds it, so no other thread finds it alone.
        if sys.getrefcount(array) == alone:
            return array
    return None


_ALONE: Final = next(n for n in range(9) if _free([np.empty(1)], n) is not None)
"""The references to an array that nobody but its list holds, as `_free` sees them."""


def _new(count: int, arrays: list[Array]) -> Array:
    """A new array, kept if there is room when those of other sizes go."""
    size = 8 * count
    if sum([8 * n * len(kept) for n, kept in tuple(_kept.items())]) + size > LIMIT:
        for other in [n for n in tuple(_kept) if n != count]:
            _kept.pop(other, None)
    try:
        array = np.empty(count)
    except MemoryError:
        _kept.clear()
        return np.empty(count)
    if size * (len(arrays) + 1) <= LIMIT:
        arrays.append(array)
    return array
