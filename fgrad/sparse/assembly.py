"""Derivatives of a program cut into blocks: templates over many blocks, and a tape of glue.

Each template is differentiated once. What its blocks compute, values and partial derivatives, are
inputs of the sweep over what is left; so elimination and edge pushing see a block as one operation
with results that it knows the derivatives of.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Final

import attrs

from fgrad.ops.operand import Guarded
from fgrad.ops.primitive import Op
from fgrad.program.program import Instruction, Program, placed
from fgrad.sparse.accumulation import First, Number, Recorder, Second
from fgrad.sparse.blocks import Template, blocks_of, templates_of
from fgrad.sparse.elimination import active_values, jacobian_rows
from fgrad.sparse.pushing import hessian_entries

_WORTH: Final = 4
"""How many times shorter the templates must be than what they stand for."""


@attrs.frozen(eq=False, repr=False)
class _Result(Op):
    """Stands for a block where one of its results is computed."""


_RESULT: Final = _Result("result", lambda *args: None)


@attrs.frozen(eq=False)
class Kind:
    """A template with its partial derivatives, and where the outputs of its blocks are."""

    template: Template
    recorder: Recorder
    first: tuple[dict[int, Number], ...]
    """For each result the partial derivatives by the inputs of the template."""
    second: tuple[dict[tuple[int, int], Number], ...]
    outputs: dict[int, int]
    """The values of the template that are outputs, and their numbers."""
    start: int
    """The number of the output of the first block; those of one output stand side by side."""

    @property
    def native(self) -> bool:
        """Whether all of its instructions can be machine code."""
        from fgrad.backends.native.codegen.callbacks import callbacks  # noqa: PLC0415  # an extra

        recorder = self.recorder
        made: list[Any] = recorder.defined[recorder.inputs :]
        return not callbacks(Program(recorder.program.inputs, tuple(made), ()))

    @property
    def size(self) -> int:
        """All outputs of all blocks."""
        return len(self.outputs) * len(self.template.blocks)

    @cached_property
    def lines(self) -> Sequence[tuple[Sequence[Any], Sequence[Any]]]:
        """For each result the entries with their inputs, and the number of each for the first block.

        The number is 0 where it is not just one output.
        """
        return [
            (
                [(i, self._base(p), p) for i, p in first.items()],
                [(i, j, self._base(p), p) for (i, j), p in second.items()],
            )
            for first, second in zip(self.first, self.second, strict=True)
        ]

    def _base(self, entry: Number) -> int:
        alone = type(entry) is int and entry in self.outputs
        return self.start + self.outputs[entry] * len(self.template.blocks) if alone else 0

    def number(self, entry: Number, block: int, given: Sequence[Any]) -> Number:
        """An entry of the template as one of a block, whose inputs are `given`."""
        if type(entry) is Guarded:
            condition = self.number(entry.condition, block, given)
            return Guarded(condition, self.number(entry.value, block, given), entry.zero)
        if type(entry) is not int:
            return entry
        if entry < len(given):
            return given[entry]
        return self.start + self.outputs[entry] * len(self.template.blocks) + block


def _kind(template: Template, order: int, start: int) -> Kind:
    program = template.program
    recorder = Recorder(program, max(order, 1))
    first: list[dict[int, Number]] = [{} for _ in program.outputs]
    second: list[dict[tuple[int, int], Number]] = [{} for _ in program.outputs]
    if order:
        first = jacobian_rows(recorder, template.active)
    for k in range(len(program.outputs)) if order == 2 else ():
        second[k] = hessian_entries(recorder, template.active, [(program.outputs[k], 1.0)])[1]
    entries = [*program.outputs, *_parts(first), *_parts(second)]
    values = [v for v in entries if type(v) is int and v >= len(program.inputs)]
    outputs = {v: i for i, v in enumerate(dict.fromkeys(values))}
    return Kind(template, recorder, tuple(first), tuple(second), outputs, start)


def _parts(rows: Sequence[dict[Any, Number]]) -> Iterator[Any]:
    """The values in entries, and their conditions."""
    for row in rows:
        for entry in row.values():
            if type(entry) is Guarded:
                yield entry.condition
                yield entry.value
            else:
                yield entry


class Assembly(Recorder):
    """A recorder over glue and blocks; `finished` gives tables instead of a program."""

    def __init__(
        self,
        program: Program,
        order: int,
        kinds: Sequence[Kind],
        place: Sequence[int],
        glue: Program,
    ) -> None:
        super().__init__(glue, order)
        self.whole_inputs: int = len(program.inputs)
        self._starts = [kind.start for kind in kinds]
        self.kinds: Sequence[Kind] = kinds
        self.place: Sequence[int] = place
        """The number here of each value of the program; -1 inside of blocks."""
        self._given: dict[tuple[int, int], list[Any]] = {}
        self.results: dict[int, tuple[Kind, int, int]] = {}
        """The kind, the block and the result of each value that stands for one."""
        for kind in kinds:
            for b, block in enumerate(kind.template.blocks):
                for k, value in enumerate(block.results):
                    self.results[place[value]] = kind, b, k

    @classmethod
    def of(cls, program: Program, wanted: Sequence[int], order: int) -> Assembly | None:
        """Cut the program; None where it has too few blocks that are alike, or cannot be cut.

        Nor where a derivative is no machine code: that of `mod` is not, for instance.
        """
        active = active_values(program, wanted)
        blocks = blocks_of(program, active)
        if blocks is None:
            return None
        truths = program.truths
        if any(truths[v] for block in blocks for v in block.results):
            return None
        templates = templates_of(program, blocks, active)
        inside = sum([len(block.values) for block in blocks])
        if _WORTH * sum([len(t.program) for t in templates]) > inside:
            return None
        kinds, start = [], len(program.inputs)
        for template in templates:
            kind = _kind(template, order, start)
            if not kind.native:
                return None
            kinds.append(kind)
            start += kind.size
        place, glue = _reduced(program, templates, start)
        return cls(program, order, kinds, place, glue)

    def kind_at(self, number: int) -> int:
        """The kind of the blocks that have an output with that number."""
        return bisect_right(self._starts, number) - 1

    def output_of(self, value: int) -> int:
        """The number of the output that a result of a block is."""
        kind, b, k = self.results[value]
        return int(kind.number(kind.template.program.outputs[k], b, ()))

    def partials(self, value: int) -> tuple[First, Second]:
        """The first and second partial derivatives of a value, by the values it is computed from."""
        if value not in self.results:
            return super().partials(value)
        kind, b, k = self.results[value]
        given, (first, second) = self.given(kind.template, b), kind.lines[k]
        return (
            [(given[i], base + b if base else kind.number(p, b, given)) for i, base, p in first],
            [
                (given[i], given[j], base + b if base else kind.number(p, b, given))
                for i, j, base, p in second
            ],
        )

    def given(self, template: Template, b: int) -> list[Any]:
        """The inputs of a block: numbers here, and its literals."""
        key = id(template), b
        known = self._given.get(key)
        if known is None:
            place = self.place
            known = [*[place[a] for a in template.blocks[b].given], *template.literals[b]]
            self._given[key] = known
        return known


def _reduced(
    program: Program, templates: Sequence[Template], start: int
) -> tuple[list[int], Program]:
    """Where each value is in the program of glue and results, and that program.

    It goes by levels, the results of blocks before the glue that needs them.
    """
    inputs = len(program.inputs)
    place = [*range(inputs), *[-1] * len(program)]
    levels = [0] * len(place)
    inside = bytearray(len(place))
    lines: dict[int, list[tuple[int, Sequence[int] | None]]] = {}
    for template in templates:
        for block in template.blocks:
            given = [block.given[k] for k in template.active]
            for value in block.values:
                inside[value] = 1
                levels[value] = block.level
            here = lines.setdefault(block.level, [])
            here += [(value, given) for value in block.results]
    for value, (_, args) in enumerate(program.instructions, inputs):
        if not inside[value]:
            level = levels[value] = max([levels[a] for a in args if type(a) is int], default=0)
            lines.setdefault(level, []).append((value, None))
    made: list[Instruction] = []
    for level in sorted(lines):
        for value, block_given in lines[level]:
            place[value] = start + len(made)
            op, args = program.instructions[value - inputs]
            if block_given is None:
                made.append((op, placed(args, place)))
            else:
                made.append((_RESULT, tuple([place[a] for a in block_given])))
    names = (*program.inputs, *[""] * (start - inputs))
    return place, Program(names, tuple(made), tuple([place[i] for i in program.outputs]))
