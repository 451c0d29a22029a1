"""The values of a loop by name: of this time round, carried from times before, and from before the loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import attrs

from fgrad.backends.native.codegen.layout import Layout
from fgrad.backends.native.codegen.places import Place, index, read, steps
from fgrad.backends.native.codegen.selection import Wording
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
class Bindings:
    """What has a name in the loop of a region while it is written, and the lines that bring it."""

    program: Program
    number: int
    """The number of the region."""
    region: Region
    slots: Mapping[int, int]
    """Where values wait."""
    layout: Layout
    """How inputs are read."""
    target: Target
    """Those of one time round; if that is of several rows already, the loop has one lane."""
    apart: Target
    """Those of functions that are given the lanes of a vector one by one, if these are wider."""
    one: Wording = attrs.field(init=False)
    """The lines of one time round, and of as many as there are lanes."""
    wide: Wording = attrs.field(init=False)
    together: Wording = attrs.field(init=False)
    """Equal functions of one time round."""
    start: list[str] = attrs.field(factory=list, init=False)
    """The lines before the loop."""
    tables: dict[str, None] = attrs.field(factory=dict, init=False)
    """The constants in memory."""
    vectors: dict[int, str] = attrs.field(factory=dict, init=False)
    """The names of lines that have been computed in all lanes, and in one."""
    lanes: dict[tuple[int, int], str] = attrs.field(factory=dict, init=False)
    _known: dict[tuple[object, ...], str] = attrs.field(factory=dict, init=False)
    """The names of other things that are at hand."""
    _carried: dict[Carried, str] = attrs.field(factory=dict, init=False)
    """The beginning of the names of what is carried: `.1` is of the last time, and so on."""

    @one.default
    def _one(self) -> Wording:
        return Wording(self.target, [])

    @wide.default
    def _wide(self) -> Wording:
        lanes = self.region.lanes
        target = attrs.evolve(self.target, width=lanes)
        return self.one if lanes == 1 else Wording(target, self.one.text)

    @together.default
    def _together(self) -> Wording:
        return Wording(self.apart, self.one.text)

    @property
    def text(self) -> list[str]:
        """The lines within the loop."""
        return self.one.text

    @property
    def inputs(self) -> int:
        """How many inputs the program has."""
        return len(self.program.inputs)

    @cached_property
    def operations(self) -> tuple[Op, ...]:
        """What each line of one time round does."""
        start = self.region.start
        lines = self.program.instructions[start : start + self.region.period]
        return tuple([op for op, _ in lines])

    def vector(self, line: int) -> str:
        """A line of this time in all lanes."""
        if self.region.lanes == 1:
            return self.lanes[line, 0]
        if line not in self.vectors:
            lanes = [self.lanes[line, k] for k in range(self.region.lanes)]
            self.vectors[line] = self._gathered(f"%v{line}", lanes, self.operations[line].truth)
        return self.vectors[line]

    def lane(self, line: int, lane: int) -> str:
        """A line of this time in one lane."""
        if (line, lane) not in self.lanes:
            vector, truth = self.vectors[line], self.operations[line].truth
            self.lanes[line, lane] = self._extracted(vector, lane, truth=truth)
        return self.lanes[line, lane]

    def _gathered(self, name: str, lanes: Sequence[str], truth: bool) -> str:
        kind, type_ = "i1" if truth else "double", self.wide.target.type(truth=truth)
        whole = "poison"
        for k, lane in enumerate(lanes):
            after = name if k == len(lanes) - 1 else f"{name}w{k}"
            self.text.append(f"{after} = insertelement {type_} {whole}, {kind} {lane}, i64 {k}")
            whole = after
        return name

    def _extracted(self, vector: str, lane: int, *, truth: bool) -> str:
        key = "lane", vector, lane
        if key not in self._known:
            self._known[key] = name = self._name()
            type_ = self.wide.target.type(truth=truth)
            self.text.append(f"{name} = extractelement {type_} {vector}, i64 {lane}")
        return self._known[key]

    def _truth(self, number: int) -> bool:
        """Whether a value from before the loop is a truth value."""
        return number >= self.inputs and self.program.instructions[number - self.inputs][0].truth

    def vector_of(self, x: Operand) -> str:
        """An operand in all lanes."""
        if isinstance(x, SameIteration):
            return self.vector(x.index)
        if isinstance(x, Carried):
            return self._moved(x)
        if isinstance(x, Constant):
            return self._constant(x, self.wide.target)
        place, truth = self.place(*self._memory(x.values)), self._truth(x.values[0])
        return self._still(place, truth)[1] if place.still else self._read(place, truth=truth)

    def lane_of(self, x: Operand, lane: int) -> str:
        """An operand in one lane."""
        if self.region.lanes == 1 and not isinstance(x, SameIteration):
            return self.vector_of(x)
        if isinstance(x, SameIteration):
            return self.lane(x.index, lane)
        if isinstance(x, Carried):
            back = lane - x.distance
            return self.lane(x.index, back) if back >= 0 else self._last(x, -back)
        if isinstance(x, Constant) and len(x.literals) == 1:
            return self._constant(x, self.one.target)
        if isinstance(x, LiveIn):
            truth = self._truth(x.values[0])
            place = self.place(*self._memory(x.values))
            if place.still:
                return self._still(place, truth)[0]
        else:
            truth = x.truth
        return self._extracted(self.vector_of(x), lane, truth=truth)

    def _last(self, x: Carried, times: int) -> str:
        """What is carried from so many times before the first lane."""
        return f"{self._carried.setdefault(x, f'%c{len(self._carried)}')}.{times}"

    def _moved(self, x: Carried) -> str:
        """What is carried in all lanes: the first of them are of the lanes before."""
        lanes, times = self.region.lanes, x.distance
        if lanes == 1:
            return self._last(x, times)
        if ("moved", x) not in self._known:
            truth = self.operations[x.index].truth
            type_, kind = self.wide.target.type(truth=truth), "i1" if truth else "double"
            name, vector = self._name(), self.vector(x.index)
            order = ", ".join([f"i32 {max(0, k - times)}" for k in range(lanes)])
            shuffle = f"{type_} {vector}, {type_} poison, <{lanes} x i32> <{order}>"
            self.text.append(f"{name} = shufflevector {shuffle}")
            for lane in range(min(times, lanes)):
                last, whole = self._last(x, times - lane), name
                name = f"{whole}m"
                insert = f"insertelement {type_} {whole}, {kind} {last}, i64 {lane}"
                self.text.append(f"{name} = {insert}")
            self._known["moved", x] = name
        return self._known["moved", x]

    def phis(self) -> list[str]:
        """The head of the loop: what is carried into each time round."""
        lines, lanes = [], self.region.lanes
        for x, name in self._carried.items():
            truth = self.operations[x.index].truth
            kind = self.target.type(truth=truth)
            for times in range(1, x.distance + 1):
                first = self._before(x.initial[x.distance - times], truth=truth)
                # What is older than a vector is what was young in the last.
                old = times > lanes
                last = f"{name}.{times - lanes}" if old else self.lane(x.index, lanes - times)
                sources = f"[ {first}, %entry ], [ {last}, %loop ]"
                lines.append(f"{name}.{times} = phi {kind} {sources}")
        return lines

    def _before(self, first: int | str, *, truth: bool) -> str:
        """A literal, or a value from before the loop."""
        if isinstance(first, str):
            return self.target.constant(first, truth=truth)
        return self._still(self.place(*self._memory([first])), truth)[0]

    def _constant(self, x: Constant, target: Target) -> str:
        literals = x.literals
        if len(literals) == 1:
            return target.constant(literals[0], truth=x.truth)
        row = ", ".join([f"double {y}" for y in literals])
        return self._read(Place(self._table(row, "double", len(literals)), 0, 1), truth=x.truth)

    def _table(self, row: str, kind: str, length: int) -> str:
        """The name of a constant array."""
        if ("table", row) not in self._known:
            name = f"@part{self.number}.t{len(self.tables)}"
            self.tables[f"{name} = internal constant [{length} x {kind}] [{row}]"] = None
            self._known["table", row] = name
        return self._known["table", row]

    def _memory(self, numbers: Sequence[int]) -> tuple[str, Sequence[int]]:
        """Where values from before the loop stand: among the inputs, or where they wait."""
        if numbers[0] < self.inputs:
            places = [self.layout.place(number) for number in numbers]
            return places[0][0], [index for _, index in places]
        return "%scratch", [self.slots[number] for number in numbers]

    def place(self, array: str, indices: Sequence[int]) -> Place:
        """Where doubles of an array stand that have these indices, one for each time round."""
        stride = steps(indices)
        if stride is not None:
            return Place(array, indices[0], stride)
        row = ", ".join([f"i64 {index}" for index in indices])
        return Place(array, 0, 0, self._table(row, "i64", len(indices)))

    def _read(self, place: Place, *, truth: bool) -> str:
        key = "read", place, truth
        if key not in self._known:
            self._known[key] = name = self._name()
            self.text.extend(self._reading(name, place, self.wide.target, truth=truth))
        return self._known[key]

    def _reading(self, name: str, place: Place, target: Target, *, truth: bool) -> list[str]:
        lanes, array = target.width // self.target.width, place.array
        number = f"{name}d" if truth else name
        if lanes > 1 or array == "%scratch":
            lines = read(number, place, self.target, lanes)
        elif array.startswith("@"):
            constant = read(f"{name}c", place, attrs.evolve(target, width=1), 1)
            lines = [*constant, *target.broadcast(f"{name}c", number)]
        else:
            at, where = index(name, place, 0)
            return [*at, *self.layout.load_at(array, where, name, target)]
        if truth:
            lines.append(f"{name} = fcmp une {target.type()} {number}, {target.constant('0.0')}")
        return lines

    def _still(self, place: Place, truth: bool) -> tuple[str, str]:
        """What is the same each time, read before the loop: as of one time, and in all lanes."""
        key, target = ("still", place, truth), self.wide.target
        several = target.width > self.target.width
        if key not in self._known:
            self._known[key] = name = self._name()
            self.start.extend(self._reading(name, place, self.target, truth=truth))
            if several:
                kind, type_ = self.target.type(truth=truth), target.type(truth=truth)
                one = f"insertelement {type_} poison, {kind} {name}, i64 0"
                spread = f"{type_} {name}o, {type_} poison, <{target.width} x i32> zeroinitializer"
                self.start.extend([f"{name}o = {one}", f"{name}v = shufflevector {spread}"])
        name = self._known[key]
        return name, f"{name}v" if several else name

    def _name(self) -> str:
        return f"%t{len(self._known)}"
