"""Passes: pure functions from programs to shorter programs that give the same bits."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fgrad.graph.collector import relaxed_gc
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Item, MultiOp
from fgrad.ops.operand import literal
from fgrad.ops.primitive import Op
from fgrad.program.algebra import OF_DEFINITIONS, OF_LITERALS, Arg, Args, Form
from fgrad.program.program import Instruction, Program, kept, placed

COMMUTES: Final = frozenset({ops.add, ops.mul, ops.logical_and, ops.logical_or})


@relaxed_gc()
def simplified(program: Program, more: Sequence[str] = ()) -> Program:
    """The program with constants folded, common instructions merged, exact rules applied, unused removed.

    It has `more` inputs behind those that it has.

    >>> import fgrad as fg
    >>> program = fg.trace(lambda x: 1.0 * x + (x * x - -(x * x)) * (2.0 - 1.0))(0.0)
    >>> len(program), len(simplified(program))
    (7, 3)
    """
    names = (*program.inputs, *more)
    defined: list[Instruction | None] = [None] * len(names)
    place: list[Arg] = list(range(len(program.inputs)))
    known: dict[Any, int] = {}
    rule_for = dict(OF_DEFINITIONS).get
    for given in program.instructions:
        op, args = given
        # As `placed` does; written out, the pass takes four fifths of the time.
        if len(args) == 2:
            x, y = args
            x = place[x] if type(x) is int else x
            y = place[y] if type(y) is int else y
            args, plain = (x, y), type(x) is int is type(y)
            if plain and op not in OF_DEFINITIONS:  # as `_numbered` does; most are such products
                made_of = op, (y, x) if y < x and op in COMMUTES else args
                place.append(number := known.setdefault(made_of, len(defined)))
                if number == len(defined):
                    defined.append(made_of)
                continue
        else:
            args = placed(args, place)
            plain = _PLAIN.issuperset(map(type, args))
        form: Any
        while True:
            form = None if plain else _of_literals(op, args)
            if form is None and (rule := rule_for(op)) is not None:
                form = rule(args, defined)
            if type(form) is not tuple:
                break
            op, args = form
            plain = _PLAIN.issuperset(map(type, args))
        place.append(_numbered(op, args, plain, defined, known) if form is None else form)
    made: list[Instruction] = [given for given in defined if given is not None]
    outputs = [kept(place[i], made, len(names)) for i in program.outputs]
    return used(Program(names, tuple(made), tuple(outputs)))


_PLAIN: Final = frozenset({int})
"""The type of arguments that are no literals."""


def _of_literals(op: Op, args: tuple[Any, ...]) -> Form:
    """One step: the value of an instruction on literals, or the result of an exact rule."""
    if int not in map(type, args) and not op.multiple:
        value = op.impl(*args)
        if type(value) is float:
            return value
        # A user's may return an int, which would be the number of a value, or a float of another class.
        return bool(value) if op.truth else literal(value, op.name)
    rule = OF_LITERALS.get(op)
    return rule(args) if rule else None


def _numbered(
    op: Op, args: Args, plain: bool, defined: list[Instruction | None], known: dict[Any, int]
) -> int:
    """The number of the value of an instruction, which is a new one unless it is `known`."""
    if plain and op in COMMUTES and args[1] < args[0]:
        args = args[::-1]
    following = len(defined)
    number = known.setdefault((op, args) if plain else _key(op, args), following)
    if number == following:
        defined.append((op, args))
    return number


def _key(op: Op, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The key by which instructions with literals are equal: constants count by their bits."""
    return op, tuple([a if type(a) is int else (type(a), struct.pack("d", a)) for a in args])


def inlined(program: Program) -> Program:
    """The program with the instructions of the programs that it calls instead of the calls.

    For formats that have no calls: C, formulas, JSON.
    """
    done: dict[int, Program] = {}  # by identity: a hash is that of all that is called
    stack = [program]
    while stack:
        whole = stack[-1]
        callees = {} if id(whole) in done else {id(p): p for p in _callees(whole)}
        missing = [callee for number, callee in callees.items() if number not in done]
        stack += missing
        if not missing:
            stack.pop()
            done.setdefault(id(whole), _with_callees(whole, done) if callees else whole)
    return done[id(program)]


def _callees(program: Program) -> list[Program]:
    """The programs that it calls, one for each call."""
    return [
        op.callee.program
        for op, _ in program.instructions
        if op.multiple and isinstance(op, MultiOp) and op.callee
    ]


def _with_callees(program: Program, done: Mapping[int, Program]) -> Program:
    """The program with the instructions of each callee, inlined already, instead of its calls."""
    place: list[Any] = list(range(len(program.inputs)))
    made: list[Instruction] = []
    for op, args in program.instructions:
        given = placed(args, place)
        if isinstance(op, MultiOp) and op.callee:
            called = done[id(op.callee.program)]
            place.append(_inserted(called, given, made, len(program.inputs)))
        elif isinstance(op, Item) and isinstance(given[0], list):
            place.append(given[0][op.index])
        else:
            place.append(len(program.inputs) + len(made))
            made.append((op, given))
    outputs = [kept(place[i], made, len(program.inputs)) for i in program.outputs]
    return Program(program.inputs, tuple(made), tuple(outputs))


def _inserted(called: Program, args: Args, made: list[Instruction], inputs: int) -> list[Arg]:
    """The outputs of `called`, once its instructions have been appended to `made`."""
    place: list[Arg] = list(args)
    for op, given in called.instructions:
        place.append(inputs + len(made))
        made.append((op, placed(given, place)))
    return [place[i] for i in called.outputs]


def used(program: Program) -> Program:
    """The program without instructions that no output needs."""
    instructions, inputs = program.instructions, len(program.inputs)
    at = inputs + len(instructions)
    needed = bytearray(at)
    for i in program.outputs:
        needed[i] = 1
    for _, args in reversed(instructions):
        at -= 1
        if needed[at]:
            for a in args:
                if type(a) is int:
                    needed[a] = 1
    first = needed.find(0, inputs)
    if first < 0:
        return program
    place = list(range(first))
    kept = list(instructions[: first - inputs])
    for need, (op, args) in zip(needed[first:], instructions[first - inputs :], strict=True):
        place.append(inputs + len(kept))
        if need:
            kept.append((op, placed(args, place)))
    return Program(program.inputs, tuple(kept), tuple([place[i] for i in program.outputs]))
