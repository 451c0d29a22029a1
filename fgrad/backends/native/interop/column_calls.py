"""Trampolines between arrays and a program over rows whose outputs are columns, in LLVM IR."""

from __future__ import annotations

from fgrad.backends.buffers import cpython as at
from fgrad.backends.native.interop.arguments import record_span, recycled_array
from fgrad.backends.native.interop.row_calls import (
    TRUE,
    check_column,
    check_target,
    fact_address,
    make_tuple,
    per_output,
    run,
    trampoline,
)
from fgrad.backends.native.ir.control import expect, load_element, load_field, loop, store_element


def to_new_columns() -> str:
    """The trampoline that returns a tuple of new columns: slices of one array, as `new_columns` makes them."""
    return trampoline(
        [*_base(), *make_tuple(), *_columns(), *run("running", "0", "%rows", "%outs")]
    )


def to_given_columns() -> str:
    """The trampoline that writes to given columns, which follow the arguments, and returns True.

    They must not overlap each other or the arguments.
    """
    return trampoline([*_targets(), *_pointed(), *run("running", "0", "%rows", "%outs"), *TRUE])


def _column() -> list[str]:
    """Let an output pointer be `%slice`, the column of output `%k`, or fill the column."""
    fill = loop("l", "%rows", store_element("cell", "double", "%still", "%slice", "%l"))
    return per_output(store_element("out", "ptr", "%slice", "%outs", "%place"), fill)


def _base() -> list[str]:
    """Make the array `%base` whose rows are the columns, each of which starts in another set of the cache."""
    sizes, strides = ("%fact.outputs", "%stride"), ("%stride.bytes", "8")
    turn = fact_address("turn")
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
        *check_target(),
        *check_column("%rows"),
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
