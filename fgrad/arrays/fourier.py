"""Fourier transforms of real signals, with the real and the imaginary part as two arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, Generic, NamedTuple, TypeVar

import numpy as np

from fgrad.arrays.linear import Shape, _linear, full
from fgrad.arrays.primitive import Contribution, Linear
from fgrad.arrays.shapes import axis_of, given, refused
from fgrad.arrays.values import shape_of
from fgrad.arrays.wholes import whole
from fgrad.ops import scalar as ops

T = TypeVar("T")
_PARTS: Final[dict[str, Callable[[Any], Any]]] = {"cosines": np.real, "sines": np.imag}


@lru_cache(256)
def _transforming(part: str, axis: int, length: int, back: bool) -> Linear:
    """The sums of a signal of that length by cosines, or by negative sines; with `back` its transpose."""

    def impl(x: Any) -> Any:
        y = np.fft.fft(x, length, axis) if back else np.fft.rfft(x, axis=axis)
        return np.ascontiguousarray(_PARTS[part](y))

    def transpose(g: Contribution, s: Shape) -> Contribution:
        out = (*s[:axis], length if back else length // 2 + 1, *s[axis + 1 :])
        return _transforming(part, axis, length, not back).along(full(g, out))

    def support(c: Any) -> Any:
        some = np.logical_or.reduce(c, axis, keepdims=True)
        return np.repeat(some, length if back else length // 2 + 1, axis)

    made = (part, axis, length, back)
    return _linear(f"fourier_{part}", impl, _transforming, made, transpose, support)


class Spectrum(NamedTuple, Generic[T]):
    """The real and the imaginary part of a transform."""

    real: T
    imag: T


def rfft(x: Any, axis: int = -1) -> Spectrum[Any]:
    """The Fourier transform of a real signal along an axis, for frequencies from 0 to half the length.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> real, imag = fg.rfft(np.array([1.0, 0.0, -1.0, 0.0]))
    >>> real
    array([0., 2., 0.])
    """
    x = given(x, "rfft")
    place = axis_of(axis, len(shape_of(x)), "rfft")
    length = shape_of(x)[place]
    if not length:
        raise refused("rfft", f"no elements, of shape {shape_of(x)}", "Give one element at least.")
    return Spectrum(*[_transforming(part, place, length, False)(x) for part in _PARTS])


def irfft(real: Any, imag: Any, n: int | None = None, axis: int = -1) -> Any:
    """The real signal of length n with that transform; n is even without `n`: twice the frequencies less 2."""
    parts = given(real, "irfft"), given(imag, "irfft")
    shape = shape_of(parts[0])
    place = axis_of(axis, len(shape), "irfft")
    count = shape[place]
    length = 2 * (count - 1) if n is None else whole(n, "irfft")
    if shape != shape_of(parts[1]) or length < 1 or length // 2 + 1 != count:
        got = f"shapes {shape} and {shape_of(parts[1])} for a length of {length}"
        raise refused("irfft", got, "Give n // 2 + 1 frequencies in both.")
    weights = np.full(count, 2.0 / length)
    weights[0] = 1.0 / length
    if not length % 2:
        weights[-1] = 1.0 / length
    weights = weights.reshape([count if i == place else 1 for i in range(len(shape))])
    found = [
        _transforming(part, place, length, True)(ops.mul(x, weights))
        for part, x in zip(_PARTS, parts, strict=True)
    ]
    return ops.add(found[0], found[1])
