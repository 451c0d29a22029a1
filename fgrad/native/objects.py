"""Object code of a program: found in the store, or made and put there."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterable
from typing import Final

import attrs

from fgrad.native.machine import Machine, compiled, version

FORMAT: Final = 1
"""Changes whenever the same program would be written otherwise, so that old code is not found."""


@attrs.frozen
class Objects:
    """Object files that are linked together, and how much scratch their code needs."""

    slots: int
    files: tuple[bytes, ...]

    @property
    def packed(self) -> bytes:
        """As bytes, for the store."""
        sizes = [len(file) for file in self.files]
        return struct.pack(f"<QQ{len(sizes)}Q", self.slots, len(sizes), *sizes) + b"".join(
            self.files
        )

    @classmethod
    def unpacked(cls, data: bytes) -> Objects:
        """Back from bytes."""
        slots, number = struct.unpack_from("<QQ", data)
        at, files = 16 + 8 * number, []
        for size in struct.unpack_from(f"<{number}Q", data, 16):
            files.append(data[at : at + size])
            at += size
        return cls(slots, tuple(files))


@attrs.frozen
class Request:
    """What is asked for: the name of the program, the kind of code, the level and the machine."""

    digest: str
    kind: str
    level: int
    machine: Machine

    @property
    def key(self) -> str:
        """The name in the store."""
        machine = self.machine
        parts = (
            f"{FORMAT}", version(), self.digest, self.kind, f"{self.level}",
            machine.triple, machine.cpu, machine.features,
        )  # fmt: skip
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def found(self, write: Callable[[], tuple[int, Iterable[str]]], *, inline: bool) -> Objects:
        """The objects; `write` gives the scratch and the modules in IR if they must be made."""
        slots, modules = write()
        files = [compiled(text, self.machine, self.level, inline=inline) for text in modules]
        return Objects(slots, tuple(files))
