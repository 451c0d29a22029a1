"""What an elimination computes with: instructions that it records, or the structure alone.

Both run the same sweeps. `Recorder` writes each product and sum as an instruction; `Structure` knows
literals only, and counts what `Recorder` would write.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Item, MultiOp
from fgrad.ops.operand import Guarded
from fgrad.ops.primitive import Op
from fgrad.program.algebra import OF_DEFINITIONS
from fgrad.program.passes import _PLAIN, _kept, _numbered, _of_literals, used
from fgrad.program.program import Instruction, Program, placed
from fgrad.sparse.partials import Local, local

Number: TypeAlias = Any
"""A float, the number of a value, or one of these `Guarded` by the number of a condition."""
UNKNOWN: Final = 0
"""A number of which only the structure is known."""


class _Sweep:
    """A program with simplified instructions, and the partial derivatives of each."""

    def __init__(self, program: Program, order: int) -> None:
        self.program = program
        self.order = order
        self.inputs = len(program.inputs)

    def _local(self, value: int) -> tuple[Local, Sequence[Any], Sequence[int]] | None:
        """The partial derivatives of a value, its arguments, and the values that results are."""
        op, args = self.program.instructions[value - self.inputs]
        if isinstance(op, Item):
            call = int(args[0])
            called, given = self.program.instructions[call - self.inputs]
            return local(called, given, self.order, op.index), given, self._items(call)
        if op.truth or op.multiple:
            return None
        return local(op, args, self.order), args, (value,)

    def _items(self, call: int) -> Sequence[int]:
        """The values of the results of a call."""
        raise NotImplementedError

    def _twice(self, i: int, j: int, args: Sequence[Any], p: Number) -> Number:
        """The second derivative by two arguments; where these are the same value, by both orders."""
        return self.times(2.0, p) if i != j and args[i] == args[j] else p

    def times(self, x: Number, y: Number) -> Number:
        """The product."""
        raise NotImplementedError


class Structure(_Sweep):
    """Only the structure: a number is a literal float, or `UNKNOWN`."""

    def __init__(self, program: Program, order: int) -> None:
        super().__init__(program, order)
        self.count = 0
        """Products and sums so far."""

    def partials(self, value: int) -> tuple[list[tuple[int, Number]], list[tuple[int, int, Number]]]:
        """The first and second partial derivatives of a value, by the values it is computed from."""
        found = self._local(value)
        if found is None:
            return [], []
        template, args, _ = found
        first = [
            (a, self._read(p, args))
            for a, p in zip(args, template.first, strict=True)
            if type(a) is int and p is not None
        ]
        second = [
            (args[i], args[j], self._twice(i, j, args, self._read(p, args)))
            for i, j, p in template.second
            if type(args[i]) is int and type(args[j]) is int
        ]
        return first, second

    def _items(self, call: int) -> Sequence[int]:
        return ()  # no literal is among them

    def _read(self, entry: Any, args: Sequence[Any]) -> Number:
        if type(entry) is int and entry < len(args) and type(args[entry]) is float:
            return args[entry]
        return entry if type(entry) is float else UNKNOWN

    def times(self, x: Number, y: Number) -> Number:
        """The product."""
        if type(x) is float:
            if type(y) is float:
                return x * y
            if abs(x) == 1.0:
                return UNKNOWN
        elif type(y) is float and abs(y) == 1.0:
            return UNKNOWN
        self.count += 1
        return UNKNOWN

    def plus(self, x: Number, y: Number) -> Number:
        """The sum."""
        if type(x) is float and type(y) is float:
            return x + y
        self.count += 1
        return UNKNOWN


class Recorder(_Sweep):
    """A program that grows by what is computed, simplified as by `fgrad.program.passes`."""

    def __init__(self, program: Program, order: int) -> None:
        super().__init__(program, order)
        self.defined: list[Instruction | None] = [None] * self.inputs
        self.defined += program.instructions
        self.known: dict[Any, int] = {}
        for value, (op, args) in enumerate(program.instructions, self.inputs):
            if _PLAIN.issuperset(map(type, args)):
                self.known.setdefault((op, args), value)
        self._results: dict[int, Sequence[int]] = {}
        self._rule_for = dict(OF_DEFINITIONS).get

    def emit(self, op: Op, args: tuple[Any, ...]) -> Any:
        """The value of an instruction: a literal, a value that is there, or a new one."""
        while True:
            plain = _PLAIN.issuperset(map(type, args))
            form: Any = None if plain else _of_literals(op, args)
            if form is None and (rule := self._rule_for(op)) is not None:
                form = rule(args, self.defined)
            if type(form) is not tuple:
                break
            op, args = form
        if form is not None:
            return form
        return _numbered(op, args, plain, self.defined, self.known)

    def partials(self, value: int) -> tuple[list[tuple[int, Number]], list[tuple[int, int, Number]]]:
        """The first and second partial derivatives of a value, by the values it is computed from."""
        found = self._local(value)
        if found is None:
            return [], []
        template, args, outs = found
        place = [*args, *outs]
        for op, given in template.instructions:
            place.append(self.emit(op, placed(given, place)))

        def read(entry: Any) -> Number:
            if type(entry) is int:
                return place[entry]
            if type(entry) is Guarded:
                value = read(entry.value)
                return Guarded(read(entry.condition), value, entry.zero)
            return entry

        first = [
            (a, read(p))
            for a, p in zip(args, template.first, strict=True)
            if type(a) is int and p is not None
        ]
        second = [
            (args[i], args[j], self._twice(i, j, args, read(p)))
            for i, j, p in template.second
            if type(args[i]) is int and type(args[j]) is int
        ]
        return first, second

    def _items(self, call: int) -> Sequence[int]:
        op = self.defined[call][0]  # type: ignore[index]  # no input has several results
        assert isinstance(op, MultiOp)
        if call not in self._results:
            self._results[call] = [self.emit(reader, (call,)) for reader in op.readers()]
        return self._results[call]

    def times(self, x: Number, y: Number) -> Number:
        """The product; conditions stay outside."""
        if type(x) is Guarded:
            return self._guarded(x.condition, self.times(x.value, y))
        if type(y) is Guarded:
            return self._guarded(y.condition, self.times(x, y.value))
        return self.emit(ops.mul, (x, y))

    def plus(self, x: Number, y: Number) -> Number:
        """The sum; it is guarded when both terms are, by either condition."""
        if type(x) is Guarded and type(y) is Guarded:
            if x.condition == y.condition:
                return Guarded(x.condition, self.emit(ops.add, (x.value, y.value)))
            either: Any = self.emit(ops.logical_or, (x.condition, y.condition))
            total = self.emit(ops.add, (self._settled(x), self._settled(y)))
            return Guarded(either, total, zero=True)
        return self.emit(ops.add, (self._settled(x), self._settled(y)))

    def _guarded(self, condition: Any, x: Number) -> Number:
        if type(x) is Guarded:
            condition, x = self.emit(ops.logical_and, (condition, x.condition)), x.value
        return Guarded(condition, x)

    def _settled(self, x: Number) -> Any:
        """The number without its guard: 0 where its condition does not hold."""
        if type(x) is not Guarded:
            return x
        return x.value if x.zero else self.emit(ops.where, (x.condition, x.value, 0.0))

    def finished(self, outputs: Sequence[Number], inputs: Sequence[str]) -> Program:
        """The program that computes these numbers; its first inputs are those there were."""
        ends = [self._settled(x) for x in outputs]
        made: list[Any] = self.defined[self.inputs :]
        places = [_kept(x, made, self.inputs) for x in ends]
        return used(Program(tuple(inputs), tuple(made), tuple(places)))
