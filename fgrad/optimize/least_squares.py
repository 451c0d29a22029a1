"""Least squares: the parameters for which the squares of the residuals are smallest."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias, TypeVar

from fgrad import trees
from fgrad.errors import MissingExtra, NotAValue
from fgrad.ops.operand import require_numbers
from fgrad.optimize.fit import Fit
from fgrad.trees.parameters import require_function

A = TypeVar("A")

Loss: TypeAlias = Literal["linear", "huber", "soft_l1", "cauchy", "arctan"]
_LOSSES: Final = ("linear", "huber", "soft_l1", "cauchy", "arctan")
MANY: Final = 20_000_000
"""The entries of a Jacobian from which on sums over the rows are taken instead."""


def least_squares(
    residuals: Callable[..., object],
    params: A,
    data: tuple[Any, ...] | None = None,
    *,
    bounds: tuple[A | float | None, A | float | None] = (None, None),
    loss: Loss = "linear",
    scale: float = 1.0,
    tolerance: float = 1e-10,
    steps: int = 1000,
) -> Fit[A]:
    """The parameters near `params` for which half of the sum of the squared residuals is smallest.

    With `data`, columns as `map` takes them, `residuals(params, *row)` is for one row; its result is a
    number or a tree of numbers. Without, `residuals(params)` returns all residuals, and their Jacobian
    is sparse. Both are compiled. The method is SciPy's trust region of Levenberg-Marquardt steps (Branch,
    Coleman and Li 1999) with our Jacobian; the extra `optimize`. Where it would have more than 20
    million entries, the sums J^T J and J^T r are taken over the rows instead, so memory does not grow
    with them; the condition of J counts twice then.

    `bounds` are the lowest and the highest parameters. A robust `loss` grows slower than the square from
    residuals of `scale` on. It ends where a step changes the cost or the parameters by less than
    `tolerance`, relatively.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> t = np.array([0.0, 1.0, 2.0, 4.0])
    >>> y = np.array([90.0, 62.5, 45.8, 29.5])
    >>> def residual(p: dict[str, float], t: float, y: float) -> float:
    ...     return p["room"] + (90.0 - p["room"]) * fg.exp(-p["rate"] * t) - y
    >>> fit = fg.least_squares(residual, {"rate": 0.3, "room": 15.0}, (t, y))
    >>> round(fit.params["rate"], 3), round(fit.errors["rate"], 3)
    (0.499, 0.001)
    """
    require_function(residuals, "least_squares")
    try:
        import numpy as np  # noqa: PLC0415  # an extra
        from scipy import optimize  # noqa: PLC0415  # likewise
    except ImportError as error:
        raise MissingExtra("least_squares", "scipy", "optimize") from error
    if loss not in _LOSSES:
        advice = f"Choose one of {', '.join(_LOSSES)}."
        raise NotAValue("least_squares", "a loss", f"{loss!r:.40}", advice)
    leaves, structure = trees.flatten(params, "params")
    require_numbers(leaves, "params")
    if not leaves:
        raise NotAValue("least_squares", "parameters", "a tree without a number", "Give what is fitted.")
    system = _system(residuals, params, data, whole=loss != "linear")
    known: dict[bytes, tuple[Any, Any]] = {}

    def at(x: Any) -> tuple[Any, Any]:
        key = x.tobytes()
        if key not in known:
            known.clear()
            known[key] = system.both(x)
        return known[key]

    start = np.array([float(x) for x in leaves])
    values, matrix = at(start)
    if not np.isfinite(values).all():
        got = f"{np.count_nonzero(~np.isfinite(values))} of {values.size} that are not"
        raise NotAValue("least_squares", "finite residuals at the start", got, "Start where all are defined.")
    sparse = not isinstance(matrix, np.ndarray)
    found = optimize.least_squares(
        lambda x: at(x)[0], start, lambda x: at(x)[1], _pair(structure, bounds),
        x_scale="jac", loss=loss, f_scale=scale, ftol=tolerance, xtol=tolerance, gtol=None,
        max_nfev=steps, tr_solver="lsmr" if sparse else "exact",
    )  # fmt: skip
    normal = found.jac.T @ found.jac
    return Fit(
        structure.unflatten(found.x.tolist()), float(found.cost), bool(found.success), found.message,
        system.count, found.nfev, normal.toarray() if sparse else normal,
    )  # fmt: skip


def _system(f: Callable[..., Any], params: Any, data: tuple[Any, ...] | None, *, whole: bool) -> Any:
    from fgrad.optimize import residuals as of  # noqa: PLC0415  # needs numpy

    if data is None:
        return of.Sparse.of(f, params)
    rows = of.OverRows.of(f, params, data)
    many = rows.count * len(rows.structure) > MANY
    return of.Summed.of(rows) if many and not whole else rows


def _pair(structure: trees.Structure[Any], bounds: tuple[Any, Any]) -> tuple[list[float], list[float]]:
    if not isinstance(bounds, tuple) or len(bounds) != 2:
        raise NotAValue("least_squares", "a pair of bounds", f"{bounds!r:.40}", "None is no bound.")
    lower, upper = (
        [default if bound is None else float(bound)] * len(structure)
        if bound is None or isinstance(bound, (int, float))
        else [float(x) for x in trees.matched(structure, bound, "bounds")]
        for bound, default in zip(bounds, (-math.inf, math.inf), strict=True)
    )
    for path, low, high in zip(structure.paths(), lower, upper, strict=True):
        if not low < high:
            needed = "a lower bound below the upper one"
            raise NotAValue(f"bounds of params{path}", needed, f"{low} and {high}", "Close over what is fixed.")
    return lower, upper
