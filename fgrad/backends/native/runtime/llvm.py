"""The machine that code is made for, and code made and loaded: all that touches LLVM."""

from __future__ import annotations

import ctypes
import sys
from functools import cache, partial
from itertools import count
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import attrs

from fgrad.backends.native.ir.machine import Machine
from fgrad.backends.native.runtime.turns import soon, taken
from fgrad.errors import MissingExtra

try:
    import llvmlite.binding as llvm
    from llvmlite.binding.newpassmanagers import NewPassManager
except ImportError as _error:
    raise MissingExtra("native code", "llvmlite", "native") from _error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

TOGETHER: Final = 16
"""Libraries that have a linker in common.

What LLVM keeps of a library that has gone, 8 kB, goes with its linker, and to make a linker takes as
long as to link eight libraries.
"""
# Names of libraries must differ within a linker.
_numbers: Final[Iterator[int]] = count()
# By its number each library and its linker; and the linker of the next.
_libraries: Final[dict[int, list[llvm.LLJIT | llvm.ResourceTracker]]] = {}
_linkers: Final[dict[int, llvm.LLJIT]] = {}


class _Number(int):
    """The number of a library, which goes when nothing holds the number any more.

    The garbage collector must not see it: it would call its finalizer while others in the same
    garbage still have theirs to come, and those may call the code.
    """

    __slots__ = ()

    @classmethod
    def next(cls) -> _Number:
        """A number of its own."""
        number = cls(next(_numbers))
        ctypes.pythonapi.PyObject_GC_UnTrack(ctypes.py_object(number))
        return number

    def __del__(self, _ending: Callable[[], bool] = sys.is_finalizing) -> None:
        # At the end of the interpreter this module may be empty.
        if not _ending():
            soon(partial(_unloaded, int(self)))


def _unloaded(number: int) -> None:
    library = _libraries.pop(number, [])
    while library:  # before its linker
        library.pop()


QUICK: Final = 0
"""The level of LLVM's code generator that is fast to make code."""
PLAIN: Final = 2
"""That whose code is fast to run, of variables in registers and with functions put in place.

It takes the same time for each line, however long a function is; LLVM's passes do not.
"""
BEST: Final = 3
"""The same, behind LLVM's first level of passes and its search for vectors.

Both together take 1.2 to 2 times as long as the generator alone. Of Rosenbrock's function of 1,000
numbers and its gradient, written out, they make 2.0 us from 2.5.
"""


@cache
def host() -> Machine:
    """The machine that this process runs on."""
    return taken(_host)


def _host() -> Machine:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features().flatten()
    return Machine(llvm.get_process_triple(), llvm.get_host_cpu_name(), features)


def _target(machine: Machine, level: int) -> llvm.TargetMachine:
    return llvm.Target.from_triple(machine.triple).create_target_machine(
        cpu=machine.cpu,
        features=machine.features,
        opt=min(level, PLAIN),
        reloc="pic",
        codemodel="small",
    )


def compiled(text: str, machine: Machine, level: int) -> bytes:
    """The object code of a module written in LLVM IR; `level` is `QUICK`, `PLAIN` or `BEST`."""
    return taken(partial(_compiled, text, machine, level))


def _compiled(text: str, machine: Machine, level: int) -> bytes:
    target = _target(machine, level)
    module = llvm.parse_assembly(text)
    module.triple = machine.triple
    module.data_layout = str(target.target_data)
    if level != QUICK:
        # No pass may change what a line means, since no line has a flag that lets it.
        options = llvm.create_pipeline_tuning_options(speed_level=1)
        options.slp_vectorization = True
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
    """Give the memory of passes back, which their class does not: it finds an empty method first."""
    if not passes.closed:
        NewPassManager._dispose(passes)
        passes.detach()


@attrs.frozen(eq=False)
class Code:
    """Object code in memory, with the addresses of its functions; it stays while this value lives."""

    addresses: Mapping[str, int]
    _number: _Number


def _linker(number: int) -> llvm.LLJIT:
    """The linker of that library, and of those that come after it."""
    group = number // TOGETHER
    if group not in _linkers:
        _linkers.clear()
        _linkers[group] = llvm.create_lljit_compiler()
    return _linkers[group]


def version() -> str:
    """The version of LLVM."""
    return ".".join(map(str, llvm.llvm_version_info))


def loaded(files: Sequence[bytes], exports: Sequence[str], imports: Mapping[str, int]) -> Code:
    """Object files made callable; `imports` are the addresses of the functions that they call."""
    return taken(partial(_loaded, files, exports, imports))


def _loaded(files: Sequence[bytes], exports: Sequence[str], imports: Mapping[str, int]) -> Code:
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
