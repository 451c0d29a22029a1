"""Trampolines between arrays and a program over rows, in LLVM IR: to columns, or to sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fgrad.backends.buffers import cpython as at
from fgrad.backends.native.interop.arguments import (
    check_array,
    check_line,
    record_span,
    recycled_array,
)
from fgrad.backends.native.interop.number_calls import new_tuple
from fgrad.backends.native.interop.row_calls import FACTS, trampoline
from fgrad.backends.native.ir.control import expect, load_element, load_field, loop, store_element

_TRUE: Final = (
    "%result = select i1 true, ptr @_Py_TrueStruct, ptr null",
    "call void @Py_IncRef(ptr %result)",
)


def to_new_columns() -> str:
    """The trampoline that returns a tuple of new columns: slices of one array, as `new_columns` makes them."""
    return trampoline([*_base(), *new_tuple("%fact.outputs"), *_columns(), *_run("%outs")])


def to_given_columns() -> str:
    """The trampoline that writes to given columns, which follow the arguments, and returns True.

    They must not overlap each other or the arguments.
    """
    return trampoline([*_targets(), *_pointed(), *_run("%outs"), *_TRUE])


def _column() -> list[str]:
    """Let an output pointer be `%slice`, the column of output `%k`, or fill the column."""
    fill = loop("l", "%rows", store_element("cell", "double", "%still", "%slice", "%l"))
    return _per_output(store_element("out", "ptr", "%slice", "%outs", "%place"), fill)


def _base() -> list[str]:
    """Make the array `%base` whose rows are the columns, each of which starts in another set of the cache."""
    sizes, strides = ("%fact.outputs", "%stride"), ("%stride.bytes", "8")
    turn = f"getelementptr (i64, ptr @facts, i64 {FACTS.index('turn')})"
    return [
        "%eighth = sdiv i64 %rows, 8",
        "%eights = mul i64 %eighth, 8",
        "%longer = add i64 %eights, 8",
        "%page = srem i64 %longer, 256",
        "%even = icmp eq i64 %page, 0",
        "%gap = select i1 %even, i64 8, i64 0",
        "%stride = add i64 %longer, %gap",
        "%stride.bytes = mul i64 %stride, 8",
        *recycled_array("base", sizes=sizes, strides=strides, kept="%fact.kept", turn=turn),
        "store ptr %base, ptr %held.at",
        *load_field("room", "ptr", "%base", at.DATA),
        "store i64 %rows, ptr %shape",
    ]


def _columns() -> list[str]:
    """Make the slices, which hold the array."""
    make = "call ptr @PyArray_New(ptr @PyArray_Type, i32 1, ptr %shape"
    how = f"i32 {at.NPY_DOUBLE}, ptr null, ptr %slice, i32 0, i32 {at.CARRAY_FLAGS}, ptr null)"
    body = [
        "%skip = mul i64 %k, %stride",
        "%slice = getelementptr double, ptr %room, i64 %skip",
        f"%view = {make}, {how}",
        *expect("viewed", "icmp ne ptr %view, null", "halfway"),
        *store_element("item", "ptr", "%view", "%items", "%k"),
        "call void @Py_IncRef(ptr %base)",
        "%bound = call i32 @PyArray_SetBaseObject(ptr %view, ptr %base)",
        *expect("owned", "icmp eq i32 %bound, 0", "halfway"),
        *_column(),
    ]
    return loop("k", "%fact.outputs", body)


def _targets() -> list[str]:
    """Check that what follows the arguments are columns that overlap nothing before them."""
    apart = [
        "%begin.index = mul i64 %q, 2",
        "%end.index = add i64 %begin.index, 1",
        *load_element("other.low", "i64", "%spans", "%begin.index"),
        *load_element("other.high", "i64", "%spans", "%end.index"),
        "%behind = icmp sge i64 %y.low, %other.high",
        "%ahead = icmp sle i64 %y.high, %other.low",
        *expect("apart", "or i1 %behind, %ahead", "free"),
    ]
    body = [
        *_check_target(),
        *check_line("y", "%rows"),
        "%known.ends = load i64, ptr %ends.at",
        "%known = sdiv i64 %known.ends, 2",
        *record_span("y", "1"),
        *loop("q", "%known", apart),
    ]
    return loop("p", "%fact.outputs", body)


def _pointed() -> list[str]:
    """Let the output pointers be the columns that are given."""
    body = [
        "%of = add i64 %k, %fact.arguments",
        *load_element("into", "ptr", "%args", "%of"),
        *load_field("slice", "ptr", "%into", at.DATA),
        *_column(),
    ]
    return loop("k", "%fact.outputs", body)


def to_sums() -> str:
    """The trampoline that returns the sums over all rows as a tuple of floats."""
    kept = [
        *_total(),
        "%object = call ptr @PyFloat_FromDouble(double %total)",
        *expect("objected", "icmp ne ptr %object, null", "halfway"),
        *store_element("item", "ptr", "%object", "%items", "%k"),
    ]
    return trampoline([*_SUMS, *new_tuple("%fact.outputs"), *loop("k", "%fact.outputs", kept)])


def to_given_sums() -> str:
    """The trampoline that writes the sums to given arrays, which follow the arguments, and returns True."""
    return trampoline([*_check_targets(), *_SUMS, *_store_sums(), *_TRUE])


def _check_targets() -> list[str]:
    """Check that each array has the length that is expected, 0 for a single number."""
    body = [
        *_check_target(),
        *load_element("size", "i64", "%fact.kinds", "%target"),
        "%flat = icmp eq i32 %y.axes, 0",
        "br i1 %flat, label %y.alone, label %y.along",
        "y.alone:",
        *expect("y.single", "icmp eq i64 %size, 0", "free"),
        "br label %y.checked",
        "y.along:",
        *check_line("y", "%size"),
        "br label %y.checked",
        "y.checked:",
    ]
    return ["%targets = sub i64 %fact.given, %fact.arguments", *loop("p", "%targets", body)]


def _run(to: str) -> list[str]:
    """Run the code over rows without the interpreter's lock."""
    given = f"ptr %ins, ptr %same, ptr {to}, ptr null, ptr %scratch, i64 0, i64 %rows"
    return [
        "%running = call ptr @PyEval_SaveThread()",
        f"call void %fact.code({given})",
        "call void @PyEval_RestoreThread(ptr %running)",
    ]


