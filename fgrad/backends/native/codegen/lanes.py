"""How many rows code computes at once: those of one vector, or of two interleaved ones.

The steps of a function such as exp depend on each other, and a second vector fills the gaps:
Black-Scholes takes 22 ns a row by two vectors and 27 by one, forty nested `tanh` 159 and 301. But
two need twice the registers, and twice the instruction cache: forty gradients of `exp`, with 46
live values, take 84 ns by two and 66 by one, forty independent `sin` 104 and 82 (`python -m
tests.bench.native_choices`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fgrad.backends.native.ir.machine import Machine
from fgrad.backends.native.math.table import Target
from fgrad.program.program import Instruction, Program
from fgrad.program.schedule import peak

INTERLEAVED: Final = 3000
"""Instructions of IR, functions included, up to which two vectors are interleaved."""
LIVE: Final = 32
"""Live values up to which two vectors are interleaved, whatever the operations."""
DENSE: Final = 16
"""Instructions of IR for each of the program from which on functions take longer than spills."""
STREAM: Final = 32
"""Instructions of IR for each output up to which a program is bound by memory."""


def lanes(program: Program, machine: Machine) -> int:
    """The number of rows that the code of a program computes at once.

    >>> import fgrad as fg
    >>> one = Machine("x86_64-linux-gnu", "haswell", "+avx,+fma")
    >>> def many(x):
    ...     return fg.sum([fg.sin(x * k) for k in range(90)])
    >>> lanes(fg.trace(fg.sin)(0.0), one), lanes(fg.trace(many)(0.0), one)
    (8, 4)
    """
    whole = size(program.instructions, machine)
    dense = whole >= DENSE * len(program) or peak(program) <= LIVE
    return machine.width * (2 if dense and whole <= INTERLEAVED else 1)


def writes_much(program: Program, machine: Machine) -> bool:
    """Whether large outputs should bypass the cache, which pays off only for programs that are bound by memory.

    For 51 MB, a camera's Jacobian (9 instructions for each of 32 outputs) takes 35 ns a row with
    such stores and 66 without, Black-Scholes (59 for each of 6) 30 and 25.
    """
    return size(program.instructions, machine) <= STREAM * len(program.outputs)


def size(instructions: Sequence[Instruction], machine: Machine) -> int:
    """The number of instructions of IR, functions included."""
    target = Target(machine.width, fma=machine.fma, inline=True)
    return sum([target.size(op) for op, _ in instructions])
