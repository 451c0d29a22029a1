"""The iteration of a descent: on trees by any method, or on arrays of all numbers of a tree.

Arrays are used where they change nothing but the time: the steps and the function have the same bits,
and the user gets trees.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import attrs

from fgrad import trees
from fgrad.errors import NotAValue, summary
from fgrad.ops.operand import any_of_arrays, arrays, is_array
from fgrad.optimize.methods import Elementwise, Method, State, of_arrays
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
    unravel: trees.Unravel[Any]

    def step(self, state: State[Any], slope: Any) -> State[Any]:
        """The next state."""
        update = self.method.update(state.count + 1, of_arrays())
        door = arrays()
        parts = door.quietly(update, state.params, *state.memory, slope)
        params, *memory = map(door.plain, parts)
        return State(params, tuple(memory), state.count + 1)

    def within(self, slope: Any, tolerance: float) -> bool:
        """Whether each number of the gradient is within the tolerance."""
        return bool((abs(slope) <= tolerance).all())

    def tree(self, numbers: Any) -> Any:
        """The tree of these numbers."""
        return self.unravel(numbers)

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
        # Dicts may have their keys in another order.
        if not structure.read(slope, leaves, plain=True):
            slope = structure.unflatten(trees.matched(structure, slope, "gradient"))
        return value, slope

    return value_and_slope


def way(
    f: Callable[[Any], Any], method: Method, state: State[Any], *, ready: bool
) -> OnTrees | OnArrays:
    """The iteration: on one array if that is faster and numpy has been imported, else on trees."""
    on_trees = differentiated(f, state.params, ready=ready)
    if not isinstance(method, Elementwise):
        return OnTrees(on_trees, method, state)
    leaves = trees.leaves(state.params)
    kinds = {*map(type, (*leaves, *trees.leaves(state.memory)))}
    some = any_of_arrays(kinds)
    many = some or (len(leaves) >= MANY and "numpy" in sys.modules)
    if not many or not all(kind is float or kind.__name__ == "ndarray" for kind in kinds):
        return OnTrees(on_trees, method, state)
    _, unravel = trees.ravel(state.params)

    def array(tree: Any) -> Any:
        return unravel.joined(trees.matched(unravel.structure, tree, "gradient"), "gradient")

    def through_trees(params: Any) -> tuple[Any, Any]:
        given = unravel(params)
        value, slope = _pair(f(given)) if ready else on_trees(given)
        return value, array(slope)

    function: object = f
    at_once = (
        function.on_arrays(state.params, ready=ready)
        if isinstance(function, HasGradient) and not some
        else None
    )
    first = State(array(state.params), tuple(map(array, state.memory)), state.count)
    return OnArrays(at_once or through_trees, method, first, unravel)


def _pair(given: Any) -> tuple[Any, Any]:
    if not isinstance(given, tuple) or len(given) != 2:
        advice = "With has_gradient, let the function return (value, gradient)."
        raise NotAValue("minimize", "a pair", summary(given), advice)
    return given
