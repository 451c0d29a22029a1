"""This machine, and as much of it as older ones have: for each width of vectors, and without fma."""

from __future__ import annotations

import attrs

from fgrad.native.machine import Machine, host


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
