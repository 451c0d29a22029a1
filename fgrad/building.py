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

from fgrad.calm import SELDOM
from fgrad.node import Node

WAIT: Final = 1_000_000
"""What is added to the thresholds of older objects; it is in them, and nowhere else, that they wait."""


def watch(phase: str, about: dict[str, int]) -> None:
    """Look, when the collector begins, whether a graph is built: the collector calls this itself.

    What somebody sets meanwhile stays, and so does a collector that looks seldom anyway.
    """
    often, older, oldest = gc.get_threshold()
    waiting = older >= WAIT
    if phase != "start" or not 0 < often < SELDOM[0] or not (waiting or about["generation"]):
        return
    some = gc.get_objects(generation=0)[::16]
    nodes = sum([type(thing) is Node for thing in some])
    if (2 * nodes > len(some)) != waiting:
        change = -WAIT if waiting else WAIT
        gc.set_threshold(often, older + change, oldest + change)


def begin() -> None:
    """Have the collector call `watch`, where it tells new objects from older ones as this assumes.

    That is in CPython with its global lock, before 3.14.
    """
    locked = getattr(sys, "_is_gil_enabled", lambda: True)()
    usual = sys.implementation.name == "cpython" and locked and sys.version_info < (3, 14)
    if usual and watch not in gc.callbacks:
        gc.callbacks.append(watch)
