"""Trampolines between Python's arrays and a program over rows, in LLVM IR: what those for columns and for sums share.

Python takes some hundred nanoseconds for each array that it inspects or makes, about as long as a
thousand rows take. `@call(self, args, n, names)` does all that in native code, for arguments that
code can read in place, and returns None for all others.

One text serves all programs: what differs is at `@facts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fgrad.backends.native.interop.arguments import load_invariant_numbers, read_argument
from fgrad.backends.native.ir.control import expect, load_words, loop, module

ADDRESSES: Final = ("code", "hoisted", "clear", "add", "kinds", "order", "places", "kept")
"""The code over rows, the hoisted code or 0, `clear` and `add` or 0, three arrays of words, and a list.

`kinds`: for each argument 0 for a column, k for a table of k columns, -k for k numbers; then for
each array that sums go to its length, or 0 for a single number. `order`: for each number that is
the same in each row its index among those given. `places`: for each output its index among those
that vary, or -k for number k - 1 of those that are the same. `kept`: the arrays that the last
columns were slices of.
"""
COUNTS: Final = (
    "given", "arguments", "outputs", "invariants", "lanes", "most", "in_place", "turn",
)  # fmt: skip
"""The number of objects given, of arguments among them, of outputs, and of numbers that are the same
in each row; the rows of a vector and the most rows; whether the numbers are a single row that is
read in place; and the index of the oldest array that is kept."""
PLACES: Final = ("ins", "outs", "gathered", "spare", "scratch", "totals", "sums", "spans", "end")
"""Offsets in the memory of a call: the pointers to inputs and to outputs, the invariant numbers,
the scratch of the hoisted code and of the code over rows, the totals and the sum of each output
that varies, two words for each object; and the size of that memory."""
FACTS: Final = (*ADDRESSES, *COUNTS, *PLACES)

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
        *load_words(FACTS, "@facts", addresses=ADDRESSES, prefix="fact."),
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
