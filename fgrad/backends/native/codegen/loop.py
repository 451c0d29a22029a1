"""A region that is a loop, as one function.

The lanes of a vector are consecutive iterations. Loop-carried values (a running sum, the state of a
step) are computed lane after lane, in the order of the program, so the bits are those of
straight-line code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

import attrs

from fgrad.backends.native.codegen.addressing import Address, index, store
from fgrad.backends.native.codegen.loop_values import LoopValues
from fgrad.backends.native.codegen.selection import define
from fgrad.backends.native.codegen.slp import (
    Pack,
    pack_order,
    packs,
    shared_angles,
    takes_both,
    vectorised,
)
from fgrad.backends.native.rerolling.operands import Operand, VectorSchedule, as_program
from fgrad.program.program import Instruction, Program
from fgrad.program.schedule import reordered


@attrs.frozen(eq=False)
class Loop:
    """The function of a loop, as it is emitted."""

    values: LoopValues
    body: Sequence[Sequence[Operand]]
    outputs: Mapping[int, Sequence[int]]
    """Which outputs each value is."""
    exit: list[str] = attrs.field(factory=list, init=False)
    """The instructions of the exit block."""

    @property
    def dependencies(self) -> tuple[str, ...]:
        """The declarations and definitions that the function needs, once it is emitted."""
        values = self.values
        codes = values.scalar_code, values.vector_code, values.packed_code
        needed = chain.from_iterable([code.dependencies for code in codes])
        return tuple(dict.fromkeys([*needed, *values.tables]))

    def function(self) -> str:
        """The definition of the function."""
        values, region = self.values, self.values.region
        if region.lanes > 1:
            self._emit_vectorised(VectorSchedule.of(self.body))
        else:
            self._emit_scalar()
        phis = values.phis()
        return define(
            values.number,
            values.scalar_code.target,
            [
                "entry:",
                *values.preheader,
                "br label %loop",
                "loop:",
                "%k = phi i64 [ 0, %entry ], [ %following, %loop ]",
                *phis,
                *values.text,
                f"%following = add i64 %k, {region.lanes}",
                f"%more = icmp ult i64 %following, {region.trips}",
                "br i1 %more, label %loop, label %end",
                "end:",
                *self.exit,
            ],
        )

    def _emit_vectorised(self, work: VectorSchedule) -> None:
        """Several iterations at once, in the lanes of vectors."""
        for line in work.before:
            self._vector_instruction(line)
        for lane in range(self.values.region.lanes):
            for line in work.serial:
                self._scalar_instruction(line, lane)
        for line in work.serial:
            self._store_results(line)
        for line in work.after:
            self._vector_instruction(line)

    def _emit_scalar(self) -> None:
        """One iteration at a time, in which independent calls of a function are packed."""
        once, inputs = self.once, len(self.once.inputs)
        width = self.values.packed.width // self.values.target.width
        order = pack_order(once.instructions, inputs, width, ()) if width > 1 else range(len(once))
        lines = reordered(once, [inputs + line for line in order]).instructions
        found = tuple(packs(lines, inputs, width))
        for_vectors = vectorised(found)
        for pack in found:
            of_pack = [order[k] for k in pack.instructions]
            if pack.function in for_vectors:
                self._pack(pack, of_pack, [lines[k] for k in pack.instructions])
            else:
                for line in of_pack:
                    self._scalar_instruction(line, 0)
            for line in of_pack:
                self._store_results(line)

    def _pack(self, pack: Pack, numbers: Sequence[int], lines: Sequence[Instruction]) -> None:
        """Instructions by one call: their indices in the body, and as they are in `as_program`."""
        values = self.values
        given = {
            args: [values.scalar_operand(x, 0) for x in self.body[number]]
            for number, (_, args) in zip(numbers, lines, strict=True)
        }
        calls = [given[args] for args in pack.calls]
        names = [f"%s{number}.0" for number in numbers]
        values.packed_code.emit_pack(pack, lines, names, calls)
        values.lanes.update(zip([(number, 0) for number in numbers], names, strict=True))

    def _vector_instruction(self, line: int) -> None:
        given = [self.values.vector_operand(x) for x in self.body[line]]
        self.values.vectors[line] = name = f"%v{line}"
        self.values.vector_code.emit(
            self.values.operations[line], name, given, both=self._both(line)
        )
        self._store_results(line)

    def _scalar_instruction(self, line: int, lane: int) -> None:
        given = [self.values.scalar_operand(x, lane) for x in self.body[line]]
        self.values.lanes[line, lane] = name = f"%s{line}.{lane}"
        self.values.scalar_code.emit(
            self.values.operations[line], name, given, both=self._both(line)
        )

    @cached_property
    def once(self) -> Program:
        """One iteration."""
        return as_program(self.body, self.values.operations)

    @cached_property
    def angles(self) -> set[Any]:
        """The values of one iteration of which both sine and cosine are taken."""
        return shared_angles(self.once.instructions)

    def _both(self, line: int) -> bool:
        return takes_both(self.once.instructions[line], self.angles)

    def _store_results(self, line: int) -> None:
        """Spill the results of an instruction where they are used later, and store those that are outputs."""
        values, region, truth = self.values, self.values.region, self.values.operations[line].truth
        first = values.inputs + region.start + line
        numbers = range(first, first + region.period * region.trips, region.period)
        if numbers[0] in values.slots:
            self._store(line, "%scratch", [values.slots[v] for v in numbers], "q", truth=truth)
        else:
            for lane in range(region.lanes):
                slot = values.slots.get(numbers[lane - region.lanes])
                if slot is not None:
                    self._store_last(line, lane, slot, truth=truth)
        for k in range(len(self.outputs.get(first, ()))):
            self._store(line, "%out", [self.outputs[v][k] for v in numbers], f"o{k}", truth=truth)

    def _store(
        self, line: int, array: str, indices: Sequence[int], mark: str, *, truth: bool
    ) -> None:
        values, lanes = self.values, self.values.region.lanes
        name, value = f"%v{line}{mark}", values.result_vector(line)
        address = values.address(array, indices)
        if array == "%out" and lanes == 1:
            lines, at = index(name, address, 0)
            target = values.vector_code.target
            values.text.extend([*lines, *values.layout.store(at, value, target, truth=truth)])
        else:
            values.text.extend(self._stored(name, value, address, lanes, truth=truth))

    def _store_last(self, line: int, lane: int, slot: int, *, truth: bool) -> None:
        """In the exit block, spill a result of the last iterations, which alone are used later."""
        value, address = self.values.result_lane(line, lane), Address("%scratch", slot, 0)
        self.exit.extend(self._stored(f"%e{line}.{lane}", value, address, 1, truth=truth))

    def _stored(
        self, name: str, value: str, address: Address, lanes: int, *, truth: bool
    ) -> list[str]:
        """Store a value as a number in each lane."""
        one = self.values.target
        wide = one if lanes == 1 else self.values.vector_code.target
        number = [wide.number(f"{name}d", value)] if truth else []
        return [*number, *store(name, f"{name}d" if truth else value, address, one, lanes)]
