"""What `import fgrad` adds to importing attrs and pyrsistent.

    python -m tests.bench.startup

Fresh processes in random order, medians. Byte code must be cached, as it is after an installation.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import time

PROGRAMS = {
    "nothing": "pass",
    "attrs and pyrsistent": "import attrs, pyrsistent",
    "and fgrad": "import attrs, pyrsistent, fgrad",
}
ROUNDS = 25


def main() -> None:
    """Print the three medians and their differences."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(ROUNDS):
        for name in random.sample(sorted(PROGRAMS), len(PROGRAMS)):
            begin = time.perf_counter()
            run = [sys.executable, "-c", PROGRAMS[name]]
            subprocess.run(run, env=environment, check=True)
            times[name].append(time.perf_counter() - begin)
    nothing, others, ours = (statistics.median(times[name]) * 1e3 for name in PROGRAMS)
    print(f"Python alone {nothing:.1f} ms; attrs and pyrsistent add {others - nothing:.1f} ms")
    print(f"fgrad adds {ours - others:.1f} ms to that")


if __name__ == "__main__":
    main()
