"""The structure of a tree: its containers, keys and static parts, without its leaves."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import attrs

from fgrad.errors import NotPicklable, TreeMismatch
from fgrad.ops.operand import Operand, is_real, literal
from fgrad.trees.containers import _FLOATS, USUAL, Container, Parts, are_leaves, container_for
from fgrad.trees.sameness import exact, same

if TYPE_CHECKING:
    from fgrad.trees.attributes import Extras

T = TypeVar("T")

_TUPLE: Final = USUAL[tuple]
_LIST: Final = USUAL[list]


@attrs.frozen
class Structure(Generic[T]):
    """A tree without its leaves; equal to another of the same containers, keys and static parts.

    They are the same if no function could distinguish them; the order of keys counts.
    """

    kind: type[T] | None  # None is a number, and bool a truth value
    keys: tuple[Any, ...] = attrs.field(default=(), eq=exact)
    children: tuple[Structure[Any], ...] = ()
    static: Any = attrs.field(default=None, eq=exact)
    extras: Extras | None = None
    _container: Container | None = attrs.field(default=None, eq=False, repr=False)
    _size: int = attrs.field(default=1, eq=False, repr=False)
    _flat: bool = attrs.field(default=False, eq=False, repr=False)  # all children are numbers

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
        if self._container is _TUPLE:  # spares most trees a third of the time
            return children
        if self._container is _LIST:
            return list(children)
        return self._container.make(Parts(self.keys, children, self.static, self.extras))

    def read(self, tree: Any, leaves: list[Any], *, plain: bool = False) -> bool:
        """Append the leaves of `tree` and return True; return False if it has another structure.

        Several times faster than flattening, for callers who know the structure. With `plain` arrays
        may be among the leaves.
        """
        kind = type(tree)
        if self._container is None:
            if self.kind is bool:
                leaves.append(tree)
                return kind is bool or (isinstance(tree, Operand) and tree.truth)
            if kind is float or are_leaves((tree,), USUAL, plain=plain):
                leaves.append(tree)
            elif is_real(tree) and container_for(kind, USUAL) is None:
                leaves.append(literal(tree, "a leaf"))
            else:
                return False
            return True
        if kind is not self.kind:
            return False
        children: Any
        if kind is tuple or kind is list:
            children = tuple(tree)  # another thread may change the list
            if len(children) != len(self.keys):
                return False
        else:
            parts = self._container.take(tree)
            if not (same(parts.keys, self.keys) and same(parts.static, self.static)):
                return False
            if parts.extras != self.extras:
                return False
            children = parts.children
        if self._flat and (
            _FLOATS.issuperset(map(type, children)) or are_leaves(children, USUAL, plain=plain)
        ):
            leaves += children
            return True
        for child, part in zip(self.children, children, strict=True):
            if not child.read(part, leaves, plain=plain):
                return False
        return True

    def __len__(self) -> int:
        """The number of leaves."""
        return self._size

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle its parts; the containers of its classes are found again."""
        return _restored, (self.kind, self.keys, self.children, self.static, self.extras)

    def paths(self) -> tuple[str, ...]:
        """The path of each leaf, such as `.layers[2].weight`."""
        if self._container is None:
            return ("",)
        return tuple(
            self._container.entry(key) + path
            for key, child in zip(self.keys, self.children, strict=True)
            for path in child.paths()
        )

    def wholes(self) -> tuple[bool, ...]:
        """For each leaf whether it is a field that is declared as int."""
        how = self._container
        if how is None:
            return (False,)
        found: list[bool] = []
        for key, child in zip(self.keys, self.children, strict=True):
            found += [key in how.whole] if child._container is None else child.wholes()
        return tuple(found)

    def truths(self) -> tuple[bool, ...]:
        """For each leaf whether it is a truth value."""
        if self._container is None:
            return (self.kind is bool,)
        return tuple([truth for child in self.children for truth in child.truths()])

    def passing(self) -> Iterator[tuple[str, object]]:
        """The static values, each with its path."""
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
TRUTH: Final[Structure[Any]] = Structure(bool)
"""The structure of a leaf that is a truth value, among arguments."""


def structured(
    kind: type, parts: Parts, children: tuple[Structure[Any], ...], how: Container
) -> Structure[Any]:
    """The structure of a container of class `kind`, with these parts and structures of children."""
    size = sum([child._size for child in children])
    flat = all(child._container is None and child.kind is None for child in children)
    return Structure(kind, parts.keys, children, parts.static, parts.extras, how, size, flat)


@lru_cache(maxsize=128)
def row_of(kind: Any, size: int) -> Structure[Any]:
    """The structure of a tuple or list of `size` leaves."""
    return structured(kind, Parts(tuple(range(size)), ()), (LEAF,) * size, USUAL[kind])


def tupled(children: Iterable[Structure[Any]]) -> Structure[tuple[Any, ...]]:
    """The structure of a tuple of trees of these structures."""
    parts = tuple(children)
    return structured(tuple, Parts(tuple(range(len(parts))), ()), parts, USUAL[tuple])


def _restored(
    kind: type | None,
    keys: tuple[Any, ...],
    children: tuple[Structure[Any], ...],
    static: Any,
    extras: Extras | None = None,
) -> Structure[Any]:
    if kind is None or kind is bool:
        return LEAF if kind is None else TRUTH
    container = container_for(kind, USUAL)
    if container is None:
        got = f"a structure of {kind.__name__}, which a registry of its own knew"
        raise NotPicklable(got, "Use the containers that fgrad.trees knows by itself.")
    return structured(kind, Parts(keys, (), static, extras), children, container)
