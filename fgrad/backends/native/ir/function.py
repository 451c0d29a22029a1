"""A function of numbers as a definition in LLVM IR, for one vector width and target."""

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
    scalar_parameters: bool = False,
) -> tuple[str, ...]:
    """The definition of `body` under `name`, preceded by everything that it refers to.

    Several results are returned as a struct. With `scalar_parameters`, each lane of a vector
    argument is a parameter of its own.

    >>> print(definition("@twice", lambda x: x + x, ("double",), 1, fma=True, inline=False)[-1])
    define internal double @twice(double %x0) noinline nounwind memory(none) {
    %v1 = fadd double %x0, %x0
    ret double %v1
    }
    """
    block = Block(width, fma)
    names = [f"%x{i}" for i in range(len(kinds))]
    given = [f"{block.type(kind)} {name}" for name, kind in zip(names, kinds, strict=True)]
    values = [block.argument(name, kind) for name, kind in zip(names, kinds, strict=True)]
    if scalar_parameters:
        lanes = [[block.argument(f"{name}_{k}", "double") for k in range(width)] for name in names]
        given = [f"double {lane.name}" for row in lanes for lane in row]
        values = [block.vector(row) for row in lanes]
    result = body(*values)
    results = result if isinstance(result, tuple) else (result,)
    type_ = returned([block.type(r.kind) for r in results])
    last = results[0].name
    if len(results) > 1:
        last = "poison"
        for i, r in enumerate(results):
            text = f"insertvalue {type_} {last}, {block.type(r.kind)} {r.name}, {i}"
            last = block.emit("double", text).name
    how = "alwaysinline" if inline else "noinline"
    head = f"define internal {type_} {name}({', '.join(given)}) {how} nounwind memory(none) {{"
    lines = [head, *([block.text] if block.text else []), f"ret {type_} {last}", "}"]
    return (*block.dependencies, "\n".join(lines))


def call_outlined(name: str, body: Body, *args: Value, results: int = 1) -> Values:
    """The results of `body`, emitted as a function that is not inlined: for long code that rarely runs."""
    block = args[0].block
    whole = f"@fgrad_{name}_{block.width}"
    kinds = tuple(arg.kind for arg in args)
    for text in definition(whole, body, kinds, block.width, fma=block.fma, inline=False):
        block.require(text)
    doubles: list[Kind] = ["double"] * results
    given = ", ".join([f"{block.type(arg.kind)} {arg.name}" for arg in args])
    return block.call(whole, given, doubles, [block.type(kind) for kind in doubles])
