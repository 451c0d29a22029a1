"""Ranges of rows, run in threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from operator import index
from threading import Thread
from typing import Final

MOST: Final = 256
"""The most threads that are started, whatever is asked for."""


def split_rows(length: int, threads: int, least: int) -> list[tuple[int, int]]:
    """About equal ranges for the threads, none shorter than `least`.

    >>> split_rows(10, 3, 2), split_rows(10, 3, 6)
    ([(0, 3), (3, 6), (6, 10)], [(0, 10)])
    """
    pieces = max(1, min(index(threads), MOST, length // max(least, 1)))
    ends = [length * k // pieces for k in range(pieces + 1)]
    return list(pairwise(ends))


def in_threads(work: Callable[[int, int], None], ranges: Sequence[tuple[int, int]]) -> None:
    """Run the ranges, each in a thread; raises what one of them raised."""
    raised: list[BaseException] = []

    def done(begin: int, end: int) -> None:
        try:
            work(begin, end)
        except BaseException as error:  # noqa: BLE001  # it is raised where the rows were asked for
            raised.append(error)

    others: list[Thread] = []
    for begin, end in ranges[1:]:
        thread = Thread(target=done, args=(begin, end))
        try:
            thread.start()
        except RuntimeError:  # no more can be had, or none at the end of the interpreter
            done(begin, end)
        else:
            others.append(thread)
    done(*ranges[0])
    for thread in others:
        thread.join()
    if raised:
        raise raised[0]
