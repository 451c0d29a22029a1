"""Pieces of functions in LLVM IR with branches and loops, as text, for code that deals with objects."""

from __future__ import annotations

from collections.abc import Sequence


def sure(label: str, condition: str, otherwise: str) -> list[str]:
    """Go on at `label` if the condition holds."""
    check = f"%{label}.holds = {condition}"
    return [check, f"br i1 %{label}.holds, label %{label}, label %{otherwise}", f"{label}:"]


def loop(counter: str, count: str, body: Sequence[str]) -> list[str]:
    """The body for each number below `count`; the counter has a place at `%counter.at`.

    >>> print(*loop("i", "9", ["call void @f(i64 %i)"])[3:7], sep=chr(10))
    %i = load i64, ptr %i.at
    %i.more = icmp slt i64 %i, 9
    br i1 %i.more, label %i.body, label %i.end
    i.body:
    """
    c = f"%{counter}"
    return [
        f"store i64 0, ptr {c}.at",
        f"br label {c}.head",
        f"{counter}.head:",
        f"{c} = load i64, ptr {c}.at",
        f"{c}.more = icmp slt i64 {c}, {count}",
        f"br i1 {c}.more, label {c}.body, label {c}.end",
        f"{counter}.body:",
        *body,
        f"{c}.next = add i64 {c}, 1",
        f"store i64 {c}.next, ptr {c}.at",
        f"br label {c}.head",
        f"{counter}.end:",
    ]


def element(name: str, kind: str, start: str, index: str) -> list[str]:
    """Load `%name`, which stands at that index."""
    place = f"%{name}.place = getelementptr {kind}, ptr {start}, i64 {index}"
    return [place, f"%{name} = load {kind}, ptr %{name}.place"]


def field(name: str, kind: str, start: str, offset: int) -> list[str]:
    """Load `%name`, which stands that many bytes behind the start of an object."""
    place = f"%{name}.place = getelementptr i8, ptr {start}, i64 {offset}"
    return [place, f"%{name} = load {kind}, ptr %{name}.place"]


def put(name: str, kind: str, value: str, start: str, index: str) -> list[str]:
    """Store a value at that index."""
    place = f"%{name}.to = getelementptr {kind}, ptr {start}, i64 {index}"
    return [place, f"store {kind} {value}, ptr %{name}.to"]


def pushed(name: str, kind: str, value: str, start: str, count: str) -> list[str]:
    """Store a value behind those that are there, of which there are as many as stands at `count`."""
    return [
        f"%{name}.count = load i64, ptr {count}",
        *put(name, kind, value, start, f"%{name}.count"),
        f"%{name}.then = add i64 %{name}.count, 1",
        f"store i64 %{name}.then, ptr {count}",
    ]
