"""What a call of a small native function costs, beside Python, CasADi, heyoka, JAX and ctypes.

    python -m tests.bench.native_calls

Medians of CPU time of a statement, with the loop around it; one pinned core. Peers write into
memory that is there where they can, which spares them a new array.
"""

from __future__ import annotations

import ctypes
import dataclasses
import gc
import importlib
import random
import statistics
import time
import timeit
from collections.abc import Sequence
from typing import Any, NamedTuple

import attrs
import numpy as np

import fgrad as fg
from tests.bench import cpeers, peers
from tests.bench.race import missing, pinned, spoken, verdict

ROUNDS = 15


@attrs.frozen
class Call:
    """A statement, what it names, and what is needed: a ratio to ours, or at most so many seconds."""

    name: str
    statement: str
    given: dict[str, Any]
    need: float | None = None
    most: float | None = None

    def timer(self) -> timeit.Timer:
        """Of the statement."""
        return timeit.Timer(self.statement, globals=self.given, timer=time.process_time)


def race(title: str, calls: Sequence[Call]) -> None:
    timers = [call.timer() for call in calls]
    counts = [max(10, int(timer.autorange()[0] / 20)) for timer in timers]
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(ROUNDS):
        for i in random.sample(range(len(calls)), len(calls)):
            gc.collect()
            times[i].append(timers[i].timeit(counts[i]) / counts[i])
    middle = [statistics.median(t) for t in times]
    print(f"\n{title}\n\n| form | a call | beside ours | needed | met |\n|{' --- |' * 5}")
    for call, seconds in zip(calls, middle, strict=True):
        cells = verdict(seconds / middle[0], call.need)
        if call.most is not None:
            cells = f"<= {spoken(call.most)} | {'yes' if seconds <= call.most else 'NO'}"
        print(f"| {call.name} | {spoken(seconds)} | {seconds / middle[0]:.2f}x | {cells} |")


def of_floats() -> list[Call]:
    """f(a, b) = a * b + a."""

    def f(a: float, b: float) -> float:
        return a * b + a

    fast = fg.compile(f, backend="native")
    given = {"a": 2.0, "b": 3.0}
    calls = [
        Call("fgrad native, specialised", "f(a, b)", {**given, "f": fast.specialise(2.0, 3.0)},
             most=60e-9),
        Call("fgrad native, compiled", "f(a, b)", {**given, "f": fast}),
        Call("Python", "f(a, b)", {**given, "f": f}),
    ]  # fmt: skip
    absent = missing("casadi", "jax", "heyoka")
    if "casadi" not in absent:
        c = importlib.import_module("casadi")
        a, b = c.SX.sym("a"), c.SX.sym("b")
        calls.append(Call("casadi", "f(a, b)", {**given, "f": c.Function("f", [a, b], [f(a, b)])}))
    if "heyoka" not in absent:
        hy = peers.heyoka_words().heyoka
        a, b = hy.make_vars("a", "b")
        calls.append(Call("heyoka", "f([a, b])", {**given, "f": hy.cfunc([f(a, b)], [a, b])}))
    if "jax" not in absent:
        jitted = peers.jax_words().jax.jit(f)
        jitted(2.0, 3.0).block_until_ready()
        calls.append(Call("jax.jit", "f(a, b)", {**given, "f": jitted}, need=100.0))
    if cpeers.compiler():
        library = cpeers.built("double f(double a, double b) { return a * b + a; }", cpeers.USUAL)
        function = library.f
        function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double] * 2
        calls.append(Call("C by ctypes", "f(a, b)", {**given, "f": function}))
    return calls


