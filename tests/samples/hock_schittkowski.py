"""Problems of Hock and Schittkowski, Test Examples for Nonlinear Programming Codes (1981), by their numbers.

Each has its start, bounds and published optimum as in the book; x counts from 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import attrs

import fgrad as fg
from fgrad import equal, exp, log, sin, square

Numbers: TypeAlias = list[float]
_INF: Final = math.inf


@attrs.frozen
class Example:
    """A problem, with the value of its solution."""

    objective: Callable[[Numbers], float]
    constraints: Callable[[Numbers], object] | None
    start: tuple[float, ...]
    optimum: float
    lower: float | Numbers | None = None
    upper: float | Numbers | None = None


def _valley(x: Numbers) -> float:
    return 100.0 * square(x[1] - square(x[0])) + square(1.0 - x[0])


def _quartic(x: Numbers) -> float:
    return square(x[0] - x[1]) + square(x[2] - 1.0) + (x[3] - 1.0) ** 4 + (x[4] - 1.0) ** 6


def _quadratic(x: Numbers) -> float:
    return square(x[0] - x[1]) + square(x[1] + x[2] - 2.0) + square(x[3] - 1.0) + square(x[4] - 1.0)


def _chain(x: Numbers) -> tuple[object, ...]:
    return (
        equal(fg.sum([square(v) for v in x]), 10.0),
        equal(x[1] * x[2], 5.0 * x[3] * x[4]),
        equal(x[0] ** 3 + x[1] ** 3, -1.0),
    )


def _hs100(x: Numbers) -> float:
    return (
        square(x[0] - 10.0) + 5.0 * square(x[1] - 12.0) + x[2] ** 4 + 3.0 * square(x[3] - 11.0)
        + 10.0 * x[4] ** 6 + 7.0 * square(x[5]) + x[6] ** 4 - 4.0 * x[5] * x[6]
        - 10.0 * x[5] - 8.0 * x[6]
    )  # fmt: skip


def _hs113(x: Numbers) -> float:
    return (
        square(x[0]) + square(x[1]) + x[0] * x[1] - 14.0 * x[0] - 16.0 * x[1] + square(x[2] - 10.0)
        + 4.0 * square(x[3] - 5.0) + square(x[4] - 3.0) + 2.0 * square(x[5] - 1.0) + 5.0 * square(x[6])
        + 7.0 * square(x[7] - 11.0) + 2.0 * square(x[8] - 10.0) + square(x[9] - 7.0) + 45.0
    )  # fmt: skip


EXAMPLES: Final[Mapping[int, Example]] = MappingProxyType({
    1: Example(_valley, None, (-2.0, 1.0), 0.0, [-_INF, -1.5]),
    3: Example(lambda x: x[1] + 1e-5 * square(x[1] - x[0]), None, (10.0, 1.0), 0.0, [-_INF, 0.0]),
    4: Example(lambda x: (x[0] + 1.0) ** 3 / 3.0 + x[1], None, (1.125, 0.125), 8.0 / 3.0, [1.0, 0.0]),
    5: Example(
        lambda x: sin(x[0] + x[1]) + square(x[0] - x[1]) - 1.5 * x[0] + 2.5 * x[1] + 1.0,
        None, (0.0, 0.0), -math.sqrt(3.0) / 2.0 - math.pi / 3.0, [-1.5, -3.0], [4.0, 3.0],
    ),
    6: Example(
        lambda x: square(1.0 - x[0]), lambda x: equal(10.0 * (x[1] - square(x[0])), 0.0), (-1.2, 1.0), 0.0
    ),
    7: Example(
        lambda x: log(1.0 + square(x[0])) - x[1],
        lambda x: equal(square(1.0 + square(x[0])) + square(x[1]), 4.0), (2.0, 2.0), -math.sqrt(3.0),
    ),
    8: Example(
        lambda x: -1.0 + 0.0 * x[0],
        lambda x: (equal(square(x[0]) + square(x[1]), 25.0), equal(x[0] * x[1], 9.0)), (2.0, 1.0), -1.0,
    ),
    9: Example(
        lambda x: sin(math.pi * x[0] / 12.0) * fg.cos(math.pi * x[1] / 16.0),
        lambda x: equal(4.0 * x[0], 3.0 * x[1]), (0.0, 0.0), -0.5,
    ),
    10: Example(
        lambda x: x[0] - x[1],
        lambda x: -3.0 * square(x[0]) + 2.0 * x[0] * x[1] - square(x[1]) + 1.0 >= 0.0, (-10.0, 10.0), -1.0,
    ),
    11: Example(
        lambda x: square(x[0] - 5.0) + square(x[1]) - 25.0, lambda x: x[1] >= square(x[0]),
        (4.9, 0.1), -8.498464223,
    ),
    12: Example(
        lambda x: 0.5 * square(x[0]) + square(x[1]) - x[0] * x[1] - 7.0 * x[0] - 7.0 * x[1],
        lambda x: 4.0 * square(x[0]) + square(x[1]) <= 25.0, (0.0, 0.0), -30.0,
    ),
    14: Example(
        lambda x: square(x[0] - 2.0) + square(x[1] - 1.0),
        lambda x: (0.25 * square(x[0]) + square(x[1]) <= 1.0, equal(x[0] - 2.0 * x[1], -1.0)),
        (2.0, 2.0), 9.0 - 2.875 * math.sqrt(7.0),
    ),
    18: Example(
        lambda x: 0.01 * square(x[0]) + square(x[1]),
        lambda x: (x[0] * x[1] >= 25.0, square(x[0]) + square(x[1]) >= 25.0),
        (2.0, 2.0), 5.0, [2.0, 0.0], 50.0,
    ),
    19: Example(
        lambda x: (x[0] - 10.0) ** 3 + (x[1] - 20.0) ** 3,
        lambda x: (
            square(x[0] - 5.0) + square(x[1] - 5.0) >= 100.0,
            square(x[1] - 5.0) + square(x[0] - 6.0) <= 82.81,
        ),
        (20.1, 5.84), -6961.81381, [13.0, 0.0], 100.0,
    ),
    21: Example(
        lambda x: 0.01 * square(x[0]) + square(x[1]) - 100.0, lambda x: 10.0 * x[0] - x[1] >= 10.0,
        (-1.0, -1.0), -99.96, [2.0, -50.0], 50.0,
    ),
    22: Example(
        lambda x: square(x[0] - 2.0) + square(x[1] - 1.0),
        lambda x: (x[0] + x[1] <= 2.0, x[1] >= square(x[0])), (2.0, 2.0), 1.0,
    ),
    23: Example(
        lambda x: square(x[0]) + square(x[1]),
        lambda x: (
            x[0] + x[1] >= 1.0, square(x[0]) + square(x[1]) >= 1.0, 9.0 * square(x[0]) + square(x[1]) >= 9.0,
            square(x[0]) >= x[1], square(x[1]) >= x[0],
        ),
        (3.0, 1.0), 2.0, -50.0, 50.0,
    ),
    24: Example(
        lambda x: (square(x[0] - 3.0) - 9.0) * x[1] ** 3 / (27.0 * math.sqrt(3.0)),
        lambda x: (
            x[0] / math.sqrt(3.0) >= x[1], x[0] + math.sqrt(3.0) * x[1] >= 0.0,
            x[0] + math.sqrt(3.0) * x[1] <= 6.0,
        ),
        (1.0, 0.5), -1.0, 0.0,
    ),
    26: Example(
        lambda x: square(x[0] - x[1]) + (x[1] - x[2]) ** 4,
        lambda x: equal((1.0 + square(x[1])) * x[0] + x[2] ** 4, 3.0), (-2.6, 2.0, 2.0), 0.0,
    ),
    27: Example(
        lambda x: 0.01 * square(x[0] - 1.0) + square(x[1] - square(x[0])),
        lambda x: equal(x[0] + square(x[2]), -1.0), (2.0, 2.0, 2.0), 0.04,
    ),
    28: Example(
        lambda x: square(x[0] + x[1]) + square(x[1] + x[2]),
        lambda x: equal(x[0] + 2.0 * x[1] + 3.0 * x[2], 1.0), (-4.0, 1.0, 1.0), 0.0,
    ),
    29: Example(
        lambda x: -x[0] * x[1] * x[2],
        lambda x: square(x[0]) + 2.0 * square(x[1]) + 4.0 * square(x[2]) <= 48.0,
        (1.0, 1.0, 1.0), -16.0 * math.sqrt(2.0),
    ),
    30: Example(
        lambda x: square(x[0]) + square(x[1]) + square(x[2]), lambda x: square(x[0]) + square(x[1]) >= 1.0,
        (1.0, 1.0, 1.0), 1.0, [1.0, -10.0, -10.0], 10.0,
    ),
    31: Example(
        lambda x: 9.0 * square(x[0]) + square(x[1]) + 9.0 * square(x[2]), lambda x: x[0] * x[1] >= 1.0,
        (1.0, 1.0, 1.0), 6.0, [-10.0, 1.0, -10.0], [10.0, 10.0, 1.0],
    ),
    32: Example(
        lambda x: square(x[0] + 3.0 * x[1] + x[2]) + 4.0 * square(x[0] - x[1]),
        lambda x: (6.0 * x[1] + 4.0 * x[2] - x[0] ** 3 >= 3.0, equal(x[0] + x[1] + x[2], 1.0)),
        (0.1, 0.7, 0.2), 1.0, 0.0,
    ),
    34: Example(
        lambda x: -x[0], lambda x: (x[1] >= exp(x[0]), x[2] >= exp(x[1])),
        (0.0, 1.05, 2.9), -math.log(math.log(10.0)), 0.0, [100.0, 100.0, 10.0],
    ),
    35: Example(
        lambda x: (
            9.0 - 8.0 * x[0] - 6.0 * x[1] - 4.0 * x[2] + 2.0 * square(x[0]) + 2.0 * square(x[1])
            + square(x[2]) + 2.0 * x[0] * x[1] + 2.0 * x[0] * x[2]
        ),
        lambda x: x[0] + x[1] + 2.0 * x[2] <= 3.0, (0.5, 0.5, 0.5), 1.0 / 9.0, 0.0,
    ),
    36: Example(
        lambda x: -x[0] * x[1] * x[2], lambda x: x[0] + 2.0 * x[1] + 2.0 * x[2] <= 72.0,
        (10.0, 10.0, 10.0), -3300.0, 0.0, [20.0, 11.0, 42.0],
    ),
    37: Example(
        lambda x: -x[0] * x[1] * x[2],
        lambda x: (x[0] + 2.0 * x[1] + 2.0 * x[2] <= 72.0, x[0] + 2.0 * x[1] + 2.0 * x[2] >= 0.0),
        (10.0, 10.0, 10.0), -3456.0, 0.0, 42.0,
    ),
    38: Example(
        lambda x: (
            _valley(x) + 90.0 * square(x[3] - square(x[2])) + square(1.0 - x[2])
            + 10.1 * (square(x[1] - 1.0) + square(x[3] - 1.0)) + 19.8 * (x[1] - 1.0) * (x[3] - 1.0)
        ),
        None, (-3.0, -1.0, -3.0, -1.0), 0.0, -10.0, 10.0,
    ),
    39: Example(
        lambda x: -x[0],
        lambda x: (equal(x[1] - x[0] ** 3, square(x[2])), equal(square(x[0]) - x[1], square(x[3]))),
        (2.0, 2.0, 2.0, 2.0), -1.0,
    ),
    40: Example(
        lambda x: -x[0] * x[1] * x[2] * x[3],
        lambda x: (
            equal(x[0] ** 3 + square(x[1]), 1.0), equal(square(x[0]) * x[3], x[2]), equal(square(x[3]), x[1])
        ),
        (0.8, 0.8, 0.8, 0.8), -0.25,
    ),
    42: Example(
        lambda x: fg.sum([square(v - i) for i, v in enumerate(x, 1)]),
        lambda x: (equal(x[0], 2.0), equal(square(x[2]) + square(x[3]), 2.0)),
        (1.0, 1.0, 1.0, 1.0), 28.0 - 10.0 * math.sqrt(2.0),
    ),
    43: Example(
        lambda x: (
            square(x[0]) + square(x[1]) + 2.0 * square(x[2]) + square(x[3])
            - 5.0 * x[0] - 5.0 * x[1] - 21.0 * x[2] + 7.0 * x[3]
        ),
        lambda x: (
            fg.sum([square(v) for v in x]) + x[0] - x[1] + x[2] - x[3] <= 8.0,
            square(x[0]) + 2.0 * square(x[1]) + square(x[2]) + 2.0 * square(x[3]) - x[0] - x[3] <= 10.0,
            2.0 * square(x[0]) + square(x[1]) + square(x[2]) + 2.0 * x[0] - x[1] - x[3] <= 5.0,
        ),
        (0.0, 0.0, 0.0, 0.0), -44.0,
    ),
    45: Example(
        lambda x: 2.0 - x[0] * x[1] * x[2] * x[3] * x[4] / 120.0, None,
        (0.5, 1.0, 1.5, 2.0, 2.5), 1.0, 0.0, [1.0, 2.0, 3.0, 4.0, 5.0],
    ),
    46: Example(
        _quartic,
        lambda x: (
            equal(square(x[0]) * x[3] + sin(x[3] - x[4]), 1.0), equal(x[1] + x[2] ** 4 * square(x[3]), 2.0)
        ),
        (math.sqrt(2.0) / 2.0, 1.75, 0.5, 2.0, 2.0), 0.0,
    ),
    48: Example(
        lambda x: square(x[0] - 1.0) + square(x[1] - x[2]) + square(x[3] - x[4]),
        lambda x: (equal(fg.sum(x), 5.0), equal(x[2] - 2.0 * (x[3] + x[4]), -3.0)),
        (3.0, 5.0, -3.0, 2.0, -2.0), 0.0,
    ),
    49: Example(
        _quartic, lambda x: (equal(x[0] + x[1] + x[2] + 4.0 * x[3], 7.0), equal(x[2] + 5.0 * x[4], 6.0)),
        (10.0, 7.0, 2.0, -3.0, 0.8), 0.0,
    ),
    50: Example(
        lambda x: square(x[0] - x[1]) + square(x[1] - x[2]) + (x[2] - x[3]) ** 4 + square(x[3] - x[4]),
        lambda x: [equal(x[i] + 2.0 * x[i + 1] + 3.0 * x[i + 2], 6.0) for i in range(3)],
        (35.0, -31.0, 11.0, 5.0, -5.0), 0.0,
    ),
    51: Example(
        _quadratic,
        lambda x: (equal(x[0] + 3.0 * x[1], 4.0), equal(x[2] + x[3], 2.0 * x[4]), equal(x[1], x[4])),
        (2.5, 0.5, 2.0, -1.0, 0.5), 0.0,
    ),
    52: Example(
        lambda x: _quadratic([4.0 * x[0], *x[1:]]),
        lambda x: (equal(x[0] + 3.0 * x[1], 0.0), equal(x[2] + x[3], 2.0 * x[4]), equal(x[1], x[4])),
        (2.0, 2.0, 2.0, 2.0, 2.0), 1859.0 / 349.0,
    ),
    53: Example(
        _quadratic,
        lambda x: (equal(x[0] + 3.0 * x[1], 0.0), equal(x[2] + x[3], 2.0 * x[4]), equal(x[1], x[4])),
        (2.0, 2.0, 2.0, 2.0, 2.0), 176.0 / 43.0, -10.0, 10.0,
    ),
    60: Example(
        lambda x: square(x[0] - 1.0) + square(x[0] - x[1]) + (x[1] - x[2]) ** 4,
        lambda x: equal(x[0] * (1.0 + square(x[1])) + x[2] ** 4, 4.0 + 3.0 * math.sqrt(2.0)),
        (2.0, 2.0, 2.0), 0.03256820025, -10.0, 10.0,
    ),
    61: Example(
        lambda x: (
            4.0 * square(x[0]) + 2.0 * square(x[1]) + 2.0 * square(x[2]) - 33.0 * x[0] + 16.0 * x[1] - 24.0 * x[2]
        ),
        lambda x: (equal(3.0 * x[0] - 2.0 * square(x[1]), 7.0), equal(4.0 * x[0] - square(x[2]), 11.0)),
        (0.0, 0.0, 0.0), -143.6461422,
    ),
    63: Example(
        lambda x: 1000.0 - square(x[0]) - 2.0 * square(x[1]) - square(x[2]) - x[0] * x[1] - x[0] * x[2],
        lambda x: (
            equal(8.0 * x[0] + 14.0 * x[1] + 7.0 * x[2], 56.0), equal(fg.sum([square(v) for v in x]), 25.0)
        ),
        (2.0, 2.0, 2.0), 961.7151721, 0.0,
    ),
    65: Example(
        lambda x: square(x[0] - x[1]) + square(x[0] + x[1] - 10.0) / 9.0 + square(x[2] - 5.0),
        lambda x: fg.sum([square(v) for v in x]) <= 48.0,
        (-5.0, 5.0, 0.0), 0.9535288567, [-4.5, -4.5, -5.0], [4.5, 4.5, 5.0],
    ),
    66: Example(
        lambda x: 0.2 * x[2] - 0.8 * x[0], lambda x: (x[1] >= exp(x[0]), x[2] >= exp(x[1])),
        (0.0, 1.05, 2.9), 0.5181632741, 0.0, [100.0, 100.0, 10.0],
    ),
    71: Example(
        lambda x: x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2],
        lambda x: (x[0] * x[1] * x[2] * x[3] >= 25.0, equal(fg.sum([square(v) for v in x]), 40.0)),
        (1.0, 5.0, 5.0, 1.0), 17.0140173, 1.0, 5.0,
    ),
    76: Example(
        lambda x: (
            square(x[0]) + 0.5 * square(x[1]) + square(x[2]) + 0.5 * square(x[3]) - x[0] * x[2]
            + x[2] * x[3] - x[0] - 3.0 * x[1] + x[2] - x[3]
        ),
        lambda x: (
            x[0] + 2.0 * x[1] + x[2] + x[3] <= 5.0, 3.0 * x[0] + x[1] + 2.0 * x[2] - x[3] <= 4.0,
            x[1] + 4.0 * x[2] >= 1.5,
        ),
        (0.5, 0.5, 0.5, 0.5), -4.681818181, 0.0,
    ),
    77: Example(
        lambda x: square(x[0] - 1.0) + _quartic(x),
        lambda x: (
            equal(square(x[0]) * x[3] + sin(x[3] - x[4]), 2.0 * math.sqrt(2.0)),
            equal(x[1] + x[2] ** 4 * square(x[3]), 8.0 + math.sqrt(2.0)),
        ),
        (2.0, 2.0, 2.0, 2.0, 2.0), 0.24150513,
    ),
    78: Example(
        lambda x: x[0] * x[1] * x[2] * x[3] * x[4], _chain, (-2.0, 1.5, 2.0, -1.0, -1.0), -2.91970041
    ),
    79: Example(
        lambda x: (
            square(x[0] - 1.0) + square(x[0] - x[1]) + square(x[1] - x[2])
            + (x[2] - x[3]) ** 4 + (x[3] - x[4]) ** 4
        ),
        lambda x: (
            equal(x[0] + square(x[1]) + x[2] ** 3, 2.0 + 3.0 * math.sqrt(2.0)),
            equal(x[1] - square(x[2]) + x[3], 2.0 * math.sqrt(2.0) - 2.0), equal(x[0] * x[4], 2.0),
        ),
        (2.0, 2.0, 2.0, 2.0, 2.0), 0.0787768209,
    ),
    80: Example(
        lambda x: exp(x[0] * x[1] * x[2] * x[3] * x[4]), _chain, (-2.0, 2.0, 2.0, -1.0, -1.0), 0.0539498478,
        [-2.3, -2.3, -3.2, -3.2, -3.2], [2.3, 2.3, 3.2, 3.2, 3.2],
    ),
    100: Example(
        _hs100,
        lambda x: (
            2.0 * square(x[0]) + 3.0 * x[1] ** 4 + x[2] + 4.0 * square(x[3]) + 5.0 * x[4] <= 127.0,
            7.0 * x[0] + 3.0 * x[1] + 10.0 * square(x[2]) + x[3] - x[4] <= 282.0,
            23.0 * x[0] + square(x[1]) + 6.0 * square(x[5]) - 8.0 * x[6] <= 196.0,
            4.0 * square(x[0]) + square(x[1]) - 3.0 * x[0] * x[1] + 2.0 * square(x[2])
            + 5.0 * x[5] - 11.0 * x[6] <= 0.0,
        ),
        (1.0, 2.0, 0.0, 4.0, 0.0, 1.0, 1.0), 680.6300573,
    ),
    113: Example(
        _hs113,
        lambda x: (
            4.0 * x[0] + 5.0 * x[1] - 3.0 * x[6] + 9.0 * x[7] <= 105.0,
            10.0 * x[0] - 8.0 * x[1] - 17.0 * x[6] + 2.0 * x[7] <= 0.0,
            -8.0 * x[0] + 2.0 * x[1] + 5.0 * x[8] - 2.0 * x[9] <= 12.0,
            3.0 * square(x[0] - 2.0) + 4.0 * square(x[1] - 3.0) + 2.0 * square(x[2]) - 7.0 * x[3] <= 120.0,
            5.0 * square(x[0]) + 8.0 * x[1] + square(x[2] - 6.0) - 2.0 * x[3] <= 40.0,
            0.5 * square(x[0] - 8.0) + 2.0 * square(x[1] - 4.0) + 3.0 * square(x[4]) - x[5] <= 30.0,
            square(x[0]) + 2.0 * square(x[1] - 2.0) - 2.0 * x[0] * x[1] + 14.0 * x[4] - 6.0 * x[5] <= 0.0,
            -3.0 * x[0] + 6.0 * x[1] + 12.0 * square(x[8] - 8.0) - 7.0 * x[9] <= 0.0,
        ),
        (2.0, 3.0, 5.0, 5.0, 1.0, 2.0, 7.0, 3.0, 6.0, 10.0), 24.3062091,
    ),
})  # fmt: skip
