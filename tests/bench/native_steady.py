"""Long programs for one point in steady state, with their best code: beside C, CasADi and heyoka.

    python -m tests.bench.native_steady [--rounds N] [--operations N]

Rosenbrock's value and gradient from an array to an array, at n = 1,000 and 10,000; in C it is a
loop written by hand. Then a random graph without a pattern: how long it takes to get code, and how
long the code takes. Peers write into memory that is there. CPU time, one pinned core.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

import fgrad as fg
from tests.bench import cpeers, peers
from tests.bench.models import rosenbrock, start, tangle
from tests.bench.race import Entrant, Run, agreed, missing, pinned, show

INPUTS = 20
_C = """\
double value_and_gradient(const double *restrict x, double *restrict g, long n)
{
    double value = 0.0;
    g[0] = 0.0;
    for (long i = 0; i + 1 < n; i++) {
        const double valley = x[i + 1] - x[i] * x[i], along = 1.0 - x[i];
        value += 100.0 * (valley * valley) + along * along;
        g[i] -= 400.0 * x[i] * valley + 2.0 * along;
        g[i + 1] = 200.0 * valley;
    }
    return value;
}
"""


def ours(f: Callable[[Any], Any], x: Any, *, best: bool = True) -> tuple[Entrant, int]:
    """The native backend from an array to an array, with its best code, and how many lines it has.

    That code comes by itself after some thousand calls. Here it is asked for, so that the time is
    known; it does not come a second time. Without `best` it is left away, and does not come.
    """
    kept: list[Any] = []

    def make() -> Run:
        compiled: Any = fg.compile(f, backend="native")
        fast = compiled.specialise(x)
        kernel = compiled.specialisation([0.0] * len(x)).kernel
        if best:
            list(kernel.entry.improve())
        kernel.entry.cell[1] = -1  # so that it never comes
        kept.append(kernel)
        return lambda: fast(x)

    entrant = Entrant.of(f"fgrad native, {'best' if best else 'first'} code", make)
    return entrant, len(kept[0].program)


def in_c(x: Any, flags: Sequence[str]) -> Run:
    function = cpeers.built(_C, tuple(flags)).value_and_gradient
    function.restype = ctypes.c_double
    out = np.empty(1 + len(x))
    given = ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(out.ctypes.data + 8)
    size = ctypes.c_long(len(x))

    def run() -> Any:
        out[0] = function(*given, size)
        return out

    return run


def in_casadi(build: Callable[[Any, Sequence[Any]], Sequence[Any]], x: Any) -> Run:
    """CasADi's interpreter, on its buffer interface; `build` is given symbols."""
    m = peers.casadi_words()
    c = m.casadi
    s = c.SX.sym("x", len(x))
    f = c.Function("f", [s], [c.vertcat(*build(m, [s[i] for i in range(len(x))]))])
    buffer, trigger = f.buffer()
    out = np.empty(f.numel_out(0))
    buffer.set_arg(0, x.data)
    buffer.set_res(0, out.data)

    def run(kept: Any = (f, buffer)) -> Any:
        trigger()
        return out

    return run


def in_heyoka(build: Callable[[Any, Sequence[Any]], Sequence[Any]], x: Any, **options: Any) -> Run:
    """A compiled function of heyoka; `build` is given symbols."""
    m = peers.heyoka_words()
    xs = m.heyoka.make_vars(*[f"x{i}" for i in range(len(x))])
    f = m.heyoka.cfunc(list(build(m, xs)), xs, **options)
    out = np.empty(f.nouts)

    def run() -> Any:
        f(x, outputs=out)
        return out

    return run


def casadi_rosenbrock(m: Any, xs: Sequence[Any]) -> list[Any]:
    y = rosenbrock(xs)
    return [y, m.casadi.gradient(y, m.casadi.vertcat(*xs))]


def heyoka_rosenbrock(m: Any, xs: Sequence[Any]) -> list[Any]:
    y = rosenbrock(xs)
    return [y, *m.heyoka.diff_tensors([y], diff_args=list(xs), diff_order=1).gradient]


def smooth(n: int, rounds: int) -> None:
    """Rosenbrock's function."""
    x = np.array(start(n))
    first, lines = ours(fg.value_and_gradient(rosenbrock), x)
    entrants = [first]
    if cpeers.compiler():
        entrants += [
            Entrant.of("C by ctypes, -O3", partial(in_c, x, ("-O3",)), 0.5),
            Entrant.of("C by ctypes, -O3 -march=native", partial(in_c, x, cpeers.USUAL), 0.5),
            Entrant.of("the same, -ffast-math", partial(in_c, x, cpeers.FAST)),
        ]
    absent = missing("casadi", "heyoka")
    if "casadi" not in absent:
        made = partial(in_casadi, casadi_rosenbrock, x)
        entrants.append(Entrant.of("casadi, interpreter", made, 10.0))
    if "heyoka" not in absent:
        for how in ({}, {"fast_math": True}):
            made = partial(in_heyoka, heyoka_rosenbrock, x, compact_mode=True, **how)
            name = f"heyoka, compact{', fast_math' * bool(how)}"
            entrants.append(Entrant.of(name, made, 1.0))
    agreed([first.run()], [_single(e) for e in entrants[1:]])
    show(f"Rosenbrock's value and gradient, n = {n:,}, {lines:,} lines", entrants, rounds=rounds)


def rough(operations: int, rounds: int) -> None:
    """The random graph: what is needed of the peers is four times our time of making code as fast."""
    x = np.linspace(-0.9, 0.9, INPUTS)
    first, lines = ours(lambda x: tangle(fg, x, operations), x)
    early, _ = ours(lambda x: tangle(fg, x, operations), x, best=False)
    build = lambda m, xs: tangle(m, xs, operations)
    entrants = [first, early]
    absent = missing("casadi", "heyoka")
    if "casadi" not in absent:
        entrants.append(Entrant.of("casadi, interpreter", partial(in_casadi, build, x)))
    if "heyoka" not in absent:
        for name, how in (
            ("compact", {"compact_mode": True}),
            ("default", {}),
            ("fast_math", {"fast_math": True}),
        ):
            made = partial(in_heyoka, build, x, **how)
            entrants.append(Entrant.of(f"heyoka, {name}", made, 1.0))
    agreed([first.run()], [_single(e) for e in entrants[1:]])
    show(f"A random graph of {lines:,} lines", entrants, rounds=rounds)
    for e in entrants[2:]:
        if "heyoka" in e.name:
            best, early_too = e.made / first.made, e.made / early.made
            met = "yes" if early_too >= 4.0 else "NO"
            print(
                f"made by {e.name} in {early_too:.1f}x our time to the first code, "
                f"needed >= 4x: {met}; in {best:.1f}x that to the best"
            )


def _single(e: Entrant) -> Entrant:
    return Entrant(e.name, lambda: [e.run()], e.made)


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--operations", type=int, default=30_000)
    given = parser.parse_args()
    pinned()
    for library in ("casadi", "heyoka"):
        if importlib.util.find_spec(library):
            importlib.import_module(library)  # so that nobody's making has an import in it
    importlib.import_module("llvmlite.binding")
    smooth(1000, given.rounds)
    smooth(10_000, given.rounds)
    rough(given.operations, given.rounds)


if __name__ == "__main__":
    main()
