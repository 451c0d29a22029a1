"""The laws of operations on every special function, stamped from tests/samples/special_cases.py."""

import itertools
import math
import operator
import subprocess
import sys
from typing import Any

import mpmath as mp
import pytest

import fgrad as fg
from fgrad.ops import beta, elementary, integrals, library, logarithms, normal
from fgrad.ops.primitive import Op
from fgrad.ops.special_descriptions import SPECIAL as DESCRIPTIONS
from tests.measures.accuracy import DIGITS, true_derivative, worst_derivative, worst_value
from tests.ops.test_scalar import apply, derivative
from tests.samples.cases import Case
from tests.samples.special_cases import LIMIT, LOOSE, SLOW, SPECIAL

# Those that exist as derivatives of others.
INTERNAL = {
    "sinc_slope", "bernoulli", "bose", "entr_slope", "erfc_integral", "normal_density",
    "erfinv_slope", "erfcinv_slope", "ndtri_slope", "beta_slope", "polygamma_gap", "gamma_density", "zeta_log",
    "ellipk_slope", "ellipe_slope", "lambertw_slope",
}  # fmt: skip
gradient: Any = fg.gradient  # of functions that types say nothing of
OPERATIONS = tuple(library.special().values())
SPICY = (
    0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.5, 1e-320, 1e160, -1e160, 745.0, -746.0, 1.7e308, math.inf,
    -math.inf, math.nan, 16.0, 1e15, -0.36787944117144233, 1.0 - 2.0**-53, 171.7,
)  # fmt: skip


def count(case: Case) -> int:
    """How many points."""
    return 12 if case.op.name in SLOW else 50


@pytest.fixture(autouse=True)
def _scipy_if_it_is_asked_for(request: pytest.FixtureRequest) -> None:
    """Skip where the value is SciPy's, which is an extra."""
    params = getattr(getattr(request.node, "callspec", None), "params", {})
    given = params.get("case") or params.get("op")
    op = given.op if isinstance(given, Case) else given
    if op is None:
        return
    if op.name.startswith("ellip"):  # whose slopes need SciPy somewhere
        pytest.importorskip("scipy")
    try:
        apply(op, *[0.5] * op.arity)
    except fg.MissingExtra as error:
        pytest.skip(str(error))


each_case = pytest.mark.parametrize("case", SPECIAL, ids=lambda case: case.op.name)
each = pytest.mark.parametrize("op", OPERATIONS, ids=operator.attrgetter("name"))


def test_every_special_function_has_a_case_and_is_exported_unless_it_is_internal() -> None:
    cased = {case.op.name.split()[0] for case in SPECIAL}
    assert cased | INTERNAL == set(library.MODULES)
    assert not cased & INTERNAL
    public = {name for name, where in fg._LATER.items() if where.startswith("ops.")}
    assert public == cased | {"airy"}
    assert all(getattr(fg, name) is library.named(name) for name in cased)
    assert fg.expit is fg.sigmoid


@each_case
def test_values_and_slopes_keep_their_digits(case: Case) -> None:
    value, slope = LOOSE.get(case.op.name, LIMIT)
    points = list(case.points(count(case)))
    worst = worst_value(case, points)
    assert worst.ulp <= value, worst
    for i in range(case.op.arity):
        worst = worst_derivative(case, points, i)
        assert worst.ulp <= slope, worst


@pytest.mark.parametrize("order", [2, 3])
@each_case
def test_higher_derivatives_agree_with_mpmath(case: Case, order: int) -> None:
    arity = case.op.arity
    if order == 3 and case.op.name in SLOW:
        return
    mixed = [n for n in itertools.product(range(order + 1), repeat=arity) if sum(n) == order]
    for point, orders in itertools.product(case.tame, mixed):
        with mp.workdps(DIGITS):
            truth = float(true_derivative(case, point, orders))
        got = derivative(case, point, orders)
        assert math.isclose(got, truth, rel_tol=2e-13, abs_tol=1e-14), (point, orders, got, truth)


