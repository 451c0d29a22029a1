"""Arrays as bytes: element after element, the last axis fastest, little-endian on every machine."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

MOST_AXES: Final = 32 if np.lib.NumpyVersion(np.__version__) < "2.0.0" else 64
"""How many axes an array of numpy has at most."""
KINDS: Final = frozenset(
    {"float64", "bool", *[f"{u}int{n}" for u in ("", "u") for n in (8, 16, 32, 64)]}
)
"""The names of what elements may be: numbers, truth values, and whole numbers of an index."""


def packed(array: Any) -> bytes:
    """The elements of an array as bytes."""
    little = array.dtype.newbyteorder("<")
    content: bytes = array.astype(little, copy=False).tobytes()
    return content


def unpacked(kind: str, shape: tuple[int, ...], content: bytes) -> Any:
    """The read-only array of those bytes; ValueError unless they are of that kind and shape."""
    dtype = np.dtype(kind).newbyteorder("<")
    if math.prod(shape) * dtype.itemsize != len(content):
        raise ValueError(
            f"{math.prod(shape)} elements take {math.prod(shape) * dtype.itemsize} bytes"
        )
    if kind == "bool" and not {*content} <= {0, 1}:
        raise ValueError("a truth value is a byte 0 or 1")
    made = np.frombuffer(content, dtype).reshape(shape).astype(np.dtype(kind))
    made.flags.writeable = False
    return made
