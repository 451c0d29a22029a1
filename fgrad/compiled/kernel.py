"""Kernels: a program made runnable by a backend, and its operation in graphs.

On floats a kernel is a function. In a graph it is an operation with multiple results, whose
derivative is that of its program, made into a kernel on first use. That kernel can be differentiated
in the same way, so a graph of many calls is never unrolled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import attrs

from fgrad import trees
from fgrad.autodiff import multiple
from fgrad.autodiff.leaves import leaf_nodes
from fgrad.backends.numpy.columns import Columns, columns
from fgrad.backends.python import Source, source
from fgrad.graph.node import Node
from fgrad.ops.multiple import Callee, MultiOp, Row
from fgrad.program.passes import simplified
from fgrad.program.program import Program
from fgrad.program.schedule import scheduled
from fgrad.program.text import show
from fgrad.program.tracer import traced

if TYPE_CHECKING:
    from fgrad.backends.native.runtime.batch import Batch
    from fgrad.backends.native.runtime.entry import Entry
    from fgrad.backends.native.runtime.few_rows import Way

Backend: TypeAlias = Literal["reference", "python", "native"]
BACKENDS: Final[tuple[Backend, ...]] = ("reference", "python", "native")


@attrs.frozen
class Kernel(Callee):
    """A program on a backend, callable on floats by position; it pickles as the program.

    >>> import fgrad as fg
    >>> kernel = Kernel(fg.trace(lambda x, y: x * y)(0.0, 0.0), "python")
    >>> kernel(2.0, 3.0)
    (6.0,)
    """

    program: Program
    backend: Backend
    exact: bool = False
    """Whether native code keeps each rounding: no product is fused with the sum it goes into."""
    # The rest is made on first use; made by two threads at once, it is the same.
    _slopes: dict[tuple[int, ...], tuple[tuple[int, ...], Kernel | None]] = attrs.field(
        factory=dict, init=False, eq=False, repr=False
    )

    @cached_property
    def run(self) -> Callable[..., tuple[Any, ...]]:
        """The function of the inputs, by position."""
        if self.backend == "native":
            sizes = len(self.program.inputs), len(self.program.outputs)
            rows = [trees.tupled((trees.LEAF,) * size) for size in sizes]
            given = trees.tupled((rows[0], trees.flatten({})[1]))
            return self.entry.on_trees(given, rows[1], self.entry.run) or self.entry.run
        if self.source is None:
            return lambda *xs: self.program.run(xs)
        return self.source.function()

    @cached_property
    def entry(self) -> Entry:
        """The machine code for one point; MissingExtra without llvmlite."""
        from fgrad.backends.native.runtime.entry import Entry  # noqa: PLC0415  # an extra

        return Entry.of(self.program, exact=self.exact)

    def __call__(self, *xs: float) -> tuple[float, ...]:
        """The outputs."""
        return self.run(*xs)

    @cached_property
    def source(self) -> Source | None:
        """The Python source, on the backend `python`; None on others."""
        return source(scheduled(self.program)) if self.backend == "python" else None

    @cached_property
    def rows(self) -> Batch | Columns:
        """The program over many rows; MissingExtra without numpy."""
        if self.backend == "native":
            from fgrad.backends.native.runtime.batch import Batch  # noqa: PLC0415  # an extra

            return Batch(self.program, exact=self.exact)
        return columns(scheduled(self.program))

    def few(self, way: Way) -> Callable[..., Any] | None:
        """The function of a few rows, by position, that returns None where it does not apply.

        None on backends without one.
        """
        return None if isinstance(self.rows, Columns) else partial(self.rows.few.call, way)

    @property
    def text(self) -> str:
        """The code that the backend runs: Python source, LLVM IR, or the listing."""
        if self.backend == "native":
            return self.entry.text
        return show(self.program) if self.source is None else self.source.text

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the program and the backend: code is made again in the other process."""
        return Kernel, (self.program, self.backend, self.exact)

    @cached_property
    def op(self) -> MultiOp:
        """The operation of a call in a graph."""
        kinds, outputs = self.program.truths, self.program.outputs
        truths = frozenset([k for k, i in enumerate(outputs) if kinds[i]])
        sizes = len(self.program.inputs), len(outputs)
        return MultiOp("call", self, *sizes, self.pullback, truths=truths)

    def pullback(self, outs: Row, args: Row, cotangents: Row) -> Row:
        """The cotangents of the inputs, by the program of the derivative."""
        active = tuple([i for i, cotangent in enumerate(cotangents) if cotangent is not None])
        reached, slope = self.slope(active)
        if slope is None:
            return [None] * len(args)
        given = (*args, *[cotangents[i] for i in active])
        on_numbers = {float}.issuperset(map(type, given))
        found = slope.run(*given) if on_numbers else multiple.results(slope.op, given)
        if len(reached) == len(args):
            return found
        filled: list[Any] = [None] * len(args)
        for i, cotangent in zip(reached, found, strict=True):
            filled[i] = cotangent
        return filled

    def slope(self, active: tuple[int, ...]) -> tuple[tuple[int, ...], Kernel | None]:
        """The inputs that the outputs `active` depend on, and the kernel of their cotangents.

        The kernel takes the inputs and the cotangents of these outputs. Outputs without a cotangent
        have no part in it, so that their contributions (0 * inf) do not happen.
        """
        known = self._slopes.get(active)
        return known or self._slopes.setdefault(active, self._differentiated(active))

    def _differentiated(self, active: tuple[int, ...]) -> tuple[tuple[int, ...], Kernel | None]:
        names = self.program.inputs
        xs = [traced(name) for name in names]
        ys = self.program.nodes(xs)
        labels = [f"cotangent {i}" for i in active]
        cotangents = list(map(traced, labels))
        found = leaf_nodes([(ys[i], c) for i, c in zip(active, cotangents, strict=True)], xs)
        reached = tuple([i for i, x in enumerate(xs) if x in found])
        if not reached:
            return (), None
        ends: Sequence[Node[float]] = [found[xs[i]] for i in reached]
        program = Program.of(ends, [*xs, *cotangents], [*names, *labels])
        return reached, Kernel(simplified(program), self.backend, self.exact)
