"""Expressions: what is read, what is refused and where, and that Python would agree."""

import ast
import contextlib
import inspect
import math
import sys
import threading
import warnings
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fgrad as fg
from fgrad.cli import expression as module
from fgrad.cli.expression import CONSTANTS, DEEPEST, LONGEST, OPERATIONS, parse
from fgrad.errors import FormatError, NotAValue, UnknownName, nearest
from fgrad.ops.borrowed import Borrowed
from fgrad.ops.primitive import Op


def value(text: str, **values: float) -> float:
    expression = parse(text)
    return expression.evaluate(expression.variables(values)).value


def gradient(text: str, **values: float) -> dict[str, float]:
    expression = parse(text)
    variables = expression.variables(values)
    output = expression.evaluate(variables)
    gradients = fg.grad(fg.Graph.of(output, *variables.values()), output)
    return {name: gradients[x] for name, x in variables.items()}


def refusal(text: str) -> FormatError:
    with pytest.raises(FormatError) as caught:
        parse(text)
    return caught.value


# What is read.


def test_the_neuron_has_the_known_gradients() -> None:
    point = {"x1": 2.0, "x2": 0.0, "w1": -3.0, "w2": 1.0, "b": 6.8813735870195432}
    text = "tanh(x1*w1 + x2*w2 + b)"
    assert value(text, **point) == pytest.approx(0.7071067811865476)
    assert gradient(text, **point) == pytest.approx(
        {"x1": -1.5, "w1": 1.0, "x2": 0.5, "w2": 0.0, "b": 0.5}
    )


def test_names_come_in_the_order_of_appearance() -> None:
    assert parse("b*a + (c if d > a else b)").names == ("b", "a", "c", "d")


def test_a_name_is_one_variable_wherever_it_appears() -> None:
    assert gradient("a + a", a=3.0) == {"a": 2.0}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 + 3*4 - 1", 13.0),
        ("2**3**2", 512.0),
        ("-2**2", -4.0),
        ("2**-1", 0.5),
        ("+3", 3.0),
        ("--3", 3.0),
        ("7 % 4", 3.0),
        ("-7 % 4", 1.0),
        ("1_000 + .5 + 1. + 2e3 + 1e-3 + 1E+2", 3102.5 - 1.0 + 0.001),
        ("1 if 0 < 1 < 2 else 2", 1.0),
        ("1 if 0 < 2 < 1 else 2", 2.0),
        ("1 if 2 > 1 and 1 > 1 else 2", 2.0),
        ("1 if 2 > 1 or 1 > 1 else 2", 1.0),
        ("1 if not 2 > 1 else 2", 2.0),
        ("1 if 1 == 1 and 1 != 2 and 1 <= 1 and 1 >= 1 else 2", 1.0),
        ("where(1 < 2, 3, 4)", 3.0),
        ("where(logical_not(equal(1, 2)), 3, 4)", 3.0),
        ("clip(5, 0, 1)", 1.0),
        ("  1 +\n\t1  ", 2.0),
    ],
)
def test_arithmetic_of_literals(text: str, expected: float) -> None:
    assert value(text) == expected


def test_literals_follow_ieee() -> None:
    assert value("1/0") == math.inf
    assert value("-1/0") == -math.inf
    assert math.isnan(value("0/0"))
    assert math.isnan(value("log(-1)"))
    assert value("exp(1000)") == math.inf
    assert value("10**400") == math.inf
    assert value("9" * 400) == math.inf
    assert value("1e999") == math.inf


def test_constants_are_known_and_a_given_value_wins() -> None:
    assert value("pi") == math.pi
    assert value("e") == math.e
    assert value("inf") == math.inf
    assert math.isnan(value("nan"))
    assert value("2*e", e=5.0) == 10.0
    assert gradient("e*pi", e=5.0) == {"e": math.pi}


def test_a_call_is_an_operation_and_a_bare_name_a_variable() -> None:
    assert value("sin(sin)", sin=0.5) == math.sin(0.5)


def test_nothing_flows_from_the_side_not_taken() -> None:
    assert value("log(x) if x > 0 else 0", x=-1.0) == 0.0
    assert gradient("log(x) if x > 0 else 0", x=-1.0) == {"x": 0.0}
    assert gradient("x*x if 0 < x < 9 and not x == 5 else sqrt(-x)", x=3.0) == {"x": 6.0}


