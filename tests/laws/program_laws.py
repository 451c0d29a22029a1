"""The laws of programs on as many random ones as are asked for, and on their gradients.

    python -m tests.laws.program_laws [programs] [first]

Of each program and of its gradient, at awkward numbers: what is simplified, Python's source, the
text that is written and read back, and C have the bits of the meaning; columns have those of the
meaning where numpy's functions are exact, and else those of its functions one by one. The suite
tries the same laws on some hundreds.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from fgrad.backends.python import source
from fgrad.compiled.kernel import Kernel
from fgrad.formats.c import writer
from fgrad.program.passes import simplified
from fgrad.program.program import Program
from fgrad.program.text import parse, show
from tests.backends.numpy.test_columns import agree, agree_with_forms, exact_program
from tests.formats.test_c import CC, called, compiled, without_copysign
from tests.samples.programs import bits, point, program

TOGETHER = 100
"""Programs that one C compiler is started for."""
POINTS = 5


def with_gradient(known: Program) -> Iterator[Program]:
    """The program, and that of its gradient in all outputs if it has one."""
    yield known
    reached, slope = Kernel(known, "reference").slope(tuple(range(len(known.outputs))))
    if slope is not None and reached:
        yield slope.program


def means_the_same(known: Program, seed: int) -> None:
    """Simplified, as Python and as text."""
    shorter, python = simplified(known), source(known).function()
    assert parse(show(known)) == known, seed
    for where in range(seed, seed + POINTS):
        x = point(where, len(known.inputs))
        meant = bits(known.run(x))
        assert bits(shorter.run(x)) == bits(python(*x)) == meant, (seed, where)


def in_c_too(programs: Sequence[Program], seed: int) -> None:
    """Bit for bit, but for the sign of a nan."""
    named = {f"test_{i}": without_copysign(known) for i, known in enumerate(programs)}
    with tempfile.TemporaryDirectory() as folder:
        library = compiled(writer.unit(named), Path(folder))
        for name, known in named.items():
            for where in range(seed, seed + POINTS):
                x = point(where, len(known.inputs))
                assert bits(called(library, name, known, x)) == bits(known.run(x)), (name, where)


def main() -> None:
    """Try the laws."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    waiting: list[Program] = []
    for seed in range(first, first + count):
        for known in with_gradient(program(seed, 40)):
            means_the_same(known, seed)
            agree_with_forms(known, seed)
            waiting.append(known)
        for known in with_gradient(exact_program(seed)):
            agree(known, 3, seed, [i % 2 == 1 for i in range(len(known.inputs))])
        if CC and len(waiting) >= TOGETHER:
            in_c_too(waiting, seed)
            waiting = []
        if (seed + 1) % 1000 == 0:
            print(f"{seed + 1:,} programs", flush=True)


if __name__ == "__main__":
    main()
