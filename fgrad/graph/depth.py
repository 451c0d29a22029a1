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
_inside: Final[ContextVar[bool]] = ContextVar(
    "set while a function is differentiated or traced: whether its nodes end with the call"
)


def below_all() -> int:
    """A depth that is greater than that of every node there is, by more than any chain is long."""
    return next(_CALLS) << 32


def depth_of_variable() -> int:
    """The depth of a variable made now: one that a function makes inside of a transform is its own."""
    return 0 if _inside.get(None) is None else below_all()


def is_passing() -> bool:
    """Whether nodes made now are let go of when the call ends that they are made in."""
    return _inside.get(False)


def call_inside(
    f: Callable[..., Any], args: Iterable[Any], kwargs: Mapping[str, Any], *, kept: bool = False
) -> Any:
    """The result of a function that is differentiated or traced (docs/decisions/0027).

    Its nodes may hold somebody's arrays, which are not copied unless the nodes are `kept`.
    """
    token = _inside.set(not kept)
    try:
        return f(*args, **kwargs)
    finally:
        _inside.reset(token)