def _per_output(varies: Sequence[str], stays: Sequence[str]) -> list[str]:
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


def _check_target() -> list[str]:
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


_SUMS: Final = (
    "call void %fact.clear(ptr %totals)",
    *_run("%totals"),
    "%known = call i32 %fact.add(ptr %totals, ptr %sums)",
    *expect("all.known", "icmp ne i32 %known, 0", "free"),
    "%count = sitofp i64 %rows to double",
)


def _total() -> list[str]:
    """The sum of output `%k`."""
    varies = load_element("sum", "double", "%sums", "%place")
    stays = ["%times = fmul double %still, %count"]
    sources = "[%sum, %varying], [%times, %staying]"
    return [*_per_output(varies, stays), f"%total = phi double {sources}"]


def _store_sums() -> list[str]:
    """Store each sum in its array."""
    each = [
        *_total(),
        *store_element("written", "double", "%total", "%into.data", "%r"),
        "%k.next = add i64 %k, 1",
    ]
    body = [
        "%of = add i64 %q, %fact.arguments",
        *load_element("into", "ptr", "%args", "%of"),
        *load_field("into.data", "ptr", "%into", at.DATA),
        *load_element("wanted.size", "i64", "%fact.kinds", "%of"),
        "%only = icmp eq i64 %wanted.size, 0",
        "%all = select i1 %only, i64 1, i64 %wanted.size",
        *loop("r", "%all", each, k=("i64", "%stored", "%k.next")),
    ]
    every = loop("q", "%targets", body, stored=("i64", "0", "%k"))
    return [*every, "br label %k.end", "k.end:"]
