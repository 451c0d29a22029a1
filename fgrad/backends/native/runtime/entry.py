"""A program for one point as machine code, which better code replaces when it is hot."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import attrs

from fgrad.backends.buffers import cpython
from fgrad.backends.native.codegen.callbacks import CallbackTable, callbacks
from fgrad.backends.native.codegen.point import LONG, point_modules
from fgrad.backends.native.interop import fill_calls, number_calls
from fgrad.backends.native.interop.arguments import KEPT
from fgrad.backends.native.interop.tree_calls import on_trees
from fgrad.backends.native.interop.tree_descriptors import Descriptor
from fgrad.backends.native.ir.machine import Machine
from fgrad.backends.native.runtime.background import submit
from fgrad.backends.native.runtime.llvm import BEST, PLAIN, QUICK, Code, host, loaded
from fgrad.backends.native.runtime.object_code import Request, Write, trampoline_code
from fgrad.graph.collector import relaxed_gc_for
from fgrad.program.passes import inlined
from fgrad.program.program import Program
from fgrad.trees.tree import Structure, tupled

HOT: Final = 10_000
"""Calls after which better code is compiled for a long program."""

Run: Final = ctypes.PYFUNCTYPE(None, *[ctypes.c_void_p] * 4)


class Hot:
    """Code that builtins call, and that can `improve` when it is hot."""

    __slots__ = ()
    cell: Any
    """The address of the code, the countdown of calls to the next fallback, and a word for the trampoline."""

    def _builtin(
        self, file: bytes, known: Any, flags: int, other: Callable[..., Any], *held: object
    ) -> Callable[..., Any]:
        code = loaded([file], ["call"], {**known, "cell": ctypes.addressof(self.cell)})
        address, kept = code.addresses["call"], (self, other, code, *held)
        made: Callable[..., Any] = cpython.builtin("compiled", address, flags, _fall_back, kept)
        return made

    def _filling(
        self,
        sizes: Sequence[int],
        target: tuple[int, int, int],
        other: Callable[..., Any],
        *held: object,
    ) -> Callable[..., Any]:
        """The function of arrays of these sizes and one to fill.

        `target` has the number of outputs, and where inputs and scratch memory are.
        """
        if (known := cpython.arrays()) is None:
            return other
        facts = (ctypes.c_int64 * (4 + len(sizes)))(len(sizes), *target, *sizes)
        imports = {**known, "facts": ctypes.addressof(facts)}
        file = trampoline_code(fill_calls.on_arrays(), PLAIN)
        return self._builtin(file, imports, cpython.METH_FASTCALL, other, facts, *held)


@attrs.frozen(eq=False)
class Entry(Hot):
    """The code of a program for one point; each call runs the best there is."""

    program: Program
    exact: bool
    machine: Machine
    calls: CallbackTable
    shape: number_calls.Shape
    cell: Any
    level: int
    """The level of the first code."""
    codes: list[Code]
    """All code so far: what has been replaced may still be running."""

    @classmethod
    def of(cls, program: Program, *, exact: bool, machine: Machine | None = None) -> Entry:
        """The code of a program, compiled at its first level."""
        machine = machine or host()
        whole = inlined(program)
        level = QUICK if len(whole) > LONG else BEST
        request, write = _request(whole, level, machine, exact=exact)
        objects = request.objects(write)
        calls = CallbackTable.of(callbacks(whole))
        code = loaded(objects.files, ["run"], calls.imports)
        truths = map(whole.truths.__getitem__, whole.outputs)
        shape = number_calls.Shape(len(whole.inputs), tuple(truths), objects.slots)
        countdown = HOT if objects.level < BEST else 0
        cell = (ctypes.c_int64 * 3)(code.addresses["run"], countdown, 0)
        return cls(whole, exact, machine, calls, shape, cell, objects.level, [code])

    def improve(self) -> Iterator[None]:
        """Compile the best code once, for calls from then on; in steps, for `submit`."""
        if len(self.codes) > 1 or self.level == BEST:
            return
        request, write = _request(self.program, BEST, self.machine, exact=self.exact)
        objects = yield from request.steps(write)
        code = loaded(objects.files, ["run"], self.calls.imports)
        self.codes.append(code)
        self.cell[0] = code.addresses["run"]

    @property
    def text(self) -> str:
        """The code in LLVM IR."""
        _, write = _request(self.program, BEST, self.machine, exact=self.exact)
        return "\n".join(write()[2])

    def run(self, *xs: float) -> tuple[Any, ...]:
        """The outputs, by ctypes: for interpreters that `buffers.cpython` does not know."""
        shape = self.shape
        given = (ctypes.c_double * shape.inputs)(*xs)
        out = (ctypes.c_double * len(shape.truths))()
        scratch = (ctypes.c_double * shape.slots)()
        # Addresses as ints, since ctypes raises errors of its own for other arguments.
        places = ctypes.addressof(given), ctypes.addressof(out), self.calls.address
        Run(self.cell[0])(*places, ctypes.addressof(scratch))
        return tuple([y != 0.0 if truth else y for y, truth in zip(out, shape.truths, strict=True)])

    def on_floats(self, other: Callable[..., Any], *, single: bool) -> Callable[..., Any]:
        """The function of floats by position, a builtin where possible; `other` handles other arguments.

        It returns the tuple of the outputs, or the only one. `other` is called once when the code
        is hot, too.
        """
        known = cpython.floats()
        if known is None or self.calls.functions:
            return other
        file = trampoline_code(number_calls.on_floats(self.shape, single=single), PLAIN)
        return self._builtin(file, known, cpython.METH_FASTCALL, other)

    def on_trees(
        self, arguments: Structure[Any], result: Structure[Any], other: Callable[..., Any]
    ) -> Callable[..., Any] | None:
        """The builtin for arguments of that structure, `(args, kwargs)`; `other` handles other arguments.

        Leaves are floats, also those of numpy, and ints. None where there is no such builtin: for
        classes that code cannot read, and where `on_floats` returns `other`.
        """
        known = cpython.trees()
        if known is None or self.calls.functions:
            return None
        positional, named = arguments.children
        row = tupled((*positional.children, *named.children))
        given = Descriptor.of(row, [False] * len(arguments))
        made = Descriptor.of(result, self.shape.truths)
        if given is None or made is None:
            return None
        keys = (ctypes.c_int64 * len(named.keys))(*map(id, named.keys))
        inputs, before = self.shape.inputs, self.shape.inputs + len(self.shape.truths)
        counts = len(positional.children), len(keys), ctypes.addressof(keys)
        target = *counts, given.address, made.address, inputs, before, before + self.shape.slots
        facts = (ctypes.c_int64 * len(target))(*target)
        imports = {**known, "facts": ctypes.addressof(facts)}
        held = facts, keys, named.keys, given, made
        # It compiles in a fifth of the time of better code, and calls of small trees take 10% longer.
        file = trampoline_code(on_trees(), QUICK)
        return self._builtin(file, imports, cpython.METH_FASTCALL, other, *held)

    def on_array(self, other: Callable[..., Any], *, single: bool) -> Callable[..., Any]:
        """The function of one array of doubles to an array, or to a number if `single`."""
        known = cpython.arrays()
        if known is None or self.calls.functions or (True in self.shape.truths and not single):
            return other
        file = trampoline_code(number_calls.on_array(self.shape, single=single), PLAIN)
        arrays: list[object] = [None] * KEPT
        imports = {**known, "kept": id(arrays)}
        return self._builtin(file, imports, cpython.METH_O, other, arrays)

    def into(self, sizes: Sequence[int], other: Callable[..., Any]) -> Callable[..., Any]:
        """The function of arrays of so many doubles, the inputs in order, and of one for the outputs.

        It returns that array. `other` handles other arguments, and errors.
        """
        inputs = self.shape.inputs
        memory = (ctypes.c_double * (inputs + self.shape.slots))()
        start = ctypes.addressof(memory)
        target = len(self.shape.truths), start, start + 8 * inputs
        return other if self.calls.functions else self._filling(sizes, target, other, memory)


def _fall_back(kept: tuple[Any, ...], *args: Any, **kwargs: Any) -> Any:
    """The fallback of a builtin."""
    entry, other = kept[:2]
    if entry.cell[1] == 0:
        submit(entry.improve)
    return other(*args, **kwargs)


def _request(
    program: Program, level: int, machine: Machine, *, exact: bool
) -> tuple[Request, Write]:
    def write() -> tuple[int, int, Iterable[str]]:
        with relaxed_gc_for(len(program)):
            slots, long, modules = point_modules(program, machine, exact=exact)
        # Of a long program with loops the code may be short.
        return slots, level if long else BEST, modules

    kind = "point exact" if exact else "point"
    return Request(program, kind, level, machine), write
