"""Programs: what they mean, how they are named and shipped, and that passes keep every bit."""

import itertools
import math
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fgrad as fg
from fgrad.compiled.kernel import Kernel
from fgrad.ops import scalar as ops
from fgrad.program.algebra import OF_DEFINITIONS, OF_LITERALS
from fgrad.program.passes import simplified, used
from fgrad.program.program import Program
from fgrad.program.schedule import last_uses, peak, scheduled
from tests.samples.programs import AWKWARD, bits, point, program
from tests.samples.strategies import BRANCHING, Recipe, recipes

SEEDS = st.integers(0, 10**9)


def rosenbrock(x: Any) -> Any:
    return fg.sum([100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in itertools.pairwise(x)])


@settings(max_examples=400)
@given(SEEDS, SEEDS)
@pytest.mark.parametrize("shorter", [used, simplified, scheduled])
def test_passes_keep_every_bit(shorter: Any, seed: int, where: int) -> None:
    before = program(seed)
    after = shorter(before).check()
    assert len(after) <= len(before) + len(before.outputs)
    x = point(where, len(before.inputs))
    assert bits(after.run(x)) == bits(before.run(x))


@settings(max_examples=100)
@given(SEEDS)
def test_simplifying_twice_is_simplifying_once(seed: int) -> None:
    once = simplified(program(seed))
    assert simplified(once) == once
    assert peak(scheduled(once)) <= peak(once)


@given(recipes(BRANCHING, st.floats(-2.0, 2.0)))
def test_a_traced_function_computes_what_it_computes_on_numbers(recipe: Recipe) -> None:
    def model(xs: list[Any]) -> list[Any]:
        return list(recipe.run(xs, BRANCHING))

    program = fg.trace(model)(list(recipe.inputs)).check()
    expected = [y.value for y in model([fg.var(x) for x in recipe.inputs])]
    assert bits(program.run(recipe.inputs)) == bits(expected)
    nodes = program.nodes([fg.var(x) for x in recipe.inputs])
    assert bits(y.value for y in nodes) == bits(expected)


@given(recipes(BRANCHING, st.floats(-2.0, 2.0)))
def test_a_derivative_can_be_traced_and_is_the_derivative(recipe: Recipe) -> None:
    def model(xs: list[Any]) -> Any:
        return recipe.run(xs, BRANCHING)[-1] + 0.0 * xs[0]

    xs = list(recipe.inputs)
    slopes = fg.trace(fg.gradient(model))(xs).run(xs)
    known = [x.value for x in fg.gradient(model)([fg.var(x) for x in xs])]
    assert bits(slopes) == bits(known)
    assert bits(simplified(fg.trace(fg.gradient(model))(xs)).run(xs)) == bits(known)


def test_every_exact_rule_is_exact_and_used() -> None:
    """Each rule at each pair of awkward numbers, and each form that it knows."""
    met: set[object] = set()
    defined: Any = [(ops.less, (0, 0.5)), (ops.neg, (0,)), (ops.logical_not, (2,))]
    for op in {**OF_LITERALS, **OF_DEFINITIONS}:
        choices: dict[type, tuple[Any, ...]] = {float: (0, 3, *AWKWARD), bool: (2, 4, True, False)}
        for args in itertools.product(*[choices[k] for k in op.kinds]):
            full = Program(("x", "y"), (*defined, (op, args)), (5,))
            if op in OF_LITERALS and OF_LITERALS[op](args) is not None:
                met.add(OF_LITERALS[op])
            if (
                op in OF_DEFINITIONS
                and OF_DEFINITIONS[op](args, [None, None, *defined]) is not None
            ):
                met.add(OF_DEFINITIONS[op])
            for x in AWKWARD:
                assert bits(simplified(full).run((x, 1.0))) == bits(full.run((x, 1.0))), (op, args)
    assert met == {*OF_LITERALS.values(), *OF_DEFINITIONS.values()}


@settings(max_examples=300)
@given(SEEDS, st.floats(0.1, 3.0))
def test_what_is_simplified_has_the_same_derivatives(seed: int, x: float) -> None:
    before = program(seed)
    xs = [x + 0.1 * i for i in range(len(before.inputs))]
    flowing = tuple(range(len(before.outputs)))
    slopes = []
    for p in (before, simplified(before)):
        kernel = Kernel(p, "reference")
        reached, slope = kernel.slope(flowing)
        flows = slope(*xs, *[1.0] * len(flowing)) if slope else ()
        slopes.append(dict.fromkeys(range(len(xs)), 0.0) | dict(zip(reached, flows, strict=True)))
    for got, known in zip(slopes[1].values(), slopes[0].values(), strict=True):
        if math.isfinite(got) and math.isfinite(known):
            assert got == pytest.approx(known, rel=1e-9, abs=1e-290)


