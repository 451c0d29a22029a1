"""What stands between Python's objects and a program for one point, in LLVM IR.

Each wrapper looks at its arguments, and where they are not just what it knows (floats, or one array
of doubles in a row) it calls `self`, which is a function of Python that knows everything else.
`@cell` holds the address of the program, so that it can be exchanged, and a countdown of calls:
when it comes to zero, `self` is called once. Its third word says which of the arrays at `@kept` is the
oldest.
"""

from __future__ import annotations

from typing import Final

import attrs

from fgrad.backends.buffers import cpython as at
from fgrad.backends.native.interop.arguments import looked, measured, untouched
from fgrad.backends.native.ir.control import expect, load_field

KEPT: Final = 4
"""How many results are kept to be given again when nobody has them any more."""
STACK: Final = 2048
"""How many doubles are put on the stack; more go to the heap."""


@attrs.frozen
class Shape:
    """How many numbers go in, whether each number that comes out is a truth value, and the scratch."""

    inputs: int
    truths: tuple[bool, ...]
    slots: int


def on_floats(shape: Shape, *, single: bool) -> str:
    """`@call(self, args, n, names)`: floats by position, to a tuple of the outputs, or to the only one."""
    size = len(shape.truths)
    lines = [
        "define ptr @call(ptr %self, ptr %args, i64 %n, ptr %names) nounwind {",
        *counted(),
        f"%enough = icmp eq i64 %n, {shape.inputs}",
        "%nameless = icmp eq ptr %names, null",
        "%plain = and i1 %enough, %nameless",
        "%usual = and i1 %plain, %running",
        f"br i1 %usual, label %{'check' if shape.inputs else 'ready'}, label %slow",
        *(_checked(shape.inputs) if shape.inputs else ()),
        "ready:",
        *_room(shape.inputs + size + shape.slots),
        f"%out = getelementptr double, ptr %in, i64 {shape.inputs}",
        f"%scratch = getelementptr double, ptr %out, i64 {size}",
        *(_filled(shape.inputs) if shape.inputs else ()),
        "call void %code(ptr %in, ptr %out, ptr null, ptr %scratch)",
        *(_object("%result", "%out", "0", truth=shape.truths[0]) if single else _tuple(shape)),
        *_freed(shape.inputs + size + shape.slots),
        "ret ptr %result",
        *slow("%n", "%names"),
    ]
    return "\n".join([*_DECLARED, *lines])


def on_array(shape: Shape, *, single: bool) -> str:
    """`@call(self, x)`: an array of doubles to an array of the outputs, or to the only one."""
    size = len(shape.truths)
    lines = [
        "define ptr @call(ptr %self, ptr %x) nounwind {",
        "%args = alloca ptr",
        "store ptr %x, ptr %args",
        *counted(),
        *load_field("type", "ptr", "%x", at.TYPE),
        "%exact = icmp eq ptr %type, @PyArray_Type",
        "%usual = and i1 %exact, %running",
        "br i1 %usual, label %look, label %slow",
        "look:",
        *looked("x", "slow"),
        *expect("line", "icmp eq i32 %x.axes, 1", "slow"),
        *measured("x", "slow"),
        *expect("dense", "icmp eq i64 %x.distance, 8", "slow"),
        *expect("ready", f"icmp eq i64 %x.length, {shape.inputs}", "slow"),
        *_room(shape.slots + 1),
        "%scratch = getelementptr double, ptr %in, i64 1",
        *(["%out = getelementptr double, ptr %in, i64 0"] if single else _array(size)),
        "call void %code(ptr %x.data, ptr %out, ptr null, ptr %scratch)",
        *(_object("%result", "%out", "0", truth=shape.truths[0]) if single else ()),
        *_freed(shape.slots + 1),
        "ret ptr %result",
        *slow("1", "null"),
    ]
    return "\n".join([*_DECLARED, *_DECLARED_FOR_ARRAYS, *lines])


