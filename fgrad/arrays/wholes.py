"""Whole numbers and other things among arguments that are no arrays: what is none is refused in words."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from fgrad.errors import NotAValue
from fgrad.graph.node import Node
from fgrad.ops.operand import told


def whole(n: Any, where: str, least: int | None = None) -> int:
    """A whole number, of a smallest size if there is one; NotAValue for anything else."""
    try:
        found = operator.index(n)
    except TypeError:
        if isinstance(n, Node):
            raise  # which says what to do
        raise NotAValue(where, "a whole number", told(n), "Give one as in 2.") from None
    if least is not None and found < least:
        raise NotAValue(where, f"a number from {least} on", f"{found}", "Count up.")
    return found


def wholes(ns: Any, where: str, least: int | None = None) -> tuple[int, ...]:
    """Several whole numbers, or one."""
    if isinstance(ns, np.ndarray) and ns.ndim:
        ns = ns.tolist()
    several = ns if isinstance(ns, (tuple, list)) else (ns,)
    return tuple([whole(n, where, least) for n in several])


def places(indices: Any, where: str) -> Any:
    """An array of whole numbers that are known: NotAValue for nodes, and for numbers that are not whole."""
    listed = indices if isinstance(indices, (list, tuple)) else [indices]
    if any(isinstance(i, Node) for i in listed):
        advice = "Take whole numbers that are no nodes, as node.value.astype(int) gives them."
        got = told(next(i for i in listed if isinstance(i, Node)))
        raise NotAValue(where, "whole numbers that are known", got, advice)
    found = np.asarray(indices)
    if found.dtype.kind == "f" and not found.size:
        found = found.astype(int)
    if found.dtype.kind not in "iub":
        raise NotAValue(where, "whole numbers", told(indices), "Count the places from 0.")
    return found


def several(xs: Any, where: str) -> list[Any]:
    """The parts of a list; NotAValue for what has none."""
    if not isinstance(xs, Iterable):
        raise NotAValue(where, "a list", told(xs), "Put them in one, as in [x, y].")
    return list(xs)


def number(x: Any, where: str) -> float:
    """A plain number; NotAValue for anything else."""
    try:
        return float(x)
    except (TypeError, ValueError) as error:
        if type(error).__module__ == "fgrad.errors":
            raise
        raise NotAValue(where, "a number", told(x), "Give one as in 1.0.") from None
