"""Random programs that the oracle vouches for, and what is expected of them."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from tests.laws import transform_duals as duals
from tests.laws.transform_duals import Rejected
from tests.laws.transform_functions import Foreign, Lambda, Program
from tests.laws.transform_generator import FEATURES, Generator
from tests.laws.transform_operations import KINDS
from tests.laws.transform_programs import LEAF, WHOLE, Call, Expr, Let, Oracle, Var


def program(seed: int, features: frozenset[str] = FEATURES, size: int = 9) -> Program:
    """The program of a seed; the first of its sequence that the oracle vouches for."""
    rng = random.Random(seed)
    while True:
        made = candidate(rng, features, size)
        if vouched(made):
            return made


def candidate(rng: random.Random, features: frozenset[str], size: int) -> Program:
    generator = Generator(rng, features)
    shape = generator.shape()
    scope = (*shape.kinds, "whole")
    first_order = generator.chance(0.08, "first order")
    if first_order:
        name = rng.choice(("first order", "first order pushed"))
        history = Call(Foreign(name), (Var(0),), (1.0,))
        body: Expr = Let(history, generator.expr((*scope, "number"), size, 2))
    else:
        body = generator.expr(scope, size, 2)
    zero = 0.25 if "zero" in features else 0.0
    point = [0.0 if rng.random() < zero else rng.randint(-12, 12) / 8.0 for _ in range(shape.size)]
    kinds = [generator.number(tuple(KINDS)).kind for _ in range(shape.size)]
    point = [float(round(x)) if kind == "int" else x for x, kind in zip(point, kinds, strict=True)]
    together: tuple[int, ...] = ()
    if shape.size > 1 and generator.chance(0.4, "repeat"):
        together = tuple(sorted(rng.sample(range(shape.size), 2)))
        point[together[1]], kinds[together[1]] = point[together[0]], kinds[together[0]]
    tangent = [float(rng.randint(-2, 2)) for _ in range(shape.size)]
    fn = Lambda((shape, WHOLE), LEAF, (body,), closed=True)
    return Program(
        fn,
        tuple(point),
        float(rng.randint(0, 3)),
        tuple(tangent),
        tuple(kinds),
        together,
        first_order,
    )


def vouched(program: Program, *, varied: bool = True) -> bool:
    """Whether the oracle gives finite, moderate values and derivatives, and some that are not 0."""
    try:
        numbers = [*expected(program, 0), *expected(program, 1)]
        if varied and not any(numbers[1:]):
            return False
        if not program.first_order:
            numbers += [*expected(program, 2), *expected(program, 3)]
    except (Rejected, OverflowError, ZeroDivisionError, ValueError):
        return False
    return all(math.isfinite(x) and abs(x) < 1e4 for x in numbers)


def function(program: Program, oracle: Oracle) -> duals.Function:
    """The function of the leaves of the point, on duals."""
    whole = oracle.number(program.whole)
    return lambda xs: program.fn.run(oracle, (), [*xs, whole])


def line(program: Program, oracle: Oracle) -> duals.Function:
    """The function of t, along the tangent through the point."""
    f = function(program, oracle)

    def along(ts: Sequence[Any]) -> Sequence[Any]:
        return f(
            [
                oracle.number(x) + ts[0] * dx
                for x, dx in zip(program.point, program.tangent, strict=True)
            ]
        )

    return along


@lru_cache(maxsize=16)
def expected(program: Program, order: int, number: type = float) -> list[Any]:
    """The value; the gradient; the Hessian, row by row; the Taylor coefficients to order 3 along the line."""
    oracle = Oracle(number)
    f, xs = function(program, oracle), [number(x) for x in program.point]
    if order == 0:
        return list(f(xs))
    if order == 1:
        return duals.gradient(f, xs)
    if order == 2:
        found = duals.columns(lambda xs: duals.gradient(f, xs), xs)
        return [x for column in found for x in column]
    return duals.coefficients(line(program, oracle), number(0.0), 3)
