"""Trampolines between Python's arrays and a program over rows, in LLVM IR: what those for columns and for sums share.

Python takes some hundred nanoseconds for each array that it inspects or makes, about as long as a
thousand rows take. `@call(self, args, n, names)` does all that in native code, for arguments that
code can read in place, and returns None for all others.

One text serves all programs: what differs is at `@facts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fgrad.backends.buffers import cpython as at
from fgrad.backends.native.interop.arguments import (
    check_array,
    load_invariant_numbers,
    load_length,
    read_argument,
)
from fgrad.backends.native.ir.control import expect, load_element, load_field, loop, module

ADDRESSES: Final = ("code", "hoisted", "clear", "add", "kinds", "order", "places", "kept")
"""The code over rows, the hoisted code or 0, `clear` and `add` or 0, three arrays of words, and a list.

`kinds`: for each argument 0 for a column, k for a table of k columns, -k for k numbers; then for
each array that sums go to its length, or 0 for a single number. `order`: for each number that is
the same in each row its index among those given. `places`: for each output its index among those
that vary, or -k for number k - 1 of those that are the same. `kept`: the arrays that the last
columns were slices of.
"""
COUNTS: Final = (
    "given", "arguments", "outputs", "varying", "invariants", "lanes", "most", "in_place", "turn",
)  # fmt: skip
"""The number of objects given, of arguments among them, of outputs, of outputs that vary, and of
numbers that are the same in each row; the rows of a vector and the most rows; whether the numbers
are a single row that is read in place; and the index of the oldest array that is kept."""
PLACES: Final = ("ins", "outs", "gathered", "spare", "scratch", "totals", "sums", "spans", "end")
"""Offsets in the memory of a call: the pointers to inputs and to outputs, the invariant numbers,
the scratch of the hoisted code and of the code over rows, the totals and the sum of each output
that varies, two words for each object; and the size of that memory."""
FACTS: Final = (*ADDRESSES, *COUNTS, *PLACES)

TRUE: Final = (
    "%result = select i1 true, ptr @_Py_TrueStruct, ptr null",
    "call void @Py_IncRef(ptr %result)",
)
_COUNTERS: Final = "rows", "entries", "numbers", "ends"


def trampoline(made: Sequence[str]) -> str:
    """The trampoline, from the fragment that makes `%result` and ends with the block `k.end`."""
    lines = [
        "define ptr @call(ptr %self, ptr %args, i64 %n, ptr %names) nounwind {",
        *[f"%{name}.at = alloca i64" for name in _COUNTERS],
        *[f"store i64 0, ptr %{name}.at" for name in _COUNTERS],
        "%shape = alloca [2 x i64]",
        "%held.at = alloca ptr",
        "%row.at = alloca ptr",
        "store ptr null, ptr %held.at",
        *map(_fact, FACTS),
        *expect("enough", "icmp eq i64 %n, %fact.given", "unusual"),
        *expect("nameless", "icmp eq ptr %names, null", "unusual"),
        "%memory = call ptr @PyMem_RawMalloc(i64 %fact.end)",
        *expect("begun", "icmp ne ptr %memory, null", "unusual"),
        # Vectors are aligned to up to 128 bytes.
        "%begin = ptrtoint ptr %memory to i64",
        "%above = add i64 %begin, 127",
        "%multiple = and i64 %above, -128",
        "%given = inttoptr i64 %multiple to ptr",
        *[f"%{name} = getelementptr i8, ptr %given, i64 %fact.{name}" for name in PLACES[:-1]],
        "%in.place = icmp ne i64 %fact.in_place, 0",
        *loop("i", "%fact.arguments", read_argument()),
        "%rows = load i64, ptr %rows.at",
        *expect("many", "icmp sge i64 %rows, %fact.lanes", "free"),
        *expect("few", "icmp sle i64 %rows, %fact.most", "free"),
        *load_invariant_numbers(),
        *made,
        *_ENDS,
        "}",
    ]
    return module(lines)


_ENDS: Final = (
    "br label %freed",
    "halfway:",
    "call void @Py_DecRef(ptr %result)",
    "br label %failed",
    "failed:",
    "br label %freed",
    "freed:",
    "%answer = phi ptr [null, %failed], [%result, %k.end]",
    "%held = load ptr, ptr %held.at",
    "%nothing = icmp eq ptr %held, null",
    "br i1 %nothing, label %gone, label %drop",
    "drop:",
    "call void @Py_DecRef(ptr %held)",
    "br label %gone",
    "gone:",
    "call void @PyMem_RawFree(ptr %memory)",
    "ret ptr %answer",
    "free:",
    "call void @PyMem_RawFree(ptr %memory)",
    "br label %unusual",
    "unusual:",
    "call void @Py_IncRef(ptr @_Py_NoneStruct)",
    "ret ptr @_Py_NoneStruct",
)


def _fact(name: str) -> str:
    kind = "ptr" if name in ADDRESSES else "i64"
    return f"%fact.{name} = load {kind}, ptr {fact_address(name)}"


def fact_address(name: str) -> str:
    """The address of a fact, a constant expression."""
    return f"getelementptr (i64, ptr @facts, i64 {FACTS.index(name)})"


def run(name: str, begin: str, end: str, to: str) -> list[str]:
    """Run the code over rows without the interpreter's lock."""
    given = f"ptr %ins, ptr %same, ptr {to}, ptr null, ptr %scratch, i64 {begin}, i64 {end}"
    return [
        f"%{name} = call ptr @PyEval_SaveThread()",
        f"call void %fact.code({given})",
        f"call void @PyEval_RestoreThread(ptr %{name})",
    ]


def make_tuple() -> list[str]:
    """Make the tuple `%result` for the outputs, whose items are at `%items`."""
    return [
        "%result = call ptr @PyTuple_New(i64 %fact.outputs)",
        *expect("tupled", "icmp ne ptr %result, null", "failed"),
        f"%items = getelementptr i8, ptr %result, i64 {at.TUPLE_ITEMS}",
    ]


def per_output(varies: Sequence[str], stays: Sequence[str]) -> list[str]:
    """A fragment for output `%k` that varies, at `%place`, and one for an output that is `%still` in every row."""
    return [
        *load_element("place", "i64", "%fact.places", "%k"),
        "%varies = icmp sge i64 %place, 0",
        "br i1 %varies, label %varying, label %staying",
        "varying:",
        *varies,
        "br label %done",
        "staying:",
        "%index = sub i64 -1, %place",
        *load_element("still", "double", "%same", "%index"),
        *stays,
        "br label %done",
        "done:",
    ]


def check_target() -> list[str]:
    """Check array `%y`, the `%p`-th of those to write to, which follow the arguments."""
    return [
        "%target = add i64 %p, %fact.arguments",
        *load_element("y", "ptr", "%args", "%target"),
        *load_field("y.type", "ptr", "%y", at.TYPE),
        *expect("y.exact", "icmp eq ptr %y.type, @PyArray_Type", "free"),
        *check_array("y"),
        f"%y.open = and i32 %y.flags, {at.WRITEABLE}",
        *expect("y.writable", "icmp ne i32 %y.open, 0", "free"),
    ]


def check_column(length: str) -> list[str]:
    """Check that array `%y` is a contiguous column of that length."""
    return [
        *load_length("y"),
        *expect("y.line", "icmp eq i32 %y.axes, 1", "free"),
        *expect("y.dense", "icmp eq i64 %y.distance, 8", "free"),
        *expect("y.fits", f"icmp eq i64 %y.length, {length}", "free"),
    ]
