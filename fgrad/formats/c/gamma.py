"""The C texts of the gamma function's logarithm and its derivatives: the steps of `fgrad.ops.gamma`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fgrad.formats.c.special import array
from fgrad.ops import gamma

_TABLES: Final = {
    "fgrad_lgamma_two": gamma._LGAMMA_AT_TWO,
    "fgrad_lgamma_one": gamma._LGAMMA_AT_ONE,
    "fgrad_digamma_two": gamma._DIGAMMA_AT_TWO,
    "fgrad_digamma_root": gamma._DIGAMMA_AT_ROOT,
    "fgrad_bernoulli": gamma._BERNOULLI,
    "fgrad_stirling_terms": [b / (2 * k * (2 * k - 1)) for k, b in enumerate(gamma._BERNOULLI, 1)],
    "fgrad_far_terms": [-b / (2 * k) for k, b in enumerate(gamma._BERNOULLI, 1)],
    "fgrad_factorial": [float(math.factorial(n)) for n in range(150)],
}

_FUNCTIONS: Final = {
    "fgrad_horner": """\
static double fgrad_horner(const double *coefficients, int count, double x)
{
    double total = 0.0;
    while (count-- > 0) total = total * x + coefficients[count];
    return total;
}
""",
    "fgrad_fsum": """\
/* the sum of at most 256 numbers, rounded once (Shewchuk 1997) */
static double fgrad_fsum(const double *terms, int count)
{
    double partials[256], special = 0.0, high = 0.0, low = 0.0, x, y, t;
    int i, j, kept, n = 0;
    for (i = 0; i < count; i++) {
        x = terms[i];
        kept = 0;
        for (j = 0; j < n; j++) {
            y = partials[j];
            if (fabs(x) < fabs(y)) {
                t = x;
                x = y;
                y = t;
            }
            high = x + y;
            low = y - (high - x);
            if (low != 0.0) partials[kept++] = low;
            x = high;
        }
        n = kept;
        if (!isfinite(x)) {
            special += isfinite(terms[i]) ? x : terms[i];
            n = 0;
        } else if (x != 0.0) {
            partials[n++] = x;
        }
    }
    if (special != 0.0) return special;
    if (n == 0) return 0.0;
    high = partials[--n];
    low = 0.0;
    while (n > 0 && low == 0.0) {
        x = high;
        y = partials[--n];
        high = x + y;
        low = y - (high - x);
    }
    /* halfway between two numbers, the next partial decides */
    if (n > 0 && low != 0.0 && (low < 0.0) == (partials[n - 1] < 0.0)) {
        y = low * 2.0;
        x = high + y;
        if (y == x - high) high = x;
    }
    return high;
}
""",
    "fgrad_lgamma_near_two": f"""\
static double fgrad_lgamma_near_two(double w)
{{
    return w * ({gamma._ONE_MINUS_EULER.hex()} + w * fgrad_horner(fgrad_lgamma_two, {len(gamma._LGAMMA_AT_TWO)}, w));
}}
""",
    "fgrad_stirling": f"""\
static double fgrad_stirling(double x)
{{
    const double inverse = 1.0 / x;
    double terms[4];
    if (x > 1e306) return INFINITY;
    terms[0] = x * (log(x) - 1.0);
    terms[1] = -0.5 * log(x);
    terms[2] = {gamma._HALF_LOG_2PI.hex()};
    terms[3] = inverse * fgrad_horner(fgrad_stirling_terms, {len(gamma._BERNOULLI)}, inverse * inverse);
    return fgrad_fsum(terms, 4);
}}
""",
    "fgrad_lgamma": f"""\
/* the logarithm of |gamma(x)| */
static double fgrad_lgamma(double x)
{{
    const double z = x - 1.0;
    double turn, product = 1.0;
    if (x >= {gamma._LARGE!r}) return fgrad_stirling(x);
    if (x > 2.5) {{
        while (x > 2.5) {{
            x -= 1.0;
            product *= x;
        }}
        return log(product) + fgrad_lgamma_near_two(x - 2.0);
    }}
    if (x > 1.25) return fgrad_lgamma_near_two(x - 2.0);
    if (x > 0.625)
        return z * (z * fgrad_horner(fgrad_lgamma_one, {len(gamma._LGAMMA_AT_ONE)}, z) - {gamma._EULER.hex()});
    if (x > -0.5 && x != 0.0)
        return fgrad_lgamma_near_two(x) - log1p(x) - log(fabs(x));
    if (isnan(x)) return NAN;
    if (x == -INFINITY || x == floor(x)) return INFINITY;
    turn = sin({math.pi.hex()} * (x - rint(x))) * (fmod(rint(x), 2.0) == 0.0 ? 1.0 : -1.0);
    return log({math.pi.hex()} / fabs(x * turn)) - fgrad_lgamma(-x);
}}
""",
    "fgrad_cotpi": f"""\
/* cot(pi * x), exact in its reduction to a quarter turn */
static double fgrad_cotpi(double x)
{{
    const double turn = x - rint(x);
    if (turn == 0.0) return INFINITY;
    if (fabs(turn) <= 0.25) return 1.0 / tan({math.pi.hex()} * turn);
    return tan({math.pi.hex()} * (copysign(0.5, turn) - turn));
}}
""",
    "fgrad_digamma_near_two": f"""\
