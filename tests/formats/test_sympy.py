"""To SymPy and from it: the same numbers, and SymPy's derivatives beside ours."""

import functools
import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fgrad as fg
from fgrad.ops import library
from fgrad.ops import scalar as ops
from fgrad.program.program import Program
from tests.measures.growth import steps
from tests.samples.cases import SMOOTH, all_operations
from tests.samples.programs import program as random_program
from tests.samples.strategies import SMOOTH as FUNCTIONS
from tests.samples.strategies import Recipe, recipes

sympy: Any = pytest.importorskip("sympy")


def number(expression: Any, symbols: Any, point: Any) -> float:
    return float(sympy.N(expression.subs(dict(zip(symbols, point, strict=True))), 30))


def there(program: Program) -> tuple[Any, list[Any]]:
    return fg.to_sympy(program), [sympy.Symbol(name, real=True) for name in program.inputs]


@pytest.mark.parametrize("case", SMOOTH, ids=lambda case: case.op.name)
def test_operations_mean_the_same_there_and_back(case: Any) -> None:
    if case.op not in all_operations().values() or case.op is ops.polygamma:
        return
    arity = case.op.arity
    program = Program(tuple("xyz"[:arity]), ((case.op, tuple(range(arity))),), (arity,))
    (there_and,), symbols = there(program)
    back = fg.from_sympy(there_and, symbols)
    for point in case.tame:
        expected = program.run(point)[0]
        # SymPy's round is not known to it as a number.
        if case.op is not ops.round:
            assert number(there_and, symbols, point) == pytest.approx(expected, rel=1e-13)
        assert back.run(point)[0] == pytest.approx(expected, rel=1e-12)


def test_every_operation_has_a_row() -> None:
    from fgrad.formats.sympy.writer import _rows  # noqa: PLC0415  # needs SymPy

    known = {op for op in all_operations().values() if op.arity}
    assert known | set(library.special().values()) == set(_rows(sympy, sympy.Tuple))


ORDERS = {
    "beta_slope": 1001,
    "sinc_slope": 2,
    "erfc_integral": 2,
    "ellipk_slope": 1,
    "ellipe_slope": 2,
}
"""Of which SymPy writes a derivative of this order, which is not read."""