_DECLARED: Final = (
    "@PyFloat_Type = external global i8",
    "@cell = external global i8",
    "declare ptr @PyFloat_FromDouble(double)",
    "declare ptr @PyBool_FromLong(i64)",
    "declare ptr @PyTuple_New(i64)",
    "declare ptr @PyErr_NoMemory()",
    "declare ptr @PyObject_Vectorcall(ptr, ptr, i64, ptr)",
    "declare ptr @PyMem_RawMalloc(i64)",
    "declare void @PyMem_RawFree(ptr)",
)
_DECLARED_FOR_ARRAYS: Final = (
    "@PyArray_Type = external global i8",
    "@kept = external global i8",
    "@double = external global i8",
    "declare ptr @PyArray_New(ptr, i32, ptr, i32, ptr, ptr, i32, i32, ptr)",
    "declare void @Py_IncRef(ptr)",
    "declare void @Py_DecRef(ptr)",
)


def counted() -> list[str]:
    """Load `%code`, and see by the countdown that there is no better one to ask for: `%running`."""
    return [
        "%code = load atomic ptr, ptr @cell acquire, align 8",
        "%countat = getelementptr i8, ptr @cell, i64 8",
        "%count = load i64, ptr %countat",
        "%left = sub i64 %count, 1",
        "store i64 %left, ptr %countat",
        "%running = icmp ne i64 %left, 0",
    ]


def _checked(inputs: int) -> list[str]:
    """See that all arguments are floats."""
    return [
        "check:",
        "br label %look",
        "look:",
        "%i = phi i64 [0, %check], [%next, %good]",
        "%argat = getelementptr ptr, ptr %args, i64 %i",
        "%arg = load ptr, ptr %argat",
        *load_field("type", "ptr", "%arg", at.TYPE),
        "%float = icmp eq ptr %type, @PyFloat_Type",
        "br i1 %float, label %good, label %slow",
        "good:",
        "%next = add i64 %i, 1",
        f"%more = icmp slt i64 %next, {inputs}",
        "br i1 %more, label %look, label %ready",
    ]


def _filled(inputs: int) -> list[str]:
    """Put the doubles of the floats in a row."""
    lines = ["br label %fill", "fill:"]
    lines += ["%j = phi i64 [0, %go], [%following, %fill]"]
    lines += ["%objectat = getelementptr ptr, ptr %args, i64 %j"]
    lines += ["%object = load ptr, ptr %objectat", *load_field("x", "double", "%object", at.FLOAT)]
    lines += ["%place = getelementptr double, ptr %in, i64 %j", "store double %x, ptr %place"]
    lines += ["%following = add i64 %j, 1", f"%rest = icmp slt i64 %following, {inputs}"]
    return [*lines, "br i1 %rest, label %fill, label %run", "run:"]


def _room(doubles: int) -> list[str]:
    """Memory for that many doubles under `%in`; then on to `%go`.

    It is taken where it is needed, so that calls of `self`, which may come to call this function,
    stand close together on the stack.
    """
    if doubles <= STACK:
        return [f"%in = alloca [{doubles} x double], align 64", "br label %go", "go:"]
    return [
        f"%in = call ptr @PyMem_RawMalloc(i64 {8 * doubles})",
        "%full = icmp eq ptr %in, null",
        "br i1 %full, label %failed, label %go",
        "go:",
    ]


def _freed(doubles: int) -> list[str]:
    return ["call void @PyMem_RawFree(ptr %in)"] if doubles > STACK else []


def _object(name: str, out: str, index: str, *, truth: bool) -> list[str]:
    """An object of Python for an output."""
    lines = [
        f"{name}p = getelementptr double, ptr {out}, i64 {index}",
        f"{name}x = load double, ptr {name}p",
    ]
    if truth:
        whole = f"{name}i = fptosi double {name}x to i64"
        return [*lines, whole, f"{name} = call ptr @PyBool_FromLong(i64 {name}i)"]
    return [*lines, f"{name} = call ptr @PyFloat_FromDouble(double {name}x)"]


