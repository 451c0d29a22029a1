"""A program over a block of rows as Python source: one call of a ufunc for each instruction.

A ufunc writes into an array that is dead, which may be its own argument. Importing this module
needs numpy.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import attrs
import numpy as np

from fgrad.arrays.ufuncs import form
from fgrad.ops.primitive import Op
from fgrad.program.program import Program
from fgrad.program.schedule import last_uses

CACHE: Final = 1 << 21  # bytes that a block should take, to stay in the cache
SHORTEST: Final = 8192  # rows; in shorter blocks calls cost too much
LONGEST: Final = 16384
ROOM: Final = 1 << 26  # the most bytes of a block, however many values are live


@attrs.frozen
class Block:
    """A function `(columns, outputs, scalars, floats, truths)` that fills the outputs of one block.

    >>> import fgrad as fg
    >>> from fgrad.backends.numpy.block import written
    >>> program = fg.trace(lambda x, y: fg.sin(x * y) + y)(0.0, 0.0)
    >>> print(written(program, 1).source)
    def block(columns, outputs, scalars, floats, truths):
        x0, = columns
        o0, = outputs
        s1, = scalars
        f0, = floats
        mul_0(x0, s1, out=f0)
        sin_1(f0, out=f0)
        add_2(f0, s1, out=o0)
    """

    function: Callable[..., None]
    source: str
    scalars: tuple[int, ...]
    """The inputs that are read and are the same in each row."""
    floats: int
    """The number of arrays of doubles that it writes to."""
    truths: int
    size: int
    """The rows of a block, so that all it holds fits into the cache."""


def written(program: Program, columns: int) -> Block:
    """The block of a program whose first inputs are that many columns, and which it all depends on."""
    writer = _Writer(program, columns)
    last = last_uses(program)
    for line, (op, args) in enumerate(program.instructions):
        number = line + len(program.inputs)
        ending = {a for a in args if type(a) is int and a in writer.held and last[a] == line}
        writer.write(number, op, args, ending)
        if last[number] == line:
            writer.forget(number)
    return writer.block()


class _Writer:
    """The source so far, and which array holds which value."""

    def __init__(self, program: Program, columns: int) -> None:
        self.program, self.outputs = program, program.outputs
        self.results = {i: f"o{k}" for k, i in reversed(list(enumerate(self.outputs)))}
        self.columns = [f"x{i}" for i in range(columns)]
        self.held = dict(enumerate(self.columns))
        self.free: dict[str, list[str]] = {"f": [], "t": []}
        self.made = {"f": 0, "t": 0}
        self.scalars: dict[int, str] = {}
        self.globals: dict[str, Any] = {}
        self.functions: dict[Op, str] = {}
        self.source: list[str] = []
        self.alive = self.most = 0

    def write(self, number: int, op: Op, args: Sequence[float], ending: Collection[int]) -> None:
        """Emit one instruction; a ufunc may overwrite the arguments that end with it."""
        how = form(op)
        word = op.name if op.name.isidentifier() and op.name.isascii() else "operation"
        name = self.functions.setdefault(op, f"{word}_{len(self.functions)}")
        self.globals[name] = how.function
        call = f"{name}({', '.join([self.name(a) for a in args])}"
        names = [self.held[i] for i in sorted(ending)]
        if how.ufunc:
            self.release(ending)
            place = self.place(number)
            self.source.append(f"{call}, out={place})")
        else:
            place = f"v{number}"
            self.source.append(f"{place} = {call})")
            self.release(ending)
            self.alive += 1
            self.most = max(self.most, self.alive + len(names))
        self.drop(names)
        self.held[number] = place

    def name(self, a: float) -> str:
        if type(a) is int:
            return self.held.get(a) or self.scalars.setdefault(a, f"s{a}")
        name = f"{type(a).__name__}_{struct.pack('>d', a).hex()}"
        self.globals[name] = np.array(a)  # which a ufunc takes quicker than a float
        return name

    def place(self, number: int) -> str:
        """The array that a ufunc writes to: an output, the free array written last, or a new one."""
        if number in self.results:
            return self.results[number]
        kind = "t" if self.program.instructions[number - len(self.program.inputs)][0].truth else "f"
        if self.free[kind]:
            return self.free[kind].pop()
        self.made[kind] += 1
        return f"{kind}{self.made[kind] - 1}"

    def release(self, numbers: Collection[int]) -> None:
        for i in sorted(numbers):
            name = self.held.pop(i)
            if name[0] in self.free:
                self.free[name[0]].append(name)

    def forget(self, number: int) -> None:
        """Free a value that nothing uses."""
        name = self.held[number]
        self.release((number,))
        self.drop((name,))

    def drop(self, names: Sequence[str]) -> None:
        """Delete the arrays that a function returned."""
        if made := [name for name in names if name[0] == "v"]:
            self.source.append(f"del {', '.join(made)}")
            self.alive -= len(made)

    def block(self) -> Block:
        """The block: names what is passed, and copies the outputs that no ufunc has written."""
        results = [f"o{k}" for k in range(len(self.outputs))]
        floats, truths = [[f"{k}{i}" for i in range(self.made[k])] for k in "ft"]
        passed = (self.columns, results, list(self.scalars.values()), floats, truths)
        names = ("columns", "outputs", "scalars", "floats", "truths")
        body = [f"{', '.join(p)}, = {n}" for p, n in zip(passed, names, strict=True) if p]
        body += self.source
        for result, i in zip(results, self.outputs, strict=True):
            if self.held[i] != result:
                body.append(f"copyto({result}, {self.held[i]})")
        source = "\n    ".join([f"def block({', '.join(names)}):", *(body or ["pass"])])
        scope = self.globals | {"copyto": np.copyto}
        exec(compile(source, "<a program over columns>", "exec"), scope)  # noqa: S102  # ours
        live = len(self.columns) + len(results) + len(floats) + self.most + len(truths) // 8
        return Block(
            scope["block"], source, tuple(self.scalars), len(floats), len(truths), _rows(live)
        )


def _rows(live: int) -> int:
    """The rows of a block with so many live numbers a row."""
    row = 8 * max(1, live)
    fitting = max(SHORTEST, min(LONGEST, CACHE // row // 64 * 64))
    return max(1, min(fitting, ROOM // row))
