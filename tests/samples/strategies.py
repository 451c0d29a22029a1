"""Random graphs, as data: a list of instructions that builds the same expression of any numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
from hypothesis import strategies as st

import fgrad as fg


@attrs.frozen
class Recipe:
    """Instructions `(operation, i, j)` on the values so far: the inputs first, the output last."""

    inputs: tuple[float, ...]
    steps: tuple[tuple[str, int, int], ...]

    def run(self, values: Sequence[Any], table: dict[str, Callable[[Any, Any], Any]]) -> list[Any]:
        """All values, when the inputs are `values` and the operations are those of `table`."""
        done = list(values)
        for name, i, j in self.steps:
            done.append(table[name](done[i % len(done)], done[j % len(done)]))
        return done

    def nodes(self, table: dict[str, Callable[[Any, Any], Any]]) -> list[Any]:
        """All nodes, the variables first."""
        return self.run([fg.var(x, f"x{i}") for i, x in enumerate(self.inputs)], table)


RING: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "neg": lambda x, y: -x,
    "twice": lambda x, y: 2.0 * x,
    "less one": lambda x, y: x - 1.0,
}

SMOOTH: dict[str, Callable[[Any, Any], Any]] = RING | {
    "tanh": lambda x, y: fg.tanh(x),
    "sin": lambda x, y: fg.sin(x),
    "sigmoid": lambda x, y: fg.sigmoid(x) * y,
    "quotient": lambda x, y: x / (1.0 + fg.square(y)),
    "hypot": lambda x, y: fg.hypot(x, 1.0),
    "exp": lambda x, y: fg.exp(-fg.square(x)),
}

BRANCHING: dict[str, Callable[[Any, Any], Any]] = SMOOTH | {
    "maximum": fg.maximum,
    "where": lambda x, y: fg.where(fg.less(x, y), x * y, fg.log(x)),
    "sqrt": lambda x, y: fg.where(fg.greater(x, 0.0), fg.sqrt(x), y),
    "abs": lambda x, y: abs(x) if isinstance(x, fg.Node) else fg.abs(x),
}


def recipes(
    table: dict[str, Callable[[Any, Any], Any]], inputs: st.SearchStrategy[float]
) -> st.SearchStrategy[Recipe]:
    """Recipes of up to 30 steps over up to four inputs."""
    index = st.integers(0, 40)
    step = st.tuples(st.sampled_from(sorted(table)), index, index)
    return st.builds(
        Recipe,
        st.lists(inputs, min_size=1, max_size=4).map(tuple),
        st.lists(step, min_size=1, max_size=30).map(tuple),
    )
