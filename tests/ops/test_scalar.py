"""Laws that hold for every operation, stamped from the rows of tests/samples/cases.py."""

import itertools
import math
import operator
import random
from typing import Any

import mpmath as mp
import pytest

import fgrad as fg
from fgrad.backends.native.installed import native_is_installed
from fgrad.ops import scalar as ops
from fgrad.ops import special
from fgrad.ops.primitive import Op
from fgrad.ops.signatures import Choice
from fgrad.program.tracer import traced
from tests.measures.accuracy import (
    DIGITS,
    true_derivative,
    ulp_error,
    worst_derivative,
    worst_value,
)
from tests.samples.cases import SMOOTH, Case, Point, all_operations, is_discrete

BACKENDS = ("reference", "python", *(("native",) if native_is_installed() else ()))

# Operations that exist as derivatives of others: their own first derivatives are second ones.
INTERNAL = {
    "acosh_slope", "atan_slope", "bell", "cbrt_slope", "complement", "cosine", "gauss", "inversion",
    "power_slope", "share", "polygamma 1", "polygamma 2",
}  # fmt: skip

# docs/reference/accuracy.md names these: the true value crosses zero inside a sum.
VALUE_LIMIT = {"logaddexp": math.inf}

SPICY = (
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -2.5, 1e-320, -5e-324, 1e-160, 1e160, -1e160,
    745.0, -746.0, 1.7e308, -1.7e308, math.inf, -math.inf, math.nan, 16.0, 1e15,
)  # fmt: skip


def apply(op: Op, *args: Any) -> Any:
    operation: Any = op
    return operation(*args)


def of_each(cases: tuple[Case, ...]) -> list[Any]:
    return [
        pytest.param(case, i, id=f"{case.op.name}-{i}")
        for case in cases
        for i in range(len(case.tame[0]))
    ]


def by_name(case: Case) -> str:
    return case.op.name


PUBLIC = tuple(case for case in SMOOTH if case.op.name not in INTERNAL)
# A cosine is of two numbers, with their hypotenuse beside.
TRUE = tuple(case for case in SMOOTH if case.op not in (fg.stop_gradient, ops.cosine))
NUMERIC = [
    op for op in all_operations().values() if not is_discrete(op) and not isinstance(op, Choice)
]


def test_every_operation_has_a_case() -> None:
    cased = {case.op.name for case in SMOOTH} | {"polygamma", "where"}
    assert {n for n, op in all_operations().items() if not is_discrete(op)} <= cased


def test_every_operation_is_named_as_it_is_bound() -> None:
    assert all(op.name == name for name, op in all_operations().items())


@pytest.mark.parametrize("case", SMOOTH, ids=by_name)
def test_values_are_within_two_and_a_half_ulp(case: Case) -> None:
    worst = worst_value(case, case.points(300))
    assert worst.ulp <= VALUE_LIMIT.get(case.op.name, 2.5), worst


@pytest.mark.parametrize(("case", "argument"), of_each(PUBLIC))
def test_derivatives_are_within_two_ulp(case: Case, argument: int) -> None:
    worst = worst_derivative(case, case.points(300), argument)
    assert worst.ulp <= 2.0, worst


def derivative(case: Case, point: Point, orders: tuple[int, ...]) -> float:
    variables = [fg.var(x) for x in point]
    node = apply(case.op, *variables)
    for x, n in zip(variables, orders, strict=True):
        for _ in range(n):
            node = fg.grad_nodes(fg.Graph.of(node, *variables), node)[x]
    return float(node.value)


@pytest.mark.parametrize("order", [2, 3])
@pytest.mark.parametrize("case", SMOOTH, ids=by_name)
def test_higher_derivatives_agree_with_mpmath(case: Case, order: int) -> None:
    arity = len(case.tame[0])
    mixed = [n for n in itertools.product(range(order + 1), repeat=arity) if sum(n) == order]
    for point, orders in itertools.product(case.tame, mixed):
        with mp.workdps(DIGITS):
            truth = float(true_derivative(case, point, orders))
        got = derivative(case, point, orders)
        assert math.isclose(got, truth, rel_tol=1e-12, abs_tol=1e-14), (point, orders, got, truth)


