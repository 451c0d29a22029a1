"""Depths: where the variables of a function that is differentiated or traced begin.

They begin at a depth of their own, below every node that is there (`below_all`). So a node that is
less deep than they are cannot depend on them, and no sweep reads it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any, Final

LOWEST: Final = (1 << 32) - 1
"""The greatest depth of a node that is computed from variables outside of any transform."""
_CALLS: Final = itertools.count(1)
_inside: Final[ContextVar[bool]] = ContextVar("whether a function is differentiated or traced")


def below_all() -> int:
    """A depth that is greater than that of every node there is, by more than any chain is long."""
    return next(_CALLS) << 32


def depth_of_variable() -> int:
    """The depth of a variable made now: one that a function makes inside of a transform is its own."""
    return below_all() if _inside.get(None) else 0


def call_inside(f: Callable[..., Any], args: Iterable[Any], kwargs: Mapping[str, Any]) -> Any:
    """The result of a function that is differentiated or traced (docs/decisions/0027)."""
    token = _inside.set(True)  # the only value it has
    try:
        return f(*args, **kwargs)
    finally:
        _inside.reset(token)