@each_case
def test_the_folds_over_floats_and_over_nodes_agree(case: Case) -> None:
    for point in (*case.tame, *case.points(10)):
        variables = [fg.var(x) for x in point]
        output = apply(case.op, *variables)
        graph = fg.Graph.of(output, *variables)
        values, nodes = fg.grad(graph, output), fg.grad_nodes(graph, output)
        assert [values[x] for x in variables] == [nodes[x].value for x in variables]
        assert output.value == apply(case.op, *point)


@each_case
def test_differences_confirm_every_rule(case: Case) -> None:
    for point in case.tame:
        fg.check_gradient(lambda *xs, op=case.op: apply(op, *xs), *point)


@each
def test_nothing_raises_on_any_float(op: Op) -> None:
    numbers = SPICY if op.arity == 1 else SPICY[:17] if op.arity == 2 else SPICY[:16:2]
    for point in itertools.product(numbers, repeat=op.arity):
        variables = [fg.var(x) for x in point]
        output = apply(op, *variables)
        graph = fg.Graph.of(output, *variables)
        assert type(output.value) is float
        assert all(type(g) is float for g in fg.grad(graph, output).values())
        if op.arity == 1:
            slope = fg.grad_nodes(graph, output)[variables[0]]
            fg.grad(fg.Graph.of(slope, *variables), slope)


@each
def test_nan_stays_nan(op: Op) -> None:
    for place in range(op.arity):
        args = [1.0] * op.arity
        args[place] = math.nan
        assert math.isnan(apply(op, *args)), args


@each
def test_the_derivatives_that_are_said_are_those_that_are_taken(op: Any) -> None:
    slopes = DESCRIPTIONS[op.name][2]
    known = {name: fg.__dict__.get(name) or getattr(fg, name) for name in dir(fg)}
    known |= {"pi": math.pi, **library.special()}
    orders = (1.0, 2.0) if math.isnan(apply(op, 0.5, *[0.3] * (op.arity - 1))) else (0.3, 0.7, 2.6)
    compared = 0
    for drawn in itertools.product(orders, *[(0.45, 0.8)] * (op.arity - 1)):
        lifted = op.arity - 2 if op in (beta.zeta, beta.zeta_log) else None  # that above 1
        args = tuple(x + 1.5 if i == lifted else x for i, x in enumerate(drawn))
        if math.isnan(apply(op, *args)):
            continue
        taken = gradient(op, argnums=tuple(range(op.arity)))(*args)
        letters = known | dict(zip("xyz", args, strict=False))
        for slope, text in zip(taken, slopes, strict=True):
            said = math.nan if text == "nan" else eval(text, letters)  # noqa: S307  # our own text
            assert slope == pytest.approx(said, rel=1e-11, abs=1e-14, nan_ok=True), (args, text)
            compared += 1
    assert compared >= 2
    first = op.__doc__.splitlines()[0]
    assert first.startswith(f"{op.name}({', '.join('xyz'[: op.arity])}) is ")


