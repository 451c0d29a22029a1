"""The differences between two programs: which instructions, outputs and derivatives changed.

Values are the same when they are computed in the same way from inputs of the same names, wherever
in their programs they are computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import attrs

from fgrad import display
from fgrad.compiled.kernel import Kernel
from fgrad.ops.names import quoted
from fgrad.program.program import Program, given_program
from fgrad.program.text import instructions


@attrs.frozen(repr=False)
class Difference:
    """The differences between two programs; `str` gives a report.

    Instructions are as `show` prints them. `outputs` are the places of outputs that are computed
    differently, and `derivatives` says for each output and input whether the derivative changed
    (where either has one).

    >>> import fgrad as fg
    >>> old, new = (fg.trace(f)(0.0) for f in (fg.sin, fg.cos))
    >>> changed = fg.diff(old, new)
    >>> bool(changed), changed.outputs, changed.added
    (True, (0,), ('%1 = cos(x)',))
    """

    inputs_removed: tuple[str, ...]
    inputs_added: tuple[str, ...]
    removed: tuple[str, ...]
    added: tuple[str, ...]
    kept: int
    outputs: tuple[int, ...]
    derivatives: Mapping[tuple[int, str], bool]

    def __repr__(self) -> str:
        """The report, of a screen at most."""
        first, *others = str(self).splitlines()
        top, hidden, bottom = display.ends(others)
        return "\n".join([f"Difference({first}):", *display.lines(top, hidden, bottom, "changes")])

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return bool(self.removed or self.added or self.outputs or self._inputs)

    @property
    def _inputs(self) -> tuple[str, ...]:
        removed = tuple(f"- {quoted(name)}" for name in self.inputs_removed)
        return removed + tuple(f"+ {quoted(name)}" for name in self.inputs_added)

    def __str__(self) -> str:
        """The report, a line for each change."""
        if not self:
            return f"the same: {_count(self.kept)}"
        said = [f"input {change}" for change in self._inputs]
        counts = f"{len(self.removed)} removed, {len(self.added)} added"
        said.append(f"{_count(self.kept)} the same, {counts}")
        said += [f"  - {text}" for text in self.removed]
        said += [f"  + {text}" for text in self.added]
        said += [f"output {i}: computed differently" for i in self.outputs]
        for (i, name), changed in self.derivatives.items():
            what = "changed" if changed else "the same"
            said.append(f"d output {i} / d {quoted(name)}: {what}")
        return "\n".join(said)


def diff(before: Program, after: Program) -> Difference:
    """The differences from `before` to `after`.

    >>> import fgrad as fg
    >>> old = fg.trace(lambda x, y: fg.sin(x) + 2.0 * y)(0.0, 0.0)
    >>> new = fg.trace(lambda x, y: fg.sin(x) + 3.0 * y)(0.0, 0.0)
    >>> print(diff(old, new))
    1 instruction the same, 2 removed, 2 added
      - %3 = mul(2.0, y)
      - %4 = add(%2, %3)
      + %3 = mul(3.0, y)
      + %4 = add(%2, %3)
    output 0: computed differently
    d output 0 / d x: the same
    d output 0 / d y: changed
    """
    for program in (before, after):
        given_program(program, "diff")
    keys: dict[Any, int] = {}
    old, new = _keys(before, keys), _keys(after, keys)
    in_old, in_new = frozenset(old), frozenset(new)
    pairs = range(max(len(before.outputs), len(after.outputs)))
    old_ends = dict(enumerate(old[i] for i in before.outputs))
    new_ends = dict(enumerate(new[i] for i in after.outputs))
    old_slopes, new_slopes = _slopes(before, keys), _slopes(after, keys)
    both = dict.fromkeys([*old_slopes, *new_slopes])
    return Difference(
        _others(before.inputs, after.inputs),
        _others(after.inputs, before.inputs),
        _texts(before, old, in_new),
        _texts(after, new, in_old),
        sum(key in in_old for key in new[len(after.inputs) :]),
        tuple(i for i in pairs if old_ends.get(i) != new_ends.get(i)),
        MappingProxyType({k: old_slopes.get(k) != new_slopes.get(k) for k in sorted(both)}),
    )


def _count(instructions: int) -> str:
    return f"{instructions} instruction{'s' if instructions != 1 else ''}"


def _keys(program: Program, keys: dict[Any, int]) -> list[int]:
    """A number for each value, equal for values that are computed in the same way."""
    numbers = [keys.setdefault(name, len(keys)) for name in program.inputs]
    for op, args in program.instructions:
        parts = [("value", numbers[a]) if type(a) is int else repr(a) for a in args]
        numbers.append(keys.setdefault((op, *parts), len(keys)))
    return numbers


def _others(names: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    there = frozenset(known)
    return tuple([name for name in names if name not in there])


def _texts(program: Program, numbers: list[int], others: frozenset[int]) -> tuple[str, ...]:
    made = zip(instructions(program), numbers[len(program.inputs) :], strict=True)
    return tuple([text for text, number in made if number not in others])


def _slopes(program: Program, keys: dict[Any, int]) -> dict[tuple[int, str], int]:
    """The number of each derivative."""
    kernel = Kernel(program, "reference")
    slopes = {}
    for i in range(len(program.outputs)):
        reached, slope = kernel.slope((i,))
        if slope is not None:
            numbers = _keys(slope.program, keys)
            for place, end in zip(reached, slope.program.outputs, strict=True):
                slopes[i, program.inputs[place]] = numbers[end]
    return slopes
