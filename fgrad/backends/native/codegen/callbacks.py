"""Callbacks: calls from native code to the implementation of an operation, a function of Python.

Code with callbacks runs with the interpreter's lock held. An exception stays pending in the
interpreter, no further callback is made, and `ctypes` raises it when the code returns. So none is
lost that is raised before the callee's first line either: an interrupt, or a recursion error.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs

from fgrad.backends.buffers.cpython import functions
from fgrad.backends.native.math.table import Target
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Item, MultiOp
from fgrad.ops.primitive import Op
from fgrad.program.program import Program

_DECLARED: Final = (
    "declare ptr @PyErr_Occurred()",
    "declare ptr @PyObject_CallFunction(ptr, ptr, ...)",
    "declare ptr @PyTuple_GetItem(ptr, i64)",
    "declare double @PyFloat_AsDouble(ptr)",
    "declare void @Py_DecRef(ptr)",
)
_KNOWN: Final = frozenset(Target(1, fma=True, inline=False).templates)


def callbacks(program: Program) -> tuple[Op, ...]:
    """The operations of a program that are callbacks, since there is no code for them."""
    found = dict.fromkeys([op for op, _ in program.instructions])
    return tuple(
        op for op in found if not (op in _KNOWN or op is ops.square or isinstance(op, Item))
    )


def result_count(op: Op) -> int:
    """The number of results of a callback."""
    return op.size if isinstance(op, MultiOp) else 1


def emit_callback(
    text: list[str], name: str, op: Op, args: Sequence[str], *, entry: int, target: Target
) -> list[str]:
    """Append the calls of an entry of the table `%calls`, one a lane; returns the names of the results.

    Arguments and results pass through memory at `%args` and `%results`.
    """
    text += [
        f"{name}e = getelementptr ptr, ptr %calls, i64 {entry}",
        f"{name}f = load ptr, ptr {name}e",
    ]
    results = [f"{name}r{k}" for k in range(result_count(op))]
    if not isinstance(op, MultiOp):
        results = [f"{name}r" if op.truth else name]
    for lane in range(target.width):
        for k, (arg, kind) in enumerate(zip(args, op.kinds, strict=True)):
            place = f"{name}a{lane}_{k}"
            text += _pass_lane(arg, place, lane, k, target, truth=kind is bool)
        text.append(f"call void {trampoline(op)[0]}(ptr {name}f, ptr %args, ptr %results)")
        for k, result in enumerate(results):
            text.append(f"{result}g{lane} = getelementptr double, ptr %results, i64 {k}")
            text.append(f"{result}v{lane} = load double, ptr {result}g{lane}")
    for result in results:
        text += target.gathered([f"{result}v{lane}" for lane in range(target.width)], result)
    return results


def _pass_lane(arg: str, name: str, lane: int, k: int, target: Target, *, truth: bool) -> list[str]:
    """Store one lane of argument `k`."""
    lines = []
    if target.width > 1:
        lines.append(f"{name}l = extractelement {target.type(truth=truth)} {arg}, i64 {lane}")
        arg = f"{name}l"
    if truth:
        lines.append(f"{name}d = uitofp i1 {arg} to double")
        arg = f"{name}d"
    pointer = f"{name}p = getelementptr double, ptr %args, i64 {k}"
    return [*lines, pointer, f"store double {arg}, ptr {name}p"]


def trampoline(op: Op) -> tuple[str, tuple[str, ...]]:
    """The function in IR that calls an entry of the table for this operation, and what defines it.

    `(entry, args, results)`: the arguments are read from memory and the results written there. It
    does nothing while an exception is pending.
    """
    arity, size = op.arity, op.size if isinstance(op, MultiOp) else 0
    name = f"@fgrad.callback_{arity}_{size}"
    kinds = f"@fgrad.doubles_{arity}"
    args = "".join([f", double %x{k}" for k in range(arity)])
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
        f"%got = call ptr (ptr, ptr, ...) @PyObject_CallFunction(ptr %f, ptr {kinds}{args})",
        "%none = icmp eq ptr %got, null",
        "br i1 %none, label %done, label %read",
        "read:",
        *(_unpack(size) if isinstance(op, MultiOp) else _ONE),
        "call void @Py_DecRef(ptr %got)",
        "br label %done",
        "done:",
        "ret void",
        "}",
    ]
    text = f'{kinds} = internal constant [{arity + 1} x i8] c"{"d" * arity}\\00"'
    return name, (*_DECLARED, text, "\n".join(lines))


_ONE: Final = ("%y = call double @PyFloat_AsDouble(ptr %got)", "store double %y, ptr %results")


def _unpack(size: int) -> list[str]:
    """Store the items of a tuple."""
    lines = []
    for k in range(size):
        lines += [
            f"%i{k} = call ptr @PyTuple_GetItem(ptr %got, i64 {k})",
            f"%y{k} = call double @PyFloat_AsDouble(ptr %i{k})",
            f"%r{k} = getelementptr double, ptr %results, i64 {k}",
            f"store double %y{k}, ptr %r{k}",
        ]
    return lines


@attrs.frozen(eq=False)
class CallbackTable:
    """The table of functions of Python that code calls."""

    functions: tuple[Callable[..., Any], ...]
    table: Any

    @classmethod
    def of(cls, operations: Sequence[Op]) -> CallbackTable:
        """A function for each operation."""
        functions = tuple(map(_function, operations))
        return cls(functions, (ctypes.c_void_p * max(1, len(functions)))(*map(id, functions)))

    @property
    def address(self) -> int:
        """The address of the table."""
        return ctypes.addressof(self.table)

    @property
    def imports(self) -> Mapping[str, int]:
        """The symbols that code with callbacks is linked with."""
        names = [text.partition("@")[2].partition("(")[0] for text in _DECLARED]
        return functions(names) if self.functions else {}


def _function(op: Op) -> Callable[..., Any]:
    """The implementation as a function of floats, whose results convert to floats."""
    truths = [kind is bool for kind in op.kinds]
    if True not in truths and not isinstance(op, MultiOp):
        return op.impl

    def function(*xs: float) -> Any:
        got = op.impl(*[x != 0.0 if truth else x for x, truth in zip(xs, truths, strict=True)])
        return tuple(got) if isinstance(op, MultiOp) else got

    return function
