"""What went wrong in a function of numpy on nodes, in the terms of who called it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any, Final

from fgrad.arrays.values import shape_of
from fgrad.errors import NotAValue, OutOfBounds, ShapeMismatch
from fgrad.graph.node import Node
from fgrad.ops.operand import is_array

WRONG: Final = (TypeError, ValueError, LookupError, ArithmeticError, AttributeError)
"""What arguments that do not fit end in."""
_OPTIONS: Final[Mapping[str, str]] = MappingProxyType({
    "out": "nodes are immutable, so write y = {0}(x) for what it gives.",
    "dtype": "nodes compute in float64; y.astype(int) gives whole numbers, which have no derivative.",
    "aweights": "write apart = x - np.average(x, -1, w)[:, None] and (w * apart) @ apart.T / w.sum().",
    "fweights": "give columns as often as they count: np.cov(np.repeat(x, fweights, axis=1)).",
    "end_values": "put the border together: np.concatenate([np.linspace(end, x[0], n, endpoint=False), x]).",
    "stat_length": "put the border together by np.concatenate.",
    "mode": "bring the places in bounds first, by np.clip(places, 0, n - 1) or places % n.",
    "weights": "sort by order = np.argsort(x), and interpolate x[order] by the sums of weights[order].",
    "where": "choose before, as in np.where(mask, x, 0.0).",
    "writeable": "nodes are immutable.",
    "hermitian": "of a symmetric matrix take fg.eigh.",
    "order": "a node says nothing of how its array lies in memory.",
})  # fmt: skip


def option_refused(called: str, name: str, known: tuple[str, ...]) -> NotAValue:
    """The error for an argument that is not offered, or not known."""
    taken = f"It takes {', '.join(known)}."
    advice = _OPTIONS[name].format(f"np.{called}") if name in _OPTIONS else taken
    return NotAValue(
        f"numpy's {called} with {name}=", "arrays", "a node", f"Leave it out: {advice}"
    )


def clearly(called: str, f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, whose errors say which arguments of which function of numpy were wrong."""

    @wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return f(*args, **kwargs)
        except WRONG as error:
            raise in_terms(called, args, kwargs, error) from None

    return call


def in_terms(called: str, args: Any, kwargs: Any, error: Exception) -> Exception:
    """The error with the function and the arguments that it was called with; ours say so already."""
    if type(error).__module__ == "fgrad.errors":
        return error
    given = [_told(x) for x in args] + [f"{name}={_told(x)}" for name, x in kwargs.items()]
    got = f"{', '.join(given[:-1])} and {given[-1]}" if len(given) > 1 else "".join(given)
    reason = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
    advice = f"{reason}." if "(" in reason.split()[0] else f"{reason[:1].upper()}{reason[1:]}."
    where = f"numpy's {called}"
    if isinstance(error, LookupError):
        return OutOfBounds(where, got, advice)
    if isinstance(error, ValueError):
        return ShapeMismatch(where, got, advice)
    return NotAValue(where, "arguments that fit together", got or "none", advice)


def _told(x: Any) -> str:
    if isinstance(x, Node) or is_array(x):
        shape = shape_of(x)
        return f"an array of shape {shape}" if shape else "a number"
    if isinstance(x, (list, tuple)) and any(isinstance(part, Node) for part in x):
        return f"a {type(x).__name__} of {len(x)}"
    return f"{x!r:.40}"
