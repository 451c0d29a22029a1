"""A program cut into blocks that are alike, and glue between them.

A block is a few instructions that lead from a few values to a few others: the dynamics of a step, a
term of a sum. Blocks with the same instructions share one template (`templates`). What joins them
linearly is glue: constraints, sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op
from fgrad.program.program import Program

MOST_INPUTS: Final = 24
MOST_INSTRUCTIONS: Final = 400
MOST_GLUE: Final = 20
"""Between a block and an output that belongs to it."""
_SUMS: Final = frozenset({ops.add, ops.sub, ops.neg})


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
    copied: tuple[int, ...] = ()
    """Glue that it computes for itself, before its own: several things that it needs of one value."""


def blocks_of(program: Program, active: bytearray) -> list[Block] | None:
    """The blocks of a simplified program without calls; None where it has operations of several results."""
    if any(op.multiple for op in {op for op, _ in program.instructions}):
        return None
    cutter = _Cutter(program, active)
    cutter.grow(cutter.tail())
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

    def tail(self) -> bytearray:
        """Whether each value goes into outputs linearly alone."""
        value = self.inputs + len(self.program)
        tail = bytearray(b"\1") * value
        linear = self._linear
        for op, args in reversed(self.program.instructions):
            value -= 1
            if not (tail[value] and (op in _SUMS or linear(op, args))):
                for a in args:
                    if type(a) is int:
                        tail[a] = 0
        return tail

    def _linear(self, op: Op, args: Sequence[Any]) -> bool:
        if op is ops.mul:
            x, y = args
            active = self.active
            return type(x) is not int or type(y) is not int or not (active[x] and active[y])
        return op in _SUMS or (op is ops.div and type(args[1]) is not int)

    def _find(self, block: int) -> int:
        parent = self.parent
        while parent[block] != block:
            parent[block] = block = parent[parent[block]]
        return block

    def grow(self, tail: bytearray) -> None:
        """Put each instruction into a block, or leave it as glue."""
        level, block, parent = self.level, self.block, self.parent
        sizes, given = self.sizes, self.given
        find, linear = self._find, self._linear
        for value, (op, args) in enumerate(self.program.instructions, self.inputs):
            top, glued = 0, False
            near: list[int] = []
            for a in args:
                if type(a) is int and (at := level[a]) >= top:
                    if at > top:
                        top, glued = at, False
                        near.clear()
                    b = block[a]
                    if b < 0:
                        glued = at > 0
                        continue
                    if parent[b] != b:
                        b = find(b)
                    if b not in near:
                        near.append(b)
            if (len(near) != 1 or glued or tail[value]) and linear(op, args):
                level.append(top)
                block.append(-1)
                continue
            home = -1
            if near and not glued:
                home = near[0]
                if len(near) > 1:
                    home = self._joined(near)
                elif sizes[home] >= MOST_INSTRUCTIONS or len(given[home]) >= MOST_INPUTS:
                    home = -1
            if home < 0:
                home = self._new(top + 1)
            level.append(self.heights[home])
            block.append(home)
            sizes[home] += 1
            for a in args:
                if type(a) is int:
                    b = block[a]
                    if b != home and (b < 0 or find(b) != home):
                        given[home][a] = None

    def _new(self, height: int) -> int:
        """A block without instructions so far."""
        self.parent.append(len(self.parent))
        self.heights.append(height)
        self.sizes.append(0)
        self.given.append({})
        return len(self.parent) - 1

    def _joined(self, near: Sequence[int]) -> int:
        """The block of all of `near`, if they are small; -1 if there is none."""
        sizes, given = self.sizes, self.given
        whole = {a for b in near for a in given[b]}
        if len(whole) > MOST_INPUTS or sum([sizes[b] for b in near]) >= MOST_INSTRUCTIONS:
            return -1
        home = max(near, key=sizes.__getitem__)
        for other in near:
            if other != home:
                self.parent[other] = home
                sizes[home] += sizes[other]
                given[home] |= given[other]
        return home

    def _homes(self) -> list[int]:
        """The block of each value, with glue in it that it alone uses, and that leads from it alone to an output."""
        home = [-1 if b < 0 else self._find(b) for b in self.block]
        for value in dict.fromkeys(self.program.outputs):
            self._close(value, home)
        users = [-2] * len(home)
        """The only block that uses a value; -1 for glue or for several, -2 for none."""
        for value in self.program.outputs:
            users[value] = -1
        value = len(home)
        for _, args in reversed(self.program.instructions):
            value -= 1
            here = home[value]
            if here < 0 and (user := users[value]) >= 0 and self._taken(args, value, user, home):
                home[value] = here = user
            for a in args:
                if type(a) is int and (user := users[a]) != here:
                    users[a] = here if user == -2 else -1
        return home

    def _taken(self, args: Sequence[Any], value: int, user: int, home: list[int]) -> bool:
        """Whether the block that alone uses a value has room for what that is computed from."""
        given = self.given[user]
        more = [a for a in args if type(a) is int and a not in given and home[a] != user]
        if len(given) - 1 + len(more) > MOST_INPUTS:
            return False
        given.pop(value, None)
        given.update(dict.fromkeys(more))
        return True

    def _close(self, output: int, home: list[int]) -> None:
        """Put the glue before an output into the block that it comes from, if that is one alone."""
        level = self.level[output]
        if level == 0 or home[output] >= 0:
            return
        glue, outside, pending = {output: None}, dict[int, None](), [output]
        owner = -1
        while pending:
            for a in self.program.instructions[pending.pop() - self.inputs][1]:
                if type(a) is not int:
                    continue
                if self.level[a] < level:
                    outside[a] = None
                elif home[a] < 0:
                    if a not in glue:
                        glue[a] = None
                        pending.append(a)
                elif owner < 0 or owner == home[a]:
                    owner = home[a]
                else:
                    return
            if len(glue) > MOST_GLUE:
                return
        given = self.given[owner] | outside
        if len(given) <= MOST_INPUTS and self.sizes[owner] + len(glue) <= MOST_INSTRUCTIONS:
            self.given[owner] = given
            self.sizes[owner] += len(glue)
            for a in glue:
                home[a] = owner

    def blocks(self) -> list[Block]:
        """All blocks, in the order of their first instructions."""
        inside: dict[int, list[int]] = {}
        used = set(self.program.outputs)
        home = self._homes()
        alone: dict[int, int] = {}
        """For glue that is computed from one value alone that value."""
        for value, (_, args) in enumerate(self.program.instructions, self.inputs):
            here = home[value]
            if here >= 0:
                if here in inside:
                    inside[here].append(value)
                else:
                    inside[here] = [value]
                for a in args:
                    if type(a) is int and home[a] != here:
                        used.add(a)
                continue
            numbers = [a for a in args if type(a) is int]
            used.update(numbers)
            if len(numbers) == 1 and self.active[value]:
                alone[value] = numbers[0]
        heights, given = self.heights, self.given
        return [
            Block(
                heights[b], tuple(values), (), tuple([v for v in values if v in used]),
                _copies(given[b], alone),
            )
            for b, values in inside.items()
        ]  # fmt: skip


def _copies(given: Mapping[int, None], alone: Mapping[int, int]) -> tuple[int, ...]:
    """What a block computes for itself: where it needs several values that depend on the same one."""
    found = [a for a in given if a in alone]
    if not found:
        return ()
    ways: dict[int, list[list[int]]] = {}
    for a in found:
        way = [a]
        while (before := alone[way[-1]]) in alone:
            way.append(before)
        ways.setdefault(before, []).append(way)
    several = [w for before, w in ways.items() if len(w) > 1 or before in given]
    return tuple(sorted({a for w in several for way in w for a in way}))
