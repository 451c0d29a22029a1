"""Work in the background, one piece after the other: better code for what has become hot.

Nobody waits for it: not the call that asked for it, and not the end of the interpreter, for which a
piece of work stops at its next step.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from threading import Event, Lock, Thread, main_thread
from typing import Final

import attrs

Work = Callable[[], Iterator[None]]
"""Work that yields between its steps, where it may be stopped."""


@attrs.frozen(eq=False)
class Worker:
    """A thread that is started for the first piece of work and ends with the interpreter.

    >>> done = []
    >>> def work():
    ...     yield
    ...     done.append(True)
    >>> worker = Worker()
    >>> worker.do(work)
    >>> worker.finish()
    >>> done
    [True]
    """

    _queue: SimpleQueue[Work | None] = attrs.field(factory=SimpleQueue)
    _threads: list[Thread] = attrs.field(factory=list)
    _starting: Lock = attrs.field(factory=Lock)
    _stopping: Event = attrs.field(factory=Event)

    def do(self, work: Work) -> None:
        """Have it done some time; nothing is done after `stop`."""
        with self._starting:
            if not self._threads:
                # At the end of the interpreter, when `stop` is past.
                if not main_thread().is_alive():
                    return
                # A daemon, since others are waited for before `stop` can be called.
                thread = Thread(target=self._loop, name="fgrad native", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # no more can be had
                    return
                self._threads.append(thread)
        self._queue.put(work)

    def finish(self) -> None:
        """Wait until all that was asked for is done."""
        self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def stop(self) -> None:
        """Wait for the step that is being done, and leave the rest."""
        self._stopping.set()
        self.finish()

    def _loop(self) -> None:
        while (work := self._queue.get()) is not None:
            try:
                for _ in work():
                    if self._stopping.is_set():
                        return
            except Exception:  # noqa: BLE001, S110  # the code that runs stays as it is
                pass


_workers: Final = [Worker()]


def later(work: Work) -> None:
    """Have it done by the worker of this process."""
    _workers[0].do(work)


def _stop() -> None:
    _workers[0].stop()


def _begin_again() -> None:
    _workers[0] = Worker()


atexit.register(_stop)
if hasattr(os, "register_at_fork"):
    # A child has no threads but the one that forked.
    os.register_at_fork(after_in_child=_begin_again)
