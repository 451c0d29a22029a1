"""Laws of sparse derivatives on random sparse programs.

    python -m tests.laws.sparse_laws 2000

For each program: the patterns are those that sets of paths give, nonzeros are those of the dense
derivatives, by each method, and the lower triangle is half of the whole. JAX agrees on some.
"""

from __future__ import annotations

import importlib
import importlib.util
import random
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, Final
from unittest import mock

import numpy as np

import fgrad as fg
from fgrad.backends.native.runtime.tables import lanes
from fgrad.program.passes import simplified
from fgrad.program.program import Program
from fgrad.sparse import derivation
from fgrad.sparse.accumulation import Recorder
from fgrad.sparse.assembly import Assembly
from fgrad.sparse.filling import tabulated
from fgrad.sparse.tables import OPERATIONS, tables

UNARY: Final = (
    "sin",
    "exp",
    "tanh",
    "square",
    "sqrt",
    "atan",
    "abs",
    "neg",
    "sigmoid",
    "relu",
    "floor",
)
BINARY: Final = ("add", "sub", "mul", "div", "hypot", "maximum", "atan2", "logaddexp")
# The arguments by which an operation has a first derivative, where these are not all, and the pairs
# by which it has a second one: written here once more, by hand.
FLAT: Final = frozenset({"floor", "sign", "round", "ceil"})
CURVED: Final[dict[str, tuple[tuple[int, int], ...]]] = {
    **dict.fromkeys(
        ("sin", "cos", "exp", "tanh", "square", "sqrt", "atan", "sigmoid", "reciprocal", "log"),
        ((0, 0),),
    ),
    "mul": ((0, 1),),
    "div": ((0, 1), (1, 1)),
    **dict.fromkeys(("hypot", "atan2", "logaddexp", "pow"), ((0, 0), (0, 1), (1, 1))),
}

Numbers = Sequence[Any]


def model(seed: int) -> tuple[Callable[[list[Any]], list[Any]], int]:
    """A random function of a list, whose results depend on a few neighbours each, and its size."""
    choose = random.Random(seed)
    size, count = choose.randint(1, 9), choose.randint(1, 24)
    reach = choose.choice((2, 3, 9))
    lines = [
        (
            choose.random(), choose.choice(UNARY), choose.choice(BINARY), choose.choice((1.0, -1.0, 0.5, 2.0, 3.0)),
            choose.random(), choose.random(), choose.random(),
        )
        for _ in range(count)
    ]  # fmt: skip
    results = [choose.random() for _ in range(choose.randint(1, 6))]

    def f(x: list[Any], m: Any = fg) -> list[Any]:
        values = [x[i] for i in range(size)]

        def pick(share: float) -> Any:
            return values[max(0, len(values) - 1 - int(share * reach * 2))]

        for kind, unary, binary, literal, a, b, c in lines:
            if kind < 0.3:
                made = getattr(m, unary)(pick(a))
            elif kind < 0.4:
                made = literal * pick(a) + literal
            elif kind < 0.47:
                made = m.where(pick(c) > 0.3, pick(a), pick(b))
            elif kind < 0.52:
                made = pick(a) ** abs(literal)
            elif kind < 0.57:
                made = values[int(a * size)] * values[int(b * size)]
            else:
                made = getattr(m, binary)(pick(a), pick(b))
            values.append(made)
        return [values[int(share * len(values))] for share in results]

    return f, size


def structure(program: Program) -> tuple[list[set[int]], list[set[tuple[int, int]]]]:
    """By which inputs each output has first and second derivatives, by sets along paths."""
    first: list[set[int]] = [{i} for i in range(len(program.inputs))]
    second: list[set[tuple[int, int]]] = [set() for _ in program.inputs]
    args: Any
    for op, args in program.instructions:
        found: set[int] = set()
        pairs: set[tuple[int, int]] = set()
        if not op.truth and op.name not in FLAT:
            chosen = range(1, 3) if op.name == "where" else range(len(args))
            if op.name == "pow" and args[1] == 0.0:
                chosen = range(0)
            for k in chosen:
                if type(args[k]) is int:
                    found |= first[args[k]]
                    pairs |= second[args[k]]
            curved = CURVED.get(op.name, ())
            if op.name == "pow" and args[1] in (1.0, 0.0):
                curved = ()
            for k, m in curved:
                a, b = args[k], args[m]
                if type(a) is int and type(b) is int:
                    pairs |= {(i, j) for i in first[a] for j in first[b]}
                    pairs |= {(j, i) for i in first[a] for j in first[b]}
        first.append(found)
        second.append(pairs)
    return [first[i] for i in program.outputs], [second[i] for i in program.outputs]


