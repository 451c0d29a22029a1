"""The iteration of a descent: on trees by any method, or on arrays of all numbers of a tree.

Arrays are used where they change nothing but the time: the steps and the function have the same bits,
and the user gets trees.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import attrs

from fgrad import trees
from fgrad.errors import NotAValue, summary
from fgrad.ops.operand import is_array
from fgrad.optimize.methods import Arithmetic, Elementwise, Method, State
from fgrad.transforms.gradient import HasGradient, value_and_gradient

Differentiated: TypeAlias = Callable[[Any], tuple[Any, Any]]

MANY: Final = 64
"""The number of parameters from which on arrays of numpy are faster than Python."""


@attrs.frozen
class OnTrees:
    """A descent by any method, on trees."""

    f: Differentiated
    method: Method
    first: State[Any]

    def step(self, state: State[Any], slope: Any) -> State[Any]:
        """The next state."""
        return self.method(state, slope)

    def within(self, slope: Any, tolerance: float) -> bool:
        """Whether each number of the gradient is within the tolerance."""
        return all(_is_within(g, tolerance) for g in trees.leaves(slope))

    def tree(self, numbers: Any) -> Any:
        """The tree of these numbers."""
        return numbers

    def seen(self, state: State[Any]) -> State[Any]:
        """The state with trees."""
        return state


def _is_within(slope: Any, tolerance: float) -> bool:
    if is_array(slope):
        return bool((abs(slope) <= tolerance).all())
    return abs(float(slope)) <= tolerance


@attrs.frozen
class OnArrays:
    """The same by a method that updates each number by itself."""

    f: Differentiated
    """The function of arrays."""
    method: Elementwise
    first: State[Any]
    structure: trees.Structure[Any]
    numpy: Any

    def step(self, state: State[Any], slope: Any) -> State[Any]:
        """The next state."""
        on = Arithmetic(lambda f, *arrays: f(*arrays), self.numpy.sqrt, operator.truediv)
        with self.numpy.errstate(all="ignore"):
            return self.method.step(state, slope, on)

    def within(self, slope: Any, tolerance: float) -> bool:
        """Whether each number of the gradient is within the tolerance."""
        return bool(abs(slope).max() <= tolerance)

    def tree(self, numbers: Any) -> Any:
        """The tree of these numbers."""
        return self.structure.unflatten(numbers.tolist())

    def seen(self, state: State[Any]) -> State[Any]:
        """The state with trees."""
        memory = tuple(map(self.tree, state.memory))
        return State(self.tree(state.params), memory, state.count)


def differentiated(f: Callable[[Any], Any], params: Any, *, ready: bool) -> Differentiated:
    """The function that returns the value and the gradient, which has the structure of `params`.

    If `ready`, `f` returns both; NotAValue if it returns no pair, TreeMismatch for another structure.
    """
    if not ready:
        return value_and_gradient(f)
    structure = trees.flatten(params)[1]

    def value_and_slope(params: Any) -> tuple[Any, Any]:
        value, slope = _pair(f(params))
        leaves: list[Any] = []
        if not structure.read(slope, leaves):  # dicts may have their keys in another order
            slope = structure.unflatten(trees.matched(structure, slope, "gradient"))
        return value, slope

    return value_and_slope


def way(
    f: Callable[[Any], Any], method: Method, state: State[Any], *, ready: bool
) -> OnTrees | OnArrays:
    """The iteration: on arrays if that is faster and numpy has been imported, else on trees."""
    on_trees = differentiated(f, state.params, ready=ready)
    numpy = sys.modules.get("numpy")
    leaves, structure = trees.flatten(state.params)
    many = [leaves, *[trees.leaves(tree) for tree in state.memory]]
    floats = all({float}.issuperset(map(type, row)) for row in many)
    if not isinstance(method, Elementwise) or numpy is None or len(leaves) < MANY or not floats:
        return OnTrees(on_trees, method, state)

    def array(tree: Any) -> Any:
        return numpy.array(trees.matched(structure, tree, "gradient"), float)

    def through_trees(params: Any) -> tuple[Any, Any]:
        given = structure.unflatten(params.tolist())
        value, slope = _pair(f(given)) if ready else on_trees(given)
        return value, array(slope)

    function: object = f
    at_once = (
        function.on_arrays(state.params, ready=ready) if isinstance(function, HasGradient) else None
    )
    first = State(array(state.params), tuple(map(array, state.memory)), state.count)
    return OnArrays(at_once or through_trees, method, first, structure, numpy)


def _pair(given: Any) -> tuple[Any, Any]:
    if not isinstance(given, tuple) or len(given) != 2:
        advice = "With has_gradient, let the function return (value, gradient)."
        raise NotAValue("minimize", "a pair", summary(given), advice)
    return given
