"""Methods: optimisers as pure steps from state to state, over trees of parameters.

A method makes a first `State` of the parameters, and maps a state and a gradient to the next.
Nothing is updated in place, so any state can be kept, compared, pickled or gone on from.
"""

from __future__ import annotations

import math
import operator
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar

import attrs

from fgrad import trees
from fgrad.autodiff.gradients import zero_of
from fgrad.errors import CyclicTree, NotAValue, TreeMismatch
from fgrad.graph.node import number_of
from fgrad.ops import scalar as ops
from fgrad.ops.operand import Operand, any_of_arrays, arrays, is_array, is_of_arrays

A = TypeVar("A")


def compared(tree: object) -> object:
    """What trees are compared by: themselves, or their structure and numbers if there are arrays.

    An array has no `==` that is one truth value.
    """
    found = _with_arrays(tree)
    if found is None:
        return tree
    leaves, structure = found
    shapes = tuple(map(arrays().shape_of, leaves))
    return structure, shapes, tuple(map(_plain, leaves))


def _with_arrays(tree: A) -> tuple[Sequence[Any], trees.Structure[A]] | None:
    """The leaves and the structure, if there are arrays among the leaves."""
    try:
        leaves, structure = trees.flatten(tree)
    except (NotAValue, CyclicTree):
        return None  # the memory of a method may be anything
    return (leaves, structure) if any_of_arrays({*map(type, leaves)}) else None


def _plain(leaf: Any) -> object:
    return tuple(leaf.ravel().tolist()) if is_array(leaf) else leaf


@attrs.frozen
class State(Generic[A]):
    """The state of a descent: the parameters, the memory of the method, and the number of steps.

    >>> import fgrad as fg
    >>> step = fg.momentum(0.5)
    >>> step(step.start(1.0), 2.0)
    State(params=0.0, memory=(-1.0,), count=1)
    """

    params: A = attrs.field(eq=compared)
    memory: tuple[A, ...] = attrs.field(default=(), eq=compared)
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


Update: TypeAlias = Callable[..., tuple[Any, ...]]
"""A function of a number, its memory and its slope, that returns the next number and memory."""


@attrs.frozen
class Arithmetic:
    """The arithmetic of an update that is not an operator: on numbers and nodes, or on arrays."""

    sqrt: Callable[[Any], Any]
    div: Callable[[Any, Any], Any]


_OF_NUMBERS: Final = Arithmetic(ops.sqrt, ops.div)


@cache
def of_arrays() -> Arithmetic:
    """The arithmetic of arrays, for a caller that has one, so that numpy is imported."""
    return Arithmetic(sys.modules["numpy"].sqrt, operator.truediv)


class Elementwise(ABC):
    """A method that updates each number from the gradient and memory of that number alone.

    So its step is the same for a number, an array, and one array of all numbers of a tree, bit for bit.
    """

    __slots__ = ()

    @abstractmethod
    def start(self, params: A, /) -> State[A]:
        """The state before the first step."""

    @abstractmethod
    def update(self, count: int, on: Arithmetic) -> Update:
        """The update of step `count`, from 1, where numbers are computed by `on`."""

    def __call__(self, state: State[A], gradient: A, /) -> State[A]:
        """The state after one more step."""
        leaves, structure = trees.flatten(state.params)
        named = (*[(tree, "memory") for tree in state.memory], (gradient, "gradient"))
        columns = [leaves, *[trees.matched(structure, tree, name) for tree, name in named]]
        kinds: set[Any] = set().union(*[map(type, column) for column in columns])
        update = self.update(state.count + 1, _OF_NUMBERS)
        rows: Sequence[tuple[Any, ...]]
        if any(issubclass(kind, Operand) for kind in kinds):
            _, rows = trees.mapped(update, state.params, *state.memory, gradient)
            if any_of_arrays(kinds):
                rows = [tuple(map(arrays().plain, row)) for row in rows]
        elif any_of_arrays(kinds):
            require_shapes(structure, columns, [name for _, name in named])
            rows = arrays().quietly(self._of_arrays, columns, state.count + 1)
        else:
            rows = [*map(update, *columns)]
        made = zip(*rows, strict=True) if rows else ((),) * len(columns)
        params, *memory = [structure.unflatten(column) for column in made]
        return State(params, tuple(memory), state.count + 1)

    def _of_arrays(self, columns: Sequence[Sequence[Any]], count: int) -> list[tuple[Any, ...]]:
        """The updates of numbers and of whole arrays, which nobody can write to."""
        plain = arrays().plain
        on_numbers, on_arrays = self.update(count, _OF_NUMBERS), self.update(count, of_arrays())
        return [
            tuple(map(plain, on_arrays(*row))) if is_array(row[0]) else on_numbers(*row)
            for row in zip(*columns, strict=True)
        ]


def require_shapes(
    structure: trees.Structure[Any], columns: Sequence[Sequence[Any]], names: Sequence[str]
) -> None:
    """Raise TreeMismatch, with the place, unless all columns have the shapes of the first."""
    first, *others = [[*map(arrays().shape_of, column)] for column in columns]
    for name, other in zip(names, others, strict=True):
        if other != first:
            place = [one == two for one, two in zip(first, other, strict=True)].index(False)
            path = name + structure.paths()[place]
            raise TreeMismatch(path, f"shape {first[place]}", f"shape {other[place]}")


@attrs.frozen
class _Momentum(Elementwise):
    """Steps along the gradient, plus `decay` of the step before."""

    rate: float
    decay: float

    def start(self, params: A, /) -> State[A]:
        return State(sealed(params), (trees.map(_zero, params),))

    def update(self, count: int, on: Arithmetic) -> Update:
        def moved(p: Any, v: Any, g: Any) -> tuple[Any, ...]:
            v = self.decay * v - self.rate * g
            return p + v, v

        return moved


@attrs.frozen
class _Adam(Elementwise):
    """Steps scaled by running means of the gradient and of its square."""

    rate: float
    decay: float
    square_decay: float
    floor: float

    def start(self, params: A, /) -> State[A]:
        zeros = trees.map(_zero, params)
        return State(sealed(params), (zeros, zeros))

    def update(self, count: int, on: Arithmetic) -> Update:
        # Both means start at zero; this corrects their bias.
        rate = self.rate * math.sqrt(1.0 - self.square_decay**count) / (1.0 - self.decay**count)
        floor = self.floor * math.sqrt(1.0 - self.square_decay**count)

        def moved(p: Any, m: Any, s: Any, g: Any) -> tuple[Any, ...]:
            m = _mixed(self.decay, m, g)
            s = _mixed(self.square_decay, s, g * g)
            return p - on.div(rate * m, on.sqrt(s) + floor), m, s

        return moved


def sealed(tree: A) -> A:
    """The tree with arrays that nobody can write to, which are copied if somebody can."""
    found = _with_arrays(tree)
    if found is None:
        return tree
    leaves, structure = found
    held = arrays().array
    return structure.unflatten([held(x, "params") if is_array(x) else x for x in leaves])


def _zero(leaf: Any) -> Any:
    if type(leaf) is float:
        return 0.0
    return zero_of(number_of(leaf)) if is_array(leaf) or is_of_arrays(leaf) else 0.0


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
