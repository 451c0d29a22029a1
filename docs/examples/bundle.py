"""Bundle adjustment: where cameras stood and points are, from where the points were seen.

Twelve cameras look at 300 points, each seen by six of them: 3,600 residuals of 972 unknowns, whose
Jacobian has nine nonzeros a row. Everything is generated, so the end can be held against the truth;
as nothing fixes where the whole stands and how large it is, what is compared are the errors of the pictures.
"""

import argparse
import math
import random
import time
from pathlib import Path

import attrs

import fgrad as fg

CAMERAS, POINTS, SEEN, NOISE = 12, 300, 6, 0.5
FOCAL = 800.0


@attrs.frozen
class Vector:
    """A point, or a rotation about that axis by its length."""

    x: float
    y: float
    z: float

    def cross(self, other: "Vector") -> "Vector":
        """The vector product."""
        return Vector(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )

    def plus(self, other: "Vector", factor: float = 1.0) -> "Vector":
        """The sum with a multiple of the other."""
        return Vector(
            self.x + factor * other.x, self.y + factor * other.y, self.z + factor * other.z
        )

    def dot(self, other: "Vector") -> float:
        """The scalar product."""
        return self.x * other.x + self.y * other.y + self.z * other.z


@attrs.frozen
class Camera:
    """How the world is turned and shifted in front of a camera."""

    rotation: Vector
    shift: Vector


@attrs.frozen
class Scene:
    """All that is unknown."""

    cameras: tuple[Camera, ...]
    points: tuple[Vector, ...]


@attrs.frozen
class Sighting:
    """Where a camera saw a point, in pixels from the middle of the picture."""

    camera: int
    point: int
    u: float
    v: float


def rotated(v: Vector, axis: Vector) -> Vector:
    """The formula of Rodrigues, smooth also where nothing is turned."""
    square = axis.dot(axis)
    angle = fg.sqrt(square + 1e-30)
    turned = axis.cross(v)
    first = fg.sin(angle) / angle
    second = 2.0 * fg.square(fg.sin(0.5 * angle) / angle)
    return v.plus(turned, first).plus(axis.cross(turned), second)


def projected(camera: Camera, point: Vector) -> tuple[float, float]:
    """Where a pinhole camera sees a point."""
    seen = rotated(point, camera.rotation).plus(camera.shift)
    return FOCAL * seen.x / seen.z, FOCAL * seen.y / seen.z


def made(seed: int) -> tuple[Scene, tuple[Sighting, ...]]:
    """Cameras on a ring around a cloud of points, and what they saw, with an error of half a pixel."""
    chance = random.Random(seed)  # noqa: S311  # an example, no secret
    turns = [2.0 * math.pi * k / CAMERAS for k in range(CAMERAS)]
    cameras = tuple([Camera(Vector(0.0, t - math.pi, 0.0), Vector(0.0, 0.0, 6.0)) for t in turns])
    points = tuple([Vector(*(chance.gauss(0.0, 0.8) for _ in range(3))) for _ in range(POINTS)])
    sightings = []
    for p, point in enumerate(points):
        for c in chance.sample(range(CAMERAS), SEEN):
            u, v = projected(cameras[c], point)
            sightings.append(
                Sighting(c, p, u + chance.gauss(0.0, NOISE), v + chance.gauss(0.0, NOISE))
            )
    return Scene(cameras, points), tuple(sightings)


def shaken(scene: Scene, seed: int) -> Scene:
    """A start: all numbers off by two hundredths or so."""
    chance = random.Random(seed)  # noqa: S311  # an example, no secret
    return fg.trees.map(lambda x: x + chance.gauss(0.0, 0.02), scene)


def main() -> None:
    """Adjust, and compare with the truth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--plot", type=Path, help="write the errors before and after to this picture"
    )
    plot: Path | None = parser.parse_args().plot
    truth, sightings = made(seed=4)
    start = shaken(truth, seed=5)

    def errors(scene: Scene) -> list[tuple[float, float]]:
        found = []
        for s in sightings:
            u, v = projected(scene.cameras[s.camera], scene.points[s.point])
            found.append((u - s.u, v - s.v))
        return found

    begin = time.perf_counter()
    fit = fg.least_squares(errors, start)
    print(
        f"{fit.count} residuals, {len(fg.trees.leaves(start))} unknowns, {time.perf_counter() - begin:.2f} s"
    )
    print(f"{'':<10}{'error in pixels':>16}")
    spread = {}
    for name, scene in (("start", start), ("fit", fit.params), ("truth", truth)):
        spread[name] = math.sqrt(sum([u * u + v * v for u, v in errors(scene)]) / fit.count)
        print(f"{name:<10}{spread[name]:>16.4f}")
    assert fit.converged
    if plot is not None:
        draw(plot, errors(start), errors(fit.params))


def draw(path: Path, before: list[tuple[float, float]], after: list[tuple[float, float]]) -> None:
    """Where points were seen, relative to where they should have been."""
    import matplotlib as mpl  # noqa: PLC0415  # only who asks for a picture needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415  # likewise

    figure, both = plt.subplots(1, 2, figsize=(8.0, 4.0), layout="constrained")
    for axes, rows, title in zip(both, (before, after), ("before", "after"), strict=True):
        axes.plot([u for u, _ in rows], [v for _, v in rows], ".", markersize=3)
        axes.set(
            aspect="equal", title=title, xlabel="error across, pixels", ylabel="error down, pixels"
        )
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
