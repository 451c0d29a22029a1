"""How each operation is written in C99, and the small C functions that this needs.

A row holds `{0}`, `{1}` and `{2}` for its arguments. What libm lacks, or
computes differently, is a function with the same steps as in `ieee` and `special`; names start with
`fgrad_`, and a function needs those that its text names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fgrad.formats.c import special
from fgrad.formats.c.gamma import GAMMA
from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op

# Functions of libm that have fgrad's special values.
_LIBM: Final = (
    ops.sqrt, ops.exp, ops.exp2, ops.expm1, ops.log, ops.log2, ops.log10, ops.log1p, ops.sin,
    ops.cos, ops.tan, ops.asin, ops.acos, ops.atan, ops.sinh, ops.cosh, ops.tanh, ops.asinh,
    ops.acosh, ops.atanh, ops.erf, ops.erfc, ops.floor, ops.ceil,
)  # fmt: skip
_OWN: Final = (
    ops.cbrt, ops.sigmoid, ops.bell, ops.softplus, ops.gauss, ops.lgamma, ops.digamma, ops.sign,
    ops.cbrt_slope, ops.atan_slope, ops.acosh_slope,
)  # fmt: skip
_OWN_OF_TWO: Final = (
    ops.pow, ops.power_slope, ops.hypot, ops.logaddexp, ops.share, ops.inversion, ops.polygamma,
    ops.maximum, ops.minimum, ops.mod,
)  # fmt: skip

ROWS: Final[Mapping[Op, str]] = MappingProxyType({
    ops.less: "{0} < {1}", ops.less_equal: "{0} <= {1}", ops.greater: "{0} > {1}",
    ops.greater_equal: "{0} >= {1}", ops.equal: "{0} == {1}", ops.not_equal: "{0} != {1}",
    ops.logical_and: "{0} && {1}", ops.logical_or: "{0} || {1}", ops.logical_not: "!{0}",
    ops.where: "{0} ? {1} : {2}",
    ops.add: "{0} + {1}", ops.sub: "{0} - {1}", ops.mul: "{0} * {1}", ops.div: "{0} / {1}",
    ops.neg: "-{0}", ops.reciprocal: "1.0 / {0}", ops.square: "{0} * {0}",
    ops.complement: "(1.0 - {0}) * (1.0 + {0})",
    ops.identity: "{0}", ops.stop_gradient: "{0}",
    ops.relu: "{0} <= 0.0 ? 0.0 : {0}", ops.abs: "fabs({0})", ops.round: "rint({0})",
    ops.atan2: "atan2({0}, {1})", ops.copysign: "copysign({0}, {1})",
    ops.clip: "fgrad_minimum(fgrad_maximum({0}, {1}), {2})",
    ops.cosine: "fgrad_cosine({0}, {1}, {2})",
    **{op: op.name + "({0})" for op in _LIBM},
    **{op: f"fgrad_{op.name}" + "({0})" for op in _OWN},
    **{op: f"fgrad_{op.name}" + "({0}, {1})" for op in _OWN_OF_TWO},
    **special.ROWS,
})  # fmt: skip

_SPECIAL: Final = {
    "fgrad_pow": """\
/* volatile, since compilers write 1 / x for pow(x, -1.0), which rounds otherwise */
static double (*const volatile fgrad_power)(double, double) = pow;
static double fgrad_pow(double x, double y)
{
    return y == 2.0 ? x * x : fgrad_power(x, y);
}
""",
    "fgrad_product_error": """\
/* x * y - product, exactly (Dekker 1971) */
static double fgrad_product_error(double x, double y, double product)
{
    const double c = 134217729.0 * x, d = 134217729.0 * y;
    const double a = c - (c - x), b = x - a, e = d - (d - y), f = y - e;
    return ((a * e - product) + a * f + b * e) + b * f;
}
""",
    "fgrad_cbrt": """\