@each
def test_where_the_domain_ends_is_said(op: Op) -> None:
    numbers = (-2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
    ended = any(math.isnan(apply(op, *x)) for x in itertools.product(numbers, repeat=op.arity))
    said = "nan" in DESCRIPTIONS[op.name][1]
    finite = op in (
        elementary.sec,
        elementary.csc,
        elementary.cot,
        elementary.sinpi,
        elementary.cospi,
    )
    assert (ended or finite or op is elementary.sinc) == said


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: fg.gamma(0.0), math.inf),
        (lambda: fg.gamma(-0.0), -math.inf),
        (lambda: fg.gamma(-3.0), math.nan),
        (lambda: fg.gamma(-2.5e-310), -math.inf),
        (lambda: fg.gamma(172.0), math.inf),
        (lambda: fg.beta(0.0, 1.0), math.inf),
        (lambda: fg.logit(0.0), -math.inf),
        (lambda: fg.logit(1.0), math.inf),
        (lambda: fg.logit(0.5), 0.0),
        (lambda: fg.log1mexp(0.0), -math.inf),
        (lambda: fg.log1mexp(-1.0), math.nan),
        (lambda: fg.xlogy(0.0, 0.0), 0.0),
        (lambda: fg.xlogy(0.0, -1.0), 0.0),
        (lambda: fg.xlogy(0.0, math.inf), 0.0),
        (lambda: fg.xlogy(0.0, math.nan), math.nan),
        (lambda: fg.xlog1py(0.0, -1.0), 0.0),
        (lambda: fg.entr(0.0), 0.0),
        (lambda: fg.entr(-1.0), -math.inf),
        (lambda: fg.erfcx(-30.0), math.inf),
        (lambda: fg.erfcx(math.inf), 0.0),
        (lambda: fg.ndtr(-math.inf), 0.0),
        (lambda: fg.log_ndtr(-1e200), -math.inf),
        (lambda: fg.log_ndtr(math.inf), -0.0),
        (lambda: fg.sinc(0.0), 1.0),
        (lambda: fg.sinc(3.0), 0.0),
        (lambda: fg.sinpi(-2.0), -0.0),
        (lambda: fg.sinpi(1e300), 0.0),
        (lambda: fg.cospi(0.5), 0.0),
        (lambda: fg.cospi(1e300), 1.0),
        (lambda: fg.sinpi(math.inf), math.nan),
        (lambda: fg.csc(-0.0), -math.inf),
        (lambda: fg.exp10(309.0), math.inf),
        (lambda: fg.exp10(3.0), 1000.0),
        (lambda: fg.trunc(-0.5), -0.0),
        (lambda: fg.rem(-5.0, 3.0), -2.0),
        (lambda: fg.rem(5.0, math.inf), 5.0),
        (lambda: fg.rem(5.0, 0.0), math.nan),
        (lambda: fg.fma(1.0 + 2.0**-30, 1.0 + 2.0**-30, -1.0), 2.0**-29 + 2.0**-60),
        (lambda: fg.fma(1e200, 1e200, -math.inf), -math.inf),
        (lambda: fg.fma(-1e-200, 1e-200, 0.0), -0.0),
        (lambda: fg.fma(0.0, -1.0, 0.0), 0.0),
        (lambda: fg.fma(1e308, 10.0, -1e308), math.inf),
        (lambda: fg.lambertw(-0.36787944117144233), -1.0),
        (lambda: fg.lambertw(-0.37), math.nan),
        (lambda: fg.lambertw(math.inf), math.inf),
        (lambda: fg.zeta(1.0, 1.0), math.inf),
        (lambda: fg.zeta(0.5, 1.0), math.nan),
        (lambda: fg.zeta(2.0, 0.0), math.inf),
    ],
)  # fmt: skip
def test_special_values_are_those_of_ieee_754_and_scipy(call: Any, expected: float) -> None:
    got = call()
    assert got == expected or (math.isnan(got) and math.isnan(expected))
    assert math.copysign(1.0, got) == math.copysign(1.0, expected) or math.isnan(expected)


def relative(got: float, truth: Any) -> float:
    return float(abs(mp.mpf(got) - truth) / abs(truth))


def second(f: Any, x: float) -> float:
    slope: Any = fg.gradient(fg.gradient(f))
    return float(slope(x))


