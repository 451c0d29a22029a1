"""Trampolines between Python's objects and a program for one point, in LLVM IR.

Each checks its arguments. Where they are not what it knows (floats, or one contiguous array of
doubles) it calls `self`, a function of Python that handles everything else. `@cell` holds the
address of the program, so that better code can replace it, a countdown of calls, at whose end
`self` is called once, and the index of the oldest array at `@kept`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from fgrad.backends.buffers import cpython as at
from fgrad.backends.native.interop.arguments import load_line, recycled_array
from fgrad.backends.native.ir.control import (
    expect,
    load_element,
    load_field,
    loop,
    module,
    store_element,
)

STACK: Final = 2048
"""The most doubles on the stack; more go to the heap."""


@attrs.frozen
class Shape:
    """The number of inputs, whether each output is a boolean, and the slots of scratch memory."""

    inputs: int
    truths: tuple[bool, ...]
    slots: int


def on_floats(shape: Shape, *, single: bool) -> str:
    """`@call(self, args, n, names)`: floats by position; returns a tuple of the outputs, or the only one."""
    size = len(shape.truths)
    lines = [
        *called_with(f"{shape.inputs}"),
        *_check_floats(shape.inputs),
        *_allocate(shape.inputs + size + shape.slots),
        f"%out = getelementptr double, ptr %in, i64 {shape.inputs}",
        f"%scratch = getelementptr double, ptr %out, i64 {size}",
        *_unbox(shape.inputs),
        "call void %code(ptr %in, ptr %out, ptr null, ptr %scratch)",
        *(_box("%result", "%out", "0", truth=shape.truths[0]) if single else _tuple(shape)),
        *_free(shape.inputs + size + shape.slots),
        "ret ptr %result",
        *fall_back("%n", "%names"),
    ]
    return module(lines)


def on_array(shape: Shape, *, single: bool) -> str:
    """`@call(self, x)`: an array of doubles; returns an array of the outputs, or the only one."""
    size = len(shape.truths)
    lines = [
        "define ptr @call(ptr %self, ptr %array) nounwind {",
        "%args = alloca ptr",
        "store ptr %array, ptr %args",
        *load_code(),
        *load_line("x", "%args", "0", f"{shape.inputs}"),
        *_allocate(shape.slots + 1),
        "%scratch = getelementptr double, ptr %in, i64 1",
        *(["%out = getelementptr double, ptr %in, i64 0"] if single else _result_array(size)),
        "call void %code(ptr %x.data, ptr %out, ptr null, ptr %scratch)",
        *(_box("%result", "%out", "0", truth=shape.truths[0]) if single else ()),
        *_free(shape.slots + 1),
        "ret ptr %result",
        *fall_back("1", "null"),
    ]
    return module(lines)


def called_with(count: str, known: Sequence[str] = ()) -> list[str]:
    """The start of a trampoline for so many arguments by position; `known` loads what it must know."""
    return [
        "define ptr @call(ptr %self, ptr %args, i64 %n, ptr %names) nounwind {",
        *load_code(),
        *known,
        *expect("enough", f"icmp eq i64 %n, {count}", "slow"),
        *expect("nameless", "icmp eq ptr %names, null", "slow"),
    ]


def load_code() -> list[str]:
    """Load `%code` and decrement the countdown, at whose end `self` is called."""
    return [
        "%code = load atomic ptr, ptr @cell acquire, align 8",
        "%countat = getelementptr i8, ptr @cell, i64 8",
        "%count = load i64, ptr %countat",
        "%left = sub i64 %count, 1",
        "store i64 %left, ptr %countat",
        *expect("running", "icmp ne i64 %left, 0", "slow"),
    ]


def _check_floats(inputs: int) -> list[str]:
    """Check that all arguments are floats."""
    body = [
        *load_element("arg", "ptr", "%args", "%i"),
        *load_field("type", "ptr", "%arg", at.TYPE),
        *expect("float", "icmp eq ptr %type, @PyFloat_Type", "slow"),
    ]
    return loop("i", f"{inputs}", body)


def _unbox(inputs: int) -> list[str]:
    """Store the doubles of the floats."""
    body = [
        *load_element("object", "ptr", "%args", "%j"),
        *load_field("x", "double", "%object", at.FLOAT),
        *store_element("x", "double", "%x", "%in", "%j"),
    ]
    return loop("j", f"{inputs}", body)


def _allocate(doubles: int) -> list[str]:
    """Allocate `%in` for that many doubles.

    The stack is used as late as possible, so that frames stay small where `self` calls back.
    """
    if doubles <= STACK:
        return [f"%in = alloca [{doubles} x double], align 64"]
    allocate = f"%in = call ptr @PyMem_RawMalloc(i64 {8 * doubles})"
    return [allocate, *expect("full", "icmp ne ptr %in, null", "failed")]


def _free(doubles: int) -> list[str]:
    return ["call void @PyMem_RawFree(ptr %in)"] if doubles > STACK else []


def _box(name: str, out: str, index: str, *, truth: bool) -> list[str]:
    """The Python object of an output."""
    lines = [
        f"{name}p = getelementptr double, ptr {out}, i64 {index}",
        f"{name}x = load double, ptr {name}p",
    ]
    if truth:
        whole = f"{name}i = fptosi double {name}x to i64"
        return [*lines, whole, f"{name} = call ptr @PyBool_FromLong(i64 {name}i)"]
    return [*lines, f"{name} = call ptr @PyFloat_FromDouble(double {name}x)"]


def _tuple(shape: Shape) -> list[str]:
    """Make the tuple `%result` of the outputs."""
    lines = new_tuple(f"{len(shape.truths)}")
    if True not in shape.truths:
        body = _box("%y", "%out", "%k", truth=False)
        body += store_element("y", "ptr", "%y", "%items", "%k")
        return lines + loop("k", f"{len(shape.truths)}", body)
    for i, truth in enumerate(shape.truths):
        lines += _box(f"%item{i}", "%out", f"{i}", truth=truth)
        lines += store_element(f"item{i}", "ptr", f"%item{i}", "%items", f"{i}")
    return lines


def new_tuple(size: str) -> list[str]:
    """Make the tuple `%result`, whose items are at `%items`."""
    return [
        f"%result = call ptr @PyTuple_New(i64 {size})",
        *expect("tupled", "icmp ne ptr %result, null", "failed"),
        f"%items = getelementptr i8, ptr %result, i64 {at.TUPLE_ITEMS}",
    ]


def _result_array(size: int) -> list[str]:
    """The array `%result` for the outputs, whose memory is `%out`."""
    turn = "getelementptr (i64, ptr @cell, i64 2)"
    return [
        "%shape = alloca i64",
        *recycled_array("result", sizes=[f"{size}"], strides=["8"], kept="@kept", turn=turn),
        *load_field("out", "ptr", "%result", at.DATA),
    ]


def fall_back(count: str, names: str) -> list[str]:
    """The end of a trampoline: at `slow` the call of `self`, at `failed` the memory error."""
    given = f"ptr %self, ptr %args, i64 {count}, ptr {names}"
    return [
        "slow:",
        f"%other = call ptr @PyObject_Vectorcall({given})",
        "ret ptr %other",
        "failed:",
        "%error = call ptr @PyErr_NoMemory()",
        "ret ptr %error",
        "}",
    ]
