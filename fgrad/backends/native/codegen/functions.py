"""The lines of a program as functions in LLVM IR, each of a few hundred lines.

The time that LLVM takes for a function grows faster than its length, so a long program is cut into
parts; what one computes for a later one waits in scratch memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from fgrad.backends.native.codegen.bindings import Bindings
from fgrad.backends.native.codegen.callbacks import caller
from fgrad.backends.native.codegen.layout import Layout
from fgrad.backends.native.codegen.liveness import APART, UNPLANNED, Plan, plans
from fgrad.backends.native.codegen.loop import Loop
from fgrad.backends.native.codegen.selection import FENCE, Wording, defined
from fgrad.backends.native.codegen.slp import Piece, pieces, several
from fgrad.backends.native.codegen.spill import Scratch
from fgrad.backends.native.ir.builder import double
from fgrad.backends.native.math.table import SINE_AND_COSINE, Target
from fgrad.backends.native.rerolling.instruction_table import InstructionTable
from fgrad.backends.native.rerolling.operands import operands
from fgrad.backends.native.rerolling.partition import Region
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Item, Joint
from fgrad.ops.primitive import Op
from fgrad.program.program import Instruction, Program

PART: Final = 500
"""Lines a part; with 1,000, code takes half as long again to make, with 2,000 more than twice."""


@attrs.frozen
class Parts:
    """The functions `@part0`, `@part1`, ..., the scratch they share, and what they call."""

    functions: tuple[str, ...]
    needs: tuple[tuple[str, ...], ...]
    """The declarations and definitions that each function needs."""
    slots: int
    """How many values (of the width) the scratch memory must hold."""


def called(program: Program) -> tuple[Op, ...]:
    """The operations that are called by their meaning, since nothing is known of them here."""
    known = Target(1, fma=True, inline=False).templates
    found = dict.fromkeys([op for op, _ in program.instructions])
    return tuple(
        op for op in found if not (op in known or op is ops.square or isinstance(op, Item))
    )


def parts(
    program: Program,
    layout: Layout,
    target: Target,
    calls: tuple[Op, ...],
    regions: Sequence[Region],
    *,
    wide: Target | None = None,
    table: InstructionTable | None = None,
    room: int = 0,
) -> Parts:
    """The program, a part for each region; `calls` are those of `%calls`, in its order.

    With `wide`, equal functions that stand side by side become the lanes of its vectors. Where loops
    are among the regions, `table` is that of the program. With `room`, lines are written for so many
    values at hand.
    """
    planned, waiting = plans(program, layout, target, regions, room)
    scratch = Scratch.of(program, regions, waiting)
    outputs: dict[int, list[int]] = {}
    for index, value in enumerate(program.outputs):
        outputs.setdefault(value, []).append(index)
    functions, needs = [], []
    there: set[int] = set()
    for number, region in enumerate(regions):
        if region.trips > 1 and table is not None:
            names = Bindings(program, number, region, scratch.slots, layout, target, wide or target)
            loop = Loop(names, operands(region, table), outputs)
            function, needed = loop.function(), loop.needs
        else:
            writer = _Writer(
                program, layout, target, wide or target, calls, scratch.slots, outputs,
                planned.get(number, UNPLANNED), there,
            )  # fmt: skip
            function = writer.function(number, region.start, region.end)
            needed = writer.needs(program.instructions[region.start : region.end])
        functions.append(function)
        needs.append(needed)
    return Parts(tuple(functions), tuple(needs), scratch.size)


@attrs.frozen(eq=False)
class _Writer:
    """One part as it is written."""

    program: Program
    layout: Layout
    target: Target
    wide: Target
    calls: tuple[Op, ...]
    slots: Mapping[int, int]
    outputs: Mapping[int, Sequence[int]]
    """Which outputs each value is."""
    plan: Plan
    there: set[int]
    """The inputs that wait already, brought by this part or those before."""
    names: dict[int, str] = attrs.field(factory=dict, init=False)
    """Of the values that are at hand in this part."""
    read: set[int] = attrs.field(factory=set, init=False)
    """The values that have had a name."""
    text: list[str] = attrs.field(factory=list, init=False)
    wording: Wording = attrs.field(init=False)
    """Of the lines, and of pieces of several."""
    together: Wording = attrs.field(init=False)

    @wording.default
    def _wording(self) -> Wording:
        return Wording(self.target, self.text)

    @together.default
    def _together(self) -> Wording:
        return Wording(self.wide, self.text)

    def function(self, number: int, start: int, end: int) -> str:
        """The definition of the part that has the lines from `start` to `end`."""
        inputs = len(self.program.inputs)
        lines = self.program.instructions[start:end]
        if start == 0:
            for value in self.outputs:
                if value < inputs:
                    self._give(value, self._argument(value), truth=False)
        self._body(lines, inputs + start)
        return defined(number, self.target, [*self._rooms(start, end), *self.text])

    def needs(self, lines: Sequence[Instruction]) -> tuple[str, ...]:
        """The declarations and definitions that the lines need, now that they are written."""
        needed = dict.fromkeys(self.wording.needs)
        needed |= dict.fromkeys(self.together.needs)
        for op in dict.fromkeys(op for op, _ in lines if op in self.calls):
            needed |= dict.fromkeys(caller(op)[1])
        return tuple(needed)

    def _body(self, lines: Sequence[Instruction], first: int) -> None:
        found = tuple(pieces(lines, first, self.wide.width // self.target.width))
        for_vectors = several(found)
        for piece in found:
            if piece.function in for_vectors:
                self._piece(piece, [lines[i] for i in piece.lines], first + piece.lines.start)
            else:
                for i in piece.lines:
                    self._line(*lines[i], first + i, piece.function)
            for i in piece.lines if self.plan.waiting else ():
                for value in self.plan.leaving[i]:
                    self.names.pop(value, None)
                if i % APART == 0:
                    self.text.append(FENCE)

    def _line(self, op: Op, args: Sequence[Any], value: int, function: str) -> None:
        given = tuple([self._argument(a) for a in args])
        name = f"%x{value}"
        if isinstance(op, Item):
            self._load(self.slots[int(args[0])] + op.index, name, truth=False)
        elif not self.wording.write(op, name, given, both=function == SINE_AND_COSINE):
            self._call(op, value, given)
        self._named(op, value, name)

    def _named(self, op: Op, value: int, name: str) -> None:
        """The value is at hand under that name; write it where it waits, and where it is an output."""
        self.names[value] = name
        self.read.add(value)
        if value in self.slots and not op.joint:
            self._store(self.slots[value], name, truth=op.truth)
        if value in self.outputs:
            self._give(value, name, truth=op.truth)

    def _piece(self, piece: Piece, lines: Sequence[Instruction], first: int) -> None:
        """Values from `first` on, by one call."""
        calls = [[self._argument(a) for a in args] for args in piece.calls]
        vectors = self.together.together(piece.function, f"%x{first}v", calls)
        elements = self.together.elements(vectors, [op for op, _ in lines], piece.lanes(lines))
        for value, ((op, _), element) in enumerate(zip(lines, elements, strict=True), first):
            self.text.append(f"%x{value} = {element}")
            self._named(op, value, f"%x{value}")

    def _argument(self, a: Any) -> str:
        if type(a) is int:
            return self.names.get(a) or self._read(a)
        if type(a) is bool:
            return self.target.constant("true" if a else "false", truth=True)
        return self.target.constant(double(a))

    def _read(self, value: int) -> str:
        """Bring an input, or what has been computed before, for the first time here or again."""
        again = value in self.read
        line = value - len(self.program.inputs)
        name = self.names[value] = f"%x{value}r{len(self.text)}" if again else f"%x{value}"
        self.read.add(value)
        if line >= 0 or value in self.there:
            op = self.program.instructions[line][0] if line >= 0 else ops.identity
            if not op.joint:
                self._load(self.slots[value], name, truth=op.truth)
        elif again:
            array, at = self.layout.place(value)
            self.text.extend(self.layout.load_at(array, f"{at}", name, self.target))
        else:
            lines, brought = self.layout.load(value, self.target)
            self.text.extend(lines)
            for index in brought:
                self.names[index] = f"%x{index}"
                if index in self.slots:
                    self._store(self.slots[index], f"%x{index}", truth=False)
                    self.there.add(index)
            self.read.update(brought)
        return name

    def _give(self, value: int, name: str, *, truth: bool) -> None:
        for index in self.outputs[value]:
            self.text.extend(self.layout.store(index, name, self.target, truth=truth))

    def _place(self, slot: int, name: str) -> str:
        self.text.append(f"{name} = getelementptr {self.target.type()}, ptr %scratch, i64 {slot}")
        return name

    def _load(self, slot: int, name: str, *, truth: bool) -> None:
        v = _mask(self.target) if truth else self.target.type()
        number = f"{name}d" if truth else name
        self.text.append(f"{number} = load {v}, ptr {self._place(slot, f'{name}p')}")
        if truth:
            self.text.append(f"{name} = icmp ne {v} {number}, zeroinitializer")

    def _store(self, slot: int, name: str, *, truth: bool) -> None:
        v = _mask(self.target) if truth else self.target.type()
        if truth:
            self.text.append(f"{name}d = sext {self.target.type(truth=True)} {name} to {v}")
            name = f"{name}d"
        self.text.append(f"store {v} {name}, ptr {self._place(slot, f'{name}q')}")

    def _call(self, op: Op, value: int, given: Sequence[str]) -> None:
        """Call the meaning lane by lane: it reads its arguments from memory and writes its results."""
        text, name, target = self.text, f"%x{value}", self.target
        entry = f"getelementptr ptr, ptr %calls, i64 {self.calls.index(op)}"
        text += [f"{name}e = {entry}", f"{name}f = load ptr, ptr {name}e"]
        results = self._results(op, value)
        for lane in range(target.width):
            for k, (arg, kind) in enumerate(zip(given, op.kinds, strict=True)):
                self._lane_out(arg, f"{name}a{lane}_{k}", lane, k, truth=kind is bool)
            text.append(f"call void {caller(op)[0]}(ptr {name}f, ptr %args, ptr %results)")
            for k, whole in enumerate(results):
                self._lane_in(whole, lane, k)
        if op.joint:
            for k, whole in enumerate(results):
                place = self._place(self.slots[value] + k, f"{whole}p")
                text.append(f"store {target.type()} {whole}, ptr {place}")
        elif op.truth:
            zero = target.constant("0.0")
            text.append(f"{name} = fcmp une {target.type()} {results[0]}, {zero}")

    def _results(self, op: Op, value: int) -> list[str]:
        """Names for the results: that of the value itself if it is one number."""
        if isinstance(op, Joint):
            return [f"%x{value}r{k}" for k in range(op.size)]
        return [f"%x{value}r" if op.truth else f"%x{value}"]

    def _lane_out(self, arg: str, name: str, lane: int, k: int, *, truth: bool) -> None:
        kind, text = "i1" if truth else "double", self.text
        if self.target.width > 1:
            wide = self.target.type(truth=truth)
            text.append(f"{name}l = extractelement {wide} {arg}, i64 {lane}")
            arg = f"{name}l"
        if truth:
            text.append(f"{name}d = uitofp {kind} {arg} to double")
            arg = f"{name}d"
        text.append(f"{name}p = getelementptr double, ptr %args, i64 {k}")
        text.append(f"store double {arg}, ptr {name}p")

    def _lane_in(self, whole: str, lane: int, k: int) -> None:
        width, text = self.target.width, self.text
        place, got = f"{whole}g{lane}", whole if width == 1 else f"{whole}v{lane}"
        text.append(f"{place} = getelementptr double, ptr %results, i64 {k}")
        text.append(f"{got} = load double, ptr {place}")
        if width > 1:
            before = "poison" if lane == 0 else f"{whole}w{lane - 1}"
            after = whole if lane == width - 1 else f"{whole}w{lane}"
            text.append(
                f"{after} = insertelement {self.target.type()} {before}, double {got}, i64 {lane}"
            )

    def _rooms(self, start: int, end: int) -> list[str]:
        """Where the arguments and the results of calls stand."""
        called = [op for op, _ in self.program.instructions[start:end] if op in self.calls]
        if not called:
            return []
        results = [op.size if isinstance(op, Joint) else 1 for op in called]
        return [
            f"%args = alloca [{max(op.arity for op in called)} x double]",
            f"%results = alloca [{max(results)} x double]",
        ]


def _mask(target: Target) -> str:
    """The type of truth values that wait: all bits of each or none, as comparisons make them."""
    return "i64" if target.width == 1 else f"<{target.width} x i64>"
