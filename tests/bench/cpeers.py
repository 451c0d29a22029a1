"""Programs over columns in C: a plain loop, and one on GCC's vectors with glibc's libmvec.

Written from the same lines that fgrad runs, and compiled for this machine.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np

from fgrad.formats.c.writer import literal
from fgrad.program.program import Program
from tests.bench.race import Run

GCC = which("gcc")
USUAL = ("-O3", "-march=native", "-fno-math-errno")
FAST = (*USUAL, "-ffast-math")
TEXTS = {
    "add": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0} * {1}", "div": "{0} / {1}",
    "neg": "-{0}", "reciprocal": "1.0 / {0}", "square": "{0} * {0}", "identity": "{0}",
    "gauss": "exp(-({0} * {0}))",
    **{name: name + "({0})" for name in ("sqrt", "exp", "log", "sin", "cos", "tanh", "erfc")},
}  # fmt: skip
_OF_LIBMVEC = ("exp", "log", "sin", "cos", "tanh", "erfc")
_LETTERS = {4: "d", 8: "e"}


def compiler() -> bool:
    """Whether GCC is there."""
    if GCC is None:
        print("skipped: C needs gcc")
    return GCC is not None


def widths() -> list[int]:
    """How many doubles vectors of this machine have, as far as libmvec has functions of them."""
    flags = Path("/proc/cpuinfo").read_text(encoding="ascii")
    return [4] * (" avx2" in flags) + [8] * (" avx512f" in flags)


@cache
def built(text: str, flags: Sequence[str]) -> ctypes.CDLL:
    """The shared library of a C text."""
    name = hashlib.sha256(repr((text, flags)).encode()).hexdigest()
    folder = Path(tempfile.mkdtemp(prefix="fgrad_bench_"))
    source, code, library = (folder / f"{name[:16]}{end}" for end in (".c", ".o", ".so"))
    source.write_text(text, encoding="ascii")
    subprocess.run([GCC or "gcc", *flags, "-fPIC", "-c", source, "-o", code], check=True)
    # Linked without -ffast-math, which would flush subnormal numbers in the whole process.
    subprocess.run([GCC or "gcc", "-shared", code, "-o", library, "-lmvec", "-lm"], check=True)
    return ctypes.CDLL(os.fspath(library))


def plain(program: Program) -> str:
    """`rows(x, y, n)` as a loop over numbers."""
    inputs = range(len(program.inputs))
    outputs = range(len(program.outputs))
    return "\n".join([
        "#include <math.h>",
        "void rows(const double *const *x, double *const *y, long n) {",
        *[f"const double *restrict p{i} = x[{i}];" for i in inputs],
        *[f"double *restrict q{i} = y[{i}];" for i in outputs],
        "for (long i = 0; i < n; i++) {",
        *[f"const double v{i} = p{i}[i];" for i in inputs],
        *_statements(program, "double", literal),
        *[f"q{i}[i] = v{v};" for i, v in enumerate(program.outputs)],
        "}}",
    ])  # fmt: skip


def vectors(program: Program, width: int) -> str:
    """The same on vectors; the number of rows must be a multiple of the width."""
    letter = f"_ZGV{_LETTERS[width]}N{width}v_"
    root = {4: "_mm256_sqrt_pd", 8: "_mm512_sqrt_pd"}[width]
    inputs = range(len(program.inputs))
    return "\n".join([
        "#include <immintrin.h>",
        f"typedef double v __attribute__((vector_size({8 * width})));",
        f"typedef double u __attribute__((vector_size({8 * width}), aligned(8)));",
        *[f"v {letter}{name}(v);\n#define {name}(x) {letter}{name}(x)" for name in _OF_LIBMVEC],
        f"#define sqrt(x) (v) {root}(x)",
        "void rows(const double *const *x, double *const *y, long n) {",
        f"for (long i = 0; i < n; i += {width}) {{",
        *[f"const v v{i} = *(const u *)(x[{i}] + i);" for i in inputs],
        *_statements(program, "v", lambda a: f"({literal(a)} - (v) {{}})"),
        *[f"*(u *)(y[{i}] + i) = v{v};" for i, v in enumerate(program.outputs)],
        "}}",
    ])  # fmt: skip


def _statements(program: Program, kind: str, constant: Callable[[float], str]) -> list[str]:
    written = []
    for value, (op, args) in enumerate(program.instructions, len(program.inputs)):
        given = [f"v{a}" if type(a) is int else constant(a) for a in args]
        written.append(f"const {kind} v{value} = {TEXTS[op.name].format(*given)};")
    return written


def staggered(count: int, rows: int) -> list[Any]:
    """Columns whose vectors lie in one line of the cache, and that start in different sets of it."""
    columns = []
    for k in range(count):
        room = np.empty(rows + 8 * (k % 64 + 1))
        start = 8 * (k % 64) + -room.ctypes.data // 8 % 8
        columns.append(room[start : start + rows])
    return columns


def columns(
    program: Program, inputs: Sequence[Any], text: str, flags: Sequence[str], *, fresh: bool
) -> Run:
    """The C function on columns, into new columns or into columns that are there."""
    function = built(text, tuple(flags)).rows
    count, rows = len(program.outputs), len(inputs[0])
    ins = _pointers(inputs)
    kept = staggered(count, rows)
    outs = _pointers(kept)

    def run(held: Any = inputs) -> list[Any]:
        function(ins, outs, ctypes.c_long(rows))
        return kept

    def anew(held: Any = inputs) -> list[Any]:
        outputs = staggered(count, rows)
        function(ins, _pointers(outputs), ctypes.c_long(rows))
        return outputs

    return anew if fresh else run


def _pointers(columns: Sequence[Any]) -> Any:
    return (ctypes.c_void_p * len(columns))(*[x.ctypes.data for x in columns])