@pytest.mark.parametrize("case", SMOOTH, ids=by_name)
def test_the_folds_over_floats_and_over_nodes_agree(case: Case) -> None:
    for point in (*case.tame, *case.points(30)):
        variables = [fg.var(x) for x in point]
        output = apply(case.op, *variables)
        graph = fg.Graph.of(output, *variables)
        values, nodes = fg.grad(graph, output), fg.grad_nodes(graph, output)
        assert [values[x] for x in variables] == [nodes[x].value for x in variables]


@pytest.mark.parametrize("case", TRUE, ids=by_name)
def test_differences_confirm_every_rule(case: Case) -> None:
    for point in case.tame:
        fg.check_gradient(lambda *xs, op=case.op: apply(op, *xs), *point)


@pytest.mark.parametrize("case", SMOOTH, ids=by_name)
def test_floats_and_nodes_have_the_same_value(case: Case) -> None:
    for point in (*case.tame, *case.points(30)):
        value = apply(case.op, *point)
        assert type(value) is float
        assert apply(case.op, *map(fg.var, point)).value == value
        mixed = apply(case.op, fg.var(point[0]), *point[1:])
        assert mixed.value == value
        assert fg.grad(fg.Graph.of(mixed), mixed)[mixed] == 1.0


def spicy_points(op: Op) -> Any:
    return itertools.product(SPICY, repeat=op.arity)


@pytest.mark.parametrize("op", NUMERIC, ids=operator.attrgetter("name"))
def test_nothing_raises_on_any_float(op: Op) -> None:
    for point in spicy_points(op):
        variables = [fg.var(x) for x in point]
        output = apply(op, *variables)
        graph = fg.Graph.of(output, *variables)
        assert type(output.value) is float
        assert all(type(g) is float for g in fg.grad(graph, output).values())
        nodes = fg.grad_nodes(graph, output)
        for x in variables:
            fg.grad(fg.Graph.of(nodes[x], *variables), nodes[x])


@pytest.mark.parametrize(
    "op", [op for op in all_operations().values() if isinstance(op, fg.Unary)], ids=repr
)
def test_nan_stays_nan(op: fg.Unary) -> None:
    assert math.isnan(op(math.nan))


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: fg.log(0.0), -math.inf),
        (lambda: fg.log(-0.0), -math.inf),
        (lambda: fg.log(-1.0), math.nan),
        (lambda: fg.log1p(-1.0), -math.inf),
        (lambda: fg.exp(1e3), math.inf),
        (lambda: fg.expm1(-1e3), -1.0),
        (lambda: fg.sinh(-1e3), -math.inf),
        (lambda: fg.sin(math.inf), math.nan),
        (lambda: fg.atanh(-1.0), -math.inf),
        (lambda: fg.div(1.0, 0.0), math.inf),
        (lambda: fg.div(1.0, -0.0), -math.inf),
        (lambda: fg.div(0.0, 0.0), math.nan),
        (lambda: fg.pow(-8.0, 1.0 / 3.0), math.nan),
        (lambda: fg.pow(0.0, -1.0), math.inf),
        (lambda: fg.pow(-0.0, -3.0), -math.inf),
        (lambda: fg.pow(-10.0, 309.0), -math.inf),
        (lambda: fg.pow(math.nan, 0.0), 1.0),
        (lambda: fg.mod(5.0, 0.0), math.nan),
        (lambda: fg.mod(-1.0, 3.0), 2.0),
        (lambda: fg.maximum(math.nan, 1.0), math.nan),
        (lambda: fg.minimum(0.0, -0.0), -0.0),
        (lambda: fg.ceil(-0.5), -0.0),
        (lambda: fg.floor(math.inf), math.inf),
        (lambda: fg.round(2.5), 2.0),
        (lambda: fg.lgamma(-3.0), math.inf),
        (lambda: fg.lgamma(1e308), math.inf),
        (lambda: fg.sigmoid(-800.0), 0.0),
        (lambda: fg.softplus(800.0), 800.0),
        (lambda: fg.logaddexp(-math.inf, -math.inf), -math.inf),
        (lambda: fg.logaddexp(800.0, 800.0), 800.0 + math.log(2.0)),
        (lambda: fg.hypot(math.inf, math.nan), math.inf),
    ],
)
def test_special_values_are_those_of_ieee_754(call: Any, expected: float) -> None:
    got = call()
    assert got == expected or (math.isnan(got) and math.isnan(expected))
    assert math.copysign(1.0, got) == math.copysign(1.0, expected) or math.isnan(expected)


