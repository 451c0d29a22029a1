"""What programs of transforms are made of: types of numbers, operations, functions of users.

Each row has its text, which is what fgrad is given, and its meaning on nested dual numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Final

import attrs

from tests.laws import transform_duals as duals
from tests.laws.transform_duals import MARGIN, Number, Rejected, primal, primal_like


class Sub(float):
    """A subclass of float."""


KINDS: Final = {
    "float": "{}",
    "int": "{:.0f}",
    "float64": "np.float64({})",
    "float32": "np.float32({})",
    "Sub": "Sub({})",
    "Fraction": "Fraction({})",
}


def number(value: float, kind: str) -> Any:
    """`value`, which every kind holds exactly, as a number of that kind."""
    import numpy as np  # noqa: PLC0415  # an extra

    kinds: dict[str, Callable[[float], Any]] = {
        "float": float,
        "int": int,
        "float64": np.float64,
        "float32": np.float32,
        "Sub": Sub,
        "Fraction": Fraction,
    }
    return kinds[kind](value)


def _apart(a: Number, b: float) -> None:
    if abs(primal(a) - b) < MARGIN:
        raise Rejected


def _larger(a: Number, b: Number) -> Number:
    _apart(a - b, 0.0)
    return a if primal(a) > primal(b) else b


def _smaller(a: Number, b: Number) -> Number:
    return -_larger(-a, -b)


def _floor(a: Number) -> Number:
    _apart(a, round(primal(a)))
    return primal_like(a, float(math.floor(primal(a))))


def _still(a: Number) -> Number:
    """The number, from which nothing flows."""
    return primal(a)


def _sigmoid(x: Number) -> Number:
    return duals.reciprocal(1.0 + duals.exp(-x))


def _ratio(a: Number, b: Number) -> Number:
    return a * duals.reciprocal(1.5 + b * b)


def _power(a: Number, b: Number) -> Number:
    return duals.exp(duals.tanh(b) * duals.log(1.5 + duals.sin(a)))


OPERATIONS: Final[dict[str, tuple[str, Callable[..., Number]]]] = {
    "add": ("({} + {})", lambda a, b: a + b),
    "sub": ("({} - {})", lambda a, b: a - b),
    "mul": ("({} * {})", lambda a, b: a * b),
    "neg": ("(-{})", lambda a: -a),
    "ratio": ("({} / (1.5 + fg.square({})))", _ratio),
    "inverse": ("fg.reciprocal(2.0 + fg.sin({}))", lambda a: duals.reciprocal(2.0 + duals.sin(a))),
    "square": ("({} ** 2)", lambda a: a * a),
    "cube": ("({} ** 3)", lambda a: a * a * a),
    "sin": ("fg.sin({})", duals.sin),
    "cos": ("fg.cos({})", duals.cos),
    "exp": ("fg.exp(fg.sin({}))", lambda a: duals.exp(duals.sin(a))),
    "bell": ("fg.exp(-fg.square({}))", lambda a: duals.exp(-(a * a))),
    "tanh": ("fg.tanh({})", duals.tanh),
    "atan": ("fg.atan({})", duals.atan),
    "erf": ("fg.erf({})", duals.erf),
    "sigmoid": ("fg.sigmoid({})", _sigmoid),
    "softplus": ("fg.softplus({})", lambda a: duals.log(1.0 + duals.exp(a))),
    "sqrt": ("fg.sqrt(1.0 + fg.square({}))", lambda a: duals.sqrt(1.0 + a * a)),
    "log1p": ("fg.log1p(fg.square({}))", lambda a: duals.log(1.0 + a * a)),
    "hypot": ("fg.hypot({}, 2.0 + fg.cos({}))", lambda a, b: duals.sqrt(a * a + (2.0 + duals.cos(b)) * (2.0 + duals.cos(b)))),
    "logaddexp": ("fg.logaddexp({}, {})", lambda a, b: duals.log(duals.exp(a) + duals.exp(b))),
    "pow": ("((1.5 + fg.sin({})) ** fg.tanh({}))", _power),
    "sum": ("fg.sum([{}, {}, {}])", lambda a, b, c: a + b + c),
    "dot": ("fg.dot([{0}, {1}], [{1}, {2}])", lambda a, b, c: a * b + b * c),
    "prod": ("fg.prod([{}, {}, {}])", lambda a, b, c: a * b * c),
    "log": ("fg.log(2.0 + fg.sin({}))", lambda a: duals.log(2.0 + duals.sin(a))),
    "expm1": ("fg.expm1(fg.cos({}))", lambda a: duals.exp(duals.cos(a)) - 1.0),
    "asinh": ("fg.asinh({})", lambda a: duals.log(a + duals.sqrt(a * a + 1.0))),
    "atan2": ("fg.atan2({}, 2.0 + fg.sin({}))", lambda a, b: duals.atan(a * duals.reciprocal(2.0 + duals.sin(b)))),
    "maximum": ("fg.maximum({}, {})", _larger),
    "minimum": ("fg.minimum({}, {})", _smaller),
    "abs": ("fg.abs({})", lambda a: _larger(a, -a)),
    "relu": ("fg.relu({})", lambda a: _larger(a, 0.0)),
    "clip": ("fg.clip({}, -0.75, {})", lambda a, b: _smaller(_larger(a, -0.75), b)),
    "floor": ("fg.floor({})", _floor),
    "mod": ("fg.mod({}, 1.5)", lambda a: a - 1.5 * _floor(a * (1.0 / 1.5))),
    "copysign": ("fg.copysign(1.0 + fg.square({}), {})", lambda a, b: (1.0 + a * a) * (1.0 if primal(_larger(b, -b)) == primal(b) else -1.0)),
    "stop": ("fg.stop_gradient({})", _still),
}  # fmt: skip
"""The text, and the meaning."""

PLAIN: Final[dict[str, tuple[str, ...]]] = {
    "add": ("float", "int", "float64", "Sub", "Fraction"),
    "mul": ("float", "int", "float64", "Sub", "Fraction"),
    "sub": ("float", "int", "float64", "Sub", "Fraction"),
    "logaddexp": tuple(KINDS),
    "hypot": tuple(KINDS),
    "sum": ("float", "int", "float64", "Sub", "Fraction"),
}
"""Operations that may have a plain number as argument, and of which types.