/* libm's cube root and one Newton step on the exact residual */
static double fgrad_cbrt(double x)
{
    const double root = cbrt(x), square = root * root, cube = square * root;
    double error;
    if (root == 0.0 || !(fabs(root) < INFINITY)) return root;
    if (!(1e-90 < fabs(root) && fabs(root) < 1e90)) {
        const int shift = fabs(root) < 1.0 ? 600 : -600;
        return ldexp(fgrad_cbrt(ldexp(x, shift)), -shift / 3);
    }
    error = fgrad_product_error(square, root, cube)
        + root * fgrad_product_error(root, root, square);
    return root - ((cube - x) + error) / (3.0 * square);
}
""",
    "fgrad_cbrt_slope": """\
static double fgrad_cbrt_slope(double x)
{
    return x == 0.0 ? INFINITY : fgrad_cbrt(x) / x / 3.0;
}
""",
    "fgrad_atan_slope": """\
/* 1 / (1 + x * x), without overflow */
static double fgrad_atan_slope(double x)
{
    const double inverse = 1.0 / x;
    return fabs(x) > 1e150 ? inverse * inverse : 1.0 / (1.0 + x * x);
}
""",
    "fgrad_acosh_slope": """\
/* 1 / sqrt(x * x - 1), without overflow */
static double fgrad_acosh_slope(double x)
{
    return x > 1e150 ? 1.0 / x : sqrt(1.0 / (x - 1.0) / (x + 1.0));
}
""",
    "fgrad_gauss": """\
/* exp(-x * x), with the rounding error of x * x put back */
static double fgrad_gauss(double x)
{
    const double square = x * x;
    double value;
    if (!(-27.5 < x && x < 27.5)) return isnan(x) ? x : 0.0;
    value = exp(-square);
    return value - value * fgrad_product_error(x, x, square);
}
""",
    "fgrad_inversion": """\
/* x / (x * x + y * y), without overflow in between */
static double fgrad_inversion(double x, double y)
{
    const double size = fabs(y) > fabs(x) ? fabs(y) : fabs(x);
    double a, b, lifted;
    int exponent = 0;
    if (size == 0.0) return NAN;
    if (!(size < INFINITY))
        return isnan(x + y) || (isinf(x) && isinf(y)) ? NAN : copysign(0.0, x);
    frexp(size, &exponent);
    a = ldexp(x, -exponent);
    b = ldexp(y, -exponent);
    /* so that the quotient of a small number is not rounded before it is scaled */
    lifted = ldexp(x, 100 - exponent);
    return ldexp(lifted / (a * a + b * b), -100 - exponent);
}
""",
    "fgrad_sigmoid": """\
static double fgrad_sigmoid(double x)
{
    const double e = exp(-fabs(x));
    if (x >= 0.0) return 1.0 / (1.0 + e);
    return e / (1.0 + e);
}
""",
    "fgrad_softplus": """\
static double fgrad_softplus(double x)
{
    return x > 0.0 ? x + log1p(exp(-x)) : log1p(exp(x));
}
""",
    "fgrad_share": """\
/* exp(x) / (exp(x) + exp(y)), with the rounding error of x - y put back */
static double fgrad_share(double x, double y)
{
    const double difference = x - y, back = x - difference;
    const double error = (x - (difference + back)) + (back - y);
    double weight;
    if (isnan(difference)) return x == y ? 0.5 : NAN;
    if (!(-746.0 < difference && difference < 746.0)) return difference > 0.0 ? 1.0 : 0.0;
    weight = exp(-fabs(difference));
    weight -= copysign(weight, difference) * error;
    return (difference >= 0.0 ? 1.0 : weight) / (1.0 + weight);
}
""",
    "fgrad_bell": """\
/* the slope of the sigmoid */
static double fgrad_bell(double x)
{
    const double e = exp(-fabs(x));
    return e / (1.0 + (2.0 * e + e * e));
}
""",
    "fgrad_logaddexp": f"""\
static double fgrad_logaddexp(double x, double y)
{{
    if (x == y) return x + {math.log(2.0).hex()};
    if (isnan(x) || isnan(y)) return NAN;
    return (y > x ? y : x) + log1p(exp(-fabs(x - y)));
}}
""",
    "fgrad_power_slope": """\
