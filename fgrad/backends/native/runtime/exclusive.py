"""Turns at LLVM: its calls are serialised, not interrupted by signal handlers, and waited for at exit.

An exception that a signal handler raises within llvmlite leaves its lock held for ever, or makes it
free a string twice, which aborts. Handlers run in the main thread only, so calls of the main thread
are made by a thread of their own, for which it waits.

LLVM's tables are destroyed when the process exits, whatever daemon threads do with them: compiling
meanwhile fails an assertion of LLVM's, which aborts, or reads freed memory. So exit waits for the
current call, and daemons make no other. (docs/decisions/0019)
"""

from __future__ import annotations

import atexit
import os
from _thread import allocate_lock, get_ident, start_new_thread
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from threading import Event, RLock, current_thread, main_thread
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MANY: Final = 16
"""Deferred calls of the main thread for which a thread is started, if nobody takes a turn before."""

_turn: Final = RLock()
# The thread whose turn it is, once for each nested turn.
_within: Final[list[int]] = []
_deferred: Final[deque[Callable[[], object]]] = deque()
_ending: Final = Event()
_before_the_end: Final[list[Callable[[], object]]] = []


def exclusively(work: Callable[[], T]) -> T:
    """Run work while no other thread does; returns its result, or raises what it raises.

    In the main thread the exception of a signal handler is raised at once, and the work goes on.

    >>> exclusively(lambda: 2 + 2)
    4
    """
    me = get_ident()
    if me != main_thread().ident:
        return _take(work, daemon=None)
    direct = _ending.is_set() or me in _within
    return _take(work, daemon=False) if direct else _by_another(work)


def in_turn(work: Callable[P, T]) -> Callable[P, T]:
    """The function, called while no other thread is in such a call."""

    @wraps(work)
    def taken(*args: P.args, **kwargs: P.kwargs) -> T:
        return exclusively(partial(work, *args, **kwargs))

    return taken


def defer(work: Callable[[], object]) -> None:
    """Run it with the next turn, or when there are `MANY`: for finalizers, which must not wait."""
    _deferred.append(work)
    if _within or _ending.is_set():
        return
    if get_ident() != main_thread().ident:
        _tidy()
    elif len(_deferred) % MANY == 0:
        try:
            start_new_thread(_tidy, ())
        except RuntimeError:  # no more can be had
            return


def before_the_end(work: Callable[[], object]) -> None:
    """Run it when the interpreter exits, while all threads may still take turns."""
    _before_the_end.append(work)


def _by_another(work: Callable[[], T]) -> T:
    """Let another thread take the turn, and wait for it."""
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
    """Run it now, unless this thread is a daemon and the interpreter is exiting; `daemon` if that is known."""
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
    """Run what is deferred, if it is nobody's turn; otherwise who has the turn does it afterwards."""
    while _deferred and not _ending.is_set() and _turn.acquire(blocking=False):
        try:
            with _held():
                _clear()
        finally:
            _turn.release()


def _clear() -> None:
    while _deferred:
        _deferred.popleft()()


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
    # A child forked in the middle of a turn would find LLVM's locks held for ever.
    _turn.acquire()
    _within.append(get_ident())


def _let_go() -> None:
    _within.pop()
    _turn.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_let_go, after_in_child=_let_go)
