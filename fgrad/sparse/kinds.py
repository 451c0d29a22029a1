"""Templates with their derivatives, and where what their blocks compute is among other numbers.

What blocks compute is of three kinds: values with first derivatives; second derivatives of the sum of
their results times slopes, which a sweep gives them; and, where not all slopes are plain numbers,
second derivatives of each result. The last two are made only where they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, TypeAlias

import attrs

from fgrad.ops.operand import Guarded
from fgrad.program.program import Program
from fgrad.sparse.accumulation import Number, Recorder, widened
from fgrad.sparse.elimination import jacobian_rows
from fgrad.sparse.pushing import hessian_entries
from fgrad.sparse.templates import Template

First: TypeAlias = dict[int, Number]
"""The partial derivatives of a result by the inputs of a template."""
Second: TypeAlias = dict[tuple[int, int], Number]
"""Those of second order."""


@attrs.frozen(eq=False)
class Kind:
    """What blocks of a template compute, and where the outputs of its blocks are."""

    template: Template
    recorder: Recorder
    first: Sequence[First]
    second: Sequence[Second]
    outputs: dict[int, int]
    """The values of the recorder that are outputs, and their numbers."""
    start: int
    """The number of the output of the first block; those of one output stand side by side."""
    level: int
    """When it is computed, after all that is on lower levels."""
    slopes: dict[int, tuple[Number, ...]] | None = None
    """For the blocks that have them the slopes of their results, which are inputs behind the others."""

    @property
    def program(self) -> Program:
        """All that is recorded, without outputs."""
        made: list[Any] = self.recorder.defined[self.recorder.inputs :]
        return Program(self.recorder.program.inputs, tuple(made), ())

    @property
    def native(self) -> bool:
        """Whether all of its instructions can be machine code."""
        from fgrad.backends.native.codegen.callbacks import callbacks  # noqa: PLC0415  # an extra

        return not callbacks(self.program)

    @property
    def size(self) -> int:
        """All outputs of all blocks."""
        return len(self.outputs) * len(self.template.blocks)

    @cached_property
    def first_lines(self) -> Sequence[Sequence[tuple[int, int, Number]]]:
        """For each result the inputs and entries, with the number of each for the first block between.

        The number is 0 where the entry is not just one output.
        """
        return [[(i, self._base(p), p) for i, p in row.items()] for row in self.first]

    @cached_property
    def second_lines(self) -> Sequence[Sequence[tuple[int, int, int, Number]]]:
        """The same for second derivatives, with two inputs each."""
        return [[(i, j, self._base(p), p) for (i, j), p in row.items()] for row in self.second]

    def _base(self, entry: Number) -> int:
        alone = type(entry) is int and entry in self.outputs
        return self.start + self.outputs[entry] * len(self.template.blocks) if alone else 0

    def number(self, entry: Number, block: int, given: Sequence[Any]) -> Number:
        """An entry of the recorder as one of a block, whose inputs are `given`."""
        if type(entry) is Guarded:
            condition = self.number(entry.condition, block, given)
            return Guarded(condition, self.number(entry.value, block, given), entry.zero)
        if type(entry) is not int:
            return entry
        if entry < len(given):
            return given[entry]
        return self.start + self.outputs[entry] * len(self.template.blocks) + block


def values_of(template: Template, order: int, start: int) -> Kind:
    """The values of the results, and their first derivatives unless the order is 0."""
    program = template.program
    recorder = Recorder(program, max(order, 1))
    first = jacobian_rows(recorder, template.active) if order else [{} for _ in program.outputs]
    outputs = _outputs(recorder, [*program.outputs, *_parts(first)])
    return Kind(template, recorder, first, (), outputs, start, template.blocks[0].level)


def weighted_of(template: Template, start: int, level: int) -> Kind:
    """The second derivatives of the sum of all results times their slopes."""
    program, inputs = template.program, len(template.program.inputs)
    count = len(program.outputs)
    wide = widened(program, [f"slope {k}" for k in range(count)])
    recorder = Recorder(wide, 2)
    weights = zip(wide.outputs, range(inputs, inputs + count), strict=True)
    second = (hessian_entries(recorder, template.active, weights),)
    return Kind(
        template, recorder, (), second, _outputs(recorder, [*_parts(second)]), start, level, {}
    )


def apart_of(template: Template, start: int) -> Kind:
    """The second derivatives of each result."""
    recorder = Recorder(template.program, 2)
    second = [
        hessian_entries(recorder, template.active, [(value, 1.0)])
        for value in template.program.outputs
    ]
    outputs = _outputs(recorder, [*_parts(second)])
    return Kind(template, recorder, (), second, outputs, start, template.blocks[0].level)


def _outputs(recorder: Recorder, entries: Sequence[Any]) -> dict[int, int]:
    values = [v for v in entries if type(v) is int and v >= recorder.inputs]
    return {v: i for i, v in enumerate(dict.fromkeys(values))}


def _parts(rows: Sequence[dict[Any, Number]]) -> Iterator[Any]:
    """The values in entries, and their conditions."""
    for row in rows:
        for entry in row.values():
            if type(entry) is Guarded:
                yield entry.condition
                yield entry.value
            else:
                yield entry
