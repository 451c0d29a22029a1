"""The layout of a program that is summed over rows (`fgrad.backends.native.codegen.accumulate`), and the code around it.

The totals are vectors at `%out`. Behind them stands a number for each lane, 1 if its row counts and
else 0: the last rows, which fill no vector, are the last of one that reaches into those
before. `@clear(totals)` and `@add(totals, sums)` begin and end a sum; `@add` says whether all sums
are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from fgrad.backends.native.codegen.functions import Parts
from fgrad.backends.native.codegen.rows import Columns, module, output, rows
from fgrad.backends.native.codegen.selection import FREE
from fgrad.backends.native.math.table import Target

EXPORTS: Final = ("rows", "clear", "add")
"""The names of the functions of a module."""


@attrs.frozen
class Sums(Columns):
    """The inputs of columns, and behind them which rows count, and the totals."""

    outputs: int

    def place(self, index: int) -> tuple[str, int]:
        """As those of columns, or which rows count, or one of the totals."""
        number = index - sum(self.sources) - len(self.same)
        if number < 0:
            return super().place(index)
        return ("totals", number - 1) if number else ("counts", self.outputs)

    def load_at(self, array: str, at: str, name: str, target: Target) -> Sequence[str]:
        """The same from where code says."""
        if array not in ("totals", "counts"):
            return super().load_at(array, at, name, target)
        place = f"{name}p = getelementptr {target.type()}, ptr %out, i64 {at}"
        return place, f"{name} = load {target.type()}, ptr {name}p"

    def store(self, index: int | str, name: str, target: Target, *, truth: bool) -> Sequence[str]:
        """Write a total."""
        o = output(name, index)
        place = f"{o} = getelementptr {target.type()}, ptr %out, i64 {index}"
        return place, f"store {target.type()} {name}, ptr {o}"


def modules(parts: Parts, width: int, outputs: int, *, sure: bool) -> Iterator[str]:
    """The module that defines the functions; if `sure`, sums need not be finite."""
    v = f"<{width} x double>"
    first = [
        f"%before = sub i64 %end, {width}",
        "%below = icmp slt i64 %before, 0",
        "%last = select i1 %below, i64 0, i64 %before",
        f"%counts = getelementptr {v}, ptr %out, i64 {outputs}",
        f"store {v} splat (double 1.0), ptr %counts",
    ]
    others = _clear(width, outputs), _add(width, outputs, sure=sure)
    yield module(parts, rows(parts, width, first, _counted(width)), others)


def _counted(width: int) -> list[str]:
    """Of a vector that reaches behind the last row, or to rows before `%at`, see which rows count."""
    w, v = f"<{width} x i64>", f"<{width} x double>"
    lanes = ", ".join([f"i64 {lane}" for lane in range(width)])
    lines = []
    for name in ("row", "at", "end"):
        broadcast = f"{w} %{name}.one, {w} poison, <{width} x i32> zeroinitializer"
        lines += [
            f"%{name}.one = insertelement {w} poison, i64 %{name}, i64 0",
            f"%{name}.all = shufflevector {broadcast}",
        ]
    return [
        f"%behind = add i64 %at, {width}",
        "%whole = icmp sle i64 %behind, %end",
        "br i1 %whole, label %turn, label %some",
        "some:",
        *lines,
        f"%lanes = add {w} %row.all, <{lanes}>",
        f"%late = icmp sge {w} %lanes, %at.all",
        f"%early = icmp slt {w} %lanes, %end.all",
        f"%both = and <{width} x i1> %late, %early",
        f"%ones = uitofp <{width} x i1> %both to {v}",
        f"store {v} %ones, ptr %counts",
        "br label %turn",
        "turn:",
    ]


def _clear(width: int, outputs: int) -> str:
    """`@clear(totals)`: all of them 0."""
    total = f"<{width} x double>"
    body = [
        f"%place = getelementptr {total}, ptr %totals, i64 %k",
        f"store {total} zeroinitializer, ptr %place",
    ]
    return "\n".join(
        [
            f"define void @clear(ptr %totals) {FREE} {{",
            *_each(max(1, outputs), body),
            "ret void",
            "}",
        ]
    )


def _add(lanes: int, outputs: int, *, sure: bool) -> str:
    """`@add(totals, sums)`: the sum of the lanes of each, in their order, and whether all are known."""
    total = f"<{lanes} x double>"
    body = [
        "%strange = phi i1 [false, %0], [%stranger, %loop]",
        f"%place = getelementptr {total}, ptr %totals, i64 %k",
        f"%total = load {total}, ptr %place",
        f"%s0 = extractelement {total} %total, i64 0",
    ]
    for lane in range(1, lanes):
        body += [
            f"%t{lane} = extractelement {total} %total, i64 {lane}",
            f"%s{lane} = fadd double %s{lane - 1}, %t{lane}",
        ]
    sum_ = f"%s{lanes - 1}"
    body += [
        "%to = getelementptr double, ptr %sums, i64 %k",
        f"store double {sum_}, ptr %to",
        f"%nothing = fsub double {sum_}, {sum_}",
        "%here = fcmp uno double %nothing, 0.0",
        "%stranger = or i1 %strange, %here",
    ]
    ends = [
        f"%known = select i1 %stranger, i32 {int(sure)}, i32 1",
        "ret i32 %known",
        "}",
    ]
    head = f"define i32 @add(ptr noalias %totals, ptr noalias %sums) {FREE} {{"
    return "\n".join([head, *_each(max(1, outputs), body), *ends])


def _each(count: int, body: Sequence[str]) -> list[str]:
    """The body for each `%k` below the count, which is not 0."""
    return [
        "br label %loop",
        "loop:",
        "%k = phi i64 [0, %0], [%next, %loop]",
        *body,
        "%next = add i64 %k, 1",
        f"%more = icmp slt i64 %next, {count}",
        "br i1 %more, label %loop, label %done",
        "done:",
    ]
