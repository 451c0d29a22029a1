"""What `help` shows of an operation: what it does, and not what its class does."""

from __future__ import annotations

import sys
from typing import Any, TypeVar

K = TypeVar("K")


class _Text:
    """The `__doc__` of a class of operations; of an operation what that does, for `help`."""

    def __init__(self, text: str | None) -> None:
        self.text = text

    def __get__(self, op: Any, kind: object = None) -> str | None:
        if op is None:
            return self.text
        from fgrad.ops.descriptions import description  # noqa: PLC0415  # only who asks waits for it

        ours = getattr(sys.modules.get("fgrad.ops.scalar"), op.name, None) is op
        text = description(op.name, op.arity, getattr(op, "kink", "")) if ours else None
        return text or getattr(op.impl, "__doc__", None) or self.text


def described(kind: K) -> K:
    """The class, with a `__doc__` that says of each operation what it does."""
    setattr(kind, "__doc__", _Text(kind.__doc__))  # noqa: B010  # to type checkers it is a str
    return kind
