"""A function has one value, however it is called, differentiated or compiled.

What a transform is given may be floats, other numbers, nodes of somebody outside or traced ones,
and what it makes may go through calls, solves and rules of a user's: the answer is that on floats.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from typing import Any

import pytest

import fgrad as fg
from fgrad.autodiff import taylor
from fgrad.autodiff.activity import Activity
from fgrad.graph.depth import below_all
from fgrad.graph.node import number_of
from fgrad.ops.multiple import MultiOp

# Checkers cannot infer what lambdas of several arguments take; typed use is in tests/typing.
loose: Any = fg

BACKENDS = ("reference", "python", "native")


def compiled(f: Any, backend: str) -> Any:
    if backend == "native":
        pytest.importorskip("llvmlite", reason="native code needs llvmlite")
    return loose.compile(f, backend=backend)


def near(got: Any, wanted: Any) -> bool:
    pairs = zip(fg.trees.leaves(got), fg.trees.leaves(wanted), strict=True)
    assert all(
        type(x) is type(y)
        for x, y in zip(fg.trees.leaves(got), fg.trees.leaves(wanted), strict=True)
    )
    return all(math.isclose(x, y, rel_tol=1e-12, abs_tol=1e-12) for x, y in pairs)


square_root: Any = loose.root(lambda x, a: x * x - a, 1.0)
halved: Any = loose.fixed_point(lambda x, a: 0.5 * (x + a / x), 1.0)
cube_root: Any = loose.custom(math.cbrt, vjp=lambda x, y, bar: bar / (3.0 * y * y))
cube_root_forward: Any = loose.custom(math.cbrt, jvp=lambda x, y, dx: dx / (3.0 * y * y))
pair: Any = loose.root(lambda x, a, b: (x[0] * x[0] + x[1] - a, x[0] - b * x[1]), (1.0, 1.0))


def called(f: Any) -> Any:
    return loose.compile(f, backend="python")


# Operations with several results, and a function of ordinary operations with the same value.
SAME: dict[str, tuple[Any, Any, float]] = {
    "call": (called(lambda x: fg.exp(fg.sin(x))), lambda x: fg.exp(fg.sin(x)), 0.4),
    "call of a call": (called(called(lambda x: x * fg.exp(x))), lambda x: x * fg.exp(x), 0.4),
    "root": (square_root, fg.sqrt, 4.0),
    "fixed point": (halved, fg.sqrt, 4.0),
    "custom by vjp": (cube_root, fg.cbrt, 8.0),
    "custom by jvp": (cube_root_forward, fg.cbrt, 8.0),
    "pulled call": (lambda x: loose.vjp(called(fg.exp))(x)[1](1.0), fg.exp, 0.3),
    "pulled root": (lambda x: loose.vjp(square_root)(x)[1](1.0), lambda x: 0.5 / fg.sqrt(x), 4.0),
    "system": (
        lambda a: pair(a, 2.0)[0],
        lambda a: 2.0 * (-1.0 + fg.sqrt(1.0 + 16.0 * a)) / 8.0,
        3.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_the_taylor_series_of_an_operation_with_several_results(name: str) -> None:
    composed, plain, at = SAME[name]
    assert near(fg.taylor(composed, 4)(at), fg.taylor(plain, 4)(at))
    assert near(
        fg.taylor(lambda x: fg.sin(x * composed(x)), 3)(at),
        fg.taylor(lambda x: fg.sin(x * plain(x)), 3)(at),
    )
    third = fg.gradient(lambda x: fg.taylor(composed, 2)(x)[2])(at)
    assert math.isclose(third, 3.0 * fg.taylor(plain, 3)(at)[3], rel_tol=1e-10)


def test_no_consumer_can_take_an_operation_with_several_results_for_one_without_derivative() -> (
    None
):
    op: Any = square_root(fg.var(2.0)).args[0].op
    assert isinstance(op, MultiOp)
    with pytest.raises(TypeError, match="as a whole"):
        _ = op.rules


@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "transform",
    [
        lambda f: f,
        loose.gradient,
        loose.hessian,
        lambda f: lambda x: loose.jvp(f)(x, 2.0),
        lambda f: loose.taylor(f, 3),
        lambda f: loose.gradient(lambda x: loose.gradient(f)(x) * x),
    ],
)
def test_solves_and_rules_of_a_users_belong_in_programs(
    name: str, backend: str, transform: Callable[[Any], Any]
) -> None:
    composed, _, at = SAME[name]
    f = transform(composed)
    assert near(compiled(f, backend)(at), f(at))


def test_what_a_solve_in_a_program_asks_for_is_a_program() -> None:
    asked: list[Any] = []

    def residual(x: Any, a: Any) -> Any:
        asked.append(x)
        return fg.exp(x) + x - a

    solve: Any = loose.root(residual, 0.5)
    fast = called(lambda a: solve(a) * a)
    wanted = solve(2.0) * 2.0
    eager = len(asked)
    assert fast(2.0) == wanted
    asked.clear()
    for a in (3.0, 4.0, 5.0):
        assert fast(a) == solve(a) * a
    # Of each solve in the program only its end asks the function, to know the size of the terms.
    assert 0 < len(asked) < 3 * eager + 3 * 3

    def branching(x: Any, a: Any) -> Any:
        return x * x - a if number_of(x) > 0.0 else x * x * x - a

    solve = loose.root(branching, 1.0)
    assert called(lambda a: solve(a) * 2.0)(4.0) == 4.0


@pytest.mark.parametrize("backend", BACKENDS)
def test_solves_are_mapped_over_columns(backend: str) -> None:
    np = pytest.importorskip("numpy", reason="columns need numpy")
    f = compiled(loose.value_and_gradient(lambda a: square_root(a) * a), backend)
    xs = np.array([1.0, 4.0, 9.0])
    values, slopes = f.map(xs)
    assert values == pytest.approx(xs**1.5)
    assert slopes == pytest.approx(1.5 * xs**0.5)


def test_what_cannot_leave_says_so() -> None:
    program = fg.trace(square_root)(2.0)
    with pytest.raises(fg.Untranslatable):
        fg.to_c(program)
    with pytest.raises((fg.NotPicklable, fg.Untranslatable)):
        fg.dumps(program)


class Metres(float):
    """A float that is another class."""


def numbers() -> dict[str, Any]:
    """One, in the types that users have it in."""
    found = {"int": 1, "float": 1.0, "subclass": Metres(1.0), "Fraction": Fraction(1)}
    try:
        import numpy as np  # noqa: PLC0415  # an extra
    except ImportError:
        return found
    return found | {"float64": np.float64(1.0), "float32": np.float32(1.0), "int64": np.int64(1)}


def accepted(one: Any) -> bool:
    """Whether it is among the numbers that every entrance takes today."""
    return isinstance(one, (int, float))


@pytest.mark.parametrize("kind", numbers())
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_number_of_any_type_is_a_float_in_a_flow(kind: str, backend: str) -> None:
    one = numbers()[kind]
    product: Any = lambda p: p[0] * p[1] * p[1]
    ways: list[Callable[[Any, Any], Any]] = [
        lambda x, y: loose.hvp(product)((x, y), (one, 0)),
        lambda x, y: loose.jvp(product)((x, y), (one, one)),
        lambda x, y: loose.vjp(product)((x, y))[1](one),
        lambda x, y: loose.vjp(lambda p: (p[0] * p[1], p[0]))((x, y))[1]((one, one)),
        lambda x, y: loose.gradient(lambda q: q * x * y)(one),
        lambda x, y: loose.taylor(lambda q: q * q * x * y, 2)(one),
    ]
    for way in ways:
        wanted = way(50.0, 60.0)
        assert all(type(leaf) is float for leaf in fg.trees.leaves(wanted))
        assert near(compiled(way, backend)(50.0, 60.0), wanted)


@pytest.mark.parametrize("kind", [k for k, v in numbers().items() if accepted(v)])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_number_that_a_users_function_gives_is_a_float(kind: str, backend: str) -> None:
    one = numbers()[kind]
    constant: Any = fg.Unary("constant", lambda x: one, lambda out, x: one)
    branch: Any = fg.Unary("branch", lambda x: 2 * x, lambda out, x: fg.when(x > 0.0, one))
    rule: Any = loose.custom(lambda x: one, vjp=lambda x, y, bar: one)
    forward: Any = loose.custom(lambda x: one, jvp=lambda x, y, dx: one)
    for f in (constant, branch, rule, forward):
        y = f(fg.var(3.0))
        assert type(y.value) is float
        for way in (loose.value_and_gradient(f), lambda x, f=f: loose.jvp(f)(x, 1)):
            wanted = way(3.0)
            assert all(type(leaf) is float for leaf in fg.trees.leaves(wanted))
            assert near(compiled(way, backend)(3.0), wanted)


PAIRED: list[Any] = [
    lambda x: loose.gradient(lambda p: p[0] * p[1])((x, x))[0],
    lambda x: loose.gradient(lambda p: p["a"] * fg.sin(p["b"]))({"a": x, "b": x})["b"],
    lambda x: loose.jvp(lambda p: p[0] * p[1] * p[1])([x, x], [1.0, 2.0])[1],
    lambda x: loose.hvp(lambda p: p[0] * p[1] * p[1])([x, x], [1.0, 2.0])[1],
    lambda x: loose.vjp(lambda p: p[0] * p[1] * p[1])((x, x))[1](1.0)[1],
    lambda x: loose.jacobian(lambda p: (p[0] * p[1], p[0]))((x, x)).rows[0][0],
    lambda x: loose.jacobian(lambda p: (p[0] * p[1],), mode="forward")((x, x)).rows[0][0],
    lambda x: loose.hessian(lambda p: p[0] * p[1] * p[1])((x, x)).rows[1][1],
    lambda x: loose.gradient(lambda y, z: y * z, argnums=(0, 1))(x, x)[0],
]


@pytest.mark.parametrize("f", PAIRED)
def test_places_are_variables_and_nodes_are_not(f: Any) -> None:
    value, slope = loose.value_and_gradient(f)(3.0)
    assert value == f(3.0)
    assert math.isclose(slope, (f(3.0 + 1e-6) - f(3.0 - 1e-6)) / 2e-6, rel_tol=1e-6)
    assert number_of(f(fg.var(3.0))) == f(3.0)
    for backend in BACKENDS[:2]:
        assert compiled(f, backend)(3.0) == f(3.0)


def test_rules_of_ours_keep_places_apart_too() -> None:
    solve: Any = loose.root(lambda x, a, b: x - a * b, 1.0)
    assert fg.hessian(lambda a: solve(a, a))(3.0).matrix == ((2.0,),)


def descended(a: Any) -> Any:
    x: Any = 1.0
    for _ in range(3):
        x = x - 0.1 * fg.gradient(lambda q: (q - a) * (q - a))(x)
    return x


AT_A_NUMBER: list[Any] = [
    descended,
    lambda a: fg.gradient(lambda q: fg.sin(q * a))(0.5),
    lambda a: loose.jvp(lambda q: q * q * a)(3.0, 1)[1],
    lambda a: loose.vjp(lambda q: q * q * a)(3)[1](1.0),
    lambda a: fg.hvp(lambda q: q * q * q * a)(3.0, 1.0),
    lambda a: fg.hessian(lambda q: q * q * q * a)(3.0).rows[0],
    lambda a: loose.jacobian(lambda q: (q * a, q), mode="forward")(3.0).rows[0],
    lambda a: fg.taylor(lambda q: fg.exp(q * a), 3)(0.2)[2],
    lambda a: fg.gradient(lambda q: 3.0 * a)(0.5) * 2.0 + a,
    lambda a: loose.value_and_gradient(lambda q: (q * a, a), has_aux=True)(2.0)[0][1],
]


@pytest.mark.parametrize("f", AT_A_NUMBER)
def test_the_variable_of_a_finished_transform_is_nobodys(f: Any) -> None:
    value, slope = loose.value_and_gradient(f)(0.7)
    assert type(value) is float
    assert type(slope) is float
    assert value == f(0.7)
    assert math.isclose(slope, (f(0.7 + 1e-6) - f(0.7 - 1e-6)) / 2e-6, rel_tol=1e-6, abs_tol=1e-8)
    for other in (loose.jvp(f)(0.7, 1.0)[1], loose.vjp(f)(0.7)[1](1.0), fg.taylor(f, 1)(0.7)[1]):
        assert type(other) is float
        assert math.isclose(other, slope)
    for backend in BACKENDS[:2]:
        assert math.isclose(compiled(f, backend)(0.7), value)
    solve: Any = loose.root(lambda x, a: x - f(a), 0.0)
    assert math.isclose(solve(0.7), value)
    assert math.isclose(loose.gradient(solve)(0.7), slope)
    found = loose.minimize(lambda x: (x - 1.0) ** 2 + 0.0 * f(x), 0.8, fg.gradient_descent(0.25))
    assert type(found.value) is float


def test_a_variable_of_an_outer_call_that_still_runs_counts() -> None:
    assert fg.gradient(lambda x: fg.gradient(lambda y: x * y)(3.0))(2.0) == 1.0
    assert fg.gradient(lambda x: fg.jvp(lambda y: x * x * y)(3.0, 1.0)[1])(2.0) == 4.0
    a = fg.var(2.0)
    outer = fg.gradient(lambda y: a * y)(3.0)
    assert fg.grad(fg.Graph.of(outer), outer)[a] == 1.0


@pytest.mark.parametrize("backend", BACKENDS[:2])
def test_a_variable_that_a_function_makes_is_its_own(backend: str) -> None:
    f: Any = lambda x: x * fg.var(2.0)
    assert fg.value_and_gradient(f)(3.0) == (6.0, 2.0)
    assert fg.jvp(f)(3.0, 1.0) == (6.0, 2.0)
    assert fg.taylor(f, 1)(3.0) == (6.0, 2.0)
    assert compiled(f, backend)(3.0) == 6.0
    before = fg.var(2.0)
    assert loose.gradient(lambda x: x * before)(3.0).value == 2.0
    assert before.depth == fg.var(2.0).depth == 0
    with pytest.raises(fg.NotAValue, match="as an argument"):
        fg.trace(lambda x: x * before)(3.0)


def test_what_was_there_before_a_call_is_less_deep_than_its_variables() -> None:
    x = fg.var(1.0)
    for _ in range(10):
        x = fg.sin(x)
    depth = below_all()
    assert x.depth < depth < below_all()
    assert not Activity.of([x * 2.0], [x.alias(depth)]).closed


def energy(x: Any) -> Any:
    return fg.sin(x) * x + x * x


STEPS: dict[str, Any] = {
    "gradient": loose.gradient(energy),
    "jvp": lambda x: loose.jvp(energy)(x, 1.0)[1],
    "hvp": lambda x: loose.hvp(energy)(x, 1.0),
    "vjp": lambda x: loose.vjp(energy)(x)[1](1.0),
    "taylor": lambda x: loose.taylor(energy, 2)(x)[1],
    "jacobian": lambda x: loose.jacobian(lambda q: (energy(q),))(x).rows[0],
    "closure": lambda x: loose.gradient(lambda q: energy(q * x))(1.0),
    "closure forward": lambda x: loose.jvp(lambda q: energy(q * x))(1.0, 1.0)[1],
}


@pytest.mark.parametrize("step", STEPS)
def test_a_sweep_does_not_read_the_history(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nodes that a step's sweep finds are as many after many steps as after a few."""
    found: list[int] = []
    of = Activity.of

    def counted(outputs: Any, variables: Any) -> Activity:
        reach = of(outputs, variables)
        found.append(len(reach._found))
        return reach

    monkeypatch.setattr(Activity, "of", counted)
    placed = taylor._Table._placed

    def each(table: Any, node: Any) -> Any:
        found.append(1)
        return placed(table, node)

    monkeypatch.setattr(taylor._Table, "_placed", each)

    def simulated(x: Any) -> Any:
        for _ in range(50):
            x = x - 0.01 * STEPS[step](x)
        return x

    fg.trace(simulated)(0.3)
    assert 0 < max(found) < 60
    assert sum(found) < 50 * 120