static double fgrad_digamma_near_two(double w)
{{
    return {gamma._ONE_MINUS_EULER.hex()} + w * fgrad_horner(fgrad_digamma_two, {len(gamma._DIGAMMA_AT_TWO)}, w);
}}
""",
    "fgrad_digamma_near_root": f"""\
static double fgrad_digamma_near_root(double offset)
{{
    const double distance = offset - {gamma._ROOT[1].hex()};
    return distance * fgrad_horner(fgrad_digamma_root, {len(gamma._DIGAMMA_AT_ROOT)}, distance);
}}
""",
    "fgrad_digamma": f"""\
/* the derivative of lgamma */
static double fgrad_digamma(double x)
{{
    const double inverse = 1.0 / x, square = inverse * inverse;
    double terms[16];
    int n = 1;
    if (x >= {gamma._LARGE!r}) {{
        if (!(x < INFINITY)) return INFINITY;
        return log(x) + (-0.5 * inverse + square * fgrad_horner(fgrad_far_terms, {len(gamma._BERNOULLI)}, square));
    }}
    if (x > 2.75) {{
        while (x > 2.75) {{
            x -= 1.0;
            terms[n++] = 1.0 / x;
        }}
        terms[0] = fgrad_digamma_near_two(x - 2.0);
        return fgrad_fsum(terms, n);
    }}
    if (x > 1.75) return fgrad_digamma_near_two(x - 2.0);
    if (x >= 1.0) return fgrad_digamma_near_root(x - {gamma._ROOT[0].hex()});
    if (x > 0.0) return fgrad_digamma_near_root(x - {(gamma._ROOT[0] - 1.0).hex()}) - 1.0 / x;
    if (x == 0.0) return -copysign(INFINITY, x);
    if (isnan(x) || x == -INFINITY || x == floor(x)) return NAN;
    return fgrad_digamma(1.0 - x) - {math.pi.hex()} * fgrad_cotpi(x);
}}
""",
    "fgrad_shrunk": """\
/* factor * x**-n, also where the power alone would underflow */
static double fgrad_shrunk(double factor, double x, int n)
{
    const double power = fgrad_pow(x, -(double)n);
    const int half = n / 2;
    if (!(fabs(power) < 1e-290)) return factor * power;
    return factor * fgrad_pow(x, -(double)half) * fgrad_pow(x, -(double)(n - half));
}
""",
    "fgrad_polygamma_size": f"""\
/* polygamma(n, x) but for its sign at x > 0 */
static double fgrad_polygamma_size(int n, double x)
{{
    const double factorial = fgrad_factorial[n];
    double terms[256], factor;
    int k, count = 0;
    if (x == INFINITY) return 0.0;
    while (x < {gamma._LARGE!r} + n) {{
        terms[count++] = fgrad_shrunk(factorial, x, n + 1);
        x += 1.0;
    }}
    factor = fgrad_shrunk(factorial, x, n);
    terms[count++] = fgrad_shrunk(factorial / n, x, n);
    terms[count++] = factor / (2.0 * x);
    factor /= x;
    for (k = 1; k <= {len(gamma._BERNOULLI)}; k++) {{
        factor *= (2.0 * k + n - 1.0) / (2.0 * k) / x;
        terms[count++] = fgrad_bernoulli[k - 1] * factor;
        factor *= (2.0 * k + n) / (2.0 * k + 1.0) / x;
    }}
    return fgrad_fsum(terms, count);
}}
""",
    "fgrad_cot_derivative": """\
/* the n-th derivative of cot as a polynomial in cot */
static double fgrad_cot_derivative(int n, double cot)
{
    double old[152] = {0.0, 1.0}, next[152];
    int i, k, count = 2;
    for (i = 0; i < n; i++) {
        for (k = 0; k <= count; k++)
            next[k] = -((k + 1 < count ? (k + 1) * old[k + 1] : 0.0)
                + (k >= 2 ? (k - 1) * old[k - 1] : 0.0));
        count++;
        for (k = 0; k < count; k++) old[k] = next[k];
    }
    return fgrad_horner(old, count, cot);
}
""",
    "fgrad_polygamma": f"""\
/* a derivative of digamma, for a whole order of at least 0 */
static double fgrad_polygamma(double order, double x)
{{
    const int n = 0.0 < order && order < 150.0 ? (int)order : 0;
    if (order == 0.0) return fgrad_digamma(x);
    if (n == 0 || order != n || isnan(x)) return NAN;
    if (x <= 0.0 && (x == -INFINITY || x == floor(x))) return n % 2 ? INFINITY : NAN;
    if (x > -64.0) return (n % 2 ? 1.0 : -1.0) * fgrad_polygamma_size(n, x);
    return -fgrad_pow({math.pi.hex()}, n + 1.0) * fgrad_cot_derivative(n, fgrad_cotpi(x))
        - fgrad_polygamma_size(n, 1.0 - x);
}}
""",
}  # fmt: skip

GAMMA: Final[Mapping[str, str]] = MappingProxyType(
    {name: array(name, numbers) for name, numbers in _TABLES.items()} | _FUNCTIONS
)
