"""Nonlinear programs: stated over trees, solved by others' solvers, with exact sparse derivatives.

Read `problem` (`nlp`, the value that a user makes), `formulation` (the same over numbers: one traced
program and bounds; `fgrad.program.spread` takes arrays apart into numbers), `functions` (what solvers evaluate), `solve` (`solve_nlp`), `adapter` (what a
solver is given and gives back; a new solver is one module, named in `solve`, beside `ipopt`, `trust_constr` and `slsqp`),
`solution`, `kkt` (how far a point is from a minimum), `outcome` (what is made of where a solver ended) and
`sensitivity`.

Imports `fgrad.sparse`, `fgrad.compiled` and everything below; numpy is needed, SciPy and Ipopt are extras.
"""
