"""Random lines of products and linear algebra."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tests.laws.array_programs import Operand
from tests.laws.array_scope import LARGEST, Draft, Scope


def product(scope: Scope) -> Draft | None:
    """matmul and its kin."""
    x = scope.array()
    if x is None:
        return None
    k = x.shape[-1]
    name = scope.choice(
        ("matmul", "matmul", "matmul", "dot", "inner", "vdot", "outer", "tensordot")
    )
    if name == "matmul":
        return _matmul(scope, x)
    if name == "dot":
        y = scope.of_shape(scope.choice(((k,), (k, 2))))
    elif name == "inner":
        y = scope.of_shape(scope.choice(((k,), (2, k))))
    elif name == "vdot":
        y = scope.of_shape(x.shape)
    elif name == "outer":
        small = scope.pick(
            lambda z: len(z.shape) > 0 and np.size(z.value) * np.size(x.value) <= LARGEST
        )
        y = small.number if small else scope.constant((2,))
    else:
        axis = scope.axis(len(x.shape))
        y = scope.of_shape(scope.choice(((x.shape[axis], 2), (x.shape[axis],))))
        end = f", (({axis},), (0,)))"
        return Draft(
            name, f"fg.{name}({{0}}, {{1}}{end}", [x.number, y], [f"np.{name}({{0}}, {{1}}{end}"]
        )
    if scope.chance(0.2) and name in {"vdot", "outer"}:
        return Draft(name, f"fg.{name}({{1}}, {{0}})", [x.number, y], [f"np.{name}({{1}}, {{0}})"])
    methods = ["{0}.dot({1})"] if name == "dot" else []
    return Draft(
        name, f"fg.{name}({{0}}, {{1}})", [x.number, y], [f"np.{name}({{0}}, {{1}})", *methods]
    )


def _matmul(scope: Scope, x: Any) -> Draft:
    k = x.shape[-1]
    fits = scope.numbers(lambda y: bool(y.shape) and y.shape[-2:][0] == k and len(y.shape) < 4)
    fits = [y for y in fits if _size_of_product(x.value, y.value) <= LARGEST]
    if fits and scope.chance(0.8):
        y: Operand = scope.choice(fits).number
    else:
        y = scope.constant(scope.choice(((k,), (k, 2), (k, 3), (k, 1), (1, k, 2))))
    return Draft(
        "matmul", "fg.matmul({0}, {1})", [x.number, y], ["({0} @ {1})", "np.matmul({0}, {1})"]
    )


def _size_of_product(a: Any, b: Any) -> float:
    try:
        return np.size(np.matmul(a, b))
    except ValueError:
        return np.inf


def einsum(scope: Scope) -> Draft | None:
    """Up to three arrays, by letters: those of one length may be the same."""
    x = scope.array(1, lambda x: len(x.shape) <= 3)
    if x is None:
        return None
    operands = [x]
    for _ in range(scope.rng.choice((0, 1, 1, 1, 2))):
        y = scope.array(1, lambda y: len(y.shape) <= 3)
        operands.append(y or x)
    lengths: dict[str, int] = {}
    inputs = []
    for one in operands:
        names = ""
        for n in one.shape:
            same = [c for c, m in lengths.items() if m == n]
            free = [c for c in "ijklmabc" if c not in lengths]
            c = scope.choice(same) if same and scope.chance(0.75) else free[0]
            lengths[c] = n
            names += c
        inputs.append(names)
    out = "".join(scope.rng.sample(sorted(lengths), scope.rng.randint(0, min(3, len(lengths)))))
    if np.prod([lengths[c] for c in out]) > LARGEST or np.prod(list(lengths.values())) > 300:
        return None
    held = ", ".join([f"{{{i}}}" for i in range(len(operands))])
    every = "".join(inputs)
    once = "".join(sorted([c for c in lengths if every.count(c) == 1]))
    spec = ",".join(inputs) + ("" if out == once and scope.chance(0.5) else f"->{out}")
    text = f"einsum('{spec}', {held})"
    return Draft("einsum", f"fg.{text}", [y.number for y in operands], [f"np.{text}"])


WELL: Final = "fg.add(fg.mul(fg.tanh({0}), 0.3), %s)"
"""A matrix that is nearly a multiple of the identity."""


def algebra(scope: Scope) -> Draft | None:
    """Linear algebra, of matrices that are far from singular ones."""
    x = scope.array(2, lambda x: x.shape[-1] == x.shape[-2] > 0)
    inner, n = "{0}", 0
    if x is None:
        x = scope.array(1, lambda x: len(x.shape) == 1 and 0 < len(x.value) <= 3)
        inner = "fg.outer({0}, {0})"
        if x is None:
            return None
    n = x.shape[-1]
    well = (WELL % f"np.eye({n}) * {scope.choice((1.5, -1.25, 2.0))}").replace("{0}", inner)
    name = scope.choice(("solve", "solve", "inv", "det", "slogdet", "cholesky"))
    theirs = f"np.linalg.{name}"
    if name == "solve":
        batch = x.shape[:-2] if inner == "{0}" else ()
        b = scope.of_shape(scope.choice(((n,), (n, 2), (*batch, n, 1))))
        return Draft(name, f"fg.solve({well}, {{1}})", [x.number, b], [f"{theirs}({well}, {{1}})"])
    if name == "slogdet":
        return Draft(name, f"fg.slogdet({well})[1]", [x.number], [f"{theirs}({well})[1]"])
    if name == "cholesky":
        square = f"fg.matmul({well}, fg.swapaxes({well}, -1, -2))"
        return Draft(name, f"fg.cholesky({square})", [x.number], [f"{theirs}({square})"])
    return Draft(name, f"fg.{name}({well})", [x.number], [f"{theirs}({well})"])
