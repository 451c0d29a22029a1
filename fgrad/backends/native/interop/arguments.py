"""How native code reads arguments over rows: floats, columns, tables and single rows, in LLVM IR.

These are lines of a function that has `%args`, the kinds of its arguments at `%fact.kinds`, places for
what it finds, and a label `free` for arguments that are otherwise than code reads them.
"""

from __future__ import annotations

from collections.abc import Sequence

from fgrad.backends.buffers import cpython as at
from fgrad.backends.native.ir.control import expect, load_element, load_field, loop, push


def argument() -> list[str]:
    """Sort argument `%i`: numbers to `%given`, pointers and the distances of rows to `%ins`.

    Where the memory of arrays begins and ends goes to `%spans`.
    """
    return [
        *load_element("x", "ptr", "%args", "%i"),
        *load_field("type", "ptr", "%x", at.TYPE),
        *load_element("kind", "i64", "%fact.kinds", "%i"),
        "%float = icmp eq ptr %type, @PyFloat_Type",
        "br i1 %float, label %number, label %array",
        "number:",
        *expect("number.wanted", "icmp eq i64 %kind, -1", "free"),
        *load_field("value", "double", "%x", at.FLOAT),
        *push("value.given", "double", "%value", "%given", "%numbers.at"),
        "br label %sorted",
        "array:",
        *expect("exact", "icmp eq ptr %type, @PyArray_Type", "free"),
        *looked("x"),
        *measured("x"),
        "%matrix = icmp eq i32 %x.axes, 2",
        "br i1 %matrix, label %table, label %column",
        *_column(),
        *_table(),
        "measure:",
        "%across = phi i64 [1, %column.dense], [%width, %table.wanted]",
        # No rows yet is what 0 stands for.
        *expect("any", "icmp sgt i64 %x.length, 0", "free"),
        "%before = load i64, ptr %rows.at",
        "%first = icmp eq i64 %before, 0",
        "%alike = icmp eq i64 %before, %x.length",
        *expect("measured", "or i1 %first, %alike", "free"),
        "store i64 %x.length, ptr %rows.at",
        *spanned("x", "%across"),
        "br label %sorted",
        "sorted:",
    ]


def _column() -> list[str]:
    return [
        "column:",
        *expect("line", "icmp eq i32 %x.axes, 1", "free"),
        *expect("column.wanted", "icmp eq i64 %kind, 0", "free"),
        *expect("column.dense", "icmp eq i64 %x.distance, 8", "free"),
        *push("column.given", "ptr", "%x.data", "%ins", "%entries.at"),
        "br label %measure",
    ]


def _table() -> list[str]:
    """A table, or a single row."""
    return [
        "table:",
        *load_element("width", "i64", "%x.lengths", "1"),
        *load_element("step", "i64", "%x.distances", "1"),
        *expect("wide", "icmp sgt i64 %width, 1", "free"),
        *expect("row.dense", "icmp eq i64 %step, 8", "free"),
        "%rowwise = icmp eq i64 %kind, %width",
        "br i1 %rowwise, label %table.wanted, label %row",
        "table.wanted:",
        "%far = inttoptr i64 %x.distance to ptr",
        *push("table.given", "ptr", "%x.data", "%ins", "%entries.at"),
        *push("far.given", "ptr", "%far", "%ins", "%entries.at"),
        "br label %measure",
        "row:",
        "%wanted = sub i64 0, %kind",
        *expect("row.wanted", "icmp eq i64 %wanted, %width", "free"),
        *expect("row.alone", "icmp eq i64 %x.length, 1", "free"),
        *_row(),
        "br label %sorted",
    ]


def looked(x: str, otherwise: str = "free") -> list[str]:
    """See that the array of that name holds native doubles, and find its shape."""
    return [
        *load_field(f"{x}.axes", "i32", f"%{x}", at.AXES),
        *load_field(f"{x}.data", "ptr", f"%{x}", at.DATA),
        *load_field(f"{x}.lengths", "ptr", f"%{x}", at.LENGTHS),
        *load_field(f"{x}.distances", "ptr", f"%{x}", at.DISTANCES),
        *load_field(f"{x}.dtype", "ptr", f"%{x}", at.DTYPE),
        *load_field(f"{x}.flags", "i32", f"%{x}", at.FLAGS),
        *load_field(f"{x}.order", "i8", f"%{x}.dtype", at.ORDER),
        *load_field(f"{x}.number", "i32", f"%{x}.dtype", at.NUMBER),
        *expect(f"{x}.doubles", f"icmp eq i32 %{x}.number, {at.DOUBLE}", otherwise),
        *expect(f"{x}.native", f"icmp eq i8 %{x}.order, {ord('=')}", otherwise),
        f"%{x}.flag = and i32 %{x}.flags, {at.ALIGNED}",
        *expect(f"{x}.aligned", f"icmp ne i32 %{x}.flag, 0", otherwise),
    ]


