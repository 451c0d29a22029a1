"""Layouts: how the inputs of a program are read and its outputs are written, in lines of IR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from fgrad.backends.native.math.table import Target


class Layout(Protocol):
    """Where inputs and outputs are."""

    def load(self, index: int, target: Target) -> tuple[Sequence[str], Sequence[int]]:
        """The lines that bring input `index`, named `%x` and its number, and all that they bring."""

    def place(self, index: int) -> tuple[str, int]:
        """In which array, by name, input `index` stands, and where."""

    def load_at(self, array: str, at: str, name: str, target: Target) -> Sequence[str]:
        """The lines that bring under that name what stands at `at`, which the code computes."""

    def store(self, index: int | str, name: str, target: Target, *, truth: bool) -> Sequence[str]:
        """The lines that write the value of that name to output `index`, or that the code computes."""
