"""A program over many rows, in LLVM IR: the lanes of a vector are rows.

`@rows(in, same, out, calls, scratch, begin, end)` does the rows from `begin` to `end`, at least as
many as there are lanes. The last vector overlaps the one before it, so that any number of rows is
done without a second copy of the code; rows are independent, so doing one twice gives it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import attrs

from fgrad.backends.native.codegen.functions import Parts
from fgrad.backends.native.codegen.selection import FREE, HEAD
from fgrad.backends.native.codegen.transpose import block, column
from fgrad.backends.native.math.table import Target


@attrs.frozen
class Columns:
    """Inputs from columns and tables and, behind them, numbers that are the same in each row.

    `sources` says how many inputs each source has: 1 is a column, more are a table, a row of which
    lies in memory in one piece. A column is given as a pointer; a table as a pointer, and the bytes
    from one row to the next. Outputs go to columns, given as pointers. Truth values are bytes in
    columns, and doubles among the numbers.
    """

    sources: tuple[int, ...]
    same: tuple[bool, ...]
    """For each number that is the same in each row, whether it is a truth value."""

    def load(self, index: int, target: Target) -> tuple[Sequence[str], Sequence[int]]:
        """Read a vector of rows, or put one number in all lanes."""
        if index < len(self._sources) and self._sources[index][0] > 1:
            source, first, entry = self._sources[index]
            return block(index, first, source, entry, target)
        array, at = self.place(index)
        return self.load_at(array, f"{at}", f"%x{index}", target), (index,)

    @cached_property
    def _sources(self) -> tuple[tuple[int, int, int], ...]:
        """For each input of a source how many inputs that has, where they begin, and its pointer."""
        found: list[tuple[int, int, int]] = []
        entry = 0
        for width in self.sources:
            found += [(width, len(found), entry)] * width
            entry += 1 if width == 1 else 2
        return tuple(found)

    def place(self, index: int) -> tuple[str, int]:
        """Among the columns, in one of the tables, or among the numbers or the truth values."""
        number = index - len(self._sources)
        if number >= 0:
            return "truths" if self.same[number] else "numbers", number
        source, first, entry = self._sources[index]
        return ("columns", entry) if source == 1 else (f"table {entry}", index - first)

    def load_at(self, array: str, at: str, name: str, target: Target) -> Sequence[str]:
        """The same from where code says."""
        if array == "columns":
            return _column(name, at, target)
        if array.startswith("table"):
            return column(name, int(array.removeprefix("table ")), at, target)
        return self._number(name, at, target, truth=array == "truths")

    def _number(self, name: str, place: str, target: Target, *, truth: bool) -> Sequence[str]:
        wide = f"{name}w" if truth else name
        lines = [
            f"{name}p = getelementptr double, ptr %same, i64 {place}",
            f"{name}s = load double, ptr {name}p",
            *target.broadcast(f"{name}s", wide),
        ]
        if truth:
            zero = target.constant("0.0")
            lines.append(f"{name} = fcmp une {target.type()} {wide}, {zero}")
        return lines

    def store(self, index: int | str, name: str, target: Target, *, truth: bool) -> Sequence[str]:
        """Write a vector of rows."""
        o = output(name, index)
        place = f"{o}t = getelementptr ptr, ptr %out, i64 {index}"
        column = f"{o}c = load ptr, ptr {o}t, !invariant.load !{{}}"
        if not truth:
            row = f"{o} = getelementptr double, ptr {o}c, i64 %row"
            return place, column, row, f"store {target.type()} {name}, ptr {o}, align 8"
        byte = target.type(truth=True).replace("i1", "i8")
        whole = f"{o}b = zext {target.type(truth=True)} {name} to {byte}"
        row = f"{o} = getelementptr i8, ptr {o}c, i64 %row"
        return place, column, whole, row, f"store {byte} {o}b, ptr {o}, align 1"


@attrs.frozen
class Streams(Columns):
    """The same inputs; outputs go past the cache, in vectors that are whole lines of it.

    A store to memory that is not in the cache reads it first; of large outputs that is half of all
    that moves.
    """

    def store(self, index: int | str, name: str, target: Target, *, truth: bool) -> Sequence[str]:
        """Write a vector of rows of numbers."""
        *lines, _ = super().store(index, name, target, truth=False)
        o = output(name, index)
        how = "align 64, !nontemporal !{i32 1}"
        return [*lines, f"store {target.type()} {name}, ptr {o}, {how}"]


def output(name: str, index: int | str) -> str:
    """The beginning of the names of what a value needs on its way to an output."""
    return f"{name}o{index}".replace("o%", "o")


def _column(name: str, entry: str, target: Target) -> Sequence[str]:
    return (
        f"{name}t = getelementptr ptr, ptr %in, i64 {entry}",
        f"{name}c = load ptr, ptr {name}t, !invariant.load !{{}}",
        f"{name}p = getelementptr double, ptr {name}c, i64 %row",
        f"{name} = load {target.type()}, ptr {name}p, align 8",
    )


def modules(parts: Parts, width: int) -> Iterator[str]:
    """The module that defines `@rows`."""
    last = [f"%last = sub i64 %end, {width}"]
    yield module(parts, rows(parts, width, last, ["br label %turn", "turn:"]), ())


def module(parts: Parts, rows: str, others: Sequence[str]) -> str:
    """The module of the parts, of what runs them, and of other functions."""
    needs = dict.fromkeys(need for part in parts.needs for need in part)
    return "\n".join([*needs, *parts.functions, rows, *others])


def rows(parts: Parts, width: int, last: Sequence[str], each: Sequence[str]) -> str:
    """`@rows`, with the lines that find the `%last` row to begin at, and those for each vector.

    The last of these begin a block `turn`.
    """
    head = HEAD.replace("i64 %row", "i64 %begin, i64 %end")
    given = "ptr %in, ptr %same, ptr %out, ptr %calls, ptr %scratch, i64 %row"
    return "\n".join(
        [
            f"define void @rows({head}) {FREE} {{",
            *last,
            "br label %loop",
            "loop:",
            "%at = phi i64 [%begin, %0], [%next, %turn]",
            "%over = icmp sgt i64 %at, %last",
            "%row = select i1 %over, i64 %last, i64 %at",
            *each,
            *[f"call void @part{k}({given})" for k in range(len(parts.functions))],
            f"%next = add i64 %at, {width}",
            "%more = icmp slt i64 %next, %end",
            "br i1 %more, label %loop, label %done",
            "done:",
            "fence seq_cst",
            "ret void",
            "}",
        ]
    )