def measured(x: str, otherwise: str = "free") -> list[str]:
    """Read the length of an array, and the bytes from one to the next."""
    return [
        *expect(f"{x}.long", f"icmp ne i32 %{x}.axes, 0", otherwise),
        f"%{x}.length = load i64, ptr %{x}.lengths",
        f"%{x}.distance = load i64, ptr %{x}.distances",
    ]


def untouched(
    x: str, axes: int, lengths: Sequence[str], distances: Sequence[str], otherwise: str
) -> list[str]:
    """See that the array of that name, which nobody has, is as it was made; then its memory is free.

    A program that had it may have given it another size, shape, dtype or memory, may have locked it, or
    may have a weak reference by which it comes back.
    """
    fields = (
        ("axes", "i32", at.AXES, f"{axes}"), ("dtype", "ptr", at.DTYPE, "@double"),
        ("base", "ptr", at.BASE, "null"), ("weak", "ptr", at.WEAK, "null"),
    )  # fmt: skip
    lines: list[str] = []
    for name, kind, offset, wanted in fields:
        lines += load_field(f"{x}.own.{name}", kind, f"%{x}", offset)
        lines += expect(f"{x}.{name}.kept", f"icmp eq {kind} %{x}.own.{name}, {wanted}", otherwise)
    lines += load_field(f"{x}.own.flags", "i32", f"%{x}", at.FLAGS)
    # Whether its columns lie in one piece too depends on its shape.
    lines.append(f"%{x}.own.flag = or i32 %{x}.own.flags, {at.BY_COLUMNS}")
    lines += expect(f"{x}.flags.kept", f"icmp eq i32 %{x}.own.flag, {at.FRESH}", otherwise)
    rows = ("lengths", at.LENGTHS, lengths), ("distances", at.DISTANCES, distances)
    for what, offset, numbers in rows:
        lines += load_field(f"{x}.own.{what}", "ptr", f"%{x}", offset)
        for k, number in enumerate(numbers):
            lines += load_element(f"{x}.own.{what}{k}", "i64", f"%{x}.own.{what}", f"{k}")
            same = f"icmp eq i64 %{x}.own.{what}{k}, {number}"
            lines += expect(f"{x}.{what}{k}.kept", same, otherwise)
    return lines


def spanned(x: str, across: str) -> list[str]:
    """Note where the memory of an array begins, and where it ends, behind its rows of `across` doubles."""
    return [
        f"%{x}.start = ptrtoint ptr %{x}.data to i64",
        f"%{x}.steps = sub i64 %{x}.length, 1",
        f"%{x}.far = mul i64 %{x}.steps, %{x}.distance",
        f"%{x}.last = add i64 %{x}.start, %{x}.far",
        f"%{x}.back = icmp slt i64 %{x}.far, 0",
        f"%{x}.low = select i1 %{x}.back, i64 %{x}.last, i64 %{x}.start",
        f"%{x}.top = select i1 %{x}.back, i64 %{x}.start, i64 %{x}.last",
        f"%{x}.bytes = mul i64 {across}, 8",
        f"%{x}.high = add i64 %{x}.top, %{x}.bytes",
        *push(f"{x}.from", "i64", f"%{x}.low", "%spans", "%ends.at"),
        *push(f"{x}.to", "i64", f"%{x}.high", "%spans", "%ends.at"),
    ]


def _row() -> list[str]:
    """The numbers of a single row, which may be read where they are."""
    part = load_element("part", "double", "%x.data", "%j")
    given = [*part, *push("part.given", "double", "%part", "%given", "%numbers.at")]
    return [
        "store ptr %x.data, ptr %row.at",
        *expect("row.other", "xor i1 %straight, true", "sorted"),
        *loop("j", "%width", given),
    ]


def same() -> list[str]:
    """Find the numbers that are the same in each row at `%same`: computed, or taken from those given."""
    return [
        "br i1 %straight, label %ready, label %collect",
        "collect:",
        "store ptr %gathered, ptr %row.at",
        "%computed = icmp ne ptr %fact.once, null",
        "br i1 %computed, label %compute, label %take",
        "compute:",
        "call void %fact.once(ptr %given, ptr %gathered, ptr null, ptr %spare)",
        "br label %ready",
        "take:",
        *loop(
            "m",
            "%fact.sames",
            [
                *load_element("from", "i64", "%fact.order", "%m"),
                *load_element("taken", "double", "%given", "%from"),
                "%same.to = getelementptr double, ptr %gathered, i64 %m",
                "store double %taken, ptr %same.to",
            ],
        ),
        "br label %ready",
        "ready:",
        "%same = load ptr, ptr %row.at",
    ]
