"""taylor: right against 50 digits for every operation, against nested gradients, over nodes too."""

import functools
import math
from typing import Any

import mpmath as mp
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import fgrad as fg
from fgrad.autodiff.taylor import coefficients
from tests.measures.accuracy import DIGITS
from tests.samples.cases import SMOOTH as CASES
from tests.samples.cases import Case
from tests.samples.strategies import BRANCHING, SMOOTH, Recipe, recipes

loose: Any = fg  # what untyped code sees

LINES: dict[int, list[tuple[float, ...]]] = {
    1: [(1.0,)],
    2: [(1.0, 0.0), (0.0, 1.0), (1.0, 1.3)],
    3: [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 1.3, 0.7)],
}


def composed(x: Any) -> Any:
    return fg.exp(fg.sin(x))


def near(got: Any, truth: Any, relative: float = 1e-13) -> bool:
    """Whether coefficients agree, with a floor where one is far below the others."""
    scale = max(map(abs, truth))
    return all(
        abs(a - b) <= relative * (abs(b) + 1e-10 * scale) for a, b in zip(got, truth, strict=True)
    )


def on_line(operation: Any, point: Any, line: tuple[float, ...]) -> Any:
    """The operation as a function of how far one has gone along the line."""
    ways = list(zip(point, line, strict=True))
    return lambda t: operation(*[x + v * t if v else x for x, v in ways])


def along(recipe: Recipe, table: Any) -> Any:
    """The last value of a recipe as a function of one number, kept within reach."""

    def f(t: Any) -> Any:
        inputs = [x + (1.0 - 0.3 * i) * t for i, x in enumerate(recipe.inputs)]
        return fg.tanh(0.1 * recipe.run(inputs, table)[-1])

    return f


