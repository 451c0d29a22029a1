"""Functions of a user's that give floats, whatever numbers they were written with.

Nodes, flows and programs keep floats and nothing else: an int among them would be taken for the
number of a value. What an operation is made of is the one entrance that numbers have by a function.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

from fgrad.ops.operand import Guarded, Operand, is_array, literal

_FLOATS: Final = frozenset({"math", "_operator"})
"""Modules whose functions of floats give floats, besides our own."""


def giving_floats(f: Callable[..., Any] | None, where: str, *, operands: bool) -> Any:
    """`f`, or what gives the same with floats for all other numbers; errors call that `where`."""
    module = getattr(f, "__module__", None) or ""
    if f is None or module in _FLOATS or module.partition(".")[0] == "fgrad":
        return f
    given = f

    @functools.wraps(given)
    def kept(*args: Any) -> Any:
        result = given(*args)
        if type(result) is float:
            return result
        if operands and (
            result is None or isinstance(result, (Operand, Guarded)) or is_array(result)
        ):
            return result
        return literal(result, where)

    return kept
