"""Other libraries: their functions under fgrad's names, and programs over columns in each.

Each gives a `Run`, which computes all outputs on columns that are ready in the form that the
library likes best; where it can write into memory that is there, it does.
"""

from __future__ import annotations

import importlib
import operator
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from fgrad.program.program import Program
from tests.bench.race import Run

Build = Callable[[Sequence[Any]], Sequence[Any]]
"""From the inputs, as arrays or as symbols, to the outputs."""

_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
    "neg": operator.neg, "reciprocal": lambda x: 1.0 / x, "square": lambda x: x * x,
    "identity": lambda x: x,
}  # fmt: skip


def lines(program: Program, m: Any) -> Build:
    """The lines of a program with the functions of a library."""
    forms = {**_ARITHMETIC, "gauss": lambda x: m.exp(-(x * x))}

    def build(xs: Sequence[Any]) -> list[Any]:
        values = list(xs)
        for op, args in program.instructions:
            form = forms.get(op.name) or getattr(m, op.name)
            values.append(form(*[values[a] if type(a) is int else a for a in args]))
        return [values[i] for i in program.outputs]

    return build


def jax_words() -> Any:
    jax, jnp = importlib.import_module("jax"), importlib.import_module("jax.numpy")
    jax.config.update("jax_enable_x64", True)
    erfc = importlib.import_module("jax.scipy.special").erfc
    return SimpleNamespace(
        sqrt=jnp.sqrt, exp=jnp.exp, log=jnp.log, sin=jnp.sin, cos=jnp.cos, tanh=jnp.tanh,
        erfc=erfc, where=jnp.where, relu=lambda x: jnp.maximum(x, 0.0), jax=jax, jnp=jnp,
    )  # fmt: skip


def jax_columns(build: Build, inputs: Sequence[Any]) -> Run:
    """jax.jit of a function of columns."""
    m = jax_words()
    compiled = m.jax.jit(build)
    held = [m.jnp.asarray(x) for x in inputs]
    return lambda: [y.block_until_ready() for y in compiled(held)]


def casadi_words() -> Any:
    c = importlib.import_module("casadi")
    return SimpleNamespace(
        sqrt=c.sqrt, exp=c.exp, log=c.log, sin=c.sin, cos=c.cos, tanh=c.tanh,
        erfc=lambda x: 1.0 - c.erf(x), where=c.if_else, slope=c.gradient, casadi=c,
    )  # fmt: skip


def casadi_columns(build: Build, inputs: Sequence[Any], **options: Any) -> Run:
    """CasADi's interpreter of scalar expressions, mapped over the rows, on its buffer interface."""
    c = casadi_words().casadi
    xs = [c.SX.sym(f"x{i}") for i in range(len(inputs))]
    f = c.Function("f", xs, [c.SX(y) for y in build(xs)], options).map(len(inputs[0]))
    buffer, trigger = f.buffer()
    outputs = [np.empty((1, len(inputs[0]))) for _ in range(f.n_out())]
    held = [np.ascontiguousarray(x) for x in inputs]
    for i, x in enumerate(held):
        buffer.set_arg(i, x.data)
    for i, y in enumerate(outputs):
        buffer.set_res(i, y.data)

    def run(kept: Any = (f, buffer, held)) -> list[Any]:
        trigger()
        return [y[0] for y in outputs]

    return run


def heyoka_words() -> Any:
    hy = importlib.import_module("heyoka")
    hy.set_nthreads(1)
    hy.llvm_state.set_diskcache_enabled(False)
    hy.llvm_state.set_memcache_limit(0)
    return SimpleNamespace(
        sqrt=hy.sqrt, exp=hy.exp, log=hy.log, sin=hy.sin, cos=hy.cos, tanh=hy.tanh,
        erfc=hy.erfc, slope=hy.diff, heyoka=hy,
    )  # fmt: skip


def heyoka_columns(
    build: Build, inputs: Sequence[Any], *, fresh: bool = False, **options: Any
) -> Run:
    """A compiled function of heyoka, over the rows of one array, into one that is there or is new."""
    hy = heyoka_words().heyoka
    xs = hy.make_vars(*[f"x{i}" for i in range(len(inputs))])
    f = hy.cfunc([hy.expression(y) for y in build(xs)], xs, **options)
    held = np.stack(inputs)
    outputs = np.empty((f.nouts, held.shape[1]))

    def run() -> list[Any]:
        f(held, outputs=outputs)
        return list(outputs)

    return (lambda: list(f(held))) if fresh else run


def drjit_there() -> bool:
    """Whether Dr.Jit has the LLVM that it needs; looks for one of the system."""
    if "DRJIT_LIBLLVM_PATH" not in os.environ:
        found = sorted(map(str, Path("/usr/lib").glob("*/libLLVM*.so*")))
        if not found:
            print("skipped: Dr.Jit needs a libLLVM of the system, see DRJIT_LIBLLVM_PATH")
            return False
        os.environ["DRJIT_LIBLLVM_PATH"] = found[-1]
    return True


def drjit_words() -> Any:
    dr, kinds = importlib.import_module("drjit"), importlib.import_module("drjit.llvm")
    return SimpleNamespace(
        sqrt=dr.sqrt, exp=dr.exp, log=dr.log, sin=dr.sin, cos=dr.cos, tanh=dr.tanh,
        erfc=lambda x: 1.0 - dr.erf(x), where=dr.select, drjit=dr, kind=kinds.Float64,
    )  # fmt: skip


def drjit_columns(build: Build, inputs: Sequence[Any]) -> Run:
    """A frozen function of Dr.Jit, on its arrays; evaluated, and waited for."""
    m = drjit_words()
    dr = m.drjit
    frozen = dr.freeze(lambda *xs: tuple(build(xs)))
    held = [m.kind(x) for x in inputs]

    def run() -> list[Any]:
        outputs = frozen(*held)
        dr.eval(outputs)
        dr.sync_thread()
        return list(outputs)

    run()  # it records, and replays from the second call on
    return run


def mpmath_words(digits: int = 50) -> Any:
    """The oracle."""
    mp = importlib.import_module("mpmath").mp
    mp.dps = digits
    return SimpleNamespace(
        sqrt=mp.sqrt, exp=mp.exp, log=mp.log, sin=mp.sin, cos=mp.cos, tanh=mp.tanh,
        erfc=mp.erfc, mpf=mp.mpf,
    )  # fmt: skip
