"""What users see of sparse derivatives."""

from typing import Any, assert_type

import numpy as np

import fgrad as fg


def objective(x: list[float], p: float) -> float:
    return p * x[0] * x[0]


def constraints(x: list[float], p: float) -> tuple[float, float]:
    return x[0] * x[1], x[1] + p


found = fg.sparsity(constraints, [0.0, 0.0], 1.0)
assert_type(found, fg.Sparsity)
assert_type(found.jacobian.rows, tuple[int, ...])
assert_type(found.hessian.density, float)

jacobian = fg.sparse_jacobian(constraints)
pattern, values = jacobian.parts([0.0, 0.0], 1.0)
assert_type(pattern, fg.Pattern)
assert_type(values, np.ndarray[Any, np.dtype[np.float64]])
assert_type(jacobian.specialise([0.0, 0.0], p=1.0), fg.Nonzeros)
jacobian.parts("0.0", 1.0)  # type: ignore[arg-type]

hessian = fg.sparse_hessian(objective, argnums=(0, 1), lower=True)
assert_type(hessian.pattern([0.0], 1.0), fg.Pattern)

made = fg.derivatives(objective, constraints, [0.0, 0.0], 1.0)
assert_type(made, fg.Derivatives)
assert_type(made.constraints, int)
fg.derivatives(objective, constraints, (0.0, 0.0), 1.0)  # type: ignore[misc]
