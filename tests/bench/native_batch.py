"""The native backend over many rows, beside C, JAX, CasADi, heyoka and Dr.Jit.

    python -m tests.bench.native_batch [--rows N] [--rounds N] [--only TITLE]

Black & Scholes' price with five sensitivities, and the Jacobian of bundle adjustment; then the
latter at 200,000 rows and at 2,000, which are in the cache; then what two threads cost. Each into
new arrays, and into arrays that are there (JAX and Dr.Jit make new ones, CasADi has its own). One
pinned core. C is written from the same program; peers have the same program, and their own
derivatives where they have second ones. Errors are against 50 digits, relative to each number.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import attrs
import numpy as np

import fgrad as fg
from fgrad.program.passes import simplified
from fgrad.program.program import Program
from fgrad.program.schedule import scheduled
from tests.bench import cpeers, peers
from tests.bench.models import (
    call_price,
    camera_jacobian,
    greeks,
    observations,
    options,
    reprojection,
    symbolic_greeks,
    symbolic_jacobian,
)
from tests.bench.race import Entrant, Run, agreed, medians, missing, pinned, show


@attrs.frozen
class Case:
    """A function of a row, and what it needs to be of each family of peers."""

    title: str
    function: Callable[..., Any]
    given: Callable[[Sequence[Any]], tuple[Any, ...]]
    """The arguments of the function from the columns."""
    columns: Callable[[int], list[Any]]
    by_symbols: Callable[..., list[Any]]
    by_jax: Callable[[Any, Sequence[Any]], Any]
    c: float
    jax: float
    casadi: float | None
    tables: Callable[[Sequence[Any]], list[Any]] | None = None
    """The same arguments as arrays of rows, where the function has lists."""

    def program(self) -> Program:
        """That which C and the peers are given."""
        traced = fg.trace(self.function)(*self.given([1.0] * len(self.columns(1))))
        return scheduled(simplified(traced))


def jax_greeks(m: Any, xs: Sequence[Any]) -> list[Any]:
    """By JAX's derivatives of the sum over the columns, which is its fastest form."""
    grad, add = m.jax.grad, m.jnp.sum
    price = partial(call_price, m)
    value = price(xs)
    slopes = grad(lambda *ps: add(price(ps)), (0, 2, 3, 4))(*xs)
    gamma = grad(lambda s: add(grad(lambda t: add(price((t, *xs[1:]))))(s)))(xs[0])
    return [value, slopes[0], gamma, slopes[1], -slopes[3], slopes[2]]


def jax_jacobian(m: Any, xs: Sequence[Any]) -> list[Any]:
    """By two pull-backs on whole columns."""
    ys, pull = m.jax.vjp(lambda p: reprojection(m, p, xs[15:]), list(xs[:15]))
    ones, zeros = m.jnp.ones_like(ys[0]), m.jnp.zeros_like(ys[0])
    return [*ys, *pull((ones, zeros))[0], *pull((zeros, ones))[0]]


BLACK_SCHOLES = Case(
    "Black-Scholes and five Greeks", greeks, tuple, options, symbolic_greeks, jax_greeks,
    c=0.8, jax=4.0, casadi=None,
)  # fmt: skip
BUNDLE = Case(
    "Bundle adjustment, Jacobian", camera_jacobian, lambda xs: (list(xs[:15]), list(xs[15:])),
    observations, symbolic_jacobian, jax_jacobian, c=1.0, jax=6.0, casadi=20.0,
    tables=lambda xs: [np.stack(xs[:15], axis=1), np.stack(xs[15:], axis=1)],
)  # fmt: skip


def ours(case: Case, given: Sequence[Any], **options: Any) -> Callable[[], Run]:
    """How a run of the native backend is made."""

    def make() -> Run:
        compiled: Any = fg.compile(case.function, backend="native")
        return lambda: list(compiled.map(*given, **options))

    return make


def in_fgrad(case: Case, inputs: Sequence[Any], *, fresh: bool) -> list[Entrant]:
    program = case.program()
    options: dict[str, Any] = {}
    if not fresh:
        options["out"] = tuple(cpeers.staggered(len(program.outputs), len(inputs[0])))
    forms = {"columns": case.given(inputs)}
    if case.tables is not None:
        forms["tables"] = tuple(case.tables(inputs))
    return [
        Entrant.of(f"fgrad native, map of {name}", ours(case, given, **options))
        for name, given in forms.items()
    ]


def in_c(case: Case, inputs: Sequence[Any], *, fresh: bool) -> list[Entrant]:
    program = case.program()
    texts = {"plain loop": cpeers.plain(program)}
    for width in cpeers.widths():
        texts[f"vectors of {width}, libmvec"] = cpeers.vectors(program, width)
    entrants = []
    for name, text in texts.items():
        for label, flags in (("", cpeers.USUAL), (", -ffast-math", cpeers.FAST)):
            need = case.c if "libmvec" in name else None
            made = partial(cpeers.columns, program, inputs, text, flags, fresh=fresh)
            entrants.append(Entrant.of(f"C, {name}{label}", made, need))
    return entrants


def with_jax(case: Case, inputs: Sequence[Any]) -> list[Entrant]:
    m = peers.jax_words()
    builds: dict[str, peers.Build] = {
        "same lines": peers.lines(case.program(), m),
        "its derivatives": partial(case.by_jax, m),
    }
    return [
        Entrant.of(f"jax.jit, {name}", partial(peers.jax_columns, build, inputs), case.jax)
        for name, build in builds.items()
    ]