def test_a_rule_that_lies_in_the_history_is_not_asked() -> None:
    """It serves the first order only, and nothing on the way needs more."""
    first: Any = loose.custom(math.sin, vjp=lambda x, y, bar: bar * math.cos(x))

    def f(x: Any) -> Any:
        y = first(x)
        return loose.hessian(lambda q: q * q * y)(2.0).rows[0]

    assert math.isclose(fg.gradient(f)(0.3), 2.0 * math.cos(0.3))

    def g(x: Any) -> Any:
        inner = loose.gradient(lambda q: q * x)(1.0)
        return loose.gradient(lambda q: q * first(inner))(2.0)

    assert math.isclose(fg.gradient(g)(0.3), math.cos(0.3))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_truth_value_stays_one_through_a_call(backend: str) -> None:
    both = compiled(lambda x: (x > 0.0, x * x), backend)
    f: Any = lambda x: fg.where(both(x)[0], both(x)[1], -x)
    for x in (3.0, -3.0):
        plain = 9.0 if x > 0.0 else 3.0
        slope = 6.0 if x > 0.0 else -1.0
        assert f(x) == plain
        assert fg.value_and_gradient(f)(x) == (plain, slope)
        assert fg.jvp(f)(x, 1.0) == (plain, slope)
        assert compiled(fg.value_and_gradient(f), backend)(x) == (plain, slope)
        assert fg.taylor(f, 1)(x) == (plain, slope)
        graph = fg.Graph.of(f(fg.var(x)))
        assert graph.outputs[0].value == plain
        assert fg.trace(f)(x).check().run((x,)) == (plain,)
    assert fg.jvp(both)(3.0, 1.0) == ((True, 9.0), (0.0, 6.0))
    value, pull = fg.vjp(both)(3.0)
    assert value == (True, 9.0)
    assert value[0] is True
    assert pull((0.0, 1.0)) == 6.0
    assert loose.jacobian(both)(3.0).matrix == ((0.0,), (6.0,))


