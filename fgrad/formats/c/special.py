"""The special functions in C99, with the same steps as on floats.

There is none for those whose value is SciPy's, or whose steps are long: they are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from fgrad.ops import beta, elementary, library, logarithms, normal
from fgrad.ops.borrowed import Borrowed
from fgrad.ops.primitive import Op

_OWN: Final = (
    elementary.sinpi, elementary.cospi, elementary.sinc, logarithms.logit, logarithms.log1mexp,
    logarithms.bose, logarithms.entr, logarithms.entr_slope, normal.erfcx, normal.ndtr,
    normal.normal_density, normal.log_ndtr, beta.gamma,
)  # fmt: skip

ROWS: Final[Mapping[Op, str]] = MappingProxyType({
    elementary.sec: "1.0 / cos({0})", elementary.csc: "1.0 / sin({0})",
    elementary.cot: "1.0 / tan({0})", elementary.exp10: "fgrad_pow(10.0, {0})",
    elementary.trunc: "trunc({0})", elementary.rem: "fmod({0}, {1})",
    elementary.fma: "fma({0}, {1}, {2})", logarithms.bernoulli: "{0} * (1.0 - {0})",
    logarithms.xlogy: "fgrad_xlogy({0}, {1})", logarithms.xlog1py: "fgrad_xlog1py({0}, {1})",
    **{op: f"fgrad_{op.name}" + "({0})" for op in _OWN},
})  # fmt: skip


def missing(op: Op) -> str | None:
    """Why a special function cannot be written in C; None for what is none, and is declared."""
    if op in ROWS or not library.is_ours(op):
        return None
    return "its value is SciPy's" if isinstance(op.impl, Borrowed) else "it is for Python alone"


def array(name: str, numbers: Sequence[float]) -> str:
    """The constant array of these numbers."""
    rows = [numbers[i : i + 4] for i in range(0, len(numbers), 4)]
    text = ",\n    ".join(", ".join(x.hex() for x in row) for row in rows)
    return f"static const double {name}[] = {{\n    {text}\n}};\n"


_PI: Final = (3.141592653589793).hex()
_ONE_SQRT_PI: Final = normal.INVERSE_SQRT_PI.hex()
_SQRT_HALF: Final = tuple(x.hex() for x in normal.SQRT_HALF)
_INVERSE_E: Final = tuple(x.hex() for x in logarithms.INVERSE_E)

HELPERS: Final[Mapping[str, str]] = MappingProxyType({
    "fgrad_sinpi": f"""\
/* sin(pi * x), whose argument is reduced exactly */
static double fgrad_sinpi(double x)
{{
    double turn = fabs(fmod(x, 2.0)), sign = copysign(1.0, x);
    if (turn >= 1.0) {{
        turn -= 1.0;
        sign = -sign;
    }}
    if (turn == 0.0) return copysign(0.0, x);
    turn = 1.0 - turn < turn ? 1.0 - turn : turn;
    return sign * (turn <= 0.25 ? sin({_PI} * turn) : cos({_PI} * (0.5 - turn)));
}}
""",
    "fgrad_cospi": f"""\
static double fgrad_cospi(double x)
{{
    double turn = fabs(fmod(x, 2.0)), sign;
    turn = 2.0 - turn < turn ? 2.0 - turn : turn;
    sign = turn <= 0.5 ? 1.0 : -1.0;
    turn = 1.0 - turn < turn ? 1.0 - turn : turn;
    if (turn == 0.5) return 0.0;
    return sign * (turn <= 0.25 ? cos({_PI} * turn) : sin({_PI} * (0.5 - turn)));
}}
""",
    "fgrad_sinc": f"""\
static double fgrad_sinc(double x)
{{
    return x == 0.0 ? 1.0 : fgrad_sinpi(x) / ({_PI} * x);
}}
""",
    "fgrad_logit": """\
static double fgrad_logit(double x)
{
    return 0.25 <= x && x <= 0.75 ? 2.0 * atanh(2.0 * x - 1.0) : log(x / (1.0 - x));
}
""",
    "fgrad_log1mexp": f"""\
static double fgrad_log1mexp(double x)
{{
    return x < {logarithms.LN2.hex()} ? log(-expm1(-x)) : log1p(-exp(-x));
}}
""",
    "fgrad_bose": """\
static double fgrad_bose(double x)
{
    return x > 700.0 ? exp(-x) : 1.0 / expm1(x);
}
""",
    "fgrad_xlogy": """\
static double fgrad_xlogy(double x, double y)
{
    return x != 0.0 || isnan(y) ? x * log(y) : 0.0;
}
""",
    "fgrad_xlog1py": """\
static double fgrad_xlog1py(double x, double y)
{
    return x != 0.0 || isnan(y) ? x * log1p(y) : 0.0;
}
""",
    "fgrad_entr": """\
static double fgrad_entr(double x)
{
    if (x > 0.0) return -x * log(x);
    return isnan(x) ? x : x < 0.0 ? -INFINITY : 0.0;
}
""",
    "fgrad_entr_slope": f"""\
static double fgrad_entr_slope(double x)
{{
    const double near = (x - {_INVERSE_E[0]}) - {_INVERSE_E[1]};
    return 0.2 < x && x < 0.7 ? -log1p(near * {(2.718281828459045).hex()}) : -1.0 - log(x);
}}
""",
    "fgrad_growth": """\
/* exp(x * x), with the rounding error of x * x put back */
static double fgrad_growth(double x)
{
    const double square = x * x;
    double value;
    if (!(-26.7 < x && x < 26.7)) return isnan(x) ? x : INFINITY;
    value = square < 709.7 ? exp(square) : INFINITY;
    return value < INFINITY ? value + value * fgrad_product_error(x, x, square) : value;
}
""",
    "fgrad_chebyshev": array("fgrad_chebyshev", normal.CHEBYSHEV),
    "fgrad_erfcx": f"""\
