"""Code of tables: elements over many blocks, and a tape that works through runs of operations.

`@run0(in, out, calls, scratch)` has its memory at `in`, inputs first, with literals in it already. It
is told by `@facts0` what is where: the outputs, and for each step an element or runs of the tape. The
text depends on the templates and on the order of steps alone, not on how many blocks there are, so one
model is compiled once for all its sizes. No product is fused with a sum: which are would depend on what
else is asked for, and so would the numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Final, TypeAlias

from fgrad.backends.native.codegen.selection import ATTRIBUTES, Emitter
from fgrad.backends.native.codegen.slp import shared_angles, takes_both
from fgrad.backends.native.ir.control import load_element, loop, store_element
from fgrad.backends.native.ir.machine import Machine
from fgrad.backends.native.math.table import Target
from fgrad.program.program import Program

HEAD: Final = 2
"""Facts before the steps: the address and number of the places of outputs."""
ELEMENT: Final = 3
"""Facts of an element: the address of its table of places, the number of blocks, its first place."""
RUNS: Final = 2
"""Facts of runs: their address and number. A run is its code, its length, its first place and the
address of the places of its arguments."""

Level: TypeAlias = tuple[Sequence[tuple[Program, int]], bool]
"""Templates, each with how many blocks are done at once, and whether runs of the tape follow."""

_FORMS: Final = (
    ("%y = fadd double %x0, %x1",),
    ("%y = fsub double %x0, %x1",),
    ("%y = fmul double %x0, %x1",),
    ("%y = fneg double %x0",),
    ("%t = fcmp une double %x0, 0.0", "%y = select i1 %t, double %x1, double %x2"),
    ("%y = fmul double %x0, %x1",),
    (
        "%s = fcmp une double %x0, 0.0", "%u = fcmp une double %x1, 0.0", "%t = or i1 %s, %u",
        "%y = select i1 %t, double 1.0, double 0.0",
    ),
    ("%t = fcmp une double %x0, 0.0", "%y = select i1 %t, double 0.0, double 1.0"),
    ("%y = fdiv double %x0, %x1",),
    ("%y = fdiv double 1.0, %x0",),
    ("%y = fmul double %x0, %x0",),
)  # fmt: skip
"""The instructions of each operation of a tape, from its arguments `%x0` and so on to `%y`, in the order of its codes."""


@cache
def tape_module() -> str:
    """The module of `@tape(memory, runs, count)` and `@gather(memory, out, places, count)`."""
    return "\n".join([*_tape(), *_gather()])


def _tape() -> list[str]:
    cases = " ".join([f"i64 {code}, label %code{code}" for code in range(len(_FORMS))])
    run = [
        "%run = getelementptr i64, ptr %runs, i64 %r4",
        "%codeat = load i64, ptr %run",
        *load_element("length", "i64", "%run", "1"),
        *load_element("first", "i64", "%run", "2"),
        *load_element("table", "ptr", "%run", "3"),
        "%to = getelementptr double, ptr %m, i64 %first",
        f"switch i64 %codeat, label %done [ {cases} ]",
    ]
    for code in range(len(_FORMS)):
        given = "ptr %m, ptr %to, ptr %table, i64 %length"
        run += [f"code{code}:", f"call void @tape.code{code}({given})", "br label %done"]
    return [
        *chain.from_iterable([_one_run(code, form) for code, form in enumerate(_FORMS)]),
        f"define void @tape(ptr noalias %m, ptr noalias %runs, i64 %count) {ATTRIBUTES} {{",
        *loop("r", "%count", ["%r4 = mul i64 %r, 4", *run, "done:"]),
        "ret void",
        "}",
    ]


def _one_run(code: int, form: Sequence[str]) -> list[str]:
    """The function of runs of one operation, whose numbers go to `%to` in the same memory."""
    reads = []
    for k in range(len({x for line in form for x in re.findall(r"%x\d", line)})):
        reads += [
            f"%o{k} = mul i64 %length, {k}",
            f"%j{k} = add i64 %o{k}, %i",
            *load_element(f"p{k}", "i32", "%table", f"%j{k}"),
            f"%q{k} = zext i32 %p{k} to i64",
            *load_element(f"x{k}", "double", "%m", f"%q{k}"),
        ]
    head = "ptr %m, ptr %to, ptr noalias %table, i64 %length"
    return [
        f"define internal void @tape.code{code}({head}) alwaysinline {ATTRIBUTES} {{",
        *loop("i", "%length", [*reads, *form, *store_element("y", "double", "%y", "%to", "%i")]),
        "ret void",
        "}",
    ]


def _gather() -> list[str]:
    body = [
        *load_element("p", "i32", "%places", "%i"),
        "%q = zext i32 %p to i64",
        *load_element("x", "double", "%m", "%q"),
        *store_element("y", "double", "%x", "%out", "%i"),
    ]
    head = "ptr noalias %m, ptr noalias %out, ptr noalias %places, i64 %count"
    return [
        f"define void @gather({head}) {ATTRIBUTES} {{",
        *loop("i", "%count", body),
        "ret void",
        "}",
    ]


def elements_module(functions: Sequence[Sequence[Level]], machine: Machine) -> str:
    """The module of `@run0`, `@run1` and so on, which know `@facts0`, `@facts1` and so on."""
    needed: dict[str, None] = {}
    texts: list[str] = []
    for number, steps in enumerate(functions):
        calls: list[str] = []
        at = HEAD
        for elements, runs in steps:
            for program, lanes in elements:
                name = f"@element{len(texts)}"
                texts.append(_element(name, program, lanes, machine, needed))
                calls += _facts(number, at, "ptr", "i64", "i64")
                given = f"ptr %f{at}, i64 %f{at + 1}, i64 %f{at + 2}"
                calls.append(f"call void {name}(ptr %in, {given})")
                at += ELEMENT
            if runs:
                calls += _facts(number, at, "ptr", "i64")
                calls.append(f"call void @tape(ptr %in, ptr %f{at}, i64 %f{at + 1})")
                at += RUNS
        texts.append(_run(number, calls))
    outside = [
        *[f"@facts{number} = external global i8" for number in range(len(functions))],
        "declare void @tape(ptr, ptr, i64)",
        "declare void @gather(ptr, ptr, ptr, i64)",
    ]
    return "\n".join([*outside, *needed, *texts])


def _run(number: int, calls: Sequence[str]) -> str:
    """The function that makes the calls, and gathers the outputs."""
    lines = [
        f"define void @run{number}(ptr %in, ptr %out, ptr %calls, ptr %scratch) {ATTRIBUTES} {{",
        *_facts(number, 0, "ptr", "i64"),
        *calls,
        "call void @gather(ptr %in, ptr %out, ptr %f0, i64 %f1)",
        "ret void",
        "}",
    ]
    return "\n".join(lines)


def _facts(number: int, start: int, *kinds: str) -> list[str]:
    """Load facts of a function, from one on."""
    lines = []
    for k, kind in enumerate(kinds, start):
        lines += load_element(f"f{k}", kind, f"@facts{number}", f"{k}")
    return lines


def _element(
    name: str, program: Program, lanes: int, machine: Machine, needed: dict[str, None]
) -> str:
    """The function of a template over its blocks, so many at once."""
    target = Target(lanes, fma=machine.fma, inline=False)
    body: list[str] = []
    emitter = Emitter(target, body)
    inputs = len(program.inputs)
    for k in range(inputs):
        body += _read(k, target)
    angles = shared_angles(program.instructions)
    for value, line in enumerate(program.instructions, inputs):
        given = [f"%x{a}" if type(a) is int else target.literal(a) for a in line[1]]
        emitter.emit(line[0], f"%x{value}", given, both=takes_both(line, angles))
    truths = program.truths
    for k, value in enumerate(program.outputs):
        body += _written(k, value, target, truth=truths[value])
    needed |= dict.fromkeys(emitter.dependencies)
    if lanes > 1:
        vector = f"<{lanes} x double>"
        kinds = f"<{lanes} x ptr>, i32, <{lanes} x i1>, {vector}"
        needed[f"declare {vector} @{_gathered(lanes)}({kinds})"] = None
    head = "ptr noalias %m, ptr noalias %table, i64 %count, i64 %first"
    lines = [
        f"define internal void {name}({head}) {ATTRIBUTES} {{",
        f"%steps = udiv i64 %count, {lanes}",
        *loop("i", "%steps", [f"%b = mul i64 %i, {lanes}", *body]),
        "ret void",
        "}",
    ]
    return "\n".join(lines)


def _read(k: int, target: Target) -> list[str]:
    """Read input `k` of so many blocks, each from its place."""
    lanes = target.width
    kind, places = ("double", "i32") if lanes == 1 else (f"<{lanes} x double>", f"<{lanes} x i32>")
    lines = [
        f"%o{k} = mul i64 %count, {k}",
        f"%a{k} = add i64 %o{k}, %b",
        f"%t{k} = getelementptr i32, ptr %table, i64 %a{k}",
        f"%p{k} = load {places}, ptr %t{k}, align 4",
        f"%q{k} = getelementptr double, ptr %m, {places} %p{k}",
    ]
    if lanes == 1:
        return [*lines, f"%x{k} = load double, ptr %q{k}"]
    every = ", ".join(["i1 true"] * lanes)
    given = f"<{lanes} x ptr> %q{k}, i32 8, <{lanes} x i1> <{every}>, {kind} poison"
    return [*lines, f"%x{k} = call {kind} @{_gathered(lanes)}({given})"]


def _gathered(lanes: int) -> str:
    return f"llvm.masked.gather.v{lanes}f64.v{lanes}p0"


def _written(k: int, value: int, target: Target, *, truth: bool) -> list[str]:
    """Write output `k` of so many blocks side by side."""
    name = f"%n{k}" if truth else f"%x{value}"
    return [
        *([target.number(name, f"%x{value}")] if truth else []),
        f"%s{k} = mul i64 %count, {k}",
        f"%u{k} = add i64 %s{k}, %b",
        f"%v{k} = add i64 %u{k}, %first",
        f"%y{k} = getelementptr double, ptr %m, i64 %v{k}",
        f"store {target.type()} {name}, ptr %y{k}, align 8",
    ]