def test_a_program_with_a_truth_value_for_a_number_is_malformed() -> None:
    both = called(lambda x: (x > 0.0, x * x))
    program = fg.trace(lambda x: fg.where(both(x)[0], both(x)[1], -x))(1.0)
    op, args = program.instructions[1]
    wrong = type(op).at(0)  # type: ignore[attr-defined]  # an item
    lines = (program.instructions[0], (wrong, args), *program.instructions[2:])
    with pytest.raises(fg.MalformedProgram, match="no number as result 0"):
        fg.Program(program.inputs, lines, program.outputs).check()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_truth_value_that_depends_on_nothing_is_one_too(backend: str) -> None:
    f: Any = lambda x: (fg.greater(2.0, 1.0), {"x": x}, False)
    assert f(1.0) == (True, {"x": 1.0}, False)
    assert compiled(f, backend)(1.0) == f(1.0)
    assert fg.jvp(f)(1.0, 2.0) == (f(1.0), (0.0, {"x": 2.0}, 0.0))
    assert fg.vjp(f)(1.0)[1]((0.0, {"x": 3.0}, 0.0)) == 3.0
    reported = loose.value_and_gradient(
        lambda x: (x * x, {"well": x > 0.0, "ok": True}), has_aux=True
    )
    assert reported(3.0) == ((9.0, {"well": True, "ok": True}), 6.0)


