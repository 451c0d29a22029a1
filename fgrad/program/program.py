"""Programs: a graph as straight-line instructions in static single assignment form.

A program takes its inputs by position. Values are numbered, the inputs first and then the results of
the instructions; an argument is the number of an earlier value, a literal float, or a literal truth
value. `run` defines what a program computes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Self, TypeAlias

import attrs

from fgrad.errors import MalformedProgram, NotAValue, summary
from fgrad.graph.canonical import Canonical, wrong_count
from fgrad.graph.graph import Graph
from fgrad.graph.node import Node, constant, variable
from fgrad.ops import scalar as ops
from fgrad.ops.multiple import Item, MultiOp
from fgrad.ops.operand import arrays, is_array, literal
from fgrad.ops.primitive import Op

Instruction: TypeAlias = tuple[Op, tuple[int | float | bool, ...]]


def placed(args: Sequence[Any], place: Sequence[Any] | Mapping[int, Any]) -> tuple[Any, ...]:
    """The arguments, with each number of a value replaced by what `place` holds for it."""
    if len(args) == 2:  # as of most instructions: half of the time of what follows
        x, y = args
        return place[x] if type(x) is int else x, place[y] if type(y) is int else y
    return tuple([place[a] if type(a) is int else a for a in args])


@attrs.frozen(eq=False, repr=False)
class Program:
    """Inputs by name, instructions `(operation, arguments)`, and the numbers of the output values.

    Equality, `hash` and `digest` are of the computation: names do not count, constants count by
    their bits. `fgrad.program.text` prints and parses it.

    >>> import fgrad as fg
    >>> program = fg.trace(lambda x, y: x * y + 1.0)(2.0, 3.0)
    >>> program.run((2.0, 3.0)), len(program), program.inputs
    ((7.0,), 2, ('x', 'y'))
    """

    inputs: tuple[str, ...]
    instructions: tuple[Instruction, ...]
    outputs: tuple[int, ...]

    @classmethod
    def of(
        cls,
        outputs: Sequence[Node[float] | float],
        inputs: Sequence[Node[float]],
        names: Sequence[str],
        ground: int | None = None,
    ) -> Self:
        """The program that computes `outputs` from `inputs`, which are named by `names`.

        Aliases and labels are left out: they compute nothing. A variable at the depth `ground` or
        deeper was made by the function, and is the number that it holds. Raises NotAValue for an
        output that depends on any other variable.
        """
        place: dict[Any, int | float] = {node: i for i, node in enumerate(inputs)}
        instructions: list[Instruction] = []
        following = len(place)
        for node in Graph.of(*[y for y in outputs if isinstance(y, Node)]).nodes:
            if node in place:
                continue
            op = node.op
            a, b = node._x, node._y
            if b is None:
                args = tuple([place[a] if isinstance(a, Node) else a for a in node.args])
            else:
                args = (
                    place[a] if isinstance(a, Node) else a,
                    place[b] if isinstance(b, Node) else b,
                )
            alone = op is variable or (op is ops.identity and not isinstance(a, Node))
            if alone and (op is variable if ground is None else node.depth < ground):
                advice = "Give it to the function as an argument."
                raise NotAValue("a program", "outputs of its inputs alone", repr(node), advice)
            if op is ops.identity or op is variable:
                place[node] = args[0] if args else node.value
            else:
                place[node] = following
                instructions.append((op, args))
                following += 1
        ends = [place[y] if isinstance(y, Node) else _literal(y) for y in outputs]
        numbers = [kept(end, instructions, len(inputs)) for end in ends]
        return cls(tuple(names), tuple(instructions), tuple(numbers))

    def __len__(self) -> int:
        """The number of instructions."""
        return len(self.instructions)

    @property
    def truths(self) -> list[bool]:
        """For each value whether it is a truth value."""
        return [False] * len(self.inputs) + [op.truth for op, _ in self.instructions]

    @property
    def uses(self) -> list[int]:
        """How often instructions use each value."""
        uses = [0] * (len(self.inputs) + len(self.instructions))
        for _, args in self.instructions:
            for a in args:
                if type(a) is int:
                    uses[a] += 1
        return uses

    def run(self, inputs: Sequence[float]) -> tuple[float, ...]:
        """The outputs, by the implementation of each operation: the reference for every backend.

        An output that is a truth value is a bool, which Python counts among its numbers.
        """
        if len(inputs) != len(self.inputs):
            needed = f"{len(self.inputs)} inputs"
            advice = f"They are {', '.join(self.inputs)[:80]}."
            raise NotAValue("a program", needed, f"{len(inputs)}", advice)
        values: list[Any] = list(map(_number, inputs, self.inputs))
        for op, args in self.instructions:
            values.append(op.impl(*placed(args, values)))
        return tuple([values[i] for i in self.outputs])

    def nodes(self, inputs: Sequence[Node[float]]) -> tuple[Node[float], ...]:
        """The outputs as nodes that are computed from `inputs`."""
        values: list[Any] = list(inputs)
        for op, args in self.instructions:
            values.append(op.applied(placed(args, values)))
        ends = [values[i] for i in self.outputs]
        return tuple([end if isinstance(end, Node) else _constant(end) for end in ends])

    @cached_property
    def _canonical(self) -> Canonical:
        return Canonical.of_instructions(len(self.inputs), self.instructions, self.outputs)

    @cached_property
    def digest(self) -> str:
        """A name of the computation, the same in every process and under every hash seed."""
        return self._canonical.digest()

    def __eq__(self, other: object) -> bool:
        """Whether it is the same computation."""
        if not isinstance(other, Program):
            return NotImplemented
        return self is other or (len(self) == len(other) and self._canonical == other._canonical)

    @cached_property
    def _hash(self) -> int:
        return hash(self._canonical)

    def __hash__(self) -> int:
        """The hash of the canonical form, since not every program has a digest."""
        return self._hash

    @property
    def portable(self) -> bool:
        """Whether it can be pickled: none of its operations is made of functions that have no name."""
        several = [op for op in {op for op, _ in self.instructions} if isinstance(op, MultiOp)]
        return all(op.callee.program.portable if op.callee else not op.nameless for op in several)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the canonical form."""
        return _restore, (self.inputs, self._canonical)

    def __repr__(self) -> str:
        """A listing, of a screen at most."""
        from fgrad.program.text import excerpt  # noqa: PLC0415  # only who looks waits for it

        return excerpt(self)

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        from fgrad.display import preformatted  # noqa: PLC0415  # likewise

        return preformatted(repr(self))

    def _repr_latex_(self) -> str | None:
        """The formulas; None for a program too long to be read as such."""
        from fgrad.program.latex.writer import readable  # noqa: PLC0415  # likewise

        return readable(self)

    def check(self) -> Self:
        """The program, if every value is defined before its use and has the type that is needed.

        Raises MalformedProgram, with the number of the instruction, otherwise.
        """
        kinds: list[type] = [float] * len(self.inputs)
        for i, (op, args) in enumerate(self.instructions):
            if len(args) != op.arity:
                raise MalformedProgram(i, wrong_count(op, len(args)))
            for needed, a in zip(op.kinds, args, strict=True):
                _check_argument(i, op, needed, a, kinds)
            if isinstance(op, Item):
                call = self.instructions[int(args[0]) - len(self.inputs)][0]
                if isinstance(call, MultiOp) and op not in call.readers():
                    kind = "truth value" if op.truth else "number"
                    raise MalformedProgram(i, f"{call.name} has no {kind} as result {op.index}")
            kinds.append(_result(op))
        for number in self.outputs:
            if type(number) is not int or not 0 <= number < len(kinds):
                raise MalformedProgram(len(self.instructions), f"output {number!r:.40} is no value")
            if kinds[number] is tuple:
                raise MalformedProgram(len(self.instructions), f"output {number} is no number")
        return self


