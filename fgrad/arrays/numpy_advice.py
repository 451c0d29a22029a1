"""What to write instead of what a ufunc of numpy is asked for on nodes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

_AT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "add": "write x = fg.at(x)[key].add(values)",
        "subtract": "write x = fg.at(x)[key].add(-values)",
    }
)
_REDUCED: Final[Mapping[str, str]] = MappingProxyType({
    "logaddexp": "Write fg.logsumexp(x, axis).",
    "subtract": "Write x[0] - np.sum(x[1:], 0).",
    "divide": "Write x[0] / np.prod(x[1:], 0).",
})  # fmt: skip


def of_method(name: str, method: str) -> str:
    """The advice for a method of a ufunc that has no function here."""
    if method == "at":
        ours = "if key names no place twice, write x = fg.at(x)[key].set"
        return f"Nodes are immutable: {_AT.get(name) or f'{ours}(np.{name}(x[key], values))'}."
    if method == "accumulate":
        step = f"y.append(np.{name}(y[-1], v)) for v in x[1:]"
        return f"Write a loop: y = [x[0]], then {step}, and fg.stack(y)."
    if method == "reduce":
        other = f"Write functools.reduce(np.{name}, list(x)), along the first axis."
        return _REDUCED.get(name, other)
    if name == "add":
        return "Write np.bincount(places, weights=x) for sums by groups."
    return f"Write np.{name} of parts of x, and fg.stack for what it gives."


def of_options(name: str, asked: Collection[str], inputs: int) -> str:
    """The advice for `where=` and `out=`, which fill an array that exists."""
    if "where" not in asked:
        return "Leave it out, and for z += x write z = z + x: what holds derivatives is immutable."
    arguments = "x" if inputs == 1 else "x, y"
    return (
        f"Choose instead: fg.where(mask, np.{name}({arguments}), other); no nan comes from where"
        " the mask does not hold, and what holds derivatives is immutable."
    )


BY_PYTHON: Final = "Let it compute with whole arrays, which nodes run through, or write fg.stack([f(v) for v in x])."
"""The advice for a ufunc of np.frompyfunc."""
