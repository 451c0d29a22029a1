"""The gamma function itself, beta, its logarithm and its derivatives, on floats.

Differences of large terms that nearly cancel are taken term by term, where they are products.
"""

from __future__ import annotations

import math
from math import copysign, exp, expm1, fsum, inf, isfinite, isinf, isnan, log, log1p, nan, pi
from typing import Final

from fgrad.ops import gamma as logarithmic
from fgrad.ops import ieee
from fgrad.ops.gamma import _BERNOULLI as BERNOULLI
from fgrad.ops.gamma import _HALF_LOG_2PI, _LARGE
from fgrad.ops.zeta_sums import HIGHEST

EVERY: Final = 1000.0  # what one derivative in the second argument adds to the order
_STEPS: Final = -1000.0  # from where on a recurrence is followed
_STEP: Final = 0.1875  # of a trapezoidal rule, whose error is then below rounding


def gamma(x: float) -> float:
    """The gamma function: infinite at 0, nan at the negative whole numbers."""
    try:
        return math.gamma(x)
    except ValueError:
        return copysign(inf, x) if x == 0.0 else nan
    except OverflowError:
        return copysign(inf, x)  # just beside 0 also on the left


def correction(x: float) -> float:
    """lgamma(x) less (x - 1/2) log(x) - x + log(2 pi) / 2, for a large x."""
    inverse = 1.0 / x
    total = 0.0
    for k in range(len(BERNOULLI), 0, -1):
        total = total * inverse * inverse + BERNOULLI[k - 1] / (2 * k * (2 * k - 1))
    return total * inverse


def _shift(a: float, b: float) -> float:
    """lgamma(a) - lgamma(a + b) for a large a and a smaller b."""
    tail = correction(a) - correction(a + b)
    return fsum((-(a - 0.5) * log1p(b / a), -b * log(a + b), b, tail))


def betaln(x: float, y: float) -> float:
    """log(|beta(x, y)|): by Stirling's series where lgamma is large, as the terms would cancel."""
    a, b = max(x, y), min(x, y)
    if isnan(x) or isnan(y) or (isinf(a) and b <= 0.0) or b == -inf:
        return nan
    if b <= 0.0:
        return _betaln_below(a, b)
    if isinf(a):
        return -inf
    if a < _LARGE:
        return fsum(map(logarithmic.lgamma, (a, b))) - logarithmic.lgamma(a + b)
    if b < _LARGE:
        return logarithmic.lgamma(b) + _shift(a, b)
    tail = correction(a) + correction(b) - correction(a + b)
    terms = -(a - 0.5) * log1p(b / a), -b * log1p(a / b), -0.5 * log(b), _HALF_LOG_2PI, tail
    return sum(terms)


def _betaln_below(a: float, b: float) -> float:
    """The same for b <= 0: by reflection and by differences where the terms would cancel."""
    lgamma = logarithmic.lgamma
    both = _sine_of_sum(a, b) if isfinite(a + b) else 0.0
    poles = b == 0.0 or _is_pole(a) or _is_pole(b) or both == 0.0
    if not poles and (a < 0.0 or a + b < 1.0):
        sines = log(abs(both)) - log(abs(logarithmic.sinpi(b)))
        if a >= 0.0:
            return betaln(a, 1.0 - a - b) + sines
        sines += log(pi / abs(logarithmic.sinpi(a)))
        return sines - log(1.0 - a - b) - betaln(1.0 - a, 1.0 - b)
    if not poles and a + b >= _LARGE:
        return lgamma(b) + _shift(a, b)
    if not poles and a >= _LARGE <= 1.0 - b:
        sine = log(pi / abs(logarithmic.sinpi(b)))
        return sine + _shift(a, 1.0 - a - b) - lgamma(a + b)
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _lost(a: float, b: float, total: float) -> float:
    """What is rounded away from the sum (Knuth's two-sum)."""
    back = total - a
    return (a - (total - back)) + (b - back)


def _sine_of_sum(a: float, b: float) -> float:
    """sin(pi (a + b)), where what is rounded away from the sum counts."""
    total = a + b
    turn = total - float(total.__round__())
    slope = pi * math.cos(pi * turn) * (-1.0 if total.__round__() % 2 else 1.0)
    return logarithmic.sinpi(total) + _lost(a, b, total) * slope


def _is_pole(x: float) -> bool:
    return x <= 0.0 and x == ieee.floor(x)


def beta(x: float, y: float) -> float:
    """gamma(x) gamma(y) / gamma(x + y)."""
    a, b = max(x, y), min(x, y)
    if isnan(x) or isnan(y):
        return nan
    if b <= 0.0 or a + b < 170.0:
        if max(abs(a), abs(b), abs(a + b)) < 170.0:
            total = a + b
            error = _lost(a, b, total)
            ratio = ieee.div(gamma(a), gamma(total))
            if error == 0.0 or not _is_pole(total):
                if error != 0.0:  # what is rounded away from the sum counts
                    ratio -= ratio * error * logarithmic.digamma(total)
                return ratio * gamma(b)
        sign = copysign(1.0, _sine_of_sum(a, b)) if -inf < a + b < 0.0 else 1.0
        return _sign(a) * _sign(b) * sign * ieee.exp(betaln(x, y))
    if b < _LARGE and isfinite(a):
        return gamma(b) * exp(_shift(a, b))
    return ieee.exp(betaln(x, y))


