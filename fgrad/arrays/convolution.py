"""Convolutions of two vectors: bilinear, and their own transposes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from fgrad.arrays.contract import contracted
from fgrad.arrays.linear import Key, cut, full, indexing, placing
from fgrad.arrays.parts import flip
from fgrad.arrays.primitive import Flow, Flows, Whole
from fgrad.arrays.shapes import given, index, refused
from fgrad.arrays.values import shape_of
from fgrad.errors import NotAValue
from fgrad.ops.multiple import either
from fgrad.ops.operand import Guarded


def _along(flow: Flow, other: Any, start: int, stop: int) -> Flow:
    """A part of the convolution of a flow of its full shape with a vector."""
    if not isinstance(flow, Guarded):
        return cut(_convolution(flow, other), 0, start, stop)
    # What does not flow meets nothing of the other: a contraction sees to that.
    (n,), (m,) = shape_of(flow.value), shape_of(other)
    wide = placing(Key((slice(m - 1, m - 1 + n),)), (n + 2 * (m - 1),)).along(flow)
    windows = indexing(Key((np.arange(start, stop)[:, None] + np.arange(m),))).along(wide)
    return contracted("ab,b->a", windows, flip(other))


def _pull(out: Any, args: Sequence[Any], g: Flow, wanted: Sequence[bool]) -> Flows:
    g = full(g, shape_of(out))
    a, b = args
    (n,), (m,) = shape_of(a), shape_of(b)
    to_a = _along(g, flip(b), m - 1, m - 1 + n) if wanted[0] else None
    return to_a, _along(g, flip(a), n - 1, n - 1 + m) if wanted[1] else None


def _push(out: Any, args: Sequence[Any], moves: Flows) -> Flow:
    (a, b), (da, db) = args, moves
    (n,) = shape_of(out)
    left = None if da is None else _along(da, b, 0, n)
    right = None if db is None else _along(db, a, 0, n)
    if left is None or right is None:
        return right if left is None else left
    return either(left, right)


def _convolving() -> Whole:
    return _convolution


_convolution: Final = Whole("convolve", np.convolve, (_convolving, ()), (), 2, _pull, _push)


def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """The sums of products of one vector with the other backwards, at each shift.

    Mode "same" gives as many as the longer one has, "valid" those where the vectors overlap fully.
    """
    a, v = given(a, "convolve"), given(v, "convolve")
    s, t = shape_of(a), shape_of(v)
    if len(s) != 1 or len(t) != 1 or not s[0] or not t[0]:
        raise refused("convolve", f"shapes {s} and {t}", "Give vectors that are not empty.")
    return _part(_convolution(a, v), mode, s[0], t[0], "convolve")


def _part(y: Any, mode: str, n: int, m: int, where: str) -> Any:
    """The part of all shifts that a mode asks for."""
    short, long = min(n, m), max(n, m)
    if mode not in ("full", "same", "valid"):
        raise NotAValue(where, "a mode", f"{mode!r:.20}", "Take 'full', 'same' or 'valid'.")
    # numpy's correlate turns itself around if the second vector is longer.
    middle = short // 2 if where == "correlate" and m > n else (short - 1) // 2
    starts = {"full": (0, n + m - 1), "same": (middle, middle + long), "valid": (short - 1, long)}
    return index(y, slice(*starts[mode]))


def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """The sums of products of one vector with the other, at each shift."""
    a, v = given(a, "correlate"), given(v, "correlate")
    y = convolve(a, flip(v))
    return _part(y, mode, shape_of(a)[0], shape_of(v)[0], "correlate")
