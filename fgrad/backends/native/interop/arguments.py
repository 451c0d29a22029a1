"""Array arguments in LLVM IR: floats, columns, tables and single rows are checked and read, result arrays recycled.

These are fragments of a function that has `%args`, the kinds of its arguments at `%fact.kinds`,
memory for what it collects, and a label `free` to which arguments go that it cannot read.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Final

from fgrad.backends.buffers import cpython as at
from fgrad.backends.native.ir.control import (
    expect,
    load_element,
    load_field,
    loop,
    push,
    store_element,
)

KEPT: Final = 4
"""Arrays that are kept for later results."""


def read_argument() -> list[str]:
    """Read argument `%i`: append numbers to `%given`, data pointers and row strides to `%ins`.

    The bounds of the memory of arrays are appended to `%spans`.
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
        *check_array("x"),
        *load_length("x"),
        "%matrix = icmp eq i32 %x.axes, 2",
        "br i1 %matrix, label %table, label %column",
        *_column(),
        *_table(),
        "measure:",
        "%across = phi i64 [1, %column.dense], [%width, %table.wanted]",
        # 0 stands for no rows yet.
        *expect("any", "icmp sgt i64 %x.length, 0", "free"),
        "%before = load i64, ptr %rows.at",
        "%first = icmp eq i64 %before, 0",
        "%alike = icmp eq i64 %before, %x.length",
        *expect("measured", "or i1 %first, %alike", "free"),
        "store i64 %x.length, ptr %rows.at",
        *record_span("x", "%across"),
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
    """A table, or a single row of numbers that all rows share, which may be read in place."""
    part = load_element("part", "double", "%x.data", "%j")
    given = [*part, *push("part.given", "double", "%part", "%given", "%numbers.at")]
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
        "store ptr %x.data, ptr %row.at",
        *expect("row.other", "xor i1 %in.place, true", "sorted"),
        *loop("j", "%width", given),
        "br label %sorted",
    ]


def check_array(x: str, otherwise: str = "free") -> list[str]:
    """Check that an array holds aligned doubles of native byte order, and load its shape."""
    return [
        *load_field(f"{x}.axes", "i32", f"%{x}", at.NDIM),
        *load_field(f"{x}.data", "ptr", f"%{x}", at.DATA),
        *load_field(f"{x}.lengths", "ptr", f"%{x}", at.SHAPE),
        *load_field(f"{x}.distances", "ptr", f"%{x}", at.STRIDES),
        *load_field(f"{x}.dtype", "ptr", f"%{x}", at.DTYPE),
        *load_field(f"{x}.flags", "i32", f"%{x}", at.FLAGS),
        *load_field(f"{x}.order", "i8", f"%{x}.dtype", at.BYTE_ORDER),
        *load_field(f"{x}.number", "i32", f"%{x}.dtype", at.TYPE_NUMBER),
        *expect(f"{x}.doubles", f"icmp eq i32 %{x}.number, {at.NPY_DOUBLE}", otherwise),
        *expect(f"{x}.native", f"icmp eq i8 %{x}.order, {ord('=')}", otherwise),
        f"%{x}.flag = and i32 %{x}.flags, {at.ALIGNED}",
        *expect(f"{x}.aligned", f"icmp ne i32 %{x}.flag, 0", otherwise),
    ]


def load_length(x: str, otherwise: str = "free") -> list[str]:
    """Load the length of an array's first axis, and its stride."""
    return [
        *expect(f"{x}.long", f"icmp ne i32 %{x}.axes, 0", otherwise),
        f"%{x}.length = load i64, ptr %{x}.lengths",
        f"%{x}.distance = load i64, ptr %{x}.distances",
    ]


def load_line(x: str, start: str, index: str, length: str) -> list[str]:
    """Load an element of an array of objects; unless it is a line of so many contiguous doubles, go to `slow`."""
    return [
        *load_element(x, "ptr", start, index),
        *load_field(f"{x}.type", "ptr", f"%{x}", at.TYPE),
        *expect(f"{x}.exact", f"icmp eq ptr %{x}.type, @PyArray_Type", "slow"),
        *check_array(x, "slow"),
        *check_line(x, length, "slow"),
    ]


def check_line(x: str, length: str, otherwise: str = "free") -> list[str]:
    """Check that an array is a line of so many contiguous numbers."""
    return [
        *load_length(x, otherwise),
        *expect(f"{x}.line", f"icmp eq i32 %{x}.axes, 1", otherwise),
        *expect(f"{x}.fits", f"icmp eq i64 %{x}.length, {length}", otherwise),
        f"%{x}.beside = icmp eq i64 %{x}.distance, 8",
        f"%{x}.short = icmp slt i64 %{x}.length, 2",  # whose stride may be any
        *expect(f"{x}.dense", f"or i1 %{x}.beside, %{x}.short", otherwise),
    ]


def record_span(x: str, across: str) -> list[str]:
    """Append the bounds of the memory of an array whose rows have `across` doubles."""
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


