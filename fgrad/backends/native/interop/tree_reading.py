"""Reading a tree of numbers by its descriptor: functions in LLVM IR.

`@read(x, descriptor, to)` stores the numbers of the object `x` at `to` and returns the address
behind them, or null if the object does not fit. An object that its class may compute, or that
others may drop meanwhile, is held while it is read. An exception stays pending, also that a field
is missing: the caller decides.
"""

from __future__ import annotations

from typing import Final

from fgrad.backends.buffers import cpython as at
from fgrad.backends.native.interop.tree_descriptors import (
    FIELDS,
    load_descriptor,
    switch_on_access,
    switch_on_tag,
)
from fgrad.backends.native.ir.control import expect, label, load_element, load_field, loop


def reading() -> list[str]:
    """The functions that read."""
    return [*_number(), *_numbers(), *_alike(), *_each(), *_read()]


def _number() -> list[str]:
    """Store the number of a float, of a numpy float or of an int; returns the address behind it, or null.

    An int that is too large is no error here; Python will find it too large as well.
    """
    return [
        "define internal ptr @number(ptr %x, ptr %to) nounwind {",
        *load_field("type", "ptr", "%x", at.TYPE),
        "%behind = getelementptr double, ptr %to, i64 1",
        "%float = icmp eq ptr %type, @PyFloat_Type",
        "%scalar = icmp eq ptr %type, @float64",
        "%double = or i1 %float, %scalar",
        "br i1 %double, label %real, label %other",
        "real:",
        *load_field("value", "double", "%x", at.FLOAT),
        "store double %value, ptr %to",
        "ret ptr %behind",
        "other:",
        *expect("whole", "icmp eq ptr %type, @PyLong_Type", "unlike"),
        "%near = call double @PyLong_AsDouble(ptr %x)",
        "store double %near, ptr %to",
        "%odd = fcmp oeq double %near, -1.0",
        "br i1 %odd, label %asked, label %taken",
        "asked:",
        "%error = call ptr @PyErr_Occurred()",
        *expect("taken", "icmp eq ptr %error, null", "large"),
        "ret ptr %behind",
        "large:",
        "call void @PyErr_Clear()",
        *label("unlike"),
        "ret ptr null",
        "}",
    ]


def _numbers() -> list[str]:
    """Store `count` numbers."""
    return [
        "define internal ptr @numbers(ptr %items, i64 %count, ptr %to) nounwind {",
        *loop("i", "%count", [
            *load_element("x", "ptr", "%items", "%i"),
            *load_field("type", "ptr", "%x", at.TYPE),
            "%place = getelementptr double, ptr %to, i64 %i",
            "%float = icmp eq ptr %type, @PyFloat_Type",
            "br i1 %float, label %real, label %other",
            "real:",
            *load_field("value", "double", "%x", at.FLOAT),
            "store double %value, ptr %place",
            "br label %taken",
            "other:",
            "%behind = call ptr @number(ptr %x, ptr %place)",
            *expect("taken", "icmp ne ptr %behind, null", "unlike"),
        ]),
        "%end = getelementptr double, ptr %to, i64 %count",
        "ret ptr %end",
        *_UNLIKE,
    ]  # fmt: skip


def _alike() -> list[str]:
    """Whether `x` is identical or equal to the object of a descriptor: 1, 0, or -1 if comparing raised."""
    return [
        "define internal i32 @alike(ptr %x, ptr %descriptor) nounwind {",
        *load_field("referent", "ptr", "%descriptor", 8 * FIELDS.index("referent")),
        *load_field("comparator", "ptr", "%descriptor", 8 * FIELDS.index("accessors")),
        *expect("other", "icmp ne ptr %x, %referent", "yes"),
        *load_field("type", "ptr", "%x", at.TYPE),
        *load_field("known", "ptr", "%referent", at.TYPE),
        *expect("one.class", "icmp eq ptr %type, %known", "no"),
        "%plain = icmp eq ptr %comparator, null",
        "%first = select i1 %plain, ptr %x, ptr %comparator",
        "%second = select i1 %plain, ptr %referent, ptr %x",
        f"%answer = call i32 @PyObject_RichCompareBool(ptr %first, ptr %second, i32 {at.EQUAL})",
        "ret i32 %answer",
        "yes:",
        "ret i32 1",
        "no:",
        "ret i32 0",
        "}",
    ]


def _each() -> list[str]:
    """Read the objects of an array that nobody can change meanwhile."""
    return [
        "define internal ptr @each(ptr %items, ptr %descriptor, ptr %to) nounwind {",
        *load_field("count", "i64", "%descriptor", 8 * FIELDS.index("count")),
        *load_field("children", "ptr", "%descriptor", 8 * FIELDS.index("children")),
        "%plain = icmp eq ptr %children, null",
        "br i1 %plain, label %all, label %mixed",
        "all:",
        "%end = call ptr @numbers(ptr %items, i64 %count, ptr %to)",
        "ret ptr %end",
        "mixed:",
        *loop("i", "%count", [
            *load_element("item", "ptr", "%items", "%i"),
            *load_element("child", "ptr", "%children", "%i"),
            "%behind = call ptr @read(ptr %item, ptr %child, ptr %reached)",
            *expect("known", "icmp ne ptr %behind, null", "unlike"),
        ], reached=_REACHED),
        "ret ptr %reached",
        *_UNLIKE,
    ]  # fmt: skip


