"""The `python` backend: a program as straight-line Python source, without dependencies.

A value with one use is written into the expression that uses it; others are locals, whose names are
used again when their values are dead. Long programs become several functions that pass live values
in a list, for Python's time to compile a function grows faster than its length.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from types import CodeType, FunctionType, MappingProxyType
from typing import Any, Final, TypeAlias

import attrs

from fgrad.ops import library
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Item
from fgrad.ops.primitive import Op
from fgrad.program.program import Program

# What is faster written out than called; everything else calls its implementation.
WRITTEN: Final[Mapping[Op, str]] = MappingProxyType(
    {
        ops.add: "{}+{}",
        ops.sub: "{}-{}",
        ops.mul: "{}*{}",
        ops.neg: "-{}",
        ops.square: "{0}*{0}",
        ops.identity: "{}",
        ops.stop_gradient: "{}",
        ops.less: "{}<{}",
        ops.less_equal: "{}<={}",
        ops.greater: "{}>{}",
        ops.greater_equal: "{}>={}",
        ops.equal: "{}=={}",
        ops.not_equal: "{}!={}",
        ops.logical_and: "{} and {}",
        ops.logical_or: "{} or {}",
        ops.logical_not: "not {}",
        ops.where: "{1} if {0} else {2}",
    }
)
_REFERENCE: Final = re.compile("@([0-9]+)@")
_DEEPEST: Final = 12  # nested parentheses: Python's parser allows 200
_WIDEST: Final = 600  # characters in an expression
_LONGEST: Final = 400  # statements in a function


@attrs.frozen
class Source:
    """Python source that defines a function `f`, and the values of its other names."""

    text: str
    names: Mapping[str, Any]

    def function(self) -> Callable[..., tuple[float, ...]]:
        """The function of the inputs, by position, that returns the outputs."""
        code: CodeType = compile(self.text, "<fgrad program>", "exec")
        space: dict[str, Any] = dict(self.names)
        exec(code, space)  # noqa: S102  # source that we have just written
        made: FunctionType = space["f"]
        return made


def source(program: Program) -> Source:
    """The program as Python source.

    >>> import fgrad as fg
    >>> written = source(fg.trace(lambda x, y: fg.sin(x) * (y + 1.0))(0.0, 0.0))
    >>> print(written.text, end="")
    def f(x0, x1):
        return (sin(x0)*(x1+1.0),)
    >>> written.function()(0.0, 2.0)
    (0.0,)
    """
    words = _words(program)
    statements = _statements(program, words)
    names: dict[str, Any] = {"inf": math.inf, "nan": math.nan}
    names |= {word: op.impl for op, word in words.items()}
    written = _short if len(statements) <= _LONGEST else _long
    return Source(written(program, statements), MappingProxyType(names))


Statement: TypeAlias = tuple[int, str]
"""The number of a value and its expression, in which @7@ stands for value 7."""


def _words(program: Program) -> dict[Op, str]:
    """The names of the operations that are called: ours as they are, others with a number appended.

    A name may be any text, and two operations of a user's may share one.
    """
    words: dict[Op, str] = {}
    for op in dict.fromkeys([op for op, _ in program.instructions]):
        if op in WRITTEN:
            continue
        if isinstance(op, Item):
            words[op] = f"item{op.index}"
        elif library.is_ours(op):
            words[op] = op.name
        else:
            plain = op.name.isidentifier() and op.name.isascii() and len(op.name) < _WIDEST
            words[op] = f"{op.name if plain else 'operation'}_{len(words)}"
    return words


def _statements(program: Program, words: Mapping[Op, str]) -> list[Statement]:
    """The instructions, those with one use inside the expression that uses them."""
    uses = _uses(program)
    inner: dict[int, tuple[str, int]] = {}
    made: list[Statement] = []
    for value, (op, args) in enumerate(program.instructions, len(program.inputs)):
        if not uses[value]:
            continue
        deepest = 0
        pieces = []
        for a in args:
            text, depth = inner.pop(a, (f"@{a}@", 0)) if type(a) is int else (_literal(a), 0)
            pieces.append(text)
            deepest = max(deepest, depth)
        written = WRITTEN.get(op)
        text = (
            f"{words[op]}({','.join(pieces)})"
            if written is None
            else f"({written.format(*pieces)})"
        )
        if uses[value] == 1 and deepest < _DEEPEST and len(text) < _WIDEST:
            inner[value] = text, deepest + 1
        else:
            made.append((value, text))
    outputs = [_bare(inner.pop(i, (f"@{i}@", 0))[0]) for i in program.outputs]
    return [*made, (-1, f"({','.join(outputs)}{',' if len(outputs) == 1 else ''})")]


def _uses(program: Program) -> list[int]:
    """The number of uses of each value; twice where the source would write it twice."""
    uses = [0] * (len(program.inputs) + len(program.instructions))
    for op, args in program.instructions:
        for a in args:
            if type(a) is int:
                uses[a] += 2 if op is ops.square else 1
    for i in program.outputs:
        uses[i] += 1
    return uses


def _short(program: Program, statements: Sequence[Statement]) -> str:
    """One function, whose locals are the inputs and the statements."""
    inputs = [f"x{i}" for i in range(len(program.inputs))]
    local = dict(enumerate(inputs))
    body = _locals(statements, local, frozenset())
    return f"def f({', '.join(inputs)}):\n" + "".join(f"    {line}\n" for line in body)


def _long(program: Program, statements: Sequence[Statement]) -> str:
    """Functions of a few hundred statements, which pass live values in the list `m`."""
    chunks = [statements[i : i + _LONGEST] for i in range(0, len(statements), _LONGEST)]
    read = [{value for _, text in chunk for value in _numbers(text)} for chunk in chunks]
    last: dict[int, int] = {}
    for k, values in enumerate(read):
        last |= dict.fromkeys(values, k)
    slot = {i: i for i in range(len(program.inputs))}
    free: list[int] = []
    size = len(slot)
    text = ""
    for k, chunk in enumerate(chunks):
        here = {value for value, _ in chunk}
        known = sorted(value for value in read[k] if value not in here)
        local = {value: f"a{i}" for i, value in enumerate(known)}
        body = [f"{local[value]}=m[{slot[value]}]" for value in known]
        kept = [value for value, _ in chunk if last.get(value, -1) > k]
        free += [slot.pop(value) for value in known if last[value] == k]
        for value in kept:
            slot[value] = free.pop() if free else size
            size = max(size, slot[value] + 1)
        body += _locals(chunk, local, frozenset(kept))
        body += [f"m[{slot[value]}]={local[value]}" for value in kept]
        text += f"def f{k}(m):\n" + "".join(f"    {line}\n" for line in body or ["pass"])
    calls = "".join(f"    f{k}(m)\n" for k in range(len(chunks) - 1))
    room = size - len(program.inputs)
    return f"{text}def f(*x):\n    m=[*x]+[None]*{room}\n{calls}    return f{len(chunks) - 1}(m)\n"


def _locals(
    statements: Sequence[Statement], local: dict[int, str], kept: frozenset[int]
) -> list[str]:
    """The statements with locals for values: those of `local`, to which new ones are added.

    A name is used again when its value is dead, unless the value is `kept`.
    """
    last = {v: k for k, (_, text) in enumerate(statements) for v in _numbers(text)}
    free: list[str] = []
    body = []
    for k, (value, text) in enumerate(statements):
        written = _REFERENCE.sub(lambda found: local[int(found[1])], text)
        free += [local[v] for v in set(_numbers(text)) if last[v] == k and v not in kept]
        if value < 0:
            body.append(f"return {written}")
            continue
        local[value] = free.pop() if free else f"v{len(local)}"
        body.append(f"{local[value]}={_bare(written)}")
    return body


def _numbers(text: str) -> list[int]:
    return [int(number) for number in _REFERENCE.findall(text)]


def _bare(text: str) -> str:
    return text[1:-1] if text[0] == "(" else text


def _literal(a: float | bool) -> str:
    text = repr(a)
    return text if text[0] != "-" else f"({text})"