def close(a: Any, b: Any) -> bool:
    """Whether all numbers agree up to rounding, and what is not finite is so in both.

    At a singular point one order of operations gives an infinity and another one nan.
    """
    a, b = np.asarray(a), np.asarray(b)
    known = np.isfinite(b)
    if not np.array_equal(known, np.isfinite(a)):
        return False
    return bool(np.allclose(a[known], b[known], rtol=1e-9, atol=1e-10))


def dense(rows: Any, shape: tuple[int, int]) -> Any:
    """The matrix of the rows that a dense transform gives."""
    return np.array(rows.matrix, float).reshape(shape)


def in_jax() -> Any:
    """The operations of JAX by our names, with numbers of double precision.

    The second derivatives of its `hypot` are wrong (0.10.2): `hypot(x, y)` has the same for all pairs.
    """
    jax: Any = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    same = {name: getattr(jnp, name) for name in ("sin", "exp", "tanh", "square", "sqrt", "abs", "floor",
        "add", "maximum", "logaddexp", "where")}  # fmt: skip
    return SimpleNamespace(
        **same, atan=jnp.arctan, neg=jnp.negative, sub=jnp.subtract, mul=jnp.multiply,
        div=jnp.divide, hypot=lambda x, y: jnp.sqrt(x * x + y * y), atan2=jnp.arctan2, sigmoid=jax.nn.sigmoid, relu=jax.nn.relu,
    )  # fmt: skip


def check_jax(seed: int) -> str | None:
    """What JAX says of a random function, where it has numbers."""
    jax: Any = importlib.import_module("jax")
    f, size = model(seed)
    m: Any = in_jax()
    x = [random.Random(~seed).uniform(-2.0, 2.0) for _ in range(size)]
    weights = [random.Random(seed).uniform(0.5, 2.0) for _ in fg.trace(f)(x).outputs]

    def theirs(x: Any) -> Any:
        return jax.numpy.stack(f(x, m))  # type: ignore[call-arg]  # which lists of ours do not take

    def total(x: list[Any]) -> Any:
        return fg.dot(weights, f(x))

    given = jax.numpy.array(x)
    pairs = (
        (fg.sparse_jacobian(f)(x).toarray(), jax.jacfwd(theirs)(given)),
        (
            fg.sparse_hessian(total)(x).toarray(),
            jax.hessian(lambda x: jax.numpy.array(weights) @ theirs(x))(given),
        ),
    )
    for ours, other in pairs:
        known = np.isfinite(np.asarray(other))
        if not close(ours[known], np.asarray(other)[known]):
            return "what JAX says"
    return None


NATIVE: Final = 20
"""One function in so many is compiled to machine code, which takes longest."""

TENTH: Final = 10
"""JAX is asked about one function in so many."""


def check(seed: int) -> str | None:
    """What is wrong with the derivatives of one random function; None if nothing is."""
    with ExitStack() as stack:
        for where in ("filling", "compressed") if seed % NATIVE else ():
            name = f"fgrad.sparse.{where}.native_is_installed"
            stack.enter_context(mock.patch(name, return_value=False))
        return _checked(seed)


def _checked(seed: int) -> str | None:
    f, size = model(seed)
    choose = random.Random(~seed)
    x = [choose.uniform(-2.0, 2.0) for _ in range(size)]
    first, second = structure(simplified(fg.trace(f)(x)))
    found = fg.sparsity(f, x)
    if {*zip(found.jacobian.rows, found.jacobian.columns, strict=True)} != {
        (i, j) for i, row in enumerate(first) for j in row
    }:
        return "the pattern of the Jacobian"
    if {*zip(found.hessian.rows, found.hessian.columns, strict=True)} != set().union(*second):
        return "the pattern of the Hessian"
    methods: tuple[Any, ...] = ("direct", "compressed")
    jacobian = dense(fg.jacobian(f, "reverse")(x), found.jacobian.shape)
    for method in methods:
        if not close(fg.sparse_jacobian(f, method=method)(x).toarray(), jacobian):
            return f"the Jacobian, {method}"
    weights = [choose.uniform(0.5, 2.0) for _ in first]

    def total(x: list[Any]) -> Any:
        return fg.dot(weights, f(x))

    hessian = dense(fg.hessian(total)(x), (size, size))
    for method in methods:
        whole = fg.sparse_hessian(total, method=method)(x)
        if not close(whole.toarray(), hessian):
            return f"the Hessian, {method}"
        lower = fg.sparse_hessian(total, method=method, lower=True)(x)
        if not close(lower.toarray(), np.tril(whole.toarray())):
            return f"the lower triangle, {method}"
    return None


