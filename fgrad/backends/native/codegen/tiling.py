"""Tiling: an order of instructions in which sums of the same values are computed side by side.

The sums of a layer of a network each use all values of the layer before. Computed one after the
other they load all of them each time; several at once share the loads, and need not wait for each
other's additions. The products of two rows of values that each go to a total are computed by tiles
whose values fit in registers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

from fgrad.backends.native.math.fma import fused
from fgrad.program.program import Program
from fgrad.program.schedule import reordered

SHARED: Final = 4
"""Values that sums must share, and products that a value must be a factor of."""
SIDE: Final = 8
"""Sums side by side that keep the floating-point units busy: an addition takes 4 cycles, and two
start in one."""

Chain: TypeAlias = tuple[int, ...]
"""The partial sums of a chain of additions, each of which only the next one uses."""


def tiled(program: Program, registers: int) -> Program:
    """The program in that order, for so many registers; itself if there are no tiles.

    >>> import fgrad as fg
    >>> from fgrad.backends.native.math.fma import contracted
    >>> from fgrad.program.passes import simplified
    >>> def layer(x, w):
    ...     values = [fg.exp(a) for a in x]
    ...     return [sum(a * b for a, b in zip(values, row)) for row in w]
    >>> program = contracted(simplified(fg.trace(layer)([1.0] * 4, [[1.0] * 4] * 2)))
    >>> [min(args[:2]) for op, args in tiled(program, 7).instructions if op.name == "fused"]
    [4, 8, 5, 9, 6, 10, 7, 11]
    """
    size = min(SIDE, registers - 2)
    blocks = [b for group in _alike(program) for b in _blocks(program, group, size)]
    grid = _grid(program, registers - 3)
    if not blocks and not grid:
        return program
    return reordered(program, [*_order(program, blocks, frozenset(grid)), *grid])


def instruction_of(program: Program, value: int) -> tuple[Any, tuple[Any, ...]]:
    """The instruction that a value is the result of; no operation for an input."""
    line = value - len(program.inputs)
    return program.instructions[line] if line >= 0 else (None, ())


def _needs(program: Program, value: int) -> list[int]:
    """The values that the instruction of a value uses."""
    return [a for a in instruction_of(program, value)[1] if type(a) is int]


def _chains(program: Program) -> list[Chain]:
    """The chains of FMAs."""
    inputs, uses = len(program.inputs), program.uses
    following: dict[int, int] = {}
    for value, (op, args) in enumerate(program.instructions, inputs):
        before = args[-1]
        if op is fused and type(before) is int and before >= inputs and uses[before] == 1:
            following[before] = value
    found = []
    for first in set(following).difference(following.values()):
        chain = [first]
        while chain[-1] in following:
            chain.append(following[chain[-1]])
        found.append(tuple(chain))
    return sorted(found)


def _alike(program: Program) -> list[list[Chain]]:
    """Chains whose values are the same, factor by factor."""
    inputs = len(program.inputs)
    groups: dict[tuple[Any, ...], list[Chain]] = {}
    for chain in _chains(program):
        rows = [instruction_of(program, value)[1][:2] for value in chain]
        common = tuple([tuple(a for a in r if type(a) is int and a >= inputs) for r in rows])
        if sum(map(len, common)) >= SHARED:
            groups.setdefault(common, []).append(chain)
    return [group for group in groups.values() if len(group) > 1]


def _blocks(program: Program, group: Sequence[Chain], size: int) -> Iterator[list[Chain]]:
    """The chains in blocks of that size, none of which needs another chain of its block."""
    number = -(-len(group) // max(size, 1))
    for k in range(number):
        block = group[len(group) * k // number : len(group) * (k + 1) // number]
        needed = [a for chain in block for v in chain for a in _needs(program, v)]
        inside = frozenset(v for chain in block for v in chain)
        if max(a for a in needed if a not in inside) < min(chain[-1] for chain in block):
            yield list(block)


def _grid(program: Program, side: int) -> list[int]:
    """The order of products of two rows of values that are added to totals and used no more."""
    factors: dict[int, tuple[int, int]] = {}
    often: dict[int, int] = {}
    uses = program.uses
    for value, (op, args) in enumerate(program.instructions, len(program.inputs)):
        x, y = args[:2] if op is fused and not uses[value] else (None, None)
        if type(x) is int and type(y) is int:
            factors[value] = x, y
            often[x], often[y] = often.get(x, 0) + 1, often.get(y, 0) + 1
    factors = {v: xy for v, xy in factors.items() if min(often[a] for a in xy) >= SHARED}
    columns = {y: k for k, y in enumerate(dict.fromkeys(y for _, y in factors.values()))}
    rows = {x: k for k, x in enumerate(dict.fromkeys(x for x, _ in factors.values()))}
    number = -(-len(columns) // max(side, 1))

    def place(value: int) -> tuple[int, int, int]:
        x, y = factors[value]
        return columns[y] * number // len(columns), rows[x], columns[y]

    return sorted(factors, key=place)


def _order(program: Program, blocks: Sequence[Sequence[Chain]], last: frozenset[int]) -> list[int]:
    """The instructions in their order, except for blocks and what these need, and without the `last` ones."""
    inputs = len(program.inputs)
    block_of = {v: block for block in blocks for chain in block for v in chain}
    order: list[int] = []
    seen: set[int] = set()
    backwards = range(inputs + len(program) - 1, inputs - 1, -1)
    waiting = [(v, False) for v in backwards if v not in last]
    while waiting:
        value, ready = waiting.pop()
        if value in seen and not ready:
            continue
        block = block_of.get(value, [(value,)])
        instructions = [v for row in zip(*block, strict=True) for v in row]
        if ready:
            order += instructions
        elif value >= inputs:
            seen.update(instructions)
            waiting.append((value, True))
            needed = [a for v in reversed(instructions) for a in _needs(program, v)]
            waiting += [(a, False) for a in needed if a not in seen]
    return order
