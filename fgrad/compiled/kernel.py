"""Kernels: a program that has been made runnable, and its place in graphs.

On floats a kernel is a function. In a graph it is an operation with several results, whose
derivative is the derivative of its program, made into a kernel when it is first asked for; that
one can be differentiated in the same way, so a graph of many calls is never unrolled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property, partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import attrs

from fgrad import trees
from fgrad.autodiff import multiple
from fgrad.autodiff.leaves import leaf_nodes
from fgrad.backends.numpy.columns import Columns, columns
from fgrad.backends.python import Source, source
from fgrad.graph.node import Node
from fgrad.ops.multiple import Callee, Joint, Row
from fgrad.program.passes import simplified
from fgrad.program.program import Program
from fgrad.program.schedule import scheduled
from fgrad.program.text import show
from fgrad.program.tracer import traced

if TYPE_CHECKING:
    from fgrad.backends.buffers.inputs import Array
    from fgrad.backends.native.runtime.batch import Batch
    from fgrad.backends.native.runtime.entry import Entry
    from fgrad.backends.native.runtime.few import Way

Backend: TypeAlias = Literal["reference", "python", "native"]
BACKENDS: Final[tuple[Backend, ...]] = ("reference", "python", "native")


@cache
def native_is_installed() -> bool:
    """Whether the extra `native` is there, in versions that it can use.

    Others bring an older llvmlite, whose LLVM reads another language: then it is as if it were not.
    """
    if find_spec("llvmlite") is None or find_spec("numpy") is None:
        return False
    import llvmlite  # noqa: PLC0415  # an extra; LLVM itself comes with what is below it

    major, minor = vars(llvmlite)["__version__"].split(".")[:2]  # no stub has it
    return (int(major), int(minor)) >= (0, 45)


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
    # What follows is made when it is asked for; made twice by two threads, it is the same.
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
        """The Python source, on the backend that has one."""
        return source(scheduled(self.program)) if self.backend == "python" else None

    def map(self, inputs: Sequence[object], *, threads: int = 1) -> tuple[Array, ...]:
        """The outputs over columns; MissingExtra without numpy. Threads are of the native backend."""
        if self.backend == "native":
            return self._batch.map(inputs, threads=threads)
        return self._columns(inputs)

    def map_to(self, out: Sequence[object], inputs: Sequence[object], *, threads: int = 1) -> None:
        """The same into arrays that are there; NotAValue for what cannot be written to."""
        if self.backend == "native":
            self._batch.map_to(out, inputs, threads=threads)
            return
        columns = self._columns(inputs)
        from fgrad.backends.buffers.outputs import checked, columns_of  # noqa: PLC0415  # needs numpy

        truths = [column.dtype.kind == "b" for column in columns]
        arrays = checked(out, truths, len(columns[0]) if columns else 0)
        for target, column in zip(columns_of(arrays), columns, strict=True):
            target[...] = column

    def sum(self, inputs: Sequence[object], *, threads: int = 1) -> tuple[float, ...]:
        """The sum of each output over the rows of columns, as `map` has them."""
        if self.backend == "native":
            return self._batch.sum(inputs, threads=threads)
        return tuple([float(column.sum()) for column in self._columns(inputs)])

    def sum_to(self, out: Sequence[Any], inputs: Sequence[object], *, threads: int = 1) -> None:
        """The same into arrays of doubles, `()` for one output and `(k,)` for k of them."""
        if self.backend == "native":
            self._batch.sum_to(out, inputs, threads=threads)
            return
        sums = iter(self.sum(inputs))
        for x in out:
            x[...] = [next(sums) for _ in range(x.size)] if x.ndim else next(sums)

    def few(self, way: Way) -> Callable[..., Any] | None:
        """The function of a few rows, by position, that gives None for all that is not usual.

        None on backends that have no such thing.
        """
        return partial(self._batch.few.call, way) if self.backend == "native" else None

    @cached_property
    def _columns(self) -> Columns:
        return columns(scheduled(self.program))

    @cached_property
    def _batch(self) -> Batch:
        from fgrad.backends.native.runtime.batch import Batch  # noqa: PLC0415  # an extra

        return Batch(self.program, exact=self.exact)

    @property
    def text(self) -> str:
        """What runs on the backend: Python source, LLVM IR, or the listing."""
        if self.backend == "native":
            return self.entry.text
        return show(self.program) if self.source is None else self.source.text

    @property
    def digest(self) -> str:
        """The name of the computation."""
        return self.program.digest

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the program and the backend: code is made again where it arrives."""
        return Kernel, (self.program, self.backend, self.exact)

    @cached_property
    def op(self) -> Joint:
        """The operation that a call is in a graph."""
        kinds, outputs = self.program.truths, self.program.outputs
        truths = frozenset([k for k, i in enumerate(outputs) if kinds[i]])
        return Joint("call", self, len(self.program.inputs), len(outputs), self.pull, truths=truths)

    def pull(self, outs: Row, args: Row, bars: Row) -> Row:
        """The cotangents of the inputs, by the program of the derivative."""
        flowing = tuple([i for i, bar in enumerate(bars) if bar is not None])
        reached, slope = self.slope(flowing)
        if slope is None:
            return [None] * len(args)
        given = (*args, *[bars[i] for i in flowing])
        on_numbers = {float}.issuperset(map(type, given))
        flows = slope.run(*given) if on_numbers else multiple.results(slope.op, given)
        if len(reached) == len(args):
            return flows
        filled: list[Any] = [None] * len(args)
        for i, flow in zip(reached, flows, strict=True):
            filled[i] = flow
        return filled

    def slope(self, flowing: tuple[int, ...]) -> tuple[tuple[int, ...], Kernel | None]:
        """The inputs that the outputs `flowing` depend on, and the kernel of their cotangents.

        It takes the inputs and the cotangents of these outputs. Outputs that nothing flows to have
        no part in it, so that what they would send (0 * inf) does not come about.
        """
        known = self._slopes.get(flowing)
        return known or self._slopes.setdefault(flowing, self._differentiated(flowing))

    def _differentiated(self, flowing: tuple[int, ...]) -> tuple[tuple[int, ...], Kernel | None]:
        names = self.program.inputs
        xs = [traced(name) for name in names]
        ys = self.program.nodes(xs)
        bars = [traced(f"cotangent {i}") for i in flowing]
        flows = leaf_nodes([(ys[i], bar) for i, bar in zip(flowing, bars, strict=True)], xs)
        reached = tuple([i for i, x in enumerate(xs) if x in flows])
        if not reached:
            return (), None
        ends: Sequence[Node[float]] = [flows[xs[i]] for i in reached]
        labels = [*names, *[f"cotangent {i}" for i in flowing]]
        program = Program.of(ends, [*xs, *bars], labels)
        return reached, Kernel(simplified(program), self.backend, self.exact)