_REACHED: Final = "ptr", "%to", "%behind"
"""Where the next numbers go: from `%to` on, and behind those of each object."""
_UNLIKE: Final = ("unlike:", "ret ptr null", "}")


def _read() -> list[str]:
    return [
        "define internal ptr @read(ptr %x, ptr %descriptor, ptr %to) nounwind {",
        "%entry.at = alloca i64",
        "%key.at = alloca ptr",
        "%stored.at = alloca ptr",
        "store i64 0, ptr %entry.at",
        *load_descriptor("%descriptor"),
        switch_on_tag(("number", "same", "equal"), "classed"),
        "number:",
        "%end = call ptr @number(ptr %x, ptr %to)",
        "ret ptr %end",
        *_passing(),
        "classed:",
        *load_field("type", "ptr", "%x", at.TYPE),
        *expect("class", "icmp eq ptr %type, %referent", "unlike"),
        switch_on_tag(("tuple", "list", "dict"), "held"),
        "tuple:",
        *load_field("tuple.size", "i64", "%x", at.SIZE),
        *expect("tuple.whole", "icmp eq i64 %tuple.size, %count", "unlike"),
        f"%tuple.items = getelementptr i8, ptr %x, i64 {at.TUPLE_ITEMS}",
        "%tuple.end = call ptr @each(ptr %tuple.items, ptr %descriptor, ptr %to)",
        "ret ptr %tuple.end",
        *_list(),
        "dict:",
        "%dict.size = call i64 @PyDict_Size(ptr %x)",
        *expect("dict.whole", "icmp eq i64 %dict.size, %count", "unlike"),
        *label("held"),
        *loop("i", "%count", _held(), reached=_REACHED),
        "ret ptr %reached",
        *_UNLIKE,
    ]


def _passing() -> list[str]:
    return [
        "same:",
        *expect("still", "icmp eq ptr %x, %referent", "unlike"),
        "ret ptr %to",
        "equal:",
        "%alike = call i32 @alike(ptr %x, ptr %descriptor)",
        *expect("as.ever", "icmp sgt i32 %alike, 0", "unlike"),
        "ret ptr %to",
    ]


def _list() -> list[str]:
    """A list of plain numbers is read in place, another one as a tuple of what it holds now."""
    return [
        "list:",
        *load_field("list.size", "i64", "%x", at.SIZE),
        *expect("list.whole", "icmp eq i64 %list.size, %count", "unlike"),
        "%list.plain = icmp eq ptr %children, null",
        "br i1 %list.plain, label %list.numbers, label %list.mixed",
        "list.numbers:",
        *load_field("list.items", "ptr", "%x", at.LIST_ITEMS),
        "%list.end = call ptr @numbers(ptr %list.items, i64 %count, ptr %to)",
        "ret ptr %list.end",
        "list.mixed:",
        "%copy = call ptr @PyList_AsTuple(ptr %x)",
        *expect("copied", "icmp ne ptr %copy, null", "unlike"),
        f"%copy.items = getelementptr i8, ptr %copy, i64 {at.TUPLE_ITEMS}",
        "%copy.end = call ptr @each(ptr %copy.items, ptr %descriptor, ptr %to)",
        "call void @Py_DecRef(ptr %copy)",
        "ret ptr %copy.end",
    ]


def _held() -> list[str]:
    """Read child `%i` of an object that has it in a slot, in a field or under a key."""
    return [
        *load_element("accessor", "ptr", "%accessors", "%i"),
        *load_element("child", "ptr", "%children", "%i"),
        *switch_on_access(),
        "by.place:",
        "%offset = ptrtoint ptr %accessor to i64",
        "%place = getelementptr i8, ptr %x, i64 %offset",
        "%placed = load ptr, ptr %place",
        *expect("placed.there", "icmp ne ptr %placed, null", "unlike"),
        "call void @Py_IncRef(ptr %placed)",
        "br label %got",
        "fields:",
        "%named = call ptr @PyObject_GetAttr(ptr %x, ptr %accessor)",
        *expect("named.there", "icmp ne ptr %named, null", "unlike"),
        "br label %got",
        "by.key:",
        "%more = call i32 @PyDict_Next(ptr %x, ptr %entry.at, ptr %key.at, ptr %stored.at)",
        *expect("entry", "icmp ne i32 %more, 0", "unlike"),
        "%key = load ptr, ptr %key.at",
        "%stored = load ptr, ptr %stored.at",
        "call void @Py_IncRef(ptr %stored)",
        "call void @Py_IncRef(ptr %key)",
        "%key.alike = call i32 @alike(ptr %key, ptr %accessor)",
        "call void @Py_DecRef(ptr %key)",
        *expect("stored.there", "icmp sgt i32 %key.alike, 0", "other.key"),
        "br label %got",
        "other.key:",
        "call void @Py_DecRef(ptr %stored)",
        "br label %unlike",
        "got:",
        "%object = phi ptr [%placed, %placed.there], [%named, %named.there], [%stored, %stored.there]",
        "%behind = call ptr @read(ptr %object, ptr %child, ptr %reached)",
        "call void @Py_DecRef(ptr %object)",
        *expect("known", "icmp ne ptr %behind, null", "unlike"),
    ]