/* exp(x * x) * erfc(x) (Shepherd and Laframboise 1981) */
static double fgrad_erfcx(double x)
{{
    double t, before, above = 0.0, high = 0.0;
    int i;
    if (-1.0 < x && x < 0.6) return fgrad_growth(x) * erfc(x);
    if (x < 0.0) return 2.0 * fgrad_growth(x) - fgrad_erfcx(-x);
    if (!(x < 1e8)) return {_ONE_SQRT_PI} / x;
    t = (x - 3.75) / (x + 3.75);
    for (i = {len(normal.CHEBYSHEV) - 1}; i > 0; i--) {{
        before = above;
        above = high;
        high = 2.0 * t * high - before + fgrad_chebyshev[i];
    }}
    return (t * high - above + fgrad_chebyshev[0]) / (1.0 + 2.0 * x);
}}
""",
    "fgrad_ndtr": f"""\
/* erfc(-x / sqrt(2)) / 2, with the rounding error of the argument put back */
static double fgrad_ndtr(double x)
{{
    const double t = -x * {_SQRT_HALF[0]}, value = 0.5 * erfc(t);
    double error;
    if (!(-40.0 < x && x < 40.0)) return value;
    error = fgrad_product_error(-x, {_SQRT_HALF[0]}, t) - x * {_SQRT_HALF[1]};
    return value - {_ONE_SQRT_PI} * fgrad_gauss(t) * error;
}}
""",
    "fgrad_normal_density": f"""\
static double fgrad_normal_density(double x)
{{
    const double square = x * x, value = {normal.INVERSE_SQRT_2PI.hex()} * exp(-0.5 * square);
    if (!(-39.0 < x && x < 39.0)) return isnan(x) ? x : 0.0;
    return value - value * (0.5 * fgrad_product_error(x, x, square));
}}
""",
    "fgrad_log_ndtr": f"""\
static double fgrad_log_ndtr(double x)
{{
    if (x < -1.0)
        return x > -1e200 ? log(0.5 * fgrad_erfcx(-x * {_SQRT_HALF[0]})) - 0.5 * x * x : -INFINITY;
    return x > 0.0 ? log1p(-fgrad_ndtr(-x)) : log(fgrad_ndtr(x));
}}
""",
    "fgrad_quarter": f"""\
/* sin(pi * x) for x > 0, as Python's math.gamma takes it */
static double fgrad_quarter(double x)
{{
    const double y = fmod(x, 2.0);
    switch ((int)round(2.0 * y)) {{
    case 0: return sin({_PI} * y);
    case 1: return cos({_PI} * (y - 0.5));
    case 2: return sin({_PI} * (1.0 - y));
    case 3: return -cos({_PI} * (y - 1.5));
    default: return sin({_PI} * (y - 2.0));
    }}
}}
""",
    "fgrad_lanczos": """\
static double fgrad_lanczos(double x)
{
    static const double above[] = {
        23531376880.410759688572007674451636754734846804940, 42919803642.649098768957899047001988850926355848959,
        35711959237.355668049440185451547166705960488635843, 17921034426.037209699919755754458931112671403265390,
        6039542586.3520280050642916443072979210699388420708, 1439720407.3117216736632230727949123939715485786772,
        248874557.86205415651146038641322942321632125127801, 31426415.585400194380614231628318205362874684987640,
        2876370.6289353724412254090516208496135991145378768, 186056.26539522349504029498971604569928220784236328,
        8071.6720023658162106380029022722506138218516325024, 210.82427775157934587250973392071336271166969580291,
        2.5066282746310002701649081771338373386264310793408
    };
    static const double below[] = {
        0.0, 39916800.0, 120543840.0, 150917976.0, 105258076.0, 45995730.0, 13339535.0, 2637558.0,
        357423.0, 32670.0, 1925.0, 66.0, 1.0
    };
    double p = 0.0, q = 0.0;
    int i;
    for (i = 0; i < 13; i++) {
        p = x < 5.0 ? p * x + above[12 - i] : p / x + above[i];
        q = x < 5.0 ? q * x + below[12 - i] : q / x + below[i];
    }
    return p / q;
}
""",
    "fgrad_gamma": f"""\
/* the steps of Python's math.gamma (Lanczos), which rounds otherwise than libm's */
static double fgrad_gamma(double x)
{{
    const double half = 5.524680040776729583740234375, size = fabs(x), y = size + half;
    const double z = (size > half ? y - size - half : y - half - size) * (half + 0.5) / y;
    double r, power;
    if (isnan(x) || x == INFINITY) return x;
    if (x == 0.0) return copysign(INFINITY, x);
    if (x < 0.0 && x == floor(x)) return NAN;
    if (size < 1e-20) return 1.0 / x;
    if (size > 200.0) return x > 0.0 ? INFINITY : 0.0 / -fgrad_quarter(size);
    if (x == floor(x) && x <= 23.0) {{
        for (r = 1.0; x > 2.0; r *= x) x -= 1.0;
        return r;
    }}
    power = size < 140.0 ? pow(y, size - 0.5) : pow(y, size / 2.0 - 0.25);
    if (x < 0.0) {{
        r = -{_PI} / fgrad_quarter(size) / size * exp(y) / fgrad_lanczos(size);
        r -= z * r;
        return size < 140.0 ? r / power : r / power / power;
    }}
    r = fgrad_lanczos(size) / exp(y);
    r += z * r;
    return size < 140.0 ? r * power : r * power * power;
}}
""",
})  # fmt: skip
"""The functions, each after those that it needs."""
