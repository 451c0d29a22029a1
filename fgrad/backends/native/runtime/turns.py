"""Turns at LLVM: one piece of work at a time, which nothing interrupts and which the end waits for.

What the handler of a signal raises in the middle of llvmlite leaves its lock held for ever, or has
it free a string twice, which aborts. Handlers run in the main thread and in no other, so what the
main thread wants done is done by a thread of its own, for which it waits.

LLVM's own tables are destroyed when the process ends, whatever daemon threads do with them: code that
is made meanwhile fails an assertion of LLVM's, which aborts, or reads what is no more. So the end
waits for the turn that is being taken, and daemons take no other. (docs/decisions/0019)
"""

from __future__ import annotations

import atexit
import os
from _thread import allocate_lock, get_ident, start_new_thread
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, RLock, current_thread, main_thread
from typing import Final, TypeVar

T = TypeVar("T")

MANY: Final = 16
"""Finalizers in the main thread for which a thread is started, if nobody takes a turn before."""

_turn: Final = RLock()
# The threads whose turn it is: one, as often as it has come back for another turn within it.
_within: Final[list[int]] = []
_left: Final[deque[Callable[[], object]]] = deque()
_ending: Final = Event()
_before_the_end: Final[list[Callable[[], object]]] = []


def taken(work: Callable[[], T]) -> T:
    """What the work gives, done when it is its turn; what it raises.

    In the main thread what a handler raises comes at once, and the work goes on without it.

    >>> taken(lambda: 2 + 2)
    4
    """
    me = get_ident()
    if me != main_thread().ident:
        return _take(work, daemon=None)
    direct = _ending.is_set() or me in _within
    return _take(work, daemon=False) if direct else _by_another(work)


def soon(work: Callable[[], object]) -> None:
    """Have it done by the next turn, or when there are `MANY`: a finalizer must not wait for it."""
    _left.append(work)
    if _within or _ending.is_set():
        return
    if get_ident() != main_thread().ident:
        _tidy()
    elif len(_left) % MANY == 0:
        try:
            start_new_thread(_tidy, ())
        except RuntimeError:  # no more can be had
            return


def before_the_end(work: Callable[[], object]) -> None:
    """Have it done when the interpreter ends, while turns are still given to all."""
    _before_the_end.append(work)


def _by_another(work: Callable[[], T]) -> T:
    """Have another thread take the turn, and wait for it."""
    values: list[T] = []
    raised: list[BaseException] = []
    done = allocate_lock()
    done.acquire()

    def run() -> None:
        try:
            values.append(_take(work, daemon=True))
        except BaseException as error:  # noqa: BLE001  # it is raised where it is waited for
            raised.append(error)
        finally:
            done.release()

    try:
        # In one step, unlike a `Thread`, whose `start` could be interrupted half-way.
        start_new_thread(run, ())
    except RuntimeError:  # no more can be had, or none at the end of the interpreter
        return _take(work, daemon=False)
    done.acquire()
    if raised:
        raise raised.pop()
    return values.pop()


def _take(work: Callable[[], T], *, daemon: bool | None) -> T:
    """Do it now, unless this thread is a daemon and the end has come; `daemon` if that is known."""
    try:
        with _turn:
            over = _ending.is_set() and not _within
            if not (over and (current_thread().daemon if daemon is None else daemon)):
                with _held():
                    _clear()
                    return work()
    finally:
        _tidy()
    while True:
        Event().wait()  # for the end


def _tidy() -> None:
    """Do what is left, if it is nobody's turn; whose turn it is comes here afterwards."""
    while _left and not _ending.is_set() and _turn.acquire(blocking=False):
        try:
            with _held():
                _clear()
        finally:
            _turn.release()


def _clear() -> None:
    while _left:
        _left.popleft()()


@contextmanager
def _held() -> Iterator[None]:
    _within.append(get_ident())
    try:
        yield
    finally:
        _within.pop()


@atexit.register
def _end() -> None:
    try:
        for work in _before_the_end:
            work()
    finally:
        _ending.set()
        while True:
            try:
                with _turn:
                    break
            except KeyboardInterrupt:  # which would leave LLVM at work; it takes no second
                continue


def _hold() -> None:
    # In a child that was made in the middle of a turn LLVM's locks would be held for ever.
    _turn.acquire()
    _within.append(get_ident())


def _let_go() -> None:
    _within.pop()
    _turn.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_let_go, after_in_child=_let_go)