def test_sinc_is_smooth_at_0_to_every_order() -> None:
    coefficients: Any = fg.taylor(fg.sinc, 12)(0.0)
    for n, c in enumerate(coefficients):
        known = (-1) ** (n // 2) * math.pi**n / math.factorial(n + 1) if n % 2 == 0 else 0.0
        assert c == pytest.approx(known, rel=1e-14, abs=0.0)
    with mp.workdps(60):
        for n, x in itertools.product(range(12), (1e-9, 0.1, 0.4, 0.8, 1.3, 3.7, 40.5)):
            truth = mp.diff(lambda t: mp.sinpi(t) / (mp.pi * t), mp.mpf(x), n)
            assert relative(elementary.sinc_slope(float(n), x), truth) < 1e-11, (n, x)
            assert elementary.sinc_slope(float(n), -x) == (-1) ** n * elementary.sinc_slope(n, x)


def test_slopes_that_nearly_cancel_keep_their_digits() -> None:
    """By the textbook's formulas these lose all of them, or are 0 * inf."""
    with mp.workdps(80):
        for x in (1e3, 1e10, 1e100):
            big = mp.mpf(x)
            first = -(1 / (mp.sqrt(mp.pi) * big**2)) * (
                1 - mp.mpf(3) / (2 * big**2) + 15 / (4 * big**4)
            )
            assert relative(fg.gradient(fg.erfcx)(x), first) < 1e-13
        for x in (-1e2, -1e4, -1e8):
            big = mp.mpf(-x)
            assert relative(fg.gradient(fg.log_ndtr)(x), big + 1 / big - 2 / big**3) < 1e-9
            # 1 - 1 / x**2 + 6 / x**4 less 1 would be 0 by the formula of the slope.
            assert second(fg.log_ndtr, x) == pytest.approx(-1.0 + float(1 / big**2), rel=1e-7)
        assert relative(second(fg.log1mexp, 400.0), -mp.exp(-400) / (1 - mp.exp(-400)) ** 2) < 1e-14
        assert (
            relative(
                second(fg.logit, 0.5 + 1e-9), -(1 - 2 * (mp.mpf(0.5 + 1e-9))) / (mp.mpf(0.25)) ** 2
            )
            < 1e-8
        )
        x = 0.36787944117144233
        assert relative(fg.gradient(fg.entr)(x), -1 - mp.log(mp.mpf(x))) < 1e-15
        gap = fg.gradient(fg.betaln)(1e8, 1e-6)
        truth = mp.digamma(mp.mpf(1e8)) - mp.digamma(mp.mpf(1e8) + mp.mpf(1e-6))
        assert relative(gap, truth) < 1e-15
        for above in (1e-16, 1e-12, 1e-6):
            x = -0.36787944117144233 + above
            w = mp.lambertw(mp.mpf(x)).real
            assert relative(fg.gradient(fg.lambertw)(x), mp.exp(-w) / (1 + w)) < 1e-14
            bend = -mp.exp(-2 * w) * (2 + w) / (1 + w) ** 3
            assert relative(second(fg.lambertw, x), bend) < 1e-14


def beta_derivative(m: int, n: int, x: float, y: float) -> Any:
    """By the derivatives of the logarithm, with as many digits as cancel."""
    small = min(abs(x), abs(y), abs(x + y))
    with mp.workdps(60 + int((m + n + 2) * max(0.0, -math.log10(small)))):
        a, b = mp.mpf(x), mp.mpf(y)

        def bend(i: int, j: int) -> Any:
            end = mp.psi(i + j - 1, a + b)
            return -end if i and j else mp.psi(i - 1, a) - end if i else mp.psi(j - 1, b) - end

        found = {(0, 0): mp.gamma(a) * mp.gamma(b) * mp.rgamma(a + b)}
        for i, j in itertools.product(range(m + 1), range(n + 1)):
            p, q = (i - 1, j) if i else (0, j - 1)
            if i or j:
                found[i, j] = mp.fsum(
                    math.comb(p, k) * math.comb(q, r) * found[k, r] * bend(i - k, j - r)
                    for k in range(p + 1)
                    for r in range(q + 1)
                )
        return found[m, n]


SIZES = (-0.3, -1e-3, 1e-40, 1e-8, 1e-3, 0.1, 0.7, 1.0, 2.5, 20.0, 1e3, 1e6)


@pytest.mark.parametrize("orders", [(1, 0), (2, 0), (1, 1), (1, 2), (2, 2)])
def test_derivatives_of_beta_of_any_order_keep_their_digits(orders: tuple[int, int]) -> None:
    """Mixed ones are differences of terms of size 1 / (x y (x + y)), of which few digits are left."""
    for x, y in itertools.product(SIZES, repeat=2):
        if x == -y:
            continue
        f: Any = fg.beta
        for place in (0,) * orders[0] + (1,) * orders[1]:
            f = gradient(f, argnums=place)
        truth = beta_derivative(*orders, x, y)
        if 1e-290 < abs(truth) < 1e290:
            assert relative(f(x, y), truth) < (1e-13 if min(x, y) < 20.0 else 1e-12), (x, y)


def test_beta_of_negative_arguments_keeps_its_digits() -> None:
    """Terms of its logarithm cancel, and what a sum rounds away decides where it is nearly whole."""
    sizes = (-1e6 - 0.3, -333.25, -100.2, -20.7, -15.1, -3.3, -0.1, 0.1, 3.0, 16.2, 40.3, 1e6, 1e15)
    with mp.workdps(60):
        for x, y in itertools.product(sizes, repeat=2):
            if min(x, y) > 0.0 or x == -y:
                continue
            truth = mp.gamma(mp.mpf(x)) * mp.gamma(mp.mpf(y)) * mp.rgamma(mp.mpf(x) + mp.mpf(y))
            size = mp.log(abs(truth))
            assert float(abs(fg.betaln(x, y) - size)) < 1e-13 * max(1.0, float(abs(size))), (x, y)
            if abs(size) < 650:
                bound = 2e-13 * max(1.0, float(abs(size)))
                assert relative(fg.beta(x, y), truth) < bound, (x, y)


def test_polygamma_of_a_high_order_is_right_where_its_power_underflows() -> None:
    with mp.workdps(60):
        for n, x in ((21, 1e15), (140, 200.0), (149, 300.0), (100, 1e3), (100, 125.0)):
            truth = mp.psi(n, mp.mpf(x))
            assert relative(fg.polygamma(float(n), x), truth) < 5e-14, (n, x)
            gap = mp.psi(n, mp.mpf(x) + mp.mpf(0.5)) - truth
            assert relative(beta.polygamma_gap(float(n), x, 0.5), gap) < 1e-13, (n, x)


@pytest.mark.parametrize("x", [0.01, 3.0, 690.0, 698.5, 702.0, 705.2, 720.0])
def test_k_of_every_order_and_its_slopes_keep_their_digits_until_they_underflow(x: float) -> None:
    pytest.importorskip("scipy")
    functions: list[tuple[Any, float]] = [(fg.k0, 0.0), (fg.k1, 1.0)]
    functions += [(lambda y, n=n: fg.kv(n, y), n) for n in (0.0, 1.0, 2.0, 2.5, -3.0, 12.0)]
    for f, n in functions:
        slope = gradient(f)
        with mp.workdps(DIGITS):
            k: Any = lambda n, y: mp.besselk(n, mp.mpf(y))
            first = -(k(n - 1, x) + k(n + 1, x)) / 2
            second = (k(n - 2, x) + 2 * k(n, x) + k(n + 2, x)) / 4
            for found, true in ((f(x), k(n, x)), (slope(x), first), (gradient(slope)(x), second)):
                assert found == pytest.approx(float(true), rel=1e-12, abs=1e-321), (n, x)


def test_slopes_of_inverses_keep_their_digits_at_the_ends() -> None:
    pytest.importorskip("scipy")
    with mp.workdps(60):
        for x in (1e-300, 1e-100, 1e-5):
            y = mp.mpf(fg.ndtri(x))
            for _ in range(3):
                y -= (mp.erfc(-y / mp.sqrt(2)) / 2 - x) * mp.sqrt(2 * mp.pi) * mp.exp(y * y / 2)
            slope = mp.sqrt(2 * mp.pi) * mp.exp(y * y / 2)
            assert relative(fg.gradient(fg.ndtri)(x), slope) < 1e-15
            if x > 1e-150:
                assert relative(second(fg.ndtri, x), y * slope**2) < 3e-15
        for m in (0.0, 1e-12, 0.49, 0.51, 1.0 - 1e-9, -0.6):
            for n in range(1, 5):
                truth = mp.diff(mp.ellipk, mp.mpf(m), n)
                assert relative(integrals.ellipk_slope(float(n), m), truth) < 3e-13, (m, n)
                truth = mp.diff(mp.ellipe, mp.mpf(m), n)
                assert relative(integrals.ellipe_slope(float(n), m), truth) < 3e-13, (m, n)


def test_the_density_of_the_incomplete_gamma_function_is_smooth_at_0() -> None:
    pytest.importorskip("scipy")
    for a, expected in ((1.0, (1.0, -1.0, 1.0)), (2.0, (0.0, 1.0, -2.0)), (3.0, (0.0, 0.0, 1.0))):
        f: Any = lambda x, a=a: fg.gammainc(a, x)
        for slope in expected:
            f = fg.gradient(f)
            assert f(0.0) == slope
    order: Any = fg.gradient(fg.gammainc)
    assert math.isnan(order(2.0, 3.0))
    assert "not offered" in str(fg.gammainc.__doc__)


KINKS = [
    (fg.trunc, (2.0,), (0.0,)),
    (fg.rem, (-6.0, 4.0), (1.0, 1.0)),
    (fg.entr, (0.0,), (math.inf,)),
    (fg.xlogy, (0.0, 0.0), (-math.inf, 0.0)),
    (fg.xlogy, (0.0, 2.0), (math.log(2.0), 0.0)),
    (fg.xlog1py, (0.0, -1.0), (-math.inf, 0.0)),
    (fg.lambertw, (-0.36787944117144233,), (math.inf,)),
]


@pytest.mark.parametrize(("operation", "point", "expected"), KINKS)
def test_kinks_give_what_the_documentation_says(operation: Any, point: Any, expected: Any) -> None:
    variables = [fg.var(x) for x in point]
    output = operation(*variables)
    graph = fg.Graph.of(output, *variables)
    assert tuple(fg.grad(graph, output)[x] for x in variables) == expected
    assert tuple(fg.grad_nodes(graph, output)[x].value for x in variables) == expected


def test_the_mixed_second_derivative_of_xlogy_is_there_at_0_too() -> None:
    rows: Any = fg.hessian(lambda p: fg.xlogy(p[0], p[1]))((0.0, 2.0)).matrix
    assert rows == ((0.0, 0.5), (0.5, 0.0))
    entropy = gradient(lambda p: -fg.xlogy(p, p))
    assert entropy(0.0) == math.inf
    assert entropy(0.5) == pytest.approx(math.log(2.0) - 1.0)


def test_an_inactive_branch_sends_nothing_from_a_pole() -> None:
    poles: Any = (fg.entr, fg.logit, fg.lambertw, fg.gamma)
    for f in poles:
        pieces: Any = lambda x, f=f: fg.where(x > 0.0, f(x), 2.0 * x)
        assert gradient(pieces)(0.0) == gradient(pieces)(-1.0) == 2.0
        smooth: Any = lambda x, f=f: fg.where(x > 0.0, f(x), x * x)
        assert second(smooth, 0.0) == 2.0


def test_without_scipy_the_extra_is_named_and_ours_are_there() -> None:
    program = (
        "import sys; sys.modules['scipy'] = None; import fgrad as fg;"
        "print(fg.gamma(5.0), fg.lambertw(0.0), fg.zeta(2.0, 1.0) > 1.6, fg.ndtr(0.0));"
        "x = fg.trace(fg.erfinv)(0.5); print(x.instructions)\n"
        "try: fg.jv(2.0, 1.0)\n"
        "except fg.MissingExtra as error: print(error)"
    )
    run = [sys.executable, "-c", program]
    lines = subprocess.run(run, capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines == [
        "24.0 0.0 True 0.5",
        "((<Unary erfinv>, (0,)),)",
        'jv needs scipy: pip install "fgrad[special]".',
    ]


def test_importing_fgrad_imports_no_special_function() -> None:
    program = "import sys, fgrad; print(*sys.modules)"
    run = [sys.executable, "-c", program]
    loaded = subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()
    assert not set(library.MODULES.values()) & set(loaded)
    assert {logarithms.__name__, normal.__name__} <= set(library.MODULES.values())
