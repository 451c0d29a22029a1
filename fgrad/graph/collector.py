"""Python's garbage collector, which looks less often while many objects are made that stay.

By itself it looks after each 700 new objects, and at all that there are whenever these have grown by
a quarter. Nodes are never garbage in a cycle, so all that looking finds nothing (docs/decisions/0023).
"""

from __future__ import annotations

import gc
import os
from _thread import get_ident
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

SELDOM: Final = (100_000, 50, 100)
"""The thresholds of `gc` inside `relaxed_gc`."""
MANY: Final = 10_000
"""The number of objects from which on it pays."""

# The threads that raised the thresholds, with the thresholds before.
_relaxed: Final[list[tuple[int, tuple[int, int, int]]]] = []


@contextmanager
def relaxed_gc() -> Iterator[None]:
    """A context in which Python's garbage collector looks less often, and afterwards as before.

    A program that builds a graph of a million nodes takes a quarter of the time inside; fgrad does
    the same for itself while it traces, simplifies and differentiates. The thresholds of `gc` are
    those of the process: garbage in cycles waits longer meanwhile, in all threads. A collector that
    is off or looks even less often is left alone, and thresholds that somebody sets inside stay.

    >>> import fgrad as fg
    >>> x = y = fg.var(1.0, "x")
    >>> with fg.relaxed_gc():
    ...     for _ in range(100_000):
    ...         y = y * 1.0
    >>> fg.grad(fg.Graph.of(y), y)[x]
    1.0
    """
    before = gc.get_threshold()
    if not 0 < before[0] < SELDOM[0]:
        yield
        return
    mine = get_ident(), before
    _relaxed.append(mine)
    try:
        gc.set_threshold(*_raised(before))
        yield
    finally:
        # Whoever came later found thresholds that somebody had set inside, and restores those.
        if _relaxed[-1] is mine:
            _restored(before)
        _relaxed.remove(mine)


def _raised(before: tuple[int, int, int]) -> tuple[int, int, int]:
    often, older, oldest = map(max, zip(before, SELDOM, strict=True))
    return often, older, oldest


def _restored(before: tuple[int, int, int]) -> None:
    # Another thread may be inside too, and leave later: it then only takes longer.
    if gc.get_threshold() == _raised(before):
        gc.set_threshold(*before)


def relaxed_gc_for(objects: int, many: int = MANY) -> AbstractContextManager[None]:
    """The same where so many objects are made, if they are `many`."""
    return relaxed_gc() if objects >= many else nullcontext()


def _in_child() -> None:
    """After a fork nobody is left in the child to undo what other threads did."""
    for thread, before in reversed(_relaxed.copy()):
        if thread != get_ident():
            _relaxed.remove((thread, before))
            _restored(before)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
