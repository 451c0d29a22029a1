"""Random programs over arrays against JAX, on as many as are asked for.

    python -m tests.laws.array_laws [programs] [first]

A program is a function of a tree of arrays and numbers that puts operations, indices, branches,
loops and transforms together. Its value and its derivatives are taken in several ways, and each must
agree with what JAX says to 1e-10, relatively to the size of the result. A difference is no failure if
the oracle itself moves by a tenth of it when the point moves by 1e-13: these programs are counted as
ill-conditioned. What fails is made smaller and shown as Python.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import attrs
import numpy as np

from fgrad.arrays import api
from tests.laws.array_case import TOLERANCE, Case, Failed, apart
from tests.laws.array_generator import program
from tests.laws.array_programs import Program
from tests.laws.array_shrinking import shrunk
from tests.laws.array_ways import WAYS

SHOWN: Final = 3
"""Failures of each kind that are made smaller and printed."""
NEARBY: Final = 3
"""Points at which it is seen whether a derivative is ill-conditioned."""
ILL: Final = "ill-conditioned"
MADE: Final = "made"

Oracle = Callable[[Program], Any]


def failure(case: Case, way: str) -> str | None:
    """What is wrong with a way, if something is."""
    run, wanted = WAYS[way]
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("error")
            got = run(case)
        with np.errstate(all="ignore"):
            expected = wanted(case.said)
            away = apart(got, expected)
    except Failed as found:
        return str(found)
    except Exception as error:  # noqa: BLE001  # whatever is raised is a fault
        return f"{type(error).__name__}: {error!s:.400}"
    if away <= TOLERANCE:
        return None
    with np.errstate(all="ignore"):
        around = [wanted(case.said.nearby(i)) for i in range(NEARBY)]
        moved = max([apart(other, expected) for other in around])
    if moved >= 0.1 * away:
        return ILL
    return f"apart by {away:.1e}: got {got!r:.600}, wanted {expected!r:.600}"


def failures(program: Program, oracle: Oracle) -> dict[str, str]:
    """What is wrong, by the way."""
    try:
        case = Case(program, oracle)
    except Exception as error:  # noqa: BLE001  # likewise
        return {MADE: f"{type(error).__name__}: {error!s:.400}"}
    found = {way: failure(case, way) for way in program.ways}
    return {way: wrong for way, wrong in found.items() if wrong is not None}


def report(seed: int, program: Program, way: str, wrong: str, oracle: Oracle) -> str:
    """The failure on as small a program as was found."""
    one, kind = attrs.evolve(program, ways=(way,)), _kind(wrong)
    small = shrunk(one, lambda p: _kind(failures(p, oracle).get(way, "")) == kind)
    wrong = failures(small, oracle).get(way, wrong)
    return f"seed {seed}, {way}: {wrong}\n{small.told()}\n"


def _kind(wrong: str) -> str:
    return wrong[:12] if wrong.startswith("apart by") else wrong[:40]


@attrs.frozen
class Tally:
    """What was reached how often, and what was found."""

    reached: Counter[str] = attrs.field(factory=Counter)
    ways: Counter[str] = attrs.field(factory=Counter)
    kinds: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    ended: Counter[str] = attrs.field(factory=Counter)

    def add(self, made: Program, found: dict[str, str]) -> None:
        """One program more."""
        self.reached.update([line.name for line in made.lines()])
        self.ways.update(made.ways)
        wrong = [text for text in found.values() if text != ILL]
        self.ended.update(["failed" if wrong else ILL if found else "agree"])

    def told(self, count: int, seconds: float) -> str:
        """All of it as text."""
        ended = ", ".join([f"{n} {name}" for name, n in self.ended.most_common()])
        lines = [f"{count:,} programs: {ended}, {seconds:.0f} s"]
        lines += [f"{n:6} {way}: {kind}" for (way, kind), n in self.kinds.most_common()]
        for name, counts in (("operations", self.reached), ("ways", self.ways)):
            listed = ", ".join([f"{key} {n}" for key, n in counts.most_common()])
            lines.append(f"{name}: {listed}")
        return "\n".join([*lines, f"not reached: {', '.join(sorted(self.missing()))}"])

    def missing(self) -> set[str]:
        """Functions of arrays that no program has."""
        functions = {name for name in vars(api) if not name.startswith("_")}
        return {name for name in functions - set(self.reached) if callable(getattr(api, name))}


def main() -> None:
    """Try the laws."""
    from tests.laws.array_jax import Oracle as Jax  # noqa: PLC0415  # it starts threads

    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    begin, tally = time.perf_counter(), Tally()
    for seed in range(first, first + count):
        made = program(seed)
        found = failures(made, Jax)
        tally.add(made, found)
        for way, wrong in [pair for pair in found.items() if pair[1] != ILL][:1]:
            key = (way, _kind(wrong))
            tally.kinds[key] += 1
            if tally.kinds[key] <= SHOWN:
                print(report(seed, made, way, wrong, Jax), flush=True)
        if (seed + 1) % 500 == 0:
            print(
                tally.told(seed + 1 - first, time.perf_counter() - begin).splitlines()[0],
                flush=True,
            )
    print(tally.told(count, time.perf_counter() - begin))
    sys.exit(bool(tally.ended["failed"]))


if __name__ == "__main__":
    main()
