"""Tables as machine code: a function that fills an array."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from threading import Lock
from typing import Any, Final

import attrs

from fgrad.backends.buffers import cpython
from fgrad.backends.native.codegen.callbacks import callbacks
from fgrad.backends.native.codegen.tables import elements_module, tape_module
from fgrad.backends.native.interop import fill_calls
from fgrad.backends.native.runtime.background import submit
from fgrad.backends.native.runtime.entry import HOT
from fgrad.backends.native.runtime.llvm import BEST, PLAIN, QUICK, Code, host, loaded
from fgrad.backends.native.runtime.object_code import trampoline_code
from fgrad.program.program import Program

_Run: Final = ctypes.PYFUNCTYPE(None, *[ctypes.c_void_p] * 4)


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


def runnable(program: Program) -> bool:
    """Whether all operations of a program are machine code."""
    return not callbacks(program)


@attrs.frozen(eq=False)
class TableCode:
    """Code that works through tables, and the tables; calls run the best code there is."""

    inputs: int
    outputs: int
    memory: Any
    """The numbers; the inputs come first."""
    kinds: Sequence[tuple[Sequence[tuple[Program, int]], bool]]
    facts: Any
    """What the code must know of the tables, as an array of words."""
    cell: Any
    """The address of the code, the countdown of calls to the next fallback, and a word."""
    codes: list[Code]
    """All code so far: what has been replaced may still be running."""
    held: tuple[object, ...]
    lock: Any = attrs.field(factory=Lock, init=False)

    @classmethod
    def of(
        cls, size: int, inputs: int, steps: Sequence[Step], literals: tuple[int, Any], outputs: Any
    ) -> TableCode:
        """The code for memory of that size; `literals` are put from a place on, `outputs` are places."""
        width = lanes()
        kinds = [
            (
                [(p, width if t.shape[1] % width == 0 else 1) for p, _, t in step.elements],
                bool(step.runs),
            )
            for step in steps
        ]
        facts = [inputs, _address(literals[1]), literals[0], len(literals[1])]
        facts += [_address(outputs), len(outputs)]
        held: list[object] = [literals[1], outputs]
        for step in steps:
            for _, first, table in step.elements:
                facts += [_address(table), table.shape[1], first]
                held.append(table)
            if step.runs:
                runs = [
                    (code, table.shape[1], first, _address(table))
                    for code, first, table in step.runs
                ]
                flat = (ctypes.c_int64 * (4 * len(runs)))(*[x for run in runs for x in run])
                facts += [ctypes.addressof(flat), len(runs)]
                held += [flat, *[table for _, _, table in step.runs]]
        told = (ctypes.c_int64 * len(facts))(*facts)
        code = _code(kinds, QUICK, told)
        cell = (ctypes.c_int64 * 3)(code.addresses["run"], HOT, 0)
        memory = (ctypes.c_double * size)()
        return cls(inputs, len(outputs), memory, kinds, told, cell, [code], tuple(held))

    def improve(self) -> Iterator[None]:
        """Compile the best code once, for calls from then on; in steps, for `submit`."""
        if len(self.codes) == 1:
            yield
            self.codes.append(_code(self.kinds, BEST, self.facts))
            self.cell[0] = self.codes[-1].addresses["run"]

    def into(self, sizes: Sequence[int], other: Callable[..., Any]) -> Callable[..., Any]:
        """The function of arrays of the inputs and of one for the outputs, as `Entry.into` makes it."""
        known = cpython.arrays()
        if known is None:
            return other
        start = ctypes.addressof(self.memory)
        given = len(sizes), self.outputs, start, start, *sizes
        facts = (ctypes.c_int64 * len(given))(*given)
        imports = {**known, "facts": ctypes.addressof(facts), "cell": ctypes.addressof(self.cell)}
        file = trampoline_code(fill_calls.on_arrays(), PLAIN)
        code = loaded([file], ["call"], imports)
        kept = self, other, code, facts
        made: Callable[..., Any] = cpython.builtin(
            "fill", code.addresses["call"], cpython.METH_FASTCALL, _fall_back, kept
        )
        return made

    def run(self, numbers: Any, out: Any) -> None:
        """Fill an array, by ctypes: for interpreters that `buffers.cpython` does not know."""
        start = ctypes.addressof(self.memory)
        with self.lock:
            ctypes.memmove(start, numbers.ctypes.data, 8 * self.inputs)
            _Run(self.cell[0])(start, out.ctypes.data, 0, start)


def _address(array: Any) -> int:
    return int(array.ctypes.data)


def _fall_back(kept: tuple[Any, ...], *args: Any, **kwargs: Any) -> Any:
    """The fallback of a builtin."""
    code, other = kept[:2]
    if code.cell[1] == 0:
        submit(code.improve)
    return other(*args, **kwargs)


def _code(
    kinds: Sequence[tuple[Sequence[tuple[Program, int]], bool]], level: int, facts: Any
) -> Code:
    files = [trampoline_code(elements_module(kinds, host()), level), _tape()]
    return loaded(files, ["run"], {"facts": ctypes.addressof(facts)})


@cache
def _tape() -> bytes:
    return trampoline_code(tape_module(), PLAIN)
