"""Descent: go down a function of a tree of parameters by the steps of a method."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Iterable
from typing import (
    Any,
    Final,
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
from fgrad.derivative import value_and_gradient
from fgrad.errors import MissingExtra, NotAValue
from fgrad.methods import Arithmetic, Elementwise, Method, State
from fgrad.operand import Real

A = TypeVar("A")
Q = TypeVar("Q", bound=Real)
Callback: TypeAlias = Callable[[State[A], float], object]
"""What is called after each step with the state and the value there; StopIteration ends the descent."""

MANY: Final = 64
"""Numbers from which on arrays of numpy are faster than Python."""


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
        callback: Callback[A],
    ) -> Minimum[A]:
        """Go down from `state`; `f` gives value and gradient, each step takes one of `steps`.

        `callback` is called after each, and its StopIteration ends the search.
        """
        ...


@overload
def minimise(
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
def minimise(
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
def minimise(
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
    """Go down from `start` by at most `steps` steps of `method`.

    Ends where every number of the gradient is within `tolerance`. If that is not reached, or the
    value is no longer finite, it gives the point of the lowest value met. `start` may be the state
    of an earlier descent.
    With `has_gradient`, `f` gives a pair of its value and its gradient, as `value_and_gradient` has
    them. `callback` is called after each step with the state and the value there, and may raise
    StopIteration to make it the last. `progress` shows a bar, with rich (the extra `cli`).

    >>> import fgrad as fg
    >>> def bowl(p: dict[str, float]) -> float:
    ...     return fg.square(p["x"] - 1.0) + 10.0 * fg.square(p["y"])
    >>> found = fg.minimise(bowl, {"x": 0.0, "y": 1.0}, fg.momentum(0.02, 0.8))
    >>> found.converged, round(found.params["x"], 5)
    (True, 1.0)
    """
    state: State[Any] = start if isinstance(start, State) else method.start(start)
    differentiated = _ready(f, state.params) if has_gradient else value_and_gradient(f)
    allowed = _counted(steps, progress)
    if isinstance(method, Search):
        return method.search(differentiated, state, allowed, tolerance, callback or _nothing)
    return _descended(differentiated, _way(method, state), allowed, tolerance, callback)


def _descended(
    f: Callable[[Any], tuple[Any, Any]],
    way: _OnTrees | _OnArrays,
    steps: Iterable[int],
    tolerance: float,
    callback: Callback[Any] | None,
) -> Minimum[Any]:
    state = way.first
    params = way.tree(state.params)
    value, slope = f(params)
    read = way.read(slope)
    best = (params, value, slope)
    history = [float(value)]
    converged = way.within(read, tolerance)
    for _ in steps:
        if converged or not math.isfinite(value):
            break
        state = way.step(state, read)
        params = way.tree(state.params)
        value, slope = f(params)
        read = way.read(slope)
        history.append(float(value))
        converged = way.within(read, tolerance)
        # At the minimum values differ by rounding only, and the gradient knows better.
        if converged or value < best[1] or not math.isfinite(best[1]):
            best = (params, value, slope)
        try:
            if callback is not None:
                callback(way.ended(state), history[-1])
        except StopIteration:
            break
    return Minimum(*best, converged, tuple(history), way.ended(state))


@attrs.frozen
class _OnTrees:
    """A descent by any method, on trees as they are."""

    method: Method
    first: State[Any]

    def tree(self, params: Any) -> Any:
        return params

    def read(self, slope: Any) -> Any:
        return slope

    def step(self, state: State[Any], slope: Any) -> State[Any]:
        return self.method(state, slope)

    def within(self, slope: Any, tolerance: float) -> bool:
        return all(abs(float(g)) <= tolerance for g in trees.leaves(slope))  # type: ignore[arg-type]  # floats

    def ended(self, state: State[Any]) -> State[Any]:
        return state


@attrs.frozen
class _OnArrays:
    """The same by a method that moves each number by itself, on arrays of all numbers of a tree."""

    method: Elementwise
    structure: trees.Structure[Any]
    numpy: Any
    start: State[Any]

    @property
    def first(self) -> State[Any]:
        memory = tuple(map(self.read, self.start.memory))
        return State(self.read(self.start.params), memory, self.start.count)

    def tree(self, params: Any) -> Any:
        return self.structure.unflatten(params.tolist())

    def read(self, slope: Any) -> Any:
        return self.numpy.array(trees.matched(self.structure, slope, "gradient"), float)

    def step(self, state: State[Any], slope: Any) -> State[Any]:
        on = Arithmetic(lambda f, *arrays: f(*arrays), self.numpy.sqrt, operator.truediv)
        with self.numpy.errstate(all="ignore"):
            return self.method.step(state, slope, on)

    def within(self, slope: Any, tolerance: float) -> bool:
        return bool(abs(slope).max() <= tolerance)

    def ended(self, state: State[Any]) -> State[Any]:
        memory = tuple(map(self.tree, state.memory))
        return State(self.tree(state.params), memory, state.count)


def _way(method: Method, state: State[Any]) -> _OnTrees | _OnArrays:
    """On arrays where that is faster and cannot be told apart, if somebody has imported numpy."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(method, Elementwise):
        return _OnTrees(method, state)
    leaves, structure = trees.flatten(state.params)
    many = [leaves, *[trees.leaves(tree) for tree in state.memory]]
    if len(leaves) < MANY or not all({float}.issuperset(map(type, row)) for row in many):
        return _OnTrees(method, state)
    return _OnArrays(method, structure, numpy, state)


def _ready(f: Callable[[Any], Any], params: Any) -> Callable[[Any], tuple[Any, Any]]:
    """The function `f`, after a look at what it gives: a pair, of which the second is built as `params` is."""
    structure = trees.flatten(params)[1]

    def value_and_slope(params: Any) -> tuple[Any, Any]:
        given = f(params)
        if not isinstance(given, tuple) or len(given) != 2:
            advice = "With has_gradient, let the function return (value, gradient)."
            raise NotAValue("minimise", "a pair", f"{given!r:.60}", advice)
        value, slope = given
        leaves: list[Any] = []
        if not structure.read(slope, leaves):  # dicts may have their keys in another order
            slope = structure.unflatten(trees.matched(structure, slope, "gradient"))
        return value, slope

    return value_and_slope


def _nothing(state: State[Any], value: float) -> None:
    """What is called after each step where nobody asked."""


def _counted(steps: int, progress: bool) -> Iterable[int]:
    if not progress:
        return range(steps)
    try:
        from rich.progress import track  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise MissingExtra("progress", "rich", "cli") from error
    bar: Iterable[int] = track(range(steps), "minimising")
    return bar
