"""Tables as machine code: a function that fills an array."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

import attrs

from fgrad.backends.buffers import cpython
from fgrad.backends.native.codegen.callbacks import callbacks
from fgrad.backends.native.codegen.tables import elements_module, tape_module
from fgrad.backends.native.interop import fill_calls
from fgrad.backends.native.runtime.llvm import BEST, PLAIN, Code, host, loaded
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
    """Code that works through tables, and the tables."""

    inputs: int
    outputs: int
    memory: Any
    """The numbers; the inputs come first."""
    code: Code
    held: tuple[object, ...]

    @classmethod
    def of(
        cls, size: int, inputs: int, steps: Sequence[Step], literals: tuple[int, Any], outputs: Any
    ) -> TableCode:
        """The code for memory of that size; `literals` are put from a place on, `outputs` are places."""
        width = lanes()
        kinds = [
            ([(p, width if t.shape[1] % width == 0 else 1) for p, _, t in step.elements], bool(step.runs))
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
                    (code, table.shape[1], first, _address(table)) for code, first, table in step.runs
                ]
                flat = (ctypes.c_int64 * (4 * len(runs)))(*[x for run in runs for x in run])
                facts += [ctypes.addressof(flat), len(runs)]
                held += [flat, *[table for _, _, table in step.runs]]
        told = (ctypes.c_int64 * len(facts))(*facts)
        files = [trampoline_code(elements_module(kinds, host()), PLAIN), _tape()]
        code = loaded(files, ["run"], {"facts": ctypes.addressof(told)})
        return cls(inputs, len(outputs), (ctypes.c_double * size)(), code, (told, *held))

    def into(self, sizes: Sequence[int], other: Callable[..., Any]) -> Callable[..., Any]:
        """The function of arrays of the inputs and of one for the outputs, as `Entry.into` makes it."""
        known = cpython.arrays()
        if known is None:
            return other
        start = ctypes.addressof(self.memory)
        given = len(sizes), self.outputs, start, start, *sizes
        facts = (ctypes.c_int64 * len(given))(*given)
        cell = (ctypes.c_int64 * 3)(self.code.addresses["run"], 0, 0)
        imports = {**known, "facts": ctypes.addressof(facts), "cell": ctypes.addressof(cell)}
        file = trampoline_code(fill_calls.on_arrays(), PLAIN)
        code = loaded([file], ["call"], imports)
        kept = self, other, code, facts, cell
        made: Callable[..., Any] = cpython.builtin(
            "fill", code.addresses["call"], cpython.METH_FASTCALL, _fall_back, kept
        )
        return made

    def run(self, numbers: Any, out: Any) -> None:
        """Fill an array, by ctypes: for interpreters that `buffers.cpython` does not know."""
        start = ctypes.addressof(self.memory)
        ctypes.memmove(start, numbers.ctypes.data, 8 * self.inputs)
        _Run(self.code.addresses["run"])(start, out.ctypes.data, 0, start)


def _address(array: Any) -> int:
    return int(array.ctypes.data)


def _fall_back(kept: tuple[Any, ...], *args: Any, **kwargs: Any) -> Any:
    """The fallback of a builtin."""
    return kept[1](*args, **kwargs)


@cache
def _tape() -> bytes:
    return trampoline_code(tape_module(), BEST)
