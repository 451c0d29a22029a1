"""Trees (pytrees), taken apart and rebuilt; long: a `Registry` has each function as a typed method too.

A tree is nested containers with numbers or nodes at their leaves. It is flattened into its leaves,
from left to right, and its `Structure`, and rebuilt from other leaves. Containers are tuples, lists,
dicts, NamedTuples, dataclasses, attrs classes, persistent maps and vectors, and None (which has no
leaves). A `Registry` with more of them is another value, so that a registration changes nobody else's
results.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, overload

import attrs

from fgrad.errors import CyclicTree, NotAValue, TreeMismatch
from fgrad.graph.node import Node
from fgrad.trees.containers import STATIC as STATIC
from fgrad.trees.containers import USUAL, Container, Parts, are_leaves, container_of
from fgrad.trees.leaf import Leaf as Leaf
from fgrad.trees.leaf import argument, number, result, spread
from fgrad.trees.sameness import equal
from fgrad.trees.structure import LEAF as LEAF
from fgrad.trees.structure import Structure as Structure
from fgrad.trees.structure import row_of, structured
from fgrad.trees.structure import tupled as tupled
from fgrad.trees.vector import Unravel, raveled

if TYPE_CHECKING:
    from fgrad.arrays.values import Array

T = TypeVar("T")
R = TypeVar("R")
_Nodes: TypeAlias = (
    Node[float] | list[Node[float]] | tuple[Node[float], ...] | dict[Any, Node[float]]
)

_DEEPEST: Final = 200
_map: Final = map  # Python's, which is hidden below
_REMEMBERED: Final = 1024
"""The number of leaves of a tuple or list up to which its structure is cached."""
_TUPLE, _LIST = USUAL[tuple], USUAL[list]


@attrs.frozen
class Registry:
    """The containers that are taken apart; everything else is a leaf.

    `fgrad.trees.map` and the other functions are the methods of the registry of the usual containers;
    `register` returns another with one more.
    """

    _containers: Mapping[type, Container]

    def register(
        self,
        kind: type,
        take: Callable[[Any], tuple[Mapping[Any, Any], Any]],
        make: Callable[[Mapping[Any, Any], Any], Any],
    ) -> Registry:
        """A registry that also takes apart `kind`, as `fgrad.trees.register`."""

        def taken(tree: Any) -> Parts:
            children, static = take(tree)
            return Parts(tuple(children), tuple(children.values()), static)

        def made(parts: Parts) -> Any:
            return make(dict(zip(parts.keys, parts.children, strict=True)), parts.static)

        container = Container(taken, made, lambda key: f"[{key!r}]")
        return Registry(MappingProxyType({**self._containers, kind: container}))

    def flatten(self, tree: T, name: str = "tree") -> tuple[tuple[Leaf, ...], Structure[T]]:
        """The leaves and the structure, as `fgrad.trees.flatten`."""
        return self._flattened(tree, name, number)

    def _flattened(
        self,
        tree: T,
        name: str,
        leaf: Callable[[Any, str], tuple[Leaf, Structure[Any]]],
        *,
        plain: bool = True,
    ) -> tuple[tuple[Leaf, ...], Structure[T]]:
        leaves: list[Leaf] = []
        structure = self._walked(tree, leaves, _DEEPEST, plain=plain)
        if structure is None:
            leaves.clear()
            structure = self._taken(tree, name, leaves, (), leaf)
        return tuple(leaves), structure

    def matched(self, structure: Structure[T], tree: T, name: str = "tree") -> tuple[Leaf, ...]:
        """The leaves of `tree` in the order of `structure`, as `fgrad.trees.matched`."""
        leaves: list[Leaf] = []
        if self._containers is not USUAL or not structure.read(tree, leaves, plain=True):
            leaves.clear()
            self._matched(structure, tree, name, leaves, number)
        return tuple(leaves)

    def leaves(self, tree: object) -> tuple[Leaf, ...]:
        """The leaves, as `fgrad.trees.leaves`."""
        return self.flatten(tree)[0]

    def paths(self, tree: object) -> tuple[str, ...]:
        """The path of each leaf, as `fgrad.trees.paths`."""
        return self.flatten(tree)[1].paths()

    def ravel(self, tree: T) -> tuple[Array, Unravel[T]]:
        """The vector of all numbers, and the function back, as `fgrad.trees.ravel`."""
        return raveled(*self.flatten(tree))

    def map(self, f: Callable[..., object], tree: T, /, *others: T) -> T:
        """The tree of the results of `f` for each leaf, as `fgrad.trees.map`."""
        structure, results = self.mapped(f, tree, *others)
        return structure.unflatten(results)

    def mapped(
        self, f: Callable[..., R], tree: T, /, *others: T
    ) -> tuple[Structure[T], Sequence[R]]:
        """The structure, and the results of `f` for each leaf, which `map` makes a tree of."""
        leaves, structure = self.flatten(tree)
        columns = [leaves]
        columns += [
            self.matched(structure, other, f"tree {i}") for i, other in enumerate(others, 2)
        ]
        if not any(issubclass(kind, Node) for kind in {*_map(type, leaves)}):
            return structure, [*_map(f, *columns)]
        made: dict[tuple[int, ...], R] = {}
        results: list[R] = []
        for row in zip(*columns, strict=True):
            if isinstance(row[0], Node):
                place = tuple([id(leaf) for leaf in row])
                result = made[place] if place in made else made.setdefault(place, f(*row))
            else:
                result = f(*row)
            results.append(result)
        return structure, results

    def _walked(
        self, tree: Any, leaves: list[Leaf], levels: int, *, plain: bool
    ) -> Structure[Any] | None:
        """The structure, as `_taken` returns it, in a tenth of the time; None where that raises.

        It builds no paths, and checks leaves side by side together.
        """
        container = container_of(tree, self._containers)
        if container is None:
            leaves.append(tree)
            return LEAF if are_leaves((tree,), self._containers, plain=plain) else None
        if not levels:
            return None
        row = container is _TUPLE or container is _LIST
        parts = Parts((), tuple(tree)) if row else container.take(tree)
        given = parts.children
        kind: Any = type(tree)  # mypy takes a class for nothing that has a hash
        if are_leaves(given, self._containers, plain=plain):
            leaves += given
            if row and len(given) <= _REMEMBERED:
                return row_of(kind, len(given))
            children = [LEAF] * len(given)
        else:
            children = []
            for child in given:
                structure = self._walked(child, leaves, levels - 1, plain=plain)
                if structure is None:
                    return None
                children.append(structure)
        if row:
            parts = Parts(tuple(range(len(given))), given)
        return structured(kind, parts, tuple(children), container)

    def _taken(
        self,
        tree: Any,
        path: str,
        leaves: list[Leaf],
        above: tuple[int, ...],
        leaf: Callable[[Any, str], tuple[Leaf, Structure[Any]]],
    ) -> Structure[Any]:
        container = container_of(tree, self._containers)
        if container is None:
            value, structure = leaf(tree, path)
            leaves.append(value)
            return structure
        if id(tree) in above:
            raise CyclicTree(path)
        if len(above) == _DEEPEST:
            advice = "Flatten what is nested so deeply."
            raise NotAValue(path[:80], f"a tree of at most {_DEEPEST} levels", "more", advice)
        parts = container.take(tree)
        children = tuple(
            self._taken(child, path + container.entry(key), leaves, (*above, id(tree)), leaf)
            for key, child in zip(parts.keys, parts.children, strict=True)
        )
        return structured(type(tree), parts, children, container)

    def _matched(
        self,
        structure: Structure[Any],
        tree: Any,
        path: str,
        leaves: list[Leaf],
        leaf: Callable[[Any, str], tuple[Leaf, Structure[Any]]],
    ) -> None:
        """Append the leaves of `tree` in the order of `structure`, which it must have."""
        container = container_of(tree, self._containers)
        if container is None and structure.kind is None:
            leaves.append(leaf(tree, path)[0])
            return
        if container is None or type(tree) is not structure.kind:
            raise TreeMismatch(path, _kind_name(structure.kind), _kind_name(type(tree)))
        parts = container.take(tree)
        children = dict(zip(parts.keys, parts.children, strict=True))
        if children.keys() != set(structure.keys):
            raise TreeMismatch(path, f"keys {list(structure.keys)}", f"keys {list(parts.keys)}")
        if not equal(parts.static, structure.static):
            needed, got = (" ".join(repr(x).split()) for x in (structure.static, parts.static))
            raise TreeMismatch(path, f"{needed:.60}", f"{got:.60}")
        for key, child in zip(structure.keys, structure.children, strict=True):
            self._matched(child, children[key], path + container.entry(key), leaves, leaf)


# Functions, not `results = _USUAL.results`: a typed package declares what each public name is.


def results(tree: T, name: str = "result") -> tuple[tuple[Leaf, ...], Structure[T]]:
    """The leaves and the structure of the result of a function: numbers, nodes and truth values.

    Errors are those of `flatten`.
    """
    return _USUAL._flattened(tree, name, result)


def arguments(tree: T, name: str, *, arrays: bool = False) -> tuple[tuple[Leaf, ...], Structure[T]]:
    """The leaves and the structure of arguments: numbers, nodes, truth values, and `arrays` if they are spread.

    Errors are those of `flatten`.
    """
    leaf = spread if arrays else argument
    return _USUAL._flattened(tree, name, leaf, plain=arrays)


def matched_results(structure: Structure[T], tree: T, name: str) -> tuple[Leaf, ...]:
    """The leaves of a tree like the result of a function, in the order of `structure`, as `matched`."""
    leaves: list[Leaf] = []
    _USUAL._matched(structure, tree, name, leaves, result)
    return tuple(leaves)


def _kind_name(kind: type | None) -> str:
    return "a leaf" if kind is None or kind in (Node, float, int) else f"a {kind.__name__}"


_USUAL: Final = Registry(USUAL)


def flatten(tree: T, name: str = "tree") -> tuple[tuple[Leaf, ...], Structure[T]]:
    """The leaves of `tree`, from left to right, and its structure.

    Raises NotAValue for a leaf that is no number and no node, and CyclicTree; both name the
    place, as in `tree.layers[2].weight`, where `name` stands for the whole.

    >>> from fgrad import trees
    >>> leaves, structure = trees.flatten({"w": [1.0, 2.0], "b": 3.0})
    >>> leaves, structure.unflatten([0.0, 0.0, 1.0])
    ((1.0, 2.0, 3.0), {'w': [0.0, 0.0], 'b': 1.0})
    """
    return _USUAL.flatten(tree, name)


def matched(structure: Structure[T], tree: T, name: str = "tree") -> tuple[Leaf, ...]:
    """The leaves of `tree` in the order of `structure`, which pairs dicts by key.

    Raises TreeMismatch, with the place, unless `tree` has that structure.

    >>> from fgrad import trees
    >>> _, structure = trees.flatten({"a": 1.0, "b": 2.0})
    >>> trees.matched(structure, {"b": 20.0, "a": 10.0})
    (10.0, 20.0)
    """
    return _USUAL.matched(structure, tree, name)


# Leaves of other trees have the type that classes declare, which is float (docs/decisions/0011).
@overload
def leaves(tree: _Nodes) -> tuple[Node[float], ...]: ...  # type: ignore[overload-overlap]  # see above
@overload
def leaves(tree: object) -> tuple[float, ...]: ...
def leaves(tree: object) -> tuple[Any, ...]:
    """The leaves of `tree`, from left to right.

    >>> from fgrad import trees
    >>> trees.leaves({"layers": [(1.0, 2.0)], "rate": 0.1})
    (1.0, 2.0, 0.1)
    """
    return _USUAL.leaves(tree)


def paths(tree: object) -> tuple[str, ...]:
    """The path of each leaf.

    >>> from fgrad import trees
    >>> trees.paths({"layers": [(1.0, 2.0)], "rate": 0.1})
    ("['layers'][0][0]", "['layers'][0][1]", "['rate']")
    """
    return _USUAL.paths(tree)


# One for each number of trees, so that the arguments of a lambda are known to be numbers.
@overload
def map(f: Callable[[float], object], tree: T, /) -> T: ...
@overload
def map(f: Callable[[float, float], object], tree: T, second: T, /) -> T: ...
@overload
def map(f: Callable[[float, float, float], object], tree: T, second: T, third: T, /) -> T: ...
@overload
def map(f: Callable[..., object], tree: T, /, *others: T) -> T: ...
def map(f: Callable[..., object], tree: T, /, *others: T) -> T:
    """The tree of `f(leaf, *leaves of the others at its place)`.

    A node that stands in two places is one variable, so `f` is called for it once and its
    result stands in both. Raises TreeMismatch, with the place, unless all have one structure.

    >>> from fgrad import trees
    >>> trees.map(lambda w, g: w - 0.1 * g, {"w": 1.0, "b": 2.0}, {"b": 10.0, "w": 20.0})
    {'w': -1.0, 'b': 1.0}
    """
    return _USUAL.map(f, tree, *others)


def mapped(f: Callable[..., R], tree: T, /, *others: T) -> tuple[Structure[T], Sequence[R]]:
    """The structure of `tree`, and the results that `map` makes a tree of; errors are those of `map`."""
    return _USUAL.mapped(f, tree, *others)


def ravel(tree: T) -> tuple[Array, Unravel[T]]:
    """All numbers of `tree` in one array, and the function from such an array to a tree like it.

    So a solver that knows vectors alone, as those of SciPy, works on trees of numbers and arrays. Static
    fields are kept, and both directions are differentiated: of a tree with nodes the vector is a node.
    Raises NotAValue and CyclicTree as `flatten`, and MissingExtra without numpy.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> start, unravel = fg.trees.ravel({"rate": 0.5, "w": np.array([[1.0, 2.0]])})
    >>> start
    array([0.5, 1. , 2. ])
    >>> unravel(2.0 * start)
    {'rate': 1.0, 'w': array([[2., 4.]])}
    >>> def loss(p):
    ...     return p["rate"] * fg.sum(p["w"] ** 2)
    >>> fg.gradient(lambda v: loss(unravel(v)))(start)
    array([5., 1., 2.])
    """
    return _USUAL.ravel(tree)


def register(
    kind: type,
    take: Callable[[Any], tuple[Mapping[Any, Any], Any]],
    make: Callable[[Mapping[Any, Any], Any], Any],
) -> Registry:
    """A registry that also takes apart `kind`; the usual one stays as it is.

    `take(tree)` returns the children by key and a static part, `make(children, static)` a tree.

    >>> from fgrad import trees
    >>> class Pair:
    ...     def __init__(self, left, right):
    ...         self.left, self.right = left, right
    >>> known = trees.register(
    ...     Pair,
    ...     lambda pair: ({"left": pair.left, "right": pair.right}, None),
    ...     lambda children, static: Pair(**children),
    ... )
    >>> known.leaves([Pair(1.0, 2.0), 3.0])
    (1.0, 2.0, 3.0)
    """
    return _USUAL.register(kind, take, make)