def load_invariant_numbers() -> list[str]:
    """Let `%same` point to the numbers that are the same in each row: computed, or selected from those given."""
    return [
        "br i1 %in.place, label %ready, label %collect",
        "collect:",
        "store ptr %gathered, ptr %row.at",
        "%computed = icmp ne ptr %fact.hoisted, null",
        "br i1 %computed, label %compute, label %take",
        "compute:",
        "call void %fact.hoisted(ptr %given, ptr %gathered, ptr null, ptr %spare)",
        "br label %ready",
        "take:",
        *loop(
            "m",
            "%fact.invariants",
            [
                *load_element("from", "i64", "%fact.order", "%m"),
                *load_element("taken", "double", "%given", "%from"),
                *store_element("same", "double", "%taken", "%gathered", "%m"),
            ],
        ),
        "br label %ready",
        "ready:",
        "%same = load ptr, ptr %row.at",
    ]


def recycled_array(
    x: str, *, sizes: Sequence[str], strides: Sequence[str], kept: str, turn: str
) -> list[str]:
    """Let `%x` be an array that the caller owns: a kept one that nobody else holds, or a new one, which is kept.

    Making an array object takes longer than most programs. Several are kept, since in `y = f(x)` the
    last result still has its name while the next one is made. `kept` is the list of them, `turn`
    points to the index of the oldest; there is memory for the sizes at `%shape`.
    """
    return [
        *load_field("kept", "ptr", kept, at.LIST_ITEMS),
        "br label %search",
        "search:",
        "br label %try",
        "try:",
        "%try.index = phi i64 [0, %search], [%try.next, %next]",
        *load_element("old", "ptr", "%kept", "%try.index"),
        "%references = load i32, ptr %old",
        *expect("alone", "icmp eq i32 %references, 1", "next"),
        *_check_pristine(sizes, strides),
        "call void @Py_IncRef(ptr %old)",
        "br label %recycled",
        "next:",
        "%try.next = add i64 %try.index, 1",
        f"%try.more = icmp slt i64 %try.next, {KEPT}",
        "br i1 %try.more, label %try, label %new",
        *_new_array(sizes, turn),
        "recycled:",
        f"%{x} = phi ptr [%old, %stride{len(sizes) - 1}.kept], [%new.array, %made]",
    ]


def _new_array(sizes: Sequence[str], turn: str) -> list[str]:
    """Make `%new.array` and keep it instead of the oldest."""
    shape = [store_element(f"axis{k}", "i64", n, "%shape", f"{k}") for k, n in enumerate(sizes)]
    axes = f"i32 {len(sizes)}, ptr %shape, i32 {at.NPY_DOUBLE}"
    make = f"call ptr @PyArray_New(ptr @PyArray_Type, {axes}"
    return [
        "new:",
        *chain.from_iterable(shape),
        f"%new.array = {make}, ptr null, ptr null, i32 0, i32 0, ptr null)",
        *expect("made", "icmp ne ptr %new.array, null", "failed"),
        f"%turn = load i64, ptr {turn}",
        "%turn.following = add i64 %turn, 1",
        f"%turn.next = urem i64 %turn.following, {KEPT}",
        f"store i64 %turn.next, ptr {turn}",
        *load_element("oldest", "ptr", "%kept", "%turn"),
        "store ptr %new.array, ptr %oldest.place",
        # Owned before an array is freed, since finalizers may call this again.
        "call void @Py_IncRef(ptr %new.array)",
        "call void @Py_DecRef(ptr %oldest)",
        "br label %recycled",
    ]


def _check_pristine(sizes: Sequence[str], strides: Sequence[str]) -> list[str]:
    """Check that array `%old`, which nobody else holds, is as it was made, else branch to `next`.

    Who held it may have changed its shape, dtype or memory, may have locked it, or may have a weak
    reference through which it comes back.
    """
    fields = (
        ("axes", "i32", at.NDIM, f"{len(sizes)}"), ("dtype", "ptr", at.DTYPE, "@double"),
        ("base", "ptr", at.BASE, "null"), ("weak", "ptr", at.WEAKREFS, "null"),
    )  # fmt: skip
    lines: list[str] = []
    for name, kind, offset, wanted in fields:
        lines += load_field(f"old.{name}", kind, "%old", offset)
        lines += expect(f"{name}.kept", f"icmp eq {kind} %old.{name}, {wanted}", "next")
    lines += load_field("old.flags", "i32", "%old", at.FLAGS)
    # Whether it is contiguous by columns too depends on its shape.
    lines.append(f"%old.flag = or i32 %old.flags, {at.F_CONTIGUOUS}")
    lines += expect("flags.kept", f"icmp eq i32 %old.flag, {at.OWNED_FLAGS}", "next")
    for what, offset, numbers in (("size", at.SHAPE, sizes), ("stride", at.STRIDES, strides)):
        lines += load_field(f"old.{what}s", "ptr", "%old", offset)
        for k, number in enumerate(numbers):
            lines += load_element(f"old.{what}{k}", "i64", f"%old.{what}s", f"{k}")
            lines += expect(f"{what}{k}.kept", f"icmp eq i64 %old.{what}{k}, {number}", "next")
    return lines
