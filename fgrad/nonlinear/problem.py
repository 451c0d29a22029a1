"""Nonlinear programs as values: an objective, constraints and bounds over trees of variables."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any, Final, Generic, TypeVar, overload

import attrs

from fgrad.display import plural
from fgrad.errors import NotAValue
from fgrad.nonlinear.formulation import Formulation
from fgrad.nonlinear.functions import Compiled, Functions, vector
from fgrad.nonlinear.kkt import Limits, Point
from fgrad.nonlinear.sensitivity import moved
from fgrad.nonlinear.solution import Solution
from fgrad.trees.bounds import Bounds, bounds_of
from fgrad.trees.parameters import require_function

_SOLVED: Final = 1e-5
"""The KKT error up to which a solution counts as one."""

X = TypeVar("X")
P = TypeVar("P")


@attrs.frozen(eq=False, repr=False)
class NLP(Generic[X, P]):
    """A nonlinear program: made by `nlp`, solved by `solve_nlp`.

    It is traced once; what is compiled for it is made on first use and kept.

    >>> import fgrad as fg
    >>> fg.nlp(lambda x: x * x, lambda x: x >= 1.0, 2.0).formulation.program.run((3.0,))
    (9.0, 3.0)
    """

    objective: Callable[..., float]
    constraints: Callable[..., object] | None
    x0: X
    params: P
    lower: X
    upper: X
    formulation: Formulation

    @cached_property
    def _compiled(self) -> Compiled:
        return Compiled(self.formulation)

    def functions(self, params: P | None = None) -> Functions:
        """What solvers evaluate, at these parameters instead of its own."""
        tree = self.params if params is None else params
        given: Any = () if tree is None else tree
        return Functions(self._compiled, vector(self.formulation.params, given, "params"))

    def sensitivity(self, solution: Solution[X], direction: P, params: P | None = None) -> X:
        """The derivative of the solution x along a direction of the parameters.

        `params` are those that it was solved with, by default those of the problem. By the implicit
        function theorem (Fiacco 1976), with the constraints and bounds that hold x back. Raises
        NotRegular where these do not determine it, and NotAValue for what is no solution there.

        >>> import fgrad as fg
        >>> problem = fg.nlp(lambda x, p: fg.square(x - p), lambda x, p: x <= 2.0 * p - 1.0, 0.0, 0.5)
        >>> found = fg.solve_nlp(problem, "SLSQP")
        >>> round(problem.sensitivity(found, 1.0), 6)
        2.0
        """
        form, functions = self.formulation, self.functions(params)
        x = vector(form.variables, solution.x, "solution")
        multipliers = vector(form.constraints, solution.multipliers.constraints, "multipliers")
        bounds = vector(form.variables, solution.multipliers.bounds, "multipliers")
        at = Point.of(functions, x, multipliers, bounds)
        if not (error := at.error(self.limits)) <= _SOLVED:
            advice = "Give the parameters that it was solved with, and a solution that is optimal."
            got = f"a KKT error of {error:.1e}"
            raise NotAValue("sensitivity", "a solution at these parameters", got, advice)
        given = vector(form.params, () if self.params is None else direction, "direction")
        tree: X = form.variables.tree(moved(functions, self.limits, at, given).tolist())
        return tree

    @cached_property
    def limits(self) -> Limits:
        """The bounds of variables and constraints, as solvers take them."""
        return Limits.of(self.formulation, self.lower, self.upper)

    def __repr__(self) -> str:
        """How large it is."""
        rows = self.formulation.rows
        equations = sum(row.lower == row.upper for row in rows)
        sides = self.limits.lower, self.limits.upper
        bounds = map(math.isfinite, (x for side in sides for x in side.tolist()))
        return (
            f"NLP({plural(self.formulation.size, 'variable')} with {plural(sum(bounds), 'bound')},"
            f" {plural(len(rows), 'constraint')} with {plural(equations, 'equation')},"
            f" {plural(len(self.formulation.params), 'parameter')})"
        )


@overload
def nlp(
    objective: Callable[[X], float],
    constraints: Callable[[X], object] | None,
    x0: X,
    *,
    bounds: Bounds[X] = (None, None),
) -> NLP[X, None]: ...
@overload
def nlp(
    objective: Callable[[X, P], float],
    constraints: Callable[[X, P], object] | None,
    x0: X,
    params: P,
    *,
    bounds: Bounds[X] = (None, None),
) -> NLP[X, P]: ...
def nlp(
    objective: Callable[..., float],
    constraints: Callable[..., object] | None,
    x0: Any,
    params: Any = None,
    *,
    bounds: Bounds[Any] = (None, None),
) -> NLP[Any, Any]:
    """The problem: minimise `objective(x)` over x, a tree like `x0`, where `constraints(x)` hold.

    Trees hold numbers and arrays. `constraints` returns a tree of comparisons of these, by `<=`, `>=` or
    `fg.equal`. With `params`, a tree that is fixed during a solve, both functions take it as their second
    argument. `bounds` are the lowest and the highest x, trees in which a number or None (no bound) may
    stand for a part. Both functions are traced, so they choose by `where` only.

    Raises NotAValue for a constraint that is no comparison or depends on no variable, for bounds
    that cross, and for an x0 without a number; TreeMismatch for bounds unlike x0.

    >>> import fgrad as fg
    >>> problem = fg.nlp(
    ...     lambda x: x["a"] + x["b"],
    ...     lambda x: x["a"] * x["b"] >= 4.0,
    ...     {"a": 1.0, "b": 1.0},
    ...     bounds=(0.0, None),
    ... )
    >>> problem
    NLP(2 variables with 2 bounds, 1 constraint with 0 equations, 0 parameters)
    """
    require_function(objective, "nlp")
    if constraints is not None:
        require_function(constraints, "nlp")
    formulation = Formulation.of(objective, constraints, (x0,) if params is None else (x0, params))
    variables = formulation.variables
    how = variables.structure, variables.shapes, variables.paths()
    lower, upper = map(variables.tree, bounds_of(*how, bounds, "x"))
    return NLP(objective, constraints, x0, params, lower, upper, formulation)