def _sign(x: float) -> float:
    """The sign of the gamma function."""
    return -1.0 if x < 0.0 and ieee.mod(ieee.floor(x), 2.0) != 0.0 else 1.0


def polygamma_gap(order: float, x: float, y: float) -> float:
    """polygamma(order, x + y) - polygamma(order, x), without the cancellation."""
    if not 0.0 <= order <= HIGHEST or order != int(order) or isnan(x + y):
        return nan
    apart = not (x > _STEPS and abs(y) < 0.5 * abs(x)) and not (x > 0.0 and y > 0.0)
    if apart or _is_pole(x) or _is_pole(x + y):
        return logarithmic.polygamma(order, x + y) - logarithmic.polygamma(order, x)
    n = int(order)

    def drop(factor: float, x: float, power: int) -> float:
        """((x + y)**-power - x**-power) * factor."""
        first = logarithmic.shrunk(factor, x, power)
        if not y / x > -0.5:
            return logarithmic.shrunk(factor, x + y, power) - first
        return first * expm1(-power * log1p(y / x))

    factorial = float(math.factorial(n))
    terms = []
    while min(x, x + y) < _LARGE + n:
        terms.append(drop(factorial, x, n + 1))
        x += 1.0
    first = -log1p(y / x) if n == 0 else drop(float(math.factorial(n - 1)), x, n)
    terms += (first, drop(0.5 * factorial, x, n + 1))
    for k, bernoulli in enumerate(BERNOULLI, 1):
        factor = math.factorial(2 * k + n - 1) / math.factorial(2 * k)
        terms.append(drop(bernoulli * factor, x, 2 * k + n))
    return _sum_of(terms) if n % 2 else -_sum_of(terms)


def beta_slope(order: float, x: float, y: float) -> float:
    """The derivative of beta of m-th order in x and n-th in y, for the order m + 1000 n."""
    if not 0.0 <= order < EVERY * HIGHEST or order != int(order) or isnan(x) or isnan(y):
        return nan
    n, m = divmod(int(order), int(EVERY))
    if m + n > HIGHEST:
        return nan
    if m and n and -0.5 < min(x, y) < 1.0 and max(x, y) < inf:
        return _beta_integral(m, n, x, y)
    for k, a, b in ((m, x, y), (n, y, x)):
        if k == m + n > 0 and 0.0 < abs(b) < 1e-30 * min(
            abs(a), 1.0
        ):  # where beta is 1 / b - digamma(a)
            return -logarithmic.polygamma(float(k), a)
    return _beta_by_logarithm(m, n, x, y)


def _beta_integral(m: int, n: int, x: float, y: float) -> float:
    """The integral of log(t)**m * t**(x - 1) * log(1 - t)**n * (1 - t)**(y - 1), which has one sign.

    In w = log(t / (1 - t)) it falls exponentially on both sides of a centre, and the trapezoidal
    rule has all digits.
    """
    centre = log((x + n) / (y + m))

    def part(w: float) -> float:
        small = log1p(exp(-abs(w)))
        p, q = (small, w + small) if w > 0.0 else (small - w, small)  # -log(t) and -log(1 - t)
        return ieee.pow(p, m) * ieee.pow(q, n) * exp(-x * p - y * q)

    terms = [part(centre)]
    for step in (_STEP, -_STEP):
        k, most = 1, 0.0
        while (term := part(centre + k * step)) > 1e-20 * most:
            terms.append(term)
            most = max(most, term)
            k += 1
    total = _STEP * _sum_of(terms)
    return -total if (m + n) % 2 else total


def _beta_by_logarithm(m: int, n: int, x: float, y: float) -> float:
    """The same by the derivatives of the logarithm, where nothing cancels."""

    def bend(i: int, j: int) -> float:
        """That of the logarithm, of i-th order in x and j-th in y."""
        if i and j:
            return -logarithmic.polygamma(i + j - 1.0, x + y)
        return -(polygamma_gap(i - 1.0, x, y) if i else polygamma_gap(j - 1.0, y, x))

    bends = {(i, j): bend(i, j) for i in range(m + 1) for j in range(n + 1) if i or j}
    found = {(0, 0): beta(x, y)}
    for i, j in bends:
        a, b = (i - 1, j) if i else (0, j - 1)
        found[i, j] = _sum_of([
            math.comb(a, k) * math.comb(b, r) * found[k, r] * bends[i - k, j - r]
            for k in range(a + 1) for r in range(b + 1)
        ])  # fmt: skip
    return found[m, n]


def _sum_of(terms: list[float]) -> float:
    """The rounded sum, also of infinities."""
    try:
        return fsum(terms)
    except (OverflowError, ValueError):
        return sum(terms)
