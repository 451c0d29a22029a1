"""Everything that calls LLVM: object code is compiled from IR, and linked into this process."""

from __future__ import annotations

import ctypes
import sys
from functools import cache, partial
from itertools import count
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import attrs

from fgrad.backends.native.ir.machine import Machine
from fgrad.backends.native.runtime.exclusive import defer, in_turn
from fgrad.errors import MissingExtra

try:
    import llvmlite.binding as llvm
    from llvmlite.binding.newpassmanagers import NewPassManager
except ImportError as _error:
    raise MissingExtra("native code", "llvmlite", "native") from _error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

LIBRARIES_PER_LINKER: Final = 16
"""Libraries that share a linker.

What LLVM leaks for a library that is removed, 8 kB, is freed with its linker; making a linker takes
as long as linking eight libraries.
"""
# The names of libraries differ within a linker.
_numbers: Final[Iterator[int]] = count()
# The library and linker of each number, and the linker for the next.
_libraries: Final[dict[int, list[llvm.LLJIT | llvm.ResourceTracker]]] = {}
_linkers: Final[dict[int, llvm.LLJIT]] = {}


class _Number(int):
    """The number of a library, which is removed when nothing refers to the number any more.

    It is hidden from the garbage collector, which would call its finalizer before those of other
    objects in the same garbage that may still call the code.
    """

    __slots__ = ()

    @classmethod
    def next(cls) -> _Number:
        """A new number."""
        number = cls(next(_numbers))
        ctypes.pythonapi.PyObject_GC_UnTrack(ctypes.py_object(number))
        return number

    def __del__(self, _ending: Callable[[], bool] = sys.is_finalizing) -> None:
        # At the end of the interpreter this module may be empty.
        if not _ending():
            defer(partial(_unloaded, int(self)))


def _unloaded(number: int) -> None:
    library = _libraries.pop(number, [])
    while library:  # before its linker
        library.pop()


QUICK: Final = 0
"""The level of LLVM's code generator that compiles fastest."""
PLAIN: Final = 2
"""The level with register allocation and inlining.

Its time for an instruction does not depend on the length of a function, unlike that of LLVM's
passes.
"""
BEST: Final = 3
"""The same after LLVM's passes of level 1.

They take 1.2 to 2 times as long as the code generator alone, and speed Rosenbrock's function of
1,000 numbers and its gradient, unrolled, from 2.5 us up to 2.0.
"""


@cache
@in_turn
def host() -> Machine:
    """The machine of this process."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features().flatten()
    return Machine(llvm.get_process_triple(), llvm.get_host_cpu_name(), features)


@in_turn
def compiled(text: str, machine: Machine, level: int) -> bytes:
    """The object code of a module of LLVM IR; `level` is `QUICK`, `PLAIN` or `BEST`."""
    target = llvm.Target.from_triple(machine.triple).create_target_machine(
        cpu=machine.cpu, features=machine.features, opt=min(level, PLAIN),
        reloc="pic", codemodel="small",
    )  # fmt: skip
    module = llvm.parse_assembly(text)
    module.triple = machine.triple
    module.data_layout = str(target.target_data)
    if level != QUICK:
        # No pass changes the semantics of floats, since no instruction has a fast-math flag.
        options = llvm.create_pipeline_tuning_options(speed_level=1)
        options.slp_vectorization = False  # it aborts the process on some programs, by an assertion
        options.loop_unrolling = False
        builder = llvm.create_pass_builder(target, options)
        if level == BEST:
            passes = builder.getModulePassManager()
        else:
            passes = llvm.create_new_module_pass_manager()
            passes.add_always_inliner_pass()
            passes.add_sroa_pass()
        passes.run(module, builder)
        _dispose(passes)
    return target.emit_object(module)


def _dispose(passes: llvm.ModulePassManager) -> None:
    """Free the memory of passes, which their own class does not: an empty method hides it."""
    if not passes.closed:
        NewPassManager._dispose(passes)
        passes.detach()


@attrs.frozen(eq=False)
class Code:
    """Linked code and the addresses of its symbols; it stays loaded while this value lives."""

    addresses: Mapping[str, int]
    _number: _Number


def _linker(number: int) -> llvm.LLJIT:
    """The linker of that library and of the next ones."""
    group = number // LIBRARIES_PER_LINKER
    if group not in _linkers:
        _linkers.clear()
        _linkers[group] = llvm.create_lljit_compiler()
    return _linkers[group]


def version() -> str:
    """The version of LLVM."""
    return ".".join(map(str, llvm.llvm_version_info))


@in_turn
def loaded(files: Sequence[bytes], exports: Sequence[str], imports: Mapping[str, int]) -> Code:
    """Link object files; `imports` are the addresses of the symbols that they need."""
    builder = llvm.JITLibraryBuilder()
    for file in files:
        builder.add_object_img(file)
    for name, address in imports.items():
        builder.import_symbol(name, address)
    for name in exports:
        builder.export_symbol(name)
    number = _Number.next()
    linker = _linker(int(number))
    library = builder.link(linker, f"fgrad {number}")
    _libraries[int(number)] = [linker, library]
    return Code(MappingProxyType({name: library[name] for name in exports}), number)
