"""What a solver is given and what it gives back: a new one is a function from `Request` to `Ended`, named in `solve`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from fgrad.nonlinear.functions import Functions, Vector
from fgrad.nonlinear.kkt import Limits
from fgrad.nonlinear.solution import Iteration, Status


@attrs.frozen(eq=False)
class Request:
    """The problem on arrays, where to start, and when to end."""

    functions: Functions
    limits: Limits
    x: Vector
    multipliers: Vector
    bounds: Vector
    """The multipliers of the bounds, as `Point` has them."""
    warm: bool
    """Whether the multipliers are those of a solution nearby."""
    tolerance: float
    steps: int
    watch: Callable[[Iteration], None]
    """Called once for each iteration; its StopIteration ends the solve."""
    options: Mapping[str, object]
    """The solver's own."""


@attrs.frozen(eq=False)
class Ended:
    """Where a solver ended, and what it says of it."""

    x: Vector
    multipliers: Vector
    bounds: Vector
    status: Status
    message: str
    iterations: int
