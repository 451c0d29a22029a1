"""How native code reads a tree of numbers by its form: functions in LLVM IR.

`@read(x, row, to)` puts the numbers of the object `x`, which `row` says how to read, in a row at `to`
and gives the place behind them, or null if the object is otherwise. What a class may compute, and what
others may take away meanwhile, is held while it is read. What reading raises is left standing, also
that a field is missing: who reads it again may find it gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fgrad.backends.buffers import cpython as at
from fgrad.backends.native.interop.trees_forms import HOW, WORDS
from fgrad.backends.native.ir.control import expect, load_element, load_field, loop

DECLARED: Final = (
    "@PyFloat_Type = external global i8",
    "@PyLong_Type = external global i8",
    "@float64 = external global i8",
    "declare double @PyLong_AsDouble(ptr)",
    "declare i32 @PyObject_RichCompareBool(ptr, ptr, i32)",
    "declare ptr @PyErr_Occurred()",
    "declare void @PyErr_Clear()",
    "declare ptr @PyList_AsTuple(ptr)",
    "declare i64 @PyDict_Size(ptr)",
    "declare i32 @PyDict_Next(ptr, ptr, ptr, ptr)",
    "declare ptr @PyObject_GetAttr(ptr, ptr)",
    "declare void @Py_IncRef(ptr)",
    "declare void @Py_DecRef(ptr)",
)
_GIVEN: Final = "ptr %x, ptr %row, ptr %to"


def reading() -> list[str]:
    """The functions that read."""
    return [*_number(), *_numbers(), *_alike(), *_each(), *_read()]


def words(row: str) -> list[str]:
    """Load the words of a row: `%how`, `%what`, `%count`, `%ways` and `%parts`."""
    return [
        line
        for k, name in enumerate(WORDS)
        for line in load_field(name, "i64" if name in ("how", "count") else "ptr", row, 8 * k)
    ]


def chosen(known: Sequence[str], otherwise: str) -> str:
    """Go on at the label that is how the part is read or built."""
    cases = " ".join([f"i64 {HOW.index(how)}, label %{how}" for how in known])
    return f"switch i64 %how, label %{otherwise} [{cases}]"


def by_way() -> list[str]:
    """Go on at `fields`, `by.key` or `by.place`, by what parts are reached."""
    return [
        chosen(("fields",), "slots.or.dict"),
        "slots.or.dict:",
        f"%keyed = icmp eq i64 %how, {HOW.index('dict')}",
        "br i1 %keyed, label %by.key, label %by.place",
    ]


def _number() -> list[str]:
    """Put the number of a float, also one of numpy, or an int at `to`; the place behind it, or null.

    An int that is too large is no error here, for Python finds it too large as well.
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
        "ret ptr null",
        "unlike:",
        "ret ptr null",
        "}",
    ]


def _numbers() -> list[str]:
    """Put `count` numbers at `to`."""
    return [
        "define internal ptr @numbers(ptr %items, i64 %count, ptr %to) nounwind {",
        "%i.at = alloca i64",
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
        "unlike:",
        "ret ptr null",
        "}",
    ]  # fmt: skip


def _alike() -> list[str]:
    """Whether `x` is the same as the object of a row: 1 or 0, and -1 if asking ended in an error."""
    return [
        "define internal i32 @alike(ptr %x, ptr %row) nounwind {",
        *load_field("what", "ptr", "%row", 8 * WORDS.index("what")),
        *load_field("judge", "ptr", "%row", 8 * WORDS.index("ways")),
        *expect("other", "icmp ne ptr %x, %what", "yes"),
        *load_field("type", "ptr", "%x", at.TYPE),
        *load_field("known", "ptr", "%what", at.TYPE),
        *expect("one.class", "icmp eq ptr %type, %known", "no"),
        "%plain = icmp eq ptr %judge, null",
        "%first = select i1 %plain, ptr %x, ptr %judge",
        "%second = select i1 %plain, ptr %what, ptr %x",
        f"%answer = call i32 @PyObject_RichCompareBool(ptr %first, ptr %second, i32 {at.EQUAL})",
        "ret i32 %answer",
        "yes:",
        "ret i32 1",
        "no:",
        "ret i32 0",
        "}",
    ]


def _each() -> list[str]:
    """Read the objects that stand in a row at `items`, of which nobody can take one away."""
    return [
        "define internal ptr @each(ptr %items, ptr %row, ptr %to) nounwind {",
        "%i.at = alloca i64",
        "%to.at = alloca ptr",
        "store ptr %to, ptr %to.at",
        *load_field("count", "i64", "%row", 8 * WORDS.index("count")),
        *load_field("parts", "ptr", "%row", 8 * WORDS.index("parts")),
        "%plain = icmp eq ptr %parts, null",
        "br i1 %plain, label %all, label %mixed",
        "all:",
        "%end = call ptr @numbers(ptr %items, i64 %count, ptr %to)",
        "ret ptr %end",
        "mixed:",
        *loop("i", "%count", [
            *load_element("item", "ptr", "%items", "%i"),
            *load_element("part", "ptr", "%parts", "%i"),
            *_on_to("item", "part"),
        ]),
        *_END,
    ]  # fmt: skip


_END: Final = (
    "%last = load ptr, ptr %to.at",
    "ret ptr %last",
    "unlike:",
    "ret ptr null",
    "}",
)


