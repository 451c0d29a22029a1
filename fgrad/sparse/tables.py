"""What is computed from blocks and glue, as tables of places in one memory.

The memory holds the inputs, what the blocks compute, literals, and what the tape computes. Blocks of
one template read their inputs by a table; the tape is runs of the same operation, each on places.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op
from fgrad.program.passes import used
from fgrad.program.program import Program
from fgrad.sparse.filling import numpy

if TYPE_CHECKING:
    import numpy as np

    from fgrad.sparse.assembly import Assembly
    from fgrad.sparse.kinds import Kind

    Places: TypeAlias = np.ndarray[Any, np.dtype[np.int32]]

OPERATIONS: Final[tuple[Op, ...]] = (
    ops.add, ops.sub, ops.mul, ops.neg, ops.where, ops.logical_and, ops.logical_or,
    ops.logical_not, ops.div, ops.reciprocal, ops.square,
)  # fmt: skip
"""What a tape can do, by its code; truth values are the numbers 1 and 0."""
Key: TypeAlias = tuple[int, int, int]
"""The level of a run, how many runs of it must come before, and its operation."""
_CODES: Final = {op: code for code, op in enumerate(OPERATIONS)}


@attrs.frozen(eq=False)
class Element:
    """Blocks of one template: output k of block i goes to `start + k * count + i`."""

    program: Program
    start: int
    count: int
    """The blocks, and some more that fill up the last vector."""
    given: Places
    """A row for each input of the template, a column for each block."""


@attrs.frozen(eq=False)
class Run:
    """So many instructions of one operation, done in order, with results at consecutive places."""

    code: int
    start: int
    args: Places
    """A row for each argument."""


@attrs.frozen(eq=False)
class Tables:
    """All steps in order; each level has elements and then runs."""

    size: int
    steps: tuple[tuple[tuple[Element, ...], tuple[Run, ...]], ...]
    literals: Sequence[float]
    literals_at: int
    outputs: Places


def tables(assembly: Assembly, entries: Sequence[Any], lanes: int) -> Tables:
    """The tables that compute these numbers, blocks so many at a time."""
    needed, kinds = _needed(assembly, entries)
    lines = [
        value
        for value in range(assembly.inputs, len(assembly.defined))
        if needed[value] and assembly.defined[value] and value not in assembly.results
    ]
    memory = _Memory(assembly, lanes)
    for kind in kinds:
        memory.add(kind, needed)
    order = memory.ordered(lines)
    return memory.tables(order, entries)


def _needed(assembly: Assembly, entries: Sequence[Any]) -> tuple[bytearray, list[Kind]]:
    """Which numbers are needed, and the kinds of blocks."""
    defined, outputs = assembly.defined, assembly.outputs
    needed = bytearray(len(defined))
    kinds: dict[int, Kind] = {}
    pending = [entry for entry in entries if type(entry) is int]
    while pending:
        number = pending.pop()
        if needed[number]:
            continue
        needed[number] = 1
        if number in outputs:
            pending.append(outputs[number])
            continue
        line = defined[number]
        if line is not None:
            pending += [a for a in line[1] if type(a) is int and not needed[a]]
        elif number >= assembly.whole_inputs and (at := assembly.kind_at(number)) not in kinds:
            kind = kinds[at] = assembly.kinds[at]
            for b in range(len(kind.template.blocks)):
                pending += [a for a in assembly.given(kind, b) if type(a) is int]
    return needed, [kinds[at] for at in sorted(kinds)]


class _Memory:
    """Places in memory as they are given out."""

    def __init__(self, assembly: Assembly, lanes: int) -> None:
        self.assembly = assembly
        self.lanes = lanes
        self.np = numpy()
        self.place = self.np.full(len(assembly.defined), -1, self.np.int64)
        """The place of each number."""
        self.place[: assembly.whole_inputs] = self.np.arange(assembly.whole_inputs)
        self.size = assembly.whole_inputs
        self.elements: list[tuple[Kind, Program, int, int]] = []
        self.level = [0] * len(assembly.defined)
        self.literals: dict[bytes, int] = {}

    def add(self, kind: Kind, needed: bytearray) -> None:
        """Give places to the needed outputs of a kind of blocks."""
        blocks = len(kind.template.blocks)
        lanes = self.lanes if blocks >= self.lanes else 1
        count = -(-blocks // lanes) * lanes
        outputs = []
        level = kind.level
        start = self.size
        for value, k in kind.outputs.items():
            first = kind.start + k * blocks
            if any(needed[first : first + blocks]):
                self.place[first : first + blocks] = self.size + self.np.arange(blocks)
                self.level[first : first + blocks] = [level] * blocks
                outputs.append(value)
                self.size += count
        program = used(attrs.evolve(kind.program, outputs=tuple(outputs)))
        self.elements.append((kind, program, start, count))

    def ordered(self, lines: Sequence[int]) -> list[tuple[Key, list[int]]]:
        """The runs in their order, with their values."""
        assembly, level = self.assembly, self.level
        for value, number in assembly.outputs.items():
            self.place[value] = self.place[number]
            level[value] = level[number]
        where: list[tuple[int, int]] = [(0, -1)] * len(assembly.defined)
        """The depth of each value in its level, and its operation."""
        runs: dict[Key, list[int]] = {}
        for value in lines:
            op, args = assembly.defined[value]  # type: ignore[misc]  # no input
            code = _CODES[op]
            top = deep = 0
            alike = False
            for a in args:
                if type(a) is int:
                    at = level[a]
                    depth, last = where[a]
                    if at > top or (at == top and depth > deep):
                        top, deep, alike = at, depth, last == code
                    elif at == top and depth == deep:
                        alike = alike and last == code
            # A run goes in order, so what it needs may come before in the same one: a long sum is one.
            deep = deep if alike else deep + 1
            level[value], where[value] = top, (deep, code)
            runs.setdefault((top, deep, code), []).append(value)
        return sorted(runs.items())

    def _numbered(self, numbers: Iterable[Any]) -> list[int]:
        """The numbers, with those behind all others for literals."""
        count, literals = len(self.assembly.defined), self.literals
        return [
            a if type(a) is int else count + literals.setdefault(struct.pack("d", a), len(literals))
            for a in numbers
        ]

    def tables(self, order: list[tuple[Key, list[int]]], entries: Any) -> Tables:
        """All tables, once each number has its place; literals come last."""
        np, place = self.np, self.place
        for _, values in order:
            place[values] = self.size + np.arange(len(values))
            self.size += len(values)
        levels: dict[int, tuple[list[tuple[Any, Any]], list[tuple[Any, Any]]]] = {}
        for kind, program, start, count in self.elements:
            blocks = range(len(kind.template.blocks))
            rows = [self._numbered(self.assembly.given(kind, b)) for b in blocks]
            rows += [rows[-1]] * (count - len(rows))
            given = np.ascontiguousarray(np.array(rows, np.int64).reshape(count, -1).T)
            here = levels.setdefault(kind.level, ([], []))
            here[0].append((given, partial(Element, program, start, count)))
        for (level, _, code), values in order:
            columns = zip(*[self.assembly.defined[v][1] for v in values], strict=True)  # type: ignore[index]  # no input
            args = np.array([self._numbered(column) for column in columns], np.int64)
            run = partial(Run, code, int(place[values[0]]))
            levels.setdefault(level, ([], []))[1].append((args, run))
        outputs = np.array(self._numbered(entries), np.int64)
        literals = [struct.unpack("d", bits)[0] for bits in self.literals]
        whole = np.concatenate([place, self.size + np.arange(len(literals))]).astype(np.int32)
        steps = tuple(
            (
                tuple([made(whole[given]) for given, made in elements]),
                tuple([made(whole[args]) for args, made in runs]),
            )
            for _, (elements, runs) in sorted(levels.items())
        )
        return Tables(self.size + len(literals), steps, literals, self.size, whole[outputs])
