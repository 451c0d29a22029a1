"""Calls of functions that are differentiated or traced: what is made inside, and how deep."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any, Final

from fgrad.errors import NotAValue

_CALLS: Final = itertools.count(1)
_running: Final[ContextVar[bool]] = ContextVar(
    "whether a function is being differentiated or traced"
)


def ran(f: Callable[..., Any], args: Iterable[Any], kwargs: Mapping[str, Any]) -> Any:
    """The result of a function that is differentiated or traced: a `var` that it makes is its own."""
    token = _running.set(True)  # the only thing that can be said
    try:
        return f(*args, **kwargs)
    finally:
        _running.reset(token)


def below_all() -> int:
    """A depth that is greater than that of every node there is, by more than any chain is long."""
    return next(_CALLS) << 32


def is_inside() -> bool:
    """Whether a function is being differentiated or traced."""
    return _running.get(False)


def _checked(label: object) -> str:
    if isinstance(label, str):
        return label
    raise NotAValue("a label", "a str", f"{label!r:.60}", "Name the node with a string.")
