"""Simulations of many steps: what the ways to differentiate them cost, as steps become more.

    python -m tests.bench.simulations [--most STEPS]

A damped pendulum, by its length and its damping. Each measurement is a process of its own, with
nothing on disk: the CPU time to the first answer, that of each further one, the instructions of the
program, and the peak of memory above that of the imports. One pinned core.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import fgrad as fg
from tests.bench.race import pinned, spoken

AT = [1.0, 0.1]
BLOCK = 100


def step(state: Any, p: Any) -> Any:
    """The state of the pendulum a hundredth of a second later."""
    angle, speed = state
    speed = speed - 0.01 * (9.81 / p[0] * fg.sin(angle) + p[1] * speed)
    return angle + 0.01 * speed, speed


def cost(p: Any, steps: int, following: Callable[[Any, Any], Any] = step) -> Any:
    """The angle at the end."""
    state = 0.5, 0.0
    for _ in range(steps):
        state = following(state, p)
    return state[0]


def block(state: Any, p: Any) -> Any:
    """Many steps in a row."""
    for _ in range(BLOCK):
        state = step(state, p)
    return state


def _written_out(steps: int) -> Any:
    return fg.value_and_gradient(lambda p: cost(p, steps))


def _along(steps: int) -> Any:
    pushed = fg.compile(fg.jvp(lambda p: cost(p, steps)))
    return lambda p: [pushed(p, direction) for direction in ([1.0, 0.0], [0.0, 1.0])], pushed


def _carried(steps: int) -> Any:
    """States and their tangents from block to block, with no graph."""
    pushed = fg.compile(fg.jvp(block, argnums=(0, 1)))

    def along(p: Any, direction: Any) -> Any:
        state, tangent = (0.5, 0.0), (0.0, 0.0)
        for _ in range(steps // BLOCK):
            state, tangent = pushed(state, p, (tangent, direction))
        return state[0], tangent[0]

    return lambda p: [along(p, direction) for direction in ([1.0, 0.0], [0.0, 1.0])], pushed


def _whole(steps: int) -> Any:
    compiled = fg.compile(fg.value_and_gradient(lambda p: cost(p, steps)))
    return compiled, compiled


def _blocks(steps: int) -> Any:
    compiled = fg.compile(block)
    return fg.value_and_gradient(lambda p: cost(p, steps // BLOCK, compiled)), compiled


def _steps(steps: int) -> Any:
    compiled = fg.compile(step)
    return fg.value_and_gradient(lambda p: cost(p, steps, compiled)), compiled


WAYS: dict[str, Callable[[int], Any]] = {
    "not compiled": lambda steps: (_written_out(steps), None),
    "compiled step, called in a loop": _steps,
    f"compiled block of {BLOCK} steps, called in a loop": _blocks,
    f"compiled jvp of a block of {BLOCK} steps, called in a loop for each parameter": _carried,
    "compiled gradient": _whole,
    "compiled jvp, called for each parameter": _along,
}


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def alone(way: str, steps: int) -> None:
    """One measurement, printed as JSON."""
    WAYS[way](BLOCK)[0](AT)  # imports, and what a process does once
    before, begin = _peak(), time.process_time()
    run, compiled = WAYS[way](steps)
    run(AT)
    first = time.process_time() - begin
    times = []
    for _ in range(3):
        begin = time.process_time()
        run(AT)
        times.append(time.process_time() - begin)
    made = compiled.specialisations.values() if compiled is not None else ()
    lines = max((len(special.kernel.program) for special in made), default=0)
    found = {"first": first, "each": min(times), "lines": lines, "memory": _peak() - before}
    print(json.dumps(found))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--most", type=int, default=100_000)
    parser.add_argument("--way")
    parser.add_argument("--steps", type=int, default=1000)
    given = parser.parse_args()
    if given.way:
        alone(given.way, given.steps)
        return
    pinned()
    print("| steps | way | instructions | first answer | each further one | memory |")
    print(f"|{' --- |' * 6}")
    for steps in (1_000, 10_000, 100_000, 1_000_000):
        for way in WAYS if steps <= given.most else ():
            command = [sys.executable, "-m", "tests.bench.simulations", "--way", way]
            command += ["--steps", str(steps)]
            environment = {**os.environ, "FGRAD_CACHE": "off"}
            done = subprocess.run(command, env=environment, capture_output=True, check=True)
            found = json.loads(done.stdout)
            lines = f"{found['lines']:,}" if found["lines"] else "–"
            cells = [f"{steps:,}", way, lines, spoken(found["first"]), spoken(found["each"])]
            print(f"| {' | '.join(cells)} | {found['memory'] / 1e6:,.0f} MB |", flush=True)


if __name__ == "__main__":
    main()