def repeated(seed: int) -> tuple[Callable[[list[Any]], list[Any]], int]:
    """Many copies of random functions on windows of a list, joined linearly or not; and its size."""
    choose = random.Random(seed)
    copies, stride = choose.randint(10, 40), choose.randint(1, 3)
    parts = [model(choose.randrange(10**9)) for _ in range(choose.randint(1, 2))]
    width = max(size for _, size in parts)
    shared, scaled, squared = (choose.random() < 0.4 for _ in range(3))
    size = copies * stride + width
    joined = choose.randint(0, 3)

    def f(x: list[Any]) -> list[Any]:
        found = []
        for k in range(copies):
            window = x[k * stride : k * stride + width]
            terms = [y for part, count in parts for y in part(window[:count])]
            scale = x[-1] if shared else 0.5 + (0.1 * k if scaled else 0.0)
            found.append([scale * y + window[0] for y in terms])
        neighbours = [
            [a + 2.0 * b for a, b in zip(now, later, strict=True)] for now, later in pairwise(found)
        ]
        if joined == 0:
            return [y for row in neighbours for y in row]
        if joined == 1:
            return [fg.sum([y for row in found for y in row])]
        if joined == 2:
            return [x[-1] * y for row in neighbours for y in row]
        total = fg.sum([row[0] for row in neighbours])
        return [*found[0], total * total if squared else fg.sin(total), neighbours[-1][0]]

    return f, size


def worked(found: Any, x: Sequence[float]) -> Any:
    """What tables give, worked through in Python."""
    memory = np.zeros(found.size)
    memory[: len(x)] = x
    memory[found.literals_at :] = found.literals
    for elements, runs in found.steps:
        for element in elements:
            for i in range(element.count):
                outs = element.program.run(memory[element.given[:, i]].tolist())
                memory[element.start + i :: element.count][: len(outs)] = outs
        for run in runs:
            op = OPERATIONS[run.code]
            for i, args in enumerate(run.args.T):
                given = memory[args].tolist()
                if op in (fg.where, fg.logical_not, fg.logical_and, fg.logical_or):
                    given = [
                        bool(a) if k < 1 or op is not fg.where else a for k, a in enumerate(given)
                    ]
                memory[run.start + i] = op.impl(*given)
    return memory[found.outputs]


def check_blocks(seed: int) -> str | None:
    """What is wrong with the tables of a random function of many parts alike; None if nothing is."""
    f, size = repeated(seed)
    x = [random.Random(~seed).uniform(-2.0, 2.0) for _ in range(size)]
    program = simplified(fg.trace(f)(x))
    assembly = Assembly.of(program, range(size), 2)
    if assembly is None:
        return None
    weights = [random.Random(seed).uniform(0.5, 2.0) for _ in program.outputs]
    found = []
    for sweep in (assembly, Recorder(program, 2)):
        jacobian = derivation.jacobian(sweep, range(size))
        hessian = derivation.hessian(sweep, range(size), weights, lower=True)
        entries = [*sweep.program.outputs, *jacobian.entries, *hessian.entries]
        found.append((sweep, jacobian.pattern, hessian.pattern, entries))
    (_, *patterns, entries), (whole, *others, expected) = found
    if patterns != others:
        return "the patterns by blocks"
    made = tables(assembly, assembly.settled(entries), 4)
    values = whole.finished(expected, program.inputs).run(x)
    if not close(worked(made, x), values):
        return "the numbers by blocks"
    if seed % NATIVE == 0:
        made = tables(assembly, assembly.settled(entries), lanes())
        (fill,) = tabulated([(made, (size,))], size)
        if not close(fill(np.array(x), np.empty(len(entries))), values):
            return "the numbers by blocks, compiled"
    return None


def main() -> None:
    """Check as many functions as the command says, and print those for which a law does not hold."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    start = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    wrong, has_jax = 0, importlib.util.find_spec("jax") is not None
    for seed in range(start, start + count):
        for law in (check, check_blocks, check_jax)[: 3 if has_jax and seed % TENTH == 0 else 2]:
            problem = law(seed)
            if problem:
                wrong += 1
                print(f"function {seed}: {problem}", flush=True)
    print(f"{count} functions, {wrong} wrong")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