@pytest.mark.parametrize("op", library.special().values(), ids=lambda op: op.name)
def test_special_functions_mean_the_same_there_and_back(op: Any) -> None:
    first = ORDERS.get(op.name, 1.0 if op.name in ("polygamma_gap", "zeta_log") else None)
    args = (0, 1, 2)[: op.arity - (first is not None)]
    given = args if first is None else (float(first), *args)
    program = Program(tuple("xyz"[: len(args)]), ((op, given),), (len(args),))
    point = (1.3, 1.6)[: len(args)] if op.name in ("zeta", "zeta_log") else (0.7, 0.4, 0.3)
    point = point[: len(args)]
    try:
        expected = program.run(point)[0]
    except fg.MissingExtra as error:
        pytest.skip(str(error))
    (there_and,), symbols = there(program)
    if op.name != "zeta_log":  # SymPy has no number for that derivative
        plain = there_and.doit().rewrite(sympy.erfinv)
        assert number(plain, symbols, point) == pytest.approx(expected, rel=1e-13)
    if op.name in ORDERS or op.name == "zeta_log":
        with pytest.raises(fg.NotAValue, match="Subs"):
            fg.from_sympy(there_and, symbols)
        return
    if op.name == "trunc":  # SymPy's sign of a whole number makes no number of it
        point = (-2.5,)
        expected = -2.0
    assert fg.from_sympy(there_and, symbols).run(point)[0] == pytest.approx(expected, rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(recipes(FUNCTIONS, st.floats(-1.5, 1.5)))
def test_derivatives_of_the_two_agree(recipe: Recipe) -> None:
    short = Recipe(recipe.inputs, recipe.steps[:6])

    def model(xs: list[Any]) -> Any:
        return fg.tanh(0.1 * short.run(xs, FUNCTIONS)[-1] + xs[0])

    xs = list(short.inputs)
    (expression,), symbols = there(fg.trace(model)(xs))
    slopes = fg.gradient(model)(xs)
    theirs = fg.from_sympy([sympy.diff(expression, s) for s in symbols], symbols)
    assert theirs.run(xs) == pytest.approx(slopes, rel=1e-9, abs=1e-12)


def test_conditions_choose_there_too() -> None:
    def f(x: Any, y: Any) -> Any:
        inside = fg.logical_and(x > 0.0, fg.logical_not(y < x))
        return fg.where(inside, fg.sqrt(y), fg.where(x <= -1.0, 2.0, x * y))

    program = fg.trace(f)(0.0, 0.0)
    (expression,), symbols = there(program)
    back = fg.from_sympy(expression, symbols)
    for point in [(1.0, 2.0), (2.0, 1.0), (-1.0, 3.0), (-0.5, 3.0), (0.0, 0.0)]:
        assert back.run(point) == program.run(point)


def test_whole_literals_stay_exact_and_others_keep_their_bits() -> None:
    (e,), (x,) = there(fg.trace(lambda x: 2.0 * x + 0.1)(0.0))
    assert e.doit() == 2 * x + sympy.Float(0.1)
    assert fg.from_sympy(e, [x]).run((0.0,)) == (0.1,)
    assert fg.from_sympy(sympy.Rational(1, 3) * x, [x]).run((1.0,)) == (1 / 3,)
    assert fg.from_sympy([sympy.pi, x], [x]).run((1.0,)) == (3.141592653589793, 1.0)


def test_the_gamma_function_has_its_signs() -> None:
    x = sympy.Symbol("x")
    for point in (0.5, 3.0, -0.5, -1.5, -2.5):
        known = float(sympy.gamma(point))
        assert fg.from_sympy(sympy.gamma(x), [x]).run((point,))[0] == pytest.approx(known)


def test_deep_expressions_take_a_loop() -> None:
    x = sympy.Symbol("x")
    e = x
    for _ in range(300):
        e = sympy.sin(e, evaluate=False)
    assert len(fg.from_sympy(e, [x])) == 300


def test_what_is_not_known_is_refused() -> None:
    x, y = sympy.symbols("x y")
    with pytest.raises(fg.NotAValue, match="y"):
        fg.from_sympy(x * y, [x])
    with pytest.raises(fg.NotAValue, match="hankel1"):
        fg.from_sympy(sympy.hankel1(0, x), [x])
    for other in (sympy.elliptic_e(x, y), sympy.LambertW(x, -1), sympy.expint(2, x)):
        with pytest.raises(fg.NotAValue, match="Only the"):
            fg.from_sympy(other, [x, y])
    own = fg.Unary("own", lambda x: x, lambda out, x: 1.0)
    with pytest.raises(fg.NotAValue, match="own"):
        fg.to_sympy(fg.trace(lambda x: own(x))(0.0))  # noqa: PLW0108  # a builtin cannot be traced


X, Y = sympy.symbols("x y", real=True)
HERE = (-2.5, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.25)


def by_sympy(expression: Any, point: Any) -> float | bool:
    """What SymPy itself makes of an expression at a point: nan where that is no real number, or a pole."""
    at = {X: sympy.Rational(point[0]), Y: sympy.Rational(point[1])}
    value = expression.subs(at, simultaneous=True).doit()
    if value in (sympy.true, sympy.false):
        return bool(value == sympy.true)
    value = complex(sympy.N(value, 30)) if value is not sympy.zoo else complex(math.nan)
    return float(value.real) if abs(value.imag) < 1e-20 else math.nan


def is_pole(expression: Any, point: Any) -> bool:
    return expression.subs({X: point[0], Y: point[1]}).doit() is sympy.zoo


def agree(expression: Any) -> None:
    program = fg.from_sympy(expression, (X, Y))
    for point in [(x, y) for x in HERE for y in HERE]:
        known, got = by_sympy(expression, point), program.run(point)[0]
        assert type(got) is type(known)
        if math.isnan(known) and math.isinf(got):
            assert is_pole(expression, point)
            continue
        assert got == pytest.approx(known, rel=1e-12, abs=1e-12, nan_ok=True), (expression, point)


def raw(kind: Any, *args: Any) -> Any:
    return kind(*args, evaluate=False)


PIECES = sympy.Piecewise((X, X < 0), (X**2, X < 1))


@pytest.mark.parametrize(
    "expression",
    [
        PIECES,
        sympy.Piecewise((X, X < 0), (Y, True)),
        sympy.Piecewise((PIECES, Y < 1), (sympy.Piecewise((1, X > Y)), Y < 2)),
        sympy.Piecewise((X, sympy.Or(X < -1, sympy.And(Y > 0, X > 1)))),
        raw(sympy.Piecewise, (X, False), (Y, X < 1), (2, sympy.true)),
        2 * PIECES + Y, sympy.Max(sympy.Piecewise((X, X < 0), (Y**2, True)), Y), sympy.Piecewise((X, sympy.Piecewise((X, X < 0), (Y, True)) < Y), (Y, X > 0)),
        sympy.Max(X, Y, 1, sympy.pi / 4), sympy.Min(X, Y, sympy.Max(X, -Y), 2), raw(sympy.Max, X, Y, X),
        sympy.Abs(X - Y), sympy.sign(X), sympy.Heaviside(X), sympy.Heaviside(X, 1), sympy.Heaviside(X, Y),
        sympy.diff(sympy.Max(X, Y), X), sympy.diff(sympy.Abs(X), X),
        sympy.floor(X), sympy.ceiling(X), sympy.Mod(X, 3), sympy.Mod(X, -3), sympy.frac(X).rewrite(sympy.floor),
        sympy.ITE(X < 0, Y < 1, Y > 2), sympy.Xor(X < 0, Y < 1), sympy.Implies(X < 0, Y < 1),
        sympy.Equivalent(X < 0, Y < 1, X > Y + 1), raw(sympy.Nand, X < 0, Y < 1), raw(sympy.Nor, X < 0, Y < 1),
        sympy.Not(sympy.Eq(X, Y)), raw(sympy.Eq, X < 1, Y < 1), raw(sympy.Ne, X < 1, Y < 1),
        sympy.Eq(X, 1), sympy.Ne(X, Y), X <= Y, X >= 1, sympy.Interval(0, 1).contains(X),
        sympy.true, sympy.false, raw(sympy.Lt, 1, sympy.pi), sympy.And(X < 1, X < 1, Y < 0),
        sympy.log(X), raw(sympy.log, X, 2), sympy.log(sympy.Abs(sympy.gamma(X + sympy.Rational(1, 3)))),
        sympy.loggamma(X + sympy.Rational(1, 4)), sympy.gamma(X + sympy.Rational(1, 4)),
        sympy.sqrt(X), 1 / sympy.sqrt(X), X**-1, X**2, X**3, X**-2, X ** sympy.Rational(1, 3), 2**X,
        sympy.real_root(X, 3), raw(sympy.Pow, sympy.E, X), sympy.E**X, sympy.exp(X) / (1 + Y**2),
        sympy.atan2(Y + sympy.Rational(1, 8), X), sympy.asin(X), sympy.acosh(X), sympy.erf(X) - sympy.erfc(Y),
        X * sympy.sqrt(2) * sympy.pi, X + sympy.Rational(1, 3), X + sympy.Integral(Y**2, (Y, 0, 1)),
        X + sympy.besselj(0, 1), raw(sympy.Mul, sympy.I, sympy.I) * X, sympy.Integer(7), -X, X / Y / 3,
    ],
    ids=str,
)  # fmt: skip
def test_what_is_read_has_the_value_that_sympy_gives(expression: Any) -> None:
    agree(expression)


NUMBERS: dict[str, tuple[int, Callable[..., Any]]] = {
    "add": (2, lambda x, y: x + y), "mul": (2, lambda x, y: x * y), "sub": (2, lambda x, y: x - y),
    "over": (2, lambda x, y: x / (sympy.Abs(y) + 1)), "max": (2, sympy.Max), "min": (2, sympy.Min),
    "abs": (1, sympy.Abs), "sign": (1, sympy.sign), "step": (1, sympy.Heaviside), "atan": (1, sympy.atan),
    "floor": (1, sympy.floor), "mod": (1, lambda x: sympy.Mod(x, 2)), "square": (1, lambda x: x**2),
    "root": (1, lambda x: sympy.sqrt(sympy.Abs(x))), "tanh": (1, sympy.tanh),
}  # fmt: skip
TRUTHS: dict[str, Callable[..., Any]] = {
    "and": sympy.And, "or": sympy.Or, "xor": sympy.Xor, "not": lambda x, y: sympy.Not(x),
    "implies": sympy.Implies, "same": sympy.Equivalent, "if": lambda x, y: sympy.ITE(x, y, sympy.Not(y)),
}  # fmt: skip


def random_number(rng: random.Random, depth: int) -> Any:
    if depth == 0:
        return rng.choice((X, Y, sympy.Integer(rng.randint(-2, 2)), sympy.Rational(1, 3), sympy.pi))
    if rng.random() < 0.3:
        cases = [(random_number(rng, depth - 1), random_truth(rng, depth - 1)) for _ in "ab"]
        return sympy.Piecewise(*cases, *[(0, True)] * rng.randint(0, 1), evaluate=False)
    arity, make = rng.choice(list(NUMBERS.values()))
    return make(*[random_number(rng, depth - 1) for _ in range(arity)])


def random_truth(rng: random.Random, depth: int) -> Any:
    if depth < 2 or rng.random() < 0.4:
        kind = rng.choice((sympy.Lt, sympy.Le, sympy.Gt, sympy.Ge, sympy.Eq, sympy.Ne))
        return kind(rng.choice((X, Y)), random_number(rng, 0))
    return rng.choice(list(TRUTHS.values()))(*[random_truth(rng, depth - 1) for _ in "ab"])


@pytest.mark.parametrize("seed", range(60))
def test_random_expressions_have_the_values_that_sympy_gives(seed: int) -> None:
    rng = random.Random(seed)
    expression = random_number(rng, 2)
    program = fg.from_sympy(expression, (X, Y))
    for point in [(rng.choice(HERE), rng.choice(HERE)) for _ in range(6)]:
        known = by_sympy(expression, point)
        assert program.run(point)[0] == pytest.approx(known, rel=1e-9, abs=1e-12, nan_ok=True), (
            expression
        )


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        (sympy.I * X, "real numbers; got I"), (X * sympy.zoo, "real numbers; got zoo"),
        (sympy.Derivative(sympy.Function("f")(X), X), "Derivative"), (sympy.Function("f")(X), "got f"),
        (sympy.Integral(sympy.exp(-(X**2)), (X, 0, Y)), "Integral"), (sympy.DiracDelta(X), "DiracDelta"),
        (sympy.diff(sympy.sign(X), X), "DiracDelta"), (sympy.re(sympy.Symbol("z")), "re"),
        (sympy.Tuple(X, Y), "Tuple"), (sympy.Matrix([X, Y]), "Matrix"), ([[X, Y]], "list"),
        (sympy.Symbol("b"), "got b"), (sympy.Piecewise((1, sympy.Symbol("b")), (2, True)), "got b"),
        (sympy.Interval(0, 1), "Interval"), (sympy.Q.positive(X), "AppliedPredicate"), ("x", "str"),
        (sympy.And(X < 0, Y, evaluate=False), "a truth value"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_read_is_named(expression: Any, named: str) -> None:
    with pytest.raises(fg.NotAValue, match=named):
        fg.from_sympy(expression if not isinstance(expression, str) else [expression], (X, Y))


def test_symbols_are_symbols() -> None:
    for symbols in (["x"], [sympy.Integer(1)], [2.0]):
        with pytest.raises(fg.NotAValue, match="symbols of SymPy"):
            fg.from_sympy(X, symbols)
    f = sympy.Function("f")(X)
    assert fg.from_sympy(f * X, (f, X)).run((2.0, 3.0)) == (6.0,)


def nested(n: int) -> Program:
    """Every step twice the one before, and conditions on what was chosen."""

    def f(x: Any, y: Any) -> Any:
        for i in range(n):
            chosen = fg.where(fg.logical_or(x > y, x < float(i)), fg.sin(x) + y * x, x / y)
            x = fg.clip(fg.minimum(chosen, fg.maximum(y, chosen)) - x, -2.0, 2.0)
        return x

    return fg.trace(f)(1.0, 2.0)


def chain(n: int, op: Any) -> Program:
    def f(xs: Any) -> Any:
        return functools.reduce(op, [fg.sin(x) for x in xs])

    return fg.trace(f)([1.0] * n)


def there_and_back(known: Program) -> Program:
    expressions, symbols = there(known)
    return fg.from_sympy(expressions, symbols)


@pytest.mark.parametrize(
    "make",
    [
        nested,
        *(functools.partial(chain, op=op) for op in (fg.maximum, fg.minimum, ops.add, ops.mul)),
    ],
    ids=["where", "maximum", "minimum", "sum", "product"],
)
def test_there_and_back_takes_steps_in_proportion_to_the_lines(
    make: Callable[[int], Program],
) -> None:
    short, long = make(100), make(1000)
    there_and_back(short)  # what SymPy imports and remembers
    few, many = (steps(functools.partial(there_and_back, known)) for known in (short, long))
    assert many < 12 * few
    back = there_and_back(long)
    for x in (-1.5, 0.25, 3.0):
        point = [x + i % 3 for i in range(len(long.inputs))]
        assert back.run(point) == long.run(point)


@pytest.mark.parametrize("seed", range(200))
def test_random_programs_come_back_with_their_values(seed: int) -> None:
    """Where no zero has a sign and nothing is infinite, which SymPy does not have."""
    known = random_program(seed)
    try:
        back = there_and_back(known)
    except fg.NotAValue:  # a literal divided by 0
        with pytest.raises(fg.NotAValue, match="real numbers"):
            there_and_back(known)
        return
    rng = random.Random(seed)
    for _ in range(5):
        point = [rng.uniform(0.2, 2.0) for _ in known.inputs]
        values = known.run(point)
        if all(0.0 != abs(x) < 1e100 for x in everything(known, point)):
            assert back.run(point) == pytest.approx(values, rel=1e-6)


def everything(known: Program, point: Any) -> list[float]:
    size = len(known.inputs) + len(known.instructions)
    truths = known.truths
    numbers = tuple(i for i in range(size) if not truths[i])
    literals = [a for _, args in known.instructions for a in args if type(a) is float]
    return [*Program(known.inputs, known.instructions, numbers).run(point), *literals]


def test_sympy_works_on_what_was_written() -> None:
    def f(x: Any, y: Any) -> Any:
        return fg.where(x > y, fg.maximum(x * y, 2.0), fg.sqrt(y) / x) - fg.erf(x)

    (e,), (x, y) = there(fg.trace(f)(1.0, 2.0))
    slope = fg.gradient(lambda x: f(x, 2.0))
    for point in (3.0, 1.5):
        at = {x: point, y: 2.0}
        assert float(sympy.diff(e, x).subs(at)) == pytest.approx(slope(point))
        assert sympy.lambdify((x, y), e, "math")(point, 2.0) == pytest.approx(f(point, 2.0))
        assert float(e.doit().subs(at)) == pytest.approx(f(point, 2.0))
        assert float(sympy.expand(e).subs(at)) == pytest.approx(f(point, 2.0))
    assert {str(e), sympy.latex(e), sympy.srepr(e)}
    assert sympy.srepr(sympy.sympify(sympy.srepr(e))) == sympy.srepr(
        sympy.sympify(sympy.srepr(e.doit()))
    )


def test_a_sum_is_one_sum_of_its_terms_in_their_order() -> None:
    program = fg.trace(lambda x, y: fg.sin(x) - y + 0.1 + x * y * 3.0)(1.0, 2.0)
    (e,), (x, y) = there(program)
    assert [str(term) for term in e.args] == ["sin(x)", "-y", str(sympy.Float(0.1)), "x*y*3"]
    assert fg.from_sympy(e, (x, y)).run((0.7, 0.2)) == program.run((0.7, 0.2))


def test_inputs_of_one_name_are_refused() -> None:
    program = Program(("x", "x"), ((ops.add, (0, 1)),), (2,))
    with pytest.raises(fg.NotAValue, match="2 named 'x'"):
        fg.to_sympy(program)
