"""How far an operation over columns is from its meaning on floats, in units in the last place."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

import numpy as np

from fgrad.backends.numpy.columns import columns
from fgrad.ops.primitive import Op
from tests.samples.cases import SMOOTH
from tests.samples.programs import alone

# The largest differences from the meaning on floats, in ulp. docs/reference/numpy.md has what is
# measured on one machine; these bounds leave room for other versions and other processors.
# Where the logarithm of a sum is near 0, digits cancel in the meaning itself.
APART = {
    "pow": 2, "power_slope": 4, "cbrt": 3, "hypot": 2, "exp": 2, "exp2": 2, "expm1": 4, "log": 2,
    "log2": 3, "log10": 3, "log1p": 4, "logaddexp": 128, "share": 4, "sin": 2, "cos": 2, "tan": 4,
    "asin": 4, "acos": 4, "atan": 3, "atan2": 4, "sinh": 4, "cosh": 4, "tanh": 4, "asinh": 4,
    "acosh": 4, "atanh": 4, "sigmoid": 4, "bell": 5, "softplus": 5, "erf": 4, "erfc": 12, "gauss": 4,
    "cbrt_slope": 3, "cosine": 3,
}  # fmt: skip

# The same for native code, on every processor. The reference itself is off by one or two, and where
# digits cancel, the logarithm of a sum by more.
NATIVE = {
    "pow": 2, "power_slope": 3, "cbrt": 1, "exp": 2, "exp2": 2, "expm1": 2, "log": 2, "log2": 2,
    "log10": 2, "log1p": 2, "logaddexp": 512, "share": 3, "inversion": 2, "sigmoid": 2, "bell": 3,
    "softplus": 2, "gauss": 2, "sin": 2, "cos": 2, "tan": 2, "asin": 2, "acos": 2, "atan": 2,
    "atan2": 2, "sinh": 3, "cosh": 2, "tanh": 3, "asinh": 2, "acosh": 2, "atanh": 2, "erf": 2,
    "erfc": 3, "hypot": 1, "cosine": 3, "cbrt_slope": 3,
}  # fmt: skip


def ulps(got: float, meant: float) -> float:
    if math.isnan(got) or math.isnan(meant):
        return 0.0 if math.isnan(got) and math.isnan(meant) else math.inf
    if got == meant:
        return 0.0 if math.copysign(1.0, got) == math.copysign(1.0, meant) else math.inf
    if math.isinf(got) or math.isinf(meant):
        return math.inf
    return abs(got - meant) / math.ulp(meant)


def apart(op: Op, points: Sequence[tuple[float, ...]]) -> float:
    """The largest difference from the meaning, in ulp."""
    program = alone(op)
    column = columns(program)(list(np.array(points).T))[0].tolist()
    pairs = zip(points, column, strict=True)
    return max(ulps(got, program.run(x)[0]) for x, got in pairs)


def main() -> None:
    """Print the table of docs/reference/numpy.md."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    print("| operation | apart, ulp | bound of the test |\n| --- | --- | --- |")
    for case in SMOOTH:
        if case.op.name in APART:
            most = apart(case.op, list(case.points(count)))
            print(f"| `{case.op.name}` | {most:.0f} | {APART[case.op.name]} |", flush=True)


if __name__ == "__main__":
    main()
