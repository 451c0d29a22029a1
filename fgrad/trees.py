"""Trees: containers of containers with numbers or nodes at their leaves.

A tree is taken apart into its leaves, from left to right, and its `Structure`, and put together
again from other leaves. Containers are tuples, lists, dicts, NamedTuples, dataclasses, attrs
classes, persistent maps and vectors, and None (which has no leaves); a `Registry` that knows more
is another value, so that nobody's registering changes anybody's answer.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, Generic, TypeAlias, TypeVar, overload

import attrs

from fgrad.container import STATIC as STATIC
from fgrad.container import USUAL, Container, Parts, container_for, container_of
from fgrad.errors import CyclicTree, NotAValue, NotPicklable, TreeMismatch
from fgrad.extras import Extras
from fgrad.node import Node
from fgrad.operand import ARRAYS, is_array_like, is_real, literal, told
from fgrad.sameness import exact, same

T = TypeVar("T")
Leaf: TypeAlias = Node[float] | float
_Nodes: TypeAlias = (
    Node[float] | list[Node[float]] | tuple[Node[float], ...] | dict[Any, Node[float]]
)

_DEEPEST: Final = 200


@attrs.frozen
class Structure(Generic[T]):
    """A tree without its leaves; equal to another of the same containers, keys and static parts.

    The same are those that no function could tell apart, and keys count in their order.
    """

    kind: type[T] | None  # None is a leaf
    keys: tuple[Any, ...] = attrs.field(default=(), eq=exact)
    children: tuple[Structure[Any], ...] = ()
    static: Any = attrs.field(default=None, eq=exact)
    extras: Extras | None = None
    _container: Container | None = attrs.field(default=None, eq=False, repr=False)
    _size: int = attrs.field(default=1, eq=False, repr=False)
    _flat: bool = attrs.field(default=False, eq=False, repr=False)  # all children are leaves

    def unflatten(self, leaves: Iterable[Any]) -> T:
        """The tree of this structure with `leaves`; TreeMismatch unless there is one for each.

        >>> from fgrad import trees
        >>> leaves, structure = trees.flatten({"w": [1.0, 2.0], "b": 3.0})
        >>> structure.unflatten(10 * leaf for leaf in leaves)
        {'w': [10.0, 20.0], 'b': 30.0}
        """
        given = tuple(leaves)
        if len(given) != len(self):
            raise TreeMismatch("tree", f"{len(self)} leaves", f"{len(given)} leaves")
        tree: T = self._filled(iter(given))
        return tree

    def _filled(self, leaves: Any) -> Any:
        if self._container is None:
            return next(leaves)
        if self._flat:
            children = tuple(itertools.islice(leaves, self._size))
        else:
            children = tuple([child._filled(leaves) for child in self.children])
        return self._container.make(Parts(self.keys, children, self.static, self.extras))

    def read(self, tree: object, leaves: list[Any]) -> bool:
        """Append the leaves of `tree` and say True, or False if it has another structure.

        Several times faster than taking it apart, for callers who know what comes.
        """
        kind = type(tree)
        if self._container is None:
            leaves.append(tree)
            return kind is float or kind is int or isinstance(tree, Node)
        if kind is not self.kind:
            return False
        children: Any = tree
        if kind is tuple or kind is list:
            if len(children) != len(self.keys):
                return False
        else:
            parts = self._container.take(tree)
            if not (same(parts.keys, self.keys) and same(parts.static, self.static)):
                return False
            if parts.extras != self.extras:
                return False
            children = parts.children
        for child, part in zip(self.children, children, strict=True):
            if not child.read(part, leaves):
                return False
        return True

    def __len__(self) -> int:
        """The number of leaves."""
        return self._size

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what it is made of; how its classes are put together is found again."""
        return _restored, (self.kind, self.keys, self.children, self.static, self.extras)

    def paths(self) -> tuple[str, ...]:
        """Where each leaf stands, such as `.layers[2].weight`."""
        if self._container is None:
            return ("",)
        return tuple(
            self._container.entry(key) + path
            for key, child in zip(self.keys, self.children, strict=True)
            for path in child.paths()
        )

    def wholes(self) -> tuple[bool, ...]:
        """Of each leaf, whether it is a field that is declared as a whole number."""
        how = self._container
        if how is None:
            return (False,)
        found: list[bool] = []
        for key, child in zip(self.keys, self.children, strict=True):
            found += [key in how.whole] if child._container is None else child.wholes()
        return tuple(found)

    def passing(self) -> Iterator[tuple[str, object]]:
        """What passes through, with the place where it stands."""
        how = self._container
        if how is not None:
            yield from zip(
                [f".{name}" for name in how.passing or ()], self.static or (), strict=False
            )
            for key, child in zip(self.keys, self.children, strict=True):
                for path, value in child.passing():
                    yield how.entry(key) + path, value


LEAF: Final[Structure[Any]] = Structure(None)
"""The structure of a leaf."""