def test_a_gradient_that_is_stopped_stays_stopped() -> None:
    def f(x: Any) -> Any:
        return x * fg.stop_gradient(x)

    assert fg.gradient(fg.compile(f))(3.0) == fg.gradient(f)(3.0) == 3.0


def test_what_is_written_twice_is_computed_once() -> None:
    program = fg.trace(lambda x, y: (x * y + fg.sin(y)) * (fg.sin(y) + y * x))(0.0, 0.0)
    assert len(simplified(program)) == 4
    assert len(simplified(fg.trace(lambda x: -1.0 * -x + -(1.0 * x))(0.0))) == 1
    assert len(simplified(fg.trace(lambda x: fg.where(x * 0.0 < 1.0, x, x))(0.0))) == 0
    constant = simplified(fg.trace(lambda x: fg.exp(fg.sin(2.0) * 1.0) + 0.0 * x)(0.0))
    assert [op.name for op, _ in constant.instructions] == ["mul", "add"]


def test_nothing_that_changes_a_float_is_done() -> None:
    for f in (lambda x: x * 0.0, lambda x: x - x, lambda x: x + 0.0, lambda x: x / x):
        assert len(simplified(fg.trace(f)(1.0))) == 1
    assert len(simplified(fg.trace(lambda x: (x + 1.0) + 1.0)(1.0))) == 2


def test_scheduling_shortens_the_lives_of_values() -> None:
    def late(xs: list[Any]) -> Any:
        squares = [x * x for x in xs]
        halves = [0.5 * s for s in squares]
        total = halves[0]
        for h in halves[1:]:
            total = total + fg.sin(h)
        return total

    lines: list[Any] = []
    program = fg.trace(late)([0.0] * 50)
    by_op = sorted(range(len(program)), key=lambda i: program.instructions[i][0] is not ops.mul)
    place = {50 + old: 50 + new for new, old in enumerate(by_op)} | {i: i for i in range(50)}
    for i in by_op:
        op, args = program.instructions[i]
        lines.append((op, tuple(place[a] if type(a) is int else a for a in args)))
    wide = Program(program.inputs, tuple(lines), tuple(place[i] for i in program.outputs)).check()
    assert peak(wide) >= 50
    assert peak(scheduled(wide)) <= 4
    assert last_uses(wide)[-1] == len(wide)


@attrs.frozen
class Params:
    weights: tuple[float, float]
    bias: float


def test_inputs_are_named_by_parameter_and_place() -> None:
    def loss(params: Params, x: float, *, scale: float) -> float:
        return params.weights[0] * x * scale + params.bias

    program = fg.trace(loss)(Params((1.0, 2.0), 3.0), 4.0, scale=5.0)
    names = ("params.weights[0]", "params.weights[1]", "params.bias", "x", "scale")
    assert program.inputs == names
    assert program.run((1.0, 2.0, 3.0, 4.0, 5.0)) == (23.0,)


def asks_a_branch(x: float) -> float:
    if x > 0.0:  # the line that is named
        return x
    return -x


@pytest.mark.parametrize(
    ("f", "what"),
    [
        (asks_a_branch, "a branch"),
        (math.sin, "float()"),
        (lambda x: x.value, "the value"),
        (sum, "iteration"),
        (range, "int()"),
        (lambda x: x == 1.0, "=="),
        (lambda x: x == 2.0 * x, "=="),
        (lambda x: x != fg.var(1.0), "!="),
        (lambda x: (x + 1.0) in [x, x - 1.0], "=="),
        (lambda x: max(x, 1.0), "a branch"),
    ],
)
def test_asking_a_traced_number_for_its_value_names_the_line(f: Any, what: str) -> None:
    with pytest.raises(fg.TracedNumber, match="where") as refused:
        fg.trace(f)(1.0)
    assert refused.value.asked == what
    assert refused.value.file == "test_program.py"
    assert str(refused.value.line) in str(refused.value)
    if f is asks_a_branch:
        assert refused.value.source == "if x > 0.0:  # the line that is named"


def test_two_numbers_are_not_unequal_because_they_are_traced() -> None:
    def choice(x: float, y: float) -> float:
        return 1.0 if x == y else 0.0

    assert choice(2.0, 2.0) == 1.0
    with pytest.raises(fg.TracedNumber, match=r"equal\(x, y\)"):
        fg.compile(choice)(2.0, 2.0)
    assert fg.trace(lambda x: 1.0 if x in (x, 2.0 * x) else 0.0)(2.0).run((2.0,)) == (1.0,)


