"""Listings: a program as text that people read, and the program again.

A value is called `%` and its number, or by the name of its input. A name that is no plain word
stands in quotes, as in JSON. `@f` is an operation of the user's own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final, final

from fgrad.errors import FormatError
from fgrad.graph.graph import Graph
from fgrad.graph.node import Node, variable
from fgrad.ops.operand import is_array, pictured
from fgrad.ops.primitive import Op
from fgrad.program.names import digits, number, operation, spelled, vocabulary
from fgrad.program.program import Instruction, Program

_WORD: Final = r"(?:[A-Za-z_][A-Za-z0-9_]*+)"
_STRING: Final = r'"(?:[^"\\]|\\.)*+"'
_ARG: Final = rf"(?:{_STRING}|(?:[^\s,()'\"]|'[A-Za-z0-9_ .-]*+')++)"
_ARGS: Final = rf"(?:{_ARG}(?:\s*+,\s*+{_ARG})*+)?+"
_OP: Final = rf"(?:@?{_WORD}(?:\[[0-9]++\])?+|@{_STRING})"
_PLAIN: Final = rf"{_WORD}(?:\.{_WORD}|\[(?:[0-9]++|'[A-Za-z0-9_ .-]*+')\])*+"
_RESERVED: Final = frozenset({"True", "False", "inf", "nan"})


@final
class _Grammar:
    """Pieces of a line, each with what is needed where it does not match, and all of them joined."""

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
    """What is inside of a program or a graph, a line for each operation.

    `fgrad.program.text.parse` reads the text of a program again. The lines of a graph end with the
    value of the node.

    >>> import fgrad as fg
    >>> print(fg.show(fg.trace(lambda x, y: x * y + 1.0)(2.0, 3.0)))
    program(x, y):
      %2 = mul(x, y)
      %3 = add(%2, 1.0)
      return %3
    """
    if isinstance(value, Graph):
        return "\n".join(("graph:", *_graph_lines(value)))
    names = _names(value)
    inputs = ", ".join([quoted(name) for name in value.inputs])
    outputs = ", ".join([names[i] for i in value.outputs])
    made = [f"  {line}" for line in lines(value)]
    return "\n".join([f"program({inputs}):", *made, f"  return {outputs}".rstrip()])


def lines(program: Program) -> list[str]:
    """The lines of a program as `show` prints them.

    >>> import fgrad as fg
    >>> lines(fg.trace(lambda x, y: x * y + 1.0)(2.0, 3.0))
    ['%2 = mul(x, y)', '%3 = add(%2, 1.0)']
    """
    names = _names(program)
    words: dict[Op, str] = {}
    made = []
    for name, (op, args) in zip(names[len(program.inputs) :], program.instructions, strict=True):
        word = words.get(op) or words.setdefault(op, _word(op))
        operands = [names[a] if type(a) is int else _literal(a) for a in args]
        made.append(f"{name} = {word}({', '.join(operands)})")
    return made


def _names(program: Program) -> list[str]:
    """What each value is called; inputs of one name by their numbers, so that none is mistaken."""
    uses = Counter(program.inputs)
    names = [quoted(x) if uses[x] == 1 else f"%{i}" for i, x in enumerate(program.inputs)]
    return names + [f"%{i}" for i in range(len(names), len(names) + len(program))]


def parse(text: str, operations: Sequence[Op] = ()) -> Program:
    r"""The program that `show` printed; `operations` are the user's own that it may use.

    Raises FormatError with the line and the place, UnknownName for an operation that is neither
    the library's nor one of `operations`, MalformedProgram for a line that cannot be.

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
    return Program(inputs, tuple(reader.lines), reader.outputs(*lines[-1])).check()


