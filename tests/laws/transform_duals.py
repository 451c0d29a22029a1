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

MARGIN = 0.02
"""How far a point must be from where a condition changes."""

Number = Any
"""A float, a number of mpmath, or a `Dual` of them."""


class Rejected(Exception):
    """The oracle does not vouch for this: it is next to a kink, or too large, or too long."""


_LETTERS: Final = itertools.count(1)


@attrs.define(eq=False)
class Dual:
    """x + t·dx, where t is `letter`; the letters of x and dx are older."""

    letter: int
    x: Number
    dx: Number

    def __add__(self, other: Number) -> Number:
        if isinstance(other, Dual):
            if other.letter > self.letter:
                return Dual(other.letter, self + other.x, other.dx)
            if other.letter == self.letter:
                return Dual(self.letter, self.x + other.x, self.dx + other.dx)
        return Dual(self.letter, self.x + other, self.dx)

    def __mul__(self, other: Number) -> Number:
        if isinstance(other, Dual):
            if other.letter > self.letter:
                return Dual(other.letter, self * other.x, self * other.dx)
            if other.letter == self.letter:
                return Dual(self.letter, self.x * other.x, self.x * other.dx + self.dx * other.x)
        return Dual(self.letter, self.x * other, self.dx * other)

    def __neg__(self) -> Number:
        return Dual(self.letter, -self.x, -self.dx)

    def __sub__(self, other: Number) -> Number:
        return self + -other

    def __truediv__(self, other: Number) -> Number:
        return self * reciprocal(other)

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


def _applied(name: str, slope: Callable[[Number], Number], x: Number) -> Number:
    """The function of this name in `math` or mpmath, whose derivative is `slope`."""
    if isinstance(x, Dual):
        return Dual(x.letter, _applied(name, slope, x.x), slope(x.x) * x.dx)
    return getattr(math if isinstance(x, float) else mpmath, name)(x)


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


def exp(x: Number) -> Number:
    return _applied("exp", exp, x)


def log(x: Number) -> Number:
    return _applied("log", reciprocal, x)


def sqrt(x: Number) -> Number:
    return _applied("sqrt", lambda x: 0.5 * reciprocal(sqrt(x)), x)


def sin(x: Number) -> Number:
    return _applied("sin", cos, x)


def cos(x: Number) -> Number:
    return _applied("cos", lambda x: -sin(x), x)


def tanh(x: Number) -> Number:
    return _applied("tanh", lambda x: 1.0 - tanh(x) * tanh(x), x)


def atan(x: Number) -> Number:
    return _applied("atan", lambda x: reciprocal(1.0 + x * x), x)


def erf(x: Number) -> Number:
    return _applied("erf", lambda x: 2.0 / math.sqrt(math.pi) * exp(-(x * x)), x)


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
    results = f([_moved(letter, x, move) for x, move in zip(xs, moves, strict=True)])
    parts = [_split(y, letter) for y in results]
    return [y for y, _ in parts], [dy for _, dy in parts]


def _moved(letter: int, x: Number, move: Number) -> Number:
    still = isinstance(move, float) and move == 0.0
    return x if still else Dual(letter, x, move)


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
    if order == 0:
        return [f([x])[0]]
    known, moved = pushed(lambda xs: coefficients(f, xs[0], order - 1), [x], [1.0])
    return [*known, moved[-1] * (1.0 / order)]


def letters(x: Number) -> set[int]:
    """The letters of a number."""
    if not isinstance(x, Dual):
        return set()
    return {x.letter} | letters(x.x) | letters(x.dx)


def solved(f: Function, args: Sequence[Number], start: Sequence[float]) -> list[Number]:
    """The xs where f(*xs, *args) is 0, for one number or two.

    Newton's method on the numbers alone; then, with the Jacobian that it ended with, each step
    makes right the derivatives by one letter more.
    """
    plain = [primal(x) for x in args]
    xs = [primal_like(plain[0], x) for x in start]
    inverse: list[list[Number]] = []
    for _ in range(60):
        inverse = _inverse(columns(lambda xs: f([*xs, *plain]), xs))
        step = _times(inverse, f([*xs, *plain]))
        xs = [x - d for x, d in zip(xs, step, strict=True)]
        if all(abs(d) <= 1e-15 * abs(x) + 1e-300 for x, d in zip(xs, step, strict=True)):
            break
    for _ in range(len(set().union(*map(letters, args)))):
        step = _times(inverse, f([*xs, *args]))
        xs = [x - d for x, d in zip(xs, step, strict=True)]
    return xs


def _inverse(jacobian: Sequence[Sequence[Number]]) -> list[list[Number]]:
    """The inverse of a matrix of one or two columns."""
    if len(jacobian) == 1:
        return [[1.0 / jacobian[0][0]]]
    (a, c), (b, d) = jacobian
    det = a * d - b * c
    return [[d / det, -b / det], [-c / det, a / det]]


def _times(matrix: Sequence[Sequence[Number]], vector: Sequence[Number]) -> list[Number]:
    products = [[m * v for m, v in zip(row, vector, strict=True)] for row in matrix]
    return [sum(row[1:], row[0]) for row in products]