def test_a_variable_of_somebody_outside_is_refused() -> None:
    outside = fg.var(2.0)
    with pytest.raises(fg.NotAValue, match="as an argument"):
        fg.trace(lambda x: x * outside)(1.0)


def test_transforms_work_inside_a_traced_function() -> None:
    def newton(x: Any) -> Any:
        f: Any = lambda t: fg.exp(t) - 3.0 * t  # used under two transforms
        return x - fg.gradient(f)(x) / fg.gradient(fg.gradient(f))(x)

    got = fg.trace(newton)(0.0).run((0.5,))[0]
    assert got == 0.5 - (math.exp(0.5) - 3.0) / math.exp(0.5)
    moved: Any = fg.trace(lambda x: fg.jvp(fg.sin)(x, 2.0)[1])(0.0)
    assert moved.run((0.5,)) == (2.0 * math.cos(0.5),)
    rows: Any = fg.trace(lambda p: fg.hessian(lambda q: q[0] * q[0] * q[1])(p).rows)([0.0, 0.0])
    assert rows.run((2.0, 3.0)) == (6.0, 4.0, 4.0, 0.0)


def test_pickles_and_names_are_of_the_computation() -> None:
    program = fg.trace(rosenbrock)([0.0] * 5)
    assert pickle.loads(pickle.dumps(program)) == program
    assert pickle.loads(pickle.dumps(program)).inputs == program.inputs
    again = fg.trace(rosenbrock)([1.0] * 5)
    assert again == program
    assert hash(again) == hash(program)
    assert again.digest == program.digest

    def of(f: Any) -> str:
        return str(fg.trace(f)(1.0, 2.0).digest)

    base = of(lambda x, y: x * y + 1.0)
    assert base == of(lambda a, b: a * b + 1)
    changed = [
        of(lambda x, y: x * y - 1.0), of(lambda x, y: x * y + 1.5), of(lambda x, y: y * x + 1.0),
        of(lambda y, x: x * x + 1.0), of(lambda x, y: x * y + -1.0), of(lambda x, y: 1.0 + x * y),
    ]  # fmt: skip
    assert len({base, *changed}) == 1 + len(changed)
    assert of(lambda x, y: x + 0.0) != of(lambda x, y: x + -0.0)


def test_digests_are_the_same_in_every_process() -> None:
    code = (
        "import fgrad as fg; f = lambda p, x: fg.sin(p['a'] * x) + fg.where(x > 1, p['b'], 2.5);"
        "print(fg.trace(fg.value_and_gradient(f))({'a': 1.0, 'b': 2.0}, 3.0).digest)"
    )
    seen = set()
    for seed in range(4):
        env = os.environ | {
            "PYTHONHASHSEED": str(seed),
            "PYTHONPATH": str(Path(fg.__file__).parents[1]),
        }
        run = [sys.executable, "-c", code]
        seen.add(subprocess.run(run, env=env, capture_output=True, text=True, check=True).stdout)
    assert len(seen) == 1


def test_long_programs_take_loops_and_little_room() -> None:
    def chain(x: Any) -> Any:
        for _ in range(100_000):
            x = fg.sin(x) * 1.5
        return x

    program = fg.trace(chain)(1.0)
    data = pickle.dumps(program)
    assert len(data) < 40 * len(program)
    assert pickle.loads(data) == program
    assert len(scheduled(simplified(program.check()))) == len(program) == 200_000


@pytest.mark.parametrize(
    ("lines", "outputs", "problem"),
    [
        (((ops.add, (0,)),), (1,), "takes 2 arguments"),
        (((ops.add, (0, 1)),), (1,), "not defined yet"),
        (((ops.add, (0, -1)),), (1,), "not defined yet"),
        (((ops.add, (0, True)),), (1,), "needs a float"),
        (((ops.less, (0, 1.0)), (ops.sin, (1,))), (2,), "needs a float"),
        (((ops.where, (0, 0, 0)),), (1,), "needs a bool"),
        (((ops.sin, (0,)),), (2,), "no value"),
        (((ops.sin, ("x",)),), (1,), "needs a float"),
    ],
)
def test_the_checker_names_the_line_that_cannot_be(lines: Any, outputs: Any, problem: str) -> None:
    with pytest.raises(fg.MalformedProgram, match=problem):
        Program(("x",), lines, outputs).check()


def test_a_program_needs_its_inputs() -> None:
    with pytest.raises(fg.NotAValue, match="2 inputs"):
        fg.trace(lambda x, y: x * y)(1.0, 2.0).run((1.0,))