def kept(value: Any, made: list[Instruction], inputs: int) -> int:
    """The number of an output; a literal gets an instruction of its own."""
    if type(value) is int:
        return value
    op = ops.logical_and if type(value) is bool else ops.identity
    made.append((op, (value, True) if type(value) is bool else (value,)))
    return inputs + len(made) - 1


def _number(x: Any, name: str) -> float:
    """An input as a float; NotAValue, with its name, for what is no number."""
    try:
        return float(x)
    except TypeError:
        return literal(x, name)


def _constant(end: Any) -> Node[float]:
    if not is_array(end):
        return constant(end)
    held: Node[float] = arrays().constant_of(arrays().array(end, "a program", borrow=False))
    return held


def _literal(value: float) -> float:
    """A number that depends on nothing, or a truth value, as instructions hold it."""
    return value if isinstance(value, bool) else literal(value, "a program")


def _check_argument(i: int, op: Op, needed: type, a: object, kinds: Sequence[type]) -> None:
    if type(a) is int:
        if not 0 <= a < len(kinds):
            raise MalformedProgram(i, f"{op.name} uses value {a}, which is not defined yet")
        got = kinds[a]
    else:
        got = type(a)
    if got is not needed:
        raise MalformedProgram(i, f"{op.name} needs a {needed.__name__}, not {a!r:.40}")


def _result(op: Op) -> type:
    if op.multiple:
        return tuple
    return bool if op.truth else float


def given_program(value: object, where: str, needed: str = "a program") -> Program:
    """`value`, if it is a program; NotAValue, with how to come to one, otherwise."""
    if isinstance(value, Program):
        return value
    advice = "Trace a function to get its program: fg.trace(f)(*args)."
    if hasattr(value, "specialisations"):
        advice = "A compiled function has it as .program, once it has been called."
    elif isinstance(value, (Node, Graph)):
        advice = "Write what computes the node as a function f, and pass fg.trace(f)(*args)."
        if "graph" in needed:
            advice = "Graph.of(node) is the graph of a node."
    raise NotAValue(where, needed, summary(value), advice)


def _restore(inputs: tuple[str, ...], form: Canonical) -> Program:
    return Program(inputs, form.instructions(len(inputs)), form.outputs)
