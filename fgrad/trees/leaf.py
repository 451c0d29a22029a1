"""Leaves: what may stand in a tree where no container does, and what is refused."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from fgrad.errors import NotAValue
from fgrad.graph.node import Node
from fgrad.ops.operand import (
    arrays,
    is_array,
    is_bool,
    is_real,
    literal,
    require_numbers,
    told,
)
from fgrad.trees.structure import LEAF, TRUTH, Structure

Leaf: TypeAlias = Node[float] | float

_COMPILED: Final = (
    "Programs and compiled functions compute with numbers: call the function itself with arrays, or"
    " give it the numbers of array.tolist(); fg.compile(f).map takes whole columns of numbers, and"
    " fg.compile(f).specialise(array) is a function of an array's numbers."
)


def leaf_of(value: Any, path: str) -> Leaf:
    """`value` as a leaf: a number, a node or an array; NotAValue, with the path, for anything else."""
    if isinstance(value, Node) or type(value) is float or type(value) is int:
        return value
    if is_real(value):
        return literal(value, path)
    if is_array(value) and not arrays().is_truths(value):
        kept: Leaf = arrays().as_leaf(value, path)
        return kept
    advice = "Bind it beforehand by functools.partial, or mark its field as trees.STATIC."
    got = told(value)
    if is_array(value):
        got = f"an array of truth values of shape {value.shape}"
    raise NotAValue(path, "a number or a node", got, advice)


def number(value: Any, path: str) -> tuple[Leaf, Structure[Any]]:
    """The leaf and its structure, in a tree of numbers, nodes and arrays."""
    return leaf_of(value, path), LEAF


def result(value: Any, path: str) -> tuple[Leaf, Structure[Any]]:
    """The same in the result of a function, where truth values are leaves too."""
    if is_array(value) and arrays().is_truths(value):
        truths: Leaf = arrays().truths(value, path)
        return truths, LEAF
    return bool(value) if is_bool(value) else leaf_of(value, path), LEAF


def spread(value: Any, path: str) -> tuple[Leaf, Structure[Any]]:
    """The same among arguments whose arrays are spread: a program takes each number by itself."""
    return number(value, path) if is_array(value) else argument(value, path)


def argument(value: Any, path: str) -> tuple[Leaf, Structure[Any]]:
    """The same among arguments of a compiled function: numbers, nodes of them and truth values."""
    if is_bool(value):
        return bool(value), TRUTH
    if is_array(value):
        raise NotAValue(path, "a number or a node", told(value), _COMPILED)
    require_numbers((value,), path)
    return leaf_of(value, path), TRUTH if isinstance(value, Node) and value.truth else LEAF