def test_a_custom_function_gives_floats_wherever_it_is_called() -> None:
    f: Any = loose.custom(lambda x: (Metres(3.0), 2), vjp=lambda x, y, bar: 0)
    assert list(map(type, f(1.0))) == [float, float]


def test_nobody_differentiates_by_a_condition() -> None:
    with pytest.raises(fg.NotAValue, match=r"p\[1\] needs .*truth value"):
        loose.gradient(lambda p: p[0])((fg.var(1.0), fg.var(1.0) > 0.0))
    with pytest.raises(fg.NotAValue, match=r"p\[1\] needs"):
        loose.gradient(called(lambda p: p[0]))((1.0, True))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_condition_is_one_to_a_compiled_function_too(backend: str) -> None:
    chosen = compiled(lambda c, p: fg.where(c & p["ok"], p["x"], -p["x"]), backend)
    for c, ok in ((True, True), (True, False), (False, True)):
        sign = 1.0 if c and ok else -1.0
        for _ in range(3):
            assert chosen(c, {"ok": ok, "x": 3.0}) == 3.0 * sign
        assert (
            loose.gradient(lambda x, c=c, ok=ok: chosen(c, {"ok": ok, "x": x}) * x)(3.0)
            == 6.0 * sign
        )
    f: Any = lambda x: chosen(x > 1.0, {"ok": x < 4.0, "x": x * x})
    for x in (0.5, 3.0, 5.0):
        assert fg.value_and_gradient(f)(x) == (
            (x * x, 2.0 * x) if 1 < x < 4 else (-x * x, -2.0 * x)
        )
        assert compiled(fg.gradient(f), backend)(x) == fg.gradient(f)(x)
    with pytest.raises(fg.NotAValue, match="truth value"):
        chosen(1.0, {"ok": True, "x": 3.0})
    assert chosen(c=True, p={"ok": True, "x": 3.0}) == 3.0
    np = pytest.importorskip("numpy", reason="columns need numpy")
    for _ in range(3):
        signs = chosen.map(np.array([True, False]), {"ok": True, "x": np.array([2.0, 3.0])})
        assert signs.tolist() == [2.0, -3.0]
        assert chosen.sum(True, {"ok": np.array([True, False]), "x": 2.0}) == 0.0


