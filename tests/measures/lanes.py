"""A function written in LLVM IR, made callable on arrays: what tests of native functions run."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

from fgrad.backends.native.ir.builder import Block, Kind
from fgrad.backends.native.ir.function import Body, definition
from fgrad.backends.native.ir.machine import Machine
from fgrad.backends.native.runtime.llvm import BEST, Code, compiled, host, loaded

Columns = np.ndarray[tuple[int], np.dtype[np.float64]]


def module(body: Body, arity: int, width: int, *, fma: bool = True, inline: bool = True) -> str:
    """A loop `f(ptr in..., ptr out, i64 n)` over the lanes of `body`; n is a multiple of `width`."""
    kinds: tuple[Kind, ...] = tuple("double" for _ in range(arity))
    needs = dict.fromkeys(definition("@body", body, kinds, width, fma=fma, inline=inline))
    v = Block(width, fma).type("double")
    ins = [f"ptr noalias %in{i}" for i in range(arity)]
    lines = [f"define void @f({', '.join(ins)}, ptr noalias %out, i64 %n) {{"]
    lines += ["entry:", "br label %head", "head:"]
    lines += ["%i = phi i64 [0, %entry], [%next, %loop]"]
    lines += ["%more = icmp slt i64 %i, %n", "br i1 %more, label %loop, label %end", "loop:"]
    for k in range(arity):
        lines += [f"%p{k} = getelementptr double, ptr %in{k}, i64 %i"]
        lines += [f"%a{k} = load {v}, ptr %p{k}, align 8"]
    given = ", ".join([f"{v} %a{k}" for k in range(arity)])
    lines += [f"%r = call {v} @body({given})", "%q = getelementptr double, ptr %out, i64 %i"]
    lines += [f"store {v} %r, ptr %q, align 8", f"%next = add i64 %i, {width}"]
    lines += ["br label %head", "end:", "ret void", "}"]
    return "\n".join([*needs, *lines])


def lanes(
    body: Body, arity: int = 1, width: int = 4, *, fma: bool = True, machine: Machine | None = None
) -> Callable[..., Columns]:
    """The function over columns of equal length, of any number of rows."""
    text = module(body, arity, width, fma=fma)
    code: Code = loaded([compiled(text, machine or host(), BEST)], ["f"], {})
    pointer = ctypes.c_void_p
    run = ctypes.CFUNCTYPE(None, *[pointer] * (arity + 1), ctypes.c_int64)(code.addresses["f"])

    def over(*columns: Any) -> Columns:
        rows = len(columns[0])
        padded = -(-rows // width) * width
        ins = [np.resize(np.asarray(c, np.float64), padded) for c in columns]
        out = np.empty(padded)
        run(*[c.ctypes.data for c in [*ins, out]], padded)
        over.code = code  # type: ignore[attr-defined]  # keeps the code in memory
        return out[:rows]

    return over
