"""diff: an account of what changed, right for what it names and silent about the rest."""

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import fgrad as fg
from fgrad.ops import scalar as ops
from fgrad.program.program import Program
from tests.samples.programs import program


def of(f: Any, *args: float) -> Program:
    return fg.trace(f)(*args)


@given(st.integers(0, 10**9))
def test_a_program_does_not_differ_from_itself(seed: int) -> None:
    p = program(seed)
    same = fg.diff(p, p)
    assert not same
    assert not any(same.derivatives.values())
    assert same.kept == len(p.instructions)
    assert str(same).startswith("the same")


def test_a_constant_that_changed_is_seen_in_its_derivative_only() -> None:
    change = fg.diff(
        of(lambda x, y: (2.0 * x, x * y), 0.0, 0.0), of(lambda x, y: (3.0 * x, x * y), 0.0, 0.0)
    )
    assert change.removed == ("%2 = mul(2.0, x)",)
    assert change.added == ("%2 = mul(3.0, x)",)
    assert change.kept == 1
    assert change.outputs == (0,)
    assert dict(change.derivatives) == {(0, "x"): True, (1, "x"): False, (1, "y"): False}


def test_an_additive_constant_changes_no_derivative() -> None:
    change = fg.diff(of(lambda x: fg.exp(x) + 1.0, 0.0), of(lambda x: fg.exp(x) + 2.0, 0.0))
    assert change
    assert change.outputs == (0,)
    assert not any(change.derivatives.values())


def test_inputs_and_outputs_that_came_and_went() -> None:
    change = fg.diff(of(lambda x, y: x * y, 0.0, 0.0), of(lambda x, z: (x * z, x), 0.0, 0.0))
    assert change.inputs_removed == ("y",)
    assert change.inputs_added == ("z",)
    assert change.outputs == (0, 1)
    assert change.derivatives[0, "y"]
    assert change.derivatives[0, "z"]
    text = str(change)
    assert "input - y" in text
    assert "input + z" in text


def test_where_a_line_stands_does_not_matter() -> None:
    first = of(lambda x, y: (fg.sin(x), fg.cos(y)), 0.0, 0.0)
    second = of(lambda x, y: (fg.cos(y), fg.sin(x)), 0.0, 0.0)
    swapped = fg.diff(first, second)
    assert not swapped.removed
    assert not swapped.added
    assert swapped.outputs == (0, 1)


def test_signed_zeros_and_truth_values_are_told_apart() -> None:
    assert fg.diff(of(lambda x: x + 0.0, 1.0), of(lambda x: x + -0.0, 1.0))


def test_lines_are_those_of_the_listing() -> None:
    names = ("a b", "x", "y")
    before = Program(names, ((ops.mul, (0, 1)), (ops.add, (3, 2))), (4,))
    after = Program(names, ((ops.mul, (0, 2)), (ops.sub, (3, math.nan))), (4,))
    change = fg.diff(before, after)
    shown = fg.show(before).splitlines(), fg.show(after).splitlines()
    assert [f"  {line}" for line in change.removed] == shown[0][1:-1]
    assert [f"  {line}" for line in change.added] == shown[1][1:-1]
