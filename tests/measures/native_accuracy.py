"""Errors of native functions in units in the last place, against 50-digit arithmetic.

    python -m tests.measures.native_accuracy [points]

prints the table of docs/reference/native.md.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import mpmath as mp
import numpy as np

from fgrad.backends.native.ir.machine import Machine
from fgrad.backends.native.math.table import FUNCTIONS
from fgrad.backends.native.runtime.batch import Batch
from fgrad.backends.native.runtime.llvm import host
from tests.measures.accuracy import DIGITS, ulp_error
from tests.measures.machines import without_fma
from tests.samples.cases import SMOOTH, Case, Point
from tests.samples.programs import alone
from tests.samples.special_cases import SPECIAL


def worst(case: Case, points: Sequence[Point], machine: Machine) -> float:
    """The largest error of the operation's value over `points`, in ulp."""
    columns = list(np.array(points).T)
    got = Batch(alone(case.op), exact=True, machine=machine).map(columns, threads=1)[0].tolist()
    with mp.workdps(DIGITS):
        truths = [case.truth(*map(mp.mpf, point)) for point in points]
        return max(ulp_error(y, truth) for y, truth in zip(got, truths, strict=True))


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    print("| operation | with fused multiply-add, ulp | without, ulp |\n| --- | --- | --- |")
    for case in SMOOTH + SPECIAL:
        if case.op in FUNCTIONS:
            points = list(case.points(count))
            errors = [worst(case, points, machine) for machine in (host(), without_fma())]
            print(f"| `{case.op.name}` | {errors[0]:.2f} | {errors[1]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
