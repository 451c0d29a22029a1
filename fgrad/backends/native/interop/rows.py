"""What stands between Python's arrays and a program over rows, in LLVM IR.

Python takes some hundred nanoseconds for each array that it looks at or makes, and a thousand rows
take not much longer to run. `@call(self, args, n, names)` does all that in native code, for arguments
that lie as code reads them. Of everything else it gives None.

One text serves all programs: what it must know of one stands at `@facts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fgrad.backends.buffers import cpython as at
from fgrad.backends.native.interop.arguments import (
    argument,
    looked,
    measured,
    same,
    spanned,
    untouched,
)
from fgrad.backends.native.interop.point import KEPT
from fgrad.backends.native.ir.control import expect, load_element, load_field, loop, store_element

ADDRESSES: Final = ("code", "once", "clear", "add", "kinds", "order", "places", "kept")
"""Of the code over rows, of the code that runs once (or 0), of what begins and ends sums (or 0), of
three rows of words, and of a list.

For each argument its kind: 0 for a column, k for a table of k columns, -k for k numbers; for each
array that sums go to its length, or 0 for a single number. For each number that is the same in each row its place among those given. For each output its place among
those that vary, or -k for number k - 1 of those that are the same. The list has the arrays that the
last columns were slices of.
"""
COUNTS: Final = (
    "given", "arguments", "outputs", "varying", "sames", "lanes", "most", "straight", "turn",
)  # fmt: skip
"""How many objects are given, arguments among them, outputs, outputs that vary, and numbers that are
the same in each row; the lanes of the code and the most rows; whether the numbers are a single row, and
read in its order; and which of the arrays that are kept is the oldest."""
PLACES: Final = ("ins", "outs", "gathered", "spare", "scratch", "totals", "sums", "spans", "end")
"""At which bytes of its memory a call has the pointers to the inputs, those to the outputs, the
numbers that are the same, the scratch of the code that runs once and of the code over rows, the
totals and the sum of each output that varies, and two words for each object; and where that memory
ends."""
FACTS: Final = (*ADDRESSES, *COUNTS, *PLACES)

TRUE: Final = (
    "%result = select i1 true, ptr @_Py_TrueStruct, ptr null",
    "call void @Py_IncRef(ptr %result)",
)
_PLACES: Final = (
    *("i", "j", "k", "l", "m", "p", "q", "r", "u", "v"),
    *("rows", "entries", "numbers", "ends"),
)
_NEW: Final = "call ptr @PyArray_New(ptr @PyArray_Type, i32"
_DECLARED: Final = (
    "@facts = external global i64",
    "@PyFloat_Type = external global i8",
    "@PyArray_Type = external global i8",
    "@double = external global i8",
    "@_Py_NoneStruct = external global i8",
    "@_Py_TrueStruct = external global i8",
    "declare ptr @PyFloat_FromDouble(double)",
    "declare ptr @PyTuple_New(i64)",
    "declare ptr @PyMem_RawMalloc(i64)",
    "declare void @PyMem_RawFree(ptr)",
    "declare ptr @PyEval_SaveThread()",
    "declare void @PyEval_RestoreThread(ptr)",
    "declare void @Py_IncRef(ptr)",
    "declare void @Py_DecRef(ptr)",
    "declare ptr @PyArray_New(ptr, i32, ptr, i32, ptr, ptr, i32, i32, ptr)",
    "declare i32 @PyArray_SetBaseObject(ptr, ptr)",
)


def mapped() -> str:
    """The text that gives a tuple of new columns: slices of one array, as `new_columns` has them."""
    return function([*_base(), *made_tuple(), *_columns(), *run("running", "0", "%rows", "%outs")])


def written() -> str:
    """The text that writes to columns, which are given behind the arguments, and gives True.

    They must be apart from each other and from the arguments.
    """
    return function([*_targets(), *_pointed(), *run("running", "0", "%rows", "%outs"), *TRUE])


def function(made: Sequence[str]) -> str:
    """The function, of the lines that make `%result`, the last block of which is `%k.end`."""
    lines = [
        *_DECLARED,
        "define ptr @call(ptr %self, ptr %args, i64 %n, ptr %names) nounwind {",
        *[f"%{name}.at = alloca i64" for name in _PLACES],
        *[f"store i64 0, ptr %{name}.at" for name in _PLACES],
        "%shape = alloca [2 x i64]",
        "%total.at = alloca double",
        "%base.at = alloca ptr",
        "%held.at = alloca ptr",
        "%row.at = alloca ptr",
        "store ptr null, ptr %held.at",
        *map(_fact, FACTS),
        *expect("enough", "icmp eq i64 %n, %fact.given", "unusual"),
        *expect("nameless", "icmp eq ptr %names, null", "unusual"),
        "%memory = call ptr @PyMem_RawMalloc(i64 %fact.end)",
        *expect("begun", "icmp ne ptr %memory, null", "unusual"),
        # The largest vectors want multiples of 128.
        "%begin = ptrtoint ptr %memory to i64",
        "%above = add i64 %begin, 127",
        "%multiple = and i64 %above, -128",
        "%given = inttoptr i64 %multiple to ptr",
        *[f"%{name} = getelementptr i8, ptr %given, i64 %fact.{name}" for name in PLACES[:-1]],
        "%straight = icmp ne i64 %fact.straight, 0",
        *loop("i", "%fact.arguments", argument()),
        "%rows = load i64, ptr %rows.at",
        *expect("many", "icmp sge i64 %rows, %fact.lanes", "free"),
        *expect("few", "icmp sle i64 %rows, %fact.most", "free"),
        *same(),
        *made,
        *_ENDS,
        "}",
    ]
    return "\n".join(lines)


_ENDS: Final = (
    "br label %freed",
    "halfway:",
    "call void @Py_DecRef(ptr %result)",
    "br label %failed",
    "failed:",
    "br label %freed",
    "freed:",
    "%answer = phi ptr [null, %failed], [%result, %k.end]",
    "%held = load ptr, ptr %held.at",
    "%nothing = icmp eq ptr %held, null",
    "br i1 %nothing, label %gone, label %drop",
    "drop:",
    "call void @Py_DecRef(ptr %held)",
    "br label %gone",
    "gone:",
    "call void @PyMem_RawFree(ptr %memory)",
    "ret ptr %answer",
    "free:",
    "call void @PyMem_RawFree(ptr %memory)",
    "br label %unusual",
    "unusual:",
    "call void @Py_IncRef(ptr @_Py_NoneStruct)",
    "ret ptr @_Py_NoneStruct",
)


def _fact(name: str) -> str:
    kind = "ptr" if name in ADDRESSES else "i64"
    return f"%fact.{name} = load {kind}, ptr {_fact_at(name)}"


def _fact_at(name: str) -> str:
    return f"getelementptr (i64, ptr @facts, i64 {FACTS.index(name)})"


def run(name: str, begin: str, end: str, to: str) -> list[str]:
    """Run the code over rows, while other threads may go on."""
    given = f"ptr %ins, ptr %same, ptr {to}, ptr null, ptr %scratch, i64 {begin}, i64 {end}"
    return [
        f"%{name} = call ptr @PyEval_SaveThread()",
        f"call void %fact.code({given})",
        f"call void @PyEval_RestoreThread(ptr %{name})",
    ]


def made_tuple() -> list[str]:
    """Make the tuple `%result`, with room for the outputs at `%items`."""
    return [
        "%result = call ptr @PyTuple_New(i64 %fact.outputs)",
        *expect("tupled", "icmp ne ptr %result, null", "failed"),
        f"%items = getelementptr i8, ptr %result, i64 {at.ITEMS}",
    ]


def output(varies: Sequence[str], stays: Sequence[str]) -> list[str]:
    """Lines for output `%k` that varies, at `%place`, or that is `%still` in every row."""
    return [
        *load_element("place", "i64", "%fact.places", "%k"),
        "%varies = icmp sge i64 %place, 0",
        "br i1 %varies, label %varying, label %staying",
        "varying:",
        *varies,
        "br label %done",
        "staying:",
        "%index = sub i64 -1, %place",
        *load_element("still", "double", "%same", "%index"),
        *stays,
        "br label %done",
        "done:",
    ]


def _column() -> list[str]:
    """Point to `%slice`, the column of output `%k`, or fill it."""
    fill = loop("l", "%rows", store_element("cell", "double", "%still", "%slice", "%l"))
    return output(store_element("out", "ptr", "%slice", "%outs", "%place"), fill)


def _base() -> list[str]:
    """The array `%base` that the columns are slices of: one of the last, if nobody has it, or new."""
    how = f"i32 {at.DOUBLE}, ptr null, ptr null, i32 0, i32 0, ptr null)"
    return [
        "%eighth = sdiv i64 %rows, 8",
        "%eights = mul i64 %eighth, 8",
        "%longer = add i64 %eights, 8",
        "%page = srem i64 %longer, 256",
        "%even = icmp eq i64 %page, 0",
        "%gap = select i1 %even, i64 8, i64 0",
        "%stride = add i64 %longer, %gap",
        "%stride.bytes = mul i64 %stride, 8",
        "%shape.row = getelementptr i64, ptr %shape, i64 1",
        "store i64 %fact.outputs, ptr %shape",
        "store i64 %stride, ptr %shape.row",
        *load_field("kept", "ptr", "%fact.kept", at.LISTED),
        "br label %try0",
        *[line for k in range(KEPT) for line in _free_base(k)],
        f"try{KEPT}:",
        f"%made = {_NEW} 2, ptr %shape, {how}",
        *expect("made.well", "icmp ne ptr %made, null", "failed"),
        "store ptr %made, ptr %base.at",
        "%following = add i64 %fact.turn, 1",
        f"%turned = urem i64 %following, {KEPT}",
        f"store i64 %turned, ptr {_fact_at('turn')}",
        *load_element("old", "ptr", "%kept", "%fact.turn"),
        "store ptr %made, ptr %old.place",
        "call void @Py_DecRef(ptr %old)",
        "br label %based",
        "based:",
        "%base = load ptr, ptr %base.at",
        # Held from here on: what comes may collect garbage, whose finalizers may come here again.
        "call void @Py_IncRef(ptr %base)",
        "store ptr %base, ptr %held.at",
        *load_field("room", "ptr", "%base", at.DATA),
        "store i64 %rows, ptr %shape",
    ]


def _free_base(k: int) -> list[str]:
    """Take the array that is kept at place k if nobody has it, and it is of this size."""
    lengths, distances = ("%fact.outputs", "%stride"), ("%stride.bytes", "8")
    return [
        f"try{k}:",
        *load_element(f"kept{k}", "ptr", "%kept", f"{k}"),
        f"%references{k} = load i32, ptr %kept{k}",
        *expect(f"alone{k}", f"icmp eq i32 %references{k}, 1", f"try{k + 1}"),
        *untouched(f"kept{k}", 2, lengths, distances, f"try{k + 1}"),
        f"store ptr %kept{k}, ptr %base.at",
        "br label %based",
    ]


def _columns() -> list[str]:
    """Make the slices."""
    how = f"i32 {at.DOUBLE}, ptr null, ptr %slice, i32 0, i32 {at.PLAIN}, ptr null)"
    body = [
        "%skip = mul i64 %k, %stride",
        "%slice = getelementptr double, ptr %room, i64 %skip",
        f"%view = {_NEW} 1, ptr %shape, {how}",
        *expect("viewed", "icmp ne ptr %view, null", "halfway"),
        *store_element("item", "ptr", "%view", "%items", "%k"),
        "call void @Py_IncRef(ptr %base)",
        "%bound = call i32 @PyArray_SetBaseObject(ptr %view, ptr %base)",
        *expect("owned", "icmp eq i32 %bound, 0", "halfway"),
        *_column(),
    ]
    return loop("k", "%fact.outputs", body)


def target() -> list[str]:
    """Look at array `%y`, the `%p`-th that is given behind the arguments."""
    return [
        "%target = add i64 %p, %fact.arguments",
        *load_element("y", "ptr", "%args", "%target"),
        *load_field("y.type", "ptr", "%y", at.TYPE),
        *expect("y.exact", "icmp eq ptr %y.type, @PyArray_Type", "free"),
        *looked("y"),
        f"%y.open = and i32 %y.flags, {at.WRITABLE}",
        *expect("y.writable", "icmp ne i32 %y.open, 0", "free"),
    ]


def _targets() -> list[str]:
    """See that what is given behind the arguments are columns, apart from all that came before."""
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
        *target(),
        *measured("y"),
        *expect("y.line", "icmp eq i32 %y.axes, 1", "free"),
        *expect("y.dense", "icmp eq i64 %y.distance, 8", "free"),
        *expect("y.fits", "icmp eq i64 %y.length, %rows", "free"),
        "%known.ends = load i64, ptr %ends.at",
        "%known = sdiv i64 %known.ends, 2",
        *spanned("y", "1"),
        *loop("q", "%known", apart),
    ]
    return loop("p", "%fact.outputs", body)


def _pointed() -> list[str]:
    """Point to the columns that are given."""
    body = [
        "%of = add i64 %k, %fact.arguments",
        *load_element("into", "ptr", "%args", "%of"),
        *load_field("slice", "ptr", "%into", at.DATA),
        *_column(),
    ]
    return loop("k", "%fact.outputs", body)
