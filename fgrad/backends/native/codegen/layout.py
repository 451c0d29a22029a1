"""Layouts: where the inputs and outputs of a program are, and the IR that loads and stores them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import attrs

from fgrad.backends.native.codegen.transpose import load_column, load_columns
from fgrad.backends.native.math.table import Target


@attrs.frozen
class Layout:
    """Where inputs and outputs are: for a point in arrays of doubles, inputs at `%in`, outputs at `%out`.

    Booleans are 1.0 and 0.0.
    """

    def load(self, index: int, target: Target) -> tuple[Sequence[str], Sequence[int]]:
        """The instructions that load input `index` as `%x` and its number, and all inputs that they load."""
        array, at = self.place(index)
        return self.load_at(array, f"{at}", f"%x{index}", target), (index,)

    def place(self, index: int) -> tuple[str, int]:
        """The array, by name, that holds input `index`, and the index there."""
        return "%in", index

    def load_at(self, array: str, at: str, name: str, target: Target) -> Sequence[str]:
        """The instructions that load an element of an array, whose index may be computed."""
        place = f"{name}p = getelementptr double, ptr {array}, i64 {at}"
        return place, f"{name} = load double, ptr {name}p"

    def store(self, index: int | str, name: str, target: Target, *, truth: bool) -> Sequence[str]:
        """The instructions that store a value as output `index`, which may be computed."""
        out = _output(name, index)
        place = f"{out} = getelementptr double, ptr %out, i64 {index}"
        if not truth:
            return place, f"store double {name}, ptr {out}"
        return place, target.number(f"{out}d", name), f"store double {out}d, ptr {out}"


@attrs.frozen
class RowLayout(Layout):
    """Inputs in columns and tables, then numbers that are the same in each row; outputs in columns.

    `sources` has the number of inputs of each source: 1 is a column, more are a table, whose rows
    are contiguous. A column is a pointer at `%in`, a table a pointer and the stride of its rows in
    bytes. Outputs are pointers to columns at `%out`. Booleans are bytes in columns, and doubles
    among the numbers.
    """

    sources: tuple[int, ...]
    same: tuple[bool, ...]
    """Whether each number that is the same in each row is a boolean."""
    streaming: bool = attrs.field(default=False, kw_only=True)
    """Whether stores of numbers bypass the cache, in vectors that fill whole lines of it.

    An ordinary store to memory that is not in the cache reads it first: half of the traffic of large
    outputs.
    """

    def load(self, index: int, target: Target) -> tuple[Sequence[str], Sequence[int]]:
        """Load a vector of rows, or broadcast a number."""
        if index < len(self._sources) and self._sources[index][0] > 1:
            source, first, entry = self._sources[index]
            return load_columns(index, first, source, entry, target)
        return super().load(index, target)

    @cached_property
    def _sources(self) -> tuple[tuple[int, int, int], ...]:
        """For each input of a source: how many inputs that has, its first input, and its pointer."""
        found: list[tuple[int, int, int]] = []
        entry = 0
        for width in self.sources:
            found += [(width, len(found), entry)] * width
            entry += 1 if width == 1 else 2
        return tuple(found)

    def place(self, index: int) -> tuple[str, int]:
        """Among the columns, in one of the tables, or among the numbers or the booleans."""
        number = index - len(self._sources)
        if number >= 0:
            return "truths" if self.same[number] else "numbers", number
        source, first, entry = self._sources[index]
        return ("columns", entry) if source == 1 else (f"table {entry}", index - first)

    def load_at(self, array: str, at: str, name: str, target: Target) -> Sequence[str]:
        """Load a vector of rows of a column, or broadcast a number, at a computed index."""
        if array == "columns":
            return (
                f"{name}t = getelementptr ptr, ptr %in, i64 {at}",
                f"{name}c = load ptr, ptr {name}t, !invariant.load !{{}}",
                f"{name}p = getelementptr double, ptr {name}c, i64 %row",
                f"{name} = load {target.type()}, ptr {name}p, align 8",
            )
        if array.startswith("table"):
            return load_column(name, int(array.removeprefix("table ")), at, target)
        wide = f"{name}w" if array == "truths" else name
        return (
            f"{name}p = getelementptr double, ptr %same, i64 {at}",
            f"{name}s = load double, ptr {name}p",
            *target.broadcast(f"{name}s", wide),
            *([target.truth(name, wide)] if array == "truths" else []),
        )

    def store(self, index: int | str, name: str, target: Target, *, truth: bool) -> Sequence[str]:
        """Store a vector of rows."""
        o = _output(name, index)
        place = f"{o}t = getelementptr ptr, ptr %out, i64 {index}"
        column = f"{o}c = load ptr, ptr {o}t, !invariant.load !{{}}"
        if not truth:
            row = f"{o} = getelementptr double, ptr {o}c, i64 %row"
            how = "align 64, !nontemporal !{i32 1}" if self.streaming else "align 8"
            return place, column, row, f"store {target.type()} {name}, ptr {o}, {how}"
        byte = target.type(truth=True).replace("i1", "i8")
        whole = f"{o}b = zext {target.type(truth=True)} {name} to {byte}"
        row = f"{o} = getelementptr i8, ptr {o}c, i64 %row"
        return place, column, whole, row, f"store {byte} {o}b, ptr {o}, align 1"


@attrs.frozen
class SumLayout(RowLayout):
    """A row layout with two more kinds of inputs: which rows count, and the totals, which are the outputs."""

    outputs: int

    def place(self, index: int) -> tuple[str, int]:
        """As in a row layout, or which rows count, or one of the totals."""
        number = index - sum(self.sources) - len(self.same)
        if number < 0:
            return super().place(index)
        return ("totals", number - 1) if number else ("counts", self.outputs)

    def load_at(self, array: str, at: str, name: str, target: Target) -> Sequence[str]:
        """As in a row layout, or load a total."""
        if array not in ("totals", "counts"):
            return super().load_at(array, at, name, target)
        place = f"{name}p = getelementptr {target.type()}, ptr %out, i64 {at}"
        return place, f"{name} = load {target.type()}, ptr {name}p"

    def store(self, index: int | str, name: str, target: Target, *, truth: bool) -> Sequence[str]:
        """Store a total."""
        o = _output(name, index)
        place = f"{o} = getelementptr {target.type()}, ptr %out, i64 {index}"
        return place, f"store {target.type()} {name}, ptr {o}"


def _output(name: str, index: int | str) -> str:
    """The prefix of the names of a value's address and conversions as an output."""
    return f"{name}o{index}".replace("o%", "o")
