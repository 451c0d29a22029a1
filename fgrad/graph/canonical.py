"""The canonical form of a graph or program: bytes that equality, digest and pickle read.

Nodes are numbered in graph order. Variables are distinguished by position and label, never by value,
so two graphs have the same canonical form exactly when they are the same computation.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any, Self

import attrs

from fgrad.errors import MalformedProgram
from fgrad.graph.node import Node, _seal, depth_above, variable
from fgrad.ops import library
from fgrad.ops.multiple import Item, MultiOp
from fgrad.ops.operand import arrays, is_array, is_of_arrays
from fgrad.ops.primitive import Op

_FORM = "fgrad flat 2"
_TRUTH = -(2**62)  # a literal False; one more is True; other negative numbers count literal floats
_ARRAY = -(2**61)  # the first literal array; those that follow are below it


def _bytes_of(arrays: tuple[Any, ...]) -> tuple[tuple[Any, bytes], ...]:
    """What tells arrays from others."""
    return tuple([((a.dtype.str, a.shape), a.tobytes()) for a in arrays])


@attrs.frozen
class Canonical:
    """Everything about a graph but its values."""

    ops: tuple[Op, ...]
    codes: bytes
    args: bytes
    literals: bytes
    labels: tuple[tuple[int, str], ...]
    outputs: tuple[int, ...]
    arrays: tuple[Any, ...] = attrs.field(default=(), eq=_bytes_of)

    @classmethod
    def of_nodes(cls, nodes: Sequence[Node[Any]], outputs: Iterable[Node[Any]]) -> Self:
        """The form of `nodes`, whose arguments stand before their users."""
        position: dict[Node[Any], int] = {}
        code: dict[Op, int] = {}
        codes = array("I")
        args = array("q")
        literals = array("d")
        held: list[Any] = []
        labels = []
        for i, node in enumerate(nodes):
            position[node] = i
            codes.append(code.setdefault(node.op, len(code)))
            for a in node.args:
                if isinstance(a, Node):
                    args.append(position[a])
                elif isinstance(a, bool):
                    args.append(_TRUTH + a)
                elif is_array(a):
                    args.append(_ARRAY - len(held))
                    held.append(a)
                else:
                    literals.append(a)
                    args.append(-len(literals))
            if node.label is not None:
                labels.append((i, node.label))
        parts = (_written(codes), _written(args), _written(literals))
        places = tuple(position[node] for node in outputs)
        return cls(tuple(code), *parts, tuple(labels), places, tuple(held))

    @classmethod
    def of_instructions(
        cls, inputs: int, given: Iterable[tuple[Op, tuple[Any, ...]]], outputs: Iterable[int]
    ) -> Self:
        """The form of instructions on numbers of values, `inputs` of which come first.

        Raises MalformedProgram for too few arguments or too many: nothing in the form separates the
        arguments of one instruction from those of the next.
        """
        code: dict[Op, int] = {variable: 0}
        instructions = tuple(given)
        for i, (op, operands) in enumerate(instructions):
            if len(operands) != op.arity:
                raise MalformedProgram(i, wrong_count(op, len(operands)))
        codes = array("I", [0]) * inputs
        codes.extend([code.setdefault(op, len(code)) for op, _ in instructions])
        flat = [a for _, operands in instructions for a in operands]
        held = [a for a in flat if type(a) is not float and is_array(a)]
        known = frozenset([int, bool, *map(type, held)])
        literals = array("d", [a for a in flat if type(a) not in known])
        number, place = count(-1, -1), count(_ARRAY, -1)
        arrays = known - {int, bool}
        args = array(
            "q",
            [
                a if type(a) is int else next(place) if type(a) in arrays else _coded(a, number)
                for a in flat
            ],
        )
        parts = (_written(codes), _written(args), _written(literals))
        return cls(tuple(code), *parts, (), tuple(outputs), tuple(held))

    def instructions(self, inputs: int) -> tuple[tuple[Op, tuple[Any, ...]], ...]:
        """The instructions that this was made of."""
        codes, args, literals = self._numbers()
        instructions = []
        at = 0
        for code in codes[inputs:]:
            op = self.ops[code]
            end = at + op.arity
            operands = [j if j >= 0 else _literal(j, literals) for j in args[at:end]]
            instructions.append((op, tuple(operands)))
            at = end
        return tuple(instructions)

    def digest(self) -> str:
        """A name of the computation that is the same in every process: blake2b in hexadecimal."""
        from hashlib import blake2b  # noqa: PLC0415  # a tenth of the time that importing fgrad takes

        content = blake2b(digest_size=20)
        for part in self.encoded():
            content.update(part)
        return content.hexdigest()

    def encoded(self) -> tuple[bytes, ...]:
        """All of this as bytes, which the digest is of; they can be read in one way only.

        The head is a literal of Python's, which marks its own end, and holds the arities that divide
        the arguments among instructions and the sizes of the parts behind it.
        """
        parts: tuple[bytes, ...] = (self.codes, self.args, self.literals)
        names = [_qualified(op) for op in self.ops]
        sizes = [len(part) for part in parts]
        head = repr((_FORM, names, sizes, self.labels, self.outputs))
        if self.arrays:
            kinds = [kind for kind, _ in _bytes_of(self.arrays)]
            head += repr(kinds)
            parts += tuple([content for _, content in _bytes_of(self.arrays)])
        return head.encode(), *parts

    def build(self, values: Iterable[Any]) -> tuple[list[Node[Any]], tuple[Node[Any], ...]]:
        """New nodes of this form that hold `values`, in order, and the outputs among them."""
        codes, args, literals = self._numbers()
        labels = dict(self.labels)
        nodes: list[Node[Any]] = []
        at = 0
        for i, (code, value) in enumerate(zip(codes, values, strict=True)):
            op = self.ops[code]
            places = args[at : at + op.arity]
            operands = tuple([self._operand(j, nodes, literals) for j in places])
            at += op.arity
            nodes.append(_sealed(op, operands, value, labels.get(i)))
        return nodes, tuple(nodes[i] for i in self.outputs)

    def _numbers(self) -> tuple[array[Any], array[Any], array[Any]]:
        return _read("I", self.codes), _read("q", self.args), _read("d", self.literals)

    def _operand(self, j: int, nodes: list[Node[Any]], literals: array[Any]) -> Any:
        if j >= 0:
            return nodes[j]
        return self.arrays[_ARRAY - j] if _TRUTH + 1 < j <= _ARRAY else _literal(j, literals)


def _sealed(op: Op, operands: tuple[Any, ...], value: Any, label: str | None) -> Node[Any]:
    """A node of the class that its value and its operands ask for."""
    depth = depth_above(operands)
    if is_array(value) or any(is_of_arrays(a) or is_array(a) for a in operands):
        door = arrays()
        fixed = tuple([door.plain(a) if is_array(a) else a for a in operands])
        node: Node[Any] = door.sealed(op, fixed, door.plain(value), depth, label)
        return node
    return _seal(op, operands, value, depth, label)


def _coded(literal: float, number: Iterator[int]) -> int:
    return _TRUTH + literal if type(literal) is bool else next(number)


def _literal(j: int, literals: array[Any]) -> float | bool:
    return j > _TRUTH if j <= _TRUTH + 1 else float(literals[-j - 1])


def _written(numbers: array[Any]) -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _read(code: str, data: bytes) -> array[Any]:
    numbers = array(code, data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def wrong_count(op: Op, count: int) -> str:
    """The problem with an instruction of `count` arguments."""
    return f"{op.name} takes {op.arity} arguments, not {count}"


def _qualified(op: Op) -> tuple[str | int, ...]:
    """What distinguishes the operation from others in every process.

    That is its name, and of a user's the class, the number of arguments and the module of its
    implementation too: machine code for a program depends on all but the implementation, which it calls.
    """
    if isinstance(op, Item):
        return "item", op.index
    if isinstance(op, MultiOp):
        made = op.callee.program.digest if op.callee else op.module
        return "call", op.name, op.arity, op.size, made
    if not op.elementwise:
        return "array", op.name, repr(getattr(op, "key", None))
    if op is variable or library.is_ours(op):
        return "fgrad", op.name
    module = getattr(op.impl, "__module__", None)
    return type(op).__name__, op.arity, str(module), op.name
