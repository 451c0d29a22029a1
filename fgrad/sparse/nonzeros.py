"""The nonzeros of a derivative as a function of arrays, and how they are made of a program."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from fgrad.graph.collector import relaxed_gc
from fgrad.program.program import Program
from fgrad.program.spread import Spread
from fgrad.sparse import compressed, derivation
from fgrad.sparse.accumulation import Recorder, Structure
from fgrad.sparse.assembly import Assembly
from fgrad.sparse.evaluation import Evaluation
from fgrad.sparse.filling import Fill, numpy
from fgrad.sparse.pattern import Pattern

if TYPE_CHECKING:
    from fgrad.sparse.filling import Array

Method: TypeAlias = Literal["auto", "direct", "compressed"]
Kind: TypeAlias = Literal["jacobian", "hessian", "lower"]


@attrs.frozen(eq=False)
class Taken:
    """A derivative that is to be taken: of a simplified program without calls, by the inputs `wanted`.

    Arrays of those sizes hold the inputs.
    """

    program: Program
    wanted: tuple[int, ...]
    sizes: tuple[int, ...]
    kind: Kind
    method: Method

    @property
    def structure(self) -> derivation.Derived:
        """Where the nonzeros are, without what they are."""
        return self._swept(Structure(self.program, self._order))

    @relaxed_gc()
    def nonzeros(self) -> Nonzeros:
        """The nonzeros, by the method that is named or else is less work."""
        program = self.program
        if self.method != "compressed":
            evaluation = Evaluation(program, self.wanted, self._order)
            # Each block is differentiated once, whatever the count of products.
            if self.method == "direct" or isinstance(evaluation.sweep, Assembly):
                return self._direct(evaluation)
        sweep = Structure(program, self._order)
        pattern = self._swept(sweep).pattern
        plan = compressed.plan(program, self.wanted, pattern, self.kind)
        # Anew each time: what is recorded is not shared by threads.
        direct = cache(lambda: self._direct(Evaluation(program, self.wanted, self._order)))
        if self.method == "auto" and plan.cost >= sweep.count:
            return direct()
        fill = plan.filling(self.sizes, lambda: direct().fill)
        return Nonzeros(pattern, "compressed", fill, self)

    @property
    def _order(self) -> int:
        return 1 if self.kind == "jacobian" else 2

    def _swept(self, sweep: Recorder | Structure) -> derivation.Derived:
        if self.kind == "jacobian":
            return derivation.jacobian(sweep, self.wanted)
        return derivation.hessian(sweep, self.wanted, (1.0,), lower=self.kind == "lower")

    def _direct(self, evaluation: Evaluation) -> Nonzeros:
        found = self._swept(evaluation.sweep)
        (fill,) = evaluation.fillings([(found.entries, self.sizes)])
        return Nonzeros(found.pattern, "direct", fill, self)


@attrs.frozen(eq=False, repr=False)
class Nonzeros:
    """The nonzeros of a sparse matrix as a function of arrays, for arguments of one structure.

    `fill(*arrays, out)` writes them to `out` and returns it: one array for each argument, with its
    numbers in order. With the extra `native` it is a builtin, and runs no Python. It is pickled as its
    program, of which the other process makes code.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> of_x = fg.sparse_jacobian(lambda x: [x[0] * x[0], x[1]]).specialise([0.0, 0.0])
    >>> out = np.empty(len(of_x.pattern))
    >>> of_x.fill(np.array([3.0, 4.0]), out)
    array([6., 1.])
    """

    pattern: Pattern
    method: Literal["direct", "compressed"]
    fill: Fill
    _taken: Taken

    def __call__(self, *arrays: Array) -> Array:
        """The nonzeros as a new array."""
        return self.fill(*arrays, numpy().empty(len(self.pattern)))

    def __repr__(self) -> str:
        """The shape and how many there are; the pattern has the picture."""
        height, width = self.pattern.shape
        return f"Nonzeros({len(self.pattern)} of {height} x {width}, {self.method})"

    @property
    def program(self) -> Program:
        """The program that they are the derivatives of."""
        return self._taken.program

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what it was made of, by the method that was found to be less work."""
        return Taken.nonzeros, (attrs.evolve(self._taken, method=self.method),)

    def __copy__(self) -> Nonzeros:
        """Itself: it is immutable."""
        return self

    def __deepcopy__(self, memo: object) -> Nonzeros:
        """Itself: it is immutable."""
        return self


@attrs.frozen(eq=False)
class Made:
    """Nonzeros for arguments of one structure, and how these are read where nothing is to be refused."""

    spread: Spread[Any]
    sizes: tuple[int, ...]
    nonzeros: Nonzeros

    def read(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Sequence[Array] | None:
        """The numbers of each argument as an array; None for others, and for what may be refused."""
        np, leaves = numpy(), list[Any]()
        if not self.spread.structure.read((args, kwargs), leaves, plain=True):
            return None
        kinds, shapes = {*map(type, leaves)}, self.spread.shapes
        if shapes is None:
            return self._parted(leaves) if kinds <= {float} else None
        if not kinds <= {float, np.ndarray}:
            return None
        if any(getattr(x, "shape", ()) != shape for x, shape in zip(leaves, shapes, strict=True)):
            return None
        flat = [np.ravel(leaf) for leaf in leaves]
        alone = tuple([x.size for x in flat]) == self.sizes  # each argument is one array or number
        return flat if alone else self._parted(np.concatenate(flat))

    def _parted(self, numbers: Any) -> Sequence[Array]:
        np = numpy()
        spans = pairwise(accumulate(self.sizes, initial=0))
        return [np.array(numbers[start:end], np.float64) for start, end in spans]
