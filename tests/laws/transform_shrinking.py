"""Making a program of transforms smaller while it still fails in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from tests.laws.transform_functions import Compiled, Program
from tests.laws.transform_programs import (
    Call,
    Compare,
    Expr,
    Fn,
    Let,
    Logic,
    Loop,
    Num,
    Op,
    Power,
    Truth,
    Var,
    Where,
)
from tests.laws.transform_samples import vouched

CONDITIONS = (Compare, Logic, Truth)
TRIES = 400


def shrunk(program: Program, fails: Callable[[Program], bool], tries: int = TRIES) -> Program:
    """A smaller program that fails too; at most `tries` are tried."""
    left, again = tries, True
    while again:
        again = False
        for candidate in smaller(program):
            if left <= 0:
                return program
            if vouched(candidate, varied=False):
                left -= 1
                if fails(candidate):
                    program, again = candidate, True
                    break
    return program


def smaller(program: Program) -> Iterator[Program]:
    """Programs with one thing less, the boldest first."""
    for fn in variants(program.fn):
        yield attrs.evolve(program, fn=fn)
    if program.together:
        yield attrs.evolve(program, together=())
    plain = ("float",) * len(program.kinds)
    if program.kinds != plain:
        yield attrs.evolve(program, kinds=plain)
    for place, x in enumerate(program.point):
        if x != 1.0 and not program.together:
            point = [1.0 if i == place else other for i, other in enumerate(program.point)]
            yield attrs.evolve(program, point=tuple(point))


def variants(part: Any) -> Iterator[Any]:
    """A part of a program with one replacement somewhere in it."""
    if isinstance(part, Expr):
        yield from _simpler(part)
    if isinstance(part, Compiled):
        yield part.fn
        if part.backend != "reference":
            yield attrs.evolve(part, backend="reference")
    for field in attrs.fields(type(part)):
        value = getattr(part, field.name)
        if isinstance(value, (Expr, Fn)):
            for other in variants(value):
                yield attrs.evolve(part, **{field.name: other})
        elif isinstance(value, tuple) and value and isinstance(value[0], Expr):
            for i, child in enumerate(value):
                for other in variants(child):
                    changed = (*value[:i], other, *value[i + 1 :])
                    yield attrs.evolve(part, **{field.name: changed})


def _simpler(expr: Expr) -> Iterator[Expr]:
    if isinstance(expr, CONDITIONS):
        if isinstance(expr, Logic):
            yield from expr.args
        if not isinstance(expr, Compare):
            yield Compare("({} > {})", Num(1.0), Num(0.0))
        return
    if isinstance(expr, Num):
        if expr.kind != "float":
            yield Num(expr.number)
        if expr.number != 1.0:
            yield attrs.evolve(expr, number=1.0)
        return
    if isinstance(expr, Var):
        return
    yield Var(0)
    yield Num(1.0)
    yield from _inner(expr)
    if isinstance(expr, Loop) and expr.count > 1:
        yield attrs.evolve(expr, count=1)
    if isinstance(expr, Call) and expr.turned:
        yield attrs.evolve(expr, turned=False)
    if isinstance(expr, Call) and expr.named:
        yield attrs.evolve(expr, named=False)


def _inner(expr: Expr) -> tuple[Expr, ...]:
    """The expressions that may stand in its place."""
    match expr:
        case Op() | Call():
            return expr.args
        case Power():
            return (expr.base,)
        case Where():
            return expr.x, expr.y
        case Let():
            return expr.bound, expr.body
        case Loop():
            return expr.start, expr.step
        case _:
            return ()
