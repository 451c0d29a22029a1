"""Random networks, for laws of what is made of sums of products and of branches."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import fgrad as fg
from fgrad.program.passes import simplified
from fgrad.program.program import Program

BRANCHES: tuple[Callable[[Any], Any], ...] = (
    fg.relu,
    lambda s: fg.where(s > 0.5, s, 0.5 * s),
    lambda s: fg.where(fg.logical_and(s > -1.0, s < 2.0), s * s, s),
    lambda s: fg.maximum(s, -s * 0.25),
    lambda s: fg.clip(s, -2.0, 2.0),
    lambda s: fg.where(s > 0.0, fg.sqrt(s), 0.0),
    abs,
)
"""Functions whose derivatives have guards, all of operations that are rounded correctly."""


def network(seed: int) -> Program:
    """The loss of a row of a random network, and its gradient by weights; all of them are inputs.

    Weights come before the numbers of the row, and its label.
    """
    rng = random.Random(seed)
    sizes = [rng.randint(1, 6) for _ in range(rng.randint(2, 3))]
    branches = [rng.choice(BRANCHES) for _ in sizes]
    weights = sum((a + 1) * b for a, b in zip(sizes, [*sizes[1:], 1], strict=True))

    def loss(w: Sequence[Any], x: Sequence[Any], label: Any) -> Any:
        values, left = list(x), iter(w)
        for branch, size in zip(branches, [*sizes[1:], 1], strict=True):
            biases = [next(left) for _ in range(size)]
            sums = [b + sum(next(left) * v for v in values) for b in biases]
            values = [branch(s) for s in sums]
        return fg.relu(1.0 - label * values[0])

    point = [1.0] * weights, [1.0] * sizes[0], 1.0
    return simplified(fg.trace(fg.value_and_gradient(loss))(*point))