def of_power(axes: tuple[int, ...]) -> Any:
    """The derivative of x**k along these arguments, one after the other."""

    if not axes:
        return lambda x, k: x**k
    before: Any = fg.gradient(of_power(axes[:-1]), argnums=(0, 1))
    return lambda x, k: before(x, k)[axes[-1]]


@pytest.mark.parametrize("zero", [0.0, -0.0])
@pytest.mark.parametrize("n", range(6))
def test_powers_of_zero_have_their_derivatives_however_the_exponent_came(
    n: int, zero: float
) -> None:
    for order in range(1, 5):
        expected = float(math.perm(n, order)) if order == n else 0.0
        slope = of_power((0,) * order)
        literal: Any = lambda x: x**n
        for _ in range(order):
            literal = fg.gradient(literal)
        assert literal(zero) == slope(zero, float(n)) == fg.compile(literal)(zero) == expected
        assert slope(fg.var(zero), fg.var(float(n))).value == expected
        for backend in BACKENDS:
            assert fg.compile(slope, backend=backend)(zero, float(n)) == expected
    assert fg.taylor(lambda x: x**n, 6)(zero) == tuple(float(i == n) for i in range(7))
    for k in (float(n), fg.var(float(n))):
        coefficients: Any = fg.taylor(lambda x: x**k, 6)(zero)  # noqa: B023  # called at once
        got = [float(getattr(c, "value", c)) for c in coefficients]
        assert got == [float(i == n) for i in range(7)]


@pytest.mark.parametrize(
    "axes", [a for n in (1, 2, 3) for a in itertools.product((0, 1), repeat=n)]
)
def test_no_derivative_of_a_power_of_zero_is_nan_and_compiled_ones_agree(axes: Any) -> None:
    slope = of_power(axes)
    for x in (0.0, -0.0, 1e-170, 0.3):
        for k in (0.0, 0.5, 1.0, 2.0, 2.5, 3.0, 4.0):
            expected = slope(x, k)
            assert not math.isnan(expected), (x, k)
            for backend in BACKENDS:
                got = fg.compile(slope, backend=backend)(x, k)
                assert got == pytest.approx(expected, rel=1e-12), (x, k, backend)


def test_the_slope_of_a_power_moves_with_its_exponent_also_at_0() -> None:
    assert of_power((0, 0, 1))(2.0, 0.0) == -0.25
    assert of_power((0, 1))(2.0, 0.0) == 0.5


KINKS = [
    (fg.abs, (0.0,), (0.0,)),
    (fg.relu, (0.0,), (0.0,)),
    (fg.sign, (0.0,), (0.0,)),
    (fg.sqrt, (0.0,), (math.inf,)),
    (fg.cbrt, (0.0,), (math.inf,)),
    (fg.hypot, (0.0, 0.0), (0.0, 0.0)),
    (fg.maximum, (1.0, 1.0), (0.5, 0.5)),
    (fg.minimum, (1.0, 1.0), (0.5, 0.5)),
    (fg.clip, (1.0, 1.0, 2.0), (1.0, 0.0, 0.0)),
    (fg.clip, (2.0, 1.0, 2.0), (1.0, 0.0, 0.0)),
    (fg.clip, (5.0, 3.0, 2.0), (0.0, 0.0, 1.0)),
    (fg.copysign, (0.0, -1.0), (0.0, 0.0)),
    (fg.floor, (1.0,), (0.0,)),
    (fg.pow, (0.0, 2.0), (0.0, 0.0)),
    (fg.pow, (0.0, 1.0), (1.0, 0.0)),
    (fg.pow, (0.0, 0.5), (math.inf, 0.0)),
    (fg.mod, (6.0, 2.0), (1.0, -3.0)),
]