def of_arrays() -> list[Call]:
    """f(x) = (x0 * x1, x0), an array to an array."""

    def f(x: Any) -> list[Any]:
        return [x[0] * x[1], x[0]]

    compiled: Any = fg.compile(f, backend="native")
    x, y = np.array([2.0, 3.0]), np.empty(2)
    calls = [
        Call("fgrad native, specialised", "f(x)", {"x": x, "f": compiled.specialise(x)}, most=200e-9),
        Call("Python and numpy", "f(x)", {"x": x, "f": lambda x: np.array([x[0] * x[1], x[0]])}, 1.0),
    ]  # fmt: skip
    absent = missing("casadi", "jax", "heyoka")
    if "casadi" not in absent:
        c = importlib.import_module("casadi")
        s = c.SX.sym("x", 2)
        function = c.Function("f", [s], [c.vertcat(*f(s))])
        buffer, trigger = function.buffer()
        buffer.set_arg(0, x.data)
        buffer.set_res(0, y.data)
        kept = {"trigger": trigger, "kept": buffer}
        calls.append(Call("casadi, buffer, into one array", "trigger()", kept, 1.0))
        calls.append(Call("casadi", "f(x)", {"x": x, "f": function}, 1.0))
    if "heyoka" not in absent:
        hy = peers.heyoka_words().heyoka
        s = hy.make_vars("a", "b")
        function = hy.cfunc(f(s), s)
        calls.append(Call("heyoka", "f(x)", {"x": x, "f": function}, 1.0))
        into = {"x": x, "y": y, "f": function}
        calls.append(Call("heyoka, into one array", "f(x, outputs=y)", into, 1.0))
    if "jax" not in absent:
        m = peers.jax_words()
        jitted = m.jax.jit(lambda x: m.jnp.stack(f(x)))
        for name, argument in (("array of JAX", m.jnp.asarray(x)), ("array of numpy", x)):
            jitted(argument).block_until_ready()
            calls.append(Call(f"jax.jit, {name}", "f(x)", {"x": argument, "f": jitted}, 100.0))
    if cpeers.compiler():
        text = "void f(const double *x, double *y) { y[0] = x[0] * x[1]; y[1] = x[0]; }"
        function = cpeers.built(text, cpeers.USUAL).f
        places = {
            "f": function,
            "p": ctypes.c_void_p(x.ctypes.data),
            "q": ctypes.c_void_p(y.ctypes.data),
        }
        calls.append(Call("C by ctypes, into one array", "f(p, q)", places, 1.0))
    return calls


class Pair(NamedTuple):
    """Two numbers."""

    a: float
    b: float


@attrs.frozen
class State:
    """Three numbers."""

    x: float
    v: float
    m: float


@dataclasses.dataclass(frozen=True)
class Region:
    """Two numbers and a name."""

    low: float
    high: float
    name: str = dataclasses.field(default="region", metadata=fg.trees.STATIC)


def of_containers() -> list[Call]:
    """Functions of a container, to a number and to such a container."""
    cases: list[tuple[str, Any, Any]] = [
        ("NamedTuple of 2", Pair(2.0, 3.0), lambda p: p.a * p.b + p.a),
        ("attrs class of 3", State(2.0, 3.0, 4.0), lambda s: s.x * s.v + s.m),
        ("dataclass of 2", Region(2.0, 3.0), lambda w: w.low * w.high),
        ("dict of 2", {"a": 2.0, "b": 3.0}, lambda d: d["a"] * d["b"]),
        ("list of 4", [1.0, 2.0, 3.0, 4.0], lambda x: x[0] * x[1] + x[2] * x[3]),
    ]
    calls = []
    for name, value, f in cases:
        for to, function in (("a number", f), ("its gradient", fg.gradient(f))):
            fast = fg.compile(function, backend="native")
            for _ in range(3):
                fast(value)
            given = {"f": fast, "x": value}
            calls.append(Call(f"fgrad native, {name} to {to}", "f(x)", given, most=400e-9))
    return calls


def of_others() -> list[Call]:
    """Compiled functions of what is no float or comes by name, of long lists, and on the backend below."""

    def product(x: float, y: float) -> float:
        return x * y + x

    def squares(x: list[float]) -> float:
        return fg.sum([a * a for a in x])

    fast, named = fg.compile(product, backend="native"), fg.compile(product, backend="native")
    long = fg.compile(fg.gradient(squares), backend="native")
    plain = fg.compile(lambda p: p.a * p.b + p.a, backend="python")
    pair, ones, scalar = Pair(2.0, 3.0), [1.0] * 1000, np.float64(2.0)
    fast(2.0, 3.0), fast(x=2.0, y=3.0), named(x=2.0, y=3.0), long(ones), plain(pair)
    return [
        Call("fgrad native, two ints", "f(2, 3)", {"f": fast}),
        Call("fgrad native, a float of numpy", "f(x, 3.0)", {"f": fast, "x": scalar}),
        Call("fgrad native, by name", "f(x=2.0, y=3.0)", {"f": named}),
        Call("fgrad native, by name, after others", "f(x=2.0, y=3.0)", {"f": fast}),
        Call("fgrad native, list of 1,000 to its gradient", "f(x)", {"f": long, "x": ones}),
        Call("fgrad python, NamedTuple of 2 to a number", "f(x)", {"f": plain, "x": pair}),
    ]


def main() -> None:
    """Print four tables."""
    pinned()
    race("f(float, float) to a float", of_floats())
    race("f(array of 2) to an array of 2", of_arrays())
    race("Compiled functions of containers", of_containers())
    race("Compiled functions of other arguments", of_others())


if __name__ == "__main__":
    main()
