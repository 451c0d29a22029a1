"""A trampoline that fills an array: numbers are read from arrays, and outputs written to the last one.

One text serves all programs: what it must know of one is at `@facts`, the number of arrays that are
read, the number of outputs, the addresses of memory for all inputs and of scratch memory, and the
length of each array.
"""

from __future__ import annotations

from typing import Final

from fgrad.backends.buffers import cpython as at
from fgrad.backends.native.interop.arguments import check_array, load_length
from fgrad.backends.native.interop.number_calls import fall_back, load_code
from fgrad.backends.native.ir.control import expect, load_element, load_field, loop, module

_FACTS: Final = "count", "outputs", "inputs", "scratch"
_LANES: Final = 8


def on_arrays() -> str:
    """`@call(self, args, n, names)`: arrays of doubles and an array to write to, which is returned.

    `self` is called for all else, also for arrays that are not contiguous.
    """
    facts = [
        line
        for i, name in enumerate(_FACTS)
        for line in load_element(f"fact.{name}", "i64", "@facts", f"{i}")
    ]
    copy = [
        *_array("x", "%args", "%i"),
        "%place = add i64 %i, 4",
        *load_element("size", "i64", "@facts", "%place"),
        *expect("sized", "icmp eq i64 %x.length, %size", "slow"),
        *_copied(),
    ]
    lines = [
        "define ptr @call(ptr %self, ptr %args, i64 %n, ptr %names) nounwind {",
        *[f"%{counter}.at = alloca i64" for counter in "ijk"],
        "%to.at = alloca ptr",
        *load_code(),
        *facts,
        "%wanted = add i64 %fact.count, 1",
        "%enough = icmp eq i64 %n, %wanted",
        "%nameless = icmp eq ptr %names, null",
        "%plain = and i1 %enough, %nameless",
        *expect("usual", "and i1 %plain, %running", "slow"),
        *_array("y", "%args", "%fact.count"),
        "%y.write = and i32 %y.flags, " + f"{at.WRITEABLE}",
        *expect("y.open", "icmp ne i32 %y.write, 0", "slow"),
        *expect("y.sized", "icmp eq i64 %y.length, %fact.outputs", "slow"),
        "%in = inttoptr i64 %fact.inputs to ptr",
        "%scratch = inttoptr i64 %fact.scratch to ptr",
        "store ptr %in, ptr %to.at",
        *loop("i", "%fact.count", copy),
        "call void %code(ptr %in, ptr %y.data, ptr null, ptr %scratch)",
        "call void @Py_IncRef(ptr %y)",
        "ret ptr %y",
        *fall_back("%n", "%names"),
    ]
    return module(lines)


def _array(name: str, start: str, index: str) -> list[str]:
    """Load an argument, and check that it is one line of contiguous doubles."""
    return [
        *load_element(name, "ptr", start, index),
        *load_field(f"{name}.type", "ptr", f"%{name}", at.TYPE),
        *expect(f"{name}.exact", f"icmp eq ptr %{name}.type, @PyArray_Type", "slow"),
        *check_array(name, "slow"),
        *expect(f"{name}.line", f"icmp eq i32 %{name}.axes, 1", "slow"),
        *load_length(name, "slow"),
        f"%{name}.beside = icmp eq i64 %{name}.distance, 8",
        f"%{name}.short = icmp slt i64 %{name}.length, 2",  # whose stride may be any
        *expect(f"{name}.dense", f"or i1 %{name}.beside, %{name}.short", "slow"),
    ]


def _copied() -> list[str]:
    """Append the numbers of `%x` to the inputs, which `out` may overlap with."""
    vector = f"<{_LANES} x double>"
    return [
        "%to = load ptr, ptr %to.at",
        f"%rest = urem i64 %size, {_LANES}",
        "%whole = sub i64 %size, %rest",
        f"%vectors = udiv i64 %size, {_LANES}",
        *loop(
            "j",
            "%vectors",
            [
                f"%from.v = getelementptr {vector}, ptr %x.data, i64 %j",
                f"%to.v = getelementptr {vector}, ptr %to, i64 %j",
                f"%v = load {vector}, ptr %from.v, align 8",
                f"store {vector} %v, ptr %to.v, align 8",
            ],
        ),
        *loop(
            "k",
            "%rest",
            [
                "%at = add i64 %whole, %k",
                "%from.d = getelementptr double, ptr %x.data, i64 %at",
                "%to.d = getelementptr double, ptr %to, i64 %at",
                "%d = load double, ptr %from.d",
                "store double %d, ptr %to.d",
            ],
        ),
        "%to.next = getelementptr double, ptr %to, i64 %size",
        "store ptr %to.next, ptr %to.at",
    ]
