"""Descent: optimisers as pure steps from state to state, over trees of parameters.

A method makes a first `State` of the parameters, and maps a state and a gradient to the next.
Nothing is updated in place, so any state can be kept, compared, pickled or gone on from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import attrs

from fgrad import trees
from fgrad.derivatives import value_and_gradient
from fgrad.errors import MissingExtra
from fgrad.operand import Real

A = TypeVar("A")
Q = TypeVar("Q", bound=Real)


@attrs.frozen
class State(Generic[A]):
    """Where a descent is: the parameters, what the method remembers of its way, and the steps made."""

    params: A
    memory: tuple[A, ...] = ()
    count: int = 0


class Method(Protocol):
    """How to go down: a pure step from a state and the gradient there to the next state."""

    def start(self, params: A, /) -> State[A]:
        """The state before the first step."""
        ...

    def __call__(self, state: State[A], gradient: A, /) -> State[A]:
        """The state after one more step."""
        ...


@attrs.frozen
class _Momentum:
    """Steps along the gradient, plus `decay` of the step before."""

    rate: float
    decay: float

    def start(self, params: A, /) -> State[A]:
        return State(params, (trees.map(lambda p: 0.0, params),))

    def __call__(self, state: State[A], gradient: A, /) -> State[A]:
        velocity = trees.map(lambda v, g: self.decay * v - self.rate * g, state.memory[0], gradient)
        moved = trees.map(lambda p, v: p + v, state.params, velocity)
        return State(moved, (velocity,), state.count + 1)


@attrs.frozen
class _Adam:
    """Steps scaled by running means of the gradient and of its square."""

    rate: float
    decay: float
    square_decay: float
    floor: float

    def start(self, params: A, /) -> State[A]:
        zeros = trees.map(lambda p: 0.0, params)
        return State(params, (zeros, zeros))

    def __call__(self, state: State[A], gradient: A, /) -> State[A]:
        count = state.count + 1
        mean = trees.map(lambda m, g: _mixed(self.decay, m, g), state.memory[0], gradient)
        square = trees.map(
            lambda s, g: _mixed(self.square_decay, s, g * g), state.memory[1], gradient
        )
        # Both means start at zero; dividing by this undoes what that costs the first of them.
        rate = self.rate * math.sqrt(1.0 - self.square_decay**count) / (1.0 - self.decay**count)
        floor = self.floor * math.sqrt(1.0 - self.square_decay**count)
        moved = trees.map(
            lambda p, m, s: p - rate * m / (math.sqrt(s) + floor), state.params, mean, square
        )
        return State(moved, (mean, square), count)


def gradient_descent(rate: float) -> Method:
    """The method of steps against the gradient, `rate` times as long.

    >>> import fgrad as fg
    >>> step = fg.gradient_descent(0.25)
    >>> step(step.start([1.0, 2.0]), [4.0, 0.0]).params
    [0.0, 2.0]
    """
    return _Momentum(rate, 0.0)


def momentum(rate: float, decay: float = 0.9) -> Method:
    """The method of steps against the gradient that keep `decay` of the step before (Polyak 1964).

    >>> import fgrad as fg
    >>> step = fg.momentum(0.25, decay=0.5)
    >>> state = step(step.start(1.0), 4.0)
    >>> step(state, 0.0).params
    -0.5
    """
    return _Momentum(rate, decay)


def adam(
    rate: float = 1e-3, decay: float = 0.9, square_decay: float = 0.999, floor: float = 1e-8
) -> Method:
    """The method of Kingma & Ba (2015): each number moves by about `rate` while its slope is steady.

    >>> import fgrad as fg
    >>> step = fg.adam(0.1)
    >>> round(step(step.start(1.0), 123.0).params, 6)
    0.9
    """
    return _Adam(rate, decay, square_decay, floor)


def _mixed(decay: float, old: Any, new: Any) -> Any:
    return decay * old + (1.0 - decay) * new


@attrs.frozen
class Minimum(Generic[A]):
    """How a descent ended: the parameters it found, their value and gradient, and the way.

    `history` has every value met, the first before any step; `converged` says whether every number
    of the gradient is within the tolerance.
    """

    params: A
    value: float
    gradient: A
    converged: bool
    history: tuple[float, ...]
    state: State[A]


@runtime_checkable  # minimise asks which of the two it was given
class Search(Protocol):
    """How to go down by evaluating the function along the way, as a line search must.

    For what the value and gradient at one place decide, there is `Method`.
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
    ) -> Minimum[A]:
        """Go down from `state`; `f` gives value and gradient, each step takes one of `steps`."""
        ...


def minimise(
    f: Callable[[A], Q],
    start: A | State[A],
    method: Method | Search,
    steps: int = 1000,
    *,
    tolerance: float = 1e-6,
    progress: bool = False,
) -> Minimum[A]:
    """Go down from `start` by at most `steps` steps of `method`.

    Ends where every number of the gradient is within `tolerance`. If that is not reached, or the
    value is no longer finite, it gives the point of the lowest value met. `start` may be the state
    of an earlier descent.
    `progress` shows a bar, with rich (the extra `cli`).

    >>> import fgrad as fg
    >>> def bowl(p: dict[str, float]) -> float:
    ...     return fg.square(p["x"] - 1.0) + 10.0 * fg.square(p["y"])
    >>> found = fg.minimise(bowl, {"x": 0.0, "y": 1.0}, fg.momentum(0.02, 0.8))
    >>> found.converged, round(found.params["x"], 5)
    (True, 1.0)
    """
    differentiated: Callable[[Any], tuple[Any, Any]] = value_and_gradient(f)
    state: State[Any] = start if isinstance(start, State) else method.start(start)
    if isinstance(method, Search):
        return method.search(differentiated, state, _counted(steps, progress), tolerance)
    value, slope = differentiated(state.params)
    best = (state.params, value, slope)
    history = [float(value)]
    converged = _within(slope, tolerance)
    for _ in _counted(steps, progress):
        if converged or not math.isfinite(value):
            break
        state = method(state, slope)
        value, slope = differentiated(state.params)
        history.append(float(value))
        converged = _within(slope, tolerance)
        # At the minimum values differ by rounding only, and the gradient knows better.
        if converged or value < best[1] or not math.isfinite(best[1]):
            best = (state.params, value, slope)
    return Minimum(*best, converged, tuple(history), state)


def _within(slope: object, tolerance: float) -> bool:
    return all(abs(float(g)) <= tolerance for g in trees.leaves(slope))


def _counted(steps: int, progress: bool) -> Iterable[int]:
    if not progress:
        return range(steps)
    try:
        from rich.progress import track  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise MissingExtra("progress", "rich", "cli") from error
    bar: Iterable[int] = track(range(steps), "minimising")
    return bar
