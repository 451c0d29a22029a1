"""Building a tree of numbers by its descriptor: functions in LLVM IR.

`@built(descriptor, at)` returns a new object with the numbers from the address that is stored at
`at`, which it advances; or null with an exception pending if there is no memory.
"""

from __future__ import annotations

from typing import Final

from fgrad.backends.buffers import cpython as at
from fgrad.backends.native.interop.tree_descriptors import (
    FIELDS,
    TAGS,
    load_descriptor,
    switch_on_access,
    switch_on_tag,
)
from fgrad.backends.native.ir.control import expect, load_element, load_field, loop, store_element


def building() -> list[str]:
    """The functions that build."""
    return [*_built(), *_sequence(), *_holder()]


def _built() -> list[str]:
    return [
        "define internal ptr @built(ptr %descriptor, ptr %at) nounwind {",
        *load_descriptor("%descriptor"),
        "%next = load ptr, ptr %at",
        "%behind = getelementptr double, ptr %next, i64 1",
        switch_on_tag(("number", "truth", "equal", "list"), "holder", same="equal", tuple="list"),
        "number:",
        "%y = load double, ptr %next",
        "store ptr %behind, ptr %at",
        "%float = call ptr @PyFloat_FromDouble(double %y)",
        "ret ptr %float",
        "truth:",
        "%t = load double, ptr %next",
        "store ptr %behind, ptr %at",
        "%whole = fptosi double %t to i64",
        "%bool = call ptr @PyBool_FromLong(i64 %whole)",
        "ret ptr %bool",
        "equal:",
        "call void @Py_IncRef(ptr %referent)",
        "ret ptr %referent",
        "list:",
        "%sequence = call ptr @sequence(ptr %descriptor, ptr %at)",
        "ret ptr %sequence",
        "holder:",
        "%holder.made = call ptr @holder(ptr %descriptor, ptr %at)",
        "ret ptr %holder.made",
        "}",
    ]


def _sequence() -> list[str]:
    """A new list or tuple, or an object of a class of tuples."""
    return [
        "define internal ptr @sequence(ptr %descriptor, ptr %at) nounwind {",
        *load_descriptor("%descriptor"),
        f"%listed = icmp eq i64 %tag, {TAGS.index('list')}",
        "%exact = icmp eq ptr %referent, @PyTuple_Type",
        "br i1 %listed, label %list, label %indexed",
        "list:",
        "%new.list = call ptr @PyList_New(i64 %count)",
        *expect("list.made", "icmp ne ptr %new.list, null", "failed"),
        *load_field("list.items", "ptr", "%new.list", at.LIST_ITEMS),
        "br label %fill",
        "indexed:",
        "br i1 %exact, label %tuple, label %named",
        "tuple:",
        "%new.tuple = call ptr @PyTuple_New(i64 %count)",
        "br label %either",
        "named:",
        "%new.named = call ptr @PyType_GenericAlloc(ptr %referent, i64 %count)",
        "br label %either",
        "either:",
        "%new.indexed = phi ptr [%new.tuple, %tuple], [%new.named, %named]",
        *expect("indexed.made", "icmp ne ptr %new.indexed, null", "failed"),
        f"%indexed.items = getelementptr i8, ptr %new.indexed, i64 {at.TUPLE_ITEMS}",
        "br label %fill",
        "fill:",
        "%new = phi ptr [%new.list, %list.made], [%new.indexed, %indexed.made]",
        "%items = phi ptr [%list.items, %list.made], [%indexed.items, %indexed.made]",
        "%plain = icmp eq ptr %children, null",
        *loop("i", "%count", _item()),
        "ret ptr %new",
        *_LOST,
    ]


def _item() -> list[str]:
    """Make item `%i`, a float where all are, and store it."""
    return [
        "br i1 %plain, label %real, label %mixed",
        "real:",
        "%next = load ptr, ptr %at",
        "%y = load double, ptr %next",
        "%behind = getelementptr double, ptr %next, i64 1",
        "store ptr %behind, ptr %at",
        "%float = call ptr @PyFloat_FromDouble(double %y)",
        "br label %made",
        "mixed:",
        *load_element("child", "ptr", "%children", "%i"),
        "%object = call ptr @built(ptr %child, ptr %at)",
        "br label %made",
        "made:",
        "%item = phi ptr [%float, %real], [%object, %mixed]",
        *expect("there", "icmp ne ptr %item, null", "lost"),
        *store_element("item", "ptr", "%item", "%items", "%i"),
    ]


def _holder() -> list[str]:
    """A new dict, or an object of a class of fields, made without its `__init__`."""
    return [
        "define internal ptr @holder(ptr %descriptor, ptr %at) nounwind {",
        *load_descriptor("%descriptor"),
        switch_on_tag(("dict",), "object"),
        "dict:",
        "%new.dict = call ptr @PyDict_New()",
        "br label %either",
        "object:",
        "%new.object = call ptr @object_new(ptr %referent, ptr @nothing, ptr null)",
        "br label %either",
        "either:",
        "%new = phi ptr [%new.dict, %dict], [%new.object, %object]",
        *expect("held", "icmp ne ptr %new, null", "failed"),
        *loop("i", "%count", _part()),
        "ret ptr %new",
        *_LOST,
    ]


def _part() -> list[str]:
    """Make child `%i` and store it where it belongs."""
    return [
        *load_element("accessor", "ptr", "%accessors", "%i"),
        *load_element("child", "ptr", "%children", "%i"),
        "%object.made = call ptr @built(ptr %child, ptr %at)",
        *expect("there", "icmp ne ptr %object.made, null", "lost"),
        *switch_on_access(),
        "by.place:",
        "%offset = ptrtoint ptr %accessor to i64",
        "%place = getelementptr i8, ptr %new, i64 %offset",
        "store ptr %object.made, ptr %place",
        "br label %done",
        "fields:",
        "%set = call i32 @PyObject_GenericSetAttr(ptr %new, ptr %accessor, ptr %object.made)",
        "br label %shared",
        "by.key:",
        *load_field("key", "ptr", "%accessor", 8 * FIELDS.index("referent")),
        "%stored = call i32 @PyDict_SetItem(ptr %new, ptr %key, ptr %object.made)",
        "br label %shared",
        "shared:",
        "%refused = phi i32 [%set, %fields], [%stored, %by.key]",
        "call void @Py_DecRef(ptr %object.made)",
        *expect("done", "icmp eq i32 %refused, 0", "lost"),
    ]


_LOST: Final = (
    "lost:",
    "call void @Py_DecRef(ptr %new)",
    "br label %failed",
    "failed:",
    "ret ptr null",
    "}",
)
