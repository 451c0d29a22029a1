"""Lines of a program as lines of IR, of one width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from fgrad.backends.native.math.table import FUNCTIONS, SINE_AND_COSINE, Target
from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op

HEAD: Final = "ptr noalias %in, ptr noalias %same, ptr noalias %out, ptr %calls, ptr noalias %scratch, i64 %row"
"""What each function of a program is given: inputs, inputs that are the same in each row, and so on."""

FREE: Final = 'nounwind "no-builtins"'
"""Of all code with outputs: it calls no library, not even where it writes many zeros in a row."""


LOADS: Final = 48
STORES: Final = 64
"""Loads and stores up to which LLVM searches a function for what could be vectors (SLP).

Its search takes 80 times as long for twice as many loads under one sum from here on, if they lie in
threes or in no order: 0.02 s for 48, 0.5 s for 64, 7 s for 128, and it takes all memory there is.
"""
TOUCHED: Final = 128
"""Loads and stores between two fences of code over rows, whose functions are long.

A fence is no instruction. LLVM compares all of them that could change places with each other: 1,200
stores took four times as long without.
"""
FENCE: Final = 'fence syncscope("singlethread") acq_rel'


def defined(number: int, target: Target, lines: Sequence[str]) -> str:
    """The definition of the function of region `number`, which has these lines."""
    # What is put in place and could be called from elsewhere would be compiled a second time.
    here, how = ("internal", "alwaysinline") if target.inline else ("hidden", "noinline")
    if target.width > 1:
        lines = _apart(lines)
    elif not searched(lines):
        # LLVM's own vectors are all that this is about: what is written as numbers stays.
        how += " noimplicitfloat"
    head = f"define {here} void @part{number}({HEAD}) {FREE} {how} {{"
    return "\n".join([head, *lines, "ret void", "}"])


def searched(lines: Sequence[str]) -> bool:
    """Whether LLVM searches these lines for vectors."""
    loads = sum([" = load " in line for line in lines])
    stores = sum([line.startswith("store ") for line in lines])
    return loads <= LOADS and stores <= STORES


def _apart(lines: Sequence[str]) -> list[str]:
    """The lines with fences, so that not too much of memory is touched between two."""
    found: list[str] = []
    touched = 0
    for line in lines:
        found.append(line)
        touched += " = load " in line or line.startswith("store ")
        if line == FENCE or touched == TOUCHED:
            found += [FENCE] if line != FENCE else []
            touched = 0
    return found


@attrs.frozen(eq=False)
class Wording:
    """Lines as they are written, and the functions that they call."""

    target: Target
    text: list[str]
    """Where the lines go."""
    called: dict[str, None] = attrs.field(factory=dict, init=False)
    _pairs: dict[str, str] = attrs.field(factory=dict, init=False)
    """The name of the sine and cosine of each angle that both are taken of, when it has one."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The declarations and definitions that the lines need."""
        return self.target.dependencies(self.called)

    def write(self, op: Op, name: str, given: Sequence[str], *, both: bool) -> bool:
        """The value of that name by an operation; False if `Target.templates` does not have it.

        With `both`, it is the sine or the cosine of something that the other is taken of too.
        """
        if both:
            self._sine_or_cosine(op, name, given[0])
            return True
        phrase = self.target.templates.get(ops.mul if op is ops.square else op)
        if phrase is None:
            return False
        given = tuple(given) * 2 if op is ops.square else tuple(given)
        self.text.append(f"{name} = {phrase % given}")
        if op in FUNCTIONS:
            self.called[op.name] = None
        return True

    def together(self, function: str, name: str, calls: Sequence[Sequence[str]]) -> tuple[str, ...]:
        """The vector of the results of some calls at once, or those of sines and of cosines.

        What is given for a lane too many is given again. The target are those of functions that are
        given the lanes of a vector one by one.
        """
        target, both = self.target, function == SINE_AND_COSINE
        columns = list(zip(*calls, strict=True))
        lanes = [column[k % len(column)] for column in columns for k in range(target.width)]
        given = ", ".join([f"double {lane}" for lane in lanes])
        self.called[function] = None
        type_ = target.pair if both else target.type()
        self.text.append(f"{name} = call {type_} {target.symbol(function)}({given})")
        if not both:
            return (name,)
        vectors = f"{name}s", f"{name}c"
        for k, vector in enumerate(vectors):
            self.text.append(f"{vector} = extractvalue {type_} {name}, {k}")
        return vectors

    def elements(
        self, vectors: Sequence[str], operations: Sequence[Op], lanes: Sequence[int]
    ) -> list[str]:
        """What brings the result of each operation out of its lane of what `together` has given."""
        type_, last = self.target.type(), len(vectors) - 1
        return [
            f"extractelement {type_} {vectors[last if op is ops.cos else 0]}, i64 {lane}"
            for op, lane in zip(operations, lanes, strict=True)
        ]

    def _sine_or_cosine(self, op: Op, name: str, angle: str) -> None:
        two = self.target.pair
        if angle not in self._pairs:
            self.called[SINE_AND_COSINE] = None
            self._pairs[angle] = f"{name}b"
            call = f"call {two} {self.target.symbol(SINE_AND_COSINE)}({self.target.type()} {angle})"
            self.text.append(f"{name}b = {call}")
        index = 0 if op is ops.sin else 1
        self.text.append(f"{name} = extractvalue {two} {self._pairs[angle]}, {index}")
