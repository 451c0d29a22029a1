"""How much more something takes when there is more of it: in steps of Python, or in its time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any


def steps(do: Callable[[], object]) -> int:
    """How many functions are called, of Python's and of C's: the same number every time."""
    count = 0

    def seen(frame: Any, event: str, arg: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        do()
    finally:
        sys.setprofile(before)
    return count


def seconds(do: Callable[[], object], runs: int = 3) -> float:
    """The time of the processor that it takes at best."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        do()
        times.append(time.process_time() - start)
    return min(times)
