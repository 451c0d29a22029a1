"""A program for one point as modules of IR: `@run` takes numbers from memory to memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fgrad.backends.native.codegen.callbacks import callbacks
from fgrad.backends.native.codegen.functions import FUNCTION_SIZE, Functions, emit_functions
from fgrad.backends.native.codegen.layout import Layout
from fgrad.backends.native.codegen.selection import ATTRIBUTES, PARAMETERS
from fgrad.backends.native.codegen.slp import packed
from fgrad.backends.native.ir.machine import Machine
from fgrad.backends.native.math.fma import rounded
from fgrad.backends.native.math.table import Target
from fgrad.backends.native.rerolling.detect import Rerolled
from fgrad.backends.native.rerolling.instruction_table import InstructionTable
from fgrad.backends.native.rerolling.partition import regions
from fgrad.program.program import Program

LONG: Final = 1500
"""Instructions of code that is long: it takes 70 to 130 ms and more to compile at the best level."""
MODULE_SIZE: Final = 16
"""Functions of a module: few, so that LLVM needs little memory and its lock is never held for long."""


def point_modules(
    program: Program, machine: Machine, *, exact: bool
) -> tuple[int, bool, Iterator[str]]:
    """The slots of scratch memory, whether the code is long, and its modules.

    A long program with loops may be short code.
    """
    calls = callbacks(program)
    rerolled = Rerolled.of(rounded(program, machine, exact=exact), calls, machine.width)
    cut = regions(len(rerolled.program), FUNCTION_SIZE, rerolled.loops)
    target = Target(1, fma=machine.fma, inline=False)
    wide = Target(machine.width, fma=machine.fma, inline=False, scalar_parameters=True)
    ordered = packed(rerolled.program, cut, wide.width, calls)
    table = rerolled.table if ordered is rerolled.program else InstructionTable.of(ordered, calls)
    functions = emit_functions(ordered, Layout(), target, calls, cut, table=table, wide=wide)
    long = sum(region.period for region in cut) > LONG
    return functions.slots, long, _modules(functions)


def _modules(functions: Functions) -> Iterator[str]:
    """The modules that together define `@run(in, out, calls, scratch)`."""
    number = len(functions.texts)
    for start in range(0, number, MODULE_SIZE):
        inside = range(start, min(start + MODULE_SIZE, number))
        declared = [f"declare hidden void @part{k}({PARAMETERS})" for k in range(start)]
        last = inside[-1] == number - 1
        yield functions.module(inside, *([*declared, *_run(number)] if last else ()))


def _run(number: int) -> list[str]:
    given = "ptr %in, ptr null, ptr %out, ptr %calls, ptr %scratch, i64 0"
    return [
        f"define void @run(ptr %in, ptr %out, ptr %calls, ptr %scratch) {ATTRIBUTES} {{",
        *[f"call void @part{k}({given})" for k in range(number)],
        "ret void",
        "}",
    ]
