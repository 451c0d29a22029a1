"""Containers: how each class of them is taken apart into children and rebuilt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType, NoneType
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary, ref

import attrs
from pyrsistent import pmap, pvector

from fgrad.graph.node import Node
from fgrad.ops.operand import OF_ARRAYS, any_of_arrays, arrays

if TYPE_CHECKING:
    from fgrad.trees.attributes import Extras, Maker

STATIC: Final[Mapping[str, bool]] = MappingProxyType({"fgrad.static": True})
"""Metadata of a field that is static: no part of the tree, and kept as it is: `field(metadata=STATIC)`."""


@attrs.frozen(eq=False)
class Parts:
    """A container taken apart: its children, each with its key, and its static part."""

    keys: tuple[Any, ...]
    children: tuple[Any, ...]
    static: Any = None
    extras: Extras | None = None
    """The attributes of an object beside its fields."""


@attrs.frozen(eq=False)
class Container:
    """How one class of containers is taken apart and rebuilt.

    `make` takes parts with the same keys and the same static part, and other children. `entry`
    returns the text of a key in a path, as in `.weight` or `[0]`.
    """

    take: Callable[[Any], Parts]
    make: Callable[[Parts], Any]
    entry: Callable[[Any], str]
    passing: tuple[str, ...] | None = None
    """The static fields, of a class that consists of its fields; None for other classes."""
    whole: frozenset[str] = frozenset()
    """The fields that are declared as int."""


def _by_index(make: Callable[[tuple[Any, ...]], Any]) -> Container:
    def take(tree: Any) -> Parts:
        return Parts(tuple(range(len(tree))), tuple(tree))

    return Container(take, lambda parts: make(parts.children), lambda key: f"[{key}]")


def _by_key(
    make: Callable[[dict[Any, Any]], Any], order: Callable[[Any], Iterable[Any]]
) -> Container:
    def take(tree: Any) -> Parts:
        keys = tuple(order(tree))
        return Parts(keys, tuple(tree[key] for key in keys))

    def put(parts: Parts) -> Any:
        return make(dict(zip(parts.keys, parts.children, strict=True)))

    return Container(take, put, lambda key: f"[{key!r}]")


def _sorted(keys: Iterable[Any]) -> Iterable[Any]:
    """Sorted, since a persistent map has no order; as they come if they cannot be compared."""
    try:
        return sorted(keys)
    except TypeError:
        return keys


def _by_field(kind: type, fields: Iterable[Any]) -> Container:
    """Fields of an attrs class or dataclass.

    The copy is made without `__init__`, whose validators and converters are for numbers: it has
    the fields of a valid object, with other leaves. `extras` has its other attributes.
    """
    listed = tuple(fields)
    inner = tuple(f.name for f in listed if not f.metadata.get("fgrad.static"))
    outer = tuple(f.name for f in listed if f.metadata.get("fgrad.static"))
    alive: Callable[[], Any] = ref(kind)

    names = (*inner, *outer)

    def fresh(values: Iterable[Any]) -> Any:
        tree: Any = object.__new__(alive())
        for name, value in zip(names, values, strict=True):
            object.__setattr__(tree, name, value)
        return tree

    maker = _maker(kind, names, fresh)

    def take(tree: Any) -> Parts:
        static = tuple(getattr(tree, name) for name in outer)
        children = tuple(getattr(tree, name) for name in inner)
        extras = None if maker is None else maker.taken(tree, (*children, *static))
        return Parts(inner, children, static, extras)

    def make(parts: Parts) -> Any:
        values = (*parts.children, *parts.static)
        tree = fresh(values)
        if maker is not None and parts.extras is not None:
            maker.give(tree, values, parts.extras)
        return tree

    whole = _whole((f.name, f.type) for f in listed)
    return Container(take, make, lambda key: f".{key}", outer, whole)


def _maker(
    kind: type, names: tuple[str, ...], fresh: Callable[[Iterable[Any]], Any]
) -> Maker | None:
    """The maker of the attributes beside the fields, if the class has a hook that sets them."""
    if not (hasattr(kind, "__post_init__") or hasattr(kind, "__attrs_post_init__")):
        return None
    from fgrad.trees.attributes import Maker  # noqa: PLC0415  # few classes have one

    return Maker.of(kind, names, fresh)


def _whole(fields: Iterable[tuple[str, object]]) -> frozenset[str]:
    return frozenset([name for name, declared in fields if declared in (int, "int")])


def _by_name(kind: Any) -> Container:
    """Fields of a NamedTuple."""
    names = kind._fields
    alive: Callable[[], Any] = ref(kind)

    def take(tree: Any) -> Parts:
        return Parts(names, tuple(tree))

    whole = _whole(getattr(kind, "__annotations__", {}).items())
    make = lambda parts: alive()._make(parts.children)
    return Container(take, make, lambda key: f".{key}", whole=whole)


def is_plain_tuple(kind: type) -> bool:
    """Whether it is a NamedTuple whose class does not override how it is read and made."""
    if not (issubclass(kind, tuple) and kind.__iter__ is tuple.__iter__):
        return False
    named, making = (_owner(kind, name) for name in ("_fields", "_make"))
    return named is making is not None


def _owner(kind: type, name: str) -> type | None:
    """The class that an attribute is inherited from."""
    return next((base for base in kind.__mro__ if name in vars(base)), None)


USUAL: Final[Mapping[type, Container]] = MappingProxyType(
    {
        tuple: _by_index(tuple),
        list: _by_index(list),
        type(pvector()): _by_index(pvector),
        dict: _by_key(dict, iter),
        type(pmap()): _by_key(pmap, _sorted),
        NoneType: Container(lambda tree: Parts((), ()), lambda parts: None, str),
    }
)


def container_of(tree: object, known: Mapping[type, Container]) -> Container | None:
    """The container of `tree`: that of a class in `known`, or by its fields; None for a leaf."""
    kind = type(tree)
    return None if kind is float else container_for(kind, known)  # float is what most leaves are


# Classes may be collected: their containers refer to them weakly.
_by_class: Final[WeakKeyDictionary[type, Container]] = WeakKeyDictionary()


def container_for(kind: type, known: Mapping[type, Container]) -> Container | None:
    """The container of trees of class `kind`."""
    if kind in known:
        return known[kind]
    container = _by_class.get(kind)
    if container is None and not issubclass(kind, Node):
        container = _found(kind)
        # The fields of a class are final once it has been decorated itself.
        if container is not None and not _DECORATED.isdisjoint(vars(kind)):
            return _by_class.setdefault(kind, container)
    return container


_DECORATED: Final = frozenset({"__attrs_attrs__", "__dataclass_fields__", "_fields"})


def _found(kind: type) -> Container | None:
    if attrs.has(kind):
        return _by_field(kind, attrs.fields(kind))
    if getattr(kind, "__dataclass_fields__", None) is not None:
        import dataclasses  # noqa: PLC0415  # imported already, by the class

        decorated: Any = kind
        return _by_field(kind, dataclasses.fields(decorated))
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return _by_name(kind)
    return None


def _is_number(kind: type) -> bool:
    """Whether it is a class of nodes of numbers, and not of arrays, which not everybody takes."""
    return issubclass(kind, Node) and not kind.truth and kind.rank not in OF_ARRAYS


_FLOATS: Final = frozenset({float})  # what most leaves are
_LEAVES: Final = frozenset({float, int, Node})


def are_leaves(
    values: Iterable[Any], known: Mapping[type, Container], *, plain: bool = False
) -> bool:
    """Whether all values are certainly leaves, decided by their few classes.

    With `plain` arrays may be among them that are kept as they are.
    """
    if _FLOATS.issuperset(map(type, values)):
        return True
    kinds = {*map(type, values)}
    if known is USUAL and kinds <= _LEAVES:
        return True
    if plain and known is USUAL and any_of_arrays(kinds):
        is_leaf = arrays().is_leaf
        rest = [value for value in values if not is_leaf(value)]
        return not rest or are_leaves(rest, known)  # of an array that is converted, False
    # Leaves of other classes of numbers must become floats, so they do not count.
    return all(
        (kind is float or kind is int or _is_number(kind)) and container_for(kind, known) is None
        for kind in kinds
    )