def with_casadi(case: Case, inputs: Sequence[Any]) -> list[Entrant]:
    m = peers.casadi_words()
    own = partial(case.by_symbols, m, m.slope)
    builds: dict[str, peers.Build] = {
        "same lines": peers.lines(case.program(), m),
        "its derivatives": own,
    }
    return [
        Entrant.of(f"casadi, {name}", partial(peers.casadi_columns, build, inputs), case.casadi)
        for name, build in builds.items()
    ]


def with_heyoka(case: Case, inputs: Sequence[Any], *, fresh: bool) -> list[Entrant]:
    m = peers.heyoka_words()
    own = partial(case.by_symbols, m, m.slope)
    builds: dict[str, peers.Build] = {
        "same lines": peers.lines(case.program(), m),
        "its derivatives": own,
    }
    fast: dict[str, Any] = {"fast_math": True}
    ways: dict[str, dict[str, Any]] = {"default": {}, "fast_math": fast}
    if 8 in cpeers.widths():
        ways["fast_math, 8 lanes"] = {**fast, "force_avx512": True, "batch_size": 8}
    return [
        Entrant.of(
            f"heyoka, {name}, {way}",
            partial(peers.heyoka_columns, build, inputs, fresh=fresh, **how),
            1.0,
        )
        for name, build in builds.items()
        for way, how in ways.items()
    ]


def with_drjit(case: Case, inputs: Sequence[Any]) -> list[Entrant]:
    build = peers.lines(case.program(), peers.drjit_words())
    made = partial(peers.drjit_columns, build, inputs)
    return [Entrant.of("Dr.Jit @freeze, same lines", made, 1.0)]


def race(case: Case, rows: int, rounds: int, *, fresh: bool) -> None:
    """The table of times, and that of errors."""
    inputs = case.columns(rows)
    absent = missing("jax", "casadi", "heyoka", "drjit")
    entrants = in_fgrad(case, inputs, fresh=fresh)
    if cpeers.compiler():
        entrants += in_c(case, inputs, fresh=fresh)
    if "heyoka" not in absent:
        entrants += with_heyoka(case, inputs, fresh=fresh)
    if "casadi" not in absent and not fresh:
        entrants += with_casadi(case, inputs)
    if "jax" not in absent and fresh:
        entrants += with_jax(case, inputs)
    if "drjit" not in absent and fresh and peers.drjit_there():
        entrants += with_drjit(case, inputs)
    agreed(entrants[0].run(), entrants[1:], 1e-7)
    where = "new arrays" if fresh else "arrays that are there"
    title = f"{case.title}, {len(case.program())} lines, {rows:,} rows into {where}"
    show(title, entrants, rounds=rounds, rows=rows)
    errors(case, inputs, entrants)


def errors(
    case: Case, inputs: Sequence[Any], entrants: Sequence[Entrant], sample: int = 500
) -> None:
    """Relative errors of all outputs on some rows, in units of 2**-53."""
    if missing("mpmath"):
        return
    m = peers.mpmath_words()
    build = peers.lines(case.program(), m)
    rows = len(inputs[0])
    chosen = np.random.default_rng(1).integers(0, rows, sample)
    exact = [build([m.mpf(float(x[i])) for x in inputs]) for i in chosen]
    scales = [max(map(abs, column)) or 1 for column in zip(*exact, strict=True)]
    print("\n| form | median error | largest | largest, by the column's largest number |")
    print("| --- | --- | --- | --- |")
    for e in entrants:
        own, common = [], []
        columns = [np.broadcast_to(np.asarray(y), rows)[chosen].tolist() for y in e.run()]
        for given, right, scale in zip(columns, zip(*exact, strict=True), scales, strict=True):
            far = [abs(m.mpf(a) - b) * 2**53 for a, b in zip(given, right, strict=True)]
            own += [float(d / abs(b)) for d, b in zip(far, right, strict=True) if b]
            common.append(float(max(far) / scale))
        middle = statistics.median(own)
        print(f"| {e.name} | {middle:.2f} | {max(own):.3g} | {max(common):.3g} |", flush=True)


def two_threads(case: Case, rows: int, cores: set[int]) -> None:
    """The CPU time of two threads by that of one, and the time on the wall."""
    inputs = case.columns(rows)
    pinning = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    runs = {f"{n}": ours(case, case.given(inputs), threads=n)() for n in (1, 2)}
    same = all(np.array_equal(a, b) for a, b in zip(runs["1"](), runs["2"](), strict=True))
    cpu, wall = medians(runs), medians(runs, clock=time.perf_counter)
    os.sched_setaffinity(0, pinning)
    print(f"\n{case.title}, {rows:,} rows, two threads on {len(cores)} cores: CPU time", end=" ")
    print(f"{cpu['2'] / cpu['1']:.2f}x of one (needed <= 1.10x),", end=" ")
    print(f"{wall['1'] / wall['2']:.2f}x as fast on the wall, the same bits: {same}", flush=True)


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    cores = os.sched_getaffinity(0)
    pinned()
    for case, rows in (
        (BLACK_SCHOLES, given.rows),
        (BUNDLE, given.rows),
        (BUNDLE, given.rows // 5),
        (BUNDLE, 2000),
    ):
        if given.only.lower() in case.title.lower():
            for fresh in (True, False):
                race(case, rows - rows % 8, given.rounds, fresh=fresh)
    two_threads(BUNDLE, given.rows, cores)


if __name__ == "__main__":
    main()
