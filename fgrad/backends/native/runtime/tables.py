"""Tables as machine code: a function that fills an array."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import Any

import attrs

from fgrad.backends.native.codegen.tables import Level, elements_module, tape_module
from fgrad.backends.native.runtime.entry import HOT, Hot, Run
from fgrad.backends.native.runtime.llvm import BEST, PLAIN, QUICK, Code, host, loaded
from fgrad.backends.native.runtime.object_code import trampoline_code
from fgrad.program.program import Program


@attrs.frozen(eq=False)
class Step:
    """What is computed on one level: templates over blocks, then runs of a tape."""

    elements: Sequence[tuple[Program, int, Any]]
    """A template, the first place of what it gives, and the places of its inputs in a row each."""
    runs: Sequence[tuple[int, int, Any]]
    """An operation by its code, the first place of what it gives, and the places of its arguments."""


def lanes() -> int:
    """The blocks that are done at once on this machine."""
    return host().width


@attrs.frozen(eq=False)
class Plan:
    """A function by its steps."""

    size: int
    """The numbers in its memory."""
    inputs: int
    steps: Sequence[Step]
    literals: tuple[int, Any]
    """Where literals are put, and these."""
    outputs: Any
    """The place of each output."""

    @property
    def levels(self) -> Sequence[Level]:
        """What of it decides its code."""
        width = lanes()
        return [
            (
                [(p, width if t.shape[1] % width == 0 else 1) for p, _, t in step.elements],
                bool(step.runs),
            )
            for step in self.steps
        ]

    def memory(self) -> Any:
        """Memory of its own, in which literals are."""
        at, literals = self.literals
        made = (ctypes.c_double * self.size)()
        ctypes.memmove(ctypes.addressof(made) + 8 * at, _address(literals), 8 * len(literals))
        return made

    def facts(self) -> tuple[Any, tuple[object, ...]]:
        """What the code is told, as an array of words, and what must live as long."""
        facts = [_address(self.outputs), len(self.outputs)]
        held: list[object] = []
        for step in self.steps:
            for _, first, table in step.elements:
                facts += [_address(table), table.shape[1], first]
            if step.runs:
                runs: list[int] = []
                for code, first, table in step.runs:
                    runs += [code, table.shape[1], first, _address(table)]
                flat = (ctypes.c_int64 * len(runs))(*runs)
                facts += [ctypes.addressof(flat), len(step.runs)]
                held.append(flat)
        return (ctypes.c_int64 * len(facts))(*facts), (self, *held)


@attrs.frozen(eq=False)
class Codes:
    """The code of several functions in one module; calls run the best there is."""

    plans: Sequence[Plan]
    facts: Sequence[tuple[Any, tuple[object, ...]]]
    cells: Sequence[Any]
    """For each function its address, the countdown of calls to the next fallback, and a word."""
    codes: list[Code]
    """All code so far: what has been replaced may still be running."""

    @classmethod
    def of(cls, plans: Sequence[Plan]) -> Codes:
        """The code, compiled quickly: better code replaces it when one of them is hot."""
        cells = [(ctypes.c_int64 * 3)(0, HOT, 0) for _ in plans]
        made = cls(plans, [plan.facts() for plan in plans], cells, [])
        made.compile(QUICK)
        return made

    def compile(self, level: int) -> None:
        """Compile all functions, for calls from then on."""
        module = elements_module([plan.levels for plan in self.plans], host())
        names = [f"run{number}" for number in range(len(self.plans))]
        told = {f"facts{k}": ctypes.addressof(facts) for k, (facts, _) in enumerate(self.facts)}
        files = trampoline_code(module, level), trampoline_code(tape_module(), PLAIN)
        code = loaded(files, names, told)
        self.codes.append(code)
        for cell, name in zip(self.cells, names, strict=True):
            cell[0] = code.addresses[name]

    def improve(self) -> Iterator[None]:
        """Compile the best code once; in steps, for `submit`."""
        if len(self.codes) == 1:
            yield
            self.compile(BEST)

    def functions(self) -> list[TableCode]:
        """Each of the functions."""
        return [
            TableCode(plan.inputs, len(plan.outputs), plan.memory(), self, cell)
            for plan, cell in zip(self.plans, self.cells, strict=True)
        ]


@attrs.frozen(eq=False)
class TableCode(Hot):
    """One function with memory of its own."""

    inputs: int
    outputs: int
    memory: Any
    """The numbers; the inputs come first."""
    codes: Codes
    cell: Any
    lock: Any = attrs.field(factory=Lock, init=False)

    def into(self, sizes: Sequence[int], other: Callable[..., Any]) -> Callable[..., Any]:
        """The function of arrays of the inputs and of one for the outputs, as `Entry.into` makes it."""
        start = ctypes.addressof(self.memory)
        return self._filling(sizes, (self.outputs, start, start), other)

    def improve(self) -> Iterator[None]:
        """Compile the best code of all functions once; in steps, for `submit`."""
        return self.codes.improve()

    def run(self, numbers: Any, out: Any) -> None:
        """Fill an array, by ctypes: for interpreters that `buffers.cpython` does not know."""
        start = ctypes.addressof(self.memory)
        with self.lock:
            ctypes.memmove(start, numbers.ctypes.data, 8 * self.inputs)
            Run(self.cell[0])(start, out.ctypes.data, 0, start)


def _address(array: Any) -> int:
    return int(array.ctypes.data)
