"""First and second derivatives keep their digits at awkward points, on every backend."""

import itertools
import math
from typing import Any

import mpmath as mp
import pytest

pytest.importorskip("llvmlite.binding")
pytest.importorskip("numpy")

import fgrad as fg  # the tests need both
from fgrad.ops import scalar as ops
from fgrad.ops.choices import Choice
from fgrad.ops.primitive import Op
from fgrad.program.program import Program
from tests.measures.accuracy import DIGITS, true_derivative
from tests.measures.curvatures import BACKENDS, TRUTHS, asked, points, program, truths, worst
from tests.samples.cases import SMOOTH, all_operations, is_discrete
from tests.test_structure import INTERNAL

# Four units at first order, and far more than twelve digits (4,500 units) at second.
FIRST = 4.0
SECOND = 32.0
# The exponent of a power is rounded when 2 is subtracted, which counts as often as the power has
# factors of e (docs/reference/accuracy.md).
ROUNDED: dict[Op, float] = {ops.pow: 700.0}

every = pytest.mark.parametrize("op", TRUTHS, ids=lambda op: op.name)


def test_every_operation_has_its_derivatives_in_closed_form() -> None:
    smooth = {
        op
        for name, op in all_operations().items()
        if not is_discrete(op) and not isinstance(op, Choice) and name not in INTERNAL
    }
    # A clip is linear wherever it is smooth, and polygammas are there by their orders.
    assert smooth - {ops.clip, ops.polygamma} == {op for op in TRUTHS if " " not in op.name}


@every
def test_the_closed_forms_are_the_derivatives(op: Op) -> None:
    case = next(case for case in SMOOTH if case.op is op)
    orders = [
        n for k in (1, 2) for n in itertools.product(range(k + 1), repeat=op.arity) if sum(n) == k
    ]
    if op is fg.stop_gradient:
        return
    with mp.workdps(DIGITS):
        for point in case.tame:
            known: dict[tuple[int, ...], Any]
            if op.arity == 2:
                x, y, xx, xy, _, yy = truths(op, point)
                known = {(1, 0): x, (0, 1): y, (2, 0): xx, (1, 1): xy, (0, 2): yy}
            elif op in (fg.lgamma, fg.digamma) and point[0] < 0.0:
                continue
            else:
                known = dict(zip(orders, truths(op, point), strict=True))
            for n in orders:
                expected = true_derivative(case, point, n)
                assert abs(known[n] - expected) <= 1e-20 * (1 + abs(expected)), (point, n)


@every
def test_two_orders_keep_their_digits_at_two_thousand_awkward_points(op: Op) -> None:
    at, true = asked(op, 2000)
    assert len(at) > 1000
    for name, run in BACKENDS.items():
        first, second = worst(op, run, at, true)
        assert first.ulp <= FIRST, (name, first)
        assert second.ulp <= ROUNDED.get(op, SECOND), (name, second)


@every
def test_third_derivatives_are_numbers_where_the_function_is_smooth(op: Op) -> None:
    xs = [fg.var(0.5) for _ in range(op.arity)]
    names = [f"x{i}" for i in range(op.arity)]
    thirds = [fg.grad_nodes(fg.Graph.of(y, *xs), y)[x] for y in program(op).nodes(xs) for x in xs]
    known = Program.of(thirds, xs, names)
    for point in points(op, 500):
        if all(1e-30 < abs(x) < 1e30 for x in point):
            assert not any(map(math.isnan, known.run(point))), point
