"""A program for one point, in LLVM IR: numbers from memory to memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from fgrad.backends.native.codegen.functions import Parts
from fgrad.backends.native.codegen.selection import FREE, HEAD
from fgrad.backends.native.math.table import Target

MODULE: Final = 16
"""Parts a module: few, so that LLVM needs little memory and never works for long."""


@attrs.frozen
class Numbers:
    """Inputs and outputs as doubles in a row; truth values are 1.0 and 0.0."""

    def load(self, index: int, target: Target) -> tuple[Sequence[str], Sequence[int]]:
        """Read input `index`."""
        place = f"%x{index}p = getelementptr double, ptr %in, i64 {index}"
        return (place, f"%x{index} = load double, ptr %x{index}p"), (index,)

    def place(self, index: int) -> tuple[str, int]:
        """They are all in one row."""
        return "%in", index

    def load_at(self, array: str, at: str, name: str, target: Target) -> tuple[str, ...]:
        """Read what stands there."""
        place = f"{name}p = getelementptr double, ptr {array}, i64 {at}"
        return place, f"{name} = load double, ptr {name}p"

    def store(self, index: int | str, name: str, target: Target, *, truth: bool) -> tuple[str, ...]:
        """Write output `index`."""
        out = f"{name}o{index}".replace("o%", "o")
        place = f"{out} = getelementptr double, ptr %out, i64 {index}"
        if not truth:
            return place, f"store double {name}, ptr {out}"
        number = f"{out}d = uitofp i1 {name} to double"
        return place, number, f"store double {out}d, ptr {out}"


def modules(parts: Parts) -> Iterator[str]:
    """The modules that together define `@run(in, out, calls, scratch)`."""
    number = len(parts.functions)
    for start in range(0, number, MODULE):
        inside = range(start, min(start + MODULE, number))
        needs = dict.fromkeys(need for k in inside for need in parts.needs[k])
        text = [*needs, *[parts.functions[k] for k in inside]]
        if inside[-1] == number - 1:
            text += [f"declare hidden void @part{k}({HEAD})" for k in range(start)]
            text += _run(number)
        yield "\n".join(text)


def _run(number: int) -> list[str]:
    given = "ptr %in, ptr null, ptr %out, ptr %calls, ptr %scratch, i64 0"
    return [
        f"define void @run(ptr %in, ptr %out, ptr %calls, ptr %scratch) {FREE} {{",
        *[f"call void @part{k}({given})" for k in range(number)],
        "ret void",
        "}",
    ]
