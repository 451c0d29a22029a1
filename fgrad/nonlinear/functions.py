"""What solvers evaluate: the objective, the constraints and their sparse derivatives, on arrays."""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from fgrad.nonlinear.formulation import Formulation
from fgrad.program.passes import simplified
from fgrad.program.trace import Tracing
from fgrad.sparse.derivative import Nonzeros, sparse_hessian, sparse_jacobian
from fgrad.sparse.filling import Fill, filling
from fgrad.transforms.directional import jvp
from fgrad.transforms.gradient import gradient

Vector: TypeAlias = NDArray[np.float64]
Places: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]


@attrs.frozen(eq=False)
class Derivatives:
    """The compiled functions of a formulation: each fills an array, from variables, parameters and the like.

    Each is made on first use; made by two threads at once, it is the same.
    """

    formulation: Formulation

    @property
    def size(self) -> int:
        """The number of variables."""
        return self.formulation.size

    @property
    def count(self) -> int:
        """The number of constraints."""
        return len(self.formulation.rows)

    @cached_property
    def values(self) -> Fill:
        """Of the objective and then the constraints."""
        return filling(simplified(self.formulation.program), self._sizes)

    @cached_property
    def gradient(self) -> Fill:
        """Of the gradient of the objective."""

        def objective(x: Any, p: Any) -> Any:
            return self._of(x, p)[0]

        return self._filling(gradient(objective), *self._numbers)

    @cached_property
    def jacobian(self) -> Nonzeros:
        """Of the Jacobian of the constraints."""
        return sparse_jacobian(lambda x, p: self._of(x, p)[1:]).specialise(*self._numbers)

    @cached_property
    def hessian(self) -> Nonzeros:
        """Of the lower triangle of the Hessian of the Lagrangian: also from a factor and multipliers."""
        lagrangian = sparse_hessian(self._lagrangian, lower=True)
        return lagrangian.specialise(*self._numbers, 1.0, [0.0] * self.count)

    @cached_property
    def along_params(self) -> Fill:
        """Of the derivatives, along a direction of the parameters, of the Lagrangian's gradient and the constraints."""

        def moved(x: Any, p: Any, multipliers: Any, direction: Any) -> Any:
            def conditions(p: Any) -> Any:
                slope = gradient(self._lagrangian)(x, p, 1.0, multipliers)
                return slope, self._of(x, p)[1:]

            return jvp(conditions)(p, direction)[1]

        x, p = self._numbers
        return self._filling(moved, x, p, [0.0] * self.count, p)

    @property
    def _sizes(self) -> tuple[int, int]:
        return self.size, len(self.formulation.params)

    @property
    def _numbers(self) -> tuple[list[float], list[float]]:
        size, params = self._sizes
        return [0.0] * size, [0.0] * params

    def _of(self, x: Any, p: Any) -> tuple[Any, ...]:
        return self.formulation.program.nodes([*x, *p])

    def _lagrangian(self, x: Any, p: Any, factor: Any, multipliers: Any) -> Any:
        value, *constraints = self._of(x, p)
        total = factor * value
        for multiplier, constraint in zip(multipliers, constraints, strict=True):
            total = total + multiplier * constraint
        return total

    def _filling(self, f: Any, *args: list[float]) -> Fill:
        program = simplified(Tracing.of(f, args, {}).program)
        return filling(program, tuple(map(len, args)))


@attrs.frozen(eq=False)
class Functions:
    """The functions of a formulation at some parameters."""

    derivatives: Derivatives
    params: Vector

    @property
    def size(self) -> int:
        """The number of variables."""
        return self.derivatives.size

    @property
    def count(self) -> int:
        """The number of constraints."""
        return self.derivatives.count

    @property
    def jacobian_places(self) -> Places:
        """The rows and the columns of the nonzeros of the Jacobian."""
        pattern = self.derivatives.jacobian.pattern
        return pattern.rows, pattern.columns

    @property
    def hessian_places(self) -> Places:
        """Those of the lower triangle of the Hessian."""
        pattern = self.derivatives.hessian.pattern
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

    def gradient(self, x: Vector) -> Vector:
        """The gradient of the objective."""
        return self.derivatives.gradient(x, self.params, np.empty(self.size))

    def jacobian(self, x: Vector) -> Any:
        """The Jacobian of the constraints, as an array of `scipy.sparse`."""
        made = self.derivatives.jacobian
        return made.pattern.matrix(made(x, self.params))

    def hessian(self, x: Vector, factor: float, multipliers: Vector) -> Any:
        """The Hessian of `factor` times the objective plus the constraints times their multipliers."""
        from scipy.sparse import tril  # noqa: PLC0415  # an extra

        made = self.derivatives.hessian
        low = made.pattern.matrix(made(x, self.params, np.array([factor]), multipliers))
        return (low + tril(low, -1).T).tocsr()

    def along_params(
        self, x: Vector, multipliers: Vector, direction: Vector
    ) -> tuple[Vector, Vector]:
        """How the gradient of the Lagrangian and the constraints move along a direction of the parameters."""
        out = np.empty(self.size + self.count)
        self.derivatives.along_params(x, self.params, multipliers, direction, out)
        return out[: self.size], out[self.size :]

    # As Ipopt calls them.

    def gradient_to(self, x: Vector, out: Vector) -> None:
        """Fill the gradient of the objective."""
        self.derivatives.gradient(x, self.params, out)

    def constraints_to(self, x: Vector, out: Vector) -> None:
        """Fill the constraints."""
        out[:] = self.constraints(x)

    def jacobian_to(self, x: Vector, out: Vector) -> None:
        """Fill the nonzeros of the Jacobian."""
        self.derivatives.jacobian.fill(x, self.params, out)

    def hessian_to(self, x: Vector, multipliers: Vector, factor: float, out: Vector) -> None:
        """Fill the nonzeros of the lower triangle of the Hessian."""
        self.derivatives.hessian.fill(x, self.params, np.array([factor]), multipliers, out)
