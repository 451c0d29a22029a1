"""Derivatives of a program cut into blocks: templates over many blocks, and a tape of glue.

Each template is differentiated once. What its blocks compute, values and partial derivatives, are
inputs of the sweep over what is left; so elimination and edge pushing see a block as one operation
with results that it knows the derivatives of. Second derivatives of a block are those of the sum of its
results times the slopes that the sweep has found for them, so they are computed once for all results.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs

from fgrad.ops.operand import Guarded
from fgrad.ops.primitive import Op
from fgrad.program.program import Instruction, Program, placed
from fgrad.sparse.accumulation import Curvature, Curved, First, Number, Recorder, Second
from fgrad.sparse.blocks import blocks_of
from fgrad.sparse.elimination import active_values
from fgrad.sparse.kinds import Kind, apart_of, values_of, weighted_of
from fgrad.sparse.templates import Template, templates_of

_WORTH: Final = 4
"""How many times shorter the templates must be than what they stand for."""


@attrs.frozen(eq=False, repr=False)
class _Result(Op):
    """Stands for a block where one of its results is computed."""


_RESULT: Final = _Result("result", lambda *args: None)


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
        self.kinds: list[Kind] = [*kinds]
        self._last = max([kind.level for kind in kinds], default=0)
        self.place: Sequence[int] = place
        """The number here of each value of the program; -1 inside of blocks."""
        self._given: dict[tuple[int, int], list[Any]] = {}
        self.results: dict[int, tuple[Kind, int, int]] = {}
        """The kind, the block and the result of each value that stands for one."""
        self.outputs: dict[int, int] = {}
        """The number of the output that each of them is."""
        for kind in kinds:
            starts = [int(kind.number(v, 0, ())) for v in kind.template.program.outputs]
            for b, block in enumerate(kind.template.blocks):
                for k, value in enumerate(block.results):
                    self.results[place[value]] = kind, b, k
                    self.outputs[place[value]] = starts[k] + b

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
            kind = values_of(template, order, start)
            if not kind.native or (order == 2 and not weighted_of(template, 0, 0).native):
                return None
            kinds.append(kind)
            start += kind.size
        place, glue = _reduced(program, templates, start)
        return cls(program, order, kinds, place, glue)

    def kind_at(self, number: int) -> int:
        """The kind of the blocks that have an output with that number."""
        return bisect_right(self._starts, number) - 1

    def partials(self, value: int) -> tuple[First, Second]:
        """The first and second partial derivatives of a value, without the second ones of blocks."""
        if value not in self.results:
            return super().partials(value)
        kind, b, k = self.results[value]
        given = self.given(kind, b)
        return [
            (given[i], base + b if base else kind.number(p, b, given))
            for i, base, p in kind.first_lines[k]
        ], ()

    def curving(self) -> Curved:
        """What gives a sweep the second derivatives of values, for each sweep anew."""
        return _Curving(self).of

    def added(self, make: Callable[[int], Kind]) -> Kind:
        """One more kind, whose outputs stand behind all numbers so far."""
        kind = make(len(self.defined))
        self.defined.extend([None] * kind.size)
        self.kinds.append(kind)
        self._starts.append(kind.start)
        return kind

    def backwards(self, level: int) -> int:
        """The level of what needs slopes of the results of blocks on a level."""
        return 2 * self._last + 1 - level

    def given(self, kind: Kind, b: int) -> list[Any]:
        """The inputs of a block: numbers here, its literals, and slopes where the kind has them."""
        key = id(kind), b
        known = self._given.get(key)
        if known is None:
            place, template = self.place, kind.template
            known = [*[place[a] for a in template.blocks[b].given], *template.literals[b]]
            if kind.slopes is not None:  # what blocks without slopes give is not read
                known += kind.slopes.get(b) or next(iter(kind.slopes.values()))
            self._given[key] = known
        return known


class _Curving:
    """The second derivatives of blocks in one sweep backwards."""

    def __init__(self, assembly: Assembly) -> None:
        self.assembly = assembly
        self.weighted: dict[int, Kind] = {}
        """By the start of the kind with the values of the blocks."""
        self.apart: dict[int, Kind] = {}
        self.seen: dict[tuple[int, int], bool] = {}
        """The blocks that were there, and whether all of their results were."""

    def of(self, value: int, slope: Number, slopes: Mapping[int, Number]) -> Curvature:
        """As `Recorder.curving` gives it; those of a block with the first of its results."""
        assembly = self.assembly
        found = assembly.results.get(value)
        if found is None:
            return *assembly.partials(value), slope
        values, b, k = found
        first, key = assembly.partials(value)[0], (values.start, b)
        whole = self.seen.get(key)
        if whole:
            return first, (), slope
        if whole is None:
            count = len(values.template.program.outputs)
            all_slopes = [slopes.get(value - k + i) if i != k else slope for i in range(count)]
            # What is guarded stays outside of products, and what is not there is structurally zero.
            whole = self.seen[key] = not any(x is None or type(x) is Guarded for x in all_slopes)
            if whole:
                return first, self._with(values, b, tuple(all_slopes)), 1.0
        return first, self._apart(values, b, k), slope

    def _with(self, values: Kind, b: int, slopes: tuple[Number, ...]) -> Second:
        kind = self.weighted.get(values.start)
        if kind is None:
            template, level = values.template, self.assembly.backwards(values.level)
            kind = self.assembly.added(lambda start: weighted_of(template, start, level))
            self.weighted[values.start] = kind
        assert kind.slopes is not None  # noqa: S101  # as `weighted_of` makes it
        kind.slopes[b] = slopes
        return self._lines(kind, b, 0)

    def _apart(self, values: Kind, b: int, k: int) -> Second:
        kind = self.apart.get(values.start)
        if kind is None:
            kind = self.assembly.added(lambda start: apart_of(values.template, start))
            self.apart[values.start] = kind
        return self._lines(kind, b, k)

    def _lines(self, kind: Kind, b: int, k: int) -> Second:
        given = self.assembly.given(kind, b)
        return [
            (given[i], given[j], base + b if base else kind.number(p, b, given))
            for i, j, base, p in kind.second_lines[k]
        ]


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
