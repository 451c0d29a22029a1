"""A program over columns beside straight numpy, and beside jax.jit(vmap) if jax is there.

    python -m tests.bench.columns [rows]

Black & Scholes' price with five sensitivities, beside the textbook's closed forms written for whole
arrays; and the Jacobian of a residual of bundle adjustment (ADBench's camera), beside the lines
of the same program on whole arrays, each a new one. The closed forms go through columns too. One
process and one thread, interleaved runs, medians of CPU time. "whole" is one block of all rows; "fresh" is blocks without reuse of arrays.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import math
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy import special

import fgrad as fg
from fgrad.arrays import ufuncs
from fgrad.backends.numpy import block
from fgrad.backends.numpy.columns import columns
from fgrad.program.passes import simplified
from fgrad.program.program import Program
from fgrad.program.schedule import last_uses, peak, scheduled
from tests.bench.models import camera_jacobian, greeks, normal_cdf, observations, options

ROUNDS = 9
Run = Callable[[], Sequence[Any]]


def closed_forms(m: Any, inputs: Sequence[Any]) -> tuple[Any, ...]:
    """The same by hand, for numpy or fgrad as `m`: what is used twice is computed once."""
    S, K, v, r, T = inputs  # noqa: N806  # as in books
    cdf = special.ndtr if m is np else partial(normal_cdf, m)
    root = m.sqrt(T)
    spread = v * root
    d1 = (m.log(S / K) + (r + 0.5 * v * v) * T) / spread
    d2 = d1 - spread
    density = m.exp(-0.5 * d1 * d1) * (1.0 / math.sqrt(2.0 * math.pi))
    discounted = K * m.exp(-r * T)
    delta, second = cdf(d1), cdf(d2)
    value = S * delta - discounted * second
    gamma = density / (S * spread)
    theta = -S * density * v / (2.0 * root) - r * discounted * second
    return value, delta, gamma, S * density * root, theta, T * discounted * second


def line_by_line(program: Program, inputs: Sequence[Any]) -> list[Any]:
    """The program on whole arrays, one new array for each line, let go after its last use."""
    values = list(inputs)
    last = last_uses(program)
    with np.errstate(all="ignore"):
        for i, (op, args) in enumerate(program.instructions):
            values.append(
                ufuncs.form(op).function(*[values[a] if type(a) is int else a for a in args])
            )
            for a in args:
                if type(a) is int and last[a] == i:
                    values[a] = None
    return [values[i] for i in program.outputs]


def with_block(program: Program, inputs: Sequence[Any], rows: int) -> Run:
    """The same, in blocks of so many rows."""
    usual = block.SHORTEST, block.LONGEST
    block.SHORTEST = block.LONGEST = rows  # type: ignore[misc]
    run = columns(program)
    run(inputs)
    block.SHORTEST, block.LONGEST = usual  # type: ignore[misc]
    return lambda: run(inputs)


def fresh(program: Program, inputs: Sequence[Any], rows: int) -> Run:
    """Blocks, but a new array for each line."""

    def run() -> list[Any]:
        size = inputs[0].shape[0]
        outputs = [np.empty(size) for _ in program.outputs]
        for a in range(0, size, rows):
            part = line_by_line(program, [x[a : a + rows] for x in inputs])
            for y, x in zip(outputs, part, strict=True):
                y[a : a + rows] = x
        return outputs

    return run


def with_jax(program: Program, inputs: Sequence[Any]) -> Run | None:
    """jax.jit of the lines, which is what vmap of them comes to."""
    if not importlib.util.find_spec("jax"):
        return None
    jax, jnp = importlib.import_module("jax"), importlib.import_module("jax.numpy")
    erfc = importlib.import_module("jax.scipy.special").erfc
    jax.config.update("jax_enable_x64", True)
    own = {
        "add": jnp.add, "sub": jnp.subtract, "mul": jnp.multiply, "div": jnp.divide,
        "neg": jnp.negative, "reciprocal": lambda x: 1.0 / x, "square": jnp.square,
        "sqrt": jnp.sqrt, "exp": jnp.exp, "log": jnp.log, "sin": jnp.sin, "cos": jnp.cos,
        "erfc": erfc, "gauss": lambda x: jnp.exp(-x * x), "where": jnp.where,
        "identity": lambda x: x,
    }  # fmt: skip

    def one(xs: Any) -> list[Any]:
        values = list(xs)
        for op, args in program.instructions:
            values.append(own[op.name](*[values[a] if type(a) is int else a for a in args]))
        return [values[i] for i in program.outputs]

    compiled = jax.jit(jax.vmap(one))
    held = [jnp.asarray(x) for x in inputs]
    return lambda: [y.block_until_ready() for y in compiled(held)]


def medians(runs: dict[str, Run]) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name in random.sample(sorted(runs), len(runs)):
            gc.collect()
            begin = time.process_time()
            kept = runs[name]()
            times[name].append(time.process_time() - begin)
            del kept
    return {name: statistics.median(t) for name, t in times.items()}


def farthest(runs: dict[str, Run]) -> float:
    """How far the contestants are apart, relative to the largest number of an output."""
    ours, *others = [[np.asarray(y) for y in run()] for run in runs.values()]
    return max(
        float(np.max(np.abs(x - y)) / (np.max(np.abs(x)) + 1e-300))
        for theirs in others
        for x, y in zip(ours, theirs, strict=True)
    )


def table(title: str, traced: Program, inputs: list[Any], straight: Run | None = None) -> None:
    program = scheduled(simplified(traced))
    rows = inputs[0].shape[0]
    run = columns(program)
    run(inputs)
    (kernel,) = run._kernels.values()
    runs: dict[str, Run] = {"columns": lambda: run(inputs)}
    if straight:
        runs["closed forms in numpy"] = straight
    runs["line by line in numpy"] = lambda: line_by_line(program, inputs)
    if peer := with_jax(program, inputs):
        runs["jax.jit(vmap)"] = peer
    runs["fresh"] = fresh(program, inputs, kernel.block.size)
    for size in (512, 1024, 2048, 4096, 8192, 16384, 65536):
        runs[f"blocks of {size}"] = with_block(program, inputs, size)
    runs["whole"] = with_block(program, inputs, rows)
    print(
        f"\n{title}: {len(program)} lines of {len(traced)}, {peak(program)} values at once,"
        f" {rows:,} rows in blocks of {kernel.block.size}; answers differ by {farthest(runs):.0e}"
    )
    times = medians(runs)
    print("| form | ms | beside columns |\n| --- | --- | --- |")
    for name, seconds in times.items():
        print(f"| {name} | {seconds * 1e3:.1f} | {seconds / times['columns']:.2f}x |", flush=True)


def main() -> None:
    """Print both tables."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    inputs = options(rows)
    traced = fg.trace(greeks)(100.0, 100.0, 0.2, 0.03, 1.0)
    table("Black-Scholes by derivatives", traced, inputs, lambda: closed_forms(np, inputs))
    books: Any = closed_forms  # of traced numbers
    traced = fg.trace(lambda p: books(fg, p))([100.0, 100.0, 0.2, 0.03, 1.0])
    table("Black-Scholes by closed forms", traced, inputs, lambda: closed_forms(np, inputs))
    seen = observations(rows)
    camera: Any = camera_jacobian
    table("Bundle adjustment", fg.trace(camera)([0.1] * 15, [0.0] * 2), seen)


if __name__ == "__main__":
    os.environ.setdefault(
        "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    )
    main()
