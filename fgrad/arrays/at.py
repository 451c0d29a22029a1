"""Assignment in the functional manner: an array with other elements at an index.

Where an index names an element several times, `add` adds all of what comes, and `set` keeps what
comes last, as numpy does; nothing flows to what was overwritten.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, final, overload

import attrs
import numpy as np

from fgrad.arrays.linear import (
    Key,
    Shape,
    full,
    indexed_shape,
    indexing,
    placing,
    remembered,
    widened,
)
from fgrad.arrays.nodes import ArrayNode
from fgrad.arrays.primitive import Contribution, Contributions, Whole
from fgrad.arrays.shapes import given, index, known_key, refused, reshape
from fgrad.arrays.values import Array, plain, shape_of
from fgrad.graph.node import Node
from fgrad.ops.multiple import either, guarded
from fgrad.ops.operand import Guarded

if TYPE_CHECKING:
    from fgrad.arrays.signatures import Index

X = TypeVar("X", ArrayNode, Array)


@final
@attrs.frozen(eq=False)
class At(Generic[X]):
    """The places of an array, to be named by an index: `x.at[key]`, or `at(x)[key]`.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> fg.at(np.zeros(3))[[0, 2]].set(1.0), fg.at(np.zeros(3))[[0, 0]].add(1.0)
    (array([1., 0., 1.]), array([2., 0., 0.]))
    """

    array: X

    def __getitem__(self, key: Index, /) -> Places[X]:
        """The elements at an index, as numpy has it; ShapeMismatch if there are none."""
        return Places(self.array, known_key(key, shape_of(self.array)))


@final
@attrs.frozen(eq=False)
class Places(Generic[X]):
    """Some elements of an array, which may be replaced or added to: what comes is another array."""

    array: X
    key: Key

    def __getattr__(self, name: str) -> NoReturn:
        """Refuse what others have here, in one sentence."""
        problem = f"{type(self).__name__!r} object has no attribute {name!r}"
        if not name.startswith("_"):
            problem += (
                "; it has get, set and add: write y = x.at[key].get(), compute with y, and"
                " x.at[key].set(...) what comes of it"
            )
        raise AttributeError(problem, name=name, obj=self)

    def get(self) -> X:
        """The elements."""
        found: X = index(self.array, self.key.parts)
        return found

    if TYPE_CHECKING:

        @overload
        def set(self, values: Array | float) -> X: ...
        @overload
        def set(self, values: Node[float] | ArrayNode) -> ArrayNode: ...

    def set(self, values: Any) -> Any:
        """The array with `values` in their place; of several for one element the last."""
        return _changed(setting, self, values, "set")

    if TYPE_CHECKING:

        @overload
        def add(self, values: Array | float) -> X: ...
        @overload
        def add(self, values: Node[float] | ArrayNode) -> ArrayNode: ...

    def add(self, values: Any) -> Any:
        """The array with `values` added to them; of several for one element all."""
        return _changed(adding, self, values, "add")


def at(x: Any) -> Any:
    """The places of an array or of a node of one; NotAValue for anything else."""
    return At(given(x, "at"))


def _changed(make: Any, places: Places[Any], values: Any, where: str) -> Any:
    taken = indexed_shape(places.key, shape_of(places.array))
    values = given(values, where)
    shape = shape_of(values)
    more = max(0, len(shape) - len(taken))
    try:
        fits = np.broadcast_shapes(shape[more:], taken) == taken and set(shape[:more]) <= {1}
    except ValueError:
        fits = False
    if not fits:
        got = f"values of shape {shape} for elements of shape {taken}"
        raise refused(f"at[].{where}", got, "They are aligned from the last axis.")
    return make(places.key)(places.array, widened(reshape(values, shape[more:]), taken))


@remembered
def _last(key: Key, shape: Shape) -> tuple[Any, Any]:
    """Which elements keep what they were, and which of what comes is the last for its element."""
    taken = indexed_shape(key, shape)
    order = np.arange(np.prod(taken, dtype=int)).reshape(taken)
    winner = np.full(shape, -1)
    winner[key.parts] = order
    return plain(winner == -1), plain(winner[key.parts] == order)


@remembered
def setting(key: Key) -> Whole:
    """The first array with the elements of the second at an index."""

    def run(x: Any, v: Any) -> Any:
        out = np.array(x)
        # In the order in which `_last` counts.
        out[key.parts] = np.ascontiguousarray(v).reshape(np.shape(v))
        return out

    def pullback(
        out: Any, args: Sequence[Any], g: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        g = full(g, shape_of(out))
        kept, last = _last(key, shape_of(out))
        to_x = guarded(kept, g) if wanted[0] else None
        return to_x, guarded(last, indexing(key).along(g)) if wanted[1] else None

    def pushforward(out: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        kept, last = _last(key, shape_of(out))
        old = None if moves[0] is None else guarded(kept, moves[0])
        new = None if moves[1] is None else _placed(key, guarded(last, moves[1]), shape_of(out))
        return _both(old, new)

    return Whole("set", run, (setting, (key,)), key, 2, pullback, pushforward)


@remembered
def adding(key: Key) -> Whole:
    """The first array with the elements of the second added at an index."""

    def run(x: Any, v: Any) -> Any:
        out = np.array(x)
        if key.basic:
            out[key.parts] += v
        else:
            np.add.at(out, key.parts, v)
        return out

    def pullback(
        out: Any, args: Sequence[Any], g: Contribution, wanted: Sequence[bool]
    ) -> Contributions:
        g = full(g, shape_of(out))
        return g, indexing(key).along(g) if wanted[1] else None

    def pushforward(out: Any, args: Sequence[Any], moves: Contributions) -> Contribution:
        new = None if moves[1] is None else _placed(key, moves[1], shape_of(out))
        return _both(moves[0], new)

    return Whole("add_at", run, (adding, (key,)), key, 2, pullback, pushforward)


def _placed(key: Key, move: Contribution, shape: Shape) -> Contribution:
    """A tangent at an index; elsewhere is none, which is less than a zero."""
    taken = indexed_shape(key, shape)
    if not isinstance(move, Guarded):
        everywhere: Any = np.ones(taken, bool) if taken else True
        move = Guarded(everywhere, move, zero=True)
    return placing(key, shape).along(full(move, taken))


def _both(one: Contribution, other: Contribution) -> Contribution:
    if one is None or other is None:
        return other if one is None else one
    return either(one, other)
