"""What solvers evaluate: the objective, the constraints and their sparse derivatives, on arrays."""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypeAlias

import attrs

from fgrad.errors import MissingExtra
from fgrad.graph.reduction import dot
from fgrad.nonlinear.formulation import Formulation
from fgrad.program.passes import inlined, simplified
from fgrad.program.spread import Spread
from fgrad.program.trace import Tracing
from fgrad.sparse.filling import Fill, filling
from fgrad.sparse.problem import Derivatives, of_program
from fgrad.transforms.directional import jvp
from fgrad.transforms.gradient import gradient

try:
    import numpy as np
    from numpy.typing import NDArray
except ImportError as _error:
    raise MissingExtra("a nonlinear program", "numpy", "arrays") from _error

Vector: TypeAlias = NDArray[np.float64]
Places: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]


def vector(spread: Spread[Any], tree: Any, name: str) -> Vector:
    """The numbers of a tree that is spread so; TreeMismatch for another."""
    return np.array(spread.numbers(tree, name))


@attrs.frozen(eq=False)
class Compiled:
    """A formulation, and on first use what is compiled of it."""

    formulation: Formulation

    @cached_property
    def derivatives(self) -> Derivatives:
        """The values, and the derivatives by the variables."""
        form = self.formulation
        program = simplified(inlined(form.program))
        return of_program(program, range(form.size), (form.size, len(form.params)))

    @cached_property
    def along_params(self) -> Fill:
        """Of the derivatives, along a direction of the parameters, of the Lagrangian's gradient and the constraints."""
        form = self.formulation

        def moved(x: Any, p: Any, weights: Any, direction: Any) -> Any:
            def conditions(p: Any) -> Any:
                def lagrangian(x: Any) -> Any:
                    return dot(weights, form.program.nodes([*x, *p]))

                return gradient(lagrangian)(x), form.program.nodes([*x, *p])[1:]

            return jvp(conditions)(p, direction)[1]

        sizes = form.size, len(form.params), 1 + len(form.rows), len(form.params)
        program = Tracing.of(moved, tuple([[0.0] * size for size in sizes]), {}).program
        return filling(simplified(inlined(program)), sizes)


@attrs.frozen(eq=False, repr=False)
class Functions:
    """The functions of a formulation at some parameters."""

    compiled: Compiled
    params: Vector

    def __repr__(self) -> str:
        """How large it is."""
        return f"Functions({self.compiled.formulation.told})"

    @property
    def derivatives(self) -> Derivatives:
        """The compiled functions."""
        return self.compiled.derivatives

    @property
    def size(self) -> int:
        """The number of variables."""
        return self.compiled.formulation.size

    @property
    def count(self) -> int:
        """The number of constraints."""
        return len(self.compiled.formulation.rows)

    @property
    def jacobian_places(self) -> Places:
        """The rows and the columns of the nonzeros of the Jacobian."""
        pattern = self.derivatives.jacobian
        return pattern.rows, pattern.columns

    @property
    def hessian_places(self) -> Places:
        """Those of the lower triangle of the Hessian."""
        pattern = self.derivatives.hessian
        return pattern.rows, pattern.columns

    def values(self, x: Vector) -> Vector:
        """The objective and then the constraints."""
        return self.derivatives.values(x, self.params, np.empty(1 + self.count))

    def objective(self, x: Vector) -> float:
        """The objective."""
        return float(self.values(x)[0])

    def constraints(self, x: Vector) -> Vector:
        """The constraints."""
        return self.values(x)[1:]

    def slopes(self, x: Vector) -> Vector:
        """The gradient of the objective and then the nonzeros of the Jacobian."""
        out = np.empty(self.size + len(self.derivatives.jacobian))
        return self.derivatives.first(x, self.params, out)

    def gradient(self, x: Vector) -> Vector:
        """The gradient of the objective."""
        return self.slopes(x)[: self.size]

    def jacobian(self, x: Vector) -> Any:
        """The Jacobian of the constraints, as an array of `scipy.sparse`."""
        return self.derivatives.jacobian.matrix(self.slopes(x)[self.size :])

    def hessian(self, x: Vector, factor: float, multipliers: Vector) -> Any:
        """The Hessian of `factor` times the objective plus the constraints times their multipliers."""
        from scipy.sparse import tril  # noqa: PLC0415  # an extra

        out = np.empty(len(self.derivatives.hessian))
        self.hessian_to(x, multipliers, factor, out)
        low = self.derivatives.hessian.matrix(out)
        return (low + tril(low, -1).T).tocsr()

    def along_params(
        self, x: Vector, multipliers: Vector, direction: Vector
    ) -> tuple[Vector, Vector]:
        """How the gradient of the Lagrangian and the constraints move along a direction of the parameters."""
        out = np.empty(self.size + self.count)
        weights = np.append(1.0, multipliers)
        self.compiled.along_params(x, self.params, weights, direction, out)
        return out[: self.size], out[self.size :]

    # As Ipopt calls them.

    def gradient_to(self, x: Vector, out: Vector) -> None:
        """Fill the gradient of the objective."""
        out[:] = self.gradient(x)

    def constraints_to(self, x: Vector, out: Vector) -> None:
        """Fill the constraints."""
        out[:] = self.constraints(x)

    def jacobian_to(self, x: Vector, out: Vector) -> None:
        """Fill the nonzeros of the Jacobian."""
        out[:] = self.slopes(x)[self.size :]

    def hessian_to(self, x: Vector, multipliers: Vector, factor: float, out: Vector) -> None:
        """Fill the nonzeros of the lower triangle of the Hessian."""
        self.derivatives.second(x, self.params, np.append(factor, multipliers), out)