@pytest.mark.parametrize("n", [10, 1_000, 3_000, 100_000])
@pytest.mark.parametrize(
    "model",
    [
        lambda x, cs: fg.sum([c * x for c in cs]),
        lambda x, cs: reduce(lambda total, c: total + c * x, cs, 0.0 * x),
        lambda x, cs: reduce(lambda total, c: total * 1.0 + c * fg.square(x), cs, 0.0 * x),
    ],
)
def test_contributions_to_one_node_are_summed_accurately(n: int, model: Any) -> None:
    """The bound of `fgrad.autodiff.summation`, of which rounding leaves the square root at most."""
    cs = [1.0 / (k + 1) + (0.1 if k % 7 else -0.2) for k in range(n)]
    x = fg.var(0.5)
    y = model(x, cs)
    got = fg.grad(fg.Graph.of(y), y)[x]
    size = math.fsum(map(abs, cs))
    assert abs(got - math.fsum(cs)) <= 2e-15 * size
    if n <= 3_000:
        slope = fg.grad_nodes(fg.Graph.of(y), y)[x]
        assert abs(slope.value - math.fsum(cs)) <= 1e-14 * size


def test_infinite_contributions_to_a_wide_sum_stay_infinite() -> None:
    x = fg.var(0.5)
    y = fg.sum([x * (math.inf if k == 9_000 else 1.0) for k in range(10_000)])
    assert fg.grad(fg.Graph.of(y), y)[x] == math.inf


