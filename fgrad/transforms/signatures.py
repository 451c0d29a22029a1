"""Types of functions by their first arguments, and of the places of these: what transforms are typed with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, Literal, ParamSpec, TypeAlias, TypeVar

from fgrad.ops.operand import Real

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
P = ParamSpec("P")
# A type variable and not Real itself: so a generic function stays generic (docs/decisions/0011).
Q = TypeVar("Q", bound=Real)
R = TypeVar("R")  # any result, and not `object`, with which mypy would forget that f is generic

Of1: TypeAlias = Callable[Concatenate[A, P], R]
"""A function of `A` and any other arguments that returns `R`."""
Of2: TypeAlias = Callable[Concatenate[A, B, P], R]
"""A function of `A`, `B` and any others."""
Of3: TypeAlias = Callable[Concatenate[A, B, C, P], R]
"""A function of `A`, `B`, `C` and any others."""
Both: TypeAlias = tuple[Literal[0], Literal[1]]
"""The places of the first two arguments."""
Three: TypeAlias = tuple[Literal[0], Literal[1], Literal[2]]
"""The places of the first three."""
