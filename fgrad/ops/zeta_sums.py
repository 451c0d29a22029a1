"""Sums of log(q + k)**n * (q + k)**-s on floats, which zeta and its derivatives are, by Euler and Maclaurin's formula."""

from __future__ import annotations

import math
from math import fsum, inf, isfinite, isnan, log, nan
from typing import Final

from fgrad.ops import ieee
from fgrad.ops.gamma import _BERNOULLI as BERNOULLI

HIGHEST: Final = 150  # derivative, as of polygamma


def zeta_log(order: float, s: float, q: float) -> float:
    """The sum of log(q + k)**order * (q + k)**-s for k = 0, 1, ...: Euler and Maclaurin's formula."""
    if order == -1.0:
        return 0.0  # what the derivative of log**0 is made of
    if not 0.0 <= order <= HIGHEST or order != int(order) or not s >= 1.0 or isnan(q):
        return nan
    n = int(order)
    if s == 1.0 or (q <= 0.0 and ieee.floor(q) == q):
        return inf
    if not 0.0 < q < inf or s == inf:
        return 0.0 if q > 1.0 else nan
    terms: list[float] = []
    while q < s + 12.0:
        terms.append((log(q) ** n if n else 1.0) * ieee.pow(q, -s))
        q += 1.0
        if q > 3.0 and abs(terms[-1]) <= 1e-25 * abs(terms[0]):
            return fsum(terms)
    return fsum([*terms, *_tail(n, s, q)])


def _tail(n: int, s: float, q: float) -> list[float]:
    """The terms that the sum from q on is made of."""
    size = log(q)
    power = ieee.pow(q, -s)
    integral = factor = q * power / (s - 1.0)
    terms = [factor * size**n]
    for j in range(n, 0, -1):
        factor *= j / (s - 1.0)
        terms.append(factor * size ** (j - 1))
    terms.append(0.5 * power * size**n)
    slopes = [0.0] * n + [1.0]  # of log**n, a polynomial in the logarithm
    for m in range(2 * len(BERNOULLI) - 1):
        rise = [*[k * c for k, c in enumerate(slopes)][1:], 0.0]
        slopes = [a - (s + m) * b for a, b in zip(rise, slopes, strict=True)]
        power /= q
        if m % 2 == 0:
            bernoulli = BERNOULLI[m // 2] / math.factorial(m + 2)
            terms.append(-bernoulli * power * sum(c * size**k for k, c in enumerate(slopes)))
    return terms if isfinite(integral) else [integral]