def test_a_name_may_be_greek_and_is_read_as_python_reads_it() -> None:
    assert parse("µ*2").names == ("μ",)  # the micro sign is the letter mu to Python
    assert value("2*λ_1", λ_1=3.0) == 6.0


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_exported_operation_can_be_called(name: str) -> None:
    op: Any = getattr(fg, name)
    if isinstance(op.impl, Borrowed):
        pytest.importorskip("scipy", reason="its values are SciPy's")
    numbers: list[Any] = [0.5, 0.25, 0.75][: op.arity]
    texts = [repr(x) for x in numbers]
    if name == "where":
        numbers[0], texts[0] = True, "1 < 2"
    if name.startswith("logical"):
        numbers, texts = [True] * op.arity, ["1 < 2"] * op.arity
    expected = op(*numbers)
    text = f"{name}({', '.join(texts)})"
    if op.truth:
        text, expected = f"1 if {text} else 0", float(expected)
    result = value(text)
    assert result == expected or (math.isnan(result) and math.isnan(expected))


def test_only_what_fgrad_exports_can_be_called() -> None:
    exported = {name: getattr(fg, name) for name in dir(fg)}
    ours = {op.name for op in exported.values() if isinstance(op, Op)}
    assert set(OPERATIONS) == ours
    for name in ("identity", "bell", "variable", "sum", "dot", "print", "eval", "__import__"):
        with pytest.raises(UnknownName):
            parse(f"{name}(x)")


def test_evaluating_twice_makes_two_graphs_of_the_same_computation() -> None:
    expression = parse("x*y + 1")
    one, two = (expression.evaluate(expression.variables({"x": 1.0, "y": 2.0})) for _ in range(2))
    assert one is not two
    assert fg.Graph.of(one) == fg.Graph.of(two)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        expression.text = "x"  # type: ignore[misc]


# What is refused.


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 0, "empty"),
        (" \n ", 0, "empty"),
        ("x +", 3, "ends too early"),
        ("  x +  ", 5, "ends too early"),
        ("x y", 2, "y is not expected here"),
        ("é +* b", 3, "* is not expected here"),
        ("print x", 0, "parentheses are missing"),
        ("sin(a b)", 4, "an operator or a comma is missing"),
        ("(x", 0, "'(' was never closed"),
        ("x)", 1, "unmatched ')'"),
        ("x if y", 0, "expected 'else'"),
        ("x if y else", 11, "ends too early"),
        ("2x", 0, "multiplication is written 2*x"),
        ("1 + 3pi", 4, "multiplication is written 3*pi"),
        ("1..2", 0, "not a decimal number"),
        ("1if x else 2", 0, "1if is not a decimal number"),
        ("0x10", 0, "not a decimal number"),
        ("1j", 0, "not a decimal number"),
        ("007", 0, "leading zeros"),
        ("1__0", 1, "invalid decimal literal"),
        ("9" * 5000, 0, "at most 1,000 characters"),
        ("x^2", 1, "powers are written **"),
        ("x//2", 1, "write floor(x / y)"),
        ("x & y", 2, "write `and`"),
        ("x | y", 2, "write `or`"),
        ("~x", 0, "write `not`"),
        ("!x", 0, "write `not`"),
        ("x = 2", 2, "equality is written =="),
        ("f(x=1)", 3, "equality is written =="),
        ("x := 2", 2, ": is no part"),
        ("x[0]", 1, "[ is no part"),
        ("'x'", 0, "' is no part"),
        ('f"{x}"', 1, '" is no part'),
        ("x # y", 2, "# is no part"),
        ("x; y", 1, "; is no part"),
        ("x \\\n y", 2, "\\ is no part"),
        ("x @ y", 2, "@ is no part"),
        ("x\0", 1, "U+0000"),
        ("x\x1b", 1, "U+001B"),
        ("\udcff", 0, "U+DCFF"),
        ("x\xa0+ y", 1, "U+00A0"),
        ("x − y", 2, "invalid character '−'"),
        ("True", 0, "a word of Python's own"),
        ("2*lambda", 2, "a word of Python's own"),
        ("x is y", 2, "a word of Python's own"),
        ("x in y", 2, "a word of Python's own"),
        ("await x", 0, "a word of Python's own"),
        ("(yield)", 1, "a word of Python's own"),
        ("sin(x for x in y)", 6, "a word of Python's own"),
        ("x, y", 0, "a comma stands only between"),
        ("()", 0, "a comma stands only between"),
        ("sin(*x)", 4, "only numbers, names"),
        ("...", 0, "only numbers, names"),
        ("math.sin(x)", 0, "write sin(...)"),
        ("1 + math.pi", 4, "attributes are not read"),
        ("x.__class__", 0, "attributes are not read"),
        ("2(x)", 0, "multiplication is written *"),
        ("sin(x)(y)", 0, "only operations are called"),
        ("1 + sin()", 4, "sin takes 1 argument, and 0 are given"),
        ("sin(x, y)", 0, "sin takes 1 argument, and 2 are given"),
        ("é*clip(x)", 2, "clip takes 3 arguments, and 1 are given"),
    ],
)
def test_a_text_that_is_no_expression_is_refused_at_its_place(
    text: str, column: int, words: str
) -> None:
    error = refusal(text)
    assert words in error.problem
    assert error.column == column


