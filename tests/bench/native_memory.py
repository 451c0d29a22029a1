"""Memory of native functions that come and go: what is left of each when it is dropped.

    python -m tests.bench.native_memory [functions]

Linux only. Prints the megabytes of the process (its resident set) after a tenth of the functions, and how many
more there are after each further tenth: of functions that are compiled, all different; of twenty that
come from the cache on disk; and of operations of one's own, in each way that they are used. Each is
made, called and dropped.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

import fgrad as fg

ROW: Final = np.ones(20)


def resident() -> float:
    """The megabytes that this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def compiled(k: int) -> None:
    """A function like no other."""
    f = fg.compile(lambda x: fg.sin(x) * float(k) + 0.5 * k, backend="native")
    assert f(0.0) == 0.5 * k


def from_disk(k: int) -> None:
    """One of twenty functions, for a point and over rows."""
    f = fg.compile(lambda x: fg.sin(x) * float(k % 20), backend="native")
    assert f(0.0) == f.map(ROW * 0.0)[3] == 0.0


def with_operations(k: int) -> None:
    """An operation of one's own with 10 kB, in a graph, in a traced function and in native code."""
    data = bytes(10_000)
    op = fg.Binary("own", lambda x, y: x + y + len(data), None, None)
    x = fg.var(1.0)
    assert (op(x, 1.0) + op(1.0, x)).value == 20_004.0
    f: Any = fg.compile(lambda x: op(x, 1.0), backend="native")
    assert f(float(k % 20)) == k % 20 + 10_001.0


WAYS: Final[tuple[tuple[str, Callable[[int], None], bool], ...]] = (
    ("compiled", compiled, False),
    ("from disk", from_disk, True),
    ("with operations of one's own", with_operations, True),
)


def growth(make: Callable[[int], None], count: int) -> list[float]:
    """The megabytes after a tenth of so many, and how many more after each further tenth."""
    sizes = []
    for tenth in range(10):
        for k in range(tenth * count // 10, (tenth + 1) * count // 10):
            make(k)
        gc.collect()
        sizes.append(resident())
    return [sizes[0], *[size - sizes[0] for size in sizes[1:]]]


def main() -> None:
    """Print the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    with tempfile.TemporaryDirectory() as directory:
        for name, make, kept in WAYS:
            os.environ["FGRAD_CACHE"] = directory if kept else "off"
            first, *more = growth(make, count)
            grown = " ".join([f"{size:+.1f}" for size in more])
            each = more[-1] / (0.9 * count) * 1024
            print(f"{name}, {count}: {first:.0f} MB {grown}, {each:.1f} kB each", flush=True)


if __name__ == "__main__":
    main()
