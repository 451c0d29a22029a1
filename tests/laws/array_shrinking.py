"""Making a program over arrays smaller while it still fails in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs
import numpy as np

from tests.laws.array_programs import Function, Line, Operand, Program, literal
from tests.laws.transform_programs import LEAF

TRIES = 400


def shrunk(program: Program, fails: Callable[[Program], bool], tries: int = TRIES) -> Program:
    """A smaller program that fails too; at most `tries` are tried."""
    left, again = tries, True
    while again and left > 0:
        again = False
        for candidate in smaller(program):
            left -= 1
            if left <= 0:
                break
            if fails(candidate):
                program, again = candidate, True
                break
    return program


def smaller(program: Program) -> Iterator[Program]:
    """Programs with one thing less, the boldest first."""
    for f in _fewer(program.function):
        yield attrs.evolve(program, function=f)
    for f in _plainer(program.function, {}):
        yield attrs.evolve(program, function=f)
    plain = ("plain",) * len(program.layouts)
    if program.layouts != plain:
        yield attrs.evolve(program, layouts=plain)
    for i, leaf in enumerate(program.leaves):
        simple = np.ones(np.shape(leaf)) if np.ndim(leaf) else 1.0
        if not np.array_equal(leaf, simple):
            leaves = [simple if i == j else other for j, other in enumerate(program.leaves)]
            yield attrs.evolve(program, leaves=tuple(leaves))


def _fewer(f: Function) -> Iterator[Function]:
    """Fewer results, other results, and without lines that nobody reads."""
    if len(f.results) > 1:
        for i in range(len(f.results)):
            yield attrs.evolve(f, results=(f.results[i],), result=LEAF)
    read = _read(f)
    kept = tuple([line for line in f.lines if line.out in read])
    if kept != f.lines:
        yield attrs.evolve(f, lines=kept)
    if len(f.results) == 1:
        outs = [line.out for line in f.lines]
        before = outs.index(f.results[0]) if f.results[0] in outs else 0
        for line in f.lines[:before]:
            if not line.truth:
                yield attrs.evolve(f, results=(line.out,), result=LEAF)


def _read(f: Function) -> set[Operand]:
    read: set[Operand] = set(f.results)
    for line in reversed(f.lines):
        if line.out in read:
            read |= set(line.args)
            for inner in line.functions:
                read |= _read(inner)
    return read


def _plainer(f: Function, around: dict[int, Any]) -> Iterator[Function]:
    """With one line simpler: a constant, an operand of its shape, or a plainer text."""
    known = {**around, **dict(zip(f.params, f.shapes, strict=True))}
    for i, line in enumerate(f.lines):
        for other in _simpler(line, known):
            yield attrs.evolve(f, lines=(*f.lines[:i], other, *f.lines[i + 1 :]))
        known[line.out] = line.shape


def _simpler(line: Line, known: dict[int, Any]) -> Iterator[Line]:
    if line.name not in {"constant", "same"} and not line.truth:
        ones = literal(np.ones(line.shape)) if line.shape else "(1.0)"
        yield attrs.evolve(line, name="constant", text=ones, oracle=ones, args=(), functions=())
        for number, shape in known.items():
            if shape == line.shape:
                yield attrs.evolve(
                    line, name="same", text="{0}", oracle="{0}", args=(number,), functions=()
                )
    for i, arg in enumerate(line.args):
        if isinstance(arg, int) and arg in known and line.name != "same":
            one = literal(np.full(known[arg], 0.75)) if known[arg] else "(0.75)"
            yield attrs.evolve(line, args=(*line.args[:i], one, *line.args[i + 1 :]))
    if line.text != line.oracle and "fg.variance" not in line.oracle + line.name:
        yield attrs.evolve(line, text=line.oracle)
    for i, f in enumerate(line.functions):
        for other in (*_fewer(f), *_plainer(f, known)):
            functions = (*line.functions[:i], other, *line.functions[i + 1 :])
            yield attrs.evolve(line, functions=functions)
