"""Listings: a program as text that people read, and the program again.

A value is called `%` and its number, or by the name of its input. A name that is no plain word
stands in quotes, as in JSON. `@f` is an operation of the user's own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Final, final

from fgrad.display import WIDTH, ends, joined, shorten
from fgrad.display import lines as bounded
from fgrad.errors import FormatError
from fgrad.graph import listing
from fgrad.graph.graph import Graph
from fgrad.ops.names import (
    PLAIN,
    RESERVED,
    WORD,
    number,
    operation,
    printed,
    quoted,
    spelling,
    vocabulary,
)
from fgrad.ops.primitive import Op
from fgrad.program.program import Instruction, Program, given_program

_STRING: Final = r'"(?:[^"\\]|\\.)*+"'
_ARG: Final = rf"(?:{_STRING}|(?:[^\s,()'\"]|'[A-Za-z0-9_ .-]*+')++)"
_ARGS: Final = rf"(?:{_ARG}(?:\s*+,\s*+{_ARG})*+)?+"
_OP: Final = rf"(?:@?{WORD}(?:\[[0-9]++\])?+|@{_STRING})"


@final
class _Grammar:
    """The pieces of a line of text, each with what is needed where it does not match, and joined."""

    def __init__(self, *pieces: tuple[str, str]) -> None:
        self.pieces = [(re.compile(pattern), needed) for pattern, needed in pieces]
        self.whole = re.compile("".join([pattern for pattern, _ in pieces]))

    def match(self, i: int, line: str) -> re.Match[str]:
        """The match of line `i`, or the error that says where it goes wrong."""
        found = self.whole.fullmatch(line)
        if found is not None:
            return found
        at = 0
        for pattern, needed in self.pieces:
            piece = pattern.match(line, at)
            if piece is None:
                raise _refusal(i, line, at, f"{needed} is needed here")
            at = piece.end()
        raise _refusal(i, line, at, "the end of the line is needed here")


@cache
def _grammars() -> tuple[_Grammar, _Grammar, _Grammar, re.Pattern[str]]:
    """The first line, one in the middle, the last, and an argument.

    They are compiled when a text is read: importing fgrad does not wait for it.
    """
    rest = ((rf"({_ARGS})", "arguments"), (r"\s*+\)", "a comma, an argument or )"))
    header = _Grammar((r"\s*+program\s*+\(\s*+", "program("), *rest, (r"\s*+:\s*+", ":"))
    line = _Grammar(
        (r"\s*+(%[0-9]++)", "return, or % and a number,"),
        (r"\s*+=\s*+", "="),
        (rf"({_OP})", "an operation"),
        (r"\s*+\(\s*+", "("),
        *rest,
        (r"\s*+", "nothing"),
    )
    returned = _Grammar((r"\s*+return(?![^\s%\"])\s*+", "return"), (rf"({_ARGS})\s*+", "values"))
    return header, line, returned, re.compile(_ARG)


def show(value: Program | Graph) -> str:
    """The listing of a program or a graph, a line for each instruction or node.

    `fgrad.program.text.parse` reads the text of a program again. In a graph each line ends with the
    value of the node.

    >>> import fgrad as fg
    >>> print(fg.show(fg.trace(lambda x, y: x * y + 1.0)(2.0, 3.0)))
    program(x, y):
      %2 = mul(x, y)
      %3 = add(%2, 1.0)
      return %3
    """
    if isinstance(value, Graph):
        return "\n".join(("graph:", *listing.lines(value)))
    names = _names(given_program(value, "show", "a program or a graph"))
    inputs = ", ".join([quoted(name) for name in value.inputs])
    outputs = ", ".join([names[i] for i in value.outputs])
    made = [f"  {text}" for text in instructions(value)]
    return "\n".join([f"program({inputs}):", *made, f"  return {outputs}".rstrip()])


def instructions(program: Program) -> list[str]:
    """The instructions of a program as `show` prints them.

    >>> import fgrad as fg
    >>> instructions(fg.trace(lambda x, y: x * y + 1.0)(2.0, 3.0))
    ['%2 = mul(x, y)', '%3 = add(%2, 1.0)']
    """
    names = _names(program)
    words: dict[Op, str] = {}
    made = []
    for name, (op, args) in zip(names[len(program.inputs) :], program.instructions, strict=True):
        word = words.get(op) or words.setdefault(op, spelling(op))
        operands = [names[a] if type(a) is int else printed(a) for a in args]
        made.append(f"{name} = {word}({', '.join(operands)})")
    return made


def _names(program: Program) -> list[str]:
    """The name of each value; inputs that share a name go by their numbers."""
    uses = Counter(program.inputs)
    names = [quoted(x) if uses[x] == 1 else f"%{i}" for i, x in enumerate(program.inputs)]
    return names + [f"%{i}" for i in range(len(names), len(names) + len(program))]


def excerpt(program: Program) -> str:
    """What `show` prints, of a screen at most: the first instructions and the last.

    >>> import fgrad as fg
    >>> program = fg.trace(lambda *x: fg.sum(x))(*range(30))
    >>> print(excerpt(program))
    program(x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], … 18 more …, x[26], x[27], x[28], x[29]):
      %30 = add(x[0], x[1])
      %31 = add(x[2], x[3])
      %32 = add(%30, %31)
      %33 = add(x[4], x[5])
      %34 = add(x[6], x[7])
      %35 = add(%33, %34)
      %36 = add(%32, %35)
      %37 = add(x[8], x[9])
      … 17 instructions hidden
      %55 = add(x[28], x[29])
      %56 = add(%54, %55)
      %57 = add(%51, %56)
      %58 = add(%44, %57)
      return %58
    """
    uses, size = Counter(program.inputs), len(program.inputs)

    def name(i: int) -> str:
        known = i < size and uses[program.inputs[i]] == 1
        return quoted(program.inputs[i]) if known else f"%{i}"

    def line(i: int) -> str:
        op, args = program.instructions[i]
        operands = joined(args, lambda a: name(a) if type(a) is int else printed(a))
        return f"{name(size + i)} = {spelling(op)}({operands})"

    first, hidden, last = ends(range(len(program)))
    made = bounded(map(line, first), hidden, map(line, last), "instructions")
    header = shorten(joined(range(size), name), WIDTH)
    outputs = shorten(joined(program.outputs, name), WIDTH)
    return "\n".join([f"program({header}):", *made, f"  return {outputs}".rstrip()])


def parse(text: str, operations: Sequence[Op] = ()) -> Program:
    r"""The program that `show` printed; `operations` are the user's own that it may use.

    Raises FormatError with the line and the place, UnknownName for an operation that is neither
    the library's nor one of `operations`, MalformedProgram for an invalid instruction.

    >>> parse('program(x):\n  %1 = sin(x)\n  return %1').run((0.0,))
    (0.0,)
    """
    lines = [(i, line) for i, line in enumerate(text.split("\n"), 1) if line and not line.isspace()]
    reader = _Reader(vocabulary(operations))
    inputs = reader.inputs(*(lines[0] if lines else (1, "")))
    for i, line in lines[1:-1]:
        reader.line(i, line)
    if len(lines) < 2 or reader.middle.whole.fullmatch(lines[-1][1]):
        i, line = lines[-1]
        raise _refusal(i, line, len(line), "the text ends before return")
    return Program(inputs, tuple(reader.instructions), reader.outputs(*lines[-1])).check()


class _Reader:
    """The instructions so far, and what each word for an argument stands for."""

    def __init__(self, known: dict[str, Op]) -> None:
        self.known = known
        self.words: dict[str, Op] = {}
        self.values: dict[str, int | float | bool] = {"True": True, "False": False}
        self.instructions: list[Instruction] = []
        self.following = 0
        self.header, self.middle, self.returned, self.argument = _grammars()

    def inputs(self, i: int, line: str) -> tuple[str, ...]:
        """The names of the inputs."""
        found = self.header.match(i, line)
        names = []
        for word in self.argument.finditer(line, *found.span(1)):
            name = _unquoted(i, line, word.start(), word[0])
            if name is None:
                name = word[0]
                if name in RESERVED or not re.fullmatch(PLAIN, name):
                    problem = f"{name:.60} is no plain name; write it in quotes"
                    raise _refusal(i, line, word.start(), problem)
            names.append(name)
        uses = Counter(names)
        for k, name in enumerate(names):
            self.values[f"%{k}"] = k
            if uses[name] == 1:
                self.values[quoted(name)] = k
        self.following = len(names)
        return tuple(names)

    def line(self, i: int, line: str) -> None:
        """Read the line of one instruction."""
        found = self.middle.match(i, line)
        target, word, args = found.groups()
        if target != f"%{self.following}":
            raise _refusal(i, line, found.start(1), f"the next value is %{self.following}")
        op = self.words.get(word)
        if op is None:
            name = _unquoted(i, line, found.start(2) + 1, word[1:]) if word[0] == "@" else None
            op = operation(word if name is None else f"@{name}", self.known)
            self.words[word] = op
        values = self.values
        try:
            operands = tuple([values[a] for a in self.argument.findall(args)])
        except KeyError:
            words = self.argument.finditer(line, *found.span(3))
            operands = tuple([self.value(i, line, a.start(), a[0]) for a in words])
        self.instructions.append((op, operands))
        values[target] = self.following
        self.following += 1

    def outputs(self, i: int, line: str) -> tuple[int, ...]:
        """Read the last line, which returns."""
        found = self.returned.match(i, line)
        numbers = []
        for word in self.argument.finditer(line, *found.span(1)):
            end = self.value(i, line, word.start(), word[0])
            if type(end) is not int:
                raise _refusal(i, line, word.start(), "a value is returned, not a literal")
            numbers.append(end)
        return tuple(numbers)

    def value(self, i: int, line: str, column: int, word: str) -> int | float | bool:
        """The number of the value that `word` names, or the literal that it is."""
        known = self.values.get(word)
        if known is not None:
            return known
        found: int | float | None = number(word)
        name = _unquoted(i, line, column, word) if found is None else None
        if name is not None:
            found = self.values.get(quoted(name))
        if found is None:
            problem = f"no value is named {word:.60}"
            if re.fullmatch(r"%[0-9]+", word):
                problem = f"{word:.60} is not defined yet"
            raise _refusal(i, line, column, problem)
        self.values[word] = found
        return found


def _refusal(i: int, line: str, column: int, problem: str) -> FormatError:
    column += len(line[column:]) - len(line[column:].lstrip())
    return FormatError(line, column, f"line {i}: {problem}")


def _unquoted(i: int, line: str, column: int, word: str) -> str | None:
    """The name in quotes; None if there are no quotes."""
    if not word.startswith('"'):
        return None
    from json import loads  # noqa: PLC0415  # most names are plain

    try:
        name: str = loads(word)
    except ValueError as error:
        at: int = getattr(error, "pos", 0)
        raise _refusal(i, line, column + at, "the string is not as JSON writes it") from None
    return name
