"""The trampoline between trees of numbers and a program for one point, in LLVM IR.

`@call(self, args, n, names)` reads the numbers of its arguments, runs the program and builds the
result. Arguments that do not fit go as they came to `self`, a function of Python. One text serves
all programs: what differs is at `@facts`. `@cell` is that of `point`.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from fgrad.backends.buffers import cpython as at
from fgrad.backends.native.interop.number_calls import STACK, fall_back, load_code
from fgrad.backends.native.interop.tree_building import building
from fgrad.backends.native.interop.tree_reading import reading
from fgrad.backends.native.ir.control import expect, label, load_element, load_field, loop, module

FACTS: Final = ("given", "named", "keys", "arguments", "result", "inputs", "before", "room")
"""The number of arguments by position and by name, the names, the descriptors of the tuple of all
arguments and of the result, and the number of doubles of the inputs, of these with the outputs, and
of both with the scratch."""

_UNLIKE: Final = "inttoptr (i64 1 to ptr)"
"""What `@tried` returns for arguments that do not fit."""


@cache
def on_trees() -> str:
    """The trampoline for trees."""
    return module([*reading(), *building(), *_tried(), *_call()])


def _fact(name: str) -> list[str]:
    kind = "ptr" if name in ("keys", "arguments", "result") else "i64"
    return load_field(f"fact.{name}", kind, "@facts", 8 * FACTS.index(name))


def _call() -> list[str]:
    return [
        "define ptr @call(ptr %self, ptr %args, i64 %n, ptr %names) nounwind {",
        *load_code(),
        *_fact("given"),
        *_fact("named"),
        *expect("enough", "icmp eq i64 %n, %fact.given", "slow"),
        "%nameless = icmp eq ptr %names, null",
        "br i1 %nameless, label %plain, label %named",
        "plain:",
        *expect("none.named", "icmp eq i64 %fact.named, 0", "slow"),
        "br label %try",
        *_named(),
        "%result = call ptr @tried(ptr %args, ptr %code)",
        f"%unlike = icmp eq ptr %result, {_UNLIKE}",
        "br i1 %unlike, label %slow, label %answered",
        "answered:",
        "ret ptr %result",
        *fall_back("%n", "%names"),
    ]


def _named() -> list[str]:
    """Check that the names are the expected ones in their order: then the arguments are in a row."""
    return [
        "named:",
        *load_field("names.size", "i64", "%names", at.SIZE),
        *expect("all.named", "icmp eq i64 %names.size, %fact.named", "slow"),
        *_fact("keys"),
        f"%names.items = getelementptr i8, ptr %names, i64 {at.TUPLE_ITEMS}",
        *loop("i", "%fact.named", [
            *load_element("name", "ptr", "%names.items", "%i"),
            *load_element("key", "ptr", "%fact.keys", "%i"),
            *expect("same", "icmp eq ptr %name, %key", "slow"),
        ]),
        *label("try"),
    ]  # fmt: skip


def _tried() -> list[str]:
    """A function of its own, whose stack is freed before `self` is called, which may call back."""
    return [
        "define internal ptr @tried(ptr %args, ptr %code) noinline nounwind {",
        "%at = alloca ptr",
        *[line for name in FACTS[3:] for line in _fact(name)],
        f"%small = icmp sle i64 %fact.room, {STACK}",
        "%doubles = select i1 %small, i64 %fact.room, i64 1",
        "%stack = alloca double, i64 %doubles, align 64",
        "br i1 %small, label %begin, label %large",
        "large:",
        "%bytes = mul i64 %fact.room, 8",
        "%heap = call ptr @PyMem_RawMalloc(i64 %bytes)",
        *expect("got", "icmp ne ptr %heap, null", "full"),
        *label("begin"),
        "%in = phi ptr [%stack, %0], [%heap, %got]",
        "%end = call ptr @each(ptr %args, ptr %fact.arguments, ptr %in)",
        *expect("known", "icmp ne ptr %end, null", "unknown"),
        "%out = getelementptr double, ptr %in, i64 %fact.inputs",
        "%scratch = getelementptr double, ptr %in, i64 %fact.before",
        "call void %code(ptr %in, ptr %out, ptr null, ptr %scratch)",
        "store ptr %out, ptr %at",
        "%made = call ptr @built(ptr %fact.result, ptr %at)",
        "br label %leave",
        "unknown:",
        "%raised = call ptr @PyErr_Occurred()",
        "%quiet = icmp eq ptr %raised, null",
        f"%otherwise = select i1 %quiet, ptr {_UNLIKE}, ptr null",
        *label("leave"),
        "%result = phi ptr [%otherwise, %unknown], [%made, %known]",
        "br i1 %small, label %left, label %free",
        "free:",
        "call void @PyMem_RawFree(ptr %in)",
        *label("left"),
        "ret ptr %result",
        "full:",
        "%error = call ptr @PyErr_NoMemory()",
        "ret ptr %error",
        "}",
    ]