class _Reader:
    """The lines so far, and what each word for an argument means."""

    def __init__(self, known: dict[str, Op]) -> None:
        self.known = known
        self.words: dict[str, Op] = {}
        self.meanings: dict[str, int | float | bool] = {"True": True, "False": False}
        self.lines: list[Instruction] = []
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
                if name in _RESERVED or not re.fullmatch(_PLAIN, name):
                    problem = f"{name:.60} is no plain name; write it in quotes"
                    raise _refusal(i, line, word.start(), problem)
            names.append(name)
        uses = Counter(names)
        for k, name in enumerate(names):
            self.meanings[f"%{k}"] = k
            if uses[name] == 1:
                self.meanings[quoted(name)] = k
        self.following = len(names)
        return tuple(names)

    def line(self, i: int, line: str) -> None:
        """Read one line."""
        found = self.middle.match(i, line)
        target, word, args = found.groups()
        if target != f"%{self.following}":
            raise _refusal(i, line, found.start(1), f"the next value is %{self.following}")
        op = self.words.get(word)
        if op is None:
            name = _unquoted(i, line, found.start(2) + 1, word[1:]) if word[0] == "@" else None
            op = operation(word if name is None else f"@{name}", self.known)
            self.words[word] = op
        meanings = self.meanings
        try:
            operands = tuple([meanings[a] for a in self.argument.findall(args)])
        except KeyError:
            words = self.argument.finditer(line, *found.span(3))
            operands = tuple([self.meaning(i, line, a.start(), a[0]) for a in words])
        self.lines.append((op, operands))
        meanings[target] = self.following
        self.following += 1

    def outputs(self, i: int, line: str) -> tuple[int, ...]:
        """Read the line that returns."""
        found = self.returned.match(i, line)
        numbers = []
        for word in self.argument.finditer(line, *found.span(1)):
            end = self.meaning(i, line, word.start(), word[0])
            if type(end) is not int:
                raise _refusal(i, line, word.start(), "a value is returned, not a literal")
            numbers.append(end)
        return tuple(numbers)

    def meaning(self, i: int, line: str, column: int, word: str) -> int | float | bool:
        """The number of the value that `word` names, or the literal that it is."""
        known = self.meanings.get(word)
        if known is not None:
            return known
        value: int | float | None = number(word)
        name = _unquoted(i, line, column, word) if value is None else None
        if name is not None:
            value = self.meanings.get(quoted(name))
        if value is None:
            problem = f"no value is named {word:.60}"
            if re.fullmatch(r"%[0-9]+", word):
                problem = f"{word:.60} is not there yet"
            raise _refusal(i, line, column, problem)
        self.meanings[word] = value
        return value


def _refusal(i: int, line: str, column: int, problem: str) -> FormatError:
    column += len(line[column:]) - len(line[column:].lstrip())
    return FormatError(line, column, f"line {i}: {problem}")


def quoted(name: str) -> str:
    """The name as it is printed: as it is, or in quotes if it is no plain word."""
    if re.fullmatch(_PLAIN, name) and name not in _RESERVED:
        return name
    return _in_quotes(name)


def _in_quotes(name: str) -> str:
    from json import dumps  # noqa: PLC0415  # most names are plain

    return dumps(name, ensure_ascii=not name.isprintable())


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


def _word(op: Op) -> str:
    word = spelled(op)
    if not word.startswith("@") or re.fullmatch(_WORD, word[1:]):
        return word
    return f"@{_in_quotes(word[1:])}"


def _literal(value: object) -> str:
    if is_array(value):
        return pictured(value)
    if isinstance(value, bool) or not isinstance(value, (float, int)):
        return repr(value)
    return digits(float(value))


def _graph_lines(graph: Graph) -> Iterator[str]:
    """A line for each node, which goes by its label if that is plain and nobody else's."""
    uses = Counter(node.label for node in graph.nodes)
    names: dict[Any, str] = {}
    for i, node in enumerate(graph.nodes):
        label, note = node.label, ""
        names[node] = f"%{i}"
        if label is not None and uses[label] == 1 and quoted(label) == label:
            names[node] = label
        elif label is not None:
            note = f" {quoted(label)}"
        value = "" if node.abstract else f" {_literal(node.value)}"
        comment = f"  #{note}{value}" if note or value else ""
        operands = [names[a] if isinstance(a, Node) else _literal(a) for a in node.args]
        word = node.op.name if node.op is variable else _word(node.op)
        yield f"  {names[node]} = {word}({', '.join(operands)}){comment}"
    yield f"  return {', '.join([names[node] for node in graph.outputs])}".rstrip()
