"""The values of a loop under construction: results of this iteration, loop-carried values, and live-ins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import attrs

from fgrad.backends.native.codegen.addressing import Address, constant_stride, index, load
from fgrad.backends.native.codegen.layout import Layout
from fgrad.backends.native.codegen.selection import Emitter
from fgrad.backends.native.math.table import Target
from fgrad.backends.native.rerolling.operands import (
    Carried,
    Constant,
    LiveIn,
    Operand,
    SameIteration,
)
from fgrad.backends.native.rerolling.partition import Region
from fgrad.ops.primitive import Op
from fgrad.program.program import Program


@attrs.frozen(eq=False)
class LoopValues:
    """The names of the values of a loop, and the instructions that define them."""

    program: Program
    number: int
    """The index of the region."""
    region: Region
    slots: Mapping[int, int]
    """The slots of spilled values."""
    layout: Layout
    """How inputs are loaded."""
    target: Target
    """The target of one iteration; if that is of several rows already, the loop has one lane."""
    packed: Target
    """The target of packed calls, if it is wider."""
    preheader: list[str] = attrs.field(factory=list, init=False)
    """The instructions before the loop."""
    text: list[str] = attrs.field(factory=list, init=False)
    """The instructions of the loop body."""
    tables: dict[str, None] = attrs.field(factory=dict, init=False)
    """The definitions of constant arrays."""
    vectors: dict[int, str] = attrs.field(factory=dict, init=False)
    """The names of results in all lanes, and in one."""
    lanes: dict[tuple[int, int], str] = attrs.field(factory=dict, init=False)
    _known: dict[tuple[object, ...], str] = attrs.field(factory=dict, init=False)
    """The names of other live values."""
    _carried: dict[Carried, str] = attrs.field(factory=dict, init=False)
    """The prefix of the names of a loop-carried value: `.1` is that of one iteration ago, and so on."""

    @cached_property
    def scalar_code(self) -> Emitter:
        """Emits for one iteration."""
        return Emitter(self.target, self.text)

    @cached_property
    def vector_code(self) -> Emitter:
        """Emits for all lanes."""
        lanes = self.region.lanes
        wide = Emitter(attrs.evolve(self.target, width=lanes), self.text)
        return self.scalar_code if lanes == 1 else wide

    @cached_property
    def packed_code(self) -> Emitter:
        """Emits packed calls."""
        return Emitter(self.packed, self.text)

    @property
    def inputs(self) -> int:
        """The number of inputs of the program."""
        return len(self.program.inputs)

    @cached_property
    def operations(self) -> tuple[Op, ...]:
        """The operation of each instruction of the body."""
        start = self.region.start
        lines = self.program.instructions[start : start + self.region.period]
        return tuple([op for op, _ in lines])

    def result_vector(self, line: int) -> str:
        """A result of this iteration in all lanes."""
        if self.region.lanes == 1:
            return self.lanes[line, 0]
        if line not in self.vectors:
            lanes = [self.lanes[line, k] for k in range(self.region.lanes)]
            self.vectors[line], target = f"%v{line}", self.vector_code.target
            truth = self.operations[line].truth
            self.text.extend(target.gathered(lanes, f"%v{line}", truth=truth))
        return self.vectors[line]

    def result_lane(self, line: int, lane: int) -> str:
        """A result of this iteration in one lane."""
        if (line, lane) not in self.lanes:
            vector, truth = self.vectors[line], self.operations[line].truth
            self.lanes[line, lane] = self._extracted(vector, lane, truth=truth)
        return self.lanes[line, lane]

    def _extracted(self, vector: str, lane: int, *, truth: bool) -> str:
        key = "lane", vector, lane
        if key not in self._known:
            self._known[key] = name = self._name()
            type_ = self.vector_code.target.type(truth=truth)
            self.text.append(f"{name} = extractelement {type_} {vector}, i64 {lane}")
        return self._known[key]

    def _truth(self, number: int) -> bool:
        """Whether a live-in is a boolean."""
        return number >= self.inputs and self.program.instructions[number - self.inputs][0].truth

    def vector_operand(self, x: Operand) -> str:
        """An operand in all lanes."""
        if isinstance(x, SameIteration):
            return self.result_vector(x.index)
        if isinstance(x, Carried):
            return self._shifted(x)
        if isinstance(x, Constant):
            return self._constant(x, self.vector_code.target)
        address, truth = self.address(*self._memory(x.values)), self._truth(x.values[0])
        return (
            self._invariant(address, truth)[1]
            if address.invariant
            else self._read(address, truth=truth)
        )

    def scalar_operand(self, x: Operand, lane: int) -> str:
        """An operand in one lane."""
        if self.region.lanes == 1 and not isinstance(x, SameIteration):
            return self.vector_operand(x)
        if isinstance(x, SameIteration):
            return self.result_lane(x.index, lane)
        if isinstance(x, Carried):
            back = lane - x.distance
            return self.result_lane(x.index, back) if back >= 0 else self._carried_in(x, -back)
        if isinstance(x, Constant) and len(x.literals) == 1:
            return self._constant(x, self.scalar_code.target)
        if isinstance(x, LiveIn):
            truth = self._truth(x.values[0])
            address = self.address(*self._memory(x.values))
            if address.invariant:
                return self._invariant(address, truth)[0]
        else:
            truth = x.truth
        return self._extracted(self.vector_operand(x), lane, truth=truth)

    def _carried_in(self, x: Carried, times: int) -> str:
        """A loop-carried value of so many iterations before the first lane."""
        return f"{self._carried.setdefault(x, f'%c{len(self._carried)}')}.{times}"

    def _shifted(self, x: Carried) -> str:
        """A loop-carried value in all lanes: a shifted vector, filled from the iterations before."""
        lanes, times = self.region.lanes, x.distance
        if lanes == 1:
            return self._carried_in(x, times)
        if ("shifted", x) not in self._known:
            truth = self.operations[x.index].truth
            type_, kind = self.vector_code.target.type(truth=truth), "i1" if truth else "double"
            name, vector = self._name(), self.result_vector(x.index)
            order = ", ".join([f"i32 {max(0, k - times)}" for k in range(lanes)])
            shuffle = f"{type_} {vector}, {type_} poison, <{lanes} x i32> <{order}>"
            self.text.append(f"{name} = shufflevector {shuffle}")
            for lane in range(min(times, lanes)):
                last, whole = self._carried_in(x, times - lane), name
                name = f"{whole}m"
                insert = f"insertelement {type_} {whole}, {kind} {last}, i64 {lane}"
                self.text.append(f"{name} = {insert}")
            self._known["shifted", x] = name
        return self._known["shifted", x]

    def phis(self) -> list[str]:
        """The phis of the loop: what is carried into each iteration."""
        lines, lanes = [], self.region.lanes
        for x, name in self._carried.items():
            truth = self.operations[x.index].truth
            kind = self.target.type(truth=truth)
            for times in range(1, x.distance + 1):
                first = self._initial(x.initial[x.distance - times], truth=truth)
                # A value older than a vector was a younger one in the last iteration.
                old = times > lanes
                last = (
                    f"{name}.{times - lanes}" if old else self.result_lane(x.index, lanes - times)
                )
                sources = f"[ {first}, %entry ], [ {last}, %loop ]"
                lines.append(f"{name}.{times} = phi {kind} {sources}")
        return lines

    def _initial(self, first: int | str, *, truth: bool) -> str:
        """The initial value of a loop-carried one: a literal or a live-in."""
        if isinstance(first, str):
            return self.target.constant(first, truth=truth)
        return self._invariant(self.address(*self._memory([first])), truth)[0]

    def _constant(self, x: Constant, target: Target) -> str:
        literals = x.literals
        if len(literals) == 1:
            return target.constant(literals[0], truth=x.truth)
        row = ", ".join([f"double {y}" for y in literals])
        return self._read(Address(self._table(row, "double", len(literals)), 0, 1), truth=x.truth)

    def _table(self, row: str, kind: str, length: int) -> str:
        """The symbol of a constant array."""
        if ("table", row) not in self._known:
            name = f"@part{self.number}.t{len(self.tables)}"
            self.tables[f"{name} = internal constant [{length} x {kind}] [{row}]"] = None
            self._known["table", row] = name
        return self._known["table", row]

    def _memory(self, numbers: Sequence[int]) -> tuple[str, Sequence[int]]:
        """The array that holds live-ins, among the inputs or in scratch memory, and their indices."""
        if numbers[0] < self.inputs:
            places = [self.layout.place(number) for number in numbers]
            return places[0][0], [index for _, index in places]
        return "%scratch", [self.slots[number] for number in numbers]

    def address(self, array: str, indices: Sequence[int]) -> Address:
        """The address of elements of an array, the index of one for each iteration."""
        stride = constant_stride(indices)
        if stride is not None:
            return Address(array, indices[0], stride)
        row = ", ".join([f"i64 {index}" for index in indices])
        return Address(array, 0, 0, self._table(row, "i64", len(indices)))

    def _read(self, address: Address, *, truth: bool) -> str:
        key = "load", address, truth
        if key not in self._known:
            self._known[key] = name = self._name()
            self.text.extend(self._reading(name, address, self.vector_code.target, truth=truth))
        return self._known[key]

    def _reading(self, name: str, address: Address, target: Target, *, truth: bool) -> list[str]:
        lanes, array = target.width // self.target.width, address.array
        number = f"{name}d" if truth else name
        if lanes > 1 or array == "%scratch":
            lines = load(number, address, self.target, lanes)
        elif array.startswith("@"):
            constant = load(f"{name}c", address, attrs.evolve(target, width=1), 1)
            lines = [*constant, *target.broadcast(f"{name}c", number)]
        else:
            at, where = index(name, address, 0)
            return [*at, *self.layout.load_at(array, where, name, target)]
        return [*lines, target.truth(name, number)] if truth else lines

    def _invariant(self, address: Address, truth: bool) -> tuple[str, str]:
        """A loop-invariant value, loaded in the preheader: as a scalar, and in all lanes."""
        key, target = ("invariant", address, truth), self.vector_code.target
        vectorised = target.width > self.target.width
        if key not in self._known:
            self._known[key] = name = self._name()
            self.preheader.extend(self._reading(name, address, self.target, truth=truth))
            if vectorised:
                self.preheader.extend(target.broadcast(name, f"{name}v", truth=truth))
        name = self._known[key]
        return name, f"{name}v" if vectorised else name

    def _name(self) -> str:
        return f"%t{len(self._known)}"
