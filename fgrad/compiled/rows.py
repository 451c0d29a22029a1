"""Arguments for many rows: trees with a column, or a table, instead of numbers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, TypeAlias

import attrs

from fgrad import trees
from fgrad.errors import CyclicTree, NotAValue, imported
from fgrad.trees.containers import USUAL, container_of

if TYPE_CHECKING:
    import numpy as np

    class _Array(Protocol):
        def __array__(self) -> np.ndarray[Any, np.dtype[Any]]: ...

    class _AttrsClass(Protocol):
        __attrs_attrs__: ClassVar[Any]

    class _Dataclass(Protocol):
        __dataclass_fields__: ClassVar[dict[str, Any]]

    class _Growing(Protocol):
        # A list or a persistent vector; a text, which is a sequence too, has no `append`.
        def append(self, value: Any, /) -> object: ...

    Column: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
    Columns: TypeAlias = (
        float
        | _Array
        | _AttrsClass
        | _Dataclass
        | tuple[object, ...]
        | _Growing
        | Mapping[Any, object]
        | None
    )
    """An argument of `map`: a column, a table, a number, or a tree of them."""

_NUMBERS: Final = frozenset({float, int})


@attrs.frozen
class Table:
    """The columns of arguments for many rows, and arguments of the same structure for one row.

    An array of two dimensions stands for a list of its columns, and stays one array here.
    """

    columns: tuple[Any, ...]
    row: Any

    @classmethod
    def of(cls, tree: object) -> Table:
        """Take `tree` apart; the backend checks the columns."""
        columns: list[Any] = []
        row = _row(tree, columns, (), 2, _array, truths=True)
        return cls(tuple(columns), row)

    @classmethod
    def to_write(cls, tree: object, axes: int) -> Table:
        """The same for arrays that are written to; those with `axes` axes stand for lists.

        NotAValue for what is no array: converting it may make a copy.
        """
        columns: list[Any] = []
        row = _row(tree, columns, (), axes, _own)
        return cls(tuple(columns), row)


def refuse(tree: object, name: str, above: tuple[int, ...] = ()) -> None:
    """Raise the error for a leaf that is no column and no number, with its path in `tree`, called `name`."""
    if hasattr(type(tree), "__array__"):
        return
    container = container_of(tree, USUAL)
    if container is None:
        trees.arguments(tree, name)
        return
    if id(tree) in above:
        raise CyclicTree(name)
    parts = container.take(tree)
    for key, child in zip(parts.keys, parts.children, strict=True):
        refuse(child, name + container.entry(key), (*above, id(tree)))


def skeleton(tree: object) -> Any:
    """The tree with a number instead of each array."""
    return _row(tree, [], (), -1, _array)


def is_array(x: object) -> bool:
    """Whether it is an array of numpy and no subclass; numpy is not imported to find out."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(x) is numpy.ndarray


def widths_of(args: tuple[Any, ...]) -> tuple[int, ...] | None:
    """The number of columns of each argument, -1 for a column or a number; None if one is a tree."""
    widths = []
    for x in args:
        array = is_array(x)
        if (array and x.dtype.kind == "b") or not (array or type(x) is float):
            return None
        widths.append(x.shape[1] if array and x.ndim == 2 else -1)
    return tuple(widths)


def _row(
    tree: Any,
    columns: list[Any],
    above: tuple[int, ...],
    axes: int,
    array_of: Callable[[Any], Any],
    *,
    truths: bool = False,
) -> Any:
    if hasattr(type(tree), "__array__"):
        array = array_of(tree)
        truth = truths and array.dtype.kind == "b"  # which a program reads as 1 and 0
        columns.append(array.astype(float) if truth else array)
        leaf = False if truth else 0.0
        return [leaf] * array.shape[-1] if array.ndim == axes else leaf
    container = container_of(tree, USUAL)
    if container is None:
        if truths and isinstance(tree, bool):
            columns.append(float(tree))
            return tree
        columns += trees.leaves(tree)
        return 0.0
    if id(tree) in above:
        raise CyclicTree("arguments")
    parts = container.take(tree)
    if _NUMBERS.issuperset(map(type, parts.children)):
        columns += parts.children
        return container.make(attrs.evolve(parts, children=(0.0,) * len(parts.children)))
    children = [
        _row(child, columns, (*above, id(tree)), axes, array_of, truths=truths)
        for child in parts.children
    ]
    return container.make(attrs.evolve(parts, children=tuple(children)))


def _own(tree: Any) -> Any:
    """The object, if it is an array of numpy; NotAValue otherwise."""
    if is_array(tree):
        return tree
    advice = "Make it with numpy.empty, or leave it out."
    raise NotAValue("out", "an array of numpy", f"a {type(tree).__name__}", advice)


def _array(tree: Any) -> Any:
    """The object as an array, by its own conversion if it has one."""
    if is_array(tree):
        return tree
    return imported("numpy", "columns", "numpy", "arrays").asanyarray(tree)