def test_a_program_made_inside_a_transform_refuses_its_variable() -> None:
    """To take it for the number that it holds would lose its derivative."""
    inner: list[Any] = [
        lambda x: loose.compile(lambda t: t * x)(2.0),
        lambda x: loose.compile(lambda t: t * x)(x),
        lambda x: loose.compile(fg.gradient(lambda t: t * t * x))(2.0),
        lambda x: fg.trace(lambda t: t * x)(2.0).run((2.0,))[0],
    ]
    for f in inner:
        for way in (loose.gradient(f), loose.taylor(f, 1), lambda x, f=f: loose.jvp(f)(x, 1.0)):
            with pytest.raises(fg.NotAValue, match="as an argument"):
                way(3.0)
        with pytest.raises(fg.NotAValue, match="as an argument"):
            f(fg.var(3.0))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [1, 20])
def test_what_was_a_truth_value_may_be_a_number_the_next_time(backend: str, size: int) -> None:
    def of_each(bs: Any) -> Any:
        return fg.sum([fg.where(b, 2.0, 3.0) if getattr(b, "truth", False) else b * b for b in bs])

    f = compiled(of_each, backend)
    truths: Any = [True] * size
    numbers_of: Any = [3.0] * size
    for _ in range(3):
        assert f(truths) == 2.0 * size
        assert f(numbers_of) == 9.0 * size
        assert loose.gradient(f)(numbers_of) == [6.0] * size
        assert f([fg.var(3.0), *numbers_of[1:]]).value == 9.0 * size
    named = compiled(lambda d, b: (d, b), backend)
    for given in ({"a": True, "b": 1.0}, {"a": 3.0, "b": 1.0}, {"a": False, "b": 2}):
        for b in (True, 2.0, 0, False):
            for _ in range(2):
                assert named(given, b) == (given, b)
                assert type(named(given, b)[1] is bool) is bool
                assert isinstance(named(given, b)[1], bool) == isinstance(b, bool)


