"""How a solution moves with the parameters, by the implicit function theorem.

Where the constraints that hold x back have independent gradients and the second-order condition
holds, the KKT conditions with these constraints define x and the multipliers as functions of the
parameters (Fiacco 1976). Differentiated along a direction they are one linear system.
"""

from __future__ import annotations

import warnings
from typing import Any, Final

import numpy as np

from fgrad.errors import MissingExtra, NotRegular
from fgrad.nonlinear.functions import Functions, Vector
from fgrad.nonlinear.kkt import Limits, Point

_WEAK: Final = 1e-3
"""How near to 0 a distance and its multiplier are where neither is the larger for certain..."""
_LOST: Final = 1e-6
"""... and how near where they are nothing but errors of the solver."""
_APART: Final = 1e-2
"""The ratio from which on one of them is the smaller for certain, of those between."""
_SINGULAR: Final = 1e-8
"""The relative residual from which on the system was not solved."""


def moved(functions: Functions, limits: Limits, at: Point, direction: Vector) -> Vector:
    """The derivative of x along a direction of the parameters; NotRegular where there is none."""
    try:
        from scipy import sparse  # noqa: PLC0415  # an extra
        from scipy.sparse.linalg import MatrixRankWarning, spsolve  # noqa: PLC0415  # likewise
    except ImportError as error:
        raise MissingExtra("sensitivity", "scipy", "optimize") from error
    _require_strict(at.constraints, at.multipliers, limits.below, limits.above)
    _require_strict(at.x, at.bounds, limits.lower, limits.upper)
    active = _active(at.constraints, at.multipliers, limits.below, limits.above)
    free = ~_active(at.x, at.bounds, limits.lower, limits.upper)
    curvature = functions.hessian(at.x, 1.0, at.multipliers)[free][:, free]
    rows = functions.jacobian(at.x)[active][:, free]
    slope, change = functions.along_params(at.x, at.multipliers, direction)
    system = sparse.block_array([[curvature, rows.T], [rows, None]], format="csc")
    right = -np.concatenate((slope[free], change[active]))
    result = np.zeros(functions.size)
    if not right.size:
        return result
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MatrixRankWarning)
        found = np.atleast_1d(spsolve(system, right))
    left = np.max(np.abs(system @ found - right))
    if not left <= _SINGULAR * max(1.0, float(np.max(np.abs(right)))):
        advice = "Constraints depend on one another there, or the minimum is not strict."
        raise NotRegular("sensitivity", "the system of the conditions is singular", advice)
    result[free] = found[: int(free.sum())]
    return result


def _require_strict(value: Vector, multiplier: Vector, lower: Vector, upper: Vector) -> None:
    """Raise NotRegular where a bound is met that holds nothing back: the derivative has two sides there."""
    away, held = np.minimum(np.abs(upper - value), np.abs(value - lower)), np.abs(multiplier)
    larger, smaller = np.maximum(away, held), np.minimum(away, held)
    weak = (larger < _LOST) | ((larger < _WEAK) & (smaller > _APART * larger))
    if ((lower < upper) & weak).any():
        problem = "a constraint is met there without holding x back"
        advice = "Ask on one side of these parameters, or solve with a smaller tolerance."
        raise NotRegular("sensitivity", problem, advice)


def _active(value: Vector, multiplier: Vector, lower: Vector, upper: Vector) -> Any:
    """Where a number is held by a bound: its multiplier is larger than its distance from it."""
    away = np.where(multiplier > 0.0, upper - value, value - lower)
    return (lower == upper) | (np.abs(multiplier) > np.abs(away))
