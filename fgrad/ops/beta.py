"""The gamma function itself, beta, incomplete gamma and zeta functions, a row each.

`polygamma_gap`, `gamma_density` and `zeta_log` exist as derivatives of others. Differences of large
terms that nearly cancel are taken term by term, where they are products.
"""

from __future__ import annotations

import math
from math import copysign, exp, expm1, fsum, inf, isfinite, isinf, isnan, log, log1p, nan, pi
from typing import Final

from fgrad.ops import gamma as logarithmic
from fgrad.ops import ieee
from fgrad.ops.borrowed import Borrowed, of_order
from fgrad.ops.gamma import _BERNOULLI, _HALF_LOG_2PI, _LARGE
from fgrad.ops.operand import Partial, Real
from fgrad.ops.scalar import digamma, div, equal, polygamma, where
from fgrad.ops.signatures import Binary, Ternary, Unary

_HIGHEST: Final = 150  # derivative, as of polygamma


def _gamma(x: float) -> float:
    """The gamma function: infinite at 0, nan at the negative whole numbers."""
    try:
        return math.gamma(x)
    except ValueError:
        return copysign(inf, x) if x == 0.0 else nan
    except OverflowError:
        return copysign(inf, x)  # just beside 0 also on the left


def _correction(x: float) -> float:
    """lgamma(x) less (x - 1/2) log(x) - x + log(2 pi) / 2, for a large x."""
    inverse = 1.0 / x
    total = 0.0
    for k in range(len(_BERNOULLI), 0, -1):
        total = total * inverse * inverse + _BERNOULLI[k - 1] / (2 * k * (2 * k - 1))
    return total * inverse


def _shift(a: float, b: float) -> float:
    """lgamma(a) - lgamma(a + b) for a large a and a smaller b."""
    tail = _correction(a) - _correction(a + b)
    return fsum((-(a - 0.5) * log1p(b / a), -b * log(a + b), b, tail))


def _betaln(x: float, y: float) -> float:
    """log(|beta(x, y)|): by Stirling's series where lgamma is large, as the terms would cancel."""
    a, b = max(x, y), min(x, y)
    if isnan(x) or isnan(y) or (isinf(a) and b <= 0.0) or b == -inf:
        return nan
    if b <= 0.0:
        parts = logarithmic.lgamma(a), logarithmic.lgamma(b), -logarithmic.lgamma(a + b)
        return parts[0] + parts[1] + parts[2]
    if isinf(a):
        return -inf
    if a < _LARGE:
        return fsum(map(logarithmic.lgamma, (a, b))) - logarithmic.lgamma(a + b)
    if b < _LARGE:
        return logarithmic.lgamma(b) + _shift(a, b)
    tail = _correction(a) + _correction(b) - _correction(a + b)
    terms = -(a - 0.5) * log1p(b / a), -b * log1p(a / b), -0.5 * log(b), _HALF_LOG_2PI, tail
    return sum(terms)


def _beta(x: float, y: float) -> float:
    """gamma(x) gamma(y) / gamma(x + y)."""
    a, b = max(x, y), min(x, y)
    if isnan(x) or isnan(y):
        return nan
    if b <= 0.0 or a + b < 170.0:
        if abs(a) < 170.0 and abs(b) < 170.0:
            total = a + b
            error = b - (total - a)
            ratio = ieee.div(_gamma(a), _gamma(total))
            if error != 0.0 and total > 0.0:  # what is rounded away from the sum counts
                ratio -= ratio * error * logarithmic.digamma(total)
            return ratio * _gamma(b)
        return _sign(a) * _sign(b) * _sign(a + b) * ieee.exp(_betaln(x, y))
    if b < _LARGE and isfinite(a):
        return _gamma(b) * exp(_shift(a, b))
    return ieee.exp(_betaln(x, y))


def _sign(x: float) -> float:
    """The sign of the gamma function."""
    return -1.0 if x < 0.0 and ieee.mod(ieee.floor(x), 2.0) != 0.0 else 1.0


def _polygamma_gap(order: float, x: float, y: float) -> float:
    """polygamma(order, x + y) - polygamma(order, x), without the cancellation."""
    if not 0.0 <= order <= _HIGHEST or order != int(order) or isnan(x + y):
        return nan
    if not (x > 0.0 and x + y > 0.0):
        return logarithmic.polygamma(order, x + y) - logarithmic.polygamma(order, x)
    n = int(order)

    def drop(x: float, power: int) -> float:
        """(x + y)**-power - x**-power."""
        return ieee.pow(x, -float(power)) * expm1(-power * log1p(y / x))

    factorial = float(math.factorial(n))
    terms = []
    while x < _LARGE + n:
        terms.append(factorial * drop(x, n + 1))
        x += 1.0
    first = -log1p(y / x) if n == 0 else math.factorial(n - 1) * drop(x, n)
    terms += (first, 0.5 * factorial * drop(x, n + 1))
    for k, bernoulli in enumerate(_BERNOULLI, 1):
        factor = math.factorial(2 * k + n - 1) / math.factorial(2 * k)
        terms.append(bernoulli * factor * drop(x, 2 * k + n))
    return fsum(terms) if n % 2 else -fsum(terms)


