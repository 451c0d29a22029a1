"""The first answer of a function whose code is on disk already, in a process that has its digest.

    python -m tests.bench.native_second [--n N] [--rounds N]

One process makes the code of Rosenbrock's value and gradient and puts it in an empty store; each
of the following unpickles the program, imports llvmlite, asks for the digest, and is then timed to
its first answer. Without the store, the same is timed beside it. One pinned core, medians.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import fgrad as fg
from fgrad.compiled.kernel import Kernel
from tests.bench.models import rosenbrock, start
from tests.bench.race import missing, pinned, spoken, verdict

NEEDED = 0.020


def alone(path: Path, n: int) -> None:
    """One measurement, printed as JSON."""
    program = pickle.loads(path.read_bytes())
    begin = time.perf_counter()
    import fgrad.backends.native.runtime.batch  # noqa: F401, PLC0415  # what is timed here

    imported = time.perf_counter() - begin
    assert program.digest
    kernel, x = Kernel(program, "native"), start(n)
    begin, cpu = time.perf_counter(), time.process_time()
    value = kernel.run(*x)[0]
    first = time.perf_counter() - begin, time.process_time() - cpu
    print(json.dumps({"imported": imported, "first": first, "value": value}))


def measured(path: Path, n: int, store: str, rounds: int) -> dict[str, Any]:
    """Medians of as many processes."""
    command = [
        sys.executable,
        "-m",
        "tests.bench.native_second",
        "--program",
        str(path),
        "--n",
        f"{n}",
    ]
    runs = []
    for _ in range(rounds):
        environment = {**os.environ, "FGRAD_CACHE": store}
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        runs.append(json.loads(done.stdout))
    return {
        "imported": statistics.median(r["imported"] for r in runs),
        "wall": statistics.median(r["first"][0] for r in runs),
        "cpu": statistics.median(r["first"][1] for r in runs),
        "value": runs[-1]["value"],
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--program", type=Path)
    given = parser.parse_args()
    if given.program:
        alone(given.program, given.n)
        return
    if missing("llvmlite"):
        return
    pinned()
    x = start(given.n)
    program = fg.compile(fg.value_and_gradient(rosenbrock)).specialisation(x).kernel.program
    with tempfile.TemporaryDirectory() as directory:
        path, store = Path(directory) / "program", str(Path(directory) / "store")
        path.write_bytes(pickle.dumps(program))
        found = {
            "no store": measured(path, given.n, "off", given.rounds),
            "first process": measured(path, given.n, store, 1),
            "second process": measured(path, given.n, store, given.rounds),
        }
        size = sum(file.stat().st_size for file in Path(store).rglob("*") if file.is_file())
    print(f"{len(program):,} lines, {size / 1e3:.0f} kB of code in the store")
    print("\n| form | import | first answer, CPU (wall) | needed | met |\n|" + " --- |" * 5)
    for name, times in found.items():
        cells = verdict(1.0, None)
        if name == "second process":
            cells = f"<= {spoken(NEEDED)} | {'yes' if times['cpu'] <= NEEDED else 'NO'}"
        print(f"| {name} | {spoken(times['imported'])} |", end="")
        print(f" {spoken(times['cpu'])} ({spoken(times['wall'])}) | {cells} |")
    if len({times["value"] for times in found.values()}) > 1:
        print("the values differ")


if __name__ == "__main__":
    main()
