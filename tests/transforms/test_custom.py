"""Functions with derivatives of their own, over trees, in both modes and to the second order."""

import math
import pickle
from typing import Any

import attrs
import pytest

import fgrad as fg

# Checkers cannot infer what lambdas of several arguments take; typed use is in tests/typing.
custom: Any = fg.custom


def slope(x: Any, y: Any, flow: Any) -> Any:
    return flow / (3.0 * y * y)


BY_VJP: Any = custom(math.cbrt, vjp=slope)
BY_JVP: Any = custom(math.cbrt, jvp=slope)
BY_BOTH: Any = custom(math.cbrt, vjp=slope, jvp=slope)


@pytest.mark.parametrize("f", [BY_VJP, BY_JVP, BY_BOTH])
def test_either_rule_serves_both_modes_and_the_second_order(f: Any) -> None:
    assert f(8.0) == 2.0
    assert abs(fg.gradient(f)(8.0) - 1 / 12) < 1e-15
    assert fg.jvp(f)(8.0, 2.0) == (2.0, pytest.approx(1 / 6, rel=1e-15))
    assert abs(fg.gradient(fg.gradient(f))(8.0) + 2 / 9 * 8 ** (-5 / 3)) < 1e-15
    assert abs(fg.hvp(f)(8.0, 1.0) + 2 / 9 * 8 ** (-5 / 3)) < 1e-15


@attrs.frozen
class Polar:
    radius: float
    angle: float


def to_plane(p: Polar) -> dict[str, float]:
    return {"x": p.radius * math.cos(p.angle), "y": p.radius * math.sin(p.angle)}


def back(p: Polar, y: dict[str, float], bar: dict[str, float]) -> Polar:
    radius = bar["x"] * fg.cos(p.angle) + bar["y"] * fg.sin(p.angle)
    return Polar(radius, bar["y"] * y["x"] - bar["x"] * y["y"])


def forth(p: Polar, y: dict[str, float], d: Polar) -> dict[str, float]:
    along = {"x": fg.cos(p.angle), "y": fg.sin(p.angle)}
    return {
        "x": d.radius * along["x"] - d.angle * y["y"],
        "y": d.radius * along["y"] + d.angle * y["x"],
    }


def plain(p: Polar) -> dict[str, float]:
    return {"x": p.radius * fg.cos(p.angle), "y": p.radius * fg.sin(p.angle)}


@pytest.mark.parametrize("rules", [{"vjp": back}, {"jvp": forth}, {"vjp": back, "jvp": forth}])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_trees_have_the_jacobian_and_hessian_of_the_plain_function(rules: Any, mode: Any) -> None:
    mine: Any = custom(to_plane, **rules)
    at = Polar(2.0, 0.7)
    known = fg.jacobian(plain)(at).matrix
    got = fg.jacobian(mine, mode=mode)(at).matrix
    assert all(a == pytest.approx(b, rel=1e-14) for a, b in zip(got, known, strict=True))

    def twisted(f: Any) -> Any:
        return lambda p: fg.sin(f(p)["x"]) * f(p)["y"]

    second = fg.hessian(twisted(mine))(at).matrix
    expected = fg.hessian(twisted(plain))(at).matrix
    assert all(a == pytest.approx(b, rel=1e-13) for a, b in zip(second, expected, strict=True))


def test_a_node_that_stands_twice_gets_both_flows() -> None:
    product: Any = custom(lambda p: p[0] * p[1], vjp=lambda p, y, bar: (bar * p[1], bar * p[0]))
    a = fg.var(3.0)
    y = product((a, a))
    assert fg.grad(fg.Graph.of(y), y)[a] == 6.0


def test_nothing_flows_to_or_from_a_result_that_is_not_used() -> None:
    seen = []

    def both(x: float) -> tuple[float, float]:
        return x, 1.0 / x

    def pulled(x: Any, y: Any, bar: Any) -> Any:
        seen.append(bar)
        return bar[0] - bar[1] * y[1] * y[1]

    f: Any = custom(both, vjp=pulled)
    assert fg.gradient(lambda x: f(x)[0])(2.0) == 1.0
    assert seen == [(1.0, 0.0)]


def test_conditions_stay_outside_of_the_rule() -> None:
    # The rule gives inf at 0, in the branch that is not taken.
    root: Any = custom(math.sqrt, vjp=lambda x, y, bar: fg.div(0.5 * bar, y))

    def chosen(x: Any) -> Any:
        return fg.where(x > 1.0, root(x), x * x)

    assert fg.gradient(chosen)(0.0) == 0.0
    assert fg.gradient(fg.gradient(chosen))(0.0) == 2.0
    assert fg.gradient(fg.gradient(chosen))(4.0) == -0.25 * 4.0**-1.5


def test_results_under_several_conditions_are_pulled_apart_and_summed() -> None:
    both: Any = custom(
        lambda x: (x * x, x * x * x), vjp=lambda x, y, b: b[0] * 2.0 * x + b[1] * 3.0 * x * x
    )

    def chosen(x: Any) -> Any:
        square, cube = both(x)
        return fg.where(x > 0.0, square, x) + fg.where(x < 9.0, cube, x) + cube

    assert fg.gradient(chosen)(2.0) == 4.0 + 2 * 12.0
    assert fg.gradient(fg.gradient(chosen))(2.0) == 2.0 + 2 * 12.0


def test_more_arguments_pass_through_and_are_not_differentiated() -> None:
    def scaled(x: float, k: int, *, name: str) -> float:
        return x**k

    f: Any = custom(scaled, vjp=lambda x, y, bar, k, *, name: bar * k * x ** (k - 1))
    assert fg.gradient(f)(2.0, 3, name="cube") == 12.0


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(fg.NotAValue, match="vjp or jvp"):
        custom(math.cbrt)
    outside = fg.var(1.0)
    with pytest.raises(fg.NotAValue, match="as its first argument"):
        fg.gradient(custom(lambda x: x * outside, vjp=slope))(1.0)
    lost: Any = custom(lambda x: x, vjp=lambda x, y, bar: bar * outside)
    with pytest.raises(fg.NotAValue, match="as its first argument"):
        fg.gradient(lost)(1.0)
    misshapen: Any = custom(lambda x: x[0], vjp=lambda x, y, bar: bar)
    with pytest.raises(fg.TreeMismatch, match="result of vjp"):
        fg.gradient(misshapen)((1.0, 2.0))


def test_a_rule_for_floats_alone_is_refused_where_nodes_are_needed() -> None:
    f: Any = custom(math.sin, vjp=lambda x, y, bar: bar * math.cos(x))
    assert fg.gradient(f)(1.0) == math.cos(1.0)
    with pytest.raises(fg.SilentDetach):
        fg.gradient(fg.gradient(f))(1.0)


def test_a_graph_with_a_custom_function_says_that_it_cannot_be_pickled() -> None:
    with pytest.raises(fg.NotPicklable, match="cbrt"):
        pickle.dumps(fg.Graph.of(BY_VJP(fg.var(8.0))))
