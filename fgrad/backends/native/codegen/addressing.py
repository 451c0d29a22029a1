"""Addresses that move with a loop's iterations, and loads and stores of several iterations at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import attrs

from fgrad.backends.native.math.table import Target


@attrs.frozen
class Address:
    """An element for each iteration: at `first + stride * k` of an array, or at an index from a table."""

    array: str
    first: int
    stride: int
    table: str = ""
    """The symbol of a constant array of indices, if the stride is not constant."""

    @property
    def invariant(self) -> bool:
        """Whether it is the same element in each iteration."""
        return self.stride == 0 and not self.table


def constant_stride(indices: Sequence[int]) -> int | None:
    """The difference of consecutive indices, if it is constant.

    >>> constant_stride([7, 5, 3]), constant_stride([7, 5, 4]), constant_stride([7])
    (-2, None, 0)
    """
    found = {b - a for a, b in pairwise(indices)}
    if len(found) > 1:
        return None
    return found.pop() if found else 0


def index(name: str, address: Address, lane: int) -> tuple[list[str], str]:
    """The instructions that compute the index at iteration `%k + lane`, and its name."""
    at = f"{name}i{lane}"
    if address.invariant:
        return [], f"{address.first}"
    if address.table:
        return [
            f"{at}k = add i64 %k, {lane}",
            f"{at}p = getelementptr i64, ptr {address.table}, i64 {at}k",
            f"{at} = load i64, ptr {at}p",
        ], at
    return [
        f"{at}k = mul i64 %k, {address.stride}",
        f"{at} = add i64 {at}k, {address.first + lane * address.stride}",
    ], at


def load(name: str, address: Address, target: Target, lanes: int) -> list[str]:
    """The instructions that load the elements of the iterations from `%k` on, one in each lane."""
    if lanes == 1:
        return [*_pointer(name, address, 0, target), f"{name} = load {target.type()}, ptr {name}p0"]
    if address.stride in (1, -1):
        first, loaded = (0, name) if address.stride == 1 else (lanes - 1, f"{name}r")
        lines = _pointer(name, address, first, target)
        lines.append(f"{loaded} = load <{lanes} x double>, ptr {name}p{first}, align 8")
        return lines if loaded == name else [*lines, _reversed(name, loaded, lanes)]
    lines = []
    for lane in range(lanes):
        lines += _pointer(name, address, lane, target)
        lines.append(f"{name}l{lane} = load double, ptr {name}p{lane}")
    wide = attrs.evolve(target, width=lanes)
    return lines + wide.gathered([f"{name}l{lane}" for lane in range(lanes)], name)


def store(name: str, value: str, address: Address, target: Target, lanes: int) -> list[str]:
    """The instructions that store the lanes of a value to the iterations from `%k` on; `name` prefixes names."""
    if lanes == 1:
        lines = _pointer(name, address, 0, target)
        return [*lines, f"store {target.type()} {value}, ptr {name}p0"]
    type_ = f"<{lanes} x double>"
    if address.stride in (1, -1):
        first, stored = (0, value) if address.stride == 1 else (lanes - 1, f"{name}r")
        lines = [] if stored == value else [_reversed(stored, value, lanes)]
        lines += _pointer(name, address, first, target)
        return [*lines, f"store {type_} {stored}, ptr {name}p{first}, align 8"]
    lines = []
    for lane in range(lanes):
        lines += [
            f"{name}l{lane} = extractelement {type_} {value}, i64 {lane}",
            *_pointer(name, address, lane, target),
            f"store double {name}l{lane}, ptr {name}p{lane}",
        ]
    return lines


def _reversed(name: str, value: str, width: int) -> str:
    order = ", ".join([f"i32 {k}" for k in reversed(range(width))])
    type_ = f"<{width} x double>"
    return f"{name} = shufflevector {type_} {value}, {type_} poison, <{width} x i32> <{order}>"


def _pointer(name: str, address: Address, lane: int, target: Target) -> list[str]:
    """The address of the element of iteration `%k + lane`, as `{name}p{lane}`."""
    lines, at = index(name, address, lane)
    element = f"{target.type()}, ptr {address.array}, i64 {at}"
    return [*lines, f"{name}p{lane} = getelementptr {element}"]