@pytest.mark.parametrize(("op", "point", "expected"), KINKS, ids=lambda v: getattr(v, "name", None))
def test_kinks_give_what_the_documentation_says(op: Op, point: Point, expected: Point) -> None:
    variables = [fg.var(x) for x in point]
    output = apply(op, *variables)
    graph = fg.Graph.of(output, *variables)
    assert tuple(fg.grad(graph, output)[x] for x in variables) == expected
    assert tuple(fg.grad_nodes(graph, output)[x].value for x in variables) == expected


def test_an_operation_at_a_kink_sends_nothing_into_an_infinite_slope() -> None:
    for op in (fg.abs, fg.relu):
        x = fg.var(0.0)
        y = op(fg.sqrt(x))
        graph = fg.Graph.of(y)
        assert fg.grad(graph, y)[x] == 0.0
        slope = fg.grad_nodes(graph, y)[x]
        assert fg.grad(fg.Graph.of(slope, x), slope)[x] == 0.0


def test_comparisons_give_conditions_and_bools() -> None:
    x = fg.var(1.0)
    for op, expected in (
        (fg.less, True), (fg.less_equal, True), (fg.greater, False),
        (fg.greater_equal, False), (fg.equal, False), (fg.not_equal, True),
    ):  # fmt: skip
        assert op(1.0, 2.0) is expected
        assert op(x, 2.0).value is expected
        assert isinstance(op(x, fg.var(2.0)), fg.Condition)
        assert op(1.0, fg.var(2.0)).value is expected
    assert [(x < 2).value, (x <= 2).value, (x > 2).value, (x >= 2).value] == [
        True,
        True,
        False,
        False,
    ]
    assert (x > 0.5).value is True


def test_logical_operations_join_conditions_and_bools() -> None:
    x = fg.var(1.0)
    yes, no = x < 2.0, x > 2.0
    assert fg.logical_and(yes, no).value is False
    assert fg.logical_and(yes, True).value is True
    assert fg.logical_or(False, no).value is False
    assert fg.logical_or(yes, no).value is True
    assert fg.logical_not(no).value is True
    assert fg.logical_and(True, True) is True
    assert fg.logical_not(True) is False


def test_reductions_are_balanced_and_differentiate() -> None:
    xs = [fg.var(float(i + 1)) for i in range(1000)]
    total, product, inner = fg.sum(xs), fg.prod(xs[:10]), fg.dot(xs, [2.0] * 1000)
    assert (total.value, total.depth) == (500500.0, 10)
    assert product.value == math.factorial(10)
    assert inner.value == 1001000.0
    assert fg.grad(fg.Graph.of(product), product)[xs[4]] == math.factorial(10) / 5
    assert fg.grad(fg.Graph.of(inner), inner)[xs[999]] == 2.0
    assert fg.sum([xs[0]]) is xs[0]
    assert fg.sum([1, 2.5]) == 3.5
    with pytest.raises(fg.EmptyReduction):
        fg.sum([])
    with pytest.raises(fg.NotAValue):
        fg.dot([1.0], [1.0, 2.0])


def test_logaddexp_of_opposite_infinities_is_the_greater() -> None:
    inf, nan = math.inf, math.nan
    assert fg.logaddexp(inf, -inf) == fg.logaddexp(-inf, inf) == inf
    assert fg.logaddexp(-inf, -inf) == -inf
    assert math.isnan(fg.logaddexp(inf, nan))
    assert fg.gradient(lambda x: fg.logaddexp(x, -inf))(inf) == 1.0


@pytest.mark.parametrize("x", [5e-324, 5e-309, 3.1e-280, 2.7e-271, 1.3e-269, 7.7e269, 1.7e308])
def test_cube_roots_keep_their_digits_at_any_size(x: float) -> None:
    """libm's alone is off by 1.58 ulp at 5e-309."""
    with mp.workdps(50):
        assert ulp_error(special.cbrt(x), mp.cbrt(mp.mpf(x))) <= 0.51
    assert special.cbrt(-x) == -special.cbrt(x)