A numpy.float32 times a float is of 32 bits, so it stands only where fgrad takes it over.
"""

POISONS: Final = (
    "fg.log(-1.0 - fg.square({}))",
    "fg.div(1.0, {0} - {0})",
    "fg.sqrt(-2.0 - fg.square({}))",
    "fg.exp(800.0 + fg.square({}))",
    "fg.div({0} - {0}, {0} - {0})",
)
"""What is nan or infinite, or has a derivative that is."""

COMPARISONS: Final = ("({} > {})", "fg.greater({}, {})", "fg.greater_equal({}, {})")


@attrs.frozen
class ForeignRow:
    """A user's function: leaves of each argument, number of results, text and meaning."""

    sizes: tuple[int, ...]
    results: int
    text: str
    impl: Callable[..., Sequence[Number]]
    order: int = 9
    """How often its rules can be differentiated."""


def _row(size: int, results: int, text: str, meaning: Callable[..., Any], order: int = 9) -> Any:
    return ForeignRow((size,), results, text, meaning, order)


FOREIGN: Final[dict[str, ForeignRow]] = {
    "pulled": _row(1, 1, "fg.custom(lambda x: math.sin(2.0 * x), vjp=lambda x, y, bar: bar * 2.0 * fg.cos(2.0 * x))", lambda x: [duals.sin(2.0 * x)]),
    "pushed": _row(1, 1, "fg.custom(lambda x: math.exp(-x * x), jvp=lambda x, y, dx: -2.0 * x * y * dx)", lambda x: [duals.exp(-(x * x))]),
    "both": _row(1, 1, "fg.custom(lambda x: np.float64(x ** 3), vjp=lambda x, y, bar: 3.0 * x * x * bar, jvp=lambda x, y, dx: 3.0 * x * x * dx)", lambda x: [x * x * x]),
    "pulled pair": _row(2, 2, "fg.custom(lambda x: (x[0] * x[1], math.sin(x[0])), vjp=lambda x, y, bar: (bar[0] * x[1] + bar[1] * fg.cos(x[0]), bar[0] * x[0]))", lambda x, y: [x * y, duals.sin(x)]),
    "pushed pair": _row(2, 2, "fg.custom(lambda x: (x[0] * x[1], math.sin(x[0])), jvp=lambda x, y, dx: (dx[0] * x[1] + x[0] * dx[1], fg.cos(x[0]) * dx[0]))", lambda x, y: [x * y, duals.sin(x)]),
    "two to one": _row(2, 1, "fg.custom(lambda x: x[0] * x[0] + 3 * x[1], vjp=lambda x, y, bar: (2.0 * x[0] * bar, 3.0 * bar))", lambda x, y: [x * x + 3.0 * y]),
    "half flat": _row(2, 2, "fg.custom(lambda x: (x[0] ** 2, RESULT), vjp=lambda x, y, bar: (2.0 * bar[0] * x[0], ZERO))", lambda x, y: [x * x, 3.0 + 0.0 * y]),
    "half flat pushed": _row(2, 2, "fg.custom(lambda x: (x[0] ** 2, RESULT), jvp=lambda x, y, dx: (2.0 * dx[0] * x[0], ZERO))", lambda x, y: [x * x, 3.0 + 0.0 * y]),
    "linear": _row(1, 1, "fg.Unary('twice', lambda x: 2.0 * x, lambda out, x: TWO)", lambda x: [2.0 * x]),
    "identity": _row(1, 1, "fg.Unary('same', lambda x: x, lambda out, x: ONE)", lambda x: [x + 0.0]),
    "cubic": _row(1, 1, "fg.Unary('cubed', lambda x: x * x * x, lambda out, x: 3.0 * x * x)", lambda x: [x * x * x]),
    "odd name": _row(1, 1, "fg.Unary('my-op', lambda x: math.sin(x), lambda out, x: fg.cos(x))", lambda x: [duals.sin(x)]),
    "lambda name": _row(1, 1, "fg.Unary('<lambda>', lambda x: x * x, lambda out, x: 2 * x)", lambda x: [x * x]),
    "affine": ForeignRow((1, 1), 1, "fg.Binary('affine', lambda x, y: 2.0 * x - y, lambda out, x, y: TWO, lambda out, x, y: LESS)", lambda x, y: [2.0 * x - y]),
    "one sided": ForeignRow((1, 1), 1, "fg.Binary('first', lambda x, y: x * x, lambda out, x, y: 2.0 * x, None)", lambda x, y: [x * x + 0.0 * y]),
    "three": ForeignRow((1, 1, 1), 1, "fg.Ternary('three', lambda x, y, z: x * y + 3.0 * z, lambda out, x, y, z: y, lambda out, x, y, z: x, lambda out, x, y, z: THREE)", lambda x, y, z: [x * y + 3.0 * z]),
    "guarded": _row(1, 1, "fg.Unary('guarded', lambda x: x * x if x > -1e6 else 0.0, lambda out, x: fg.when(fg.greater(x, -1e6), 2 * x))", lambda x: [x * x]),
    "first order": _row(1, 1, "fg.custom(lambda x: math.sin(x), vjp=lambda x, y, bar: bar * math.cos(x))", lambda x: [duals.sin(x)], 1),
    "first order pushed": _row(1, 1, "fg.custom(lambda x: math.sin(x), jvp=lambda x, y, dx: dx * math.cos(x))", lambda x: [duals.sin(x)], 1),
}  # fmt: skip
