"""Local partial derivatives: those of one operation, of first and second order, as instructions.

They are traced once for each operation by the rules that every sweep uses, and then placed wherever
the operation stands in a program. A partial derivative that is not there is structurally zero.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import attrs

from fgrad.autodiff.cotangent import times
from fgrad.autodiff.multiple import _slopes
from fgrad.autodiff.reverse import _fold_nodes
from fgrad.graph.node import Node
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import MultiOp, either, guarded
from fgrad.ops.operand import Guarded
from fgrad.ops.primitive import Op
from fgrad.program.passes import inlined, simplified
from fgrad.program.program import Instruction, Program
from fgrad.program.tracer import traced

Entry: TypeAlias = Any
"""A number: a float, or the number of a value; or one `Guarded` by the number of a condition."""

_ALIKE: Final = frozenset({ops.add, ops.sub, ops.mul, ops.div, ops.neg})
"""Operations whose rules do not look at literals, so one trace serves for all."""


@attrs.frozen
class Local:
    """The partial derivatives of an operation; values are numbered arguments, results, instructions."""

    instructions: tuple[Instruction, ...]
    first: tuple[Entry | None, ...]
    """For each argument; None where it has no derivative."""
    second: tuple[tuple[int, int, Entry], ...]
    """For each pair of arguments that has one, the smaller place first."""


_WHERE: Final = Local(((ops.logical_not, (0,)),), (None, Guarded(0, 1.0), Guarded(4, 1.0)), ())  # type: ignore[arg-type]  # a condition by its number

# The slope of a power knows its exponent, but is written for all of them.
_POWERS: Final = MappingProxyType(
    {0.0: Local((), (None, None), ()), 1.0: Local((), (1.0, None), ())}
)


def local(op: Op, args: Sequence[Any], order: int, index: int = 0) -> Local:
    """The partial derivatives of `op` up to `order`, where its literal arguments are those of `args`.

    Of an operation with multiple results they are those of result `index`.

    >>> import fgrad as fg
    >>> found = local(fg.mul, (0, 1), 2)
    >>> found.first, found.second
    ((1, 0), ((0, 1, 1.0),))
    """
    if op in _ALIKE:
        return _of_values(op, (None,) * op.arity, order)
    if op is ops.where:
        return _WHERE
    if op is ops.pow and type(args[1]) is float and args[1] in _POWERS:
        return _POWERS[args[1]]
    known = tuple([None if type(a) is int else _bits(a) for a in args])
    if isinstance(op, MultiOp):
        return _traced(op, known, order, index)  # which may be a user's, and is not kept
    return _of_values(op, known, order)


def _bits(literal: float) -> bytes:
    return struct.pack("d", literal)


@lru_cache(maxsize=4096)
def _of_values(op: Op, known: tuple[Any, ...], order: int) -> Local:
    return _traced(op, known, order, 0)


def _traced(op: Op, known: tuple[Any, ...], order: int, index: int) -> Local:
    xs: list[Any] = [traced() if bits is None else struct.unpack("d", bits)[0] for bits in known]
    size = op.size if isinstance(op, MultiOp) else 1
    outs = [traced() for _ in range(size)]
    if order == 1:
        return _as_local(xs, outs, _first(op, index, outs, xs), ())
    firsts = [_first(op, k, outs, xs) for k in range(size)]
    first = firsts[index]
    second = []
    for i, p in enumerate(first):
        for j in range(i, len(xs)):
            entry = _second(p, j, xs, outs, firsts)
            if entry is None and j > i:
                entry = _second(first[j], i, xs, outs, firsts)
            if entry is not None:
                second.append((i, j, entry))
    return _as_local(xs, outs, first, second)


def _first(op: Op, index: int, outs: Sequence[Any], xs: Sequence[Any]) -> list[Any]:
    """The partial derivatives of one result, of values alone."""
    if isinstance(op, MultiOp):
        found = [None] * len(xs) if index in op.truths else _slopes(op, index, outs, xs)
    else:
        found = [rule and rule(outs[0], *xs) for rule in op.rules]
    return [p if isinstance(x, Node) else None for p, x in zip(found, xs, strict=True)]


def _second(
    p: Any, j: int, xs: Sequence[Any], outs: Sequence[Any], firsts: Sequence[Sequence[Any]]
) -> Any:
    """The derivative of a first one by argument `j`, also by way of the results; None if there is none."""
    value = p.value if isinstance(p, Guarded) else p
    if not isinstance(value, Node) or not isinstance(xs[j], Node):
        return None
    found = _fold_nodes([(value, 1.0)], None)
    terms = [found[xs[j]]] if xs[j] in found else []
    terms += [
        times(found[out], slopes[j])
        for out, slopes in zip(outs, firsts, strict=True)
        if out in found and slopes[j] is not None
    ]
    if not terms:
        return None
    total = terms[0]
    for term in terms[1:]:
        total = either(total, term)
    return guarded(p.condition, total) if isinstance(p, Guarded) else total


def _as_local(
    xs: Sequence[Any], outs: Sequence[Node[float]], first: Sequence[Any], second: Sequence[Any]
) -> Local:
    """The entries as instructions."""
    entries = [*first, *[entry for _, _, entry in second]]
    ends: list[Node[float]] = []
    for entry in entries:
        parts = (entry.condition, entry.value) if isinstance(entry, Guarded) else (entry,)
        ends += [part for part in parts if isinstance(part, Node)]
    given = [x if isinstance(x, Node) else traced() for x in xs]
    names = [f"x{i}" for i in range(len(xs) + len(outs))]
    program = simplified(inlined(Program.of(ends, [*given, *outs], names)))
    place = dict(zip(ends, program.outputs, strict=True))

    def numbered(entry: Any) -> Entry:
        if isinstance(entry, Guarded):
            return Guarded(numbered(entry.condition), numbered(entry.value), entry.zero)
        return place[entry] if isinstance(entry, Node) else entry

    return Local(
        program.instructions,
        tuple(map(numbered, first)),
        tuple([(i, j, numbered(entry)) for i, j, entry in second]),
    )
