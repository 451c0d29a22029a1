"""`derivatives`: everything that a solver asks of an objective and constraints, compiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import attrs

from fgrad.display import plural
from fgrad.errors import NotDifferentiable
from fgrad.graph.collector import relaxed_gc
from fgrad.ops.operand import Real
from fgrad.program.passes import inlined, simplified
from fgrad.program.program import Program, placed
from fgrad.program.trace import Tracing
from fgrad.sparse import derivation
from fgrad.sparse.accumulation import Number
from fgrad.sparse.evaluation import Evaluation
from fgrad.sparse.filling import Fill
from fgrad.sparse.functions import Arguments, require_numbers
from fgrad.sparse.pattern import Pattern
from fgrad.trees.parameters import require_function

P = ParamSpec("P")
X = TypeVar("X")
Q = TypeVar("Q", bound=Real)


@attrs.frozen(eq=False, repr=False)
class Derivatives:
    """An objective and constraints as functions of arrays, with their derivatives by the first argument.

    Each fills the array that it is given last, and returns it. Arrays come in the order of the
    arguments, one for each, with its numbers in order; the weights follow them, that of the
    objective first and then one for each constraint. Code is made when it is first asked for, and
    what several functions have in common is derived once.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> made = fg.derivatives(lambda x: x[0] * x[1], lambda x: [x[0] + x[1]], [0.0, 0.0])
    >>> made.values(np.array([2.0, 3.0]), np.empty(1 + made.constraints))
    array([6., 5.])
    """

    constraints: int
    """The number of constraints."""
    _evaluation: Evaluation
    _sizes: tuple[int, ...]
    _rows: derivation.Derived
    _curvature: derivation.Derived

    def __repr__(self) -> str:
        """How large it is."""
        return (
            f"Derivatives({plural(self.hessian.shape[0], 'variable')},"
            f" {plural(self.constraints, 'constraint')}, {plural(len(self.jacobian), 'nonzero')} in the"
            f" Jacobian and {len(self.hessian)} in the Hessian)"
        )

    def __copy__(self) -> Derivatives:
        """Itself: it is immutable."""
        return self

    def __deepcopy__(self, memo: object) -> Derivatives:
        """Itself: it is immutable."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the program: code is made again in the other process."""
        evaluation = self._evaluation
        return _derived, (evaluation.program, evaluation.wanted, self._sizes, self.constraints)

    @property
    def values(self) -> Fill:
        """`values(x, ..., out)`: the objective, then the constraints."""
        return self._fillings[0]

    @property
    def first(self) -> Fill:
        """`first(x, ..., out)`: the gradient of the objective, then the nonzeros of `jacobian`."""
        return self._fillings[1]

    @property
    def second(self) -> Fill:
        """`second(x, ..., weights, out)`: the nonzeros of `hessian`."""
        return self._fillings[2]

    @cached_property
    def _fillings(self) -> list[Fill]:
        """These three, whose code is made at once, since they have most of it in common."""
        wanted = [
            (self._evaluation.outputs, self._sizes),
            (self._slopes, self._sizes),
            (self._curvature.entries, (*self._sizes, 1 + self.constraints)),
        ]
        return self._evaluation.fillings(wanted)

    @cached_property
    def together(self) -> Fill:
        """`together(x, ..., weights, out)`: what `values`, `first` and `second` give, in one call."""
        sizes = (*self._sizes, 1 + self.constraints)
        entries = *self._evaluation.outputs, *self._slopes, *self._curvature.entries
        return self._evaluation.fillings([(entries, sizes)])[0]

    @cached_property
    def jacobian(self) -> Pattern:
        """The pattern of the Jacobian of the constraints."""
        rows, columns = self._rows.pattern.rows, self._rows.pattern.columns
        first = self._rows.pattern.starts[1]
        shape = self.constraints, self._rows.pattern.shape[1]
        return Pattern(shape, tuple([i - 1 for i in rows[first:]]), columns[first:])

    @property
    def hessian(self) -> Pattern:
        """The pattern of the lower triangle of the Hessian of the weighted sum."""
        return self._curvature.pattern

    @property
    def _slopes(self) -> Sequence[Number]:
        """The gradient in full, and then the nonzeros of the Jacobian."""
        pattern, entries = self._rows.pattern, self._rows.entries
        first = pattern.starts[1]
        gradient: list[Number] = [0.0] * pattern.shape[1]
        for j, p in zip(pattern.columns[:first], entries[:first], strict=True):
            gradient[j] = p
        return *gradient, *entries[first:]


