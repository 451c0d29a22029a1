"""Nested dual numbers: derivatives to any order, with nothing of fgrad in them.

A number is a float (or a number of mpmath), or a `Dual` x + t·dx with t² = 0, where t is a letter
that no other derivative has; both parts may be duals of older letters. So a derivative inside of a
derivative is right by construction, and with mpmath's numbers it is right to as many digits as are
asked for. The formulas are those of a textbook: they are an oracle away from poles, not fast.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs
import mpmath

Number = Any
"""A float, a number of mpmath, or a `Dual` of them."""

_LETTERS: Final = itertools.count(1)


@attrs.frozen(eq=False)
class Dual:
    """x + t·dx, where t is `letter`; the letters of x and dx are older."""

    letter: int
    x: Number
    dx: Number

    def __add__(self, other: Number) -> Number:
        return _joined(self, other, lambda a, b: a + b, lambda a, b: (1.0, 1.0))

    def __sub__(self, other: Number) -> Number:
        return self + -other

    def __mul__(self, other: Number) -> Number:
        return _joined(self, other, lambda a, b: a * b, lambda a, b: (b, a))

    def __truediv__(self, other: Number) -> Number:
        return self * reciprocal(other)

    def __neg__(self) -> Number:
        return Dual(self.letter, -self.x, -self.dx)

    def __rsub__(self, other: Number) -> Number:
        return -self + other

    def __rtruediv__(self, other: Number) -> Number:
        return reciprocal(self) * other

    __radd__ = __add__
    __rmul__ = __mul__


def _split(number: Number, letter: int) -> tuple[Number, Number]:
    if isinstance(number, Dual) and number.letter == letter:
        return number.x, number.dx
    return number, 0.0


def _joined(
    a: Number,
    b: Number,
    meaning: Callable[[Number, Number], Number],
    partials: Callable[[Number, Number], tuple[Number, Number]],
) -> Number:
    letter = max(x.letter for x in (a, b) if isinstance(x, Dual))
    (x, dx), (y, dy) = _split(a, letter), _split(b, letter)
    by_x, by_y = partials(x, y)
    return Dual(letter, meaning(x, y), by_x * dx + by_y * dy)


def _function(name: str, slope: Callable[[Number], Number]) -> Callable[[Number], Number]:
    def function(x: Number) -> Number:
        if isinstance(x, Dual):
            return Dual(x.letter, function(x.x), slope(x.x) * x.dx)
        return getattr(math if isinstance(x, float) else mpmath, name)(x)

    return function


def reciprocal(x: Number) -> Number:
    if isinstance(x, Dual):
        inverse = reciprocal(x.x)
        return Dual(x.letter, inverse, -(inverse * inverse * x.dx))
    return 1.0 / x


def power(x: Number, n: int) -> Number:
    """x multiplied n times, which is 1 for n = 0."""
    product = primal_like(x, 1.0)
    for _ in range(n):
        product = product * x
    return product


exp: Final = _function("exp", lambda x: exp(x))
log: Final = _function("log", reciprocal)
sqrt: Final = _function("sqrt", lambda x: 0.5 * reciprocal(sqrt(x)))
sin: Final = _function("sin", lambda x: cos(x))
cos: Final = _function("cos", lambda x: -sin(x))
tanh: Final = _function("tanh", lambda x: 1.0 - tanh(x) * tanh(x))
atan: Final = _function("atan", lambda x: reciprocal(1.0 + x * x))
erf: Final = _function("erf", lambda x: 2.0 / math.sqrt(math.pi) * exp(-(x * x)))


def primal(x: Number) -> Number:
    """The number without its duals."""
    while isinstance(x, Dual):
        x = x.x
    return x


def primal_like(x: Number, value: float) -> Number:
    """`value` as a number of the kind at the bottom of x."""
    return type(primal(x))(value)


Function = Callable[[Sequence[Number]], Sequence[Number]]


def pushed(f: Function, xs: Sequence[Number], moves: Sequence[Number]) -> tuple[list[Number], ...]:
    """The results of f at xs, and their derivatives along `moves`."""
    letter = next(_LETTERS)
    results = f([Dual(letter, x, move) for x, move in zip(xs, moves, strict=True)])
    parts = [_split(y, letter) for y in results]
    return [y for y, _ in parts], [dy for _, dy in parts]


def basis(size: int, place: int) -> list[float]:
    return [1.0 if i == place else 0.0 for i in range(size)]


def columns(f: Function, xs: Sequence[Number]) -> list[list[Number]]:
    """The derivatives of all results by each of xs: the columns of the Jacobian."""
    return [pushed(f, xs, basis(len(xs), i))[1] for i in range(len(xs))]


def gradient(f: Function, xs: Sequence[Number]) -> list[Number]:
    """The derivatives of the first result."""
    return [column[0] for column in columns(f, xs)]


def coefficients(f: Function, x: Number, order: int) -> list[Number]:
    """The derivatives of 0, 1, ..., `order`, each divided by its factorial."""
    found = []
    derivative: Function = f
    for k in range(order + 1):
        found.append(derivative([x])[0] * (1.0 / math.factorial(k)))
        derivative = _next(derivative)
    return found


def _next(f: Function) -> Function:
    return lambda xs: gradient(f, xs)


def newton(f: Function, plain: Function, xs: Sequence[float]) -> list[Number]:
    """The xs where f is 0: on the numbers of `plain` first, then on whatever f carries.

    Each step doubles the number of derivatives that are right, so four do for order 15.
    """
    found: list[Number] = [primal_like(plain(xs)[0], float(x)) for x in xs]
    for _ in range(100):
        step = _step(plain, found)
        found = [x - d for x, d in zip(found, step, strict=True)]
        if all(abs(d) <= 1e-15 * abs(x) + 1e-300 for x, d in zip(found, step, strict=True)):
            break
    for _ in range(4):
        found = [x - d for x, d in zip(found, _step(f, found), strict=True)]
    return found


def _step(f: Function, xs: Sequence[Number]) -> list[Number]:
    """J⁻¹ f, for one number or two."""
    values, slopes = f(xs), columns(f, xs)
    if len(xs) == 1:
        return [values[0] / slopes[0][0]]
    (a, c), (b, d) = slopes
    det = a * d - b * c
    return [(d * values[0] - b * values[1]) / det, (a * values[1] - c * values[0]) / det]
