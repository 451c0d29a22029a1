"""Large arrays a block at a time: what lies between is as large as a block, and stays in the cache.

A rule such as that of `tanh` makes half a dozen arrays on its way. Of large arrays these are what a
gradient would need its memory for, and writing them what it would need its time for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from fgrad.arrays.values import plain

LARGE: Final = 1 << 16
"""Elements from which on blocks pay."""
_BLOCK: Final = 1 << 14
"""Elements of a block."""


def in_blocks(f: Callable[..., Any], args: Sequence[Any]) -> Any:
    """`f`, which goes element by element, of the first of `args` and what is broadcast to its shape.

    None if its result is not of that shape: then it is a constant, and there is nothing to gain.

    >>> in_blocks(lambda x, y: x + y, [np.ones((2, 3)), np.arange(3.0)])
    array([[1., 2., 3.],
           [1., 2., 3.]])
    """
    shape = args[0].shape
    axis = shape.index(max(shape)) - len(shape)
    length = shape[axis]
    step = max(1, _BLOCK * length // math.prod(shape))
    after = (slice(None),) * (-axis - 1)
    made: Any = None
    for start in range(0, length, step):
        place = (..., slice(start, start + step), *after)
        parts = [_part(a, axis, length, place) for a in args]
        result = f(*parts)
        if made is None:
            if type(result) is not np.ndarray or result.shape != parts[0].shape:
                return None
            made = np.empty(shape)
        made[place] = result
    return plain(made)


def _part(a: Any, axis: int, length: int, place: tuple[Any, ...]) -> Any:
    """A block of an array; all of what is broadcast along the axis."""
    whole = type(a) is not np.ndarray or a.ndim < -axis or a.shape[axis] != length
    return a if whole else a[place]
