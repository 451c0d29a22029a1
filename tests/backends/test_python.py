"""The `python` backend: bit for bit what the program means."""

import itertools
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fgrad as fg
from fgrad.backends.python import source
from fgrad.ops import scalar as ops
from fgrad.program.passes import simplified
from fgrad.program.program import Program
from tests.samples.cases import all_operations
from tests.samples.programs import AWKWARD, bits, point, program

SEEDS = st.integers(0, 10**9)


@settings(max_examples=500)
@given(SEEDS, SEEDS)
def test_it_computes_what_the_program_means_bit_for_bit(seed: int, where: int) -> None:
    p = program(seed, 40)
    x = point(where, len(p.inputs))
    assert bits(source(p).function()(*x)) == bits(p.run(x))


@pytest.mark.parametrize("seed", range(6))
def test_programs_of_several_functions_hand_their_values_over(seed: int) -> None:
    p = program(seed, 6000)
    x = point(seed, len(p.inputs))
    assert bits(source(p).function()(*x)) == bits(p.run(x))


def test_long_programs_are_split() -> None:
    def model(x: Any) -> Any:
        return fg.sum([fg.square(b - a * a) for a, b in itertools.pairwise(x)])

    p = simplified(fg.trace(fg.value_and_gradient(model))([0.5] * 600))
    written = source(p)
    assert written.text.count("def ") > 3
    x = [math.sin(i) for i in range(600)]
    assert written.function()(*x) == p.run(x)


@pytest.mark.parametrize("op", all_operations().values(), ids=lambda op: op.name)
def test_every_operation_alone_on_awkward_numbers(op: Any) -> None:
    if not op.arity:
        return
    given = {bool: (True, False), float: AWKWARD[:11]}
    floats = [kind for kind in op.kinds if kind is float]
    f = None
    for args in itertools.product(*[given[kind] for kind in op.kinds]):
        numbers = itertools.count()
        wired = tuple(next(numbers) if type(a) is float else a for a in args)
        p = Program(tuple("xyz"[: len(floats)]), ((op, wired),), (len(floats),))
        f = source(p).function()
        x = [a for a in args if type(a) is float]
        assert bits(f(*x)) == bits(p.run(x))
    assert f is not None


def test_what_is_used_once_is_written_in_place_and_locals_are_used_again() -> None:
    text = source(fg.trace(lambda x, y: (x + y) * fg.exp(-x) - 2.0)(0.0, 0.0)).text
    assert text == "def f(x0, x1):\n    return (((x0+x1)*exp((-x0)))-2.0,)\n"

    def chain(x: Any) -> Any:
        for _ in range(30):
            x = x * x + 0.5
        return x

    text = source(fg.trace(chain)(0.0)).text
    assert text.count("=") == 29
    assert "v2" not in text


def test_constants_keep_their_bits() -> None:
    values = (-0.0, math.inf, -math.inf, math.nan, 5e-324, 0.1, -1e308)
    lines: Any = tuple((ops.identity, (v,)) for v in values)
    p = Program((), lines, tuple(range(len(values))))
    assert bits(source(p).function()()) == bits(values)


def test_a_users_operation_is_called() -> None:
    softsign = fg.Unary("sin", lambda x: x / (1 + abs(x)), lambda out, x: 1 / (1 + abs(x)) ** 2)
    p = fg.trace(lambda x: softsign(x) + fg.sin(x))(0.0)
    assert source(p).function()(2.0) == (2.0 / 3.0 + math.sin(2.0),)
