"""The gamma function's logarithm and its derivatives on floats, to the last digits.

Each is a series about its zeros, a recurrence to reach it, an asymptotic series further out and a
reflection for negative arguments.
"""

from __future__ import annotations

import math
from math import copysign, fsum, inf, isnan, log, log1p, nan, pi
from typing import Final

from fgrad.ops import ieee

_HALF_LOG_2PI: Final = 0.9189385332046728
_EULER: Final = 0.5772156649015329
_ONE_MINUS_EULER: Final = 0.42278433509846713
_LARGE: Final = 16.0  # from here on the asymptotic series below reach full accuracy

# The positive zero of digamma as the sum of two doubles.
_ROOT: Final = (1.4616321449683622, 9.549995429965697e-17)

# polygamma(k, root) / k! for k = 1, 2, ...: the Taylor series of digamma at its zero.
_DIGAMMA_AT_ROOT: Final = (
    0.9676722454476212, -0.4427631689835921, 0.258499760955651, -0.16394270544240652,
    0.10782405069126237, -0.07219956125645471, 0.04880428816414311, -0.03316112647484736,
    0.022597648232218104, -0.01542476590494896, 0.010538791616612175, -0.007204534386356869,
    0.004926781395729853, -0.003369801655439328, 0.002305126326734928, -0.0015769367714301972,
    0.0010788252019162967, -0.0007380709389960052, 0.000504953265834602, -0.0003454680251063077,
    0.00023635601564027053, -0.00016170622091974803, 0.0001106337276874741,
    -7.569179582195066e-05, 5.178575795222081e-05, -3.5430070947659604e-05, 2.424006611860132e-05,
    -1.6584242271854135e-05, 1.134638458466385e-05, -7.762817668462094e-06,
    5.3110609208898636e-06, -3.6336507898010456e-06, 2.486022733129538e-06,
    -1.7008538854332607e-06, 1.1636675363548843e-06, -7.96142543124197e-07, 5.446941930669446e-07,
    -3.7266161283438227e-07, 2.549626552021554e-07,
)  # fmt: skip

# (-1)**k (zeta(k) - 1) / k for k = 2, 3, ...: the series of lgamma(2 + w) (Abramowitz & Stegun 6.1.33).
_LGAMMA_AT_TWO: Final = (
    0.3224670334241132, -0.0673523010531981, 0.020580808427784546, -0.007385551028673986,
    0.0028905103307415234, -0.001192753911703261, 0.0005096695247430425, -0.00022315475845357939,
    9.945751278180853e-05, -4.492623673813314e-05, 2.050721277567069e-05, -9.439488275268397e-06,
    4.374866789907488e-06, -2.039215753801366e-06, 9.55141213040742e-07, -4.492469198764566e-07,
    2.1207184805554665e-07, -1.0043224823968099e-07, 4.7698101693639804e-08,
    -2.2711094608943164e-08, 1.0838659214896955e-08, -5.183475041970047e-09,
    2.4836745438024785e-09, -1.1921401405860912e-09, 5.731367241678862e-10,
    -2.7595228851242334e-10, 1.330476437424449e-10, -6.4229645638381e-11, 3.1044247747322276e-11,
    -1.5021384080754142e-11, 7.275974480239079e-12, -3.527742476575915e-12, 1.711991790559618e-12,
    -8.315385841420285e-13, 4.04220052528944e-13, -1.9664756310966165e-13, 9.573630387838556e-14,
    -4.6640760264283744e-14, 2.2737369600659724e-14, -1.1091399470834522e-14,
)  # fmt: skip
_LGAMMA_AT_ONE: Final = tuple(c + (-1) ** k / k for k, c in enumerate(_LGAMMA_AT_TWO, 2))
_DIGAMMA_AT_TWO: Final = tuple(k * c for k, c in enumerate(_LGAMMA_AT_TWO, 2))

# The Bernoulli numbers B2, B4, ... of the asymptotic series (Abramowitz & Stegun 23.1).
_BERNOULLI: Final = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)


def _horner(coefficients: tuple[float, ...], x: float) -> float:
    total = 0.0
    for c in reversed(coefficients):
        total = total * x + c
    return total


def lgamma(x: float) -> float:
    """The logarithm of |gamma(x)|: series at its zeros 1 and 2, Stirling's further out."""
    if x >= _LARGE:
        return _stirling(x)
    if x > 2.5:
        return _lgamma_between(x)
    if x > 1.25:
        return _lgamma_at_two(x - 2.0)
    if x > 0.625:
        z = x - 1.0
        return z * (z * _horner(_LGAMMA_AT_ONE, z) - _EULER)
    if x > -0.5 and x != 0.0:
        return _lgamma_at_two(x) - log1p(x) - log(abs(x))
    if isnan(x):
        return nan
    if x == -inf or x == math.floor(x):
        return inf
    return log(pi / abs(x * sinpi(x))) - lgamma(-x)


