"""A program cut into blocks that are alike, and glue between them.

A block is a few instructions that lead from a few values to a few others: the dynamics of a step, a
term of a sum. Blocks with the same instructions share one template, which is differentiated and
compiled once, however many there are. What joins them linearly is glue: constraints, sums.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Sequence
from typing import Any, Final, TypeAlias

import attrs

from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Item
from fgrad.program.program import Instruction, Program
from fgrad.sparse.elimination import active_values

MOST_INPUTS: Final = 24
MOST_INSTRUCTIONS: Final = 400
_SUMS: Final = frozenset({ops.add, ops.sub, ops.neg})
_LIFTED: Final = frozenset({ops.add, ops.sub, ops.mul, ops.div})
"""Operations whose literals may differ from block to block: no rule looks at them."""

Shape: TypeAlias = tuple[Any, ...]


@attrs.frozen
class Block:
    """Instructions of a program, by their values, and what they need and give."""

    level: int
    """One more than that of all blocks whose results it needs, by way of glue too."""
    values: tuple[int, ...]
    given: tuple[int, ...]
    """The values from outside, in the order in which they are used first."""
    results: tuple[int, ...]
    """The values that are used outside."""


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


def blocks_of(program: Program, wanted: Collection[int]) -> list[Block] | None:
    """The blocks of a simplified program without calls; None where it has operations of several results."""
    if any(op.multiple or isinstance(op, Item) for op, _ in program.instructions):
        return None
    cutter = _Cutter(program, active_values(program, wanted))
    for value, (op, args) in enumerate(program.instructions, len(program.inputs)):
        cutter.place(value, op, args)
    return cutter.blocks()


class _Cutter:
    """Blocks as they grow, joined by union and find."""

    def __init__(self, program: Program, active: bytearray) -> None:
        self.program = program
        self.inputs = len(program.inputs)
        self.active = active
        self.level = [0] * self.inputs
        self.block = [-1] * self.inputs
        """The block of each value, which may have been joined with another; -1 for glue."""
        self.parent: list[int] = []
        self.heights: list[int] = []
        self.sizes: list[int] = []
        self.given: list[dict[int, None]] = []
        self.tail = self._tail()

    def _tail(self) -> bytearray:
        """Whether each value goes into outputs linearly alone."""
        count = self.inputs + len(self.program)
        tail = bytearray(b"\1") * count
        for value in range(count - 1, self.inputs - 1, -1):
            op, args = self.program.instructions[value - self.inputs]
            if not (tail[value] and self._linear(op, args)):
                for a in args:
                    if type(a) is int:
                        tail[a] = 0
        return tail

    def _linear(self, op: Any, args: Sequence[Any]) -> bool:
        if op in _SUMS:
            return True
        if op is not ops.mul:
            return False
        x, y = args
        return type(x) is not int or type(y) is not int or not (self.active[x] and self.active[y])

    def _find(self, block: int) -> int:
        parent = self.parent
        while parent[block] != block:
            parent[block] = block = parent[parent[block]]
        return block

    def place(self, value: int, op: Any, args: Sequence[Any]) -> None:
        """Put an instruction into a block, or leave it as glue."""
        level, block = self.level, self.block
        linear = self._linear(op, args)
        top = 0
        for a in args:
            if type(a) is int and level[a] > top:
                top = level[a]
        if linear and self.tail[value]:
            level.append(top)
            block.append(-1)
            return
        near = {
            self._find(block[a])
            for a in args
            if type(a) is int and block[a] >= 0 and level[a] == top
        }
        glued = top and any(type(a) is int and block[a] < 0 and level[a] == top for a in args)
        if glued or (linear and len(near) > 1):
            if linear:
                level.append(top)
                block.append(-1)
                return
            near = set()
        home = self._home(near, args)
        if home < 0:
            home = len(self.parent)
            self.parent.append(home)
            self.heights.append(top + 1)
            self.sizes.append(0)
            self.given.append({})
        level.append(self.heights[home])
        block.append(home)
        self.sizes[home] += 1
        for a in args:
            if type(a) is int and (block[a] < 0 or self._find(block[a]) != home):
                self.given[home][a] = None

    def _home(self, near: Collection[int], args: Sequence[Any]) -> int:
        """The block of all of `near`, joined if they are small; -1 if there is none."""
        if not near:
            return -1
        home = max(near, key=lambda b: self.sizes[b])
        given = dict.fromkeys(a for b in near for a in self.given[b])
        given |= dict.fromkeys(a for a in args if type(a) is int and self.block[a] < 0)
        size = sum([self.sizes[b] for b in near]) + 1
        if len(given) > MOST_INPUTS or size > MOST_INSTRUCTIONS:
            return -1
        for other in near:
            if other != home:
                self.parent[other] = home
                self.sizes[home] += self.sizes[other]
                self.given[home] |= self.given[other]
        return home

    def blocks(self) -> list[Block]:
        """All blocks, in the order of their first instructions."""
        inside: dict[int, list[int]] = {}
        used: dict[int, None] = dict.fromkeys(self.program.outputs)
        home = [-1 if b < 0 else self._find(b) for b in self.block]
        for value in range(self.inputs, len(home)):
            here = home[value]
            if here >= 0:
                inside.setdefault(here, []).append(value)
            for a in self.program.instructions[value - self.inputs][1]:
                if type(a) is int and home[a] != here:
                    used[a] = None
        return [
            Block(
                self.heights[b],
                tuple(values),
                _given(self.program, values),
                tuple([v for v in values if v in used]),
            )
            for b, values in inside.items()
        ]


def _given(program: Program, values: Sequence[int]) -> tuple[int, ...]:
    own = set(values)
    inputs = len(program.inputs)
    return tuple(
        dict.fromkeys(
            a
            for value in values
            for a in program.instructions[value - inputs][1]
            if type(a) is int and a not in own
        )
    )


def templates_of(program: Program, blocks: Sequence[Block], active: bytearray) -> list[Template]:
    """The blocks by what they do, each kind as a template."""
    groups: dict[Shape, list[tuple[Block, tuple[float, ...]]]] = {}
    for block in blocks:
        shape, literals = _shape(program, block, active)
        groups.setdefault(shape, []).append((block, literals))
    return [_template(shape, members) for shape, members in groups.items()]


def _shape(program: Program, block: Block, active: bytearray) -> tuple[Shape, tuple[float, ...]]:
    """What makes blocks alike, and the literals that may differ."""
    place = {a: ~k for k, a in enumerate(block.given)}
    lines, literals = [], []
    inputs = len(program.inputs)
    for k, value in enumerate(block.values):
        op, args = program.instructions[value - inputs]
        written: list[Any] = []
        for a in args:
            if type(a) is int:
                written.append(place[a])
            elif op in _LIFTED:
                written.append(None)
                literals.append(a)
            else:
                written.append((type(a), struct.pack("d", a)))
        place[value] = k
        lines.append((op, *written))
    results = tuple([place[v] for v in block.results])
    known = tuple([active[a] for a in block.given])
    return (block.level, tuple(lines), results, known), tuple(literals)


def _template(shape: Shape, members: Sequence[tuple[Block, tuple[float, ...]]]) -> Template:
    _, lines, results, known = shape
    columns = list(zip(*[literals for _, literals in members], strict=True))
    differ = [len({struct.pack("d", x) for x in column}) > 1 for column in columns]
    inputs, lifted = len(known), sum(differ)
    first = inputs + lifted
    slots = iter(zip(columns, differ, strict=True))
    made: list[Instruction] = []
    used = inputs
    for op, *written in lines:
        args: list[Any] = []
        for a in written:
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
