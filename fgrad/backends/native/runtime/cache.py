"""Object code cached on disk: bytes by key, which are verified when they are read."""

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
# Windows has neither; without O_NONBLOCK opening a pipe instead of a file would block.
_FLAGS: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@attrs.frozen
class Info:
    """What a store holds, in blocks of 4096 bytes, and what keeps it from working, if anything."""

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
    """A private directory of about `limit` bytes at most with compiled code.

    The code is executed, so a file is trusted only if nobody but this user can have written it, and
    if it begins with a hash of its key and content. Nothing here raises an OSError: what cannot be
    read is absent, what cannot be written is not kept.

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
        """The data under a key (hexadecimal digits), if it is there and intact."""
        path = self._path(key)
        if path is None or _distrust(self.directory):
            return None
        try:
            with open(path, "rb", opener=_open) as file:
                status = os.fstat(file.fileno())
                trusted = stat.S_ISREG(status.st_mode) and not _untrusted(status)
                if not trusted or status.st_size > self.limit:
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
        """Store data under a key; returns whether it is stored.

        The least recently used files are removed when the directory is scanned. That takes longer
        than writing, so it happens at random, once while all processes write a 64th of the limit.
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
            if _distrust(path.parent):
                return False
            _replace(path, content)
        except OSError:
            return False
        chance = int.from_bytes(os.urandom(4), "big") / 2**32  # without importing random
        if _SCANS * room > self.limit * chance:
            self._trim(path)
        return True

    def info(self) -> Info:
        """What the store holds now; creates nothing."""
        rooms = [file.room for file in _files(self.directory, _ENTRY)]
        problem = _distrust(self.directory) or _unwritable(self.directory)
        return Info(self.directory, len(rooms), sum(rooms), self.limit, problem)

    def clear(self) -> int:
        """Remove all entries, and nothing else; returns how many."""
        if _distrust(self.directory):
            return 0
        for file in _files(self.directory, _TEMPORARY):
            _removed(file.path)
        return sum(_removed(file.path) for file in _files(self.directory, _ENTRY))

    def _path(self, key: str) -> Path | None:
        if self.directory is None or not _KEY.fullmatch(key):
            return None
        return self.directory / f"{key}.fgrad"

    def _trim(self, newest: Path) -> None:
        """Remove what exceeds the limit, except for the newest, and leftovers of dead processes."""
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
    """The header of the data, which depends on every byte: comparing it verifies them."""
    digest = hashlib.sha256(data).hexdigest()
    return f"fgrad object code {_FORMAT} {key} {len(data)} {digest}\n".encode()


def _room(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _untrusted(status: os.stat_result) -> bool:
    """Whether others can have written it; on Windows the profile's permissions prevent it."""
    if sys.platform == "win32":
        return False
    return status.st_uid != os.geteuid() or bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def _distrust(directory: Path | None) -> str | None:
    """Why the directory is not trusted, if so."""
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
    if _untrusted(status):
        return "others may write there: it must be yours, with mode 700"
    return None


def _unwritable(directory: Path | None) -> str | None:
    """Why the directory cannot be written or created, if so."""
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
    """Write a file atomically.

    It need not be flushed to disk first: what a power failure leaves of it does not verify.
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