def _tuple(shape: Shape) -> list[str]:
    """A new tuple of the outputs."""
    lines = [
        f"%result = call ptr @PyTuple_New(i64 {len(shape.truths)})",
        "%none = icmp eq ptr %result, null",
        "br i1 %none, label %failed, label %each",
        "each:",
        f"%items = getelementptr i8, ptr %result, i64 {at.ITEMS}",
    ]
    if True in shape.truths or not shape.truths:
        for i, truth in enumerate(shape.truths):
            place = f"%place{i} = getelementptr ptr, ptr %items, i64 {i}"
            lines += [*_object(f"%item{i}", "%out", f"{i}", truth=truth), place]
            lines.append(f"store ptr %item{i}, ptr %place{i}")
        return lines
    return [
        *lines,
        "br label %item",
        "item:",
        "%k = phi i64 [0, %each], [%later, %item]",
        *_object("%y", "%out", "%k", truth=False),
        "%itemat = getelementptr ptr, ptr %items, i64 %k",
        "store ptr %y, ptr %itemat",
        "%later = add i64 %k, 1",
        f"%again = icmp slt i64 %later, {len(shape.truths)}",
        "br i1 %again, label %item, label %end",
        "end:",
    ]


def _array(size: int) -> list[str]:
    """An array for the outputs, whose memory is `%out`: one of the last that nobody has, or new.

    To make an array object takes longer than most programs. Some are kept, for in `y = f(x)` the
    last result still has its name while the next one is made.
    """
    make = "call ptr @PyArray_New(ptr @PyArray_Type, i32 1, ptr %dims, i32 12,"
    return [
        "%dims = alloca i64",
        f"store i64 {size}, ptr %dims",
        *load_field("kept", "ptr", "@kept", at.LISTED),
        "br label %try",
        *_free_array(size),
        "new:",
        f"%made = {make} ptr null, ptr null, i32 0, i32 0, ptr null)",
        "%none = icmp eq ptr %made, null",
        "br i1 %none, label %failed, label %keep",
        "keep:",
        "%turnat = getelementptr i64, ptr @cell, i64 2",
        "%turn = load i64, ptr %turnat",
        "%following = add i64 %turn, 1",
        f"%turned = urem i64 %following, {KEPT}",
        "store i64 %turned, ptr %turnat",
        "%place = getelementptr ptr, ptr %kept, i64 %turn",
        "%old = load ptr, ptr %place",
        "store ptr %made, ptr %place",
        "call void @Py_IncRef(ptr %made)",
        "call void @Py_DecRef(ptr %old)",
        "br label %whole",
        "again:",
        "call void @Py_IncRef(ptr %array)",
        "br label %whole",
        "whole:",
        "%result = phi ptr [%made, %keep], [%array, %again]",
        *load_field("out", "ptr", "%result", at.DATA),
    ]


def _free_array(size: int) -> list[str]:
    """Go on at `again` with the first `%array` of those kept that nobody has, and that is as it was made."""
    return [
        "try:",
        "%k = phi i64 [0, %go], [%later, %next]",
        "%arrayat = getelementptr ptr, ptr %kept, i64 %k",
        "%array = load ptr, ptr %arrayat",
        "%references = load i32, ptr %array",
        *expect("alone", "icmp eq i32 %references, 1", "next"),
        *untouched("array", 1, [f"{size}"], ["8"], "next"),
        "br label %again",
        "next:",
        "%later = add i64 %k, 1",
        f"%more = icmp slt i64 %later, {KEPT}",
        "br i1 %more, label %try, label %new",
    ]


def slow(count: str, names: str) -> list[str]:
    """The end of a function: at `slow` the call of `self`, at `failed` that memory is missing."""
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
