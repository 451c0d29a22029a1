"""`sparsity`, `sparse_jacobian` and `sparse_hessian`: what users call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Generic, ParamSpec

import attrs

from fgrad.errors import NotAValue, summary
from fgrad.program.program import Program
from fgrad.program.spread import Spread
from fgrad.sparse import derivation
from fgrad.sparse.accumulation import Structure
from fgrad.sparse.functions import Arguments, require_numbers, require_one, traced
from fgrad.sparse.nonzeros import Kind, Made, Method, Nonzeros, Taken
from fgrad.sparse.pattern import Pattern
from fgrad.transforms.variables import Places, checked
from fgrad.trees.parameters import require_function

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from fgrad.sparse.filling import Array

P = ParamSpec("P")

_METHODS: Final = ("auto", "direct", "compressed")
_TRIED: Final = 4
"""How many structures of arguments a call is held against before it is taken apart."""


@attrs.frozen(repr=False)
class Sparsity:
    """The patterns of the derivatives of a function: of first and of second order.

    >>> import fgrad as fg
    >>> found = fg.sparsity(lambda x: x[0] * x[1] + x[2], [0.0, 0.0, 0.0])
    >>> len(found.jacobian), len(found.hessian)
    (3, 2)
    """

    jacobian: Pattern
    """A row for each number of the result, a column for each of the argument."""
    hessian: Pattern
    """That of a sum of the numbers of the result with any weights."""

    def __repr__(self) -> str:
        """Both, one below the other."""
        return f"jacobian: {self.jacobian!r}\nhessian: {self.hessian!r}"


def sparsity(
    f: Callable[..., object], /, *args: Any, argnums: Places = 0, **kwargs: Any
) -> Sparsity:
    """Where the Jacobian and the Hessian of `f` may differ from 0, at any numbers.

    It is that of the program of `f`: what is zero at some numbers only is in the pattern, and so is
    what cancels, as in `x - x`. The numbers of `args` do not matter, but their structure. `argnums`
    are those of `gradient`, and errors those of `trace`.

    >>> import fgrad as fg
    >>> def f(x: list[float]) -> list[float]:
    ...     return [x[0] * x[1], 2.0 * x[2]]
    >>> found = fg.sparsity(f, [0.0, 0.0, 0.0])
    >>> found.jacobian
    Pattern of 2 x 3 with 3 nonzeros:
      ××·
      ··×
    >>> found.hessian.rows, found.hessian.columns
    ((0, 1), (1, 0))
    """
    require_function(f, "sparsity")
    given = Arguments.of(f, checked(argnums), args, kwargs, "sparsity")
    program = traced(f, given).program
    weights = (1.0,) * len(program.outputs)
    first = derivation.jacobian(Structure(program, 1), given.wanted)
    second = derivation.hessian(Structure(program, 2), given.wanted, weights, lower=False)
    return Sparsity(first.pattern, second.pattern)


@attrs.frozen(eq=False, repr=False)
class SparseDerivative(Generic[P]):
    """A function to sparse matrices; made by `sparse_jacobian` and `sparse_hessian`.

    It is traced and compiled at the first call with arguments of each structure.

    >>> import fgrad as fg
    >>> slopes = fg.sparse_jacobian(lambda x: [x[0] * x[0], x[1]])
    >>> slopes.pattern([0.0, 0.0]).columns, slopes.parts([3.0, 4.0])[1]
    ((0, 1), array([6., 1.]))
    """

    function: Callable[P, object]
    places: Places
    method: Method
    kind: Kind
    # It only grows; two threads that derive at the same time get the same.
    _made: dict[Spread[Any], Made] = attrs.field(factory=dict, init=False)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> csr_array:
        """The matrix as a canonical `scipy.sparse.csr_array`; MissingExtra without scipy."""
        pattern, values = self.parts(*args, **kwargs)
        return pattern.matrix(values)

    def parts(self, *args: P.args, **kwargs: P.kwargs) -> tuple[Pattern, Array]:
        """The pattern and the nonzeros, row by row."""
        for made in tuple(self._made.values())[: -_TRIED - 1 : -1]:
            arrays = made.read(args, kwargs)
            if arrays is not None:
                return made.nonzeros.pattern, made.nonzeros(*arrays)
        given = self._arguments(args, kwargs)
        nonzeros = self._nonzeros(given)
        return nonzeros.pattern, nonzeros(*given.arrays())

    def pattern(self, *args: P.args, **kwargs: P.kwargs) -> Pattern:
        """The pattern alone, for which nothing is compiled."""
        given = self._arguments(args, kwargs)
        known = self._made.get(given.spread)
        if known is None:
            return self._taken(given).structure.pattern
        return known.nonzeros.pattern

    def specialise(self, *args: P.args, **kwargs: P.kwargs) -> Nonzeros:
        """The nonzeros as a function of arrays, for arguments of the structure of these."""
        return self._nonzeros(self._arguments(args, kwargs))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without what was made: code is made again in the other process."""
        return type(self), (self.function, self.places, self.method, self.kind)

    def __repr__(self) -> str:
        """What makes it."""
        name = getattr(self.function, "__qualname__", "") or summary(self.function)
        places = f", argnums={self.places}" if self.places != 0 else ""
        method = f", method={self.method!r}" if self.method != "auto" else ""
        lower = ", lower=True" if self.kind == "lower" else ""
        return f"{self._name}({name}{places}{method}{lower})"

    @property
    def _name(self) -> str:
        return "sparse_jacobian" if self.kind == "jacobian" else "sparse_hessian"

    def _arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
        return Arguments.of(self.function, self.places, args, kwargs, self._name)

    def _nonzeros(self, given: Arguments) -> Nonzeros:
        known = self._made.get(given.spread)
        if known is None:
            made = Made(given.spread, given.sizes, self._taken(given).nonzeros())
            known = self._made.setdefault(given.spread, made)
        return known.nonzeros

    def _program(self, given: Arguments) -> Program:
        tracing = traced(self.function, given)
        if self.kind == "jacobian":
            require_numbers(tracing.program, self._name)
        else:
            require_one(tracing, self._name)
        return tracing.program

    def _taken(self, given: Arguments) -> Taken:
        how = given.wanted, given.sizes, self.kind, self.method
        return Taken(self._program(given), *how)


