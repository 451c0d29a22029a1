"""A graph laid flat: bytes in a canonical order, which equality, digest and pickle read.

Nodes are numbered in graph order. Variables are told apart by position and label, never by value,
so two graphs have the same flat form exactly when they are the same computation.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from fgrad import operations
from fgrad.node import Node, _seal, variable
from fgrad.op import Op

_TRUTH = -(2**62)  # a literal False; one more is True; other negative numbers count literal floats


@attrs.frozen
class Flat:
    """The structure of a graph: everything about it but its values."""

    ops: tuple[Op, ...]
    codes: bytes
    args: bytes
    literals: bytes
    labels: tuple[tuple[int, str], ...]
    outputs: tuple[int, ...]

    def digest(self) -> str:
        """A name of the structure that is the same in every process: blake2b in hexadecimal."""
        from hashlib import blake2b  # noqa: PLC0415  # a tenth of the time that importing fgrad takes

        names = [_qualified(op) for op in self.ops]
        head = repr((names, len(self.codes), len(self.args), self.labels, self.outputs))
        content = blake2b(head.encode(), digest_size=20)
        for part in (self.codes, self.args, self.literals):
            content.update(part)
        return content.hexdigest()

    def build(self, values: Iterable[Any]) -> tuple[list[Node[Any]], tuple[Node[Any], ...]]:
        """New nodes of this structure that hold `values`, in order, and the outputs among them."""
        codes, args, literals = (
            _read(code, part)
            for code, part in (("H", self.codes), ("q", self.args), ("d", self.literals))
        )
        labels = dict(self.labels)
        nodes: list[Node[Any]] = []
        at = 0
        for i, (code, value) in enumerate(zip(codes, values, strict=True)):
            op = self.ops[code]
            operands = tuple(_operand(j, nodes, literals) for j in args[at : at + op.arity])
            at += op.arity
            depth = 1 + max((a.depth for a in operands if isinstance(a, Node)), default=-1)
            nodes.append(_seal(op, operands, value, depth, labels.get(i)))
        return nodes, tuple(nodes[i] for i in self.outputs)


def flatten(nodes: Sequence[Node[Any]], outputs: Iterable[Node[Any]]) -> Flat:
    """The flat form of `nodes`, whose arguments stand before their users."""
    position: dict[Node[Any], int] = {}
    code: dict[Op, int] = {}
    codes = array("H")
    args = array("q")
    literals = array("d")
    labels = []
    for i, node in enumerate(nodes):
        position[node] = i
        codes.append(code.setdefault(node.op, len(code)))
        for a in node.args:
            if isinstance(a, Node):
                args.append(position[a])
            elif isinstance(a, bool):
                args.append(_TRUTH + a)
            else:
                literals.append(a)
                args.append(-len(literals))
        if node.label is not None:
            labels.append((i, node.label))
    return Flat(
        tuple(code),
        _written(codes),
        _written(args),
        _written(literals),
        tuple(labels),
        tuple(position[node] for node in outputs),
    )


def _operand(j: int, nodes: list[Node[Any]], literals: array[Any]) -> Node[Any] | float | bool:
    if j >= 0:
        return nodes[j]
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


def _qualified(op: Op) -> str:
    """The operation's name, with the module of its meaning if it is a user's."""
    if op is variable or getattr(operations, op.name, None) is op:
        return op.name
    return f"{op.meaning.__module__}:{op.name}"
