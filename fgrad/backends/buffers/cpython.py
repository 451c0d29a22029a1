"""The struct layout of the interpreter's objects, checked once: whether native code may read them.

Fixed offsets hold on ordinary builds of CPython from 3.11 on. Debug and free-threaded builds have
others; there the checks fail, and code is called through `ctypes`.
"""

from __future__ import annotations

import ctypes
import struct
import sys
import weakref
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import MappingProxyType, MemberDescriptorType, MethodType
from typing import Any, Final

TYPE: Final = 8
"""Offset of the type in every object."""
FLOAT: Final = 16
"""Offset of the double in a float."""
SIZE: Final = 16
"""Offset of the number of items of a tuple or list."""
TUPLE_ITEMS: Final = 24
"""Offset of the first item in a tuple."""
LIST_ITEMS: Final = 24
"""Offset of the pointer to the items in a list."""
# Offsets in an array of numpy, unchanged since version 1.7.
DATA: Final = 16
NDIM: Final = 24
SHAPE: Final = 32
STRIDES: Final = 40
"""Offset of the pointer to the strides in bytes."""
BASE: Final = 48
DTYPE: Final = 56
FLAGS: Final = 64
WEAKREFS: Final = 72
"""Offset of the pointer to the weak references."""
BYTE_ORDER: Final = 26
"""Offset of the byte order in a dtype; that of its type number follows."""
TYPE_NUMBER: Final = 28
NPY_DOUBLE: Final = 12
"""The type number of float64."""
ALIGNED: Final = 0x100
"""The flag of an array whose numbers are aligned."""
WRITEABLE: Final = 0x400
"""The flag of an array that may be written to."""
CARRAY_FLAGS: Final = 0x501
"""The flags of an array that is aligned, writable and contiguous."""
OWNED_FLAGS: Final = 0x507
"""The flags of a new array of one axis, which owns its memory."""
F_CONTIGUOUS: Final = 0x2
"""The flag of an array whose columns are contiguous."""

_FUNCTIONS: Final = (
    "PyFloat_FromDouble", "PyBool_FromLong", "PyTuple_New", "PyObject_Vectorcall",
    "PyMem_RawMalloc", "PyMem_RawFree", "PyErr_NoMemory",
    "PyEval_SaveThread", "PyEval_RestoreThread", "Py_IncRef", "Py_DecRef",
)  # fmt: skip


def _word(address: int) -> int:
    return int(ctypes.c_int64.from_address(address).value)


@cache
def floats() -> Mapping[str, int] | None:
    """The symbols for code that handles floats and tuples; None if their layout is another one."""
    if sys.implementation.name != "cpython" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    x, pair, items = -1.25e-200, (1.5, 2.5), [object()]
    size = object.__basicsize__
    if size != FLOAT or tuple.__basicsize__ != TUPLE_ITEMS or float.__basicsize__ != FLOAT + 8:
        return None
    right = (
        _word(id(x) + TYPE) == id(float)
        and ctypes.string_at(id(x) + FLOAT, 8) == struct.pack("d", x)
        and _word(_word(id(items) + LIST_ITEMS)) == id(items[0])
        # One reference: that of the list.
        and ctypes.c_int32.from_address(id(items[0])).value == 1
        and [_word(id(pair) + TUPLE_ITEMS + 8 * i) for i in range(2)] == [id(pair[0]), id(pair[1])]
    )
    if not right:
        return None
    return MappingProxyType({
        **functions(_FUNCTIONS), "PyFloat_Type": id(float), "_Py_NoneStruct": id(None),
        "_Py_TrueStruct": id(True),
    })  # fmt: skip


_FOR_TREES: Final = (
    "PyLong_AsDouble", "PyObject_RichCompareBool", "PyErr_Occurred", "PyErr_Clear", "PyList_AsTuple", "PyDict_Size",
    "PyDict_Next", "PyObject_GetAttr", "PyObject_GenericSetAttr", "PyType_GenericAlloc",
    "PyList_New", "PyDict_New", "PyDict_SetItem",
)  # fmt: skip
EQUAL: Final = 2
"""The code of the comparison `==` (Py_EQ)."""
_NEW: Final = 65
"""The slot number of a type's `__new__` (Py_tp_new)."""


@cache
def trees() -> Mapping[str, int] | None:
    """The symbols for code that handles trees; None if a layout is another one, or without numpy."""
    known = arrays()
    if known is None or [_word(id(x) + SIZE) for x in ((1.0, 2.0), [0.5], ())] != [2, 1, 0]:
        return None
    ask = ctypes.pythonapi.PyType_GetSlot
    ask.restype, ask.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_int]
    return MappingProxyType({
        **known, **functions(_FOR_TREES), "object_new": int(ask(object, _NEW) or 0),
        "PyTuple_Type": id(tuple), "PyLong_Type": id(int), "nothing": id(()),
    })  # fmt: skip


