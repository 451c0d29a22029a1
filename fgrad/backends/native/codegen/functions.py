"""A program's instructions as functions in LLVM IR, of a few hundred instructions each.

LLVM's time for a function grows faster than its length, so a long program becomes several functions.
Values that are live from one to a later one are spilled to scratch memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, Final

import attrs

from fgrad.backends.native.codegen.callbacks import emit_callback, result_count, trampoline
from fgrad.backends.native.codegen.layout import Layout
from fgrad.backends.native.codegen.loop import Loop
from fgrad.backends.native.codegen.loop_values import LoopValues
from fgrad.backends.native.codegen.selection import FENCE, Emitter, define
from fgrad.backends.native.codegen.slp import Pack, packs, vectorised
from fgrad.backends.native.codegen.spill import (
    FENCE_INTERVAL,
    UNPLANNED,
    Slots,
    SpillPlan,
    spill_plans,
)
from fgrad.backends.native.math.table import SINE_AND_COSINE, Target
from fgrad.backends.native.rerolling.instruction_table import InstructionTable
from fgrad.backends.native.rerolling.operands import operands
from fgrad.backends.native.rerolling.partition import Region
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Item
from fgrad.ops.primitive import Op
from fgrad.program.program import Instruction, Program

FUNCTION_SIZE: Final = 500
"""Instructions of a function; 1,000 take half as long again to compile, 2,000 more than twice."""


@attrs.frozen
class Functions:
    """The functions `@part0`, `@part1`, ..., and the scratch memory that they share."""

    texts: tuple[str, ...]
    dependencies: tuple[tuple[str, ...], ...]
    """The declarations and definitions that each function needs."""
    slots: int
    """The number of slots of scratch memory, each of one value of the vector width."""

    def module(self, parts: range, *others: str) -> str:
        """The module of these functions, and of other text."""
        needed = dict.fromkeys(chain.from_iterable([self.dependencies[k] for k in parts]))
        return "\n".join([*needed, *[self.texts[k] for k in parts], *others])


def emit_functions(
    program: Program,
    layout: Layout,
    target: Target,
    calls: tuple[Op, ...],
    regions: Sequence[Region],
    *,
    table: InstructionTable,
    wide: Target,
    registers: int = 0,
) -> Functions:
    """The program, a function for each region; `calls` are the callbacks, in the order of `%calls`.

    Adjacent calls of the same function are packed into the vectors of `wide`. With `registers`,
    spills are planned for so many.
    """
    planned, spilled = spill_plans(program, layout, target, regions, registers)
    slots = Slots.of(program, regions, spilled)
    outputs: dict[int, list[int]] = {}
    for index, value in enumerate(program.outputs):
        outputs.setdefault(value, []).append(index)
    texts, dependencies = [], []
    stored_inputs: set[int] = set()
    for number, region in enumerate(regions):
        if region.trips > 1:
            values = LoopValues(program, number, region, slots.of_value, layout, target, wide)
            loop = Loop(values, operands(region, table), outputs)
            text, needed = loop.function(), loop.dependencies
        else:
            writer = _FunctionWriter(
                program, layout, target, wide, calls, slots.of_value, outputs,
                planned.get(number, UNPLANNED), stored_inputs,
            )  # fmt: skip
            text = writer.function(number, region.start, region.end)
            needed = writer.dependencies(program.instructions[region.start : region.end])
        texts.append(text)
        dependencies.append(needed)
    return Functions(tuple(texts), tuple(dependencies), slots.size)


@attrs.frozen(eq=False)
class _FunctionWriter:
    """The function of a straight-line region, as it is emitted."""

    program: Program
    layout: Layout
    target: Target
    wide: Target
    calls: tuple[Op, ...]
    slots: Mapping[int, int]
    outputs: Mapping[int, Sequence[int]]
    """Which outputs each value is."""
    plan: SpillPlan
    stored_inputs: set[int]
    """The inputs that this function or an earlier one has stored in their slots."""
    live: dict[int, str] = attrs.field(factory=dict, init=False)
    """The names of the values that are live."""
    named: set[int] = attrs.field(factory=set, init=False)
    """The values that have been live in this function."""
    text: list[str] = attrs.field(factory=list, init=False)

    @cached_property
    def emitter(self) -> Emitter:
        """Emits single instructions."""
        return Emitter(self.target, self.text)

    @cached_property
    def packed(self) -> Emitter:
        """Emits packs of several instructions."""
        return Emitter(self.wide, self.text)

    def function(self, number: int, start: int, end: int) -> str:
        """The definition of the function of the instructions from `start` to `end`."""
        inputs = len(self.program.inputs)
        lines = self.program.instructions[start:end]
        if start == 0:
            for value in self.outputs:
                if value < inputs:
                    self._store_outputs(value, self._operand(value), truth=False)
        self._body(lines, inputs + start)
        return define(number, self.target, [*self._callback_memory(lines), *self.text])

    def dependencies(self, lines: Sequence[Instruction]) -> tuple[str, ...]:
        """The declarations and definitions that the instructions need, once they are emitted."""
        found = dict.fromkeys(self.emitter.dependencies)
        found |= dict.fromkeys(self.packed.dependencies)
        for op in dict.fromkeys(op for op, _ in lines if op in self.calls):
            found |= dict.fromkeys(trampoline(op)[1])
        return tuple(found)

    def _body(self, lines: Sequence[Instruction], first: int) -> None:
        found = tuple(packs(lines, first, self.wide.width // self.target.width))
        for_vectors = vectorised(found)
        for pack in found:
            if pack.function in for_vectors:
                packed = [lines[i] for i in pack.instructions]
                self._pack(pack, packed, first + pack.instructions.start)
            else:
                for i in pack.instructions:
                    self._instruction(*lines[i], first + i, pack.function)
            for i in pack.instructions if self.plan.spilled else ():
                for value in self.plan.evicted[i]:
                    self.live.pop(value, None)
                if i % FENCE_INTERVAL == 0:
                    self.text.append(FENCE)

    def _instruction(self, op: Op, args: Sequence[Any], value: int, function: str) -> None:
        given = tuple([self._operand(a) for a in args])
        name = f"%x{value}"
        if isinstance(op, Item):
            self._reload(self.slots[int(args[0])] + op.index, name, truth=False)
        elif not self.emitter.emit(op, name, given, both=function == SINE_AND_COSINE):
            self._callback(op, value, given)
        self._define(op, value, name)

    def _define(self, op: Op, value: int, name: str) -> None:
        """Make a value live under a name; spill it if it has a slot, store it if it is an output."""
        self.live[value] = name
        self.named.add(value)
        if value in self.slots and not op.multiple:
            self._spill(self.slots[value], name, truth=op.truth)
        if value in self.outputs:
            self._store_outputs(value, name, truth=op.truth)

    def _pack(self, pack: Pack, lines: Sequence[Instruction], first: int) -> None:
        """Values from `first` on, by one call."""
        names = [f"%x{value}" for value in range(first, first + len(lines))]
        calls = [[self._operand(a) for a in args] for args in pack.calls]
        self.packed.emit_pack(pack, lines, names, calls)
        for value, (op, _) in enumerate(lines, first):
            self._define(op, value, f"%x{value}")

    def _operand(self, a: Any) -> str:
        if type(a) is int:
            return self.live.get(a) or self._load(a)
        return self.target.literal(a)

    def _load(self, value: int) -> str:
        """Load an input, or reload a spilled value; a name is defined once, so later ones differ."""
        again = value in self.named
        line = value - len(self.program.inputs)
        name = self.live[value] = f"%x{value}r{len(self.text)}" if again else f"%x{value}"
        self.named.add(value)
        if line >= 0 or value in self.stored_inputs:
            op = self.program.instructions[line][0] if line >= 0 else ops.identity
            if not op.multiple:
                self._reload(self.slots[value], name, truth=op.truth)
        elif again:
            array, at = self.layout.place(value)
            self.text.extend(self.layout.load_at(array, f"{at}", name, self.target))
        else:
            lines, loaded = self.layout.load(value, self.target)
            self.text.extend(lines)
            for index in loaded:
                self.live[index] = f"%x{index}"
                if index in self.slots:
                    self._spill(self.slots[index], f"%x{index}", truth=False)
                    self.stored_inputs.add(index)
            self.named.update(loaded)
        return name

    def _store_outputs(self, value: int, name: str, *, truth: bool) -> None:
        for index in self.outputs[value]:
            self.text.extend(self.layout.store(index, name, self.target, truth=truth))

    def _slot(self, slot: int, name: str) -> str:
        self.text.append(f"{name} = getelementptr {self.target.type()}, ptr %scratch, i64 {slot}")
        return name

    def _reload(self, slot: int, name: str, *, truth: bool) -> None:
        v = _spilled_type(self.target, truth=truth)
        number = f"{name}d" if truth else name
        self.text.append(f"{number} = load {v}, ptr {self._slot(slot, f'{name}p')}")
        if truth:
            self.text.append(f"{name} = icmp ne {v} {number}, zeroinitializer")

    def _spill(self, slot: int, name: str, *, truth: bool) -> None:
        v = _spilled_type(self.target, truth=truth)
        if truth:
            self.text.append(f"{name}d = sext {self.target.type(truth=True)} {name} to {v}")
            name = f"{name}d"
        self.text.append(f"store {v} {name}, ptr {self._slot(slot, f'{name}q')}")

    def _callback(self, op: Op, value: int, given: Sequence[str]) -> None:
        name, entry = f"%x{value}", self.calls.index(op)
        results = emit_callback(self.text, name, op, given, entry=entry, target=self.target)
        if op.multiple:
            for slot, result in enumerate(results, self.slots[value]):
                self._spill(slot, result, truth=False)
        elif op.truth:
            self.text.append(self.target.truth(name, results[0]))

    def _callback_memory(self, lines: Sequence[Instruction]) -> list[str]:
        """Memory for the arguments and results of callbacks."""
        called = [op for op, _ in lines if op in self.calls]
        if not called:
            return []
        return [
            f"%args = alloca [{max(op.arity for op in called)} x double]",
            f"%results = alloca [{max(map(result_count, called))} x double]",
        ]


def _spilled_type(target: Target, *, truth: bool) -> str:
    """The type of a value in its slot; a boolean has all bits of a double's width, or none.

    That takes one instruction: with 1.0 and 0.0 the gradient of a network takes 1.1 times as long.
    """
    if not truth:
        return target.type()
    return "i64" if target.width == 1 else f"<{target.width} x i64>"
