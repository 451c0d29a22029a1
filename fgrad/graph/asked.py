"""Who asks a node for `==`: a container that compares what it holds, or the one who wrote the sign."""

from __future__ import annotations

import sys
from typing import Any

from fgrad.errors import SilentDetach
from fgrad.ops.operand import Operand, is_numeric


def compared(node: Any, other: object, sign: str) -> Any:
    """What a node answers to `==` or `!=`, called by the methods for these: it is equal to itself alone.

    NotImplemented for what is no number. SilentDetach for a number, for itself unless a container
    asks, and for another node where a sign stands: values that are equal would be called different.
    """
    if node is other:
        if not by_container(2):
            raise _uncompared(node, sign, " Of nan: np.isnan(x.value), fg.not_equal(x, x).")
        return sign == "=="
    if isinstance(other, Operand):
        if by_sign(2):
            raise _uncompared(node, sign, " Whether they are one node is x is y.")
        return sign != "=="
    if is_numeric(other):
        raise _uncompared(node, sign)
    return NotImplemented


def _uncompared(node: Any, sign: str, more: str = "") -> SilentDetach:
    named = "equal" if sign == "==" else "not_equal"
    advice = f"Compare node.value, or use {named}(x, y) for where.{more}"
    if node.truth:
        advice = "It is a truth value already; logical_not(condition) negates it."
    return SilentDetach(sign, repr(node), advice)


def by_library(above: int) -> str | None:
    """The function of numpy or SciPy that asks, `above` frames up; None if the user's code does."""
    frame, found = sys._getframe(above + 1), None
    while str(frame.f_globals.get("__name__")).startswith(("numpy.", "scipy.")):
        found = frame.f_code.co_name
        if frame.f_back is None:
            break
        frame = frame.f_back
    return found


def by_persistent_map(above: int) -> bool:
    """Whether pyrsistent asks, `above` frames up: its maps compare a key with all keys of a bucket."""
    return str(sys._getframe(above + 1).f_globals.get("__name__")).startswith("pyrsistent")


def by_container(above: int) -> bool:
    """Whether a container asks, by the `==` of a class: a generated one does not test identity first."""
    name = sys._getframe(above + 1).f_code.co_name
    return name in ("__eq__", "__ne__") or by_persistent_map(above + 1)


def by_sign(above: int) -> bool:
    """Whether `==` or `!=` stands there, and not `in` or a method that looks for an item."""
    from opcode import opmap  # noqa: PLC0415  # who compares nodes is mostly wrong

    frame = sys._getframe(above + 1)
    return frame.f_code.co_code[frame.f_lasti] == opmap["COMPARE_OP"] and not by_container(
        above + 1
    )
