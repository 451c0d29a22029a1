"""Least squares: the parameters for which the squares of residuals are smallest.

Read `least_squares` (what a user calls), `residuals` (residuals and their Jacobian on arrays: over rows of
data, summed over them, or of a sparse whole) and `fit` (the result, and how well the data determine it).

Imports `fgrad.sparse`, `fgrad.compiled` and everything below; SciPy, the extra `optimize`, does the steps.
"""
