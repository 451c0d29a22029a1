"""Object code kept on disk from one process to the next: bytes by key, believed only if verified."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import sys
import time
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path
from typing import Final

import attrs

LIMIT: Final = 256 * 2**20

_FORMAT: Final = 1
_BLOCK: Final = 4096  # what a small file takes on most disks
_SCANS: Final = 64  # of the directory, while as much as the limit is written
_STALE: Final = 3600.0  # seconds; whoever still wrote a temporary file by then has died
_KEY: Final = re.compile(r"[0-9a-f]{1,128}")
_ENTRY: Final = re.compile(r"[0-9a-f]{1,128}\.fgrad")
_TEMPORARY: Final = re.compile(r"[0-9a-f]{16}\.fgrad\.tmp")
# Windows has neither; without O_NONBLOCK a pipe in the place of a file would be waited for.
_FLAGS: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@attrs.frozen
class Info:
    """What a store holds, in whole blocks of 4096 bytes, and what keeps it from working, if anything."""

    directory: Path | None
    entries: int
    bytes: int
    limit: int
    problem: str | None

    @property
    def usable(self) -> bool:
        """Whether entries can be read and written."""
        return self.problem is None


@attrs.frozen
class Store:
    """A private directory of about `limit` bytes at most in which compiled code is kept.

    The code is executed, so only files are believed that nobody but this user can have written,
    and that say themselves, with a hash, what they are.
    Nothing here raises an OSError: what cannot be read is absent, what cannot be written is not kept.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as directory:
    ...     store = Store(Path(directory))
    ...     store.get("c0de"), store.put("c0de", b"code"), store.get("c0de"), store.clear()
    (None, True, b'code', 1)
    """

    directory: Path | None
    limit: int = LIMIT

    @classmethod
    def usual(cls) -> Store:
        """The store of this user: FGRAD_CACHE says where, or `off`."""
        try:
            return cls(_usual_directory(os.environ))
        except (OSError, RuntimeError):  # there is no home, or no working directory
            return cls(None)

    def get(self, key: str) -> bytes | None:
        """What was put under the key (hexadecimal digits), if it is there and whole."""
        path = self._path(key)
        if path is None or _obstacle(self.directory):
            return None
        try:
            with open(path, "rb", opener=_open) as file:
                status = os.fstat(file.fileno())
                believed = stat.S_ISREG(status.st_mode) and not _alien(status)
                if not believed or status.st_size > self.limit:
                    return None
                head, end, data = file.read(status.st_size).partition(b"\n")
        except OSError:
            return None
        if head + end != _head(key, data):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return data

    def put(self, key: str, data: bytes) -> bool:
        """Keep the data under the key; whether it is kept.

        What was used least recently goes when the directory is scanned, which takes longer than
        writing: at random, once while a 64th of the limit is written, by whatever processes.
        """
        path = self._path(key)
        if path is None:
            return False
        content = _head(key, data) + data
        room = _room(len(content))
        if room > self.limit:
            return False
        try:
            _make(path.parent)
            if _obstacle(path.parent):
                return False
            _replace(path, content)
        except OSError:
            return False
        if _SCANS * room > self.limit * _chance():
            self._trim(path)
        return True

    def info(self) -> Info:
        """What the store holds now; nothing is made."""
        rooms = [file.room for file in _files(self.directory, _ENTRY)]
        problem = _obstacle(self.directory) or _lock(self.directory)
        return Info(self.directory, len(rooms), sum(rooms), self.limit, problem)

    def clear(self) -> int:
        """Remove all entries, and nothing else; how many."""
        if _obstacle(self.directory):
            return 0
        for file in _files(self.directory, _TEMPORARY):
            _removed(file.path)
        return sum(_removed(file.path) for file in _files(self.directory, _ENTRY))

    def _path(self, key: str) -> Path | None:
        if self.directory is None or not _KEY.fullmatch(key):
            return None
        return self.directory / f"{key}.fgrad"

    def _trim(self, newest: Path) -> None:
        """Remove what is above the limit, but for the newest, and what dead processes left."""
        dead = time.time() - _STALE
        for file in _files(self.directory, _TEMPORARY):
            if file.used < dead:
                _removed(file.path)
        entries = _files(self.directory, _ENTRY)
        excess = sum(file.room for file in entries) - self.limit
        for file in sorted(entries, key=lambda file: file.used) if excess > 0 else ():
            if excess > 0 and file.path != newest:
                _removed(file.path)
                excess -= file.room


@attrs.frozen
class _File:
    path: Path
    room: int
    used: float


def _usual_directory(environment: Mapping[str, str]) -> Path | None:
    chosen = environment.get("FGRAD_CACHE")
    if chosen:
        return None if chosen == "off" else Path(chosen).absolute()
    if sys.platform == "win32":
        local = environment.get("LOCALAPPDATA")
        return Path(local or Path.home() / "AppData" / "Local") / "fgrad" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "fgrad"
    base = Path(environment.get("XDG_CACHE_HOME", ""))
    # The specification says to ignore a path that is not absolute.
    return (base if base.is_absolute() else Path.home() / ".cache") / "fgrad" / "native"


def _head(key: str, data: bytes) -> bytes:
    """The line before the data: it depends on every byte, so comparing it is verifying them."""
    digest = hashlib.sha256(data).hexdigest()
    return f"fgrad object code {_FORMAT} {key} {len(data)} {digest}\n".encode()


def _room(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _chance() -> float:
    """A number in [0, 1), without the cost of importing random."""
    return int.from_bytes(os.urandom(4), "big") / 2**32


def _alien(status: os.stat_result) -> bool:
    """Whether others can have written it; on Windows the rights of the user's profile say no."""
    if sys.platform == "win32":
        return False
    return status.st_uid != os.geteuid() or bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def _obstacle(directory: Path | None) -> str | None:
    """Why nothing in the directory is believed, nor written there."""
    if directory is None:
        return "it is off"
    try:
        status = directory.stat()  # of what a symbolic link leads to
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"the directory cannot be read: {error.strerror}"
    if not stat.S_ISDIR(status.st_mode):
        return "it is not a directory"
    if _alien(status):
        return "others may write there: it must be yours, with mode 700"
    return None


def _lock(directory: Path | None) -> str | None:
    """Why the directory cannot be written, or made."""
    if directory is None:
        return None
    nearest = next((p for p in (directory, *directory.parents) if os.path.lexists(p)), directory)
    writable = os.access(nearest, os.W_OK | os.X_OK) and nearest.is_dir()
    return None if writable else f"{nearest} cannot be written"


def _make(directory: Path) -> None:
    missing = takewhile(lambda path: not path.exists(), (directory, *directory.parents))
    for path in reversed(list(missing)):
        with contextlib.suppress(FileExistsError):  # another process was faster
            path.mkdir(mode=0o700)


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | _FLAGS, 0o600)


def _replace(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all.

    It need not reach the disk first: what a power failure leaves of it is not verified.
    """
    temporary = path.with_name(f"{os.urandom(8).hex()}.fgrad.tmp")
    try:
        with open(temporary, "xb", opener=_open) as file:
            file.write(content)
        temporary.replace(path)
    except BaseException:
        _removed(temporary)
        raise


def _files(directory: Path | None, name: re.Pattern[str]) -> list[_File]:
    """The regular files with such a name; other processes may be removing them."""
    found: list[_File] = []
    if directory is None:
        return found
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if name.fullmatch(entry.name):
                with contextlib.suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(status.st_mode):
                        found.append(
                            _File(Path(entry.path), _room(status.st_size), status.st_mtime)
                        )
    return found


def _removed(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True
