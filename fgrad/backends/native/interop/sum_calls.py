"""Trampolines between arrays and a program that is summed over rows, in LLVM IR."""

from __future__ import annotations

from typing import Final

from fgrad.backends.buffers import cpython as at
from fgrad.backends.native.interop.row_calls import (
    TRUE,
    check_column,
    check_target,
    make_tuple,
    per_output,
    run,
    trampoline,
)
from fgrad.backends.native.ir.control import expect, load_element, load_field, loop, store_element


def to_tuple() -> str:
    """The trampoline that returns the sums as a tuple of floats."""
    kept = [
        *_total(),
        "%object = call ptr @PyFloat_FromDouble(double %total)",
        *expect("objected", "icmp ne ptr %object, null", "halfway"),
        *store_element("item", "ptr", "%object", "%items", "%k"),
    ]
    return trampoline([*_SUMS, *make_tuple(), *loop("k", "%fact.outputs", kept)])


def to_given_arrays() -> str:
    """The trampoline that writes them to given arrays, which follow the arguments, and returns True."""
    return trampoline([*_check_targets(), *_SUMS, *_store_sums(), *TRUE])


def _check_targets() -> list[str]:
    """Check that each array has the length that is expected, 0 for a single number."""
    body = [
        *check_target(),
        *load_element("size", "i64", "%fact.kinds", "%target"),
        "%flat = icmp eq i32 %y.axes, 0",
        "br i1 %flat, label %y.alone, label %y.along",
        "y.alone:",
        *expect("y.single", "icmp eq i64 %size, 0", "free"),
        "br label %y.checked",
        "y.along:",
        *check_column("%size"),
        "br label %y.checked",
        "y.checked:",
    ]
    return ["%targets = sub i64 %fact.given, %fact.arguments", *loop("p", "%targets", body)]


_SUMS: Final = (
    "call void %fact.clear(ptr %totals)",
    *run("running", "0", "%rows", "%totals"),
    "%known = call i32 %fact.add(ptr %totals, ptr %sums)",
    *expect("all.known", "icmp ne i32 %known, 0", "free"),
    "%count = sitofp i64 %rows to double",
)


def _total() -> list[str]:
    """The sum of output `%k`."""
    varies = load_element("sum", "double", "%sums", "%place")
    stays = ["%times = fmul double %still, %count"]
    sources = "[%sum, %varying], [%times, %staying]"
    return [*per_output(varies, stays), f"%total = phi double {sources}"]


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