def _gamma_density(a: float, x: float) -> float:
    """x**(a - 1) * exp(-x) / gamma(a): for a large a by the distance from its mode (Loader 2000)."""
    if isnan(a) or isnan(x) or x < 0.0 or isinf(a):
        return nan
    if a <= 0.0 and a == math.floor(a):
        return 0.0  # as a limit: the reciprocal of gamma is 0 there
    if x == inf or (x == 0.0 and a > 1.0):
        return 0.0
    if x == 0.0 and a < 1.0:
        return copysign(inf, _gamma(a))
    power = ieee.pow(x, a - 1.0) if a >= 1.0 else ieee.pow(x, a) / x
    if a < _LARGE or (a < 170.0 and 1e-290 < power < inf):
        return power * exp(-x) / _gamma(a)
    exponent = -_correction(a) - _deviance(a, x)
    return exp(exponent) * math.sqrt(a / (2.0 * pi)) / x


def _deviance(a: float, x: float) -> float:
    """a * log(a / x) + x - a, which is 0 at x = a."""
    v = (a - x) / (a + x)
    if abs(v) >= 0.1:
        return a * log(a / x) + x - a if x > 1e-300 else inf
    total, term, k = (a - x) * v, 2.0 * a * v, 1
    while abs(term) > 1e-20 * abs(total):
        term *= v * v
        k += 2
        total += term / k
    return total


def _zeta_log(order: float, s: float, q: float) -> float:
    """The sum of log(q + k)**order * (q + k)**-s for k = 0, 1, ...: Euler and Maclaurin's formula."""
    if order == -1.0:
        return 0.0  # what the derivative of log**0 is made of
    if not 0.0 <= order <= _HIGHEST or order != int(order) or not s >= 1.0 or isnan(q):
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
    return fsum([*terms, *_zeta_tail(n, s, q)])


def _zeta_tail(n: int, s: float, q: float) -> list[float]:
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
    for m in range(2 * len(_BERNOULLI) - 1):
        rise = [*[k * c for k, c in enumerate(slopes)][1:], 0.0]
        slopes = [a - (s + m) * b for a, b in zip(rise, slopes, strict=True)]
        power /= q
        if m % 2 == 0:
            bernoulli = _BERNOULLI[m // 2] / math.factorial(m + 2)
            terms.append(-bernoulli * power * sum(c * size**k for k, c in enumerate(slopes)))
    return terms if isfinite(integral) else [integral]


def _zeta(x: float, y: float) -> float:
    """The sum of (y + k)**-x for k = 0, 1, ..., which is Riemann's zeta function at y = 1."""
    return _zeta_log(0.0, x, y)


def _gamma_density_dy(out: Real, x: Real, y: Real) -> Partial:
    # At 0 a difference of densities, which is smooth there; elsewhere without the cancellation.
    there = gamma_density(x - 1.0, y) - out
    return where(equal(y, 0.0), there, out * div(x - 1.0 - y, y))


gamma: Unary = Unary("gamma", _gamma, lambda out, x: out * digamma(x))
beta: Binary = Binary(
    "beta",
    _beta,
    lambda out, x, y: -(out * polygamma_gap(0.0, x, y)),
    lambda out, x, y: -(out * polygamma_gap(0.0, y, x)),
)
betaln: Binary = Binary(
    "betaln",
    _betaln,
    lambda out, x, y: -polygamma_gap(0.0, x, y),
    lambda out, x, y: -polygamma_gap(0.0, y, x),
)
polygamma_gap: Ternary = Ternary(
    "polygamma_gap",
    _polygamma_gap,
    None,
    lambda out, x, y, z: polygamma_gap(x + 1.0, y, z),
    lambda out, x, y, z: polygamma(x + 1.0, y + z),
)
gammainc: Binary = of_order("gammainc", Borrowed("gammainc"), lambda out, x, y: gamma_density(x, y))
gammaincc: Binary = of_order(
    "gammaincc", Borrowed("gammaincc"), lambda out, x, y: -gamma_density(x, y)
)
gamma_density: Binary = of_order("gamma_density", _gamma_density, _gamma_density_dy)
zeta: Binary = Binary(
    "zeta",
    _zeta,
    lambda out, x, y: -zeta_log(1.0, x, y),
    lambda out, x, y: -(x * zeta(x + 1.0, y)),
)
zeta_log: Ternary = Ternary(
    "zeta_log",
    _zeta_log,
    None,
    lambda out, x, y, z: -zeta_log(x + 1.0, y, z),
    lambda out, x, y, z: x * zeta_log(x - 1.0, y + 1.0, z) - y * zeta_log(x, y + 1.0, z),
)
