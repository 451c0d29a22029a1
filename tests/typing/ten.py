"""Ten functions as users write them; `tests.reveal` asks the type checkers what transforms make of them."""

import itertools
from typing import Generic, NamedTuple, TypeVar

import attrs

import fgrad as fg

R = TypeVar("R", bound=fg.Real)


def drag(speed: float, area: float = 1.0, *, density: float = 1.2) -> float:
    """A formula on floats, with a default and a keyword."""
    return 0.5 * density * area * speed * speed


def softened(x: R, y: R) -> R:
    """A formula for any kind of number."""
    return fg.sqrt(x * x + y * y + 1e-6)


def potential(x: fg.Node[float]) -> fg.Node[float]:
    """A formula written on nodes."""
    return fg.square(x) - fg.cos(3.0 * x)


@attrs.frozen
class Params:
    """Parameters of a fit."""

    weights: tuple[float, float]
    bias: float


def loss(params: Params, x: float, y: float) -> float:
    """A loss over a frozen tree of parameters."""
    w, v = params.weights
    return fg.square(fg.tanh(w * x + v) + params.bias - y)


@attrs.frozen
class Layer(Generic[R]):
    """Parameters of any kind of number."""

    weight: R
    bias: R


def neuron(layer: Layer[R], x: float) -> R:
    """A model over a generic tree."""
    return fg.tanh(layer.weight * x + layer.bias)


class Pose(NamedTuple):
    """Where a robot stands."""

    x: float
    y: float
    heading: float


def clearance(pose: Pose, wall: float = 2.0) -> float:
    """A constraint on a named tuple."""
    return wall - pose.x - 0.3 * fg.cos(pose.heading)


def energy(positions: list[float]) -> float:
    """A sum over a list."""
    return fg.sum([fg.square(b - a) for a, b in itertools.pairwise(positions)])


def present_value(curve: dict[str, float], cash: float) -> float:
    """A price from named rates."""
    return cash * fg.exp(-curve["1y"]) + cash * fg.exp(-2.0 * curve["2y"])


def polar(point: tuple[float, float]) -> tuple[float, float]:
    """Several results."""
    return fg.hypot(*point), fg.atan2(point[1], point[0])


@attrs.frozen
class Spring:
    """A model as an object."""

    stiffness: float

    def force(self, stretch: float, damping: float = 0.1) -> float:
        """A method."""
        return -self.stiffness * stretch - damping * stretch**3


spring = Spring(3.0)