def test_a_node_that_has_been_read_receives_nothing_more() -> None:
    """So its sum is not made one with compensation, which would be what is given."""
    x = fg.var(1.0)
    w = x
    for _ in range(600):
        w = w * 1.0001
    y = fg.sum([w * w for _ in range(400)])
    gradients = fg.grad(fg.Graph.of(y), y)
    assert all(type(g) is float for g in gradients.values())
    assert math.isclose(gradients[w], 800.0 * w.value)


@pytest.mark.parametrize("n", [10, 3_000, 20_000])
def test_a_wide_sum_of_negative_zeros_is_negative(n: int) -> None:
    slope = fg.gradient(lambda x: fg.sum([x * -0.0 for _ in range(n)]))(1.0)
    assert math.copysign(1.0, slope) == -1.0


def test_where_a_solve_begins_may_be_what_is_traced_or_differentiated() -> None:
    solvers: list[Any] = [
        lambda a: loose.root(lambda x, a: x * x - a, a)(a),
        lambda a: loose.fixed_point(lambda x, a: 0.5 * (x + a / x), a)(a),
    ]
    for solver in solvers:
        assert math.isclose(solver(9.0), 3.0)
        assert math.isclose(fg.gradient(solver)(9.0), 1.0 / 6.0)
        for backend in BACKENDS[:2]:
            assert compiled(solver, backend)(9.0) == solver(9.0)
            assert math.isclose(compiled(fg.gradient(solver), backend)(9.0), 1.0 / 6.0)
    assert math.isclose(loose.fixed_point(lambda x, a: fg.var(2.0) * 0.1 * x + a, 1.0)(2.0), 2.5)
    with pytest.raises(fg.NotAValue, match="truth value"):
        loose.root(lambda x, a: x > a, 1.0)(9.0)


def test_no_contribution_is_none_however_it_is_said() -> None:
    u: Any = loose.Unary("u", lambda x: x * x, lambda out, x: loose.when(x > 0, None))
    for backend in BACKENDS[:2]:
        assert compiled(loose.gradient(lambda t: u(t) * t), backend)(2.0) == 4.0
    assert fg.gradient(lambda t: u(t) * t)(2.0) == number_of(
        fg.gradient(lambda t: u(t) * t)(fg.var(2.0))
    )
    odd: Any = loose.Unary("odd", lambda x: loose.var(2.0 * x), None)
    with pytest.raises(fg.NotAValue, match="the implementation of odd"):
        odd(2.0)


def test_cotangents_of_truth_values_are_not_read_and_numbers_are_floats() -> None:
    pull = loose.vjp(lambda x: (x > 2.0, x * x))(3.0)[1]
    assert pull((True, 1.0)) == pull((5.0, 1.0)) == 6.0
    assert type(loose.jvp(lambda x: 3)(fg.var(3.0), 1.0)[0]) is float
    assert type(loose.vjp(lambda x: 3)(fg.var(3.0))[0]) is float
    large: Any = loose.custom(lambda t: 10**400, vjp=lambda x, y, bar: bar)
    assert large(1.0) == math.inf


def test_a_custom_function_that_fails_at_ones_says_why_it_was_called() -> None:
    f: Any = loose.custom(lambda x: 1.0 / math.log(x), vjp=lambda x, y, bar: bar)
    assert f(math.e) == 1.0
    with pytest.raises(fg.NotAValue, match="result at ones"):
        called(f)(math.e)