_MEMBER: Final = 40
"""Offset of the PyMemberDef pointer in a member descriptor; its type is at byte 8, its offset at 16."""
_OBJECT: Final = 16
"""The type of a member that holds an object (Py_T_OBJECT_EX)."""


def slot_offset(slot: MemberDescriptorType) -> int | None:
    """The offset of a slot in its objects; None where that is not known."""
    if not _slots_are_known():
        return None
    definition = _word(id(slot) + _MEMBER)
    holds = ctypes.c_int32.from_address(definition + 8).value == _OBJECT
    return _word(definition + 16) if holds else None


class _Two:
    __slots__ = ("first", "second")

    first: object
    second: object


@cache
def _slots_are_known() -> bool:
    if floats() is None or MemberDescriptorType.__basicsize__ != _MEMBER + 8:
        return False
    pair = _Two()
    pair.first, pair.second = object(), object()
    slots = vars(_Two)["first"], vars(_Two)["second"]
    definitions = [_word(id(slot) + _MEMBER) for slot in slots]
    kinds = [ctypes.c_int32.from_address(at + 8).value for at in definitions]
    places = [_word(at + 16) for at in definitions]
    inside = all(0 < place < _Two.__basicsize__ for place in places)
    held = [id(pair.first), id(pair.second)]
    return inside and kinds == [_OBJECT] * 2 and [_word(id(pair) + p) for p in places] == held


def functions(names: Iterable[str]) -> Mapping[str, int]:
    """The addresses of functions of the C API."""
    return {name: _address(getattr(ctypes.pythonapi, name)) for name in names}


@cache
def arrays() -> Mapping[str, int] | None:
    """The symbols for code that handles arrays; None if a layout is another one, or without numpy."""
    known = floats()
    try:
        import numpy as np  # noqa: PLC0415  # an extra
    except ImportError:
        return None
    if known is None:
        return None
    array = np.empty(3)
    view, dtype, start = array[1:], id(np.dtype(np.float64)), id(array)
    weak, scalar = (np.empty(2), weakref.ref(array)), np.float64(1.5)
    right = (
        ctypes.string_at(id(scalar) + FLOAT, 8) == struct.pack("d", 1.5)
        and np.ndarray.__basicsize__ >= WEAKREFS + 8
        and _word(start + TYPE) == id(np.ndarray)
        and _word(start + DATA) == array.ctypes.data
        and ctypes.c_int32.from_address(start + NDIM).value == 1
        and _word(_word(start + SHAPE)) == 3
        and _word(_word(start + STRIDES)) == 8
        and _word(start + DTYPE) == dtype
        and _word(start + BASE) == 0 == _word(id(weak[0]) + WEAKREFS)
        and _word(id(view) + BASE) == start
        and _word(start + WEAKREFS) == id(weak[1])
        and ctypes.c_int32.from_address(start + FLAGS).value == OWNED_FLAGS
        and ctypes.c_int32.from_address(dtype + TYPE_NUMBER).value == array.dtype.num == NPY_DOUBLE
        and ctypes.string_at(dtype + BYTE_ORDER, 1) == b"="
    )
    if not right:
        return None
    table = _interface(np)
    return MappingProxyType({
        **known, "PyArray_Type": id(np.ndarray), "float64": id(np.float64), "double": dtype, "PyArray_New": _word(table + 8 * 93),
        "PyArray_SetBaseObject": _word(table + 8 * 282),
    })  # fmt: skip


def address(array: Any) -> int:
    """The address of an array's data; six times as fast as `array.ctypes.data`."""
    if arrays() is None:
        return int(array.ctypes.data)
    return ctypes.c_int64.from_address(id(array) + DATA).value


def _interface(np: Any) -> int:
    """The table of numpy's C API."""
    core = getattr(np, "_core", None) or np.core
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    address = pointer(core._multiarray_umath._ARRAY_API, None)
    return int(address or 0)


def _address(pointer: Any) -> int:
    """Where a function or string of `ctypes` is."""
    return int(ctypes.cast(pointer, ctypes.c_void_p).value or 0)


METH_FASTCALL: Final = 0x82
"""The flags of a function of an array of objects and of names (METH_FASTCALL | METH_KEYWORDS)."""
METH_O: Final = 0x08
"""The flag of a function of one object (METH_O)."""


def builtin(
    name: str, address: int, flags: int, other: Callable[..., Any], kept: tuple[Any, ...]
) -> Any:
    """The builtin function at an address; its `self` is a call of `other`.

    The first argument of that call is `kept`: everything that must live as long as the function.
    """
    label = name.encode()
    name_at = _address(ctypes.c_char_p(label))
    definition = struct.pack("PPiP", name_at, address, flags, 0)  # a PyMethodDef
    # The function reads its definition when it is freed. The garbage collector clears neither
    # methods nor tuples nor bytes, so the definition is still there.
    method = MethodType(other, (*kept, label, definition))
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype = ctypes.py_object
    make.argtypes = [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p]
    return make(_address(ctypes.c_char_p(definition)), method, None)
