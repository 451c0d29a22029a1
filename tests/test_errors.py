"""Errors: each carries its data, stands under a builtin, says what to do, and pickles."""

import math
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
    (fg.MissingProgram("drawing.svg", "Graphviz", "Install it."), RuntimeError),
    (fg.NotPicklable("Node(x)", "Pickle a graph."), TypeError),
    (fg.CyclicTree("tree[1]"), ValueError),
    (fg.MalformedProgram(3, "add takes 2 arguments, not 1"), ValueError),
    (fg.TracedNumber("a branch", "model.py", 12, "if x > 0:"), TypeError),
    (
        fg.NotRegular("sensitivity", "the system is singular", "Look at the constraints."),
        ArithmeticError,
    ),
    (fg.NotConverged("root", (1.0, 2.0), 0.5, 100, "the steps are large"), ArithmeticError),
    (fg.TreeMismatch("tree[1]", "a leaf", "a list"), ValueError),
    (fg.OutOfBounds("an index", "this: 5", "Index it as an array of numpy."), IndexError),
    (fg.ShapeMismatch("add", "shapes (2,) and (3,)", "Reshape one of them."), ValueError),
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


def test_check_gradient_takes_no_complex_step_where_python_has_none() -> None:
    """A quotient of zeros is nan; of complex numbers Python raises."""
    f: Any = lambda x: (x - x) / (x - x)
    assert math.isnan(fg.gradient(f)(1.3))
    fg.check_gradient(f, 1.3)
    with pytest.raises(fg.GradientMismatch):
        fg.check_gradient(lambda x: fg.exp(1e4 * x) * 1.0, 1.3)


def test_check_gradient_wants_one_number() -> None:
    wrongs: list[Any] = [lambda x: (x, x), lambda x: x > 1.0, lambda x: "x"]
    for wrong in wrongs:
        with pytest.raises(fg.NotDifferentiable):
            fg.check_gradient(wrong, 1.0)
    fg.check_gradient(lambda: fg.var(1.0) * 2.0)


@attrs.frozen
class Spring:
    """A tree with a part that passes through."""

    stiffness: float
    rest: tuple[float, ...]
    name: str = attrs.field(default="spring", metadata=fg.trees.STATIC)

    def energy(self, x: float, *, power: float = 2.0, unit: str = "J") -> float:
        """A method, with options that are no numbers."""
        return self.stiffness * fg.sum([fg.exp(power * (x - r)) for r in self.rest])


def energy(spring: Spring, x: float = 0.5, *, unit: str = "J") -> float:
    return spring.energy(x, power=1.5, unit=unit)


def wave(x: float, k: float) -> float:
    return fg.sin(k * x)


CHECKED: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = [
    (energy, (Spring(2.0, (0.1, 0.2)),), {"unit": "kJ"}),
    (energy, (Spring(2.0, (0.1, 0.2)), 0.3), {}),
    (energy, (Spring(2.0, (0.1, 0.2)),), {"argnums": (0, 1)}),
    (energy, (Spring(2.0, (0.1, 0.2)), 0.3), {"argnums": 1}),
    (Spring(2.0, (0.1, 0.2)).energy, (0.5,), {"power": 3.0}),
    (lambda x, name: len(name) * fg.sin(x), (0.5, "abc"), {"argnums": 0}),
    (lambda p: p["a"] * p["b"][1], ({"a": 1.0, "b": [2, 3.0]},), {}),
    (lambda a, b: a * b, (fg.var(1.0), fg.var(2.0)), {}),
    (lambda x: 3.0, (1.0,), {}),
    (lambda x: 3, (1,), {}),
    (fg.compile(lambda p: p[0] * fg.exp(p[1]), backend="python"), ([1.0, 0.5],), {}),
    (fg.gradient(wave), (0.5, 2.0), {}),
]


@pytest.mark.parametrize("case", range(len(CHECKED)))
def test_check_gradient_takes_what_gradient_takes(case: int) -> None:
    f, args, options = CHECKED[case]
    fg.check_gradient(f, *args, **options)
    argnums = options.get("argnums", tuple(range(len(args))))
    passed = {name: value for name, value in options.items() if name != "argnums"}
    loose: Any = fg
    loose.gradient(f, argnums)(*args, **passed)


def test_check_gradient_moves_every_leaf_and_only_those_that_it_is_told_to() -> None:
    wrong = fg.Unary("wrong", fg.exp.impl, lambda out, x: 2.0 * out)
    f: Any = lambda p, q: wrong(p["a"][1]) + q
    moved: list[dict[str, Any]] = [{}, {"argnums": 0}, {"argnums": (0, 1)}]
    for options in moved:
        with pytest.raises(fg.GradientMismatch):
            fg.check_gradient(f, {"a": [0.1, 0.2]}, 0.3, **options)
    fg.check_gradient(f, {"a": [0.1, 0.2]}, 0.3, argnums=1)
    places: list[Any] = [2, -7, "0", (0, 0)]
    for place in places:
        with pytest.raises(fg.NotAValue):
            fg.check_gradient(f, {"a": [0.1, 0.2]}, 0.3, argnums=place)


loose: Any = fg

TAKE_FUNCTIONS: Any = (
    fg.gradient, fg.value_and_gradient, fg.jvp, fg.vjp, fg.hvp, fg.jacobian, fg.hessian,
    fg.compile, fg.trace, fg.check_gradient,
    lambda f: fg.taylor(f, 1), lambda f: loose.custom(f, vjp=abs), lambda f: fg.root(f, 1.0),
    lambda f: fg.fixed_point(f, 1.0), lambda f: fg.minimize(f, 1.0, fg.adam(0.1)),
)  # fmt: skip
"""Whatever takes a function first."""


@pytest.mark.parametrize("take", TAKE_FUNCTIONS)
def test_what_is_no_function_is_refused_before_it_is_called(take: Any) -> None:
    program = fg.trace(lambda x: x * x)(1.0)
    x = fg.var(1.0)
    given = ((9.0, "function itself"), (x, "grad"), (program, "program.nodes"))
    for wrong, advice in given:
        with pytest.raises(fg.NotAValue, match=rf"needs a function; got .*{advice}"):
            take(wrong)
    square: Any = fg.compile(lambda *xs: program.nodes(xs)[0])  # as the advice has it
    assert square(3.0) == 9.0


TAKE_PROGRAMS: Any = (fg.show, fg.to_c, fg.to_latex, fg.to_sympy, lambda p: fg.diff(p, p))


@pytest.mark.parametrize("take", TAKE_PROGRAMS)
def test_what_is_no_program_is_refused_with_the_way_to_one(take: Any) -> None:
    if take is fg.to_sympy:
        pytest.importorskip("sympy")
    compiled = fg.compile(lambda x: x * x)
    for wrong, advice in (
        (abs, r"fg\.trace\(f\)"), (compiled, r"\.program"), (fg.var(1.0), "Graph.of|trace"), (3, "trace"),
    ):  # fmt: skip
        with pytest.raises(fg.NotAValue, match=rf"needs a program.*{advice}"):
            take(wrong)
    compiled(1.0)
    take(compiled.program)


def test_an_unknown_mode_and_a_method_without_options_are_refused() -> None:
    with pytest.raises(fg.NotAValue, match="needs a mode; got 'shape'"):
        loose.jacobian(abs, mode="shape")
    with pytest.raises(fg.NotAValue, match=r"needs a method; .*adam\(0.01\)"):
        loose.minimize(abs, 1.0, fg.adam)
