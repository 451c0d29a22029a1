"""Containers: how each class of them is taken apart into children and put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType, NoneType
from typing import Any, Final

import attrs
from pyrsistent import pmap, pvector

from fgrad.node import Node

STATIC: Final[Mapping[str, bool]] = MappingProxyType({"fgrad.static": True})
"""Metadata of a field that is no part of the tree and passes through: `field(metadata=STATIC)`."""


@attrs.frozen(eq=False)
class Parts:
    """A container taken apart: its children, each with its key, and what passes through."""

    keys: tuple[Any, ...]
    children: tuple[Any, ...]
    static: Any = None


@attrs.frozen(eq=False)
class Container:
    """How one class of containers is taken apart and put together.

    `make` gets parts of the same keys and the same static part, with other children. `entry` is
    how a key is written in a path, as in `.weight` or `[0]`.
    """

    take: Callable[[Any], Parts]
    make: Callable[[Parts], Any]
    entry: Callable[[Any], str]
    passing: tuple[str, ...] | None = None
    """The fields that pass through, of a class that is its fields; None of others."""


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
    """In order, since a persistent map has none; as they come if they cannot be compared."""
    try:
        return sorted(keys)
    except TypeError:
        return keys


def _by_field(kind: type, fields: Iterable[Any]) -> Container:
    """Fields of an attrs class or dataclass.

    The copy is made without `__init__`, whose validators and converters are for numbers: it has
    the fields of a valid object, with other leaves.
    """
    listed = tuple(fields)
    inner = tuple(f.name for f in listed if not f.metadata.get("fgrad.static"))
    outer = tuple(f.name for f in listed if f.metadata.get("fgrad.static"))

    def take(tree: Any) -> Parts:
        static = tuple(getattr(tree, name) for name in outer)
        return Parts(inner, tuple(getattr(tree, name) for name in inner), static)

    def make(parts: Parts) -> Any:
        tree: Any = object.__new__(kind)
        for name, value in zip((*inner, *outer), (*parts.children, *parts.static), strict=True):
            object.__setattr__(tree, name, value)
        return tree

    return Container(take, make, lambda key: f".{key}", outer)


def _by_name(kind: Any) -> Container:
    """Fields of a NamedTuple."""

    def take(tree: Any) -> Parts:
        return Parts(kind._fields, tuple(tree))

    return Container(take, lambda parts: kind._make(parts.children), lambda key: f".{key}")


def is_plain_tuple(kind: type) -> bool:
    """Whether it is a NamedTuple that is read and made as any: not by methods that its class has for that."""
    if not (issubclass(kind, tuple) and kind.__iter__ is tuple.__iter__):
        return False
    named, making = (_owner(kind, name) for name in ("_fields", "_make"))
    return named is making is not None


def _owner(kind: type, name: str) -> type | None:
    """The class that an attribute comes from."""
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
    """How `tree` is taken apart: as a class that is known, or by its fields; None for a leaf."""
    kind = type(tree)
    return None if kind is float else container_for(kind, known)  # float is what most leaves are


def container_for(kind: type, known: Mapping[type, Container]) -> Container | None:
    """How trees of the class `kind` are taken apart."""
    if kind in known:
        return known[kind]
    if issubclass(kind, Node):
        return None
    if attrs.has(kind):
        return _by_field(kind, attrs.fields(kind))
    if getattr(kind, "__dataclass_fields__", None) is not None:
        import dataclasses  # noqa: PLC0415  # whoever has such a class has imported it

        decorated: Any = kind
        return _by_field(kind, dataclasses.fields(decorated))
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return _by_name(kind)
    return None
