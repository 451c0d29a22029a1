"""What solvers evaluate: the objective, the constraints and their sparse derivatives, on arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import attrs
import numpy as np
from numpy.typing import NDArray

from fgrad.compiled.compile import compile
from fgrad.nlp.formulation import Formulation
from fgrad.transforms.gradient import gradient

Vector = NDArray[np.float64]
Places = tuple[NDArray[np.int64], NDArray[np.int64]]


@attrs.frozen(eq=False)
class Derivatives:
    """The compiled functions of a formulation, each of the variables, the parameters and what else it needs."""

    size: int
    count: int
    jacobian_places: Places
    hessian_places: Places
    """Of the lower triangle."""
    values: Callable[..., Vector]
    gradient: Callable[..., Vector]
    jacobian: Callable[..., Vector]
    hessian: Callable[..., Vector]
    along: Any

    @classmethod
    def of(cls, formulation: Formulation) -> Self:
        n, m = formulation.size, len(formulation.rows)
        program = formulation.program

        def f(x: Any, p: Any) -> Any:
            return program.nodes([*x, *p])

        values = compile(lambda x, p: list(f(x, p)))
        g = compile(gradient(lambda x, p: f(x, p)[0]))
        j = compile(lambda x, p: [e for i in range(m) for e in gradient(lambda x: f(x, p)[i + 1])(x)])

        def lag(x: Any, p: Any, s: Any, l: Any) -> Any:
            y = f(x, p)
            t = s * y[0]
            for a, b in zip(l, y[1:], strict=True):
                t = t + a * b
            return t

        h = compile(lambda x, p, s, l: [e for r in (gradient(lambda x, i=i: gradient(lag)(x, p, s, l)[i])(x) for i in range(n)) for e in r])
        rows, columns = np.divmod(np.arange(m * n), n)
        low = np.tril_indices(n)
        from fgrad.transforms.directional import jvp
        ap = compile(lambda x, p, l, d: jvp(lambda p: (gradient(lag)(x, p, 1.0, l), f(x, p)[1:]))(p, d)[1])
        return cls(n, m, (rows, columns), low,
            lambda x, p: np.array(values(x.tolist(), p.tolist())),
            lambda x, p: np.array(g(x.tolist(), p.tolist())),
            lambda x, p: np.array(j(x.tolist(), p.tolist())),
            lambda x, p, s, l: np.array(h(x.tolist(), p.tolist(), float(s), l.tolist())).reshape(n, n)[low], lambda x, p, l, d: tuple(map(np.array, ap(x.tolist(), p.tolist(), l.tolist(), d.tolist()))))


@attrs.frozen(eq=False)
class Functions:
    """The same at some parameters."""

    derivatives: Derivatives
    params: Any

    @property
    def size(self) -> int:
        return self.derivatives.size

    @property
    def count(self) -> int:
        return self.derivatives.count

    def objective(self, x: Vector) -> float:
        return float(self.derivatives.values(x, self.params)[0])

    def gradient(self, x: Vector) -> Vector:
        return self.derivatives.gradient(x, self.params)

    def constraints(self, x: Vector) -> Vector:
        return self.derivatives.values(x, self.params)[1:]

    def jacobian(self, x: Vector) -> Any:
        from scipy import sparse
        return sparse.csr_array((self.derivatives.jacobian(x, self.params), self.derivatives.jacobian_places), shape=(self.count, self.size))

    def hessian(self, x: Vector, factor: float, multipliers: Vector) -> Any:
        from scipy import sparse
        low = sparse.csr_array((self.derivatives.hessian(x, self.params, factor, multipliers), self.derivatives.hessian_places), shape=(self.size, self.size))
        return low + sparse.tril(low, -1).T

    def along_params(self, x: Vector, multipliers: Vector, direction: Vector) -> tuple[Vector, Vector]:
        return self.derivatives.along(x, self.params, multipliers, direction)

    def gradient_to(self, x: Vector, out: Vector) -> None:
        out[:] = self.gradient(x)

    def constraints_to(self, x: Vector, out: Vector) -> None:
        out[:] = self.constraints(x)

    def jacobian_to(self, x: Vector, out: Vector) -> None:
        out[:] = self.derivatives.jacobian(x, self.params)

    def hessian_to(self, x: Vector, multipliers: Vector, factor: float, out: Vector) -> None:
        out[:] = self.derivatives.hessian(x, self.params, factor, multipliers)
