"""Methods: optimisers as pure steps from state to state, over trees of parameters.

A method makes a first `State` of the parameters, and maps a state and a gradient to the next.
Nothing is updated in place, so any state can be kept, compared, pickled or gone on from.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final, Generic, Protocol, TypeVar

import attrs

from fgrad import trees
from fgrad.ops import scalar as ops

A = TypeVar("A")


@attrs.frozen
class State(Generic[A]):
    """The state of a descent: the parameters, the memory of the method, and the number of steps.

    >>> import fgrad as fg
    >>> step = fg.momentum(0.5)
    >>> step(step.start(1.0), 2.0)
    State(params=0.0, memory=(-1.0,), count=1)
    """

    params: A
    memory: tuple[A, ...] = ()
    count: int = 0


class Method(Protocol):
    """A method of descent: a pure step from a state and the gradient there to the next state.

    >>> import attrs
    >>> import fgrad as fg
    >>> @attrs.frozen
    ... class BySign:
    ...     rate: float
    ...     def start(self, params):
    ...         return fg.State(params)
    ...     def __call__(self, state, gradient):
    ...         step = lambda p, g: p - self.rate * fg.sign(g)
    ...         return fg.State(fg.trees.map(step, state.params, gradient), (), state.count + 1)
    >>> fg.minimize(fg.abs, 3.0, BySign(1.0)).params
    0.0
    """

    def start(self, params: A, /) -> State[A]:
        """The state before the first step."""
        ...

    def __call__(self, state: State[A], gradient: A, /) -> State[A]:
        """The state after one more step."""
        ...


@attrs.frozen
class Arithmetic:
    """The arithmetic of an update: on the numbers of trees, or on arrays."""

    each: Callable[..., Any]
    """`each(f, x, y, ...)` applies `f` to the numbers at each place of all arguments."""
    sqrt: Callable[[Any], Any]
    div: Callable[[Any, Any], Any]


_OF_TREES: Final = Arithmetic(trees.map, ops.sqrt, ops.div)


class Elementwise(ABC):
    """A method that updates each number from the gradient and memory of that number alone.

    So its step is the same over trees and over arrays of all their numbers, bit for bit.
    """

    __slots__ = ()

    @abstractmethod
    def start(self, params: A, /) -> State[A]:
        """The state before the first step."""

    @abstractmethod
    def step(self, state: State[Any], gradient: Any, on: Arithmetic) -> State[Any]:
        """The state after one more step, where all numbers are computed by `on`."""

    def __call__(self, state: State[A], gradient: A, /) -> State[A]:
        """The state after one more step."""
        return self.step(state, gradient, _OF_TREES)


@attrs.frozen
class _Momentum(Elementwise):
    """Steps along the gradient, plus `decay` of the step before."""

    rate: float
    decay: float

    def start(self, params: A, /) -> State[A]:
        return State(params, (trees.map(lambda p: 0.0, params),))

    def step(self, state: State[Any], gradient: Any, on: Arithmetic) -> State[Any]:
        velocity = on.each(lambda v, g: self.decay * v - self.rate * g, state.memory[0], gradient)
        moved = on.each(lambda p, v: p + v, state.params, velocity)
        return State(moved, (velocity,), state.count + 1)


@attrs.frozen
class _Adam(Elementwise):
    """Steps scaled by running means of the gradient and of its square."""

    rate: float
    decay: float
    square_decay: float
    floor: float

    def start(self, params: A, /) -> State[A]:
        zeros = trees.map(lambda p: 0.0, params)
        return State(params, (zeros, zeros))

    def step(self, state: State[Any], gradient: Any, on: Arithmetic) -> State[Any]:
        count = state.count + 1
        mean = on.each(lambda m, g: _mixed(self.decay, m, g), state.memory[0], gradient)
        square = on.each(
            lambda s, g: _mixed(self.square_decay, s, g * g), state.memory[1], gradient
        )
        # Both means start at zero; this corrects their bias.
        rate = self.rate * math.sqrt(1.0 - self.square_decay**count) / (1.0 - self.decay**count)
        floor = self.floor * math.sqrt(1.0 - self.square_decay**count)
        sqrt, div = on.sqrt, on.div
        moved = on.each(
            lambda p, m, s: p - div(rate * m, sqrt(s) + floor), state.params, mean, square
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
