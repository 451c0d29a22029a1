"""How many rows code over many rows computes side by side: those of one vector, or of two.

The steps of a function such as exp wait for each other, and those of a second vector can be done
meanwhile: Black-Scholes takes 22 ns a row by two vectors and 27 by one, forty `tanh` of each other
159 and 301. But two need twice the registers, and twice the code in the cache of instructions:
forty gradients of `exp`, of which 46 numbers live at once, take 84 ns by two and 66 by one, forty
`sin` beside each other 104 and 82 (`python -m tests.bench.native_choices`).
"""

from __future__ import annotations

from typing import Final

from fgrad.backends.native.ir.machine import Machine
from fgrad.backends.native.math.table import Target
from fgrad.program.program import Program
from fgrad.program.schedule import peak

LENGTH: Final = 3000
"""Lines of IR, functions written out, up to which two vectors are computed."""
LIVE: Final = 32
"""Values at once up to which two vectors are computed whatever is between them."""
DENSE: Final = 16
"""Lines of IR to a line of the program from which on functions take longer than values to be kept."""
STREAM: Final = 32
"""Lines of IR for each output up to which a program waits for memory, not memory for the program."""


def lanes(program: Program, machine: Machine) -> int:
    """The lanes of the code of a program.

    >>> import fgrad as fg
    >>> one = Machine("x86_64-linux-gnu", "haswell", "+avx,+fma")
    >>> def many(x):
    ...     return fg.sum([fg.sin(x * k) for k in range(90)])
    >>> lanes(fg.trace(fg.sin)(0.0), one), lanes(fg.trace(many)(0.0), one)
    (8, 4)
    """
    length = _length(program, machine)
    dense = length >= DENSE * len(program) or peak(program) <= LIVE
    return machine.width * (2 if dense and length <= LENGTH else 1)


def writes_much(program: Program, machine: Machine) -> bool:
    """Whether large outputs should go past the cache, which only pays where memory is what takes long.

    Of 51 MB, a camera's Jacobian (9 lines for each of 32 outputs) takes 35 ns a row so and 66 else,
    Black-Scholes (59 for each of 6) 30 and 25.
    """
    return _length(program, machine) <= STREAM * len(program.outputs)


def _length(program: Program, machine: Machine) -> int:
    target = Target(machine.width, fma=machine.fma, inline=True)
    return sum([target.size(op) for op, _ in program.instructions])
