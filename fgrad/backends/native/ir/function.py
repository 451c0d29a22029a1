"""A function of numbers as a definition in LLVM IR, for one width and one kind of target."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

from fgrad.backends.native.ir.builder import Block, Kind, Value, Values, returned

Body: TypeAlias = Callable[..., Value | tuple[Value, ...]]


@cache
def definition(
    name: str,
    body: Body,
    kinds: tuple[Kind, ...],
    width: int,
    *,
    fma: bool,
    inline: bool,
    apart: bool = False,
) -> tuple[str, ...]:
    """The definition of `body` under `name`, behind everything that it needs.

    Several results are returned as a struct. With `apart`, a vector is given as its lanes.

    >>> print(definition("@twice", lambda x: x + x, ("double",), 1, fma=True, inline=False)[-1])
    define internal double @twice(double %x0) noinline nounwind memory(none) {
    %v1 = fadd double %x0, %x0
    ret double %v1
    }
    """
    block = Block(width, fma)
    names = [f"%x{i}" for i in range(len(kinds))]
    given = [f"{block.of(kind)} {name}" for name, kind in zip(names, kinds, strict=True)]
    values = [block.argument(name, kind) for name, kind in zip(names, kinds, strict=True)]
    if apart:
        lanes = [[block.argument(f"{name}_{k}", "double") for k in range(width)] for name in names]
        given = [f"double {lane.name}" for row in lanes for lane in row]
        values = [block.vector(row) for row in lanes]
    result = body(*values)
    results = result if isinstance(result, tuple) else (result,)
    type_ = returned([block.of(r.kind) for r in results])
    last = results[0].name
    if len(results) > 1:
        last = "poison"
        for i, r in enumerate(results):
            text = f"insertvalue {type_} {last}, {block.of(r.kind)} {r.name}, {i}"
            last = block.line("double", text).name
    how = "alwaysinline" if inline else "noinline"
    head = f"define internal {type_} {name}({', '.join(given)}) {how} nounwind memory(none) {{"
    lines = [head, *([block.text] if block.text else []), f"ret {type_} {last}", "}"]
    return (*block.needs, "\n".join(lines))


def called(name: str, body: Body, *args: Value, results: int = 1) -> Values:
    """The results of `body`, doubles, defined apart and called: for what is long and rarely runs."""
    block = args[0].block
    whole = f"@fgrad_{name}_{block.width}"
    kinds = tuple(arg.kind for arg in args)
    for text in definition(whole, body, kinds, block.width, fma=block.fma, inline=False):
        block.need(text)
    doubles: list[Kind] = ["double"] * results
    given = ", ".join([f"{block.of(arg.kind)} {arg.name}" for arg in args])
    return block.call(whole, given, doubles, [block.of(kind) for kind in doubles])