@relaxed_gc()
def derivatives(
    objective: Callable[Concatenate[X, P], Q],
    constraints: Callable[Concatenate[X, P], object],
    x: X,
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> Derivatives:
    """All that a solver asks of a nonlinear program, for arguments of the structure of these.

    The objective gives one number, the constraints a tree of numbers and arrays; both take the same arguments, and
    derivatives are by the first one. They are traced together, and share what they have in common.
    Raises NotDifferentiable for other results, and the errors of `trace`.

    >>> import numpy as np
    >>> import fgrad as fg
    >>> def objective(x: list[float]) -> float:
    ...     return x[0] * x[0] + x[1]
    >>> def constraints(x: list[float]) -> list[float]:
    ...     return [x[0] * x[1] - 1.0]
    >>> made = fg.derivatives(objective, constraints, [0.0, 0.0])
    >>> x, weights = np.array([2.0, 3.0]), np.array([1.0, 10.0])
    >>> made.values(x, np.empty(2)), made.first(x, np.empty(2 + len(made.jacobian)))
    (array([7., 5.]), array([4., 1., 3., 2.]))
    >>> made.second(x, weights, np.empty(len(made.hessian))), made.hessian.rows
    (array([ 2., 10.]), (0, 1))
    """
    require_function(objective, "derivatives")
    require_function(constraints, "derivatives")
    given = Arguments.of(objective, 0, (x, *args), kwargs, "derivatives")
    return of_program(_traced(objective, constraints, given), given.wanted, given.sizes)


def of_program(program: Program, wanted: Sequence[int], sizes: tuple[int, ...]) -> Derivatives:
    """Those of a simplified program without calls, whose first output is the objective.

    They are taken by the inputs `wanted`; arrays of these sizes hold all inputs.
    """
    count = len(program.outputs)
    return _derived(_with_weights(program, count), wanted, sizes, count - 1)


def _derived(
    program: Program, wanted: Sequence[int], sizes: tuple[int, ...], constraints: int
) -> Derivatives:
    """The derivatives of a program with weights for inputs behind those of these sizes."""
    evaluation, start = Evaluation(program, wanted, 2), sum(sizes)
    weights = range(start, start + 1 + constraints)
    rows = derivation.jacobian(evaluation.sweep, wanted)
    curvature = derivation.hessian(evaluation.sweep, wanted, weights, lower=True)
    return Derivatives(constraints, evaluation, sizes, rows, curvature)


def _traced(
    objective: Callable[..., Any], constraints: Callable[..., Any], given: Arguments
) -> Program:
    """The program of both, the objective first."""

    @wraps(objective)
    def both(*args: Any, **kwargs: Any) -> Any:
        value = objective(*args, **kwargs)
        if getattr(value, "shape", ()):
            raise _not_one(f"an array of shape {value.shape}")
        return value, constraints(*args, **kwargs)

    found = Tracing.spread(both, given.spread)
    first = found.result.children[0]
    if first.kind is not None:
        raise _not_one(f"a {first.kind.__name__}")
    program = simplified(inlined(found.program))
    require_numbers(program, "derivatives")
    return program


def _not_one(got: str) -> NotDifferentiable:
    return NotDifferentiable("derivatives", got, "Let the objective return one number.")


def _with_weights(program: Program, count: int) -> Program:
    """The program with so many inputs more, behind those it has."""
    inputs = len(program.inputs)
    place = [*range(inputs), *range(inputs + count, inputs + count + len(program))]
    lines = tuple([(op, placed(args, place)) for op, args in program.instructions])
    names = (*program.inputs, *[f"weight {i}" for i in range(count)])
    return Program(names, lines, tuple([place[i] for i in program.outputs]))
