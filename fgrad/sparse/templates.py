"""Blocks that are alike as one template, which is differentiated and compiled once."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import islice
from typing import Any, Final, TypeAlias

import attrs

from fgrad.ops import scalar as ops
from fgrad.program.program import Instruction, Program
from fgrad.sparse.blocks import Block

_LIFTED: Final = frozenset({ops.add, ops.sub, ops.mul, ops.div})
"""Operations whose literals may differ from block to block: no rule looks at them."""

Shape: TypeAlias = tuple[Any, ...]


@attrs.frozen
class Template:
    """Blocks with the same instructions."""

    program: Program
    """A block whose inputs are the values given, and then the literals that differ."""
    active: tuple[int, ...]
    """The inputs that may depend on what is differentiated by."""
    blocks: tuple[Block, ...]
    literals: tuple[tuple[float, ...], ...]
    """For each block the literals that differ from one to another."""


def templates_of(program: Program, blocks: Sequence[Block], active: bytearray) -> list[Template]:
    """The blocks by what they do, each kind as a template."""
    groups: dict[Shape, list[tuple[Block, tuple[float, ...]]]] = {}
    for block in blocks:
        shape, given, literals = _shape(program, block, active)
        whole = attrs.evolve(block, given=given)
        groups.setdefault(shape, []).append((whole, literals))
    return [_template(shape, members) for shape, members in groups.items()]


def _shape(
    program: Program, block: Block, active: bytearray
) -> tuple[Shape, tuple[int, ...], tuple[float, ...]]:
    """What makes blocks alike, the values from outside, and the literals that may differ."""
    given: dict[int, int] = {}
    values = (*block.copied, *block.values)
    place: dict[int, int] = {value: k for k, value in enumerate(values)}
    written: list[Any] = []
    literals = []
    inputs = len(program.inputs)
    for value in values:
        op, args = program.instructions[value - inputs]
        written.append(op)
        for a in args:
            if type(a) is int:
                known = place.get(a)
                written.append(given.setdefault(a, ~len(given)) if known is None else known)
            elif op in _LIFTED:
                written.append(None)
                literals.append(a)
            else:
                written.append((type(a), struct.pack("d", a)))
    results = tuple([place[v] for v in block.results])
    known_active = tuple([active[a] for a in given])
    return (block.level, tuple(written), results, known_active), tuple(given), tuple(literals)


def _template(shape: Shape, members: Sequence[tuple[Block, tuple[float, ...]]]) -> Template:
    _, lines, results, known = shape
    columns = list(zip(*[literals for _, literals in members], strict=True))
    differ = [len({struct.pack("d", x) for x in column}) > 1 for column in columns]
    inputs, lifted = len(known), sum(differ)
    first = inputs + lifted
    slots = iter(zip(columns, differ, strict=True))
    made: list[Instruction] = []
    used = inputs
    words = iter(lines)
    for op in words:
        args: list[Any] = []
        for a in islice(words, op.arity):
            if a is None:
                column, differs = next(slots)
                args.append(used if differs else column[0])
                used += differs
            elif type(a) is tuple:
                args.append(a[0](struct.unpack("d", a[1])[0]))
            else:
                args.append(first + a if a >= 0 else ~a)
        made.append((op, tuple(args)))
    names = tuple([f"x{i}" for i in range(first)])
    program = Program(names, tuple(made), tuple([first + r for r in results]))
    chosen = [k for k, differs in enumerate(differ) if differs]
    return Template(
        program,
        tuple([k for k, a in enumerate(known) if a]),
        tuple([block for block, _ in members]),
        tuple([tuple([literals[k] for k in chosen]) for _, literals in members]),
    )
