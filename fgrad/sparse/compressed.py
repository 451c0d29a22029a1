"""Compressed derivatives: one sweep for each colour of columns that never meet, all in one call.

The sweep is a program of the inputs and a direction, run over rows: a row for each colour, whose
directions are the lanes of vectors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import attrs

from fgrad.autodiff.activity import Activity
from fgrad.autodiff.forward import tangent_nodes
from fgrad.autodiff.leaves import leaf_nodes
from fgrad.backends.native.installed import native_is_installed
from fgrad.backends.numpy.columns import Columns
from fgrad.compiled.kernel import Kernel
from fgrad.graph.collector import relaxed_gc
from fgrad.graph.node import Node, constant
from fgrad.program.passes import simplified
from fgrad.program.program import Program
from fgrad.program.tracer import traced
from fgrad.sparse import colouring
from fgrad.sparse.filling import Fill, checked, numpy
from fgrad.sparse.pattern import Pattern

if TYPE_CHECKING:
    from fgrad.sparse.filling import Array

Sweep: TypeAlias = Literal["forward", "reverse", "second"]
LANES: Final = 8
"""Directions that native code does at once."""
_LENGTH: Final = {"forward": 3, "reverse": 4, "second": 10}
"""Instructions of a sweep for each of the program."""


@attrs.frozen(eq=False)
class Plan:
    """How a matrix is computed by sweeps."""

    program: Program
    wanted: Sequence[int]
    pattern: Pattern
    sweep: Sweep

    @property
    def cost(self) -> float:
        """The instructions of all sweeps at least: a full row has as many colours as columns."""
        lines = self.pattern.columns if self.sweep == "reverse" else self.pattern.rows
        most = max(Counter(lines).values(), default=0)
        lanes = LANES if native_is_installed() else 1
        return _LENGTH[self.sweep] * len(self.program) * -(-most // lanes)

    @cached_property
    def colours(self) -> tuple[int, ...]:
        """The colour of each column, or of each row of a reverse sweep."""
        if self.sweep == "second":
            return colouring.star(self._whole)
        return colouring.columns(
            self.pattern.transposed if self.sweep == "reverse" else self.pattern
        )

    @property
    def _whole(self) -> Pattern:
        """The pattern with both triangles."""
        places = [*zip(self.pattern.rows, self.pattern.columns, strict=True)]
        return Pattern.of(self.pattern.shape, [*places, *[(j, i) for i, j in places]])

    def filling(self, sizes: Sequence[int], exact: Callable[[], Fill]) -> Fill:
        """The function that fills an array with the nonzeros.

        Where one is not finite, another column's infinity may have met a zero of a direction: then
        they are computed again by what `exact` returns.
        """
        np = numpy()
        if not len(self.pattern):
            return lambda *arrays, **named: checked(arrays, named, sizes, 0)[1]
        kernel = Kernel(self._sweep(), "native" if native_is_installed() else "python")
        seeds = np.zeros((1 + max(self.colours), len(self.colours)))
        seeds[self.colours, np.arange(len(self.colours))] = 1.0
        output, colour = (np.array(x, np.int64) for x in self._places())
        over = kernel.rows

        def fill(*arrays: Any, **named: Any) -> Array:
            given, out = checked(arrays, named, sizes, len(self.pattern))
            numbers = [x for array in given for x in array.tolist()]
            rows = [*numbers, seeds]
            made = over(rows) if isinstance(over, Columns) else over.map(rows, threads=1)
            found = np.stack(made)[output, colour]
            if np.isfinite(found).all():
                out[:] = found
                return out
            return exact()(*given, out)

        return fill

    def _places(self) -> tuple[list[int], list[int]]:
        """For each nonzero the output of the sweep and the colour that hold it."""
        rows, columns = self.pattern.rows, self.pattern.columns
        if self.sweep == "reverse":
            return list(columns), [self.colours[i] for i in rows]
        if self.sweep == "forward":
            return list(rows), [self.colours[j] for j in columns]
        # In row i the colour of j tells j if no other neighbour of i has it; else row j tells i.
        whole = self._whole
        seen = Counter((i, self.colours[j]) for i, j in zip(whole.rows, whole.columns, strict=True))
        outputs, colours = [], []
        for i, j in zip(rows, columns, strict=True):
            alone = seen[i, self.colours[j]] == 1
            outputs.append(i if alone else j)
            colours.append(self.colours[j if alone else i])
        return outputs, colours

    @relaxed_gc()
    def _sweep(self) -> Program:
        """The program of the inputs and one direction."""
        names = self.program.inputs
        xs = [traced(name) for name in names]
        ys: Sequence[Node[float]] = self.program.nodes(xs)
        variables = [xs[i] for i in self.wanted]
        count = len(ys) if self.sweep == "reverse" else len(variables)
        directions = [traced(f"direction {i}") for i in range(count)]
        zero = constant(0.0)
        if self.sweep == "reverse":
            active = zip(ys, directions, strict=True)
            found = leaf_nodes(active, variables)
            ends = [found.get(x, zero) for x in variables]
        else:
            if self.sweep == "second":
                slopes = leaf_nodes([(ys[0], 1.0)], variables)
                ys = [slopes.get(x, zero) for x in variables]
            seeds = dict(zip(variables, directions, strict=True))
            tangents = tangent_nodes(Activity.of(ys, variables), seeds)
            ends = [tangents.get(y, zero) for y in ys]
        labels = [f"direction {i}" for i in range(count)]
        return simplified(Program.of(ends, [*xs, *directions], [*names, *labels]))


def plan(program: Program, wanted: Sequence[int], pattern: Pattern, kind: str) -> Plan:
    """The cheaper of a forward and a reverse sweep for a Jacobian, and the sweep for a Hessian."""
    if kind != "jacobian":
        return Plan(program, wanted, pattern, "second")
    ways = Plan(program, wanted, pattern, "forward"), Plan(program, wanted, pattern, "reverse")
    return min(ways, key=lambda way: way.cost)
