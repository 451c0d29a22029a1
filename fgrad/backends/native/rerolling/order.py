"""A program with its loops, in the order of its lines in which more of them are found."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from fgrad.backends.native.rerolling.detect import SAVED, repeats
from fgrad.backends.native.rerolling.lineup import Lineup
from fgrad.backends.native.rerolling.partition import Window
from fgrad.ops.primitive import Op
from fgrad.program.program import Program
from fgrad.program.schedule import by_depth, reordered


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
        lineup = Lineup.of(program, calls)
        loops = repeats(lineup, width, bounds)
        inside = _inside(loops)
        missed = len(program) - inside
        if missed < SAVED or 2 * inside > len(program) or calls:
            return cls(program, lineup, loops)
        order = by_depth(program)
        deeper = lineup.reordered(order)
        others = repeats(deeper, width, bounds)
        if _inside(others) <= inside + missed // 2:
            return cls(program, lineup, loops)
        return cls(reordered(program, order), deeper, others)


def _inside(loops: Sequence[Window]) -> int:
    """How many lines are in loops."""
    return sum(loop.period * loop.count for loop in loops)
