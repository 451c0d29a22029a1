"""Calls from native code to the meaning of an operation, which is a function of Python.

Code that calls meanings is called with the interpreter's lock held. What a meaning raises is left
standing where the interpreter keeps it, no meaning is called any more, and `ctypes` raises it when
the code has come to its end. So nothing is lost that comes before the first line of a meaning
either: the interrupt of a user, or too deep a recursion.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import attrs

from fgrad.backends.buffers.cpython import functions
from fgrad.ops.multiple import MultiOp
from fgrad.ops.primitive import Op

_DECLARED: Final = (
    "declare ptr @PyErr_Occurred()",
    "declare ptr @PyObject_CallFunction(ptr, ptr, ...)",
    "declare ptr @PyTuple_GetItem(ptr, i64)",
    "declare double @PyFloat_AsDouble(ptr)",
    "declare void @Py_DecRef(ptr)",
)


def caller(op: Op) -> tuple[str, tuple[str, ...]]:
    """The function in IR that calls an entry of the table for this operation, and what defines it.

    `(entry, args, results)`: numbers in memory are the arguments and become the results. It does
    nothing if something has been raised.
    """
    arity, size = op.arity, op.size if isinstance(op, MultiOp) else 0
    name = f"@fgrad.meaning_{arity}_{size}"
    kinds = f"@fgrad.doubles_{arity}"
    given = "".join([f", double %x{k}" for k in range(arity)])
    lines = [
        f"define internal void {name}(ptr %f, ptr %args, ptr %results) noinline nounwind {{",
        "%raised = call ptr @PyErr_Occurred()",
        "%well = icmp eq ptr %raised, null",
        "br i1 %well, label %go, label %done",
        "go:",
    ]
    for k in range(arity):
        lines.append(f"%p{k} = getelementptr double, ptr %args, i64 {k}")
        lines.append(f"%x{k} = load double, ptr %p{k}")
    lines += [
        f"%got = call ptr (ptr, ptr, ...) @PyObject_CallFunction(ptr %f, ptr {kinds}{given})",
        "%none = icmp eq ptr %got, null",
        "br i1 %none, label %done, label %read",
        "read:",
        *(_several(size) if isinstance(op, MultiOp) else _ONE),
        "call void @Py_DecRef(ptr %got)",
        "br label %done",
        "done:",
        "ret void",
        "}",
    ]
    text = f'{kinds} = internal constant [{arity + 1} x i8] c"{"d" * arity}\\00"'
    return name, (*_DECLARED, text, "\n".join(lines))


_ONE: Final = ("%y = call double @PyFloat_AsDouble(ptr %got)", "store double %y, ptr %results")


def _several(size: int) -> list[str]:
    lines = []
    for k in range(size):
        lines += [
            f"%i{k} = call ptr @PyTuple_GetItem(ptr %got, i64 {k})",
            f"%y{k} = call double @PyFloat_AsDouble(ptr %i{k})",
            f"%r{k} = getelementptr double, ptr %results, i64 {k}",
            f"store double %y{k}, ptr %r{k}",
        ]
    return lines


@cache
def _imports() -> Mapping[str, int]:
    names = [text.partition("@")[2].partition("(")[0] for text in _DECLARED]
    return MappingProxyType(functions(names))


@attrs.frozen(eq=False)
class Calls:
    """The table of functions that code is given for the operations that it does not know."""

    functions: tuple[Callable[..., Any], ...]
    table: Any

    @classmethod
    def of(cls, operations: Sequence[Op]) -> Calls:
        """A function for each operation."""
        functions = tuple(map(_function, operations))
        return cls(functions, (ctypes.c_void_p * max(1, len(functions)))(*map(id, functions)))

    @property
    def address(self) -> int:
        """Where the table is."""
        return ctypes.addressof(self.table)

    @property
    def imports(self) -> Mapping[str, int]:
        """The addresses that code with calls must be linked with."""
        return _imports() if self.functions else {}


def _function(op: Op) -> Callable[..., Any]:
    """The meaning, as a function of floats to what a float, or a tuple of them, can be made of."""
    truths = [kind is bool for kind in op.kinds]
    if True not in truths and not isinstance(op, MultiOp):
        return op.impl

    def called(*xs: float) -> Any:
        got = op.impl(*[x != 0.0 if truth else x for x, truth in zip(xs, truths, strict=True)])
        return tuple(got) if isinstance(op, MultiOp) else got

    return called
