"""A chain of nodes, as deep as asked: what each thing costs per node, which should stay flat.

    python -m tests.bench.deep [depths...]

With the collector off, which tests/bench/eager.py leaves on.
"""

from __future__ import annotations

import copy
import gc
import pickle
import sys
import time
from collections.abc import Callable
from typing import Any

import fgrad as fg


def chain(depth: int) -> fg.Node[float]:
    """`depth` products in a row."""
    node = fg.var(1.0, "x")
    for _ in range(depth):
        node = node * 1.0
    return node


def row(depth: int) -> str:
    """One line of the table: nanoseconds a node."""
    cells = [f"{depth:>9,}"]

    def timed(action: Callable[[], Any]) -> Any:
        begin = time.perf_counter()
        result = action()
        cells.append(f"{(time.perf_counter() - begin) / depth * 1e9:>6.0f}")
        return result

    output = timed(lambda: chain(depth))
    graph = fg.Graph.of(output)
    timed(lambda: fg.grad(graph, output))
    timed(lambda: graph.nodes)
    data = timed(lambda: pickle.dumps(graph))
    back = timed(lambda: pickle.loads(data))
    timed(lambda: back == graph)
    timed(lambda: graph.digest)
    timed(lambda: (repr(output), repr(graph), copy.deepcopy(graph.outputs)))
    last = [chain(depth)]
    timed(last.clear)
    return f"| {' | '.join(cells)} | {len(data) / depth:.1f} |"


def main() -> None:
    """Print the table."""
    gc.disable()
    print(
        "| depth | build | grad | order | dumps | loads | == | digest | repr, copy | free | bytes |"
    )
    print(f"|{' --- |' * 11}")
    for depth in [int(a) for a in sys.argv[1:]] or [10_000, 100_000, 1_000_000]:
        print(row(depth), flush=True)


if __name__ == "__main__":
    main()
