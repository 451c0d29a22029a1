"""How derivatives are evaluated: by tables over blocks where a program has many alike, else as a program."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import attrs

from fgrad.backends.native.installed import native_is_installed
from fgrad.graph.collector import relaxed_gc
from fgrad.program.program import Program
from fgrad.sparse.accumulation import Number, Recorder
from fgrad.sparse.assembly import Assembly
from fgrad.sparse.filling import Fill, filling, tabulated
from fgrad.sparse.tables import tables


@attrs.frozen(eq=False)
class Evaluation:
    """A simplified program without calls, and the inputs that its derivatives up to `order` are taken by."""

    program: Program
    wanted: Sequence[int]
    order: int

    @cached_property
    def sweep(self) -> Recorder:
        """What records derivatives: over blocks if that pays, which only machine code can run."""
        with relaxed_gc():
            native = native_is_installed()
            blocks = native and Assembly.of(self.program, self.wanted, self.order)
            return blocks or Recorder(self.program, self.order)

    @property
    def by_blocks(self) -> bool:
        """Whether it is by tables over blocks."""
        return isinstance(self.sweep, Assembly)

    @property
    def outputs(self) -> Sequence[Number]:
        """What the program itself gives."""
        return self.sweep.program.outputs

    def fillings(self, wanted: Sequence[tuple[Sequence[Number], Sequence[int]]]) -> list[Fill]:
        """Functions that fill arrays with what `sweep` has recorded, from arrays of the inputs.

        Each has the sizes of its arrays; the last inputs have none if it does not depend on them.
        """
        sweep = self.sweep
        with relaxed_gc():
            if isinstance(sweep, Assembly):
                from fgrad.backends.native.runtime.tables import (  # noqa: PLC0415  # an extra
                    lanes,
                )

                found = [
                    (tables(sweep, sweep.settled(entries), lanes()), sizes)
                    for entries, sizes in wanted
                ]
                return tabulated(found, len(self.program.inputs))
            made = [
                (sweep.finished(entries, self.program.inputs), sizes) for entries, sizes in wanted
            ]
        return [filling(program, sizes) for program, sizes in made]