def _lgamma_at_two(w: float) -> float:
    return w * (_ONE_MINUS_EULER + w * _horner(_LGAMMA_AT_TWO, w))


def _lgamma_between(x: float) -> float:
    product = 1.0
    while x > 2.5:
        x -= 1.0
        product *= x
    return log(product) + _lgamma_at_two(x - 2.0)


def _stirling(x: float) -> float:
    if x > 1e306:
        return inf if x > 2.55e305 else x * (log(x) - 1.0)
    inverse = 1.0 / x
    series = tuple(b / (2 * k * (2 * k - 1)) for k, b in enumerate(_BERNOULLI, 1))
    tail = inverse * _horner(series, inverse * inverse)
    return fsum((x * (log(x) - 1.0), -0.5 * log(x), _HALF_LOG_2PI, tail))


def sinpi(x: float) -> float:
    """sin(pi x), with an exact reduction."""
    whole = x.__round__()
    return math.sin(pi * (x - float(whole))) * (1.0 if whole % 2 == 0 else -1.0)


def _cotpi(x: float) -> float:
    """cot(pi x), exact in its reduction to a quarter turn; inf at whole numbers."""
    turn = x - float(x.__round__())
    if turn == 0.0:
        return inf
    if abs(turn) <= 0.25:
        return 1.0 / math.tan(pi * turn)
    return math.tan(pi * (copysign(0.5, turn) - turn))


def digamma(x: float) -> float:
    """The derivative of lgamma: series at its zero, recurrence, asymptotic series, reflection."""
    if x >= _LARGE:
        inverse = 1.0 / x
        series = tuple(-b / (2 * k) for k, b in enumerate(_BERNOULLI, 1))
        square = inverse * inverse
        return log(x) + (-0.5 * inverse + square * _horner(series, square)) if x < inf else inf
    if x > 2.75:
        terms = []
        while x > 2.75:
            x -= 1.0
            terms.append(1.0 / x)
        return fsum([_digamma_at_two(x - 2.0), *terms])
    if x > 1.75:
        return _digamma_at_two(x - 2.0)
    if x >= 1.0:
        return _digamma_at_root(x - _ROOT[0])
    if x > 0.0:
        return _digamma_at_root(x - (_ROOT[0] - 1.0)) - 1.0 / x
    if x == 0.0:
        return -copysign(inf, x)
    if isnan(x) or x == -inf or x == math.floor(x):
        return nan
    return digamma(1.0 - x) - pi * _cotpi(x)


def _digamma_at_root(offset: float) -> float:
    distance = offset - _ROOT[1]
    return distance * _horner(_DIGAMMA_AT_ROOT, distance)


def _digamma_at_two(w: float) -> float:
    return _ONE_MINUS_EULER + w * _horner(_DIGAMMA_AT_TWO, w)


def polygamma(order: float, x: float) -> float:
    """The order-th derivative of digamma, for a whole order of at least 0; nan for any other."""
    if order == 0.0:
        return digamma(x)
    if not 0.0 < order < 150.0 or order != int(order) or isnan(x):
        return nan
    n = int(order)
    if x <= 0.0 and (x == -inf or x == math.floor(x)):
        return inf if n % 2 else nan
    if x > -64.0:
        return (1.0 if n % 2 else -1.0) * _polygamma_size(n, x)
    return -(pi ** (n + 1)) * _cot_derivative(n, _cotpi(x)) - _polygamma_size(n, 1.0 - x)


def _polygamma_size(n: int, x: float) -> float:
    """polygamma(n, x) but for its sign at x > 0 (Abramowitz & Stegun 6.4.6 and 6.4.11)."""
    if x == inf:
        return 0.0
    factorial = float(math.factorial(n))
    terms = []
    while x < _LARGE + n:
        terms.append(shrunk(factorial, x, n + 1))
        x += 1.0
    factor = shrunk(factorial, x, n)
    terms += (shrunk(factorial / n, x, n), factor / (2.0 * x))
    factor /= x
    for k, bernoulli in enumerate(_BERNOULLI, 1):
        factor *= (2 * k + n - 1) / (2 * k) / x
        terms.append(bernoulli * factor)
        factor *= (2 * k + n) / (2 * k + 1) / x
    return fsum(terms)


def shrunk(factor: float, x: float, n: int) -> float:
    """factor * x**-n, also where the power alone would underflow."""
    power = ieee.pow(x, -float(n))
    if not abs(power) < 1e-290:
        return factor * power
    half = n // 2
    return factor * ieee.pow(x, -float(half)) * ieee.pow(x, -float(n - half))


def _cot_derivative(n: int, cot: float) -> float:
    """The n-th derivative of cot as a polynomial in cot, whose terms share their sign."""
    coefficients = [0.0, 1.0]
    for _ in range(n):
        slope = [k * c for k, c in enumerate(coefficients)][1:]
        coefficients = [
            -(a + b) for a, b in zip([*slope, 0.0, 0.0], [0.0, 0.0, *slope], strict=True)
        ]
    return _horner(tuple(coefficients), cot)
