"""A background thread that compiles better code for programs that have become hot.

Nobody waits for it: not the call that asked for it, and not the end of the interpreter, for which
it stops after its current step.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from threading import Event, RLock, Thread, current_thread, main_thread
from typing import Final

import attrs

from fgrad.backends.native.runtime.exclusive import before_the_end

Work = Callable[[], Iterator[None]]
"""Work that yields between its steps, after each of which it may be stopped."""


@attrs.frozen(eq=False)
class Worker:
    """A thread that starts when there is work, and ends when there is none.

    >>> done = []
    >>> def work():
    ...     yield
    ...     done.append(True)
    >>> worker = Worker()
    >>> worker.submit(work)
    >>> worker.finish()
    >>> done
    [True]
    """

    _works: deque[Work] = attrs.field(factory=deque, init=False)
    _threads: list[Thread] = attrs.field(factory=list, init=False)
    # Reentrant, since a finalizer may submit work too; then there may be two threads.
    _guard: RLock = attrs.field(factory=RLock, init=False)
    _stopping: Event = attrs.field(factory=Event, init=False)

    def submit(self, work: Work) -> None:
        """Queue work; after `stop` nothing is done."""
        with self._guard:
            # At the end of the interpreter, when `stop` is past, nobody waits for a thread.
            if self._stopping.is_set() or not main_thread().is_alive():
                return
            self._works.append(work)
            if self._threads:
                return
            # A daemon, since the interpreter joins others before `stop` can be called.
            thread = Thread(target=self._loop, name="fgrad native", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no more can be had
                return
            self._threads.append(thread)

    def finish(self) -> None:
        """Wait until all work is done."""
        with self._guard:
            threads = tuple(self._threads)
        for thread in threads:
            thread.join()

    def stop(self) -> None:
        """Wait for the current step, and drop the rest."""
        self._stopping.set()
        self.finish()

    def _loop(self) -> None:
        while (work := self._next()) is not None:
            try:
                for _ in work():
                    if self._stopping.is_set():
                        break
            except Exception:  # noqa: BLE001, S110  # the code that runs stays as it is
                pass

    def _next(self) -> Work | None:
        with self._guard:
            if self._works and not self._stopping.is_set():
                return self._works.popleft()
            self._threads.remove(current_thread())
            return None


_workers: Final = [Worker()]


def submit(work: Work) -> None:
    """Queue work for the worker of this process."""
    _workers[0].submit(work)


def _stop() -> None:
    _workers[0].stop()


def _reset() -> None:
    _workers[0] = Worker()


before_the_end(_stop)
if hasattr(os, "register_at_fork"):
    # A child has no threads but the one that forked.
    os.register_at_fork(after_in_child=_reset)
