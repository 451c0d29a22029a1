"""What an elimination computes with: instructions that it records, or the structure alone.

Both run the same sweeps. `Recorder` writes each product and sum as an instruction; `Structure` knows
literals only, and counts what `Recorder` would write.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Item
from fgrad.ops.operand import Guarded
from fgrad.ops.primitive import Op
from fgrad.program.algebra import OF_DEFINITIONS
from fgrad.program.passes import _PLAIN, _numbered, _of_literals, used
from fgrad.program.program import Instruction, Program, kept, placed
from fgrad.sparse.partials import Local, local

Number: TypeAlias = Any
"""A float, the number of a value, or one of these `Guarded` by the number of a condition."""
First: TypeAlias = Sequence[tuple[int, Number]]
Second: TypeAlias = Sequence[tuple[int, int, Number]]
UNKNOWN: Final = 0
"""A number of which only the structure is known, as good as any other int."""


class _Sweep:
    """A program with simplified instructions, and the partial derivatives of each."""

    def __init__(self, program: Program, order: int) -> None:
        self.program: Program = program
        self.order: int = order
        self.inputs: int = len(program.inputs)

    def partials(self, value: int) -> tuple[First, Second]:
        """The first and second partial derivatives of a value, by the values it is computed from.

        Sums and products, which most instructions are, are written out.
        """
        op, args = self.program.instructions[value - self.inputs]
        if op is ops.add or op is ops.sub:
            x, y = args
            q = 1.0 if op is ops.add else -1.0
            if type(x) is not int:
                return ((y, q),), ()  # type: ignore[return-value]  # one of them is a value
            return ((x, 1.0), (y, q)) if type(y) is int else ((x, 1.0),), ()
        if op is ops.mul:
            x, y = args
            if type(x) is not int or type(y) is not int:
                return ((x, y) if type(x) is int else (y, x),), ()  # type: ignore[return-value]
            return ((x, y), (y, x)), ((x, y, 2.0 if x == y else 1.0),)
        return self._by_rules(value, op, args)

    def _by_rules(self, value: int, op: Op, args: Sequence[Any]) -> tuple[First, Second]:
        outs: Sequence[int] = (value,)
        index = 0
        if isinstance(op, Item):
            call, index = int(args[0]), op.index
            op, args = self.program.instructions[call - self.inputs]
            outs = self._items(call)
        elif op.multiple:
            return (), ()
        if op.truth:
            return (), ()
        known = local(op, args, self.order, index)
        read = self._reader(known, args, outs)
        first = [
            (a, read(p))
            for a, p in zip(args, known.first, strict=True)
            if type(a) is int and p is not None
        ]
        second = []
        for i, j, p in known.second:
            if type(args[i]) is int and type(args[j]) is int:
                both = i != j and args[i] == args[j]  # the same value, in both orders
                second.append((args[i], args[j], self.times(2.0, read(p)) if both else read(p)))
        return first, second

    def _reader(
        self, known: Local, args: Sequence[Any], outs: Sequence[int]
    ) -> Callable[[Any], Number]:
        """What reads an entry of the partial derivatives at these arguments and results."""
        raise NotImplementedError

    def _items(self, call: int) -> Sequence[int]:
        """The values of the results of a call."""
        raise NotImplementedError

    def times(self, x: Number, y: Number) -> Number:
        """The product."""
        raise NotImplementedError


class Structure(_Sweep):
    """Only the structure: a number is a literal float, or any int where it is not known."""

    def __init__(self, program: Program, order: int) -> None:
        super().__init__(program, order)
        self.count: int = 0
        """Products and sums so far."""

    def _items(self, call: int) -> Sequence[int]:
        return ()  # no literal is among them

    def _reader(
        self, known: Local, args: Sequence[Any], outs: Sequence[int]
    ) -> Callable[[Any], Number]:
        def read(entry: Any) -> Number:
            if type(entry) is int and entry < len(args) and type(args[entry]) is float:
                return args[entry]
            return entry if type(entry) is float else UNKNOWN

        return read

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
        for value, given in enumerate(program.instructions, self.inputs):
            if _PLAIN.issuperset(map(type, given[1])):
                self.known.setdefault(given, value)
        self._scaled: dict[tuple[float, int], int] = {}
        """The products with a literal, which as keys would equal those with a value of its number."""
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

    def _reader(
        self, known: Local, args: Sequence[Any], outs: Sequence[int]
    ) -> Callable[[Any], Number]:
        place = [*args, *outs]
        for op, given in known.instructions:
            place.append(self.emit(op, placed(given, place)))

        def read(entry: Any) -> Number:
            if type(entry) is int:
                return place[entry]
            if type(entry) is Guarded:
                value = read(entry.value)
                return Guarded(read(entry.condition), value, entry.zero)
            return entry

        return read

    def _items(self, call: int) -> Sequence[int]:
        op: Any = self.defined[call][0]  # type: ignore[index]  # no input has several results
        if call not in self._results:
            self._results[call] = [self.emit(reader, (call,)) for reader in op.readers()]
        return self._results[call]

    def times(self, x: Number, y: Number) -> Number:
        """The product; conditions stay outside."""
        if type(x) is Guarded:
            return self._guarded(x.condition, self.times(x.value, y))
        if type(y) is Guarded:
            return self._guarded(y.condition, self.times(x, y.value))
        if type(x) is int:
            if type(y) is int:
                return self._kept((ops.mul, (x, y) if x <= y else (y, x)))
            x, y = y, x
        elif type(y) is float:
            return x * y
        if x == 1.0:
            return y
        if x == -1.0:
            return self.emit(ops.neg, (y,))
        if x == 0.0:  # a key that equals that of the other zero
            return self.emit(ops.mul, (x, y))
        number = self._scaled.setdefault((x, y), len(self.defined))
        if number == len(self.defined):
            self.defined.append((ops.mul, (x, y)))
        return number

    def plus(self, x: Number, y: Number) -> Number:
        """The sum; it is guarded when both terms are, by either condition."""
        if type(x) is Guarded and type(y) is Guarded:
            if x.condition == y.condition:
                return Guarded(x.condition, self.emit(ops.add, (x.value, y.value)))
            either: Any = self.emit(ops.logical_or, (x.condition, y.condition))
            total = self.emit(ops.add, (self._settled(x), self._settled(y)))
            return Guarded(either, total, zero=True)
        if type(x) is Guarded or type(y) is Guarded:
            x, y = self._settled(x), self._settled(y)
        if type(x) is int and type(y) is int:
            one, other = self.defined[x], self.defined[y]
            if (one is None or one[0] is not ops.neg) and (
                other is None or other[0] is not ops.neg
            ):
                return self._kept((ops.add, (x, y) if x <= y else (y, x)))
        return self.emit(ops.add, (x, y))

    def _kept(self, instruction: Instruction) -> int:
        """The value of an instruction on values, which no rule makes another."""
        number = self.known.setdefault(instruction, len(self.defined))
        if number == len(self.defined):
            self.defined.append(instruction)
        return number

    def _guarded(self, condition: Any, x: Number) -> Number:
        if type(x) is Guarded:
            condition, x = self.emit(ops.logical_and, (condition, x.condition)), x.value
        return Guarded(condition, x)

    def _settled(self, x: Number) -> Any:
        """The number without its guard: 0 where its condition does not hold."""
        if type(x) is not Guarded:
            return x
        return x.value if x.zero else self.emit(ops.where, (x.condition, x.value, 0.0))

    def settled(self, numbers: Sequence[Number]) -> list[Any]:
        """The numbers without guards: literals, or numbers of values."""
        return [self._settled(x) for x in numbers]

    def finished(self, outputs: Sequence[Number], inputs: Sequence[str]) -> Program:
        """The program that computes these numbers; its first inputs are those there were."""
        ends = self.settled(outputs)
        made: list[Any] = self.defined[self.inputs :]
        places = [kept(x, made, self.inputs) for x in ends]
        return used(Program(tuple(inputs), tuple(made), tuple(places)))