def _on_to(item: str, part: str, then: Sequence[str] = ()) -> list[str]:
    """Read one more, do what is to be done `then`, and go on if it was as it should be."""
    return [
        "%before = load ptr, ptr %to.at",
        f"%behind = call ptr @read(ptr %{item}, ptr %{part}, ptr %before)",
        *then,
        *expect("known", "icmp ne ptr %behind, null", "unlike"),
        "store ptr %behind, ptr %to.at",
    ]


def _read() -> list[str]:
    return [
        f"define internal ptr @read({_GIVEN}) nounwind {{",
        "%i.at = alloca i64",
        "%entry.at = alloca i64",
        "%key.at = alloca ptr",
        "%stored.at = alloca ptr",
        "store i64 0, ptr %entry.at",
        "%to.at = alloca ptr",
        "store ptr %to, ptr %to.at",
        *words("%row"),
        chosen(("number", "same", "equal"), "classed"),
        "number:",
        "%end = call ptr @number(ptr %x, ptr %to)",
        "ret ptr %end",
        *_passing(),
        "classed:",
        *load_field("type", "ptr", "%x", at.TYPE),
        *expect("class", "icmp eq ptr %type, %what", "unlike"),
        chosen(("tuple", "list", "dict"), "held"),
        "tuple:",
        *load_field("tuple.size", "i64", "%x", at.SIZE),
        *expect("tuple.whole", "icmp eq i64 %tuple.size, %count", "unlike"),
        f"%tuple.items = getelementptr i8, ptr %x, i64 {at.ITEMS}",
        "%tuple.end = call ptr @each(ptr %tuple.items, ptr %row, ptr %to)",
        "ret ptr %tuple.end",
        *_list(),
        "dict:",
        "%dict.size = call i64 @PyDict_Size(ptr %x)",
        *expect("dict.whole", "icmp eq i64 %dict.size, %count", "unlike"),
        "br label %held",
        "held:",
        *loop("i", "%count", _held()),
        "%last = load ptr, ptr %to.at",
        "ret ptr %last",
        "unlike:",
        "ret ptr null",
        "}",
    ]


def _passing() -> list[str]:
    return [
        "same:",
        *expect("still", "icmp eq ptr %x, %what", "unlike"),
        "ret ptr %to",
        "equal:",
        "%alike = call i32 @alike(ptr %x, ptr %row)",
        *expect("compared", "icmp sge i32 %alike, 0", "unlike"),
        *expect("as.ever", "icmp ne i32 %alike, 0", "unlike"),
        "ret ptr %to",
    ]


def _list() -> list[str]:
    """A list of more than numbers is read as the tuple of what is in it now."""
    return [
        "list:",
        *load_field("list.size", "i64", "%x", at.SIZE),
        *expect("list.whole", "icmp eq i64 %list.size, %count", "unlike"),
        "%list.plain = icmp eq ptr %parts, null",
        "br i1 %list.plain, label %list.numbers, label %list.mixed",
        "list.numbers:",
        *load_field("list.items", "ptr", "%x", at.LISTED),
        "%list.end = call ptr @numbers(ptr %list.items, i64 %count, ptr %to)",
        "ret ptr %list.end",
        "list.mixed:",
        "%copy = call ptr @PyList_AsTuple(ptr %x)",
        *expect("copied", "icmp ne ptr %copy, null", "unlike"),
        f"%copy.items = getelementptr i8, ptr %copy, i64 {at.ITEMS}",
        "%copy.end = call ptr @each(ptr %copy.items, ptr %row, ptr %to)",
        "call void @Py_DecRef(ptr %copy)",
        "ret ptr %copy.end",
    ]


def _held() -> list[str]:
    """Read part `%i` of an object that has it at a place, in a field or under a key."""
    return [
        *load_element("way", "ptr", "%ways", "%i"),
        *load_element("part", "ptr", "%parts", "%i"),
        *by_way(),
        "by.place:",
        "%offset = ptrtoint ptr %way to i64",
        "%place = getelementptr i8, ptr %x, i64 %offset",
        "%placed = load ptr, ptr %place",
        *expect("placed.there", "icmp ne ptr %placed, null", "unlike"),
        "call void @Py_IncRef(ptr %placed)",
        "br label %got",
        "fields:",
        "%named = call ptr @PyObject_GetAttr(ptr %x, ptr %way)",
        *expect("named.there", "icmp ne ptr %named, null", "unlike"),
        "br label %got",
        "by.key:",
        "%more = call i32 @PyDict_Next(ptr %x, ptr %entry.at, ptr %key.at, ptr %stored.at)",
        *expect("entry", "icmp ne i32 %more, 0", "unlike"),
        "%key = load ptr, ptr %key.at",
        "%stored = load ptr, ptr %stored.at",
        "call void @Py_IncRef(ptr %stored)",
        "call void @Py_IncRef(ptr %key)",
        "%key.alike = call i32 @alike(ptr %key, ptr %way)",
        "call void @Py_DecRef(ptr %key)",
        *expect("stored.there", "icmp sgt i32 %key.alike, 0", "other.key"),
        "br label %got",
        "other.key:",
        "call void @Py_DecRef(ptr %stored)",
        *expect("failed.key", "icmp slt i32 %key.alike, 0", "unlike"),
        "ret ptr null",
        "got:",
        "%object = phi ptr [%placed, %placed.there], [%named, %named.there], [%stored, %stored.there]",
        *_on_to("object", "part", ["call void @Py_DecRef(ptr %object)"]),
    ]
