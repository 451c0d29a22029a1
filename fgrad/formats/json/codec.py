"""Programs and graphs as JSON, to send and to keep: one text for each value, read without running code.

An instruction is a list: the word of an operation, then its arguments, where an integer is the number
of an earlier value, `[1.0]` is a literal, `["inf"]` one that JSON lacks, and true or false a literal
truth value. A graph's nodes are such lists, variables `["variable",[1.0]]`. The values of other nodes
are not in the text but computed when it is read, so that they are always right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final, overload

import attrs
from pyrsistent import pvector

from fgrad.errors import (
    FormatError,
    MalformedProgram,
    NotAValue,
    UnknownName,
    Untranslatable,
    summary,
)
from fgrad.formats.json.document import Document, Path, Unreadable, brief
from fgrad.graph.canonical import Canonical
from fgrad.graph.graph import Graph
from fgrad.graph.node import Node, variable
from fgrad.ops.multiple import MultiOp
from fgrad.ops.names import digits, namesake, number, operation, spelled, vocabulary
from fgrad.ops.operand import is_array, literal
from fgrad.ops.primitive import Op
from fgrad.program.passes import inlined
from fgrad.program.program import Instruction, Program, placed

VERSION: Final = 1
_PLAIN: Final = frozenset({int, float, bool})
_FORMATS: Final = MappingProxyType({"fgrad program": Program, "fgrad graph": Graph})


def dumps(value: Program | Graph) -> str:
    """`value` as JSON, the same text for the same value, which `loads` reads again.

    The instructions of programs that a program calls are inlined instead of the calls.

    Raises NotAValue if two operations of the user's own have one name, TracedNumber for a graph
    without values.

    >>> import fgrad as fg
    >>> fg.dumps(fg.trace(lambda x: x * x + 1.0)(2.0))
    '{"format":"fgrad program","version":1,"inputs":["x"],"lines":[["mul",0,0],["add",1,[1.0]]],"outputs":[2]}'
    """
    from json import dumps as text_of  # noqa: PLC0415  # loaded on first use

    if isinstance(value, Program):
        whole = inlined(value)
        head = {"format": "fgrad program", "version": VERSION, "inputs": whole.inputs}
        body = {"lines": _written(whole.instructions), "outputs": whole.outputs}
    else:
        head = {"format": "fgrad graph", "version": VERSION}
        body = _graph_body(value)
    return text_of(head | body, separators=(",", ":"))


def _graph_body(graph: object) -> dict[str, Any]:
    if not isinstance(graph, Graph):
        advice = "Put nodes in a graph, Graph.of(node), and trace a function to get its program."
        raise NotAValue("dumps", "a program or a graph", summary(graph), advice)
    place: dict[Any, int] = {}
    instructions: list[tuple[Op, tuple[Any, ...]]] = []
    for i, node in enumerate(graph.nodes):
        place[node] = i
        given = (node.value,) if node.op is variable else node.args
        args = [place[a] if isinstance(a, Node) else _plain(a) for a in given]
        instructions.append((node.op, tuple(args)))
    labels = [(i, node.label) for i, node in enumerate(graph.nodes) if node.label is not None]
    outputs = [place[node] for node in graph.outputs]
    return {"nodes": _written(instructions), "labels": labels, "outputs": outputs}


def _written(instructions: Sequence[tuple[Op, tuple[Any, ...]]]) -> list[list[Any]]:
    heads: dict[Op, list[Any]] = {variable: ["variable"]}
    owners: dict[str, Op] = {}
    written = []
    for op, args in instructions:
        head = heads.get(op)
        if head is None:
            head = heads[op] = _head(op, owners)
        written.append([*head, *[a if type(a) in (int, bool) else _literal(a) for a in args]])
    return written


def _head(op: Op, owners: dict[str, Op]) -> list[Any]:
    """The word for an operation, and what it is made of if it is one on whole arrays."""
    if not op.elementwise:
        return _over_arrays().written_op(op)  # type: ignore[no-any-return]  # of a module that is imported late
    if isinstance(op, MultiOp) and op.nameless:
        raise Untranslatable(op.name, "JSON", "it is made of functions, which no text holds")
    word = spelled(op)
    if owners.setdefault(word, op) != op:
        raise namesake(op)
    return [word]


def _over_arrays() -> Any:
    """What is written and read of arrays: nobody else waits for numpy."""
    from fgrad.formats.json import arrays  # noqa: PLC0415  # see above

    return arrays


def _plain(value: object) -> Any:
    """A literal of a node as a float, whatever its class: an int would be the number of a value."""
    return value if isinstance(value, bool) or is_array(value) else literal(value, "dumps")


def _literal(value: object) -> Any:
    return _over_arrays().written_array(value) if is_array(value) else [_number(value)]


def _number(value: object) -> float | str:
    number = literal(value, "dumps")
    return number if math.isfinite(number) else digits(number)


@overload
def loads(text: str | bytes, operations: Sequence[Op] = ()) -> Program | Graph: ...
@overload
def loads(text: str | bytes, operations: Sequence[Op] = (), *, kind: type[Program]) -> Program: ...
@overload
def loads(text: str | bytes, operations: Sequence[Op] = (), *, kind: type[Graph]) -> Graph: ...
def loads(
    text: str | bytes, operations: Sequence[Op] = (), *, kind: type[Program | Graph] | None = None
) -> Program | Graph:
    """The program or graph that `dumps` wrote; with `kind`, one of these two only.

    `operations` are the user's own that it may use; none is looked up or imported by name. A text
    from anywhere is safe to read: whatever is wrong with it is a FormatError that shows the place.

    >>> import fgrad as fg
    >>> fg.loads(fg.dumps(fg.trace(lambda x: x * x + 1.0)(2.0)), kind=fg.Program).run((3.0,))
    (10.0,)
    """
    document = Document.of(text)
    if type(document.top) is not dict:
        raise document.error((), f"an object is needed here, not {brief(document.top)}")
    found = _format(document)
    if kind is not None and found is not kind:
        raise document.error(("format",), f"a {kind.__name__} is needed, not a {found.__name__}")
    known = vocabulary(operations)
    if found is Program:
        return _Reader(document, "lines", known).program()
    return _Reader(document, "nodes", known).graph()


def _format(document: Document) -> type[Program | Graph]:
    """The class of the value that the document holds."""
    for key in ("format", "version"):
        if key not in document.top:
            raise document.error((), f"the key {key!r} is missing")
    name, version = document.top["format"], document.top["version"]
    if type(name) is not str or name not in _FORMATS:
        needed = " or ".join([f'"{known}"' for known in _FORMATS])
        raise document.error(("format",), f"{needed} is needed here, not {brief(name)}")
    if type(version) is not int or version != VERSION:
        problem = f"version {brief(version)} is not read here, only {VERSION}"
        raise document.error(("version",), problem)
    return _FORMATS[name]


class _Reader:
    """Reads instructions from JSON; `Program.check` checks them."""

    def __init__(self, document: Document, key: str, known: dict[str, Op]) -> None:
        self.document = document
        self.key = key
        self.known = known
        self.arrays: Any = None
        """What reads arrays, once there are some."""

    def program(self) -> Program:
        fields = self.document.fields(("format", "version", "inputs", "lines", "outputs"))
        names = self.document.listed(("inputs",), fields[2])
        for i, name in enumerate(names):
            if type(name) is not str:
                raise self.document.error(("inputs", i), f"a name is needed, not {brief(name)}")
        return self.checked(tuple(names), self.instructions(fields[3]), fields[4])

    def graph(self) -> Graph:
        fields = self.document.fields(("format", "version", "nodes", "labels", "outputs"))
        self.known["variable"] = variable
        raw = self.instructions(fields[2])
        instructions = [(op, () if op is variable else args) for op, args in raw]
        program = self.checked((), list(map(_without_arrays, instructions)), fields[4])
        labels = self.labels(fields[3], len(instructions))
        form = Canonical.of_instructions(0, instructions, program.outputs)
        nodes, outputs = attrs.evolve(form, labels=labels).build(self.values(raw))
        expected = Graph.of(*outputs).nodes
        for i, node in enumerate(nodes):
            if i >= len(expected) or expected[i] is not node:
                problem = "no output uses this node, or it is not in the order of a graph"
                raise self.document.error(("nodes", i), problem)
        return Graph(outputs, pvector(nodes))

    def checked(self, inputs: tuple[str, ...], given: Sequence[Instruction], ends: Any) -> Program:
        outputs = tuple(self.document.listed(("outputs",), ends))
        count = len(inputs) + len(given)
        for i, end in enumerate(outputs):
            if type(end) is not int or not 0 <= end < count:
                raise self.document.error(("outputs", i), f"{brief(end)} is the number of no value")
        try:
            return Program(inputs, tuple(given), outputs).check()
        except MalformedProgram as error:
            path: Path = ("outputs",)
            if error.instruction < len(given):
                path = self.key, error.instruction
            raise self.document.error(path, error.problem) from None

    def instructions(self, raw: Any) -> list[Instruction]:
        instructions: list[Instruction] = []
        literals = self.literal
        for i, given in enumerate(self.document.listed((self.key,), raw)):
            if type(given) is not list or not given or type(given[0]) is not str:
                problem = 'a list such as ["sin",0] is needed here'
                raise self.document.error((self.key, i), problem)
            op = self.known.get(given[0]) or self.operation(i, given)
            args = [
                a if type(a) is int or type(a) is bool else literals((self.key, i, k), a)
                for k, a in enumerate(
                    given[1 if op.elementwise else 2 :], 1 if op.elementwise else 2
                )
            ]
            if op is variable and not (len(args) == 1 and _is_number(args[0])):
                raise self.document.error((self.key, i), "a variable takes one literal, its value")
            instructions.append((op, tuple(args)))
        return instructions

    def operation(self, i: int, given: list[Any]) -> Op:
        word = given[0]
        if self.key == "nodes" and word.startswith("array."):
            made: Op = self.of_arrays.operation(
                (self.key, i), word, given[1] if given[1:] else None
            )
            return made
        try:
            return operation(word, self.known)
        except UnknownName as error:
            raise self.document.error((self.key, i, 0), str(error)) from None

    @property
    def of_arrays(self) -> Any:
        """What reads arrays."""
        if self.arrays is None:
            self.arrays = _over_arrays().ArrayReader(self.document)
        return self.arrays

    def literal(self, path: Path, raw: Any) -> Any:
        if type(raw) is dict and self.key == "nodes":
            return self.of_arrays.array(path, raw)
        value = raw[0] if type(raw) is list and len(raw) == 1 else raw
        if value is not raw:
            if type(value) is str:
                named = number(value)
                if named is not None and not math.isfinite(named):
                    return named
            elif type(value) in (int, float) and math.isfinite(value):
                return float(value)
        hint = '; write "nan", "inf" or "-inf"' if isinstance(value, Unreadable) else ""
        needed = "the number of a value, or a literal such as [1.0], is needed here"
        raise self.document.error(path, f"{needed}, not {brief(value)}{hint}")

    def labels(self, raw: Any, count: int) -> tuple[tuple[int, str], ...]:
        last = -1
        made = []
        for i, pair in enumerate(self.document.listed(("labels",), raw)):
            if type(pair) is not list or [type(part) for part in pair] != [int, str]:
                raise self.document.error(("labels", i), 'a pair such as [0,"x"] is needed here')
            if not last < pair[0] < count:
                problem = f"{pair[0]} is the number of no node, or out of order"
                raise self.document.error(("labels", i), problem)
            last = pair[0]
            made.append((last, pair[1]))
        return tuple(made)

    def values(self, instructions: Sequence[Instruction]) -> list[Any]:
        """The value of each node, by the implementation of its operation."""
        values: list[Any] = []
        for i, (op, args) in enumerate(instructions):
            if op is variable:
                values.append(args[0])
                continue
            given = placed(args, values)
            try:
                if self.arrays is None:
                    value = op.impl(*given)
                else:
                    value = self.arrays.value((self.key, i), op, given)
            except FormatError:
                raise
            except NotAValue as error:
                problem = f"{op.name} returns {error.got}, which is no real number"
                raise self.document.error((self.key, i), problem) from error
            except (ArithmeticError, ValueError) as error:
                problem = f"{op.name} raises {type(error).__name__} for these values"
                raise self.document.error((self.key, i), problem) from error
            values.append(bool(value) if op.truth and not is_array(value) else value)
        return values


def _without_arrays(instruction: Instruction) -> Instruction:
    """An instruction with a literal of the same kind for each array, for a check of kinds."""
    op, args = instruction
    kinds: list[Any] = [_sample(a) if type(a) not in _PLAIN and is_array(a) else a for a in args]
    return op, tuple(kinds)


def _sample(array: Any) -> float | bool:
    return True if array.dtype.kind == "b" else 0.0


def _is_number(value: Any) -> bool:
    return type(value) is float or (is_array(value) and value.dtype.kind == "f")
