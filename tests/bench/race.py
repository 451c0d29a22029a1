"""Entrants timed side by side: interleaved runs, medians of CPU time, ratios beside what is needed.

A ratio is the time of an entrant by that of the first one, which is ours. CPU time counts the
threads that a library starts by itself, and another process on the core does not spoil it.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import numpy as np

Run = Callable[[], Any]
Clock = Callable[[], float]


def pinned() -> None:
    """Keep this process, and what it starts, on one core, and off what others left on disk.

    To be called before peers are imported.
    """
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.environ.setdefault(
        "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    )
    os.environ.setdefault("FGRAD_CACHE", "off")
    os.environ["DRJIT_CACHE_DIR"] = tempfile.mkdtemp(prefix="fgrad_bench_")


def missing(*names: str) -> list[str]:
    """Which of these libraries are not installed, said in a line each."""
    absent = [name for name in names if not importlib.util.find_spec(name)]
    for name in absent:
        print(f"skipped: {name} is not installed")
    return absent


@attrs.frozen
class Entrant:
    """A run, the CPU time of making it with its first answer, and the least ratio that is needed."""

    name: str
    run: Run
    made: float
    need: float | None = None

    @classmethod
    def of(cls, name: str, make: Callable[[], Run], need: float | None = None) -> Entrant:
        """Made now, and run once."""
        begin = _spent()
        run = make()
        run()
        return cls(name, run, _spent() - begin, need)


def _spent() -> float:
    """CPU time of this process and of those that it has waited for, such as a compiler."""
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + others.ru_utime + others.ru_stime


def medians(
    runs: dict[str, Run], rounds: int = 9, least: float = 5e-3, clock: Clock = time.process_time
) -> dict[str, float]:
    """The median time of a call of each, in rounds of at least so many seconds."""
    calls = {name: _enough(run, least, clock) for name, run in runs.items()}
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name in random.sample(sorted(runs), len(runs)):
            gc.collect()
            times[name].append(_each(runs[name], calls[name], clock))
    return {name: statistics.median(t) for name, t in times.items()}


def _each(run: Run, calls: int, clock: Clock) -> float:
    begin = clock()
    for _ in range(calls):
        run()
    return (clock() - begin) / calls


def _enough(run: Run, least: float, clock: Clock) -> int:
    """How many calls take so long."""
    calls = 1
    while calls < 1_000_000 and calls * _each(run, calls, clock) < least:
        calls *= 2
    return calls


def spoken(seconds: float) -> str:
    """With a unit."""
    units = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))
    scale, unit = next((u for u in units if seconds >= u[0]), units[-1])
    return f"{seconds / scale:.3g} {unit}"


def verdict(ratio: float, need: float | None) -> str:
    """What is needed and whether it is met, as two cells."""
    if need is None:
        return " | "
    return f">= {need:.3g}x | {'yes' if ratio >= need else 'NO'}"


def show(
    title: str, entrants: Sequence[Entrant], *, rounds: int = 9, rows: int = 1
) -> dict[str, float]:
    """Race them, and print the table; the first is ours. With `rows`, times are of a row too."""
    times = medians({e.name: e.run for e in entrants}, rounds)
    ours = times[entrants[0].name]
    each = " a row |" if rows > 1 else ""
    print(f"\n{title}\n\n| form | made in | time |{each} beside ours | needed | met |")
    print("| --- |" + " --- |" * (6 if rows > 1 else 5))
    for e in entrants:
        cell = f" {times[e.name] / rows * 1e9:.3g} ns |" if rows > 1 else ""
        ratio = times[e.name] / ours
        print(f"| {e.name} | {spoken(e.made)} | {spoken(times[e.name])} |{cell}", end="")
        print(f" {ratio:.2f}x | {verdict(ratio, e.need)} |", flush=True)
    return times


def apart(ours: Sequence[Any], theirs: Sequence[Any]) -> float:
    """How far answers are apart, relative to the largest number of each output."""
    return max(
        float(np.max(np.abs(np.asarray(x) - np.asarray(y))) / (np.max(np.abs(x)) + 1e-300))
        for x, y in zip(ours, theirs, strict=True)
    )


def agreed(ours: Sequence[Any], entrants: Sequence[Entrant], allowed: float = 1e-9) -> None:
    """Say who gives other numbers than ours."""
    for e in entrants:
        far = apart(ours, e.run())
        if not far <= allowed:
            print(f"{e.name} differs by {far:.0e}: its time means nothing")
