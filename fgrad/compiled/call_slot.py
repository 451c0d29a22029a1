"""What `f(x)` calls where `f` is compiled: a slot that `dispatch` fills by the fastest way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class CallSlot:
    """An object with a `__call__` of its own, which can be replaced by a faster one.

    `f(x)` calls the function in the slot, which may be a builtin. A method that calls it would add a
    Python frame.
    """

    __slots__ = ("__call__",)

    def _exchange(self, call: Callable[..., Any]) -> None:
        object.__setattr__(self, "__call__", call)
