"""Least squares: the parameters for which the squares of the residuals are smallest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias, TypeVar

from fgrad.errors import MissingExtra, NotAValue
from fgrad.fitting.fit import Fit
from fgrad.ops.operand import told
from fgrad.program.spread import Spread
from fgrad.trees.bounds import Bounds, bounds_of
from fgrad.trees.parameters import differentiated, require_function

A = TypeVar("A")

Loss: TypeAlias = Literal["linear", "huber", "soft_l1", "cauchy", "arctan"]
_LOSSES: Final = ("linear", "huber", "soft_l1", "cauchy", "arctan")


def least_squares(
    residuals: Callable[..., object],
    params: A,
    data: tuple[Any, ...] | None = None,
    *,
    whole: bool = False,
    bounds: Bounds[A] = (None, None),
    loss: Loss = "linear",
    scale: float = 1.0,
    tolerance: float = 1e-10,
    steps: int = 1000,
) -> Fit[A]:
    """The parameters near `params` for which half of the sum of the squared residuals is smallest.

    With `data`, columns as `map` takes them, `residuals(params, *row)` is for one row and returns a
    number or a tree of numbers. Without, `residuals(params)` returns all, and their Jacobian is sparse;
    with `whole` it takes all data, trees of numbers and arrays, others of which need no other code.
    The steps are SciPy's, of Levenberg and Marquardt within a region of trust (Branch, Coleman and Li
    1999; the extra `optimize`). Instead of a Jacobian of more than 20 million entries the sums of its
    products over the rows are taken: memory does not grow, and its condition counts twice.

    `bounds` are the lowest and the highest parameters; the start is moved within them. A robust `loss`
    grows slower than the square from residuals of `scale` on. It ends where a step changes the cost
    or the parameters by less than `tolerance`, relatively.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> t = np.array([0.0, 1.0, 2.0, 4.0])
    >>> y = np.array([90.0, 62.5, 45.8, 29.5])
    >>> def residual(p: dict[str, float], t: float, y: float) -> float:
    ...     return p["room"] + (90.0 - p["room"]) * fg.exp(-p["rate"] * t) - y
    >>> fit = fg.least_squares(residual, {"rate": 0.3, "room": 15.0}, (t, y))
    >>> round(fit.params["rate"], 3), fit.converged
    (0.499, True)
    """
    _require_above(scale=scale, tolerance=tolerance, steps=steps)
    start, known = _checked(residuals, params, data, loss)
    ends = {"ftol": tolerance, "xtol": tolerance, "gtol": None, "max_nfev": steps}
    how = {"bounds": _between(known, bounds), "loss": loss, "f_scale": scale, **ends}
    try:
        from fgrad.fitting.residuals import fitted, system_of  # noqa: PLC0415  # needs scipy
    except ImportError as error:
        raise MissingExtra("least_squares", "scipy", "optimize") from error
    system = system_of(residuals, params, data, whole=whole, each=loss != "linear")
    return fitted(system, known, start, how)


def _checked(residuals: Any, params: A, data: object, loss: str) -> tuple[list[float], Spread[A]]:
    """The numbers of the parameters and how they are spread; NotAValue for what cannot be fitted."""
    require_function(residuals, "least_squares")
    if loss not in _LOSSES:
        advice = f"Choose one of {', '.join(_LOSSES)}."
        raise NotAValue("least_squares", "a loss", f"{loss!r:.40}", advice)
    if not (data is None or isinstance(data, tuple)):
        advice = "Write (t, y), or (t,) for one alone."
        raise NotAValue("least_squares", "data as a tuple", told(data), advice)
    known = Spread.of(*differentiated(params, lambda: "params"))
    if not len(known):
        got = "a tree without a number"
        raise NotAValue("least_squares", "parameters", got, "Give what is fitted.")
    return known.numbers(params, "params"), known


def _require_above(**options: float) -> None:
    """Raise NotAValue for an option that is not above 0."""
    for name, value in options.items():
        if not value > 0:
            raise NotAValue("least_squares", f"{name} above 0", f"{value}", "Leave it out.")


def _between(known: Spread[Any], bounds: object) -> tuple[list[float], list[float]]:
    """The bounds; NotAValue where they meet, which the method cannot move between."""
    how = known.structure, known.shapes, known.paths()
    lower, upper = bounds_of(*how, bounds, "params")
    for path, low, high in zip(known.paths(), lower, upper, strict=True):
        if low == high:
            advice = "Close over what is fixed."
            needed, got = "a lower bound below the upper one", f"{low} twice"
            raise NotAValue(f"bounds of params{path}", needed, got, advice)
    return lower, upper
