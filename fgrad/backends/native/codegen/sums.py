"""Sums over rows: the program that adds its outputs to totals, and the code around it.

The totals are vectors at `%out`, followed by a mask as doubles: 1 for each lane whose row counts,
else 0. The last vector overlaps the one before it, and the rows that both have must not count
twice. `@clear(totals)` and `@add(totals, sums)` begin and end a sum; `@add` says whether all sums
are valid.
"""

from __future__ import annotations

from typing import Final

from fgrad.backends.native.codegen.selection import ATTRIBUTES
from fgrad.backends.native.ir.control import load_element, loop, store_element
from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op
from fgrad.program.program import Instruction, Program, placed

EXPORTS: Final = ("rows", "clear", "add")
"""The symbols that a module of sums defines."""


def accumulating(program: Program) -> Program:
    """The program that adds its outputs to totals if the row counts.

    Further inputs are a number that is above 0 if it does, and the totals. Whether it counts is the
    first instruction. An output that is true adds 1.

    >>> import fgrad as fg
    >>> program = accumulating(fg.trace(lambda x: fg.exp(x))(0.0))
    >>> program.inputs, [op.name for op, _ in program.instructions], program.run((0.0, 1.0, 5.0))
    (('x', 'counts', 'total 0'), ['greater', 'exp', 'where', 'add'], (6.0,))
    """
    inputs, truths = len(program.inputs), program.truths
    outputs: dict[int, list[int]] = {}
    for k, value in enumerate(program.outputs):
        outputs.setdefault(value, []).append(inputs + 1 + k)
    names = (*program.inputs, "counts", *[f"total {k}" for k in range(len(program.outputs))])
    place = list(range(inputs))
    lines: list[Instruction] = []
    totals: dict[int, int] = {}

    def write(op: Op, *args: float) -> int:
        lines.append((op, args))
        return len(names) + len(lines) - 1

    def give(value: int) -> None:
        number = write(ops.where, place[value], 1.0, 0.0) if truths[value] else place[value]
        counted = write(ops.where, counts, number, 0.0)
        for total in outputs[value]:
            totals[total] = write(ops.add, counted, total)

    counts = write(ops.greater, inputs, 0.0)
    for value in [value for value in outputs if value < inputs]:
        give(value)
    for value, (op, args) in enumerate(program.instructions, inputs):
        place.append(write(op, *placed(args, place)))
        if value in outputs:
            give(value)
    return Program(names, tuple(lines), tuple([totals[k] for k in sorted(totals)]))


def prologue(width: int, outputs: int) -> list[str]:
    """Compute the `%last` row to begin a vector at, and let all lanes count."""
    v = f"<{width} x double>"
    return [
        f"%before = sub i64 %end, {width}",
        "%below = icmp slt i64 %before, 0",
        "%last = select i1 %below, i64 0, i64 %before",
        f"%counts = getelementptr {v}, ptr %out, i64 {outputs}",
        f"store {v} splat (double 1.0), ptr %counts",
    ]


def mark_counted(width: int) -> list[str]:
    """For a vector that reaches beyond the last row, or to rows before `%at`, store which lanes count."""
    w, v = f"<{width} x i64>", f"<{width} x double>"
    lanes = ", ".join([f"i64 {lane}" for lane in range(width)])
    lines = []
    for name in ("at", "end"):
        broadcast = f"{w} %{name}.one, {w} poison, <{width} x i32> zeroinitializer"
        lines += [
            f"%{name}.lane = sub i64 %{name}, %row",
            f"%{name}.one = insertelement {w} poison, i64 %{name}.lane, i64 0",
            f"%{name}.all = shufflevector {broadcast}",
        ]
    return [
        f"%behind = add i64 %at, {width}",
        "%whole = icmp sle i64 %behind, %end",
        "br i1 %whole, label %turn, label %some",
        "some:",
        *lines,
        f"%late = icmp sle {w} %at.all, <{lanes}>",
        f"%early = icmp sgt {w} %end.all, <{lanes}>",
        f"%both = and <{width} x i1> %late, %early",
        f"%ones = uitofp <{width} x i1> %both to {v}",
        f"store {v} %ones, ptr %counts",
        "br label %turn",
        "turn:",
    ]


def clear(width: int, outputs: int) -> str:
    """`@clear(totals)`: sets all of them to 0."""
    body = store_element("total", f"<{width} x double>", "zeroinitializer", "%totals", "%k")
    head = f"define void @clear(ptr %totals) {ATTRIBUTES} {{"
    return "\n".join([head, *loop("k", f"{outputs}", body), "ret void", "}"])


def add(lanes: int, outputs: int, *, always_valid: bool) -> str:
    """`@add(totals, sums)`: sums the lanes of each total in order; returns whether all are finite, thus valid."""
    kind = f"<{lanes} x double>"
    in_order = f"@llvm.vector.reduce.fadd.v{lanes}f64(double"
    body = [
        *load_element("total", kind, "%totals", "%k"),
        f"%sum = call double {in_order} -0.0, {kind} %total)",
        *store_element("sum", "double", "%sum", "%sums", "%k"),
        "%nothing = fsub double %sum, %sum",
        "%here = fcmp uno double %nothing, 0.0",
        "%stranger = or i1 %strange, %here",
    ]
    lines = [
        f"declare double {in_order}, {kind})",
        f"define i32 @add(ptr noalias %totals, ptr noalias %sums) {ATTRIBUTES} {{",
        *loop("k", f"{outputs}", body, strange=("i1", "false", "%stranger")),
        f"%known = select i1 %strange, i32 {int(always_valid)}, i32 1",
        "ret i32 %known",
        "}",
    ]
    return "\n".join(lines)