def test_keyword_arguments_are_refused_even_where_the_tree_has_them() -> None:
    tree = ast.parse("sin(x=1)", mode="eval").body
    with pytest.raises(FormatError, match="given by place"):
        module._Reader("sin(x=1)").read(tree)


def test_the_caret_stands_under_the_place_also_in_a_long_expression() -> None:
    text = "x + " * 100 + "y ^ 2" + " + x" * 100
    _, shown, caret = str(refusal(text)).split("\n")
    assert shown[caret.index("^")] == "^"
    assert len(shown) < 130


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x < 1", "an expression needs a number; got the truth value `x < 1`"),
        ("1 < 2", "an expression needs a number; got the truth value `1 < 2`"),
        ("not x < 1", "got the truth value `not x < 1`"),
        ("x + (y < 1)", "add needs a number; got the truth value `y < 1`"),
        ("+(x < 1)", "+ needs a number; got the truth value `x < 1`"),
        ("(x < 1) < 2", "less needs a number; got the truth value `x < 1`"),
        ("sin(x < 1)", "sin needs a number; got the truth value `x < 1`"),
        ("x if y else z", "where needs a truth value; got the number `y`"),
        ("where(x, y, z)", "where needs a truth value; got the number `x`"),
        ("where(x < 1, y < 1, z)", "where needs a number; got the truth value `y < 1`"),
        ("not x*2", "logical_not needs a truth value; got the number `x*2`"),
        ("x or é*y", "logical_or needs a truth value; got the number `x`"),
        ("x < 1 and é*y", "logical_and needs a truth value; got the number `é*y`"),
    ],
)
def test_truth_values_and_numbers_are_told_apart(text: str, words: str) -> None:
    with pytest.raises(NotAValue) as caught:
        parse(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("sinn", "sin"),
        ("Tanh", "tanh"),
        ("arctan", "atan"),
        ("ln", "log"),
        ("max", "maximum"),
        ("min", "minimum"),
        ("sum", "add"),
        ("qqq", None),
    ],
)
def test_an_unknown_operation_is_named_with_the_nearest(name: str, meant: str | None) -> None:
    with pytest.raises(UnknownName) as caught:
        parse(f"1 + {name}(x)")
    assert caught.value.name == name
    assert caught.value.nearest == meant


def test_a_name_without_a_value_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownName) as caught:
        parse("alpha + alpa").variables({"alpha": 1.0})
    assert (caught.value.name, caught.value.nearest) == ("alpa", "alpha")


def test_a_value_must_be_a_number() -> None:
    with pytest.raises(fg.NotAValue):
        parse("x").variables({"x": True})


def test_nearest_disregards_case_and_gives_nothing_far_away() -> None:
    assert nearest("ALPHA", ["alpha", "beta"]) == "alpha"
    assert nearest("alpa", ["Alpha"]) == "Alpha"
    assert nearest("zzz", ["alpha"]) is None
    assert nearest("x", []) is None


def test_an_unknown_name_lists_some_of_many_and_says_when_there_are_none() -> None:
    many = [f"name{i}" for i in range(20)]
    assert "name11 and 8 more" in str(UnknownName.among("q", many, "thing"))
    assert str(UnknownName.among("q", [], "thing")) == "no thing is named 'q'; there are none."


# Bounds.


@pytest.mark.parametrize("shape", ["x+x+{}x", "x**x**{}x", "x-(x)-{}x"])
def test_a_thousand_terms_can_be_read(shape: str) -> None:
    prefix = shape.partition("{")[0]
    text = prefix * 500 + "x"
    assert math.isfinite(value(text, x=1.0))
    assert math.isfinite(gradient(text, x=1.0)["x"])


