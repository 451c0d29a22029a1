"""Random programs over arrays, on a hundred; `python -m tests.laws.array_laws` tries as many as are asked for."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import fgrad  # noqa: E402
from tests.laws.array_case import Case, weighed  # noqa: E402  # they need numpy
from tests.laws.array_generator import program  # noqa: E402
from tests.laws.array_laws import ILL, failures, report  # noqa: E402
from tests.laws.array_programs import flat  # noqa: E402
from tests.laws.array_scalars import Oracle  # noqa: E402
from tests.laws.array_shrinking import shrunk  # noqa: E402

fg: Any = fgrad  # what is typed is tested in tests/typing
ROOT = Path(__file__).parents[2]
EACH = 12
"""Programs of a test."""

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # programs have numpy's operators


@pytest.mark.parametrize("first", range(0, 8 * EACH, EACH))
def test_a_program_over_arrays_is_the_same_program_on_numbers(first: int) -> None:
    for seed in range(first, first + EACH):
        made = program(seed)
        found = failures(made, Oracle) if Oracle.covers(made) else {}
        for way, wrong in found.items():
            if wrong != ILL:
                pytest.fail(report(seed, made, way, wrong, Oracle))


def slope(case: Case, step: float) -> float:
    """The difference of the weighed result along the tangent, by the values of fgrad alone."""
    ends = []
    for h in (step, -step):
        pairs = zip(case.given, case.said.moves, strict=True)
        moved = case.tree([x + h * d for x, d in pairs])
        ends.append(float(weighed(flat(case.f(moved)), case.said.weights)))
    return (ends[0] - ends[1]) / (2.0 * step)


def test_a_derivative_is_what_differences_say() -> None:
    """At a kink or a jump two steps do not agree, which is rare."""
    left_out = []
    for seed in range(2_000, 2_060):
        made = program(seed)
        tied = "stop_gradient" in made.text or "strides of 0" in made.layouts
        if tied or not Oracle.covers(made):
            continue
        case = Case(made, Oracle)
        wide, near = slope(case, 2e-5), slope(case, 1e-5)
        _, moved = fg.jvp(case.loss)(case.p, case.dp)
        if abs(wide - near) > 1e-5 * max(1.0, abs(near)):
            left_out.append(seed)
        else:
            assert moved == pytest.approx(near, rel=1e-5, abs=1e-5), made.told()
    assert len(left_out) < 6, left_out


def test_programs_are_values_and_shrink() -> None:
    made = program(5)
    assert made.text == program(5).text != program(6).text
    is_long: Any = lambda p: (
        "fg.cumsum(v" in p.text and len(p.function.lines) > 4 and Oracle.covers(p)
    )
    found = next(p for p in map(program, range(1_000)) if is_long(p))
    small = shrunk(found, lambda p: "fg.cumsum(v" in p.text)
    assert len([line for line in small.lines() if line.name != "constant"]) <= 2
    assert small.layouts == ("plain",) * len(small.leaves)
    assert failures(small, Oracle) == {}


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")
def test_programs_agree_with_jax() -> None:
    """In a process of its own: JAX starts threads, and warns of every fork from then on."""
    warned = "ignore::RuntimeWarning"
    run = [sys.executable, "-W", warned, "-m", "tests.laws.array_laws", "30", "500"]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("30 programs: ")
