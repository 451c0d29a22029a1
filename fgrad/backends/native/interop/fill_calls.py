"""A trampoline that fills an array: numbers are read from arrays, and outputs written to the last one.

One text serves all programs: what it must know of one is at `@facts`, the number of arrays that are
read, the number of outputs, the addresses of memory for all inputs and of scratch memory, and the
length of each array.
"""

from __future__ import annotations

from typing import Final

from fgrad.backends.buffers import cpython as at
from fgrad.backends.native.interop.arguments import load_line
from fgrad.backends.native.interop.number_calls import called_with, fall_back
from fgrad.backends.native.ir.control import (
    expect,
    load_element,
    load_words,
    loop,
    module,
    store_element,
)

_FACTS: Final = "arrays", "outputs", "in", "scratch"
_LANES: Final = 8


def on_arrays() -> str:
    """`@call(self, args, n, names)`: arrays of doubles and an array to write to, which is returned.

    `self` is called for all else, also for arrays that are not contiguous.
    """
    facts = load_words(_FACTS, "@facts", addresses=("in", "scratch"))
    copy = [
        f"%place = add i64 %i, {len(_FACTS)}",
        *load_element("size", "i64", "@facts", "%place"),
        *load_line("x", "%args", "%i", "%size"),
        *_copied(),
    ]
    lines = [
        *called_with("%wanted", [*facts, "%wanted = add i64 %arrays, 1"]),
        *load_line("y", "%args", "%arrays", "%outputs"),
        f"%y.write = and i32 %y.flags, {at.WRITEABLE}",
        *expect("y.open", "icmp ne i32 %y.write, 0", "slow"),
        *loop("i", "%arrays", copy, to=("ptr", "%in", "%to.next")),
        "call void %code(ptr %in, ptr %y.data, ptr null, ptr %scratch)",
        "call void @Py_IncRef(ptr %y)",
        "ret ptr %y",
        *fall_back("%n", "%names"),
    ]
    return module(lines)


def _copied() -> list[str]:
    """Append the numbers of `%x` to the inputs, which `out` may overlap with."""
    vector = f"<{_LANES} x double>"
    return [
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
                *load_element("d", "double", "%x.data", "%at"),
                *store_element("d", "double", "%d", "%to", "%at"),
            ],
        ),
        "%to.next = getelementptr double, ptr %to, i64 %size",
    ]
