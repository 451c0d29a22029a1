"""This machine, and as much of it as older ones have: for each width of vectors, and without fma."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import attrs
import llvmlite.binding as llvm
import pytest

from fgrad.backends.native.ir.machine import Machine
from fgrad.backends.native.runtime.llvm import host


def narrowed(width: int) -> Machine:
    """With vectors of 2 doubles and no fused multiply-add, of 4, or as they are."""
    if width == 2:
        return _without(host(), "avx", "fma")
    return _without(host(), "avx512") if width == 4 else host()


def without_fma() -> Machine:
    """With vectors of 4 doubles at most."""
    return _without(host(), "avx512", "fma")


def _without(machine: Machine, *features: str) -> Machine:
    listed = [f"-{f[1:]}" if f[1:].startswith(features) else f for f in machine.features.split(",")]
    return attrs.evolve(machine, features=",".join(listed))


MACHINES = tuple(dict.fromkeys([narrowed(2), narrowed(4), without_fma(), narrowed(8)]))


@contextmanager
def as_host(machine: Machine) -> Iterator[None]:
    """Have all code be made for this one, as if LLVM had found no more here."""
    found = mock.Mock(**{"flatten.return_value": machine.features})
    with mock.patch.object(llvm, "get_host_cpu_features", return_value=found):
        host.cache_clear()
        try:
            assert host() == machine
            yield
        finally:
            host.cache_clear()


EVERY_MACHINE = pytest.mark.parametrize(
    "machine", MACHINES, ids=lambda m: f"{m.width}{'' if m.fma else ' without fma'}"
)
"""For tests of each, as their argument `machine`."""
