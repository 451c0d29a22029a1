"""Minimisation over trees of parameters.

`methods` are pure steps from state to state (gradient descent, momentum, Adam), `descent` has
`minimize`, `iteration` runs a method on trees or on flat arrays, `lbfgs` calls scipy's L-BFGS-B.

Imports `fgrad.transforms`.
"""