def sparse_jacobian(
    f: Callable[P, object], /, argnums: Places = 0, *, method: Method = "auto"
) -> SparseDerivative[P]:
    """The function that returns the Jacobian of `f` as a sparse matrix.

    It has a row for each number of the result of `f`, a tree, and a column for each number of the
    argument; those of several `argnums` stand side by side, and the elements of an array in order.
    Every structural nonzero is there, also where it is 0 at these numbers.

    `direct` writes each nonzero as an expression of its own, `compressed` sweeps once for each
    colour of columns or rows that do not meet; `auto` estimates which is less work. Raises NotAValue
    where the result has truth values, and the errors of `trace`.

    >>> import fgrad as fg
    >>> def f(x: list[float]) -> list[float]:
    ...     return [b - a * a for a, b in zip(x, x[1:])]
    >>> jacobian = fg.sparse_jacobian(f)  # jacobian(x) needs scipy, its parts do not
    >>> pattern, values = jacobian.parts([1.0, 2.0, 3.0])
    >>> pattern.rows, pattern.columns, values
    ((0, 0, 1, 1), (0, 1, 1, 2), array([-2.,  1., -4.,  1.]))
    """
    require_function(f, "sparse_jacobian")
    return SparseDerivative(f, checked(argnums), _checked(method, "sparse_jacobian"), "jacobian")


def sparse_hessian(
    f: Callable[P, object], /, argnums: Places = 0, *, method: Method = "auto", lower: bool = False
) -> SparseDerivative[P]:
    """The function that returns the Hessian of `f` as a sparse matrix, or its `lower` triangle.

    `f` returns one number; rows and columns are the numbers of the argument, those of several
    `argnums` one after the other. Methods and errors are those of `sparse_jacobian`; `direct` pushes
    second derivatives from the result to the arguments.

    >>> import fgrad as fg
    >>> def f(x: list[float]) -> float:
    ...     return fg.sum([a * a * b for a, b in zip(x, x[1:])])
    >>> pattern, values = fg.sparse_hessian(f, lower=True).parts([1.0, 2.0, 3.0])
    >>> pattern.rows, pattern.columns, values
    ((0, 1, 1, 2), (0, 0, 1, 1), array([4., 2., 6., 4.]))
    """
    require_function(f, "sparse_hessian")
    kind: Kind = "lower" if lower else "hessian"
    return SparseDerivative(f, checked(argnums), _checked(method, "sparse_hessian"), kind)


def _checked(method: Method, where: str) -> Method:
    if method not in _METHODS:
        advice = f"Choose one of {', '.join(_METHODS)}."
        raise NotAValue(where, "a method", f"{method!r:.40}", advice)
    return method
