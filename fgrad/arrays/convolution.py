"""Convolutions of two vectors: bilinear, and their own transposes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from fgrad.arrays.contract import contracted
from fgrad.arrays.linear import Key, full, indexing, placing
from fgrad.arrays.parts import flip
from fgrad.arrays.primitive import Contribution, Contributions, Whole
from fgrad.arrays.shapes import given, index, refused
from fgrad.arrays.values import shape_of
from fgrad.errors import NotAValue
from fgrad.ops.multiple import either
from fgrad.ops.operand import Guarded


def _along(valid: bool, flow: Contribution, other: Any) -> Contribution:
    """The convolution of a flow of its full shape with a vector."""
    if not isinstance(flow, Guarded):
        return (_valid if valid else _convolution)(flow, other)
    # What does not flow meets nothing of the other: a contraction sees to that.
    (n,), (m,) = shape_of(flow.value), shape_of(other)
    start, stop = (min(n, m) - 1, max(n, m)) if valid else (0, n + m - 1)
    wide = placing(Key((slice(m - 1, m - 1 + n),)), (n + 2 * (m - 1),)).along(flow)
    windows = indexing(Key((np.arange(start, stop)[:, None] + np.arange(m),))).along(wide)
    return contracted("ab,b->a", windows, flip(other))


def _rules(valid: bool) -> tuple[Any, Any]:
    """The pullback and the pushforward where all shifts count, or those where the vectors overlap fully."""

    def back(g: Contribution, x: Any, other: Any) -> Contribution:
        """What flows to `x`: there are no more products than in the value."""
        (n,), (m,) = shape_of(x), shape_of(other)
        return _along(not (valid and n > m), g, flip(other))

    def pullback(
        out: Any, args: Sequence[Any], g: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        g = full(g, shape_of(out))
        a, b = args
        return back(g, a, b) if wanted[0] else None, back(g, b, a) if wanted[1] else None

    def pushforward(out: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        (a, b), (da, db) = args, moves
        left = None if da is None else _along(valid, da, b)
        right = None if db is None else _along(valid, db, a)
        if left is None or right is None:
            return right if left is None else left
        return either(left, right)

    return pullback, pushforward


def _convolving() -> Whole:
    return _convolution


def _validly() -> Whole:
    return _valid


_convolution: Final[Whole] = Whole(
    "convolve", np.convolve, (_convolving, ()), (), 2, *_rules(valid=False)
)
_valid: Final[Whole] = Whole(
    "convolve_valid", lambda a, b: np.convolve(a, b, "valid"), (_validly, ()), (), 2,
    *_rules(valid=True),
)  # fmt: skip


def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """The sums of products of one vector with the other backwards, at each shift.

    Mode "same" gives as many as the longer one has, "valid" those where the vectors overlap fully.
    """
    a, v = given(a, "convolve"), given(v, "convolve")
    _vectors(a, v, "convolve")
    return _part(a, v, mode, "convolve")


def _vectors(a: Any, v: Any, where: str) -> None:
    """Raise ShapeMismatch unless both are vectors that are not empty."""
    s, t = shape_of(a), shape_of(v)
    if len(s) != 1 or len(t) != 1 or not s[0] or not t[0]:
        raise refused(where, f"shapes {s} and {t}", "Give vectors that are not empty.")


def _part(a: Any, v: Any, mode: str, where: str) -> Any:
    """The part of all shifts that a mode asks for."""
    if mode not in ("full", "same", "valid"):
        raise NotAValue(where, "a mode", f"{mode!r:.20}", "Take 'full', 'same' or 'valid'.")
    if mode == "valid":
        return _valid(a, v)
    y = _convolution(a, v)
    if mode == "full":
        return y
    (n,), (m,) = shape_of(a), shape_of(v)
    # numpy's correlate turns itself around if the second vector is longer.
    start = (min(n, m) - (0 if where == "correlate" and m > n else 1)) // 2
    return index(y, slice(start, start + max(n, m)))


def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """The sums of products of one vector with the other, at each shift."""
    a, v = given(a, "correlate"), given(v, "correlate")
    _vectors(a, v, "correlate")
    return _part(a, flip(v), mode, "correlate")