def test_the_slope_of_a_power_and_the_inversion_keep_their_digits_at_any_size() -> None:
    rng = random.Random(0)

    def drawn() -> float:
        return math.ldexp(rng.uniform(0.5, 1.0), rng.randint(-1074, 1023))

    with mp.workdps(DIGITS):
        for _ in range(1500):
            x, y = drawn(), drawn()
            y = x * rng.uniform(0.1, 9.0) if rng.random() < 0.3 else y
            truth = mp.mpf(x) / (mp.mpf(x) ** 2 + mp.mpf(y) ** 2)
            assert ulp_error(special.inversion(x, y), truth) <= 2.1, (x, y)
            # Of exponents for which the power itself is a normal number.
            z = rng.choice((drawn(), rng.uniform(0.1, 5.0)))
            w = min(max(rng.uniform(-700.0, 700.0) / math.log(z), -1e6), 1e6)
            truth = mp.mpf(w) * mp.power(z, mp.mpf(w) - 1)
            assert ulp_error(special.power_slope(z, w), truth) <= 2.0, (z, w)
    assert special.power_slope(-1.0, 1e300) == -1e300
    assert special.power_slope(5e-324, 5e-324) == 1.0


MADE = pytest.mark.parametrize(
    "make", [fg.var, lambda value: traced()], ids=["nodes", "traced numbers"]
)


@MADE
@pytest.mark.parametrize("name", all_operations())
def test_what_is_no_number_is_refused_on_every_side(name: str, make: Any) -> None:
    op: Any = all_operations()[name]
    x = make(0.5)
    for strange in (x < 1.0, True, "1", 1j, None, [x]):
        for place, kind in enumerate(op.kinds):
            args: list[Any] = [x if wanted is float else True for wanted in op.kinds]
            args[place] = strange
            if kind is bool and (strange is True or isinstance(strange, fg.Condition)):
                continue
            with pytest.raises(fg.NotAValue):
                op(*args)
            args = [0.5 if wanted is float else True for wanted in op.kinds]
            args[place] = strange
            with pytest.raises(fg.NotAValue):
                op(*args)


class Length(float):
    """A float of a class of its own, as numpy's are."""


@MADE
@pytest.mark.parametrize("name", all_operations())
def test_other_kinds_of_numbers_are_as_the_floats_that_they_are(name: str, make: Any) -> None:
    op: Any = all_operations()[name]
    for number in (2, Length(2.0)):
        for nodes in itertools.product((False, True), repeat=op.arity):
            args: list[Any] = []
            plain: list[Any] = []
            for wanted, node in zip(op.kinds, nodes, strict=True):
                usual = True if wanted is bool else make(2.0) if node else 2.0
                args.append(number if wanted is float and not node else usual)
                plain.append(usual)
            got, expected = op(*args), op(*plain)
            if isinstance(expected, fg.Node):
                assert [type(a) for a in got.args] == [type(a) for a in expected.args]
                if expected.abstract:
                    continue
                got, expected = got.value, expected.value
            assert (type(got), repr(got)) == (type(expected), repr(expected))


def test_sums_of_other_numbers_are_floats_and_of_no_numbers_are_refused() -> None:
    for total in (fg.sum, fg.prod):
        assert [type(total(xs)) for xs in ([1, 2], [1, 2, 3], [1])] == [float] * 3
        wrong: Any
        for wrong in (["a", "b"], [fg.var(1.0), "a"], [True, True], [fg.var(1.0) < 2.0, 1.0]):
            with pytest.raises(fg.NotAValue):
                total(wrong)
    assert type(fg.dot([1, 2], [3, 4])) is float
    with pytest.raises(fg.NotAValue):
        fg.dot([fg.var(1.0), 2.0], [3.0, "4"])  # type: ignore[list-item]  # what is refused


@MADE
@pytest.mark.parametrize("sign", [operator.neg, operator.pos, operator.abs])
def test_a_truth_value_has_no_sign(sign: Any, make: Any) -> None:
    x = make(0.5)
    if sign is operator.pos:
        assert sign(x) is x
    else:
        assert sign(x).op is {operator.neg: fg.neg, operator.abs: fg.abs}[sign]
        with pytest.raises(fg.NotAValue):
            sign(x < 1.0)
