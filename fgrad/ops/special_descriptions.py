"""What `help` shows of the special functions, as `descriptions` has it for the others."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fgrad.ops.descriptions import _EVERYWHERE, _PAIRS, Description

_UNIT: Final = "0 <= x <= 1, infinite at both ends; nan elsewhere"
_ORDER: Final = "nan"

ELEMENTARY: Final[dict[str, Description]] = {
    "sec": ("the secant 1 / cos(x)", "finite x; nan elsewhere", ("sec(x) * tan(x)",)),
    "csc": (
        "the cosecant 1 / sin(x)",
        "finite x, infinite at 0; nan elsewhere",
        ("-csc(x) * cot(x)",),
    ),
    "cot": (
        "the cotangent 1 / tan(x)",
        "finite x, infinite at 0; nan elsewhere",
        ("-1.0 - cot(x) ** 2",),
    ),
    "sinpi": (
        "sin(pi * x), exactly 0 at whole numbers",
        "finite x; nan elsewhere",
        ("pi * cospi(x)",),
    ),
    "cospi": (
        "cos(pi * x), exactly 0 half-way between them",
        "finite x; nan elsewhere",
        ("-pi * sinpi(x)",),
    ),
    "sinc": (
        "sin(pi * x) / (pi * x), as numpy's, and 1 at 0",
        "finite x; nan elsewhere",
        ("sinc_slope(1.0, x)",),
    ),
    "sinc_slope": (
        "the derivative of order x of sinc, at y",
        "whole x from 0 and finite y; nan elsewhere",
        ("0.0", "sinc_slope(x + 1.0, y)"),
    ),
    "exp10": ("the power 10**x", _EVERYWHERE, ("log(10.0) * exp10(x)",)),
    "trunc": ("the whole number next to x on the side of 0", _EVERYWHERE, ("0.0",)),
    "rem": (
        "the remainder of x / y that has the sign of x, as C's fmod",
        "every x, and y other than 0; nan at 0",
        ("1.0", "-trunc(x / y)"),
    ),
    "fma": ("x * y + z, rounded once", "every x, y and z", ("y", "x", "1.0")),
}
LOGARITHMS: Final[dict[str, Description]] = {
    "logit": ("log(x / (1 - x)), the inverse of sigmoid", _UNIT, ("1.0 / (x * (1.0 - x))",)),
    "bernoulli": ("the variance x * (1 - x)", _EVERYWHERE, ("1.0 - 2.0 * x",)),
    "log1mexp": (
        "log(1 - exp(-x)), with all digits near 0 and far out",
        "x >= 0, -inf at 0; nan below",
        ("1.0 / expm1(x)",),
    ),
    "bose": ("1 / (exp(x) - 1)", f"{_EVERYWHERE}; inf at 0", ("-bose(x) * (1.0 + bose(x))",)),
    "xlogy": (
        "x * log(y), and 0 where x is 0",
        "every x, and y >= 0; nan below unless x is 0",
        ("log(y)", "x / y"),
    ),
    "xlog1py": (
        "x * log(1 + y), and 0 where x is 0",
        "every x, and y >= -1; nan below unless x is 0",
        ("log1p(y)", "x / (1.0 + y)"),
    ),
    "entr": (
        "the entropy -x * log(x), 0 at 0",
        f"{_EVERYWHERE}; -inf below 0",
        ("-1.0 - log(x)",),
    ),
    "entr_slope": (
        "-1 - log(x), with all digits beside 1/e",
        "x >= 0, inf at 0; nan below",
        ("-1.0 / x",),
    ),
}
NORMAL: Final[dict[str, Description]] = {
    "erfcx": (
        "exp(x**2) * erfc(x), without underflow",
        _EVERYWHERE,
        ("2.0 * x * erfcx(x) - 2.0 / sqrt(pi)",),
    ),
    "erfc_integral": (
        "exp(y**2) times the repeated integral of order x of erfc, at y",
        "whole x from 0 and every y; nan for another order",
        ("0.0", "-2.0 * (x + 1.0) * erfc_integral(x + 1.0, y)"),
    ),
    "ndtr": (
        "the probability that a standard normal variable is at most x",
        _EVERYWHERE,
        ("exp(-(x**2) / 2.0) / sqrt(2.0 * pi)",),
    ),
    "normal_density": (
        "exp(-x**2 / 2) / sqrt(2 * pi)",
        _EVERYWHERE,
        ("-x * normal_density(x)",),
    ),
    "log_ndtr": (
        "the logarithm of ndtr(x), also where that is 0",
        _EVERYWHERE,
        ("normal_density(x) / ndtr(x)",),
    ),
    "erfinv": (
        "the number whose error function is x",
        "-1 <= x <= 1, infinite at both ends; nan elsewhere",
        ("sqrt(pi) / 2.0 * exp(erfinv(x) ** 2)",),
    ),
    "erfinv_slope": (
        "the slope of erfinv",
        "-1 <= x <= 1, infinite at both ends; nan elsewhere",
        ("2.0 * erfinv(x) * erfinv_slope(x) ** 2",),
    ),
    "erfcinv": (
        "the number whose complementary error function is x",
        "0 <= x <= 2, infinite at both ends; nan elsewhere",
        ("-sqrt(pi) / 2.0 * exp(erfcinv(x) ** 2)",),
    ),
    "erfcinv_slope": (
        "the slope of erfcinv",
        "0 <= x <= 2, infinite at both ends; nan elsewhere",
        ("2.0 * erfcinv(x) * erfcinv_slope(x) ** 2",),
    ),
    "ndtri": (
        "the quantile at the probability x of a standard normal variable",
        _UNIT,
        ("sqrt(2.0 * pi) * exp(ndtri(x) ** 2 / 2.0)",),
    ),
    "ndtri_slope": ("the slope of ndtri", _UNIT, ("ndtri(x) * ndtri_slope(x) ** 2",)),
}
GAMMA: Final[dict[str, Description]] = {
    "gamma": (
        "the gamma function, the factorial of x - 1",
        f"{_EVERYWHERE}; infinite at 0, nan at the negative whole numbers",
        ("gamma(x) * digamma(x)",),
    ),
    "beta": (
        "gamma(x) * gamma(y) / gamma(x + y)",
        "x and y above 0, infinite at 0, and below where the three are no nan",
        (
            "beta(x, y) * (digamma(x) - digamma(x + y))",
            "beta(x, y) * (digamma(y) - digamma(x + y))",
        ),
    ),
    "beta_slope": (
        "the derivative of beta of m-th order in y and n-th in z, for x = m + 1000 n",
        "whole x from 0, and y and z as those of beta; nan for another order",
        ("0.0", "beta_slope(x + 1.0, y, z)", "beta_slope(x + 1000.0, y, z)"),
    ),
    "betaln": (
        "the logarithm of |beta(x, y)|",
        "x and y above 0, inf at 0, and below where the three are no nan",
        ("digamma(x) - digamma(x + y)", "digamma(y) - digamma(x + y)"),
    ),
    "polygamma_gap": (
        "polygamma(x, y + z) - polygamma(x, y), with all digits",
        "whole x from 0, and y and y + z above 0; nan for another order",
        ("0.0", "polygamma_gap(x + 1.0, y, z)", "polygamma(x + 1.0, y + z)"),
    ),
    "gammainc": (
        "the part of gamma(x) that the integral from 0 to y is",
        "x >= 0 and y >= 0; nan elsewhere",
        (_ORDER, "exp(-y) * y**(x - 1.0) / gamma(x)"),
    ),
    "gammaincc": (
        "the part of gamma(x) that the integral from y on is",
        "x >= 0 and y >= 0; nan elsewhere",
        (_ORDER, "-exp(-y) * y**(x - 1.0) / gamma(x)"),
    ),
    "gamma_density": (
        "y**(x - 1) * exp(-y) / gamma(x)",
        "every x and y >= 0; nan elsewhere",
        (_ORDER, "gamma_density(x - 1.0, y) - gamma_density(x, y)"),
    ),
    "zeta": (
        "the sum of (y + k)**-x for k = 0, 1, ..., Riemann's zeta function at y = 1",
        "x >= 1, inf at 1, and y > 0; nan for a smaller x",
        ("-zeta_log(1.0, x, y)", "-x * zeta(x + 1.0, y)"),
    ),
    "zeta_log": (
        "the sum of log(z + k)**x * (z + k)**-y for k = 0, 1, ...",
        "whole x from 0, y >= 1 and z > 0; nan for another order",
        (
            "0.0",
            "-zeta_log(x + 1.0, y, z)",
            "x * zeta_log(x - 1.0, y + 1.0, z) - y * zeta_log(x, y + 1.0, z)",
        ),
    ),
}
BESSEL: Final[dict[str, Description]] = {
    "i0": ("the modified Bessel function of the first kind of order 0", _EVERYWHERE, ("i1(x)",)),
    "i1": (
        "the modified Bessel function of the first kind of order 1",
        _EVERYWHERE,
        ("0.5 * (i0(x) + iv(2.0, x))",),
    ),
    "iv": (
        "the modified Bessel function of the first kind of order x, at y",
        f"{_PAIRS}; nan for y < 0 and an order that is not whole",
        (_ORDER, "0.5 * (iv(x - 1.0, y) + iv(x + 1.0, y))"),
    ),
    "j0": ("the Bessel function of the first kind of order 0", _EVERYWHERE, ("-j1(x)",)),
    "j1": (
        "the Bessel function of the first kind of order 1",
        _EVERYWHERE,
        ("0.5 * (j0(x) - jv(2.0, x))",),
    ),
    "jv": (
        "the Bessel function of the first kind of order x, at y",
        f"{_PAIRS}; nan for y < 0 and an order that is not whole",
        (_ORDER, "0.5 * (jv(x - 1.0, y) - jv(x + 1.0, y))"),
    ),
    "yv": (
        "the Bessel function of the second kind of order x, at y",
        "every x, and y >= 0, infinite at 0; nan below",
        (_ORDER, "0.5 * (yv(x - 1.0, y) - yv(x + 1.0, y))"),
    ),
    "k0": (
        "the modified Bessel function of the second kind of order 0",
        "x >= 0, inf at 0; nan below",
        ("-k1(x)",),
    ),
    "k1": (
        "the modified Bessel function of the second kind of order 1",
        "x >= 0, inf at 0; nan below",
        ("-(k0(x) + k1(x) / x)",),
    ),
    "kv": (
        "the modified Bessel function of the second kind of order x, at y",
        "every x, and y >= 0, inf at 0; nan below",
        (_ORDER, "-0.5 * (kv(x - 1.0, y) + kv(x + 1.0, y))"),
    ),
    "airyai": ("the Airy function Ai", _EVERYWHERE, ("airyaiprime(x)",)),
    "airyaiprime": ("the derivative of Ai", _EVERYWHERE, ("x * airyai(x)",)),
    "airybi": ("the Airy function Bi", _EVERYWHERE, ("airybiprime(x)",)),
    "airybiprime": ("the derivative of Bi", _EVERYWHERE, ("x * airybi(x)",)),
}
INTEGRALS: Final[dict[str, Description]] = {
    "expi": (
        "the exponential integral Ei, the principal value of the integral of exp(t) / t up to x",
        f"{_EVERYWHERE}; -inf at 0",
        ("exp(x) / x",),
    ),
    "exp1": (
        "the integral of exp(-t) / t from x on",
        "x >= 0, inf at 0; nan below",
        ("-exp(-x) / x",),
    ),
    "ellipk": (
        "the complete elliptic integral of the first kind of the parameter x, the square of the modulus",
        "x <= 1, inf at 1; nan above",
        ("(ellipe(x) - (1.0 - x) * ellipk(x)) / (2.0 * x * (1.0 - x))",),
    ),
    "ellipk_slope": (
        "the derivative of order x of ellipk, at y",
        "whole x from 0, and y <= 1; nan elsewhere",
        ("0.0", "ellipk_slope(x + 1.0, y)"),
    ),
    "ellipe": (
        "the complete elliptic integral of the second kind of the parameter x, the square of the modulus",
        "x <= 1; nan above",
        ("(ellipe(x) - ellipk(x)) / (2.0 * x)",),
    ),
    "ellipe_slope": (
        "the derivative of order x of ellipe, at y",
        "whole x from 0, and y <= 1; nan elsewhere",
        ("0.0", "ellipe_slope(x + 1.0, y)"),
    ),
    "lambertw": (
        "the real w from -1 whose w * exp(w) is x",
        "x >= -1/e; nan below",
        ("exp(-lambertw(x)) / (1.0 + lambertw(x))",),
    ),
    "lambertw_slope": (
        "the slope of lambertw",
        "x >= -1/e, inf there; nan below",
        ("-lambertw_slope(x) ** 2 * (2.0 + lambertw(x)) / (1.0 + lambertw(x))",),
    ),
}

SPECIAL: Final[Mapping[str, Description]] = MappingProxyType(
    ELEMENTARY | LOGARITHMS | NORMAL | GAMMA | BESSEL | INTEGRALS
)
"""For each special function what it is, its domain, and the derivative with respect to each argument."""
