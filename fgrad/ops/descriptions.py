"""The text that `help(fg.sin)` shows: what each operation does, its domain and its derivatives.

The derivatives are written as formulas that a test evaluates and compares with the rules. `x, y, z`
are the arguments in their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

Description: TypeAlias = tuple[str, str, tuple[str, ...]]

_EVERYWHERE: Final = "every x"
_PAIRS: Final = "every x and y"
_TRUTHS: Final = "truth values"

_LOGIC: Final[dict[str, Description]] = {
    "less": ("whether x < y", f"{_PAIRS}; it fails with nan", ()),
    "less_equal": ("whether x <= y", f"{_PAIRS}; it fails with nan", ()),
    "greater": ("whether x > y", f"{_PAIRS}; it fails with nan", ()),
    "greater_equal": ("whether x >= y", f"{_PAIRS}; it fails with nan", ()),
    "equal": ("whether x and y are the same number", f"{_PAIRS}; it fails with nan", ()),
    "not_equal": ("whether x and y are different numbers", f"{_PAIRS}; it holds with nan", ()),
    "logical_and": ("whether x and y both hold, as x & y", _TRUTHS, ()),
    "logical_or": ("whether x or y holds, as x | y", _TRUTHS, ()),
    "logical_not": ("whether x does not hold", _TRUTHS, ()),
    "where": (
        "y where the condition x holds, and z elsewhere",
        "a truth value and every y and z",
        ("0.0", "where(x, 1.0, 0.0)", "where(x, 0.0, 1.0)"),
    ),
}
_ARITHMETIC: Final[dict[str, Description]] = {
    "add": ("the sum x + y", _PAIRS, ("1.0", "1.0")),
    "sub": ("the difference x - y", _PAIRS, ("1.0", "-1.0")),
    "mul": ("the product x * y", _PAIRS, ("y", "x")),
    "div": ("the quotient x / y", f"{_PAIRS}; inf or nan at y = 0", ("1.0 / y", "-x / y**2")),
    "neg": ("the negative -x", _EVERYWHERE, ("-1.0",)),
    "reciprocal": ("the reciprocal 1 / x", f"{_EVERYWHERE}; inf at 0", ("-1.0 / x**2",)),
    "square": ("the square x * x", _EVERYWHERE, ("2.0 * x",)),
    "identity": ("x itself", _EVERYWHERE, ("1.0",)),
    "stop_gradient": ("x, as a constant to every derivative", _EVERYWHERE, ("0.0",)),
    "mod": (
        "the remainder x % y, which has the sign of y",
        "every x, and y other than 0; nan at 0",
        ("1.0", "-floor(x / y)"),
    ),
    "pow": (
        "the power x**y",
        "x >= 0, or x < 0 and a whole y; nan elsewhere",
        ("y * x**(y - 1.0)", "x**y * log(x)"),
    ),
    "power_slope": (
        "the slope y * x**(y - 1) of a power",
        "x >= 0, or x < 0 and a whole y; nan elsewhere",
        ("y * (y - 1.0) * x**(y - 2.0)", "x**(y - 1.0) * (1.0 + y * log(x))"),
    ),
    "sqrt": ("the square root", "x >= 0; nan below", ("0.5 / sqrt(x)",)),
    "cbrt": ("the cube root, of negative numbers too", _EVERYWHERE, ("cbrt(x) / (3.0 * x)",)),
    "hypot": (
        "the length sqrt(x**2 + y**2) of the vector (x, y)",
        _PAIRS,
        ("x / hypot(x, y)", "y / hypot(x, y)"),
    ),
}
_EXPONENTIALS: Final[dict[str, Description]] = {
    "exp": ("the exponential e**x", _EVERYWHERE, ("exp(x)",)),
    "exp2": ("the power 2**x", _EVERYWHERE, ("log(2.0) * exp2(x)",)),
    "expm1": ("exp(x) - 1, with all digits near 0", _EVERYWHERE, ("exp(x)",)),
    "log": ("the natural logarithm", "x >= 0, -inf at 0; nan below", ("1.0 / x",)),
    "log2": ("the logarithm to base 2", "x >= 0, -inf at 0; nan below", ("1.0 / (log(2.0) * x)",)),
    "log10": (
        "the logarithm to base 10",
        "x >= 0, -inf at 0; nan below",
        ("1.0 / (log(10.0) * x)",),
    ),
    "log1p": (
        "log(1 + x), with all digits near 0",
        "x >= -1, -inf at -1; nan below",
        ("1.0 / (1.0 + x)",),
    ),
    "logaddexp": (
        "log(exp(x) + exp(y)), without overflow",
        _PAIRS,
        ("sigmoid(x - y)", "sigmoid(y - x)"),
    ),
    "share": (
        "exp(x) / (exp(x) + exp(y)), without overflow",
        _PAIRS,
        ("sigmoid(x - y) * sigmoid(y - x)", "-sigmoid(x - y) * sigmoid(y - x)"),
    ),
    "sigmoid": (
        "the logistic function 1 / (1 + exp(-x))",
        _EVERYWHERE,
        ("sigmoid(x) * sigmoid(-x)",),
    ),
    "bell": (
        "the slope sigmoid(x) * sigmoid(-x) of the logistic function",
        _EVERYWHERE,
        ("-sigmoid(x) * sigmoid(-x) * tanh(0.5 * x)",),
    ),
    "softplus": ("log(1 + exp(x)), without overflow", _EVERYWHERE, ("sigmoid(x)",)),
    "relu": ("x where it is positive, and 0 elsewhere", _EVERYWHERE, ("where(x > 0.0, 1.0, 0.0)",)),
}
_ANGLES: Final[dict[str, Description]] = {
    "sin": ("the sine of x radians", "finite x; nan elsewhere", ("cos(x)",)),
    "cos": ("the cosine of x radians", "finite x; nan elsewhere", ("-sin(x)",)),
    "tan": ("the tangent of x radians", "finite x; nan elsewhere", ("1.0 + tan(x) ** 2",)),
    "asin": (
        "the angle, in radians from -pi/2 to pi/2, whose sine is x",
        "-1 <= x <= 1; nan elsewhere",
        ("1.0 / sqrt(1.0 - x**2)",),
    ),
    "acos": (
        "the angle, in radians from 0 to pi, whose cosine is x",
        "-1 <= x <= 1; nan elsewhere",
        ("-1.0 / sqrt(1.0 - x**2)",),
    ),
    "atan": (
        "the angle, in radians from -pi/2 to pi/2, whose tangent is x",
        _EVERYWHERE,
        ("1.0 / (1.0 + x**2)",),
    ),
    "atan2": (
        "the angle of the point with abscissa y and ordinate x, in radians from -pi to pi",
        _PAIRS,
        ("y / (x**2 + y**2)", "-x / (x**2 + y**2)"),
    ),
    "cosine": (
        "x / z for z = hypot(x, y), also where that overflows",
        f"{_PAIRS}, and their hypotenuse z; nan at the origin",
        (
            "cosine(y, x, z) * inversion(y, x)",
            "-cosine(x, y, z) * inversion(y, x)",
            "0.0",
        ),
    ),
    "complement": ("1 - x**2, with all digits beside 1", _EVERYWHERE, ("-2.0 * x",)),
    "atan_slope": (
        "the slope 1 / (1 + x**2) of the arc tangent",
        _EVERYWHERE,
        ("-2.0 * x / (1.0 + x**2) ** 2",),
    ),
    "acosh_slope": (
        "the slope 1 / sqrt(x**2 - 1) of the inverse hyperbolic cosine",
        "x >= 1; nan below",
        ("-x / (x**2 - 1.0) ** 1.5",),
    ),
    "cbrt_slope": (
        "the slope 1 / (3 * cbrt(x)**2) of the cube root",
        f"{_EVERYWHERE}; inf at 0",
        ("-2.0 * cbrt_slope(x) / (3.0 * x)",),
    ),
    "inversion": (
        "x / (x**2 + y**2), without overflow",
        f"{_PAIRS}; nan at the origin",
        ("(y**2 - x**2) / (x**2 + y**2) ** 2", "-2.0 * x * y / (x**2 + y**2) ** 2"),
    ),
    "sinh": ("the hyperbolic sine", _EVERYWHERE, ("cosh(x)",)),
    "cosh": ("the hyperbolic cosine", _EVERYWHERE, ("sinh(x)",)),
    "tanh": ("the hyperbolic tangent", _EVERYWHERE, ("1.0 - tanh(x) ** 2",)),
    "asinh": (
        "the number whose hyperbolic sine is x",
        _EVERYWHERE,
        ("1.0 / sqrt(x**2 + 1.0)",),
    ),
    "acosh": (
        "the number from 0 whose hyperbolic cosine is x",
        "x >= 1; nan below",
        ("1.0 / sqrt(x**2 - 1.0)",),
    ),
    "atanh": (
        "the number whose hyperbolic tangent is x",
        "-1 <= x <= 1, infinite at both ends; nan elsewhere",
        ("1.0 / (1.0 - x**2)",),
    ),
}
_SPECIAL: Final[dict[str, Description]] = {
    "erf": (
        "the error function, the integral of 2/sqrt(pi) * exp(-t**2) from 0 to x",
        _EVERYWHERE,
        ("2.0 / sqrt(pi) * exp(-(x**2))",),
    ),
    "erfc": (
        "1 - erf(x), with all digits in the tail",
        _EVERYWHERE,
        ("-2.0 / sqrt(pi) * exp(-(x**2))",),
    ),
    "gauss": ("the bell curve exp(-x**2)", _EVERYWHERE, ("-2.0 * x * exp(-(x**2))",)),
    "lgamma": (
        "the logarithm of |gamma(x)|, the factorial of x - 1",
        f"{_EVERYWHERE}; inf at 0 and the negative whole numbers",
        ("digamma(x)",),
    ),
    "digamma": (
        "the derivative of lgamma",
        f"{_EVERYWHERE}; infinite at 0, nan at the negative whole numbers",
        ("polygamma(1.0, x)",),
    ),
    "polygamma": (
        "the derivative of order x of digamma, at y",
        "whole x from 0 and every y; nan for another order",
        ("0.0", "polygamma(x + 1.0, y)"),
    ),
}
_KINKS: Final[dict[str, Description]] = {
    "abs": ("the absolute value |x|", _EVERYWHERE, ("sign(x)",)),
    "sign": ("1, -1 or 0, as x is positive, negative or 0", _EVERYWHERE, ("0.0",)),
    "maximum": (
        "the larger of x and y; nan if one is nan",
        _PAIRS,
        ("where(x > y, 1.0, 0.0)", "where(y > x, 1.0, 0.0)"),
    ),
    "minimum": (
        "the smaller of x and y; nan if one is nan",
        _PAIRS,
        ("where(x < y, 1.0, 0.0)", "where(y < x, 1.0, 0.0)"),
    ),
    "clip": (
        "x, but at least y and at most z",
        "every x, y and z",
        (
            "where((x >= y) & (x <= z), 1.0, 0.0)",
            "where((x < y) & (y <= z), 1.0, 0.0)",
            "where(maximum(x, y) > z, 1.0, 0.0)",
        ),
    ),
    "floor": ("the largest whole number up to x", _EVERYWHERE, ("0.0",)),
    "ceil": ("the smallest whole number from x", _EVERYWHERE, ("0.0",)),
    "round": ("the nearest whole number, the even one of two", _EVERYWHERE, ("0.0",)),
    "copysign": ("|x| with the sign of y", _PAIRS, ("sign(x) * copysign(1.0, y)", "0.0")),
}

DESCRIPTIONS: Final[Mapping[str, Description]] = MappingProxyType(
    _LOGIC | _ARITHMETIC | _EXPONENTIALS | _ANGLES | _SPECIAL | _KINKS
)
"""For each operation what it is, its domain, and the derivative with respect to each argument."""


def description(name: str, arity: int, kink: str) -> str | None:
    """The text for an operation; None if there is none of that name."""
    from fgrad.ops.special_descriptions import SPECIAL  # noqa: PLC0415  # it has its types from here

    about = DESCRIPTIONS.get(name) or SPECIAL.get(name)
    if about is None:
        return None
    what, domain, slopes = about
    letters = "xyz"[:arity]
    lines = [f"{name}({', '.join(letters)}) is {what}.", "", f"Domain: {domain}."]
    if len(slopes) == 1:
        lines.append(f"Derivative: {slopes[0]}.")
    elif slopes:
        each = [f"{slope} in {x}" for slope, x in zip(slopes, letters, strict=True)]
        lines.append(f"Derivatives: {'; '.join(each)}.")
    else:
        lines.append("Derivative: none, since it is a truth value.")
    return "\n".join([*lines, f"By convention: {kink}."] if kink else lines)
