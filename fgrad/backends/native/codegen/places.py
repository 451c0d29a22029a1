"""Where the values of a loop stand in memory, and how several times round are read and written at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import attrs

from fgrad.backends.native.math.table import Target


@attrs.frozen
class Place:
    """A value for each time round: `first + stride * k` of an array, or where a table says."""

    array: str
    first: int
    stride: int
    table: str = ""
    """The name of a constant array of numbers, if it is not in steps."""

    @property
    def still(self) -> bool:
        """Whether it is the same value each time."""
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


def index(name: str, place: Place, lane: int) -> tuple[list[str], str]:
    """The lines that compute the index of the time `%k + lane`, and what it is called."""
    at = f"{name}i{lane}"
    if place.still:
        return [], f"{place.first}"
    if place.table:
        return [
            f"{at}k = add i64 %k, {lane}",
            f"{at}p = getelementptr i64, ptr {place.table}, i64 {at}k",
            f"{at} = load i64, ptr {at}p",
        ], at
    return [
        f"{at}k = mul i64 %k, {place.stride}",
        f"{at} = add i64 {at}k, {place.first + lane * place.stride}",
    ], at


def read(name: str, place: Place, target: Target, lanes: int) -> list[str]:
    """The lines that bring what stands there at the times from `%k` on, one in each lane."""
    if lanes == 1:
        return [*_pointer(name, place, 0, target), f"{name} = load {target.type()}, ptr {name}p0"]
    type_ = f"<{lanes} x double>"
    if place.stride == 1:
        lines = _pointer(name, place, 0, target)
        return [*lines, f"{name} = load {type_}, ptr {name}p0, align 8"]
    if place.stride == -1:
        lines = _pointer(name, place, lanes - 1, target)
        lines.append(f"{name}r = load {type_}, ptr {name}p{lanes - 1}, align 8")
        return [*lines, _reversed(name, f"{name}r", lanes)]
    lines, whole = [], "poison"
    for lane in range(lanes):
        after = name if lane == lanes - 1 else f"{name}w{lane}"
        lines += [
            *_pointer(name, place, lane, target),
            f"{name}l{lane} = load double, ptr {name}p{lane}",
            f"{after} = insertelement {type_} {whole}, double {name}l{lane}, i64 {lane}",
        ]
        whole = after
    return lines


def written(name: str, value: str, place: Place, target: Target, lanes: int) -> list[str]:
    """The lines that write the lanes of a value to the times from `%k` on; `name` is for names."""
    if lanes == 1:
        lines = _pointer(name, place, 0, target)
        return [*lines, f"store {target.type()} {value}, ptr {name}p0"]
    type_ = f"<{lanes} x double>"
    if place.stride == 1:
        lines = _pointer(name, place, 0, target)
        return [*lines, f"store {type_} {value}, ptr {name}p0, align 8"]
    if place.stride == -1:
        last = lanes - 1
        lines = [_reversed(f"{name}r", value, lanes), *_pointer(name, place, last, target)]
        return [*lines, f"store {type_} {name}r, ptr {name}p{last}, align 8"]
    lines = []
    for lane in range(lanes):
        lines += [
            f"{name}l{lane} = extractelement {type_} {value}, i64 {lane}",
            *_pointer(name, place, lane, target),
            f"store double {name}l{lane}, ptr {name}p{lane}",
        ]
    return lines


def _reversed(name: str, value: str, width: int) -> str:
    order = ", ".join([f"i32 {k}" for k in reversed(range(width))])
    type_ = f"<{width} x double>"
    return f"{name} = shufflevector {type_} {value}, {type_} poison, <{width} x i32> <{order}>"


def _pointer(name: str, place: Place, lane: int, target: Target) -> list[str]:
    """`{name}p{lane}`: where the value of the time `%k + lane` stands."""
    lines, at = index(name, place, lane)
    element = f"{target.type()}, ptr {place.array}, i64 {at}"
    return [*lines, f"{name}p{lane} = getelementptr {element}"]
