"""Object code of a program: found in the cache on disk, or compiled and put there."""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Callable, Generator, Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, TypeAlias

import attrs

from fgrad.backends.native.ir.machine import Machine
from fgrad.backends.native.runtime.cache import Store
from fgrad.backends.native.runtime.llvm import compiled, host, version
from fgrad.errors import NotPicklable
from fgrad.program.program import Program

Write: TypeAlias = Callable[[], tuple[int, int, Iterable[str]]]
"""What writes the IR when code must be compiled: returns the slots of scratch memory, the level,
and the modules."""
_FGRAD: Final = Path(__file__).parents[3]
_PASSES: Final = (
    "backends/buffers/cpython", "graph/canonical", "program/hoist", "program/passes", "program/schedule",
)  # fmt: skip
"""The modules elsewhere that a program's digest or its IR depends on."""


@cache
def source_digest() -> str | None:
    """The hash of the text of all modules that decide how a program becomes code.

    Code in the cache that others wrote may expect other arguments. None if there is no text to
    read: then nothing is cached.
    """
    digest = hashlib.sha256()
    native = sorted((_FGRAD / "backends" / "native").rglob("*.py"))
    for path in [*native, *[_FGRAD / f"{name}.py" for name in _PASSES]]:
        try:
            digest.update(path.read_bytes())
        except OSError:
            return None
    return digest.hexdigest()


@attrs.frozen
class Objects:
    """The object files of a program, and the scratch memory that their code needs."""

    slots: int
    level: int
    """The level at which they were compiled, which may be better than the one asked for."""
    files: tuple[bytes, ...]


@attrs.frozen
class Request:
    """A request for code: the program, the kind of code, the level and the machine."""

    program: Program
    kind: str
    level: int
    machine: Machine

    @property
    def key(self) -> str | None:
        """The key in the cache; None without `source_digest`, or for a program with callbacks that have no name."""
        written = source_digest()
        try:
            digest = self.program.digest
        except NotPicklable:
            return None
        if written is None:
            return None
        return _name(self.machine, written, digest, self.kind, f"{self.level}")

    def steps(self, write: Write) -> Generator[None, None, Objects]:
        """The objects, cached or compiled, in steps between which one may stop."""
        store = Store.usual()
        key = self.key if store.directory else None
        kept = store.get(key) if key else None
        if kept is not None:
            return Objects(*marshal.loads(kept))  # noqa: S302  # only we can have written it
        slots, level, modules = write()
        files = []
        for text in modules:
            yield
            files.append(compiled(text, self.machine, level))
        objects = Objects(slots, level, tuple(files))
        if key:
            store.put(key, marshal.dumps((slots, level, objects.files)))
        return objects

    def objects(self, write: Write) -> Objects:
        """The objects."""
        steps = self.steps(write)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                objects: Objects = end.value
                return objects


def _name(machine: Machine, *parts: str) -> str:
    whole = (version(), machine.triple, machine.cpu, machine.features, *parts)
    return hashlib.sha256("\n".join(whole).encode()).hexdigest()


@lru_cache(maxsize=64)  # of any number of shapes
def trampoline_code(text: str, level: int) -> bytes:
    """The object code of a trampoline, for this machine."""
    machine, store = host(), Store.usual()
    key = _name(machine, f"{level}", text)
    kept = store.get(key)
    if kept is None:
        kept = compiled(text, machine, level)
        store.put(key, kept)
    return kept
