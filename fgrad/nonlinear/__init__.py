"""Nonlinear programs: stated over trees, solved by others' solvers, with exact sparse derivatives.

Read `problem` (`nlp`, the value that a user makes), `formulation` (the same over numbers: one traced
program and bounds), `functions` (what solvers evaluate), `solve` (`solve_nlp`), `adapter` (what a
solver is given and gives back; a new solver is one module beside `ipopt`, `trust_constr` and `slsqp`),
`solution`, `kkt` (how far a point is from a minimum) and `sensitivity`.

Imports `fgrad.sparse`, `fgrad.compiled` and everything below; numpy is needed, SciPy and Ipopt are extras.
"""

from fgrad.errors import MissingExtra

try:
    import numpy as np  # noqa: F401  # whoever asks for a problem is told that it is missing
except ImportError as _error:
    raise MissingExtra("a nonlinear program", "numpy", "arrays") from _error
