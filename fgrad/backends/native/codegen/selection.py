"""Instruction selection: instructions of a program as instructions of IR, of one vector width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from fgrad.backends.native.codegen.slp import Pack
from fgrad.backends.native.math.table import FUNCTIONS, SINE_AND_COSINE, Target
from fgrad.ops import scalar as ops
from fgrad.ops.primitive import Op
from fgrad.program.program import Instruction

PARAMETERS: Final = "ptr noalias %in, ptr noalias %same, ptr noalias %out, ptr %calls, ptr noalias %scratch, i64 %row"
"""The parameters of each function of a program: inputs, inputs that are the same in each row, and so on."""

ATTRIBUTES: Final = 'nounwind "no-builtins"'
"""Attributes of all code with outputs. It calls no library: LLVM may not make a run of zero stores
a memset."""


FENCED_ACCESSES: Final = 128
"""Loads and stores between two compiler fences in code over rows, whose functions are long.

A fence emits no machine code. LLVM compares all memory accesses that could be reordered with each
other: 1,200 stores took four times as long without.
"""
FENCE: Final = 'fence syncscope("singlethread") acq_rel'


def define(number: int, target: Target, lines: Sequence[str]) -> str:
    """The definition of the function of region `number`, with this body."""
    # What is inlined and could be called from elsewhere would be compiled a second time.
    here, how = ("internal", "alwaysinline") if target.inline else ("hidden", "noinline")
    if target.width > 1:
        lines = _fenced(lines)
    head = f"define {here} void @part{number}({PARAMETERS}) {ATTRIBUTES} {how} {{"
    return "\n".join([head, *lines, "ret void", "}"])


def _fenced(lines: Sequence[str]) -> list[str]:
    """The lines with fences, so that LLVM compares few memory accesses."""
    found: list[str] = []
    touched = 0
    for line in lines:
        found.append(line)
        touched += " = load " in line or line.startswith("store ")
        if line == FENCE or touched == FENCED_ACCESSES:
            found += [FENCE] if line != FENCE else []
            touched = 0
    return found


@attrs.frozen(eq=False)
class Emitter:
    """Emits instructions, and notes the functions that they call."""

    target: Target
    text: list[str]
    """What the instructions are appended to."""
    functions: dict[str, None] = attrs.field(factory=dict, init=False)
    _pairs: dict[str, str] = attrs.field(factory=dict, init=False)
    """The name of the result of `SINE_AND_COSINE` for each angle of which both are taken."""

    @property
    def dependencies(self) -> tuple[str, ...]:
        """The declarations and definitions that the instructions need."""
        return self.target.dependencies(self.functions)

    def emit(self, op: Op, name: str, given: Sequence[str], *, both: bool) -> bool:
        """Emit an operation under a name; False if `Target.templates` does not have it.

        With `both`, it is the sine or the cosine of an angle of which the other is taken too.
        """
        if both:
            self._sine_or_cosine(op, name, given[0])
            return True
        template = self.target.templates.get(ops.mul if op is ops.square else op)
        if template is None:
            return False
        given = tuple(given) * 2 if op is ops.square else tuple(given)
        self.text.append(f"{name} = {template % given}")
        if op in FUNCTIONS:
            self.functions[op.name] = None
        return True

    def emit_pack(
        self,
        pack: Pack,
        lines: Sequence[Instruction],
        names: Sequence[str],
        calls: Sequence[Sequence[str]],
    ) -> None:
        """Emit the instructions of a pack under these names, by one call on vectors.

        `calls` are the arguments of each lane; spare lanes repeat them. The target is one with
        scalar parameters.
        """
        target, function, name = self.target, pack.function, f"{names[0]}v"
        columns = list(zip(*calls, strict=True))
        lanes = [column[k % len(column)] for column in columns for k in range(target.width)]
        given = ", ".join([f"double {lane}" for lane in lanes])
        self.functions[function] = None
        type_, vectors = target.type(), [name]
        if function == SINE_AND_COSINE:
            type_, vectors = target.pair, [f"{name}s", f"{name}c"]
        self.text.append(f"{name} = call {type_} {target.symbol(function)}({given})")
        for k, vector in enumerate(vectors if len(vectors) > 1 else ()):
            self.text.append(f"{vector} = extractvalue {type_} {name}, {k}")
        for result, (op, _), lane in zip(names, lines, pack.lanes(lines), strict=True):
            vector = vectors[-1 if op is ops.cos else 0]
            self.text.append(f"{result} = extractelement {target.type()} {vector}, i64 {lane}")

    def _sine_or_cosine(self, op: Op, name: str, angle: str) -> None:
        two = self.target.pair
        if angle not in self._pairs:
            self.functions[SINE_AND_COSINE] = None
            self._pairs[angle] = f"{name}b"
            call = f"call {two} {self.target.symbol(SINE_AND_COSINE)}({self.target.type()} {angle})"
            self.text.append(f"{name}b = {call}")
        index = 0 if op is ops.sin else 1
        self.text.append(f"{name} = extractvalue {two} {self._pairs[angle]}, {index}")
