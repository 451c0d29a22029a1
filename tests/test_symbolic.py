"""To SymPy and from it: the same numbers, and SymPy's derivatives beside ours."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fgrad as fg
from fgrad import operations as ops
from fgrad.program import Program
from tests.cases import SMOOTH, all_operations
from tests.strategies import SMOOTH as FUNCTIONS
from tests.strategies import Recipe, recipes

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
    from fgrad.symbolic import _to  # noqa: PLC0415  # needs SymPy

    assert {op for op in all_operations().values() if op.arity} == set(_to(sympy))


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
    assert e == 2 * x + sympy.Float(0.1)
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
    with pytest.raises(fg.NotAValue, match="besselj"):
        fg.from_sympy(sympy.besselj(0, x), [x])
    own = fg.Unary("own", lambda x: x, lambda out, x: 1.0)
    with pytest.raises(fg.NotAValue, match="own"):
        fg.to_sympy(fg.trace(lambda x: own(x))(0.0))  # noqa: PLW0108  # a builtin cannot be traced
