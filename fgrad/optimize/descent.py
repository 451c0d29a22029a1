"""Descent: minimize a function of a tree of parameters by the steps of a method."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import (
    Any,
    Generic,
    Literal,
    Protocol,
    TypeAlias,
    TypeVar,
    overload,
    runtime_checkable,
)

import attrs

from fgrad import trees
from fgrad.display import Table, number, plural
from fgrad.errors import NotAValue, imported, summary
from fgrad.ops.operand import Real, is_array
from fgrad.optimize.iteration import OnArrays, OnTrees, differentiated, way
from fgrad.optimize.methods import Method, State, compared, sealed
from fgrad.trees.listing import listing
from fgrad.trees.parameters import require_function

A = TypeVar("A")
Q = TypeVar("Q", bound=Real)
Callback: TypeAlias = Callable[[State[A], float], object]
"""A function of the state and the value after each step; its StopIteration ends the descent."""


@attrs.frozen(repr=False)
class Minimum(Generic[A]):
    """The result of a descent: the parameters, their value and gradient, and the history of values.

    `history` has the value before the first step and after each; `converged` says whether every
    number of the gradient is within the tolerance.

    >>> import fgrad as fg
    >>> fg.minimize(lambda p: fg.square(p["x"] - 1.0), {"x": 0.0}, fg.gradient_descent(0.5))
    Minimum(value 0.0, converged after 1 step):
      parameter  value  gradient
      ['x']        1.0       0.0
    """

    params: A = attrs.field(eq=compared)
    value: float
    gradient: A = attrs.field(eq=compared)
    converged: bool
    history: tuple[float, ...]
    state: State[A]

    def __repr__(self) -> str:
        """A table of the parameters, of a screen at most; its first line is a summary."""
        return self._table().text()

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        return self._table().html()

    def _table(self) -> Table:
        arrays = any(map(is_array, trees.leaves(self.params)))
        head = "parameter", "value", "gradient"
        rows = listing(self.params, self.gradient, head, "the array" if arrays else "the number")
        steps = plural(len(self.history) - 1, "step")
        ended = f"{'converged' if self.converged else 'not converged'} after {steps}"
        return attrs.evolve(rows, title=f"Minimum(value {number(self.value)}, {ended}):")


@runtime_checkable  # minimize asks which of the two it was given
class Search(Protocol):
    """A method that evaluates the function where it needs to, as a line search does.

    A method whose step follows from the value and gradient at one point is a `Method`.
    """

    def start(self, params: A, /) -> State[A]:
        """The state before the first step."""
        ...

    def search(
        self,
        f: Callable[[A], tuple[float, A]],
        state: State[A],
        steps: Iterable[int],
        tolerance: float,
        callback: Callback[A],
    ) -> Minimum[A]:
        """Minimize from `state`; `f` returns value and gradient, and each step consumes one of `steps`.

        `callback` is called after each step, and its StopIteration ends the search.
        """
        ...


@overload
def minimize(
    f: Callable[[A], Q],
    start: A | State[A],
    method: Method | Search,
    steps: int = 1000,
    *,
    tolerance: float = 1e-6,
    progress: bool = False,
    has_gradient: Literal[False] = False,
    callback: Callback[A] | None = None,
) -> Minimum[A]: ...
@overload
def minimize(
    f: Callable[[A], tuple[Q, A]],
    start: A | State[A],
    method: Method | Search,
    steps: int = 1000,
    *,
    tolerance: float = 1e-6,
    progress: bool = False,
    has_gradient: Literal[True],
    callback: Callback[A] | None = None,
) -> Minimum[A]: ...
def minimize(
    f: Callable[[Any], Any],
    start: Any,
    method: Method | Search,
    steps: int = 1000,
    *,
    tolerance: float = 1e-6,
    progress: bool = False,
    has_gradient: bool = False,
    callback: Callback[Any] | None = None,
) -> Minimum[Any]:
    """The minimum of `f` that at most `steps` steps of `method` from `start` lead to.

    It ends where every number of the gradient is within `tolerance`. If that is not reached, or the
    value becomes infinite or nan, it returns the point with the lowest value. `start` may be the state
    of an earlier descent.
    With `has_gradient`, `f` returns a pair of its value and its gradient, as `value_and_gradient` has
    them. `callback` is called after each step with the state and the value there, and may raise
    StopIteration to make it the last. `progress` shows a bar; MissingExtra without rich (the extra
    `cli`).

    >>> import fgrad as fg
    >>> def bowl(p: dict[str, float]) -> float:
    ...     return fg.square(p["x"] - 1.0) + 10.0 * fg.square(p["y"])
    >>> found = fg.minimize(bowl, {"x": 0.0, "y": 1.0}, fg.momentum(0.02, 0.8))
    >>> found.converged, round(found.params["x"], 5)
    (True, 1.0)
    """
    require_function(f, "minimize")
    if not callable(getattr(method, "start", None)):
        advice = "Call it with its options, as in adam(0.01), momentum(0.01) or lbfgs()."
        raise NotAValue("minimize", "a method", summary(method), advice)
    state: State[Any] = start if isinstance(start, State) else method.start(start)
    state = attrs.evolve(state, params=sealed(state.params), memory=sealed(state.memory))
    allowed = _counted(steps, progress)
    if isinstance(method, Search):
        ready = differentiated(f, state.params, ready=has_gradient)
        return method.search(ready, state, allowed, tolerance, callback or _nothing)
    going = way(f, method, state, ready=has_gradient)
    return _descended(going, allowed, tolerance, callback)


def _descended(
    way: OnTrees | OnArrays,
    steps: Iterable[int],
    tolerance: float,
    callback: Callback[Any] | None,
) -> Minimum[Any]:
    state = way.first
    value, slope = way.f(state.params)
    best = (state.params, value, slope)
    history = [float(value)]
    converged = way.within(slope, tolerance)
    for _ in steps:
        if converged or not math.isfinite(value):
            break
        state = way.step(state, slope)
        value, slope = way.f(state.params)
        history.append(float(value))
        converged = way.within(slope, tolerance)
        # Near the minimum, values differ by rounding only, so the gradient decides.
        if converged or value < best[1] or not math.isfinite(best[1]):
            best = (state.params, value, slope)
        try:
            if callback is not None:
                callback(way.seen(state), history[-1])
        except StopIteration:
            break
    params, value, slope = best
    ends = way.tree(params), value, way.tree(slope)
    return Minimum(*ends, converged, tuple(history), way.seen(state))


def _nothing(state: State[Any], value: float) -> None:
    """The callback if none is given."""


def _counted(steps: int, progress: bool) -> Iterable[int]:
    if not progress:
        return range(steps)
    rich = imported("rich.progress", "progress", "rich", "cli")
    bar: Iterable[int] = rich.track(range(steps), "minimizing")
    return bar
