"""Errors: each carries its data, stands under a builtin, says what to do, and pickles."""

import pickle
from typing import Any

import attrs
import pytest

import fgrad as fg
from fgrad import errors

EXAMPLES: list[tuple[Any, type[Exception]]] = [
    (fg.NotAValue("sin", "a float", "'3'", "Convert it."), TypeError),
    (fg.SilentDetach("float()", "Node(x)", "Use node.value."), TypeError),
    (fg.UnknownNode("Node(x)", 3), KeyError),
    (fg.NotDifferentiable("grad", "3.0", "Pass a node."), TypeError),
    (fg.MissingExtra("lbfgs", "scipy", "optimize"), ImportError),
    (fg.NotPicklable("Node(x)", "Pickle a graph."), TypeError),
    (fg.CyclicTree("tree[1]"), ValueError),
    (fg.MalformedProgram(3, "add takes 2 arguments, not 1"), ValueError),
    (fg.TracedNumber("a branch", "model.py", 12, "if x > 0:"), TypeError),
    (fg.NotConverged("root", (1.0, 2.0), 0.5, 100, "the steps are large"), ArithmeticError),
    (fg.TreeMismatch("tree[1]", "a leaf", "a list"), ValueError),
    (fg.EmptyReduction("sum", "0.0"), ValueError),
    (fg.GradientMismatch(1, "complex step", (1.0,), 2.0, 3.0, 0.1, "report"), AssertionError),
    (fg.FormatError("a +", 3, "an operand is missing"), ValueError),
    (fg.Untranslatable("root", "C", "it has several results"), TypeError),
    (fg.UnknownName("sni", ("sin",), "sin"), LookupError),
]


def test_every_error_has_an_example() -> None:
    classes = {c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, Exception)}
    assert classes == {type(example) for example, _ in EXAMPLES}


@pytest.mark.parametrize(("error", "parent"), EXAMPLES, ids=lambda e: getattr(e, "__name__", ""))
def test_an_error_derives_from_a_builtin_carries_its_data_and_pickles(
    error: Any, parent: type[Exception]
) -> None:
    assert issubclass(type(error), parent)
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert attrs.astuple(back) == attrs.astuple(error)
    assert str(back) == str(error)
    assert str(error) != repr(error)


@pytest.mark.parametrize(("error", "parent"), EXAMPLES, ids=lambda e: getattr(e, "__name__", ""))
def test_an_error_can_be_raised_and_chained(error: Any, parent: type[Exception]) -> None:
    cause = ValueError("cause")
    with pytest.raises(parent) as caught:
        raise error from cause
    assert caught.value.__cause__ is cause


def test_check_gradient_reports_a_wrong_rule() -> None:
    wrong = fg.Unary("wrong", lambda x: x * x, lambda out, x: 3.0 * x)
    with pytest.raises(fg.GradientMismatch) as caught:
        fg.check_gradient(lambda x: wrong(x), 1.0)  # noqa: PLW0108  # a function is wanted
    error = caught.value
    assert (error.order, error.method) == (1, "central difference")
    assert abs(error.derivative) == pytest.approx(3.0)
    assert abs(error.difference) == pytest.approx(2.0)
    assert "wrong" in str(error)


def test_check_gradient_reports_a_second_derivative_that_is_wrong() -> None:
    slope = fg.Unary("slope", lambda x: 2.0 * x, lambda out, x: 5.0)
    wrong = fg.Unary("wrong", lambda x: x * x, lambda out, x: slope(x))
    with pytest.raises(fg.GradientMismatch) as caught:
        fg.check_gradient(lambda x: wrong(x), 1.0)  # noqa: PLW0108  # a function is wanted
    assert caught.value.order == 2


def test_check_gradient_takes_the_complex_step_where_all_is_analytic() -> None:
    blunt = 1.0 + 1e-9  # too small an error for a central difference
    saved = fg.sin.dx
    assert saved is not None
    object.__setattr__(fg.sin, "dx", lambda out, x: blunt * fg.cos(x))
    try:
        with pytest.raises(fg.GradientMismatch) as caught:
            fg.check_gradient(lambda x: fg.sin(x) * x, 1.0)
    finally:
        object.__setattr__(fg.sin, "dx", saved)
    assert caught.value.method == "complex step"


def test_check_gradient_wants_a_node() -> None:
    constant: Any = lambda x: 1.0  # the wrong kind of function
    with pytest.raises(fg.NotDifferentiable):
        fg.check_gradient(constant, 1.0)
    fg.check_gradient(lambda: fg.var(1.0) * 2.0)
