"""Where the values of a loop stand in memory, and how several times round are read and written at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import attrs

from fgrad.native.table import Vocabulary


@attrs.frozen
class Place:
    """A double for each time round: `first + stride * k` of an array, or where a table says."""

    array: str
    first: int
    stride: int
    table: str = ""
    """The name of a constant array of numbers, if it is not in steps."""

    @property
    def still(self) -> bool:
        """Whether it is the same double each time."""
        return self.stride == 0 and not self.table


def steps(indices: Sequence[int]) -> int | None:
    """By how much each index is more than the one before, if always by as much.

    >>> steps([7, 5, 3]), steps([7, 5, 4]), steps([7])
    (-2, None, 0)
    """
    found = {b - a for a, b in pairwise(indices)}
    if len(found) > 1:
        return None
    return found.pop() if found else 0


def read(name: str, place: Place, words: Vocabulary) -> list[str]:
    """The lines that bring the doubles of the times from `%k` on, one in each lane."""
    width, type_ = words.width, words.type()
    if place.stride == 1 or width == 1:
        return [*_pointer(name, place, 0), f"{name} = load {type_}, ptr {name}p0, align 8"]
    if place.stride == -1:
        lines = [*_pointer(name, place, width - 1)]
        lines.append(f"{name}r = load {type_}, ptr {name}p{width - 1}, align 8")
        return [*lines, _reversed(name, f"{name}r", width)]
    lines, whole = [], "poison"
    for lane in range(width):
        after = name if lane == width - 1 else f"{name}w{lane}"
        lines += [
            *_pointer(name, place, lane),
            f"{name}l{lane} = load double, ptr {name}p{lane}",
            f"{after} = insertelement {type_} {whole}, double {name}l{lane}, i64 {lane}",
        ]
        whole = after
    return lines


def written(name: str, value: str, place: Place, words: Vocabulary) -> list[str]:
    """The lines that write the lanes of a value to the times from `%k` on; `name` is for names."""
    width, type_ = words.width, words.type()
    if place.stride == 1 or width == 1:
        return [*_pointer(name, place, 0), f"store {type_} {value}, ptr {name}p0, align 8"]
    if place.stride == -1:
        last = width - 1
        lines = [_reversed(f"{name}r", value, width), *_pointer(name, place, last)]
        return [*lines, f"store {type_} {name}r, ptr {name}p{last}, align 8"]
    lines = []
    for lane in range(width):
        lines += [
            f"{name}l{lane} = extractelement {type_} {value}, i64 {lane}",
            *_pointer(name, place, lane),
            f"store double {name}l{lane}, ptr {name}p{lane}",
        ]
    return lines


def _reversed(name: str, value: str, width: int) -> str:
    order = ", ".join([f"i32 {k}" for k in reversed(range(width))])
    type_ = f"<{width} x double>"
    return f"{name} = shufflevector {type_} {value}, {type_} poison, <{width} x i32> <{order}>"


def _pointer(name: str, place: Place, lane: int) -> list[str]:
    """`{name}p{lane}`: where the double of the time `%k + lane` stands."""
    pointer, at = f"{name}p{lane}", f"{name}i{lane}"
    if place.table:
        return [
            f"{at}k = add i64 %k, {lane}",
            f"{at}p = getelementptr i64, ptr {place.table}, i64 {at}k",
            f"{at} = load i64, ptr {at}p",
            f"{pointer} = getelementptr double, ptr {place.array}, i64 {at}",
        ]
    return [
        f"{at}k = mul i64 %k, {place.stride}",
        f"{at} = add i64 {at}k, {place.first + lane * place.stride}",
        f"{pointer} = getelementptr double, ptr {place.array}, i64 {at}",
    ]
