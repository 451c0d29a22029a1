"""A program with its loops, in the order of its lines in which more of them are found."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from fgrad.native.lineup import Lineup
from fgrad.native.repeats import SAVED, repeats
from fgrad.native.windows import Window
from fgrad.op import Op
from fgrad.program import Program
from fgrad.schedule import by_depth


@attrs.frozen(eq=False)
class Rolled:
    """The program, its lines as arrays, and its loops."""

    program: Program
    lineup: Lineup
    loops: tuple[Window, ...]

    @classmethod
    def of(
        cls, program: Program, calls: Sequence[Op], width: int, bounds: Sequence[int] = ()
    ) -> Rolled:
        """The loops of a program whose lines stay in their order, or are put in that of their depth.

        Lines come depth first, which is how a sum of terms was written, or the steps of one state.
        The steps of a row of cells, each of which needs its neighbours, are cut across by it, and
        found in the order of depth. Where `calls` are made the order stays, for it shows which of
        them raises first. `width` and `bounds` are those of `repeats`.
        """
        found = cls._found(program, calls, width, bounds)
        missed = len(program) - found._inside
        if missed < SAVED or 2 * found._inside > len(program) or calls:
            return found
        other = cls._found(by_depth(program), calls, width, bounds)
        return other if other._inside > found._inside + missed // 2 else found

    @classmethod
    def _found(
        cls, program: Program, calls: Sequence[Op], width: int, bounds: Sequence[int]
    ) -> Rolled:
        lineup = Lineup.of(program, calls)
        return cls(program, lineup, repeats(lineup, width, bounds))

    @property
    def _inside(self) -> int:
        return sum(loop.period * loop.count for loop in self.loops)
