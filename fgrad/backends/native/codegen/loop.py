"""A region of lines that repeat, as one function with a loop.

The lanes of a vector are times round that follow each other. What is carried from one time to the
next (a running sum, the state of a step) is computed lane after lane, in the order of the program;
so the bits are those of the lines written out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from fgrad.backends.native.codegen.bindings import Bindings
from fgrad.backends.native.codegen.places import Place, index, written
from fgrad.backends.native.codegen.selection import defined
from fgrad.backends.native.codegen.slp import Piece, pieces, several, side_by_side
from fgrad.backends.native.rerolling.operands import Constant, Operand, as_program
from fgrad.backends.native.rerolling.vectorize import VectorSchedule
from fgrad.ops import scalar as ops
from fgrad.program.program import Instruction
from fgrad.program.schedule import reordered


@attrs.frozen(eq=False)
class Loop:
    """One loop as it is written."""

    names: Bindings
    body: Sequence[Sequence[Operand]]
    outputs: Mapping[int, Sequence[int]]
    """Which outputs each value is."""
    end: list[str] = attrs.field(factory=list, init=False)
    """The lines behind the loop."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The declarations and definitions that the function needs, when it is written."""
        names = self.names
        return tuple(
            dict.fromkeys(
                [*names.one.needs, *names.wide.needs, *names.together.needs, *names.tables]
            )
        )

    def function(self) -> str:
        """The definition of the function."""
        names, region = self.names, self.names.region
        if region.lanes > 1:
            self._in_lanes(VectorSchedule.of(self.body))
        else:
            self._one_by_one()
        phis = names.phis()
        return defined(
            names.number,
            names.one.target,
            [
                "entry:",
                *names.start,
                "br label %loop",
                "loop:",
                "%k = phi i64 [ 0, %entry ], [ %following, %loop ]",
                *phis,
                *names.text,
                f"%following = add i64 %k, {region.lanes}",
                f"%more = icmp ult i64 %following, {region.trips}",
                "br i1 %more, label %loop, label %end",
                "end:",
                *self.end,
            ],
        )

    def _in_lanes(self, work: VectorSchedule) -> None:
        """Several times round at once."""
        for line in work.before:
            self._vector_line(line)
        for lane in range(self.names.region.lanes):
            for line in work.serial:
                self._turn(line, lane)
        for line in work.serial:
            self._put(line)
        for line in work.after:
            self._vector_line(line)

    def _one_by_one(self) -> None:
        """One time round at a time; equal functions that do not need each other are called at once."""
        once = as_program(self.body, self.names.operations)
        inputs, width = len(once.inputs), self.names.apart.width // self.names.target.width
        order = (
            side_by_side(once.instructions, inputs, width, ()) if width > 1 else range(len(once))
        )
        lines = reordered(once, [inputs + line for line in order]).instructions
        found = tuple(pieces(lines, inputs, width))
        for_vectors = several(found)
        for piece in found:
            of_piece = [order[k] for k in piece.lines]
            if piece.function in for_vectors:
                self._piece(piece, of_piece, [lines[k] for k in piece.lines])
            else:
                for line in of_piece:
                    self._turn(line, 0)
            for line in of_piece:
                self._put(line)

    # Lines

    def _piece(self, piece: Piece, numbers: Sequence[int], lines: Sequence[Instruction]) -> None:
        """Lines by one call: their numbers, and as they are in `as_program`."""
        names, together = self.names, self.names.together
        given = {
            args: [names.lane_of(x, 0) for x in self.body[number]]
            for number, (_, args) in zip(numbers, lines, strict=True)
        }
        calls = [given[args] for args in piece.calls]
        vectors = together.together(piece.function, f"%p{numbers[0]}", calls)
        elements = together.elements(vectors, [op for op, _ in lines], piece.lanes(lines))
        for number, element in zip(numbers, elements, strict=True):
            names.lanes[number, 0] = name = f"%s{number}.0"
            names.text.append(f"{name} = {element}")

    def _vector_line(self, line: int) -> None:
        given = [self.names.vector_of(x) for x in self.body[line]]
        self.names.vectors[line] = name = f"%v{line}"
        self.names.wide.write(self.names.operations[line], name, given, both=self._both(line))
        self._put(line)

    def _turn(self, line: int, lane: int) -> None:
        given = [self.names.lane_of(x, lane) for x in self.body[line]]
        self.names.lanes[line, lane] = name = f"%s{line}.{lane}"
        self.names.one.write(self.names.operations[line], name, given, both=self._both(line))

    def _both(self, line: int) -> bool:
        op = self.names.operations[line]
        if op is not ops.sin and op is not ops.cos:
            return False
        if isinstance(self.body[line][0], Constant):
            return False
        other = ops.cos if op is ops.sin else ops.sin
        pairs = zip(self.names.operations, self.body, strict=True)
        return any(o is other and x == self.body[line] for o, x in pairs)

    def _put(self, line: int) -> None:
        """Write the values of a line where they wait, and where they are outputs."""
        names, region, truth = self.names, self.names.region, self.names.operations[line].truth
        first = names.inputs + region.start + line
        values = range(first, first + region.period * region.trips, region.period)
        if values[0] in names.slots:
            self._store(line, "%scratch", [names.slots[v] for v in values], "q", truth=truth)
        else:
            for lane in range(region.lanes):
                slot = names.slots.get(values[lane - region.lanes])
                if slot is not None:
                    self._store_last(line, lane, slot, truth=truth)
        for k in range(len(self.outputs.get(first, ()))):
            self._store(line, "%out", [self.outputs[v][k] for v in values], f"o{k}", truth=truth)

    def _store(
        self, line: int, array: str, indices: Sequence[int], mark: str, *, truth: bool
    ) -> None:
        names, lanes = self.names, self.names.region.lanes
        name, value, target = f"%v{line}{mark}", names.vector(line), names.wide.target
        place = names.place(array, indices)
        if array == "%out" and lanes == 1:
            lines, at = index(name, place, 0)
            names.text.extend([*lines, *names.layout.store(at, value, target, truth=truth)])
            return
        if truth:
            names.text.append(
                f"{name}d = uitofp {target.type(truth=True)} {value} to {target.type()}"
            )
            value = f"{name}d"
        names.text.extend(written(name, value, place, names.target, lanes))

    def _store_last(self, line: int, lane: int, slot: int, *, truth: bool) -> None:
        """What of the last lanes alone is needed later is written behind the loop."""
        name, value, target = f"%e{line}.{lane}", self.names.lane(line, lane), self.names.target
        if truth:
            self.end.append(
                f"{name}d = uitofp {target.type(truth=True)} {value} to {target.type()}"
            )
            value = f"{name}d"
        self.end.extend(written(name, value, Place("%scratch", slot, 0), target, 1))
