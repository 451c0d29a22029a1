"""Fragments of IR with branches, loops and memory accesses, as lists of lines, for code that handles objects."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence


def expect(label: str, condition: str, otherwise: str) -> list[str]:
    """Branch to `label`, which starts here, if the condition holds, else to `otherwise`."""
    check = f"%{label}.holds = {condition}"
    return [check, f"br i1 %{label}.holds, label %{label}, label %{otherwise}", f"{label}:"]


def label(name: str) -> list[str]:
    """End a block, and begin the next one under a name."""
    return [f"br label %{name}", f"{name}:"]


def loop(
    counter: str, count: str, body: Sequence[str], **carried: tuple[str, str, str]
) -> list[str]:
    """A loop over `%counter` from 0 to `count`.

    Each of `carried`, a type, a first value and the following one, has its last value afterwards.

    >>> print(*loop("i", "9", ["call void @f(i64 %i)"])[4:8], sep=chr(10))
    %i = phi i64 [0, %i.start], [%i.next, %i.last]
    %i.more = icmp slt i64 %i, 9
    br i1 %i.more, label %i.body, label %i.end
    i.body:
    """
    c = f"%{counter}"
    return [
        *label(f"{counter}.start"),
        *label(f"{counter}.head"),
        f"{c} = phi i64 [0, {c}.start], [{c}.next, {c}.last]",
        *[
            f"%{name} = phi {kind} [{first}, {c}.start], [{following}, {c}.last]"
            for name, (kind, first, following) in carried.items()
        ],
        f"{c}.more = icmp slt i64 {c}, {count}",
        f"br i1 {c}.more, label {c}.body, label {c}.end",
        f"{counter}.body:",
        *body,
        *label(f"{counter}.last"),
        f"{c}.next = add i64 {c}, 1",
        f"br label {c}.head",
        f"{counter}.end:",
    ]


def load_element(name: str, kind: str, start: str, index: str) -> list[str]:
    """Load `%name` from an array."""
    place = f"%{name}.place = getelementptr {kind}, ptr {start}, i64 {index}"
    return [place, f"%{name} = load {kind}, ptr %{name}.place"]


def load_field(name: str, kind: str, start: str, offset: int) -> list[str]:
    """Load `%name` from a byte offset in a struct."""
    place = f"%{name}.place = getelementptr i8, ptr {start}, i64 {offset}"
    return [place, f"%{name} = load {kind}, ptr %{name}.place"]


def load_words(
    names: Sequence[str], start: str, *, addresses: Collection[str], prefix: str = ""
) -> list[str]:
    """Load consecutive words under their names: numbers, and `addresses`."""
    lines = []
    for k, name in enumerate(names):
        kind = "ptr" if name in addresses else "i64"
        lines += load_field(f"{prefix}{name}", kind, start, 8 * k)
    return lines


def store_element(name: str, kind: str, value: str, start: str, index: str) -> list[str]:
    """Store a value in an array."""
    place = f"%{name}.to = getelementptr {kind}, ptr {start}, i64 {index}"
    return [place, f"store {kind} {value}, ptr %{name}.to"]


def push(name: str, kind: str, value: str, start: str, count: str) -> list[str]:
    """Append a value to an array whose length is stored at `count`."""
    return [
        f"%{name}.count = load i64, ptr {count}",
        *store_element(name, kind, value, start, f"%{name}.count"),
        f"%{name}.then = add i64 %{name}.count, 1",
        f"store i64 %{name}.then, ptr {count}",
    ]


def module(lines: Sequence[str]) -> str:
    """The module of these lines, with a declaration of each symbol that they use and do not define.

    >>> print(module(["define void @f() {", "call void @g(i64 1)", "ret void", "}"]).split(chr(10))[0])
    declare void @g(i64)
    """
    uses = "\n".join([line for line in lines if "@" in line])
    declared: dict[str, str] = {}
    for result, name, args in re.findall(r"call (\w+) @(\w+)\((.*)\)$", uses, re.MULTILINE):
        types = ", ".join([arg.partition(" ")[0] for arg in args.split(", ")])
        declared[name] = f"declare {result} @{name}({types})"
    for name in re.findall(r"@(\w+)", uses):
        declared.setdefault(name, f"@{name} = external global i8")
    for name in re.findall(r"^define .*?@(\w+)\(", uses, re.MULTILINE):
        declared.pop(name)
    return "\n".join([*declared.values(), *lines])