@attrs.frozen
class Registry:
    """The containers that are taken apart; everything else is a leaf.

    `fgrad.trees.map` and the other functions are the methods of the registry that knows the usual
    containers; `register` gives another that knows one more.
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
        leaves: list[Leaf] = []
        structure = self._taken(tree, name, leaves, ())
        return tuple(leaves), structure

    def matched(self, structure: Structure[T], tree: T, name: str = "tree") -> tuple[Leaf, ...]:
        """The leaves of `tree` in the order of `structure`, as `fgrad.trees.matched`."""
        leaves: list[Leaf] = []
        self._matched(structure, tree, name, leaves)
        return tuple(leaves)

    def leaves(self, tree: object) -> tuple[Leaf, ...]:
        """The leaves, as `fgrad.trees.leaves`."""
        return self.flatten(tree)[0]

    def paths(self, tree: object) -> tuple[str, ...]:
        """Where each leaf stands, as `fgrad.trees.paths`."""
        return self.flatten(tree)[1].paths()

    def map(self, f: Callable[..., object], tree: T, /, *others: T) -> T:
        """The tree of what `f` gives for each leaf, as `fgrad.trees.map`."""
        leaves, structure = self.flatten(tree)
        columns = [leaves]
        columns += [
            self.matched(structure, other, f"tree {i}") for i, other in enumerate(others, 2)
        ]
        made: dict[tuple[int, ...], Any] = {}
        results = []
        for row in zip(*columns, strict=True):
            if isinstance(row[0], Node):
                place = tuple([id(leaf) for leaf in row])
                result = made[place] if place in made else made.setdefault(place, f(*row))
            else:
                result = f(*row)
            results.append(result)
        return structure.unflatten(results)

    def _taken(
        self, tree: Any, path: str, leaves: list[Leaf], above: tuple[int, ...]
    ) -> Structure[Any]:
        container = container_of(tree, self._containers)
        if container is None:
            leaves.append(_leaf(tree, path))
            return LEAF
        if id(tree) in above:
            raise CyclicTree(path)
        if len(above) == _DEEPEST:
            advice = "Flatten what is nested so deeply."
            raise NotAValue(path[:80], f"a tree of at most {_DEEPEST} levels", "more", advice)
        parts = container.take(tree)
        children = tuple(
            self._taken(child, path + container.entry(key), leaves, (*above, id(tree)))
            for key, child in zip(parts.keys, parts.children, strict=True)
        )
        return _structure(type(tree), parts, children, container)

    def _matched(self, structure: Structure[Any], tree: Any, path: str, leaves: list[Leaf]) -> None:
        """Append the leaves of `tree` in the order of `structure`, which it must have."""
        container = container_of(tree, self._containers)
        if container is None and structure.kind is None:
            leaves.append(_leaf(tree, path))
            return
        if container is None or type(tree) is not structure.kind:
            raise TreeMismatch(path, _kind_name(structure.kind), _kind_name(type(tree)))
        parts = container.take(tree)
        children = dict(zip(parts.keys, parts.children, strict=True))
        if children.keys() != set(structure.keys):
            raise TreeMismatch(path, f"keys {list(structure.keys)}", f"keys {list(parts.keys)}")
        if parts.static != structure.static:
            raise TreeMismatch(path, f"{structure.static!r:.60}", f"{parts.static!r:.60}")
        for key, child in zip(structure.keys, structure.children, strict=True):
            self._matched(child, children[key], path + container.entry(key), leaves)


def _structure(
    kind: type, parts: Parts, children: tuple[Structure[Any], ...], how: Container
) -> Structure[Any]:
    size = sum([child._size for child in children])
    flat = all(child._container is None for child in children)
    return Structure(kind, parts.keys, children, parts.static, parts.extras, how, size, flat)


def tupled(children: Iterable[Structure[Any]]) -> Structure[tuple[Any, ...]]:
    """The structure of a tuple of trees of these structures."""
    parts = tuple(children)
    return _structure(tuple, Parts(tuple(range(len(parts))), ()), parts, USUAL[tuple])


def _restored(
    kind: type | None,
    keys: tuple[Any, ...],
    children: tuple[Structure[Any], ...],
    static: Any,
    extras: Extras | None = None,
) -> Structure[Any]:
    if kind is None:
        return LEAF
    container = container_for(kind, _USUAL._containers)
    if container is None:
        got = f"a structure of {kind.__name__}, which a registry of its own knew"
        raise NotPicklable(got, "Use the containers that fgrad.trees knows by itself.")
    return _structure(kind, Parts(keys, (), static, extras), children, container)


def _leaf(value: Any, path: str) -> Leaf:
    if isinstance(value, Node) or type(value) is float or type(value) is int:
        return value
    if is_real(value):
        return literal(value, path)
    advice = "Mark its field as STATIC, or register its class as a container."
    raise NotAValue(
        path, "a number or a node", told(value), ARRAYS if is_array_like(value) else advice
    )


def _kind_name(kind: type | None) -> str:
    return "a leaf" if kind is None or kind in (Node, float, int) else f"a {kind.__name__}"


_USUAL: Final = Registry(USUAL)


def flatten(tree: T, name: str = "tree") -> tuple[tuple[Leaf, ...], Structure[T]]:
    """The leaves of `tree`, from left to right, and its structure.

    Raises NotAValue for a leaf that is no number and no node, and CyclicTree; both name the
    place, as in `tree.layers[2].weight`, where `name` stands for the whole.
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


# Of other trees the leaves are typed as what is written in classes, which is float (docs/decisions/0011).
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
    """Where each leaf stands.

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


def register(
    kind: type,
    take: Callable[[Any], tuple[Mapping[Any, Any], Any]],
    make: Callable[[Mapping[Any, Any], Any], Any],
) -> Registry:
    """A registry that also takes apart `kind`; the usual one stays as it is.

    `take(tree)` gives the children by key and a static part, `make(children, static)` a tree.

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