/* y * pow(x, y - 1.0), without the rounding error of y - 1.0 where it would be amplified:
   pow(x, y) * y / x, of numbers between 1/2 and 1, which are scaled at the end */
static double fgrad_power_slope(double x, double y)
{
    const double power = fgrad_pow(x, y), size = fgrad_pow(fabs(x), y);
    double sign, p, n, m, ratio, product, error;
    int f = 0, g = 0, e = 0; /* some compilers think that frexp of a nan leaves them */
    if (y == 0.0) return isnan(x) ? NAN : 0.0;
    if (x == 0.0 || isinf(x) || isinf(y) || !(DBL_MIN <= size && size < INFINITY))
        return y * fgrad_pow(x, y - 1.0);
    sign = isnan(power) ? fgrad_pow(x, y - 1.0) : copysign(1.0, power) * copysign(1.0, x);
    if (isnan(sign)) return NAN;
    p = frexp(size, &f);
    n = frexp(y, &g);
    m = frexp(fabs(x), &e);
    ratio = n / m;
    product = ratio * m;
    error = ((n - product) - fgrad_product_error(ratio, m, product)) / m;
    return ldexp(copysign(p * ratio + p * error, sign * y), f + g - e);
}
""",
    "fgrad_hypot": """\
/* the steps of Python's math.hypot, which rounds otherwise than libm's */
static double fgrad_hypot(double x, double y)
{
    const double size = fabs(y) > fabs(x) ? fabs(y) : fabs(x);
    double scale, xx, yy, first, sum, low, fine, root;
    int exponent = 0;
    if (isinf(x) || isinf(y)) return INFINITY;
    if (isnan(x) || isnan(y)) return NAN;
    if (size == 0.0) return 0.0;
    frexp(size, &exponent);
    if (exponent < -1023) return DBL_MIN * fgrad_hypot(x / DBL_MIN, y / DBL_MIN);
    scale = ldexp(1.0, -exponent);
    x = fabs(x) * scale;
    y = fabs(y) * scale;
    xx = x * x;
    yy = y * y;
    first = 1.0 + xx;
    sum = first + yy;
    fine = fgrad_product_error(x, x, xx) + fgrad_product_error(y, y, yy);
    low = ((1.0 - first) + xx) + ((first - sum) + yy);
    root = sqrt(sum - 1.0 + (fine + low));
    xx = -root * root;
    first = sum + xx;
    fine += fgrad_product_error(-root, root, xx);
    low += (sum - first) + xx;
    root += (first - 1.0 + (fine + low)) / (2.0 * root);
    return root / scale;
}
""",
    "fgrad_cosine": """\
/* x / z for z = hypot(x, y), also where that overflows */
static double fgrad_cosine(double x, double y, double z)
{
    return z == INFINITY ? 0.25 * x / fgrad_hypot(0.25 * x, 0.25 * y) : x / z;
}
""",
    "fgrad_sign": """\
static double fgrad_sign(double x)
{
    return x < 0.0 || x > 0.0 ? copysign(1.0, x) : x;
}
""",
    "fgrad_maximum": """\
/* nan if either is; +0 is larger than -0 (IEEE 754-2019 maximum) */
static double fgrad_maximum(double x, double y)
{
    if (x > y) return x;
    if (y > x) return y;
    if (x == y) return signbit(x) ? y : x;
    return x + y;
}
""",
    "fgrad_minimum": """\
static double fgrad_minimum(double x, double y)
{
    return -fgrad_maximum(-x, -y);
}
""",
    "fgrad_mod": """\
/* x modulo y with the sign of y; nan where y is 0 or x is infinite */
static double fgrad_mod(double x, double y)
{
    const double rest = fmod(x, y);
    if (rest == 0.0) return copysign(0.0, y);
    return (y < 0.0) != (rest < 0.0) ? rest + y : rest;
}
""",
}  # fmt: skip

# In an order in which each comes after those that it needs.
HELPERS: Final[Mapping[str, str]] = MappingProxyType({**_SPECIAL, **GAMMA, **special.HELPERS})
