"""Loading columns of a row-major table: as many rows as there are lanes, transposed in registers."""

from __future__ import annotations

from collections.abc import Sequence

from fgrad.backends.native.math.table import Target


def load_columns(
    index: int, first: int, width: int, entry: int, target: Target
) -> tuple[Sequence[str], Sequence[int]]:
    """The instructions that load input `index` of a table whose inputs start at `first`, and what else they load.

    Blocks of as many columns as there are lanes are loaded as vectors and transposed; the last
    block overlaps the one before. The columns of a narrower table are gathered number by number.
    """
    lanes = target.width
    place = index - first
    whole = width // lanes * lanes
    name = f"%x{index}"
    lines = _rows(name, entry, target)
    if not whole:
        return [*lines, *_gathered(name, f"{place}", target)], (index,)
    start = place // lanes * lanes
    loaded = range(first + start, first + start + lanes)
    if place >= whole:
        start, loaded = width - lanes, range(first + whole, first + width)
    names = [
        f"%x{i}" if i in loaded else f"{name}n{i}"
        for i in range(first + start, first + start + lanes)
    ]
    return [*lines, *_turned(name, names, start, target)], loaded


def load_column(name: str, entry: int, place: str, target: Target) -> list[str]:
    """The instructions that gather one column of a table, whose index may be computed."""
    return [*_rows(name, entry, target), *_gathered(name, place, target)]


def _rows(name: str, entry: int, target: Target) -> list[str]:
    """The address of the row of each lane."""
    lines = [
        f"{name}t = getelementptr ptr, ptr %in, i64 {entry}",
        f"{name}b = load ptr, ptr {name}t, !invariant.load !{{}}",
        f"{name}u = getelementptr ptr, ptr %in, i64 {entry + 1}",
        f"{name}s = load i64, ptr {name}u, !invariant.load !{{}}",
        f"{name}m = mul i64 {name}s, %row",
        f"{name}r0 = getelementptr i8, ptr {name}b, i64 {name}m",
    ]
    for lane in range(1, target.width):
        before = f"{name}r{lane - 1}"
        lines.append(f"{name}r{lane} = getelementptr i8, ptr {before}, i64 {name}s")
    return lines


def _gathered(name: str, place: str, target: Target) -> list[str]:
    """Gather one column, number by number."""
    lines = []
    for lane in range(target.width):
        lines += [
            f"{name}p{lane} = getelementptr double, ptr {name}r{lane}, i64 {place}",
            f"{name}v{lane} = load double, ptr {name}p{lane}, align 8",
        ]
    return lines + target.gathered([f"{name}v{lane}" for lane in range(target.width)], name)


def _turned(name: str, names: Sequence[str], start: int, target: Target) -> list[str]:
    """The columns from `start` on, under these names, by a transposition of a square block.

    Each step exchanges halves of vectors: first single numbers, then pairs, and so on.
    """
    lanes, v = target.width, target.type()
    lines = []
    for lane in range(lanes):
        lines.append(f"{name}p{lane} = getelementptr double, ptr {name}r{lane}, i64 {start}")
        lines.append(f"{name}h0_{lane} = load {v}, ptr {name}p{lane}, align 8")
    step, depth = 1, 0
    while step < lanes:
        last = step * 2 == lanes
        for lane in range(lanes):
            if lane & step:
                continue
            a, b = (f"{name}h{depth}_{k}" for k in (lane, lane + step))
            for k, offset in ((lane, 0), (lane + step, step)):
                # Lanes with the bit of the step come from the second vector.
                goes = [(i & ~step) + offset + (i & step) * lanes // step for i in range(lanes)]
                mask = ", ".join([f"i32 {g}" for g in goes])
                to = names[k] if last else f"{name}h{depth + 1}_{k}"
                lines.append(f"{to} = shufflevector {v} {a}, {v} {b}, <{lanes} x i32> <{mask}>")
        step, depth = 2 * step, depth + 1
    return lines
