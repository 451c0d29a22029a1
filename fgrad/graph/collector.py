"""While much is made that stays, Python's garbage collector looks less often.

It looks after each few hundred objects, and at all there are whenever these have grown by a quarter:
a gradient of 160,000 lines takes 2.3 s to trace and simplify instead of 3.6. Garbage in cycles waits
the longer, as many objects as here.
"""

from __future__ import annotations

import gc
import os
from _thread import get_ident
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

SELDOM: Final = (100_000, 50, 100)
"""The thresholds of `gc` meanwhile."""
MANY: Final = 10_000
"""Objects from which on it pays."""

# The threads that made it look seldom, with the thresholds before.
_calmed: Final[list[tuple[int, tuple[int, int, int]]]] = []


@contextmanager
def calm() -> Iterator[None]:
    """The collector looks seldom in here, unless it does anyway; and then as before.

    Another thread may be in here too, and leave earlier: then it looks often again, which only takes
    longer. What somebody sets meanwhile stays.
    """
    before = gc.get_threshold()
    if not 0 < before[0] < SELDOM[0]:
        yield
        return
    mine = get_ident(), before
    _calmed.append(mine)
    try:
        gc.set_threshold(*SELDOM)
        yield
    finally:
        _as_before(before)
        _calmed.remove(mine)


def _as_before(before: tuple[int, int, int]) -> None:
    if gc.get_threshold() == SELDOM:
        gc.set_threshold(*before)


def calm_for(objects: int, many: int = MANY) -> AbstractContextManager[None]:
    """The same where so many objects are made, if they are `many`."""
    return calm() if objects >= many else nullcontext()


def _alone() -> None:
    """In a child there is nobody but who forked to undo what the others did."""
    for thread, before in reversed(_calmed.copy()):
        if thread != get_ident():
            _calmed.remove((thread, before))
            _as_before(before)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_alone)