@pytest.mark.parametrize("x", [0.7, -1.3, 2.0, 0.0, 31.4])
def test_twelve_orders_of_a_composition_are_within_1e_12(x: float) -> None:
    with mp.workdps(DIGITS):
        truth = mp.taylor(lambda t: mp.exp(mp.sin(t)), x, 12)
        got = fg.taylor(composed, 12)(x)
        assert all(abs(a - b) <= 1e-12 * abs(b) for a, b in zip(got, truth, strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.op.name)
def test_every_operation_agrees_with_fifty_digits_along_every_line(case: Case) -> None:
    for point in case.tame:
        for line in LINES[len(point)]:
            got = fg.taylor(on_line(case.op, point, line), 6)(0.0)
            with mp.workdps(DIGITS):
                way = (0.0,) if case.op is fg.stop_gradient else line
                truth = mp.taylor(on_line(case.truth, [mp.mpf(x) for x in point], way), 0, 6)
                assert near(got, truth), (point, line)


@given(recipes(SMOOTH, st.floats(-2.0, 2.0)))
def test_coefficients_are_nested_gradients_over_factorials(recipe: Recipe) -> None:
    f = along(recipe, SMOOTH)
    nested = [f]
    for _ in range(2):
        nested.append(loose.gradient(nested[-1]))
    expected = [g(0.0) / math.factorial(k) for k, g in enumerate(nested)]
    assume(all(abs(e) < 1e6 for e in expected))
    assert fg.taylor(f, 2)(0.0) == pytest.approx(expected, rel=1e-7, abs=1e-9)


@given(recipes(BRANCHING, st.floats(-2.0, 2.0)))
def test_nodes_and_numbers_give_the_same_coefficients(recipe: Recipe) -> None:
    f = along(recipe, BRANCHING)
    numbers = fg.taylor(f, 3)(0.0)
    nodes: Any = fg.taylor(f, 3)(fg.var(0.0))
    assert all(isinstance(c, (fg.Node, float)) for c in nodes)
    assume(all(abs(c) < 1e6 for c in numbers))
    values = [c.value if isinstance(c, fg.Node) else c for c in nodes]
    assert values == pytest.approx(numbers, rel=1e-9, abs=1e-9)


@given(recipes(BRANCHING, st.floats(-2.0, 2.0)))
def test_the_derivative_of_a_coefficient_is_the_next_times_its_place(recipe: Recipe) -> None:
    f = along(recipe, BRANCHING)
    c = fg.taylor(f, 4)(0.0)
    assume(all(abs(a) < 1e4 for a in c))
    for k in range(3):
        slope = fg.gradient(lambda t: fg.taylor(f, k)(t)[k])(0.0)  # noqa: B023  # called at once
        assert slope == pytest.approx((k + 1) * c[k + 1], rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("point", [0.7, -0.4, 1.9])
def test_taylor_and_gradient_nest_in_any_order(point: float) -> None:
    c = fg.taylor(composed, 6)(point)
    inside: Any = fg.taylor(fg.gradient(composed), 4)(point)
    assert inside == pytest.approx([(k + 1) * c[k + 1] for k in range(5)], rel=1e-13)
    pushed = fg.taylor(lambda x: fg.jvp(composed)(x, 1.0)[1], 4)(point)
    assert pushed == pytest.approx(inside, rel=1e-13)
    pulled = fg.taylor(lambda x: fg.vjp(composed)(x)[1](1.0), 4)(point)
    assert pulled == pytest.approx(inside, rel=1e-13)
    outside = fg.gradient(lambda x: fg.taylor(composed, 4)(x)[3])(point)
    assert outside == pytest.approx(4.0 * c[4], rel=1e-13)
    twice = fg.taylor(lambda x: fg.taylor(composed, 4)(x)[2], 4)(point)
    assert twice == pytest.approx([math.comb(k + 2, 2) * c[k + 2] for k in range(5)], rel=1e-12)
    second = fg.gradient(fg.gradient(lambda x: fg.taylor(composed, 2)(x)[2]))(point)
    assert second == pytest.approx(12.0 * c[4], rel=1e-12)


def test_perturbations_of_two_levels_are_not_confused() -> None:
    taylor = loose.taylor
    assert taylor(lambda x: x * taylor(lambda y: x + y, 2)(1.0)[1], 2)(5.0) == (5.0, 1.0, 0.0)
    assert taylor(lambda x: x * taylor(lambda y: x * y, 2)(x)[1], 3)(3.0) == (9.0, 6.0, 1.0, 0.0)
    assert taylor(lambda x: loose.gradient(lambda y: x * y * y)(x), 2)(3.0) == (18.0, 12.0, 2.0)
    assert taylor(lambda x: taylor(lambda y: x, 1)(2.0)[1] + 0.0 * x, 1)(3.0) == (0.0, 0.0)


def test_numbers_give_floats_and_nodes_of_somebody_outside_give_nodes() -> None:
    assert all(type(c) is float for c in fg.taylor(composed, 3)(1))
    k = fg.var(3.0)
    held: Any = loose.taylor(lambda x: k * x * x, 3)(2.0)
    assert [c.value for c in held] == [12.0, 12.0, 3.0, 0.0]
    assert [fg.grad(fg.Graph.of(c, k), c)[k] for c in held] == [4.0, 4.0, 1.0, 0.0]


def test_other_arguments_pass_through() -> None:
    def scaled(x: float, factor: float, *, shift: float = 0.0) -> float:
        return factor * x * x + shift

    assert fg.taylor(scaled, 3)(3.0, 2.0, shift=1.0) == (19.0, 12.0, 2.0, 0.0)
    k = fg.var(2.0)
    c: Any = loose.taylor(scaled, 2)(3.0, k)
    assert fg.grad(fg.Graph.of(c[1]), c[1])[k] == 6.0


def test_polynomials_end() -> None:
    def cubic(x: Any) -> Any:
        return (x - 1.0) * (x + 2.0) * (3.0 * x) - x**3 + fg.square(x) / 4.0

    assert fg.taylor(cubic, 8)(2.0) == (17.0, 31.0, 15.25, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert fg.taylor(lambda x: x**0, 2)(0.0) == (1.0, 0.0, 0.0)
    assert fg.taylor(lambda x: 7.0, 2)(1.0) == (7.0, 0.0, 0.0)
    assert loose.taylor(lambda x: 7, 0)(1.0) == (7.0,)
    assert fg.taylor(lambda x: x, 3)(2.0) == (2.0, 1.0, 0.0, 0.0)


@pytest.mark.parametrize("x", [0.7, -1.3, 3.1])
def test_whole_powers_are_polynomials_to_the_last_bit(x: float) -> None:
    def product(t: Any) -> Any:
        return t * t * (t * t) * t

    assert fg.taylor(lambda t: t**5, 8)(x)[1:] == fg.taylor(product, 8)(x)[1:]
    assert fg.taylor(lambda t: t**5, 8)(x)[6:] == (0.0, 0.0, 0.0)


def test_only_what_is_the_same_to_the_bit_shares_a_series() -> None:
    def signed(x: Any) -> Any:
        return fg.copysign(x, 0.0) + fg.copysign(x, -0.0)

    assert fg.taylor(signed, 2)(1.5) == (0.0, 0.0, 0.0)
    assert fg.taylor(lambda x: 0.5 * (2.0 * x), 1)(1e308) == (math.inf, 1.0)
    third = 1.0 / 3.0
    for i in range(20):
        expected = [3.0 * (third * c) for c in fg.taylor(composed, 6)(0.1 * i)]
        assert fg.taylor(lambda x: 3.0 * (third * composed(x)), 6)(0.1 * i) == tuple(expected)


@pytest.mark.parametrize("exponent", [1.0, 2.0, 3.0, 7.0, 64.0])
def test_whole_powers_are_right_at_zero(exponent: float) -> None:
    expected = tuple(float(k == exponent) for k in range(9))
    assert fg.taylor(lambda x: x**exponent, 8)(0.0) == expected
    nodes: Any = fg.taylor(lambda x: x**exponent, 8)(fg.var(0.0))
    assert tuple(c.value for c in nodes) == expected


@pytest.mark.parametrize("x", [0.7, -1.3, 40.0])
@pytest.mark.parametrize("exponent", [-2.0, -5.0, 63.0, 65.0, 100.0, 0.5, 2.5, -1.5])
def test_powers_agree_with_the_binomial_series(x: float, exponent: float) -> None:
    if x > 0.0 or exponent.is_integer():
        with mp.workdps(DIGITS):
            truth = [mp.binomial(exponent, k) * mp.mpf(x) ** (exponent - k) for k in range(9)]
            assert near(fg.taylor(lambda t: t**exponent, 8)(x), truth)


def test_a_power_that_is_not_smooth_at_zero_has_the_derivatives_of_its_rules() -> None:
    assert fg.taylor(lambda x: x**2.5, 3)(0.0) == (0.0, 0.0, 0.0, math.inf)
    assert fg.taylor(lambda x: x**x, 1)(0.0) == (1.0, -math.inf)
    assert fg.taylor(lambda x: x**2.5, 1)(1e130) == (math.inf, pytest.approx(2.5e195))
    assert fg.taylor(lambda x: x**2.5, 1)(1e-140) == (0.0, pytest.approx(2.5e-210))


def test_nothing_leaks_from_the_side_not_taken() -> None:
    def safe(x: Any) -> Any:
        return fg.where(x > 0.0, fg.sqrt(x), 0.0) + fg.sqrt(fg.relu(x - 1.0))

    assert fg.taylor(safe, 4)(0.0) == (0.0, 0.0, 0.0, 0.0, 0.0)
    nodes: Any = fg.taylor(safe, 4)(fg.var(0.0))
    assert [c.value for c in nodes] == [0.0] * 5
    for k in range(4):
        assert fg.gradient(lambda x: fg.taylor(safe, 4)(x)[k])(0.0) == 0.0  # noqa: B023  # likewise


def test_kinks_have_their_conventions() -> None:
    assert fg.taylor(abs, 2)(0.0) == (0.0, 0.0, 0.0)
    assert fg.taylor(fg.relu, 2)(0.0) == (0.0, 0.0, 0.0)
    assert fg.taylor(lambda x: fg.maximum(x, 2.0 * x), 2)(0.0) == (0.0, 1.5, 0.0)
    assert fg.taylor(lambda x: x * fg.floor(x) + fg.stop_gradient(x), 2)(1.5) == (3.0, 1.0, 0.0)


def test_an_operation_of_ones_own_is_expanded_by_its_rule() -> None:
    gamma = fg.Unary("gamma", math.gamma, lambda out, x: out * fg.digamma(x))
    scaled = fg.Binary("scaled", lambda x, y: 2.0 * x + y, lambda out, x, y: 2, lambda *a: 1)
    with mp.workdps(DIGITS):
        truth = mp.taylor(mp.gamma, mp.mpf(2.5), 8)
        assert near(fg.taylor(gamma, 8)(2.5), truth)
    assert fg.taylor(lambda x: scaled(x * x, x), 3)(3.0) == (21.0, 13.0, 2.0, 0.0)


def test_reductions_trees_and_labels_are_seen_through() -> None:
    def f(x: Any) -> Any:
        parts: Any = {"a": 2.0, "b": [3.0]}
        parts = fg.trees.map(lambda leaf: (leaf * x).named("part"), parts)
        return fg.sum([parts["a"], *parts["b"], 1.0]) + fg.dot([x, 1.0], [x, x])

    assert fg.taylor(f, 3)(2.0) == (17.0, 10.0, 1.0, 0.0)


def test_an_expansion_may_start_at_an_intermediate_node() -> None:
    a = fg.var(2.0)
    for x in (a * 3.0, a / 0.5, a**2, fg.sin(a)):
        at = x.value
        assert coefficients(x * x * a, x, 3) == pytest.approx((2 * at * at, 4 * at, 2.0, 0.0))


def test_a_long_chain_and_a_high_order_do_not_recurse() -> None:
    def chain(x: Any) -> Any:
        return functools.reduce(lambda y, _: fg.sin(y) * 1.0 + 0.01, range(7000), x)

    assert fg.taylor(chain, 1)(0.3)[1] == pytest.approx(fg.gradient(chain)(0.3), rel=1e-12)
    assert all(math.isfinite(c) for c in fg.taylor(fg.lgamma, 120)(40.0))
    with mp.workdps(DIGITS):
        truth = 1 / mp.factorial(150)
    assert fg.taylor(fg.exp, 150)(0.0)[150] == pytest.approx(float(truth), rel=1e-12)


def count(f: Any, order: int) -> int:
    """The nodes behind all coefficients: what the expansion computed."""
    return len(fg.Graph.of(*fg.taylor(f, order)(fg.var(0.3))).nodes)


@pytest.mark.parametrize(
    "f",
    [
        fg.exp, fg.sin, fg.tan, fg.tanh, fg.sigmoid, fg.softplus, fg.sqrt, fg.cbrt, fg.asin, fg.asinh,
        fg.erf, lambda x: x**2.5, lambda x: x**x, lambda x: fg.logaddexp(x, 1.0 + x * x), composed,
        lambda x: fg.atan2(x, 1.0 + x * x), lambda x: 1.0 / (1.0 + x), lambda x: fg.hypot(x, 1.0),
    ],
)  # fmt: skip
def test_work_grows_as_the_square_of_the_order(f: Any) -> None:
    assert count(f, 32) < 4.6 * count(f, 16)


@pytest.mark.parametrize("order", [-1, 1.0, True, "2", None])
def test_an_order_that_is_no_whole_number_is_refused(order: Any) -> None:
    with pytest.raises(fg.NotAValue, match="taylor's order needs an int from 0"):
        fg.taylor(fg.sin, order)


def test_what_is_no_number_is_refused_with_advice() -> None:
    with pytest.raises(fg.NotDifferentiable, match="taylor needs an output"):
        loose.taylor(lambda x: (x, x), 2)(1.0)
    with pytest.raises(fg.NotDifferentiable, match="taylor needs an output"):
        loose.taylor(lambda x: x > 0.0, 2)(1.0)
    with pytest.raises(fg.NotDifferentiable, match="True"):
        loose.taylor(lambda x: True, 2)(1.0)
    with pytest.raises(fg.NotAValue, match="Expand along a line"):
        loose.taylor(lambda x: x[0], 2)([1.0, 2.0])
    with pytest.raises(fg.NotAValue, match="x needs a number"):
        loose.taylor(lambda x: x, 2)("s")
    with pytest.raises(fg.SilentDetach):
        loose.taylor(lambda x: math.sin(x), 2)(1.0)  # noqa: PLW0108  # a function is wanted
    with pytest.raises(fg.SilentDetach):
        loose.taylor(lambda x: x if x > 0.0 else -x, 2)(1.0)
