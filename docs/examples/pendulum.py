"""A pendulum swings up with a motor too weak to lift it at once: direct collocation with 200 steps.

The unknowns are the angle, the speed and the torque at each time. The equations say that the trapezoidal
rule holds from each time to the next (Kelly 2017, section 3); of all motions from hanging to standing
the one with the least square of the torque is sought. Run it with `--gif pendulum.gif` to see it move, or
with `--frames pendulum.png` for a strip of it.
"""

import argparse
import math
import time
from pathlib import Path
from typing import Any

import attrs

import fgrad as fg

STEPS, DURATION = 200, 4.0
STEP = DURATION / STEPS
GRAVITY, LENGTH, DAMPING, LIMIT = 9.81, 1.0, 0.1, 5.0


@attrs.frozen
class Motion:
    """The angle from hanging down, the angular speed and the torque, each at every time."""

    angle: tuple[float, ...]
    speed: tuple[float, ...]
    torque: tuple[float, ...]


def accelerations(motion: Motion) -> list[float]:
    """Those of the angle, at every time."""
    rows = zip(motion.angle, motion.speed, motion.torque, strict=True)
    return [u - DAMPING * w - GRAVITY / LENGTH * fg.sin(a) for a, w, u in rows]


def effort(motion: Motion) -> float:
    """The integral of the squared torque, by the trapezoidal rule."""
    squares = [fg.square(u) for u in motion.torque]
    return STEP * (fg.sum(squares) - 0.5 * (squares[0] + squares[-1]))


def holds(motion: Motion) -> dict[str, list[bool]]:
    """The equations of motion, and the states at both ends."""

    def joined(x: tuple[float, ...], slope: Any) -> list[bool]:
        return [
            fg.equal(x[k + 1] - x[k], 0.5 * STEP * (slope[k] + slope[k + 1])) for k in range(STEPS)
        ]

    angle, speed = motion.angle, motion.speed
    ends = ((angle[0], 0.0), (speed[0], 0.0), (angle[-1], math.pi), (speed[-1], 0.0))
    return {
        "angle": joined(angle, speed),
        "speed": joined(speed, accelerations(motion)),
        "ends": [fg.equal(x, y) for x, y in ends],
    }


def main() -> None:
    """Solve it by two solvers, and show the motion."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gif", type=Path, help="write the motion to this animation")
    parser.add_argument("--frames", type=Path, help="write a strip of the motion to this picture")
    options = parser.parse_args()

    count, free = STEPS + 1, math.inf
    line = tuple(math.pi * k / STEPS for k in range(count))
    start = Motion(line, (math.pi / DURATION,) * count, (0.0,) * count)
    bounds = [
        Motion((s * free,) * count, (s * free,) * count, (s * LIMIT,) * count) for s in (-1.0, 1.0)
    ]

    begin = time.perf_counter()
    problem = fg.nlp(effort, holds, start, bounds=(bounds[0], bounds[1]))
    print(problem, f"stated in {time.perf_counter() - begin:.2f} s")
    motions = []
    for solver in ("ipopt", "trust-constr"):
        begin = time.perf_counter()
        found = fg.solve_nlp(problem, solver)
        took = time.perf_counter() - begin
        print(
            f"{solver}: {found.status} after {found.iterations} iterations and {took:.2f} s, effort {found.objective:.6f}"
        )
        assert found.status == "optimal", found.message
        motions.append(found.x)
    print(f"largest torque {max(map(abs, motions[0].torque)):.3f} of {LIMIT:g}")
    if options.gif is not None:
        animate(options.gif, motions[0])
    if options.frames is not None:
        draw(options.frames, motions[0])


def draw(path: Path, motion: Motion) -> None:
    """The pendulum at every eighth time, and its angle and torque over time."""
    import matplotlib as mpl  # noqa: PLC0415  # only who asks for a picture needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415  # likewise

    figure, (above, below) = plt.subplots(
        2, figsize=(8.0, 4.6), layout="constrained", height_ratios=(1.0, 2.6)
    )
    for k in range(0, STEPS + 1, 8):
        at, angle = 6.0 * k / STEPS * DURATION, motion.angle[k]
        shade = str(0.75 - 0.75 * k / STEPS)
        above.plot(
            [at, at + LENGTH * math.sin(angle)], [0.0, -LENGTH * math.cos(angle)], color=shade
        )
        above.plot(
            at + LENGTH * math.sin(angle), -LENGTH * math.cos(angle), "o", color=shade, markersize=5
        )
    above.set(aspect="equal", title="A pendulum swings up", yticks=[], xticks=[])
    times = [STEP * k for k in range(STEPS + 1)]
    below.plot(times, motion.angle, label="angle, rad")
    below.plot(times, motion.torque, label="torque, N m")
    below.axhline(LIMIT, color="0.7", linewidth=0.8)
    below.axhline(-LIMIT, color="0.7", linewidth=0.8)
    below.set(xlabel="time, s")
    below.legend()
    figure.savefig(path, dpi=120)


def animate(path: Path, motion: Motion) -> None:
    """The motion in real time, at 25 frames a second."""
    import matplotlib as mpl  # noqa: PLC0415  # only who asks for an animation needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415  # likewise
    from matplotlib.animation import FuncAnimation, PillowWriter  # noqa: PLC0415  # likewise

    figure, axes = plt.subplots(figsize=(3.2, 3.2), layout="constrained")
    axes.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal", xticks=[], yticks=[])
    (rod,) = axes.plot([], [], "o-", color="tab:blue", linewidth=3, markersize=9, markevery=[1])

    def show(k: int) -> tuple[Any]:
        angle = motion.angle[k]
        rod.set_data([0.0, LENGTH * math.sin(angle)], [0.0, -LENGTH * math.cos(angle)])
        return (rod,)

    frames = [*range(0, STEPS + 1, 2), *[STEPS] * 12]
    FuncAnimation(figure, show, frames=frames).save(path, PillowWriter(fps=25))


if __name__ == "__main__":
    main()