def test_the_longest_expression_is_read_and_a_longer_one_is_not() -> None:
    text = "maximum(x,y)".ljust(LONGEST)
    assert value(text, x=1.0, y=2.0) == 2.0
    assert "at most 20,000 characters" in refusal(text + " ").problem


@pytest.mark.parametrize("pattern", ["-", "x+", "x**", "x-"])
def test_depth_has_a_bound_that_is_met_before_pythons(pattern: str) -> None:
    assert math.isfinite(value(pattern * (DEEPEST - 1) + "x", x=1.0))
    assert "nested too deeply" in refusal(pattern * DEEPEST + "x").problem


@pytest.mark.parametrize("opening", ["(", "sin(", "-", "not ", "x**", "x+", "x<", "[", "sin(x,"])
def test_no_depth_or_length_escapes_as_an_error_of_pythons(opening: str) -> None:
    for count in (150, 300, 3_000, 19_000 // len(opening)):
        try:
            parse(opening * count + "x" + ")" * (opening.count("(") * count))
        except (FormatError, UnknownName, NotAValue):
            continue


def test_a_wide_chain_is_not_deep() -> None:
    assert value(f"1 if {' < '.join(map(str, range(3000)))} else 0") == 1.0
    assert value(f"1 if {' and '.join(['x>0'] * 2000)} else 0", x=1.0) == 1.0


def test_near_the_recursion_limit_it_is_refused_or_read_but_no_other_error_escapes() -> None:
    def at(depth: int) -> str:
        if depth:
            return at(depth - 1)
        try:
            return str(value("x+" * 800 + "x", x=1.0))
        except FormatError as error:
            return error.problem

    room = sys.getrecursionlimit() - len(inspect.stack())
    assert at(room - 60) in {"801.0", "the expression is nested too deeply"}


def test_reading_touches_no_warning_filter_and_warns_of_nothing() -> None:
    before = list(warnings.filters)
    texts = ["1if x else 2", "0or x", "'\\d'", "1 is x", "(1)(2)", "x<1and y<2"]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for text in texts:
            with pytest.raises(FormatError):
                parse(text)
    assert not caught
    assert list(warnings.filters) == before


def test_threads_can_read_at_once() -> None:
    results: list[float] = []
    threads = [
        threading.Thread(target=lambda: results.append(value("x*2 + 1", x=3.0))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [7.0] * 8


# Whatever is written.

ALPHABET = "xyeπ12.()+-*/%<>=! ,"
WORDS = ["x", "sin", "maximum", "where", "if", "else", "and", "not", "(", ")", ",", "+", "-", "**",
         "1", "2.5", "<", "==", " ", "\n", "lambda", "e", "1e", "0", "[", "'", "."]  # fmt: skip


@given(
    st.one_of(
        st.text(),
        st.text(alphabet=ALPHABET, max_size=30),
        st.lists(st.sampled_from(WORDS), max_size=15).map("".join),
        st.lists(st.sampled_from(WORDS), max_size=15).map(" ".join),
    )
)
def test_any_text_is_read_or_refused_with_one_of_three_errors(text: str) -> None:
    try:
        expression = parse(text)
        variables = expression.variables(dict.fromkeys(expression.names, 0.5))
        result = expression.evaluate(variables).value
    except (FormatError, UnknownName, NotAValue) as error:
        lines = len(str(error).splitlines())
        shown = isinstance(error, FormatError) and error.text.strip() != ""
        ok = lines == (3 if shown else 1) and 0 <= getattr(error, "column", 0) <= len(text)
    else:
        ok = type(result) is float
    assert ok


NUMBERS = st.floats(-8.0, 8.0).map(lambda x: repr(abs(x))) | st.sampled_from(["0.0", "1.0", "2.0"])
LEAVES = NUMBERS | st.sampled_from(["x", "y", "pi"])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.builds(
        "({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "%", "**"]), inner
    )
    comparison = st.builds(
        "{} {} {}".format, inner, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), inner
    )
    chain = st.builds("{} < {} >= {}".format, inner, inner, inner)
    truth = comparison | chain | st.builds("not {}".format, comparison)
    both = st.builds("{} {} {}".format, truth, st.sampled_from(["and", "or"]), truth)
    choice = st.builds("({} if {} else {})".format, inner, truth | both, inner)
    return binary | choice | st.builds("-{}".format, inner) | st.builds("abs({})".format, inner)


@given(st.recursive(LEAVES, _grown, max_leaves=12), st.floats(-4, 4), st.floats(-4, 4))
def test_python_agrees_wherever_it_has_a_real_answer(text: str, x: float, y: float) -> None:
    try:
        expected = eval(text, {"abs": abs, "x": x, "y": y, **CONSTANTS})  # noqa: S307  # the oracle
    except (ArithmeticError, ValueError, TypeError):  # TypeError: compared a complex number
        return
    if isinstance(expected, complex):
        return
    result = value(text, x=x, y=y)
    assert result == expected or (math.isnan(result) and math.isnan(expected))


# All of Python's grammar.

OPERATOR_CLASSES = sorted(
    {
        kind
        for family in (ast.operator, ast.unaryop, ast.cmpop, ast.boolop)
        for kind in family.__subclasses__()
    },
    key=lambda kind: kind.__name__,
)
KINDS: dict[str, str] = {
    "Attribute": "x.y", "Await": "await x", "BinOp": "x + y", "BoolOp": "x < 1 and y < 1", "Call": "sin(x)",
    "Compare": "x < y", "Constant": "1j", "Dict": "{x: y}", "DictComp": "{x: y for x in y}",
    "FormattedValue": 'f"{x}"', "GeneratorExp": "sin(x for x in y)", "IfExp": "x if x < 1 else y",
    "Interpolation": 't"{x}"', "JoinedStr": 'f"x"', "Lambda": "lambda x: x", "List": "[x, y]",
    "ListComp": "[x for x in y]", "Name": "x", "NamedExpr": "(x := y)", "Set": "{x, y}",
    "SetComp": "{x for x in y}", "Slice": "x[1:2]", "Starred": "sin(*x)", "Subscript": "x[0]",
    "TemplateStr": 't"x"', "Tuple": "(x, y)", "UnaryOp": "-x", "Yield": "(yield x)",
    "YieldFrom": "(yield from x)",
}  # fmt: skip
CONSTANTS_OF_PYTHON = (
    "...",
    "None",
    "True",
    "'x'",
    "b'x'",
    "1j",
    "1_000",
    "0x1f",
    "0b1",
    "0o7",
    "1e5",
)


def with_operator(kind: type[Any]) -> ast.expr:
    x, y = ast.Name("x", ast.Load()), ast.Name("y", ast.Load())
    if issubclass(kind, ast.operator):
        return ast.BinOp(x, kind(), y)
    if issubclass(kind, ast.unaryop):
        return ast.UnaryOp(kind(), x)
    return (
        ast.Compare(x, [kind()], [y]) if issubclass(kind, ast.cmpop) else ast.BoolOp(kind(), [x, y])
    )


def is_read_or_refused(text: str) -> None:
    """By `parse`, and by the walk alone if what stands before it lets something through."""
    readers: list[Any] = [parse]
    with contextlib.suppress(SyntaxError):
        tree = ast.parse(text, mode="eval").body
        readers.append(lambda text: module._Reader(text).read(tree))
    for reader in readers:
        said = ""
        try:
            reader(text)
        except FormatError as error:
            said = error.problem
        except (NotAValue, UnknownName) as error:
            said = str(error)
        assert "\n" not in said


@pytest.mark.parametrize("kind", OPERATOR_CLASSES, ids=lambda kind: kind.__name__)
def test_every_operator_of_python_is_known_or_refused_in_one_line(kind: type[Any]) -> None:
    text = ast.unparse(with_operator(kind))
    is_read_or_refused(text)
    if kind in (*module._OPERATORS, ast.UAdd) and not issubclass(kind, (ast.boolop, ast.Not)):
        assert parse(f"1 if {text} else 0" if issubclass(kind, ast.cmpop) else text).steps


def test_every_kind_of_expression_of_python_is_known_or_refused_in_one_line() -> None:
    assert {kind.__name__ for kind in ast.expr.__subclasses__()} <= {
        *KINDS,
        "Num",
        "Str",
        "Bytes",
        "NameConstant",
        "Ellipsis",
    }
    for text in (*KINDS.values(), *CONSTANTS_OF_PYTHON):
        for placed in (text, f"sin({text})", f"1 + {text}", f"1 if 1 < {text} else 2"):
            is_read_or_refused(placed)


@pytest.mark.parametrize(("text", "advice"), [("x<<1", "x * 2**y"), ("x >> 1", "floor(x / 2**y)")])
def test_shifts_are_refused_with_what_to_write(text: str, advice: str) -> None:
    error = refusal(text)
    assert advice in error.problem
    assert error.text[error.column] in "<>"
