"""While a program builds a graph, Python's garbage collector looks at new objects only.

It looks at older ones again and again, and at all there are whenever these have grown by a quarter.
Nodes are never garbage in a cycle, and a program that builds a graph makes little else. So while most
new objects are nodes the older ones wait, and are looked at as usual when that is over
(docs/decisions/0023).
"""

from __future__ import annotations

import gc
import sys
from typing import Final

from fgrad.graph.collector import SELDOM
from fgrad.graph.node import Node

WAIT: Final = 1_000_000
"""What is added to the thresholds of older objects; it is in them, and nowhere else, that they wait."""


class Watch:
    """What the collector calls, to see whether a graph is built: how many nodes there were last time.

    It is called once at a time, since collections do not overlap.
    """

    __slots__ = ("_nodes",)

    def __init__(self) -> None:
        """Begin with the nodes that there are."""
        self._nodes = _live_nodes()

    def __call__(self, phase: str, about: dict[str, int]) -> None:
        """Have older objects wait, or wait no longer, when a collection begins.

        What somebody sets meanwhile stays, and so does a collector that looks seldom anyway.
        """
        if phase != "start":
            return
        nodes = _live_nodes()
        made, self._nodes = nodes - self._nodes, nodes
        often, older, oldest = gc.get_threshold()
        waiting = older >= WAIT
        if not 0 < often < SELDOM[0] or not (waiting or about["generation"]):
            return
        if (2 * made > gc.get_count()[0]) != waiting:
            change = -WAIT if waiting else WAIT
            gc.set_threshold(often, older + change, oldest + change)


def _live_nodes() -> int:
    # Each refers to its class. To ask the collector for its objects would be slower, and no tuple
    # that another thread is about to fill can be finished while somebody else refers to it.
    return sys.getrefcount(Node)


watch: Final = Watch()


def begin() -> None:
    """Have the collector call `watch`, where it tells new objects from older ones as this assumes.

    That is in CPython with its global lock, before 3.14.
    """
    locked = getattr(sys, "_is_gil_enabled", lambda: True)()
    usual = sys.implementation.name == "cpython" and locked and sys.version_info < (3, 14)
    if usual and watch not in gc.callbacks:
        gc.callbacks.append(watch)
